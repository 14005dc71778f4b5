//! Layer 4: the chips. Recognition, the [`Card`] and the commands of each chip.
//!
//! A chip's file knows its commands and status words; nothing here knows a Cryptoki type.

mod chipdoc;
mod commands;
mod cps;
mod dialogue;
mod disturbance;
mod files;
mod ias_ecc;
mod legacy;
#[cfg(test)]
pub(crate) mod paper_card;
mod pins;
#[cfg(test)]
mod random_card_tests;
mod recognise;
#[cfg(test)]
mod scripted;
mod security_object;
mod transaction;
mod update;

pub use cps::Card;
pub use recognise::{candidate, recognise};

use std::fmt;

use zeroize::Zeroizing;

use crate::crypto::Hash;
use crate::iso7816::StatusWord;
use crate::memory::NoMemory;
use crate::reader::ReaderError;

/// The chip behind a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chip {
    /// IAS-ECC, contact interface.
    Cps3,
    /// IAS-ECC, over the air: one key that needs no PIN.
    Cps3Contactless,
    /// NXP ChipDoc, contact interface.
    Cps4,
}

/// The name of the card.
impl fmt::Display for Chip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Chip::Cps3 => "CPS3",
            Chip::Cps3Contactless => "CPS3 over the air",
            Chip::Cps4 => "CPS4",
        })
    }
}

impl Chip {
    /// The roles of the keys that it has.
    pub fn key_roles(self) -> &'static [KeyRole] {
        match self {
            Chip::Cps3 | Chip::Cps4 => &[KeyRole::Signature, KeyRole::Authentication],
            Chip::Cps3Contactless => &[KeyRole::Authentication],
        }
    }
}

/// Why a card operation failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CardError {
    /// Below the card: reader, service, removal.
    Reader(ReaderError),
    /// The card in the reader is not one of ours, by its answer to reset or its issuer. No further
    /// command is due to it.
    NotRecognized,
    /// The answer to reset is that of one of ours, but the card does not show its number; that may
    /// have been a slip.
    Unidentified,
    /// The card was left half written by an update of its data (EF_ACTUA) and must not be used.
    InterruptedUpdate,
    /// The card's data were updated since they were read: all that is known of it must be read
    /// anew, as of another card.
    Updated,
    /// Wrong PIN; tries left when the card tells (63Cx).
    PinIncorrect {
        /// Tries left before the PIN is blocked.
        tries_left: Option<u8>,
    },
    /// The PIN is shorter or longer than the card's limits; nothing was sent, no try is lost.
    PinLength,
    /// The PIN holds something else than the digits 0 to 9; nothing was sent, no try is lost.
    PinDigits,
    /// The card finds that the PIN cannot be one (6700, 6A80).
    PinRefused(StatusWord),
    /// The PIN is blocked (6983, or no try left), or all its uses are spent (6984).
    PinBlocked,
    /// The card wants the PIN first (6982).
    NotVerified,
    /// The card refuses the operation in its present state (6985, 6984, 6986, 6900).
    NotAllowed(StatusWord),
    /// The card refuses the data or their length (6700, 6A80, ...).
    WrongData(StatusWord),
    /// No such file (6A82) or data object (6A88).
    NotFound(StatusWord),
    /// The key or the chip has no such operation; nothing was sent.
    Unsupported,
    /// Any other status word.
    Unexpected(StatusWord),
    /// A file ends before the object in it does, or before its own size says.
    Truncated,
    /// The answer does not have the shape that the command promises.
    Malformed(&'static str),
}

/// What happened and what to do next, for the log. Nothing of what the card holds.
impl fmt::Display for CardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// For what no person can have caused.
        const ODD: &str = "put the card in again; if that does not help, a trace at the level apdu shows why";
        match self {
            CardError::Reader(why) => why.fmt(f),
            CardError::NotRecognized => {
                f.write_str("the card is another issuer's and is left alone: put in a CPS card")
            }
            CardError::Unidentified => {
                write!(f, "the card does not show its number as a CPS card does: {ODD}")
            }
            CardError::InterruptedUpdate => f.write_str(
                "an update of the card's data was broken off (EF_ACTUA) and the card is left alone: have \
                 the update done again",
            ),
            CardError::Updated => f.write_str("the card's data were updated: log in again"),
            CardError::PinIncorrect { .. } => f.write_str("the PIN is wrong"),
            CardError::PinLength => f.write_str("no PIN of the card has that length: nothing was sent"),
            CardError::PinDigits => f.write_str("a PIN of the card has digits only: nothing was sent"),
            CardError::PinRefused(status) => {
                write!(f, "the card takes no such PIN ({status}): choose another one")
            }
            CardError::PinBlocked => f.write_str("the PIN is blocked: unblock it with the PUK"),
            CardError::NotVerified => write!(f, "the card wants the PIN where it should not (6982): {ODD}"),
            CardError::NotAllowed(status) => write!(f, "the card refuses in its state ({status}): {ODD}"),
            CardError::WrongData(status) => write!(f, "the card refuses the data ({status}): {ODD}"),
            CardError::NotFound(status) => write!(f, "the card lacks a file ({status}): {ODD}"),
            CardError::Unsupported => {
                f.write_str("the key or the chip has no such operation: nothing was sent")
            }
            CardError::Unexpected(status) => write!(f, "the card answers {status}: {ODD}"),
            CardError::Truncated => write!(f, "a file of the card ends before what stands in it does: {ODD}"),
            CardError::Malformed(what) => {
                write!(f, "what the card holds or answers is malformed ({what}): {ODD}")
            }
        }
    }
}

