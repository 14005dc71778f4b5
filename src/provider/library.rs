//! The one library state: readers, slots, sessions, and the process that owns them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cryptoki_sys::CK_SESSION_HANDLE;
use parking_lot::{Condvar, Mutex, RwLock};

use crate::config::{self, Config};
use crate::reader::pcsc::{self, Pcsc};
use crate::reader::{ReaderError, ReaderState, Readers};
use crate::token::Token;
use crate::trace;
use crate::warm;

use super::error::{Error, Result};
use super::session::Session;
use super::slot::{HandleBlock, Inserted, Slot};
use super::types::{LibraryInfo, SessionHandle, SlotId, Version};

/// The state of an initialised library.
pub struct Library {
    pub(super) readers: Arc<dyn Readers>,
    config: Config,
    certificates: Option<Arc<warm::Store>>,
    slots: RwLock<Vec<Arc<Slot>>>,
    /// The service's picture at the last look, for [`Readers::wait`].
    picture: Mutex<Vec<ReaderState>>,
    /// What the log was last told of all readers together.
    told: Mutex<Option<Outlook>>,
    pub(super) sessions: Mutex<BTreeMap<SessionHandle, Arc<Session>>>,
    pub(super) next_session: Mutex<CK_SESSION_HANDLE>,
    pub(super) insertions: AtomicU32,
    pub(super) session_handles: Mutex<HandleBlock>,
    finalized: AtomicBool,
    /// Pauses between two waits; signalled by C_Finalize.
    pauses: Mutex<()>,
    ended: Condvar,
    process: u32,
}

/// One place for each process in a line of forks. A child leaves its parent's place alone: the handles in it are the parent's, and
/// another thread of the parent may have held its lock when the child was born, in which case nobody will ever open it.
static LIBRARIES: [RwLock<Option<Arc<Library>>>; GENERATIONS] = [const { RwLock::new(None) }; GENERATIONS];

/// Forks in a line, each child initialising the library anew, after which places are used again.
const GENERATIONS: usize = 16;

/// Who uses the library.
static OWNER: AtomicU64 = AtomicU64::new(0);

/// What [`OWNER`] holds: the process that has called C_Initialize last (0 for none), in its low half, and the rank of its place in
/// the other one.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Owner {
    process: u32,
    generation: u32,
}

impl Owner {
    fn load() -> Owner {
        let packed = OWNER.load(Ordering::Acquire);
        Owner {
            process: packed as u32,
            generation: (packed >> 32) as u32,
        }
    }

    fn pack(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.process)
    }

    /// Makes this process the owner; one that has inherited the library from its parent moves on to a place of its own.
    fn claim() -> Owner {
        loop {
            let owner = Owner::load();
            let process = std::process::id();
            if owner.process == process {
                return owner;
            }
            let generation = match owner.process {
                0 => owner.generation,
                _ => owner.generation.wrapping_add(1),
            };
            let next = Owner { process, generation };
            let _ = OWNER.compare_exchange(owner.pack(), next.pack(), Ordering::AcqRel, Ordering::Acquire);
        }
    }

    fn place(self) -> &'static RwLock<Option<Arc<Library>>> {
        &LIBRARIES[self.generation as usize % GENERATIONS]
    }
}

/// Read far more often than written, and a lock that only readers held while the process forked does not stop the child's readers.
static READERS: RwLock<Option<Arc<dyn Readers>>> = RwLock::new(None);

/// Puts another service of readers in the place of PC/SC from the next C_Initialize on; `None` brings PC/SC back. For programs that
/// link this crate and bring their own readers, such as simulated cards.
pub fn use_readers(readers: Option<Arc<dyn Readers>>) {
    *READERS.write() = readers;
}

/// The PC/SC service must not be called any more: its client library is about to be torn down.
pub fn forget_readers() {
    pcsc::forget();
}

/// A fork is about to happen: no thread may be where a child could not follow.
pub fn before_fork() {
    pcsc::before_fork();
}

/// The parent goes on after a fork.
pub fn after_fork_in_parent() {
    pcsc::after_fork_in_parent();
}

/// A child begins.
pub fn after_fork_in_child() {
    pcsc::after_fork_in_child();
}

