//! What browsers ask all the time costs nothing: no command to a card, no wait behind one.

use std::collections::BTreeMap;
use std::ptr::null_mut;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use cryptoki_sys::*;
use sim_cards::Options;

use testkit::{Ckr, Gate, Module, PATIENCE, PIN, READER, Rack, Rv, Session, call, cpu, ulong};

/// Processor time within which a poll answers, also without optimisation.
const PROCESSOR_TIME: Duration = Duration::from_millis(2);

/// Rounds of polls. Of their processor times the median counts: time that a thread waits or is put aside is not in them, but an
/// interrupt or what a hypervisor takes may be charged to one.
const ROUNDS: usize = 9;

/// Everything that is called all the time, and the processor time that each took.
fn polls(module: &Module, session: Session<'_>) -> Vec<(&'static str, Duration)> {
    let mut times = Vec::new();
    let mut poll = |name, call: &mut dyn FnMut() -> Rv| {
        let before = cpu::thread_time();
        let answer = call();
        times.push((name, cpu::thread_time() - before));
        answer.expect(name);
    };
    let slot = module.slot();
    poll("C_GetSlotList", &mut || module.slots(true).map(drop));
    poll("C_GetSlotInfo", &mut || module.slot_info(slot).map(drop));
    poll("C_GetTokenInfo", &mut || module.token_info(slot).map(drop));
    poll("C_GetSessionInfo", &mut || session.info().map(drop));
    poll("C_GetMechanismList", &mut || module.mechanisms(slot).map(drop));
    poll("C_GetMechanismInfo", &mut || {
        module.mechanism_info(slot, CKM_RSA_PKCS).map(drop)
    });
    poll("C_WaitForSlotEvent", &mut || match module.event() {
        Err(Ckr(CKR_NO_EVENT)) => Ok(()),
        other => panic!("an event: {other:?}"),
    });
    let mut another = None;
    poll("C_OpenSession", &mut || {
        another = Some(module.open(slot, CKF_SERIAL_SESSION)?);
        Ok(())
    });
    // One by one, so that an interpreter such as valgrind is within the time too.
    let another = another.expect("a session").handle;
    let (mut found, mut count) = ([0; 64], 0);
    poll("C_FindObjectsInit", &mut || {
        call!(module, C_FindObjectsInit(another, null_mut(), 0))
    });
    poll("C_FindObjects", &mut || {
        call!(module, C_FindObjects(another, found.as_mut_ptr(), 64, &mut count))
    });
    poll("C_FindObjectsFinal", &mut || {
        call!(module, C_FindObjectsFinal(another))
    });
    assert_ne!(count, 0);
    poll("C_CloseSession", &mut || call!(module, C_CloseSession(another)));
    times
}

#[test]
fn c_initialize_touches_no_card() {
    for card in testkit::both() {
        let (module, rack, card) = testkit::start(card);
        assert_eq!((card.apdus(), rack.connections()), (0, 0));
        let slot = module.slot();
        module.slots(true).expect("C_GetSlotList");
        let info = module.slot_info(slot).expect("C_GetSlotInfo");
        assert_ne!(info.flags & CKF_TOKEN_PRESENT, 0);
        assert_eq!((card.apdus(), rack.connections()), (0, 0), "nor do the slots");
        drop(module);
        assert_eq!((card.apdus(), rack.connections()), (0, 0), "nor does C_Finalize");
    }
}

#[test]
fn polls_send_no_command() {
    for card in testkit::both() {
        let (module, rack, card) = testkit::start(card);
        let session = module.session();
        polls(&module, session);
        let before = (card.apdus(), rack.connections());
        for _ in 0..50 {
            polls(&module, session);
        }
        assert_eq!((card.apdus(), rack.connections()), before);

        session.login(PIN).expect("login");
        polls(&module, session);
        let before = (card.apdus(), rack.connections());
        for _ in 0..50 {
            polls(&module, session);
        }
        assert_eq!((card.apdus(), rack.connections()), before, "logged in");
        assert_eq!(session.state(), Ok(CKS_RO_USER_FUNCTIONS));
    }
}

#[test]
fn searches_are_answered_from_memory_after_the_first() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let session = module.session();
        let look = || {
            let certificates = session
                .find(&[(CKA_CLASS, ulong(CKO_CERTIFICATE))])
                .expect("a search");
            assert_eq!(certificates.len(), 2);
            for certificate in certificates {
                for kind in [
                    CKA_VALUE,
                    CKA_SUBJECT,
                    CKA_ISSUER,
                    CKA_SERIAL_NUMBER,
                    CKA_ID,
                    CKA_LABEL,
                ] {
                    session.attribute(certificate, kind).expect("an attribute");
                }
            }
            let public_keys = session
                .find(&[(CKA_CLASS, ulong(CKO_PUBLIC_KEY))])
                .expect("a search");
            assert_eq!(public_keys.len(), 2);
            for key in public_keys {
                session.attribute(key, CKA_MODULUS).expect("CKA_MODULUS");
            }
            session.find_one(&[
                (CKA_CLASS, ulong(CKO_PROFILE)),
                (CKA_PROFILE_ID, ulong(CKP_PUBLIC_CERTIFICATES_TOKEN)),
            ]);
            assert_eq!(session.find(&[(CKA_CLASS, ulong(0xCE53_4353))]), Ok(vec![]));
        };
        look();
        let before = card.apdus();
        look();
        assert_eq!(card.apdus(), before);
    }
}

