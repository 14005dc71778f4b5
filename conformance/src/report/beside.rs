//! Our module and a peer on the same card, side by side.

use super::results::{Line, Report};
use crate::lane::Lane;
use crate::run::Verdict;

pub struct Beside<'a> {
    pub peer: &'a Lane,
    pub both: usize,
    pub neither: usize,
    /// What passes with our module alone, and how the peer fails.
    pub ours_alone: Vec<(&'a Line, &'a str)>,
    /// What passes with the peer alone, and how our module fails.
    pub peer_alone: Vec<(&'a Line, &'a str)>,
}

impl Report {
    /// For each peer whose card our module had too.
    pub fn besides(&self) -> Vec<Beside<'_>> {
        let peers = self.lanes.iter().enumerate().filter(|(_, lane)| !lane.ours);
        peers
            .filter_map(|(theirs, peer)| {
                let ours = self
                    .lanes
                    .iter()
                    .position(|lane| lane.ours && lane.card == peer.card)?;
                Some(self.beside(peer, ours, theirs))
            })
            .collect()
    }

    fn beside<'a>(&'a self, peer: &'a Lane, ours: usize, theirs: usize) -> Beside<'a> {
        let mut beside = Beside {
            peer,
            both: 0,
            neither: 0,
            ours_alone: Vec::new(),
            peer_alone: Vec::new(),
        };
        for line in &self.lines {
            let verdict = |lane: usize| line.outcomes.get(lane).map(|outcome| &outcome.verdict);
            let (Some(ours), Some(theirs)) = (verdict(ours), verdict(theirs)) else {
                continue;
            };
            match (ours, theirs) {
                (_, Verdict::NotApplicable) => {}
                (Verdict::Passed, Verdict::Passed) => beside.both += 1,
                (Verdict::Passed, other) => beside.ours_alone.push((line, other.why())),
                (other, Verdict::Passed) => beside.peer_alone.push((line, other.why())),
                _ => beside.neither += 1,
            }
        }
        beside
    }
}

impl<'a> Beside<'a> {
    pub fn title(&self) -> String {
        format!("Beside {}", self.peer.title)
    }

    /// What passes with one module alone, under a sentence that says with which.
    pub fn alone(&self) -> [(&'static str, &[(&'a Line, &'a str)]); 2] {
        [
            ("Only with this module:", &self.ours_alone),
            ("Only with the other:", &self.peer_alone),
        ]
    }

    pub fn summary(&self) -> String {
        format!(
            "{} checks pass with both modules, {} with this one alone, {} with the other alone, {} with neither.",
            self.both,
            self.ours_alone.len(),
            self.peer_alone.len(),
            self.neither
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::card::Card;
    use crate::check;
    use crate::run::Outcome;

    fn lane(ours: bool) -> Lane {
        Lane {
            name: String::new(),
            title: "OpenSC, CPS3".into(),
            card: Card::Cps3,
            module: "module.so".into(),
            ours,
        }
    }

    fn report(verdicts: Vec<[Verdict; 2]>) -> Report {
        let check = check::all(&crate::paths::checks_dir()).unwrap().remove(0);
        let outcome = |verdict| Outcome {
            verdict,
            duration: Duration::ZERO,
            counted: None,
            kept: Vec::new(),
        };
        let line = |verdicts: [Verdict; 2]| Line {
            check: check.clone(),
            version: String::new(),
            outcomes: verdicts.into_iter().map(outcome).collect(),
        };
        Report {
            about: Vec::new(),
            lanes: vec![lane(true), lane(false)],
            lines: verdicts.into_iter().map(line).collect(),
            duration: Duration::ZERO,
        }
    }

    #[test]
    fn each_line_is_in_one_of_four_boxes_unless_it_is_not_meant_for_the_peer() {
        let failed = || Verdict::Failed("no".into());
        let report = report(vec![
            [Verdict::Passed, Verdict::Passed],
            [Verdict::Passed, failed()],
            [failed(), Verdict::Passed],
            [Verdict::NotPossible("no PSS".into()), failed()],
            [Verdict::Passed, Verdict::NotApplicable],
        ]);
        let besides = report.besides();
        let [beside] = besides.as_slice() else {
            panic!("one peer")
        };
        assert_eq!((beside.both, beside.neither), (1, 1));
        assert_eq!((beside.ours_alone.len(), beside.peer_alone.len()), (1, 1));
        assert_eq!(beside.ours_alone[0].1, "no");
    }
}
