//! NSS databases, where Firefox, Thunderbird and Chromium keep their modules: `pkcs11.txt`.

use std::path::PathBuf;

use super::programs::Program;
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
const FIREFOX: [&str; 3] = [
    ".mozilla/firefox",
    "snap/firefox/common/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/.mozilla/firefox",
];
const THUNDERBIRD: [&str; 2] = [".thunderbird", "snap/thunderbird/common/.thunderbird"];
/// The one that programs share, Chromium among them.
const SHARED: &str = ".pki/nssdb";

/// The databases of the person.
pub fn databases(system: &System) -> Vec<Database> {
    let files = Program::ALL
        .iter()
        .flat_map(|program| databases_of(*program, system));
    files.filter_map(database).collect()
}

/// The lists of modules that a program has made for the person.
pub fn databases_of(program: Program, system: &System) -> Vec<PathBuf> {
    let below = |places: &[&str]| -> Vec<PathBuf> {
        let folders = places.iter().filter_map(|place| system.at_home(place));
        folders.flat_map(|folder| entries(&folder)).collect()
    };
    let folders = match program {
        Program::Firefox => below(&FIREFOX),
        Program::Thunderbird => below(&THUNDERBIRD),
        Program::Chromium => system.at_home(SHARED).into_iter().collect(),
    };
    let files = folders.into_iter().map(|folder| folder.join("pkcs11.txt"));
    files.filter(|file| file.exists()).collect()
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
