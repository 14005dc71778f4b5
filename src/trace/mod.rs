//! The trace: what the module did, for a person who looks for a fault. Off unless the
//! [configuration](crate::config) asks for it.
//!
//! Every layer writes to it through the macros of [`log`]; [`start`] puts the one logger of this
//! library behind them. PINs, plaintexts and protected data are not filtered out here: the layers
//! never hand them over. [`call`] therefore takes no bytes, and the card channel leaves the body of
//! a sensitive exchange out.
//!
//! The trace is made for a guest in other people's processes. Each record is written with one
//! `write` and nothing stays: no open file that the process could close or hand to somebody else,
//! no lock that a fork could leave taken, no buffer, no thread-local value, nothing to do at exit.

mod call;
mod file;
mod line;
mod rv;

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write, stderr};
use std::os::fd::AsFd;
use std::ptr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use log::{LevelFilter, Log, Metadata, Record};
use once_cell::race::OnceBox;

use crate::config::{Config, Destination, Level};

pub use call::{Argument, CALLS, Call, call, enabled};

static TRACER: Tracer = Tracer::new();

/// Puts the configuration in force, at each C_Initialize. A program that links this crate and has a
/// logger of its own keeps it and its level.
///
/// What is wrong with the configuration is written to the trace and told on the standard error,
/// there once for a process: the trace may be off, or elsewhere than the person looks, or be itself
/// what is wrong. A trace file that cannot be used ends the trace.
pub fn start(config: &Config) {
    let mut mistakes: Vec<String> = config
        .problems()
        .iter()
        .map(|problem| format!("configuration: {problem}: left out"))
        .collect();
    if config.level != Level::Off {
        // Fails at every start but the first, and where the program has its own logger.
        let _ = log::set_logger(&TRACER);
    }
    let own = ptr::addr_eq(log::logger(), &TRACER);
    if own {
        log::set_max_level(match Sink::wanted(config) {
            Ok(None) => LevelFilter::Off,
            Ok(Some(sink)) => {
                TRACER.write_to(sink);
                filter(config.level)
            }
            Err(error) => {
                mistakes.push(format!("no trace: {error}"));
                LevelFilter::Off
            }
        });
    }
    let traced = log::log_enabled!(log::Level::Warn);
    // Another logger is the program's own, and its person reads it.
    let on_stderr = !own || TRACER.sink() == Some(&Sink::Stderr);
    let news = are_news(&mistakes);
    for mistake in &mistakes {
        if traced && (news || !on_stderr) {
            log::warn!("{mistake}");
        }
        if news && !(traced && on_stderr) {
            // Nobody is left to be told that this fails.
            let _ = write_stderr(line::said(mistake).as_bytes());
        }
    }
}

/// Whether these are not the mistakes that this process was told of last. Told by a number: a lock
/// could be left taken by a fork.
fn are_news(mistakes: &[String]) -> bool {
    static TOLD: AtomicU64 = AtomicU64::new(0);
    if mistakes.is_empty() {
        return false;
    }
    let mut hasher = DefaultHasher::new();
    mistakes.hash(&mut hasher);
    let now = hasher.finish();
    TOLD.swap(now, Ordering::Relaxed) != now
}

/// Warnings are what went wrong too; what happens inside a call belongs to the calls.
fn filter(level: Level) -> LevelFilter {
    match level {
        Level::Off => LevelFilter::Off,
        Level::Error => LevelFilter::Warn,
        Level::Info => LevelFilter::Info,
        Level::Calls => LevelFilter::Debug,
        Level::Apdu => LevelFilter::Trace,
    }
}

/// Where records are written.
#[derive(Debug, PartialEq, Eq)]
enum Sink {
    Stderr,
    File(file::TraceFile),
}

impl Sink {
    /// Where the configuration wants the trace, `None` for nowhere.
    fn wanted(config: &Config) -> io::Result<Option<Sink>> {
        match config.level {
            Level::Off => Ok(None),
            _ => Sink::open(&config.destination).map(Some),
        }
    }

    fn open(destination: &Destination) -> io::Result<Sink> {
        match destination {
            Destination::Stderr => Ok(Sink::Stderr),
            Destination::File(path) => {
                let named =
                    |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
                let file = file::TraceFile::of_process(path);
                file.append(b"").map_err(named)?;
                Ok(Sink::File(file))
            }
        }
    }

    fn write(&self, line: &[u8]) -> io::Result<()> {
        match self {
            Sink::Stderr => write_stderr(line),
            Sink::File(file) => file.append(line),
        }
    }
}

/// Not through [`io::Stderr`]'s own writer: its lock may be taken in a forked child.
fn write_stderr(line: &[u8]) -> io::Result<()> {
    File::from(stderr().as_fd().try_clone_to_owned()?).write_all(line)
}

/// The logger. Sinks are kept for ever in a list that only grows, so that a thread can write while
/// another one starts the trace anew; one sink is one entry, however often it is started.
struct Tracer {
    sinks: OnceBox<Entry>,
    /// Index of the sink in use.
    current: AtomicUsize,
}

struct Entry {
    sink: Sink,
    next: OnceBox<Entry>,
}

impl Tracer {
    const fn new() -> Self {
        Tracer {
            sinks: OnceBox::new(),
            current: AtomicUsize::new(0),
        }
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        std::iter::successors(self.sinks.get(), |entry| entry.next.get())
    }

    /// The sink in use.
    fn sink(&self) -> Option<&Sink> {
        let entry = self.entries().nth(self.current.load(Ordering::Acquire))?;
        Some(&entry.sink)
    }

    fn write_to(&self, sink: Sink) {
        let index = match self.entries().position(|entry| entry.sink == sink) {
            Some(index) => index,
            None => self.add(sink),
        };
        self.current.store(index, Ordering::Release);
    }

    /// Index of the new last entry.
    fn add(&self, sink: Sink) -> usize {
        let mut entry = Box::new(Entry {
            sink,
            next: OnceBox::new(),
        });
        let (mut index, mut place) = (0, &self.sinks);
        loop {
            while let Some(next) = place.get() {
                (index, place) = (index + 1, &next.next);
            }
            match place.set(entry) {
                Ok(()) => return index,
                // Another thread was faster: behind its entry then.
                Err(back) => entry = back,
            }
        }
    }
}

impl Log for Tracer {
    /// Records of this module only, whatever a library below it may have to say.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level() && metadata.target().starts_with(env!("CARGO_CRATE_NAME"))
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        if let Some(sink) = self.sink() {
            // A full disk must not disturb a signature.
            let _ = sink.write(line::of(record).as_bytes());
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests;
