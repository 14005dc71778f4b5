//! What the numbers of a card can be, in words for people.

use std::fmt;
use std::ops::RangeInclusive;

/// A range of numbers and what they count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    range: RangeInclusive<usize>,
    unit: &'static str,
}

/// Tries of the holder's PIN that are left.
pub const TRIES: Limit = Limit::new(0..=3, "tries");
/// Tries of the unblocking code that are left.
pub const PUK_TRIES: Limit = Limit::new(0..=10, "tries");
/// How often the unblocking code can still be used.
pub const PUK_USES: Limit = Limit::new(0..=100, "uses");
/// An answer without its status word.
pub const LARGEST_ANSWER: Limit = Limit::new(1..=256, "bytes");
/// The file of a certificate: READ BINARY reaches 32767, and what makes a certificate longer comes in steps.
pub const CERTIFICATE_SIZE: Limit = Limit::new(1..=32_000, "bytes");
/// The label of a token; PKCS #11 shows 32 of them.
pub const LABEL: Limit = Limit::new(1..=200, "bytes");
/// The name of a card in orders.
pub const NAME: Limit = Limit::new(1..=64, "characters");
/// An answer to reset (ISO 7816-3 §8.2.1).
pub const ATR: Limit = Limit::new(2..=33, "bytes");
/// A PIN.
pub const PIN: Limit = Limit::new(4..=8, "digits");
/// An unblocking code.
pub const PUK: Limit = Limit::new(8..=8, "digits");
/// The number of a card.
pub const SERIAL: Limit = Limit::new(8..=8, "digits");

impl Limit {
    const fn new(range: RangeInclusive<usize>, unit: &'static str) -> Self {
        Self { range, unit }
    }

    /// Whether `number` is within.
    pub fn holds(&self, number: usize) -> bool {
        self.range.contains(&number)
    }

    /// The greatest number.
    pub fn most(&self) -> usize {
        *self.range.end()
    }

    /// Reads a number that is within.
    pub fn read<T: TryFrom<usize>>(&self, text: &str) -> Result<T, OutOfLimit> {
        let number = text.parse().ok().filter(|number| self.holds(*number));
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| OutOfLimit(self.to_string()))
    }

    /// `number`, if it is within or left out; `what` is its name for the error.
    pub fn check<T: Copy + Into<u64>>(&self, what: &str, number: Option<T>) -> Result<Option<T>, OutOfLimit> {
        let within = |number: T| usize::try_from(number.into()).is_ok_and(|number| self.holds(number));
        if number.is_none_or(within) {
            return Ok(number);
        }
        Err(OutOfLimit(format!("{what}: {self}")))
    }
}

/// A number beyond its limit: which ones are within.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutOfLimit(String);

impl fmt::Display for OutOfLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OutOfLimit {}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most, unit) = (self.range.start(), self.range.end(), self.unit);
        match least == most {
            true => write!(f, "{most} {unit} are wanted"),
            false => write!(f, "{least} to {most} {unit} are wanted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_told_in_words() {
        assert_eq!(TRIES.read::<u8>("3"), Ok(3));
        for text in ["4", "-1", "three", "99999999999999999999999"] {
            assert_eq!(
                TRIES.read::<u8>(text),
                Err(OutOfLimit("0 to 3 tries are wanted".into())),
                "{text}"
            );
        }
        assert_eq!(PUK.to_string(), "8 digits are wanted");
    }
}
