//! Session management (PKCS #11 §5.6).

use cryptoki_sys::{CK_FLAGS, CKU_CONTEXT_SPECIFIC, CKU_SO, CKU_USER};

use crate::pin::Pin;
use crate::provider::error::{Error, Result};
use crate::provider::library::Library;
use crate::provider::types::{SessionHandle, SessionInfo, SlotId, UserType};
use crate::token::User;

impl Library {
    /// C_OpenSession. The ABI has checked the flags.
    pub fn open_session(&self, slot: SlotId, read_write: bool) -> Result<SessionHandle> {
        let slot = self.slots.slot(slot)?;
        self.sessions.open(&self.slots, slot, read_write)
    }

    /// C_CloseSession.
    pub fn close_session(&self, session: SessionHandle) -> Result<()> {
        self.sessions.close(&*self.session(session)?);
        Ok(())
    }

    /// C_CloseAllSessions.
    pub fn close_all_sessions(&self, slot: SlotId) -> Result<()> {
        let slot = self.slots.slot(slot)?;
        let inserted = slot.current();
        self.sessions.close_all(&slot, inserted.as_ref());
        match inserted {
            Some(_) => Ok(()),
            None => self.slots.token(&slot).map(drop),
        }
    }

    /// C_GetSessionInfo. Notices a removal and a reset by another program; sends nothing to the
    /// card.
    pub fn session_info(&self, session: SessionHandle) -> Result<SessionInfo> {
        Ok(self.live_session(session)?.info())
    }

    /// C_SessionCancel. True if an operation was under way.
    pub fn session_cancel(&self, session: SessionHandle, flags: CK_FLAGS) -> Result<bool> {
        Ok(self.session(session)?.cancel(flags))
    }

    /// C_Login. NULL as PIN is `None`.
    pub fn login(&self, session: SessionHandle, user: UserType, pin: Option<Pin<'_>>) -> Result<()> {
        let session = self.live_session(session)?;
        self.sessions.login(&session, known(user)?, pin)
    }

    /// C_Logout.
    pub fn logout(&self, session: SessionHandle) -> Result<()> {
        self.sessions.logout(&*self.live_session(session)?)
    }
}

fn known(user: UserType) -> Result<User> {
    match user {
        CKU_USER => Ok(User::Holder),
        CKU_SO => Ok(User::SecurityOfficer),
        // No key of these cards has CKA_ALWAYS_AUTHENTICATE, so no operation waits for its own
        // login.
        CKU_CONTEXT_SPECIFIC => Err(Error::OperationNotInitialized),
        _ => Err(Error::UserTypeInvalid),
    }
}
