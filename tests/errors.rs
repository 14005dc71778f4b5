//! What goes wrong around an application: no service, no reader, foreign cards, cards pulled out before and
//! during a call. Each has its exact code, and none costs a try.

use cryptoki_sys::*;
use sim_cards::{Interceptor, Options, PullAt, SimCard};

use testkit::{Ckr, Module, PIN, READER, Rack, Rv, Session, call, ulong};

const CLOSED: Rv = Err(Ckr(CKR_SESSION_HANDLE_INVALID));

fn is_present(module: &Module, slot: CK_SLOT_ID) -> bool {
    module.slot_info(slot).expect("slot").flags & CKF_TOKEN_PRESENT != 0
}

/// What the functions that need a token answer for a slot.
fn token_functions(module: &Module, slot: CK_SLOT_ID) -> Vec<(&'static str, Rv)> {
    vec![
        ("C_GetTokenInfo", module.token_info(slot).map(drop)),
        ("C_GetMechanismList", module.mechanisms(slot).map(drop)),
        (
            "C_GetMechanismInfo",
            module.mechanism_info(slot, CKM_RSA_PKCS).map(drop),
        ),
        ("C_OpenSession", module.open(slot, CKF_SERIAL_SESSION).map(drop)),
        ("C_CloseAllSessions", call!(module, C_CloseAllSessions(slot))),
    ]
}

#[test]
fn without_a_service_there_are_no_slots_until_it_starts() {
    let rack = Rack::new();
    rack.plug(READER);
    rack.set_running(false);
    let module = Module::start(&rack);
    assert_eq!(module.slots(false), Ok(vec![]));
    assert_eq!(module.slots(true), Ok(vec![]));
    assert_eq!(module.event(), Err(Ckr(CKR_NO_EVENT)));
    rack.set_running(true);
    rack.insert(READER, testkit::cps3());
    assert_eq!(module.slots(true).map(|it| it.len()), Ok(1));
}

#[test]
fn a_service_that_stops_takes_the_cards_and_leaves_the_slots() {
    let (module, rack, _card) = testkit::start(testkit::cps3());
    let slot = module.slot();
    let session = module.user_session();
    rack.set_running(false);
    assert_eq!(module.slots(false), Ok(vec![slot]));
    assert!(!is_present(&module, slot));
    assert_eq!(session.info().map(drop), CLOSED);
    rack.set_running(true);
    assert_eq!(module.slots(true), Ok(vec![slot]));
}

#[test]
fn without_a_reader_there_are_no_slots() {
    let module = Module::start(&Rack::new());
    assert_eq!(module.slots(false), Ok(vec![]));
    for slot in [0, 1, 99, 999_999_999, CK_ULONG::MAX] {
        let unknown = Err(Ckr(CKR_SLOT_ID_INVALID));
        assert_eq!(module.slot_info(slot).map(drop), unknown);
        for (name, answer) in token_functions(&module, slot) {
            assert_eq!(answer, unknown, "{name}({slot})");
        }
    }
}

#[test]
fn an_empty_reader_is_a_slot_without_token() {
    let rack = Rack::new();
    rack.plug(READER);
    let module = Module::start(&rack);
    let slot = module.slot();
    assert_eq!(module.slots(true), Ok(vec![]));
    let info = module.slot_info(slot).expect("slot");
    assert_eq!(info.flags, CKF_REMOVABLE_DEVICE | CKF_HW_SLOT);
    assert_eq!(&info.slotDescription[..], format!("{READER:64}").as_bytes());
    for (name, answer) in token_functions(&module, slot) {
        assert_eq!(answer, Err(Ckr(CKR_TOKEN_NOT_PRESENT)), "{name}");
    }
}

#[test]
fn a_foreign_card_is_left_alone() {
    let visa = vec![
        0x3B, 0x6E, 0x00, 0x00, 0x80, 0x31, 0x80, 0x66, 0xB0, 0x84, 0x0C, 0x01, 0x6E, 0x01, 0x83, 0x00, 0x90,
        0x00,
    ];
    let options = Options {
        atr: Some(visa),
        ..Options::default()
    };
    let (module, rack, card) = testkit::start(testkit::card("doctor-hospital-cps3", &options));
    let slot = module.slot();
    for (name, answer) in token_functions(&module, slot) {
        assert_eq!(answer, Err(Ckr(CKR_TOKEN_NOT_RECOGNIZED)), "{name}");
    }
    assert_eq!((card.apdus(), rack.connections()), (0, 0));
}

