//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use sim_cards::control::{Order, Readers, Row};
use sim_cards::faults::PlannedFault;
use sim_cards::limits::{self, Limit, OutOfLimit};
use sim_cards::scenario::{CardDescription, CardKind, ProtocolName};
use sim_cards::timing::parse_duration;
use sim_cards::{pki::Date, trace, vpcd};

/// Inserts simulated health professional cards into virtual readers (vpcd), until it is stopped.
///
/// --card and --persona can be given several times, the first of each for the first reader and so on; the other
/// options are for all of these cards. A scenario describes each card for itself.
///
/// SIGUSR1 takes every card out, and puts them back the next time; SIGUSR2 resets them.
#[derive(Parser)]
#[command(version, override_usage = "sim-card [OPTIONS] [-- COMMAND...]")]
pub struct Arguments {
    /// Kind of the card; that of the persona if left out, and never against it
    #[arg(long, value_enum)]
    pub card: Vec<CardArgument>,
    /// Holder of the card: one of --list, or the path of a persona file (with a slash, or ending in .toml)
    #[arg(long, value_name = "NAME")]
    pub persona: Vec<String>,
    #[command(flatten)]
    pub content: Content,
    #[command(flatten)]
    pub behaviour: Behaviour,
    #[command(flatten)]
    pub place: ReaderArguments,
    /// Cards and what happens to them when, in a file (TOML)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["card", "persona", "dump"])]
    pub scenario: Option<PathBuf>,
    /// Take orders at this Unix socket: insert, remove, swap, reset, fault, no-faults, status, ready, end
    #[arg(long, value_name = "PATH")]
    pub control: Option<PathBuf>,
    /// Send one order to the sim-card that listens at --control, print its answer, and do nothing else
    #[arg(long, value_name = "ORDER", requires = "control", conflicts_with_all = ["card", "persona", "scenario"])]
    pub order: Option<Order>,
    /// Wait, this long at most, until the reader of each card of the sim-card at --control has seen it, and do nothing
    /// else
    #[arg(long, value_name = "TIME", requires = "control", num_args = 0..=1, require_equals = true,
        default_missing_value = "60s", value_parser = duration, conflicts_with_all = ["card", "persona", "scenario", "order"])]
    pub wait_ready: Option<Duration>,
    /// Write the line "ready" to this open file descriptor when the reader of each card has seen it
    #[arg(long, value_name = "N")]
    pub ready_fd: Option<u16>,
    /// Write every exchange to this file, - for the standard output (PINs and plaintexts included), where nothing else
    /// is written then; with several cards, one file for each, FILE.NAME
    #[arg(long, value_name = "FILE")]
    pub trace: Option<String>,
    /// Form of the trace: text for people, json for one object on a line
    #[arg(long, value_enum, default_value_t = TraceFormat::Text)]
    pub trace_format: TraceFormat,
    /// Values that replace those of guesses.toml, in a file: real file numbers and layouts, where you know them
    #[arg(long, value_name = "FILE")]
    pub guesses: Option<PathBuf>,
    /// List cards and holders
    #[arg(long)]
    pub list: bool,
    /// Print the file tree of the card, decoded, and insert nothing
    #[arg(long)]
    pub dump: bool,
    /// Run this command when the reader of each card has seen it, take the cards out when it ends, and end with its
    /// status; messages of sim-card go to the standard error
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["order", "wait_ready", "list", "dump"])]
    pub command: Vec<OsString>,
}

/// What is on the card.
#[derive(clap::Args)]
#[command(next_help_heading = "Content")]
pub struct Content {
    /// Answer to reset, hexadecimal, in place of the usual one
    #[arg(long, value_name = "HEX")]
    atr: Option<String>,
    /// Number of the card, eight digits
    #[arg(long, value_name = "DIGITS")]
    serial: Option<String>,
    /// Label of the token, 200 bytes at most
    #[arg(long)]
    label: Option<String>,
    /// Bytes that each certificate has at least, 32000 at most
    #[arg(long, value_name = "BYTES", value_parser = within::<usize>(&limits::CERTIFICATE_SIZE))]
    certificate_size: Option<usize>,
    /// PIN of the holder, four to eight digits
    #[arg(long, value_name = "DIGITS")]
    pin: Option<String>,
    /// Tries of the holder's PIN that are left, 3 at most
    #[arg(long, value_name = "N", value_parser = within::<u8>(&limits::TRIES))]
    tries: Option<u8>,
    /// Unblocking code, eight digits
    #[arg(long, value_name = "DIGITS")]
    puk: Option<String>,
    /// Tries of the unblocking code that are left, 10 at most
    #[arg(long, value_name = "N", value_parser = within::<u8>(&limits::PUK_TRIES))]
    puk_tries: Option<u8>,
    /// How often the unblocking code can still be used; a hundred times when new
    #[arg(long, value_name = "N", value_parser = within::<u16>(&limits::PUK_USES))]
    puk_uses: Option<u16>,
    /// Whether a writable CPS_DATA is on the card (a CPS4 has none if left out)
    #[arg(long, value_name = "BOOL")]
    cps_data: Option<bool>,
    /// Day on which the certificates are used, YYYY-MM-DD; today if left out
    #[arg(long, value_name = "DATE")]
    at: Option<Date>,
}

