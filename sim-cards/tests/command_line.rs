//! `sim-card` as people call it: every option shows in what the card says to its reader.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::reader::{Card, SocketReader, VirtualReader};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sim-card");
const RANDOM: &str = "0084000008";
const SERIAL: &str = "00B09C000C";

/// The program with its card in a virtual reader.
struct Inserted {
    program: Child,
    reader: VirtualReader,
    card: Card,
}

impl Inserted {
    fn with(arguments: &[&str]) -> Self {
        let (port, mut row) = VirtualReader::row(1);
        let program = Command::new(PROGRAM)
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let reader = row.remove(0);
        let card = reader.card();
        Self {
            program,
            reader,
            card,
        }
    }

    fn says(&mut self, command: &str) -> String {
        self.card.transmit(command).expect("an answer")
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.program.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }
}

impl Inserted {
    /// Waits for the program's end: whether it succeeded, and what it said on its standard output and error.
    fn end(&mut self) -> (bool, String, String) {
        let success = self.program.wait().unwrap().success();
        let (mut out, mut err) = (String::new(), String::new());
        self.program
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut out)
            .unwrap();
        self.program
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut err)
            .unwrap();
        (success, out, err)
    }
}

impl Drop for Inserted {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

fn dump(arguments: &[&str]) -> String {
    let output = run(&[arguments, &["--dump"]].concat());
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn content_is_chosen() {
    let dumped = dump(&[
        "--card",
        "cps3",
        "--persona",
        "nurse-adeli-cps3",
        "--serial",
        "00004242",
        "--label",
        "CPS3 OTHER",
        "--tries",
        "1",
        "--puk-tries",
        "2",
        "--puk-uses",
        "3",
        "--cps-data",
        "false",
        "--certificate-size",
        "3000",
        "--at",
        "2026-07-14",
        "--atr",
        "3BAC00402A001225006480820212009000",
    ]);
    for expected in [
        "ATR 3BAC00402A001225006480820212009000",
        "holder code: 1 of 3 tries left",
        "unblocking code: 2 of 10 tries left, 3 uses left",
        "CPS3 OTHER",
        "802500000100004242",
        "valid: 250701000000Z to 280701000000Z",
    ] {
        assert!(dumped.contains(expected), "{expected} is not in\n{dumped}");
    }
    assert!(!dumped.contains("CPS_DATA"));
    let sizes = dumped
        .lines()
        .filter(|line| line.contains("signature certificate  3"));
    assert_eq!(sizes.count(), 1, "{dumped}");
}

#[test]
fn codes_are_chosen() {
    let mut inserted = Inserted::with(&["--card", "cps3", "--pin", "2468", "--puk", "87654321"]);
    assert_eq!(inserted.says("002000010431323334"), "63C2");
    assert_eq!(inserted.says("002000010432343638"), "9000");
    assert_eq!(inserted.says("00200002083837363534333231"), "9000");
}

#[test]
fn protocol_and_atr_are_those_of_the_card() {
    for (arguments, atr) in [
        (&["--card", "cps3"][..], "3BAC00402A001225006480000310009000"),
        (
            &["--card", "cps3-contactless"],
            "3B8F80010031B86404B0ECC1739401808290000E",
        ),
        (&["--card", "cps4"], "3B9B188001001225006480040100009044"),
        (
            &["--card", "cps4-candidate"],
            "3B9B188001001225006480000401009044",
        ),
        (
            &["--card", "cps4", "--protocol", "t0"],
            "3BDC18FF00001225006480000401009000",
        ),
        (&["--card", "vitale2"], "3B751300004309EA9000"),
    ] {
        assert_eq!(Inserted::with(arguments).card.atr(), atr, "{arguments:?}");
    }
    let mut t0 = Inserted::with(&["--card", "cps4", "--protocol", "t0", "--needs-recovery"]);
    assert_eq!(t0.says("01A4040C088025000001FF0100"), "6985");
    assert_eq!(t0.says("01A4040C07A0000001510000"), "9000");
    assert_eq!(t0.says("00A4040C088025000001FF0002"), "9000");
    assert_eq!(t0.says("01A4040C088025000001FF0100"), "9000");
    assert_eq!(t0.says("01A4080002D003"), "610D");
}

#[test]
fn answers_have_the_wanted_length() {
    let mut inserted = Inserted::with(&["--card", "cps3", "--largest-answer", "100"]);
    assert_eq!(inserted.says("00A4090C063F000001B001"), "9000");
    assert_eq!(inserted.says("00B0000000"), "6C64");
}

#[test]
fn faults_strike_when_planned() {
    let mut inserted = Inserted::with(&[
        "--card",
        "cps3",
        "--fault",
        "2:status=6F00",
        "--fault",
        "3:slow=80ms",
        "--fault",
        "84#4:truncate=3",
        "--fault",
        "5:mute",
        "--pull-at",
        "7",
    ]);
    assert_eq!(inserted.says(RANDOM).len(), 20);
    assert_eq!(inserted.says(RANDOM), "6F00");
    let start = Instant::now();
    assert_eq!(inserted.says(RANDOM).len(), 20);
    assert!(start.elapsed() >= Duration::from_millis(80));
    assert_eq!(inserted.says(RANDOM).len(), 10);
    assert_eq!(inserted.says(RANDOM), "");
    inserted.card.order(2);
    assert_eq!(inserted.says(RANDOM).len(), 20);
    assert_eq!(inserted.card.transmit(RANDOM), None);
    let (success, out, err) = inserted.end();
    assert!(!success);
    for said in [out, err] {
        assert!(
            said.contains("doctor-hospital-cps3 was pulled out, as a fault asked"),
            "{said}"
        );
    }
}

#[test]
fn a_reader_that_goes_away_is_an_error_and_waited_for_where_that_is_wanted() {
    let mut inserted = Inserted::with(&["--card", "cps3"]);
    inserted.card.close();
    let (success, _, err) = inserted.end();
    assert!(!success && err.contains("its reader went away"), "{err}");

    let mut inserted = Inserted::with(&["--card", "cps3", "--wait"]);
    inserted.card.close();
    inserted.card = inserted.reader.card().acquainted();
    inserted.signal("TERM");
    let (success, out, err) = inserted.end();
    assert!(success, "{err}");
    assert!(
        out.contains("its reader went away (did pcscd end?); waiting"),
        "{out}"
    );
    assert!(
        out.contains("inserted CPS3 of doctor-hospital-cps3 (T=0)"),
        "{out}"
    );
}

#[test]
fn a_reader_with_another_card_is_an_error() {
    let mut first = Inserted::with(&["--card", "cps3"]);
    let port = first.reader.0.local_addr().unwrap().port().to_string();
    let place = ["--host", "127.0.0.1", "--port", &port];
    let second = run(&[&["--card", "cps4"][..], &place].concat());
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(!second.status.success() && second.stdout.is_empty());
    assert!(said.contains("holds the card of another program"), "{said}");
    first.signal("TERM");
    assert!(first.end().0);

    let reader = SocketReader::new("occupied");
    let path = reader.path.to_str().unwrap().to_owned();
    let second = std::thread::spawn(move || run(&["--card", "cps4", "--reader", &path]));
    reader.refuse();
    let second = second.join().unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(!second.status.success() && !String::from_utf8(second.stdout).unwrap().contains("inserted"));
    assert!(said.contains("holds the card of another program"), "{said}");
}

#[test]
fn the_standard_output_of_a_trace_holds_nothing_else() {
    let mut inserted = Inserted::with(&["--card", "cps3", "--trace", "-", "--trace-format", "json"]);
    inserted.card.atr();
    inserted.says(SERIAL);
    inserted.signal("TERM");
    let (success, out, err) = inserted.end();
    assert!(success && err.contains("inserted CPS3"), "{err}");
    assert_eq!(out.lines().count(), 1, "{out}");
    assert!(out.starts_with("{\"number\":1,"), "{out}");
}

/// A place for a file of this test.
fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = fs::remove_file(&path);
    path
}

#[test]
fn whoever_waits_learns_when_the_reader_has_seen_the_card() {
    let desk = scratch("desk");
    let control = ["--control", desk.to_str().unwrap()];
    let early = run(&[&control[..], &["--wait-ready=100ms"]].concat());
    let said = String::from_utf8(early.stderr).unwrap();
    assert!(
        !early.status.success() && said.contains("not ready after 0.1 s"),
        "{said}"
    );

    let told = scratch("told");
    let (port, mut row) = VirtualReader::row(1);
    let mut program = Command::new("sh")
        .args(["-c", "exec 7>\"$1\"; shift; exec \"$@\"", "sh"])
        .arg(&told)
        .args([
            PROGRAM,
            "--card",
            "cps3",
            "--ready-fd",
            "7",
            "--host",
            "127.0.0.1",
        ])
        .args(["--port", &port.to_string()])
        .args(control)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let reader = row.remove(0);
    let mut card = reader.card();
    card.atr();
    // Powered, and its ATR given: the reader has not gone on yet.
    let unseen = run(&[&control[..], &["--wait-ready=1s"]].concat());
    let said = String::from_utf8(unseen.stderr).unwrap();
    assert!(
        said.contains("the reader of doctor-hospital-cps3 has not seen it yet"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&told).unwrap(), "");
    card.atr();
    assert!(run(&[&control[..], &["--wait-ready"]].concat()).status.success());
    assert_eq!(fs::read_to_string(&told).unwrap(), "ready\n");
    assert!(
        run(&[&control[..], &["--order", "end"]].concat())
            .status
            .success()
    );
    assert!(program.wait().unwrap().success());
}

#[test]
fn a_command_runs_while_the_cards_are_in_their_readers() {
    let row = [SocketReader::new("left"), SocketReader::new("right")];
    let program = |command: &[&str]| {
        let readers = row
            .iter()
            .flat_map(|reader| ["--reader".as_ref(), reader.path.as_os_str()]);
        Command::new(PROGRAM)
            .args(["--card", "cps3", "--card", "cps4"])
            .args(readers)
            .arg("--")
            .args(command)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let running = program(&["sh", "-c", "echo runs; exit 7"]);
    let mut first = row[0].card().acquainted();
    let mut second = row[1].card().acquainted();
    assert!(first.is_pulled() && second.is_pulled());
    let output = running.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), output.stdout),
        (Some(7), b"runs\n".to_vec())
    );

    // Not without the second card.
    let running = program(&["echo", "runs"]);
    let mut first = row[0].card().acquainted();
    drop(row[1].card());
    assert!(first.is_pulled());
    let output = running.wait_with_output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());

    let running = program(&["/nowhere/command"]);
    let cards = [row[0].card().acquainted(), row[1].card().acquainted()];
    let output = running.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && said.contains("/nowhere/command: "),
        "{said}"
    );
    drop(cards);

    // Ended with its cards' program, and before its time.
    let running = program(&["sleep", "600"]);
    let mut cards = [row[0].card().acquainted(), row[1].card().acquainted()];
    let pid = running.id().to_string();
    let _ = Command::new("kill").args(["-s", "TERM", &pid]).status();
    assert!(cards.iter_mut().all(Card::is_pulled));
    assert!(!running.wait_with_output().unwrap().status.success());
}

