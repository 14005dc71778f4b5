//! What the world does to a reader while the module uses the card in it, as PC/SC would tell.

/// When it happens, counted from when it was planned; 1 is the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Just before a transaction begins.
    Transaction(u64),
    /// Just before a command is sent, in the middle of a transaction.
    Exchange(u64),
    /// Just before the module resets the card.
    Reset(u64),
}

/// What happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Another program resets the card.
    Reset,
    /// Another program resets the card and presents its code.
    OtherLogin,
    /// Another program selects the CPS2ter application.
    OtherApplication,
    /// The card is pulled out.
    Pull,
    /// The reader is unplugged, with the card in it.
    Unplug,
    /// The PC/SC service stops.
    ServiceStops,
    /// The reader fails, once. Only a reset can meet it; the other faults are the card's.
    Failure,
}

/// Happenings to come at one reader, and what has been counted there.
#[derive(Default)]
pub(super) struct Planned {
    transactions: u64,
    exchanges: u64,
    resets: u64,
    happenings: Vec<(Moment, Happening)>,
}

impl Planned {
    pub(super) fn plan(&mut self, moment: Moment, happening: Happening) {
        let moment = match moment {
            Moment::Transaction(next) => Moment::Transaction(self.transactions + next),
            Moment::Exchange(next) => Moment::Exchange(self.exchanges + next),
            Moment::Reset(next) => Moment::Reset(self.resets + next),
        };
        self.happenings.push((moment, happening));
    }

    pub(super) fn transactions(&self) -> u64 {
        self.transactions
    }

    /// A transaction is about to begin.
    pub(super) fn transaction(&mut self) -> Option<Happening> {
        self.transactions += 1;
        self.due(Moment::Transaction(self.transactions))
    }

    /// A command is about to be sent.
    pub(super) fn exchange(&mut self) -> Option<Happening> {
        self.exchanges += 1;
        self.due(Moment::Exchange(self.exchanges))
    }

    pub(super) fn resets(&self) -> u64 {
        self.resets
    }

    /// The card is about to be reset.
    pub(super) fn reset(&mut self) -> Option<Happening> {
        self.resets += 1;
        self.due(Moment::Reset(self.resets))
    }

    fn due(&mut self, now: Moment) -> Option<Happening> {
        let place = self.happenings.iter().position(|(moment, _)| *moment == now)?;
        Some(self.happenings.swap_remove(place).1)
    }
}
