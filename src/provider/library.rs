//! The library: its slots and its sessions.

use std::sync::Arc;

use super::error::Result;
use super::pauses::Pauses;
use super::session::Session;
use super::sessions::Sessions;
use super::slots::SlotTable;
use super::types::{Output, SessionHandle};

/// The state of an initialised library.
pub struct Library {
    pub(super) slots: Arc<SlotTable>,
    pub(super) sessions: Sessions,
    pub(super) pauses: Pauses,
    process: u32,
}

impl Library {
    /// The library of this process.
    pub(super) fn new(slots: SlotTable) -> Library {
        Library {
            slots: Arc::new(slots),
            sessions: Sessions::default(),
            pauses: Pauses::default(),
            process: std::process::id(),
        }
    }

    /// The process that has initialised it.
    pub(super) fn process(&self) -> u32 {
        self.process
    }

    /// The session behind a handle; see [`Sessions::get`].
    pub(super) fn session(&self, handle: SessionHandle) -> Result<Arc<Session>> {
        self.sessions.get(handle)
    }

    /// The session behind a handle, after a look at the readers: for calls that are about to talk
    /// to the card, so that a card that was taken out before them (CKR_SESSION_HANDLE_INVALID) is
    /// told from one taken out during them (CKR_DEVICE_REMOVED, §5.1.2).
    pub(super) fn live_session(&self, handle: SessionHandle) -> Result<Arc<Session>> {
        let session = self.session(handle)?;
        if self.slots.refresh_slot(session.token().slot()) {
            return self.session(handle);
        }
        Ok(session)
    }

    /// The session behind a handle, for a call that needs the card unless only a size is asked for.
    pub(super) fn session_for(&self, handle: SessionHandle, out: &Output<'_>) -> Result<Arc<Session>> {
        match out {
            Output::Size => self.session(handle),
            Output::Buffer(_) => self.live_session(handle),
        }
    }

    /// C_Finalize: wakes a blocked C_WaitForSlotEvent, logs out and closes every session.
    pub(super) fn end(&self) {
        self.pauses.end();
        self.slots.cancel();
        let slots = self.slots.all();
        let tokens: Vec<_> = slots.iter().filter_map(|slot| slot.current()).collect();
        self.sessions.finalize(&tokens);
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // A forked child that drops its copy must not close the parent's handles.
        if self.process != std::process::id() {
            self.slots.abandon();
        }
    }
}
