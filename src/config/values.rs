//! The values that settings take.

use std::path::PathBuf;

/// How much the trace tells; each level includes the ones before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    #[default]
    Off,
    /// What went wrong.
    Error,
    /// What the module noticed: a card inserted, a service lost and found.
    Info,
    /// Each C_ function with its return code and duration, and how it came about.
    Calls,
    /// Each command to the card and its answer.
    Apdu,
}

impl Level {
    const NAMES: [(&str, Level); 5] = [
        ("off", Level::Off),
        ("error", Level::Error),
        ("info", Level::Info),
        ("calls", Level::Calls),
        ("apdu", Level::Apdu),
    ];

    /// The level of that name, in small or capital letters.
    pub(super) fn named(name: &str) -> Option<Level> {
        let mut names = Self::NAMES.into_iter();
        names
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, level)| level)
    }
}

/// Where the trace goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Destination {
    /// The standard error of the process.
    #[default]
    Stderr,
    /// The end of a file; an absolute path.
    File(PathBuf),
}

/// What becomes of the card when somebody logs out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Logout {
    /// The last program that uses the card closes it; one that leaves earlier ends its own login
    /// only.
    #[default]
    LastCloses,
    /// Each program that leaves resets the card, and so ends every program's login.
    AlwaysResets,
}

impl Logout {
    const NAMES: [(&str, Logout); 2] = [
        ("last-closes", Logout::LastCloses),
        ("always-reset", Logout::AlwaysResets),
    ];

    pub(super) fn named(name: &str) -> Option<Logout> {
        let mut names = Self::NAMES.into_iter();
        names.find(|(known, _)| *known == name).map(|(_, logout)| logout)
    }
}

/// The names of all levels, for a sentence.
pub(super) fn level_names() -> String {
    Level::NAMES.map(|(name, _)| name).join(", ")
}
