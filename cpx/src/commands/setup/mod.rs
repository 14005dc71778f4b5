//! `cpx setup PROGRAM`: writes what a program needs to find the card. What is in its files already
//! stays; a copy of each file is kept, and `--undo` puts it back byte for byte.

mod diff;
mod keep;
mod merge;
mod plan;

use std::path::Path;

use serde_json::{Value, json};

use super::{Context, Report};
use crate::arguments::Setup;
use crate::message;
use crate::module;
use crate::outcome::{Exit, Result, fail};
use crate::say;
use crate::screen::{Mark, harmless_lines};
use crate::system::System;

use keep::{Change, Keeper};
use plan::Plan;

/// The command.
pub fn run(arguments: &Setup, context: &Context) -> Result<Report> {
    let system = System::of_environment(arguments.place.root.as_deref());
    let scope = plan::scope(arguments)?;
    let plan = plan::plan(arguments, scope, &library(&system, context)?, &system)?;
    let keeper = Keeper::new(scope, &system)?;
    let changes = changes(arguments, &plan, &keeper)?;
    let mut report = Report::default();
    for change in &changes {
        report.text.push_str(&told(change, context));
        if !arguments.dry_run {
            keeper.apply(change)?;
        }
    }
    if arguments.dry_run {
        report
            .text
            .push_str(&format!("\n{}\n", context.texts.get("setup-dry-run")));
    }
    for hint in plan.hints.iter().filter(|_| !arguments.undo) {
        let words = harmless_lines(&context.texts.say(hint));
        let next = context.texts.next(hint);
        report.text.push_str(&format!("\n{words}\n"));
        for line in next.iter().flat_map(|next| next.lines()) {
            report.text.push_str(&format!("{line}\n"));
        }
    }
    report.put("program", arguments.program.word());
    report.put("undo", arguments.undo);
    report.put("dry_run", arguments.dry_run);
    let listed: Vec<Value> = changes.iter().map(for_programs).collect();
    report.put("changes", listed);
    report.put(
        "hints",
        plan.hints.iter().map(|hint| hint.key).collect::<Vec<&str>>(),
    );
    Ok(report)
}

/// All changes, before the first is made.
fn changes(arguments: &Setup, plan: &Plan, keeper: &Keeper) -> Result<Vec<Change>> {
    let mut all = Vec::new();
    for step in &plan.steps {
        match arguments.undo {
            true => all.extend(keeper.undoing(&step.file)?),
            false => all.push(keeper.doing(&step.file, &step.merge)?),
        }
    }
    match (all.is_empty(), plan.steps.first()) {
        (true, Some(step)) => {
            let path = step.file.display().to_string();
            fail(Exit::File, message!("setup-nothing-to-undo", path = path))
        }
        _ => Ok(all),
    }
}

/// The module's file as programs are to name it: below another root, as it is called there.
fn library(system: &System, context: &Context) -> Result<String> {
    if let Some(named) = &context.options.module {
        return Ok(module::find(Some(named))?.display().to_string());
    }
    let there = module::places()
        .into_iter()
        .find(|place| system.at(place).exists());
    match there {
        Some(place) => Ok(place.display().to_string()),
        None => Ok(module::find(None)?.display().to_string()),
    }
}

fn word(change: &Change) -> &'static str {
    match (&change.before, &change.after) {
        (before, after) if before == after => "none",
        (None, _) => "created",
        (_, None) => "removed",
        _ => "changed",
    }
}

fn for_programs(change: &Change) -> Value {
    json!({ "file": change.file.display().to_string(), "change": word(change) })
}

/// What changes in a file, in words and line by line.
fn told(change: &Change, context: &Context) -> String {
    let (texts, screen) = (&context.texts, context.screen);
    let path = |path: &Path| path.display().to_string();
    let file = path(&change.file);
    let words = match word(change) {
        "none" => say!(texts, "setup-none", path = file),
        "created" => say!(texts, "setup-created", path = file),
        "removed" => say!(texts, "setup-removed", path = file),
        _ => say!(texts, "setup-changed", path = file),
    };
    let mut text = format!("{} {words}\n", screen.mark(Mark::Good));
    for line in diff::lines(change.before.as_deref(), change.after.as_deref()) {
        text.push_str(&format!("    {}\n", harmless_lines(&line)));
    }
    if let Some(copy) = &change.copy {
        text.push_str(&format!("    {}\n", say!(texts, "setup-copy", path = path(copy))));
    }
    text
}
