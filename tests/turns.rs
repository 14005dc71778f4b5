//! Processes of one user take turns at a reader: a busy one does not keep another one waiting.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use cpx_pkcs11::system::{PrivateDirectory, Queue};

/// Where the processes meet; this program is told so when it is to be one of them.
const PLACE: &str = "CPX_TEST_TURNS";

/// In memory, and removed in the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path = Path::new("/dev/shm").join(format!("cpx-pkcs11-turns-test-{name}-{}", std::process::id()));
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.expect("a directory in memory");
        Place(path)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.0.join("log")).unwrap_or_default()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn queue(place: &Path) -> Queue {
    Queue::new(Some(&PrivateDirectory::new(&place.join("turns"))), "reader")
}

/// This program again, as `a_process_of_its_own` below.
fn process(place: &Path, what: &str) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "a_process_of_its_own", "--ignored", "--nocapture"])
        .env(PLACE, format!("{what} {}", place.display()))
        .spawn()
        .expect("this program starts")
}

/// Writes one letter, in one system call.
fn note(place: &Path, letter: &str) {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(place.join("log"));
    file.expect("the log")
        .write_all(letter.as_bytes())
        .expect("the log");
}

#[test]
#[ignore = "the other processes of the tests below"]
fn a_process_of_its_own() {
    let Ok(told) = std::env::var(PLACE) else {
        return;
    };
    let (what, place) = told.split_once(' ').expect("what and where");
    let (place, queue) = (Path::new(place), queue(Path::new(place)));
    let turn = || queue.turn(|| false).expect("a turn");
    match what {
        "busy" => {
            while !place.join("enough").exists() {
                let _turn = turn();
                note(place, "a");
                thread::sleep(Duration::from_millis(1));
            }
        }
        "stuck" => {
            let _turn = turn();
            note(place, "s");
            loop {
                thread::sleep(Duration::from_secs(1));
            }
        }
        other => panic!("{other}"),
    }
}

fn wait_for(place: &Place, letter: char, process: &mut Child) {
    while !place.log().contains(letter) {
        assert_eq!(process.try_wait().expect("its state"), None, "it has ended");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn who_waits_comes_next_even_if_another_process_uses_the_card_all_the_time() {
    const TURNS: usize = 60;
    let place = Place::new("busy");
    let queue = queue(&place.0);
    let mut busy = process(&place.0, "busy");
    wait_for(&place, 'a', &mut busy);
    for _ in 0..TURNS {
        note(&place.0, "w");
        let _turn = queue.turn(|| false).expect("a turn");
        note(&place.0, "b");
        // Not so that the other one could never come.
        thread::sleep(Duration::from_millis(1));
    }
    fs::write(place.0.join("enough"), "").expect("the end");
    assert!(busy.wait().expect("the busy process").success());
    let log = place.log();
    let waits: Vec<usize> = log
        .split('w')
        .skip(1)
        .map(|wait| wait.find('b').expect("a turn after each wait"))
        .collect();
    assert_eq!(waits.len(), TURNS);
    // The one in the room and the one at the door go first. Whoever is not given the processor meanwhile may miss his turn.
    let short = waits.iter().filter(|others| **others <= 2).count();
    assert!(10 * short >= 9 * TURNS, "others that came first: {waits:?}");
}

#[test]
fn the_turn_of_a_process_that_was_killed_is_free() {
    let place = Place::new("killed");
    let mut stuck = process(&place.0, "stuck");
    wait_for(&place, 's', &mut stuck);
    let queue = queue(&place.0);
    assert!(queue.turn(|| true).is_none(), "it has the turn");
    stuck.kill().expect("kill");
    stuck.wait().expect("its end");
    assert!(queue.turn(|| true).is_some());
}

#[test]
fn without_a_private_directory_nobody_waits() {
    assert!(Queue::new(None, "reader").turn(|| false).is_none());
    let missing = PrivateDirectory::new(Path::new("/dev/shm/cpx-pkcs11-missing/turns"));
    assert!(Queue::new(Some(&missing), "reader").turn(|| false).is_none());
    let on_a_disk = PrivateDirectory::new(Path::new("/proc/turns"));
    assert!(Queue::new(Some(&on_a_disk), "reader").turn(|| false).is_none());
}
