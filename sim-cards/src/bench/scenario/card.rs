//! One card as the command line and a scenario describe it.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::error::ScenarioError;
use crate::card::SimCard;
use crate::holder::date::Date;
use crate::holder::insured::{self, Insured};
use crate::holder::persona::{self, Persona};
use crate::iso7816::interface::{Interface, Protocol};
use crate::kinds::chip::Chip;
use crate::line::faults::PlannedFault;
use crate::line::timing::{Timing, parse_duration};
use crate::options::Options;
use crate::text::hex;
use crate::text::limits::{self, Limit};

/// A kind of card under the name that people type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardKind {
    /// A CPS3 through its contacts.
    Cps3,
    /// A CPS3 through its antenna.
    Cps3Contactless,
    /// A CPS4 through its contacts.
    Cps4,
    /// A CPS4 with the ATR of the release candidates.
    Cps4Candidate,
    /// The card of the insured.
    Vitale2,
}

impl CardKind {
    /// Its chip, if it is a professional's card.
    fn chip(self) -> Option<Chip> {
        match self {
            Self::Cps3 | Self::Cps3Contactless => Some(Chip::Cps3),
            Self::Cps4 | Self::Cps4Candidate => Some(Chip::Cps4),
            Self::Vitale2 => None,
        }
    }
}

impl fmt::Display for CardKind {
    /// The name that people type.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cps3 => "cps3",
            Self::Cps3Contactless => "cps3-contactless",
            Self::Cps4 => "cps4",
            Self::Cps4Candidate => "cps4-candidate",
            Self::Vitale2 => "vitale2",
        })
    }
}

/// A protocol under the name that people type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProtocolName {
    /// T=0.
    T0,
    /// T=1.
    T1,
}

/// A card to be made. What is left out is as usual.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct CardDescription {
    /// Name in orders: letters, digits, hyphens, not a number.
    pub name: Option<String>,
    /// Its kind; the one that its persona shows best if left out.
    pub card: Option<CardKind>,
    /// A holder of `personas/`, or of `insured/` for a Vitale 2: a name, the path of a file, or its text.
    pub persona: Option<String>,
    /// The reader that it goes into, counted from 0.
    pub reader: Option<usize>,
    /// Whether it is in its reader from the start; it is if left out.
    pub inserted: Option<bool>,
    /// As [`Options::protocol`].
    pub protocol: Option<ProtocolName>,
    /// Answer to reset, hexadecimal.
    pub atr: Option<String>,
    /// Eight digits.
    pub serial: Option<String>,
    /// Label of TokenInfo.
    pub label: Option<String>,
    /// Bytes that each certificate has at least.
    pub certificate_size: Option<usize>,
    /// Bytes of the longest answer, without status word.
    pub largest_answer: Option<usize>,
    /// PIN of the holder, four to eight digits.
    pub pin: Option<String>,
    /// Tries of the PIN that are left, three at most.
    pub tries: Option<u8>,
    /// PUK, eight digits.
    pub puk: Option<String>,
    /// Tries of the PUK that are left, ten at most.
    pub puk_tries: Option<u8>,
    /// How often the unblocking code can still be used.
    pub puk_uses: Option<u16>,
    /// Whether it has CPS_DATA, as [`Options::writable_area`].
    pub cps_data: Option<bool>,
    /// Day on which the certificates are used, YYYY-MM-DD; today if left out.
    #[serde(deserialize_with = "day")]
    pub at: Option<Date>,
    /// As [`Options::needs_recovery`].
    pub needs_recovery: bool,
    /// As slow as a real card.
    pub real_time: bool,
    /// Time of each byte on the line, such as `1ms`.
    pub delay_byte: Option<String>,
    /// Time of each operation with a private key, such as `700ms`.
    pub delay_operation: Option<String>,
    /// Each as [`PlannedFault`] is written.
    pub faults: Vec<String>,
}

/// Whose card is meant.
enum Holder {
    Professional(Box<Persona>, Chip),
    Insured(Insured),
}

/// Whose card is made when only its kind is named.
pub fn usual_persona(kind: CardKind) -> &'static str {
    match kind {
        CardKind::Cps3 | CardKind::Cps3Contactless => "doctor-hospital-cps3",
        CardKind::Cps4 | CardKind::Cps4Candidate => "doctor-gp-cps4",
        CardKind::Vitale2 => "insured-alone",
    }
}