/// How the card answers.
#[derive(clap::Args)]
#[command(next_help_heading = "Behaviour")]
pub struct Behaviour {
    /// Transmission protocol: t0 is all that the contacts of a CPS3 speak, t1 the first choice of a CPS4
    #[arg(long, value_enum)]
    protocol: Option<ProtocolArgument>,
    /// Bytes of the longest answer, without its status word; 1 to 256
    #[arg(long, value_name = "BYTES", value_parser = within::<u16>(&limits::LARGEST_ANSWER))]
    largest_answer: Option<u16>,
    /// CPS4: refuse the application until the recovery sequence was run
    #[arg(long)]
    needs_recovery: bool,
    /// Be as slow as a real card in a real reader
    #[arg(long)]
    real_time: bool,
    /// Time of each byte on the line, such as 1ms or 70us
    #[arg(long, value_name = "TIME", value_parser = time)]
    delay_byte: Option<String>,
    /// Time of each operation with a private key, such as 700ms
    #[arg(long, value_name = "TIME", value_parser = time)]
    delay_operation: Option<String>,
    /// WHEN:WHAT goes wrong. WHEN: 12, 12+, *, */5, B0#3 (third command with instruction B0), B0#*. WHAT: pull, mute,
    /// reset, other-application, send=HEX, slow=500ms, answer=HEX, status=6F00, truncate=N, oversize=N, garbage, flip=N
    #[arg(long, value_name = "FAULT", value_parser = fault)]
    fault: Vec<String>,
    /// Pull the card out before it answers command number N, as --fault N:pull
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pull_at: Option<u64>,
}

/// Where the virtual readers are.
#[derive(clap::Args)]
#[command(next_help_heading = "Readers")]
pub struct ReaderArguments {
    /// Socket of a reader of sim-cards' own driver; may be repeated, the first is reader 0
    #[arg(long, value_name = "PATH", conflicts_with_all = ["host", "port"])]
    reader: Vec<PathBuf>,
    /// Machine of the readers of vsmartcard's driver, vpcd
    #[arg(long, default_value = "localhost")]
    host: String,
    /// Port of vpcd's first reader; the others listen one above the other
    #[arg(long, default_value_t = vpcd::PORT)]
    port: u16,
    /// Wait for the reader, and come back to it when it was restarted
    #[arg(long)]
    wait: bool,
    /// How long a reader stays empty in a swap
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    swap_pause: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CardArgument {
    Cps3,
    Cps3Contactless,
    Cps4,
    Cps4Candidate,
    Vitale2,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProtocolArgument {
    T0,
    T1,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TraceFormat {
    Text,
    Json,
}

impl From<TraceFormat> for trace::Format {
    fn from(format: TraceFormat) -> Self {
        match format {
            TraceFormat::Text => trace::Format::Text,
            TraceFormat::Json => trace::Format::Json,
        }
    }
}

impl From<CardArgument> for CardKind {
    fn from(card: CardArgument) -> Self {
        match card {
            CardArgument::Cps3 => CardKind::Cps3,
            CardArgument::Cps3Contactless => CardKind::Cps3Contactless,
            CardArgument::Cps4 => CardKind::Cps4,
            CardArgument::Cps4Candidate => CardKind::Cps4Candidate,
            CardArgument::Vitale2 => CardKind::Vitale2,
        }
    }
}

impl From<ProtocolArgument> for ProtocolName {
    fn from(protocol: ProtocolArgument) -> Self {
        match protocol {
            ProtocolArgument::T0 => ProtocolName::T0,
            ProtocolArgument::T1 => ProtocolName::T1,
        }
    }
}

fn fault(text: &str) -> Result<String, String> {
    match text.parse::<PlannedFault>() {
        Ok(_) => Ok(text.into()),
        Err(error) => Err(error.to_string()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

fn time(text: &str) -> Result<String, String> {
    duration(text).map(|_| text.into())
}

/// Reads a number that is within the limit.
fn within<T: TryFrom<usize> + Clone + Send + Sync + 'static>(
    limit: &Limit,
) -> impl Fn(&str) -> Result<T, OutOfLimit> + Clone + Send + Sync + 'static {
    let limit = limit.clone();
    move |text| limit.read(text)
}

impl Arguments {
    /// Whether the standard output belongs to something else than to messages.
    pub fn output_is_taken(&self) -> bool {
        self.trace.as_deref() == Some("-") || !self.command.is_empty()
    }

    /// The cards that the command line describes.
    pub fn cards(&self) -> Vec<CardDescription> {
        (0..self.card.len().max(self.persona.len()))
            .map(|index| CardDescription {
                card: self.card.get(index).copied().map(CardKind::from),
                persona: self.persona.get(index).cloned(),
                ..self.usual()
            })
            .collect()
    }

    /// What all of them have in common.
    fn usual(&self) -> CardDescription {
        let (content, behaviour) = (&self.content, &self.behaviour);
        let pulled = behaviour.pull_at.map(|number| format!("{number}:pull"));
        CardDescription {
            protocol: behaviour.protocol.map(ProtocolName::from),
            atr: content.atr.clone(),
            serial: content.serial.clone(),
            label: content.label.clone(),
            certificate_size: content.certificate_size,
            largest_answer: behaviour.largest_answer.map(usize::from),
            pin: content.pin.clone(),
            tries: content.tries,
            puk: content.puk.clone(),
            puk_tries: content.puk_tries,
            puk_uses: content.puk_uses,
            cps_data: content.cps_data,
            at: content.at,
            needs_recovery: behaviour.needs_recovery,
            real_time: behaviour.real_time,
            delay_byte: behaviour.delay_byte.clone(),
            delay_operation: behaviour.delay_operation.clone(),
            faults: behaviour.fault.iter().cloned().chain(pulled).collect(),
            ..CardDescription::default()
        }
    }
}

impl From<&ReaderArguments> for Readers {
    fn from(place: &ReaderArguments) -> Self {
        let row = match place.reader.as_slice() {
            [] => Row::Ports {
                host: place.host.clone(),
                first: place.port,
            },
            sockets => Row::Sockets(sockets.to_vec()),
        };
        Readers {
            row,
            wait: place.wait,
            swap_pause: place.swap_pause,
        }
    }
}
