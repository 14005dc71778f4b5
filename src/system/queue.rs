//! A queue of this user's processes for one reader.
//!
//! libpcsclite looks only every 100 ms whether another program's transaction has ended, so that a
//! program which uses the card all the time would keep the others away for seconds. A process that
//! wants the card takes two locks, the door first and then the room, and gives the door back when
//! it has the room: one that leaves the room and wants it again finds another one at the door. The
//! locks are the kernel's and end with their process; a process that has no rival takes them at
//! once.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;

use super::PrivateDirectory;
use super::file::careful_options;

/// Time that a process waits for its turn; then it goes on without one, and the PC/SC service
/// decides.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pauses between two looks at a lock: the first one, and the longest.
const PAUSE: Duration = Duration::from_micros(200);
const LONGEST_PAUSE: Duration = Duration::from_millis(4);

/// The queue for one reader.
#[derive(Debug)]
pub struct Queue {
    /// The files of door and room.
    files: Option<[PathBuf; 2]>,
}

/// One's turn; it ends when this is dropped. The file is open no longer, so that a program which
/// closes all its files does not end up with a lock on one of its own.
#[derive(Debug)]
pub struct Turn {
    _room: File,
}

impl Queue {
    /// The queue called `name` in this directory. Where there is none, nobody waits for anybody.
    pub fn new(directory: Option<&PrivateDirectory>, name: &str) -> Queue {
        let files = directory.and_then(|directory| {
            let usable = directory.make().and_then(|()| directory.owner());
            match usable {
                Ok(_) => Some(["door", "room"].map(|part| directory.path().join(format!("{name}.{part}")))),
                Err(error) => {
                    log::debug!("no queue of processes in {}: {error}", directory.path().display());
                    None
                }
            }
        });
        Queue { files }
    }

    /// Waits until it is this process' turn, for `PATIENCE` at the most and no longer than until
    /// `is_over`. `None`: there is no queue, or it does not move.
    pub fn turn(&self, is_over: impl Fn() -> bool) -> Option<Turn> {
        let [door, room] = self.files.as_ref()?;
        let deadline = Instant::now() + PATIENCE;
        let is_over = || Instant::now() >= deadline || is_over();
        let door = locked(door, is_over);
        // Only for as long as it takes to enter.
        let room = door.is_some().then(|| locked(room, is_over))?;
        match room {
            Some(room) => Some(Turn { _room: room }),
            None => {
                log::debug!("the queue of processes does not move");
                None
            }
        }
    }
}

/// The file with its lock, unless that cannot be had before it `is_over`. The kernel takes the lock
/// away when the file is closed.
fn locked(path: &Path, is_over: impl Fn() -> bool) -> Option<File> {
    let file = careful_options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .ok()?;
    let mut pause = PAUSE;
    loop {
        match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Some(file),
            Err(Errno::AGAIN | Errno::ACCESS | Errno::INTR) if !is_over() => {}
            Err(_) => return None,
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
