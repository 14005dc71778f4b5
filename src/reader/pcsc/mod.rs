//! Readers and cards of the PC/SC service (pcsclite).
//!
//! pcsclite serialises the calls made on one context, so that a call behind a long one waits for
//! it. Contexts are therefore never shared between uses: one answers for the state of the readers,
//! each wait has its own, and each connection has its own. Nothing is called before the first use,
//! and a context that died with its service is replaced at the next use.

mod connection;
mod ending;
mod error;
mod process;
mod state;

use std::ffi::{CStr, CString};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::slice;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use pcsc::{Context, Error, State};

use self::connection::PcscConnection;
use self::ending::Ending;
use self::error::{reader_error, service_lost};
use self::process::{OfProcess, establish};
pub use self::process::{after_fork_in_child, after_fork_in_parent, before_fork, forget};
use self::state::{event_counter, known_bits, names_equal, reader_state, same};
use super::{Connection, ReaderError, ReaderState, Readers};
use crate::system::{PrivateDirectory, Queue};

/// Readers in one call, a limit of pcsclite (PCSCLITE_MAX_READERS_CONTEXTS).
const READERS_PER_CALL: usize = 16;

/// Bytes for the names of usual readers.
const NAMES_SPACE: usize = 1024;

/// Longest time that [`Readers::wait`] trusts one call of the service: a reader attached just
/// before the call is only noticed at the next one.
const WAIT_SLICE: Duration = Duration::from_secs(2);

/// Pause between two cancellations of a wait that has not ended yet, and their number. A
/// cancellation is lost when it comes just before the waiter enters the service.
const CANCEL_PAUSE: Duration = Duration::from_millis(20);
const CANCEL_ATTEMPTS: u32 = 50;

/// Where pcscd listens, if the environment names no other place.
const SOCKET: &str = "/run/pcscd/pcscd.comm";

/// Looks at the list of readers before it is taken that it changes all the time.
const LIST_ATTEMPTS: u32 = 3;

/// The PC/SC service of this machine.
#[derive(Default)]
pub struct Pcsc {
    status: Mutex<Option<OfProcess<Status>>>,
    waiters: Mutex<Waiters>,
    /// Signalled when a waiter has left.
    left: Condvar,
    ending: Ending,
    /// Where the processes of this user take turns.
    turns: Option<PrivateDirectory>,
}

/// The context kept for the state of the readers.
struct Status {
    context: Context,
    /// The question about one reader that was asked last, and will be asked again.
    asked: Option<pcsc::ReaderState>,
}

/// Waits under way, oldest first.
#[derive(Default)]
struct Waiters {
    next: u64,
    /// Waiters below this number have been told to end.
    cancelled_below: u64,
    inside: Vec<Waiter>,
}

impl Waiters {
    /// Those that have been told to end and have not ended yet.
    fn told(&self) -> impl Iterator<Item = &Waiter> {
        self.inside
            .iter()
            .filter(|waiter| waiter.number < self.cancelled_below)
    }
}

struct Waiter {
    number: u64,
    context: Option<OfProcess<Context>>,
}

impl Pcsc {
    /// A service that has not been called yet. The processes of this user take turns in the
    /// directory `turns`.
    pub fn new(turns: Option<&Path>) -> Self {
        Pcsc {
            turns: turns.map(PrivateDirectory::new),
            ..Self::default()
        }
    }

    /// Runs `query` on the context kept for the state of the readers; once more on a new one if
    /// that context's service is gone.
    fn with_status_context<T>(
        &self,
        query: impl Fn(&mut Status) -> Result<T, Error>,
    ) -> Result<T, ReaderError> {
        let mut kept = self.status.lock();
        if let Some(status) = kept.as_mut().and_then(OfProcess::get_mut) {
            match query(status) {
                Err(e) if service_lost(e) => log::debug!("PC/SC context lost ({e}), establishing another"),
                done => return done.map_err(reader_error),
            }
        }
        let mut status = Status {
            context: establish().map_err(reader_error)?,
            asked: None,
        };
        let done = query(&mut status);
        *kept = Some(OfProcess::new(status));
        done.map_err(reader_error)
    }
}

