//! One check in one lane: its environment, its verdict, its log.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::check::Check;
use crate::lane::Stack;
use crate::needs::Tools;
use crate::process::{self, Ended};
use crate::{Result, paths};

/// The PIN of every simulated card.
const PIN: &str = "1234";

pub struct Outcome {
    pub verdict: Verdict,
    pub duration: Duration,
    /// What it counted, if it is a suite of tests: `124 passed, 3 skipped`.
    pub counted: Option<String>,
    /// Names of the files that it kept beside its log, in [`kept_name`].
    pub kept: Vec<String>,
}

/// What a check said of the module.
pub enum Verdict {
    Passed,
    /// It failed as the chip makes it; the reason.
    NotPossible(String),
    /// Why, in one line.
    Failed(String),
    /// It has nothing to say of this module, and was not run.
    NotApplicable,
}

impl Verdict {
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Passed => "pass",
            Verdict::NotPossible(_) => "not possible (chip)",
            Verdict::Failed(_) => "FAIL",
            Verdict::NotApplicable => "not meant for it",
        }
    }

    /// The reason, if there is one.
    pub fn why(&self) -> &str {
        match self {
            Verdict::Passed | Verdict::NotApplicable => "",
            Verdict::NotPossible(why) | Verdict::Failed(why) => why,
        }
    }
}

/// File name of a check's log.
pub fn log_name(check: &Check) -> String {
    format!("{}.log", check.name.replace('/', "-"))
}

/// Directory, beside the logs, of what a check keeps for people to see.
pub fn kept_name(check: &Check) -> String {
    check.name.replace('/', "-")
}

/// Runs the check, writes its log into `logs`. What breaks around one check must not cost the
/// report of the others.
pub fn run(check: &Check, stack: &mut Stack, bench: &Bench, tools: &Tools, logs: &Path) -> Outcome {
    try_to_run(check, stack, bench, tools, logs).unwrap_or_else(|why| {
        let _ = fs::write(logs.join(log_name(check)), &why);
        Outcome {
            verdict: Verdict::Failed(why),
            duration: Duration::ZERO,
            counted: None,
            kept: Vec::new(),
        }
    })
}

fn try_to_run(
    check: &Check,
    stack: &mut Stack,
    bench: &Bench,
    tools: &Tools,
    logs: &Path,
) -> Result<Outcome> {
    let start = Instant::now();
    let keep = logs.join(kept_name(check));
    fs::create_dir(&keep).map_err(|error| format!("{}: {error}", keep.display()))?;
    let (verdict, output) = match tools.missing(check) {
        _ if check.ours_alone && !stack.lane.ours => (Verdict::NotApplicable, String::new()),
        Some(missing) => (Verdict::Failed(missing), String::new()),
        None => {
            let ended = execute(check, stack, bench, tools, &keep)?;
            (judge(check, stack, &ended), ended.output)
        }
    };
    let counted = counted(&output);
    let log = logs.join(log_name(check));
    fs::write(&log, output).map_err(|error| format!("{}: {error}", log.display()))?;
    let duration = start.elapsed();
    stack.restore_cards()?;
    Ok(Outcome {
        verdict,
        duration,
        counted,
        kept: files(&keep)?,
    })
}

