//! Session management (PKCS #11 §5.6), login, and the codes (C_InitPIN, C_SetPIN of §5.5).

pub mod objects;
pub mod secret_keys;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use std::{mem, slice};

use cryptoki_sys::*;
use parking_lot::{Mutex, MutexGuard};

use crate::card::CardError;
use crate::pin::Pin;
use crate::token::object::PrivateKey;
use crate::token::{self, Login, User};

use crate::provider::error::{Error, Result};
use crate::provider::library::Library;
use crate::provider::operation::Operations;
use crate::provider::secret_key::SecretKey;
use crate::provider::slot::{Inserted, Slot, absent_instead_of_removed};
use crate::provider::types::{ObjectHandle, Output, SessionHandle, SessionInfo, SlotId, UserType};

/// An open session. It lives as long as its card stays in the reader.
pub struct Session {
    pub(in crate::provider) slot: Arc<Slot>,
    pub(in crate::provider) inserted: Inserted,
    read_write: bool,
    operations: Mutex<Operations>,
    secret_keys: Mutex<BTreeMap<ObjectHandle, Arc<SecretKey>>>,
}

impl Session {
    /// The operations under way, for the length of one call.
    pub(in crate::provider) fn operations(&self) -> MutexGuard<'_, Operations> {
        self.operations.lock()
    }

    /// The session objects that were made here, by their handles.
    pub(in crate::provider) fn secret_keys(&self) -> MutexGuard<'_, BTreeMap<ObjectHandle, Arc<SecretKey>>> {
        self.secret_keys.lock()
    }

    /// The token.
    pub(in crate::provider) fn token(&self) -> &token::Token {
        &self.inserted.token
    }

    /// Private objects may be seen, as far as this process knows.
    pub(in crate::provider) fn holder_logged_in(&self) -> bool {
        self.token().login() == Login::In(User::Holder)
    }

    /// Private keys may be used: the card was not reset since the login.
    pub(in crate::provider) fn holder_still_logged_in(&self) -> bool {
        self.token().login_state() == Login::In(User::Holder)
    }

    /// Refuses a protected key that nobody is logged in for (any more).
    pub(in crate::provider) fn may_use(&self, key: &PrivateKey) -> Result<()> {
        if key.entry.common.private && !self.holder_logged_in() {
            Err(Error::UserNotLoggedIn)
        } else {
            Ok(())
        }
    }

    fn state(&self) -> CK_STATE {
        match (self.token().login_state(), self.read_write) {
            (Login::Public, false) => CKS_RO_PUBLIC_SESSION,
            (Login::Public, true) => CKS_RW_PUBLIC_SESSION,
            (Login::In(User::Holder), false) => CKS_RO_USER_FUNCTIONS,
            (Login::In(User::Holder), true) => CKS_RW_USER_FUNCTIONS,
            (Login::In(User::SecurityOfficer), _) => CKS_RW_SO_FUNCTIONS,
        }
    }

    /// Writing calls need a read/write session.
    pub(in crate::provider) fn writable(&self) -> Result<()> {
        if self.read_write {
            Ok(())
        } else {
            Err(Error::SessionReadOnly)
        }
    }
}

/// With the first session of a token begins a new use of the card: it is asked whether its data were updated, unless it was asked
/// this short a time ago. Applications that open a session for each operation are not slowed down.
const LOOK_AGE: Duration = Duration::from_secs(3);

