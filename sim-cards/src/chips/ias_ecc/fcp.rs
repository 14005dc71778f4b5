//! The file control parameters that SELECT answers with, as a real CPS3 gives them.

use crate::iso7816::files::{AccessRules, File, Kind};
use crate::iso7816::tlv::{constructed, tlv};

/// Access mode byte of the rules: six conditions follow.
const ACCESS_MODES: u8 = 0x7B;

/// Template 62 of a file or a directory.
pub fn template(file: &File) -> Vec<u8> {
    let identifier = tlv(0x83, &file.identifier().to_be_bytes());
    let rules = rules(&file.rules);
    let life_cycle = tlv(0x8A, &[0x05]); // operational, activated
    let parts = match &file.kind {
        Kind::Elementary { short, content } => {
            let short = short.map(|short| short << 3);
            vec![
                tlv(0x80, &(content.len() as u16).to_be_bytes()),
                tlv(0x82, &[0x01]), // transparent
                identifier,
                tlv(0x88, short.as_slice()),
                rules,
                life_cycle,
            ]
        }
        Kind::Dedicated { name } => {
            let mut parts = vec![tlv(0x82, &[0x38]), identifier];
            parts.extend(name.as_ref().map(|name| tlv(0x84, name)));
            parts.extend([rules, life_cycle]);
            parts
        }
    };
    constructed(0x62, &parts)
}

fn rules(rules: &AccessRules) -> Vec<u8> {
    let with_modes = |conditions: &[u8]| [&[ACCESS_MODES], conditions].concat();
    constructed(
        0xA1,
        &[
            tlv(0x8C, &with_modes(&rules.contact)),
            tlv(0x9C, &with_modes(&rules.contactless)),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::hex;

    #[test]
    fn ef_dir_of_a_real_card() {
        let file = File::elementary(&[0x2F00], AccessRules::PUBLIC, vec![0; 101]).with_short_identifier(0x1E);
        assert_eq!(
            hex::encode(&template(&file)),
            "62258002006582010183022F008801F0A1128C077B45FFFFFF45009C077BFFFFFFFFFF008A0105"
        );
    }

    #[test]
    fn without_short_identifier_one_byte_less() {
        let file = File::elementary(&[1, 0xD120], AccessRules::HOLDER_READS, vec![0; 47]);
        assert_eq!(template(&file).len(), 0x26);
    }
}
