//! How costs grow: with objects, readers, threads and the length of a message.

mod objects;
mod readers;

use std::path::Path;

use crate::cost::Result;
use crate::host::{each, profile};
use crate::report::{Report, Table, grouped};
use crate::stack::{Application, Stack, card};

const HOLDER: &str = "doctor-hospital-cps3";

const NUMBERS: [u64; 5] = [1, 2, 4, 8, 16];

/// Repetitions by which two runs differ.
const ROUNDS: u64 = 16;

/// What is asked of one slot all the time, and what a signature takes.
const POLLS: [&str; 5] = [
    "C_GetSlotInfo",
    "C_GetTokenInfo",
    "C_GetSessionInfo",
    "C_FindObjectsInit",
    "C_FindObjects",
];
const SIGNATURE: [&str; 2] = ["C_SignInit", "C_Sign"];

/// Bytes of the longest message, and of a shorter one.
const LONG: u64 = 100_000_000;
const SHORT: u64 = 32;

/// KiB that the process may grow while it signs the long message. The kernel maps 64 at once around a page of the program's files that is
/// touched for the first time, which says nothing of the message.
const GROWTH: u64 = 128;

pub fn run(report: &mut Report, module: &Path) -> Result<()> {
    report.heading("How it grows");
    objects::run(report, module)?;
    readers::run(report, module)?;
    threads(report, module)?;
    length(report, module)
}

fn repeated(order: &str) -> String {
    format!("repeat {ROUNDS} {order}")
}

/// Whether a cost is what it was with one.
fn alike(now: u64, one: u64) -> bool {
    now <= one + one / 4
}

fn threads(report: &mut Report, module: &Path) -> Result<()> {
    let heading = [
        "Threads",
        "exchanges of a signature",
        "instructions of a signature",
        "instructions of a round of polls",
    ];
    let mut table = Table::new(&heading);
    let stack = Stack::start(vec![card(HOLDER, &Default::default())?])?;
    let prepare = [
        "initialize",
        "slots",
        "token-info",
        "session",
        "list",
        "certificate Authentification",
        "value",
        "login",
    ];
    let prepare = [&prepare[..], &["key CPS_PRIV_AUT", "sign bare"]].concat();
    let mut of_one = (0, 0);
    for number in NUMBERS {
        // The same work in all, however many share it.
        let work = |total: u64, what: &str| format!("threads {number} {} {what}", total / number);
        let run = |total: u64| {
            let orders = [work(total, "sign"), work(total, "poll")];
            let orders: Vec<&str> = orders.iter().map(String::as_str).collect();
            // pcscd may have powered the idle card down, or not yet; the start would cost more or less than the other one.
            stack.reset();
            let before = stack.totals();
            let profile = profile(module, &[&prepare[..], &orders].concat())?;
            Ok::<_, String>((profile, (stack.totals() - before).exchanges))
        };
        let ((few, exchanges_of_few), (many, exchanges)) = (run(ROUNDS)?, run(3 * ROUNDS)?);
        let exchanges = (exchanges - exchanges_of_few) / (2 * ROUNDS);
        let sign = each(&few, &many, 2 * ROUNDS, &SIGNATURE);
        let poll = each(&few, &many, 2 * ROUNDS, &POLLS);
        table.row(vec![
            number.to_string(),
            exchanges.to_string(),
            grouped(sign),
            grouped(poll),
        ]);
        if number == 1 {
            of_one = (sign, poll);
        }
        report.must(
            exchanges == 3,
            &format!("{number} threads: a signature costs three exchanges"),
        );
        report.must(
            alike(sign, of_one.0),
            &format!("{number} threads: a signature costs as many instructions"),
        );
        report.must(
            alike(poll, of_one.1),
            &format!("{number} threads: polls cost as many instructions"),
        );
    }
    report.table(&table);
    Ok(())
}

fn length(report: &mut Report, module: &Path) -> Result<()> {
    let stack = Stack::start(vec![card(HOLDER, &Default::default())?])?;
    let mut application = Application::start(module)?;
    application.orders(&[
        "initialize",
        "slots",
        "token-info",
        "session",
        "login",
        "key CPS_PRIV_SIG",
        "sign sha256",
    ])?;
    let heading = [
        "Bytes signed in parts of 64 KiB",
        "exchanges",
        "KiB by which the process has grown",
    ];
    let mut table = Table::new(&heading);
    // What the first use of the function needs is there from then on.
    application.order(&format!("sign-in-parts {SHORT}"))?;
    let resident = application.order("memory VmHWM")?;
    for bytes in [SHORT, 65_536, 1_000_000, 10_000_000, LONG] {
        let before = stack.totals();
        application.order(&format!("sign-in-parts {bytes}"))?;
        let exchanges = (stack.totals() - before).exchanges;
        let grown = application.order("memory VmHWM")?.saturating_sub(resident);
        table.row(vec![grouped(bytes), exchanges.to_string(), grouped(grown)]);
        report.must(
            exchanges == 3,
            &format!("{bytes} bytes are signed in three exchanges"),
        );
        report.must(
            grown <= GROWTH,
            &format!("{bytes} bytes are signed in constant memory"),
        );
    }
    application.end()?;
    report.table(&table);
    Ok(())
}
