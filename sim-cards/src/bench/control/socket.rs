//! Control by a Unix socket: each line is an order, each answer ends with a line `ok` or `error: ...`.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, sync_channel};
use std::{fs, thread};

use super::Input;

/// The socket; its file is removed with it.
pub struct Socket(PathBuf);

/// Listens at `path`. A socket that nobody listens to any more is replaced; anything else at this place is an error.
pub fn bind(path: &Path) -> io::Result<UnixListener> {
    let stale = fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
        && UnixStream::connect(path).is_err();
    if stale {
        fs::remove_file(path)?;
    }
    UnixListener::bind(path)
}

/// Listens at `path`, as [`bind`] does, and sends what comes to the loop.
pub fn listen(path: &Path, inputs: &Sender<Input>) -> io::Result<Socket> {
    let listener = bind(path)?;
    let inputs = inputs.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let inputs = inputs.clone();
            // A connection that breaks concerns nobody else.
            thread::spawn(move || drop(converse(stream, &inputs)));
        }
    });
    Ok(Socket(path.to_owned()))
}

fn converse(stream: UnixStream, inputs: &Sender<Input>) -> io::Result<()> {
    let mut output = stream.try_clone()?;
    for line in BufReader::new(stream).lines() {
        let (reply, answer) = sync_channel(0);
        let line = line?;
        if inputs.send(Input::Line(line, reply)).is_err() {
            break;
        }
        let Ok(answer) = answer.recv() else { break };
        output.write_all(answer.as_bytes())?;
    }
    Ok(())
}

/// Sends one order to a program that listens at `path` and gives its answer; `Err` in its words if it refused.
pub fn order(path: &Path, line: &str) -> io::Result<Result<String, String>> {
    let mut stream = UnixStream::connect(path)?;
    stream.write_all(format!("{line}\n").as_bytes())?;
    let mut said = String::new();
    for answer in BufReader::new(stream).lines() {
        let answer = answer?;
        if answer == "ok" {
            return Ok(Ok(said));
        }
        if let Some(error) = answer.strip_prefix("error: ") {
            return Ok(Err(error.into()));
        }
        said += &answer;
        said.push('\n');
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Somebody else may have removed it.
        drop(fs::remove_file(&self.0));
    }
}
