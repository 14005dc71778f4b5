//! The content of a file: as what its name says it is, else as data objects, else as bytes.

use super::{certificate, pkcs15, text};
use crate::iso7816::tlv::{self, Tlv};
use crate::model::{guesses, names};
use crate::text::hex;

/// Bytes of a raw content that are shown.
const SHOWN: usize = 64;

/// The lines that show the content of the file of this name.
pub fn lines(name: &str, content: &[u8]) -> Vec<String> {
    let decoded = match name {
        "EF.ODF" => pkcs15::object_directories(content),
        "EF.PrKDF" | "EF.PuKDF" | "EF.CDF" | "EF.DODF" | "EF.AODF" => pkcs15::entries(content),
        "EF.TokenInfo" => pkcs15::token_info(content),
        "EF.ATR" => content.split_first().and_then(|(category, objects)| {
            Some(
                [
                    vec![format!("category {category:02X}")],
                    objects_of(name, objects)?,
                ]
                .concat(),
            )
        }),
        _ if name.ends_with("certificate") => certificate::lines(content),
        // Records of fixed width, not data objects, although some of them look like one.
        _ if name.starts_with("CPS2TER_") && name != "CPS2TER_DIRAMO" => None,
        _ => objects_of(name, content),
    };
    decoded.unwrap_or_else(|| raw(content))
}

fn objects_of(name: &str, content: &[u8]) -> Option<Vec<String>> {
    let filled = content
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(content.len(), |last| last + 1);
    let (objects, zeros) = content.split_at_checked(filled)?;
    // Zeros at the end may be filling, or belong to the last object.
    let (objects, zeros) = match tlv::read_all(objects) {
        Some(objects) => (objects, zeros.len()),
        None => (tlv::read_all(content)?, 0),
    };
    let mut lines = Vec::new();
    for object in objects {
        show(name, object, 0, &mut lines);
    }
    if zeros > 0 {
        lines.push(format!("{zeros} bytes 00"));
    }
    Some(lines)
}

fn show(name: &str, object: Tlv<'_>, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let field = match (name, depth) {
        ("EF.DIR" | "EF.ATR" | "EF.SN.ICC", _) => interindustry(object.tag).map(str::to_owned),
        (_, 0) => None,
        ("EF_ACTUA", _) => update(object.tag),
        _ => guesses::get().data.field_name(name, object.tag, depth),
    };
    let field = field.map(|field| format!(" {field}")).unwrap_or_default();
    match tlv::read_all(object.value).filter(|_| is_constructed(object.tag)) {
        Some(parts) => {
            lines.push(format!("{indent}{:02X}{field}", object.tag));
            for part in parts {
                show(name, part, depth + 1, lines);
            }
        }
        None => lines.push(format!(
            "{indent}{:02X}{field}: {}",
            object.tag,
            value(object.value)
        )),
    }
}

/// Data objects of EF.DIR, EF.ATR and EF.SN.ICC (ISO 7816-4 §8.1 and §8.2); `E0` is the IAS-ECC profile's.
fn interindustry(tag: u32) -> Option<&'static str> {
    Some(match tag {
        0x43 => "card service data",
        0x46 => "pre-issuing data",
        0x47 => "card capabilities",
        0x4F => "application identifier",
        0x50 => "application label",
        0x51 => "path",
        0x5A => "serial number",
        0x61 => "application",
        0x78 => "allocation authority",
        0x82 => "status indicator",
        0xE0 => "largest command, answer, and both with secure messaging",
        _ => return None,
    })
}

fn update(tag: u32) -> Option<String> {
    match tag {
        0x81 => Some("start of the update".into()),
        0x82 => Some("end of the update".into()),
        _ => None,
    }
}

/// Bit 6 of the first byte of the tag.
fn is_constructed(tag: u32) -> bool {
    let first = tag.to_be_bytes().into_iter().find(|byte| *byte != 0);
    first.unwrap_or_default() & 0x20 != 0
}

fn value(bytes: &[u8]) -> String {
    let (shown, rest) = bytes.split_at_checked(SHOWN).unwrap_or((bytes, &[]));
    let mut digits = hex::encode(shown);
    if !rest.is_empty() {
        digits.push_str(&format!("… {} more bytes", rest.len()));
    }
    let said = names::application(bytes)
        .map(str::to_owned)
        .or_else(|| text::quoted(bytes));
    match said {
        Some(said) => format!("{digits}  {said}"),
        None => digits,
    }
}

/// Sixteen bytes on a line, with what can be read of them.
fn raw(content: &[u8]) -> Vec<String> {
    let (shown, rest) = content.split_at_checked(SHOWN).unwrap_or((content, &[]));
    let readable = |byte: &u8| match byte {
        0x20..0x7F => char::from(*byte),
        // ISO 8859-1, the letters of the former generation.
        0xA0..=0xFF => char::from(*byte),
        _ => '.',
    };
    let mut lines: Vec<String> = shown
        .chunks(16)
        .map(|line| {
            let letters: String = line.iter().map(readable).collect();
            format!("{:<32}  {letters}", hex::encode(line))
        })
        .collect();
    if !rest.is_empty() {
        lines.push(format!("… {} more bytes", rest.len()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_situation_is_read_field_by_field() {
        let situation =
            hex::decode("EE25 8411484F504954414C2047454E455249515545 850A31304230333037333737 860453413031");
        assert_eq!(
            lines("CPS_ACTIVITY_01_PS", &situation.unwrap()),
            [
                "EE",
                "  84 structure: 484F504954414C2047454E455249515545  \"HOPITAL GENERIQUE\"",
                "  85 structure id: 31304230333037333737  \"10B0307377\"",
                "  86 sector: 53413031  \"SA01\"",
            ]
        );
    }

    #[test]
    fn what_is_no_data_object_is_shown_as_bytes() {
        assert_eq!(lines("", &[0x41, 0x42]), ["4142                              AB"]);
        assert_eq!(lines("", &[0xFF; 70]).last().unwrap(), "… 6 more bytes");
    }
}
