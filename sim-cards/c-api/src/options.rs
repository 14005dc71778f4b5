//! The options of a card as lines of TOML.

use serde::Deserialize;
use sim_cards::faults::{FaultSyntax, PlannedFault};
use sim_cards::persona::{self, Persona};
use sim_cards::pki::Date;
use sim_cards::{Chip, Interface, Options, Protocol, SimCard, hex};

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Given {
    chip: Option<GivenChip>,
    interface: Option<GivenInterface>,
    protocol: Option<GivenProtocol>,
    atr: Option<String>,
    release_candidate: bool,
    serial: Option<String>,
    label: Option<String>,
    certificate_size: Option<usize>,
    largest_answer: Option<usize>,
    pin: Option<String>,
    tries: Option<u8>,
    puk: Option<String>,
    puk_tries: Option<u8>,
    cps_data: Option<bool>,
    needs_recovery: bool,
    at: Option<String>,
    real_time: bool,
    faults: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum GivenChip {
    Cps3,
    Cps4,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum GivenInterface {
    Contact,
    Contactless,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum GivenProtocol {
    T0,
    T1,
}

/// The card of a persona, named or described in TOML, with these options.
pub fn card(persona: &str, options: &str) -> Result<SimCard, String> {
    let persona = find(persona)?;
    let given: Given = toml::from_str(options).map_err(|error| error.to_string())?;
    let atr = match &given.atr {
        Some(atr) => Some(hex::decode(atr).ok_or("atr: hexadecimal digits are wanted")?),
        None => None,
    };
    digits("pin", given.pin.as_deref(), 4..=8)?;
    digits("puk", given.puk.as_deref(), 8..=8)?;
    let day: Option<Date> = match &given.at {
        Some(at) => Some(at.parse().map_err(|error| format!("at: {error}"))?),
        None => None,
    };
    digits("serial", given.serial.as_deref(), 8..=8)?;
    let faults: Vec<PlannedFault> = given
        .faults
        .iter()
        .map(|fault| fault.parse().map_err(|error: FaultSyntax| error.to_string()))
        .collect::<Result<_, _>>()?;
    let mut options = Options {
        interface: match given.interface {
            Some(GivenInterface::Contactless) => Interface::Contactless,
            Some(GivenInterface::Contact) | None => Interface::Contact,
        },
        release_candidate: given.release_candidate,
        serial: given.serial.as_deref().and_then(|serial| serial.parse().ok()),
        label: given.label,
        certificate_size: given.certificate_size,
        largest_answer: given.largest_answer,
        chip: given.chip.map(|chip| match chip {
            GivenChip::Cps3 => Chip::Cps3,
            GivenChip::Cps4 => Chip::Cps4,
        }),
        protocol: given.protocol.map(|protocol| match protocol {
            GivenProtocol::T0 => Protocol::T0,
            GivenProtocol::T1 => Protocol::T1,
        }),
        atr,
        pin: given.pin,
        tries: given.tries,
        puk: given.puk,
        puk_tries: given.puk_tries,
        writable_area: given.cps_data,
        needs_recovery: given.needs_recovery,
        ..Options::default()
    };
    let make = |options: &Options| match day {
        Some(day) => SimCard::from_persona_at(&persona, options, day),
        None => SimCard::from_persona(&persona, options),
    };
    let mut card = make(&options);
    if given.real_time {
        options.delay = Some(card.timing());
        card = make(&options);
    }
    for fault in faults {
        card.add_fault(fault);
    }
    Ok(card)
}

fn find(persona: &str) -> Result<Persona, String> {
    if persona.contains('\n') {
        return persona::parse(persona).map_err(|error| error.to_string());
    }
    persona::find(persona).ok_or_else(|| format!("no persona is called {persona}"))
}

fn digits(name: &str, text: Option<&str>, lengths: std::ops::RangeInclusive<usize>) -> Result<(), String> {
    let fits = |text: &str| lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    match text {
        Some(text) if !fits(text) => Err(format!(
            "{name}: {} to {} digits are wanted",
            lengths.start(),
            lengths.end()
        )),
        _ => Ok(()),
    }
}
