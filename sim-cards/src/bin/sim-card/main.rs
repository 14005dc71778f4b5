//! `sim-card`: puts simulated cards into virtual readers of vsmartcard.

mod arguments;
mod command;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use arguments::Arguments;
use clap::Parser;
use command::Running;
use sim_cards::control::{self, Bench, Input, Readers, Report, Signal, Until, socket};
use sim_cards::insured;
use sim_cards::scenario::{self, CardDescription, CardKind, Scenario, usual_persona};
use sim_cards::{Chip, SimCard, guesses, persona, trace};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    run(&arguments).unwrap_or_else(|message| {
        eprintln!("sim-card: {message}");
        ExitCode::FAILURE
    })
}

fn run(arguments: &Arguments) -> Result<ExitCode, String> {
    if let Some(file) = &arguments.guesses {
        guesses::replace_from(file).map_err(|error| format!("--guesses {error}"))?;
    }
    let done = |()| ExitCode::SUCCESS;
    if arguments.list {
        return list().map(done).map_err(|error| error.to_string());
    }
    if let (Some(order), Some(path)) = (&arguments.order, &arguments.control) {
        return send(&order.to_string(), path).map(done);
    }
    if let (Some(time), Some(path)) = (arguments.wait_ready, &arguments.control) {
        return wait_ready(path, time).map(done);
    }
    let scenario = scenario_of(arguments)?;
    if arguments.dump {
        return scenario.cards.iter().try_for_each(dump).map(done);
    }
    serve(arguments, scenario)
}

fn send(order: &str, path: &Path) -> Result<(), String> {
    let answer =
        socket::order(path, order).map_err(|error| format!("--control {}: {error}", path.display()))?;
    print!("{}", answer?);
    Ok(())
}

/// Asks again and again: the program may not listen yet.
fn wait_ready(path: &Path, time: Duration) -> Result<(), String> {
    let deadline = Instant::now().checked_add(time);
    loop {
        let why = match socket::order(path, "ready") {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(why)) => why,
            Err(error) => format!("--control {}: {error}", path.display()),
        };
        if deadline.is_none_or(|deadline| Instant::now() >= deadline) {
            return Err(format!("not ready after {} s: {why}", time.as_secs_f32()));
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// The scenario file, or the cards of the command line without steps.
fn scenario_of(arguments: &Arguments) -> Result<Scenario, String> {
    if let Some(path) = &arguments.scenario {
        return scenario::read(path).map_err(|error| format!("--scenario {error}"));
    }
    let cards = arguments.cards();
    if cards.is_empty() {
        return Err("say which card (--card) or whose (--persona); --list names them".into());
    }
    let option = match arguments.persona.is_empty() {
        true => "",
        false => "--persona: ",
    };
    Scenario::of_cards(cards).map_err(|error| format!("{option}{error}"))
}

fn serve(arguments: &Arguments, scenario: Scenario) -> Result<ExitCode, String> {
    let (inputs, received) = channel();
    let mut bench = Bench::sending(Readers::from(&arguments.place), inputs.clone(), Input::Event);
    let several = scenario.cards.len() > 1;
    for (index, description) in scenario.cards.iter().enumerate() {
        put(&mut bench, description, index, several, arguments, &scenario)?;
    }
    bench
        .check(scenario.steps.iter().flat_map(|step| &step.orders))
        .map_err(|error| error.to_string())?;
    let mut teller = Teller::new(arguments, inputs.clone())?;
    listen_to_signals(&inputs).map_err(|error| format!("signals: {error}"))?;
    let _socket = match &arguments.control {
        Some(path) => Some(
            socket::listen(path, &inputs)
                .map_err(|error| format!("--control {}: {error}", path.display()))?,
        ),
        None => None,
    };
    for description in &scenario.cards {
        if let (Some(name), true) = (&description.name, description.inserted.unwrap_or(true)) {
            bench.insert(name, None).map_err(|error| error.to_string())?;
        }
    }
    if bench.inserted().is_empty() {
        teller.ready();
    }
    let until = match (&arguments.control, scenario.steps.is_empty()) {
        _ if !arguments.command.is_empty() => Until::Ready,
        (Some(_), _) => Until::Told,
        (None, true) => Until::LastCardLeft,
        (None, false) => Until::StepsDone,
    };
    let served = control::run(&mut bench, scenario.steps, &received, until, &mut teller);
    let ended = teller.end();
    served.map_err(|error| error.to_string()).and(ended)
}

/// Tells people and programs how it goes.
struct Teller<'a> {
    arguments: &'a Arguments,
    inputs: Sender<Input>,
    ready: Option<File>,
    command: Option<Result<Running, String>>,
}

impl<'a> Teller<'a> {
    fn new(arguments: &'a Arguments, inputs: Sender<Input>) -> Result<Self, String> {
        let open = |descriptor: u16| {
            let path = format!("/dev/fd/{descriptor}");
            let opened = OpenOptions::new().write(true).open(&path);
            opened.map_err(|error| format!("--ready-fd {descriptor}: {path}: {error}"))
        };
        Ok(Self {
            arguments,
            inputs,
            ready: arguments.ready_fd.map(open).transpose()?,
            command: None,
        })
    }

    /// The status of the command, if one was wanted and could be run.
    fn end(self) -> Result<ExitCode, String> {
        self.command
            .map_or(Ok(ExitCode::SUCCESS), |command| command?.end())
    }
}

impl Report for Teller<'_> {
    /// Nobody may read it.
    fn say(&mut self, line: &str) {
        drop(match self.arguments.output_is_taken() {
            true => writeln!(io::stderr(), "{line}"),
            false => writeln!(io::stdout(), "{line}").and_then(|()| io::stdout().flush()),
        });
    }

    fn ready(&mut self) {
        // Whoever wanted to know may be gone.
        drop(self.ready.take().map(|mut file| writeln!(file, "ready")));
        if !self.arguments.command.is_empty() {
            let command = Running::start(&self.arguments.command, &self.inputs);
            if command.is_err() {
                // The loop has not begun its end: it receives this.
                drop(self.inputs.send(Input::Signal(Signal::End)));
            }
            self.command = Some(command);
        }
    }
}

