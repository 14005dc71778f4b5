//! Enterprise policies of Firefox and Thunderbird: `policies.json`, with the security devices in it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::System;
use super::programs::Program;

/// A file of policies.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The file.
    pub file: PathBuf,
    /// What stands there; nothing if it is no JSON.
    pub content: Option<Value>,
}

impl Policy {
    /// The security devices that the file adds, by name, in the present form or the old flat one.
    pub fn devices(&self) -> Vec<(String, PathBuf)> {
        let devices = self
            .content
            .as_ref()
            .map(|all| &all["policies"]["SecurityDevices"]);
        let Some(Value::Object(devices)) = devices else {
            return Vec::new();
        };
        let added = match devices.get("Add") {
            Some(Value::Object(added)) => added,
            _ => devices,
        };
        let paths = added
            .iter()
            .filter_map(|(name, path)| Some((name.clone(), path.as_str()?.into())));
        paths.collect()
    }
}

/// The places of a program's policies, the system's first.
pub fn places(program: Program) -> &'static [&'static str] {
    match program {
        Program::Firefox => &[
            "/etc/firefox/policies/policies.json",
            "/usr/lib/firefox/distribution/policies.json",
            "/usr/lib/firefox-esr/distribution/policies.json",
            "/usr/lib64/firefox/distribution/policies.json",
            "/opt/firefox/distribution/policies.json",
        ],
        Program::Thunderbird => &[
            "/etc/thunderbird/policies/policies.json",
            "/usr/lib/thunderbird/distribution/policies.json",
            "/usr/lib64/thunderbird/distribution/policies.json",
            "/opt/thunderbird/distribution/policies.json",
        ],
        Program::Chromium => &[],
    }
}

/// The policies of a program that are there.
pub fn policies(program: Program, system: &System) -> Vec<Policy> {
    let files = places(program).iter().map(|place| system.at(place));
    files
        .filter(|file| file.exists())
        .map(|file| read(&file))
        .collect()
}

fn read(file: &Path) -> Policy {
    let content = std::fs::read(file).ok();
    Policy {
        file: file.to_owned(),
        content: content.and_then(|content| serde_json::from_slice(&content).ok()),
    }
}
