//! What was said between a card and its reader: for a program as JSON lines, for a person as a protocol log.
//!
//! A trace holds everything, codes and plaintexts included: it is a tool for cards that do not exist. Do not point
//! it at a real person's code.
//!
//! ```
//! use sim_cards::{Options, SimCard, persona, trace};
//!
//! let persona = persona::find("doctor-gp-cps4").unwrap();
//! let mut card = SimCard::from_persona(&persona, &Options::default());
//! card.set_observer(trace::Writer::new(std::io::stderr(), trace::Format::Json).into_observer());
//! card.power_on();
//! card.transmit(&[0x01, 0xA4, 0x04, 0x0C, 0x08, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x01, 0x00]);
//! ```

mod command;
mod decoder;
mod writer;

use std::time::Duration;

use crate::iso7816::status::Status;

pub use command::name;
pub use decoder::{Decoded, Decoder};
pub use writer::{Format, Writer};

/// One command and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Counted from 1, since the card was made.
    pub number: u64,
    /// The APDU, as the reader sent it.
    pub command: Vec<u8>,
    /// Empty if the card did not answer.
    pub answer: Vec<u8>,
    /// Time the card took.
    pub elapsed: Duration,
}

impl Exchange {
    /// The status word of the answer, if there is one.
    pub fn status(&self) -> Option<Status> {
        self.answer
            .last_chunk::<2>()
            .map(|word| Status(u16::from_be_bytes(*word)))
    }
}

/// Sums over all exchanges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Commands, GET RESPONSE included.
    pub apdus: u64,
    /// Bytes of all commands.
    pub sent: u64,
    /// Bytes of all answers, status words included.
    pub received: u64,
    /// How long a real card would have taken, see [`crate::line::timing`].
    pub estimated: Duration,
}

impl Totals {
    pub(crate) fn add(&mut self, exchange: &Exchange, estimated: Duration) {
        self.apdus += 1;
        self.sent += exchange.command.len() as u64;
        self.received += exchange.answer.len() as u64;
        self.estimated += estimated;
    }
}
