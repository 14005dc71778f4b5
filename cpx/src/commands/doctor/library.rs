//! The module's file, and the clock of the machine.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Context, Findings};
use crate::message;
use crate::module::{self, Module};
use crate::system::System;
use crate::system::elf::Machine;

/// Folders from which ssh-agent loads a library without being told (its option `-P`).
const AGENT: [&str; 3] = ["/usr/lib", "/usr/lib64", "/usr/local/lib"];

/// Files that the system itself writes when something is installed.
const WRITTEN: [&str; 2] = ["/etc/ld.so.cache", "/var/lib/dpkg/status"];

/// Files may be a little newer than the clock, as on a network's drive.
const TOLERANCE: Duration = Duration::from_secs(24 * 60 * 60);

/// The module's file, if it is there and for this processor.
pub fn examine(system: &System, context: &Context, findings: &mut Findings) -> Option<PathBuf> {
    let path = match module::find(context.options.module.as_deref()) {
        Ok(path) => path,
        Err(failure) => {
            findings.failure(failure);
            return None;
        }
    };
    let shown = system.public(&path);
    if let (Some(machine), Some(own)) = (Machine::of(&path), Machine::own())
        && machine != own
    {
        let (machine, own) = (machine.name(), own.name());
        findings.bad(message!(
            "doctor-module-architecture",
            path = shown,
            machine = machine,
            own = own
        ));
        return None;
    }
    Some(path)
}

/// The module, which was loaded.
pub fn describe(module: &Module, system: &System, findings: &mut Findings) {
    let path = system.public(&module.path);
    match module.version() {
        Ok(version) => findings.good(message!("doctor-module", path = path.clone(), version = version)),
        Err(failure) => findings.failure(failure),
    }
    let real = module.path.canonicalize().unwrap_or_else(|_| module.path.clone());
    if !AGENT.iter().any(|folder| real.starts_with(system.at(folder))) {
        findings.note(message!("doctor-module-place", path = path));
    }
}

/// A clock that stands before what the system has written is wrong.
pub fn clock(system: &System, module: Option<&Path>, findings: &mut Findings) {
    let mut files: Vec<PathBuf> = WRITTEN.iter().map(|place| system.at(place)).collect();
    files.extend(module.map(Path::to_owned));
    let written = files
        .iter()
        .filter_map(|file| file.metadata().ok()?.modified().ok());
    if written
        .max()
        .is_some_and(|latest| latest > SystemTime::now() + TOLERANCE)
    {
        findings.bad("doctor-clock");
    }
}
