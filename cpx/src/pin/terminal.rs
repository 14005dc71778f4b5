//! The person at the terminal: entry without echo, and written consent.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::sync::Mutex;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::Secret;
use crate::message;
use crate::outcome::{Exit, Result, fail};
use crate::texts::Texts;

/// Longer entries are cut; no PIN is as long.
const LONGEST: usize = 64;

/// Keys that are not part of an answer.
const END_OF_TEXT: u8 = 0x03;
const END_OF_TRANSMISSION: u8 = 0x04;
const ESCAPE: u8 = 0x1B;
const BACKSPACE: [u8; 2] = [0x08, 0x7F];
const ERASE_LINE: u8 = 0x15;

/// How the terminal was before an entry began, for whoever has to end the program meanwhile.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// The terminal of the person.
pub struct Terminal(File);

/// The terminal from which the program was started, if there is one.
pub fn open() -> Option<Terminal> {
    let file = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
    Some(Terminal(file))
}

/// Gives the terminal back its echo.
pub fn restore() {
    let before = BEFORE.lock().ok().and_then(|mut before| before.take());
    if let (Some(modes), Some(terminal)) = (before, open()) {
        let _ = tcsetattr(&terminal.0, OptionalActions::Now, &modes);
    }
}

/// The terminal without echo and without signals, until it is dropped.
struct Quiet;

impl Quiet {
    fn begin(file: &File) -> rustix::io::Result<Quiet> {
        let before = tcgetattr(file)?;
        let mut modes = before.clone();
        modes.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        if let Ok(mut place) = BEFORE.lock() {
            *place = Some(before);
        }
        // What was typed before the question is no answer to it.
        tcsetattr(file, OptionalActions::Flush, &modes)?;
        Ok(Quiet)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        restore();
    }
}

impl Terminal {
    /// Asks for a PIN. A star stands for each character.
    pub fn ask(&self, prompt: &str, tries: Option<&str>, complaint: Option<&str>) -> Result<Secret> {
        let mut file = &self.0;
        if let Some(complaint) = complaint {
            let _ = writeln!(file, "{complaint}");
        }
        let tries = tries.map(|tries| format!(" ({tries})")).unwrap_or_default();
        let Ok(quiet) = Quiet::begin(file) else {
            return fail(Exit::Usage, message!("no-terminal"));
        };
        let _ = write!(file, "{prompt}{tries} : ").and_then(|()| file.flush());
        let answer = read_hidden(file);
        let _ = writeln!(file);
        drop(quiet);
        match answer {
            Some(answer) => Ok(answer),
            None => fail(Exit::Interrupted, message!("pin-cancelled")),
        }
    }

    /// Asks for a word, which is shown as it is typed.
    fn ask_openly(&self, question: &str) -> String {
        let mut file = &self.0;
        let _ = write!(file, "{question} ").and_then(|()| file.flush());
        let mut answer = Vec::new();
        let mut byte = [0];
        while answer.len() < LONGEST {
            match file.read(&mut byte) {
                Ok(1) if byte != *b"\n" => answer.extend(byte),
                _ => break,
            }
        }
        String::from_utf8_lossy(&answer).trim().to_owned()
    }
}

/// Characters until the end of the line; nothing if the person gives up or the terminal goes away.
fn read_hidden(mut file: &File) -> Option<Secret> {
    let mut answer: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut byte = Zeroizing::new([0]);
    loop {
        if !matches!(file.read(&mut *byte), Ok(1)) {
            return None;
        }
        match byte[0] {
            b'\n' | b'\r' => break,
            END_OF_TEXT | END_OF_TRANSMISSION | ESCAPE => return None,
            erase if BACKSPACE.contains(&erase) => {
                let erased = answer.pop().map_or(&[][..], |_| b"\x08 \x08");
                let _ = file.write_all(erased);
            }
            ERASE_LINE => {
                for _ in 0..answer.len() {
                    let _ = file.write_all(b"\x08 \x08");
                }
                answer.clear();
            }
            character if answer.len() < LONGEST => {
                answer.push(character);
                let _ = file.write_all(b"*");
            }
            _ => {}
        }
    }
    let text = std::str::from_utf8(&answer).unwrap_or_default();
    Some(Zeroizing::new(text.to_owned()))
}

/// The last try is only spent by somebody who wrote that they want it.
pub fn confirm_last_try(texts: &Texts, question: &str) -> Result<()> {
    let Some(terminal) = open() else {
        return fail(Exit::PinRefused, message!("last-try-unconfirmed"));
    };
    let answer = terminal.ask_openly(&texts.get(question));
    match answer.to_lowercase() == texts.get("yes") {
        true => Ok(()),
        false => fail(Exit::PinRefused, message!("last-try-refused")),
    }
}
