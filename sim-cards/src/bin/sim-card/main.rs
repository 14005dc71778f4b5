//! `sim-card`: puts simulated cards into virtual readers of vsmartcard.

mod arguments;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Sender, channel};

use arguments::Arguments;
use clap::Parser;
use sim_cards::control::{self, Desk, Input, Readers, Signal, Until, socket};
use sim_cards::scenario::{self, CardDescription, CardKind, Scenario, usual_persona};
use sim_cards::vitale::insured;
use sim_cards::{Chip, SimCard, guesses, persona, trace};

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
    if let Some(file) = &arguments.guesses {
        guesses::replace_from(file).map_err(|error| error.to_string())?;
    }
    if arguments.list {
        return list().map_err(|error| error.to_string());
    }
    if let (Some(order), Some(path)) = (&arguments.order, &arguments.control) {
        return send(&order.to_string(), path);
    }
    let scenario = scenario_of(arguments)?;
    if arguments.dump {
        return scenario.cards.iter().try_for_each(dump);
    }
    serve(arguments, scenario)
}

fn send(order: &str, path: &Path) -> Result<(), String> {
    let answer = socket::order(path, order).map_err(|error| format!("{}: {error}", path.display()))?;
    print!("{}", answer?);
    Ok(())
}

/// The scenario file, or the cards of the command line without steps.
fn scenario_of(arguments: &Arguments) -> Result<Scenario, String> {
    if let Some(path) = &arguments.scenario {
        let in_file = |error: String| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(|error| in_file(error.to_string()))?;
        return scenario::parse(&text).map_err(|error| in_file(error.to_string()));
    }
    let cards = arguments.cards();
    if cards.is_empty() {
        return Err("say which card (--card) or whose (--persona); --list names them".into());
    }
    Scenario::of_cards(cards).map_err(|error| error.to_string())
}

fn serve(arguments: &Arguments, scenario: Scenario) -> Result<(), String> {
    let (inputs, received) = channel();
    let readers = Readers::from(&arguments.place);
    let mut desk = Desk::sending(readers, inputs.clone(), Input::Event);
    let several = scenario.cards.len() > 1;
    for (index, description) in scenario.cards.iter().enumerate() {
        put(&mut desk, description, index, several, arguments, &scenario)?;
    }
    listen_to_signals(&inputs).map_err(|error| format!("signals: {error}"))?;
    let _socket = match &arguments.control {
        Some(path) => {
            Some(socket::listen(path, &inputs).map_err(|error| format!("{}: {error}", path.display()))?)
        }
        None => None,
    };
    for description in &scenario.cards {
        if let (Some(name), true) = (&description.name, description.inserted.unwrap_or(true)) {
            desk.insert(name, None).map_err(|error| error.to_string())?;
        }
    }
    let until = match (&arguments.control, scenario.steps.is_empty()) {
        (Some(_), _) => Until::Told,
        (None, true) => Until::LastCardLeft,
        (None, false) => Until::StepsDone,
    };
    control::run(&mut desk, scenario.steps, &received, until, &mut say)
}

/// Lines for people; nobody may read them.
fn say(line: &str) {
    let mut out = io::stdout();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}

fn put(
    desk: &mut Desk,
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
        let output = trace_output(&file).map_err(|error| format!("{file}: {error}"))?;
        card.set_observer(trace::Writer::new(output, arguments.trace_format.into()).into_observer());
    }
    let reader = description.reader.unwrap_or(index);
    desk.put(&name, card, reader, scenario.waits_for(&name))
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
