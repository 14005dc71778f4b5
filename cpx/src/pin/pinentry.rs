//! A window for the PIN: any program that speaks the pinentry protocol of GnuPG (Assuan).

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use zeroize::{Zeroize, Zeroizing};

use super::Secret;
use crate::message;
use crate::outcome::{Exit, Failure, Result, fail};
use crate::texts::Texts;

/// Whether a window can be shown.
pub fn is_possible() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

struct Dialogue {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

/// What the program answers.
enum Answer {
    Done(Option<Secret>),
    Refused,
    Gone,
}

/// Asks in a window.
pub fn ask(
    program: &Path,
    prompt: &str,
    tries: Option<&str>,
    complaint: Option<&str>,
    texts: &Texts,
) -> Result<Secret> {
    let missing = || {
        let program = program.display().to_string();
        Failure::new(Exit::File, message!("pinentry-fails", program = program))
    };
    let mut dialogue = Dialogue::begin(program).ok_or_else(missing)?;
    if matches!(dialogue.answer(), Answer::Gone) {
        return Err(missing());
    }
    let title = texts.get("pinentry-title");
    for (order, text) in [
        ("SETTITLE", Some(title.as_str())),
        ("SETPROMPT", Some(prompt)),
        ("SETDESC", tries),
        ("SETERROR", complaint),
    ] {
        if let Some(text) = text {
            // An order that the program does not know changes nothing for the PIN.
            dialogue.order(&format!("{order} {}", escaped(text)));
        }
    }
    let answer = dialogue.order("GETPIN");
    dialogue.end();
    match answer {
        Answer::Done(Some(pin)) => Ok(pin),
        Answer::Done(None) | Answer::Refused => fail(Exit::Interrupted, message!("pin-cancelled")),
        Answer::Gone => Err(missing()),
    }
}

impl Dialogue {
    fn begin(program: &Path) -> Option<Dialogue> {
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let to = child.stdin.take()?;
        let from = BufReader::new(child.stdout.take()?);
        Some(Dialogue { child, to, from })
    }

    fn order(&mut self, line: &str) -> Answer {
        match writeln!(self.to, "{line}").and_then(|()| self.to.flush()) {
            Ok(()) => self.answer(),
            Err(_) => Answer::Gone,
        }
    }

    fn answer(&mut self) -> Answer {
        let mut data = None;
        let mut line = Zeroizing::new(String::with_capacity(1024));
        loop {
            line.zeroize();
            match self.from.read_line(&mut line) {
                Ok(0) | Err(_) => return Answer::Gone,
                Ok(_) => {}
            }
            if let Some(text) = line.strip_prefix("D ") {
                data = Some(unescaped(text.trim_end_matches(['\n', '\r'])));
            } else if line.starts_with("OK") {
                return Answer::Done(data);
            } else if line.starts_with("ERR") {
                return Answer::Refused;
            }
        }
    }

    fn end(mut self) {
        let _ = writeln!(self.to, "BYE");
        drop(self.to);
        let _ = self.child.wait();
    }
}

/// Text in an order: per cent, and what ends a line, are written in hexadecimal.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\n', "%0A").replace('\r', "%0D")
}

fn unescaped(text: &str) -> Secret {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        plain.push_str(before);
        let code = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(code) => {
                plain.push(char::from(code));
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                plain.push('%');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_comes_back() {
        for text in ["1234", "100%", "a%0Ab", "two\nlines"] {
            assert_eq!(unescaped(&escaped(text)).as_str(), text);
        }
        assert_eq!(unescaped("%zz%").as_str(), "%zz%");
    }
}
