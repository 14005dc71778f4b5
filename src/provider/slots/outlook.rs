//! What the log is told of all readers together.

use std::fmt;

use crate::config::Config;
use crate::reader::{ReaderError, ReaderState};

/// What there is to use: the reason why there is no slot, if there is none.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Outlook {
    /// The service gives no list.
    Unreachable(ReaderError),
    /// The service knows no reader.
    NoReader,
    /// The configuration hides every reader; their names.
    AllIgnored(Vec<String>),
    /// Some reader can be used; names of those that the configuration hides.
    Readers { ignored: Vec<String> },
}

impl Outlook {
    /// After the service was asked for its readers.
    pub fn of(listed: &Result<Vec<ReaderState>, ReaderError>, config: &Config) -> Outlook {
        let readers = match listed {
            Err(why) => return Outlook::Unreachable(*why),
            Ok(readers) => readers,
        };
        let names = readers.iter().map(|reader| &reader.name);
        let ignored: Vec<_> = names.filter(|name| config.ignores(name)).cloned().collect();
        match (readers.len(), ignored.len()) {
            (0, _) => Outlook::NoReader,
            (all, hidden) if all == hidden => Outlook::AllIgnored(ignored),
            _ => Outlook::Readers { ignored },
        }
    }

    /// Tells the log. At the start nothing is to be said where every reader can be used.
    pub fn log(&self, at_start: bool) {
        match self {
            Outlook::Readers { ignored } if at_start && ignored.is_empty() => {}
            Outlook::Readers { .. } => log::info!("{self}"),
            _ => log::error!("{self}"),
        }
    }
}

impl fmt::Display for Outlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outlook::Unreachable(why) => write!(f, "no reader can be used: {why}"),
            Outlook::NoReader => f.write_str(
                "no reader can be used: the PC/SC service knows none: plug one in, or install its driver \
                 (Debian's package libccid)",
            ),
            Outlook::AllIgnored(names) => write!(
                f,
                "no reader can be used: readers.ignore of the configuration hides every one ({}): take \
                 out of it what hides the reader of the card",
                names.join(", ")
            ),
            Outlook::Readers { ignored } if ignored.is_empty() => f.write_str("readers can be used again"),
            Outlook::Readers { ignored } => write!(
                f,
                "readers.ignore of the configuration hides these readers: {}",
                ignored.join(", ")
            ),
        }
    }
}
