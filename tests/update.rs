//! EF_ACTUA, the stamp of an update of a CPS3's data: after an update the card is another card, and a half-written update makes it
//! unusable.

use std::thread::sleep;
use std::time::Duration;

use cryptoki_sys::*;
use sim_cards::{Interceptor, Options};

use testkit::{Card, Ckr, Module, PIN, READER, Rack, ulong};

const GONE: Ckr = Ckr(CKR_SESSION_HANDLE_INVALID);
const INTERRUPTED: Ckr = Ckr(CKR_DEVICE_ERROR);

/// What another program has written over the second date of EF_ACTUA.
struct EndDate(u8);

impl Interceptor for EndDate {
    fn answer(&mut self, _: u64, _: &[u8], answer: &mut Vec<u8>) {
        if answer.starts_with(&[0xEC, 0x12]) {
            answer[13..20].fill(self.0);
        }
    }
}

/// A doctor whose card was updated before, in a module that has read it.
fn updated() -> (Module, Rack, Card) {
    let (module, rack, card) = testkit::start(testkit::card("doctor-updated-cps3", &Options::default()));
    module.token_info(module.slot()).expect("token");
    (module, rack, card)
}

#[test]
fn an_update_by_another_program_ends_every_session() {
    let (module, rack, card) = updated();
    let session = module.user_session();
    let key = session.private_key("CPS_PRIV_AUT");
    session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");

    card.sim().set_interceptor(EndDate(0x11));
    rack.reset(READER);
    assert_eq!(session.random(8), Err(GONE));
    assert_eq!(session.state(), Err(GONE));
    assert_eq!(session.sign(b"a message"), Err(GONE));

    let session = module.user_session();
    assert!(
        session.attribute(key, CKA_LABEL).is_err(),
        "an old handle means nothing"
    );
    let key = session.private_key("CPS_PRIV_AUT");
    session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
    session.sign(b"a message").expect("C_Sign");
}

#[test]
fn a_reset_without_an_update_ends_no_session() {
    let (module, rack, card) = updated();
    let session = module.user_session();
    let certificates = session
        .find(&[(CKA_CLASS, ulong(CKO_CERTIFICATE))])
        .expect("objects");
    rack.reset(READER);
    assert_eq!(session.state(), Ok(CKS_RO_PUBLIC_SESSION));
    let before = card.apdus();
    session.login(PIN).expect("C_Login");
    assert_eq!(card.apdus() - before, 3, "a look at EF_ACTUA and the code");
    assert_eq!(
        session.find(&[(CKA_CLASS, ulong(CKO_CERTIFICATE))]),
        Ok(certificates)
    );
}

#[test]
fn an_update_while_nobody_has_a_session_is_seen_by_the_next_one() {
    let (module, _rack, card) = updated();
    let session = module.session();
    let old = session.find_one(&[(CKA_LABEL, b"CPS_DATA".to_vec())]);
    session.close().expect("C_CloseSession");
    card.sim().set_interceptor(EndDate(0x12));
    sleep(Duration::from_millis(3200));
    let session = module.session();
    assert!(session.attribute(old, CKA_LABEL).is_err());
    session.find_one(&[(CKA_LABEL, b"CPS_DATA".to_vec())]);
}

#[test]
fn a_new_session_soon_after_the_last_one_costs_nothing() {
    let (module, _rack, card) = updated();
    let before = card.apdus();
    for _ in 0..3 {
        module.session().close().expect("C_CloseSession");
    }
    assert_eq!(card.apdus(), before);
}

#[test]
fn a_half_written_card_is_listed_and_opens_no_session() {
    let persona = "speech-therapist-half-updated-cps3";
    let (module, _rack, _card) = testkit::start(testkit::card(persona, &Options::default()));
    let slot = module.slot();
    assert_eq!(module.slots(true), Ok(vec![slot]));
    module.token_info(slot).expect("a label to show");
    for _ in 0..2 {
        let opened = module.open(slot, CKF_SERIAL_SESSION).map(|_| ());
        assert_eq!(opened, Err(INTERRUPTED));
    }
}

#[test]
fn an_update_that_breaks_off_under_a_session_makes_the_card_unusable_until_it_is_done() {
    let (module, rack, card) = updated();
    let session = module.user_session();
    card.sim().set_interceptor(EndDate(0xFF));
    rack.reset(READER);
    assert_eq!(session.random(8), Err(INTERRUPTED));
    assert_eq!(session.state(), Err(GONE));
    let slot = module.slot();
    assert_eq!(
        module.open(slot, CKF_SERIAL_SESSION).map(|_| ()),
        Err(INTERRUPTED)
    );

    card.sim().set_interceptor(EndDate(0x13));
    rack.reset(READER);
    let session = module.user_session();
    session.find_one(&[(CKA_LABEL, b"CPS_DATA".to_vec())]);
}
