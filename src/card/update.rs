//! EF_ACTUA: the mark that an update of the card's data leaves.
//!
//! The file is absent until the first update. An update writes its start, changes the data, then
//! writes its end: a file with only one of the two says that the data cannot be trusted.

use crate::iso7816::tlv::objects;

/// 3F00/D010.
pub(super) const EF_ACTUA: [u16; 2] = [0x3F00, 0xD010];

/// `EC 12 { 81 07 start, 82 07 end }`.
pub(super) const LENGTH: usize = 20;

const START: u32 = 0x81;
const END: u32 = 0x82;

/// What tells one state of the card's data from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stamp {
    /// No update so far.
    Absent,
    /// Dates of the last update, as the card writes them.
    Dated(Vec<u8>),
    /// An update has begun and not ended: the data cannot be trusted.
    Interrupted,
}

impl Stamp {
    /// What EF_ACTUA says. Both dates must stand in it, each as seven bytes of decimal digits,
    /// yyyymmddhhmmss. The length of the template around them is not looked at: cards are accepted
    /// with a wrong one.
    pub(super) fn of(file: &[u8]) -> Stamp {
        let Some(([0xEC, _], dates)) = file.split_first_chunk::<2>() else {
            return Stamp::Interrupted;
        };
        let date = |tag| match objects(dates).find(tag) {
            Ok(Some(date)) if is_date(date.value) => Some(date.value),
            _ => None,
        };
        match (date(START), date(END)) {
            (Some(start), Some(end)) => Stamp::Dated([start, end].concat()),
            _ => Stamp::Interrupted,
        }
    }
}

fn is_date(value: &[u8]) -> bool {
    value.len() == 7 && value.iter().all(|b| b >> 4 <= 9 && b & 0x0F <= 9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::script::hex;

    #[test]
    fn complete_and_broken_updates() {
        for (file, complete) in [
            ("EC12 8107 20240315103000 8207 20240315103045", true),
            ("EC00 8107 20240315103000 8207 20240315103045", true),
            ("EC12 8107 20240315240000 8207 20240315240000 FFFF", true),
            ("EC12 8107 20240315103000 8200", false),
            ("EC12 8107 20240315103000 8207 FFFFFFFFFFFFFF", false),
            ("EC12 8107 20240315103000 8207 2024031510300A", false),
            ("EC12 8107 20240315103000 8207 202403151030A0", false),
            ("EC12 8107 20240315103000 0000 00000000000000", false),
            ("EC12 8107 20240315", false),
            ("EC", false),
            ("", false),
            ("0000000000000000000000000000000000000000", false),
        ] {
            assert_eq!(Stamp::of(&hex(file)) != Stamp::Interrupted, complete, "{file}");
        }
    }

    #[test]
    fn another_update_is_another_stamp() {
        let first = Stamp::of(&hex("EC12 8107 20240315103000 8207 20240315103045"));
        assert_eq!(first, Stamp::Dated(hex("20240315103000 20240315103045")));
        assert_ne!(
            first,
            Stamp::of(&hex("EC12 8107 20240315103000 8207 20240315103046"))
        );
        assert_ne!(first, Stamp::Absent);
    }
}
