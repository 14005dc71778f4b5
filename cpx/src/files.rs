//! Files of the person: read up to a size that can be held, written whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::message;
use crate::outcome::{Exit, Failure, Result, fail};

/// The largest file that is read. A document has less; a disk image is a mistake.
pub const LARGEST: u64 = 512 << 20;

fn unreadable(path: &Path, reason: &std::io::Error) -> Failure {
    let (path, reason) = (path.display().to_string(), reason.to_string());
    Failure::new(
        Exit::File,
        message!("file-unreadable", path = path, reason = reason),
    )
}

fn unwritable(path: &Path, reason: &std::io::Error) -> Failure {
    let (path, reason) = (path.display().to_string(), reason.to_string());
    Failure::new(
        Exit::File,
        message!("file-unwritable", path = path, reason = reason),
    )
}

/// The whole content of a file, which is neither a directory, nor empty, nor too large.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let shown = || path.display().to_string();
    let file = File::open(path).map_err(|reason| unreadable(path, &reason))?;
    let about = file.metadata().map_err(|reason| unreadable(path, &reason))?;
    if about.is_dir() {
        return fail(Exit::File, message!("file-is-directory", path = shown()));
    }
    if about.len() > LARGEST {
        return fail(Exit::File, message!("file-too-large", path = shown()));
    }
    let mut content = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut content)
        .map_err(|reason| unreadable(path, &reason))?;
    match content.len() as u64 {
        0 => fail(Exit::File, message!("file-empty", path = shown())),
        length if length > LARGEST => fail(Exit::File, message!("file-too-large", path = shown())),
        _ => Ok(content),
    }
}

/// A file of this name could be written: none is there.
pub fn is_free(path: &Path) -> Result<()> {
    match path.symlink_metadata().is_ok() {
        true => {
            let path = path.display().to_string();
            fail(Exit::File, message!("file-exists", path = path))
        }
        false => Ok(()),
    }
}

/// Writes a file that is not there yet: nothing of a person's is overwritten.
pub fn write_new(path: &Path, content: &[u8]) -> Result<()> {
    write(path, content, 0o666)
}

/// The same, for the eyes of this user alone.
pub fn write_new_for_oneself(path: &Path, content: &[u8]) -> Result<()> {
    write(path, content, 0o600)
}

fn write(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let mut options = OpenOptions::new();
    let created = options.write(true).create_new(true).mode(mode).open(path);
    let mut file = match created {
        Err(reason) if reason.kind() == std::io::ErrorKind::AlreadyExists => {
            let path = path.display().to_string();
            return fail(Exit::File, message!("file-exists", path = path));
        }
        other => other.map_err(|reason| unwritable(path, &reason))?,
    };
    file.write_all(content).map_err(|reason| {
        let _ = std::fs::remove_file(path);
        unwritable(path, &reason)
    })
}
