//! A card that answers what a test has written down, for what the token makes of it.

use std::sync::Arc;
use std::time::Duration;

use once_cell::sync::OnceCell;
use parking_lot::{Mutex, MutexGuard};
use zeroize::Zeroizing;

use super::login::Pins;
use super::{Sections, Token};
use crate::card::{Abilities, Card, CardError, Chip, Deciphered, KeyRef, PinObject, PinState};
use crate::config::Logout;
use crate::crypto::ToSign;
use crate::pkcs15::{
    Certificate, Common, DataObject, Path, PrivateKey, PublicKey, TokenDirectory, TokenInfo,
};

/// What the card and the service say when they are asked, and what they were asked.
pub(super) struct Answers {
    pub continuous: Result<bool, CardError>,
    pub seen_continuous: bool,
    pub disturbed: bool,
    pub state: Result<PinState, CardError>,
    pub verify: Result<(), CardError>,
    pub change: Result<(), CardError>,
    pub unblock: Result<(), CardError>,
    pub logout: Result<(), CardError>,
    /// Names of the calls, in their order; with the tries that were given to verify.
    pub calls: Vec<String>,
}

/// Both ends of it.
#[derive(Clone)]
pub(super) struct PaperCard(Arc<Mutex<Answers>>);

impl PaperCard {
    /// A card on which everything succeeds, with three tries of three.
    pub fn new() -> Self {
        PaperCard(Arc::new(Mutex::new(Answers {
            continuous: Ok(true),
            seen_continuous: true,
            disturbed: false,
            state: Ok(tries(3)),
            verify: Ok(()),
            change: Ok(()),
            unblock: Ok(()),
            logout: Ok(()),
            calls: Vec::new(),
        })))
    }

    /// The token that it is, with a PIN and a PUK.
    pub fn token(&self) -> Token {
        self.token_with(vec![pin(1, false), pin(2, true)])
    }

    pub fn token_with(&self, pins: Vec<PinObject>) -> Token {
        Token {
            card: Mutex::new(Box::new(self.clone())),
            chip: Chip::Cps4,
            serial: "26008552".into(),
            mechanisms: Vec::new(),
            head: OnceCell::with_value(TokenDirectory {
                token: TokenInfo::default(),
                pins,
            }),
            objects: Sections::default(),
            pins: Pins::new(Logout::default()),
            certificates: None,
        }
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
pub(super) fn tries(left: u8) -> PinState {
    PinState {
        tries_left: Some(left),
        tries_max: Some(3),
        uses_left: None,
        verified: false,
    }
}

fn pin(reference: u8, unblocking: bool) -> PinObject {
    PinObject {
        common: Common::default(),
        auth_id: vec![reference],
        unblocking,
        reference,
        min_len: 4,
        max_len: 8,
        stored_len: 8,
        pad: None,
        path: None,
    }
}

impl Card for PaperCard {
    fn chip(&self) -> Chip {
        Chip::Cps4
    }

    fn number(&self) -> &[u8] {
        &[0x80, 0x25, 0, 0, 1, 0x26, 0x00, 0x85, 0x52, 0x4F]
    }

    fn continuous(&mut self) -> Result<bool, CardError> {
        self.called("continuous").continuous.clone()
    }

    fn seen_continuous(&self) -> bool {
        self.says().seen_continuous
    }

    fn take_disturbance(&mut self) -> bool {
        std::mem::take(&mut self.says().disturbed)
    }

    fn pin_state(&mut self, pin: &PinObject) -> Result<PinState, CardError> {
        self.called(format!("state of {}", pin.reference)).state.clone()
    }

    fn verify(&mut self, pin: &PinObject, _digits: &[u8], tries: Option<u8>) -> Result<(), CardError> {
        let call = format!("verify {}, {tries:?}", pin.reference);
        self.called(call).verify.clone()
    }

    fn change_pin(&mut self, pin: &PinObject, _old: &[u8], _new: &[u8]) -> Result<(), CardError> {
        self.called(format!("change {}", pin.reference)).change.clone()
    }

    fn unblock_pin(&mut self, pin: &PinObject, _new: &[u8]) -> Result<(), CardError> {
        self.called(format!("reset {}", pin.reference)).unblock.clone()
    }

    fn logout(&mut self, _logout: Logout) -> Result<(), CardError> {
        self.called("logout").logout.clone()
    }

    fn read_token_info(&mut self) -> Result<TokenDirectory, CardError> {
        unreachable!("the token has it")
    }

    fn check_update(&mut self, _max_age: Duration) -> Result<(), CardError> {
        Ok(())
    }

    fn read_private_keys(&mut self) -> Result<Vec<PrivateKey>, CardError> {
        Ok(Vec::new())
    }

    fn read_public_keys(&mut self) -> Result<Vec<PublicKey>, CardError> {
        Ok(Vec::new())
    }

    fn read_certificates(&mut self) -> Result<Vec<Certificate>, CardError> {
        Ok(Vec::new())
    }

    fn read_data_objects(&mut self) -> Result<Vec<DataObject>, CardError> {
        Ok(Vec::new())
    }

    fn read_object(&mut self, _path: &Path) -> Result<Zeroizing<Vec<u8>>, CardError> {
        Err(CardError::NotFound(0x6A82))
    }

    fn read_object_head(&mut self, path: &Path, _length: usize) -> Result<Zeroizing<Vec<u8>>, CardError> {
        self.read_object(path)
    }

    fn read_file(&mut self, path: &Path) -> Result<Zeroizing<Vec<u8>>, CardError> {
        self.read_object(path)
    }

    fn write_file(&mut self, _path: &Path, _content: &[u8]) -> Result<(), CardError> {
        Err(CardError::Unsupported)
    }

    fn file_size(&mut self, _path: &Path) -> Result<usize, CardError> {
        Err(CardError::NotFound(0x6A82))
    }

    fn abilities(&self, _key: &KeyRef) -> Abilities {
        unreachable!("it has no key")
    }

    fn sign(&mut self, _key: &KeyRef, _what: &ToSign) -> Result<Vec<u8>, CardError> {
        Err(CardError::Unsupported)
    }

    fn decipher(&mut self, _key: &KeyRef, _cryptogram: &[u8]) -> Result<Deciphered, CardError> {
        Err(CardError::Unsupported)
    }

    fn random(&mut self, _out: &mut [u8]) -> Result<(), CardError> {
        Err(CardError::Unsupported)
    }
}
