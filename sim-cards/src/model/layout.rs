//! Where things stand on the cards.
//!
//! The numbers written here are known from real cards or from their middleware; the others come from
//! [`crate::model::guesses`].

use crate::kinds::chip::Chip;
use crate::kinds::labels;
use crate::model::guesses;

pub use crate::kinds::labels::LABELS;

/// Root application of both chips, also tag 4F of EF.ATR.
pub const ROOT_AID: [u8; 8] = [0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x01, 0x00];
/// CPS2ter application.
pub const CPS2TER_AID: [u8; 8] = [0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x02];
/// PKCS #15 application of the contact interface.
pub const CONTACT_AID: [u8; 13] = [
    0xE8, 0x28, 0xBD, 0x08, 0x0F, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x10,
];
/// PKCS #15 application of the contactless interface.
pub const CONTACTLESS_AID: [u8; 13] = [
    0xE8, 0x28, 0xBD, 0x08, 0x0F, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x20,
];
/// Card manager of the ChipDoc platform, part of the recovery sequence only.
pub const CARD_MANAGER_AID: [u8; 7] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00];

/// CPS3 contact, T=0 only.
pub const ATR_CPS3: [u8; 17] = [
    0x3B, 0xAC, 0x00, 0x40, 0x2A, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x00, 0x03, 0x10, 0x00, 0x90, 0x00,
];
/// CPS3 contactless (ISO 14443-4, seen as T=1).
pub const ATR_CPS3_CONTACTLESS: [u8; 20] = [
    0x3B, 0x8F, 0x80, 0x01, 0x00, 0x31, 0xB8, 0x64, 0x04, 0xB0, 0xEC, 0xC1, 0x73, 0x94, 0x01, 0x80, 0x82,
    0x90, 0x00, 0x0E,
];
/// CPS4 contact, T=0 and T=1.
pub const ATR_CPS4: [u8; 17] = [
    0x3B, 0x9B, 0x18, 0x80, 0x01, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x04, 0x01, 0x00, 0x00, 0x90, 0x44,
];
/// CPS4 release candidate, T=0 and T=1.
pub const ATR_CPS4_CANDIDATE: [u8; 17] = [
    0x3B, 0x9B, 0x18, 0x80, 0x01, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x00, 0x04, 0x01, 0x00, 0x90, 0x44,
];
/// CPS4 release candidate, T=0 only.
pub const ATR_CPS4_T0: [u8; 17] = [
    0x3B, 0xDC, 0x18, 0xFF, 0x00, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x00, 0x04, 0x01, 0x00, 0x90, 0x00,
];

/// EF.ATR of a real CPS3, byte for byte: a category byte stands in front of the data objects.
pub const EF_ATR_CONTENT: [u8; 57] = [
    0x80, // category indicator
    0x43, 0x01, 0xB8, // card service data
    0x46, 0x04, 0x04, 0xB0, 0xEC, 0xC1, // pre-issuing data
    0x47, 0x03, 0x94, 0x01, 0x80, // card capabilities
    0x4F, 0x08, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x01, 0x00, // root application
    0xE0, 0x10, 0x02, 0x02, 0x01, 0x04, 0x02, 0x02, 0x01, 0x04, 0x02, 0x02, 0x01, 0x00, 0x02, 0x02, 0x01,
    0x00, 0x78, 0x08, 0x06, 0x06, 0x2B, 0x81, 0x22, 0xF8, 0x78, 0x02, // allocation authority
    0x82, 0x02, 0x90, 0x00, // status indicator
];

/// EF.DIR, the applications of the card.
pub const EF_DIR: u16 = 0x2F00;
/// Its short identifier.
pub const EF_DIR_SHORT: u8 = 0x1E;
/// EF.ATR, what the card can do.
pub const EF_ATR: u16 = 0x2F01;
/// Its short identifier.
pub const EF_ATR_SHORT: u8 = 0x1D;
/// EF.SN.ICC, the number of the card.
pub const EF_SN_ICC: u16 = 0xD003;
/// Its short identifier.
pub const EF_SN_ICC_SHORT: u8 = 0x1C;
/// EF_ACTUA, the validity window of the situation data.
pub const EF_ACTUA: u16 = 0xD010;

