//! Objects on the card.

use std::path::Path;

use sim_cards::{Action, Interceptor, guesses};

use super::{HOLDER, ROUNDS, repeated};
use crate::cost::Result;
use crate::host::{each, profile};
use crate::report::{Report, Table, grouped};
use crate::stack::{Application, Stack, card};

pub fn run(report: &mut Report, module: &Path) -> Result<()> {
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
