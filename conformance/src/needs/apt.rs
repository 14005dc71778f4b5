//! Packages of Debian.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::{Result, process};

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Another apt may be at work, such as the machine's own upgrades; the lock of the lists knows no
/// time-out.
pub fn update_package_lists() -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(300);
    loop {
        let updated = process::succeed(&mut apt_get(&["update", "--quiet=2"]));
        if updated.is_ok() || Instant::now() > deadline {
            return updated;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}

pub fn install() -> Command {
    apt_get(&[
        "--option=DPkg::Lock::Timeout=300",
        "install",
        "--yes",
        "--quiet=2",
        "--no-install-recommends",
    ])
}
