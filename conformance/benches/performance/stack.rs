//! What the modules under measurement stand on: pcscd, virtual readers, and simulated cards which this process
//! holds itself, so that it can ask them what they were asked.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{fs, thread};

use conformance::paths::target_dir;
use conformance::process::{Guarded, bounded, mortal};
use sim_cards::trace::Totals;
use sim_cards::vpcd::{Address, Reader};
use sim_cards::{Options, SimCard, persona};

use crate::cost::{Cost, Result};

/// Longer than any single order takes below callgrind on a busy machine: whatever hangs is told as a failure.
const PATIENCE: Duration = Duration::from_secs(300);

/// pcscd with cards in its readers.
pub struct Stack {
    cards: Vec<Arc<Mutex<SimCard>>>,
    _pcscd: Guarded,
    _dir: ScratchDir,
}

impl Stack {
    /// One reader for each card, and an empty one beside the last of an odd number. The process must have a /run/pcscd of its own.
    pub fn start(cards: Vec<SimCard>) -> Result<Stack> {
        let dir = ScratchDir::new()?;
        let sockets: Vec<PathBuf> = (0..cards.len().next_multiple_of(2))
            .map(|number| dir.path.join(format!("reader-{number}")))
            .collect();
        let configuration: String = (0..)
            .zip(&sockets)
            .map(|(number, socket)| entry(number, socket))
            .collect();
        let log_path = dir.path.join("pcscd.log");
        let readers_dir = dir.path.join("readers");
        fs::create_dir(&readers_dir)
            .and_then(|()| fs::write(readers_dir.join("virtual"), configuration))
            .map_err(|error| format!("{}: {error}", readers_dir.display()))?;
        let log = fs::File::create(&log_path).map_err(|error| format!("{}: {error}", log_path.display()))?;
        let errors = log.try_clone().map_err(|error| error.to_string())?;
        let mut pcscd = Guarded::spawn(
            mortal("pcscd")
                .args(["--foreground", "--error", "--config"])
                .arg(&readers_dir)
                .stdout(log)
                .stderr(errors),
        )?;
        let cards: Vec<_> = cards.into_iter().map(|card| Arc::new(Mutex::new(card))).collect();
        for (socket, card) in sockets.into_iter().zip(&cards) {
            insert(socket, Arc::clone(card), &mut pcscd).map_err(|error| {
                let log = fs::read_to_string(&log_path).unwrap_or_default();
                format!("{error}; pcscd said: {}", log.trim())
            })?;
        }
        wait_until("the cards did not arrive in the readers", || {
            cards_present() == cards.len()
        })?;
        Ok(Stack {
            cards,
            _pcscd: pcscd,
            _dir: dir,
        })
    }

    /// What all cards were asked so far.
    pub fn totals(&self) -> Cost {
        self.totals_of_each().into_iter().sum()
    }

    /// What each card was asked so far.
    pub fn totals_of_each(&self) -> Vec<Cost> {
        let totals = self.cards.iter().map(|card| lock(card).totals());
        totals.map(Cost::from).collect()
    }

    /// Resets every card, unseen by pcscd: each is as if it had just been put into its reader.
    pub fn reset(&self) {
        for card in &self.cards {
            let _ = lock(card).reset();
        }
    }
}

impl From<Totals> for Cost {
    fn from(totals: Totals) -> Self {
        Cost {
            exchanges: totals.apdus,
            sent: totals.sent,
            received: totals.received,
            time: totals.estimated,
        }
    }
}

/// A card of a persona whose code is that of the client.
pub fn card(holder: &str, options: &Options) -> Result<SimCard> {
    let persona = persona::find(holder).ok_or_else(|| format!("no persona {holder}"))?;
    Ok(SimCard::from_persona(&persona, options))
}

fn lock(card: &Mutex<SimCard>) -> MutexGuard<'_, SimCard> {
    card.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An entry of pcscd's configuration. pcscd tells entries apart by their names.
