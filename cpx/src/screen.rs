//! What is written on the terminal: colours only where they are wanted, columns that stand under
//! one another.

use std::io::{IsTerminal, Write};

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// As it should be.
    Good,
    /// Good to know.
    Note,
    /// Works, with a limit or for a while.
    Warning,
    /// Does not work.
    Bad,
}

impl Mark {
    /// Its sign, one column wide.
    pub fn sign(self) -> &'static str {
        match self {
            Mark::Good => "✔",
            Mark::Note => "i",
            Mark::Warning => "!",
            Mark::Bad => "✘",
        }
    }

    /// Its word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Mark::Good => "ok",
            Mark::Note => "note",
            Mark::Warning => "warning",
            Mark::Bad => "error",
        }
    }

    fn colour(self) -> &'static str {
        match self {
            Mark::Good => "32",
            Mark::Note => "36",
            Mark::Warning => "33",
            Mark::Bad => "31",
        }
    }
}

/// Text for one of the two streams.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    colours: bool,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Whatever the stream is.
    Always,
    /// Nowhere.
    Never,
}

impl Colour {
    fn on(self, stream: &impl IsTerminal) -> bool {
        match self {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
                stream.is_terminal() && !refused && !dumb
            }
        }
    }
}

impl Screen {
    /// For the standard output.
    pub fn output(colour: Colour) -> Screen {
        let colours = colour.on(&std::io::stdout());
        Screen { colours }
    }

    /// For the standard error.
    pub fn errors(colour: Colour) -> Screen {
        let colours = colour.on(&std::io::stderr());
        Screen { colours }
    }

    fn painted(self, colour: &str, text: &str) -> String {
        match self.colours {
            true => format!("\x1b[{colour}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }

    /// A sign in its colour.
    pub fn mark(self, mark: Mark) -> String {
        self.painted(mark.colour(), mark.sign())
    }

    /// Words in the colour of how something stands.
    pub fn marked(self, mark: Mark, text: &str) -> String {
        self.painted(mark.colour(), text)
    }

    /// Words that a person looks for first.
    pub fn strong(self, text: &str) -> String {
        self.painted("1", text)
    }

    /// Words that matter less.
    pub fn faint(self, text: &str) -> String {
        self.painted("2", text)
    }
}

/// Lines of a name and what belongs to it, the second column under itself.
#[derive(Debug, Default)]
pub struct Table {
    lines: Vec<(usize, String, String)>,
}

impl Table {
    /// One more line, this deep inside the one before.
    pub fn line_at(&mut self, depth: usize, name: impl Into<String>, value: impl Into<String>) {
        self.lines.push((depth, name.into(), value.into()));
    }

    /// One more line.
    pub fn line(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.line_at(0, name, value);
    }

    /// The lines as text; the names are strong where colours are.
    pub fn text(&self, screen: Screen) -> String {
        let wide = |(depth, name, _): &(usize, String, String)| 2 * depth + name.chars().count();
        let valued = self.lines.iter().filter(|(_, _, value)| !value.is_empty());
        let column = valued.map(wide).max().unwrap_or(0) + 2;
        let mut text = String::new();
        for line in &self.lines {
            let (depth, name, value) = line;
            let indent = "  ".repeat(*depth);
            let gap = " ".repeat(column.saturating_sub(wide(line)));
            let name = match depth {
                0 => screen.strong(name),
                _ => name.clone(),
            };
            let mut parts = value.lines();
            let first = parts.next().unwrap_or_default();
            let whole = format!("{indent}{name}{gap}{first}");
            text.push_str(whole.trim_end());
            text.push('\n');
            for part in parts {
                text.push_str(&format!("{}{part}\n", " ".repeat(column)));
            }
        }
        text
    }
}

/// Writes to the standard output. Whoever reads it may have left: that is no error of ours.
pub fn print(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

/// Writes to the standard error.
pub fn eprint(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Text from outside, fit for a terminal: control characters are shown, not obeyed.
pub fn harmless(text: &str) -> String {
    text.chars()
        .flat_map(|c| match c.is_control() {
            true => c.escape_default().collect::<Vec<char>>(),
            false => vec![c],
        })
        .collect()
}

/// The same, line by line.
pub fn harmless_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(harmless).collect();
    lines.join("\n")
}

/// Writes bytes to the standard output.
pub fn print_bytes(bytes: &[u8]) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(bytes).and_then(|()| output.flush());
}
