//! A directory in memory that is this user's alone.

use std::fs::{self, DirBuilder, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::effective_user;

/// File systems without a disk behind them (statfs(2)).
const TMPFS_MAGIC: i64 = 0x0102_1994;
const RAMFS_MAGIC: i64 = 0x8584_58F6;

/// A directory whose place is known, and which is made when it is needed.
#[derive(Debug)]
pub struct PrivateDirectory {
    path: PathBuf,
}

impl PrivateDirectory {
    /// The directory at `path`; nothing is looked at yet.
    pub fn new(path: &Path) -> PrivateDirectory {
        PrivateDirectory {
            path: path.to_owned(),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory above it.
    pub fn parent(&self) -> io::Result<&Path> {
        self.path.parent().ok_or(refused("no directory of the user"))
    }

    /// Makes the directory if it is not there; the one above it must be.
    pub fn make(&self) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(&self.path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }

    /// The user of the process, if the directory is in memory and that user's alone, and nobody
    /// else can put another one in its place.
    pub fn owner(&self) -> io::Result<u32> {
        let owner = effective_user();
        let not_alone = || refused("the directory is not this user's alone");
        let not_in_memory = || refused("the directory is not in memory");
        // The one above comes first: it must be right also where this one was not made yet.
        let parent = self.parent()?;
        if !is_safe_above(&fs::symlink_metadata(parent)?, owner) {
            return Err(not_alone());
        }
        if !is_in_memory(parent)? {
            return Err(not_in_memory());
        }
        let found = fs::symlink_metadata(&self.path)?;
        if !found.is_dir() || !is_private(&found, owner) {
            return Err(not_alone());
        }
        if !is_in_memory(&self.path)? {
            return Err(not_in_memory());
        }
        Ok(owner)
    }
}

/// Nobody else may read it, change it or look into it.
pub(crate) fn is_private(found: &Metadata, owner: u32) -> bool {
    found.uid() == owner && found.mode() & 0o077 == 0
}

/// The user's own directory, or one of the system in which each file is its owner's to remove, such
/// as /dev/shm.
fn is_safe_above(found: &Metadata, owner: u32) -> bool {
    let sticky = found.uid() == 0 && found.mode() & 0o1000 != 0;
    found.is_dir() && (is_private(found, owner) || sticky)
}

fn is_in_memory(directory: &Path) -> io::Result<bool> {
    // The width of the field differs between processors.
    #[allow(clippy::useless_conversion)]
    let kind = i64::from(rustix::fs::statfs(directory)?.f_type);
    Ok([TMPFS_MAGIC, RAMFS_MAGIC].contains(&kind))
}

pub(crate) fn refused(reason: &'static str) -> io::Error {
    io::Error::new(ErrorKind::PermissionDenied, reason)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_directory_in_memory_is_told_from_one_on_a_disk() {
        assert!(is_in_memory(Path::new("/dev/shm")).unwrap());
        assert!(!is_in_memory(Path::new("/proc")).unwrap());
    }

    #[test]
    fn only_a_directory_that_nobody_else_may_enter_is_private() {
        let path = Path::new("/dev/shm").join(format!("cpx-pkcs11-test-{}", std::process::id()));
        let directory = PrivateDirectory::new(&path);
        assert_eq!(directory.owner().unwrap_err().kind(), ErrorKind::NotFound);
        directory.make().unwrap();
        directory.make().unwrap();
        assert_eq!(directory.owner().unwrap(), effective_user());
        for mode in [0o750, 0o701, 0o1777] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(
                directory.owner().unwrap_err().kind(),
                ErrorKind::PermissionDenied,
                "{mode:o}"
            );
        }
        let below = PrivateDirectory::new(&path.join("below"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        below.make().unwrap();
        assert_eq!(
            below.owner().unwrap_err().kind(),
            ErrorKind::PermissionDenied,
            "above it others enter"
        );
        fs::remove_dir(below.path()).unwrap();
        fs::remove_dir(&path).unwrap();
    }
}
