//! The certificate cache: certificates that one process has read from a card, for the next one of
//! the same user. Off unless the [configuration](crate::config) asks for it.
//!
//! They stay in memory: below `$XDG_RUNTIME_DIR`, which the system removes when the user leaves,
//! and only where that is a file system without a disk. Only certificates are kept, and each is
//! sealed with the bytes with which it ends on the card ([`Seal`]): where the card is not, the
//! files tell nothing, and what they hold is used only with a card that ends as it does. A file's
//! name is the place of these bytes on the card, and what the seal makes of them:
//! `PATH-OFFSET-NAME`, such as `3f000001b001-086e-…`.

mod seal;

use std::fs::{self, DirEntry, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::ops::RangeInclusive;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::SystemTime;

use crate::system::directory::{is_private, refused};
use crate::system::{PrivateDirectory, careful_options};

pub use seal::{OVERHEAD, SEALING, Seal};

/// Longest certificate that is kept, in bytes; those of the cards have about 2,200.
const LONGEST: usize = 16 * 1024;

/// Lengths that a kept file may have, in bytes.
const LENGTHS: RangeInclusive<u64> = OVERHEAD as u64 + 1..=(OVERHEAD + LONGEST) as u64;

/// Most certificates that are kept, those of some thirty cards; the oldest goes.
const MOST: usize = 64;

/// Most ends of certificates that a card is asked for: each costs two exchanges.
const MOST_ENDS: usize = 2;

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

    /// Where certificates in this file of a card may end: offsets of their last [`SEALING`] bytes,
    /// those of the certificate that was kept last first. Without one, nothing was kept.
    pub fn ends(&self, file: &[u16]) -> Vec<usize> {
        match self.ends_in(&path(file)) {
            Ok(ends) => ends,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                log::warn!("no certificate of an earlier process: {error}");
                Vec::new()
            }
        }
    }

    /// The certificate that was kept for this file of a card, whose bytes at `end` are `sealing`.
    pub fn find(&self, file: &[u16], end: usize, sealing: &[u8; SEALING]) -> Option<Vec<u8>> {
        let seal = Seal::new(sealing)?;
        let place = place(file, end);
        let sealed = match self.read(&name(&place, &seal)) {
            Ok(sealed) => sealed,
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => {
                log::warn!("no certificate of an earlier process: {error}");
                return None;
            }
        };
        let Some(mut certificate) = seal.open(place.as_bytes(), &sealed) else {
            log::warn!("no certificate of an earlier process: the file is damaged");
            return None;
        };
        certificate.extend_from_slice(sealing);
        Some(certificate)
    }

    /// Keeps a certificate, which begins at `start` of its file.
    pub fn keep(&self, file: &[u16], start: usize, certificate: &[u8]) {
        let Some((content, sealing)) = certificate.split_last_chunk::<SEALING>() else {
            return;
        };
        let Some(seal) = Seal::new(sealing).filter(|_| certificate.len() <= LONGEST) else {
            return;
        };
        let place = place(file, start + content.len());
        let Some(sealed) = seal.seal(place.as_bytes(), content) else {
            return;
        };
        if let Err(error) = self.write(&name(&place, &seal), &sealed) {
            log::warn!("a certificate cannot be kept for later processes: {error}");
        }
    }

    /// The offsets in the names that begin with this path.
    fn ends_in(&self, path: &str) -> io::Result<Vec<usize>> {
        let owner = self.directory.owner()?;
        let mut found: Vec<(SystemTime, usize)> = fs::read_dir(self.directory.path())?
            .filter_map(Result::ok)
            .filter_map(|entry| {
                let name = entry.file_name();
                let (offset, seal) = name
                    .to_str()?
                    .strip_prefix(path)?
                    .strip_prefix('-')?
                    .split_once('-')?;
                // What is being written has another end of its name.
                let whole = seal.bytes().all(|digit| digit.is_ascii_hexdigit());
                let offset = usize::from_str_radix(offset, 16).ok().filter(|_| whole)?;
                let found = entry.metadata().ok()?;
                let usable = is_private(&found, owner) && LENGTHS.contains(&found.len());
                Some((found.modified().ok()?, offset)).filter(|_| usable)
            })
            .collect();
        found.sort_by_key(|(age, _)| std::cmp::Reverse(*age));
        let mut ends = Vec::new();
        for (_, end) in found {
            if !ends.contains(&end) && ends.len() < MOST_ENDS {
                ends.push(end);
            }
        }
        Ok(ends)
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
        let mut sealed = Vec::new();
        file.take(*LENGTHS.end()).read_to_end(&mut sealed)?;
        Ok(sealed)
    }

    /// A reader meets the old content or the new one, never a part.
    fn write(&self, name: &str, sealed: &[u8]) -> io::Result<()> {
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
            .and_then(|mut file| file.write_all(sealed))
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

/// A path of file identifiers in hexadecimal digits.
fn path(file: &[u16]) -> String {
    file.iter().map(|fid| format!("{fid:04x}")).collect()
}

/// Where the sealing bytes stand on the card.
fn place(file: &[u16], end: usize) -> String {
    format!("{}-{end:04x}", path(file))
}

fn name(place: &str, seal: &Seal) -> String {
    format!("{place}-{}", seal.name())
}

#[cfg(test)]
mod tests {
    use std::fs::{File, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::PathBuf;
    use std::thread;
    use std::time::Duration;

    use super::*;

    const FILE: [u16; 3] = [0x3F00, 0x0001, 0xB001];
    const OTHER_FILE: [u16; 3] = [0x3F00, 0x0001, 0xB002];

    /// A directory in memory, removed with it.
    struct Directory(PathBuf);

    impl Directory {
        fn new(test: &str) -> Directory {
            let name = format!("cpx-pkcs11-cache-{}-{test}", std::process::id());
            Directory(Path::new("/dev/shm").join(name))
        }

        fn cache(&self) -> CertificateCache {
            CertificateCache::new(&self.0)
        }

        fn files(&self) -> Vec<PathBuf> {
            let entries = fs::read_dir(&self.0).expect("the directory");
            entries.map(|entry| entry.expect("an entry").path()).collect()
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// What stands in a certificate does not matter here, only its length and its end.
    fn certificate(length: usize) -> Vec<u8> {
        (0..length).map(|index| (index * 7 + length) as u8).collect()
    }

    fn found(cache: &CertificateCache, certificate: &[u8]) -> Option<Vec<u8>> {
        let (before, sealing) = certificate.split_last_chunk().expect("an end");
        cache.find(&FILE, before.len(), sealing)
    }

    #[test]
    fn the_card_is_asked_for_the_end_of_what_was_kept_last_and_for_two_at_most() {
        let directory = Directory::new("ends");
        let cache = directory.cache();
        assert_eq!(cache.ends(&FILE), [0; 0], "nothing was kept");
        cache.keep(&OTHER_FILE, 0, &certificate(50));
        assert_eq!(cache.ends(&FILE), [0; 0], "nothing was kept of this file");
        for (age, length) in [(40, 100), (20, 200), (30, 300), (10, 200)] {
            let before = directory.files();
            let mut kept = certificate(length);
            kept[length - 1] ^= age;
            cache.keep(&FILE, 0, &kept);
            let new: Vec<_> = directory.files();
            let new = new.iter().find(|path| !before.contains(path)).expect("a file");
            let time = SystemTime::now() - Duration::from_secs(age.into());
            File::options()
                .write(true)
                .open(new)
                .unwrap()
                .set_modified(time)
                .unwrap();
        }
        assert_eq!(cache.ends(&FILE), [200 - SEALING, 300 - SEALING]);
    }

    #[test]
    fn what_is_no_file_of_the_cache_names_no_end() {
        let directory = Directory::new("strange");
        let cache = directory.cache();
        let kept = certificate(500);
        cache.keep(&FILE, 0, &kept);
        let [path] = &directory.files()[..] else {
            panic!("one file")
        };
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let (place, seal) = name.rsplit_once('-').unwrap();
        let content = fs::read(path).unwrap();
        fs::remove_file(path).unwrap();
        let strange = [
            // Unfinished, without an end, without a number, of another path, of an older form.
            format!("{name}.4711"),
            format!("{}-{seal}", &place[..12]),
            format!("{}-zz-{seal}", &place[..12]),
            format!("{}-{:040x}-{seal}", &place[..12], 1),
            format!("3f00{name}"),
            seal.repeat(2),
        ];
        for name in &strange {
            let path = directory.0.join(name);
            fs::write(&path, &content).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            assert!(!cache.ends(&FILE).contains(&(500 - SEALING)), "{name}");
            assert_eq!(found(&cache, &kept), None, "{name}");
        }
    }

    #[test]
    fn a_link_is_not_followed_and_a_file_that_others_read_is_none() {
        let directory = Directory::new("link");
        let cache = directory.cache();
        let kept = certificate(500);
        cache.keep(&FILE, 0, &kept);
        assert_eq!(found(&cache, &kept), Some(kept.clone()));
        let path = directory.files().remove(0);
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert_eq!((found(&cache, &kept), cache.ends(&FILE)), (None, vec![]));
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let elsewhere = directory.0.join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        symlink(&elsewhere, &path).unwrap();
        assert_eq!((found(&cache, &kept), cache.ends(&FILE)), (None, vec![]));
        cache.keep(&FILE, 0, &kept);
        assert_eq!(found(&cache, &kept), Some(kept), "in place of the link");
        assert!(!fs::symlink_metadata(&path).unwrap().is_symlink());
    }

    #[test]
    fn what_is_too_short_too_long_or_ends_in_fill_is_not_kept() {
        let directory = Directory::new("lengths");
        let cache = directory.cache();
        let mut filled = certificate(500);
        filled[500 - SEALING..].fill(0xFF);
        for content in [certificate(SEALING - 1), certificate(LONGEST + 1), filled] {
            cache.keep(&FILE, 0, &content);
            assert!(!directory.0.exists(), "{} bytes", content.len());
        }
        let longest = certificate(LONGEST);
        cache.keep(&FILE, 0, &longest);
        assert_eq!(found(&cache, &longest), Some(longest));
    }

    #[test]
    fn who_looks_while_others_keep_the_same_certificate_finds_it_whole() {
        let directory = Directory::new("writers");
        let kept = certificate(2000);
        directory.cache().keep(&FILE, 0, &kept);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..100).for_each(|_| directory.cache().keep(&FILE, 0, &kept)));
            }
            for _ in 0..200 {
                assert_eq!(found(&directory.cache(), &kept).as_ref(), Some(&kept));
            }
        });
    }
}
