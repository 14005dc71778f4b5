//! The application of the target, what it knows, and what must hold after each of its calls:
//!
//! - no code that says nothing (a panic shows as CKR_GENERAL_ERROR);
//! - CKR_CRYPTOKI_NOT_INITIALIZED exactly where the library is not initialised;
//! - a handle that is not an open session never works, and one that is works as long as its card stays;
//! - a session object is there as long as its session and until it is destroyed, and nothing else can be destroyed;
//! - a counter of the card goes down by one at most, and only in a call that carries a code which the card could have;
//! - a session says that the user is logged in exactly where the card holds the code for given, and no card stays open
//!   without a session.

use std::collections::BTreeMap;
use std::ptr::null_mut;
use std::sync::LazyLock;

use cryptoki_sys::*;

use crate::application::says_something;
use crate::cards::Kind;
use crate::input::Input;
use testkit::{Card, Ckr, Module, Rack, call};

/// Functions that never take a card for granted: they ask the service how its reader is,
const LOOK_AT_THE_READER: [&str; 2] = ["C_GetSessionInfo", "C_FindObjectsInit"];

/// or do nothing without it.
const TALK_TO_THE_CARD: [&str; 6] = [
    "C_Login",
    "C_LoginUser",
    "C_Logout",
    "C_SetPIN",
    "C_InitPIN",
    "C_UnwrapKey",
];

/// The readers, each with its card.
const READERS: [(&str, Kind); 2] = [("Reader A", Kind::Cps3), ("Reader B", Kind::Cps4)];

/// What is known of a call.
#[derive(Default)]
pub struct Facts {
    session: Option<CK_SESSION_HANDLE>,
    without_library: bool,
    presents_code: bool,
}

impl Facts {
    /// A call in a session.
    pub fn of(session: CK_SESSION_HANDLE) -> Facts {
        Facts {
            session: Some(session),
            ..Facts::default()
        }
    }

    /// A function that works before C_Initialize.
    pub fn without_library() -> Facts {
        Facts {
            without_library: true,
            ..Facts::default()
        }
    }

    /// The call carries a code; whether a card could have it.
    pub fn presenting(mut self, well_formed: bool) -> Facts {
        self.presents_code = well_formed;
        self
    }
}

/// Tries that are left on a card: holder code, unblocking code.
type Tries = (u8, u8);

fn tries(card: &Card) -> Tries {
    let card = card.sim();
    (card.tries_left(), card.puk_tries_left())
}

/// An application with two readers.
pub struct Caller {
    module: Module,
    rack: Rack,
    cards: Vec<Card>,
    inside: [bool; READERS.len()],
    plugged: [bool; READERS.len()],
    /// Was unplugged and plugged in again, with its card. Until a session is opened it looks as it did before.
    replugged: [bool; READERS.len()],
    tries: Vec<Tries>,
    initialized: bool,
    /// Every session so far.
    sessions: Vec<CK_SESSION_HANDLE>,
    /// Those that are open, with the reader of their slot.
    open: BTreeMap<CK_SESSION_HANDLE, usize>,
    /// Those whose card has gone. What needs no card they may do until the module has looked.
    gone: BTreeMap<CK_SESSION_HANDLE, usize>,
    /// Objects found so far, with whether their value is protected.
    objects: Vec<(CK_OBJECT_HANDLE, bool)>,
    /// Session objects with their session, as long as they are not destroyed.
    secret_keys: BTreeMap<CK_OBJECT_HANDLE, Option<CK_SESSION_HANDLE>>,
}

impl Caller {
    pub fn new() -> Caller {
        LazyLock::force(&CRYPTOGRAMS);
        let rack = Rack::new();
        let cards: Vec<Card> = READERS
            .iter()
            .map(|(name, kind)| {
                rack.plug(name);
                rack.insert(name, kind.card())
            })
            .collect();
        Caller {
            module: Module::idle(&rack),
            rack,
            tries: cards.iter().map(tries).collect(),
            cards,
            inside: [true; READERS.len()],
            plugged: [true; READERS.len()],
            replugged: [false; READERS.len()],
            initialized: false,
            sessions: Vec::new(),
            open: BTreeMap::new(),
            gone: BTreeMap::new(),
            objects: Vec::new(),
            secret_keys: BTreeMap::new(),
        }
    }

