//! The PINs of a token: login, logout, change, unblocking, and the counters behind the token
//! flags.

use crate::card::{Card, CardError, PinState};
use crate::pin::Pin;
use crate::pkcs15::PinObject;

use super::login::{Counter, Login, User};
use super::{Error, Token};

impl Token {
    /// Who is logged in as far as this process knows; waits for nothing. A card that has forgotten
    /// says so itself when it is asked for something protected.
    pub fn login(&self) -> Login {
        *self.pins.login.lock()
    }

    /// Who is logged in. Asks the PC/SC service whether the card was reset meanwhile, unless an
    /// exchange runs right now; sends nothing to the card, but may wait for the transaction of
    /// another program.
    pub fn login_state(&self) -> Login {
        if self.login() != Login::Public {
            // The next exchange reports a card that is gone.
            let _ = self.check_connection();
        }
        self.login()
    }

    /// Asks the PC/SC service, as [`Token::login_state`] does, whether the card can still be
    /// reached: a reader that was unplugged and plugged in again with its card looks as before.
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
        *self.pins.login.lock() = Login::Public;
        // A reset also ends "verified" states that hid a counter.
        *self.pins.holder.lock() = None;
    }

    /// Uses the card for something that, if it is `protected`, needs the login of this process.
    /// After a reset by another program the card may know that program's login: what it gave under
    /// somebody else's PIN is withheld.
    pub(super) fn with_own_login<T>(
        &self,
        protected: bool,
        act: impl FnOnce(&mut Card) -> Result<T, CardError>,
    ) -> Result<T, Error> {
        let mut card = self.card.lock();
        if !protected {
            return Ok(act(&mut card)?);
        }
        // Both may have changed while this waited for the card.
        if self.login() == Login::Public || !card.seen_continuous() {
            self.forget_login();
            return Err(Error::NotLoggedIn);
        }
        match act(&mut card) {
            Ok(done) if card.seen_continuous() => Ok(done),
            Ok(_) | Err(CardError::NotVerified) => {
                // The card denies a login that no program has ended: its state is not known.
                if card.seen_continuous() && self.login() != Login::Public {
                    self.close_in_doubt(&mut card);
                }
                self.forget_login();
                Err(Error::NotLoggedIn)
            }
            Err(other) => Err(other.into()),
        }
    }

    /// The PIN that `user` presents: the first PIN of AODF, or the first PUK.
    pub fn pin_of(&self, user: User) -> Result<Option<&PinObject>, Error> {
        Ok(self
            .head()?
            .pins
            .iter()
            .find(|pin| pin.unblocking == (user == User::SecurityOfficer)))
    }

    fn required_pin_of(&self, user: User) -> Result<&PinObject, Error> {
        self.pin_of(user)?.ok_or(Error::NoPin)
    }

    /// The counter of a PIN. The card is asked once; from then on the counter is followed.
    pub fn counter(&self, user: User) -> Result<Counter, Error> {
        let Some(pin) = self.pin_of(user)? else {
            return Ok(Counter::default());
        };
        self.forget_disturbed_counters();
        if let Some(state) = *self.pins.of(user).lock() {
            return Ok(state.into());
        }
        let state = self.card.lock().pin_state(pin)?;
        *self.pins.of(user).lock() = Some(state);
        Ok(state.into())
    }

    /// A program that has reset the card may have tried PINs too. Waits for nothing.
    fn forget_disturbed_counters(&self) {
        if let Some(mut card) = self.card.try_lock()
            && card.take_disturbance()
        {
            *self.pins.holder.lock() = None;
            *self.pins.officer.lock() = None;
        }
    }

    /// Presents a PIN to the card, once. The caller has checked that nobody is logged in; `wanted`
    /// is asked when the card is free for it.
    pub fn present_pin(&self, user: User, pin: Pin<'_>, wanted: impl FnOnce() -> bool) -> Result<(), Error> {
        let object = self.required_pin_of(user)?;
        let mut card = self.card.lock();
        if let Login::In(who) = *self.pins.login.lock() {
            return Err(Error::LoggedIn(who));
        }
        if !wanted() {
            return Err(Error::SessionGone);
        }
        let tries = (*self.pins.of(user).lock()).and_then(|state| state.tries_left);
        let result = card.verify(object, pin, tries);
        self.follow_counter(user, &result);
        if result.as_ref().is_err_and(is_unclear) {
            self.close_in_doubt(&mut card);
        }
        result?;
        // A card that an earlier login has left open is closed with this login.
        *self.pins.left_open.lock() = false;
        *self.pins.login.lock() = Login::In(user);
        Ok(())
    }

    /// Follows the counter of a PIN through its presentation, so that the flags cost no exchange.
    fn follow_counter(&self, user: User, result: &Result<(), CardError>) {
        let mut state = self.pins.of(user).lock();
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

    /// Ends the login, and closes the card as `Logout` of the configuration says. The token is
    /// public afterwards whatever the card answers.
    pub fn logout(&self) -> Result<(), Error> {
        let mut card = self.card.lock();
        self.forget_login();
        Ok(self.close_card(&mut card)?)
    }

    /// Closes the card, and remembers when that could not be done.
    fn close_card(&self, card: &mut Card) -> Result<(), CardError> {
        let closed = card.logout(self.pins.logout);
        *self.pins.left_open.lock() = closed.as_ref().is_err_and(is_unclear);
        closed
    }

    /// Closes a card whose state is not known.
    fn close_in_doubt(&self, card: &mut Card) {
        if let Err(error) = self.close_card(card) {
            log::warn!("the card could not be closed: {error:?}");
        }
    }

    /// Ends the login at once, before the card is closed, which [`Token::close`] does: a login that
    /// begins in between is another one. Waits for nothing.
    pub fn end_login(&self) {
        let mut login = self.pins.login.lock();
        if *login != Login::Public {
            *login = Login::Public;
            *self.pins.left_open.lock() = true;
        }
    }

    /// Closes the card if a login has ended without that, unless another one has begun since. Waits
    /// for the end of an exchange.
    pub fn close(&self) -> Result<(), Error> {
        let mut card = self.card.lock();
        if self.login() != Login::Public || !*self.pins.left_open.lock() {
            return Ok(());
        }
        *self.pins.holder.lock() = None;
        match card.continuous() {
            Ok(true) => self.close_card(&mut card)?,
            Ok(false) => *self.pins.left_open.lock() = false,
            Err(error) => {
                *self.pins.left_open.lock() = is_unclear(&error);
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// C_SetPIN: replaces the holder's PIN. Where nobody is logged in the card is closed again: a
    /// CPS4 verifies the old PIN on the way, and it stays verified even when the new one is
    /// refused. A wrong old PIN ends a login, because the card then takes an earlier verification
    /// back.
    pub fn change_pin(&self, old: Pin<'_>, new: Pin<'_>) -> Result<(), Error> {
        let object = self.required_pin_of(User::Holder)?;
        let mut card = self.card.lock();
        let result = card.change_pin(object, old, new);
        self.follow_counter(User::Holder, &result);
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
            self.close_in_doubt(&mut card);
        }
        Ok(result?)
    }

    /// C_InitPIN: a new PIN for the holder, after the PUK was presented.
    pub fn unblock_pin(&self, new: Pin<'_>) -> Result<(), Error> {
        let object = self.required_pin_of(User::Holder)?;
        let result = self.with_own_login(true, |card| card.unblock_pin(object, new));
        *self.pins.holder.lock() = None;
        *self.pins.officer.lock() = None;
        result
    }
}

/// Whether the card is there and has not said that the PIN is wrong: it may be open although this
/// error came.
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
