//! Commands in their context: which file a READ BINARY reads depends on the SELECT before it.

use super::{Exchange, command};
use crate::iso7816::apdu::{Apdu, ins};
use crate::iso7816::files::{self, MASTER_FILE};
use crate::iso7816::status::Status;
use crate::iso7816::transport::LEGACY_CLASS;
use crate::model::{guesses, layout, names};

/// What an exchange means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Name of the command in the words of ISO 7816, with its parameters.
    pub command: String,
    /// Path of the file that it is about, as `3F00/0001/5031`, if that can be told.
    pub path: Option<String>,
    /// Name of the file or of the application that it is about, if it has one.
    pub file: Option<String>,
    /// Status word with its meaning; `None` if the card did not answer.
    pub status: Option<Status>,
}

/// Follows the selected file from one exchange to the next, as far as commands and status words tell.
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    current: Current,
    /// The files of class A0 have a selection of their own.
    legacy: Current,
}

/// `None` where a command led to a place that is not known.
#[derive(Debug, Clone, Default)]
struct Current {
    directory: Vec<u16>,
    file: Option<Vec<u16>>,
}

impl Decoder {
    /// For a card that was just reset.
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes the next exchange.
    pub fn decode(&mut self, exchange: &Exchange) -> Decoded {
        let status = exchange.status();
        let (path, file) = match Apdu::parse(&exchange.command) {
            Ok(apdu) => self.about(&apdu, status.is_some_and(is_success)),
            Err(_) => (None, None),
        };
        Decoded {
            command: command::name(&exchange.command),
            file: file.or_else(|| path.as_deref().and_then(names::file)),
            path: path.as_deref().map(names::path),
            status,
        }
    }

    /// Path and, where it is not that of the path, name of what a command is about.
    fn about(&mut self, apdu: &Apdu<'_>, succeeded: bool) -> (Option<Vec<u16>>, Option<String>) {
        let current = if apdu.cla == LEGACY_CLASS {
            &mut self.legacy
        } else {
            &mut self.current
        };
        match apdu.ins {
            ins::SELECT if apdu.p1 == 0x04 => {
                let path = application_path(apdu.data);
                if succeeded {
                    current.enter(path.clone().unwrap_or_default());
                }
                (path, names::application(apdu.data).map(str::to_owned))
            }
            ins::SELECT => {
                let path = current.selected(apdu);
                if let Some(path) = path.as_ref().filter(|_| succeeded) {
                    current.select(path);
                }
                (path, None)
            }
            ins::READ_BINARY | ins::UPDATE_BINARY if apdu.p1 & 0x80 != 0 => {
                (None, names::short_file(apdu.p1 & 0x1F).map(str::to_owned))
            }
            ins::READ_BINARY | ins::UPDATE_BINARY => (current.file.clone(), None),
            _ => (None, None),
        }
    }
}

impl Current {
    fn enter(&mut self, directory: Vec<u16>) {
        *self = Self {
            directory,
            file: None,
        };
    }

    fn select(&mut self, path: &[u16]) {
        let is_directory = match path {
            [] | [layout::LEGACY_DIRECTORY] => true,
            [directory] => names::is_application(*directory),
            _ => false,
        };
        match path.split_last() {
            Some((_, directory)) if !is_directory => {
                *self = Self {
                    directory: directory.to_vec(),
                    file: Some(path.to_vec()),
                };
            }
            _ => self.enter(path.to_vec()),
        }
    }

    /// Where a SELECT by identifier or path leads.
    fn selected(&self, apdu: &Apdu<'_>) -> Option<Vec<u16>> {
        let path = files::identifiers(apdu.data).ok()?;
        match (apdu.p1, path.as_slice()) {
            (_, [MASTER_FILE, path @ ..]) => Some(path.to_vec()),
            (0x08, path) => Some(path.to_vec()),
            (0x00, []) => Some(Vec::new()),
            (0x00 | 0x02 | 0x09, path) => {
                let below = [&self.directory, path].concat();
                let known = names::file(&below).is_some() || names::file(path).is_none();
                Some(if known { below } else { path.to_vec() })
            }
            _ => None,
        }
    }
}

fn application_path(aid: &[u8]) -> Option<Vec<u16>> {
    match aid {
        aid if aid == layout::ROOT_AID => Some(Vec::new()),
        aid if aid == layout::CONTACT_AID => Some(vec![layout::CONTACT_APPLICATION]),
        aid if aid == layout::CONTACTLESS_AID => Some(vec![guesses::get().files.contactless_application]),
        _ => None,
    }
}

/// 9000, or data that wait.
fn is_success(status: Status) -> bool {
    status == Status::DONE || matches!(status.0 >> 8, 0x61 | 0x9F)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::text::hex;

    fn files_of(log: &[(&str, &str)]) -> Vec<String> {
        let mut decoder = Decoder::new();
        let exchange = |(command, answer): &(&str, &str)| Exchange {
            number: 1,
            command: hex::decode(command).unwrap(),
            answer: hex::decode(answer).unwrap(),
            elapsed: Duration::ZERO,
        };
        log.iter()
            .map(|pair| decoder.decode(&exchange(pair)).file.unwrap_or_default())
            .collect()
    }

    #[test]
    fn what_is_read_is_what_was_selected() {
        let log = [
            ("00A40904043F00D003", "6127"),
            ("00B000000C", "9000"),
            ("00A40904063F000001D120", "6126"),
            ("00A40904043F00D011", "6A82"),
            ("00B0000000", "6982"),
            ("00B09C000C", "9000"),
            ("0084000008", "9000"),
        ];
        let expected = [
            "EF.SN.ICC",
            "EF.SN.ICC",
            "CPS_ACTIVITY_01_PS",
            "",
            "CPS_ACTIVITY_01_PS",
            "EF.SN.ICC",
            "",
        ];
        assert_eq!(files_of(&log), expected);
    }

    #[test]
    fn class_a0_has_its_own_selection() {
        let log = [
            ("00A4090C063F0000015031", "9000"),
            ("A0A40000027F01", "9F0A"),
            ("A0A40000024000", "9F0A"),
            ("A0B0000010", "9804"),
            ("00B0000010", "9000"),
        ];
        let expected = [
            "EF.ODF",
            "DF of the former generation",
            "CPS_SIT_FACT",
            "CPS_SIT_FACT",
            "EF.ODF",
        ];
        assert_eq!(files_of(&log), expected);
    }

    #[test]
    fn applications_are_named_and_entered() {
        let log = [
            ("00A404040DE828BD080F8025000001FF0010", "612F"),
            ("00A40200025031", "6126"),
        ];
        assert_eq!(files_of(&log), ["contact application", "EF.ODF"]);
    }
}
