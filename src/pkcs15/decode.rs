//! What all directory files have in common: entries, paths, and values written a little wrong.
//!
//! Real cards are not strict about DER: bit strings carry trailing zero bits or set bits that they
//! declare unused, key references above 7F are negative integers, fields of later versions follow
//! known ones.

use super::types::{Common, Path, Usage};
use crate::iso7816::Malformed;
use crate::iso7816::tlv::{Objects, Tlv, length_and_value, objects, salvaged};
use crate::memory;

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

/// Where the addresses of READ BINARY end.
const FILE_END: usize = 0x8000;

/// Tag of typeAttributes, the last field of an entry (PKCS15Object, PKCS #15 §6.1).
const TYPE_ATTRIBUTES: u32 = 0xA1;

/// The field with which each entry of a directory file ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LastField {
    /// typeAttributes: directories of objects.
    TypeAttributes,
    /// The path of a directory: ODF.
    Path,
    /// Any: EF.DIR.
    Any,
}

/// Entries of a directory file, and nothing of what stands between and behind them.
///
/// The file is filled up with 00 or FF, and so is the space of entries that were deleted; of some
/// only the first byte became 00 (ISO 7816-15 §8.2: the tag 00 marks free space). An entry whose
/// own length is wrong, or that the end of the file cuts, ends where its last whole field does:
/// those behind it are found again. It is an error only if nothing but rubbish is there; behind
/// much of it nothing is looked for.
pub(super) fn entries(file: &[u8], last: LastField) -> Result<Vec<Tlv<'_>>, Malformed> {
    let mut found = Vec::new();
    let mut rubbish = 0;
    let mut rest = file;
    while let (Some((first, behind)), 0..=RUBBISH_MAX) = (rest.split_first(), rubbish) {
        rest = match first {
            0x00 | 0xFF if next_entry(behind, last).is_some() => behind,
            0x00 | 0xFF => deleted(behind).unwrap_or(behind),
            _ => match next_entry(rest, last) {
                Some((entry, behind)) => {
                    memory::push(&mut found, entry)?;
                    behind
                }
                None => {
                    rubbish += 1;
                    behind
                }
            },
        };
    }
    if rubbish > 0 && found.is_empty() {
        return Err(Malformed("directory without an entry"));
    }
    if rubbish > 0 {
        log::warn!(
            "directory file: {rubbish} bytes that are no entry, beside {} entries",
            found.len()
        );
    }
    Ok(found)
}

/// Most bytes of a directory that are no entry and no fill: each of them may cost a look at all
/// that follow.
const RUBBISH_MAX: usize = 1024;

/// Tags with which entries of directory files begin.
fn begins_an_entry(first: u8) -> bool {
    matches!(first, 0x30 | 0x61 | 0xA0..=0xBE)
}

/// The entry with which `rest` begins, and what is behind it.
fn next_entry(rest: &[u8], last: LastField) -> Option<(Tlv<'_>, &[u8])> {
    if !begins_an_entry(*rest.first()?) {
        return None;
    }
    let (object, behind) = salvaged(rest)?;
    let is_whole = objects(rest).next()? == Ok(object);
    if !is_whole && last != LastField::Any {
        // It begins with a SEQUENCE, as all do, and its length field is not the beginning of the
        // next one.
        let hides_another = (1..=LONGEST_HEADER).any(|at| rest.get(at..).is_some_and(is_sound));
        if hides_another || !object.value.starts_with(&[SEQUENCE as u8]) {
            return None;
        }
    }
    let mut fields = object.inside();
    while let Some(Ok(field)) = fields.next() {
        let is_last = match last {
            LastField::TypeAttributes => field.tag == TYPE_ATTRIBUTES,
            LastField::Path => true,
            LastField::Any => false,
        };
        if is_last {
            break;
        }
    }
    // What follows the last field in an entry that is too long is the next one.
    let more = fields.rest();
    if more.first().is_none_or(|first| !begins_an_entry(*first)) || salvaged(more).is_none() {
        return Some((object, behind));
    }
    let value = object.value.strip_suffix(more)?;
    let (whole, behind) = rest.split_at_checked(object.header_len() + value.len())?;
    let tag = object.tag;
    Some((Tlv { tag, value, whole }, behind))
}

