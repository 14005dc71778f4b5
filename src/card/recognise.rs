//! Which cards are ours.

use super::chipdoc::ChipDoc;
use super::commands::Commands;
use super::ias_ecc::IasEcc;
use super::{Card, CardError, Chip};
use crate::reader::Connection;

/// A family of answers to reset.
struct Family {
    chip: Chip,
    atr: &'static [u8],
    /// Bits that must agree.
    mask: &'static [u8],
}

const EXACTLY: &[u8] = &[0xFF; 17];

/// `1225006480` stands in the historical bytes of every contact CPS.
const FAMILIES: [Family; 5] = [
    // CPS4.
    Family {
        chip: Chip::Cps4,
        atr: &bytes::<17>(b"3B9B188001001225006480040100009044"),
        mask: EXACTLY,
    },
    // CPS4, release candidate.
    Family {
        chip: Chip::Cps4,
        atr: &bytes::<17>(b"3B9B188001001225006480000401009044"),
        mask: EXACTLY,
    },
    // CPS4, release candidate with T=0 only.
    Family {
        chip: Chip::Cps4,
        atr: &bytes::<17>(b"3BDC18FF00001225006480000401009000"),
        mask: EXACTLY,
    },
    // CPS3, with any interface bytes TB1, TD1, TC2 and any three version bytes. The mask also
    // covers the release candidate above, which therefore comes first.
    Family {
        chip: Chip::Cps3,
        atr: &bytes::<17>(b"3BAC00402A001225006480000310009000"),
        mask: &bytes::<17>(b"FF00000000FFFFFFFFFFFF000000FFFFFF"),
    },
    // CPS3 over the air. Three of the four bytes of pre-issuing data (64 xxxxxxxx) may vary, one of
    // them in its last six bits; with them varies the check byte, which the reader computes.
    Family {
        chip: Chip::Cps3Contactless,
        atr: &bytes::<20>(b"3B8F80010031B86404B0ECC1739401808290000E"),
        mask: &bytes::<20>(b"FFFFFFFFFFFFFFFF0000FFC0FFFFFFFFFFFFFF00"),
    },
];

/// Bytes of a hexadecimal constant.
const fn bytes<const N: usize>(hex: &[u8]) -> [u8; N] {
    assert!(hex.len() == 2 * N, "two digits for each byte");
    let mut bytes = [0; N];
    let mut i = 0;
    while i < hex.len() {
        let digit = match hex[i] {
            d @ b'0'..=b'9' => d - b'0',
            d @ b'A'..=b'F' => d - b'A' + 10,
            _ => panic!("no hexadecimal digit"),
        };
        bytes[i / 2] = bytes[i / 2] << 4 | digit;
        i += 1;
    }
    bytes
}

/// The chip that this answer to reset promises; `None` for a card that is not ours and to which
/// nothing should be sent.
pub fn candidate(atr: &[u8]) -> Option<Chip> {
    FAMILIES
        .iter()
        .find(|family| family.includes(atr))
        .map(|family| family.chip)
}

impl Family {
    fn includes(&self, atr: &[u8]) -> bool {
        atr.len() == self.atr.len()
            && atr
                .iter()
                .zip(self.atr)
                .zip(self.mask)
                .all(|((a, b), mask)| (a ^ b) & mask == 0)
    }
}

/// Takes a connection to a card in use: decides by the ATR, then looks for the issuer's number in
/// EF.SN.ICC.
///
/// # Errors
/// [`CardError::NotRecognized`]: a foreign card. With a foreign ATR it has received no command at
/// all.
pub fn recognise(connection: Box<dyn Connection>, atr: &[u8]) -> Result<Card, CardError> {
    let commands: Box<dyn Commands> = match candidate(atr) {
        Some(Chip::Cps3) => Box::new(IasEcc::contact()),
        Some(Chip::Cps3Contactless) => Box::new(IasEcc::contactless()),
        Some(Chip::Cps4) => Box::new(ChipDoc::default()),
        None => return Err(CardError::NotRecognized),
    };
    Card::recognise(connection, commands)
}

#[cfg(test)]
mod tests {
    use super::super::scripted::try_recognise;
    use super::*;
    use crate::reader::Protocol;
    use crate::reader::script::hex;

    #[test]
    fn the_known_answers_to_reset() {
        for (atr, chip) in [
            ("3BAC00402A001225006480000310009000", Some(Chip::Cps3)),
            ("3BAC00402A001225006480820212009000", Some(Chip::Cps3)),
            ("3BAC11402A001225006480000311009000", Some(Chip::Cps3)),
            ("3B9B188001001225006480040100009044", Some(Chip::Cps4)),
            ("3B9B188001001225006480000401009044", Some(Chip::Cps4)),
            ("3BDC18FF00001225006480000401009000", Some(Chip::Cps4)),
            (
                "3B8F80010031B86404B0ECC1739401808290000E",
                Some(Chip::Cps3Contactless),
            ),
            (
                "3B8F80010031B8641122ECD5739401808290009A",
                Some(Chip::Cps3Contactless),
            ),
            // Vitale 2, a contactless card of another issuer, a CPS3 with other historical bytes,
            // cut ones, none.
            ("3B751300004309EA9000", None),
            ("3B8F80010031B86404B0EC01739401808290000E", None),
            ("3BAC00402A001225006481000310009000", None),
            ("3BAC00402A0012250064800003100090", None),
            ("3BAC00402A00122500648000031000900000", None),
            ("", None),
        ] {
            assert_eq!(candidate(&hex(atr)), chip, "{atr}");
        }
    }

    #[test]
    fn a_foreign_card_receives_no_command() {
        let refused = try_recognise("3B751300004309EA9000", Protocol::T0, "");
        assert_eq!(refused.err(), Some(CardError::NotRecognized));
    }
}