/// C_Initialize. Looks at the readers, touches no card.
///
/// Locks are the operating system's and no thread is created, so every flag and the caller's mutex functions
/// are satisfied (§5.4 "C_Initialize"). A `privileged` process is not configured by its user.
pub fn initialize(privileged: bool) -> Result<()> {
    let mut library = Owner::claim().place().write();
    if library
        .as_ref()
        .is_some_and(|library| library.process == std::process::id())
    {
        return Err(Error::CryptokiAlreadyInitialized);
    }
    let mut config = config::load(privileged);
    let certificates = config.certificates.as_deref().map(warm::Store::new).map(Arc::new);
    if let Some(Err(why)) = certificates.as_ref().map(|store| store.check()) {
        config.add_problem(format!("certificates.remember: below XDG_RUNTIME_DIR: {why}"));
    }
    trace::start(&config);
    let readers = READERS
        .read()
        .clone()
        .unwrap_or_else(|| Arc::new(Pcsc::new(config.turns.as_deref())));
    let new = Arc::new(Library {
        readers,
        certificates,
        config,
        slots: RwLock::default(),
        picture: Mutex::default(),
        told: Mutex::default(),
        sessions: Mutex::default(),
        next_session: Mutex::new(1),
        insertions: AtomicU32::new(0),
        session_handles: Mutex::default(),
        finalized: AtomicBool::new(false),
        pauses: Mutex::default(),
        ended: Condvar::new(),
        process: std::process::id(),
    });
    new.refresh();
    for slot in new.slots() {
        // What is there at the start is no event (§5.5.4).
        slot.take_event();
    }
    let inherited = library.replace(new);
    // Only where places are used again; it is not ours to close.
    std::mem::forget(inherited);
    Ok(())
}

/// C_Finalize: wakes a blocked [`Library::wait_for_slot_event`], logs out and closes every session.
pub fn finalize() -> Result<()> {
    let library = own_place()?.write().take().ok_or(Error::CryptokiNotInitialized)?;
    library.end_pauses();
    library.readers.cancel();
    library.close_every_session();
    Ok(())
}

/// The initialised library, or [`Error::CryptokiNotInitialized`]: before C_Initialize, after C_Finalize, in a
/// forked child.
pub fn library() -> Result<Arc<Library>> {
    let library = own_place()?.read().clone();
    library.ok_or(Error::CryptokiNotInitialized)
}

/// The place of this process, if it has one. That is asked before the lock, which a fork may have left taken for ever.
fn own_place() -> Result<&'static RwLock<Option<Arc<Library>>>> {
    let owner = Owner::load();
    if owner.process == std::process::id() {
        Ok(owner.place())
    } else {
        Err(Error::CryptokiNotInitialized)
    }
}

impl Library {
    /// C_GetInfo.
    pub fn info(&self) -> LibraryInfo {
        LibraryInfo {
            cryptoki_version: Version { major: 3, minor: 2 },
            manufacturer: "cpx-pkcs11",
            flags: 0,
            description: "CPx cards PKCS#11",
            version: Version {
                major: package_version(0),
                minor: package_version(1),
            },
        }
    }

    /// Brings the slots up to date with the readers. Sends nothing to a card. A service that is not there empties the slots: it
    /// is asked again at the next look.
    pub(super) fn refresh(&self) {
        let listed = self.readers.list();
        self.tell(Outlook::of(&listed, &self.config));
        let picture = listed.unwrap_or_default();
        let mut gone = Vec::new();
        let mut slots = self.slots.write();
        for reader in picture.iter().filter(|reader| !self.config.ignores(&reader.name)) {
            match slots.iter().find(|slot| slot.reader == reader.name) {
                Some(slot) => gone.extend(slot.update(reader)),
                None => {
                    let id = SlotId::try_from(slots.len()).unwrap_or(SlotId::MAX);
                    slots.push(Arc::new(Slot::new(id, reader.clone())));
                }
            }
        }
        for slot in slots
            .iter()
            .filter(|slot| !picture.iter().any(|reader| reader.name == slot.reader))
        {
            gone.extend(slot.detach());
        }
        drop(slots);
        *self.picture.lock() = picture;
        self.destroy_orphans();
    }

    /// Tells the log why there is no slot, or that there are some again, once for each change.
    fn tell(&self, outlook: Outlook) {
        let mut told = self.told.lock();
        if told.as_ref() == Some(&outlook) {
            return;
        }
        let before = told.replace(outlook.clone());
        drop(told);
        match outlook {
            Outlook::Readers { ref ignored } if before.is_none() && ignored.is_empty() => {}
            Outlook::Readers { .. } => log::info!("{outlook}"),
            _ => log::error!("{outlook}"),
        }
    }

    /// Brings one slot up to date with its reader, and all of them if something has happened to it, which is the answer.
    pub(super) fn refresh_slot(&self, slot: &Slot) -> bool {
        let changed = !self.readers.unchanged(&slot.picture());
        if changed {
            self.refresh();
        }
        changed
    }

    /// Every slot, in the order of first detection.
    pub(super) fn slots(&self) -> Vec<Arc<Slot>> {
        self.slots.read().clone()
    }