    pub fn list(&self) -> &'static CK_FUNCTION_LIST_3_2 {
        self.module.list()
    }

    // --- What to call with ----------------------------------------------------------------------------------------

    pub fn slot(&self, input: &mut Input<'_>) -> CK_SLOT_ID {
        match input.byte() {
            0xFF => CK_SLOT_ID::MAX,
            0xFE => 2,
            slot => CK_SLOT_ID::from(slot % 2),
        }
    }

    /// Nobody's, or one of the last sessions, open or not.
    pub fn session(&self, input: &mut Input<'_>) -> CK_SESSION_HANDLE {
        match usize::from(input.byte()) {
            0 => CK_INVALID_HANDLE,
            1 => CK_SESSION_HANDLE::MAX,
            2 => 77,
            byte => {
                let known = self.sessions.len().max(1);
                self.sessions.get((byte - 3) % known).copied().unwrap_or_default()
            }
        }
    }

    /// The byte that [`Caller::session`] takes for the newest one.
    pub fn newest_session(&self) -> u8 {
        2 + self.sessions.len().clamp(1, 200) as u8
    }

    pub fn object(&self, input: &mut Input<'_>) -> CK_OBJECT_HANDLE {
        match usize::from(input.byte()) {
            0 => CK_INVALID_HANDLE,
            1 => CK_OBJECT_HANDLE::MAX,
            2 => 12_345,
            byte => {
                let known = self.objects.len().max(1);
                self.objects
                    .get((byte - 3) % known)
                    .map_or(0, |(handle, _)| *handle)
            }
        }
    }

    /// A message that was encrypted for the authentication key of a card.
    pub fn cryptogram(&self, which: u8) -> &'static [u8] {
        &CRYPTOGRAMS[usize::from(which >> 7)]
    }

    // --- What happens ---------------------------------------------------------------------------------------------

    pub fn pull(&mut self, reader: usize) {
        if std::mem::take(&mut self.inside[reader]) {
            self.rack.pull(READERS[reader].0);
            self.card_gone(reader);
        }
    }

    pub fn put_back(&mut self, reader: usize) {
        if !std::mem::replace(&mut self.plugged[reader], true) {
            self.rack.plug(READERS[reader].0);
            self.replugged[reader] = true;
        }
        if !std::mem::replace(&mut self.inside[reader], true) {
            self.rack.put_back(READERS[reader].0, &self.cards[reader]);
        }
    }

    /// By another program.
    pub fn reset(&mut self, reader: usize) {
        if self.inside[reader] {
            self.rack.reset(READERS[reader].0);
        }
    }

    pub fn unplug(&mut self, reader: usize) {
        if std::mem::take(&mut self.plugged[reader]) {
            self.rack.unplug(READERS[reader].0);
            self.replugged[reader] = false;
            self.inside[reader] = false;
            self.card_gone(reader);
        }
    }

    fn card_gone(&mut self, reader: usize) {
        let (gone, open): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|(_, of)| *of == reader);
        self.gone.extend(gone);
        self.open = open;
    }

    // --- What a call has shown --------------------------------------------------------------------------------------

    pub fn opened(&mut self, session: CK_SESSION_HANDLE, slot: CK_SLOT_ID) {
        assert!(!self.sessions.contains(&session), "a handle is given twice");
        self.sessions.push(session);
        let reader = self.reader_of(slot).expect("a slot with a session in it");
        self.open.insert(session, reader);
        self.replugged[reader] = false;
    }

    pub fn closed_all(&mut self, slot: CK_SLOT_ID) {
        let reader = self.reader_of(slot);
        self.open.retain(|_, of| Some(*of) != reader);
        self.gone.retain(|_, of| Some(*of) != reader);
    }

    /// Slots are numbered anew at each C_Initialize, by the readers that are there then.
    fn reader_of(&self, slot: CK_SLOT_ID) -> Option<usize> {
        let description = self.module.slot_info(slot).ok()?.slotDescription;
        READERS
            .iter()
            .position(|(name, _)| description.starts_with(name.as_bytes()))
    }

    pub fn found(&mut self, session: CK_SESSION_HANDLE, handles: impl Iterator<Item = CK_OBJECT_HANDLE>) {
        for handle in handles {
            if self.objects.iter().all(|(known, _)| *known != handle) && self.objects.len() < 250 {
                self.objects.push((handle, self.is_protected(session, handle)));
            }
        }
    }

    pub fn unwrapped(&mut self, session: CK_SESSION_HANDLE, key: CK_OBJECT_HANDLE) {
        let known = self.objects.iter().any(|(known, _)| *known == key);
        assert!(
            !known && !self.secret_keys.contains_key(&key),
            "a handle is given twice"
        );
        self.secret_keys.insert(key, Some(session));
        self.found(session, [key].into_iter());
    }

    /// An object was there.
    pub fn seen(&self, object: CK_OBJECT_HANDLE) {
        if let Some(owner) = self.secret_keys.get(&object) {
            let lives = |it: &CK_SESSION_HANDLE| self.open.contains_key(it) || self.gone.contains_key(it);
            assert!(
                owner.as_ref().is_some_and(lives),
                "a key without its session, or destroyed"
            );
        }
    }

    pub fn destroyed(&mut self, object: CK_OBJECT_HANDLE) {
        let owner = self.secret_keys.get_mut(&object);
        *owner.expect("only session objects can be destroyed") = None;
    }

    /// A data object or a secret key with CKA_PRIVATE.
    fn is_protected(&self, session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE) -> bool {
        let (mut class, mut private): (CK_OBJECT_CLASS, CK_BBOOL) = (0, 0);
        let mut template = [
            CK_ATTRIBUTE {
                type_: CKA_CLASS,
                pValue: (&raw mut class).cast(),
                ulValueLen: size_of::<CK_OBJECT_CLASS>() as CK_ULONG,
            },
            CK_ATTRIBUTE {
                type_: CKA_PRIVATE,
                pValue: (&raw mut private).cast(),
                ulValueLen: 1,
            },
        ];
        let rv = call!(
            self.module,
            C_GetAttributeValue(session, object, template.as_mut_ptr(), 2)
        );
        assert_eq!(rv, Ok(()), "an object that was just found");
        [CKO_DATA, CKO_SECRET_KEY].contains(&class) && private == CK_TRUE
    }

    /// Whether the value of an object may be given in this session.
    pub fn is_open_for(&self, session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE) -> bool {
        let protected = self.objects.contains(&(object, true));
        let state = self.state(session);
        !protected || matches!(state, Some(CKS_RO_USER_FUNCTIONS | CKS_RW_USER_FUNCTIONS))
    }

    fn state(&self, session: CK_SESSION_HANDLE) -> Option<CK_STATE> {
        let mut info = CK_SESSION_INFO::default();
        let rv = call!(self.module, C_GetSessionInfo(session, &mut info));
        rv.is_ok().then_some(info.state)
    }

    /// Checks all that must hold after a call.
    pub fn called(&mut self, name: &str, rv: CK_RV, facts: Facts) {
        assert!(
            rv == CKR_OK || says_something(Ckr(rv)),
            "{name} gives {:?}",
            Ckr(rv)
        );
        self.check_library(name, rv, &facts);
        if let Some(session) = facts.session {
            self.check_session(name, rv, session);
        }
        match (name, rv, facts.session) {
            ("C_Initialize", CKR_OK, _) => self.initialized = true,
            ("C_Finalize", CKR_OK, _) => {
                self.initialized = false;
                // The next C_Initialize may give the same handles.
                self.open.clear();
                self.gone.clear();
                self.sessions.clear();
                self.objects.clear();
                self.secret_keys.clear();
            }
            ("C_CloseSession", CKR_OK, Some(session)) => {
                self.open.remove(&session);
                self.gone.remove(&session);
            }
            (_, CKR_SESSION_HANDLE_INVALID, Some(session)) => drop(self.gone.remove(&session)),
            _ => {}
        }
        self.check_tries(name, rv, &facts);
        self.check_logins(name);
    }

    fn check_library(&self, name: &str, rv: CK_RV, facts: &Facts) {
        if !facts.without_library {
            assert_eq!(
                rv == CKR_CRYPTOKI_NOT_INITIALIZED,
                !self.initialized,
                "{name} gives {:?}, initialised: {}",
                Ckr(rv),
                self.initialized
            );
        }
    }

    fn check_session(&self, name: &str, rv: CK_RV, session: CK_SESSION_HANDLE) {
        if self.open.contains_key(&session) {
            assert!(
                !matches!(rv, CKR_SESSION_HANDLE_INVALID | CKR_SESSION_CLOSED),
                "{name} does not know an open session"
            );
            return;
        }
        let may_work = self.gone.get(&session).is_some_and(|reader| {
            let looks = LOOK_AT_THE_READER.contains(&name) && !self.replugged[*reader];
            !looks && !TALK_TO_THE_CARD.contains(&name)
        });
        assert!(may_work || rv != CKR_OK, "{name} works in no session");
    }

    fn check_tries(&mut self, name: &str, rv: CK_RV, facts: &Facts) {
        let now: Vec<Tries> = self.cards.iter().map(tries).collect();
        let mut spent = 0;
        for (before, after) in self.tries.iter().zip(&now) {
            for (before, after) in [(before.0, after.0), (before.1, after.1)] {
                if after == before {
                    continue;
                }
                assert!(
                    facts.presents_code,
                    "{name} has moved a counter from {before} to {after}"
                );
                spent += before.saturating_sub(after);
                assert!(after > before || rv != CKR_OK, "{name} works and a try is gone");
            }
        }
        assert!(spent <= 1, "{name} has cost {spent} tries");
        self.tries = now;
    }

    fn check_logins(&self, name: &str) {
        for (reader, card) in self.cards.iter().enumerate() {
            let states: Vec<CK_STATE> = self
                .open
                .iter()
                .filter(|(_, of)| **of == reader)
                .map(|(session, _)| {
                    self.state(*session)
                        .unwrap_or_else(|| panic!("after {name} a session is gone"))
                })
                .collect();
            let verified = card.sim().is_holder_verified();
            let user = |state: &CK_STATE| matches!(*state, CKS_RO_USER_FUNCTIONS | CKS_RW_USER_FUNCTIONS);
            if states.contains(&CKS_RW_SO_FUNCTIONS) {
                assert!(
                    states.iter().all(|state| *state == CKS_RW_SO_FUNCTIONS),
                    "after {name}: {states:?}"
                );
            } else {
                assert!(
                    states.iter().all(|state| user(state) == verified),
                    "after {name} the card is open: {verified}, and the sessions say {states:?}"
                );
                assert!(
                    !verified || !states.is_empty(),
                    "after {name} the card is open without a session"
                );
            }
        }
    }

    /// The end of the application.
    pub fn end(mut self) {
        if self.initialized {
            let finalize = self.list().C_Finalize.expect("C_Finalize");
            // SAFETY: NULL is what the argument must be.
            let rv = unsafe { finalize(null_mut()) };
            assert_eq!(rv, CKR_OK, "C_Finalize");
            self.called("C_Finalize", rv, Facts::default());
        }
    }
}

/// A message for the authentication key of each card, in a block of type 2.
static CRYPTOGRAMS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    READERS
        .iter()
        .map(|(_, kind)| {
            let key = kind.keys().last().expect("a key");
            let block = [&[0, 2][..], &vec![0x77; key.size() - 10], &[0], b"message"].concat();
            key.encrypt_block(&block).expect("a cryptogram")
        })
        .collect()
});
