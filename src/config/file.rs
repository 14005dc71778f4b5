//! The configuration file: TOML 1.0, a few keys.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::values::{Level, Logout, level_names};
use crate::system::unwaiting_options;

/// Largest file that is read, in bytes; a hundred times what all keys need.
const MAX_LENGTH: u64 = 64 * 1024;

/// What one file sets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    /// `trace.level`
    pub(super) level: Option<Level>,
    /// `trace.file`, as written
    pub(super) trace_file: Option<String>,
    /// `readers.ignore`, as written, without empty texts
    pub(super) ignored: Option<Vec<String>>,
    /// `certificates.remember`
    pub(super) remember: Option<bool>,
    /// `logout`
    pub(super) logout: Option<Logout>,
    /// Sentences about keys that are not known or have no sensible value.
    pub(super) problems: Vec<String>,
}

/// Reads a file; `None` when there is none. The error is a sentence about the file as a whole.
pub(super) fn read(path: &Path) -> Result<Option<Settings>, String> {
    let opened = unwaiting_options().read(true).open(path);
    let file = match opened {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return absent(path).map(|()| None);
        }
        other => other.map_err(|error| error.to_string())?,
    };
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err("is not a regular file".into());
    }
    let mut text = String::new();
    file.take(MAX_LENGTH + 1)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    if text.len() as u64 > MAX_LENGTH {
        return Err(format!("is longer than {MAX_LENGTH} bytes"));
    }
    parse(&text).map(Some)
}

/// A file that cannot be opened because it is not there. Somebody has put something in its place
/// all the same: then that is a mistake.
fn absent(path: &Path) -> Result<(), String> {
    let directory = path.parent().unwrap_or(path);
    if fs::symlink_metadata(path).is_ok() {
        Err("is a link to a file that does not exist".into())
    } else if directory.is_file() {
        Err(format!("{} is not a directory", directory.display()))
    } else {
        Ok(())
    }
}

/// The settings in a text. The error tells the line that is not TOML.
pub(super) fn parse(text: &str) -> Result<Settings, String> {
    let document = DeTable::parse(text).map_err(|error| {
        let before = error
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        let line = 1 + before.matches('\n').count();
        format!("line {line}: {}", error.message())
    })?;
    let mut settings = Settings::default();
    for (name, value) in document.get_ref() {
        let table = value.get_ref().as_table();
        match (name.get_ref().as_ref(), table) {
            ("trace", Some(table)) => settings.section("trace", table, Settings::trace_key),
            ("readers", Some(table)) => settings.section("readers", table, Settings::readers_key),
            ("certificates", Some(table)) => {
                settings.section("certificates", table, Settings::certificates_key);
            }
            ("trace" | "readers" | "certificates", None) => {
                settings.problem(format!("{} must be a table", name.get_ref()))
            }
            ("logout", _) => {
                settings.logout = value.get_ref().as_str().and_then(Logout::named);
                if settings.logout.is_none() {
                    settings.problem("logout must be \"last-closes\" or \"always-reset\"".into());
                }
            }
            (other, _) => settings.problem(format!("{other} is not a setting")),
        }
    }
    Ok(settings)
}

impl Settings {
    fn problem(&mut self, sentence: String) {
        self.problems.push(sentence);
    }

    /// Hands each key of a table to `take`, which answers what the key must be when it cannot use
    /// it.
    fn section(
        &mut self,
        section: &str,
        table: &DeTable<'_>,
        take: fn(&mut Settings, &str, &DeValue<'_>) -> Result<(), String>,
    ) {
        for (key, value) in table {
            if let Err(reason) = take(self, key.get_ref(), value.get_ref()) {
                self.problem(format!("{section}.{} {reason}", key.get_ref()));
            }
        }
    }

    fn trace_key(&mut self, key: &str, value: &DeValue<'_>) -> Result<(), String> {
        match key {
            "level" => {
                let level = value.as_str().and_then(Level::named);
                self.level = Some(level.ok_or_else(|| format!("is none of {}", level_names()))?);
            }
            "file" => self.trace_file = Some(value.as_str().ok_or("must be a text")?.to_owned()),
            _ => return Err("is not a setting".into()),
        }
        Ok(())
    }

    fn certificates_key(&mut self, key: &str, value: &DeValue<'_>) -> Result<(), String> {
        match key {
            "remember" => self.remember = Some(value.as_bool().ok_or("must be true or false")?),
            _ => return Err("is not a setting".into()),
        }
        Ok(())
    }

    fn readers_key(&mut self, key: &str, value: &DeValue<'_>) -> Result<(), String> {
        match key {
            "ignore" => {
                let texts = value
                    .as_array()
                    .and_then(|array| array.iter().map(non_empty).collect());
                self.ignored = Some(texts.ok_or("must be an array of texts that are not empty")?);
            }
            _ => return Err("is not a setting".into()),
        }
        Ok(())
    }
}

/// An empty text is part of every name: as a pattern it would hide all readers.
fn non_empty(value: &Spanned<DeValue<'_>>) -> Option<String> {
    let text = value.get_ref().as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}
