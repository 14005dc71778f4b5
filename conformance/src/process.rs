//! Child processes: bounded in time and in output, and gone with everything they started.

use std::ffi::OsStr;
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// Bytes of output that are kept from the beginning, and again from the end.
const KEPT: usize = 100_000;

/// Linux namespaces of their own for mounts, processes and network: a check may bind any port and
/// any file of the machine, and nothing it started outlives it. Wants root.
const NAMESPACES: [&str; 7] = [
    "--mount",
    "--propagation=private",
    "--pid",
    "--net",
    "--fork",
    "--kill-child",
    "--mount-proc",
];

/// `unshare`, which then runs the program that the caller adds. Its pcscd is where clients look for
/// one, not where the caller's is.
pub fn isolated() -> Command {
    let mut command = mortal("unshare");
    command
        .args(NAMESPACES)
        .arg("--")
        .env_remove("PCSCLITE_CSOCK_NAME");
    command
}

/// A program that ends with us, however we end.
pub fn mortal(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

pub fn need_root_and_namespaces() -> Result<()> {
    succeed(isolated().arg("true"))
        .map_err(|error| format!("this needs root and Linux namespaces (CAP_SYS_ADMIN): {error}"))
}

/// Runs to the end; an error if it did not succeed.
pub fn succeed(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{program}: {status}")),
        Err(error) => Err(format!("{program}: {error}")),
    }
}

/// The standard output of a program, if it succeeds.
pub fn output(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.stdin(Stdio::null()).stderr(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(output) => Err(format!("{program}: {}", output.status)),
        Err(error) => Err(format!("{program}: {error}")),
    }
}

/// A process that is killed and waited for when it is dropped.
pub struct Guarded(Child);

impl Guarded {
    pub fn spawn(command: &mut Command) -> Result<Guarded> {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).spawn();
        child.map(Guarded).map_err(|error| format!("{program}: {error}"))
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(Some(_)))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How a bounded process ended, and what it said on both outputs.
pub struct Ended {
    /// None if its time was up.
    pub status: Option<ExitStatus>,
    pub output: String,
}

/// Runs an [`isolated`] command for at most `limit`.
pub fn bounded(command: &mut Command, limit: Duration) -> Result<Ended> {
    let (reader, writer) = std::io::pipe().map_err(|error| error.to_string())?;
    let errors = writer.try_clone().map_err(|error| error.to_string())?;
    command.stdout(writer).stderr(errors);
    let mut child = Guarded::spawn(command)?;
    // The command holds the write ends: the reader would wait for them for ever.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let collector = thread::spawn(move || collect(reader));
    let status = wait(&mut child.0, limit)?;
    drop(child);
    let output = collector.join().map_err(|_| "the collector of output panicked")?;
    Ok(Ended { status, output })
}

fn wait(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Reads to the end; keeps the beginning and the end of what is too long.
fn collect(mut from: impl Read) -> String {
    let (mut head, mut tail, mut left_out) = (Vec::new(), Vec::new(), 0);
    let mut buffer = [0; 8192];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let bytes = buffer.get(..count).unwrap_or_default();
        let (first, rest) = bytes.split_at(count.min(KEPT - head.len()));
        head.extend_from_slice(first);
        tail.extend_from_slice(rest);
        if tail.len() > 2 * KEPT {
            let excess = tail.len() - KEPT;
            left_out += excess;
            tail.drain(..excess);
        }
    }
    let mut text = String::from_utf8_lossy(&head).into_owned();
    if left_out > 0 {
        text.push_str(&format!("\n[... {left_out} bytes left out ...]\n"));
    }
    text.push_str(&String::from_utf8_lossy(&tail));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_output_is_kept_whole() {
        assert_eq!(collect(&b"bonjour\n"[..]), "bonjour\n");
    }

    #[test]
    fn endless_output_keeps_its_beginning_and_its_end() {
        let flood = [b"first".to_vec(), vec![b'.'; 10 * KEPT], b"last".to_vec()].concat();
        let kept = collect(&flood[..]);
        assert!(kept.starts_with("first") && kept.ends_with("last") && kept.contains("left out"));
        assert!(kept.len() < 4 * KEPT);
    }

    #[test]
    fn time_is_bounded() {
        let ended = bounded(
            Command::new("sh").args(["-c", "echo begun; exec sleep 60"]),
            Duration::from_millis(300),
        )
        .unwrap();
        assert!(ended.status.is_none());
        assert_eq!(ended.output, "begun\n");
    }
}
