//! What the modules cost the host: instructions, as callgrind counts them, and memory.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use conformance::process;

use crate::cost::Result;
use crate::report::{Report, Table, grouped};
use crate::stack::{Application, ScratchDir, Stack, card};

/// Sixteen situations: more than forty objects for who is logged in.
const HOLDER: &str = "physiotherapist-sixteen-cps3";

/// Repetitions by which two runs differ: what is done once, such as reading the card, cancels out.
const ROUNDS: u64 = 20;

/// Bytes that the module may have.
const LARGEST_LIBRARY: u64 = 1_500_000;

/// Instructions by the name of the function in which, or below which, they were spent.
type Profile = BTreeMap<String, u64>;

/// What is known of one module.
struct Host {
    /// Objects that a search for everything finds.
    objects: u64,
    load: u64,
    list: u64,
    attribute: u64,
    sign: u64,
    /// KiB that loading, logging in and signing add to the process.
    resident: u64,
    /// Bytes of the shared objects that loading adds.
    libraries: u64,
}

/// Instructions that each may take, a tenth more than when it was written down. They hang on the compiler and on libc too.
struct Limits {
    load: u64,
    list: u64,
    attribute: u64,
    sign: u64,
}

const LIMITS: Limits = Limits {
    load: 280_000,
    list: 4_700,
    attribute: 1_300,
    sign: 430_000,
};

/// Runs an application below callgrind, and gives the profile of what it did.
pub fn profile(module: &Path, orders: &[&str]) -> Result<Profile> {
    let dir = ScratchDir::new()?;
    let file = dir.path.join("callgrind.out");
    let below = ["valgrind", "--quiet", "--tool=callgrind"].map(String::from);
    let below = [&below[..], &[format!("--callgrind-out-file={}", file.display())]].concat();
    let mut application = Application::launch(&below)?;
    application.load(module)?;
    application.orders(orders)?;
    application.end()?;
    let mut annotate = Command::new("callgrind_annotate");
    let text = process::output(annotate.args(["--inclusive=yes", "--threshold=100"]).arg(file))?;
    Ok(text.lines().filter_map(entry).collect())
}

/// `1,234 ( 0.01%)  file:function [object]`; source lines have no object.
fn entry(line: &str) -> Option<(String, u64)> {
    let (count, rest) = line.trim_start().split_once(' ')?;
    let count = count.replace(',', "").parse().ok()?;
    let (_, place) = rest.split_once(")  ")?;
    let (function, _) = place.split_once(" [")?;
    let (_, name) = function.rsplit_once(':')?;
    let name = name.split('@').next().unwrap_or(name);
    Some((name.to_owned(), count))
}

/// What was spent in these functions.
pub fn total(profile: &Profile, functions: &[&str]) -> u64 {
    functions.iter().filter_map(|name| profile.get(*name)).sum()
}

/// What one repetition spends in these functions.
pub fn each(few: &Profile, many: &Profile, rounds: u64, functions: &[&str]) -> u64 {
    total(many, functions).saturating_sub(total(few, functions)) / rounds
}

fn measure(module: &Path) -> Result<Host> {
    let _stack = Stack::start(vec![card(HOLDER, &Default::default())?])?;
    let prepare = ["initialize", "slots", "token-info", "session", "login", "list"];
    let objects = [
        "certificate Authentification",
        "value",
        "key CPS_PRIV_AUT",
        "sign bare",
    ];
    let prepare = [&prepare[..], &objects[..]].concat();
    let many = format!("repeat {ROUNDS} ");
    let repeated = ["list", "label", "sign bare"].map(|order| format!("{many}{order}"));
    let repeated: Vec<&str> = repeated.iter().map(String::as_str).collect();
    let few = profile(module, &prepare)?;
    let many = profile(module, &[&prepare[..], &repeated[..]].concat())?;
    let each = |functions: &[&str]| each(&few, &many, ROUNDS, functions);
    let loading = ["dlopen", "C_GetFunctionList", "C_Initialize"];

    let mut application = Application::launch(&[])?;
    let before = (
        application.order("memory VmRSS")?,
        application.order("libraries")?,
    );
    application.load(module)?;
    application.orders(&prepare)?;
    let objects = application.order("list")?;
    let after = (
        application.order("memory VmRSS")?,
        application.order("libraries")?,
    );
    application.end()?;
    Ok(Host {
        objects,
        load: total(&few, &loading),
        list: each(&["C_FindObjectsInit", "C_FindObjects", "C_FindObjectsFinal"]),
        // The size, then the value.
        attribute: each(&["C_GetAttributeValue"]) / 2,
        sign: each(&["C_SignInit", "C_Sign"])
            - each(&["SCardBeginTransaction", "SCardTransmit", "SCardEndTransaction"]),
        resident: after.0.saturating_sub(before.0),
        libraries: after.1.saturating_sub(before.1),
    })
}

pub fn run(report: &mut Report, module: &Path, opensc: &Path) -> Result<()> {
    let (ours, theirs) = (measure(module)?, measure(opensc)?);
    report.heading("In the host");
    report.text(&format!(
        "Instructions as callgrind counts them, on the CPS3 of {HOLDER}; what is done once is not in the figures for one call, nor is \
         the exchange with pcscd in those of a signature. OpenSC verifies no signature; ours does, and that is most of its figure.",
    ));
    let size = std::fs::metadata(module)
        .map_err(|error| error.to_string())?
        .len();
    let mut table = Table::new(&["", "OpenSC", "ours", "at most", "OpenSC : ours"]);
    let mut row = |name: &str, theirs: u64, ours: u64, at_most: Option<u64>| {
        table.row(vec![
            name.into(),
            grouped(theirs),
            grouped(ours),
            at_most.map_or("–".into(), grouped),
            format!("{:.1}", theirs as f64 / ours as f64),
        ]);
        report.must(ours < theirs, &format!("{name}: less than OpenSC"));
        report.must(
            at_most.is_none_or(|most| ours <= most),
            &format!("{name}: no more than written"),
        );
    };
    row("load and C_Initialize", theirs.load, ours.load, Some(LIMITS.load));
    let list = format!(
        "C_FindObjectsInit, C_FindObjects, C_FindObjectsFinal: {} objects of ours, {} of OpenSC's",
        ours.objects, theirs.objects
    );
    row(&list, theirs.list, ours.list, Some(LIMITS.list));
    row(
        "C_GetAttributeValue, CKA_LABEL",
        theirs.attribute,
        ours.attribute,
        Some(LIMITS.attribute),
    );
    row(
        "C_SignInit and C_Sign, without the card",
        theirs.sign,
        ours.sign,
        Some(LIMITS.sign),
    );
    row(
        "resident memory after a signature, KiB",
        theirs.resident,
        ours.resident,
        None,
    );
    row(
        "shared objects brought along, bytes",
        theirs.libraries,
        ours.libraries,
        None,
    );
    report.table(&table);
    report.text(&format!("The library itself: {} bytes.", grouped(size)));
    report.must(size < LARGEST_LIBRARY, "the library is smaller than 1.5 MB");
    report.must(ours.objects >= 40, "the search finds forty objects");
    Ok(())
}
