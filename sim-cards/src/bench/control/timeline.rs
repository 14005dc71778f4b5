//! The steps of a scenario in their time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::bench::order::Order;
use crate::bench::scenario::{Step, When};

/// The steps of a scenario, and which of them are still to come.
pub struct Timeline {
    start: Instant,
    steps: Vec<Step>,
    due: VecDeque<Order>,
}

impl Timeline {
    /// They count from now.
    pub fn new(steps: Vec<Step>) -> Self {
        Self {
            start: Instant::now(),
            steps,
            due: VecDeque::new(),
        }
    }

    /// The next order whose time has come.
    pub fn due(&mut self) -> Option<Order> {
        let now = self.start.elapsed();
        while self.due.is_empty() {
            let next = self
                .steps
                .iter_mut()
                .filter_map(|step| step.time().filter(|time| *time <= now).map(|time| (time, step)))
                .min_by_key(|(time, _)| *time);
            let Some((_, step)) = next else { break };
            self.due.extend(step.take());
            self.steps.retain(|step| !step.is_over());
        }
        self.due.pop_front()
    }

    /// How long until the next step that waits for a time.
    pub fn wait(&self) -> Option<Duration> {
        let next = self.steps.iter().filter_map(Step::time).min()?;
        Some(next.saturating_sub(self.start.elapsed()))
    }

    /// A card answered its command number `number`: what waited for it is due.
    pub fn exchange(&mut self, card: &str, number: u64) {
        for step in &mut self.steps {
            if matches!(&step.when, When::Exchange { card: own, number: first } if own == card && number >= *first)
            {
                self.due.extend(step.take());
            }
        }
        self.steps.retain(|step| !step.is_over());
    }

    /// Whether nothing is to come.
    pub fn is_over(&self) -> bool {
        self.steps.is_empty() && self.due.is_empty()
    }
}
