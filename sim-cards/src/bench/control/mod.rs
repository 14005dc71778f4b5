//! Several cards in several virtual readers, moved by orders, signals and scenarios while they are served.

mod bench;
mod event;
mod insertion;
#[cfg(unix)]
pub mod socket;
mod timeline;

use std::fmt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};

use self::timeline::Timeline;
use crate::bench::scenario::Step;

pub use crate::bench::order::{Order, OrderSyntax, Target};
pub use bench::{Bench, BenchError, Readers, Row};
pub use event::{Ejection, Event};

/// What reaches the loop of [`run`].
#[derive(Debug)]
pub enum Input {
    /// From the bench.
    Event(Event),
    /// A line of a control connection and where its answer goes, a channel without buffer: its other end is dropped
    /// once the answer was written.
    Line(String, SyncSender<String>),
    /// From the operating system.
    Signal(Signal),
}

/// What a signal asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Take every card out, or put back those that the last one took out.
    InsertOrRemove,
    /// Reset every inserted card.
    Reset,
    /// Take every card out and end.
    End,
}

/// When [`run`] comes to its end without being told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// The last card left its reader by itself.
    LastCardLeft,
    /// Every step of the scenario is done and no card is inserted.
    StepsDone,
    /// A card left its reader by itself before all were seen; after that, never.
    Ready,
    /// Never.
    Told,
}

/// What [`run`] says on its way.
pub trait Report {
    /// A line for people.
    fn say(&mut self, line: &str);

    /// The reader of each card that was inserted at the start has seen it. Said once.
    fn ready(&mut self) {}
}

/// To nobody.
impl Report for () {
    fn say(&mut self, _line: &str) {}
}

/// Why [`run`] ended with a failure, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunError(String);

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RunError {}

impl From<BenchError> for RunError {
    fn from(error: BenchError) -> Self {
        Self(error.to_string())
    }
}

/// Serves until the end. `Err` says in one sentence what went wrong: a step that could not be done, or a card that left
/// its reader unasked before [`run`] came to its end by itself.
pub fn run(
    bench: &mut Bench,
    steps: Vec<Step>,
    inputs: &Receiver<Input>,
    until: Until,
    report: &mut dyn Report,
) -> Result<(), RunError> {
    let mut timeline = Timeline::new(steps);
    let mut taken_out = Vec::new();
    let mut unasked = None;
    let mut ready = false;
    loop {
        while let Some(order) = timeline.due() {
            report.say(&order.to_string());
            if order == Order::End {
                bench.remove_all();
                return Ok(());
            }
            bench.obey(&order)?;
        }
        let out = bench.inserted().is_empty();
        let over = match until {
            Until::LastCardLeft => out && unasked.is_some(),
            Until::StepsDone => out && timeline.is_over(),
            Until::Ready => !ready && unasked.is_some(),
            Until::Told => false,
        };
        if over {
            bench.remove_all();
            return unasked.map_or(Ok(()), |what| Err(RunError(what)));
        }
        let input = match timeline.wait() {
            Some(left) => match inputs.recv_timeout(left) {
                Err(RecvTimeoutError::Timeout) => continue,
                input => input.ok(),
            },
            None => inputs.recv().ok(),
        };
        match input {
            None | Some(Input::Signal(Signal::End)) => {
                bench.remove_all();
                return Ok(());
            }
            Some(Input::Signal(Signal::Reset)) => bench.reset_all(),
            Some(Input::Signal(Signal::InsertOrRemove)) => {
                insert_or_remove(bench, &mut taken_out)?;
            }
            Some(Input::Line(line, reply)) => {
                let (answer, end) = answer(bench, &line);
                // A client that went away wants no answer.
                drop(reply.send(answer));
                if end {
                    // The program may be gone before the answer: this waits until the other end is dropped.
                    drop(reply.send(String::new()));
                    return Ok(());
                }
            }
            Some(Input::Event(Event::Arrived { insertion })) => {
                if let Some(what) = bench.has_arrived(insertion) {
                    report.say(&format!("inserted {what}"));
                }
                if !ready && unasked.is_none() && bench.ready().is_ok() {
                    ready = true;
                    report.ready();
                }
            }
            Some(Input::Event(Event::Waits { insertion, why })) => {
                if let Some(name) = bench.name(insertion) {
                    report.say(&format!("{name} {why}; waiting"));
                }
            }
            Some(Input::Event(Event::Exchange { card, number })) => timeline.exchange(&card, number),
            Some(Input::Event(Event::Left { insertion, how })) => {
                let Some(name) = bench.has_left(insertion) else {
                    continue;
                };
                let what = format!("{name} {how}");
                report.say(&what);
                unasked = Some(what);
            }
        }
    }
}

/// Obeys a line. The answer ends with a line `ok` or `error: ...`; true if it was the end.
fn answer(bench: &mut Bench, line: &str) -> (String, bool) {
    let order: Order = match line.parse() {
        Ok(order) => order,
        Err(error) => return (format!("error: {error}\n"), false),
    };
    match bench.obey(&order) {
        Ok(said) => (format!("{said}ok\n"), order == Order::End),
        Err(error) => (format!("error: {error}\n"), false),
    }
}

fn insert_or_remove(bench: &mut Bench, taken_out: &mut Vec<(String, usize)>) -> Result<(), BenchError> {
    let inserted = bench.inserted();
    if !inserted.is_empty() {
        bench.remove_all();
        *taken_out = inserted;
        return Ok(());
    }
    taken_out
        .drain(..)
        .try_for_each(|(name, reader)| bench.insert(&name, Some(reader)))
}
