//! Files of a card: the tree, what is selected in it, and who may read or write.

use crate::iso7816::apdu::Position;
use crate::iso7816::interface::Interface;
use crate::iso7816::status::Status;

/// Security condition bytes of a file (ISO 7816-4 §5.4.3.2), in the order of the access mode byte 7B: delete,
/// terminate, activate, deactivate, update, read.
pub type ConditionBytes = [u8; 6];

/// Who may do what with a file, on each interface. Observed on a real CPS3, tag A1 of the FCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessRules {
    /// Tag 8C.
    pub contact: ConditionBytes,
    /// Tag 9C.
    pub contactless: ConditionBytes,
}

const FREE: u8 = 0x00;
const NEVER: u8 = 0xFF;
const USER_AUTHENTICATION: u8 = 0x10;
/// Secure messaging with environment 5: the issuer's own key.
const ISSUER: u8 = 0x45;
/// The holder code, or secure messaging with environment 5.
const HOLDER: u8 = 0x55;

impl AccessRules {
    /// Read freely on both interfaces, written by the issuer: EF.DIR and EF.ATR of a real CPS3.
    pub const PUBLIC: Self = Self {
        contact: [ISSUER, NEVER, NEVER, NEVER, ISSUER, FREE],
        contactless: [NEVER, NEVER, NEVER, NEVER, NEVER, FREE],
    };
    /// Read freely on both interfaces, never written: EF.SN.ICC of a real CPS3.
    pub const FIXED: Self = Self {
        contact: [NEVER, NEVER, NEVER, NEVER, NEVER, FREE],
        contactless: [NEVER, NEVER, NEVER, NEVER, NEVER, FREE],
    };
    /// Read freely, contact only.
    pub const CONTACT: Self = Self {
        contact: [ISSUER, NEVER, NEVER, NEVER, ISSUER, FREE],
        contactless: [NEVER; 6],
    };
    /// Read with the holder code, contact only. Byte 55 fits all that is known of a real card.
    pub const HOLDER_READS: Self = Self {
        contact: [ISSUER, NEVER, NEVER, NEVER, ISSUER, HOLDER],
        contactless: [NEVER; 6],
    };
    /// Read freely, written with the holder code, contact only.
    pub const HOLDER_WRITES: Self = Self {
        contact: [ISSUER, NEVER, NEVER, NEVER, HOLDER, FREE],
        contactless: [NEVER; 6],
    };

    fn on(&self, interface: Interface) -> &ConditionBytes {
        match interface {
            Interface::Contact => &self.contact,
            Interface::Contactless => &self.contactless,
        }
    }

    fn allows(condition: u8, pin_verified: bool) -> Result<(), Status> {
        let by_pin = condition != NEVER && condition & USER_AUTHENTICATION != 0 && pin_verified;
        if condition == FREE || by_pin {
            Ok(())
        } else {
            Err(Status::CODE_NEEDED)
        }
    }
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A directory, with the name that SELECT P1=04 finds it by.
    Dedicated { name: Option<Vec<u8>> },
    /// A transparent file.
    Elementary { short: Option<u8>, content: Vec<u8> },
}

/// One file; `path` is from the MF, the MF left out, so that of the MF is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub path: Vec<u16>,
    pub rules: AccessRules,
    pub kind: Kind,
}

/// Identifier of the master file.
pub const MASTER_FILE: u16 = 0x3F00;

impl File {
    /// A directory.
    pub fn dedicated(path: &[u16], name: Option<&[u8]>, rules: AccessRules) -> Self {
        Self {
            path: path.to_vec(),
            rules,
            kind: Kind::Dedicated {
                name: name.map(<[u8]>::to_vec),
            },
        }
    }

    /// A transparent file without short identifier.
    pub fn elementary(path: &[u16], rules: AccessRules, content: Vec<u8>) -> Self {
        Self {
            path: path.to_vec(),
            rules,
            kind: Kind::Elementary { short: None, content },
        }
    }

    /// The same file with a short identifier.
    pub fn with_short_identifier(mut self, identifier: u8) -> Self {
        if let Kind::Elementary { short, .. } = &mut self.kind {
            *short = Some(identifier);
        }
        self
    }

    /// Identifier: the last of the path.
    pub fn identifier(&self) -> u16 {
        self.path.last().copied().unwrap_or(MASTER_FILE)
    }

    /// Whether it is a directory.
    pub fn is_dedicated(&self) -> bool {
        matches!(self.kind, Kind::Dedicated { .. })
    }
}

/// A tree of files. It always holds a master file.
#[derive(Debug, Clone)]
pub struct FileSystem {
    files: Vec<File>,
    interface: Interface,
}

/// What is selected: a directory and perhaps a file in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Current {
    directory: Vec<u16>,
    file: Option<Vec<u16>>,
}

impl Current {
    /// Path of the current directory.
    pub fn directory(&self) -> &[u16] {
        &self.directory
    }
}

impl FileSystem {
    /// A tree of a master file and the given files, seen through the contact interface.
    pub fn new(master: File, files: Vec<File>) -> Self {
        Self {
            files: [vec![master], files].concat(),
            interface: Interface::Contact,
        }
    }

    /// Every file, the master file first.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The same tree seen through another interface.
    pub fn on(mut self, interface: Interface) -> Self {
        self.interface = interface;
        self
    }

