//! Which process owns the library: initialize, finalize, and what happens at a fork.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::certificate_cache::CertificateCache;
use crate::config;
use crate::reader::Readers;
use crate::reader::pcsc::{self, Pcsc};
use crate::trace;

use super::error::{Error, Result};
use super::library::Library;
use super::slots::SlotTable;

/// One place for each process in a line of forks. A child leaves its parent's place alone: the
/// handles in it are the parent's, and another thread of the parent may have held its lock at the
/// fork, which no thread of the child can open.
static LIBRARIES: [RwLock<Option<Arc<Library>>>; GENERATIONS] = [const { RwLock::new(None) }; GENERATIONS];

/// Forks in a line, each child initialising the library anew. After that many, places are used
/// again.
const GENERATIONS: usize = 16;

/// Who uses the library.
static OWNER: AtomicU64 = AtomicU64::new(0);

/// What [`OWNER`] holds: the process that has called C_Initialize last (0 for none), in its low
/// half, and the rank of its place in the other one.
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

    /// Makes this process the owner; one that has inherited the library from its parent moves on to
    /// a place of its own.
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

/// A lock that only readers held at the fork does not stop the child's readers.
static READERS: RwLock<Option<Arc<dyn Readers>>> = RwLock::new(None);

/// Puts another service of readers in the place of PC/SC from the next C_Initialize on; `None`
/// brings PC/SC back. For programs that link this crate and bring their own readers, such as
/// simulated cards.
pub fn use_readers(readers: Option<Arc<dyn Readers>>) {
    *READERS.write() = readers;
}

/// The PC/SC service must not be called any more: its client library is about to be torn down.
pub fn forget_readers() {
    pcsc::forget();
}

/// A fork is about to happen: waits until no thread makes a connection to the PC/SC service, if
/// that is about to end.
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
/// Locks are the operating system's and no thread is created, so every flag and the caller's mutex
/// functions are satisfied (§5.4 "C_Initialize"). A `privileged` process is not configured by its
/// user.
pub fn initialize(privileged: bool) -> Result<()> {
    let mut library = Owner::claim().place().write();
    if library
        .as_ref()
        .is_some_and(|library| library.process() == std::process::id())
    {
        return Err(Error::CryptokiAlreadyInitialized);
    }
    let mut config = config::load(privileged);
    let certificates = config
        .certificates
        .as_deref()
        .map(CertificateCache::new)
        .map(Arc::new);
    if let Some(Err(why)) = certificates.as_ref().map(|store| store.check()) {
        config.add_problem(format!("certificates.remember: below XDG_RUNTIME_DIR: {why}"));
    }
    trace::start(&config);
    let readers = READERS
        .read()
        .clone()
        .unwrap_or_else(|| Arc::new(Pcsc::new(config.turns.as_deref())));
    let new = Arc::new(Library::new(SlotTable::new(readers, config, certificates)));
    let inherited = library.replace(new);
    // Only where places are used again; it is not ours to close.
    std::mem::forget(inherited);
    Ok(())
}

/// C_Finalize: wakes a blocked [`Library::wait_for_slot_event`], logs out and closes every session.
pub fn finalize() -> Result<()> {
    let library = own_place()?.write().take().ok_or(Error::CryptokiNotInitialized)?;
    library.end();
    Ok(())
}

/// The initialised library, or [`Error::CryptokiNotInitialized`]: before C_Initialize, after
/// C_Finalize, in a forked child.
pub fn library() -> Result<Arc<Library>> {
    let library = own_place()?.read().clone();
    library.ok_or(Error::CryptokiNotInitialized)
}

/// The place of this process, if it has one. That is asked before the lock, which a fork may have
/// left taken for ever.
fn own_place() -> Result<&'static RwLock<Option<Arc<Library>>>> {
    let owner = Owner::load();
    if owner.process == std::process::id() {
        Ok(owner.place())
    } else {
        Err(Error::CryptokiNotInitialized)
    }
}
