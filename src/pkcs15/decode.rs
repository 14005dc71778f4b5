//! What all directory files have in common: entries, paths, and values written a little wrong.
//!
//! Real cards are not strict about DER: bit strings carry trailing zero bits or set bits that they declare unused, key
//! references above 7F are negative integers, fields of later versions follow known ones.

use super::{Common, Path, Usage};
use crate::iso7816::Malformed;
use crate::iso7816::tlv::{Objects, Tlv, objects};

pub(super) const BOOLEAN: u32 = 0x01;
pub(super) const INTEGER: u32 = 0x02;
pub(super) const BIT_STRING: u32 = 0x03;
pub(super) const OCTET_STRING: u32 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u32 = 0x06;
pub(super) const UTF8_STRING: u32 = 0x0C;
pub(super) const GENERALIZED_TIME: u32 = 0x18;
pub(super) const SEQUENCE: u32 = 0x30;

/// Master file.
const MF: u16 = 0x3F00;

/// Entries of a directory file. The file is filled up behind the last one with 00 or FF.
///
/// What cannot be read as an entry ends the run; an error only if nothing came before it.
pub(super) fn entries(file: &[u8]) -> Result<Vec<Tlv<'_>>, Malformed> {
    let mut run = objects(file);
    let mut found = Vec::new();
    while !matches!(run.rest().first(), None | Some(0x00 | 0xFF)) {
        match run.next() {
            Some(Ok(entry)) => found.push(entry),
            Some(Err(e)) if found.is_empty() => return Err(e),
            Some(Err(Malformed(what))) => log::warn!("directory file: {what} after {} entries", found.len()),
            None => break,
        }
    }
    Ok(found)
}

/// Entries that `read` understands. One that it does not is left out, so that a single odd object does not make the
/// card unusable.
pub(super) fn understood<'a, T>(
    file: &'a [u8],
    kind: &'static str,
    read: impl Fn(&Tlv<'a>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let mut found = Vec::new();
    for entry in entries(file)? {
        match read(&entry) {
            Ok(object) => found.push(object),
            Err(Malformed(what)) => log::warn!("{kind}: entry left out: {what}"),
        }
    }
    Ok(found)
}

/// The parts of every entry (PKCS15Object, PKCS #15 §6.1.1).
pub(super) struct Entry<'a> {
    pub(super) common: Common,
    /// classAttributes.
    pub(super) class: Objects<'a>,
    /// Content of typeAttributes: usually one SEQUENCE.
    pub(super) kind: Objects<'a>,
}

/// Takes an entry apart; only the choice written as a plain SEQUENCE (RSA keys, X.509 certificates, opaque data, PINs) is
/// known here.
pub(super) fn entry<'a>(object: &Tlv<'a>) -> Result<Entry<'a>, Malformed> {
    if object.tag != SEQUENCE {
        return Err(Malformed("kind of object"));
    }
    let mut fields = object.inside();
    let common = common(fields.expect(SEQUENCE, "commonObjectAttributes")?.inside())?;
    let class = fields.expect(SEQUENCE, "classAttributes")?.inside();
    // subClassAttributes say nothing that we need.
    fields.next_if(0xA0)?;
    let kind = fields.expect(0xA1, "typeAttributes")?.inside();
    Ok(Entry { common, class, kind })
}

/// CommonObjectAttributes (PKCS #15 §6.1.2): label, flags, authId, all optional.
fn common(mut fields: Objects<'_>) -> Result<Common, Malformed> {
    let label = fields
        .next_if(UTF8_STRING)?
        .map(|t| text(t.value))
        .unwrap_or_default();
    let flags = fields
        .next_if(BIT_STRING)?
        .map(|t| Bits::new(t.value))
        .unwrap_or_default();
    let auth_id = fields.next_if(OCTET_STRING)?.map(|t| t.value.to_vec());
    Ok(Common {
        label,
        private: flags.get(0),
        modifiable: flags.get(1),
        auth_id,
    })
}

