//! What can stand between a reader and a card: faults, delays, another program.

/// What an [`Interceptor`] does with a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The card answers it.
    Pass,
    /// This answer is given, status word included; the card does not see the command.
    Answer(Vec<u8>),
    /// The card is pulled out before it answers.
    Remove,
    /// The card falls silent: it answers nothing more until its next reset.
    Mute,
    /// Another program resets the card, then the card executes the command.
    Reset,
    /// Another program sends these commands, then the card executes this one.
    After(Vec<Vec<u8>>),
}

/// Something between reader and card: faults, delays, another program.
pub trait Interceptor: Send {
    /// Called before the card sees command number `number`, counted from 1.
    fn command(&mut self, number: u64, command: &[u8]) -> Action {
        let _ = (number, command);
        Action::Pass
    }

    /// Called with the answer on its way back, which may be changed.
    fn answer(&mut self, number: u64, command: &[u8], answer: &mut Vec<u8>) {
        let _ = (number, command, answer);
    }
}

/// Pulls the card out before it answers command number `.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PullAt(pub u64);

impl Interceptor for PullAt {
    fn command(&mut self, number: u64, _: &[u8]) -> Action {
        if number == self.0 {
            Action::Remove
        } else {
            Action::Pass
        }
    }
}
