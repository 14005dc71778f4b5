//! `sim-card`: puts a simulated card into a virtual reader of vsmartcard.

use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use sim_cards::persona::{self, Persona};
use sim_cards::pki::Date;
use sim_cards::vpcd::{self, Reader};
use sim_cards::{Chip, Options, Protocol, PullAt, SimCard, hex, trace};

/// Inserts a simulated health professional card into a virtual reader (vpcd), until it is stopped.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Chip of the card; that of the persona if left out
    #[arg(long, value_enum)]
    card: Option<CardArgument>,
    /// Holder of the card, one of --list
    #[arg(long, value_name = "NAME")]
    persona: Option<String>,
    /// Transmission protocol: t0 is all that a CPS3 speaks, t1 the first choice of a CPS4
    #[arg(long, value_enum)]
    protocol: Option<ProtocolArgument>,
    /// Answer to reset, hexadecimal, in place of the usual one
    #[arg(long, value_name = "HEX", value_parser = atr)]
    atr: Option<Vec<u8>>,
    /// Code of the holder, four to eight digits
    #[arg(long, value_name = "DIGITS", value_parser = digits(4, 8))]
    pin: Option<String>,
    /// Tries of the holder code that are left
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=3))]
    tries: Option<u8>,
    /// Unblocking code
    #[arg(long, value_name = "DIGITS", value_parser = digits(8, 8))]
    puk: Option<String>,
    /// Whether a writable CPS_DATA is on the card (a CPS4 has none if left out)
    #[arg(long, value_name = "BOOL")]
    cps_data: Option<bool>,
    /// Day on which the certificates are used, YYYY-MM-DD; today if left out
    #[arg(long, value_name = "DATE")]
    at: Option<Date>,
    /// CPS4: refuse the application until the recovery sequence was run
    #[arg(long)]
    needs_recovery: bool,
    /// Pull the card out before it answers command number N
    #[arg(long, value_name = "N")]
    pull_at: Option<u64>,
    /// Machine of the virtual reader
    #[arg(long, default_value = "localhost")]
    host: String,
    /// Port of the virtual reader; the second reader listens one above
    #[arg(long, default_value_t = vpcd::PORT)]
    port: u16,
    /// Wait for the reader, and come back to it when it was restarted
    #[arg(long)]
    wait: bool,
    /// Write every exchange to this file, - for the standard output (codes and plaintexts included)
    #[arg(long, value_name = "FILE")]
    trace: Option<String>,
    /// Form of the trace: text for people, json for one object on a line
    #[arg(long, value_enum, default_value_t = TraceFormat::Text)]
    trace_format: TraceFormat,
    /// List the personas
    #[arg(long)]
    list: bool,
    /// Print the file tree of the card, decoded, and insert nothing
    #[arg(long)]
    dump: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CardArgument {
    Cps3,
    Cps4,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ProtocolArgument {
    T0,
    T1,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TraceFormat {
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

impl From<CardArgument> for Chip {
    fn from(card: CardArgument) -> Self {
        match card {
            CardArgument::Cps3 => Chip::Cps3,
            CardArgument::Cps4 => Chip::Cps4,
        }
    }
}

impl From<ProtocolArgument> for Protocol {
    fn from(protocol: ProtocolArgument) -> Self {
        match protocol {
            ProtocolArgument::T0 => Protocol::T0,
            ProtocolArgument::T1 => Protocol::T1,
        }
    }
}

fn digits(shortest: usize, longest: usize) -> impl Fn(&str) -> Result<String, String> + Clone {
    move |text| {
        let fits =
            (shortest..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits {
            Ok(text.into())
        } else {
            Err(format!("{shortest} to {longest} digits are wanted"))
        }
    }
}

fn atr(text: &str) -> Result<Vec<u8>, String> {
    hex::decode(text)
        .filter(|atr| (2..=33).contains(&atr.len()))
        .ok_or_else(|| "2 to 33 bytes are wanted".into())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("sim-card: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    if arguments.list {
        return list().map_err(|error| error.to_string());
    }
    let persona = holder(arguments)?;
    let mut card = make(&persona, arguments)?;
    if arguments.dump {
        return dump(&card, &persona).map_err(|error| error.to_string());
    }
    loop {
        let mut reader = connect(arguments)?;
        announce(&card, &persona, arguments).map_err(|error| error.to_string())?;
        let end = reader.serve(&mut card);
        card.power_off();
        match end {
            _ if !card.is_present() => return Ok(()),
            Err(error) if !arguments.wait => return Err(format!("the reader failed: {error}")),
            Ok(()) if !arguments.wait => return Ok(()),
            _ => {}
        }
    }
}

/// The persona asked for, or the usual one of the chip.
fn holder(arguments: &Arguments) -> Result<Persona, String> {
    let name = match (&arguments.persona, arguments.card) {
        (Some(name), _) => name,
        (None, Some(card)) => usual(card.into()),
        (None, None) => {
            return Err("say which card (--card) or whose (--persona); --list names the holders".into());
        }
    };
    persona::find(name).ok_or_else(|| format!("no persona is called {name}; --list names them"))
}

/// Whose card is inserted when only the chip is named.
fn usual(chip: Chip) -> &'static str {
    match chip {
        Chip::Cps3 => "doctor-hospital-cps3",
        Chip::Cps4 => "doctor-gp-cps4",
    }
}

fn make(persona: &Persona, arguments: &Arguments) -> Result<SimCard, String> {
    let chip = arguments.card.map_or(persona.chip, Chip::from);
    if chip == Chip::Cps3 && arguments.protocol == Some(ProtocolArgument::T1) {
        return Err("a CPS3 speaks T=0 only".into());
    }
    let options = Options {
        chip: Some(chip),
        protocol: arguments.protocol.map(Protocol::from),
        atr: arguments.atr.clone(),
        pin: arguments.pin.clone(),
        tries: arguments.tries,
        puk: arguments.puk.clone(),
        needs_recovery: arguments.needs_recovery,
        writable_area: arguments.cps_data,
        ..Options::default()
    };
    let mut card = match arguments.at {
        Some(day) => SimCard::from_persona_at(persona, &options, day),
        None => SimCard::from_persona(persona, &options),
    };
    if let Some(number) = arguments.pull_at {
        card.set_interceptor(PullAt(number));
    }
    if let Some(file) = &arguments.trace {
        let output = trace_output(file).map_err(|error| format!("{file}: {error}"))?;
        card.set_observer(trace::Writer::new(output, arguments.trace_format.into()).into_observer());
    }
    Ok(card)
}

fn trace_output(file: &str) -> io::Result<Box<dyn Write + Send>> {
    Ok(match file {
        "-" => Box::new(io::stdout()),
        file => Box::new(File::create(file)?),
    })
}

fn connect(arguments: &Arguments) -> Result<Reader, String> {
    loop {
        match Reader::connect((arguments.host.as_str(), arguments.port)) {
            Ok(reader) => return Ok(reader),
            Err(_) if arguments.wait => std::thread::sleep(Duration::from_millis(100)),
            Err(error) => {
                return Err(format!(
                    "no virtual reader at {} port {}: {error} (is pcscd running, with vpcd?)",
                    arguments.host, arguments.port
                ));
            }
        }
    }
}

fn announce(card: &SimCard, persona: &Persona, arguments: &Arguments) -> io::Result<()> {
    let mut out = io::stdout();
    let protocol = match card.protocol() {
        Protocol::T0 => "T=0",
        Protocol::T1 => "T=1",
    };
    writeln!(
        out,
        "inserted {} of {} ({protocol}, serial {}) into the reader at {} port {}",
        card.model(),
        persona.name,
        persona.serial_digits(),
        arguments.host,
        arguments.port
    )?;
    out.flush()
}

fn dump(card: &SimCard, persona: &Persona) -> io::Result<()> {
    let mut out = io::stdout();
    let heading = format!("{} of {}: {}", card.model(), persona.name, persona.description);
    match writeln!(out, "{heading}\n{}", card.dump()) {
        // The reader of a pipe has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn list() -> io::Result<()> {
    let mut out = io::stdout();
    for persona in persona::all() {
        let usual = if usual(persona.chip) == persona.name {
            " (usual)"
        } else {
            ""
        };
        writeln!(
            out,
            "{:<30} {}  {}{usual}",
            persona.name, persona.chip, persona.description
        )?;
    }
    Ok(())
}
