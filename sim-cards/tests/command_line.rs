//! `sim-card` as people call it: every option shows in what the card says to its reader.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::reader::{Card, VirtualReader};

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
            .args(arguments)
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .stdout(Stdio::null())
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
        "doctor-gp-cps4",
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
    assert!(inserted.program.wait().unwrap().success());
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
    for (arguments, reason) in [
        (&["--dump"][..], "say which card"),
        (&["--persona", "nobody", "--dump"], "no persona is called nobody"),
        (&["--card", "cps3", "--protocol", "t1", "--dump"], "T=0 only"),
        (
            &["--card", "cps3", "--fault", "soon:bang"],
            "not a number of exchanges",
        ),
        (&["--card", "cps3", "--tries", "4"], "4 is not in 0..=3"),
        (&["--card", "cps3", "--guesses", "/nowhere", "--dump"], "/nowhere"),
        (&["--card", "cps3", "--port", "1"], "is pcscd running"),
    ] {
        let output = run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && said.contains(reason),
            "{arguments:?}: {said}"
        );
    }
}
