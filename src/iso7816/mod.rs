//! Floor 2: ISO 7816-4. Commands, answers, status words, BER-TLV, and the ways in which T=0 and T=1 carry them.

mod channel;
mod command;
mod status;
pub mod tlv;

pub use channel::{Answer, Channel};
pub use command::Command;
pub use status::StatusWord;

use crate::memory::NoMemory;
use crate::reader::ReaderError;

/// Data of the card that does not have the shape it should have; says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// Why an exchange gave no status word to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The reader, the service or the absence of the card.
    Reader(ReaderError),
    /// An answer that no card may give.
    Malformed(Malformed),
}

impl From<ReaderError> for Error {
    fn from(e: ReaderError) -> Self {
        Error::Reader(e)
    }
}

impl From<NoMemory> for Error {
    fn from(e: NoMemory) -> Self {
        Error::Reader(e.into())
    }
}

impl From<NoMemory> for Malformed {
    fn from(_: NoMemory) -> Self {
        Malformed::NO_MEMORY
    }
}

impl Malformed {
    /// Data of the card for which the host has no memory left.
    pub const NO_MEMORY: Malformed = Malformed("more than the memory of the host holds");
}

impl From<Malformed> for Error {
    fn from(e: Malformed) -> Self {
        Error::Malformed(e)
    }
}
