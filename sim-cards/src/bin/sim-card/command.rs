//! The command that is run while the cards are in their readers.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use sim_cards::control::{Input, Signal};

/// A command that runs, or has run.
pub struct Running(Arc<Mutex<Child>>);

impl Running {
    /// Starts it; at its end, the loop is told to end.
    pub fn start(command: &[OsString], inputs: &Sender<Input>) -> Result<Self, String> {
        let Some((program, arguments)) = command.split_first() else {
            return Err("no command".into());
        };
        let child = Command::new(program)
            .args(arguments)
            .spawn()
            .map_err(|error| format!("{}: {error}", program.to_string_lossy()))?;
        let child = Arc::new(Mutex::new(child));
        let (watched, inputs) = (Arc::clone(&child), inputs.clone());
        thread::spawn(move || {
            while let Ok(None) = lock(&watched).try_wait() {
                thread::sleep(Duration::from_millis(20));
            }
            // The loop may have ended before.
            drop(inputs.send(Input::Signal(Signal::End)));
        });
        Ok(Self(child))
    }

    /// Its status; a command that still runs is ended first.
    pub fn end(&self) -> Result<ExitCode, String> {
        let mut child = lock(&self.0);
        let status = match child.try_wait() {
            Ok(None) => child.kill().and_then(|()| child.wait()),
            Ok(Some(status)) => Ok(status),
            Err(error) => Err(error),
        };
        status
            .map(code)
            .map_err(|error| format!("the command's end: {error}"))
    }
}

fn lock(child: &Mutex<Child>) -> std::sync::MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As a shell tells it: 128 and the number of the signal that ended it.
fn code(status: ExitStatus) -> ExitCode {
    let signal = || status.signal().map_or(255, |signal| 128 + signal);
    let code = status.code().unwrap_or_else(signal);
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}
