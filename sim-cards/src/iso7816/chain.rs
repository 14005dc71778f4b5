//! Command chaining (ISO 7816-4 §5.3.3): bit 5 of the class says that more follows.

use crate::iso7816::apdu::{Apdu, ins};
use crate::iso7816::status::Status;

const MORE_FOLLOWS: u8 = 0x10;
/// Nothing that these cards chain is longer than one RSA block, of 4096 bits at most, and its prefix.
const LONGEST: usize = 1 + 512;

/// The commands of a chain collected so far.
#[derive(Debug, Default)]
pub struct Chain {
    started: Option<([u8; 3], Vec<u8>)>,
}

/// What a command is within a chain.
#[derive(Debug, PartialEq, Eq)]
pub enum Link {
    /// Taken in, more follows: nothing to do yet.
    Kept,
    /// Complete: the whole data of the chain.
    Complete(Vec<u8>),
}

impl Chain {
    /// Takes one command in. A command that belongs to another chain gives `6883` and drops what was collected;
    /// only PSO DECIPHER may be chained.
    pub fn accept(&mut self, apdu: &Apdu<'_>) -> Result<Link, Status> {
        let header = [apdu.ins, apdu.p1, apdu.p2];
        let mut data = match self.started.take() {
            Some((started, data)) if started == header => data,
            Some(_) => return Err(Status::LAST_OF_CHAIN_EXPECTED),
            None => Vec::new(),
        };
        if data.len() + apdu.data.len() > LONGEST {
            return Err(Status::WRONG_LENGTH);
        }
        data.extend_from_slice(apdu.data);
        if apdu.cla & MORE_FOLLOWS == 0 {
            return Ok(Link::Complete(data));
        }
        if header != [ins::PERFORM_SECURITY_OPERATION, 0x80, 0x86] {
            return Err(Status::CHAINING_NOT_SUPPORTED);
        }
        self.started = Some((header, data));
        Ok(Link::Kept)
    }

    /// Forgets a started chain.
    pub fn clear(&mut self) {
        self.started = None;
    }
}
