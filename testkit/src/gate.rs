//! A card that keeps a command until the test lets it go: what happens meanwhile needs no clock.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use sim_cards::{Action, Interceptor};

use crate::Card;

/// Longer than anything takes that does not wait for a card.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Holds back the commands with one instruction.
struct Keeper {
    instruction: Option<u8>,
    arrived: Sender<()>,
    open: Receiver<()>,
}

impl Interceptor for Keeper {
    fn command(&mut self, _: u64, command: &[u8]) -> Action {
        if self
            .instruction
            .is_none_or(|wanted| command.get(1) == Some(&wanted))
        {
            let _ = self.arrived.send(());
            let _ = self.open.recv();
        }
        Action::Pass
    }
}

/// The card keeps what it gets until this is dropped.
pub struct Gate {
    arrived: Receiver<()>,
    _keeps: Sender<()>,
}

impl Gate {
    /// In front of every command.
    pub fn new(card: &Card) -> Gate {
        Gate::before(card, None)
    }

    /// In front of the commands with this instruction, or of every command.
    pub fn before(card: &Card, instruction: Option<u8>) -> Gate {
        let ((arriving, arrived), (keeps, open)) = (channel(), channel());
        card.sim().set_interceptor(Keeper {
            instruction,
            arrived: arriving,
            open,
        });
        Gate {
            arrived,
            _keeps: keeps,
        }
    }

    /// Waits until the card has got a command that it keeps.
    pub fn closed(&self) {
        self.arrived
            .recv_timeout(PATIENCE)
            .expect("the card has got a command");
    }
}
