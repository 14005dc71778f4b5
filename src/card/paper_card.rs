//! A card whose commands and connection answer what a test has written down, for what the token
//! makes of it.

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use zeroize::Zeroizing;

use super::commands::{APPLICATION, Commands};
use super::dialogue::Dialogue;
use super::{Abilities, Card, CardError, Chip, Deciphered, KeyRef, PinObject, PinState};
use crate::crypto::ToSign;
use crate::iso7816::StatusWord;
use crate::reader::{Connection, Continuity, Protocol, ReaderError};

/// What the card and the service say when they are asked, and what they were asked.
pub(crate) struct Answers {
    /// What [`Connection::begin`] and [`Connection::check`] say of the time before.
    pub continuity: Result<Continuity, ReaderError>,
    pub state: Result<PinState, CardError>,
    pub verify: Result<(), CardError>,
    pub change: Result<(), CardError>,
    pub unblock: Result<(), CardError>,
    pub logout: Result<(), ReaderError>,
    /// Names of the calls, in their order.
    pub calls: Vec<String>,
}

/// Both ends of it.
#[derive(Clone)]
pub(crate) struct PaperCard(Arc<Mutex<Answers>>);

impl PaperCard {
    /// A card on which everything succeeds, with three tries of three.
    pub fn new() -> Self {
        PaperCard(Arc::new(Mutex::new(Answers {
            continuity: Ok(Continuity::Kept),
            state: Ok(tries(3)),
            verify: Ok(()),
            change: Ok(()),
            unblock: Ok(()),
            logout: Ok(()),
            calls: Vec::new(),
        })))
    }

    /// The card that it is, to which nothing has happened yet.
    pub fn card(&self) -> Card {
        Card::new(Box::new(self.clone()), Box::new(self.clone()))
    }

    /// What it says.
    pub fn says(&self) -> MutexGuard<'_, Answers> {
        self.0.lock()
    }

    /// The calls since this was last asked.
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.says().calls)
    }

    fn called(&self, call: impl Into<String>) -> MutexGuard<'_, Answers> {
        let mut answers = self.0.lock();
        answers.calls.push(call.into());
        answers
    }
}

/// A counter with this many of three tries left.
pub(crate) fn tries(left: u8) -> PinState {
    PinState {
        tries_left: Some(left),
        tries_max: Some(3),
        uses_left: None,
        verified: false,
    }
}

impl Connection for PaperCard {
    fn protocol(&self) -> Protocol {
        Protocol::T1
    }

    fn begin(&mut self) -> Result<Continuity, ReaderError> {
        self.says().continuity
    }

    fn transmit(&mut self, _command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReaderError> {
        unreachable!("its commands send nothing")
    }

    fn end(&mut self) {}

    fn keep(&mut self, _keep: bool) {}

    fn check(&mut self) -> Result<Continuity, ReaderError> {
        self.called("continuous").continuity
    }

    fn reset(&mut self) -> Result<(), ReaderError> {
        self.called("reset").logout
    }

    fn reset_if_alone(&mut self) -> Result<bool, ReaderError> {
        self.called("logout").logout.map(|()| true)
    }
}

impl Commands for PaperCard {
    fn class(&self) -> u8 {
        0x00
    }

    fn chip(&self) -> Chip {
        Chip::Cps4
    }

    fn application(&self) -> &[u16] {
        &APPLICATION
    }

    fn must_select(&self) -> bool {
        false
    }

    fn select_application(&mut self, _card: &mut Dialogue<'_>) -> Result<(), CardError> {
        drop(self.called("select"));
        Ok(())
    }

    fn forget(&mut self) {}

    fn select_file(
        &mut self,
        _card: &mut Dialogue<'_>,
        _fids: &[u16],
        _want_size: bool,
    ) -> Result<Option<usize>, CardError> {
        Err(CardError::NotFound(StatusWord(0x6A82)))
    }

    fn pin_state(&mut self, _card: &mut Dialogue<'_>, pin: &PinObject) -> Result<PinState, CardError> {
        self.called(format!("state of {}", pin.reference)).state.clone()
    }

    fn verify(&mut self, _card: &mut Dialogue<'_>, pin: &PinObject, _block: &[u8]) -> Result<(), CardError> {
        self.called(format!("verify {}", pin.reference)).verify.clone()
    }

    fn change_pin(
        &mut self,
        _card: &mut Dialogue<'_>,
        pin: &PinObject,
        _old: &[u8],
        _new: &[u8],
    ) -> Result<(), CardError> {
        self.called(format!("change {}", pin.reference)).change.clone()
    }

    fn unblock_pin(
        &mut self,
        _card: &mut Dialogue<'_>,
        pin: &PinObject,
        _new: &[u8],
    ) -> Result<(), CardError> {
        self.called(format!("unblock {}", pin.reference)).unblock.clone()
    }

    fn abilities(&self, _key: &KeyRef) -> Abilities {
        unreachable!("it has no key")
    }

    fn sign(
        &mut self,
        _card: &mut Dialogue<'_>,
        _key: &KeyRef,
        _what: &ToSign,
    ) -> Result<Zeroizing<Vec<u8>>, CardError> {
        Err(CardError::Unsupported)
    }

    fn decipher(
        &mut self,
        _card: &mut Dialogue<'_>,
        _key: &KeyRef,
        _cryptogram: &[u8],
    ) -> Result<Deciphered, CardError> {
        Err(CardError::Unsupported)
    }
}
