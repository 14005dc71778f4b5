//! Handles of the service belong to the process that opened them.

use std::mem;
use std::process;

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

    /// The value, in its own process.
    pub(super) fn get(&self) -> Option<&T> {
        self.value.as_ref().filter(|_| self.pid == process::id())
    }

    /// The value, in its own process.
    pub(super) fn get_mut(&mut self) -> Option<&mut T> {
        self.value.as_mut().filter(|_| self.pid == process::id())
    }

    /// Leaves the value alone for good.
    pub(super) fn forget(mut self) {
        mem::forget(self.value.take());
    }
}

impl<T> Drop for OfProcess<T> {
    fn drop(&mut self) {
        if self.pid != process::id() {
            mem::forget(self.value.take());
        }
    }
}
