//! Files that are changed, and what they were before. A copy of each is kept in a folder of `cpx`,
//! with the digest of what was written: only a file that nobody has changed since is put back.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::merge::Merge;
use super::plan::Scope;
use crate::card::certificate::hex;
use crate::message;
use crate::outcome::{Exit, Failure, Result, fail};
use crate::system::System;

/// A file, as it is and as it will be.
#[derive(Debug)]
pub struct Change {
    /// The file.
    pub file: PathBuf,
    /// Its content; nothing if it is not there.
    pub before: Option<Vec<u8>>,
    /// What it will be; nothing if it goes.
    pub after: Option<Vec<u8>>,
    /// Where its copy is kept.
    pub copy: Option<PathBuf>,
    undo: bool,
}

/// Who keeps the copies.
pub struct Keeper {
    folder: PathBuf,
}

/// Endings of a kept file's name: what was there before, and the digest of what was written.
const BEFORE: &str = "before";
const WRITTEN: &str = "written";

impl Keeper {
    /// That of the system, or of the person.
    pub fn new(scope: Scope, system: &System) -> Result<Keeper> {
        let folder = match scope {
            Scope::System => Some(system.at("/var/lib/cpx/setup")),
            Scope::User => system.at_home(".local/state/cpx/setup"),
        };
        let homeless = || Failure::new(Exit::Usage, message!("setup-no-home"));
        Ok(Keeper {
            folder: folder.ok_or_else(homeless)?,
        })
    }

    /// A kept file, named after the whole path of the other.
    fn kept(&self, file: &Path, ending: &str) -> PathBuf {
        let name: Vec<u8> = file.to_string_lossy().bytes().collect();
        let name: String = name
            .iter()
            .map(|byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(*byte).to_string(),
                other => format!("%{other:02X}"),
            })
            .collect();
        self.folder.join(format!("{name}.{ending}"))
    }

    /// What doing changes.
    pub fn doing(&self, file: &Path, merge: &Merge) -> Result<Change> {
        let file = real(file);
        let before = read(&file)?;
        let text = match &before {
            Some(bytes) => Some(std::str::from_utf8(bytes).map_err(|_| unclear(&file))?),
            None => None,
        };
        let after = merge(text).ok_or_else(|| unclear(&file))?.into_bytes();
        let changes = before.as_ref() != Some(&after);
        let copy = (changes && before.is_some()).then(|| self.kept(&file, BEFORE));
        Ok(Change {
            file,
            before,
            after: Some(after),
            copy,
            undo: false,
        })
    }

    /// What undoing changes; nothing for a file that was not changed here.
    pub fn undoing(&self, file: &Path) -> Result<Option<Change>> {
        let file = real(file);
        let shown = file.display().to_string();
        let before = read(&file)?;
        let written = read(&self.kept(&file, WRITTEN))?;
        let Some(written) = written else {
            return Ok(None);
        };
        let kept = self.kept(&file, BEFORE);
        if before.as_deref().map(digest) != Some(written) {
            let kept = kept.display().to_string();
            return fail(
                Exit::File,
                message!("setup-changed-since", path = shown, copy = kept),
            );
        }
        let after = read(&kept)?;
        Ok(Some(Change {
            file,
            before,
            after,
            copy: None,
            undo: true,
        }))
    }

    /// Makes a change. The copy is kept first.
    pub fn apply(&self, change: &Change) -> Result<()> {
        let file = &change.file;
        let done = match (&change.before, &change.after) {
            (before, after) if before == after => Ok(()),
            (_, after) if change.undo => replace(file, after.as_deref()).and_then(|()| self.forget(file)),
            (before, after) => self
                .remember(file, before.as_deref(), after.as_deref().unwrap_or_default())
                .and_then(|()| replace(file, after.as_deref())),
        };
        done.map_err(|reason| {
            let (path, reason) = (file.display().to_string(), reason.to_string());
            Failure::new(
                Exit::File,
                message!("file-unwritable", path = path, reason = reason),
            )
        })
    }

    fn remember(&self, file: &Path, before: Option<&[u8]>, after: &[u8]) -> io::Result<()> {
        let (kept, written) = (self.kept(file, BEFORE), self.kept(file, WRITTEN));
        // Done again over what was written here: the copy is that of the first time.
        let ours = fs::read(&written).is_ok_and(|last| before.map(digest) == Some(last));
        if !ours {
            match before {
                Some(before) => replace(&kept, Some(before))?,
                None => forgiving(fs::remove_file(&kept))?,
            }
        }
        replace(&written, Some(&digest(after)))
    }

    fn forget(&self, file: &Path) -> io::Result<()> {
        forgiving(fs::remove_file(self.kept(file, BEFORE)))?;
        forgiving(fs::remove_file(self.kept(file, WRITTEN)))
    }
}

fn digest(content: &[u8]) -> Vec<u8> {
    format!("{}\n", hex(&Sha256::digest(content))).into_bytes()
}

/// The file that a link leads to.
fn real(file: &Path) -> PathBuf {
    file.canonicalize().unwrap_or_else(|_| file.to_owned())
}

fn unclear(file: &Path) -> Failure {
    let path = file.display().to_string();
    Failure::new(Exit::File, message!("setup-unclear", path = path))
}

fn read(file: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(file) {
        Ok(content) => Ok(Some(content)),
        Err(reason) if reason.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(reason) => {
            let (path, reason) = (file.display().to_string(), reason.to_string());
            fail(
                Exit::File,
                message!("file-unreadable", path = path, reason = reason),
            )
        }
    }
}

fn forgiving(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(reason) if reason.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Writes a file whole, with the rights that it has, or removes it.
fn replace(file: &Path, content: Option<&[u8]>) -> io::Result<()> {
    let Some(content) = content else {
        return fs::remove_file(file);
    };
    if let Some(folder) = file.parent() {
        // Whoever may write there could put a module of his own: whatever the umask of this person, nobody else.
        DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
    }
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".cpx-new");
    let new = file.with_file_name(name);
    let written = fs::write(&new, content)
        .and_then(|()| {
            let mode = file.metadata().map_or(0o644, |it| it.permissions().mode());
            fs::set_permissions(&new, Permissions::from_mode(mode))
        })
        .and_then(|()| fs::rename(&new, file));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}