/// EF.SN.ICC of another issuer.
struct OtherIssuer;

impl Interceptor for OtherIssuer {
    fn answer(&mut self, _: u64, _: &[u8], answer: &mut Vec<u8>) {
        if answer.starts_with(&[0x5A, 0x0A, 0x80, 0x25]) {
            answer[3] = 0x99;
        }
    }
}

#[test]
fn a_card_of_another_issuer_gets_no_command_after_it_was_refused() {
    for fresh in testkit::both() {
        let (module, rack, card) = testkit::start(fresh);
        card.sim().set_interceptor(OtherIssuer);
        let slot = module.slot();
        assert!(is_present(&module, slot), "as far as its answer to reset tells");
        let refused = Err(Ckr(CKR_TOKEN_NOT_RECOGNIZED));
        assert_eq!(module.token_info(slot).map(drop), refused);
        let asked = (card.apdus(), rack.connections());
        assert!(asked.0 > 0);
        for _ in 0..5 {
            for (name, answer) in token_functions(&module, slot) {
                assert_eq!(answer, refused, "{name}");
            }
            assert_eq!(module.slots(true), Ok(vec![]));
            assert!(!is_present(&module, slot));
        }
        assert_eq!((card.apdus(), rack.connections()), asked);
    }
}

/// EF.SN.ICC that is none, as of a card that has slipped.
struct NoNumber;

impl Interceptor for NoNumber {
    fn answer(&mut self, _: u64, _: &[u8], answer: &mut Vec<u8>) {
        if answer.starts_with(&[0x5A, 0x0A]) {
            answer[0] = 0;
        }
    }
}

#[test]
fn a_card_that_shows_no_number_is_looked_at_twice() {
    for fresh in testkit::both() {
        let (module, rack, card) = testkit::start(fresh);
        card.sim().set_interceptor(NoNumber);
        let slot = module.slot();
        let refused = Err(Ckr(CKR_TOKEN_NOT_RECOGNIZED));
        assert_eq!(module.token_info(slot).map(drop), refused);
        assert!(is_present(&module, slot), "it may have been a slip");
        assert_eq!(module.token_info(slot).map(drop), refused);
        let asked = (card.apdus(), rack.connections());
        assert_eq!(module.token_info(slot).map(drop), refused);
        assert!(!is_present(&module, slot));
        assert_eq!((card.apdus(), rack.connections()), asked);
    }
}

#[test]
fn a_card_upside_down_is_an_empty_slot() {
    let rack = Rack::new();
    rack.plug(READER);
    rack.insert_upside_down(READER, testkit::cps3());
    let module = Module::start(&rack);
    let slot = module.slot();
    assert!(!is_present(&module, slot));
    assert_eq!(module.slots(true), Ok(vec![]));
    for (name, answer) in token_functions(&module, slot) {
        assert_eq!(answer, Err(Ckr(CKR_TOKEN_NOT_PRESENT)), "{name}");
    }
}

#[test]
fn a_card_pulled_out_before_a_call_ends_its_sessions() {
    for card in testkit::both() {
        let (module, rack, card) = testkit::start(card);
        let slot = module.slot();
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        session.sign_init(CKM_RSA_PKCS, key).expect("C_SignInit");
        rack.pull(READER);

        assert_eq!(session.sign(b"data").map(drop), CLOSED);
        assert_eq!(session.info().map(drop), CLOSED);
        assert_eq!(session.login(PIN), CLOSED);
        assert_eq!(session.find(&[]).map(drop), CLOSED);
        assert_eq!(session.close(), CLOSED);
        assert!(!is_present(&module, slot));
        assert_eq!(module.slots(false), Ok(vec![slot]));
        for (name, answer) in token_functions(&module, slot) {
            assert_eq!(answer, Err(Ckr(CKR_TOKEN_NOT_PRESENT)), "{name}");
        }

        rack.put_back(READER, &card);
        assert!(is_present(&module, slot));
        assert_eq!(session.info().map(drop), CLOSED);
        let again = module.session();
        assert_ne!(again.handle, session.handle);
        assert_eq!(again.state(), Ok(CKS_RO_PUBLIC_SESSION));
        assert_eq!(again.login(PIN), Ok(()));
    }
}