#[test]
fn time_is_spent_as_wanted() {
    let time = |arguments: &[&str], command: &str| {
        let mut inserted = Inserted::with(&[&["--card", "cps3"], arguments].concat());
        inserted.says("002000010431323334");
        inserted.says("002241A406800102840182");
        let start = Instant::now();
        inserted.says(command);
        start.elapsed()
    };
    const SIGN: &str = "0088000004DEADBEEF";
    assert!(time(&["--delay-operation", "900ms"], SIGN) >= Duration::from_millis(900));
    assert!(time(&["--delay-byte", "20ms"], RANDOM) >= Duration::from_millis(300));
    assert!(time(&["--real-time"], SIGN) >= Duration::from_millis(350));
}

#[test]
fn signals_take_the_card_out_and_put_it_back_and_reset_it() {
    let mut inserted = Inserted::with(&["--card", "cps3"]);
    assert_eq!(inserted.says("002000010431323334"), "9000");
    inserted.signal("USR2");
    let deadline = Instant::now() + Duration::from_secs(20);
    while inserted.says("00200001") == "9000" {
        assert!(Instant::now() < deadline, "the code is still given");
    }
    assert_eq!(inserted.says("002000010430303030"), "63C2");
    inserted.signal("USR1");
    assert!(inserted.card.is_pulled());
    inserted.signal("USR1");
    inserted.card = inserted.reader.card();
    // The same card: it remembers the wrong code.
    assert_eq!(inserted.says("00200001"), "63C2");
    inserted.signal("TERM");
    assert!(inserted.card.is_pulled());
    assert!(inserted.program.wait().unwrap().success());
}

