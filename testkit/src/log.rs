//! What the module writes to the log, for a program that has a logger of its own: the module leaves
//! it in its place.

use std::sync::{Mutex, PoisonError};

use log::{Level, LevelFilter, Log, Metadata, Record};

struct Recorder;

static RECORDS: Mutex<Vec<(Level, String)>> = Mutex::new(Vec::new());

impl Log for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut records = RECORDS.lock().unwrap_or_else(PoisonError::into_inner);
        records.push((record.level(), record.args().to_string()));
    }

    fn flush(&self) {}
}

/// From now on the log is kept, up to the level `info`.
pub fn listen() {
    let _ = log::set_logger(&Recorder);
    log::set_max_level(LevelFilter::Info);
}

/// Takes the records up to this level, as "LEVEL message"; the others are lost.
pub fn taken(least: Level) -> Vec<String> {
    let records = std::mem::take(&mut *RECORDS.lock().unwrap_or_else(PoisonError::into_inner));
    let wanted = records.into_iter().filter(|(level, _)| *level <= least);
    wanted.map(|(level, text)| format!("{level} {text}")).collect()
}
