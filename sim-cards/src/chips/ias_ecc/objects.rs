//! GET DATA on security data objects: codes and keys.

use crate::chips::codes::{Code, Codes};
use crate::iso7816::interface::Interface;
use crate::iso7816::status::Status;
use crate::iso7816::tlv::{self, constructed, tlv};
use crate::iso7816::transport::Answer;
use crate::model::{guesses, layout};

/// Answers `CB 3FFF` with an extended header list `4D { 70 { <object> { <wanted part> 80 } } }`; 80 in place of a
/// length means the whole part (ISO 7816-4 §8.4.6).
pub fn get_data(tag: u16, data: &[u8], codes: &Codes, interface: Interface) -> Answer {
    const CURRENT_DIRECTORY: u16 = 0x3FFF;
    if tag != CURRENT_DIRECTORY {
        return Err(Status::WRONG_PARAMETERS);
    }
    let wanted = Wanted::parse(data).ok_or(Status::WRONG_DATA)?;
    let content = match interface {
        Interface::Contact => wanted.content(codes),
        Interface::Contactless => wanted.contactless_content(),
    }
    .ok_or(Status::DATA_NOT_FOUND)?;
    Ok(tlv(0x70, &tlv(wanted.object, &content)))
}

struct Wanted {
    object: u32,
    part: u32,
}

/// Public part of a security data object.
const PUBLIC_PART: u32 = 0xA0;
/// What a code object holds beside it.
const CODE_DATA: u32 = 0x7F41;
/// What a private key object holds beside it.
const KEY_DATA: u32 = 0x7F48;

impl Wanted {
    fn parse(data: &[u8]) -> Option<Self> {
        let (list, []) = tlv::read(data)? else { return None };
        let (template, []) = tlv::read(list.value)? else {
            return None;
        };
        let (object, []) = tlv::read(template.value)? else {
            return None;
        };
        let (part, [0x80]) = tlv::read_tag(object.value)? else {
            return None;
        };
        (list.tag == 0x4D && template.tag == 0x70).then_some(Self {
            object: object.tag,
            part,
        })
    }

    fn content(&self, given: &Codes) -> Option<Vec<u8>> {
        const HOLDER_CODE: u32 = 0xBF_81_00 | layout::HOLDER_CODE as u32;
        const UNBLOCKING_CODE: u32 = 0xBF_81_00 | layout::UNBLOCKING_CODE as u32;
        // Key objects are named by the reference without its bit 8.
        const SIGNATURE_KEY: u32 = 0xBF_90_00 | (layout::CPS3_SIGNATURE_KEY & 0x7F) as u32;
        const AUTHENTICATION_KEY: u32 = 0xBF_90_00 | (layout::CPS3_AUTHENTICATION_KEY & 0x7F) as u32;
        match (self.object, self.part) {
            // Change free, verify free, reset by environment 3.
            (HOLDER_CODE, PUBLIC_PART) => Some(code(&given.holder, [0xF3, 0x00, 0x00, 0x13, 0xFF, 0x00])),
            (UNBLOCKING_CODE, PUBLIC_PART) => Some(code(
                &given.unblocking,
                guesses::get().chips.unblocking_code_rules,
            )),
            (HOLDER_CODE, CODE_DATA) => {
                Some(lengths(*layout::PIN_LENGTHS.start(), *layout::PIN_LENGTHS.end()))
            }
            (UNBLOCKING_CODE, CODE_DATA) => {
                Some(lengths(*layout::PIN_LENGTHS.end(), *layout::PIN_LENGTHS.end()))
            }
            (SIGNATURE_KEY | AUTHENTICATION_KEY, PUBLIC_PART) => Some(key(guesses::get().chips.key_rules)),
            // A private key shows nothing of itself. OpenSC wants an answer; what a real card says is not known.
            (SIGNATURE_KEY | AUTHENTICATION_KEY, KEY_DATA) => Some(tlv(KEY_DATA, &[])),
            _ => None,
        }
    }

    /// Without contacts there is one key and no code.
    fn contactless_content(&self) -> Option<Vec<u8>> {
        let chips = &guesses::get().chips;
        let technical_key = 0xBF_90_00 | u32::from(chips.technical_key & 0x7F);
        match self.part {
            _ if self.object != technical_key => None,
            PUBLIC_PART => Some(key(chips.technical_key_rules)),
            KEY_DATA => Some(tlv(KEY_DATA, &[])),
            _ => None,
        }
    }
}

/// 9A tries of a new code, 9B tries left, 9D uses left, 8C rules.
fn code(code: &Code, rules: [u8; 6]) -> Vec<u8> {
    let mut parts = vec![tlv(0x9A, &[code.tries_max()]), tlv(0x9B, &[code.tries_left()])];
    parts.extend(code.uses_left().map(|uses| tlv(0x9D, &uses.to_be_bytes())));
    parts.push(constructed(0xA1, &[tlv(0x8C, &rules)]));
    constructed(PUBLIC_PART, &parts)
}

/// 80 longest and 81 shortest code. OpenSC wants an answer; what a real card says is not known.
fn lengths(shortest: usize, longest: usize) -> Vec<u8> {
    constructed(
        CODE_DATA,
        &[tlv(0x80, &[longest as u8]), tlv(0x81, &[shortest as u8])],
    )
}

/// 80 size of the key in bytes, 8C rules.
fn key(rules: [u8; 6]) -> Vec<u8> {
    let size = tlv(0x80, &[0x01, 0x00]);
    constructed(PUBLIC_PART, &[size, constructed(0xA1, &[tlv(0x8C, &rules)])])
}
