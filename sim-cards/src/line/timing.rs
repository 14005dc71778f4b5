//! How long real cards take, so that time can be estimated and, where wanted, spent.
//!
//! The line is computed from the ATR (ISO 7816-3 §8.3) and the clock of usual readers; the chips are fitted to what
//! the official test results say of a real CPS3 (CPS_DATA read in 4 s and written in 5 s, a signature in 0.5 to 1 s)
//! and of a real CPS4 (a signature well below 1 s). The size of that CPS_DATA is not known: 4096 bytes are supposed.

use std::fmt;
use std::time::Duration;

use crate::iso7816::apdu::ins;
use crate::iso7816::interface::Protocol;

/// Clock of the card in usual readers, in hertz.
const CLOCK: u64 = 4_800_000;
/// A character with its guard time, in elementary time units.
const CHARACTER: u64 = 12;

/// Durations of a card in its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// One byte on the line.
    pub byte: Duration,
    /// Bytes on the line besides those of command and answer: procedure bytes of T=0, prologue and epilogue of T=1.
    pub framing: u32,
    /// Way through driver, reader and chip, for every exchange.
    pub exchange: Duration,
    /// An operation with a private key.
    pub private_key: Duration,
    /// Writing one byte to a file.
    pub written_byte: Duration,
}

impl Timing {
    /// Nothing takes time.
    pub const NONE: Self = Self {
        byte: Duration::ZERO,
        framing: 0,
        exchange: Duration::ZERO,
        private_key: Duration::ZERO,
        written_byte: Duration::ZERO,
    };

    /// The contacts of a card with this ATR.
    pub fn contact(atr: &[u8], protocol: Protocol, private_key: Duration) -> Self {
        Self {
            byte: character(atr),
            framing: match protocol {
                Protocol::T0 => 1,
                Protocol::T1 => 8,
            },
            exchange: Duration::from_millis(4),
            private_key,
            written_byte: Duration::from_micros(200),
        }
    }

    /// The antenna: 106 kbit/s, nine bits a byte, five bytes around each block (ISO 14443-3, -4).
    pub fn contactless(private_key: Duration) -> Self {
        Self {
            byte: Duration::from_micros(85),
            framing: 10,
            exchange: Duration::from_millis(5),
            private_key,
            written_byte: Duration::from_micros(200),
        }
    }

    /// How long one exchange takes.
    pub fn cost(&self, command: &[u8], answer: &[u8]) -> Duration {
        let length = command.len() + answer.len() + self.framing as usize;
        let line = self
            .byte
            .saturating_mul(u32::try_from(length).unwrap_or(u32::MAX));
        line + self.exchange + self.operation(command, answer)
    }

    /// What the chip does, if the answer says that it was done.
    fn operation(&self, command: &[u8], answer: &[u8]) -> Duration {
        let done = matches!(answer, [.., 0x90, 0x00] | [.., 0x61, _]);
        let more_follows = command.first().is_some_and(|class| class & 0x10 != 0);
        match command {
            _ if !done || more_follows => Duration::ZERO,
            [_, ins::PERFORM_SECURITY_OPERATION, 0x9E | 0x80, ..] | [_, ins::INTERNAL_AUTHENTICATE, ..] => {
                self.private_key
            }
            [_, ins::UPDATE_BINARY, _, _, _, data @ ..] => self
                .written_byte
                .saturating_mul(u32::try_from(data.len()).unwrap_or(u32::MAX)),
            _ => Duration::ZERO,
        }
    }
}

/// One character as TA1 of the ATR sets it; without TA1, one elementary time unit is 372 clock cycles.
fn character(atr: &[u8]) -> Duration {
    let (factor, divisor) = match atr {
        [_, t0, ta1, ..] if t0 & 0x10 != 0 => (conversion_factor(ta1 >> 4), adjustment(ta1 & 0x0F)),
        _ => (372, 1),
    };
    Duration::from_nanos(CHARACTER * factor * 1_000_000_000 / divisor / CLOCK)
}

/// Fi (ISO 7816-3 table 7); what is reserved counts as the default.
fn conversion_factor(index: u8) -> u64 {
    match index {
        2 => 558,
        3 => 744,
        4 => 1116,
        5 => 1488,
        6 => 1860,
        9 => 512,
        10 => 768,
        11 => 1024,
        12 => 1536,
        13 => 2048,
        _ => 372,
    }
}

/// Di (ISO 7816-3 table 8).
fn adjustment(index: u8) -> u64 {
    match index {
        2 => 2,
        3 => 4,
        4 => 8,
        5 => 16,
        6 => 32,
        7 => 64,
        8 => 12,
        9 => 20,
        _ => 1,
    }
}

/// The longest time that people ask for: an hour. Whoever waits longer waits for ever.
const LONGEST: Duration = Duration::from_secs(3600);

/// A text is no time of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurationSyntax;

impl fmt::Display for DurationSyntax {
    /// What is wanted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time such as 2s, 500ms or 70us is wanted, 3600s at most")
    }
}

impl std::error::Error for DurationSyntax {}

/// Reads `500ms`, `2s` or `70us`, an hour at most.
pub fn parse_duration(text: &str) -> Result<Duration, DurationSyntax> {
    read_duration(text).ok_or(DurationSyntax)
}

fn read_duration(text: &str) -> Option<Duration> {
    let split = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(split)?;
    let number: u64 = number.parse().ok()?;
    let duration = match unit {
        "us" => Duration::from_micros(number),
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        _ => return None,
    };
    (duration <= LONGEST).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::layout;

    #[test]
    fn the_line_is_as_fast_as_the_atr_says() {
        assert_eq!(character(&layout::ATR_CPS3), Duration::from_micros(930));
        assert_eq!(character(&layout::ATR_CPS4), Duration::from_nanos(77_500));
        assert_eq!(character(&[]), Duration::from_micros(930));
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(parse_duration("70us"), Ok(Duration::from_micros(70)));
        for text in ["", "2", "s", "-1s", "1.5s", "3601s", "99999999999999999999s"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
