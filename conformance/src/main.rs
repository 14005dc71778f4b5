//! The module under real clients: runs the checks of `checks/` on simulated cards in a virtual
//! reader, through the real pcscd, and writes one report that a person can read.

mod arguments;
mod bench;
mod card;
mod check;
mod debian13;
mod lane;
mod needs;
mod report;
mod run;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Instant;

use clap::Parser;
use conformance::{Result, paths, process};

use arguments::Arguments;
use bench::Bench;
use check::{Check, Selection};
use lane::Lane;
use needs::Tools;
use report::{Line, Report};
use run::Outcome;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = if arguments.list {
        list(&arguments)
    } else {
        run(&arguments)
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("conformance: {message}");
            ExitCode::FAILURE
        }
    }
}

fn selected(arguments: &Arguments) -> Result<Vec<Check>> {
    let selection = Selection {
        name: arguments.only.clone(),
        ci_only: arguments.ci,
    };
    let checks = check::all(&paths::checks_dir())?;
    let checks: Vec<Check> = checks
        .into_iter()
        .filter(|check| selection.takes(check))
        .collect();
    if checks.is_empty() {
        return Err("no check has such a name; --list shows them".into());
    }
    Ok(checks)
}

fn list(arguments: &Arguments) -> Result<bool> {
    for check in selected(arguments)? {
        let run = if check.ci { "ci " } else { "all" };
        println!("{:<28} {run}  {}: {}", check.name, check.client, check.what);
    }
    Ok(true)
}

/// Runs the selected checks in every lane; true if the module stood all of them.
fn run(arguments: &Arguments) -> Result<bool> {
    let checks = selected(arguments)?;
    let start = Instant::now();
    let bench = Bench::set_up(arguments)?;
    let tools = needs::provide(&checks, !arguments.no_build);
    let lanes = lane::all(arguments, &bench);
    report::create(&arguments.report_dir(), &lanes)?;
    let lines = run_lanes(&lanes, &checks, &bench, &tools, &arguments.report_dir())?;
    let report = Report {
        about: about(&lanes, &tools),
        lanes,
        lines,
        duration: start.elapsed(),
    };
    report::write(&report, &arguments.report_dir())?;
    println!("\n{}", report.summary());
    println!("report: {}", arguments.report_dir().join("report.html").display());
    Ok(report.passed())
}

/// On what the run stood.
fn about(lanes: &[Lane], tools: &Tools) -> Vec<String> {
    let now = process::output(Command::new("date").args(["--utc", "+%F %H:%M UTC"]));
    let system = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let system = system.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let mut about = vec![format!(
        "{}, {}: cpx-pkcs11 {}, pcscd {}",
        now.unwrap_or_default().trim(),
        system.unwrap_or("unknown system").trim_matches('"'),
        env!("CARGO_PKG_VERSION"),
        tools.debian("pcscd"),
    )];
    about.extend(lanes.iter().map(|lane| {
        let (title, module, holder) = (&lane.title, lane.module.display(), lane.card.persona());
        format!("{title}: {module} with the card of {holder}")
    }));
    about
}

/// All lanes at once, each with its own pcscd, reader and card; the lines come back check by check.
fn run_lanes(
    lanes: &[Lane],
    checks: &[Check],
    bench: &Bench,
    tools: &Tools,
    report_dir: &Path,
) -> Result<Vec<Line>> {
    let columns: Vec<Vec<Outcome>> = thread::scope(|scope| {
        let runs: Vec<_> = lanes
            .iter()
            .map(|lane| scope.spawn(move || run_lane(lane, checks, bench, tools, report_dir)))
            .collect();
        runs.into_iter()
            .map(|run| run.join().unwrap_or_else(|_| Err("a lane panicked".into())))
            .collect::<Result<_>>()
    })?;
    let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
    Ok(checks
        .iter()
        .map(|check| Line {
            check: check.clone(),
            version: tools.version(check),
            outcomes: columns.iter_mut().filter_map(Iterator::next).collect(),
        })
        .collect())
}

fn run_lane(
    lane: &Lane,
    checks: &[Check],
    bench: &Bench,
    tools: &Tools,
    report_dir: &Path,
) -> Result<Vec<Outcome>> {
    let mut stack = lane.start(bench)?;
    Ok(checks
        .iter()
        .map(|check| {
            let logs = report_dir.join("logs").join(&lane.name);
            let outcome = run::run(check, &mut stack, bench, tools, &logs);
            println!(
                "{:<24} {:<12} {:<28} {:5.1} s",
                outcome.verdict.word(),
                lane.name,
                check.name,
                outcome.duration.as_secs_f32()
            );
            outcome
        })
        .collect())
}