#[test]
fn a_search_for_what_no_card_has_reads_nothing() {
    let (module, _rack, card) = testkit::start(testkit::cps4());
    let session = module.session();
    let before = card.apdus();
    for class in [CKO_SECRET_KEY, CKO_DOMAIN_PARAMETERS, CKO_HW_FEATURE, 0xCE53_4353] {
        assert_eq!(session.find(&[(CKA_CLASS, ulong(class))]), Ok(vec![]));
    }
    assert_eq!(card.apdus(), before);
}

#[test]
fn empty_readers_and_foreign_cards_cost_nothing() {
    let rack = Rack::new();
    rack.plug("Empty");
    rack.plug("Foreign");
    let options = Options {
        atr: Some(vec![0x3B, 0x02, 0x14, 0x50]),
        ..Options::default()
    };
    let card = rack.insert("Foreign", testkit::card("doctor-hospital-cps3", &options));
    let module = Module::start(&rack);
    for _ in 0..20 {
        for slot in module.slots(false).expect("slots") {
            module.slot_info(slot).expect("C_GetSlotInfo");
            module.token_info(slot).expect_err("C_GetTokenInfo");
            module
                .open(slot, CKF_SERIAL_SESSION)
                .map(drop)
                .expect_err("C_OpenSession");
        }
    }
    assert_eq!((card.apdus(), rack.connections()), (0, 0));
}

#[test]
fn polls_answer_at_once_while_the_card_signs() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let session = module.user_session();
        polls(&module, session);
        let key = session.private_key("CPS_PRIV_AUT");
        session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
        let gate = Gate::new(&card);
        thread::scope(|scope| {
            let signature = scope.spawn(|| session.sign(b"a message"));
            gate.closed();
            let (done, polled) = channel();
            let module = &module;
            scope.spawn(move || {
                let rounds = (0..ROUNDS).flat_map(|_| polls(module, session));
                let _ = done.send(rounds.collect::<Vec<_>>());
            });
            let answered = polled.recv_timeout(PATIENCE);
            drop(gate);
            let mut times = BTreeMap::<_, Vec<_>>::new();
            for (name, time) in answered.expect("polls wait for the card") {
                times.entry(name).or_default().push(time);
            }
            for (name, mut times) in times {
                times.sort();
                let median = times[ROUNDS / 2];
                assert!(median < PROCESSOR_TIME, "{name}: {median:?}");
            }
            assert_eq!(signature.join().expect("no panic").map(|it| it.len()), Ok(256));
        });
    }
}

#[test]
fn polls_answer_while_another_program_has_the_card() {
    let (module, rack, _card) = testkit::start(testkit::cps4());
    let session = module.session();
    polls(&module, session);
    let hold = rack.hold(READER);
    let (done, polled) = channel();
    thread::scope(|scope| {
        let module = &module;
        scope.spawn(move || {
            polls(module, session);
            let _ = done.send(());
        });
        let answered = polled.recv_timeout(PATIENCE);
        drop(hold);
        answered.expect("polls wait for the other program");
    });
}

#[test]
fn insertions_and_removals_are_events() {
    let (module, rack, card) = testkit::start(testkit::cps3());
    let slot = module.slot();
    assert_eq!(
        module.event(),
        Err(Ckr(CKR_NO_EVENT)),
        "a card that was there is none"
    );
    rack.pull(READER);
    assert_eq!(module.event(), Ok(slot));
    assert_eq!(module.event(), Err(Ckr(CKR_NO_EVENT)));
    rack.put_back(READER, &card);
    assert_eq!(module.event(), Ok(slot));
    assert_eq!(module.event(), Err(Ckr(CKR_NO_EVENT)));
    assert_eq!(card.apdus(), 0);
    let mut slot = 0;
    let reserved = (&raw mut slot).cast();
    assert_eq!(
        call!(module, C_WaitForSlotEvent(CKF_DONT_BLOCK, &mut slot, reserved)),
        Err(Ckr(CKR_ARGUMENTS_BAD))
    );
}

#[test]
fn a_blocked_wait_ends_with_an_event() {
    let (module, rack, card) = testkit::start(testkit::cps3());
    rack.pull(READER);
    module.event().expect("the removal");
    thread::scope(|scope| {
        let (done, waited) = channel();
        let module = &module;
        scope.spawn(move || {
            let mut slot = 0;
            let answer = call!(module, C_WaitForSlotEvent(0, &mut slot, null_mut()));
            let _ = done.send(answer.map(|()| slot));
        });
        assert!(
            waited.recv_timeout(Duration::from_millis(300)).is_err(),
            "nothing has happened"
        );
        rack.put_back(READER, &card);
        let answer = waited.recv_timeout(PATIENCE).expect("the wait ends");
        assert_eq!(answer, Ok(module.slot()));
    });
}

#[test]
fn a_blocked_wait_ends_with_c_finalize() {
    let (module, _rack, _card) = testkit::start(testkit::cps3());
    thread::scope(|scope| {
        let (done, waited) = channel();
        let module = &module;
        scope.spawn(move || {
            let mut slot = 0;
            let _ = done.send(call!(module, C_WaitForSlotEvent(0, &mut slot, null_mut())));
        });
        assert!(
            waited.recv_timeout(Duration::from_millis(300)).is_err(),
            "nothing has happened"
        );
        assert_eq!(call!(module, C_Finalize(null_mut())), Ok(()));
        let answer = waited.recv_timeout(PATIENCE).expect("the wait ends");
        assert_eq!(answer, Err(Ckr(CKR_CRYPTOKI_NOT_INITIALIZED)));
    });
}
