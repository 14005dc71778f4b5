//! Exchanges with the card: the table of workloads, ours beside OpenSC on the same card in the same run, beside what was written
//! down of the official module, and beside the floor.

use std::path::Path;

use crate::cost::{Cost, Result};
use crate::floor::Floor;
use crate::report::{Report, Table};
use crate::workloads::{Kind, Measured, Sheet, measure};

/// A whole login may take so many times the floor.
const LIMIT: f64 = 1.15;
/// And so many times what it would take if the length of each file were known: on a CPS4 over T=0, five directory files have to tell
/// theirs first.
const KNOWING_LIMIT: f64 = 1.17;

/// Bytes that the official module reads at a time from a CPS3.
const OFFICIAL_BLOCK: u64 = 231;

/// One row.
struct Row<'a> {
    workload: String,
    /// Exchanges of the official module, where they are known.
    official: Option<u64>,
    opensc: Option<&'a std::result::Result<Cost, String>>,
    ours: &'a std::result::Result<Cost, String>,
    at_most: u64,
}

/// Measures everything; rows that are not met are failures of the report.
pub fn run(report: &mut Report, module: &Path, opensc: Option<&Path>) -> Result<()> {
    report.text(
        "Exchanges are commands as the card sees them, GET RESPONSE included; bytes are those of commands and of answers with \
         their status words. \"Official\" is release 5.2.2 as it was measured once on another simulated card (44 + 6 means: at \
         C_Initialize, and at each C_GetTokenInfo); it does not run here. OpenSC and ours are measured in this run, on one card.",
    );
    let mut floors = Vec::new();
    for kind in Kind::ALL {
        let ours = measure(kind, module)?;
        // OpenSC knows the contacts of a CPS3 only.
        let opensc = match (kind, opensc) {
            (Kind::Cps3, Some(opensc)) => Some(measure(kind, opensc)?),
            _ => None,
        };
        let mut table = Table::new(&[
            "Workload",
            "Official",
            "OpenSC",
            "Ours",
            "at most",
            "bytes sent / received",
            "OpenSC : ours",
            "official : ours",
        ]);
        for row in rows(kind, &ours, opensc.as_ref()) {
            let name = format!("{}, {}", kind.name(), row.workload);
            let (cells, met) = row.cells();
            table.row(cells);
            report.must(met, &name);
        }
        report.heading(kind.name());
        report.table(&table);
        floors.push((kind, Floor::of(kind, ours.certificate_length)?, ours, opensc));
    }
    report.heading("Whole TLS login, cold, against the floor");
    report.text(
        "Load, list, read the certificate for authentication, log in, find the key, sign: exchanges, bytes, and the time that they take \
         in a usual reader, as sim-cards estimates it. The floor is what a driver needs that meets the card for the first time; in \
         parentheses, one that knows the length of each file before it reads it.",
    );
    let mut table = Table::new(&["Card", "floor", "ours", "OpenSC", "exchanges", "bytes", "time"]);
    for (kind, floor, ours, opensc) in &floors {
        let first = ratios(ours.tls, floor.first);
        let knowing = ratios(ours.tls, floor.knowing);
        let mut cells = vec![
            kind.name().into(),
            summary(floor.first),
            summary(ours.tls),
            opensc.as_ref().map_or("–".into(), |opensc| summary(opensc.tls)),
        ];
        cells.extend(
            first
                .iter()
                .zip(knowing)
                .map(|(first, knowing)| format!("{first:.3} ({knowing:.3})")),
        );
        table.row(cells);
        let within = |ratios: [f64; 3], limit| ratios.iter().all(|ratio| (1.0..=limit).contains(ratio));
        // Whoever needs less than the floor has shown that it is none.
        let name = format!(
            "{}: whole login between 1 and {LIMIT} times the floor",
            kind.name()
        );
        report.must(within(first, LIMIT), &name);
        let name = format!("{}: and {KNOWING_LIMIT} times that of known lengths", kind.name());
        report.must(within(knowing, KNOWING_LIMIT), &name);
    }
    report.table(&table);
    Ok(())
}

/// How many times the floor: exchanges, bytes, time.
fn ratios(cost: Cost, floor: Cost) -> [f64; 3] {
    [
        ratio(cost.exchanges, floor.exchanges),
        ratio(cost.bytes(), floor.bytes()),
        cost.time.as_secs_f64() / floor.time.as_secs_f64(),
    ]
}

fn ratio(cost: u64, floor: u64) -> f64 {
    cost as f64 / floor as f64
}

