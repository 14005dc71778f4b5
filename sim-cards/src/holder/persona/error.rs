//! What is wrong with the file of a persona, and where.

use std::fmt;

use crate::text::input::{line_of, unknown};

/// Why a text is no persona.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonaError {
    /// Not TOML, or not the fields of a persona; the text says where.
    Syntax(String),
    /// A field whose value no card could carry.
    Value {
        /// Keys with dots between them, as `holder.surname`.
        field: &'static str,
        /// What is wanted there.
        reason: String,
        /// In which of the tables of this name, counted from 0.
        index: usize,
        /// Where it stands in the text, counted from 1, if it is there.
        line: Option<usize>,
    },
    /// The crate has none of this name; it has these, which are near.
    Unknown(String, Vec<String>),
    /// A file that cannot be read, and why.
    Unreadable(String, String),
}

impl fmt::Display for PersonaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PersonaError::Syntax(message) => f.write_str(message),
            PersonaError::Value {
                field,
                reason,
                line: Some(line),
                ..
            } => write!(f, "line {line}: {field}: {reason}"),
            PersonaError::Value { field, reason, .. } => write!(f, "{field}: {reason}"),
            PersonaError::Unknown(name, near) => f.write_str(&unknown("persona", name, near)),
            PersonaError::Unreadable(file, reason) => write!(f, "{file}: {reason}"),
        }
    }
}

impl std::error::Error for PersonaError {}

impl PersonaError {
    pub(super) fn value(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Value {
            field,
            reason: reason.into(),
            index: 0,
            line: None,
        }
    }

    /// The same in the table number `at` of those of this name.
    pub(super) fn at(mut self, at: usize) -> Self {
        if let Self::Value { index, .. } = &mut self {
            *index = at;
        }
        self
    }

    /// The same with its line in the text that it was found in.
    pub(super) fn in_text(mut self, toml: &str) -> Self {
        if let Self::Value {
            field, index, line, ..
        } = &mut self
        {
            *line = line_of(toml, field, *index);
        }
        self
    }
}

/// What `read` makes of each table of a name, or what is wrong with one, and with which.
pub(super) fn each<T, U>(
    tables: Vec<T>,
    mut read: impl FnMut(T) -> Result<U, PersonaError>,
) -> Result<Vec<U>, PersonaError> {
    let numbered = tables.into_iter().enumerate();
    numbered
        .map(|(index, table)| read(table).map_err(|error| error.at(index)))
        .collect()
}