impl Library {
    /// C_OpenSession. The ABI has checked the flags. Asks the service whether the card can still be reached, which may wait for the transaction of
    /// another program, and the card only as [`LOOK_AGE`] says.
    pub fn open_session(&self, slot: SlotId, read_write: bool) -> Result<SessionHandle> {
        let slot = self.slot(slot)?;
        let first_of_token = |inserted: &Inserted| self.sessions_of(inserted).is_empty();
        let (inserted, ()) = self
            .on_token(&slot, |inserted| {
                inserted.token.check_connection()?;
                match first_of_token(inserted) {
                    true => inserted.token.check_update(LOOK_AGE),
                    false => Ok(()),
                }
            })
            .map_err(absent_instead_of_removed)?;
        let session = Session {
            slot,
            inserted,
            read_write,
            operations: Mutex::default(),
            secret_keys: Mutex::default(),
        };
        let mut sessions = self.sessions.lock();
        if !session.read_write {
            // A login of the SO that is under way ends first: it has seen no read-only session.
            while session.slot.officer_enters.is_locked() {
                MutexGuard::unlocked(&mut sessions, || drop(session.slot.officer_enters.lock()));
            }
            if session.token().login() == Login::In(User::SecurityOfficer) {
                return Err(Error::SessionReadWriteSoExists);
            }
        }
        // C_Finalize has closed the sessions, or will find this one.
        if self.finalized() {
            return Err(Error::CryptokiNotInitialized);
        }
        let mut next = self.next_session.lock();
        let handle = *next;
        *next += 1;
        sessions.insert(handle, Arc::new(session));
        Ok(handle)
    }

    /// C_CloseSession. The last session of a token logs out.
    pub fn close_session(&self, handle: SessionHandle) -> Result<()> {
        let session = self.session(handle)?;
        self.end_sessions(slice::from_ref(&session.inserted), |other, _| other == handle);
        Ok(())
    }

    /// C_CloseAllSessions.
    pub fn close_all_sessions(&self, slot: SlotId) -> Result<()> {
        let slot = self.slot(slot)?;
        let inserted = slot.current();
        self.end_sessions(inserted.as_slice(), |_, session| session.slot.id == slot.id);
        match inserted {
            Some(_) => Ok(()),
            None => self.token(&slot).map(|_| ()),
        }
    }

    /// C_Finalize closes what is left.
    pub(in crate::provider) fn close_every_session(&self) {
        let inserted: Vec<_> = self.slots().iter().filter_map(|slot| slot.current()).collect();
        self.end_sessions(&inserted, |_, _| true);
    }

