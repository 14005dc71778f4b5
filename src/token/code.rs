//! The codes of a token: login, logout, change, unblocking, and the counters behind the token flags.

use parking_lot::Mutex;

use crate::card::{Card, CardError, PinState};
use crate::config::Logout;
use crate::pin::Pin;
use crate::pkcs15::PinObject;

use super::{Error, Token};

/// Who presents a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// CKU_USER: the holder, with the code of the card.
    Holder,
    /// CKU_SO: whoever has the unblocking code.
    SecurityOfficer,
}

/// Who is logged in to the token from this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Login {
    /// Nobody.
    #[default]
    Public,
    /// Somebody, and the card still knows as far as the PC/SC service can tell.
    In(User),
}

/// What the flags of CK_TOKEN_INFO say of one code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    /// CKF_..._PIN_COUNT_LOW.
    pub low: bool,
    /// CKF_..._PIN_FINAL_TRY.
    pub final_try: bool,
    /// CKF_..._PIN_LOCKED.
    pub locked: bool,
}

impl From<PinState> for Counter {
    fn from(state: PinState) -> Counter {
        let spent = state.uses_left == Some(0);
        match state.tries_left {
            _ if spent => Counter {
                locked: true,
                ..Counter::default()
            },
            Some(0) => Counter {
                locked: true,
                ..Counter::default()
            },
            Some(1) => Counter {
                low: true,
                final_try: true,
                locked: false,
            },
            Some(n) => Counter {
                low: state.tries_max.is_some_and(|max| n < max),
                ..Counter::default()
            },
            None => Counter::default(),
        }
    }
}

/// What is remembered of the codes. Never held across an exchange with the card.
#[derive(Default)]
pub(super) struct Codes {
    login: Mutex<Login>,
    /// The card is to be closed, or could not be when it should have been: whoever closes it next does so.
    left_open: Mutex<bool>,
    /// What closing means.
    logout: Logout,
    holder: Mutex<Option<PinState>>,
    officer: Mutex<Option<PinState>>,
}

impl Codes {
    /// Nothing is known yet.
    pub(super) fn new(logout: Logout) -> Codes {
        Codes {
            logout,
            ..Codes::default()
        }
    }

    fn of(&self, user: User) -> &Mutex<Option<PinState>> {
        match user {
            User::Holder => &self.holder,
            User::SecurityOfficer => &self.officer,
        }
    }
}

impl Token {
    /// Who is logged in as far as this process knows; waits for nothing. A card that has forgotten says so itself when it is
    /// asked for something protected.
    pub fn login(&self) -> Login {
        *self.codes.login.lock()
    }

    /// Who is logged in. Asks the PC/SC service whether the card was reset meanwhile, unless an exchange runs right
    /// now; sends nothing to the card, but may wait for the transaction of another program.
    pub fn login_state(&self) -> Login {
        if self.login() != Login::Public {
            // Whoever uses the card will hear that it is gone.
            let _ = self.check_connection();
        }
        self.login()
    }

