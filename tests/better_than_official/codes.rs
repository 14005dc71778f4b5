//! Codes: who keeps them, what a card hears of them, who is logged in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cryptoki_sys::*;
use sim_cards::{Action, Interceptor, Options, SimCard};

use testkit::call;
use testkit::messages::sign_with;
use testkit::{Card, Ckr, Module, PIN, READER, Rack, Session, ulong};

const PUK: &str = "87654321";

const NOT_LOGGED_IN: Ckr = Ckr(CKR_USER_NOT_LOGGED_IN);

fn both_with(options: &Options) -> [SimCard; 2] {
    ["doctor-hospital-cps3", "doctor-gp-cps4"].map(|persona| {
        let options = Options {
            puk: Some(PUK.into()),
            ..options.clone()
        };
        testkit::card(persona, &options)
    })
}

/// Another program on the same reader: the channel of a CPS4 is opened, then these commands are sent; their status words. Commands are
/// written for a CPS3 and get the class of the channel on a CPS4.
fn another_program(card: &Card, commands: &[&[u8]]) -> Vec<[u8; 2]> {
    let mut sim = card.sim();
    let cps4 = sim.model() == sim_cards::Model::Cps4;
    if cps4 {
        sim.transmit(b"\x01\xA4\x04\x0C\x08\x80\x25\x00\x00\x01\xFF\x01\x00");
    }
    let send = |command: &&[u8]| {
        let mut command = command.to_vec();
        command[0] |= u8::from(cps4);
        let answer = sim.transmit(&command);
        *answer.last_chunk().expect("a status word")
    };
    commands.iter().map(send).collect()
}

/// Counts the codes that a card is presented.
struct Presentations(Arc<AtomicU32>);

impl Interceptor for Presentations {
    fn command(&mut self, _: u64, command: &[u8]) -> Action {
        if matches!(command, [_, 0x20 | 0x24 | 0x2C, _, _, _, ..]) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        Action::Pass
    }
}

fn presentations(card: &Card) -> Arc<AtomicU32> {
    let count = Arc::new(AtomicU32::new(0));
    card.sim().set_interceptor(Presentations(Arc::clone(&count)));
    count
}

#[test]
fn weakness_04_c_logout_leaves_the_card_open_for_every_program() {
    let change = b"\x00\x2A\x9E\x9A\x20";
    for end in [
        |session: Session<'_>| session.logout(),
        |session: Session<'_>| session.close(),
        |session: Session<'_>| call!(session.module, C_CloseAllSessions(session.module.slot())),
        |session: Session<'_>| call!(session.module, C_Finalize(std::ptr::null_mut())),
    ] {
        for card in testkit::both() {
            let (module, _rack, card) = testkit::start(card);
            let session = module.user_session();
            sign_with(session, "CPS_PRIV_AUT").expect("a signature");
            assert!(card.sim().is_holder_verified());
            end(session).expect("the end");
            assert!(!card.sim().is_holder_verified());
            // What a thief on the same machine would try: a protected file, and a signature.
            let reading = another_program(
                &card,
                &[b"\x00\xA4\x08\x00\x04\x00\x01\xD1\x20", b"\x00\xB0\x00\x00\x10"],
            );
            assert_eq!(reading.last(), Some(&[0x69, 0x82]), "{reading:02X?}");
            let signing = another_program(&card, &[&[&change[..], &[0; 32]].concat()]);
            assert_ne!(signing[0][0], 0x90);
            assert_ne!(signing[0][0], 0x61);
        }
    }
}