/// Directory of the contact PKCS #15 application.
pub const CONTACT_APPLICATION: u16 = 0x0001;
/// EF.ODF, which directories of PKCS #15 there are.
pub const EF_ODF: u16 = 0x5031;
/// EF.TokenInfo.
pub const EF_TOKEN_INFO: u16 = 0x5032;
/// The free area of the card.
pub const CPS_DATA: u16 = 0xD107;
/// CPS_ACTIVITY_01_PS; the others follow.
pub const FIRST_ACTIVITY: u16 = 0xD120;

/// Class A0: directory of CPS_SIT_FACT.
pub const LEGACY_DIRECTORY: u16 = 0x7F01;
/// The file of CPS_SIT_FACT in it.
pub const LEGACY_SIT_FACT: u16 = 0x4000;
/// Class A0: CPS2TER_ACTIVITY_01_PS under the master file; the others follow.
pub const LEGACY_FIRST_ACTIVITY: u16 = 0x4010;

/// Reference of the signature key of a CPS3.
pub const CPS3_SIGNATURE_KEY: u8 = 0x81;
/// Reference of the authentication key of a CPS3.
pub const CPS3_AUTHENTICATION_KEY: u8 = 0x82;
/// Reference of the signature key of a CPS4.
pub const CPS4_SIGNATURE_KEY: u8 = 0x10;
/// Reference of the authentication key of a CPS4.
pub const CPS4_AUTHENTICATION_KEY: u8 = 0x20;

/// Reference of the PIN.
pub const HOLDER_CODE: u8 = 0x01;
/// Reference of the PUK.
pub const UNBLOCKING_CODE: u8 = 0x02;
/// Shortest and longest PIN or PUK that a card takes, in bytes.
pub const PIN_LENGTHS: std::ops::RangeInclusive<usize> = 4..=8;

/// Where a data object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// In the PKCS #15 application, listed in its DODF.
    Application(u16),
    /// In the files of class A0, which no directory lists.
    Legacy(&'static [u16], u16),
}

/// Where the data object of this label stands; `None` for a label that the cards do not know.
pub fn location(chip: Chip, label: &str) -> Option<Location> {
    let objects = &guesses::get().files.objects;
    match (label, chip) {
        ("CPS_DATA", _) => Some(Location::Application(CPS_DATA)),
        ("CPS_SIT_FACT", Chip::Cps3) => Some(Location::Legacy(&[LEGACY_DIRECTORY], LEGACY_SIT_FACT)),
        (label, Chip::Cps3) if label.starts_with("CPS2TER_") => situation(chip, label),
        (label, _) => match objects.file(label) {
            Some(file) => Some(Location::Application(file)),
            None => situation(chip, label),
        },
    }
}

/// CPS_ACTIVITY_nn_PS and CPS2TER_ACTIVITY_nn_PS, nn from 01 to 16.
fn situation(chip: Chip, label: &str) -> Option<Location> {
    if let Some(number) = labels::situation(label, labels::ACTIVITY) {
        return Some(Location::Application(FIRST_ACTIVITY + number - 1));
    }
    let number = labels::situation(label, labels::FORMER_ACTIVITY)?;
    Some(match chip {
        Chip::Cps3 => Location::Legacy(&[], LEGACY_FIRST_ACTIVITY + number - 1),
        Chip::Cps4 => Location::Application(guesses::get().files.first_cps2ter_activity + number - 1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn situations_keep_their_numbers() {
        assert_eq!(
            location(Chip::Cps3, "CPS_ACTIVITY_03_PS"),
            Some(Location::Application(0xD122))
        );
        assert_eq!(
            location(Chip::Cps3, "CPS2TER_ACTIVITY_16_PS"),
            Some(Location::Legacy(&[], 0x401F))
        );
        assert_eq!(location(Chip::Cps3, "CPS_ACTIVITY_17_PS"), None);
    }
}
