//! Exchanges with the card: one [`Command`] in, one [`Answer`] out, whatever the protocol makes of
//! it.

use base16ct::HexDisplay;
use zeroize::Zeroizing;

use crate::memory;

use super::{Command, Error, Malformed, StatusWord};
use crate::reader::{Connection, Protocol};

/// Class of the CPS2ter commands, a GSM-like set that answers 9Fxx where ISO 7816-4 answers 61xx.
const LEGACY_CLASS: u8 = 0xA0;

/// Class bits that GET RESPONSE takes over from the command: all but chaining.
const NOT_CHAINING: u8 = !0x10;

/// Most GET RESPONSE and repetitions for one command. 64 times 256 bytes is more than any answer of
/// these cards.
const ROUNDS: usize = 64;

/// Most bytes that come in so many rounds.
const LONGEST: usize = ROUNDS * 256;

/// What the card answered.
#[derive(Debug)]
pub struct Answer {
    /// Data, without the status word; wiped when dropped.
    pub data: Zeroizing<Vec<u8>>,
    /// The last status word. 9Fxx of class A0 is given as 61xx.
    pub sw: StatusWord,
}

impl Answer {
    fn without_data(sw: StatusWord) -> Self {
        Answer {
            data: Zeroizing::default(),
            sw,
        }
    }
}

/// The way to a card inside one transaction.
pub struct Channel<'c> {
    connection: &'c mut dyn Connection,
}

impl<'c> Channel<'c> {
    /// A channel over a connection whose transaction has begun.
    pub fn new(connection: &'c mut dyn Connection) -> Self {
        Channel { connection }
    }

    /// Protocol in use.
    pub fn protocol(&self) -> Protocol {
        self.connection.protocol()
    }

    /// Sends a command and collects its whole answer.
    ///
    /// Chains long data, repeats with the right length after 6Cxx and fetches what 61xx announces
    /// when the command expects an answer. A chain that the card refuses ends with that status
    /// word.
    pub fn exchange(&mut self, command: &Command) -> Result<Answer, Error> {
        let mut frames = command.frames(self.protocol())?;
        let last = frames.pop().ok_or(Malformed("command without a frame"))?;
        for frame in frames {
            let sw = self.pass(&frame, command)?.sw;
            if !sw.is_ok() {
                return Ok(Answer::without_data(sw));
            }
        }
        let mut answer = self.pass(&last, command)?;
        if let Some(exact) = answer.sw.exact_length()
            && command.expected().is_some()
            && (command.is_case_2() || self.protocol() == Protocol::T1)
        {
            answer = self.repeat(command, exact)?;
        }
        match command.expected() {
            Some(expected) => self.collect(command, expected, answer),
            // Some cards answer a SELECT that expects nothing.
            None => Ok(Answer::without_data(answer.sw)),
        }
    }

    /// Repeats the last frame of a command with the length that the card gave.
    fn repeat(&mut self, command: &Command, exact: usize) -> Result<Answer, Error> {
        let command = command.clone().expect(exact);
        match command.frames(self.protocol())?.pop() {
            Some(frame) => self.pass(&frame, &command),
            None => Err(Malformed("command without a frame").into()),
        }
    }

    /// Fetches the rest of an answer with GET RESPONSE (ISO 7816-4 §11.7.1).
    fn collect(&mut self, command: &Command, expected: usize, mut answer: Answer) -> Result<Answer, Error> {
        let room = expected.min(LONGEST).max(answer.data.len());
        let mut data = Zeroizing::new(memory::with_room(room)?);
        for _ in 0..ROUNDS {
            if data.len() + answer.data.len() > expected {
                return Err(Malformed("answer longer than asked for").into());
            }
            data.extend_from_slice(&answer.data);
            let class = command.class() & NOT_CHAINING;
            let Some(length) = answer.sw.waiting() else {
                return Ok(Answer { data, sw: answer.sw });
            };
            answer = self.pass_get_response(class, length, command)?;
            if let Some(exact) = answer.sw.exact_length() {
                answer = self.pass_get_response(class, exact, command)?;
            }
        }
        Err(Malformed("endless answer").into())
    }

    fn pass_get_response(&mut self, class: u8, length: usize, origin: &Command) -> Result<Answer, Error> {
        let mut command = Command::new([class, 0xC0, 0x00, 0x00]).expect(length);
        if origin.is_sensitive() {
            command = command.sensitive();
        }
        match command.frames(self.protocol())?.pop() {
            Some(frame) => self.pass(&frame, &command),
            None => Err(Malformed("command without a frame").into()),
        }
    }

