//! What a check needs: packages of Debian, PyPI and npm, programs of this crate. What is missing is installed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::str::FromStr;
use std::time::{Duration, Instant};

use crate::bench;
use crate::check::Check;
use crate::debian13::Debian13;
use crate::{Result, process};

/// What the bench itself needs.
const BASE: [&str; 6] = [
    "pcscd",
    "vsmartcard-vpcd",
    "opensc",
    "openssl",
    "iproute2",
    "util-linux",
];

/// One package, as checks write it: `debian:openssl`, `pypi:PyKCS11==1.5.20`, `npm:pkcs11js@2.1.7`,
/// `example:cryptoki-client`, `debian13:pkcs11-provider`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    source: Source,
    package: String,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Debian,
    Pypi,
    Npm,
    /// A program in `examples/`, which stands on a crate.
    Example,
    /// A package of a Debian 13 beside the machine's own system.
    Debian13,
}

impl FromStr for Need {
    type Err = String;

    fn from_str(text: &str) -> Result<Need> {
        let (source, package) = text
            .split_once(':')
            .ok_or_else(|| format!("{text}: no source of the package"))?;
        let source = match source {
            "debian" => Source::Debian,
            "pypi" => Source::Pypi,
            "npm" => Source::Npm,
            "example" => Source::Example,
            "debian13" => Source::Debian13,
            _ => return Err(format!("{text}: unknown source {source}")),
        };
        let package = package.to_owned();
        Ok(Need { source, package })
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.package)
    }
}

/// What was provided, and where.
pub struct Tools {
    versions: BTreeMap<Need, String>,
    /// Python's virtual environment and npm's packages.
    dir: PathBuf,
}

impl Tools {
    /// Version of the client itself, which is the first need.
    pub fn version(&self, check: &Check) -> String {
        let own = check.needs.first().and_then(|need| self.versions.get(need));
        own.cloned().unwrap_or_else(|| "missing".into())
    }

    /// The first need that is not there.
    pub fn missing<'a>(&self, check: &'a Check) -> Option<&'a Need> {
        check.needs.iter().find(|need| !self.versions.contains_key(need))
    }

    pub fn add_to(&self, command: &mut Command) {
        command
            .env("PYTHON", self.dir.join("python/bin/python"))
            .env("NODE_PATH", self.dir.join("node/node_modules"))
            .env("EXAMPLES", bench::target_dir().join("release/examples"))
            .env("DEBIAN13", Debian13::below(&self.dir).root());
    }
}

/// Installs what is missing, builds the programs of this crate if wanted; what could not be had is missing in the
/// result.
pub fn provide(checks: &[Check], build: bool) -> Tools {
    let mut wanted: BTreeSet<Need> = checks.iter().flat_map(|check| check.needs.clone()).collect();
    wanted.extend(BASE.map(|package| Need {
        source: Source::Debian,
        package: package.into(),
    }));
    let dir = bench::target_dir().join("conformance-tools");
    let of = |source| -> Vec<&str> {
        let wanted = wanted.iter().filter(|need| need.source == source);
        wanted.map(|need| need.package.as_str()).collect()
    };
    let mut tools = Tools {
        versions: BTreeMap::new(),
        dir,
    };
    for source in [
        Source::Debian,
        Source::Pypi,
        Source::Npm,
        Source::Example,
        Source::Debian13,
    ] {
        let packages = of(source);
        if source != Source::Example || build {
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
            Source::Pypi => {
                let (name, version) = package.split_once("==").unwrap_or((package, ""));
                let name = name.split('[').next().unwrap_or(name);
                let code = "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))";
                let python = self.dir.join("python/bin/python");
                let said = process::output(Command::new(python).args(["-c", code, name])).ok()?;
                (said.trim() == version).then(|| version.to_owned())
            }
            Source::Npm => {
                let (name, version) = package.rsplit_once('@')?;
                let file = self.dir.join("node/node_modules").join(name).join("package.json");
                let said = std::fs::read_to_string(file).ok()?;
                said.contains(&format!("\"version\": \"{version}\""))
                    .then(|| version.to_owned())
            }
            Source::Example => {
                let program = bench::target_dir().join("release/examples").join(package);
                let said = process::output(Command::new(program).arg("--version")).ok()?;
                Some(said.trim().to_owned())
            }
            Source::Debian13 => Debian13::below(&self.dir).installed(package),
        }
    }

    fn install(&self, source: Source, packages: &[&str]) {
        // Programs of this crate may have changed: cargo knows.
        let missing: Vec<&str> = packages
            .iter()
            .filter(|package| source == Source::Example || self.installed(source, package).is_none())
            .copied()
            .collect();
        if missing.is_empty() {
            return;
        }
        if source != Source::Example {
            println!("installing {}", missing.join(" "));
        }
        if let Err(error) = self.install_now(source, &missing) {
            eprintln!("conformance: {error}");
        }
    }

    fn install_now(&self, source: Source, packages: &[&str]) -> Result<()> {
        match source {
            Source::Debian => {
                update_package_lists()?;
                // One by one if not together: what Debian no longer has must not hide what it has.
                process::succeed(apt_install().args(packages)).or_else(|_| {
                    packages
                        .iter()
                        .try_for_each(|package| process::succeed(apt_install().arg(package)))
                })
            }
            Source::Pypi => {
                let venv = self.dir.join("python");
                if !venv.join("bin/pip").exists() {
                    process::succeed(apt_install().arg("python3-venv"))?;
                    process::succeed(Command::new("/usr/bin/python3").args(["-m", "venv"]).arg(&venv))?;
                }
                let pip = venv.join("bin/pip");
                process::succeed(Command::new(pip).args(["install", "--quiet"]).args(packages))
            }
            Source::Npm => process::succeed(
                Command::new("npm")
                    .args(["install", "--silent", "--no-save", "--prefix"])
                    .arg(self.dir.join("node"))
                    .args(packages),
            ),
            Source::Example => packages.iter().try_for_each(|package| {
                let arguments = [
                    "build",
                    "--release",
                    "--quiet",
                    "-p",
                    "conformance",
                    "--example",
                    package,
                ];
                process::succeed(&mut bench::cargo(&arguments))
            }),
            Source::Debian13 => Debian13::below(&self.dir).install(packages),
        }
    }
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Another apt may be at work, such as the machine's own upgrades; the lock of the lists knows no time-out.
fn update_package_lists() -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let updated = process::succeed(&mut apt_get(&["update", "--quiet=2"]));
        if updated.is_ok() || Instant::now() > deadline {
            return updated;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn apt_install() -> Command {
    apt_get(&[
        "--option=DPkg::Lock::Timeout=300",
        "install",
        "--yes",
        "--quiet=2",
        "--no-install-recommends",
    ])
}