impl Readers for Pcsc {
    fn list(&self) -> Result<Vec<ReaderState>, ReaderError> {
        self.with_status_context(|status| {
            let mut last = Error::UnknownReader;
            for _ in 0..LIST_ATTEMPTS {
                match look(&status.context) {
                    // A reader came or went between the two questions.
                    Err(e @ (Error::UnknownReader | Error::InsufficientBuffer)) => last = e,
                    done => return done,
                }
            }
            Err(last)
        })
    }

    /// One question to the service in place of two, about one reader in place of all: this is asked
    /// all the time. The service is not told what is known: it would begin to wait for a change,
    /// and stop again, which takes far longer than an answer.
    fn unchanged(&self, known: &ReaderState) -> bool {
        let now = self.with_status_context(|Status { context, asked }| {
            let state = match asked {
                Some(state) if names_equal(state.name(), &known.name) => state,
                _ => {
                    let name = CString::new(known.name.as_str()).map_err(|_| Error::UnknownReader)?;
                    asked.insert(pcsc::ReaderState::new(name, State::UNAWARE))
                }
            };
            context.get_status_change(Duration::ZERO, slice::from_mut(state))?;
            Ok(same(state, known))
        });
        known.attached && now.unwrap_or(false)
    }

    fn wait(&self, known: &[ReaderState], timeout: Duration) -> Result<(), ReaderError> {
        let deadline = Instant::now().checked_add(timeout);
        let ticket = Ticket::enter(self);
        let Some(context) = ticket.establish() else {
            return Ok(());
        };
        while !ticket.cancelled() {
            let left = deadline.map_or(WAIT_SLICE, |d| d.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                break;
            }
            match changed(&context, known, left.min(WAIT_SLICE)) {
                Ok(false) => {}
                Ok(true) => break,
                Err(e) if service_lost(e) => break,
                Err(e) => return Err(reader_error(e)),
            }
        }
        Ok(())
    }

    fn cancel(&self) {
        self.ending.begin();
        let mut waiters = self.waiters.lock();
        waiters.cancelled_below = waiters.next;
        for _ in 0..CANCEL_ATTEMPTS {
            let contexts: Vec<Context> = waiters
                .told()
                .filter_map(|w| w.context.as_ref()?.get().cloned())
                .collect();
            MutexGuard::unlocked(&mut waiters, || {
                for context in contexts {
                    if let Err(e) = context.cancel() {
                        log::debug!("SCardCancel: {e}");
                    }
                }
            });
            if waiters.told().next().is_none() {
                return;
            }
            self.left.wait_for(&mut waiters, CANCEL_PAUSE);
        }
        log::warn!("a wait for card events did not end when it was cancelled");
    }

    fn connect(&self, name: &str) -> Result<Box<dyn Connection>, ReaderError> {
        let name = CString::new(name).map_err(|_| ReaderError::NoReader)?;
        let context = establish().map_err(reader_error)?;
        let queue = Queue::new(self.turns.as_ref(), &queue_name(&name));
        let ending = self.ending.clone();
        Ok(Box::new(PcscConnection::open(context, name, queue, ending)?))
    }

    /// Connections are forgotten when they are dropped: each knows its process.
    ///
    /// A lock that another thread held while the process forked stays locked in the child. What it
    /// protects is then left as it is, and the child had better use a new [`Pcsc`].
    fn abandon(&self) {
        if let Some(mut kept) = self.status.try_lock()
            && let Some(context) = kept.take()
        {
            context.forget();
        }
        if let Some(mut waiters) = self.waiters.try_lock() {
            for waiter in waiters.inside.drain(..) {
                if let Some(context) = waiter.context {
                    context.forget();
                }
            }
        }
    }
}

/// A place among the waiters, left when dropped.
struct Ticket<'s> {
    service: &'s Pcsc,
    number: u64,
}

impl<'s> Ticket<'s> {
    fn enter(service: &'s Pcsc) -> Self {
        let mut waiters = service.waiters.lock();
        let number = waiters.next;
        waiters.next += 1;
        waiters.inside.push(Waiter {
            number,
            context: None,
        });
        Ticket { service, number }
    }

    fn cancelled(&self) -> bool {
        self.number < self.service.waiters.lock().cancelled_below
    }