    /// Closes the sessions that are `meant`. §5.6 "C_CloseSession": the last one of an application with a token logs it out; the login
    /// ends in the same instant, so that a session which is opened now has no part in it, and the card is closed afterwards.
    fn end_sessions(&self, tokens: &[Inserted], meant: impl Fn(SessionHandle, &Session) -> bool) {
        let mut sessions = self.sessions.lock();
        // The last of them may hold the last connection to a card: it is dropped when no lock is held.
        let (_ended, left) = mem::take(&mut *sessions)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|(handle, session)| meant(*handle, session));
        *sessions = left;
        let unused: Vec<_> = tokens
            .iter()
            .filter(|inserted| !sessions.values().any(|session| session.inserted.is(inserted)))
            .inspect(|inserted| inserted.token.end_login())
            .collect();
        drop(sessions);
        for inserted in unused {
            if let Err(error) = inserted.token.close() {
                log::error!(
                    "the card could not be closed with the last session ({error:?}): until it is pulled out, reset or powered \
                     down, any program of this machine may use it as its holder. Pull it out"
                );
            }
        }
    }

    /// The session behind a handle; a session whose card went away is closed. Asks nobody, and waits for nobody.
    pub(in crate::provider) fn session(&self, handle: SessionHandle) -> Result<Arc<Session>> {
        let session = self.sessions.lock().get(&handle).cloned();
        let session = session.ok_or(Error::SessionHandleInvalid)?;
        if session.slot.holds(&session.inserted) {
            return Ok(session);
        }
        self.sessions.lock().remove(&handle);
        Err(Error::SessionHandleInvalid)
    }

    /// The session behind a handle, after a look at the readers: for calls that are about to talk to the card, so that a card
    /// that was taken out before them (CKR_SESSION_HANDLE_INVALID) is told from one taken out during them
    /// (CKR_DEVICE_REMOVED, §5.1.2).
    pub(in crate::provider) fn live_session(&self, handle: SessionHandle) -> Result<Arc<Session>> {
        let session = self.session(handle)?;
        if self.refresh_slot(&session.slot) {
            return self.session(handle);
        }
        Ok(session)
    }

    /// The session behind a handle, for a call that needs the card unless only a size is asked for.
    pub(in crate::provider) fn session_for(
        &self,
        handle: SessionHandle,
        out: &Output<'_>,
    ) -> Result<Arc<Session>> {
        match out {
            Output::Size => self.session(handle),
            Output::Buffer(_) => self.live_session(handle),
        }
    }

    /// Numbers of open sessions with a token: all, read/write.
    pub(in crate::provider) fn session_counts(&self, inserted: &Inserted) -> (CK_ULONG, CK_ULONG) {
        let sessions = self.sessions.lock();
        let of_token = sessions.values().filter(|session| session.inserted.is(inserted));
        of_token.fold((0, 0), |(all, rw), session| {
            (all + 1, rw + CK_ULONG::from(session.read_write))
        })
    }

    /// C_GetSessionInfo. Notices a removal and a reset by another program; sends nothing to the card.
    pub fn session_info(&self, handle: SessionHandle) -> Result<SessionInfo> {
        let session = self.live_session(handle)?;
        let write = if session.read_write { CKF_RW_SESSION } else { 0 };
        Ok(SessionInfo {
            slot: session.slot.id,
            state: session.state(),
            flags: CKF_SERIAL_SESSION | write,
            device_error: 0,
        })
    }

    /// C_SessionCancel (§5.6): `flags` are those of CK_MECHANISM_INFO. True if an operation was under way.
    pub fn session_cancel(&self, handle: SessionHandle, flags: CK_FLAGS) -> Result<bool> {
        let session = self.session(handle)?;
        Ok(session.operations().cancel(flags))
    }

    /// C_Login. One presentation of the code at the most; none when the code cannot be right.
    pub fn login(&self, handle: SessionHandle, user: UserType, pin: Option<Pin<'_>>) -> Result<()> {
        let session = self.live_session(handle)?;
        let user = match user {
            CKU_USER => User::Holder,
            CKU_SO => User::SecurityOfficer,
            // No key of these cards has CKA_ALWAYS_AUTHENTICATE, so no operation waits for its own login.
            CKU_CONTEXT_SPECIFIC => return Err(Error::OperationNotInitialized),
            _ => return Err(Error::UserTypeInvalid),
        };
        let _entering = match user {
            User::SecurityOfficer => Some(self.officer_enters(&session)?),
            User::Holder => None,
        };
        let token = session.token();
        self.note(&session, token.pin_of(user))?
            .ok_or(Error::UserPinNotInitialized)?;
        match token.login_state() {
            Login::Public => {}
            Login::In(who) => return Err(already(who, user)),
        }
        // There is no keypad of our own, hence no CKF_PROTECTED_AUTHENTICATION_PATH.
        let pin = pin.ok_or(Error::ArgumentsBad)?;
        // A login that waited behind the close of the last session would leave the card open with nobody to close it.
        let wanted = || {
            // What is there yet is of a login that another program has ended.
            self.destroy_private_objects(&session.inserted);
            self.session(handle).is_ok()
        };
        let presented = token.present_pin(user, pin, wanted);
        if presented.is_ok() {
            // Nor may it outlive a last session that was closed meanwhile.
            self.end_sessions(slice::from_ref(&session.inserted), |_, _| false);
        }
        match presented {
            Err(token::Error::LoggedIn(who)) => Err(already(who, user)),
            // C_Login has no code of its own for a malformed PIN: it is a wrong one, and cost no try.
            Err(token::Error::Card(
                CardError::PinLength | CardError::PinDigits | CardError::PinRefused(_),
            )) => Err(Error::PinIncorrect),
            result => self.note(&session, result),
        }
    }

    /// The SO begins to log in, which no read-only session may see; while that lasts none is opened.
    fn officer_enters<'s>(&self, session: &'s Session) -> Result<MutexGuard<'s, ()>> {
        let entering = session.slot.officer_enters.lock();
        let sessions = self.sessions.lock();
        let mut others = sessions.values();
        if others.any(|other| other.inserted.is(&session.inserted) && !other.read_write) {
            return Err(Error::SessionReadOnlyExists);
        }
        Ok(entering)
    }

    /// C_Logout. The card forgets the code; operations with private keys end.
    pub fn logout(&self, handle: SessionHandle) -> Result<()> {
        let session = self.live_session(handle)?;
        if session.token().login_state() == Login::Public {
            return Err(Error::UserNotLoggedIn);
        }
        for other in self.sessions_of(&session.inserted) {
            other.operations().end_private();
        }
        let outcome = session.token().logout();
        self.destroy_private_objects(&session.inserted);
        self.note(&session, outcome)
    }

    pub(in crate::provider) fn sessions_of(&self, inserted: &Inserted) -> Vec<Arc<Session>> {
        self.sessions
            .lock()
            .values()
            .filter(|session| session.inserted.is(inserted))
            .cloned()
            .collect()
    }

    /// C_InitPIN: a new holder's code, by whoever presented the unblocking code.
    pub fn init_pin(&self, handle: SessionHandle, pin: Option<Pin<'_>>) -> Result<()> {
        let session = self.live_session(handle)?;
        // Under this login every session is read/write.
        if session.token().login_state() != Login::In(User::SecurityOfficer) {
            return Err(Error::UserNotLoggedIn);
        }
        let pin = pin.ok_or(Error::ArgumentsBad)?;
        self.note(&session, session.token().unblock_pin(pin))
    }

    /// C_SetPIN: the holder's code, with the old one; needs no login. The unblocking code cannot be changed.
    pub fn set_pin(&self, handle: SessionHandle, old: Option<Pin<'_>>, new: Option<Pin<'_>>) -> Result<()> {
        let session = self.live_session(handle)?;
        session.writable()?;
        if session.token().login_state() == Login::In(User::SecurityOfficer) {
            return Err(Error::FunctionNotSupported);
        }
        let (old, new) = (old.ok_or(Error::ArgumentsBad)?, new.ok_or(Error::ArgumentsBad)?);
        self.note(&session, session.token().change_pin(old, new))
    }

    /// Passes a result of the token on; see [`Library::noticing`].
    pub(in crate::provider) fn note<T>(
        &self,
        session: &Session,
        result: std::result::Result<T, token::Error>,
    ) -> Result<T> {
        if result.is_ok() {
            session.slot.worked();
        }
        self.noticing(&session.slot, &session.inserted, result)
    }

    /// What `act` makes of the token in a slot. A token whose card was updated meanwhile is taken up anew, and so is one that a reader or
    /// a service has brought back which was away: nobody may have looked in between.
    pub(in crate::provider) fn on_token<T>(
        &self,
        slot: &Slot,
        act: impl Fn(&Inserted) -> std::result::Result<T, token::Error>,
    ) -> Result<(Inserted, T)> {
        let mut inserted = self.token(slot)?;
        let mut result = act(&inserted);
        if matches!(result, Err(token::Error::Card(CardError::Updated))) {
            slot.drop_token(&inserted);
            inserted = self.token(slot)?;
            result = act(&inserted);
        } else if is_final(&result) {
            slot.drop_token(&inserted);
            self.refresh();
            if let Ok(another) = self.token(slot) {
                inserted = another;
                result = act(&inserted);
            }
        }
        let result = self.noticing(slot, &inserted, result)?;
        Ok((inserted, result))
    }

    /// Passes a result of the token on, and drops the token when the result shows that its card is gone, or is as good as another
    /// one after an update.
    pub(in crate::provider) fn noticing<T>(
        &self,
        slot: &Slot,
        inserted: &Inserted,
        result: std::result::Result<T, token::Error>,
    ) -> Result<T> {
        match &result {
            Err(_) if is_final(&result) => {
                slot.drop_token(inserted);
                self.refresh();
            }
            Err(token::Error::Card(CardError::Updated | CardError::InterruptedUpdate)) => {
                slot.drop_token(inserted);
            }
            _ => {}
        }
        result.map_err(|refusal| slot.answer(&refusal))
    }
}

/// The connection to the card is dead.
fn is_final<T>(result: &std::result::Result<T, token::Error>) -> bool {
    matches!(result, Err(token::Error::Card(CardError::Reader(why))) if why.is_final())
}

/// §5.6 "C_Login": the user is logged in already, or another one is.
fn already(who: User, wants: User) -> Error {
    if who == wants {
        Error::UserAlreadyLoggedIn
    } else {
        Error::UserAnotherAlreadyLoggedIn
    }
}
