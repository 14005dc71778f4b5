//! Names of commands.

use crate::iso7816::apdu::ins;
use crate::text::hex;

/// The name of a command in the words of ISO 7816.
pub fn name(command: &[u8]) -> String {
    let Some(([cla, instruction, p1, p2], rest)) = command.split_first_chunk::<4>() else {
        return "not a command".into();
    };
    let data = match rest.split_first() {
        Some((lc, data)) => data.get(..usize::from(*lc)).unwrap_or(data),
        None => &[],
    };
    let name = match *instruction {
        ins::SELECT => format!("SELECT {}", selected(*p1, data)),
        ins::READ_BINARY if p1 & 0x80 != 0 => format!("READ BINARY short file {:02X} at {p2}", p1 & 0x1F),
        ins::READ_BINARY => format!("READ BINARY at {}", u16::from_be_bytes([*p1, *p2])),
        ins::UPDATE_BINARY => format!("UPDATE BINARY at {}", u16::from_be_bytes([*p1, *p2])),
        ins::VERIFY if data.is_empty() => format!("VERIFY code {p2:02X}, state only"),
        ins::VERIFY => format!("VERIFY code {p2:02X}"),
        ins::CHANGE_REFERENCE_DATA => format!("CHANGE REFERENCE DATA code {p2:02X}"),
        ins::RESET_RETRY_COUNTER => format!("RESET RETRY COUNTER code {p2:02X}"),
        ins::GET_DATA => format!("GET DATA {p1:02X}{p2:02X}"),
        ins::MANAGE_SECURITY_ENVIRONMENT => format!("MSE SET {}", template(*p2)),
        ins::PERFORM_SECURITY_OPERATION => match (p1, p2) {
            (0x90, 0xA0) => "PSO HASH".into(),
            (0x9E, 0x9A) => "PSO COMPUTE DIGITAL SIGNATURE".into(),
            (0x80, 0x86) => "PSO DECIPHER".into(),
            _ => format!("PSO {p1:02X}{p2:02X}"),
        },
        ins::INTERNAL_AUTHENTICATE => "INTERNAL AUTHENTICATE".into(),
        ins::GET_CHALLENGE => "GET CHALLENGE".into(),
        ins::GET_RESPONSE => "GET RESPONSE".into(),
        other => format!("instruction {other:02X}"),
    };
    match cla {
        0x00 => name,
        0xA0 => format!("{name} (class A0)"),
        cla if cla & 0xE0 == 0 => {
            let chained = if cla & 0x10 != 0 { ", more follows" } else { "" };
            let channel = if cla & 3 != 0 {
                format!(", channel {}", cla & 3)
            } else {
                String::new()
            };
            format!("{name}{channel}{chained}")
        }
        cla => format!("{name} (class {cla:02X})"),
    }
}

fn selected(p1: u8, data: &[u8]) -> String {
    let what = match p1 {
        0x00 => "file",
        0x02 => "elementary file",
        0x04 => "application",
        0x08 => "path from MF",
        0x09 => "path",
        _ => "by an unknown form",
    };
    format!("{what} {}", hex::encode(data))
}

fn template(p2: u8) -> String {
    match p2 {
        0xA4 => "authentication".into(),
        0xAA => "hash".into(),
        0xB6 => "digital signature".into(),
        0xB8 => "confidentiality".into(),
        other => format!("template {other:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_have_names() {
        let named = |command: &str| name(&hex::decode(command).unwrap());
        assert_eq!(named("01A4080002D00300"), "SELECT path from MF D003, channel 1");
        assert_eq!(named("00B09C000C"), "READ BINARY short file 1C at 0");
        assert_eq!(named("0020000100"), "VERIFY code 01, state only");
        assert_eq!(named("002000010431323334"), "VERIFY code 01");
        assert_eq!(named("102A808601FF"), "PSO DECIPHER, more follows");
        assert_eq!(named("A0A40000023F00"), "SELECT file 3F00 (class A0)");
        assert_eq!(named("00A4"), "not a command");
    }
}
