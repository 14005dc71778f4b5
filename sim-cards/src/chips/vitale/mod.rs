//! The Vitale 2, the card of the insured, as the neighbour that a card of a professional has in a reader with two
//! slots: its ATR, its tree and its free files. It has no key and no code here.

use crate::chips::application::Application;
use crate::chips::codes::Codes;
use crate::holder::insured::Insured;
use crate::iso7816::apdu::{Apdu, Command, FileInformation, Selection};
use crate::iso7816::files::{self, Current, File, FileSystem, Kind};
use crate::iso7816::status::Status;
use crate::iso7816::tlv::{constructed, tlv};
use crate::iso7816::transport::Answer;
use crate::model::guesses;

/// Answer to reset, T=0 only; `version` is 43 to 49 on real cards.
pub fn atr(version: u8) -> [u8; 10] {
    [0x3B, 0x75, 0x13, 0x00, 0x00, version, 0x09, 0xEA, 0x90, 0x00]
}

/// The state of the card.
pub struct Vitale {
    files: FileSystem,
    current: Current,
}

impl Vitale {
    /// A card with these persons on it.
    pub fn new(insured: &Insured) -> Self {
        let guesses = guesses::get();
        let refused = guesses.chips.contactless_files();
        Self {
            files: guesses.vitale.file_system(insured, refused),
            current: Current::default(),
        }
    }

    fn select(&mut self, file: Selection<'_>, answer: FileInformation) -> Answer {
        let mut current = self.current.clone();
        let selected = match file {
            Selection::Name(name) => self.files.select_name(&mut current, name)?,
            Selection::Identifier([]) => self.files.select_path(&mut current, &[])?,
            Selection::Identifier(bytes) | Selection::ElementaryFile(bytes) => self
                .files
                .select_identifier(&mut current, files::identifier(bytes)?)?,
            Selection::PathFromRoot(_) | Selection::PathFromCurrent(_) => {
                return Err(Status::WRONG_PARAMETERS);
            }
        };
        let information = match answer {
            FileInformation::Fci => information(selected),
            FileInformation::None => Vec::new(),
            FileInformation::Fcp => return Err(Status::WRONG_PARAMETERS),
        };
        self.current = current;
        Ok(information)
    }
}

impl Application for Vitale {
    fn reset(&mut self) {
        self.current = Current::default();
    }

    fn execute(&mut self, apdu: &Apdu<'_>, codes: &mut Codes) -> Answer {
        if apdu.cla != 0x00 {
            return Err(Status::UNKNOWN_CLASS);
        }
        match Command::parse(apdu)? {
            Command::Select { file, answer } => self.select(file, answer),
            Command::ReadBinary { from, expected } => {
                self.files
                    .read(&mut self.current, from, expected, codes.holder.is_verified())
            }
            _ => Err(Status::UNKNOWN_INSTRUCTION),
        }
    }

    fn trees(&self) -> Vec<(&'static str, &FileSystem)> {
        vec![("class 00", &self.files)]
    }
}

/// Template 6F: size, kind, identifier, name. What a real card answers is not known.
fn information(file: &File) -> Vec<u8> {
    let identifier = tlv(0x83, &file.identifier().to_be_bytes());
    let parts = match &file.kind {
        Kind::Elementary { content, .. } => {
            let size = tlv(0x80, &(content.len() as u16).to_be_bytes());
            vec![size, tlv(0x82, &[0x01]), identifier]
        }
        Kind::Dedicated { name } => {
            let mut parts = vec![tlv(0x82, &[0x38]), identifier];
            parts.extend(name.as_ref().map(|name| tlv(0x84, name)));
            parts
        }
    };
    constructed(0x6F, &parts)
}
