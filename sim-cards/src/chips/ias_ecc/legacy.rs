//! The files of class A0, left from the former generation (CPS2ter).

use crate::chips::codes::Codes;
use crate::iso7816::apdu::{Apdu, Position, ins};
use crate::iso7816::files::{self, AccessRules, Current, File, FileSystem, Kind};
use crate::iso7816::status::Status;
use crate::iso7816::tlv::tlv;
use crate::iso7816::transport::Answer;
use crate::issuer::profile::Profile;
use crate::model::layout::{self, Location};

/// The class A0 side of the chip. The holder code given in class 00 opens its files.
pub struct Legacy {
    files: FileSystem,
    current: Current,
}

impl Legacy {
    /// The files of a profile.
    pub fn new(profile: &Profile) -> Self {
        let objects =
            profile
                .data
                .iter()
                .filter_map(|object| match layout::location(profile.chip, &object.label)? {
                    Location::Legacy(directory, identifier) => {
                        let path = [directory, &[identifier]].concat();
                        Some(File::elementary(
                            &path,
                            AccessRules::HOLDER_READS,
                            object.content.clone(),
                        ))
                    }
                    Location::Application(_) => None,
                });
        let directory = File::dedicated(&[layout::LEGACY_DIRECTORY], None, AccessRules::PUBLIC);
        Self {
            files: FileSystem::new(
                File::dedicated(&[], None, AccessRules::PUBLIC),
                std::iter::once(directory).chain(objects).collect(),
            ),
            current: Current::default(),
        }
    }

    /// The tree that class A0 reads.
    pub fn files(&self) -> &FileSystem {
        &self.files
    }

    /// The card was reset.
    pub fn reset(&mut self) {
        self.current = Current::default();
    }

    /// SELECT by identifier and READ BINARY; GET RESPONSE is the transport's.
    pub fn execute(&mut self, apdu: &Apdu<'_>, codes: &Codes) -> Answer {
        match (apdu.ins, apdu.p1, apdu.p2) {
            (ins::SELECT, 0, 0) => {
                let identifier = files::identifier(apdu.data)?;
                let file = self
                    .files
                    .select_identifier(&mut self.current, identifier)
                    .map_err(legacy_status)?;
                Ok(file_information(file))
            }
            (ins::READ_BINARY, p1, p2) if apdu.data.is_empty() => {
                if codes.holder.is_blocked() && !codes.holder.is_verified() {
                    return Err(Status::LEGACY_CODE_LOCKED);
                }
                let from = Position {
                    file: None,
                    offset: usize::from(u16::from_be_bytes([p1, p2])),
                };
                self.files
                    .read(
                        &mut self.current,
                        from,
                        apdu.expected.unwrap_or(256),
                        codes.holder.is_verified(),
                    )
                    .map_err(legacy_status)
            }
            (ins::SELECT, ..) => Err(Status::WRONG_OFFSET),
            (ins::READ_BINARY, ..) => Err(Status::WRONG_LENGTH),
            _ => Err(Status::UNKNOWN_INSTRUCTION),
        }
    }
}

/// `85 len`, size, identifier, kind of file; what follows on a real card is not known and left zero.
fn file_information(file: &File) -> Vec<u8> {
    let (size, kind) = match &file.kind {
        Kind::Elementary { content, .. } => (content.len() as u16, 4),
        Kind::Dedicated { .. } if file.path.is_empty() => (0, 1),
        Kind::Dedicated { .. } => (0, 2),
    };
    let [size_high, size_low] = size.to_be_bytes();
    let [identifier_high, identifier_low] = file.identifier().to_be_bytes();
    tlv(
        0x85,
        &[
            size_high,
            size_low,
            identifier_high,
            identifier_low,
            kind,
            0,
            0,
            0,
        ],
    )
}

fn legacy_status(status: Status) -> Status {
    match status {
        Status::FILE_NOT_FOUND => Status::LEGACY_FILE_NOT_FOUND,
        Status::WRONG_OFFSET => Status::LEGACY_WRONG_OFFSET,
        Status::NO_CURRENT_FILE => Status::LEGACY_WRONG_FILE_KIND,
        Status::CODE_NEEDED => Status::LEGACY_CODE_NOT_GIVEN,
        other => other,
    }
}