    /// The slot with this number, up to date.
    pub(super) fn slot(&self, id: SlotId) -> Result<Arc<Slot>> {
        let find = || self.slots.read().get(usize::try_from(id).ok()?).cloned();
        match find() {
            Some(slot) => {
                self.refresh_slot(&slot);
                Ok(slot)
            }
            None => {
                self.refresh();
                find().ok_or(Error::SlotIdInvalid)
            }
        }
    }

    /// The token in a slot, recognised now if need be.
    pub(super) fn token(&self, slot: &Slot) -> Result<Inserted> {
        slot.token(
            |reader| {
                let connection = self.readers.connect(&reader.name)?;
                Token::open(
                    connection,
                    &reader.atr,
                    self.certificates.clone(),
                    self.config.logout,
                )
            },
            || self.insertions.fetch_add(1, Ordering::Relaxed),
        )
    }

    /// C_Finalize was called while this call was on its way.
    pub(super) fn finalized(&self) -> bool {
        self.finalized.load(Ordering::Acquire)
    }

    /// Waits for a change in the picture of the readers that the library has, after the pause that is due.
    pub(super) fn wait_for_change(&self, brake: &mut Brake) -> Result<()> {
        self.pause(brake.due)?;
        let picture = self.picture.lock().clone();
        let begun = Instant::now();
        if let Err(error) = self.readers.wait(&picture, LONGEST_WAIT) {
            log::debug!("no wait for the readers: {error:?}");
        }
        brake.waited(begun.elapsed());
        self.pause(Duration::ZERO)
    }

    /// Pauses, at most until C_Finalize is called.
    fn pause(&self, time: Duration) -> Result<()> {
        let mut pauses = self.pauses.lock();
        if !self.finalized() && !time.is_zero() {
            self.ended.wait_for(&mut pauses, time);
        }
        if self.finalized() {
            Err(Error::CryptokiNotInitialized)
        } else {
            Ok(())
        }
    }

    /// From now on nobody pauses.
    fn end_pauses(&self) {
        let _pauses = self.pauses.lock();
        self.finalized.store(true, Ordering::Release);
        self.ended.notify_all();
    }
}

/// Longest time in one call of [`Readers::wait`]: a missing service is asked again, and a cancellation may have come too early.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Keeps a wait that comes back at once, with nothing, from going round and round: without a service, without a descriptor
/// for a connection to it, with a service that takes no more clients.
#[derive(Default)]
pub(super) struct Brake {
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

/// What there is to use: the reason why there is no slot, if there is none.
#[derive(Clone, PartialEq, Eq)]
enum Outlook {
    /// The service gives no list.
    Unreachable(ReaderError),
    /// The service knows no reader.
    NoReader,
    /// The configuration hides every reader; their names.
    AllIgnored(Vec<String>),
    /// Some reader can be used; names of those that the configuration hides.
    Readers { ignored: Vec<String> },
}

impl Outlook {
    fn of(listed: &std::result::Result<Vec<ReaderState>, ReaderError>, config: &Config) -> Outlook {
        let readers = match listed {
            Err(why) => return Outlook::Unreachable(*why),
            Ok(readers) => readers,
        };
        let names = readers.iter().map(|reader| &reader.name);
        let ignored: Vec<_> = names.filter(|name| config.ignores(name)).cloned().collect();
        match (readers.len(), ignored.len()) {
            (0, _) => Outlook::NoReader,
            (all, hidden) if all == hidden => Outlook::AllIgnored(ignored),
            _ => Outlook::Readers { ignored },
        }
    }
}

impl fmt::Display for Outlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outlook::Unreachable(why) => write!(f, "no reader can be used: {why}"),
            Outlook::NoReader => f.write_str(
                "no reader can be used: the PC/SC service knows none: plug one in, or install its driver \
                 (Debian's package libccid)",
            ),
            Outlook::AllIgnored(names) => write!(
                f,
                "no reader can be used: readers.ignore of the configuration hides every one ({}): take \
                 out of it what hides the reader of the card",
                names.join(", ")
            ),
            Outlook::Readers { ignored } if ignored.is_empty() => f.write_str("readers can be used again"),
            Outlook::Readers { ignored } => write!(
                f,
                "readers.ignore of the configuration hides these readers: {}",
                ignored.join(", ")
            ),
        }
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // A forked child that drops its copy must not close the parent's handles.
        if self.process != std::process::id() {
            self.readers.abandon();
        }
    }
}

/// Number `index` of the crate's version.
fn package_version(index: usize) -> u8 {
    env!("CARGO_PKG_VERSION")
        .split('.')
        .nth(index)
        .and_then(|n| n.parse().ok())
        .unwrap_or(0)
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
