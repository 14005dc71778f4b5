//! Login and PINs of the token in a session (PKCS #11 §5.6.8, §5.6.10; C_InitPIN, C_SetPIN of
//! §5.5).

use crate::card::CardError;
use crate::pin::Pin;
use crate::provider::error::{Error, Result};
use crate::token::{self, Login, User};

use super::Session;

impl Session {
    /// Refuses a login that would be in vain: the token has no such PIN, or somebody is logged in.
    pub fn may_log_in(&self, user: User) -> Result<()> {
        self.token.with_token(|token| {
            token.pin_of(user)?.ok_or(Error::UserPinNotInitialized)?;
            match token.login_state() {
                Login::Public => Ok(()),
                Login::In(who) => Err(already(who, user).into()),
            }
        })
    }

    /// C_Login: one presentation of the PIN at the most; none when it cannot be right, or when the
    /// login is not `wanted` any more once the card is free for it.
    pub fn present_pin(&self, user: User, pin: Pin<'_>, wanted: impl FnOnce() -> bool) -> Result<()> {
        self.token
            .with_token(|token| match token.present_pin(user, pin, wanted) {
                Err(token::Error::LoggedIn(who)) => Err(already(who, user).into()),
                // C_Login has no answer of its own to a malformed PIN: it is a wrong one, and cost
                // no try.
                Err(token::Error::Card(
                    CardError::PinLength | CardError::PinDigits | CardError::PinRefused(_),
                )) => Err(Error::PinIncorrect.into()),
                result => Ok(result?),
            })
    }

    /// C_Logout: the card forgets the PIN, and private session objects end.
    pub fn logout(&self) -> Result<()> {
        self.token.with_token(|token| {
            let outcome = token.logout();
            self.token.secret_keys().destroy_private();
            Ok(outcome?)
        })
    }

    /// C_InitPIN: a new PIN for the holder, by whoever presented the PUK.
    pub fn init_pin(&self, pin: Option<Pin<'_>>) -> Result<()> {
        // Under this login every session is read/write.
        if self.token.login_state() != Login::In(User::SecurityOfficer) {
            return Err(Error::UserNotLoggedIn);
        }
        let pin = pin.ok_or(Error::ArgumentsBad)?;
        self.token.with_token(|token| Ok(token.unblock_pin(pin)?))
    }

    /// C_SetPIN: the holder's PIN, with the old one; needs no login. The PUK cannot be changed.
    pub fn set_pin(&self, old: Option<Pin<'_>>, new: Option<Pin<'_>>) -> Result<()> {
        self.writable()?;
        if self.token.login_state() == Login::In(User::SecurityOfficer) {
            return Err(Error::FunctionNotSupported);
        }
        let (old, new) = (old.ok_or(Error::ArgumentsBad)?, new.ok_or(Error::ArgumentsBad)?);
        self.token.with_token(|token| Ok(token.change_pin(old, new)?))
    }
}

/// §5.6 "C_Login": the user is logged in already, or another one is.
fn already(who: User, wants: User) -> Error {
    if who == wants {
        Error::UserAlreadyLoggedIn
    } else {
        Error::UserAnotherAlreadyLoggedIn
    }
}