fn entry(number: usize, socket: &Path) -> String {
    let driver = target_dir().join("release/libsim_cards_reader.so");
    format!(
        "FRIENDLYNAME \"Virtual PCD {number}\"\nDEVICENAME unix:{}\nLIBPATH {}\nCHANNELID 0\n",
        socket.display(),
        driver.display()
    )
}

/// The card stays in the reader until pcscd ends.
fn insert(socket: PathBuf, card: Arc<Mutex<SimCard>>, pcscd: &mut Guarded) -> Result<()> {
    let address = Address::Socket(socket);
    let deadline = Instant::now() + PATIENCE;
    let mut reader = loop {
        match Reader::connect_to(&address) {
            Ok(reader) => break reader,
            Err(error) if pcscd.has_ended() || Instant::now() > deadline => {
                return Err(format!("virtual reader {address}: {error}"));
            }
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    };
    thread::spawn(move || reader.serve_shared(&card, &()));
    Ok(())
}

fn cards_present() -> usize {
    let mut list = Command::new("opensc-tool");
    let seen = bounded(list.arg("--list-readers"), PATIENCE);
    seen.map_or(0, |seen| seen.output.matches("  Yes  ").count())
}

fn wait_until(otherwise: &str, mut condition: impl FnMut() -> bool) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        if Instant::now() > deadline {
            return Err(otherwise.into());
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// A directory that goes away.
pub struct ScratchDir {
    pub path: PathBuf,
}

impl ScratchDir {
    pub fn new() -> Result<ScratchDir> {
        static NUMBER: AtomicU16 = AtomicU16::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // In a namespace of its own, every run is the first process.
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |now| now.as_nanos());
        let path = std::env::temp_dir().join(format!("cpx-performance-{now}-{number}"));
        fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(ScratchDir { path })
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.path));
    }
}

/// The client on a module, below a program that watches it, if one is given.
pub struct Application {
    child: Child,
    orders: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Application {
    /// With the module loaded.
    pub fn start(module: &Path) -> Result<Application> {
        let mut application = Application::launch(&[])?;
        application.load(module)?;
        Ok(application)
    }

    pub fn load(&mut self, module: &Path) -> Result<()> {
        self.order(&format!("load {}", module.display())).map(drop)
    }

    /// Below a program that runs it with these arguments.
    pub fn launch(below: &[String]) -> Result<Application> {
        let this = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = match below.split_first() {
            Some((program, arguments)) => {
                let mut command = mortal(program);
                command.args(arguments).arg(this);
                command
            }
            None => mortal(this),
        };
        let mut child = command
            .arg("client")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let orders = child.stdin.take();
        let output = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        let (answering, answers) = channel();
        thread::spawn(move || {
            let lines = output.lines().map_while(|line| line.ok());
            lines
                .map(|line| answering.send(line))
                .take_while(|sent| sent.is_ok())
                .count()
        });
        Ok(Application {
            child,
            orders,
            answers,
        })
    }

    /// Gives one order and waits for its answer.
    pub fn order(&mut self, order: &str) -> Result<u64> {
        let orders = self.orders.as_mut().ok_or("the client has ended")?;
        writeln!(orders, "{order}").map_err(|error| format!("{order}: {error}"))?;
        let answer = self.answers.recv_timeout(PATIENCE);
        let answer = answer.map_err(|error| format!("{order}: no answer: {error}"))?;
        match answer.split_once(' ') {
            Some(("ok", found)) => found.parse().map_err(|_| format!("{order}: {answer}")),
            _ => Err(format!("{order}: {answer}")),
        }
    }

    pub fn orders(&mut self, orders: &[&str]) -> Result<()> {
        orders.iter().try_for_each(|order| self.order(order).map(drop))
    }

    /// Lets it end by itself.
    pub fn end(mut self) -> Result<()> {
        self.orders = None;
        if self.answers.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Disconnected) {
            return Err("the client does not end".into());
        }
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("the client ended with {status}")),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