fn summary(cost: Cost) -> String {
    format!(
        "{}, {}, {:.2} s",
        cost.exchanges,
        cost.bytes(),
        cost.time.as_secs_f64()
    )
}

fn rows<'a>(kind: Kind, ours: &'a Sheet, opensc: Option<&'a Sheet>) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    let mut add = |workload: &str, figure: fn(&Sheet) -> &Measured, official, at_most| {
        if let Some(ours) = figure(ours) {
            rows.push(Row {
                workload: workload.into(),
                official,
                opensc: opensc.and_then(|sheet| figure(sheet).as_ref()),
                ours,
                at_most,
            });
        }
    };
    let by_kind = |cps3: u64, contactless: u64, t1: u64, t0: u64| match kind {
        Kind::Cps3 => cps3,
        Kind::Cps3Contactless => contactless,
        Kind::Cps4T1 => t1,
        Kind::Cps4T0 => t0,
    };
    let official = |cps3: u64, contactless: u64, t1: u64, t0: u64| match by_kind(cps3, contactless, t1, t0) {
        0 => None,
        known => Some(known),
    };
    // C_Initialize reads all the directories, C_GetTokenInfo the counters.
    let whole = official(44 + 6, 18, 25 + 2, 36 + 2);
    let length = ours.certificate_length;
    add(
        "C_Initialize, slot list, token information",
        |s| &s.start,
        whole,
        by_kind(15, 7, 11, 14),
    );
    add(
        "until all objects are listed, before the login",
        |s| &s.listed,
        whole,
        by_kind(21, 13, 17, 22),
    );
    add(
        "and the private keys, after it",
        |s| &s.listed_all,
        whole,
        by_kind(24, 13, 19, 25),
    );
    add(
        &format!("certificate of {length} bytes"),
        |s| &s.certificate,
        match kind {
            Kind::Cps3 => Some(2 + length.div_ceil(OFFICIAL_BLOCK)),
            Kind::Cps3Contactless => Some(1 + length.div_ceil(OFFICIAL_BLOCK)),
            Kind::Cps4T1 => Some(1 + length.div_ceil(256)),
            Kind::Cps4T0 => None,
        },
        1 + length.div_ceil(256),
    );
    add(
        "C_GetSlotInfo, C_GetTokenInfo, C_GetSessionInfo, C_FindObjects again",
        |s| &s.polls,
        official(6, 0, 2, 2),
        0,
    );
    add("C_Login", |s| &s.login, Some(1), 1);
    add(
        "sign a DigestInfo, authentication key",
        |s| &s.sign_authentication,
        official(5, 3, 4, 5),
        by_kind(3, 2, 3, 4),
    );
    add(
        "sign SHA256-RSA-PKCS, signature key",
        |s| &s.sign_signature,
        official(7, 0, 3, 0),
        by_kind(3, 0, 2, 3),
    );
    add(
        "sign SHA256-RSA-PKCS-PSS, authentication key",
        |s| &s.sign_pss,
        official(0, 0, 3, 0),
        by_kind(0, 0, 2, 3),
    );
    rows
}

impl Row<'_> {
    /// What the table says, and whether the row is met.
    fn cells(&self) -> (Vec<String>, bool) {
        let count = |measured: &std::result::Result<Cost, String>| match measured {
            Ok(cost) => cost.exchanges.to_string(),
            Err(why) => format!("fails ({})", why.rsplit(' ').next().unwrap_or(why)),
        };
        let times = |theirs: Option<u64>, ours: u64| match (theirs, ours) {
            (Some(0) | None, _) => "–".into(),
            (Some(_), 0) => "∞".into(),
            (Some(theirs), ours) => format!("{:.1}", ratio(theirs, ours)),
        };
        let opensc = self.opensc.and_then(|measured| measured.as_ref().ok());
        let ours = self.ours.as_ref().map_or(0, |cost| cost.exchanges);
        let met = self
            .ours
            .as_ref()
            .is_ok_and(|cost| cost.exchanges <= self.at_most);
        let cells = vec![
            self.workload.clone(),
            self.official.map_or("–".into(), |count| count.to_string()),
            self.opensc.map_or("–".into(), count),
            count(self.ours),
            self.at_most.to_string(),
            self.ours
                .as_ref()
                .map_or(String::new(), |cost| format!("{} / {}", cost.sent, cost.received)),
            times(opensc.map(|cost| cost.exchanges), ours),
            times(self.official, ours),
        ];
        (cells, met)
    }
}
