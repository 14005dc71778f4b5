//! Unwrapping (PKCS #11 §5.18.4): the card deciphers a secret key, which becomes an object of the session; and the life of such objects.
//!
//! They belong to the session that made them and end with it, whatever ends it, and all sessions of the application with the token see
//! them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use cryptoki_sys::CKO_SECRET_KEY;
use zeroize::Zeroizing;

use crate::crypto::padding::pkcs1;
use crate::crypto::system_random;
use crate::token;
use crate::token::key::Padding;

use crate::provider::error::{Error, Result};
use crate::provider::library::Library;
use crate::provider::mechanism;
use crate::provider::secret_key::{SecretKey, Template};
use crate::provider::session::Session;
use crate::provider::session::objects::{Use, same_value};
use crate::provider::slot::Inserted;
use crate::provider::types::{Attribute, Mechanism, ObjectHandle, SessionHandle};

impl Library {
    /// C_UnwrapKey: a secret key as a session object. The template is read before the card is asked.
    pub fn unwrap_key(
        &self,
        session: SessionHandle,
        mechanism: &Mechanism,
        key: ObjectHandle,
        wrapped: &[u8],
        template: &[Attribute<'_>],
    ) -> Result<ObjectHandle> {
        let session = self.live_session(session)?;
        let handle = self
            .key(&session, key, mechanism.kind, Use::Unwrap)
            .map_err(of_unwrapping_key)?;
        let private = handle.private().ok_or(Error::UnwrappingKeyTypeInconsistent)?;
        if !token::mechanism::unwraps(private, mechanism.kind) {
            return Err(Error::MechanismInvalid);
        }
        let padding = mechanism::encipherment(mechanism)?;
        // As long as the modulus, or refused for that.
        let longest = longest(&padding, wrapped.len());
        let template = Template::read(template, longest, session.writable().is_ok())?;
        let value = session.token().decipher(private, &padding, wrapped);
        let value = self.note(&session, value).map_err(|error| match error {
            Error::EncryptedDataLenRange => Error::WrappedKeyLenRange,
            Error::EncryptedDataInvalid => template.refusal(),
            other => other,
        })?;
        self.keep(&session, template, value)
    }

    fn keep(&self, session: &Session, template: Template, value: Zeroizing<Vec<u8>>) -> Result<ObjectHandle> {
        let key = template.key(value, unique_id(session)?)?;
        let private = key.private();
        let handle = self.new_handle();
        session.secret_keys().insert(handle, Arc::new(key));
        // Another thread has logged out while the card was at work, and has found nothing to destroy.
        if private && !session.holder_logged_in() {
            session.secret_keys().remove(&handle);
            return Err(Error::UserNotLoggedIn);
        }
        Ok(handle)
    }

    fn new_handle(&self) -> ObjectHandle {
        let block = || self.insertions.fetch_add(1, Ordering::Relaxed);
        self.session_handles.lock().next(block)
    }

    /// C_DestroyObject. What is on the card stays there.
    pub fn destroy_object(&self, session: SessionHandle, object: ObjectHandle) -> Result<()> {
        let session = self.session(session)?;
        let Some((owner, key)) = self.secret_key(&session, object) else {
            self.visible(&session, object)?;
            session.writable()?;
            return Err(Error::ActionProhibited);
        };
        if !key.destroyable() {
            return Err(Error::ActionProhibited);
        }
        match owner.secret_keys().remove(&object) {
            Some(_) => Ok(()),
            None => Err(Error::ObjectHandleInvalid),
        }
    }

    /// C_SetAttributeValue of a secret key.
    pub(in crate::provider) fn change_secret_key(
        owner: &Session,
        object: ObjectHandle,
        template: &[Attribute<'_>],
    ) -> Result<()> {
        match owner.secret_keys().get_mut(&object) {
            Some(key) => Arc::make_mut(key).change(template),
            None => Err(Error::ObjectHandleInvalid),
        }
    }

    /// The secret key with this handle, and the session that it belongs to, if this session may see it now.
    pub(in crate::provider) fn secret_key(
        &self,
        session: &Session,
        handle: ObjectHandle,
    ) -> Option<(Arc<Session>, Arc<SecretKey>)> {
        if session.inserted.place(handle).is_some() {
            return None;
        }
        let found = self.sessions_of(&session.inserted).into_iter().find_map(|owner| {
            let key = owner.secret_keys().get(&handle).cloned()?;
            Some((owner, key))
        });
        found.filter(|(_, key)| !key.private() || session.holder_logged_in())
    }

    /// Handles of the secret keys that this session may see and that have every attribute of the template, oldest first.
    pub(in crate::provider) fn matching_secret_keys(
        &self,
        session: &Session,
        template: &[Attribute<'_>],
    ) -> Vec<ObjectHandle> {
        let logged_in = session.holder_logged_in();
        let matches = |key: &SecretKey| {
            (logged_in || !key.private())
                && template
                    .iter()
                    .all(|wanted| same_value(&key.attribute(wanted.kind), wanted))
        };
        let mut found = Vec::new();
        let sessions = self.sessions.lock();
        let of_token = sessions.values().filter(|it| it.inserted.is(&session.inserted));
        for owner in of_token {
            let keys = owner.secret_keys();
            found.extend(
                keys.iter()
                    .filter(|(_, key)| matches(key))
                    .map(|(handle, _)| *handle),
            );
        }
        found.sort_unstable();
        found
    }

    /// §5.6 "C_Logout": private session objects are destroyed.
    pub(in crate::provider) fn destroy_private_objects(&self, inserted: &Inserted) {
        for session in self.sessions_of(inserted) {
            session.secret_keys().retain(|_, key| !key.private());
        }
    }

    /// Session objects of cards that have gone; their sessions end at the next call in them.
    pub(in crate::provider) fn destroy_orphans(&self) {
        for session in self.sessions.lock().values() {
            let mut keys = session.secret_keys();
            if !keys.is_empty() && !session.slot.holds(&session.inserted) {
                keys.clear();
            }
        }
    }
}

/// CKR_ codes of C_UnwrapKey in place of those that other functions have for their key. §5.18.4 does not list
/// CKR_KEY_FUNCTION_NOT_PERMITTED.
fn of_unwrapping_key(error: Error) -> Error {
    match error {
        Error::KeyHandleInvalid => Error::UnwrappingKeyHandleInvalid,
        Error::KeyTypeInconsistent | Error::KeyFunctionNotPermitted => Error::UnwrappingKeyTypeInconsistent,
        other => other,
    }
}

/// Bytes of the longest key that a block of `modulus_len` bytes holds.
fn longest(padding: &Padding, modulus_len: usize) -> usize {
    match padding {
        Padding::Pkcs1 => modulus_len.saturating_sub(pkcs1::OVERHEAD),
        Padding::Oaep(scheme) => scheme
            .parameters()
            .max_message_len(modulus_len)
            .unwrap_or_default(),
    }
}

/// CKA_UNIQUE_ID of a new object: random, so that it is that of no other, of whatever process.
fn unique_id(session: &Session) -> Result<String> {
    let mut random = [0; 16];
    system_random::fill(&mut random).map_err(|_| Error::FunctionFailed)?;
    let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{}-{CKO_SECRET_KEY}-{random}", session.token().serial()))
}
