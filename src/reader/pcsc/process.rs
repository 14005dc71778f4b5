//! Handles of the service belong to the process that opened them, and to the life of the client library.

use std::mem;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pcsc::{Context, Error, Scope};

/// The client library is being torn down.
static FORGOTTEN: AtomicBool = AtomicBool::new(false);

/// From now on no handle is used or given back, and none is asked for.
pub fn forget() {
    FORGOTTEN.store(true, Ordering::Release);
}

/// Keeps forks and new connections apart: the client library holds a lock of its own while a connection is made. Flags and no lock of
/// ours, since a child has to free it whoever had it.
struct Gate {
    /// A thread makes a connection, or forks.
    taken: AtomicBool,
    /// It is the forking thread that has it.
    forking: AtomicBool,
}

static GATE: Gate = Gate::new();

/// Time that a fork waits for a service which does not answer.
const FORK_PATIENCE: Duration = Duration::from_secs(2);

/// Between two looks at the gate.
const PAUSE: Duration = Duration::from_millis(1);

impl Gate {
    const fn new() -> Self {
        Gate {
            taken: AtomicBool::new(false),
            forking: AtomicBool::new(false),
        }
    }

    fn take(&self) -> bool {
        !self.taken.swap(true, Ordering::Acquire)
    }

    fn free(&self) {
        self.taken.store(false, Ordering::Release);
    }

    fn before_fork(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut taken = self.take();
        while !taken && Instant::now() < deadline {
            thread::sleep(PAUSE);
            taken = self.take();
        }
        // Another thread may fork at the same time, and have it: its mark stays.
        if taken {
            self.forking.store(true, Ordering::Release);
        }
    }

    fn after_fork_in_parent(&self) {
        if self.forking.swap(false, Ordering::AcqRel) {
            self.free();
        }
    }

    fn after_fork_in_child(&self) {
        self.forking.store(false, Ordering::Release);
        self.free();
    }
}

/// Waits until no thread makes a connection.
pub fn before_fork() {
    GATE.before_fork(FORK_PATIENCE);
}

/// The parent goes on.
pub fn after_fork_in_parent() {
    GATE.after_fork_in_parent();
}

/// The child begins; it has no other thread.
pub fn after_fork_in_child() {
    GATE.after_fork_in_child();
}

/// Makes a connection to the service.
pub(super) fn establish() -> Result<Context, Error> {
    if forgotten() {
        return Err(Error::NoService);
    }
    while !GATE.take() {
        thread::sleep(PAUSE);
    }
    let context = Context::establish(Scope::User);
    GATE.free();
    context
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fork_keeps_connections_out_and_gives_way_to_one_that_hangs() {
        let gate = Gate::new();
        gate.before_fork(Duration::ZERO);
        assert!(!gate.take());
        gate.after_fork_in_parent();
        assert!(gate.take(), "a connection that hangs");
        gate.before_fork(Duration::ZERO);
        gate.after_fork_in_parent();
        assert!(!gate.take(), "it is still under way in the parent");
        gate.after_fork_in_child();
        gate.before_fork(Duration::ZERO);
        gate.before_fork(Duration::ZERO);
        gate.after_fork_in_parent();
        gate.after_fork_in_parent();
        assert!(gate.take(), "two threads forked at the same time");
    }
}
