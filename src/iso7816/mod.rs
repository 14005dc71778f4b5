//! Layer 2: ISO 7816-4. Commands, answers, status words, BER-TLV, and the ways in which T=0 and T=1
//! carry them.

mod channel;
mod command;
mod status;

pub use channel::{Answer, Channel};
pub use command::Command;
pub use status::StatusWord;

pub use crate::tlv::{self, Malformed};

use std::fmt;

use crate::memory::NoMemory;
use crate::reader::ReaderError;

/// Why an exchange gave no status word to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The reader, the service or the absence of the card.
    Reader(ReaderError),
    /// An answer that no card may give.
    Malformed(Malformed),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Reader(why) => why.fmt(f),
            Error::Malformed(what) => what.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

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

impl From<Malformed> for Error {
    fn from(e: Malformed) -> Self {
        Error::Malformed(e)
    }
}
