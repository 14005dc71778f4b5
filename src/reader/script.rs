//! A connection for tests that plays a written dialogue and fails the test when the driver says
//! anything else.
//!
//! ```text
//! # what follows is a comment
//! > 00 A4 09 0C 02 3F00     the command that must come
//! < 9000                    the card's answer
//! ! Removed                 instead of an answer: a reader error
//! ~ reset                   another program resets the card here: the next look says so
//! ~ return                  the driver had no connection for a while; the next transaction says so
//! = reset                   the driver must reset the card here
//! = others                  it must try so here, and learns that another program uses the card
//! ```

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;

use base16ct::HexDisplay;
use zeroize::Zeroizing;

use super::{Connection, Continuity, Protocol, ReaderError};

#[derive(Clone, PartialEq)]
enum Line {
    Command(Vec<u8>),
    Answer(Vec<u8>),
    Failure(ReaderError),
    ForeignReset,
    Return,
    OwnReset,
    Others,
}

/// As the script writes it.
impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, bytes) = match self {
            Line::Command(bytes) => ('>', bytes),
            Line::Answer(bytes) => ('<', bytes),
            Line::Failure(error) => return write!(f, "! {error:?}"),
            Line::ForeignReset => return f.write_str("~ reset"),
            Line::Return => return f.write_str("~ return"),
            Line::OwnReset => return f.write_str("= reset"),
            Line::Others => return f.write_str("= others"),
        };
        write!(f, "{kind} {}", HexDisplay(bytes))
    }
}

pub(crate) struct Script {
    protocol: Protocol,
    lines: VecDeque<Line>,
    in_transaction: bool,
    /// A check has told of a reset.
    checked: bool,
}

impl Script {
    pub(crate) fn connection(protocol: Protocol, text: &str) -> Box<dyn Connection> {
        let lines = text.lines().filter_map(parse).collect();
        Box::new(Script {
            protocol,
            lines,
            in_transaction: false,
            checked: false,
        })
    }

    fn next(&mut self) -> Line {
        self.lines.pop_front().expect("the script is at its end")
    }

    /// What the next line says of the card's past.
    fn continuity(&self) -> Continuity {
        match self.lines.front() {
            Some(Line::ForeignReset) => Continuity::Reset,
            Some(Line::Return) => Continuity::Returned,
            _ => Continuity::Kept,
        }
    }
}

fn parse(line: &str) -> Option<Line> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let (kind, rest) = line.split_at_checked(1)?;
    Some(match kind {
        ">" => Line::Command(hex(rest)),
        "<" => Line::Answer(hex(rest)),
        "!" => Line::Failure(match rest.trim() {
            "Removed" => ReaderError::Removed,
            "Mute" => ReaderError::Mute,
            "Failed" => ReaderError::Failed,
            other => panic!("no reader error {other}"),
        }),
        "~" if rest.trim() == "return" => Line::Return,
        "~" => Line::ForeignReset,
        "=" if rest.trim() == "others" => Line::Others,
        "=" => Line::OwnReset,
        other => panic!("no line of a script begins with {other}"),
    })
}

/// Bytes written in hexadecimal, with blanks anywhere.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    base16ct::mixed::decode_vec(digits).expect("an even number of hexadecimal digits")
}

/// What `act` writes to the log on this thread, at every level.
pub(crate) fn logged(act: impl FnOnce()) -> String {
    struct Listener;
    thread_local!(static HEARD: RefCell<String> = const { RefCell::new(String::new()) });
    impl log::Log for Listener {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &log::Record<'_>) {
            HEARD.with_borrow_mut(|heard| *heard += &format!("{}\n", record.args()));
        }
        fn flush(&self) {}
    }
    // The first test to come here sets it, for all of them.
    let _ = log::set_logger(&Listener);
    log::set_max_level(log::LevelFilter::Trace);
    HEARD.take();
    act();
    HEARD.take()
}

impl Connection for Script {
    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn begin(&mut self) -> Result<Continuity, ReaderError> {
        assert!(!self.in_transaction, "a transaction in a transaction");
        self.in_transaction = true;
        let continuity = self.continuity();
        if continuity != Continuity::Kept {
            self.lines.pop_front();
        }
        Ok(continuity)
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReaderError> {
        assert!(self.in_transaction, "an exchange outside a transaction");
        let sent = Line::Command(command.to_vec());
        let expected = self.next();
        assert!(
            sent == expected,
            "the driver sent\n{sent:?}\ninstead of\n{expected:?}"
        );
        match self.next() {
            Line::Answer(bytes) => Ok(Zeroizing::new(bytes)),
            Line::Failure(error) => Err(error),
            other => panic!("{other:?} is no answer"),
        }
    }

    fn end(&mut self) {
        assert!(self.in_transaction, "the end of no transaction");
        self.in_transaction = false;
    }

    fn keep(&mut self, keep: bool) {
        // A reset of which a check has told goes with the connection.
        if !keep && !self.in_transaction && self.checked {
            self.lines.pop_front();
        }
        self.checked = false;
    }

    fn check(&mut self) -> Result<Continuity, ReaderError> {
        self.checked = self.continuity() == Continuity::Reset;
        Ok(if self.checked {
            Continuity::Reset
        } else {
            Continuity::Kept
        })
    }

    fn reset(&mut self) -> Result<(), ReaderError> {
        assert_eq!(self.next(), Line::OwnReset, "the driver resets the card");
        self.in_transaction = false;
        Ok(())
    }

    fn reset_if_alone(&mut self) -> Result<bool, ReaderError> {
        assert!(!self.in_transaction, "a reset in a transaction");
        match self.next() {
            Line::OwnReset => Ok(true),
            Line::Others => Ok(false),
            other => panic!("the driver closes the card instead of {other:?}"),
        }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.lines.is_empty(), "the driver left out {:#?}", self.lines);
            assert!(!self.in_transaction, "a transaction was left open");
        }
    }
}
