//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use conformance::paths;
use regex_lite::Regex;

use crate::card::Card;

/// Runs real clients on the module, with simulated cards in a virtual reader, and writes a report.
///
/// Needs root on a Debian that may be changed: missing packages are installed. Exit status 0 only
/// if every check passed, or failed in the way that its chip makes unavoidable.
#[derive(Parser)]
#[command(name = "conformance")]
pub struct Arguments {
    /// Cards to run the checks on
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Card::Cps3, Card::Cps4])]
    pub card: Vec<Card>,
    /// Only the checks whose name matches
    #[arg(long, value_name = "REGEX")]
    pub only: Option<Regex>,
    /// Only the checks that run on each change
    #[arg(long)]
    pub ci: bool,
    /// Take the module, the simulator and the clients as they are built
    #[arg(long)]
    pub no_build: bool,
    /// List the checks and run nothing
    #[arg(long)]
    pub list: bool,
    /// The module under test; the release build of this workspace if left out
    #[arg(long, value_name = "PATH")]
    pub module: Option<PathBuf>,
    /// Another module beside ours, in a column of its own; what fails there does not count
    #[arg(long, value_enum)]
    pub peer: Option<Peer>,
    /// What programs with windows speak
    #[arg(long, value_enum, default_value_t = Language::Fr)]
    pub language: Language,
    /// Where the report goes; conformance/ in the target directory if left out
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Peer {
    /// Debian's opensc-pkcs11.so, which knows the CPS3
    Opensc,
}

/// A language of clients with windows.
#[derive(Clone, Copy, ValueEnum)]
pub enum Language {
    Fr,
    En,
}

impl Language {
    /// As checks know it.
    pub fn name(self) -> &'static str {
        match self {
            Language::Fr => "fr",
            Language::En => "en",
        }
    }
}

impl Arguments {
    /// Absolute, since checks keep their pictures there from a directory of their own.
    pub fn report_dir(&self) -> PathBuf {
        let dir = self
            .report
            .clone()
            .unwrap_or_else(|| paths::target_dir().join("conformance"));
        std::path::absolute(&dir).unwrap_or(dir)
    }
}
