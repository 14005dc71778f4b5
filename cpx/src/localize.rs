//! The command line in the language of the person: help, and what is wrong with what was typed.

use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, Command, CommandFactory};

use crate::arguments::Cli;
use crate::outcome::{Exit, Failure};
use crate::texts::{Message, Texts};

/// The command line with its help in words.
pub fn command(texts: &Texts) -> Command {
    let command = Cli::command();
    let after = texts.get("help-exit-codes");
    localized(command, "cmd", texts).after_long_help(after)
}

fn localized(command: Command, key: &str, texts: &Texts) -> Command {
    let name = command.get_name().to_owned();
    let key = match name.as_str() {
        "cpx" => key.to_owned(),
        _ => format!("{key}-{name}"),
    };
    let arguments: Vec<String> = command
        .get_arguments()
        .map(|argument| argument.get_id().to_string())
        .collect();
    let subcommands: Vec<String> = command
        .get_subcommands()
        .map(|subcommand| subcommand.get_name().to_owned())
        .collect();
    let template = format!(
        "{{about}}\n\n{} {{usage}}\n\n{{all-args}}{{after-help}}",
        texts.get("help-usage")
    );
    let about = texts.get(&format!("{key}-about"));
    let mut command = command
        .help_template(template)
        .subcommand_help_heading(texts.get("help-commands"))
        .subcommand_value_name(texts.get("help-command"))
        .about(about);
    let long = format!("{key}-long");
    if texts.has(&long) {
        let text = format!("{}\n\n{}", texts.get(&format!("{key}-about")), texts.get(&long));
        command = command.long_about(text);
    }
    for id in arguments {
        command = command.mut_arg(&id, |argument| explained(argument, &id, texts));
    }
    for name in subcommands {
        command = command.mut_subcommand(&name, |subcommand| localized(subcommand, &key, texts));
    }
    command
}

/// Keys of the texts that the help of a command and of those below it needs.
#[cfg(test)]
pub fn keys(command: &Command) -> std::collections::BTreeSet<String> {
    fn add(command: &Command, key: &str, all: &mut std::collections::BTreeSet<String>) {
        all.insert(format!("{key}-about"));
        let arguments = command.get_arguments();
        all.extend(arguments.map(|argument| argument_key(argument.get_id().as_str())));
        for subcommand in command.get_subcommands() {
            add(subcommand, &format!("{key}-{}", subcommand.get_name()), all);
        }
    }
    let mut all = std::collections::BTreeSet::new();
    add(command, "cmd", &mut all);
    all
}

fn argument_key(id: &str) -> String {
    format!("arg-{}", id.replace('_', "-"))
}

fn explained(argument: Arg, id: &str, texts: &Texts) -> Arg {
    let common = argument_key(id);
    let heading = match argument.is_positional() {
        true => "help-arguments",
        false => "help-options",
    };
    let takes_value = argument.get_action().takes_values();
    argument
        .help(texts.get(&common))
        .help_heading(texts.get(heading))
        .hide_possible_values(takes_value)
        .hide_default_value(takes_value)
}

/// What is wrong with a command line.
pub fn complaint(error: &clap::Error) -> Failure {
    let context = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    let message = match error.kind() {
        ErrorKind::UnknownArgument => {
            Message::new("usage-unknown").with("what", context(ContextKind::InvalidArg))
        }
        ErrorKind::InvalidSubcommand => {
            Message::new("usage-unknown").with("what", context(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingRequiredArgument => {
            Message::new("usage-missing").with("what", context(ContextKind::InvalidArg))
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => Message::new("usage-value")
            .with("value", context(ContextKind::InvalidValue))
            .with("what", context(ContextKind::InvalidArg)),
        ErrorKind::ArgumentConflict => Message::new("usage-conflict")
            .with("what", context(ContextKind::InvalidArg))
            .with("other", context(ContextKind::PriorArg)),
        _ => Message::new("usage-other"),
    };
    Failure::new(Exit::Usage, message)
}
