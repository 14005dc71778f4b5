//! The trace: what the module did, for a person who looks for a fault. Off unless the [configuration](crate::config) asks for it.
//!
//! Every floor writes to it through the macros of [`log`]; [`start`] puts the one logger of this library behind them. Codes,
//! plaintexts and protected data are not filtered out here: the floors never hand them over. [`call`] therefore takes no
//! bytes, and the card channel leaves the body of a sensitive exchange out.
//!
//! The trace is made for a guest in other people's processes. Each record is written with one `write` and nothing stays: no
//! open file that the process could close or hand to somebody else, no lock that a fork could leave taken, no buffer, no
//! thread-local value, nothing to do at exit.

mod call;
mod file;
mod line;
mod rv;

use std::fs::File;
use std::io::{self, Write, stderr};
use std::os::fd::AsFd;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use log::{LevelFilter, Log, Metadata, Record};
use once_cell::race::OnceBox;

use crate::config::{Config, Destination, Level};

pub use call::{Argument, Call, call, enabled};

/// Target of the records about C_ functions. The one about commands to the card is `cpx_pkcs11::apdu`.
pub const CALLS: &str = "cpx_pkcs11::calls";

static TRACER: Tracer = Tracer::new();

/// Puts the configuration in force, at each C_Initialize, and writes down what is wrong with it. A program that links this
/// crate and has a logger of its own keeps it and its level.
///
/// A trace file that cannot be used ends the trace; one line on the standard error says so.
pub fn start(config: &Config) {
    if config.level != Level::Off {
        // Fails at every start but the first, and where the program has its own logger.
        let _ = log::set_logger(&TRACER);
    }
    if !ptr::addr_eq(log::logger(), &TRACER) {
        return report(config);
    }
    let filter = match config.level {
        Level::Off => LevelFilter::Off,
        level => match Sink::open(&config.destination) {
            Ok(sink) => {
                TRACER.write_to(sink);
                filter(level)
            }
            Err(error) => {
                let _ = write_stderr(format!("cpx-pkcs11: no trace: {error}\n").as_bytes());
                LevelFilter::Off
            }
        },
    };
    log::set_max_level(filter);
    report(config);
}

fn report(config: &Config) {
    for problem in config.problems() {
        log::warn!("configuration: {problem}");
    }
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
    fn open(destination: &Destination) -> io::Result<Sink> {
        match destination {
            Destination::Stderr => Ok(Sink::Stderr),
            Destination::File(path) => {
                let named =
                    |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
                let file = file::TraceFile::of_process(path).map_err(named)?;
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

/// The logger. Sinks are kept for ever in a list that only grows, so that a thread can write while another one starts the trace
/// anew; one sink is one entry, however often it is started.
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
        if let Some(entry) = self.entries().nth(self.current.load(Ordering::Acquire)) {
            // A full disk must not disturb a signature.
            let _ = entry.sink.write(line::of(record).as_bytes());
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests;