/// Content of a BIT STRING. Bits that it declares unused are not set, whatever it says in their place.
#[derive(Clone, Copy, Default)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    count: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(content: &'a [u8]) -> Self {
        let Some((&unused, bytes)) = content.split_first() else {
            return Bits::default();
        };
        Bits {
            bytes,
            count: (8 * bytes.len()).saturating_sub(usize::from(unused.min(7))),
        }
    }

    /// Bit 0 is the first one, 80 of the first byte.
    pub(super) fn get(&self, bit: usize) -> bool {
        bit < self.count
            && self
                .bytes
                .get(bit / 8)
                .is_some_and(|byte| byte & (0x80 >> (bit % 8)) != 0)
    }
}

/// KeyUsageFlags (PKCS #15 §6.2.2).
pub(super) fn usage(content: &[u8]) -> Usage {
    let bits = Bits::new(content);
    Usage {
        encrypt: bits.get(0),
        decrypt: bits.get(1),
        sign: bits.get(2),
        sign_recover: bits.get(3),
        wrap: bits.get(4),
        unwrap: bits.get(5),
        verify: bits.get(6),
        verify_recover: bits.get(7),
        derive: bits.get(8),
        non_repudiation: bits.get(9),
    }
}

/// Text of a label or name. Bytes that are no UTF-8 show as U+FFFD.
pub(super) fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

/// Content of an INTEGER that is a length or a count.
pub(super) fn number(content: &[u8]) -> Result<usize, Malformed> {
    match content.first() {
        None | Some(0x80..) => Err(Malformed("negative or empty number")),
        Some(_) if content.iter().skip_while(|&&b| b == 0).count() > 4 => Err(Malformed("number too big")),
        Some(_) => Ok(content.iter().fold(0, |n, &b| n << 8 | usize::from(b))),
    }
}

/// Content of an INTEGER that is one byte for the card: references above 7F are written with a leading zero
/// or as a negative number.
pub(super) fn reference(content: &[u8]) -> Result<u8, Malformed> {
    match content {
        &[byte] | &[0x00 | 0xFF, byte] => Ok(byte),
        _ => Err(Malformed("reference longer than a byte")),
    }
}

/// Path (PKCS #15 §6.1.5): `efidOrPath OCTET STRING, index INTEGER OPTIONAL, length [0] INTEGER OPTIONAL`, and
/// an extension seen on CPS3, `[1] { [APPLICATION 15] AID, OCTET STRING }`, whose path stands in the application with
/// that AID.
///
/// `None`: the path is empty, and there is no file.
pub(super) fn path(mut fields: Objects<'_>, application: &[u16]) -> Result<Option<Path>, Malformed> {
    let mut steps = fields.next_if(OCTET_STRING)?.map(|t| t.value).unwrap_or_default();
    let index = fields.next_if(INTEGER)?.map(|t| number(t.value)).transpose()?;
    let length = fields.next_if(0x80)?.map(|t| number(t.value)).transpose()?;
    if let Some(extension) = fields.next_if(0xA1)?
        && steps.is_empty()
    {
        steps = extension
            .inside()
            .find(OCTET_STRING)?
            .map(|t| t.value)
            .unwrap_or_default();
    }
    let part = length.map(|length| (index.unwrap_or(0), length));
    let fids = absolute(steps, application)?;
    Ok((!steps.is_empty()).then_some(Path {
        fids,
        part,
        legacy: false,
    }))
}

