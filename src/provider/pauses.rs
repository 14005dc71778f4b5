//! How C_WaitForSlotEvent waits without going round and round.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::error::{Error, Result};
use super::slots::SlotTable;

/// Longest time in one wait for the readers: a missing service is asked again, and a cancellation
/// may have come too early.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Pauses between two waits, which C_Finalize ends.
#[derive(Default)]
pub struct Pauses {
    /// C_Finalize was called.
    ended: Mutex<bool>,
    signal: Condvar,
}

impl Pauses {
    /// Waits for a change of the readers, after the pause that is due.
    pub fn wait_for_change(&self, slots: &SlotTable, brake: &mut Brake) -> Result<()> {
        self.pause(brake.due)?;
        let begun = Instant::now();
        slots.wait(LONGEST_WAIT);
        brake.waited(begun.elapsed());
        self.pause(Duration::ZERO)
    }

    /// Pauses, at most until C_Finalize is called.
    fn pause(&self, time: Duration) -> Result<()> {
        let mut ended = self.ended.lock();
        if !*ended && !time.is_zero() {
            self.signal.wait_for(&mut ended, time);
        }
        if *ended {
            Err(Error::CryptokiNotInitialized)
        } else {
            Ok(())
        }
    }

    /// From now on nobody pauses.
    pub fn end(&self) {
        *self.ended.lock() = true;
        self.signal.notify_all();
    }
}

/// Keeps a wait that comes back at once, with nothing, from going round and round: without a
/// service, without a descriptor for a connection to it, with a service that takes no more clients.
#[derive(Default)]
pub struct Brake {
    /// The pause before the next wait.
    due: Duration,
}

impl Brake {
    const FIRST: Duration = Duration::from_millis(10);
    const LONGEST: Duration = Duration::from_millis(500);

    /// A wait took so long, and ended without an event.
    fn waited(&mut self, time: Duration) {
        let next = (2 * self.due).clamp(Self::FIRST, Self::LONGEST);
        self.due = if time < next { next } else { Duration::ZERO };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_that_comes_back_at_once_is_slowed_down_until_one_has_waited() {
        let mut brake = Brake::default();
        let mut pauses = Vec::new();
        for _ in 0..8 {
            pauses.push(brake.due.as_millis());
            brake.waited(Duration::ZERO);
        }
        assert_eq!(pauses, [0, 10, 20, 40, 80, 160, 320, 500]);
        brake.waited(LONGEST_WAIT);
        assert!(brake.due.is_zero());
    }
}
