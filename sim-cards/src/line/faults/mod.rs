//! Faults on demand: what goes wrong, and at which exchange.
//!
//! ```
//! use sim_cards::{Options, SimCard, faults::Fault, persona};
//!
//! let persona = persona::find("doctor-hospital-cps3").unwrap();
//! let mut card = SimCard::from_persona(&persona, &Options::default());
//! card.add_fault("12:pull".parse().unwrap()); // pulled out before it answers command 12
//! card.add_fault("B0#3:truncate=5".parse().unwrap()); // the third READ BINARY answers five bytes only
//! ```

mod damage;
mod text;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::iso7816::status::Status;
use crate::line::interceptor::{Action, Interceptor};
use crate::model::layout;
use damage::Random;

pub use text::FaultSyntax;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The card is pulled out before it answers.
    Pull,
    /// The card falls silent until its next reset.
    Mute,
    /// Another program resets the card just before.
    Reset,
    /// Another program selects the CPS2ter application just before, on each logical channel that it finds.
    OtherApplication,
    /// Another program sends this command just before.
    Send(Vec<u8>),
    /// The answer comes this much later.
    Slow(Duration),
    /// This comes in place of an answer, status word included; the card does not see the command.
    Answer(Vec<u8>),
    /// The card executes the command, and its answer becomes this status word.
    Status(Status),
    /// The data of the answer end after this many bytes; the status word stays.
    Truncate(usize),
    /// The data of the answer are this many bytes longer; the status word stays.
    Oversize(usize),
    /// The data of the answer become a broken BER-TLV structure of the same length; the status word stays.
    Garbage,
    /// This many bits of the answer, status word included, are turned.
    Flip(usize),
}

/// Exchanges at which something goes wrong. Numbers begin at 1 and count since the card was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// This exchange only.
    At(u64),
    /// This exchange and all that follow.
    From(u64),
    /// Every exchange whose number is a multiple of this one; 1 for all.
    Every(u64),
    /// The n-th exchange from the moment that the fault was planned, 1 for the next one.
    Next(u64),
    /// The n-th command with this instruction byte since the fault was planned; 0 for each of them.
    Instruction(u8, u64),
}

/// A fault with its trigger. Written `WHEN:WHAT`.
///
/// | WHEN | |
/// |---|---|
/// | `12` | exchange 12 |
/// | `12+` | exchange 12 and all that follow |
/// | `*` | every exchange |
/// | `*/5` | every fifth exchange |
/// | `+3` | the third exchange from now |
/// | `B0#3` | the third command with instruction B0 from now |
/// | `B0#*` | every command with instruction B0 |
///
/// WHAT is the name of a [`Fault`] in lower case: `pull`, `mute`, `reset`, `other-application`, `send=HEX`,
/// `slow=500ms` or `slow=2s`, `answer=HEX`, `status=6F00`, `truncate=N`, `oversize=N`, `garbage`, `flip=N`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFault {
    /// Its moment.
    pub when: Trigger,
    /// What happens then.
    pub fault: Fault,
}

/// The faults planned for one card.
///
/// Where several meet in one exchange, the first that keeps the card from answering wins; delays add up, and changes
/// of the answer follow each other in the order in which they were planned.
#[derive(Debug, Default)]
pub struct Faults {
    planned: Vec<Armed>,
    delays: Delays,
    /// Number of the last exchange.
    last: u64,
    random: Random,
}

/// How many delays have begun, also for those who cannot look at the card while it is at a command.
#[derive(Debug, Clone, Default)]
pub struct Delays(Arc<AtomicU64>);

impl Delays {
    /// So many since the card was made.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn begin(&self, delay: Duration) {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(delay);
    }
}

#[derive(Debug)]
struct Armed {
    when: Trigger,
    fault: Fault,
    /// Commands with the instruction of the trigger so far.
    met: u64,
    /// Whether it strikes the present exchange.
    due: bool,
}

impl Faults {
    /// Adds a fault.
    pub fn add(&mut self, PlannedFault { when, fault }: PlannedFault) {
        let when = match when {
            Trigger::Next(count) => Trigger::At(self.last + count),
            other => other,
        };
        self.planned.push(Armed {
            when,
            fault,
            met: 0,
            due: false,
        });
    }

    /// Those of the faults that make an answer late.
    pub fn delays(&self) -> Delays {
        self.delays.clone()
    }

    /// Forgets every fault.
    pub fn clear(&mut self) {
        self.planned.clear();
    }
}

impl Armed {
    fn meets(&mut self, number: u64, command: &[u8]) -> bool {
        match self.when {
            Trigger::At(wanted) | Trigger::Next(wanted) => number == wanted,
            Trigger::From(first) => number >= first,
            Trigger::Every(step) => number.checked_rem(step) == Some(0),
            Trigger::Instruction(instruction, wanted) => {
                if command.get(1) != Some(&instruction) {
                    return false;
                }
                self.met += 1;
                wanted == 0 || wanted == self.met
            }
        }
    }
}

impl Interceptor for Faults {
    fn command(&mut self, number: u64, command: &[u8]) -> Action {
        self.last = number;
        let mut action = Action::Pass;
        for armed in &mut self.planned {
            armed.due = armed.meets(number, command);
            if !armed.due {
                continue;
            }
            match &armed.fault {
                Fault::Slow(delay) => self.delays.begin(*delay),
                fault if action == Action::Pass => action = before(fault),
                _ => {}
            }
        }
        action
    }

    fn answer(&mut self, _: u64, _: &[u8], answer: &mut Vec<u8>) {
        for armed in self.planned.iter().filter(|armed| armed.due) {
            match armed.fault {
                Fault::Status(status) => *answer = status.to_bytes().to_vec(),
                Fault::Truncate(length) => damage::truncate(answer, length),
                Fault::Oversize(more) => damage::lengthen(answer, more),
                Fault::Garbage => damage::break_structure(answer, &mut self.random),
                Fault::Flip(bits) => damage::flip(answer, bits, &mut self.random),
                Fault::Pull
                | Fault::Mute
                | Fault::Reset
                | Fault::OtherApplication
                | Fault::Send(_)
                | Fault::Slow(_)
                | Fault::Answer(_) => {}
            }
        }
    }
}

/// What a fault does before the card sees the command.
fn before(fault: &Fault) -> Action {
    match fault {
        Fault::Pull => Action::Remove,
        Fault::Mute => Action::Mute,
        Fault::Reset => Action::Reset,
        Fault::OtherApplication => Action::After(
            [0x00, 0x01]
                .map(|class| {
                    let select = [class, 0xA4, 0x04, 0x0C, layout::CPS2TER_AID.len() as u8];
                    [&select[..], &layout::CPS2TER_AID].concat()
                })
                .to_vec(),
        ),
        Fault::Send(command) => Action::After(vec![command.clone()]),
        Fault::Answer(answer) => Action::Answer(answer.clone()),
        Fault::Slow(_)
        | Fault::Status(_)
        | Fault::Truncate(_)
        | Fault::Oversize(_)
        | Fault::Garbage
        | Fault::Flip(_) => Action::Pass,
    }
}
