//! A small Debian 13 in a directory, for clients that Debian 12 does not have: pkcs11-provider,
//! OpenSSL 3.5. Checks enter it with `in_debian13` of checks/lib.sh.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, process};

/// The root of its file system, made when first wanted.
pub struct Debian13(PathBuf);

impl Debian13 {
    /// Below this directory.
    pub fn below(dir: &Path) -> Self {
        Self(dir.join("debian13"))
    }

    pub fn root(&self) -> &Path {
        &self.0
    }

    /// The version of a package that is installed in it.
    pub fn installed(&self, package: &str) -> Option<String> {
        let format = "--showformat=${db:Status-Status} ${Version}";
        let said = process::output(self.command("dpkg-query").args(["--show", format, package])).ok()?;
        said.strip_prefix("installed ").map(str::to_owned)
    }

    /// Installs packages, after the system itself where it is not there yet. `debootstrap` must be
    /// installed.
    pub fn install(&self, packages: &[&str]) -> Result<()> {
        if self.installed("base-files").is_none() {
            self.make()?;
        }
        process::succeed(self.command("apt-get").args(["update", "--quiet=2"]))?;
        process::succeed(
            self.command("apt-get")
                .args(["install", "--yes", "--quiet=2", "--no-install-recommends"])
                .args(packages),
        )
    }

    fn make(&self) -> Result<()> {
        // What a run that was ended has left is no system.
        if self.0.exists() {
            std::fs::remove_dir_all(&self.0).map_err(|error| format!("{}: {error}", self.0.display()))?;
        }
        process::succeed(
            Command::new("debootstrap")
                .args(["--variant=minbase", "trixie"])
                .arg(&self.0)
                .arg(mirror()?),
        )
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("chroot");
        command
            .arg(&self.0)
            .arg(program)
            .env("DEBIAN_FRONTEND", "noninteractive");
        command
    }
}

/// Where this machine has its own packages from.
fn mirror() -> Result<String> {
    let policy = process::output(Command::new("apt-cache").arg("policy"))?;
    let of_debian = |line: &&str| line.contains("/debian ") && line.contains("/main ");
    let line = policy.lines().find(of_debian);
    line.and_then(|line| line.split_whitespace().find(|word| word.contains("://")))
        .map(str::to_owned)
        .ok_or_else(|| "apt-cache policy names no archive of Debian".into())
}