/// Names of the files in a directory, which goes away if it has none.
fn files(dir: &Path) -> Result<Vec<String>> {
    let wrong = |error| format!("{}: {error}", dir.display());
    let mut names = fs::read_dir(dir)
        .map_err(wrong)?
        .map(|entry| Ok(entry.map_err(wrong)?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>>>()?;
    names.sort();
    if names.is_empty() {
        fs::remove_dir(dir).map_err(wrong)?;
    }
    Ok(names)
}

fn execute(check: &Check, stack: &Stack, bench: &Bench, tools: &Tools, keep: &Path) -> Result<Ended> {
    let work = stack.dir.join("work");
    fs::create_dir(&work).map_err(|error| format!("{}: {error}", work.display()))?;
    let persona = |usage: &str| {
        let file = format!("{}-{usage}.pem", stack.lane.card.persona());
        bench.pki.join("persona").join(file)
    };
    let mut command = process::isolated();
    command
        .arg("bash")
        .arg(paths::checks_dir().join("enter.sh"))
        .arg(&check.script)
        .current_dir(&work)
        .env_clear()
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        )
        .env("LANG", "C.UTF-8")
        .env("HOME", &work)
        .env("TMPDIR", &work)
        .env("WORK", &work)
        .env("CHECKS", paths::checks_dir())
        .env("MODULE", &stack.lane.module)
        .env("CARD", stack.lane.card.name())
        // How long process/workstation lasts.
        .envs(std::env::var_os("WORKSTATION_SECONDS").map(|time| ("WORKSTATION_SECONDS", time)))
        .env("PEER", if stack.lane.ours { "" } else { &stack.lane.name })
        .env("PIN", PIN)
        .env("SPEAK", bench.language.name())
        .env("PKI", &bench.pki)
        .env("AUTH_CERTIFICATE", persona("aut"))
        .env("SIGNATURE_CERTIFICATE", persona("sig"))
        .env("PCSCD_DIR", &stack.pcscd_dir)
        .env("TRACE", &stack.trace)
        .env("SIM_CARD", &bench.sim_card)
        .env("CPX", &bench.cpx)
        .env("READER_DRIVER", &bench.reader_driver)
        .env("DESK", &stack.desk)
        .env("KEEP", keep);
    tools.add_to(&mut command, check);
    let ended = process::bounded(&mut command, check.limit);
    fs::remove_dir_all(&work).map_err(|error| format!("{}: {error}", work.display()))?;
    ended
}

fn judge(check: &Check, stack: &Stack, ended: &Ended) -> Verdict {
    let Some(status) = ended.status else {
        return Verdict::Failed(format!("no end after {} s", check.limit.as_secs()));
    };
    match (check.impossible_on(stack.lane.card), status.success()) {
        (None, true) => Verdict::Passed,
        (None, false) => Verdict::Failed(reason(&ended.output)),
        (Some(_), true) => Verdict::Failed("it succeeded, though the chip cannot do it".into()),
        (Some(impossible), false) if impossible.shown_by.is_match(&ended.output) => {
            Verdict::NotPossible(impossible.reason.clone())
        }
        (Some(_), false) => Verdict::Failed(format!(
            "it failed otherwise than the chip makes it: {}",
            reason(&ended.output)
        )),
    }
}

/// A suite says last how many of its tests did what.
fn counted(output: &str) -> Option<String> {
    let line = output
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("counted: "));
    line.map(str::to_owned)
}

/// Why a check failed, in one line: what it says itself; else its last line that tells of an error;
/// else its last line.
fn reason(output: &str) -> String {
    let lines = || {
        output
            .lines()
            .rev()
            .map(str::trim)
            .filter(|line| !line.is_empty())
    };
    let tells = |line: &&str| ["CKR_", "rror", "annot"].iter().any(|word| line.contains(word));
    let own = lines().next().and_then(|line| line.strip_prefix("FAIL: "));
    let line = own.or_else(|| lines().find(tells)).or_else(|| lines().next());
    line.unwrap_or("no output").chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_count_is_that_of_the_suite() {
        let output = "counted: 1 passed\nnot counted: 2\ncounted: 3 passed, 4 skipped\nbye\n";
        assert_eq!(counted(output).as_deref(), Some("3 passed, 4 skipped"));
        assert_eq!(counted("3 passed\n"), None);
    }

    #[test]
    fn the_reason_is_what_the_check_says_or_the_last_error() {
        assert_eq!(reason("error: a\nFAIL: no certificate\n"), "no certificate");
        assert_eq!(
            reason("error: C_Sign failed\nAborting.\n\n"),
            "error: C_Sign failed"
        );
        assert_eq!(reason("bye\n"), "bye");
        assert_eq!(reason(""), "no output");
    }
}
