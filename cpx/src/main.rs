//! `cpx`: the card of a French health professional, in a person's hands.
//!
//! It stands on the installed module, through PKCS #11. It presents no PIN that was not typed for
//! the command, writes nothing to a card but what was asked, and leaves the card closed.
#![forbid(unsafe_code)]

mod arguments;
mod card;
mod cms;
mod commands;
mod files;
mod interrupts;
mod localize;
mod module;
mod outcome;
mod pin;
mod progress;
mod readers;
mod screen;
mod system;
mod texts;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches;
use clap::error::ErrorKind;
use rustix::process::{Resource, Rlimit, setrlimit};

use arguments::{Cli, Command};
use commands::Context;
use outcome::{Exit, Failure};
use screen::{Colour, Mark, Screen};
use texts::{Lang, Texts};

fn main() -> ExitCode {
    // No core dump: a PIN could be in it.
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
    let exit = run(std::env::args_os().collect());
    ExitCode::from(exit as u8)
}

fn run(words: Vec<OsString>) -> Exit {
    let texts = Texts::of(language(&words));
    interrupts::watch(texts.lang);
    let parsed = localize::command(&texts).try_get_matches_from(&words);
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return refused(&error, &words, &texts),
    };
    let command = cli.command.unwrap_or(Command::Status);
    let name = command.name();
    let screen = Screen::output(cli.common.color);
    let (json, colour) = (cli.common.json, cli.common.color);
    let context = Context {
        texts,
        options: cli.common,
        screen,
    };
    match commands::run(&command, &context) {
        Ok(report) if json => {
            print_json(&commands::answer(name, report.answer));
            report.exit.unwrap_or(Exit::Fine)
        }
        Ok(report) => {
            match &report.raw {
                Some(bytes) => screen::print_bytes(bytes),
                None => screen::print(&report.text),
            }
            report.exit.unwrap_or(Exit::Fine)
        }
        Err(failure) => {
            if json {
                print_json(&commands::error_answer(name, &failure));
            }
            tell(&failure, &context.texts, colour);
            failure.exit
        }
    }
}

/// The language, which the texts about a wrong command line have too.
fn language(words: &[OsString]) -> Lang {
    let mut words = words.iter().filter_map(|word| word.to_str());
    let mut named = None;
    while let Some(word) = words.next() {
        if word == "--lang" {
            named = words.next();
        } else if let Some(value) = word.strip_prefix("--lang=") {
            named = Some(value);
        }
    }
    let of_environment = || Lang::of_environment(|name| std::env::var(name).ok());
    named.and_then(Lang::named).unwrap_or_else(of_environment)
}

/// A command line that asks for help, or is wrong.
fn refused(error: &clap::Error, words: &[OsString], texts: &Texts) -> Exit {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        screen::print(&error.render().to_string());
        return match error.kind() {
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Exit::Usage,
            _ => Exit::Fine,
        };
    }
    let failure = localize::complaint(error);
    if words.iter().any(|word| word == "--json") {
        print_json(&commands::error_answer("", &failure));
    }
    tell(&failure, texts, Colour::Auto);
    failure.exit
}

/// Says what happened, what to do, and the words for a search or a script.
fn tell(failure: &Failure, texts: &Texts, colour: Colour) {
    let screen = Screen::errors(colour);
    let mut text = format!(
        "{} {}\n",
        screen.mark(Mark::Bad),
        screen::harmless_lines(&texts.say(&failure.message))
    );
    for line in texts.next(&failure.message).iter().flat_map(|next| next.lines()) {
        text.push_str(&format!("  {line}\n"));
    }
    let word = format!("[cpx: {}, exit {}]", failure.message.key, failure.exit as u8);
    text.push_str(&format!("  {}\n", screen.faint(&word)));
    screen::eprint(&text);
}

fn print_json(value: &serde_json::Value) {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    screen::print(&format!("{text}\n"));
}
