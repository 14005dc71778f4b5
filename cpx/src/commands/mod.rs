//! The commands. Each gives a report: text for a person, an answer for programs, and an exit code.

pub mod cert;
pub mod describe;
pub mod doctor;
pub mod encrypt;
pub mod key;
pub mod manual;
pub mod pin;
pub mod setup;
pub mod show;
pub mod sign;
pub mod status;

use serde_json::{Map, Value, json};

use crate::arguments::{Command, Common};
use crate::message;
use crate::module::Module;
use crate::outcome::{Exit, Failure, Result, fail};
use crate::progress::Progress;
use crate::screen::Screen;
use crate::system::System;
use crate::system::pcscd::{self, Answer};
use crate::texts::Texts;

/// Version of the answers for programs. It grows when a field changes or goes, not when one is
/// added.
pub const SCHEMA: u32 = 1;

/// What all commands work with.
pub struct Context {
    /// The language.
    pub texts: Texts,
    /// What every command takes.
    pub options: Common,
    /// The standard output.
    pub screen: Screen,
}

impl Context {
    /// The module that the options name. A service that hangs would keep it waiting for ever.
    pub fn module(&self) -> Result<Module> {
        let system = System::of_environment(None);
        if pcscd::ask(&system.socket) == Answer::Silent {
            return fail(Exit::NoReader, message!("service-silent"));
        }
        Module::load(self.options.module.as_deref())
    }

    /// The reader that the options name.
    pub fn reader(&self) -> Option<&str> {
        self.options.reader.as_deref()
    }

    /// A word on the terminal while the card is busy.
    pub fn busy(&self, key: &str) -> Progress {
        Progress::begin(self.texts.get(key))
    }
}

/// What a command found or did.
#[derive(Debug, Default)]
pub struct Report {
    /// For a person.
    pub text: String,
    /// For programs, without the head.
    pub answer: Map<String, Value>,
    /// How the program ends.
    pub exit: Option<Exit>,
    /// Bytes for the standard output in place of the text.
    pub raw: Option<Vec<u8>>,
}

impl Report {
    /// Ends with this exit code, unless there is one already.
    pub fn end(&mut self, exit: Exit) {
        self.exit.get_or_insert(exit);
    }

    /// One more field for programs.
    pub fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.answer.insert(name.to_owned(), value.into());
    }
}

/// Runs a command.
pub fn run(command: &Command, context: &Context) -> Result<Report> {
    match command {
        Command::Status => status::run(context),
        Command::Show(arguments) => show::run(arguments, context),
        Command::Cert(arguments) => cert::run(arguments, context),
        Command::Key(_) => key::run(context),
        Command::Pin(arguments) => pin::run(arguments, context),
        Command::Doctor(arguments) => doctor::run(arguments, context),
        Command::Sign(arguments) => sign::sign(arguments, context),
        Command::Verify(arguments) => sign::verify(arguments, context),
        Command::Encrypt(arguments) => encrypt::encrypt(arguments, context),
        Command::Decrypt(arguments) => encrypt::decrypt(arguments, context),
        Command::Setup(arguments) => setup::run(arguments, context),
        Command::Manual(arguments) => manual::run(arguments, context),
    }
}

/// The answer of a command for programs.
pub fn answer(command: &str, answer: Map<String, Value>) -> Value {
    let mut whole = Map::new();
    whole.insert("cpx".into(), json!(SCHEMA));
    whole.insert("command".into(), json!(command));
    whole.extend(answer);
    Value::Object(whole)
}

/// The answer of a command that failed.
pub fn error_answer(command: &str, failure: &Failure) -> Value {
    let mut fields = Map::new();
    let error = json!({ "code": failure.message.key, "exit": failure.exit as u8 });
    fields.insert("error".into(), error);
    answer(command, fields)
}
