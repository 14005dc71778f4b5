//! Answers as each transmission protocol carries them: `61xx` and GET RESPONSE, `6Cxx` on a wrong Le.

use crate::apdu::Apdu;
use crate::card::Protocol;
use crate::status::Status;

/// Data of an answer or the status word that refuses the command.
pub type Answer = Result<Vec<u8>, Status>;

/// Class of the files of the former generation, which says `9Fxx` where others say `61xx`.
pub const LEGACY_CLASS: u8 = 0xA0;

/// The answer that GET RESPONSE has not fetched yet.
#[derive(Debug, Default)]
pub struct Waiting {
    data: Vec<u8>,
    legacy: bool,
}

impl Waiting {
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
        if self.data.len() < expected {
            return bare(Status::right_length(self.data.len()));
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
            Protocol::T0 if apdu.only_reads() => exact(&data, apdu.expected.unwrap_or(256)),
            Protocol::T0 => self.announce(data, apdu.cla == LEGACY_CLASS),
            Protocol::T1 => match apdu.expected {
                None => bare(Status::DONE),
                Some(256) if data.len() <= 256 => done(data),
                Some(expected) if data.len() < expected => bare(Status::right_length(data.len())),
                Some(expected) => {
                    self.keep(data, false);
                    self.part(expected)
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

    fn status(&self) -> Status {
        match self.data.len() {
            0 => Status::DONE,
            length if self.legacy => Status::legacy_waiting(length),
            length => Status::waiting(length),
        }
    }
}

/// An answer of exactly Le bytes, or the right Le.
fn exact(data: &[u8], expected: usize) -> Vec<u8> {
    match data.len() == expected {
        true => done(data.to_vec()),
        false => bare(Status::right_length(data.len())),
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
