//! One record as one line of text.

use std::fmt::{self, Write};
use std::process;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use der::DateTime;
use log::Record;

/// `2026-02-03T10:11:12.345Z 4711 4713 DEBUG cpx_pkcs11::calls < C_Sign CKR_OK 250.1 ms`: time in
/// UTC, process, thread as the kernel counts them, level, target, message.
pub(super) fn of(record: &Record<'_>) -> String {
    let mut line = String::with_capacity(160);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    timestamp(&mut line, now);
    let (level, target) = (record.level(), record.target());
    let written = write!(line, " {} {} {level:<5} {target} ", process::id(), thread());
    // Only a Display that fails can make it fail.
    let _ = written.and_then(|()| write!(Printable(&mut line), "{}", record.args()));
    line.push('\n');
    line
}

/// A sentence for the standard error, in which it stands between those of other programs.
pub(super) fn said(sentence: &str) -> String {
    let mut line = String::from("cpx-pkcs11: ");
    let _ = Printable(&mut line).write_str(sentence);
    line.push('\n');
    line
}

fn timestamp(line: &mut String, since_epoch: Duration) {
    let text = DateTime::from_unix_duration(since_epoch).map(|second| second.to_string());
    let text = text.unwrap_or_default();
    let _ = write!(
        line,
        "{}.{:03}Z",
        text.trim_end_matches('Z'),
        since_epoch.subsec_millis()
    );
}

/// The thread's number, as gdb and strace know it. Rust's own number of a thread comes with a
/// destructor that keeps the library from being unloaded.
fn thread() -> i32 {
    rustix::thread::gettid().as_raw_pid()
}

/// Keeps a record on its line: names of readers and cards come from outside.
struct Printable<'a>(&'a mut String);

impl Write for Printable<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character.is_control() {
                true => self.0.extend(character.escape_default()),
                false => self.0.push(character),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::Level;

    #[test]
    fn a_time_has_milliseconds() {
        let mut line = String::new();
        timestamp(&mut line, Duration::from_millis(1_770_113_472_045));
        assert_eq!(line, "2026-02-03T10:11:12.045Z");
    }

    #[test]
    fn a_line_tells_when_where_and_what() {
        let line = of(&Record::builder()
            .level(Level::Warn)
            .target("cpx_pkcs11::reader")
            .args(format_args!("reader {}", "A\nB\u{1b}[31mC"))
            .build());
        let fields: Vec<&str> = line.splitn(6, ' ').collect();
        let [time, process, thread, level, _, rest] = fields[..] else {
            panic!("{line}")
        };
        assert_eq!((time.len(), time.ends_with('Z')), (24, true), "{line}");
        assert_eq!(process, process::id().to_string());
        assert_ne!(thread.parse::<u32>(), Ok(0));
        assert_eq!(level, "WARN");
        assert_eq!(rest, "cpx_pkcs11::reader reader A\\nB\\u{1b}[31mC\n");
    }

    #[test]
    fn a_sentence_stays_on_its_line() {
        assert_eq!(said("no trace: A\nB"), "cpx-pkcs11: no trace: A\\nB\n");
    }

    #[test]
    fn threads_have_different_numbers() {
        let other = std::thread::spawn(thread).join().unwrap();
        assert_ne!(other, thread());
        assert_eq!(thread(), thread());
    }
}