    /// One frame there, one answer back.
    fn pass(&mut self, frame: &[u8], command: &Command) -> Result<Answer, Error> {
        trace(
            ">",
            frame,
            command.is_sensitive(),
            frame.get(..4).unwrap_or_default(),
        );
        let mut data = self.connection.transmit(frame)?;
        let Some((_, &[sw1, sw2])) = data.split_last_chunk::<2>() else {
            return Err(Malformed("answer without a status word").into());
        };
        let sw = if command.is_sensitive() {
            withheld(sw1, sw2)
        } else {
            [sw1, sw2]
        };
        trace("<", &data, command.is_sensitive(), &sw);
        let end = data.len().saturating_sub(2);
        data.truncate(end);
        let sw1 = if command.class() == LEGACY_CLASS && sw1 == 0x9F {
            0x61
        } else {
            sw1
        };
        Ok(Answer {
            data,
            sw: StatusWord(u16::from_be_bytes([sw1, sw2])),
        })
    }
}

/// Status word for the trace of a sensitive exchange: 61xx and 6Cxx tell the length of an answer.
fn withheld(sw1: u8, sw2: u8) -> [u8; 2] {
    if matches!(sw1, 0x61 | 0x6C | 0x9F) {
        [sw1, 0xFF]
    } else {
        [sw1, sw2]
    }
}

