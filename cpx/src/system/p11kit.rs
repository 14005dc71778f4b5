//! What p11-kit loads: files `NAME.module` of the system, of its administrator and of the person.

use std::path::{Path, PathBuf};

use super::{System, entries, text};

/// A registered module.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The file.
    pub file: PathBuf,
    /// The library that it names, as it stands there.
    pub library: PathBuf,
}

/// Where p11-kit looks; a later file of the same name takes the place of an earlier one.
pub fn folders(system: &System) -> Vec<PathBuf> {
    let mut folders = vec![
        system.at("/usr/share/p11-kit/modules"),
        system.at("/etc/pkcs11/modules"),
    ];
    folders.extend(system.config.iter().map(|config| config.join("pkcs11/modules")));
    folders
}

/// Whether a library is another one for the same cards: OpenSC's, or the official one.
pub fn is_for_the_same_card(library: &Path) -> bool {
    let name = library
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let others = ["opensc-pkcs11", "cps3_pkcs11"];
    name.is_some_and(|name| others.iter().any(|other| name.contains(other)))
}

/// All registered modules.
pub fn registrations(system: &System) -> Vec<Registration> {
    let mut all: Vec<Registration> = Vec::new();
    for file in folders(system).iter().flat_map(|folder| entries(folder)) {
        if file.extension().is_none_or(|extension| extension != "module") {
            continue;
        }
        all.retain(|earlier| earlier.file.file_name() != file.file_name());
        let content = text(&file).unwrap_or_default();
        if let Some(library) = library(&content) {
            all.push(Registration { file, library });
        }
    }
    all
}

/// The library of a file's text, unless the file keeps every program away from it.
fn library(content: &str) -> Option<PathBuf> {
    let value = |key: &str| {
        content.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            (name.trim() == key).then(|| value.trim().to_owned())
        })
    };
    let nobody = value("enable-in").is_some_and(|programs| programs.is_empty() || programs == "none");
    let library = value("module").filter(|library| !library.is_empty())?;
    (!nobody).then(|| Path::new(&library).to_owned())
}
