//! What a workload asks of a card.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// What a measurement ends with: its figure, or what is wrong, for the person who runs it.
pub type Result<T> = std::result::Result<T, String>;

/// Exchanges, GET RESPONSE included; bytes both ways, status words included; and how long a real card and a real reader
/// would take for them, as `sim_cards::timing` estimates it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    pub exchanges: u64,
    pub sent: u64,
    pub received: u64,
    pub time: Duration,
}

impl Cost {
    pub fn bytes(self) -> u64 {
        self.sent + self.received
    }
}

impl Add for Cost {
    type Output = Cost;

    fn add(self, other: Cost) -> Cost {
        Cost {
            exchanges: self.exchanges + other.exchanges,
            sent: self.sent + other.sent,
            received: self.received + other.received,
            time: self.time + other.time,
        }
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Cost) {
        *self = *self + other;
    }
}

impl Sub for Cost {
    type Output = Cost;

    fn sub(self, earlier: Cost) -> Cost {
        Cost {
            exchanges: self.exchanges - earlier.exchanges,
            sent: self.sent - earlier.sent,
            received: self.received - earlier.received,
            time: self.time.saturating_sub(earlier.time),
        }
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Cost>>(costs: I) -> Cost {
        costs.fold(Cost::default(), Add::add)
    }
}
