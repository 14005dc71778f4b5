//! How a command ends: exit codes, and failures that say what happened and what to do next.

use crate::texts::Message;

/// The exit code of the program. The numbers are stable, and stand in the manual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, and nothing to say against it.
    Fine = 0,
    /// The command line is wrong.
    Usage = 1,
    /// No reader, or the PC/SC service does not answer.
    NoReader = 2,
    /// No card in a reader.
    NoCard = 3,
    /// A card that is none of ours, or one that cannot be used.
    UnusableCard = 4,
    /// The card or this program refused a PIN.
    PinRefused = 5,
    /// The PIN or the unblocking code is blocked.
    PinBlocked = 6,
    /// A certificate or a signature is not valid.
    Certificate = 7,
    /// The chip cannot do it.
    NotPossible = 8,
    /// A file or a program beside the card: not there, not readable, not what it should be.
    File = 9,
    /// `doctor` found something.
    Findings = 10,
    /// Stopped by the person or the system.
    Interrupted = 130,
}

/// A command that did not do what it was asked.
#[derive(Clone, Debug)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What happened; its `.next` says what to do.
    pub message: Message,
}

/// What a command gives.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure that this message tells.
    pub fn new(exit: Exit, message: impl Into<Message>) -> Failure {
        let message = message.into();
        Failure { exit, message }
    }
}

/// A failure of this exit code, with this message.
pub fn fail<T>(exit: Exit, message: impl Into<Message>) -> Result<T> {
    Err(Failure::new(exit, message))
}
