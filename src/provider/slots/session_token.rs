//! The token of a session.

use std::ops::Range;
use std::sync::Arc;

use crate::provider::error::{Refusal, Result};
use crate::provider::secret_keys::SecretKeys;
use crate::provider::types::ObjectHandle;
use crate::token::object::Section;
use crate::token::{Login, Token};

use super::SlotTable;
use super::inserted::{Inserted, Place};
use super::slot::Slot;

/// The token that a session is open with. [`SessionToken::with_token`] is the only way from a
/// session to the card, so that no call can forget to record that the card is gone.
pub struct SessionToken {
    slots: Arc<SlotTable>,
    slot: Arc<Slot>,
    inserted: Inserted,
}

impl SessionToken {
    /// The token that was found in this slot.
    pub fn new(slots: Arc<SlotTable>, slot: Arc<Slot>, inserted: Inserted) -> SessionToken {
        SessionToken {
            slots,
            slot,
            inserted,
        }
    }

    /// Does something with the token. A refusal becomes the answer to the application; one that
    /// shows that the card is gone, or was updated, ends the token.
    pub fn with_token<'a, T>(
        &'a self,
        act: impl FnOnce(&'a Token) -> std::result::Result<T, Refusal>,
    ) -> Result<T> {
        let done = act(&self.inserted.token).map_err(|refusal| match refusal {
            Refusal::Token(refusal) => self.slots.answer(&self.slot, &self.inserted, &refusal),
            Refusal::Answer(error) => error,
        })?;
        self.slot.worked();
        Ok(done)
    }

    /// The slot.
    pub fn slot(&self) -> &Slot {
        &self.slot
    }

    /// The stay of the card in the reader that the session is open with.
    pub fn inserted(&self) -> &Inserted {
        &self.inserted
    }

    /// Whether the card is still there. Asks nobody.
    pub fn is_there(&self) -> bool {
        self.slot.holds(&self.inserted)
    }

    /// See [`Token::login`]: asks nobody.
    pub fn login(&self) -> Login {
        self.inserted.token.login()
    }

    /// See [`Token::login_state`]: asks the PC/SC service.
    pub fn login_state(&self) -> Login {
        self.inserted.token.login_state()
    }

    /// CK_TOKEN_INFO serialNumber.
    pub fn serial(&self) -> &str {
        self.inserted.token.serial()
    }

    /// Place of the object of the card with this handle.
    pub fn place(&self, handle: ObjectHandle) -> Option<Place> {
        self.inserted.place(handle)
    }

    /// Handles of the objects of a section, in their order.
    pub fn handles(&self, section: Section) -> Range<ObjectHandle> {
        self.inserted.handles(section)
    }

    /// The session objects with this token, of all sessions.
    pub fn secret_keys(&self) -> &SecretKeys {
        self.inserted.secret_keys()
    }

    /// A handle for a session object.
    pub fn new_object_handle(&self) -> ObjectHandle {
        self.slots.new_object_handle()
    }
}