    /// A context of this wait alone, in the reach of [`Readers::cancel`].
    fn establish(&self) -> Option<Context> {
        let context = establish().ok()?;
        let mut waiters = self.service.waiters.lock();
        let place = waiters.inside.iter_mut().find(|w| w.number == self.number)?;
        place.context = Some(OfProcess::new(context.clone()));
        Some(context)
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.service
            .waiters
            .lock()
            .inside
            .retain(|w| w.number != self.number);
        self.service.left.notify_all();
    }
}

/// The queue for a reader: one for each service, since readers of two services may have the same
/// name.
fn queue_name(reader: &CStr) -> String {
    let socket = std::env::var_os("PCSCLITE_CSOCK_NAME").unwrap_or_else(|| SOCKET.into());
    let service = std::fs::metadata(socket).map_or(0, |found| found.ino());
    let reader: String = reader
        .to_string_lossy()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .take(100)
        .collect();
    format!("{service:x}-{reader}")
}

/// Names of all readers. Asked in one question, where a service with very many or very long names
/// needs two.
fn names(context: &Context) -> Result<Vec<CString>, Error> {
    let mut buffer = [0; NAMES_SPACE];
    match context.list_readers(&mut buffer) {
        Ok(names) => Ok(names.map(CStr::to_owned).collect()),
        Err(Error::InsufficientBuffer) => context.list_readers_owned(),
        Err(e) => Err(e),
    }
}

/// Asks for the names and states of all readers, without waiting.
fn look(context: &Context) -> Result<Vec<ReaderState>, Error> {
    let mut states: Vec<_> = names(context)?
        .into_iter()
        .map(|name| pcsc::ReaderState::new(name, State::UNAWARE))
        .collect();
    for some in states.chunks_mut(READERS_PER_CALL) {
        match context.get_status_change(Duration::ZERO, some) {
            Ok(()) | Err(Error::Timeout) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(states
        .iter()
        .filter(|s| !s.event_state().contains(State::UNKNOWN))
        .map(reader_state)
        .collect())
}

/// Waits up to `slice` for a snapshot other than `known`. A cancelled call looks like one that
/// timed out.
fn changed(context: &Context, known: &[ReaderState], slice: Duration) -> Result<bool, Error> {
    let names = names(context)?;
    let attached: Vec<_> = known.iter().filter(|k| k.attached).collect();
    if names.len() != attached.len()
        || !attached
            .iter()
            .all(|k| names.iter().any(|n| names_equal(n, &k.name)))
    {
        return Ok(true);
    }
    let mut states: Vec<_> = names
        .into_iter()
        .filter_map(|name| {
            let known = attached.iter().find(|k| names_equal(&name, &k.name))?;
            Some(pcsc::ReaderState::new(name, known_bits(known)))
        })
        .take(READERS_PER_CALL)
        .collect();
    if states.len() < READERS_PER_CALL {
        // The number of readers stands where others have their event counter; a service that looks
        // at it would report a change at once without it.
        let count = u32::try_from(states.len()).unwrap_or_default();
        let known = State::from_bits_retain(event_counter(count) << 16);
        states.push(pcsc::ReaderState::new(pcsc::PNP_NOTIFICATION(), known));
    }
    match context.get_status_change(slice, &mut states) {
        Ok(()) | Err(Error::UnknownReader) => Ok(true),
        Err(Error::Timeout | Error::Cancelled) => Ok(false),
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn a_cancelled_wait_ends_with_and_without_a_service() {
        let service = Arc::new(Pcsc::new(None));
        let waiting = Arc::clone(&service);
        let waiter = thread::spawn(move || waiting.wait(&[], Duration::MAX));
        let start = Instant::now();
        while !waiter.is_finished() && start.elapsed() < Duration::from_secs(10) {
            service.cancel();
            thread::sleep(Duration::from_millis(10));
        }
        assert!(waiter.is_finished());
        assert_eq!(waiter.join().expect("no panic"), Ok(()));
    }

    #[test]
    fn a_name_that_pcsc_cannot_carry_is_no_reader() {
        assert_eq!(Pcsc::new(None).connect("a\0b").err(), Some(ReaderError::NoReader));
    }
}
