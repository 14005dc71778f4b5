//! Floor 4: the chips. Recognition, the [`Card`] trait and a driver for each chip.
//!
//! A driver knows its commands and status words; it knows no Cryptoki type. Every method of [`Card`] is one
//! logical operation: it takes one PC/SC transaction, recovers once when another program has reset the card or selected
//! another application, and leaves the card free for others.

mod chipdoc;
mod commands;
mod cps;
mod dialogue;
mod files;
mod ias_ecc;
mod legacy;
mod pins;
#[cfg(test)]
mod random_card_tests;
mod recognise;
#[cfg(test)]
mod scripted;
mod security_object;
mod update;

pub use recognise::{candidate, recognise};

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::config::Logout;
use crate::crypto::{Hash, ToSign};
use crate::memory::NoMemory;
#[cfg(test)]
use crate::pkcs15::Objects;
use crate::pkcs15::{Certificate, DataObject, Path, PrivateKey, PublicKey, TokenDirectory};
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
    /// The card in the reader is not one of ours, by its answer to reset or its issuer. No further command is due to it.
    NotRecognized,
    /// The answer to reset is that of one of ours, but the card does not show its number; that may have been a slip.
    Unidentified,
    /// The card was left half written by an update of its data (EF_ACTUA) and must not be used.
    InterruptedUpdate,
    /// The card's data were updated since they were read: all that is known of it must be read anew, as of another card.
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
    PinRefused(u16),
    /// The PIN is blocked (6983, or no try left), or all its uses are spent (6984).
    PinBlocked,
    /// The card wants the PIN first (6982).
    NotVerified,
    /// The card refuses the operation in its present state (6985, 6984, 6986, 6900).
    NotAllowed(u16),
    /// The card refuses the data or their length (6700, 6A80, ...).
    WrongData(u16),
    /// No such file (6A82) or data object (6A88).
    NotFound(u16),
    /// The key or the chip has no such operation; nothing was sent.
    Unsupported,
    /// Any other status word.
    Unexpected(u16),
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
                write!(f, "the card takes no such PIN ({status:04X}): choose another one")
            }
            CardError::PinBlocked => f.write_str("the PIN is blocked: unblock it with the PUK"),
            CardError::NotVerified => write!(f, "the card wants the PIN where it should not (6982): {ODD}"),
            CardError::NotAllowed(status) => write!(f, "the card refuses in its state ({status:04X}): {ODD}"),
            CardError::WrongData(status) => write!(f, "the card refuses the data ({status:04X}): {ODD}"),
            CardError::NotFound(status) => write!(f, "the card lacks a file ({status:04X}): {ODD}"),
            CardError::Unsupported => {
                f.write_str("the key or the chip has no such operation: nothing was sent")
            }
            CardError::Unexpected(status) => write!(f, "the card answers {status:04X}: {ODD}"),
            CardError::Truncated => write!(f, "a file of the card ends before what stands in it does: {ODD}"),
            CardError::Malformed(what) => {
                write!(f, "what the card holds or answers is malformed ({what}): {ODD}")
            }
        }
    }
}

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
    /// Key reference of PrKDF (81, 82 on CPS3, 83 over the air; 10, 20 on CPS4), stripped of PKCS #15's sign extension.
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

/// What one key of a chip can do; the token floor derives mechanisms from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Hashes that [`ToSign::Digest`] takes.
    pub digest: &'static [Hash],
    /// Longest [`ToSign::Bare`] in bytes; `None`: the key does not sign bare data.
    pub pkcs1_max: Option<usize>,
    /// Hashes that [`ToSign::Pss`] takes.
    pub pss: &'static [Hash],
    /// [`ToSign::Block`] works.
    pub raw: bool,
    /// [`Card::decipher`] works.
    pub decipher: bool,
}

/// A recognised card.
pub trait Card: Send {
    /// The chip.
    fn chip(&self) -> Chip;

    /// EF.SN.ICC: the ten bytes of the card number (tag 5A): issuer 8025000001, eight digits, check digit, filler.
    fn number(&self) -> &[u8];

    /// Reads ODF, TokenInfo and AODF, which are enough for the token's information, and on CPS3 EF_ACTUA; see
    /// [`Card::check_update`].
    fn read_token_info(&mut self) -> Result<TokenDirectory, CardError>;

    /// Looks whether the card's data still are those of [`Card::read_token_info`], unless that was looked at less than
    /// `max_age` ago. The same is done in each transaction before which another program has reset the card.
    ///
    /// # Errors
    /// [`CardError::Updated`], and [`CardError::InterruptedUpdate`] when EF_ACTUA tells of an update that has not ended.
    fn check_update(&mut self, max_age: Duration) -> Result<(), CardError>;

    /// Reads PrKDF, if ODF names one.
    fn read_private_keys(&mut self) -> Result<Vec<PrivateKey>, CardError>;

