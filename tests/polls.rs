//! What browsers ask all the time costs nothing: no command to a card, no wait behind one.

mod common;

use std::ptr::null_mut;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use cryptoki_sys::*;
use sim_cards::Options;

use common::{Ckr, Gate, Module, PATIENCE, PIN, READER, Rack, Session, ulong};

/// Everything that is called all the time.
fn polls(module: &Module, session: Session<'_>) {
    let slot = module.slot();
    module.slots(true).expect("C_GetSlotList");
    module.slot_info(slot).expect("C_GetSlotInfo");
    module.token_info(slot).expect("C_GetTokenInfo");
    session.info().expect("C_GetSessionInfo");
    module.mechanisms(slot).expect("C_GetMechanismList");
    module
        .mechanism_info(slot, CKM_RSA_PKCS)
        .expect("C_GetMechanismInfo");
    assert_eq!(module.event(), Err(Ckr(CKR_NO_EVENT)));
    let none = session.open_another();
    none.close().expect("C_CloseSession");
}

trait OpenAnother<'m> {
    fn open_another(&self) -> Session<'m>;
}

impl<'m> OpenAnother<'m> for Session<'m> {
    fn open_another(&self) -> Session<'m> {
        self.module
            .open(self.module.slot(), CKF_SERIAL_SESSION)
            .expect("C_OpenSession")
    }
}

#[test]
fn c_initialize_touches_no_card() {
    for card in common::both() {
        let (module, rack, card) = common::start(card);
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
    for card in common::both() {
        let (module, rack, card) = common::start(card);
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
    for card in common::both() {
        let (module, _rack, card) = common::start(card);
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
    let (module, _rack, card) = common::start(common::cps4());
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
    let card = rack.insert("Foreign", common::card("doctor-hospital-cps3", &options));
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
fn polls_answer_while_the_card_signs() {
    for card in common::both() {
        let (module, _rack, card) = common::start(card);
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
                polls(module, session);
                let _ = done.send(());
            });
            let answered = polled.recv_timeout(PATIENCE);
            drop(gate);
            answered.expect("polls wait for the card");
            assert_eq!(signature.join().expect("no panic").map(|it| it.len()), Ok(256));
        });
    }
}

#[test]
fn polls_answer_while_another_program_has_the_card() {
    let (module, rack, _card) = common::start(common::cps4());
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
    let (module, rack, card) = common::start(common::cps3());
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
    let (module, rack, card) = common::start(common::cps3());
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
    let (module, _rack, _card) = common::start(common::cps3());
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
