//! The slots of the library: one for each reader ever seen, and the way to the tokens in them.

mod inserted;
mod outlook;
mod session_token;
mod slot;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use crate::card::CardError;
use crate::certificate_cache::CertificateCache;
use crate::config::Config;
use crate::reader::{ReaderState, Readers};
use crate::token::{self, Token};

use super::error::{Error, Result};
use super::types::{ObjectHandle, SlotId};
use inserted::HandleBlock;
use outlook::Outlook;

pub use inserted::{Inserted, Place};
pub use session_token::SessionToken;
#[cfg(test)]
pub(super) use session_token::tests::token_of;
pub use slot::{Presence, Slot, absent_instead_of_removed};

/// Readers, configuration and slots. Sessions hold it, so that each of them can bring its slot up
/// to date.
pub struct SlotTable {
    readers: Arc<dyn Readers>,
    config: Config,
    certificates: Option<Arc<CertificateCache>>,
    slots: RwLock<Vec<Arc<Slot>>>,
    /// What the service said at the last look, for [`Readers::wait`].
    snapshot: Mutex<Vec<ReaderState>>,
    /// What the log was last told of all readers together.
    told: Mutex<Option<Outlook>>,
    /// Insertions so far, and blocks of handles for session objects.
    insertions: AtomicU32,
    session_objects: Mutex<HandleBlock>,
}

impl SlotTable {
    /// Looks at the readers, touches no card. What is there at the start is no event (§5.5.4).
    pub fn new(
        readers: Arc<dyn Readers>,
        config: Config,
        certificates: Option<Arc<CertificateCache>>,
    ) -> SlotTable {
        let table = SlotTable {
            readers,
            config,
            certificates,
            slots: RwLock::default(),
            snapshot: Mutex::default(),
            told: Mutex::default(),
            insertions: AtomicU32::new(0),
            session_objects: Mutex::default(),
        };
        table.refresh();
        for slot in table.all() {
            slot.take_event();
        }
        table
    }

    /// Brings the slots up to date with the readers. Sends nothing to a card. A service that is not
    /// there empties the slots: it is asked again at the next look.
    pub fn refresh(&self) {
        let listed = self.readers.list();
        self.tell(Outlook::of(&listed, &self.config));
        let snapshot = listed.unwrap_or_default();
        let mut gone = Vec::new();
        let mut slots = self.slots.write();
        for reader in snapshot
            .iter()
            .filter(|reader| !self.config.ignores(&reader.name))
        {
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
            .filter(|slot| !snapshot.iter().any(|reader| reader.name == slot.reader))
        {
            gone.extend(slot.detach());
        }
        drop(slots);
        *self.snapshot.lock() = snapshot;
    }

    /// Tells the log why there is no slot, or that there are some again, once for each change.
    fn tell(&self, outlook: Outlook) {
        let mut told = self.told.lock();
        if told.as_ref() == Some(&outlook) {
            return;
        }
        let before = told.replace(outlook.clone());
        drop(told);
        outlook.log(before.is_none());
    }

    /// Brings one slot up to date with its reader, and all of them if something has happened to it,
    /// which is the answer.
    pub fn refresh_slot(&self, slot: &Slot) -> bool {
        let changed = !self.readers.unchanged(&slot.snapshot());
        if changed {
            self.refresh();
        }
        changed
    }

    /// Every slot, in the order of first detection.
    pub fn all(&self) -> Vec<Arc<Slot>> {
        self.slots.read().clone()
    }

    /// The slot with this number, up to date.
    pub fn slot(&self, id: SlotId) -> Result<Arc<Slot>> {
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
    pub fn token(&self, slot: &Slot) -> Result<Inserted> {
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
            || self.next_insertion(),
        )
    }

    fn next_insertion(&self) -> u32 {
        self.insertions.fetch_add(1, Ordering::Relaxed)
    }

    /// A handle for a session object, which nothing had before.
    pub fn new_object_handle(&self) -> ObjectHandle {
        self.session_objects.lock().next(|| self.next_insertion())
    }

    /// Does something with the token in a slot. A token whose card was updated meanwhile is
    /// recognised anew. So is one whose connection is dead: a reader that was away may be back with
    /// its card, and nobody may have looked in between.
    pub fn with_token<T>(
        &self,
        slot: &Slot,
        act: impl Fn(&Inserted, &Token) -> std::result::Result<T, token::Error>,
    ) -> Result<(Inserted, T)> {
        let mut inserted = self.token(slot)?;
        let mut result = act(&inserted, &inserted.token);
        match &result {
            Err(token::Error::Card(CardError::Updated)) => {
                slot.drop_token(&inserted);
                inserted = self.token(slot)?;
                result = act(&inserted, &inserted.token);
            }
            Err(refusal) if is_final(refusal) => {
                slot.drop_token(&inserted);
                self.refresh();
                if let Ok(another) = self.token(slot) {
                    inserted = another;
                    result = act(&inserted, &inserted.token);
                }
            }
            _ => {}
        }
        match result {
            Ok(done) => Ok((inserted, done)),
            Err(refusal) => Err(self.answer(slot, &inserted, &refusal)),
        }
    }

    /// The answer to a refusal of this token, after a removal was recorded.
    pub(super) fn answer(&self, slot: &Slot, inserted: &Inserted, refusal: &token::Error) -> Error {
        self.record_removal(slot, inserted, refusal);
        slot.answer(refusal)
    }

    /// Drops the token when the refusal shows that its card is gone, or is as good as another one
    /// after an update.
    fn record_removal(&self, slot: &Slot, inserted: &Inserted, refusal: &token::Error) {
        if is_final(refusal) {
            slot.drop_token(inserted);
            self.refresh();
        }
        if let token::Error::Card(CardError::Updated | CardError::InterruptedUpdate) = refusal {
            slot.drop_token(inserted);
        }
    }

    /// Waits until the readers differ from what was last seen of them; see [`Readers::wait`].
    pub fn wait(&self, timeout: Duration) {
        let snapshot = self.snapshot.lock().clone();
        if let Err(error) = self.readers.wait(&snapshot, timeout) {
            log::debug!("no wait for the readers: {error:?}");
        }
    }

    /// The library ends; see [`Readers::cancel`].
    pub fn cancel(&self) {
        self.readers.cancel();
    }

    /// The process has forked; see [`Readers::abandon`].
    pub fn abandon(&self) {
        self.readers.abandon();
    }
}

/// The connection to the card is dead.
fn is_final(refusal: &token::Error) -> bool {
    matches!(refusal, token::Error::Card(CardError::Reader(why)) if why.is_final())
}
