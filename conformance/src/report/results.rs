//! What the report tells: one line for each check, one column for each lane.

use std::time::Duration;

use crate::check::Check;
use crate::lane::Lane;
use crate::run::{self, Outcome, Verdict};

pub struct Report {
    /// On what the run stood: system, module, cards; a sentence each.
    pub about: Vec<String>,
    pub lanes: Vec<Lane>,
    pub lines: Vec<Line>,
    /// Of the whole run.
    pub duration: Duration,
}

/// A check and what it gave in each lane, in the order of the lanes.
pub struct Line {
    pub check: Check,
    pub version: String,
    pub outcomes: Vec<Outcome>,
}

#[derive(Default)]
struct Count {
    passed: usize,
    not_possible: usize,
    failed: usize,
}

impl Report {
    /// Whether the module stood every check; peers do not count.
    pub fn passed(&self) -> bool {
        let counts =
            (0..self.lanes.len()).filter(|&index| self.lanes.get(index).is_some_and(|lane| lane.ours));
        counts
            .map(|index| self.count(index))
            .all(|count| count.failed == 0)
    }

    pub fn summary(&self) -> String {
        let counts: Vec<String> = self
            .lanes
            .iter()
            .enumerate()
            .map(|(index, lane)| {
                let Count {
                    passed,
                    not_possible,
                    failed,
                } = self.count(index);
                format!(
                    "{}: {passed} passed, {not_possible} not possible with this chip, {failed} failed",
                    lane.title
                )
            })
            .collect();
        counts.join("\n")
    }

    fn count(&self, lane: usize) -> Count {
        let mut count = Count::default();
        for outcome in self.lines.iter().filter_map(|line| line.outcomes.get(lane)) {
            match outcome.verdict {
                Verdict::Passed => count.passed += 1,
                Verdict::NotPossible(_) => count.not_possible += 1,
                Verdict::Failed(_) => count.failed += 1,
                Verdict::NotApplicable => {}
            }
        }
        count
    }

    /// Every verdict that needs words: lane, line, its text.
    pub fn remarks(&self) -> impl Iterator<Item = (&Lane, &Line, &Verdict, &str)> {
        self.lines.iter().flat_map(move |line| {
            let cells = self.lanes.iter().zip(&line.outcomes);
            cells
                .map(move |(lane, outcome)| (lane, line, &outcome.verdict, outcome.verdict.why()))
                .filter(|(.., why)| !why.is_empty())
        })
    }
}

/// Where the log of a check lies, seen from the report.
pub fn log_path(lane: &Lane, line: &Line) -> String {
    format!("logs/{}/{}", lane.name, run::log_name(&line.check))
}

/// Where what a check kept lies, seen from the report.
pub fn kept_path(lane: &Lane, line: &Line, name: &str) -> String {
    format!("logs/{}/{}/{name}", lane.name, run::kept_name(&line.check))
}
