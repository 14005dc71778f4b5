//! Faults as people write them.

use std::fmt;
use std::str::FromStr;

use super::{Fault, PlannedFault, Trigger};
use crate::iso7816::status::Status;
use crate::line::timing::parse_duration;
use crate::text::hex;

/// Bytes that a fault can speak of: with them, an answer still fits into a message to the reader.
const LONGEST: usize = 60_000;

/// A text that is no fault: what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultSyntax(String);

impl fmt::Display for FaultSyntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FaultSyntax {}

impl FromStr for PlannedFault {
    type Err = FaultSyntax;

    fn from_str(text: &str) -> Result<Self, FaultSyntax> {
        let (when, what) = text
            .split_once(':')
            .ok_or_else(|| FaultSyntax(format!("{text}: WHEN:WHAT is wanted, as 12:pull")))?;
        Ok(Self {
            when: when.parse()?,
            fault: what.parse()?,
        })
    }
}

impl FromStr for Trigger {
    type Err = FaultSyntax;

    fn from_str(text: &str) -> Result<Self, FaultSyntax> {
        trigger(text).ok_or_else(|| {
            FaultSyntax(format!(
                "{text}: not a number of exchanges (12, 12+, *, */5, +3, B0#3, B0#*)"
            ))
        })
    }
}

fn trigger(text: &str) -> Option<Trigger> {
    let number = |digits: &str| digits.parse::<u64>().ok().filter(|number| *number > 0);
    if let Some((instruction, which)) = text.split_once('#') {
        let instruction = u8::from_str_radix(instruction, 16).ok()?;
        let which = if which == "*" { 0 } else { number(which)? };
        return Some(Trigger::Instruction(instruction, which));
    }
    match (
        text.strip_prefix("*/"),
        text.strip_prefix('+'),
        text.strip_suffix('+'),
    ) {
        _ if text == "*" => Some(Trigger::Every(1)),
        (Some(step), ..) => number(step).map(Trigger::Every),
        (_, Some(count), _) => number(count).map(Trigger::Next),
        (.., Some(first)) => number(first).map(Trigger::From),
        _ => number(text).map(Trigger::At),
    }
}

impl FromStr for Fault {
    type Err = FaultSyntax;

    fn from_str(text: &str) -> Result<Self, FaultSyntax> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let wanted = match name {
            "slow" => "a time such as 2s, 500ms or 70us, 3600s at most",
            "status" => "four hexadecimal digits",
            "send" | "answer" => "hexadecimal digits, 60000 bytes at most",
            "flip" => "0 to 60000 bits",
            _ => "0 to 60000 bytes",
        };
        let wrong = || FaultSyntax(format!("{text}: not a value for {name}, which takes {wanted}"));
        let count = |value: &str| value.parse::<usize>().ok().filter(|count| *count <= LONGEST);
        let bytes = |value: &str| hex::decode(value).filter(|bytes| bytes.len() <= LONGEST);
        let status = |value: &str| u16::from_str_radix(value, 16).ok().filter(|_| value.len() == 4);
        match (name, value) {
            ("pull", None) => Some(Self::Pull),
            ("mute", None) => Some(Self::Mute),
            ("reset", None) => Some(Self::Reset),
            ("other-application", None) => Some(Self::OtherApplication),
            ("garbage", None) => Some(Self::Garbage),
            ("send", Some(value)) => bytes(value).map(Self::Send),
            ("answer", Some(value)) => bytes(value).map(Self::Answer),
            ("slow", Some(value)) => parse_duration(value).ok().map(Self::Slow),
            ("status", Some(value)) => status(value).map(|word| Self::Status(Status(word))),
            ("truncate", Some(value)) => count(value).map(Self::Truncate),
            ("oversize", Some(value)) => count(value).map(Self::Oversize),
            ("flip", Some(value)) => count(value).map(Self::Flip),
            _ => {
                return Err(FaultSyntax(format!(
                    "{text}: no such fault (pull, mute, reset, other-application, send=HEX, slow=500ms, answer=HEX, \
                     status=6F00, truncate=N, oversize=N, garbage, flip=N)"
                )));
            }
        }
        .ok_or_else(wrong)
    }
}

impl fmt::Display for PlannedFault {
    /// The text that is read as this fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.when {
            Trigger::At(number) => write!(f, "{number}")?,
            Trigger::From(first) => write!(f, "{first}+")?,
            Trigger::Every(1) => f.write_str("*")?,
            Trigger::Every(step) => write!(f, "*/{step}")?,
            Trigger::Next(count) => write!(f, "+{count}")?,
            Trigger::Instruction(instruction, 0) => write!(f, "{instruction:02X}#*")?,
            Trigger::Instruction(instruction, which) => write!(f, "{instruction:02X}#{which}")?,
        }
        f.write_str(":")?;
        match &self.fault {
            Fault::Pull => f.write_str("pull"),
            Fault::Mute => f.write_str("mute"),
            Fault::Reset => f.write_str("reset"),
            Fault::OtherApplication => f.write_str("other-application"),
            Fault::Send(command) => write!(f, "send={}", hex::encode(command)),
            Fault::Slow(delay) => write!(f, "slow={}us", delay.as_micros()),
            Fault::Answer(answer) => write!(f, "answer={}", hex::encode(answer)),
            Fault::Status(status) => write!(f, "status={:04X}", status.0),
            Fault::Truncate(length) => write!(f, "truncate={length}"),
            Fault::Oversize(more) => write!(f, "oversize={more}"),
            Fault::Garbage => f.write_str("garbage"),
            Fault::Flip(bits) => write!(f, "flip={bits}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_form_of_trigger() {
        for (text, trigger) in [
            ("12", Trigger::At(12)),
            ("12+", Trigger::From(12)),
            ("*", Trigger::Every(1)),
            ("*/5", Trigger::Every(5)),
            ("+3", Trigger::Next(3)),
            ("B0#3", Trigger::Instruction(0xB0, 3)),
            ("b0#*", Trigger::Instruction(0xB0, 0)),
        ] {
            assert_eq!(text.parse(), Ok(trigger));
        }
        for text in ["", "0", "+", "*/0", "#1", "B0#0", "-1", "100#1"] {
            assert!(text.parse::<Trigger>().is_err(), "{text}");
        }
    }

    #[test]
    fn each_fault() {
        for (text, fault) in [
            ("pull", Fault::Pull),
            ("mute", Fault::Mute),
            ("reset", Fault::Reset),
            ("other-application", Fault::OtherApplication),
            ("send=00A40000", Fault::Send(vec![0x00, 0xA4, 0, 0])),
            ("slow=500ms", Fault::Slow(Duration::from_millis(500))),
            ("answer=6F00", Fault::Answer(vec![0x6F, 0x00])),
            ("status=6982", Fault::Status(Status::CODE_NEEDED)),
            ("truncate=0", Fault::Truncate(0)),
            ("oversize=300", Fault::Oversize(300)),
            ("garbage", Fault::Garbage),
            ("flip=2", Fault::Flip(2)),
        ] {
            assert_eq!(text.parse(), Ok(fault));
        }
        for text in [
            "",
            "pull=1",
            "status=690",
            "truncate",
            "truncate=-1",
            "slow=2",
            "oversize=99999",
            "send=0",
            "slow=3601s",
            &format!("answer={}", "00".repeat(60_001)),
        ] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
        assert!("pull".parse::<PlannedFault>().is_err());
    }
}
