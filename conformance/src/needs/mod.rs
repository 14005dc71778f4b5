//! What a check needs: packages of Debian, PyPI and npm, programs and tests of this workspace. What
//! is missing is installed.

mod apt;
mod need;
mod python;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::check::Check;
use crate::debian13::Debian13;
use crate::{Result, paths, process};
use need::Source;
use python::{Interpreter, VirtualEnvironment};

pub use need::Need;

/// What the bench itself needs.
const BASE: [&str; 5] = ["pcscd", "opensc", "openssl", "iproute2", "util-linux"];

/// What was provided, and where.
pub struct Tools {
    versions: BTreeMap<Need, String>,
    /// Why installing from there failed.
    errors: BTreeMap<Source, String>,
    /// Python's virtual environments and npm's packages.
    dir: PathBuf,
}

impl Tools {
    /// Version of the client itself, which is the first need.
    pub fn version(&self, check: &Check) -> String {
        let own = check.needs.first().and_then(|need| self.versions.get(need));
        own.cloned().unwrap_or_else(|| "missing".into())
    }

    /// Version of a package of Debian that the bench itself needs.
    pub fn debian(&self, package: &str) -> &str {
        let source = Source::Debian;
        let package = package.to_owned();
        self.versions
            .get(&Need { source, package })
            .map_or("missing", String::as_str)
    }

    /// The first need that is not there, and why, as a sentence.
    pub fn missing(&self, check: &Check) -> Option<String> {
        let need = check
            .needs
            .iter()
            .find(|need| !self.versions.contains_key(need))?;
        let why = self.errors.get(&need.source).map_or("", String::as_str);
        Some(format!("{need} could not be installed: {why}"))
    }

    /// The environment in which a check finds what it needs.
    pub fn add_to(&self, command: &mut Command, check: &Check) {
        let test = check.needs.iter().find(|need| need.source == Source::Test);
        if let Some(program) = test.and_then(|need| test_program(&need.package)) {
            command.env("TEST_PROGRAM", program);
        }
        command
            .env("PYTHON", self.python(Interpreter::Debian).program())
            .env("PYTHON_3_12", self.python(Interpreter::Python312).program())
            .env("NODE_PATH", self.dir.join("node/node_modules"))
            .env("EXAMPLES", paths::target_dir().join("release/examples"))
            .env("DEBIAN13", Debian13::below(&self.dir).root());
    }

    fn python(&self, interpreter: Interpreter) -> VirtualEnvironment {
        VirtualEnvironment::new(&self.dir, interpreter)
    }
}

/// Installs what is missing, builds the programs of this crate if wanted; what could not be had is
/// missing in the result.
pub fn provide(checks: &[Check], build: bool) -> Tools {
    let mut wanted: BTreeSet<Need> = checks.iter().flat_map(|check| check.needs.clone()).collect();
    wanted.extend(BASE.map(|package| Need {
        source: Source::Debian,
        package: package.into(),
    }));
    let dir = paths::target_dir().join("conformance-tools");
    let of = |source| -> Vec<&str> {
        let wanted = wanted.iter().filter(|need| need.source == source);
        wanted.map(|need| need.package.as_str()).collect()
    };
    let mut tools = Tools {
        versions: BTreeMap::new(),
        errors: BTreeMap::new(),
        dir,
    };
    for source in Source::ALL {
        let packages = of(source);
        if !source.is_built() || build {
            tools.install(source, &packages);
        }
        for package in packages {
            if let Some(version) = tools.installed(source, package) {
                let package = package.to_owned();
                tools.versions.insert(Need { source, package }, version);
            }
        }
    }
    tools
}

impl Tools {
    /// The version that is there.
    fn installed(&self, source: Source, package: &str) -> Option<String> {
        match source {
            Source::Debian => {
                let format = "--showformat=${db:Status-Status} ${Version}";
                let said =
                    process::output(Command::new("dpkg-query").args(["--show", format, package])).ok()?;
                said.strip_prefix("installed ").map(str::to_owned)
            }
            Source::Pypi(interpreter) => self.python(interpreter).installed(package),
            Source::Npm => {
                let (name, version) = package.rsplit_once('@')?;
                let file = self.dir.join("node/node_modules").join(name).join("package.json");
                let said = fs::read_to_string(file).ok()?;
                said.contains(&format!("\"version\": \"{version}\""))
                    .then(|| version.to_owned())
            }
            Source::Example => {
                let program = paths::target_dir().join("release/examples").join(package);
                // One that says no version is this workspace's own.
                let said = process::output(Command::new(&program).arg("--version"));
                let own = || program.exists().then(|| env!("CARGO_PKG_VERSION").to_owned());
                said.map(|said| said.trim().to_owned()).ok().or_else(own)
            }
            Source::Debian13 => Debian13::below(&self.dir).installed(package),
            // All packages of the workspace have one version.
            Source::Test => test_program(package).map(|_| env!("CARGO_PKG_VERSION").to_owned()),
        }
    }

    fn install(&mut self, source: Source, packages: &[&str]) {
        let missing: Vec<&str> = packages
            .iter()
            .filter(|package| source.is_built() || self.installed(source, package).is_none())
            .copied()
            .collect();
        if missing.is_empty() {
            return;
        }
        if !source.is_built() {
            println!("installing {}", missing.join(" "));
        }
        if let Err(error) = self.install_now(source, &missing) {
            eprintln!("conformance: {error}");
            self.errors.insert(source, error);
        }
    }

    fn install_now(&self, source: Source, packages: &[&str]) -> Result<()> {
        match source {
            Source::Debian => {
                apt::update_package_lists()?;
                // One by one if not together: what Debian no longer has must not hide what it has.
                process::succeed(apt::install().args(packages)).or_else(|_| {
                    packages
                        .iter()
                        .try_for_each(|package| process::succeed(apt::install().arg(package)))
                })
            }
            Source::Pypi(interpreter) => self.python(interpreter).install(packages),
            Source::Npm => process::succeed(
                Command::new("npm")
                    .args(["install", "--silent", "--no-save", "--prefix"])
                    .arg(self.dir.join("node"))
                    .args(packages),
            ),
            Source::Example => packages.iter().try_for_each(|package| {
                let arguments = [
                    "build",
                    "--locked",
                    "--release",
                    "--quiet",
                    "-p",
                    "conformance",
                    "--example",
                    package,
                ];
                process::succeed(&mut paths::cargo(&arguments))
            }),
            Source::Debian13 => Debian13::below(&self.dir).install(packages),
            Source::Test => packages.iter().try_for_each(|package| {
                let arguments = [
                    "test",
                    "--locked",
                    "--no-run",
                    "--quiet",
                    "-p",
                    "cpx-pkcs11",
                    "--test",
                    package,
                ];
                process::succeed(&mut paths::cargo(&arguments))
            }),
        }
    }
}

/// The program that cargo made last of a file in the module's `tests/`.
fn test_program(name: &str) -> Option<PathBuf> {
    let programs = fs::read_dir(paths::target_dir().join("debug/deps")).ok()?;
    programs
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_none())
        .filter(|path| {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            file.rsplit_once('-').is_some_and(|(stem, _)| stem == name)
        })
        .max_by_key(|path| path.metadata().and_then(|data| data.modified()).ok())
}