    /// Asks the PC/SC service, as [`Token::login_state`] does, whether the card can still be reached: a reader that was unplugged and
    /// plugged in again with its card looks as before.
    pub fn check_connection(&self) -> Result<(), Error> {
        let Some(mut card) = self.card.try_lock() else {
            return Ok(());
        };
        let result = card.continuous();
        let lost = matches!(&result, Err(CardError::Reader(why)) if why.is_final());
        if (lost || result == Ok(false)) && self.login() != Login::Public {
            self.forget_login();
        }
        match result {
            Err(error) if lost => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn forget_login(&self) {
        *self.codes.login.lock() = Login::Public;
        // A reset also ends "verified" states that hid a counter.
        *self.codes.holder.lock() = None;
    }

    /// Uses the card for something that, if it is `protected`, needs the login of this process. After a reset by another program the card
    /// may know that program's login: what it gave under somebody else's code is withheld.
    pub(super) fn with_own_login<T>(
        &self,
        protected: bool,
        act: impl FnOnce(&mut dyn Card) -> Result<T, CardError>,
    ) -> Result<T, Error> {
        let mut card = self.card.lock();
        if !protected {
            return Ok(act(card.as_mut())?);
        }
        // Both may have changed while this waited for the card.
        if self.login() == Login::Public || !card.seen_continuous() {
            self.forget_login();
            return Err(Error::NotLoggedIn);
        }
        match act(card.as_mut()) {
            Ok(done) if card.seen_continuous() => Ok(done),
            Ok(_) | Err(CardError::NotVerified) => {
                // A card that denies a login which nobody has ended is in a state that it alone knows.
                if card.seen_continuous() && self.login() != Login::Public {
                    self.close_in_doubt(card.as_mut());
                }
                self.forget_login();
                Err(Error::NotLoggedIn)
            }
            Err(other) => Err(other.into()),
        }
    }

    /// The code that `user` presents: the first holder's code of AODF, or the first unblocking code.
    pub fn code(&self, user: User) -> Result<Option<&PinObject>, Error> {
        Ok(self
            .head()?
            .pins
            .iter()
            .find(|code| code.unblocking == (user == User::SecurityOfficer)))
    }

    fn code_or_none(&self, user: User) -> Result<&PinObject, Error> {
        self.code(user)?.ok_or(Error::NoCode)
    }

    /// The counter of a code, asked from the card once and followed from then on.
    pub fn counter(&self, user: User) -> Result<Counter, Error> {
        let Some(code) = self.code(user)? else {
            return Ok(Counter::default());
        };
        self.forget_disturbed_counters();
        if let Some(state) = *self.codes.of(user).lock() {
            return Ok(state.into());
        }
        let state = self.card.lock().pin_state(code)?;
        *self.codes.of(user).lock() = Some(state);
        Ok(state.into())
    }

    /// A program that has reset the card may have tried codes too. Waits for nothing.
    fn forget_disturbed_counters(&self) {
        if let Some(mut card) = self.card.try_lock()
            && card.take_disturbance()
        {
            *self.codes.holder.lock() = None;
            *self.codes.officer.lock() = None;
        }
    }

    /// Presents a code to the card, once. The caller has checked that nobody is logged in; `wanted` is asked when the card is free
    /// for it.
    pub fn present_code(&self, user: User, pin: Pin<'_>, wanted: impl FnOnce() -> bool) -> Result<(), Error> {
        let code = self.code_or_none(user)?;
        let mut card = self.card.lock();
        if let Login::In(who) = *self.codes.login.lock() {
            return Err(Error::LoggedIn(who));
        }
        if !wanted() {
            return Err(Error::SessionGone);
        }
        let tries = (*self.codes.of(user).lock()).and_then(|state| state.tries_left);
        let result = card.verify(code, pin.digits(), tries);
        self.note_presentation(user, &result);
        if result.as_ref().is_err_and(is_unclear) {
            self.close_in_doubt(card.as_mut());
        }
        result?;
        // What an earlier login should have left closed is this one's to close now.
        *self.codes.left_open.lock() = false;
        *self.codes.login.lock() = Login::In(user);
        Ok(())
    }

    /// Follows the counter of a code through its presentation, so that the flags cost no exchange.
    fn note_presentation(&self, user: User, result: &Result<(), CardError>) {
        let mut state = self.codes.of(user).lock();
        match result {
            Ok(()) => *state = state.filter(|s| s.uses_left.is_none()).map(restored),
            Err(CardError::PinIncorrect {
                tries_left: Some(left),
            }) => *state = with_tries(*state, *left),
            Err(CardError::PinBlocked) => *state = with_tries(*state, 0),
            // Refused before the card was asked: nothing has moved.
            Err(CardError::PinLength | CardError::PinDigits) => {}
            Err(_) => *state = None,
        }
    }

    /// Ends the login, and closes the card as [`Logout`] says. The token is public afterwards whatever the card answers.
    pub fn logout(&self) -> Result<(), Error> {
        let mut card = self.card.lock();
        self.forget_login();
        Ok(self.close_card(card.as_mut())?)
    }

    /// Closes the card, and remembers when that could not be done.
    fn close_card(&self, card: &mut dyn Card) -> Result<(), CardError> {
        let closed = card.logout(self.codes.logout);
        *self.codes.left_open.lock() = closed.as_ref().is_err_and(is_unclear);
        closed
    }

    /// Closes a card whose state is not known.
    fn close_in_doubt(&self, card: &mut dyn Card) {
        if let Err(error) = self.close_card(card) {
            log::warn!("the card could not be closed: {error:?}");
        }
    }

    /// Ends the login at once, before the card is closed, which [`Token::close`] does: a login that begins in between is another one.
    /// Waits for nothing.
    pub fn end_login(&self) {
        let mut login = self.codes.login.lock();
        if *login != Login::Public {
            *login = Login::Public;
            *self.codes.left_open.lock() = true;
        }
    }

    /// Closes the card if a login has ended without that, unless another one has begun since. Waits for the end of an exchange.
    pub fn close(&self) -> Result<(), Error> {
        let mut card = self.card.lock();
        if self.login() != Login::Public || !*self.codes.left_open.lock() {
            return Ok(());
        }
        *self.codes.holder.lock() = None;
        match card.continuous() {
            Ok(true) => self.close_card(card.as_mut())?,
            Ok(false) => *self.codes.left_open.lock() = false,
            Err(error) => {
                *self.codes.left_open.lock() = is_unclear(&error);
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// C_SetPIN: replaces the holder's code. Where nobody is logged in the card is closed again, because on CPS4 the old code is
    /// verified on the way, and stays so even when the new one is refused. A wrong old code ends a login, as a card that misses a
    /// code takes an earlier verification of it back.
    pub fn change_code(&self, old: Pin<'_>, new: Pin<'_>) -> Result<(), Error> {
        let code = self.code_or_none(User::Holder)?;
        let mut card = self.card.lock();
        let result = card.change_pin(code, old.digits(), new.digits());
        self.note_presentation(User::Holder, &result);
        if !card.seen_continuous() {
            self.forget_login();
        }
        let public = self.login() == Login::Public;
        let to_close = match &result {
            Ok(()) | Err(CardError::PinRefused(_)) => public,
            Err(CardError::PinIncorrect { .. } | CardError::PinBlocked) => !public,
            Err(error) => is_unclear(error),
        };
        if to_close {
            self.forget_login();
            self.close_in_doubt(card.as_mut());
        }
        Ok(result?)
    }

    /// C_InitPIN: a new holder's code, after the unblocking code was presented.
    pub fn reset_code(&self, new: Pin<'_>) -> Result<(), Error> {
        let code = self.code_or_none(User::Holder)?;
        let result = self.with_own_login(true, |card| card.unblock_pin(code, new.digits()));
        *self.codes.holder.lock() = None;
        *self.codes.officer.lock() = None;
        result
    }
}

/// Whether the card is there and has not said that the code is wrong: it may be open although this error came.
fn is_unclear(error: &CardError) -> bool {
    match error {
        CardError::Reader(why) => !why.is_final(),
        CardError::PinIncorrect { .. }
        | CardError::PinBlocked
        | CardError::PinLength
        | CardError::PinDigits
        | CardError::Updated
        | CardError::InterruptedUpdate => false,
        _ => true,
    }
}

/// After a good presentation every try is back.
fn restored(state: PinState) -> PinState {
    PinState {
        tries_left: state.tries_max.or(state.tries_left),
        ..state
    }
}

fn with_tries(state: Option<PinState>, left: u8) -> Option<PinState> {
    let known = state.unwrap_or(PinState {
        tries_left: None,
        tries_max: None,
        uses_left: None,
        verified: false,
    });
    // Without a known maximum one miss still means that the counter is low.
    Some(PinState {
        tries_left: Some(left),
        tries_max: known.tries_max.or(Some(left.saturating_add(1))),
        ..known
    })
}

#[cfg(test)]
mod tests;