/// A card described in lines of TOML, as in a scenario.
impl std::str::FromStr for CardDescription {
    type Err = ScenarioError;

    fn from_str(toml: &str) -> Result<Self, ScenarioError> {
        toml::from_str(toml).map_err(|error| wrong(&error.to_string()))
    }
}

impl CardDescription {
    /// Short name of the holder, which is the name of the card unless it has another.
    pub fn holder_name(&self) -> Result<String, ScenarioError> {
        Ok(match self.holder()? {
            Holder::Professional(persona, _) => persona.name,
            Holder::Insured(insured) => insured.name,
        })
    }

    /// Makes the card.
    pub fn issue(&self) -> Result<SimCard, ScenarioError> {
        let options = self.options()?;
        let mut card = match self.holder()? {
            Holder::Professional(persona, chip) => {
                let options = Options {
                    chip: Some(chip),
                    ..options
                };
                match self.at {
                    Some(day) => SimCard::from_persona_at(&persona, &options, day),
                    None => SimCard::from_persona(&persona, &options),
                }
            }
            Holder::Insured(insured) => SimCard::vitale(&insured, &options),
        };
        if let Some(timing) = self.delay(card.timing())? {
            card.set_delay(Some(timing));
        }
        for fault in &self.faults {
            card.add_fault(parse_fault(fault)?);
        }
        Ok(card)
    }

    /// Whose card it is, in one line.
    pub fn heading(&self) -> Result<String, ScenarioError> {
        Ok(match self.holder()? {
            Holder::Professional(persona, _) => format!("{}: {}", persona.name, persona.description),
            Holder::Insured(insured) => format!("{}: {}", insured.name, insured.description),
        })
    }

    fn holder(&self) -> Result<Holder, ScenarioError> {
        let whose = match (&self.persona, self.card) {
            (Some(whose), _) => whose,
            (None, Some(kind)) => usual_persona(kind),
            (None, None) => return Err(wrong("say which card or whose")),
        };
        let insured = insured::named(whose);
        match (&insured, self.card) {
            (Ok(_), None | Some(CardKind::Vitale2)) if self.protocol == Some(ProtocolName::T1) => {
                return Err(wrong("a Vitale 2 speaks T=0 only"));
            }
            (Ok(_), Some(kind)) if kind != CardKind::Vitale2 => {
                return Err(contradiction(kind, whose, "a Vitale 2"));
            }
            _ => {}
        }
        let persona = match (insured, persona::named(whose)) {
            (Ok(insured), _) => return Ok(Holder::Insured(insured)),
            (_, Ok(persona)) => persona,
            (Err(error), Err(_)) if self.card == Some(CardKind::Vitale2) => {
                return Err(wrong(&error.to_string()));
            }
            (_, Err(error)) => return Err(wrong(&error.to_string())),
        };
        let chip = persona.chip;
        if let Some(kind) = self.card
            && kind.chip() != Some(chip)
        {
            return Err(contradiction(kind, whose, &format!("a {chip}")));
        }
        match (chip, self.card, self.protocol) {
            (Chip::Cps3, Some(CardKind::Cps3Contactless), Some(ProtocolName::T0)) => {
                Err(wrong("the antenna of a CPS3 speaks T=1 only"))
            }
            (Chip::Cps3, Some(CardKind::Cps3Contactless), _) => Ok(()),
            (Chip::Cps3, _, Some(ProtocolName::T1)) => Err(wrong("the contacts of a CPS3 speak T=0 only")),
            _ => Ok(()),
        }?;
        Ok(Holder::Professional(Box::new(persona), chip))
    }

