//! A session (PKCS #11 §5.6): its token, its operations, and the calls in it.

mod cryptography;
mod objects;
mod pins;
mod unwrapping;

use cryptoki_sys::*;
use parking_lot::{Mutex, MutexGuard};

use crate::token::{Login, User};

use super::error::{Error, Result};
use super::operation::Operations;
use super::slots::SessionToken;
use super::types::{SessionHandle, SessionInfo};

/// An open session. It lives as long as its card stays in the reader.
pub struct Session {
    handle: SessionHandle,
    token: SessionToken,
    read_write: bool,
    operations: Mutex<Operations>,
}

impl Session {
    /// A session under this handle.
    pub fn new(handle: SessionHandle, token: SessionToken, read_write: bool) -> Session {
        Session {
            handle,
            token,
            read_write,
            operations: Mutex::default(),
        }
    }

    /// Its handle.
    pub fn handle(&self) -> SessionHandle {
        self.handle
    }

    /// Its token.
    pub fn token(&self) -> &SessionToken {
        &self.token
    }

    /// It was opened with CKF_RW_SESSION.
    pub fn read_write(&self) -> bool {
        self.read_write
    }

    /// The operations under way, for the length of one call.
    fn operations(&self) -> MutexGuard<'_, Operations> {
        self.operations.lock()
    }

    /// Private objects may be seen, as far as this process knows.
    fn holder_logged_in(&self) -> bool {
        self.token.login() == Login::In(User::Holder)
    }

    /// Writing calls need a read/write session.
    fn writable(&self) -> Result<()> {
        if self.read_write {
            Ok(())
        } else {
            Err(Error::SessionReadOnly)
        }
    }

    /// C_GetSessionInfo. Notices a reset by another program; sends nothing to the card.
    pub fn info(&self) -> SessionInfo {
        let write = if self.read_write { CKF_RW_SESSION } else { 0 };
        SessionInfo {
            slot: self.token.slot().id,
            state: self.state(),
            flags: CKF_SERIAL_SESSION | write,
            device_error: 0,
        }
    }

    fn state(&self) -> CK_STATE {
        match (self.token.login_state(), self.read_write) {
            (Login::Public, false) => CKS_RO_PUBLIC_SESSION,
            (Login::Public, true) => CKS_RW_PUBLIC_SESSION,
            (Login::In(User::Holder), false) => CKS_RO_USER_FUNCTIONS,
            (Login::In(User::Holder), true) => CKS_RW_USER_FUNCTIONS,
            (Login::In(User::SecurityOfficer), _) => CKS_RW_SO_FUNCTIONS,
        }
    }

    /// C_SessionCancel (§5.6): `flags` are those of CK_MECHANISM_INFO. True if an operation was
    /// under way.
    pub fn cancel(&self, flags: CK_FLAGS) -> bool {
        self.operations().cancel(flags)
    }

    /// §5.6 "C_Logout": operations with private keys end.
    pub fn end_private_operations(&self) {
        self.operations().end_private();
    }

    /// The session is closed: its session objects end, also for a call that is still under way.
    pub fn close(&self) {
        self.token.secret_keys().destroy_of(self.handle);
    }
}

/// A call that was under way when the session was closed may have unwrapped a key since.
impl Drop for Session {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::paper_card::PaperCard;
    use crate::provider::secret_keys::tests::key;
    use crate::provider::slots::token_of;

    #[test]
    fn session_objects_end_with_the_close_and_with_the_last_call() {
        let session = Session::new(1, token_of(&PaperCard::new()), true);
        let inserted = session.token.inserted().clone();
        let keys = || inserted.secret_keys().find(|_| true);
        let insert = |handle, owner| {
            inserted
                .secret_keys()
                .insert(handle, owner, key(false))
                .expect("a card")
        };
        insert(10, 1);
        insert(11, 2);
        session.close();
        assert_eq!(keys(), [11], "those of another session stay");
        // A call that unwraps a key is under way.
        insert(12, 1);
        drop(session);
        assert_eq!(keys(), [11]);
    }
}