#[test]
fn mechanisms_follow_the_card() {
    let (module, rack, card) = testkit::start(testkit::cps4());
    let slot = module.slot();
    let gone = Err(Ckr(CKR_TOKEN_NOT_PRESENT));
    rack.pull(READER);
    assert_eq!(module.mechanisms(slot).map(drop), gone);
    rack.put_back(READER, &card);
    assert_eq!(module.mechanisms(slot).map(drop), Ok(()));
    rack.pull(READER);
    assert_eq!(module.mechanism_info(slot, CKM_RSA_PKCS).map(drop), gone);
    rack.put_back(READER, &card);
    assert_eq!(module.mechanism_info(slot, CKM_RSA_PKCS).map(drop), Ok(()));
}

#[test]
fn a_card_swapped_between_two_looks_is_noticed() {
    let (module, rack, _card) = testkit::start(testkit::cps3());
    let session = module.user_session();
    let serial = module.token_info(module.slot()).expect("token").serialNumber;
    rack.pull(READER);
    rack.insert(READER, testkit::cps4());
    assert_eq!(session.info().map(drop), CLOSED);
    assert_ne!(
        module.token_info(module.slot()).expect("token").serialNumber,
        serial
    );
    assert_eq!(module.session().state(), Ok(CKS_RO_PUBLIC_SESSION));
}

/// Does `work` with cards that are pulled out at its first, second, ... command, until it is done before the
/// pull. Returns what it answered each time.
fn pulled_at_each_command(
    fresh: fn() -> SimCard,
    prepare: for<'m> fn(&'m Module) -> Session<'m>,
    work: fn(Session<'_>) -> Rv,
) -> Vec<Rv> {
    let mut answers = Vec::new();
    loop {
        let (module, rack, card) = testkit::start(fresh());
        let session = prepare(&module);
        let pull_at = card.apdus() + 1 + answers.len() as u64;
        card.sim().set_interceptor(PullAt(pull_at));
        let answer = work(session);
        if card.sim().is_present() {
            assert_eq!(answer, Ok(()), "not pulled out");
            return answers;
        }
        assert!(!is_present(&module, module.slot()));
        assert_eq!(session.info().map(drop), CLOSED);
        assert_eq!(module.slots(true), Ok(vec![]));
        // The card works again when it is put back.
        card.sim().clear_interceptor();
        rack.put_back(READER, &card);
        assert_eq!(module.session().login(PIN), Ok(()));
        answers.push(answer);
    }
}

fn all_removed(answers: &[Rv], at_least: usize) {
    assert!(answers.len() >= at_least, "only {} commands", answers.len());
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(
            *answer,
            Err(Ckr(CKR_DEVICE_REMOVED)),
            "pulled at command {}",
            number + 1
        );
    }
}

#[test]
fn a_card_pulled_out_during_a_login_is_reported() {
    for fresh in [testkit::cps3, testkit::cps4] {
        let answers = pulled_at_each_command(fresh, Module::session, |session| session.login(PIN));
        all_removed(&answers, 1);
    }
}

#[test]
fn a_card_pulled_out_during_a_signature_is_reported() {
    for fresh in [testkit::cps3, testkit::cps4] {
        for label in ["CPS_PRIV_SIG", "CPS_PRIV_AUT"] {
            // One function for each key: a function pointer captures nothing.
            let work: fn(Session<'_>) -> Rv = match label {
                "CPS_PRIV_SIG" => |session| sign_with(session, "CPS_PRIV_SIG"),
                _ => |session| sign_with(session, "CPS_PRIV_AUT"),
            };
            let warm: for<'m> fn(&'m Module) -> Session<'m> = |module| {
                let session = module.user_session();
                session.private_key("CPS_PRIV_SIG");
                session
            };
            all_removed(&pulled_at_each_command(fresh, warm, work), 1);
        }
    }
}

