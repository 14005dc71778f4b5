//! Several cards in several virtual readers, moved by orders, signals and scenarios while they are served.

mod desk;
mod insertion;
mod order;
#[cfg(unix)]
pub mod socket;

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use crate::bench::scenario::{Step, When};

pub use desk::{Desk, DeskError, Event, Left, Readers, Row};
pub use order::{Order, OrderSyntax, Place};

/// What reaches the loop of [`run`].
#[derive(Debug)]
pub enum Input {
    /// From the desk.
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

/// Serves until the end. `Err` says in one sentence what went wrong: a step that could not be done, or a card that left
/// its reader unasked before [`run`] came to its end by itself.
pub fn run(
    desk: &mut Desk,
    steps: Vec<Step>,
    inputs: &Receiver<Input>,
    until: Until,
    report: &mut dyn Report,
) -> Result<(), String> {
    let mut course = Course::new(steps);
    let mut taken_out = Vec::new();
    let mut unasked = None;
    let mut ready = false;
    loop {
        while let Some(order) = course.due() {
            report.say(&order.to_string());
            if order == Order::End {
                desk.remove_all();
                return Ok(());
            }
            desk.obey(&order).map_err(|error| error.to_string())?;
        }
        let out = desk.inserted().is_empty();
        let over = match until {
            Until::LastCardLeft => out && unasked.is_some(),
            Until::StepsDone => out && course.is_over(),
            Until::Ready => !ready && unasked.is_some(),
            Until::Told => false,
        };
        if over {
            desk.remove_all();
            return unasked.map_or(Ok(()), Err);
        }
        let input = match course.wait() {
            Some(left) => match inputs.recv_timeout(left) {
                Err(RecvTimeoutError::Timeout) => continue,
                input => input.ok(),
            },
            None => inputs.recv().ok(),
        };
        match input {
            None | Some(Input::Signal(Signal::End)) => {
                desk.remove_all();
                return Ok(());
            }
            Some(Input::Signal(Signal::Reset)) => desk.reset_all(),
            Some(Input::Signal(Signal::InsertOrRemove)) => {
                insert_or_remove(desk, &mut taken_out).map_err(|error| error.to_string())?;
            }
            Some(Input::Line(line, reply)) => {
                let (answer, end) = answer(desk, &line);
                // A client that went away wants no answer.
                drop(reply.send(answer));
                if end {
                    // The program may be gone before the answer: this waits until the other end is dropped.
                    drop(reply.send(String::new()));
                    return Ok(());
                }
            }
            Some(Input::Event(Event::Arrived { insertion })) => {
                if let Some(what) = desk.has_arrived(insertion) {
                    report.say(&format!("inserted {what}"));
                }
                if !ready && unasked.is_none() && desk.ready().is_ok() {
                    ready = true;
                    report.ready();
                }
            }
            Some(Input::Event(Event::Waits { insertion, why })) => {
                if let Some(name) = desk.name(insertion) {
                    report.say(&format!("{name} {why}; waiting"));
                }
            }
            Some(Input::Event(Event::Exchange { card, number })) => course.exchange(&card, number),
            Some(Input::Event(Event::Left { insertion, how })) => {
                let Some(name) = desk.has_left(insertion) else {
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
fn answer(desk: &mut Desk, line: &str) -> (String, bool) {
    let order: Order = match line.parse() {
        Ok(order) => order,
        Err(error) => return (format!("error: {error}\n"), false),
    };
    match desk.obey(&order) {
        Ok(said) => (format!("{said}ok\n"), order == Order::End),
        Err(error) => (format!("error: {error}\n"), false),
    }
}

fn insert_or_remove(desk: &mut Desk, taken_out: &mut Vec<(String, usize)>) -> Result<(), DeskError> {
    let inserted = desk.inserted();
    if !inserted.is_empty() {
        desk.remove_all();
        *taken_out = inserted;
        return Ok(());
    }
    taken_out
        .drain(..)
        .try_for_each(|(name, reader)| desk.insert(&name, Some(reader)))
}

/// The steps of a scenario, and which of them are still to come.
struct Course {
    start: Instant,
    steps: Vec<Step>,
    due: std::collections::VecDeque<Order>,
}

impl Course {
    fn new(steps: Vec<Step>) -> Self {
        Self {
            start: Instant::now(),
            steps,
            due: std::collections::VecDeque::new(),
        }
    }

    /// The next order whose time has come.
    fn due(&mut self) -> Option<Order> {
        let now = self.start.elapsed();
        while self.due.is_empty() {
            let next = self
                .steps
                .iter_mut()
                .filter_map(|step| step.time().filter(|time| *time <= now).map(|time| (time, step)))
                .min_by_key(|(time, _)| *time);
            let Some((_, step)) = next else { break };
            self.due.extend(step.take());
            self.steps.retain(|step| !step.is_over());
        }
        self.due.pop_front()
    }

    /// How long until the next step that waits for a time.
    fn wait(&self) -> Option<Duration> {
        let next = self.steps.iter().filter_map(Step::time).min()?;
        Some(next.saturating_sub(self.start.elapsed()))
    }

    fn exchange(&mut self, card: &str, number: u64) {
        for step in &mut self.steps {
            if matches!(&step.when, When::Exchange { card: own, number: first } if own == card && number >= *first)
            {
                self.due.extend(step.take());
            }
        }
        self.steps.retain(|step| !step.is_over());
    }

    fn is_over(&self) -> bool {
        self.steps.is_empty() && self.due.is_empty()
    }
}