/// File identifiers from the master file down. A path that does not begin with 3F00 begins at the application's DF, or
/// above it if its first step is that DF itself (`0001 B001`).
fn absolute(steps: &[u8], application: &[u16]) -> Result<Vec<u16>, Malformed> {
    let (pairs, odd) = steps.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(Malformed("path of an odd length"));
    }
    let fids: Vec<u16> = pairs.iter().map(|&pair| u16::from_be_bytes(pair)).collect();
    let start = match (fids.first(), application.split_last()) {
        (Some(&MF), _) => &[],
        (Some(first), Some((df, above))) if first == df => above,
        _ => application,
    };
    Ok(start.iter().chain(&fids).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkcs15::notation::{APPLICATION, der};

    fn parsed(text: &str) -> Option<Path> {
        path(objects(&der(text)), APPLICATION).unwrap()
    }

    #[test]
    fn paths_are_made_absolute() {
        for (written, fids) in [
            ("04 { 3F00 0001 B001 }", &[0x3F00, 0x0001, 0xB001][..]),
            ("04 { 0001 B001 }", &[0x3F00, 0x0001, 0xB001]),
            ("04 { B001 }", &[0x3F00, 0x0001, 0xB001]),
            ("04 { 0001 }", &[0x3F00, 0x0001]),
            ("04 { 3F00 }", &[0x3F00]),
            (
                "04 { } A1 { 4F { E828BD080F8025000001FF0010 } 04 { B002 } }",
                &[0x3F00, 0x0001, 0xB002],
            ),
        ] {
            assert_eq!(parsed(written).unwrap().fids, fids, "{written}");
        }
    }

    #[test]
    fn a_path_names_a_part_of_its_file() {
        assert_eq!(
            parsed("04 { B001 } 02 { 10 } 80 { 0200 }").unwrap().part,
            Some((16, 512))
        );
        assert_eq!(parsed("04 { B001 } 80 { 40 }").unwrap().part, Some((0, 64)));
        assert_eq!(parsed("04 { B001 }").unwrap().part, None);
    }

    #[test]
    fn an_empty_path_with_the_application_means_no_file() {
        assert_eq!(
            parsed("04 { } A1 { 4F { E828BD080F8025000001FF0010 } 04 { } }"),
            None
        );
    }

    #[test]
    fn a_path_of_an_odd_length_is_refused() {
        assert_eq!(
            path(objects(&der("04 { 3F0001 }")), APPLICATION),
            Err(Malformed("path of an odd length"))
        );
    }

    #[test]
    fn bit_strings_need_not_be_strict() {
        for (content, set) in [
            ("06 0040", &[9][..]),
            ("00 0040", &[9]),
            ("05 E0", &[0, 1, 2]),
            ("00 E000", &[0, 1, 2]),
            ("06 FF", &[0, 1]),
            ("07", &[]),
            ("", &[]),
            ("FF 80", &[0]),
        ] {
            let content = der(content);
            let bits = Bits::new(&content);
            assert_eq!(
                (0..20).filter(|&b| bits.get(b)).collect::<Vec<_>>(),
                set,
                "{content:02X?}"
            );
        }
    }

    #[test]
    fn integers_for_lengths_and_for_references() {
        assert_eq!(number(&[0x08, 0x00]), Ok(2048));
        assert_eq!(number(&[0x00, 0xFF]), Ok(255));
        assert!(number(&[0x80]).is_err() && number(&[]).is_err() && number(&[1; 5]).is_err());
        assert_eq!(reference(&[0x81]), Ok(0x81));
        assert_eq!(reference(&[0x00, 0x81]), Ok(0x81));
        assert_eq!(reference(&[0xFF, 0x81]), Ok(0x81));
        assert!(reference(&[0x01, 0x81]).is_err() && reference(&[]).is_err());
    }

    #[test]
    fn fill_after_the_last_entry_is_no_entry() {
        for fill in ["", "00", "0000000000", "FF", "FFFFFFFF", "00FF"] {
            assert_eq!(
                entries(&der(&format!("30 {{ 05 }} 30 {{ }} {fill}")))
                    .unwrap()
                    .len(),
                2,
                "{fill}"
            );
        }
        assert!(entries(&[]).unwrap().is_empty());
    }

    #[test]
    fn rubbish_after_an_entry_ends_the_file_and_alone_is_an_error() {
        assert_eq!(entries(&der("30 { } 30 80")).unwrap().len(), 1);
        assert!(entries(&der("30 80")).is_err());
    }
}
