//! Unwrapping (PKCS #11 §5.18.4): the card deciphers a secret key, which becomes an object of the
//! session; and the end of such objects.

use cryptoki_sys::CKO_SECRET_KEY;
use zeroize::Zeroizing;

use crate::crypto::padding::pkcs1;
use crate::crypto::system_random;
use crate::provider::error::{Error, Result};
use crate::provider::mechanism;
use crate::provider::operation::Use;
use crate::provider::secret_key::Template;
use crate::provider::types::{Attribute, Mechanism, ObjectHandle};
use crate::token;
use crate::token::key::Padding;

use super::Session;

impl Session {
    /// C_UnwrapKey: a secret key as a session object. The template is read before the card is
    /// asked.
    pub fn unwrap_key(
        &self,
        mechanism: &Mechanism,
        key: ObjectHandle,
        wrapped: &[u8],
        template: &[Attribute<'_>],
    ) -> Result<ObjectHandle> {
        let key = self
            .key(key, mechanism.kind, Use::Unwrap)
            .map_err(of_unwrapping_key)?;
        let private = self.token.with_token(|token| key.private(token))?;
        if !token::mechanism::unwraps(private, mechanism.kind) {
            return Err(Error::MechanismInvalid);
        }
        let padding = mechanism::encipherment(mechanism)?;
        // As long as the modulus, or refused for that.
        let longest = longest(&padding, wrapped.len());
        let template = Template::read(template, longest, self.read_write)?;
        let value = self
            .token
            .with_token(|token| Ok(token.decipher(private, &padding, wrapped)?));
        let value = value.map_err(|error| match error {
            Error::EncryptedDataLenRange => Error::WrappedKeyLenRange,
            Error::EncryptedDataInvalid => template.refusal(),
            other => other,
        })?;
        self.keep(template, value)
    }

    fn keep(&self, template: Template, value: Zeroizing<Vec<u8>>) -> Result<ObjectHandle> {
        let key = template.key(value, unique_id(self.token.serial())?)?;
        let private = key.private();
        let keys = self.token.secret_keys();
        let handle = self.token.new_object_handle();
        keys.insert(handle, self.handle, key)?;
        // Another thread has logged out while the card was at work, and has found nothing to
        // destroy.
        if private && !self.holder_logged_in() {
            keys.destroy(handle);
            return Err(Error::UserNotLoggedIn);
        }
        Ok(handle)
    }

    /// C_DestroyObject. What is on the card stays there.
    pub fn destroy_object(&self, object: ObjectHandle) -> Result<()> {
        let Some(key) = self.secret_key(object) else {
            self.visible(object)?;
            self.writable()?;
            return Err(Error::ActionProhibited);
        };
        if !key.destroyable() {
            return Err(Error::ActionProhibited);
        }
        match self.token.secret_keys().destroy(object) {
            true => Ok(()),
            false => Err(Error::ObjectHandleInvalid),
        }
    }
}

/// CKR_ codes of C_UnwrapKey in place of those that other functions have for their key. §5.18.4
/// does not list CKR_KEY_FUNCTION_NOT_PERMITTED.
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
fn unique_id(serial: &str) -> Result<String> {
    let mut random = [0; 16];
    system_random::fill(&mut random).map_err(|_| Error::FunctionFailed)?;
    let random = base16ct::lower::encode_string(&random);
    Ok(format!("{serial}-{CKO_SECRET_KEY}-{random}"))
}
