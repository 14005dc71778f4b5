//! A word on the terminal while something takes longer than half a second.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

/// After this long somebody wonders.
const PATIENCE: Duration = Duration::from_millis(500);

/// Shown until it is dropped.
#[derive(Debug)]
pub struct Progress {
    end: Option<Sender<()>>,
    shower: Option<JoinHandle<()>>,
}

impl Progress {
    /// Begins; the text shows after half a second, on a terminal alone.
    pub fn begin(text: String) -> Progress {
        if !std::io::stderr().is_terminal() {
            return Progress {
                end: None,
                shower: None,
            };
        }
        let (end, ended) = channel::<()>();
        let shower = spawn(move || {
            if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let mut errors = std::io::stderr();
                let _ = write!(errors, "{text}…");
                let _ = errors.flush();
                let _ = ended.recv();
                let _ = write!(errors, "\r\x1b[K");
                let _ = errors.flush();
            }
        });
        Progress {
            end: Some(end),
            shower: Some(shower),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(shower) = self.shower.take() {
            let _ = shower.join();
        }
    }
}
