//! The readers as the PC/SC service shows them, with the cards that the module has no token for.
//! Nothing is sent to a card.

use std::ffi::CString;
use std::time::Duration;

use pcsc::{Context, Error, ReaderState, Scope, State};

use crate::outcome::{Exit, Failure};

/// A reader, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Name by PC/SC.
    pub name: String,
    /// What is in it.
    pub inside: Inside,
}

/// What is in a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inside {
    /// Nothing.
    Nothing,
    /// A card that does not answer.
    Mute,
    /// A card with this answer to reset.
    Card(Vec<u8>),
    /// A card that another program has for itself alone, with its answer to reset.
    Held(Vec<u8>),
}

/// All readers, in the order of the service.
pub fn list() -> Result<Vec<Reader>, Error> {
    let context = Context::establish(Scope::User)?;
    let names = match context.list_readers_owned() {
        Err(Error::NoReadersAvailable) => Vec::new(),
        other => other?,
    };
    let mut states: Vec<ReaderState> = names
        .into_iter()
        .map(|name: CString| ReaderState::new(name, State::UNAWARE))
        .collect();
    if !states.is_empty() {
        context.get_status_change(Duration::ZERO, &mut states)?;
    }
    Ok(states.iter().map(reader).collect())
}

fn reader(state: &ReaderState) -> Reader {
    let event = state.event_state();
    let inside = if !event.contains(State::PRESENT) {
        Inside::Nothing
    } else if event.contains(State::MUTE) {
        Inside::Mute
    } else if event.contains(State::EXCLUSIVE) {
        Inside::Held(state.atr().to_vec())
    } else {
        Inside::Card(state.atr().to_vec())
    };
    Reader {
        name: state.name().to_string_lossy().into_owned(),
        inside,
    }
}

/// Why the service does not help.
pub fn failure(error: Error) -> Failure {
    let message = match error {
        Error::NoService | Error::ServiceStopped => crate::message!("no-service"),
        Error::SecurityViolation => crate::message!("service-refuses"),
        other => crate::message!("service-fails", reason = other.to_string()),
    };
    Failure::new(Exit::NoReader, message)
}

/// What a foreign card is, by its answer to reset: key of a text.
pub fn family(atr: &[u8]) -> &'static str {
    match atr {
        // The version stands at the sixth byte of a Vitale 2.
        [0x3B, 0x75, 0x13, 0x00, 0x00, 0x43..=0x49, 0x09, 0xEA, 0x90, 0x00] => "foreign-vitale",
        [0x3F, 0x65, ..] => "foreign-vitale",
        _ => "foreign-card",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vitale_is_known_by_its_answer_to_reset() {
        for version in [0x43, 0x45, 0x49] {
            let atr = [0x3B, 0x75, 0x13, 0, 0, version, 0x09, 0xEA, 0x90, 0];
            assert_eq!(family(&atr), "foreign-vitale");
        }
        assert_eq!(
            family(&[0x3B, 0x75, 0x13, 0, 0, 0x50, 0x09, 0xEA, 0x90, 0]),
            "foreign-card"
        );
        assert_eq!(family(&[]), "foreign-card");
    }
}