/// Bytes of the tag of an entry and of the longest length field.
const LONGEST_HEADER: usize = 6;

/// An entry of a right length and of whole objects begins here, the first of which is a SEQUENCE.
fn is_sound(rest: &[u8]) -> bool {
    let whole = |object: &Tlv<'_>| objects(object.value).all(|field| field.is_ok());
    match objects(rest).next() {
        Some(Ok(object)) => {
            rest.first().is_some_and(|first| begins_an_entry(*first))
                && object.value.starts_with(&[SEQUENCE as u8])
                && whole(&object)
        }
        _ => false,
    }
}

/// What is behind an entry whose tag was overwritten, if `behind` the tag there is what was one: a
/// length and whole objects.
fn deleted(behind: &[u8]) -> Option<&[u8]> {
    let (value, next) = length_and_value(behind)?;
    (!value.is_empty() && objects(value).all(|object| object.is_ok())).then_some(next)
}

/// Entries that `read` understands. One that it does not is left out, so that a single odd object
/// does not make the card unusable.
pub(super) fn understood<'a, T>(
    file: &'a [u8],
    kind: &'static str,
    last: LastField,
    read: impl Fn(&Tlv<'a>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let mut found = Vec::new();
    for entry in entries(file, last)? {
        match read(&entry) {
            Ok(object) => memory::push(&mut found, object)?,
            Err(Malformed::NO_MEMORY) => return Err(Malformed::NO_MEMORY),
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

/// Takes an entry apart; only the choice written as a plain SEQUENCE (RSA keys, X.509 certificates,
/// opaque data, PINs) is known here.
pub(super) fn entry<'a>(object: &Tlv<'a>) -> Result<Entry<'a>, Malformed> {
    if object.tag != SEQUENCE {
        return Err(Malformed("kind of object"));
    }
    let mut fields = object.inside();
    let common = common(fields.expect(SEQUENCE, "commonObjectAttributes")?.inside())?;
    let class = fields.expect(SEQUENCE, "classAttributes")?.inside();
    // subClassAttributes say nothing that we need.
    fields.next_if(0xA0)?;
    let kind = fields.expect(TYPE_ATTRIBUTES, "typeAttributes")?.inside();
    Ok(Entry { common, class, kind })
}

/// CommonObjectAttributes (PKCS #15 §6.1.2): label, flags, authId, all optional; each is known by
/// its tag, whatever else stands between or behind them.
fn common(fields: Objects<'_>) -> Result<Common, Malformed> {
    let mut common = Common::default();
    let (mut labelled, mut flagged) = (false, false);
    for field in fields {
        let field = field?;
        match field.tag {
            UTF8_STRING if !labelled => {
                common.label = text(field.value);
                labelled = true;
            }
            BIT_STRING if !flagged => {
                let flags = Bits::new(field.value);
                (common.private, common.modifiable) = (flags.get(0), flags.get(1));
                flagged = true;
            }
            OCTET_STRING if common.auth_id.is_none() => common.auth_id = Some(field.value.to_vec()),
            _ => {}
        }
    }
    Ok(common)
}

/// Content of a BIT STRING. Bits that it declares unused are not set, whatever it says in their
/// place.
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

/// Text of a label or name, without what fills it up to a fixed length: NUL, blanks, FF. Bytes that
/// are no UTF-8 show as U+FFFD.
pub(super) fn text(value: &[u8]) -> String {
    let is_text = |byte: &u8| !matches!(byte, 0x00 | b' ' | 0xFF);
    let length = value.iter().rposition(is_text).map_or(0, |last| last + 1);
    String::from_utf8_lossy(value.get(..length).unwrap_or_default()).into_owned()
}

/// Content of an INTEGER that is a length or a count.
pub(super) fn number(content: &[u8]) -> Result<usize, Malformed> {
    match content.first() {
        None | Some(0x80..) => Err(Malformed("negative or empty number")),
        Some(_) if content.iter().skip_while(|&&b| b == 0).count() > 4 => Err(Malformed("number too big")),
        Some(_) => Ok(content.iter().fold(0, |n, &b| n << 8 | usize::from(b))),
    }
}

/// Content of an INTEGER that is one byte for the card: references above 7F are written with a
/// leading zero or as a negative number.
pub(super) fn reference(content: &[u8]) -> Result<u8, Malformed> {
    match content {
        &[byte] | &[0x00 | 0xFF, byte] => Ok(byte),
        _ => Err(Malformed("reference longer than a byte")),
    }
}

/// Path (PKCS #15 §6.1.5): `efidOrPath OCTET STRING, index INTEGER OPTIONAL, length [0] INTEGER
/// OPTIONAL`, and an extension seen on CPS3, `[1] { [APPLICATION 15] AID, OCTET STRING }`, whose
/// path stands in the application with that AID.
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
    let part = match (index.unwrap_or(0), length) {
        (index, Some(length)) => Some((index, length)),
        // Without a length the part goes on to the end of the file.
        (index @ 1..FILE_END, None) => Some((index, FILE_END - index)),
        (_, None) => None,
    };
    let fids = absolute(steps, application)?;
    Ok((!steps.is_empty()).then_some(Path {
        fids,
        part,
        legacy: false,
    }))
}