    fn at(&self, path: &[u16]) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    fn take(&self, current: &mut Current, path: &[u16]) -> Result<&File, Status> {
        let file = self.at(path).ok_or(Status::FILE_NOT_FOUND)?;
        *current = match (&file.kind, path) {
            (Kind::Elementary { .. }, [directory @ .., _]) => Current {
                directory: directory.to_vec(),
                file: Some(path.to_vec()),
            },
            _ => Current {
                directory: path.to_vec(),
                file: None,
            },
        };
        Ok(file)
    }

    /// Selects a directory by its whole name.
    pub fn select_name(&self, current: &mut Current, name: &[u8]) -> Result<&File, Status> {
        let path = self
            .files
            .iter()
            .find(|file| matches!(&file.kind, Kind::Dedicated { name: Some(own) } if own == name))
            .map(|file| file.path.clone())
            .ok_or(Status::FILE_NOT_FOUND)?;
        self.take(current, &path)
    }

    /// Selects by path from the master file, which the path does not name.
    pub fn select_path(&self, current: &mut Current, path: &[u16]) -> Result<&File, Status> {
        self.take(current, path)
    }

    /// Selects by path from the current directory.
    pub fn select_relative(&self, current: &mut Current, path: &[u16]) -> Result<&File, Status> {
        let path = [current.directory(), path].concat();
        self.take(current, &path)
    }

    /// Selects a file of the current directory, the directory itself, its parent or the master file.
    pub fn select_identifier(&self, current: &mut Current, identifier: u16) -> Result<&File, Status> {
        let here = current.directory().to_vec();
        let parent = here.split_last().map(|(_, parent)| parent);
        let below = [here.as_slice(), &[identifier]].concat();
        let sibling = parent.map(|parent| [parent, &[identifier]].concat());
        let known = |path: &Vec<u16>| self.at(path).is_some_and(|file| file.identifier() == identifier);
        let found = [
            Some(below),
            Some(here.clone()),
            parent.map(<[u16]>::to_vec),
            Some(Vec::new()),
        ]
        .into_iter()
        .flatten()
        .find(known)
        .or_else(|| sibling.filter(|path| known(path) && self.at(path).is_some_and(File::is_dedicated)));
        self.take(current, &found.ok_or(Status::FILE_NOT_FOUND)?)
    }

    /// The file that a BINARY command means; one named by its short identifier becomes the current one.
    fn resolve(&self, current: &mut Current, position: Position) -> Result<usize, Status> {
        let path = match position.file {
            None => current.file.clone().ok_or(Status::NO_CURRENT_FILE)?,
            Some(wanted) => self
                .files
                .iter()
                .find(|file| {
                    matches!(&file.kind, Kind::Elementary { short: Some(short), .. } if *short == wanted)
                        && file
                            .path
                            .split_last()
                            .is_some_and(|(_, parent)| parent == current.directory)
                })
                .map(|file| file.path.clone())
                .ok_or(Status::FILE_NOT_FOUND)?,
        };
        let index = self
            .files
            .iter()
            .position(|file| file.path == path)
            .ok_or(Status::FILE_NOT_FOUND)?;
        current.file = Some(path);
        Ok(index)
    }

    /// Reads at most `expected` bytes; fewer at the end of the file. `pin_verified`: the holder is there.
    pub fn read(
        &self,
        current: &mut Current,
        position: Position,
        expected: usize,
        pin_verified: bool,
    ) -> Result<Vec<u8>, Status> {
        let index = self.resolve(current, position)?;
        let Some(File {
            rules,
            kind: Kind::Elementary { content, .. },
            ..
        }) = self.files.get(index)
        else {
            return Err(Status::NO_CURRENT_FILE);
        };
        AccessRules::allows(rules.on(self.interface)[5], pin_verified)?;
        match content.get(position.offset..) {
            None | Some([]) if position.offset > 0 => Err(Status::WRONG_OFFSET),
            rest => Ok(rest.unwrap_or_default().iter().take(expected).copied().collect()),
        }
    }

    /// Writes over bytes that are there; a file does not grow.
    pub fn update(
        &mut self,
        current: &mut Current,
        position: Position,
        data: &[u8],
        pin_verified: bool,
    ) -> Result<(), Status> {
        let index = self.resolve(current, position)?;
        let Some(File {
            rules,
            kind: Kind::Elementary { content, .. },
            ..
        }) = self.files.get_mut(index)
        else {
            return Err(Status::NO_CURRENT_FILE);
        };
        AccessRules::allows(rules.on(self.interface)[4], pin_verified)?;
        if position.offset > content.len() {
            return Err(Status::WRONG_OFFSET);
        }
        let place = content
            .get_mut(position.offset..position.offset + data.len())
            .ok_or(Status::NOT_ENOUGH_SPACE)?;
        place.copy_from_slice(data);
        Ok(())
    }
}

/// Reads the file identifiers of a path. An odd number of bytes is [`Status::WRONG_DATA`].
pub fn identifiers(bytes: &[u8]) -> Result<Vec<u16>, Status> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Status::WRONG_DATA);
    }
    Ok(pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect())
}

/// Reads one file identifier.
pub fn identifier(bytes: &[u8]) -> Result<u16, Status> {
    bytes
        .try_into()
        .map(u16::from_be_bytes)
        .map_err(|_| Status::WRONG_DATA)
}
