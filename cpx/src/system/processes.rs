//! Programs that run, by /proc.

use std::path::PathBuf;

use super::{System, entries, text};

/// A running program.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its short name.
    pub name: String,
    folder: PathBuf,
}

/// Those that can be seen.
pub fn all(system: &System) -> Vec<Process> {
    let folders = entries(&system.at("/proc")).into_iter();
    let named = folders.filter_map(|folder| {
        let name = text(&folder.join("comm"))?;
        Some(Process { name, folder })
    });
    named.collect()
}

impl Process {
    /// Whether it has loaded a library of this file name; nothing if that cannot be seen.
    pub fn has_loaded(&self, library: &str) -> Option<bool> {
        let maps = text(&self.folder.join("maps"))?;
        Some(maps.lines().any(|line| line.ends_with(&format!("/{library}"))))
    }
}

/// Whether processes of others are hidden (`hidepid`), by which polkit does not know who asks.
pub fn are_hidden(system: &System) -> bool {
    let mounts = text(&system.at("/proc/self/mounts")).unwrap_or_default();
    let mut lines = mounts
        .lines()
        .filter(|line| line.split(' ').nth(2) == Some("proc"));
    lines.any(|line| {
        let options = line.split(' ').nth(3).unwrap_or_default();
        let mut options = options
            .split(',')
            .filter_map(|option| option.strip_prefix("hidepid="));
        options.any(|value| !matches!(value, "0" | "off"))
    })
}