/// File identifiers from the master file down. A path that does not begin with 3F00 begins at the
/// application's DF, or above it if its first step is that DF itself (`0001 B001`).
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

    /// Numbers in the entries that are found: each has its own in classAttributes.
    fn numbers(file: &[u8]) -> Vec<u8> {
        let read = |object: &Tlv<'_>| {
            let mut entry = entry(object)?;
            Ok(*entry
                .class
                .expect(OCTET_STRING, "number")?
                .value
                .first()
                .expect("a byte"))
        };
        understood(file, "directory", LastField::TypeAttributes, read).unwrap()
    }

    fn numbered(number: u8) -> Vec<u8> {
        der(&format!(
            "30 {{ 30 {{ 0C {{ 'an object' }} }} 30 {{ 04 {{ {number:02X} }} }} A1 {{ 30 {{ 04 {{ B001 }} }} }} }}"
        ))
    }

    #[test]
    fn entries_are_found_whatever_stands_between_them() {
        let [first, odd, last] = [1, 2, 3].map(numbered);
        let overwritten = |by: u8| [&[by], &odd[1..]].concat();
        let with_length = |length: usize| [&[odd[0], length as u8], &odd[2..]].concat();
        let length = odd.len() - 2;
        for (between, found) in [
            (vec![], &[1, 3][..]),
            (vec![0; 7], &[1, 3]),
            (vec![0; 300], &[1, 3]),
            (vec![0xFF; 5], &[1, 3]),
            (vec![0x00, 0xFF, 0x00, 0xFF, 0xFF], &[1, 3]),
            (vec![0; odd.len()], &[1, 3]),
            (overwritten(0x00), &[1, 3]),
            (overwritten(0xFF), &[1, 3]),
            (
                [overwritten(0x00), overwritten(0x00), vec![0; 3]].concat(),
                &[1, 3],
            ),
            (odd[1..].to_vec(), &[1, 3]),
            (with_length(length + 1), &[1, 2, 3]),
            (with_length(length + 20), &[1, 2, 3]),
            (with_length(0x7F), &[1, 2, 3]),
            (with_length(length - 1), &[1, 3]),
            (with_length(length - 9), &[1, 3]),
            (with_length(0), &[1, 3]),
            ([with_length(0x80), vec![0, 0]].concat(), &[1, 2, 3]),
            (with_length(0x80), &[1, 2, 3]),
            (der("53 { 000102 }"), &[1, 3]),
            (der("04 { 30 }"), &[1, 3]),
            (der("A0 { 30 { } 30 { 04 { 09 } } A1 { 30 { } } }"), &[1, 3]),
            (vec![0x30], &[1, 3]),
            (vec![0x04], &[1, 3]),
            (vec![0x04, 0x02], &[1, 3]),
            (vec![0x30, 0x03], &[1, 3]),
            (vec![0x30, 0x82], &[1, 3]),
            (vec![0xDE, 0xAD, 0xBE, 0xEF], &[1, 3]),
        ] {
            let file = [&first[..], &between, &last].concat();
            assert_eq!(numbers(&file), found, "{between:02X?}");
            for fill in [0x00, 0xFF] {
                let filled = [&vec![fill; 3][..], &file, &[fill; 200]].concat();
                assert_eq!(numbers(&filled), found, "{between:02X?} in {fill:02X}");
            }
        }
    }

    #[test]
    fn a_file_of_rubbish_alone_is_an_error_and_an_empty_one_is_not() {
        for (file, right) in [
            (vec![], true),
            (vec![0; 100], true),
            (vec![0xFF; 100], true),
            (vec![0xDE, 0xAD], false),
            (vec![0x30, 0x05, 0x04], false),
        ] {
            assert_eq!(
                entries(&file, LastField::TypeAttributes).is_ok(),
                right,
                "{file:02X?}"
            );
        }
    }

    #[test]
    fn a_file_that_is_made_to_be_looked_at_for_long_is_left() {
        let begun = std::time::Instant::now();
        for unit in [
            &[0xA0, 0x80, 0x04, 0x02][..],
            &[0x30, 0x80],
            &[0x30, 0x84, 0x00, 0x00, 0x7F, 0xFF, 0x04, 0x00],
            &[0x30, 0x80, 0x30, 0x00, 0x04, 0x03],
            &[0x00, 0x82, 0x7F, 0xFF],
        ] {
            let mut file = unit.repeat(FILE_END / unit.len());
            file.extend(numbered(3));
            let _ = entries(&file, LastField::TypeAttributes);
        }
        // Without a bound it would be minutes.
        assert!(begun.elapsed() < std::time::Duration::from_secs(60));
    }

    #[test]
    fn texts_have_no_padding() {
        for (value, expected) in [
            (&b"CPS3"[..], "CPS3"),
            (b"CPS3\0\0", "CPS3"),
            (b"CPS 3  \0 ", "CPS 3"),
            (b"CPS3\xFF\xFF", "CPS3"),
            (b" CPS\x003", " CPS\x003"),
            (b"\0\0", ""),
            (b"", ""),
            (b"Cl\xE9", "Cl\u{FFFD}"),
        ] {
            assert_eq!(text(value), expected, "{value:02X?}");
        }
    }

    #[test]
    fn common_attributes_are_known_by_their_tags() {
        for fields in [
            "0C { 'label' } 03 { 06 40 } 04 { 01 }",
            "03 { 06 40 } 0C { 'label' } 04 { 01 }",
            "A0 { } 0C { 'label' } 02 { 07 } 03 { 06 40 } 04 { 01 } 30 { 30 { } } 04 { 09 } 03 { 00 80 } 0C { 'other' }",
        ] {
            let found = common(objects(&der(fields))).unwrap();
            assert_eq!(
                (&*found.label, found.private, found.modifiable),
                ("label", false, true),
                "{fields}"
            );
            assert_eq!(found.auth_id, Some(vec![1]), "{fields}");
        }
    }

    #[test]
    fn a_path_names_a_part_of_its_file() {
        assert_eq!(
            parsed("04 { B001 } 02 { 10 } 80 { 0200 }").unwrap().part,
            Some((16, 512))
        );
        assert_eq!(parsed("04 { B001 } 80 { 40 }").unwrap().part, Some((0, 64)));
        assert_eq!(
            parsed("04 { B001 } 02 { 10 }").unwrap().part,
            Some((16, 0x8000 - 16))
        );
        assert_eq!(parsed("04 { B001 } 02 { 00 }").unwrap().part, None);
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
}
