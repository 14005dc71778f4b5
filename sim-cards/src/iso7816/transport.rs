//! Answers as each transmission protocol carries them: `61xx` and GET RESPONSE, `6Cxx` on a wrong Le.

use crate::iso7816::apdu::Apdu;
use crate::iso7816::interface::Protocol;
use crate::iso7816::status::Status;

/// Data of an answer or the status word that refuses the command.
pub type Answer = Result<Vec<u8>, Status>;

/// Class of the files of the former generation, which says `9Fxx` where others say `61xx`.
pub const LEGACY_CLASS: u8 = 0xA0;

/// Longest answer of a card that is not told otherwise, without its status word.
pub const LARGEST_ANSWER: usize = 256;

/// The answer that GET RESPONSE has not fetched yet.
#[derive(Debug)]
pub struct Waiting {
    /// Bytes that one answer holds at most.
    largest: usize,
    data: Vec<u8>,
    legacy: bool,
}

impl Waiting {
    /// Nothing waits. `largest` is the length of the longest answer, 1 to 256, without its status word.
    pub fn new(largest: usize) -> Self {
        Self {
            largest: largest.clamp(1, LARGEST_ANSWER),
            data: Vec::new(),
            legacy: false,
        }
    }

    /// Forgets what waits.
    pub fn clear(&mut self) {
        self.data.clear();
    }

    /// GET RESPONSE: at most Le bytes, the rest keeps waiting.
    pub fn get_response(&mut self, apdu: &Apdu<'_>) -> Vec<u8> {
        if self.data.is_empty() || self.legacy != (apdu.cla == LEGACY_CLASS) {
            self.clear();
            return bare(Status::CONDITIONS_NOT_SATISFIED);
        }
        if apdu.p1 != 0 || apdu.p2 != 0 {
            return bare(Status::WRONG_PARAMETERS);
        }
        let expected = apdu.expected.unwrap_or(256);
        let available = self.data.len().min(self.largest);
        if available < expected {
            return bare(Status::right_length(available));
        }
        self.part(expected)
    }

    /// The complete response to a command.
    pub fn respond(&mut self, protocol: Protocol, apdu: &Apdu<'_>, answer: Answer) -> Vec<u8> {
        let data = match answer {
            Err(status) => return bare(status),
            Ok(data) if data.is_empty() => return bare(Status::DONE),
            Ok(data) => data,
        };
        match protocol {
            Protocol::T0 if apdu.only_reads() => self.exact(&data, apdu.expected.unwrap_or(256)),
            Protocol::T0 => self.announce(data, apdu.cla == LEGACY_CLASS),
            Protocol::T1 => match apdu.expected {
                None => bare(Status::DONE),
                Some(_) if apdu.only_reads() && data.len() > self.largest => {
                    done(data.into_iter().take(self.largest).collect())
                }
                Some(256) if data.len() <= self.largest => done(data),
                Some(expected) if expected < 256 && data.len() < expected => {
                    bare(Status::right_length(data.len()))
                }
                Some(expected) => {
                    self.keep(data, false);
                    self.part(expected.min(self.largest))
                }
            },
        }
    }

    fn keep(&mut self, data: Vec<u8>, legacy: bool) {
        self.data = data;
        self.legacy = legacy;
    }

    fn announce(&mut self, data: Vec<u8>, legacy: bool) -> Vec<u8> {
        self.keep(data, legacy);
        bare(self.status())
    }

    fn part(&mut self, length: usize) -> Vec<u8> {
        let rest = self.data.split_off(length.min(self.data.len()));
        let part = std::mem::replace(&mut self.data, rest);
        with_status(part, self.status())
    }

    /// An answer of exactly Le bytes, or the right Le.
    fn exact(&self, data: &[u8], expected: usize) -> Vec<u8> {
        let available = data.len().min(self.largest);
        match available == expected {
            true => done(data.to_vec()),
            false => bare(Status::right_length(available)),
        }
    }

    fn status(&self) -> Status {
        match self.data.len().min(self.largest) {
            0 => Status::DONE,
            length if self.legacy => Status::legacy_waiting(length),
            length => Status::waiting(length),
        }
    }
}

fn done(data: Vec<u8>) -> Vec<u8> {
    with_status(data, Status::DONE)
}

fn bare(status: Status) -> Vec<u8> {
    status.to_bytes().to_vec()
}

fn with_status(mut data: Vec<u8>, status: Status) -> Vec<u8> {
    data.extend(status.to_bytes());
    data
}
