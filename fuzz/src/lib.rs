//! Fuzz targets: functions of any bytes that panic when the module does something that it must never do.
//!
//! | target | what the bytes are | what must hold |
//! |---|---|---|
//! | [`apdu`] | commands, and what a card answers to them | bounded exchanges, no answer longer than asked for |
//! | [`decoding`] | files of a card: directories, certificates, EF_ACTUA, control information | ends, without a panic |
//! | [`card_answers`] | all that a card says while an application works with it | exact codes, no wrong signature |
//! | [`card_faults`] | what goes wrong between a simulated card and the module | the same; tries; the card works again |
//! | [`c_abi`] | calls of any function, in any order, with any arguments | see there |
//! | [`certificate_cache`] | files in the directory of the certificate cache | nothing is found but what was kept |
//! | [`configuration`] | a configuration file and the variables | never an error, never a file that nobody named |
//!
//! Each is an ordinary function, which runs under libFuzzer (`fuzz_targets/`), on the corpus and on mutations of it
//! (`tests/replay.rs`), or in a debugger.

pub mod apdu;
pub mod c_abi;
pub mod card_answers;
pub mod card_faults;
pub mod certificate_cache;
pub mod configuration;
pub mod decoding;
pub mod mutation;

mod application;
mod cards;
mod input;
mod watch;

/// A fuzz target.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, which is also that of its corpus.
    pub name: &'static str,
    run: fn(&[u8]),
    seeds: fn() -> Vec<(String, Vec<u8>)>,
}

impl Target {
    /// All of them.
    pub const ALL: [Target; 7] = [
        Target {
            name: "apdu",
            run: apdu::run,
            seeds: apdu::seeds,
        },
        Target {
            name: "c_abi",
            run: c_abi::run,
            seeds: c_abi::seeds,
        },
        Target {
            name: "card_answers",
            run: card_answers::run,
            seeds: card_answers::seeds,
        },
        Target {
            name: "card_faults",
            run: card_faults::run,
            seeds: card_faults::seeds,
        },
        Target {
            name: "certificate_cache",
            run: certificate_cache::run,
            seeds: certificate_cache::seeds,
        },
        Target {
            name: "configuration",
            run: configuration::run,
            seeds: configuration::seeds,
        },
        Target {
            name: "decoding",
            run: decoding::run,
            seeds: decoding::seeds,
        },
    ];

    /// The target of that name.
    pub fn named(name: &str) -> Option<Target> {
        Self::ALL.into_iter().find(|target| target.name == name)
    }

    /// Runs it on these bytes.
    ///
    /// # Panics
    /// When the module does what it must not do.
    pub fn run(&self, data: &[u8]) {
        watch::for_panics(|| (self.run)(data));
    }

    /// Inputs made from the simulated cards, with a name for each.
    pub fn seeds(&self) -> Vec<(String, Vec<u8>)> {
        (self.seeds)()
    }
}
