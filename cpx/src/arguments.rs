//! The command line. Its words are explained in `texts/*.ftl`: `cmd-...` for commands, `arg-...`
//! for arguments.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

use crate::card::certificate::Use;
use crate::screen::Colour;

#[derive(Debug, Parser)]
#[command(name = "cpx", version, disable_help_subcommand = true)]
#[command(disable_help_flag = true, disable_version_flag = true)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Option<Command>,
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub struct Common {
    #[arg(long, global = true, value_name = "fr|en", value_parser = ["fr", "en"])]
    pub lang: Option<String>,
    #[arg(long, global = true, value_name = "FILE")]
    pub module: Option<PathBuf>,
    #[arg(long, global = true, value_name = "NAME")]
    pub reader: Option<String>,
    #[arg(long, global = true)]
    pub json: bool,
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value = "auto")]
    pub color: Colour,
    #[arg(short = 'h', long, global = true, action = ArgAction::Help)]
    help: Option<bool>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Status,
    Show(Show),
    #[command(subcommand, disable_help_subcommand = true)]
    Cert(Cert),
    #[command(subcommand, disable_help_subcommand = true)]
    Key(Key),
    #[command(subcommand, disable_help_subcommand = true)]
    Pin(Pin),
    Sign(Sign),
    Verify(Verify),
    Encrypt(Encrypt),
    Decrypt(Decrypt),
    Doctor(Doctor),
    Setup(Setup),
    #[command(hide = true)]
    Manual(Manual),
}

impl Command {
    /// Its name in answers for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Status => "status",
            Command::Show(_) => "show",
            Command::Cert(Cert::List) => "cert list",
            Command::Cert(Cert::Export(_)) => "cert export",
            Command::Key(Key::List) => "key list",
            Command::Pin(Pin::Change(_)) => "pin change",
            Command::Pin(Pin::Unblock(_)) => "pin unblock",
            Command::Pin(Pin::Check(_)) => "pin check",
            Command::Sign(_) => "sign",
            Command::Verify(_) => "verify",
            Command::Encrypt(_) => "encrypt",
            Command::Decrypt(_) => "decrypt",
            Command::Doctor(_) => "doctor",
            Command::Setup(_) => "setup",
            Command::Manual(_) => "manual",
        }
    }
}

#[derive(Debug, Args)]
pub struct Show {
    #[arg(long)]
    pub protected: bool,
    #[command(flatten)]
    pub pin: PinSource,
}

#[derive(Debug, Subcommand)]
pub enum Cert {
    List,
    Export(Export),
}

#[derive(Debug, Args)]
pub struct Export {
    #[arg(value_enum, value_name = "USE")]
    pub which: Use,
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[arg(long)]
    pub der: bool,
    #[arg(long, value_name = "FILE")]
    pub chain: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Key {
    List,
}

#[derive(Debug, Subcommand)]
pub enum Pin {
    Change(Change),
    Unblock(Unblock),
    Check(Check),
}

#[derive(Debug, Args)]
pub struct Change {
    #[command(flatten)]
    pub pin: PinSource,
    #[command(flatten)]
    pub new: NewPinSource,
}

#[derive(Debug, Args)]
pub struct Unblock {
    #[command(flatten)]
    pub puk: PukSource,
    #[command(flatten)]
    pub new: NewPinSource,
}

#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    pub pin: PinSource,
}

/// A document to sign.
#[derive(Debug, Args)]
pub struct Sign {
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[arg(long)]
    pub attached: bool,
    #[arg(long, value_name = "FILE")]
    pub chain: Option<PathBuf>,
    #[command(flatten)]
    pub pin: PinSource,
}

/// A signed document.
#[derive(Debug, Args)]
pub struct Verify {
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pub trust: Vec<PathBuf>,
    #[arg(long, value_name = "FILE")]
    pub crl: Vec<PathBuf>,
}

/// A document for others.
#[derive(Debug, Args)]
pub struct Encrypt {
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[arg(long, value_name = "FILE", required = true)]
    pub to: Vec<PathBuf>,
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// A document for the card's holder.
#[derive(Debug, Args)]
pub struct Decrypt {
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub pin: PinSource,
}

/// What is looked for, and where.
#[derive(Debug, Args)]
pub struct Doctor {
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    #[command(flatten)]
    pub place: Place,
}

/// A program that is to find the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Client {
    Firefox,
    Thunderbird,
    Chromium,
    Openssl,
    #[value(name = "p11-kit")]
    P11Kit,
    Ssh,
    Git,
    Java,
}

impl Client {
    /// Its word on the command line.
    pub fn word(self) -> String {
        let value = clap::ValueEnum::to_possible_value(&self);
        value.map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

#[derive(Debug, Args)]
pub struct Setup {
    #[arg(value_enum, value_name = "PROGRAM")]
    pub program: Client,
    #[arg(long = "system", conflicts_with = "user")]
    pub everybody: bool,
    #[arg(long)]
    pub user: bool,
    #[arg(long)]
    pub undo: bool,
    #[arg(long)]
    pub dry_run: bool,
    #[arg(long)]
    pub keep_one: bool,
    #[command(flatten)]
    pub place: Place,
}

/// Another system than the running one.
#[derive(Debug, Clone, Args)]
pub struct Place {
    #[arg(long, value_name = "DIRECTORY")]
    pub root: Option<PathBuf>,
}

/// For whoever packages the program.
#[derive(Debug, Args)]
pub struct Manual {
    #[arg(value_name = "DIRECTORY")]
    pub directory: PathBuf,
}

/// Where the PIN comes from, when no person types it on the terminal.
#[derive(Debug, Clone, Args)]
pub struct PinSource {
    #[arg(long, value_name = "FILE", conflicts_with_all = ["pin_fd", "pinentry"])]
    pub pin_file: Option<PathBuf>,
    #[arg(long, value_name = "N", conflicts_with = "pinentry")]
    pub pin_fd: Option<u32>,
    #[arg(long, value_name = "PROGRAM", num_args = 0..=1, default_missing_value = "pinentry")]
    pub pinentry: Option<PathBuf>,
    #[arg(long)]
    pub last_try: bool,
}

/// Where a new PIN comes from.
#[derive(Debug, Clone, Args)]
pub struct NewPinSource {
    #[arg(long, value_name = "FILE", conflicts_with = "new_pin_fd")]
    pub new_pin_file: Option<PathBuf>,
    #[arg(long, value_name = "N")]
    pub new_pin_fd: Option<u32>,
}

/// Where the unblocking code comes from.
#[derive(Debug, Clone, Args)]
pub struct PukSource {
    #[arg(long, value_name = "FILE", conflicts_with_all = ["puk_fd", "pinentry"])]
    pub puk_file: Option<PathBuf>,
    #[arg(long, value_name = "N", conflicts_with = "pinentry")]
    pub puk_fd: Option<u32>,
    #[arg(long, value_name = "PROGRAM", num_args = 0..=1, default_missing_value = "pinentry")]
    pub pinentry: Option<PathBuf>,
    #[arg(long)]
    pub last_try: bool,
}