fn put(
    bench: &mut Bench,
    description: &CardDescription,
    index: usize,
    several: bool,
    arguments: &Arguments,
    scenario: &Scenario,
) -> Result<(), String> {
    let name = description.name.clone().unwrap_or_default();
    let mut card = description.issue().map_err(|error| format!("{name}: {error}"))?;
    if let Some(file) = &arguments.trace {
        let file = match several && file != "-" {
            true => format!("{file}.{name}"),
            false => file.clone(),
        };
        let output = trace_output(&file).map_err(|error| format!("--trace {file}: {error}"))?;
        card.set_observer(trace::Writer::new(output, arguments.trace_format.into()).into_observer());
    }
    let reader = description.reader.unwrap_or(index);
    bench
        .put(&name, card, reader, scenario.waits_for(&name))
        .map_err(|error| error.to_string())
}

fn trace_output(file: &str) -> io::Result<Box<dyn Write + Send>> {
    Ok(match file {
        "-" => Box::new(io::stdout()),
        file => Box::new(File::create(file)?),
    })
}

fn listen_to_signals(inputs: &Sender<Input>) -> io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGUSR1, SIGUSR2])?;
    let inputs = inputs.clone();
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let signal = match signal {
                SIGUSR1 => Signal::InsertOrRemove,
                SIGUSR2 => Signal::Reset,
                _ => Signal::End,
            };
            if inputs.send(Input::Signal(signal)).is_err() {
                break;
            }
        }
    });
    Ok(())
}

fn dump(description: &CardDescription) -> Result<(), String> {
    let card: SimCard = description.issue().map_err(|error| error.to_string())?;
    let heading = description.heading().map_err(|error| error.to_string())?;
    match writeln!(io::stdout(), "{}, {heading}\n{}", card.model(), card.dump()) {
        // The reader of a pipe has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.to_string()),
        _ => Ok(()),
    }
}

fn list() -> io::Result<()> {
    let mut out = io::stdout();
    let mut line = |name: &str, kind: &str, description: &str, usual: &str| {
        let usual = if name == usual { " (usual)" } else { "" };
        writeln!(out, "{name:<30} {kind:<8}  {description}{usual}")
    };
    for persona in persona::all() {
        let kind = match persona.chip {
            Chip::Cps3 => CardKind::Cps3,
            Chip::Cps4 => CardKind::Cps4,
        };
        line(
            &persona.name,
            &persona.chip.to_string(),
            &persona.description,
            usual_persona(kind),
        )?;
    }
    for insured in insured::all() {
        line(
            &insured.name,
            "Vitale 2",
            &insured.description,
            usual_persona(CardKind::Vitale2),
        )?;
    }
    writeln!(
        out,
        "\ncards: cps3, cps3-contactless, cps4, cps4-candidate, vitale2"
    )
}
