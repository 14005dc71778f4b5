//! The persons on a simulated Vitale 2, written in `insured/*.toml`. All are fictional.

use std::fmt;
use std::path::Path;

use serde::Deserialize;

use crate::holder::described::Described;
use crate::text::embedded::INSURED;
use crate::text::input::{line_of, near, read_text, unknown};
use crate::text::limits;

/// What one Vitale 2 says of whom.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Insured {
    /// Short name such as `insured-family`.
    pub name: String,
    /// One line for lists.
    pub description: String,
    /// First historical byte of the ATR, two hexadecimal digits: 43 to 49 on real cards.
    pub version: String,
    /// Number of the card, decimal digits, an even number of them.
    pub number: String,
    /// YYYYMMDD.
    pub valid_from: String,
    /// The insured person, then the others on the card.
    #[serde(rename = "person")]
    pub persons: Vec<Person>,
}

/// One person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Person {
    /// Letters of ISO 8859-1, 27 at most.
    pub surname: String,
    /// The same.
    pub given_name: String,
    /// YYYYMMDD.
    pub birth_date: String,
    /// Thirteen digits; the key that follows them is computed.
    pub social_security_number: String,
}

impl Insured {
    /// First historical byte of the ATR.
    pub fn version(&self) -> u8 {
        u8::from_str_radix(&self.version, 16).unwrap_or(FIRST_VERSION)
    }
}

impl Person {
    /// The number with its key: 97 less the remainder of the number by 97, two digits.
    pub fn number_with_key(&self) -> String {
        let number: u64 = self.social_security_number.parse().unwrap_or_default();
        format!("{}{:02}", self.social_security_number, 97 - number % 97)
    }
}

const FIRST_VERSION: u8 = 0x43;
const LAST_VERSION: u8 = 0x49;
/// The content of a file is shorter than 64 KiB and is written in blocks that a card could hold.
const MOST_PERSONS: usize = 16;

/// Why a text is no [`Insured`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsuredError(String);

impl fmt::Display for InsuredError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InsuredError {}

/// Reads the text of a file of `insured/`.
pub fn parse(toml: &str) -> Result<Insured, InsuredError> {
    let insured: Insured = toml::from_str(toml).map_err(|error| InsuredError(error.to_string()))?;
    match wrong(&insured) {
        None => Ok(insured),
        Some((field, index, reason)) => Err(InsuredError(match line_of(toml, field, index) {
            Some(line) => format!("line {line}: {field}: {reason}"),
            None => format!("{field}: {reason}"),
        })),
    }
}

/// The first field whose value no card could carry, in which of the persons, and what is wanted.
fn wrong(insured: &Insured) -> Option<(&'static str, usize, &'static str)> {
    let digits =
        |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    let version = u8::from_str_radix(&insured.version, 16).ok();
    let version = version.is_some_and(|version| (FIRST_VERSION..=LAST_VERSION).contains(&version));
    let persons = (1..=MOST_PERSONS).contains(&insured.persons.len());
    let name = limits::NAME.holds(insured.name.len());
    let own = [
        ("name", name, "1 to 64 characters"),
        (
            "description",
            insured.description.len() <= 200,
            "200 bytes at most",
        ),
        ("version", version, "43 to 49"),
        ("number", digits(&insured.number, 10), "ten digits"),
        ("valid-from", digits(&insured.valid_from, 8), "YYYYMMDD"),
        ("person", persons, "one to sixteen"),
    ];
    let fits =
        |name: &str| (1..=27).contains(&name.chars().count()) && name.chars().all(|letter| letter <= 'ÿ');
    let of_person = |person: &Person| {
        let number = digits(&person.social_security_number, 13);
        [
            ("person.birth-date", digits(&person.birth_date, 8), "YYYYMMDD"),
            ("person.social-security-number", number, "thirteen digits"),
            (
                "person.surname",
                fits(&person.surname),
                "1 to 27 letters of ISO 8859-1",
            ),
            (
                "person.given-name",
                fits(&person.given_name),
                "1 to 27 letters of ISO 8859-1",
            ),
        ]
    };
    let numbered = insured.persons.iter().enumerate();
    let persons = numbered.flat_map(|(index, person)| {
        of_person(person).map(|(field, right, wanted)| (field, right, index, wanted))
    });
    own.into_iter()
        .map(|(field, right, wanted)| (field, right, 0, wanted))
        .chain(persons)
        .find(|(_, right, ..)| !right)
        .map(|(field, _, index, wanted)| (field, index, wanted))
}

/// Every Vitale 2 of the crate, by name.
pub fn all() -> Vec<Insured> {
    INSURED
        .iter()
        .map(|(name, text)| match parse(text) {
            Ok(insured) => insured,
            Err(error) => panic!("insured/{name}.toml: {error}"),
        })
        .collect()
}

/// The Vitale 2 of this name.
pub fn find(name: &str) -> Option<Insured> {
    all().into_iter().find(|insured| insured.name == name)
}

/// Whom people mean: by the name of a Vitale 2 of the crate, by the path of a file, or by its text, as
/// [`crate::holder::persona::named`].
pub fn named(text: &str) -> Result<Insured, InsuredError> {
    match Described::by(text) {
        Described::Name(name) => {
            let names = || all().into_iter().map(|insured| insured.name);
            find(name).ok_or_else(|| InsuredError(unknown("insured", name, &near(name, names()))))
        }
        Described::Text(text) => parse(text),
        Described::File(path) => {
            let unreadable = |reason: String| InsuredError(format!("{path}: {reason}"));
            let text = read_text(Path::new(path)).map_err(|error| unreadable(error.to_string()))?;
            parse(&text).map_err(|error| unreadable(error.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_named_after_its_content_and_belongs_to_nobody() {
        for ((file, _), insured) in INSURED.iter().zip(all()) {
            assert_eq!(*file, insured.name);
            for person in &insured.persons {
                assert!(person.surname.contains("LABO"), "{}", person.surname);
                assert_eq!(person.social_security_number.get(5..10), Some("00000"));
            }
        }
    }

    #[test]
    fn the_key_of_a_number() {
        let person = Person {
            surname: "LABO".into(),
            given_name: "TESTE".into(),
            birth_date: "19690512".into(),
            social_security_number: "2690549588157".into(),
        };
        assert_eq!(person.number_with_key(), "269054958815780");
    }

    #[test]
    fn wrong_files_are_refused() {
        let right = INSURED.first().map(|(_, text)| *text).unwrap_or_default();
        assert!(parse(right).is_ok());
        for (from, to) in [
            ("version = \"43\"", "version = \"42\""),
            ("19690512", "1969051"),
            ("2690500000001", "269050000000A"),
            ("TESTE", ""),
            ("TESTE", "ТЕСТ"),
            ("surname", "name"),
        ] {
            assert!(parse(&right.replacen(from, to, 1)).is_err(), "{to}");
        }
    }
}
