//! The end of the library, after which no other program is waited for.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Time that the transactions of other programs have when the library ends.
const LAST_PATIENCE: Duration = Duration::from_millis(500);

/// When the wait for other programs ends; set once the library ends.
#[derive(Clone, Default)]
pub(super) struct Ending(Arc<OnceLock<Instant>>);

impl Ending {
    /// The library ends now.
    pub(super) fn begin(&self) {
        self.0.get_or_init(|| Instant::now() + LAST_PATIENCE);
    }

    /// No other program is waited for any more.
    pub(super) fn is_over(&self) -> bool {
        self.0.get().is_some_and(|end| Instant::now() >= *end)
    }
}