#[test]
fn weakness_05_the_code_is_kept_and_presented_again() {
    for card in testkit::both() {
        let (module, rack, card) = testkit::start(card);
        let session = module.user_session();
        sign_with(session, "CPS_PRIV_AUT").expect("a signature");
        let old = session.private_key("CPS_PRIV_AUT");
        let count = presentations(&card);
        // Another program resets the card, and its holder chooses another code there.
        rack.reset(READER);
        let model = card.sim().model();
        let changed = match model {
            sim_cards::Model::Cps4 => {
                another_program(&card, &[b"\x00\x20\x00\x01\x041234", b"\x00\x24\x01\x01\x045555"])
            }
            _ => another_program(&card, &[b"\x00\x24\x00\x01\x0812345555"]),
        };
        assert!(
            changed.iter().all(|status| *status == [0x90, 0x00]),
            "{changed:02X?}"
        );
        rack.reset(READER);
        count.store(0, Ordering::Relaxed);
        let key = [(CKA_CLASS, ulong(CKO_PRIVATE_KEY))];
        for _ in 0..5 {
            assert_eq!(session.state(), Ok(CKS_RO_PUBLIC_SESSION));
            assert_eq!(session.find(&key).map(|found| found.len()), Ok(0));
            assert_eq!(session.sign_init(CKM_RSA_PKCS, old), Err(NOT_LOGGED_IN));
        }
        assert_eq!(count.load(Ordering::Relaxed), 0, "presentations by nobody");
        assert_eq!(card.tries_left(), 3);
        assert_eq!(session.login(PIN), Err(Ckr(CKR_PIN_INCORRECT)));
        assert_eq!(
            (count.load(Ordering::Relaxed), card.tries_left()),
            (1, 2),
            "one login, one try"
        );
        assert_eq!(session.login("5555"), Ok(()));
        sign_with(session, "CPS_PRIV_AUT").expect("a signature");
    }
}

/// Answers each command about a code with this status word.
struct Codes([u8; 2]);

impl Interceptor for Codes {
    fn command(&mut self, _: u64, command: &[u8]) -> Action {
        match command {
            // Asking for a counter is no command about a code.
            [_, 0x20, _, _] => Action::Pass,
            [_, 0x20 | 0x24 | 0x2C, ..] => Action::Answer(self.0.to_vec()),
            _ => Action::Pass,
        }
    }
}

#[test]
fn weakness_10_status_words_that_nobody_knows_are_success() {
    // Every SW1, with a few SW2; 61xx and 6Cxx ask the reader to go on.
    let words = (0x60..=0x9F_u8)
        .filter(|sw1| !matches!(sw1, 0x61 | 0x6C))
        .flat_map(|sw1| [0x00, 0x01, 0x80, 0x82, 0x85, 0xC3, 0xF0].map(|sw2| [sw1, sw2]))
        .filter(|word| *word != [0x90, 0x00]);
    let words: Vec<_> = words.collect();
    assert!(words.len() > 400);
    let often = Options {
        puk_uses: Some(u16::MAX),
        ..Options::default()
    };
    for card in both_with(&often) {
        let (module, _rack, card) = testkit::start(card);
        let session = module.read_write();
        for word in words.iter().copied() {
            card.sim().set_interceptor(Codes(word));
            assert!(session.login(PIN).is_err(), "C_Login after {word:02X?}");
            assert_eq!(session.state(), Ok(CKS_RW_PUBLIC_SESSION), "{word:02X?}");
            assert!(
                session.set_pin(PIN, "4711").is_err(),
                "C_SetPIN after {word:02X?}"
            );
            assert!(
                session.login_as(CKU_SO, PUK).is_err(),
                "C_Login after {word:02X?}"
            );
            card.sim().clear_interceptor();
            session.login_as(CKU_SO, PUK).expect("C_Login of the SO");
            card.sim().set_interceptor(Codes(word));
            assert!(session.init_pin("4711").is_err(), "C_InitPIN after {word:02X?}");
            card.sim().clear_interceptor();
            // Unless the card has just said that nobody is logged in.
            let _ = session.logout();
        }
        assert_eq!(session.login(PIN), Ok(()), "the old code holds");
    }
}

const PIN_FLAGS: CK_FLAGS = CKF_USER_PIN_COUNT_LOW
    | CKF_USER_PIN_FINAL_TRY
    | CKF_USER_PIN_LOCKED
    | CKF_USER_PIN_TO_BE_CHANGED
    | CKF_SO_PIN_COUNT_LOW
    | CKF_SO_PIN_FINAL_TRY
    | CKF_SO_PIN_LOCKED
    | CKF_SO_PIN_TO_BE_CHANGED;

fn pin_flags(module: &Module) -> CK_FLAGS {
    module.token_info(module.slot()).expect("token").flags & PIN_FLAGS
}

