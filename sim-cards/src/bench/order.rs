//! Orders: one line of text each, from a control socket or a scenario.

use std::fmt;
use std::str::FromStr;

use crate::line::faults::PlannedFault;

/// What can be asked of a bench.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// `insert CARD [READER]`: into its own reader, or into the one with this number, counted from 0.
    Insert {
        /// Its name.
        card: String,
        /// `None`: its own.
        reader: Option<usize>,
    },
    /// `remove CARD` or `remove READER`.
    Remove(Target),
    /// `swap CARD OTHER` or `swap READER OTHER`: takes a card out and puts another one in its place.
    Swap {
        /// What is taken out.
        target: Target,
        /// Name of the card that takes its place.
        card: String,
    },
    /// `reset CARD`: as another program resets it.
    Reset(String),
    /// `fault CARD WHEN:WHAT`, as [`PlannedFault`] is written.
    Fault {
        /// Name of the card.
        card: String,
        /// What is to happen, and when.
        fault: PlannedFault,
    },
    /// `no-faults CARD`: forgets those that were planned.
    NoFaults(String),
    /// `delays CARD`: how many delays its faults have begun. Answered while the card is at a command, which no other order about
    /// a card is.
    Delays(String),
    /// `status`: what is where.
    Status,
    /// `ready`: whether the reader of each inserted card has seen it.
    Ready,
    /// `end`: takes every card out and ends the program.
    End,
}

/// A reader by its number or by the card in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Number of the reader, counted from 0.
    Reader(usize),
    /// Name of the card.
    Card(String),
}

/// A line that is no order: what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderSyntax(String);

impl fmt::Display for OrderSyntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OrderSyntax {}

impl FromStr for Order {
    type Err = OrderSyntax;

    fn from_str(line: &str) -> Result<Self, OrderSyntax> {
        let words: Vec<&str> = line.split_whitespace().collect();
        Ok(match words.as_slice() {
            ["insert", card] => Self::Insert {
                card: (*card).into(),
                reader: None,
            },
            ["insert", card, reader] => Self::Insert {
                card: (*card).into(),
                reader: Some(number(reader)?),
            },
            ["remove", target] => Self::Remove(Target::from(*target)),
            ["swap", target, card] => Self::Swap {
                target: Target::from(*target),
                card: (*card).into(),
            },
            ["reset", card] => Self::Reset((*card).into()),
            ["fault", card, fault] => Self::Fault {
                card: (*card).into(),
                fault: fault
                    .parse()
                    .map_err(|error: crate::line::faults::FaultSyntax| OrderSyntax(error.to_string()))?,
            },
            ["no-faults", card] => Self::NoFaults((*card).into()),
            ["delays", card] => Self::Delays((*card).into()),
            ["status"] => Self::Status,
            ["ready"] => Self::Ready,
            ["end"] => Self::End,
            _ => {
                return Err(OrderSyntax(format!(
                    "{line}: not an order (insert CARD [READER], remove CARD|READER, swap CARD|READER OTHER, \
                     reset CARD, fault CARD WHEN:WHAT, no-faults CARD, delays CARD, status, ready, end)"
                )));
            }
        })
    }
}

impl fmt::Display for Order {
    /// The line that is read as this order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Insert { card, reader: None } => write!(f, "insert {card}"),
            Self::Insert {
                card,
                reader: Some(reader),
            } => write!(f, "insert {card} {reader}"),
            Self::Remove(target) => write!(f, "remove {target}"),
            Self::Swap { target, card } => write!(f, "swap {target} {card}"),
            Self::Reset(card) => write!(f, "reset {card}"),
            Self::Fault { card, fault } => write!(f, "fault {card} {fault}"),
            Self::NoFaults(card) => write!(f, "no-faults {card}"),
            Self::Delays(card) => write!(f, "delays {card}"),
            Self::Status => f.write_str("status"),
            Self::Ready => f.write_str("ready"),
            Self::End => f.write_str("end"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reader(reader) => write!(f, "{reader}"),
            Self::Card(card) => f.write_str(card),
        }
    }
}

fn number(text: &str) -> Result<usize, OrderSyntax> {
    text.parse()
        .map_err(|_| OrderSyntax(format!("{text}: not the number of a reader")))
}

impl From<&str> for Target {
    fn from(text: &str) -> Self {
        text.parse()
            .map_or_else(|_| Self::Card(text.into()), Self::Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_lines() {
        let insert = |reader| Order::Insert {
            card: "doctor".into(),
            reader,
        };
        assert_eq!("insert doctor".parse(), Ok(insert(None)));
        assert_eq!(" insert  doctor 3 \n".parse(), Ok(insert(Some(3))));
        assert_eq!("remove 0".parse(), Ok(Order::Remove(Target::Reader(0))));
        assert_eq!(
            "remove doctor".parse(),
            Ok(Order::Remove(Target::Card("doctor".into())))
        );
        assert!(matches!("fault doctor 12:pull".parse(), Ok(Order::Fault { .. })));
        for line in [
            "swap 1 b",
            "fault a 12+:send=00A4",
            "fault a B0#*:slow=70us",
            "no-faults a",
            "delays a",
            "ready",
            "end",
        ] {
            assert_eq!(line.parse::<Order>().unwrap().to_string(), line);
        }
        for line in [
            "",
            "insert",
            "insert a b",
            "fault doctor 12",
            "status now",
            "insert a 1 2",
        ] {
            assert!(line.parse::<Order>().is_err(), "{line}");
        }
    }
}