impl std::error::Error for CardError {}

impl From<NoMemory> for CardError {
    fn from(e: NoMemory) -> Self {
        CardError::Reader(e.into())
    }
}

impl From<ReaderError> for CardError {
    fn from(e: ReaderError) -> Self {
        CardError::Reader(e)
    }
}

/// A PIN of the card, as AODF announces it. See [`crate::pkcs15::PinObject`].
pub type PinObject = crate::pkcs15::PinObject;

/// State of a PIN's counters, as the card tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinState {
    /// Tries left, `None` when the card does not tell (already verified on CPS4).
    pub tries_left: Option<u8>,
    /// Tries after a good presentation.
    pub tries_max: Option<u8>,
    /// Uses left in the life of the PIN (PUK), when limited.
    pub uses_left: Option<u16>,
    /// The card says that the PIN is verified now.
    pub verified: bool,
}

/// A private key as the card addresses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRef {
    /// Key reference of PrKDF (81, 82 on CPS3, 83 over the air; 10, 20 on CPS4), stripped of PKCS
    /// #15's sign extension.
    pub reference: u8,
    /// Length of the modulus in bytes.
    pub modulus_len: usize,
    /// What the directory says the key is for.
    pub role: KeyRole,
}

/// The use for which a key was made; it decides which command the chip takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRole {
    /// Signs documents (nonRepudiation): PSO COMPUTE DIGITAL SIGNATURE.
    Signature,
    /// Authenticates and deciphers: INTERNAL AUTHENTICATE, PSO DECIPHER.
    Authentication,
}

/// What a deciphering command returned.
#[derive(Debug)]
pub enum Deciphered {
    /// The chip removed the PKCS #1 block type 2 padding.
    Plain(Zeroizing<Vec<u8>>),
    /// The whole block as the private key yields it; the host removes the padding.
    Block(Zeroizing<Vec<u8>>),
}

/// What one key of a chip can do; the token layer derives mechanisms from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Hashes that [`crate::crypto::ToSign::Digest`] takes.
    pub digest: &'static [Hash],
    /// Longest [`crate::crypto::ToSign::Bare`] in bytes; `None`: the key does not sign bare data.
    pub pkcs1_max: Option<usize>,
    /// Hashes that [`crate::crypto::ToSign::Pss`] takes.
    pub pss: &'static [Hash],
    /// [`crate::crypto::ToSign::Block`] works.
    pub raw: bool,
    /// [`Card::decipher`] works.
    pub decipher: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chips_have_names_and_keys() {
        use KeyRole::{Authentication, Signature};
        for (chip, name, roles) in [
            (Chip::Cps3, "CPS3", &[Signature, Authentication][..]),
            (Chip::Cps4, "CPS4", &[Signature, Authentication]),
            (Chip::Cps3Contactless, "CPS3 over the air", &[Authentication]),
        ] {
            assert_eq!(chip.to_string(), name);
            assert_eq!(chip.key_roles(), roles, "{name}");
        }
    }

    #[test]
    fn a_refusal_is_told_with_the_status_word_behind_it() {
        for (error, told) in [
            (CardError::NotAllowed(StatusWord(0x6985)), "6985"),
            (CardError::WrongData(StatusWord(0x6A80)), "6A80"),
            (CardError::NotFound(StatusWord(0x6A82)), "6A82"),
            (CardError::Unexpected(StatusWord(0x6F00)), "6F00"),
            (CardError::PinRefused(StatusWord(0x6700)), "6700"),
            (CardError::Malformed("AODF"), "AODF"),
            (CardError::PinBlocked, "unblock it"),
        ] {
            assert!(error.to_string().contains(told), "{error}");
        }
    }
}