#[test]
fn weakness_11_flags_are_random_while_a_code_is_verified() {
    // The counters are asked for the first time while the card says "verified" instead of a counter.
    for verify in [&b"\x00\x20\x00\x01\x041234"[..], b"\x00\x20\x00\x02\x0887654321"] {
        for card in both_with(&Options::default()) {
            let (module, _rack, card) = testkit::start(card);
            module.slots(true).expect("slots");
            assert_eq!(card.sim().power_on().map(<[u8]>::len), Some(17));
            assert_eq!(another_program(&card, &[verify]), [[0x90, 0x00]]);
            for _ in 0..3 {
                assert_eq!(pin_flags(&module), 0);
            }
        }
    }
    for card in both_with(&Options::default()) {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.read_write();
        for (user, code) in [(CKU_USER, PIN), (CKU_SO, PUK)] {
            session.login_as(user, code).expect("C_Login");
            assert_eq!(pin_flags(&module), 0);
            session.logout().expect("C_Logout");
            assert_eq!(pin_flags(&module), 0);
        }
    }
}

#[test]
fn weakness_29_sessions_with_another_token_keep_the_security_officer_out() {
    let rack = Rack::new();
    let names = ["Reader A", "Reader B"];
    names.iter().for_each(|name| rack.plug(name));
    for (name, card) in names.into_iter().zip(both_with(&Options::default())) {
        rack.insert(name, card);
    }
    let module = Module::start(&rack);
    let slots = module.slots(true).expect("slots");
    let open = |slot, more| {
        module
            .open(slot, CKF_SERIAL_SESSION | more)
            .expect("C_OpenSession")
    };
    let reader = open(slots[0], 0);
    let officer = open(slots[1], CKF_RW_SESSION);
    assert_eq!(officer.login_as(CKU_SO, PUK), Ok(()));
    assert_eq!(officer.state(), Ok(CKS_RW_SO_FUNCTIONS));
    assert_eq!(reader.state(), Ok(CKS_RO_PUBLIC_SESSION));
    assert_eq!(officer.logout(), Ok(()));
    open(slots[1], 0);
    let refused = officer.login_as(CKU_SO, PUK);
    assert_eq!(
        refused,
        Err(Ckr(CKR_SESSION_READ_ONLY_EXISTS)),
        "its own token's sessions do"
    );
}

/// There is no keypad here either. What is missing is not promised, and costs no try.
#[test]
fn weakness_32_nothing_is_said_of_keypads_and_of_codes_for_each_signature() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let flags = module.token_info(module.slot()).expect("token").flags;
        assert_eq!(flags & CKF_PROTECTED_AUTHENTICATION_PATH, 0);
        let session = module.session();
        // The wish for a keypad, which the official module takes for a wrong code.
        let keypad = call!(module, C_Login(session.handle, CKU_USER, std::ptr::null_mut(), 0));
        assert_eq!((keypad, card.tries_left()), (Err(Ckr(CKR_ARGUMENTS_BAD)), 3));
        session.login(PIN).expect("C_Login");
        for label in ["CPS_PRIV_SIG", "CPS_PRIV_AUT"] {
            let key = session.private_key(label);
            let always = session.attribute(key, CKA_ALWAYS_AUTHENTICATE);
            assert_eq!(
                always,
                Ok(vec![CK_FALSE]),
                "the chip asks once, and clients can read it"
            );
            session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
            let context = session.login_as(CKU_CONTEXT_SPECIFIC, PIN);
            assert_eq!(context, Err(Ckr(CKR_OPERATION_NOT_INITIALIZED)));
            assert_eq!(session.sign(b"a message").map(|it| it.len()), Ok(256));
        }
    }
}

#[test]
fn weakness_35_a_reset_by_another_program_ends_every_session() {
    for card in testkit::both() {
        let (module, rack, _card) = testkit::start(card);
        let (first, second) = (module.user_session(), module.read_write());
        let key = first.private_key("CPS_PRIV_SIG");
        second.digest_init(CKM_SHA256).expect("C_DigestInit");
        for _ in 0..3 {
            rack.reset(READER);
            assert_eq!(first.sign_init(CKM_SHA256_RSA_PKCS, key), Err(NOT_LOGGED_IN));
            assert_eq!(first.state(), Ok(CKS_RO_PUBLIC_SESSION));
            assert_eq!(second.state(), Ok(CKS_RW_PUBLIC_SESSION));
            first.login(PIN).expect("C_Login in the old session");
            sign_with(second, "CPS_PRIV_AUT").expect("a signature in the old session");
        }
        assert_eq!(
            second.digest(b"abc").map(|it| it.len()),
            Ok(32),
            "its operation goes on"
        );
    }
}
