//! The open sessions of the application, by their handles.

use std::collections::BTreeMap;
use std::mem;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use cryptoki_sys::CK_ULONG;
use parking_lot::{Mutex, MutexGuard};

use crate::pin::Pin;
use crate::token::{Login, User};

use super::error::{Error, Result};
use super::session::Session;
use super::slots::{Inserted, SessionToken, Slot, SlotTable, absent_instead_of_removed};
use super::types::SessionHandle;

/// With the first session of a token begins a new use of the card: it is asked whether its data
/// were updated, unless it was asked this short a time ago. Applications that open a session for
/// each operation are not slowed down.
const LOOK_AGE: Duration = Duration::from_secs(3);

/// The sessions.
#[derive(Default)]
pub struct Sessions(Mutex<Open>);

#[derive(Default)]
struct Open {
    by_handle: BTreeMap<SessionHandle, Arc<Session>>,
    /// The handle that was given last.
    last: SessionHandle,
    /// C_Finalize has closed them all: none is opened any more.
    finalized: bool,
}

impl Sessions {
    /// C_OpenSession. Asks the service whether the card can still be reached, which may wait for
    /// the transaction of another program, and the card only as [`LOOK_AGE`] says.
    pub fn open(&self, slots: &Arc<SlotTable>, slot: Arc<Slot>, read_write: bool) -> Result<SessionHandle> {
        let look = slots.with_token(&slot, |inserted, token| {
            token.check_connection()?;
            match self.of(inserted).is_empty() {
                true => token.check_update(LOOK_AGE),
                false => Ok(()),
            }
        });
        let (inserted, ()) = look.map_err(absent_instead_of_removed)?;
        let token = SessionToken::new(Arc::clone(slots), slot, inserted);
        let mut open = self.0.lock();
        if !read_write {
            // A login of the SO that is under way ends first: it has seen no read-only session.
            let officer_enters = &token.slot().officer_enters;
            while officer_enters.is_locked() {
                MutexGuard::unlocked(&mut open, || drop(officer_enters.lock()));
            }
            if token.login() == Login::In(User::SecurityOfficer) {
                return Err(Error::SessionReadWriteSoExists);
            }
        }
        if open.finalized {
            return Err(Error::CryptokiNotInitialized);
        }
        open.last += 1;
        let handle = open.last;
        let session = Session::new(handle, token, read_write);
        open.by_handle.insert(handle, Arc::new(session));
        Ok(handle)
    }

    /// The session behind a handle; a session whose card went away is closed. Asks nobody, and
    /// waits for nobody.
    pub fn get(&self, handle: SessionHandle) -> Result<Arc<Session>> {
        let session = self.0.lock().by_handle.get(&handle).cloned();
        let session = session.ok_or(Error::SessionHandleInvalid)?;
        if session.token().is_there() {
            return Ok(session);
        }
        self.0.lock().by_handle.remove(&handle);
        Err(Error::SessionHandleInvalid)
    }

    /// The sessions with a token.
    fn of(&self, inserted: &Inserted) -> Vec<Arc<Session>> {
        let open = self.0.lock();
        let of_token = open.by_handle.values();
        of_token
            .filter(|session| session.token().inserted().is(inserted))
            .cloned()
            .collect()
    }

    /// Numbers of open sessions with a token: all, read/write.
    pub fn counts(&self, inserted: &Inserted) -> (CK_ULONG, CK_ULONG) {
        let sessions = self.of(inserted);
        sessions.iter().fold((0, 0), |(all, rw), session| {
            (all + 1, rw + CK_ULONG::from(session.read_write()))
        })
    }

    /// C_CloseSession. The last session of a token logs out.
    pub fn close(&self, session: &Session) {
        let tokens = slice::from_ref(session.token().inserted());
        self.end(tokens, |other| other.handle() == session.handle());
    }

    /// C_CloseAllSessions. `inserted` is the token in the slot, if there is one.
    pub fn close_all(&self, slot: &Slot, inserted: Option<&Inserted>) {
        self.end(inserted.map_or(&[], slice::from_ref), |session| {
            session.token().slot().id == slot.id
        });
    }

    /// C_Finalize: closes what is left, with the tokens in all slots.
    pub fn finalize(&self, tokens: &[Inserted]) {
        self.0.lock().finalized = true;
        self.end(tokens, |_| true);
    }

    /// Closes the sessions that are `meant`. §5.6 "C_CloseSession": the last one of an application
    /// with a token logs it out. The login ends in the same instant, so that a session which is
    /// opened now has no part in it; the card is closed afterwards.
    fn end(&self, tokens: &[Inserted], meant: impl Fn(&Session) -> bool) {
        let mut open = self.0.lock();
        // The last of them may hold the last connection to a card: it is dropped when no lock is
        // held.
        let (ended, left) = mem::take(&mut open.by_handle)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|(_, session)| meant(session));
        open.by_handle = left;
        ended.values().for_each(|session| session.close());
        let unused: Vec<_> = tokens
            .iter()
            .filter(|inserted| {
                let mut left = open.by_handle.values();
                !left.any(|session| session.token().inserted().is(inserted))
            })
            .inspect(|inserted| inserted.end_login())
            .collect();
        drop(open);
        for inserted in unused {
            if let Err(error) = inserted.close() {
                log::error!(
                    "the card could not be closed with the last session ({error:?}): until it is pulled out, reset or powered \
                     down, any program of this machine may use it as its holder. Pull it out"
                );
            }
        }
    }

    /// C_Login. One presentation of the PIN at the most; none when the PIN cannot be right.
    pub fn login(&self, session: &Session, user: User, pin: Option<Pin<'_>>) -> Result<()> {
        let _entering = match user {
            User::SecurityOfficer => Some(self.officer_enters(session)?),
            User::Holder => None,
        };
        session.may_log_in(user)?;
        // There is no keypad of our own, hence no CKF_PROTECTED_AUTHENTICATION_PATH.
        let pin = pin.ok_or(Error::ArgumentsBad)?;
        let presented = session.present_pin(user, pin, || {
            // Private objects that are there belong to a login that another program has ended.
            session.token().secret_keys().destroy_private();
            // A login that waited behind the close of the last session would leave the card open,
            // with nobody to close it.
            self.get(session.handle()).is_ok()
        });
        if presented.is_ok() {
            // Nor may it outlive a last session that was closed meanwhile.
            self.end(slice::from_ref(session.token().inserted()), |_| false);
        }
        presented
    }

    /// The SO begins to log in, which no read-only session may see; while that lasts none is
    /// opened.
    fn officer_enters<'s>(&self, session: &'s Session) -> Result<MutexGuard<'s, ()>> {
        let entering = session.token().slot().officer_enters.lock();
        let others = self.of(session.token().inserted());
        if others.iter().any(|other| !other.read_write()) {
            return Err(Error::SessionReadOnlyExists);
        }
        Ok(entering)
    }

    /// C_Logout. The card forgets the PIN; operations with private keys end in every session.
    pub fn logout(&self, session: &Session) -> Result<()> {
        if session.token().login_state() == Login::Public {
            return Err(Error::UserNotLoggedIn);
        }
        for other in self.of(session.token().inserted()) {
            other.end_private_operations();
        }
        session.logout()
    }
}