/// Writes one side of an exchange to the log: all of it, or only the `open` part.
fn trace(direction: &str, bytes: &[u8], sensitive: bool, open: &[u8]) {
    if !log::log_enabled!(target: "cpx_pkcs11::apdu", log::Level::Trace) {
        return;
    }
    let (shown, withheld) = match sensitive {
        true => (open, " (data withheld)"),
        false => (bytes, ""),
    };
    log::trace!(target: "cpx_pkcs11::apdu", "{direction} {}{withheld}", HexDisplay(shown));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::ReaderError;
    use crate::reader::script::{Script, logged};

    fn exchange(protocol: Protocol, script: &str, command: Command) -> Result<Answer, Error> {
        let mut connection = Script::connection(protocol, script);
        let _ = connection.begin().unwrap();
        let answer = Channel::new(&mut *connection).exchange(&command);
        connection.end();
        answer
    }

    fn sign() -> Command {
        Command::new([0x00, 0x2A, 0x9E, 0x9A])
            .data(&[0x11, 0x22])
            .expect(256)
    }

    fn read(length: usize) -> Command {
        Command::new([0x00, 0xB0, 0x00, 0x00]).expect(length)
    }

    #[test]
    fn t0_fetches_what_61xx_announces() {
        let script = "> 002A9E9A021122
                      < 6103
                      > 00C0000003
                      < AABBCC 9000";
        let answer = exchange(Protocol::T0, script, sign()).unwrap();
        assert_eq!(
            (&answer.data[..], answer.sw),
            (&[0xAA, 0xBB, 0xCC][..], StatusWord::OK)
        );
    }

    #[test]
    fn t0_joins_an_answer_that_comes_in_parts() {
        let script = "> 002A9E9A021122
                      < 6102
                      > 00C0000002
                      < AABB 6101
                      > 00C0000001
                      < 6C02
                      > 00C0000002
                      < CCDD 9000";
        assert_eq!(
            exchange(Protocol::T0, script, sign()).unwrap().data[..],
            [0xAA, 0xBB, 0xCC, 0xDD]
        );
    }

    #[test]
    fn t1_carries_command_and_answer_at_once() {
        let script = "> 002A9E9A021122 00
                      < AABB 9000";
        assert_eq!(
            exchange(Protocol::T1, script, sign()).unwrap().data[..],
            [0xAA, 0xBB]
        );
    }

    #[test]
    fn wrong_length_is_asked_again() {
        let script = "> 00B0000000
                      < 6C02
                      > 00B0000002
                      < 0102 9000";
        for protocol in [Protocol::T0, Protocol::T1] {
            assert_eq!(exchange(protocol, script, read(256)).unwrap().data[..], [1, 2]);
        }
    }

    #[test]
    fn a_command_with_data_is_asked_again_only_where_nothing_was_carried_out() {
        let script = "> 002A9E9A021122 00
                      < 6C02
                      > 002A9E9A021122 02
                      < AABB 9000";
        let answer = exchange(Protocol::T1, script, sign()).unwrap();
        assert_eq!(answer.data[..], [0xAA, 0xBB]);
        // Under T=0 the length that was wrong is not in the command, which the card may have
        // carried out.
        let answer = exchange(Protocol::T0, "> 002A9E9A021122\n< 6C02", sign()).unwrap();
        assert_eq!((answer.data.len(), answer.sw), (0, StatusWord(0x6C02)));
    }

    #[test]
    fn class_a0_says_9f_and_is_fetched_in_class_a0() {
        let command = Command::new([0xA0, 0xA4, 0x00, 0x00])
            .data(&[0x3F, 0x00])
            .expect(256);
        let script = "> A0A4000002 3F00
                      < 9F02
                      > A0C0000002
                      < 8500 9000";
        assert_eq!(
            exchange(Protocol::T0, script, command).unwrap().data[..],
            [0x85, 0x00]
        );
    }

    #[test]
    fn an_answer_that_nobody_wants_stays_on_the_card() {
        let command = Command::new([0x00, 0xA4, 0x09, 0x00]).data(&[0x3F, 0x00]);
        let answer = exchange(Protocol::T0, "> 00A4090002 3F00\n< 6119", command).unwrap();
        assert!(answer.sw.is_normal());
    }

    #[test]
    fn a_refused_chain_ends_at_once() {
        let command = Command::new([0x00, 0x2A, 0x80, 0x86]).data(&[0; 300]).expect(256);
        let script = format!("> 102A8086FF {}\n< 6985", "00".repeat(255));
        assert_eq!(
            exchange(Protocol::T0, &script, command).unwrap().sw,
            StatusWord(0x6985)
        );
    }

    #[test]
    fn data_in_the_middle_of_a_chain_are_dropped() {
        let command = Command::new([0x00, 0x2A, 0x80, 0x86]).data(&[0; 300]).expect(1);
        let script = format!("> 102A8086FF {}\n< 112233 6985", "00".repeat(255));
        let answer = exchange(Protocol::T1, &script, command).unwrap();
        assert_eq!((answer.data.len(), answer.sw), (0, StatusWord(0x6985)));
    }

    #[test]
    fn a_command_without_an_answer_is_never_repeated() {
        let verify = Command::new([0x00, 0x20, 0x00, 0x01]).data(b"1234");
        for protocol in [Protocol::T0, Protocol::T1] {
            let answer = exchange(protocol, "> 0020000104 31323334\n< 6C04", verify.clone()).unwrap();
            assert_eq!(answer.sw, StatusWord(0x6C04));
        }
    }

    #[test]
    fn unasked_data_is_dropped() {
        let answer = exchange(
            Protocol::T1,
            "> 01A4080002 0001\n< 6F00 9000",
            select_without_answer(),
        )
        .unwrap();
        assert_eq!((answer.data.len(), answer.sw), (0, StatusWord::OK));
    }

    fn select_without_answer() -> Command {
        Command::new([0x01, 0xA4, 0x08, 0x00]).data(&[0x00, 0x01])
    }

    #[test]
    fn the_trace_shows_commands_but_nothing_sensitive() {
        let open = logged(|| {
            exchange(Protocol::T1, "> 00B0000004\n< C0FFEE00 9000", read(4)).unwrap();
        });
        assert!(
            open.contains("> 00B0000004") && open.contains("< C0FFEE009000"),
            "{open}"
        );

        let verify = Command::new([0x00, 0x20, 0x00, 0x01]).data(b"1234").sensitive();
        let withheld = logged(|| {
            exchange(Protocol::T0, "> 0020000104 31323334\n< 63C2", verify).unwrap();
            let read = "> 00B0000000\n< 6C03\n> 00B0000003\n< C0FFEE 9000";
            exchange(Protocol::T0, read, super::tests::read(256).sensitive()).unwrap();
            let script = "> 002A808602 1122\n< 6103\n> 00C0000003\n< C0FFEE 9000";
            let decipher = Command::new([0x00, 0x2A, 0x80, 0x86])
                .data(&[0x11, 0x22])
                .expect(256);
            exchange(Protocol::T0, script, decipher.sensitive()).unwrap();
        });
        assert!(
            withheld.contains("> 00200001 (data withheld)\n< 63C2"),
            "{withheld}"
        );
        for secret in ["3132", "0020000104", "C0FFEE", "6C03", "6103", "0003", "1122"] {
            assert!(!withheld.contains(secret), "{secret} in {withheld}");
        }
    }

    #[test]
    fn impossible_answers_are_errors() {
        for (answer, command) in [("90", read(4)), ("", read(4)), ("0102030405 9000", read(4))] {
            let script = format!("> 00B0000004\n< {answer}");
            assert!(
                matches!(exchange(Protocol::T1, &script, command), Err(Error::Malformed(_))),
                "{answer}"
            );
        }
    }

    #[test]
    fn an_endless_answer_is_given_up() {
        let mut script = "> 00B0000000\n< 6101\n".to_string();
        script += &"> 00C0000001\n< 6101\n".repeat(64);
        assert!(matches!(
            exchange(Protocol::T0, &script, read(256)),
            Err(Error::Malformed(_))
        ));
    }

    #[test]
    fn a_reader_error_passes_through() {
        let removed = exchange(Protocol::T1, "> 00B0000004\n! Removed", read(4));
        assert_eq!(removed.unwrap_err(), Error::Reader(ReaderError::Removed));
    }
}
