//! The pieces that the directories are made of.

use crate::iso7816::files::MASTER_FILE;
use crate::iso7816::tlv::{constructed, tlv};
use crate::model::{guesses, layout};

pub const BOOLEAN: u32 = 0x01;
pub const INTEGER: u32 = 0x02;
pub const BIT_STRING: u32 = 0x03;
pub const OCTET_STRING: u32 = 0x04;
pub const NULL: u32 = 0x05;
pub const OBJECT_IDENTIFIER: u32 = 0x06;
pub const ENUMERATED: u32 = 0x0A;
pub const UTF8_STRING: u32 = 0x0C;
pub const SEQUENCE: u32 = 0x30;
/// `[1]`: the attributes of the type of an object.
pub const TYPE_ATTRIBUTES: u32 = 0xA1;

/// One PKCS #15 application: its name and its directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Application {
    pub name: &'static [u8],
    pub directory: u16,
}

impl Application {
    pub const CONTACT: Self = Self {
        name: &layout::CONTACT_AID,
        directory: layout::CONTACT_APPLICATION,
    };

    pub fn contactless() -> Self {
        Self {
            name: &layout::CONTACTLESS_AID,
            directory: guesses::get().files.contactless_application,
        }
    }

    /// Path of a file of the application, from the master file.
    pub fn path(self, identifier: u16) -> Vec<u8> {
        let path = [MASTER_FILE, self.directory, identifier]
            .map(u16::to_be_bytes)
            .concat();
        constructed(SEQUENCE, &[tlv(OCTET_STRING, &path)])
    }

    /// Path of a key: empty, so that nothing is selected before its use, then the extension that names the
    /// application.
    pub fn key_path(self) -> Vec<u8> {
        let application = constructed(0xA1, &[tlv(0x4F, self.name), tlv(OCTET_STRING, &[])]);
        constructed(SEQUENCE, &[tlv(OCTET_STRING, &[]), application])
    }
}

/// A positive INTEGER.
pub fn integer(value: u16) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    match bytes {
        [0, low @ 0..0x80] => tlv(INTEGER, &[low]),
        [0, _] | [1..0x80, _] => tlv(INTEGER, &bytes),
        _ => tlv(INTEGER, &[&[0][..], &bytes].concat()),
    }
}

/// A named bit list of a fixed number of octets, no unused bits: not DER, and what real cards hold.
pub fn bits(set: &[usize], octets: usize) -> Vec<u8> {
    let mut value = vec![0; octets + 1];
    for bit in set {
        if let Some(octet) = value.get_mut(1 + bit / 8) {
            *octet |= 0x80 >> (bit % 8);
        }
    }
    tlv(BIT_STRING, &value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bit_strings_keep_their_zeros() {
        assert_eq!(bits(&[0, 2, 3], 1), [0x03, 2, 0, 0xB0]);
        assert_eq!(bits(&[9], 2), [0x03, 3, 0, 0x00, 0x40]);
    }

    #[test]
    fn integers_are_positive() {
        assert_eq!(integer(0x81), [2, 2, 0, 0x81]);
        assert_eq!(integer(0x01), [2, 1, 1]);
        assert_eq!(integer(2048), [2, 2, 8, 0]);
    }

    #[test]
    fn the_path_of_a_key_is_empty_and_names_the_application() {
        assert_eq!(
            crate::text::hex::encode(&Application::CONTACT.key_path()),
            "30150400A1114F0DE828BD080F8025000001FF00100400"
        );
    }
}
