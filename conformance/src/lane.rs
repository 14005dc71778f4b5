//! A lane: one module with one card in a reader of its own, below a pcscd of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::arguments::{Arguments, Peer};
use crate::bench::Bench;
use crate::card::Card;
use crate::process::{Guarded, mortal, output};

/// For whatever a lane waits for: many times what it takes, for a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Readers of a lane.
const READERS: usize = 2;

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
    sim_card: &'a Path,
    /// Directory of the lane, for its checks' scratch directories.
    pub dir: PathBuf,
    /// Directory of pcscd's socket; a check mounts it where clients look for it.
    pub pcscd_dir: PathBuf,
    /// Every exchange with the card, as JSON lines.
    pub trace: PathBuf,
    /// Socket that takes orders for the cards.
    pub desk: PathBuf,
    cards: Option<Guarded>,
    /// What `standing` said when they were new.
    new: String,
    _pcscd: Guarded,
}

/// Each card with our module; then the peer, which reads a CPS3 only.
pub fn all(arguments: &Arguments, bench: &Bench) -> Vec<Lane> {
    let ours = arguments.card.iter().map(|&card| Lane {
        name: card.name().into(),
        title: card.title().into(),
        card,
        module: bench.module.clone(),
        ours: true,
    });
    let peer = arguments.peer.map(|Peer::Opensc| Lane {
        name: "opensc-cps3".into(),
        title: "OpenSC, CPS3".into(),
        card: Card::Cps3,
        module: format!("/usr/lib/{}-linux-gnu/opensc-pkcs11.so", std::env::consts::ARCH).into(),
        ours: false,
    });
    ours.chain(peer).collect()
}

impl Lane {
    /// Starts pcscd and inserts the card.
    pub fn start<'a>(&'a self, bench: &'a Bench) -> Result<Stack<'a>> {
        let dir = bench.work.join(&self.name);
        let pcscd_dir = dir.join("pcscd");
        let readers_dir = dir.join("readers");
        for dir in [&pcscd_dir, &readers_dir] {
            fs::create_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        }
        fs::write(
            readers_dir.join("virtual"),
            reader_configuration(&dir, &bench.reader_driver),
        )
        .map_err(|error| error.to_string())?;
        let mut pcscd = start_pcscd(&pcscd_dir, &readers_dir)?;
        let socket = pcscd_dir.join("pcscd.comm");
        wait_until("pcscd did not start", || socket.exists() || pcscd.has_ended())?;
        if pcscd.has_ended() {
            let log = fs::read_to_string(pcscd_log(&pcscd_dir)).unwrap_or_default();
            return Err(format!("pcscd has ended; it said: {}", log.trim()));
        }
        let mut stack = Stack {
            lane: self,
            sim_card: &bench.sim_card,
            trace: dir.join("trace.card"),
            desk: dir.join("desk"),
            dir,
            pcscd_dir,
            cards: None,
            new: String::new(),
            _pcscd: pcscd,
        };
        stack.issue_cards()?;
        Ok(stack)
    }
}

impl Stack<'_> {
    /// Puts new cards in place of those that a check moved, or left with fewer tries.
    pub fn restore_cards(&mut self) -> Result<()> {
        if self.standing().is_ok_and(|now| now == self.new) {
            return Ok(());
        }
        self.cards = None;
        let socket = self.pcscd_dir.join("pcscd.comm");
        wait_until("the card did not leave the reader", || !card_is_present(&socket))?;
        self.issue_cards()
    }

    /// The lane's own card goes into the first reader, the others lie beside.
    fn issue_cards(&mut self) -> Result<()> {
        let scenario = self.dir.join("cards.toml");
        fs::write(&scenario, scenario_text(self.lane.card)).map_err(|error| error.to_string())?;
        let log = log_file(&self.dir.join("sim-card.log"))?;
        self.cards = Some(Guarded::spawn(
            mortal(self.sim_card)
                .arg("--wait")
                .args((0..READERS).flat_map(|number| ["--reader".into(), reader_socket(&self.dir, number)]))
                .arg("--scenario")
                .arg(scenario)
                .arg("--control")
                .arg(&self.desk)
                .args(["--trace-format", "json", "--trace"])
                .arg(self.dir.join("trace"))
                .stdout(log),
        )?);
        let socket = self.pcscd_dir.join("pcscd.comm");
        wait_until("the card did not arrive in the reader", || {
            card_is_present(&socket)
        })?;
        self.new = self.standing()?;
        Ok(())
    }

    /// Where each card is and how many tries it has left.
    fn standing(&self) -> Result<String> {
        let mut order = Command::new(self.sim_card);
        order.arg("--control").arg(&self.desk);
        let status = output(order.args(["--order", "status"]))?;
        let lines = status.lines().map(|line| {
            let facts = line.split(", ").filter(|fact| !fact.ends_with(" exchanges"));
            facts.collect::<Vec<_>>().join(", ")
        });
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }
}

/// The cards of a lane, under the names that checks use.
fn scenario_text(card: Card) -> String {
    format!(
        "[[card]]\nname = \"card\"\ncard = \"{}\"\npersona = \"{}\"\nreader = 0\n\n\
         [[card]]\nname = \"colleague\"\npersona = \"{}\"\nreader = 1\ninserted = false\n\n\
         [[card]]\nname = \"vitale\"\ncard = \"vitale2\"\nreader = 1\ninserted = false\n",
        card.name(),
        card.persona(),
        card.colleague()
    )
}

/// The readers, with the driver of the simulated cards. pcscd counts those of one name.
fn reader_configuration(dir: &Path, driver: &Path) -> String {
    let entry = |number| {
        format!(
            "FRIENDLYNAME \"Virtual PCD\"\nDEVICENAME unix:{}\nLIBPATH {}\nCHANNELID 0\n",
            reader_socket(dir, number).display(),
            driver.display()
        )
    };
    (0..READERS).map(entry).collect()
}

/// Where a reader of the lane takes its card.
fn reader_socket(dir: &Path, number: usize) -> PathBuf {
    dir.join(format!("reader-{number}"))
}

/// What pcscd says, beside its directory.
fn pcscd_log(pcscd_dir: &Path) -> PathBuf {
    pcscd_dir.with_file_name("pcscd.log")
}

/// pcscd knows one place for its socket: it gets that place for itself, in a mount namespace. Where
/// it can ask polkit, it is told not to: the lane is for this run alone, and a container has no
/// system bus.
fn start_pcscd(dir: &Path, readers_dir: &Path) -> Result<Guarded> {
    fs::create_dir_all("/run/pcscd").map_err(|error| format!("/run/pcscd: {error}"))?;
    let log = log_file(&pcscd_log(dir))?;
    let errors = log.try_clone().map_err(|error| error.to_string())?;
    Guarded::spawn(
        mortal("unshare")
            .args(["--mount", "--propagation=private", "--", "sh", "-c"])
            .arg(
                "mount --bind \"$1\" /run/pcscd || exit
                 if pcscd --help | grep -q -- --disable-polkit; then set -- \"$@\" --disable-polkit; fi
                 dir=$2; shift 2
                 exec pcscd --foreground --error --config \"$dir\" \"$@\"",
            )
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
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        if Instant::now() > deadline {
            return Err(format!("{otherwise} within {} s", PATIENCE.as_secs()));
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
