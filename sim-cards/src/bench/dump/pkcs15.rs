//! The PKCS #15 directories (ISO 7816-15), one line for each object.

use super::text::quoted;
use crate::iso7816::files;
use crate::iso7816::tlv::{self, Tlv};
use crate::model::names;
use crate::text::hex;

const INTEGER: u32 = 0x02;
const BIT_STRING: u32 = 0x03;
const OCTET_STRING: u32 = 0x04;
const UTF8_STRING: u32 = 0x0C;
const SEQUENCE: u32 = 0x30;
const SUBCLASS_ATTRIBUTES: u32 = 0xA0;
const TYPE_ATTRIBUTES: u32 = 0xA1;

/// EF.ODF: which directory stands where.
pub fn object_directories(content: &[u8]) -> Option<Vec<String>> {
    let line = |entry: &Tlv<'_>| {
        let kind = match entry.tag {
            0xA0 => "private keys",
            0xA1 => "public keys",
            0xA4 => "certificates",
            0xA7 => "data objects",
            0xA8 => "authentication objects",
            _ => "other objects",
        };
        Some(format!("{kind}: {}", path(entry.value)?))
    };
    tlv::read_all(content)?.iter().map(line).collect()
}

/// A PrKDF, PuKDF, CDF, DODF or AODF: label, what is said of the object, where it stands.
pub fn entries(content: &[u8]) -> Option<Vec<String>> {
    tlv::read_all(content)?.iter().map(entry).collect()
}

/// CIO { CommonObjectAttributes, class attributes, [0] subclass attributes, [1] type attributes }.
fn entry(entry: &Tlv<'_>) -> Option<String> {
    let parts = tlv::read_all(entry.value)?;
    let (common, rest) = parts.split_first()?;
    let (class, _) = rest.split_first()?;
    let kind = tlv::find(&parts, TYPE_ATTRIBUTES)?;
    let mut words = vec![common_attributes(common)?];
    words.extend(class_attributes(class)?);
    words.extend(tlv::find(&parts, SUBCLASS_ATTRIBUTES).map(|_| "subclass attributes".to_owned()));
    words.extend(code_attributes(kind));
    words.extend(path(kind));
    Some(words.join(", "))
}

/// Label, flags and the code that protects the object.
fn common_attributes(common: &Tlv<'_>) -> Option<String> {
    let parts = tlv::read_all(common.value)?;
    let mut words = vec![quoted(tlv::find(&parts, UTF8_STRING)?)?];
    if let Some(flags) = tlv::find(&parts, BIT_STRING) {
        words.extend(bits(flags, &["private", "modifiable"]));
    }
    if let Some(code) = tlv::find(&parts, OCTET_STRING) {
        words.push(format!("code {}", hex::encode(code)));
    }
    Some(words.join(", "))
}

/// Of a key: identifier, usage, reference; of a certificate or a code: identifier.
fn class_attributes(class: &Tlv<'_>) -> Option<Vec<String>> {
    const USAGE: [&str; 10] = [
        "encrypt",
        "decrypt",
        "sign",
        "sign with recovery",
        "wrap",
        "unwrap",
        "verify",
        "verify with recovery",
        "derive",
        "non-repudiation",
    ];
    let parts = tlv::read_all(class.value)?;
    let mut words = Vec::new();
    if let Some(identifier) = tlv::find(&parts, OCTET_STRING) {
        words.push(format!("ID {}", hex::encode(identifier)));
    }
    if let Some(usage) = tlv::find(&parts, BIT_STRING) {
        words.push(format!("usage {}", bits(usage, &USAGE).join(" + ")));
    }
    if let Some(reference) = tlv::find(&parts, INTEGER) {
        words.push(format!(
            "reference {}",
            hex::encode(&reference[reference.len().saturating_sub(1)..])
        ));
    }
    Some(words)
}

/// PasswordAttributes: flags, type, shortest length, stored length, longest length, [0] reference.
fn code_attributes(kind: &[u8]) -> Option<String> {
    const FLAGS: [&str; 8] = [
        "case-sensitive",
        "local",
        "change disabled",
        "unblock disabled",
        "initialized",
        "needs padding",
        "unblocking code",
        "SO code",
    ];
    let (sequence, _) = tlv::read(kind)?;
    let parts = tlv::read_all(sequence.value).filter(|_| sequence.tag == SEQUENCE)?;
    let lengths: Vec<String> = parts
        .iter()
        .filter(|part| part.tag == INTEGER)
        .map(|part| {
            part.value
                .iter()
                .fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte))
                .to_string()
        })
        .collect();
    let [shortest, _, longest] = lengths.as_slice() else {
        return None;
    };
    Some(format!(
        "reference {}, {shortest} to {longest} digits, {}",
        hex::encode(tlv::find(&parts, 0x80)?),
        bits(tlv::find(&parts, BIT_STRING)?, &FLAGS).join(", ")
    ))
}

/// TokenInfo: serial number, manufacturer, label.
pub fn token_info(content: &[u8]) -> Option<Vec<String>> {
    const ALGORITHMS: u32 = 0xA2;
    let (info, []) = tlv::read(content)? else {
        return None;
    };
    let parts = tlv::read_all(info.value)?;
    let mut lines = vec![
        format!("serial number: {}", hex::encode(tlv::find(&parts, OCTET_STRING)?)),
        format!("manufacturer: {}", quoted(tlv::find(&parts, UTF8_STRING)?)?),
        format!("label: {}", quoted(tlv::find(&parts, 0x80)?)?),
    ];
    for algorithm in tlv::read_all(tlv::find(&parts, ALGORITHMS).unwrap_or_default())? {
        let numbers: Vec<String> = tlv::read_all(algorithm.value)?
            .iter()
            .filter(|part| part.tag == INTEGER)
            .map(|part| hex::encode(part.value))
            .collect();
        if let [reference, mechanism, card] = numbers.as_slice() {
            lines.push(format!(
                "algorithm {reference}: CKM {mechanism}, on the card {card}"
            ));
        }
    }
    Some(lines)
}

/// The names of the bits that are set; the first byte counts unused bits (X.690 §8.6).
fn bits(value: &[u8], names: &[&str]) -> Vec<String> {
    let bytes = value.get(1..).unwrap_or_default();
    let is_set = |bit: &usize| {
        bytes
            .get(bit / 8)
            .is_some_and(|byte| byte & 0x80 >> (bit % 8) != 0)
    };
    (0..bytes.len() * 8)
        .filter(is_set)
        .map(|bit| {
            names
                .get(bit)
                .map_or_else(|| format!("bit {bit}"), |name| (*name).to_owned())
        })
        .collect()
}

/// The first path in an object: the first OCTET STRING that begins with the master file.
fn path(value: &[u8]) -> Option<String> {
    let parts = tlv::read_all(value)?;
    parts.iter().find_map(|part| match part.tag {
        OCTET_STRING => match files::identifiers(part.value).ok()?.as_slice() {
            [files::MASTER_FILE, path @ ..] => Some(names::path(path)),
            _ => None,
        },
        SEQUENCE => path(part.value),
        _ => None,
    })
}
