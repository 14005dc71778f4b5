//! A desk with card readers, and the real program with the real module at it. Between them stand
//! the system's own PC/SC client library and a service of the tests' own, so that no rights and no
//! daemon are needed.

#![allow(dead_code)]

pub mod schema;
pub mod terminal;

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use sim_cards::{Interface, Options, SimCard, persona};
use testkit::pcscd::Pcscd;
use testkit::{Card, READER};

use terminal::Terminal;

pub const CPS3: &str = "doctor-hospital-cps3";
pub const CPS4: &str = "doctor-gp-cps4";
pub const PIN: &str = testkit::PIN;
/// Unblocking code of every simulated card.
pub const PUK: &str = "12345678";

/// A desk with one reader, and the home of its user. Both go with the test.
pub struct Desk {
    pub home: PathBuf,
    pub service: Pcscd,
}

/// How the program ended, and what it said.
pub struct Outcome {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// The answer for programs; it fits the schema.
    pub fn json(&self) -> Value {
        let answer = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr));
        schema::check(&answer);
        answer
    }

    /// The word for programs of what went wrong.
    pub fn reason(&self) -> &str {
        let after = self.stderr.rsplit_once("[cpx: ").map_or("", |(_, after)| after);
        after.split_once(',').map_or("", |(word, _)| word)
    }
}

/// The module that cargo built beside the program.
pub fn module() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let module = test.with_file_name("libcpx_pkcs11.so");
    assert!(module.is_file(), "no {}", module.display());
    module
}

/// The card of a persona, with the PIN and the unblocking code of the tests.
pub fn card(persona: &str, interface: Interface) -> SimCard {
    let persona = persona::find(persona).unwrap_or_else(|| panic!("no persona {persona}"));
    let options = Options {
        pin: Some(PIN.into()),
        interface,
        ..Options::default()
    };
    SimCard::from_persona(&persona, &options)
}

impl Desk {
    /// With an empty reader.
    pub fn new() -> Desk {
        static DESKS: AtomicU32 = AtomicU32::new(0);
        let number = DESKS.fetch_add(1, Ordering::SeqCst);
        // In memory, where the module keeps certificates if it is told to.
        let home = PathBuf::from(format!("/dev/shm/cpx-{}-{number}", std::process::id()));
        fs::DirBuilder::new().mode(0o700).create(&home).unwrap();
        let service = Pcscd::listen(&home.join("pcscd.comm"));
        service.plug(READER);
        Desk { home, service }
    }

    /// With the card of this persona in the reader.
    pub fn with(persona: &str) -> (Desk, Card) {
        let desk = Desk::new();
        let card = desk.service.insert(READER, card(persona, Interface::Contact));
        (desk, card)
    }

    /// A file of the user.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// The arguments that give the PIN.
    pub fn pin(&self, pin: &str) -> [String; 2] {
        let path = self.file(&format!("pin-{pin}"), format!("{pin}\n"));
        ["--pin-file".into(), path.display().to_string()]
    }

    /// The program, in this user's environment and no other.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.home)
            .env("XDG_RUNTIME_DIR", &self.home)
            .env("LANG", "C.UTF-8")
            .env("TERM", "xterm")
            .env("PCSCLITE_CSOCK_NAME", self.home.join("pcscd.comm"))
            .current_dir(&self.home);
        command
    }

    /// Runs the program, on no terminal.
    pub fn cpx<S: AsRef<str>>(&self, arguments: impl IntoIterator<Item = S>) -> Outcome {
        // Without a session's terminal nobody can be asked.
        let mut command = self.command("setsid");
        command
            .args(["--wait", env!("CARGO_BIN_EXE_cpx"), "--module"])
            .arg(module());
        command.args(arguments.into_iter().map(|word| word.as_ref().to_owned()));
        run(&mut command)
    }

    /// Runs the program with the words of a line.
    pub fn line(&self, line: &str) -> Outcome {
        self.cpx(line.split_whitespace())
    }

    /// Starts the program on a terminal.
    pub fn terminal<S: AsRef<str>>(&self, arguments: impl IntoIterator<Item = S>) -> Terminal {
        let mut command = self.command("setsid");
        command.args(["--wait", "--ctty", env!("CARGO_BIN_EXE_cpx"), "--module"]);
        command.arg(module());
        command.args(arguments.into_iter().map(|word| word.as_ref().to_owned()));
        Terminal::start(command)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Outcome {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Outcome {
        exit: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Compares a text with the file of what is expected; `CPX_UPDATE=1` writes that file instead.
pub fn compare(path: &Path, found: &str) {
    if std::env::var_os("CPX_UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, found).unwrap();
        return;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert!(
        expected == found,
        "{} differs (CPX_UPDATE=1 writes it); found:\n{found}\nexpected:\n{expected}",
        path.display()
    );
}