#[test]
fn exchanges_are_traced_in_either_form() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for (form, expected) in [
        ("json", "\"name\":\"VERIFY code 01\""),
        ("text", "VERIFY code 01"),
    ] {
        let file = folder.join(format!("trace-{form}"));
        let mut inserted = Inserted::with(&[
            "--card",
            "cps3",
            "--trace",
            file.to_str().unwrap(),
            "--trace-format",
            form,
        ]);
        inserted.says(SERIAL);
        inserted.says("002000010439393939");
        inserted.signal("TERM");
        assert!(inserted.program.wait().unwrap().success());
        let trace = fs::read_to_string(&file).unwrap();
        assert!(trace.contains(expected), "{trace}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    let here = env!("CARGO_MANIFEST_DIR");
    let long = scratch("long.toml");
    let persona = fs::read_to_string(format!("{here}/personas/doctor-gp-cps4.toml")).unwrap();
    let surname = persona
        .lines()
        .position(|line| line.starts_with("surname"))
        .unwrap();
    let lines = persona.lines().enumerate();
    let longer = lines.map(|(number, line)| match number == surname {
        true => format!("surname = \"{}\"\n", "A".repeat(100_000)),
        false => format!("{line}\n"),
    });
    fs::write(&long, longer.collect::<String>()).unwrap();
    let long = long.to_str().unwrap();
    let too_long = format!("{long}: line {}: holder.surname: 200 bytes at most", surname + 1);
    let scenario = scratch("scenario.toml");
    let crowded =
        "[[card]]\nname = \"a\"\ncard = \"cps3\"\n[[card]]\nname = \"b\"\ncard = \"cps4\"\nreader = 0\n";
    fs::write(&scenario, crowded).unwrap();
    let scenario = scenario.to_str().unwrap();
    let far = scratch("far.toml");
    fs::write(
        &far,
        "[[card]]\ncard = \"cps3\"\n[[step]]\nat = \"1s\"\ndo = [\"remove 7\"]\n",
    )
    .unwrap();
    let far = far.to_str().unwrap();
    for (arguments, reason) in [
        (&["--dump"][..], "say which card"),
        (&["--persona", "nobody", "--dump"], "no persona is called nobody"),
        (&["--persona", "nobody", "--dump"], "--list names all"),
        (&["--persona", "doctor-pg-cps4", "--dump"], "near: doctor-gp-cps4"),
        (&["--persona", "insured-alnoe", "--dump"], "near: insured-alone"),
        (
            &["--card", "vitale2", "--persona", "insured", "--dump"],
            "near: insured-alone",
        ),
        (
            &["--persona", "/nowhere.toml", "--dump"],
            "--persona: /nowhere.toml: ",
        ),
        (&["--persona", long, "--dump"], &too_long),
        (&["--card", "cps3", "--protocol", "t1", "--dump"], "T=0 only"),
        (
            &["--card", "cps4", "--persona", "doctor-hospital-cps3", "--dump"],
            "card cps4 against persona doctor-hospital-cps3, whose card is a CPS3",
        ),
        (
            &["--card", "cps3", "--fault", "soon:bang"],
            "not a number of exchanges",
        ),
        (
            &["--card", "cps3", "--fault", "1:slow=5"],
            "which takes a time such as",
        ),
        (
            &["--card", "cps3", "--tries", "4"],
            "'--tries <N>': 0 to 3 tries are wanted",
        ),
        (
            &["--card", "cps3", "--certificate-size", "99999999"],
            "1 to 32000 bytes are wanted",
        ),
        (
            &["--card", "cps3", "--largest-answer", "0"],
            "1 to 256 bytes are wanted",
        ),
        (&["--card", "cps3", "--delay-byte", "7"], "a time such as 2s"),
        (
            &["--card", "cps3", "--guesses", "/nowhere", "--dump"],
            "--guesses /nowhere: ",
        ),
        (&["--scenario", "/nowhere"], "--scenario /nowhere: "),
        (
            &["--scenario", scenario],
            "reader 0 takes one card, and a and b are both for it",
        ),
        (
            &["--scenario", far, "--reader", "/nowhere"],
            "there is no reader 7: there is one, reader 0",
        ),
        (
            &["--card", "cps3", "--trace", "/nowhere/trace"],
            "--trace /nowhere/trace: ",
        ),
        (
            &["--card", "cps3", "--control", "/nowhere/desk"],
            "--control /nowhere/desk: ",
        ),
        (
            &["--control", "/nowhere/desk", "--order", "status"],
            "--control /nowhere/desk: ",
        ),
        (&["--card", "cps3", "--ready-fd", "999"], "--ready-fd 999: "),
        (&["--card", "cps3", "--port", "1"], "is pcscd running"),
        (
            &["--card", "cps3", "--reader", "/nowhere/reader"],
            "no virtual reader at /nowhere/reader: ",
        ),
        (
            &["--card", "cps3", "--card", "cps4", "--reader", "/nowhere"],
            "there is no reader 1: there is one, reader 0",
        ),
        (
            &["--card", "cps3", "--card", "cps4", "--port", "65535"],
            "there is no reader 1: ",
        ),
    ] {
        let output = run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && said.contains(reason),
            "{arguments:?}: {said}"
        );
    }
}

/// The options in a text.
fn options(text: &str) -> BTreeSet<&str> {
    let option = |from: &str| from.find(|letter: char| !letter.is_ascii_lowercase() && letter != '-');
    text.match_indices("--")
        .filter_map(|(start, _)| text.get(start..))
        .map(|from| &from[..option(from).unwrap_or(from.len())])
        .filter(|name| name.len() > 2)
        .collect()
}

#[test]
fn the_book_names_every_option() {
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    let headings = help.lines().map(str::trim).filter(|line| line.starts_with('-'));
    let headings: Vec<_> = headings.collect();
    let headings = headings.join("\n");
    let mut known = options(&headings);
    assert!(known.len() > 30 && known.remove("--help") && known.remove("--version"));
    let book = include_str!("../README.md");
    let (_, table) = book.split_once("| Option | |\n").expect("the table of options");
    let rows = table.lines().skip(1).take_while(|line| line.starts_with("|"));
    let cells: Vec<_> = rows.filter_map(|row| row.split('|').nth(1)).collect();
    let cells = cells.join("\n");
    assert_eq!(options(&cells), known);
}