fn sign_with(session: Session<'_>, label: &str) -> Rv {
    session.sign_init(CKM_SHA256_RSA_PKCS, session.private_key(label))?;
    session.sign_in_one_call(b"a message").map(drop)
}

#[test]
fn a_card_pulled_out_while_it_is_first_read_is_reported() {
    for fresh in [testkit::cps3, testkit::cps4] {
        let mut number = 0;
        loop {
            number += 1;
            let (module, rack, card) = testkit::start(fresh());
            card.sim().set_interceptor(PullAt(number));
            let slot = module.slot();
            let opened = module.open(slot, CKF_SERIAL_SESSION);
            let read = opened.and_then(read_certificates);
            if card.sim().is_present() {
                assert_eq!(read, Ok(2));
                break;
            }
            // A card that goes while it is recognised was never a token.
            let expected = if opened.is_ok() {
                CKR_DEVICE_REMOVED
            } else {
                CKR_TOKEN_NOT_PRESENT
            };
            assert_eq!(read, Err(Ckr(expected)), "pulled at command {number}");
            card.sim().clear_interceptor();
            rack.put_back(READER, &card);
            let again = read_certificates(module.session());
            assert_eq!(again, Ok(2), "a card that was read by half is read again");
        }
        assert!(number > 3, "only {number} commands");
    }
}

/// Reads what the card has on certificates; their number.
fn read_certificates(session: Session<'_>) -> Rv<usize> {
    let certificates = session.find(&[(CKA_CLASS, ulong(CKO_CERTIFICATE))])?;
    for certificate in &certificates {
        let value = session.attribute(*certificate, CKA_VALUE)?;
        assert!(value.len() > 1000);
    }
    Ok(certificates.len())
}

#[test]
fn a_reader_pulled_off_keeps_its_slot_without_token() {
    let (module, rack, card) = testkit::start(testkit::cps4());
    let slot = module.slot();
    let session = module.session();
    rack.unplug(READER);
    assert_eq!(module.slots(false), Ok(vec![slot]));
    assert!(!is_present(&module, slot));
    assert_eq!(session.info().map(drop), CLOSED);
    rack.plug("Another Reader 01 00");
    let slots = module.slots(false).expect("slots");
    assert_eq!((slots.len(), slots[0]), (2, slot));
    rack.plug(READER);
    rack.put_back(READER, &card);
    assert_eq!(
        module.slots(true),
        Ok(vec![slot]),
        "the same slot for the same reader"
    );
}

/// Nobody looked while it was away, and its state is what it was: name, answer to reset, count of insertions.
#[test]
fn a_reader_that_was_away_for_a_moment_has_its_card_taken_up_again() {
    for card in testkit::both() {
        let (module, rack, card) = testkit::start(card);
        let away = || {
            rack.unplug(READER);
            rack.plug(READER);
            rack.put_back(READER, &card);
        };
        let old = module.user_session();
        away();
        let new = module.session();
        assert_eq!(old.info().map(drop), CLOSED);
        assert_eq!(new.state(), Ok(CKS_RO_PUBLIC_SESSION));
        assert_eq!(new.login(PIN), Ok(()));
        assert_eq!(new.close(), Ok(()));
        away();
        assert_eq!(module.session().login(PIN), Ok(()));
        away();
        assert_eq!(read_certificates(module.session()), Ok(2));
    }
}

#[test]
fn two_cards_have_a_login_each() {
    let rack = Rack::new();
    rack.plug("Reader A");
    rack.plug("Reader B");
    let a = rack.insert("Reader A", testkit::cps3());
    let b = rack.insert("Reader B", testkit::cps4());
    let module = Module::start(&rack);
    let slots = module.slots(true).expect("slots");
    let sessions: Vec<_> = slots
        .iter()
        .map(|slot| module.open(*slot, CKF_SERIAL_SESSION).expect("a session"))
        .collect();
    assert_eq!(sessions[0].login(PIN), Ok(()));
    assert!(a.sim().is_holder_verified() && !b.sim().is_holder_verified());
    assert_eq!(sessions[1].state(), Ok(CKS_RO_PUBLIC_SESSION));
    rack.pull("Reader A");
    assert_eq!(sessions[0].info().map(drop), CLOSED);
    assert_eq!(sessions[1].login(PIN), Ok(()));
}
