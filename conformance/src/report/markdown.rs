//! The report in Markdown.

use std::fmt::Write;

use super::beside::Beside;
use super::results::{Report, kept_path, log_path};
use crate::run::Verdict;

pub fn render(report: &Report) -> String {
    let mut text = String::from("# The module under real clients\n\n");
    for line in report
        .about
        .iter()
        .map(String::as_str)
        .chain(report.summary().lines())
    {
        let _ = writeln!(text, "- {line}");
    }
    let _ = writeln!(text, "\n{:.0} seconds in all.\n", report.duration.as_secs_f32());
    table(report, &mut text);
    for beside in report.besides() {
        besides(&beside, &mut text);
    }
    text.push_str("\n## Remarks\n\n");
    for (lane, line, verdict, why) in report.remarks() {
        let _ = writeln!(
            text,
            "- {} on {}: {}: {}",
            line.check.name,
            lane.title,
            verdict.word(),
            escape(why)
        );
    }
    kept(report, &mut text);
    text
}

fn besides(beside: &Beside, text: &mut String) {
    let _ = writeln!(text, "\n## {}\n\n{}", beside.title(), beside.summary());
    for (who, lines) in beside.alone() {
        if !lines.is_empty() {
            let _ = writeln!(
                text,
                "\n{who}\n\n| Client | What | How the other fails |\n|---|---|---|"
            );
        }
        for (line, why) in lines {
            let cells = [&line.check.client, &line.check.what, *why].map(escape);
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
    }
}

fn kept(report: &Report, text: &mut String) {
    text.push_str("\n## What the checks kept\n\n");
    for line in &report.lines {
        for (lane, outcome) in report.lanes.iter().zip(&line.outcomes) {
            for name in &outcome.kept {
                let path = kept_path(lane, line, name);
                let _ = writeln!(text, "- {} on {}: [{name}]({path})", line.check.name, lane.title);
            }
        }
    }
}

fn table(report: &Report, text: &mut String) {
    text.push_str("| Check | Client | Version | What |");
    for lane in &report.lanes {
        let _ = write!(text, " {} |", lane.title);
    }
    let _ = writeln!(text, "\n|---|---|---|---|{}", "---|".repeat(report.lanes.len()));
    for line in &report.lines {
        let check = &line.check;
        let _ = write!(
            text,
            "| {} | {} | {} | {} |",
            check.name,
            escape(&check.client),
            line.version,
            escape(&check.what)
        );
        for (lane, outcome) in report.lanes.iter().zip(&line.outcomes) {
            if matches!(outcome.verdict, Verdict::NotApplicable) {
                text.push_str(" – |");
                continue;
            }
            let _ = write!(
                text,
                " [{}]({}) {:.1} s{} |",
                outcome.verdict.word(),
                log_path(lane, line),
                outcome.duration.as_secs_f32(),
                outcome
                    .counted
                    .as_ref()
                    .map_or(String::new(), |counted| format!(": {}", escape(counted)))
            );
        }
        text.push('\n');
    }
}

/// A text that stays in its cell.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "\\<")
}