    fn options(&self) -> Result<Options, ScenarioError> {
        let digits = |text: &Option<String>, limit: &Limit, what: &str| match text {
            Some(text) if !limit.holds(text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) => {
                Err(wrong(&format!("{what}: {limit}")))
            }
            text => Ok(text.clone()),
        };
        let atr = self.atr.as_ref().map(|text| {
            hex::decode(text)
                .filter(|atr| limits::ATR.holds(atr.len()))
                .ok_or_else(|| wrong(&format!("ATR: {}, hexadecimal", limits::ATR)))
        });
        let serial = digits(&self.serial, &limits::SERIAL, "serial")?.and_then(|digits| digits.parse().ok());
        if self
            .label
            .as_ref()
            .is_some_and(|label| !limits::LABEL.holds(label.len()))
        {
            return Err(wrong(&format!("label: {}", limits::LABEL)));
        }
        let size = |size: Option<usize>| size.map(|size| size as u64);
        limits::CERTIFICATE_SIZE
            .check("certificate-size", size(self.certificate_size))
            .map_err(|error| ScenarioError(error.to_string()))?;
        limits::LARGEST_ANSWER
            .check("largest-answer", size(self.largest_answer))
            .map_err(|error| ScenarioError(error.to_string()))?;
        Ok(Options {
            interface: match self.card {
                Some(CardKind::Cps3Contactless) => Interface::Contactless,
                _ => Interface::Contact,
            },
            protocol: self.protocol.map(|protocol| match protocol {
                ProtocolName::T0 => Protocol::T0,
                ProtocolName::T1 => Protocol::T1,
            }),
            atr: atr.transpose()?,
            release_candidate: self.card == Some(CardKind::Cps4Candidate),
            serial,
            label: self.label.clone(),
            certificate_size: self.certificate_size,
            largest_answer: self.largest_answer,
            pin: digits(&self.pin, &limits::PIN, "PIN of the holder")?,
            tries: limits::TRIES
                .check("tries", self.tries)
                .map_err(|error| ScenarioError(error.to_string()))?,
            puk: digits(&self.puk, &limits::PUK, "unblocking code")?,
            puk_tries: limits::PUK_TRIES
                .check("puk-tries", self.puk_tries)
                .map_err(|error| ScenarioError(error.to_string()))?,
            puk_uses: limits::PUK_USES
                .check("puk-uses", self.puk_uses)
                .map_err(|error| ScenarioError(error.to_string()))?,
            needs_recovery: self.needs_recovery,
            writable_area: self.cps_data,
            ..Options::default()
        })
    }

    /// The time that the card takes; that of `real` where it shall be as slow.
    fn delay(&self, real: Timing) -> Result<Option<Timing>, ScenarioError> {
        let duration = |text: &Option<String>| -> Result<Option<Duration>, ScenarioError> {
            let parse =
                |text: &String| parse_duration(text).map_err(|wanted| wrong(&format!("{text}: {wanted}")));
            text.as_ref().map(parse).transpose()
        };
        let (byte, operation) = (duration(&self.delay_byte)?, duration(&self.delay_operation)?);
        if !self.real_time && byte.is_none() && operation.is_none() {
            return Ok(None);
        }
        let base = if self.real_time { real } else { Timing::NONE };
        Ok(Some(Timing {
            byte: byte.unwrap_or(base.byte),
            private_key: operation.unwrap_or(base.private_key),
            ..base
        }))
    }
}

fn day<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

fn wrong(what: &str) -> ScenarioError {
    ScenarioError(what.into())
}

fn contradiction(kind: CardKind, whose: &str, is: &str) -> ScenarioError {
    // The text of a file is no name.
    let whose = match whose.contains('\n') {
        true => "this persona".into(),
        false => format!("persona {whose}"),
    };
    wrong(&format!(
        "card {kind} against {whose}, whose card is {is}: leave one of them out, or write a persona with this chip"
    ))
}

fn parse_fault(text: &str) -> Result<PlannedFault, ScenarioError> {
    text.parse()
        .map_err(|error: crate::line::faults::FaultSyntax| wrong(&error.to_string()))
}

/// Names the cards that have no name: after their holder, with a number from the second of a name on.
pub fn name_all(cards: &mut [CardDescription]) -> Result<(), ScenarioError> {
    let mut names: Vec<String> = Vec::new();
    for card in cards {
        let name = match card.name.take() {
            Some(name) if names.contains(&name) => {
                return Err(wrong(&format!("two cards are called {name}")));
            }
            Some(name) => name,
            None => {
                let holder = card.holder_name()?;
                let numbered = (2..).map(|number| format!("{holder}-{number}"));
                let mut free = std::iter::once(holder.clone()).chain(numbered);
                free.find(|name| !names.contains(name)).unwrap_or_default()
            }
        };
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.parse::<usize>().is_ok() || !limits::NAME.holds(name.len()) || !name.bytes().all(fits) {
            return Err(wrong(&format!(
                "{name}: a name has letters, digits and hyphens, {} at most, and is no number",
                limits::NAME.most()
            )));
        }
        names.push(name.clone());
        card.name = Some(name);
    }
    Ok(())
}
