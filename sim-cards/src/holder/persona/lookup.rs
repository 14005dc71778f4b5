//! The personas of the crate, and those that people bring.

use std::path::Path;

use super::error::PersonaError;
use super::file;
use super::types::Persona;
use crate::holder::described::Described;
use crate::holder::insured;
use crate::text::embedded::PERSONAS;
use crate::text::input::{near, read_text};

/// Reads a persona from the text of its file. Files that it names are looked for in the current directory.
pub fn parse(toml: &str) -> Result<Persona, PersonaError> {
    file::parse(toml, Path::new(""))
}

/// Every persona of the crate, by serial number.
pub fn all() -> Vec<Persona> {
    let parse = |(name, text): &(&str, &str)| match parse(text) {
        Ok(persona) => persona,
        Err(error) => panic!("personas/{name}.toml: {error}"),
    };
    let mut personas: Vec<Persona> = PERSONAS.iter().map(parse).collect();
    personas.sort_by_key(|persona| persona.serial);
    personas
}

/// The persona of this name.
pub fn find(name: &str) -> Option<Persona> {
    all().into_iter().find(|persona| persona.name == name)
}

/// Whom people mean: a persona of the crate by its name, another one by the path of its file (with a slash, or ending
/// in `.toml`) or by the text of that file (more than one line).
pub fn named(text: &str) -> Result<Persona, PersonaError> {
    match Described::by(text) {
        Described::Name(name) => {
            find(name).ok_or_else(|| PersonaError::Unknown(name.into(), near(name, names())))
        }
        Described::Text(text) => parse(text),
        Described::File(path) => {
            let unreadable = |reason: String| PersonaError::Unreadable(path.into(), reason);
            let text = read_text(Path::new(path)).map_err(|error| unreadable(error.to_string()))?;
            let folder = Path::new(path).parent().unwrap_or(Path::new(""));
            file::parse(&text, folder).map_err(|error| unreadable(error.to_string()))
        }
    }
}

/// Everybody of the crate, the insured too.
fn names() -> impl Iterator<Item = String> {
    let professionals = all().into_iter().map(|persona| persona.name);
    professionals.chain(insured::all().into_iter().map(|insured| insured.name))
}
