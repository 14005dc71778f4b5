//! Command APDUs (ISO 7816-4 §5.1, short form) and their frames under each protocol (ISO 7816-3
//! §12).

use zeroize::Zeroizing;

use crate::memory;
use crate::reader::Protocol;

/// Longest data field of one short command.
const LC_MAX: usize = 255;

/// Longest answer of one short command, written as Le = 00.
const LE_MAX: usize = 256;

/// Class byte: another command of the chain follows (ISO 7816-4 §5.1.1.1).
const CHAINING: u8 = 0x10;

/// One command, as the caller means it: data longer than 255 bytes is sent as a chain.
///
/// Its bytes are wiped when it is dropped, since VERIFY carries a PIN.
#[derive(Clone)]
pub struct Command {
    header: [u8; 4],
    data: Zeroizing<Vec<u8>>,
    expected: Option<usize>,
    sensitive: bool,
}

impl Command {
    /// A command without data and without answer (case 1): CLA INS P1 P2.
    pub fn new(header: [u8; 4]) -> Self {
        Command {
            header,
            data: Zeroizing::default(),
            expected: None,
            sensitive: false,
        }
    }

    /// With a data field.
    pub fn data(mut self, data: &[u8]) -> Self {
        self.data = Zeroizing::new(data.to_vec());
        self
    }

    /// With an answer of up to `length` bytes (Ne); 256 and more ask for all there is.
    pub fn expect(mut self, length: usize) -> Self {
        self.expected = Some(length);
        self
    }

    /// Keeps data and answer, and their lengths, out of the trace.
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// CLA.
    pub fn class(&self) -> u8 {
        self.header[0]
    }

    /// Ne, when an answer is wanted.
    pub fn expected(&self) -> Option<usize> {
        self.expected
    }

    /// Whether its data stays out of the trace.
    pub fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    /// The only kind of command that may be repeated with another Le under T=0.
    pub fn is_case_2(&self) -> bool {
        self.data.is_empty() && self.expected.is_some()
    }

    /// What goes over the interface, in order: one frame, or the frames of a chain.
    pub(super) fn frames(&self, protocol: Protocol) -> memory::Result<Vec<Zeroizing<Vec<u8>>>> {
        let mut blocks = memory::collect(self.data.chunks(LC_MAX))?;
        let last = blocks.pop().unwrap_or_default();
        let mut frames = memory::with_room(blocks.len() + 1)?;
        for block in blocks {
            frames.push(self.frame(protocol, block, false)?);
        }
        frames.push(self.frame(protocol, last, true)?);
        Ok(frames)
    }

    fn frame(&self, protocol: Protocol, block: &[u8], last: bool) -> memory::Result<Zeroizing<Vec<u8>>> {
        // Room for all of it, so that growing never leaves a copy behind.
        let room = self.header.len() + 1 + block.len() + 1;
        let mut frame = Zeroizing::new(memory::with_room(room)?);
        let [class, ins, p1, p2] = self.header;
        frame.extend([if last { class } else { class | CHAINING }, ins, p1, p2]);
        if let Ok(lc @ 1..) = u8::try_from(block.len()) {
            frame.push(lc);
            frame.extend_from_slice(block);
        }
        match (protocol, self.expected) {
            // T=0 carries data one way at a time: the answer of a case 4 waits for GET RESPONSE.
            (Protocol::T0, _) if !block.is_empty() => {}
            // P3 is part of every T=0 header (ISO 7816-3 §12.2.2).
            (Protocol::T0, None) => frame.push(0),
            (_, Some(length)) if last => frame.push(le(length)),
            _ => {}
        }
        Ok(frame)
    }
}

/// Le byte for an answer of up to `length` bytes.
fn le(length: usize) -> u8 {
    if length < LE_MAX { length as u8 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(command: Command, protocol: Protocol) -> Vec<Vec<u8>> {
        command
            .frames(protocol)
            .expect("memory")
            .iter()
            .map(|f| f.to_vec())
            .collect()
    }

    #[test]
    fn the_four_cases_under_both_protocols() {
        let case_1 = || Command::new([0x01, 0x20, 0x00, 0x01]);
        let case_2 = || Command::new([0x00, 0xB0, 0x00, 0x00]).expect(12);
        let case_3 = || Command::new([0x00, 0xA4, 0x09, 0x0C]).data(&[0x3F, 0x00]);
        let case_4 = || Command::new([0x00, 0x88, 0x00, 0x00]).data(&[0xAA]).expect(256);
        for (protocol, command, bytes) in [
            (Protocol::T0, case_1(), vec![0x01, 0x20, 0x00, 0x01, 0x00]),
            (Protocol::T1, case_1(), vec![0x01, 0x20, 0x00, 0x01]),
            (Protocol::T0, case_2(), vec![0x00, 0xB0, 0x00, 0x00, 0x0C]),
            (Protocol::T1, case_2(), vec![0x00, 0xB0, 0x00, 0x00, 0x0C]),
            (
                Protocol::T0,
                case_3(),
                vec![0x00, 0xA4, 0x09, 0x0C, 0x02, 0x3F, 0x00],
            ),
            (
                Protocol::T1,
                case_3(),
                vec![0x00, 0xA4, 0x09, 0x0C, 0x02, 0x3F, 0x00],
            ),
            (Protocol::T0, case_4(), vec![0x00, 0x88, 0x00, 0x00, 0x01, 0xAA]),
            (
                Protocol::T1,
                case_4(),
                vec![0x00, 0x88, 0x00, 0x00, 0x01, 0xAA, 0x00],
            ),
        ] {
            assert_eq!(frames(command, protocol), [bytes]);
        }
    }

    #[test]
    fn long_data_is_chained() {
        let sent = frames(
            Command::new([0x01, 0x2A, 0x80, 0x86])
                .data(&[0x55; 256])
                .expect(256),
            Protocol::T1,
        );
        let [first, second] = sent.as_slice() else {
            panic!("two frames")
        };
        assert_eq!(first[..5], [0x11, 0x2A, 0x80, 0x86, 0xFF]);
        assert_eq!(first.len(), 5 + 255);
        assert_eq!(second[..], [0x01, 0x2A, 0x80, 0x86, 0x01, 0x55, 0x00]);
    }

    #[test]
    fn exactly_255_bytes_are_one_frame() {
        let sent = frames(
            Command::new([0x00, 0xD6, 0x00, 0x00]).data(&[0; 255]),
            Protocol::T0,
        );
        assert_eq!(sent.iter().map(Vec::len).collect::<Vec<_>>(), [260]);
    }
}
