//! Traces as text.

use std::fmt;
use std::io::{self, Write};

use super::{Decoded, Decoder, Exchange};
use crate::text::hex;

/// The form of a trace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// Two lines for each exchange: the command with its name and file, the answer with the meaning of its status.
    #[default]
    Text,
    /// One JSON object on a line for each exchange.
    ///
    /// Fields: `number` (from 1), `command` and `answer` (hexadecimal), `name`, `file` and `path` (null if not
    /// known), `status` (four digits, null without answer), `meaning`, `microseconds`.
    Json,
}

/// Writes exchanges as they happen, each at once.
#[derive(Debug)]
pub struct Writer<W> {
    output: W,
    format: Format,
    decoder: Decoder,
}

impl<W: Write> Writer<W> {
    /// A trace of one card, from its first exchange on.
    pub fn new(output: W, format: Format) -> Self {
        Self {
            output,
            format,
            decoder: Decoder::new(),
        }
    }

    /// Writes one exchange.
    ///
    /// # Errors
    /// Those of the output.
    pub fn write(&mut self, exchange: &Exchange) -> io::Result<()> {
        let decoded = self.decoder.decode(exchange);
        match self.format {
            Format::Text => writeln!(self.output, "{}", text(exchange, &decoded))?,
            Format::Json => writeln!(self.output, "{}", json(exchange, &decoded))?,
        }
        self.output.flush()
    }
}

impl<W: Write + Send + 'static> Writer<W> {
    /// What [`crate::card::SimCard::set_observer`] wants. A trace that cannot be written does not stop the card.
    pub fn into_observer(mut self) -> impl FnMut(&Exchange) + Send + 'static {
        move |exchange| drop(self.write(exchange))
    }
}

/// Two lines, without the last line feed.
fn text(exchange: &Exchange, decoded: &Decoded) -> String {
    let file = decoded
        .file
        .as_ref()
        .map(|file| format!("  ({file})"))
        .unwrap_or_default();
    let answer = match decoded.status {
        Some(status) => format!("{}  {:04X} {status}", hex::encode(&exchange.answer), status.0),
        None => "(no answer)".to_owned(),
    };
    format!(
        "{:>5} > {}  {}{file}\n{:>3}ms < {answer}",
        exchange.number,
        hex::encode(&exchange.command),
        decoded.command,
        exchange.elapsed.as_millis()
    )
}

impl fmt::Display for Exchange {
    /// The two lines of a trace for people; the file is named only if the command itself names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self, &Decoder::new().decode(self)))
    }
}

/// One object (RFC 8259).
fn json(exchange: &Exchange, decoded: &Decoded) -> String {
    let text = |text: Option<&str>| text.map_or_else(|| "null".to_owned(), quoted);
    let status = decoded.status.map(|status| format!("{:04X}", status.0));
    let meaning = decoded.status.map(|status| status.to_string());
    let fields = [
        ("number", exchange.number.to_string()),
        ("command", quoted(&hex::encode(&exchange.command))),
        ("name", quoted(&decoded.command)),
        ("file", text(decoded.file.as_deref())),
        ("path", text(decoded.path.as_deref())),
        ("answer", quoted(&hex::encode(&exchange.answer))),
        ("status", text(status.as_deref())),
        ("meaning", text(meaning.as_deref())),
        ("microseconds", exchange.elapsed.as_micros().to_string()),
    ];
    let fields = fields.map(|(name, value)| format!("\"{name}\":{value}"));
    format!("{{{}}}", fields.join(","))
}

/// A JSON string; quotation mark, reverse solidus and control characters are escaped (RFC 8259 §7).
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|letter| match letter {
        '"' | '\\' => format!("\\{letter}"),
        letter if letter.is_control() => format!("\\u{:04x}", u32::from(letter)),
        letter => letter.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn written(format: Format, command: &str, answer: &str) -> String {
        let mut output = Vec::new();
        let exchange = Exchange {
            number: 7,
            command: hex::decode(command).unwrap(),
            answer: hex::decode(answer).unwrap(),
            elapsed: Duration::from_micros(1500),
        };
        Writer::new(&mut output, format).write(&exchange).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn a_person_reads_names_files_and_meanings() {
        assert_eq!(
            written(Format::Text, "01A4080002D00300", "6F0B8002000C8201018302D0039000"),
            "    7 > 01A4080002D00300  SELECT path from MF D003, channel 1  (EF.SN.ICC)\n\
             \x20 1ms < 6F0B8002000C8201018302D0039000  9000 done\n"
        );
        assert_eq!(
            written(Format::Text, "0084000008", ""),
            "    7 > 0084000008  GET CHALLENGE\n  1ms < (no answer)\n"
        );
    }

    #[test]
    fn a_program_reads_one_object_on_a_line() {
        assert_eq!(
            written(Format::Json, "00A40904043F002F00", "6127"),
            "{\"number\":7,\"command\":\"00A40904043F002F00\",\"name\":\"SELECT path 3F002F00\",\
             \"file\":\"EF.DIR\",\"path\":\"3F00/2F00\",\"answer\":\"6127\",\"status\":\"6127\",\
             \"meaning\":\"39 bytes wait\",\"microseconds\":1500}\n"
        );
        assert_eq!(
            written(Format::Json, "00", ""),
            "{\"number\":7,\"command\":\"00\",\"name\":\"not a command\",\"file\":null,\"path\":null,\
             \"answer\":\"\",\"status\":null,\"meaning\":null,\"microseconds\":1500}\n"
        );
        assert_eq!(quoted("a\"b\\c\n"), r#""a\"b\\c\u000a""#);
    }
}
