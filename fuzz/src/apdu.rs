//! Commands under both protocols, and any answers to them: chains, GET RESPONSE, 6Cxx.

use cpx_pkcs11::iso7816::{Channel, Command};
use cpx_pkcs11::reader::{Connection, Continuity, Protocol, ReaderError};
use zeroize::Zeroizing;

use crate::input::Input;

/// Frames of the longest command here, and what a card can make the channel add to it.
const EXCHANGES_MAX: u32 = 300;

/// A card that answers what the input says.
struct Answers<'a> {
    protocol: Protocol,
    input: Input<'a>,
    exchanges: u32,
}

impl Connection for Answers<'_> {
    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn begin(&mut self) -> Result<Continuity, ReaderError> {
        Ok(Continuity::Kept)
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReaderError> {
        assert!(
            (4..=261).contains(&command.len()),
            "{} bytes for one frame",
            command.len()
        );
        self.exchanges += 1;
        assert!(self.exchanges < EXCHANGES_MAX, "a card can keep the channel busy");
        if self.input.is_empty() {
            return Err(ReaderError::Removed);
        }
        // Few bits for the length, so that an answer is soon followed by another one.
        let length = match self.input.byte() {
            0xFF => usize::from(self.input.short()),
            length => usize::from(length),
        };
        Ok(Zeroizing::new(self.input.bytes(length).to_vec()))
    }

    fn end(&mut self) {}

    fn keep(&mut self, _keep: bool) {}

    fn check(&mut self) -> Result<Continuity, ReaderError> {
        Ok(Continuity::Kept)
    }

    fn reset(&mut self) -> Result<(), ReaderError> {
        Ok(())
    }

    fn reset_if_alone(&mut self) -> Result<bool, ReaderError> {
        self.reset().map(|()| true)
    }
}

/// `protocol, flags, CLA, INS, P1, P2, length of the data (2), expected (2)`, then answers with their lengths.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let protocol = input.choose(&[Protocol::T0, Protocol::T1]);
    let flags = input.byte();
    let header = [input.byte(), input.byte(), input.byte(), input.byte()];
    let content = vec![0x5A; usize::from(input.short() % 1024)];
    let expected = usize::from(input.short() % 1024);
    let mut command = Command::new(header).data(&content);
    if flags & 1 != 0 {
        command = command.expect(expected);
    }
    if flags & 2 != 0 {
        command = command.sensitive();
    }
    let mut card = Answers {
        protocol,
        input,
        exchanges: 0,
    };
    // Several commands, as a channel serves them.
    for _ in 0..=(flags >> 6) {
        card.exchanges = 0;
        if let Ok(answer) = Channel::new(&mut card).exchange(&command) {
            let most = command.expected().unwrap_or(0);
            assert!(
                answer.data.len() <= most,
                "{} bytes instead of {most}",
                answer.data.len()
            );
        }
    }
}

/// A dialogue of each kind.
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let command = |protocol: u8, flags: u8, header: [u8; 4], data: u16, expected: u16, answers: &[&[u8]]| {
        let mut seed = vec![protocol, flags];
        seed.extend(header);
        seed.extend(data.to_be_bytes());
        seed.extend(expected.to_be_bytes());
        for answer in answers {
            seed.push(answer.len() as u8);
            seed.extend_from_slice(answer);
        }
        seed
    };
    let read = [0x00, 0xB0, 0x00, 0x00];
    let sign = [0x00, 0x2A, 0x9E, 0x9A];
    let legacy = [0xA0, 0xA4, 0x00, 0x00];
    [
        ("read", command(0, 1, read, 0, 4, &[&[1, 2, 3, 4, 0x90, 0]])),
        (
            "wrong-length",
            command(1, 1, read, 0, 256, &[&[0x6C, 2], &[1, 2, 0x90, 0]]),
        ),
        (
            "waiting",
            command(
                0,
                3,
                sign,
                32,
                256,
                &[&[0x61, 2], &[1, 2, 0x61, 1], &[0x6C, 1], &[3, 0x90, 0]],
            ),
        ),
        (
            "chain",
            command(1, 1, sign, 700, 0, &[&[0x90, 0], &[0x90, 0], &[1, 0x90, 0]]),
        ),
        (
            "legacy",
            command(0, 1, legacy, 2, 256, &[&[0x9F, 2], &[1, 2, 0x90, 0]]),
        ),
    ]
    .map(|(name, seed)| (name.to_owned(), seed))
    .into()
}
