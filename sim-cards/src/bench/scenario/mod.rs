//! Scenarios: which cards there are, and what happens to them when. Written in TOML.
//!
//! ```toml
//! [[card]]
//! name = "doctor"                 # the persona's if left out
//! card = "cps4"                   # cps3, cps3-contactless, cps4, cps4-candidate, vitale2
//! persona = "doctor-gp-cps4"
//! reader = 0
//! faults = ["30:slow=2s"]
//!
//! [[card]]
//! name = "patient"
//! card = "vitale2"
//! reader = 1
//! inserted = false
//!
//! [[step]]
//! at = "2s"                       # since the start
//! do = ["insert patient"]
//!
//! [[step]]
//! after = { card = "doctor", exchange = 40 }
//! do = ["remove doctor", "insert doctor"]
//!
//! [[step]]
//! at = "5s"
//! every = "1s"                    # and again,
//! times = 3                       # three times in all
//! do = ["reset doctor"]
//! ```

mod card;
mod error;

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::bench::order::{Order, OrderSyntax, Target};
use crate::line::timing::parse_duration;
use crate::text::input::read_text;

pub use card::{CardDescription, CardKind, ProtocolName, usual_persona};
pub use error::ScenarioError;

/// A scenario as it is written.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Each has a name, and none shares a reader at the start.
    pub cards: Vec<CardDescription>,
    /// In the order in which they are written, which is not that of their moments.
    pub steps: Vec<Step>,
}

/// Orders and their moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its next moment.
    pub when: When,
    /// Obeyed one after the other.
    pub orders: Vec<Order>,
    /// How often it is still done, 1 for the last time.
    pub times: u32,
    /// Time from one time to the next.
    pub every: Duration,
}

/// The moment of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// So long after the start.
    Time(Duration),
    /// When this card has answered its command number `number`.
    Exchange {
        /// Name of the card.
        card: String,
        /// Counted from 1.
        number: u64,
    },
}

impl Scenario {
    /// Cards to which nothing happens.
    pub fn of_cards(mut cards: Vec<CardDescription>) -> Result<Self, ScenarioError> {
        card::name_all(&mut cards)?;
        one_for_each_reader(&cards)?;
        Ok(Self {
            cards,
            steps: Vec::new(),
        })
    }

    /// Whether a step waits for an exchange of this card.
    pub fn waits_for(&self, name: &str) -> bool {
        let waits = |step: &Step| matches!(&step.when, When::Exchange { card, .. } if card == name);
        self.steps.iter().any(waits)
    }
}

impl Step {
    /// When it is done next, if that is a matter of time.
    pub fn time(&self) -> Option<Duration> {
        match self.when {
            When::Time(time) if self.times > 0 => Some(time),
            _ => None,
        }
    }

    /// Its orders; it is done once less, and later the next time.
    pub fn take(&mut self) -> Vec<Order> {
        self.times = self.times.saturating_sub(1);
        if let When::Time(time) = &mut self.when {
            *time += self.every;
        }
        self.orders.clone()
    }

    /// Whether it is done no more.
    pub fn is_over(&self) -> bool {
        self.times == 0
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    card: Vec<CardDescription>,
    #[serde(default)]
    step: Vec<FileStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileStep {
    at: Option<String>,
    after: Option<FileExchange>,
    every: Option<String>,
    times: Option<u32>,
    r#do: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileExchange {
    card: String,
    exchange: u64,
}

/// [`parse`] of the text of a file.
pub fn read(path: &Path) -> Result<Scenario, ScenarioError> {
    let in_file = |error: String| ScenarioError(format!("{}: {error}", path.display()));
    let text = read_text(path).map_err(|error| in_file(error.to_string()))?;
    parse(&text).map_err(|error| in_file(error.to_string()))
}

/// Reads a scenario. Cards that its steps name must be there.
pub fn parse(toml: &str) -> Result<Scenario, ScenarioError> {
    let file: File = toml::from_str(toml).map_err(|error| ScenarioError(error.to_string()))?;
    let mut scenario = Scenario::of_cards(file.card)?;
    let known = |name: &String| scenario.cards.iter().any(|card| card.name.as_ref() == Some(name));
    let steps: Vec<Step> = file.step.into_iter().map(step).collect::<Result<_, _>>()?;
    for step in &steps {
        if let Some(unknown) = named(step).find(|name| !known(name)) {
            return Err(ScenarioError(format!("a step names {unknown}, which is no card")));
        }
    }
    scenario.steps = steps;
    Ok(scenario)
}

/// No two cards go into the same reader at the start.
fn one_for_each_reader(cards: &[CardDescription]) -> Result<(), ScenarioError> {
    let mut readers = std::collections::BTreeMap::new();
    for (index, card) in cards.iter().enumerate() {
        if !card.inserted.unwrap_or(true) {
            continue;
        }
        let name = card.name.as_deref().unwrap_or_default();
        let reader = card.reader.unwrap_or(index);
        if let Some(first) = readers.insert(reader, name) {
            return Err(ScenarioError(format!(
                "reader {reader} takes one card, and {first} and {name} are both for it from the start"
            )));
        }
    }
    Ok(())
}

fn step(file: FileStep) -> Result<Step, ScenarioError> {
    let when = match (&file.at, file.after) {
        (Some(time), None) => When::Time(duration(time)?),
        (None, Some(after)) => When::Exchange {
            card: after.card,
            number: after.exchange,
        },
        _ => return Err(ScenarioError("a step has either `at` or `after`".into())),
    };
    let orders = file
        .r#do
        .iter()
        .map(|line| {
            line.parse()
                .map_err(|error: OrderSyntax| ScenarioError(error.to_string()))
        })
        .collect::<Result<_, _>>()?;
    let repeated = file.every.is_some() || file.times.is_some();
    if repeated && (file.at.is_none() || file.every.is_none()) {
        return Err(ScenarioError(
            "a step that is repeated has `at` and `every`".into(),
        ));
    }
    Ok(Step {
        when,
        orders,
        times: file.times.unwrap_or(if repeated { u32::MAX } else { 1 }),
        every: file
            .every
            .as_deref()
            .map(duration)
            .transpose()?
            .unwrap_or_default(),
    })
}

fn duration(text: &str) -> Result<Duration, ScenarioError> {
    parse_duration(text).map_err(|wanted| ScenarioError(format!("{text}: {wanted}")))
}

/// The cards that a step names.
fn named(step: &Step) -> impl Iterator<Item = &String> {
    let waited_for = match &step.when {
        When::Exchange { card, .. } => Some(card),
        When::Time(_) => None,
    };
    let of_orders = step.orders.iter().flat_map(|order| match order {
        Order::Insert { card, .. }
        | Order::Fault { card, .. }
        | Order::NoFaults(card)
        | Order::Delays(card)
        | Order::Reset(card) => [Some(card), None],
        Order::Remove(Target::Card(card)) => [Some(card), None],
        Order::Swap {
            target: Target::Card(target),
            card,
        } => [Some(target), Some(card)],
        Order::Swap { card, .. } => [Some(card), None],
        Order::Remove(Target::Reader(_)) | Order::Status | Order::Ready | Order::End => [None, None],
    });
    waited_for.into_iter().chain(of_orders.flatten())
}

#[cfg(test)]
mod tests;
