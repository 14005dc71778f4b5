//! Programs that use the card: where the module is registered, what else is, and what shuts them in.

use std::path::{Path, PathBuf};

use super::Findings;
use crate::message;
use crate::module::FILE;
use crate::system::programs::Program;
use crate::system::{System, nss, p11kit, policy, processes};

/// Libraries for the same card, by a part of their file's name.
const OPENSC: &str = "opensc-pkcs11";
const OFFICIAL: &str = "cps3_pkcs11";
const PROXY: &str = "p11-kit-proxy";

/// Files of the official module's package.
const OFFICIAL_FILES: [&str; 3] = [
    "/opt/santesocial/CPS/lib/libcps3_pkcs11_lux.so",
    "/usr/lib/mozilla/pkcs11-modules/cps3.json",
    "/usr/lib64/mozilla/pkcs11-modules/cps3.json",
];

fn is(library: &Path, part: &str) -> bool {
    let name = library
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    name.is_some_and(|name| name.contains(part))
}

/// All programs.
pub fn examine(system: &System, findings: &mut Findings) {
    let in_p11_kit = p11kit(system, findings);
    databases(system, in_p11_kit, findings);
    if let Some(file) = system.first(&OFFICIAL_FILES) {
        findings.warn(message!("doctor-official-installed", path = system.public(&file)));
    }
    for program in Program::ALL {
        for cage in program.cages(system) {
            findings.warn(message!(
                "doctor-caged",
                program = program.name(),
                cage = cage.name()
            ));
        }
        policies(program, system, findings);
    }
}

/// Libraries that one program loads, by the files that name them.
fn beside_one_another(libraries: &[PathBuf], place: &str, findings: &mut Findings) {
    let count = |part: &str| libraries.iter().filter(|library| is(library, part)).count();
    match count(FILE) {
        0 => return,
        1 => {}
        _ => findings.warn(message!("doctor-registered-twice", place = place)),
    }
    if count(OPENSC) > 0 {
        findings.warn(message!("doctor-beside-opensc", place = place));
    }
    if count(OFFICIAL) > 0 {
        findings.warn(message!("doctor-beside-official", place = place));
    }
}

/// Whether p11-kit has the module.
fn p11kit(system: &System, findings: &mut Findings) -> bool {
    let registrations = p11kit::registrations(system);
    let libraries: Vec<PathBuf> = registrations.into_iter().map(|it| it.library).collect();
    beside_one_another(&libraries, "p11-kit", findings);
    let ours = libraries.iter().find(|library| is(library, FILE));
    if let Some(library) = ours {
        dangling(library, "p11-kit", system, findings);
    }
    ours.is_some()
}

fn databases(system: &System, in_p11_kit: bool, findings: &mut Findings) {
    for database in nss::databases(system) {
        let place = system.public(&database.file);
        let libraries: Vec<PathBuf> = database.modules.into_iter().map(|(_, library)| library).collect();
        beside_one_another(&libraries, &place, findings);
        let ours = libraries.iter().find(|library| is(library, FILE));
        let through_proxy = in_p11_kit && libraries.iter().any(|library| is(library, PROXY));
        if let Some(library) = ours {
            if through_proxy {
                findings.warn(message!("doctor-registered-through-proxy", place = place.clone()));
            }
            dangling(library, &place, system, findings);
        }
    }
}

/// A file that is registered and not there.
fn dangling(library: &Path, place: &str, system: &System, findings: &mut Findings) {
    if library.is_absolute() && !library.exists() && !system.at(library).exists() {
        let path = system.public(library);
        findings.bad(message!("doctor-registered-missing", path = path, place = place));
    }
}

fn policies(program: Program, system: &System, findings: &mut Findings) {
    let mut present = false;
    for policy in policy::policies(program, system) {
        let (name, file) = (program.name(), system.public(&policy.file));
        if policy.content.is_none() {
            findings.bad(message!("doctor-policy-unreadable", program = name, path = file));
            continue;
        }
        let devices = policy.devices();
        let Some((_, library)) = devices.iter().find(|(_, library)| is(library, FILE)) else {
            continue;
        };
        dangling(library, &file, system, findings);
        findings.good(message!("doctor-policy", program = name, path = file));
        present = true;
    }
    // Policies are read when the program starts.
    let running = processes::all(system).into_iter();
    let mut running = running.filter(|process| process.name.starts_with(program.process()));
    let seen: Vec<bool> = running
        .by_ref()
        .filter_map(|process| process.has_loaded(FILE))
        .collect();
    if present && !seen.is_empty() && !seen.contains(&true) {
        findings.warn(message!("doctor-restart", program = program.name()));
    }
}
