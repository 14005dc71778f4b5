//! The program on a terminal, and a person in front of it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// Longer than anything takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Terminal {
    keyboard: Option<File>,
    screen: Receiver<Vec<u8>>,
    seen: String,
    child: Child,
}

impl Terminal {
    pub(super) fn start(mut command: Command) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let end = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap());
        let end = end.unwrap();
        command
            .stdin(end.try_clone().unwrap())
            .stdout(end.try_clone().unwrap());
        let child = command.stderr(end).spawn().unwrap();
        drop(command);
        let keyboard = File::from(master);
        let mut shown = keyboard.try_clone().unwrap();
        let (send, screen) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The end shows as an error when the program has closed the terminal.
            while let Ok(length @ 1..) = shown.read(&mut buffer) {
                if send.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Terminal {
            keyboard: Some(keyboard),
            screen,
            seen: String::new(),
            child,
        }
    }

    /// Waits until the screen shows a text; what stood there before counts no more.
    pub fn expect(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.seen.find(text) {
                let rest = self.seen.split_off(at + text.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.screen.recv_timeout(left) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("no {text:?} in {:?}", self.seen),
            }
        }
    }

    /// Types.
    pub fn types(&mut self, keys: &str) {
        let mut keyboard = self.keyboard.as_ref().unwrap();
        keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// The number of the process that runs in it.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// The terminal goes away; how the program ends then.
    pub fn hang_up(mut self) -> i32 {
        // The thread that reads has the other handle of it: it ends with the program, below.
        drop(self.keyboard.take());
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::HUP).unwrap();
        self.exit()
    }

    /// Waits for the end: the exit code, and what the screen showed last.
    pub fn end(mut self) -> (i32, String) {
        let exit = self.exit();
        while let Ok(bytes) = self.screen.recv_timeout(PATIENCE) {
            self.seen.push_str(&String::from_utf8_lossy(&bytes));
        }
        (exit, self.seen.replace("\r\n", "\n"))
    }

    fn exit(&mut self) -> i32 {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not end; the screen shows {:?}", self.seen);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // One that a test has given up.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
