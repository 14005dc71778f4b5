//! Handles of the service belong to the process that opened them, and to the life of the client
//! library.

use std::mem;
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pcsc::{Context, Error, Scope};

/// The client library is being torn down.
static FORGOTTEN: AtomicBool = AtomicBool::new(false);

/// From now on no handle is used or given back, and none is asked for.
pub fn forget() {
    FORGOTTEN.store(true, Ordering::Release);
}

/// Keeps forks and new connections apart: the client library holds a lock of its own while a
/// connection is made, and a child that is born meanwhile can never make one. An atomic and no lock
/// of ours: a child has to free it, whichever thread took it.
struct Gate {
    /// What is under way: one of the constants, or the time at which a connection was begun, behind
    /// them.
    state: AtomicU64,
    /// Where the times begin.
    epoch: OnceLock<Instant>,
}

static GATE: Gate = Gate::new();

/// Age up to which a connection is waited for by a fork. A service that answers does so in a
/// millisecond, and on a machine under load before this.
const CONNECTION_PATIENCE: Duration = Duration::from_millis(100);

/// Between two looks of a fork at a connection.
const FORK_PAUSE: Duration = Duration::from_millis(1);

/// Between two looks of a connection at another one, which may hang: the first pause and the
/// longest.
const CONNECTION_PAUSES: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(50)];

impl Gate {
    /// Nothing.
    const FREE: u64 = 0;
    /// A fork.
    const FORK: u64 = 1;
    /// In a child: the connection that a thread of its parent was making when it was born, and that
    /// nobody will end.
    const ORPHAN: u64 = 2;
    /// A connection, begun this many milliseconds after the epoch.
    const CONNECTION: u64 = 3;

    const fn new() -> Self {
        Gate {
            state: AtomicU64::new(Self::FREE),
            epoch: OnceLock::new(),
        }
    }

    /// Puts `next` in the place of `last`, or tells what stands there.
    fn replace(&self, last: u64, next: u64) -> Result<(), u64> {
        let replaced = self
            .state
            .compare_exchange(last, next, Ordering::AcqRel, Ordering::Acquire);
        replaced.map(drop)
    }

    /// Milliseconds since the epoch.
    fn now(&self) -> u64 {
        let age = self.epoch.get_or_init(Instant::now).elapsed();
        u64::try_from(age.as_millis()).unwrap_or(u64::MAX - Self::CONNECTION)
    }

    /// Takes the gate for a connection, if it is free. [`Error::NoService`]: it never will be in
    /// this process.
    fn take(&self) -> Result<bool, Error> {
        match self.replace(Self::FREE, Self::CONNECTION + self.now()) {
            Ok(()) => Ok(true),
            Err(Self::ORPHAN) => Err(Error::NoService),
            Err(_) => Ok(false),
        }
    }

    /// A connection was made, or refused.
    fn free(&self) {
        self.state.store(Self::FREE, Ordering::Release);
    }

    /// Waits for the end of a connection that is under way, but only until it is as old as
    /// `patience`, however many forks there are.
    fn before_fork(&self, patience: Duration) {
        while let Err(begun @ Self::CONNECTION..) = self.replace(Self::FREE, Self::FORK) {
            let age = self.now().saturating_sub(begun - Self::CONNECTION);
            if Duration::from_millis(age) >= patience {
                break;
            }
            thread::sleep(FORK_PAUSE);
        }
    }

    fn after_fork_in_parent(&self) {
        // Where two threads fork at the same time, it was the first one's.
        let _ = self.replace(Self::FORK, Self::FREE);
    }

    fn after_fork_in_child(&self) {
        let inherited = match self.state.load(Ordering::Acquire) {
            Self::FREE | Self::FORK => Self::FREE,
            Self::ORPHAN.. => Self::ORPHAN,
        };
        self.state.store(inherited, Ordering::Release);
    }
}

/// Waits until no thread makes a connection, if it is about to end.
pub fn before_fork() {
    GATE.before_fork(CONNECTION_PATIENCE);
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
    let [mut pause, longest] = CONNECTION_PAUSES;
    while !GATE.take().inspect_err(|_| tell_orphan())? {
        thread::sleep(pause);
        pause = (2 * pause).min(longest);
    }
    let context = Context::establish(Scope::User);
    GATE.free();
    context
}

/// Says once what this process cannot do.
fn tell_orphan() {
    static TOLD: AtomicBool = AtomicBool::new(false);
    if !TOLD.swap(true, Ordering::Relaxed) {
        log::error!(
            "no smart card service in this process: it was forked while its parent was connecting to a pcscd that did \
             not answer. The cards are as they were. Start the program anew when pcscd answers again"
        );
    }
}

/// Whether the client library must be left alone.
pub(super) fn forgotten() -> bool {
    FORGOTTEN.load(Ordering::Acquire)
}

/// A value that is dropped in the process that made it and forgotten in any other: after a fork,
/// the child shares the parent's socket to the service, and a call on an inherited handle would
/// disturb the parent.
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

    const AGES: Duration = Duration::from_secs(3600);

    #[test]
    fn a_fork_keeps_connections_out_and_leaves_them_to_the_parent() {
        let gate = Gate::new();
        gate.before_fork(AGES);
        assert_eq!(gate.take(), Ok(false));
        gate.after_fork_in_parent();
        assert_eq!(gate.take(), Ok(true));
        gate.free();
        gate.before_fork(AGES);
        gate.before_fork(AGES);
        gate.after_fork_in_parent();
        gate.after_fork_in_parent();
        assert_eq!(gate.take(), Ok(true), "two threads forked at the same time");
    }

    #[test]
    fn a_child_may_connect_unless_it_was_born_in_a_connection() {
        let gate = Gate::new();
        gate.before_fork(AGES);
        gate.after_fork_in_child();
        assert_eq!(gate.take(), Ok(true), "nobody was connecting");
        gate.before_fork(Duration::ZERO);
        gate.after_fork_in_child();
        assert_eq!(gate.take(), Err(Error::NoService), "it would wait for ever");
        gate.before_fork(AGES);
        gate.after_fork_in_child();
        assert_eq!(gate.take(), Err(Error::NoService), "nor may its own children");
    }

    #[test]
    fn forks_wait_for_a_young_connection_alone_and_not_each_for_itself() {
        let gate = Gate::new();
        assert_eq!(gate.take(), Ok(true));
        let patience = Duration::from_millis(100);
        let begun = Instant::now();
        for _ in 0..50 {
            gate.before_fork(patience);
            gate.after_fork_in_parent();
        }
        assert!(
            begun.elapsed() >= patience - FORK_PAUSE,
            "a connection that ends soon is waited for"
        );
        assert!(begun.elapsed() < 25 * patience, "each fork has waited");
        assert_eq!(gate.take(), Ok(false), "it is still under way");
    }
}
