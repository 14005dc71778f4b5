//! EF_ACTUA: the mark that an update of the card's data leaves.
//!
//! The file is absent until the first update. An update writes its start, changes the data, then writes its end: a
//! file with only one of the two says that the data cannot be trusted.

use crate::iso7816::tlv::objects;

/// 3F00/D010.
pub(super) const EF_ACTUA: [u16; 2] = [0x3F00, 0xD010];

/// `EC 12 { 81 07 start, 82 07 end }`.
pub(super) const LENGTH: usize = 20;

const START: u32 = 0x81;
const END: u32 = 0x82;

/// Whether both dates stand in the file, each as seven bytes of decimal digits, yyyymmddhhmmss. The length of the
/// template around them is not looked at: cards are accepted with a wrong one.
pub(super) fn is_complete(file: &[u8]) -> bool {
    let Some(([0xEC, _], dates)) = file.split_first_chunk::<2>() else {
        return false;
    };
    [START, END].into_iter().all(|tag| {
        matches!(objects(dates).find(tag), Ok(Some(date)) if date.value.len() == 7
            && date.value.iter().all(|b| b >> 4 <= 9 && b & 0x0F <= 9))
    })
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
            ("EC12 8107 20240315103000 0000 00000000000000", false),
            ("EC12 8107 20240315", false),
            ("EC", false),
            ("", false),
            ("0000000000000000000000000000000000000000", false),
        ] {
            assert_eq!(is_complete(&hex(file)), complete, "{file}");
        }
    }
}
