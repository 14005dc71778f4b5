//! The key of an operation.

use crate::provider::error::{Error, Refusal};
use crate::provider::slots::Place;
use crate::provider::types::{MechanismType, Output};
use crate::token::object::{Object, PrivateKey, PublicKeyObject};
use crate::token::{Login, Token, User, mechanism};

/// The use for which a key is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// C_Sign with a private key.
    Sign,
    /// C_SignRecover with a private key.
    SignRecover,
    /// C_Decrypt with a private key.
    Decrypt,
    /// C_UnwrapKey with a private key.
    Unwrap,
    /// C_Verify with a public key.
    Verify,
    /// C_VerifyRecover with a public key.
    VerifyRecover,
    /// C_Encrypt with a public key.
    Encrypt,
}

/// A key of the session's token, held by an operation.
#[derive(Clone, Copy)]
pub struct KeyHandle(Place);

impl KeyHandle {
    /// A key that may be used now for `wanted`. The order of the refusals is that of the tests of
    /// the standard and of the official module: handle, login, kind of key, permission.
    pub fn of(token: &Token, place: Place, wanted: Use) -> Result<KeyHandle, Refusal> {
        let object = place.object(token)?.ok_or(Error::KeyHandleInvalid)?;
        if object.private() && token.login_state() != Login::In(User::Holder) {
            return Err(Error::UserNotLoggedIn.into());
        }
        let permitted = match (object, wanted) {
            (Object::PrivateKey(key), Use::Sign) => key.signs(),
            (Object::PrivateKey(key), Use::SignRecover) => key.signs_bare_data(),
            (Object::PrivateKey(key), Use::Decrypt) => key.entry.usage.decrypt,
            (Object::PrivateKey(key), Use::Unwrap) => key.unwraps(),
            (Object::PublicKey(key), Use::Verify) => token.public_usage(key)?.verify,
            (Object::PublicKey(key), Use::VerifyRecover) => token.public_usage(key)?.verify_recover,
            (Object::PublicKey(key), Use::Encrypt) => token.public_usage(key)?.encrypt,
            (Object::PrivateKey(_) | Object::PublicKey(_), _) => {
                return Err(Error::KeyTypeInconsistent.into());
            }
            _ => return Err(Error::KeyHandleInvalid.into()),
        };
        if permitted {
            Ok(KeyHandle(place))
        } else {
            Err(Error::KeyFunctionNotPermitted.into())
        }
    }

    /// The private key.
    ///
    /// # Errors
    /// [`Error::KeyTypeInconsistent`] if it is none.
    pub fn private(self, token: &Token) -> Result<&PrivateKey, Refusal> {
        match self.0.object(token)? {
            Some(Object::PrivateKey(key)) => Ok(key),
            _ => Err(Error::KeyTypeInconsistent.into()),
        }
    }

    /// The public key.
    ///
    /// # Errors
    /// [`Error::KeyTypeInconsistent`] if it is none.
    pub fn public(self, token: &Token) -> Result<&PublicKeyObject, Refusal> {
        match self.0.object(token)? {
            Some(Object::PublicKey(key)) => Ok(key),
            _ => Err(Error::KeyTypeInconsistent.into()),
        }
    }

    /// Whether a signature of this mechanism can be of this public key's private half.
    pub fn verifies(self, token: &Token, kind: MechanismType) -> Result<bool, Refusal> {
        Ok(match self.private_half(token)? {
            Some(private) => mechanism::signs(private, kind),
            None => token.verifies(kind),
        })
    }

    /// Whether a cryptogram of this mechanism can be deciphered by this public key's private half.
    pub fn enciphers(self, token: &Token, kind: MechanismType) -> Result<bool, Refusal> {
        let private = self.private_half(token)?;
        Ok(private.is_some_and(|private| mechanism::deciphers(private, kind)))
    }

    fn private_half(self, token: &Token) -> Result<Option<&PrivateKey>, Refusal> {
        Ok(token.private_key_of(&self.public(token)?.id)?)
    }
}

/// Refuses a protected key that nobody is logged in for (any more).
pub fn may_use(token: &Token, key: &PrivateKey) -> Result<(), Refusal> {
    if key.entry.common.private && token.login() != Login::In(User::Holder) {
        Err(Error::UserNotLoggedIn.into())
    } else {
        Ok(())
    }
}

/// Length of a signature by this key, if that is all the caller wants. Sends nothing where the
/// directory announces a length.
pub fn length_if_asked(token: &Token, key: &PrivateKey, out: &Output<'_>) -> Result<Option<usize>, Refusal> {
    let length = token.modulus_len(key)?;
    Ok((!out.wants(length)?).then_some(length))
}

/// Measures the buffer by the key that will check the signature, before the message is taken: the
/// directory may have announced less.
pub fn has_room(token: &Token, key: &PrivateKey, out: &Output<'_>) -> Result<(), Refusal> {
    let public = token.public_key(&key.entry.id)?;
    Ok(out.wants(public.size()).map(drop)?)
}
