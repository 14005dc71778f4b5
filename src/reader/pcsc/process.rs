//! Handles of the service belong to the process that opened them, and to the life of the client library.

use std::mem;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

/// The client library is being torn down.
static FORGOTTEN: AtomicBool = AtomicBool::new(false);

/// From now on no handle is used or given back, and none is asked for.
pub fn forget() {
    FORGOTTEN.store(true, Ordering::Release);
}

/// Whether the client library must be left alone.
pub(super) fn forgotten() -> bool {
    FORGOTTEN.load(Ordering::Acquire)
}

/// A value that is dropped in the process that made it and forgotten in any other: after a fork, the child
/// shares the parent's socket to the service, and a call on an inherited handle would disturb the parent.
pub(super) struct OfProcess<T> {
    pid: u32,
    value: Option<T>,
}

impl<T> OfProcess<T> {
    pub(super) fn new(value: T) -> Self {
        OfProcess {
            pid: process::id(),
            value: Some(value),
        }
    }

    fn usable(&self) -> bool {
        self.pid == process::id() && !forgotten()
    }

    /// The value, in its own process.
    pub(super) fn get(&self) -> Option<&T> {
        self.value.as_ref().filter(|_| self.usable())
    }

    /// The value, in its own process.
    pub(super) fn get_mut(&mut self) -> Option<&mut T> {
        let usable = self.usable();
        self.value.as_mut().filter(|_| usable)
    }

    /// Leaves the value alone for good.
    pub(super) fn forget(mut self) {
        mem::forget(self.value.take());
    }
}

impl<T> Drop for OfProcess<T> {
    fn drop(&mut self) {
        if !self.usable() {
            mem::forget(self.value.take());
        }
    }
}
