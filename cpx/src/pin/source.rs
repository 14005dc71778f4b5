//! Where a PIN comes from: the terminal, a file, a descriptor, or a pinentry program.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{Secret, pinentry, terminal};
use crate::message;
use crate::outcome::{Exit, Failure, Result, fail};
use crate::texts::{Message, Texts};

/// Longer than any PIN with the end of its line.
const LONGEST: usize = 64;

/// Where a PIN comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The person, at the terminal; or in a window, where there is no terminal.
    Person,
    /// The first line of a file.
    File(PathBuf),
    /// A descriptor that the caller opened.
    Descriptor(u32),
    /// The person, in a window of this program.
    Pinentry(PathBuf),
}

impl Source {
    /// The source that the options of a command name.
    pub fn of(file: &Option<PathBuf>, descriptor: Option<u32>, pinentry: &Option<PathBuf>) -> Source {
        match (file, descriptor, pinentry) {
            (Some(file), _, _) => Source::File(file.clone()),
            (None, Some(number), _) => Source::Descriptor(number),
            (None, None, Some(program)) => Source::Pinentry(program.clone()),
            (None, None, None) => Source::Person,
        }
    }

    /// Whether somebody can be asked again.
    pub fn is_person(&self) -> bool {
        matches!(self, Source::Person | Source::Pinentry(_))
    }

    /// Reads an answer. `tries` and `complaint` are shown to a person before.
    pub fn read(
        &self,
        prompt: &str,
        tries: Option<&str>,
        complaint: Option<&Message>,
        texts: &Texts,
    ) -> Result<Secret> {
        let complaint = complaint.map(|message| texts.say(message));
        match self {
            Source::File(path) => from_file(path),
            Source::Descriptor(number) => from_file(Path::new(&format!("/proc/self/fd/{number}"))),
            Source::Pinentry(program) => {
                pinentry::ask(program, &texts.get(prompt), tries, complaint.as_deref(), texts)
            }
            Source::Person => match terminal::open() {
                Some(terminal) => terminal.ask(&texts.get(prompt), tries, complaint.as_deref()),
                None if pinentry::is_possible() => {
                    let program = Path::new("pinentry");
                    pinentry::ask(program, &texts.get(prompt), tries, complaint.as_deref(), texts)
                }
                None => fail(Exit::Usage, message!("no-terminal")),
            },
        }
    }
}

/// The first line of a file, without its end.
fn from_file(path: &Path) -> Result<Secret> {
    let unreadable = |reason: std::io::Error| {
        let path = path.display().to_string();
        Failure::new(
            Exit::File,
            message!("file-unreadable", path = path, reason = reason.to_string()),
        )
    };
    let mut bytes = Zeroizing::new(vec![0; LONGEST]);
    let mut file = File::open(path).map_err(unreadable)?;
    let mut length = 0;
    while length < LONGEST {
        let Some(room) = bytes.get_mut(length..) else {
            break;
        };
        match file.read(room).map_err(unreadable)? {
            0 => break,
            more => length += more,
        }
    }
    let read = bytes.get(..length).unwrap_or_default();
    let line = read.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let text = std::str::from_utf8(line).unwrap_or_default();
    Ok(Zeroizing::new(text.trim_end_matches('\r').to_owned()))
}