    /// Reads PuKDF, if ODF names one; no key file.
    fn read_public_keys(&mut self) -> Result<Vec<PublicKey>, CardError>;

    /// Reads CDF, if ODF names one; no certificate.
    fn read_certificates(&mut self) -> Result<Vec<Certificate>, CardError>;

    /// Reads DODF, if ODF names one, and adds the data objects of the CPS2ter side of a CPS3, which no directory
    /// names; no data file.
    fn read_data_objects(&mut self) -> Result<Vec<DataObject>, CardError>;

    /// Reads PrKDF, PuKDF, CDF and DODF.
    #[cfg(test)]
    fn read_objects(&mut self) -> Result<Objects, CardError> {
        Ok(Objects {
            private_keys: self.read_private_keys()?,
            public_keys: self.read_public_keys()?,
            certificates: self.read_certificates()?,
            data: self.read_data_objects()?,
        })
    }

    /// Reads the one BER-TLV object with which a file begins, a certificate, and nothing of what fills the file
    /// behind it: `ceil(n / 256)` reads for an object of n bytes.
    fn read_object(&mut self, path: &Path) -> Result<Zeroizing<Vec<u8>>, CardError>;

    /// Reads the first `length` bytes of that object, or all of it if it is shorter.
    fn read_object_head(&mut self, path: &Path, length: usize) -> Result<Zeroizing<Vec<u8>>, CardError>;

    /// Reads a transparent file whole, or the part that `path` names.
    fn read_file(&mut self, path: &Path) -> Result<Zeroizing<Vec<u8>>, CardError>;

    /// Overwrites a transparent file from its start, never a part of one.
    fn write_file(&mut self, path: &Path, content: &[u8]) -> Result<(), CardError>;

    /// Length of a transparent file in bytes, without reading it.
    fn file_size(&mut self, path: &Path) -> Result<usize, CardError>;

    /// Asks for the counters of a PIN. Never costs a try.
    fn pin_state(&mut self, pin: &PinObject) -> Result<PinState, CardError>;

    /// Presents a PIN, once; again only when another application was the selected one and the card shows that no try was lost, of those
    /// that were left before if `tries` is known. `digits` is checked against the limits of `pin` before anything is sent.
    fn verify(&mut self, pin: &PinObject, digits: &[u8], tries: Option<u8>) -> Result<(), CardError>;

    /// Replaces the PIN.
    ///
    /// On CPS4 this takes two commands: when the card refuses the new PIN, the old one holds and stays verified.
    fn change_pin(&mut self, pin: &PinObject, old: &[u8], new: &[u8]) -> Result<(), CardError>;

    /// Sets a new PIN after the PUK was verified with [`Card::verify`].
    fn unblock_pin(&mut self, pin: &PinObject, new: &[u8]) -> Result<(), CardError>;

    /// Makes the card forget every verified PIN, unless another program uses it and `logout` spares that.
    ///
    /// Neither chip is known to have a command for it, so the card is reset: for every other program that uses it
    /// its selected application and its verified PIN are gone too. Waits for the end of their transactions.
    fn logout(&mut self, logout: Logout) -> Result<(), CardError>;

    /// Whether PINs verified earlier may still be; asks the PC/SC service only, never the card.
    /// `false`: another program has reset the card since the last [`Card::verify`] that succeeded.
    fn continuous(&mut self) -> Result<bool, CardError>;

    /// [`Card::continuous`] as far as our own transactions have shown; asks nobody.
    fn seen_continuous(&self) -> bool;

    /// Whether a reset or the like by another program was noticed since this was last asked; asks nobody.
    fn take_disturbance(&mut self) -> bool;

    /// What the key can do.
    fn abilities(&self, key: &KeyRef) -> Abilities;

    /// Signs; the answer has the modulus' length. The security environment is set in the same transaction.
    fn sign(&mut self, key: &KeyRef, what: &ToSign) -> Result<Vec<u8>, CardError>;

    /// Private-key operation on a cryptogram of the modulus' length.
    fn decipher(&mut self, key: &KeyRef, cryptogram: &[u8]) -> Result<Deciphered, CardError>;

    /// Fills `out` with random bytes of the card.
    fn random(&mut self, out: &mut [u8]) -> Result<(), CardError>;
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
            (CardError::NotAllowed(0x6985), "6985"),
            (CardError::WrongData(0x6A80), "6A80"),
            (CardError::NotFound(0x6A82), "6A82"),
            (CardError::Unexpected(0x6F00), "6F00"),
            (CardError::PinRefused(0x6700), "6700"),
            (CardError::Malformed("AODF"), "AODF"),
            (CardError::PinBlocked, "unblock it"),
        ] {
            assert!(error.to_string().contains(told), "{error}");
        }
    }
}
