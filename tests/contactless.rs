//! A CPS3 over the air: one key that needs no code.

use cryptoki_sys::*;
use sim_cards::{Interface, Options};

use testkit::openssl::Scheme;
use testkit::{Card, Ckr, Module, Rack, Session, messages, ulong};

fn start() -> (Module, Rack, Card) {
    let options = Options {
        interface: Interface::Contactless,
        ..Options::default()
    };
    testkit::start(testkit::card("doctor-hospital-cps3", &options))
}

fn find(session: &Session<'_>, class: CK_OBJECT_CLASS) -> Vec<CK_OBJECT_HANDLE> {
    session.find(&[(CKA_CLASS, ulong(class))]).expect("a search")
}

#[test]
fn no_login_is_required_and_none_is_possible() {
    let (module, _rack, card) = start();
    let info = module.token_info(module.slot()).expect("token");
    assert_eq!(info.flags, CKF_RNG | CKF_TOKEN_INITIALIZED);
    assert_eq!((info.ulMinPinLen, info.ulMaxPinLen), (4, 8));
    assert!(info.model.starts_with(b"IAS ECC "));
    let session = module.session();
    let before = card.apdus();
    for pin in ["1234", "1"] {
        assert_eq!(session.login(pin), Err(Ckr(CKR_USER_PIN_NOT_INITIALIZED)));
    }
    assert_eq!(session.logout(), Err(Ckr(CKR_USER_NOT_LOGGED_IN)));
    assert_eq!(session.state(), Ok(CKS_RO_PUBLIC_SESSION));
    assert_eq!(card.apdus(), before, "the card is not asked");
}

#[test]
fn the_technical_key_signs_without_a_login() {
    let (module, _rack, _card) = start();
    let session = module.session();
    let [key] = find(&session, CKO_PRIVATE_KEY)[..] else {
        panic!("one private key");
    };
    assert_eq!(
        session.attribute(key, CKA_LABEL),
        Ok(b"CPS_PRIV_TECH_AUT".to_vec())
    );
    assert_eq!(session.attribute(key, CKA_PRIVATE), Ok(vec![CK_FALSE]));
    assert_eq!(session.attribute(key, CKA_DECRYPT), Ok(vec![CK_FALSE]));
    assert_eq!(session.attribute(key, CKA_ID).map(|id| id.len()), Ok(14));
    let certificate = session.companion(key, CKO_CERTIFICATE);
    assert_eq!(
        session.attribute(certificate, CKA_LABEL),
        Ok(b"Certificat Technique CPS".to_vec())
    );
    let public = messages::public_key(session, key);
    session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
    let signature = session.sign(b"a message").expect("C_Sign");
    assert!(public.verifies(Scheme::Pkcs1("sha256"), b"a message", &signature));
    session.sign_init(CKM_RSA_PKCS, key).expect("C_SignInit");
    let bare = session
        .sign(&messages::digest_info_sha256(b"a message"))
        .expect("C_Sign");
    assert_eq!(bare, signature);
}

#[test]
fn the_slot_lists_what_the_technical_key_does() {
    let (module, _rack, _card) = start();
    let slot = module.slot();
    let signing = module.mechanisms_for(slot, CKF_SIGN);
    assert_eq!(
        signing,
        [
            CKM_RSA_PKCS,
            CKM_SHA1_RSA_PKCS,
            CKM_SHA224_RSA_PKCS,
            CKM_SHA256_RSA_PKCS,
            CKM_SHA384_RSA_PKCS,
            CKM_SHA512_RSA_PKCS
        ]
    );
    assert_eq!(module.mechanisms_for(slot, CKF_DECRYPT | CKF_ENCRYPT), []);
    let session = module.session();
    let [key] = find(&session, CKO_PRIVATE_KEY)[..] else {
        panic!("one private key");
    };
    let public = messages::public_key(session, key);
    for (mechanism, hash) in [(CKM_SHA384_RSA_PKCS, "sha384"), (CKM_SHA512_RSA_PKCS, "sha512")] {
        session.sign_init(mechanism, key).expect("C_SignInit");
        let signature = session.sign(b"a message").expect("C_Sign");
        assert!(
            public.verifies(Scheme::Pkcs1(hash), b"a message", &signature),
            "{hash}"
        );
    }
}

#[test]
fn what_is_free_can_be_read_and_nothing_written() {
    let (module, _rack, _card) = start();
    let session = module
        .open(module.slot(), CKF_SERIAL_SESSION | CKF_RW_SESSION)
        .expect("a session");
    let data = session.find_one(&[(CKA_LABEL, b"CPS_DATA".to_vec())]);
    assert_eq!(session.attribute(data, CKA_MODIFIABLE), Ok(vec![CK_FALSE]));
    session.attribute(data, CKA_VALUE).expect("its value");
    assert_eq!(
        session.set(data, &[(CKA_VALUE, vec![1])]),
        Err(Ckr(CKR_ACTION_PROHIBITED))
    );
    for object in find(&session, CKO_DATA) {
        assert_eq!(session.attribute(object, CKA_PRIVATE), Ok(vec![CK_FALSE]));
    }
}
