//! What goes wrong, and where.

use sim_cards::faults::{Fault, PlannedFault, Trigger};

use testkit::rack::{Happening, Moment};
use testkit::{Card, READER, Rack};

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// At one exchange, between reader and card.
    Card(&'static str),
    /// From one exchange on.
    CardFrom(&'static str),
    /// Around the card, just before one exchange.
    Amid(Happening),
    /// Around the card, just before a transaction.
    Between(Happening),
    /// Around the card, just before the module resets it.
    AtReset(Happening),
}

/// What a client of the module may be told of a trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// The card, its reader or the service is not there any more.
    Gone,
    /// The card says nothing.
    Silent,
    /// The card was reset, and PC/SC does not say so: power failed, or the card fell over.
    Forgotten,
    /// The card was reset by another program, and PC/SC says so.
    Reset,
    /// Another program has selected another application.
    Elsewhere,
    /// The card refuses with this status word, having done what was asked or not.
    Refused(u16),
    /// An answer that the card does not mean.
    Damaged,
}

use Happening::{Failure, OtherApplication, OtherLogin, Pull, Reset, ServiceStops, Unplug};
use Trouble::{Amid, AtReset, Between, Card as At, CardFrom as From};

/// Every trouble of the grid. Status words: those of the chips, of other chips, of no chip; given in place of the command
/// ("answer") and after it was carried out ("status").
pub const TROUBLES: [Trouble; 77] = [
    At("pull"),
    Amid(Unplug),
    Amid(ServiceStops),
    Between(Pull),
    Between(Unplug),
    Between(ServiceStops),
    AtReset(Pull),
    AtReset(Unplug),
    AtReset(ServiceStops),
    AtReset(Failure),
    AtReset(Reset),
    At("mute"),
    At("reset"),
    Amid(Reset),
    Between(Reset),
    At("other-application"),
    Between(OtherApplication),
    At("answer=6F00"),
    At("answer=6982"),
    At("answer=6983"),
    At("answer=6984"),
    At("answer=6985"),
    At("answer=6986"),
    At("answer=6900"),
    At("answer=6700"),
    At("answer=6A80"),
    At("answer=6A82"),
    At("answer=6A86"),
    At("answer=6A88"),
    At("answer=6B00"),
    At("answer=6D00"),
    At("answer=6E00"),
    At("answer=6881"),
    At("answer=6200"),
    At("answer=6282"),
    At("answer=6300"),
    At("answer=63C1"),
    At("answer=6581"),
    At("answer=9000"),
    At("answer=0000"),
    At("answer=FFFF"),
    At("status=6F00"),
    At("status=6982"),
    At("status=6983"),
    At("status=6985"),
    At("status=6700"),
    At("status=6A80"),
    At("status=6A82"),
    At("status=6A86"),
    At("status=6A88"),
    At("status=6D00"),
    At("status=6E00"),
    At("status=6881"),
    At("status=6300"),
    At("status=63C1"),
    At("status=6581"),
    At("status=9000"),
    From("answer=6F00"),
    From("status=6F00"),
    From("answer=6E00"),
    From("answer=9000"),
    At("answer=90"),
    At("answer=6110"),
    At("answer=6C10"),
    From("answer=6110"),
    From("answer=6C10"),
    At("truncate=0"),
    At("truncate=1"),
    At("truncate=11"),
    From("truncate=1"),
    At("oversize=1"),
    At("oversize=300"),
    From("oversize=1"),
    At("garbage"),
    From("garbage"),
    At("flip=1"),
    At("flip=9"),
];

impl Trouble {
    pub fn nature(self) -> Nature {
        match self {
            Amid(it) | Between(it) | AtReset(it) => match it {
                Pull | Unplug | ServiceStops => Nature::Gone,
                Reset | OtherLogin => Nature::Reset,
                OtherApplication => Nature::Elsewhere,
                Failure => Nature::Silent,
            },
            At(what) | From(what) => match what.split_once('=') {
                None if what == "pull" => Nature::Gone,
                None if what == "mute" => Nature::Silent,
                None if what == "reset" => Nature::Forgotten,
                None if what == "other-application" => Nature::Elsewhere,
                Some(("answer" | "status", word)) => match u16::from_str_radix(word, 16) {
                    Ok(0x9000) | Err(_) => Nature::Damaged,
                    Ok(word) if word >> 8 == 0x61 || word >> 8 == 0x6C || word < 0x100 => Nature::Damaged,
                    Ok(word) => Nature::Refused(word),
                },
                _ => Nature::Damaged,
            },
        }
    }

    /// Where it can strike among what a workload does.
    pub fn places(self, exchanges: u64, transactions: u64, resets: u64) -> u64 {
        match self {
            At(_) | From(_) | Amid(_) => exchanges,
            Between(_) => transactions,
            AtReset(_) => resets,
        }
    }

    /// Whether it comes where one program's use of the card ends and another's begins.
    pub fn is_between(self) -> bool {
        matches!(self, Between(_) | AtReset(_))
    }

    /// Plans it at the exchange or transaction with this number from now, 1 for the next one.
    pub fn plan(self, rack: &Rack, card: &Card, place: u64) {
        let fault = |what: &str, when| PlannedFault {
            when,
            fault: what.parse::<Fault>().expect("a fault"),
        };
        let mut sim = card.sim();
        match self {
            At(what) => sim.add_fault(fault(what, Trigger::Next(place))),
            From(what) => {
                let first = sim.totals().apdus + place;
                sim.add_fault(fault(what, Trigger::From(first)));
            }
            Amid(happening) => rack.plan(READER, Moment::Exchange(place), happening),
            Between(happening) => rack.plan(READER, Moment::Transaction(place), happening),
            AtReset(happening) => rack.plan(READER, Moment::Reset(place), happening),
        }
    }

    /// Ends it: the card is as it should be, and as the other programs have left it.
    pub fn end(self, rack: &Rack, card: &Card) {
        card.sim().clear_faults();
        match self {
            At("pull") | Amid(Pull) | Between(Pull) | AtReset(Pull) => rack.put_back(READER, card),
            Amid(Unplug) | Between(Unplug) | AtReset(Unplug) => {
                rack.plug(READER);
                rack.put_back(READER, card);
            }
            Amid(ServiceStops) | Between(ServiceStops) | AtReset(ServiceStops) => rack.set_running(true),
            At("mute") => rack.reset(READER),
            _ => {}
        }
    }
}
