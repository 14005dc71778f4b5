//! Who is logged in to a token, and what is remembered of its PINs.

use parking_lot::Mutex;

use crate::card::PinState;
use crate::config::Logout;

/// Who presents a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// CKU_USER: the holder, with the card's PIN.
    Holder,
    /// CKU_SO: whoever has the PUK.
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

/// What the flags of CK_TOKEN_INFO say of one PIN.
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
        let locked = Counter {
            locked: true,
            ..Counter::default()
        };
        if state.uses_left == Some(0) {
            return locked;
        }
        match state.tries_left {
            Some(0) => locked,
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

/// What is remembered of the PINs. No lock in it is held across an exchange with the card.
#[derive(Default)]
pub(super) struct Pins {
    /// Who is logged in.
    pub login: Mutex<Login>,
    /// The card is to be closed, or could not be when it should have been: the next one who
    /// closes it does so.
    pub left_open: Mutex<bool>,
    /// What closing means.
    pub logout: Logout,
    /// State of the holder's PIN, once known.
    pub holder: Mutex<Option<PinState>>,
    /// State of the PUK, once known.
    pub officer: Mutex<Option<PinState>>,
}

impl Pins {
    /// Nothing is known yet.
    pub fn new(logout: Logout) -> Pins {
        Pins {
            logout,
            ..Pins::default()
        }
    }

    /// State of the PIN that this user presents.
    pub fn of(&self, user: User) -> &Mutex<Option<PinState>> {
        match user {
            User::Holder => &self.holder,
            User::SecurityOfficer => &self.officer,
        }
    }
}
