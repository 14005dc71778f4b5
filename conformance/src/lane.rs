//! A lane: one module with one card in a reader of its own, below a pcscd of its own.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::Result;
use crate::bench::Bench;
use crate::process::{Guarded, mortal};

/// The simulated cards.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Card {
    Cps3,
    Cps4,
}

impl Card {
    /// As on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Card::Cps3 => "cps3",
            Card::Cps4 => "cps4",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Card::Cps3 => "CPS3",
            Card::Cps4 => "CPS4",
        }
    }

    /// The holder whose card is inserted.
    pub fn persona(self) -> &'static str {
        match self {
            Card::Cps3 => "doctor-hospital-cps3",
            Card::Cps4 => "doctor-gp-cps4",
        }
    }
}

/// A column of the report.
pub struct Lane {
    /// For files and lines: `cps3`.
    pub name: String,
    /// For people: `CPS3`.
    pub title: String,
    pub card: Card,
    pub module: PathBuf,
    /// Whether this is the module under test: only then a failure counts.
    pub ours: bool,
}

/// What a lane stands on while it runs.
pub struct Stack<'a> {
    pub lane: &'a Lane,
    /// Directory of the lane, for its checks' scratch directories.
    pub dir: PathBuf,
    /// Directory of pcscd's socket; a check mounts it where clients look for it.
    pub pcscd_dir: PathBuf,
    /// Every exchange with the card, as JSON lines.
    pub trace: PathBuf,
    /// Socket where the card takes orders: to leave its reader, to come back.
    pub desk: PathBuf,
    _card: Guarded,
    _pcscd: Guarded,
}

impl Lane {
    /// Starts pcscd and inserts the card.
    pub fn start(&self, bench: &Bench) -> Result<Stack<'_>> {
        let dir = bench.work.join(&self.name);
        let pcscd_dir = dir.join("pcscd");
        let readers_dir = dir.join("readers");
        for dir in [&pcscd_dir, &readers_dir] {
            fs::create_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        }
        let port = free_port_pair()?;
        fs::write(readers_dir.join("vpcd"), reader_configuration(port)).map_err(|error| error.to_string())?;
        let pcscd = start_pcscd(&pcscd_dir, &readers_dir)?;
        let socket = pcscd_dir.join("pcscd.comm");
        wait_until("pcscd did not start", || socket.exists())?;
        let trace = dir.join("card.trace");
        let desk = dir.join("desk");
        let log = log_file(&dir.join("sim-card.log"))?;
        let card = Guarded::spawn(
            mortal(&bench.sim_card)
                .args([
                    "--card",
                    self.card.name(),
                    "--persona",
                    self.card.persona(),
                    "--wait",
                ])
                .args(["--port", &port.to_string(), "--trace-format", "json", "--trace"])
                .arg(&trace)
                .arg("--control")
                .arg(&desk)
                .stdout(log),
        )?;
        wait_until("the card did not arrive in the reader", || {
            card_is_present(&socket)
        })?;
        Ok(Stack {
            lane: self,
            dir,
            pcscd_dir,
            trace,
            desk,
            _card: card,
            _pcscd: pcscd,
        })
    }
}

/// vpcd's two readers listen at this port and at the next; its driver knows no way but a fixed number.
fn reader_configuration(port: u16) -> String {
    format!(
        "FRIENDLYNAME \"Virtual PCD\"\nDEVICENAME /dev/null:{port:#X}\n\
         LIBPATH /usr/lib/pcsc/drivers/serial/libifdvpcd.so\nCHANNELID {port:#X}\n"
    )
}

fn free_port_pair() -> Result<u16> {
    for _ in 0..100 {
        let first = TcpListener::bind(("0.0.0.0", 0)).map_err(|error| error.to_string())?;
        let port = first.local_addr().map_err(|error| error.to_string())?.port();
        if port < u16::MAX && TcpListener::bind(("0.0.0.0", port + 1)).is_ok() {
            return Ok(port);
        }
    }
    Err("no two free ports for the virtual readers".into())
}

/// pcscd knows one place for its socket: it gets that place for itself, in a mount namespace.
fn start_pcscd(dir: &Path, readers_dir: &Path) -> Result<Guarded> {
    fs::create_dir_all("/run/pcscd").map_err(|error| format!("/run/pcscd: {error}"))?;
    let log = log_file(&dir.with_file_name("pcscd.log"))?;
    let errors = log.try_clone().map_err(|error| error.to_string())?;
    Guarded::spawn(
        mortal("unshare")
            .args(["--mount", "--propagation=private", "--", "sh", "-c"])
            .arg("mount --bind \"$1\" /run/pcscd && exec pcscd --foreground --error --config \"$2\"")
            .arg("sh")
            .arg(dir)
            .arg(readers_dir)
            .stdout(log)
            .stderr(errors),
    )
}

fn card_is_present(socket: &Path) -> bool {
    let seen = Command::new("opensc-tool")
        .arg("--list-readers")
        .env("PCSCLITE_CSOCK_NAME", socket)
        .output();
    seen.is_ok_and(|seen| String::from_utf8_lossy(&seen.stdout).contains("  Yes  "))
}

fn log_file(path: &Path) -> Result<File> {
    File::create(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn wait_until(otherwise: &str, mut condition: impl FnMut() -> bool) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        if Instant::now() > deadline {
            return Err(otherwise.into());
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
