//! The certificate cache: certificates that one process has read from a card, for the next one of
//! the same user. Off unless the [configuration](crate::config) asks for it.
//!
//! They stay in memory: below `$XDG_RUNTIME_DIR`, which the system removes when the user leaves,
//! and only where that is a file system without a disk. Only certificates are kept, which a card
//! shows to everybody. Whoever takes one from here compares its end with the card: see `Token`.

use std::fs::{self, DirEntry, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::SystemTime;

use crate::crypto::Hash;
use crate::system::directory::{is_private, refused};
use crate::system::{PrivateDirectory, careful_options};

/// Longest certificate that is kept, in bytes; those of the cards have about 2,200.
const LONGEST: usize = 16 * 1024;

/// Most certificates that are kept, those of some thirty cards; the oldest goes.
const MOST: usize = 64;

/// Length of the digest before each certificate.
const DIGEST: usize = Hash::Sha256.len();

/// The certificates that are kept for one user.
#[derive(Debug)]
pub struct CertificateCache {
    directory: PrivateDirectory,
}

impl CertificateCache {
    /// The certificates in this directory, which is made when there is one to keep; its parent must
    /// be there.
    pub fn new(directory: &Path) -> CertificateCache {
        CertificateCache {
            directory: PrivateDirectory::new(directory),
        }
    }

    /// Whether certificates can be kept there. The error says which directory is no place for them.
    pub fn check(&self) -> io::Result<()> {
        match self.directory.owner() {
            // Nothing was kept yet.
            Err(error) if error.kind() == ErrorKind::NotFound && self.directory.parent()?.is_dir() => Ok(()),
            owner => owner.map(drop),
        }
    }

    /// The certificate file that was kept for this file of the card with this serial number.
    pub fn find(&self, card: &str, file: &[u16]) -> Option<Vec<u8>> {
        match self.read(&name(card, file)) {
            Ok(certificate) => Some(certificate),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                log::warn!("no certificate of an earlier process: {error}");
                None
            }
        }
    }

    /// Keeps the content of a certificate file; what was kept for the same file before goes.
    pub fn keep(&self, card: &str, file: &[u16], certificate: &[u8]) {
        if certificate.len() > LONGEST {
            return;
        }
        if let Err(error) = self.write(&name(card, file), certificate) {
            log::warn!("a certificate cannot be kept for later processes: {error}");
        }
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let owner = self.directory.owner()?;
        let file = careful_options()
            .read(true)
            .open(self.directory.path().join(name))?;
        let found = file.metadata()?;
        if !found.is_file() || !is_private(&found, owner) {
            return Err(refused("not a file of this user alone"));
        }
        let mut content = Vec::new();
        file.take((DIGEST + LONGEST) as u64).read_to_end(&mut content)?;
        let (digest, certificate) = content.split_first_chunk::<DIGEST>().ok_or(damaged())?;
        if Hash::Sha256.digest(certificate)[..] != digest[..] {
            return Err(damaged());
        }
        Ok(certificate.to_vec())
    }

    /// A reader meets the old content or the new one, never a part.
    fn write(&self, name: &str, certificate: &[u8]) -> io::Result<()> {
        self.directory.make()?;
        self.directory.owner()?;
        self.make_room(name)?;
        let unfinished = self
            .directory
            .path()
            .join(format!("{name}.{}", std::process::id()));
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)
            .and_then(|mut file| {
                file.write_all(&[&Hash::Sha256.digest(certificate)[..], certificate].concat())
            })
            .and_then(|()| fs::rename(&unfinished, self.directory.path().join(name)));
        // Also what another process of the same number has left behind.
        written.inspect_err(|_| drop(fs::remove_file(&unfinished)))
    }

    /// Removes the oldest certificates until there is room for one more.
    fn make_room(&self, name: &str) -> io::Result<()> {
        let mut others: Vec<(SystemTime, DirEntry)> = fs::read_dir(self.directory.path())?
            .filter_map(Result::ok)
            .filter(|entry| entry.file_name() != name)
            .map(|entry| Ok((entry.metadata()?.modified()?, entry)))
            .collect::<io::Result<_>>()?;
        others.sort_by_key(|(age, _)| *age);
        let surplus = (others.len() + 1).saturating_sub(MOST);
        others
            .iter()
            .take(surplus)
            .try_for_each(|(_, entry)| fs::remove_file(entry.path()))
    }
}

/// Says nothing of the card to who lists the directory.
fn name(card: &str, file: &[u16]) -> String {
    let path: Vec<u8> = file.iter().flat_map(|fid| fid.to_be_bytes()).collect();
    let digest = Hash::Sha256.digest(&[&b"certificate of "[..], card.as_bytes(), &path].concat());
    base16ct::lower::encode_string(&digest)
}

fn damaged() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "the file is damaged")
}
