//! The trace file.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::system::{careful_options, effective_user};

/// A file of one user that grows at its end. It is opened anew for each record, so that a log
/// rotation may take it away, and a program that closes all its files does not end up with records
/// in a file of its own.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TraceFile {
    path: PathBuf,
    owner: u32,
}

impl TraceFile {
    /// The file of that name, for the user who runs the process.
    pub(super) fn of_process(path: &Path) -> Self {
        TraceFile {
            path: path.to_owned(),
            owner: effective_user(),
        }
    }

    /// The same file under the eyes of another user.
    #[cfg(test)]
    pub(super) fn of_user(&self, owner: u32) -> Self {
        let path = self.path.clone();
        TraceFile { path, owner }
    }

    /// Adds a whole line with one write, so that lines of threads and processes do not mix. A new
    /// file gets the rights 0600.
    ///
    /// # Errors
    /// Those of open and write. [`ErrorKind::PermissionDenied`] for a file that is not the user's
    /// own, or that others may write to; in a directory like /tmp somebody may have put it there.
    pub(super) fn append(&self, line: &[u8]) -> io::Result<()> {
        let mut file = self.open()?;
        match file.write(line)? {
            written if written == line.len() => Ok(()),
            _ => Err(ErrorKind::StorageFull.into()),
        }
    }

    fn open(&self) -> io::Result<File> {
        let file = careful_options()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.path)?;
        let found = file.metadata()?;
        let others_write = found.mode() & 0o022 != 0;
        if !found.is_file() || found.uid() != self.owner || found.nlink() != 1 || others_write {
            let reason = "not a file of this user alone";
            return Err(io::Error::new(ErrorKind::PermissionDenied, reason));
        }
        Ok(file)
    }
}
