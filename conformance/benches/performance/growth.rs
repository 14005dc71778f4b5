//! How costs grow: with objects, threads and the length of a message.

use std::path::Path;

use sim_cards::{Action, Interceptor, guesses};

use crate::host::{each, profile};
use crate::pkcs11::Result;
use crate::report::{Report, Table, grouped};
use crate::stack::{Application, Stack, card};

const HOLDER: &str = "doctor-hospital-cps3";

const NUMBERS: [u64; 5] = [1, 2, 4, 8, 16];

/// Repetitions by which two runs differ.
const ROUNDS: u64 = 16;

/// Bytes of the longest message, and of a shorter one.
const LONG: u64 = 100_000_000;
const SHORT: u64 = 32;

/// KiB that the process may grow while it signs the long message.
const GROWTH: u64 = 64;

pub fn run(report: &mut Report, module: &Path) -> Result<()> {
    report.heading("How it grows");
    objects(report, module)?;
    threads(report, module)?;
    length(report, module)
}

fn repeated(order: &str) -> String {
    format!("repeat {ROUNDS} {order}")
}

fn objects(report: &mut Report, module: &Path) -> Result<()> {
    let mut table = Table::new(&[
        "Data objects",
        "exchanges to list them",
        "instructions to list them again",
        "each",
    ]);
    let mut of_few = 0;
    for number in [5, 8, 16, 32, 64] {
        let mut card = card(HOLDER, &Default::default())?;
        let directory = Directory::of(number);
        let reads = directory.content.len().div_ceil(256) as u64;
        card.set_interceptor(directory);
        let stack = Stack::start(vec![card])?;
        let mut application = Application::start(module)?;
        application.orders(&["initialize", "slots", "token-info", "session"])?;
        let before = stack.totals();
        let found = application.order("list data")?;
        let exchanges = (stack.totals() - before).exchanges;
        application.end()?;
        let orders = ["initialize", "slots", "session", "list data"];
        let few = profile(module, &orders)?;
        let many = profile(module, &[&orders[..], &[&repeated("list data")]].concat())?;
        let search = ["C_FindObjectsInit", "C_FindObjects", "C_FindObjectsFinal"];
        let instructions = each(&few, &many, ROUNDS, &search);
        table.row(vec![
            found.to_string(),
            exchanges.to_string(),
            grouped(instructions),
            grouped(instructions / found),
        ]);
        if number == 5 {
            of_few = instructions;
        }
        report.must(found == number, &format!("{number} objects are found"));
        // SELECT, the reads, and the one that tells what is left.
        report.must(
            exchanges <= 2 + reads,
            &format!("{number} objects: as many exchanges as their directory has blocks"),
        );
        let linear = of_few + (number - 5) * of_few / 5;
        report.must(
            instructions <= linear,
            &format!("{number} objects: instructions grow no faster"),
        );
    }
    report.table(&table);
    Ok(())
}

/// Answers for DODF of a CPS3 with one that has more entries than any card's.
struct Directory {
    content: Vec<u8>,
    selected: bool,
}

impl Directory {
    fn of(number: u64) -> Directory {
        let tlv = |tag: u8, parts: &[&[u8]]| {
            let value = parts.concat();
            // Every value here is shorter than 128 bytes.
            [&[tag, value.len() as u8], &value[..]].concat()
        };
        let entry = |index: u64| {
            let label = tlv(0x0C, &[format!("LAB_DATA_{index:02}").as_bytes()]);
            let path = tlv(0x04, &[&[0x3F, 0x00, 0x00, 0x01, 0xD1, index as u8]]);
            let common = tlv(0x30, &[&label]);
            let class = tlv(0x30, &[&tlv(0x0C, &[b"CPS"])]);
            tlv(0x30, &[&common, &class, &tlv(0xA1, &[&tlv(0x30, &[&path])])])
        };
        Directory {
            content: (1..=number).flat_map(entry).collect(),
            selected: false,
        }
    }
}

impl Interceptor for Directory {
    fn command(&mut self, _: u64, command: &[u8]) -> Action {
        match *command {
            [_, 0xA4, ..] => self.selected = command.ends_with(&guesses::get().files.dodf.to_be_bytes()),
            [_, 0xB0, high, low, le] if self.selected => {
                let offset = usize::from(high) << 8 | usize::from(low);
                let left = self.content.get(offset..).unwrap_or_default();
                let wanted = if le == 0 { 256 } else { usize::from(le) };
                return Action::Answer(match left.get(..wanted) {
                    Some(block) => [block, &[0x90, 0x00]].concat(),
                    None if left.is_empty() => vec![0x6B, 0x00],
                    None => vec![0x6C, left.len() as u8],
                });
            }
            _ => {}
        }
        Action::Pass
    }
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
            let before = stack.totals();
            let profile = profile(module, &[&prepare[..], &orders].concat())?;
            Ok::<_, String>((profile, (stack.totals() - before).exchanges))
        };
        let ((few, exchanges_of_few), (many, exchanges)) = (run(ROUNDS)?, run(3 * ROUNDS)?);
        let exchanges = (exchanges - exchanges_of_few) / (2 * ROUNDS);
        let sign = each(&few, &many, 2 * ROUNDS, &["C_SignInit", "C_Sign"]);
        let polls = [
            "C_GetSlotInfo",
            "C_GetTokenInfo",
            "C_GetSessionInfo",
            "C_FindObjectsInit",
            "C_FindObjects",
        ];
        let poll = each(&few, &many, 2 * ROUNDS, &polls);
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
        let alike = |now: u64, one: u64| now <= one + one / 4;
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
