//! Everything that no observation of a real card confirms. **No client may rely on anything that stands here.**
//!
//! The values stand in `guesses.toml`, and the rest of the crate takes them from [`get`] and from nowhere else. They are
//! of all cards alike, hence of the whole process: [`replace`] puts real values in their place, once, before the first
//! card is made. What one card holds, byte for byte, can also be given to its persona: the `[[object]]` of its file
//! (see `personas/README.md`).

mod data;
mod values;
mod vitale;

use std::fmt;
use std::path::Path;
use std::sync::OnceLock;

use serde::Deserialize;

pub use data::{Data, Field, Layout};
pub use values::{Certificates, Chips, Files, Tiers};
pub use vitale::Vitale;

pub(crate) use data::Subject;
pub(crate) use vitale::{MASTER_AID, VITALE_AID};

/// The values, as `guesses.toml` names and explains them.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Guesses {
    /// `[files]`
    pub files: Files,
    /// `[chips]`
    pub chips: Chips,
    /// `[certificates]`
    pub certificates: Certificates,
    /// `[data]`
    pub data: Data,
    /// `[vitale]`
    pub vitale: Vitale,
}

/// Why guesses were not replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuessesError {
    /// Not TOML, or not values of `guesses.toml`; the text says where.
    Syntax(String),
    /// A card was made before, or they were replaced before.
    InUse,
}

impl fmt::Display for GuessesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(message) => f.write_str(message),
            Self::InUse => f.write_str("the guesses are in use already"),
        }
    }
}

impl std::error::Error for GuessesError {}

const LAB: &str = include_str!("../../../guesses.toml");

static IN_FORCE: OnceLock<Guesses> = OnceLock::new();

/// The values in force.
pub fn get() -> &'static Guesses {
    IN_FORCE.get_or_init(|| match read("") {
        Ok(guesses) => guesses,
        Err(error) => panic!("guesses.toml: {error}"),
    })
}

/// Replaces values of `guesses.toml` by those of this text, which has the same form and may leave out what stays.
pub fn replace(toml: &str) -> Result<(), GuessesError> {
    let guesses = read(toml)?;
    IN_FORCE.set(guesses).map_err(|_| GuessesError::InUse)
}

/// Whether [`replace`] would understand this text.
pub fn check(toml: &str) -> Result<(), GuessesError> {
    read(toml).map(drop)
}

/// [`replace`] by the text of a file.
pub fn replace_from(file: &Path) -> Result<(), GuessesError> {
    let unreadable = |reason: String| GuessesError::Syntax(format!("{}: {reason}", file.display()));
    let text = crate::text::input::read_text(file).map_err(|error| unreadable(error.to_string()))?;
    replace(&text).map_err(|error| unreadable(error.to_string()))
}

/// The lab's values, with those of a text in the place of theirs.
fn read(toml: &str) -> Result<Guesses, GuessesError> {
    let syntax = |error: toml::de::Error| GuessesError::Syntax(error.to_string());
    let mut values: toml::Table = toml::from_str(LAB).map_err(syntax)?;
    put(&mut values, toml::from_str(toml).map_err(syntax)?);
    let guesses: Guesses = values.try_into().map_err(syntax)?;
    guesses
        .data
        .check()
        .and_then(|()| guesses.vitale.check())
        .map_err(GuessesError::Syntax)?;
    Ok(guesses)
}

fn put(values: &mut toml::Table, others: toml::Table) {
    for (name, other) in others {
        match (values.get_mut(&name), other) {
            // A layout is one value: fields of one and template of another make none.
            (Some(toml::Value::Table(value)), toml::Value::Table(other)) if !is_layout(value) => {
                put(value, other);
            }
            (_, other) => _ = values.insert(name, other),
        }
    }
}

fn is_layout(table: &toml::Table) -> bool {
    table.contains_key("fields") || table.contains_key("record")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                found.push(path);
            }
        }
    }

    /// Whoever guesses says so, and says it here.
    #[test]
    fn no_other_module_guesses() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = Vec::new();
        sources(&root, &mut files);
        assert!(files.len() > 20);
        for file in files
            .iter()
            .filter(|file| !file.starts_with(root.join("model/guesses")))
        {
            for line in fs::read_to_string(file).unwrap().lines() {
                let line = line.to_lowercase().replace("guesses", "");
                assert!(!line.contains("guess"), "{}: {line}", file.display());
            }
        }
    }

    #[test]
    fn a_value_is_replaced_and_the_others_stay() {
        let lab = read("").unwrap();
        assert_eq!((lab.files.prkdf, lab.files.cdf), (0x7002, 0x7005));
        let other = read("[files]\nprkdf = 0x4400\n[chips]\nkey-rules = \"F3 00 01 02 03 04\"").unwrap();
        assert_eq!((other.files.prkdf, other.files.cdf), (0x4400, 0x7005));
        assert_eq!(other.chips.key_rules, [0xF3, 0x00, 0x01, 0x02, 0x03, 0x04]);
    }

    #[test]
    fn a_layout_is_replaced_as_a_whole() {
        let record = "[data.objects.CPS_NAME_PS]\nrecord = [[\"surname\", 27]]";
        let other = read(record).unwrap();
        assert_eq!(
            other.data.objects.get("CPS_NAME_PS"),
            Some(&Layout::Record {
                record: vec![(Field::Surname, 27)]
            })
        );
    }

    #[test]
    fn what_is_no_guess_is_refused() {
        for wrong in [
            "prkdf = 1",
            "[files]\nprkfd = 1",
            "[files]\nprkdf = 70000",
            "[files.objects]\nCPS_SHOE_SIZE = 1",
            "[chips]\nkey-rules = \"F3\"",
            "[certificates.tiers]\ncps = \"gold\"",
            "[data.objects.CPS_NAME_PS]\nfields = [[0x80, \"shoe-size\"]]",
            "[data.objects.CPS_SHOE_SIZE]\nfields = []",
            "[data.billing]\nfields = [[0x80, \"billing\"]]",
            "[vitale.files.card]\nname = \"LONG NAME\"",
            "no toml",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
