//! NSS databases, where Firefox, Thunderbird and Chromium keep their modules: `pkcs11.txt`.

use std::path::PathBuf;

use super::{System, entries, text};

/// A database, with the modules in it.
#[derive(Clone, Debug)]
pub struct Database {
    /// Its `pkcs11.txt`.
    pub file: PathBuf,
    /// Modules by name and library; the built-in one has no library.
    pub modules: Vec<(String, PathBuf)>,
}

/// Folders of a home whose subfolders are profiles with a database.
const PROFILES: [&str; 5] = [
    ".mozilla/firefox",
    ".thunderbird",
    "snap/firefox/common/.mozilla/firefox",
    "snap/thunderbird/common/.thunderbird",
    ".var/app/org.mozilla.firefox/.mozilla/firefox",
];

/// The databases of the person.
pub fn databases(system: &System) -> Vec<Database> {
    let mut folders: Vec<PathBuf> = system.at_home(".pki/nssdb").into_iter().collect();
    for place in PROFILES {
        folders.extend(system.at_home(place).iter().flat_map(|folder| entries(folder)));
    }
    let files = folders.into_iter().map(|folder| folder.join("pkcs11.txt"));
    files.filter_map(database).collect()
}

fn database(file: PathBuf) -> Option<Database> {
    let content = text(&file)?;
    let modules = content.split("\n\n").filter_map(|block| {
        let value = |key: &str| block.lines().find_map(|line| line.trim().strip_prefix(key));
        let library = value("library=").filter(|library| !library.is_empty())?;
        Some((
            value("name=").unwrap_or_default().to_owned(),
            PathBuf::from(library),
        ))
    });
    let modules = modules.collect();
    Some(Database { file, modules })
}
