//! What the machine is like beside the card: files of programs, devices, processes. All of it is
//! looked for below one root, so that a mounted system can be examined, and a test's own.

pub mod elf;
pub mod nss;
pub mod p11kit;
pub mod pcscd;
pub mod policy;
pub mod processes;
pub mod programs;
pub mod usb;

use std::path::{Path, PathBuf};

/// Where everything lies.
#[derive(Clone, Debug)]
pub struct System {
    /// `/`, or the folder that stands in its place.
    root: PathBuf,
    /// The person's own folder.
    pub home: Option<PathBuf>,
    /// `$XDG_RUNTIME_DIR`.
    pub runtime: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME`, or `.config`.
    pub config: Option<PathBuf>,
    /// The socket of pcscd.
    pub socket: PathBuf,
    /// Whether the session came over the network (ssh).
    pub remote: bool,
}

impl System {
    /// The system as the environment tells, below this root if one is named.
    pub fn of_environment(root: Option<&Path>) -> System {
        let folder = |name: &str| {
            let value = std::env::var_os(name).filter(|value| !value.is_empty());
            value.map(PathBuf::from).filter(|path| path.is_absolute())
        };
        let root = root.unwrap_or(Path::new("/")).to_owned();
        let home = folder("HOME");
        let below_home = home.as_ref().map(|home| home.join(".config"));
        let socket = folder("PCSCLITE_CSOCK_NAME");
        System {
            socket: socket.unwrap_or_else(|| root.join("run/pcscd/pcscd.comm")),
            config: folder("XDG_CONFIG_HOME").or(below_home),
            runtime: folder("XDG_RUNTIME_DIR"),
            remote: std::env::var_os("SSH_CONNECTION").is_some(),
            home,
            root,
        }
    }

    /// A place of the system, named as below `/`.
    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// A place of the person, if there is a home.
    pub fn at_home(&self, path: &str) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(path))
    }

    /// The first of these places of the system that is there.
    pub fn first(&self, places: &[&str]) -> Option<PathBuf> {
        let mut places = places.iter().map(|place| self.at(place));
        places.find(|place| place.exists())
    }

    /// A path as it may be shown to others: no person's name in it, and without the root.
    pub fn public(&self, path: &Path) -> String {
        let below_root = path.strip_prefix(&self.root).ok();
        let below_home = self.home.as_ref().and_then(|home| path.strip_prefix(home).ok());
        let path = match (below_root, below_home) {
            (Some(rest), _) if self.root != Path::new("/") => Path::new("/").join(rest),
            (_, Some(rest)) => return format!("~/{}", rest.display()),
            (_, None) => path.to_owned(),
        };
        match path.strip_prefix("/home") {
            Ok(rest) => {
                let rest: PathBuf = rest.components().skip(1).collect();
                format!("/home/…/{}", rest.display())
            }
            Err(_) => path.display().to_string(),
        }
    }
}

/// The entries of a folder, in order; none if it is not there.
pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = std::fs::read_dir(folder).into_iter().flatten();
    let mut all: Vec<PathBuf> = read.flatten().map(|entry| entry.path()).collect();
    all.sort();
    all
}

/// The text of a small file, without blanks around; nothing if it is not there or not text.
pub fn text(path: &Path) -> Option<String> {
    let content = crate::files::read(path).ok()?;
    Some(String::from_utf8(content).ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_without_a_persons_name() {
        let system = System {
            home: Some("/home/testine".into()),
            ..System::of_environment(Some(Path::new("/mnt")))
        };
        for (path, shown) in [
            ("/home/testine/.pki/nssdb", "~/.pki/nssdb"),
            ("/home/testou/.pki", "/home/…/.pki"),
            ("/mnt/home/testou/.pki", "/home/…/.pki"),
            ("/mnt/etc/firefox", "/etc/firefox"),
            ("/opt/x", "/opt/x"),
        ] {
            assert_eq!(system.public(Path::new(path)), shown);
        }
    }
}
