//! Signatures of every key with every listed mechanism on each chip, judged by OpenSSL.

use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cryptoki_sys::*;
use sha1::{Digest, Sha1};
use sha2::Sha256;
use sim_cards::{Interceptor, Model, Options, Protocol, SimCard};

use testkit::messages::*;
use testkit::openssl::Scheme;
use testkit::{Ckr, Rv, call, ulong};

const TOO_SMALL: Rv = Err(Ckr(CKR_BUFFER_TOO_SMALL));
const BAD: Rv = Err(Ckr(CKR_ARGUMENTS_BAD));

/// Signs messages of these lengths, whole and in parts, with each key and each mechanism of the slot.
fn signs_everything(card: SimCard, expected: &[CK_MECHANISM_TYPE], lengths: &[usize]) {
    let (module, _rack, _card) = testkit::start(card);
    let session = module.user_session();
    let mechanisms = module.mechanisms_for(module.slot(), CKF_SIGN);
    assert_eq!(mechanisms, expected);
    let keys = session
        .find(&[(CKA_CLASS, ulong(CKO_PRIVATE_KEY))])
        .expect("keys");
    assert_eq!(keys.len(), 2);
    for key in keys {
        let public = public_key(session, key);
        for (mech, prepare, scheme) in mechanisms.iter().flat_map(|it| ways(*it)) {
            for len in lengths {
                let message = message(*len);
                let data = prepare(&message);
                let case = format!("{scheme:?} by {mech:x?} of {len} bytes");

                session
                    .sign_init(mech, key)
                    .unwrap_or_else(|rv| panic!("{case}: C_SignInit {rv:?}"));
                let whole = session
                    .sign(&data)
                    .unwrap_or_else(|rv| panic!("{case}: C_Sign {rv:?}"));
                assert!(public.verifies(scheme, &message, &whole), "{case}: bad");
                assert!(
                    !public.verifies(scheme, b"another", &whole),
                    "{case}: of anything"
                );

                session
                    .sign_init(mech, key)
                    .unwrap_or_else(|rv| panic!("{case}: C_SignInit {rv:?}"));
                for part in parts(&data) {
                    session
                        .sign_update(part)
                        .unwrap_or_else(|rv| panic!("{case}: C_SignUpdate {rv:?}"));
                }
                let in_parts = session
                    .sign_final()
                    .unwrap_or_else(|rv| panic!("{case}: C_SignFinal {rv:?}"));
                assert!(
                    public.verifies(scheme, &message, &in_parts),
                    "{case}, in parts: bad"
                );
            }
        }
    }
}

#[test]
fn a_cps3_signs_with_every_key_and_mechanism() {
    signs_everything(testkit::cps3(), &PKCS1, &LENGTHS);
}

#[test]
fn a_cps4_signs_with_every_key_and_mechanism() {
    signs_everything(testkit::cps4(), &PKCS1_AND_PSS, &LENGTHS);
}

#[test]
fn a_cps4_signs_over_t0() {
    let options = Options {
        protocol: Some(Protocol::T0),
        ..Options::default()
    };
    signs_everything(
        testkit::card("doctor-gp-cps4", &options),
        &PKCS1_AND_PSS,
        &[0, 64, 1405],
    );
}

#[test]
fn the_authentication_key_signs_what_is_no_digest_info() {
    // 36 bytes: MD5 and SHA-1 one behind the other, as TLS up to 1.1 wants it; 102: the most that a CPS3
    // takes.
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        let public = public_key(session, key);
        // INTERNAL AUTHENTICATE is no command without data; a CPS4 gets the block that the host has padded.
        session.sign_init(CKM_RSA_PKCS, key).expect("C_SignInit");
        let model = card.sim().model();
        match (model, session.sign(&[])) {
            (Model::Cps4, signature) => {
                assert_eq!(public.recovers(&signature.expect("C_Sign")), Some(vec![]))
            }
            (_, refusal) => assert_eq!(refusal, Err(Ckr(CKR_DATA_LEN_RANGE))),
        }
        for len in [1, 36, 51, 102] {
            let block = message(len);
            session.sign_init(CKM_RSA_PKCS, key).expect("C_SignInit");
            let signature = session
                .sign(&block)
                .unwrap_or_else(|rv| panic!("{len} bytes: {rv:?}"));
            assert_eq!(public.recovers(&signature), Some(block), "{len} bytes");
        }
    }
}

#[test]
fn the_signature_key_takes_a_bare_hash_for_its_digest_info() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_SIG");
        let sign = |data: &[u8]| {
            session.sign_init(CKM_RSA_PKCS, key).expect("C_SignInit");
            session.sign(data).expect("C_Sign")
        };
        let message = message(300);
        assert_eq!(sign(&Sha1::digest(&message)), sign(&digest_info_sha1(&message)));
        assert_eq!(
            sign(&Sha256::digest(&message)),
            sign(&digest_info_sha256(&message))
        );
    }
}

#[test]
fn the_signature_key_refuses_what_its_chip_cannot_sign() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_SIG");
        // The first signature also reads the certificate that checks it.
        session.sign_init(CKM_RSA_PKCS, key).expect("C_SignInit");
        session.sign(&message(20)).expect("C_Sign");
        for len in [0, 1, 19, 21, 36, 51, 64, 102] {
            session.sign_init(CKM_RSA_PKCS, key).expect("C_SignInit");
            let before = card.apdus();
            let answer = session.sign(&message(len));
            assert_eq!(answer, Err(Ckr(CKR_DATA_INVALID)), "{len} bytes");
            assert_eq!(card.apdus(), before, "{len} bytes reached the card");
        }
    }
}

#[test]
fn the_module_verifies_its_own_signatures_and_no_others() {
    for (card, expected) in [
        (testkit::cps3(), &PKCS1[..]),
        (testkit::cps4(), &PKCS1_AND_PSS[..]),
    ] {
        let (module, _rack, card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        let public = session.companion(key, CKO_PUBLIC_KEY);
        for (mech, prepare, scheme) in expected.iter().flat_map(|it| ways(*it)) {
            let data = prepare(&message(1405));
            session.sign_init(mech, key).expect("C_SignInit");
            let mut signature = session.sign(&data).expect("C_Sign");
            let before = card.apdus();

            session.verify_init(mech, public).expect("C_VerifyInit");
            assert_eq!(session.verify(&data, &signature), Ok(()), "{scheme:?}");

            session.verify_init(mech, public).expect("C_VerifyInit");
            parts(&data)
                .into_iter()
                .for_each(|part| session.verify_update(part).expect("C_VerifyUpdate"));
            assert_eq!(session.verify_final(&signature), Ok(()), "{scheme:?} in parts");

            session.verify_init(mech, public).expect("C_VerifyInit");
            let short = session.verify(&data, &signature[1..]);
            assert_eq!(short, Err(Ckr(CKR_SIGNATURE_LEN_RANGE)), "{scheme:?}");

            signature[255] ^= 1;
            session.verify_init(mech, public).expect("C_VerifyInit");
            let wrong = session.verify(&data, &signature);
            assert_eq!(wrong, Err(Ckr(CKR_SIGNATURE_INVALID)), "{scheme:?}");
            assert_eq!(card.apdus(), before, "verifying is done in software");
        }
    }
}

#[test]
fn how_much_a_signature_recovers_cannot_be_asked_without_it() {
    let (module, _rack, _card) = testkit::start(testkit::cps3());
    let session = module.user_session();
    let key = session.private_key("CPS_PRIV_AUT");
    session
        .sign_recover_init(CKM_RSA_PKCS, key)
        .expect("C_SignRecoverInit");
    let mut signature = session
        .sign_recover(b"a secret of 24 bytes ...")
        .expect("C_SignRecover");
    let public = session.companion(key, CKO_PUBLIC_KEY);
    session
        .verify_recover_init(CKM_RSA_PKCS, public)
        .expect("C_VerifyRecoverInit");
    let recover = |signature: *mut u8, data: *mut u8| {
        let mut length = 256;
        let answer = call!(
            module,
            C_VerifyRecover(session.handle, signature, 256, data, &mut length)
        );
        answer.map(|()| length)
    };
    assert_eq!(recover(null_mut(), null_mut()), Err(Ckr(CKR_ARGUMENTS_BAD)));
    assert_eq!(recover(signature.as_mut_ptr(), null_mut()), Ok(24));
    let mut data = [0; 256];
    assert_eq!(recover(signature.as_mut_ptr(), data.as_mut_ptr()), Ok(24));
    assert_eq!(&data[..24], b"a secret of 24 bytes ...");
}

/// The signature survives everything that does not process it, as applications of the official module rely
/// on.
#[test]
fn a_signature_survives_size_queries_short_buffers_and_bad_pointers() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let session = module.user_session();
        let h = session.handle;
        let key = session.private_key("CPS_PRIV_AUT");
        let mut info = [
            0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14,
        ]
        .to_vec();
        info.extend([0x5A; 20]);
        let (data, len) = (info.as_mut_ptr(), info.len() as CK_ULONG);
        let mut signature = [0u8; 256];
        let out = signature.as_mut_ptr();
        let mut n = 0;

        assert_eq!(
            call!(module, C_Sign(h, data, len, out, &mut n)),
            Err(Ckr(CKR_OPERATION_NOT_INITIALIZED))
        );
        session.sign_init(CKM_RSA_PKCS, key).expect("C_SignInit");
        assert_eq!(
            session.sign_init(CKM_RSA_PKCS, key),
            Err(Ckr(CKR_OPERATION_ACTIVE))
        );
        let before = card.apdus();
        assert_eq!(
            call!(module, C_Sign(h, null_mut(), 0, null_mut(), null_mut())),
            BAD
        );
        assert_eq!(
            call!(module, C_Sign(h, null_mut(), 0, null_mut(), &mut n)),
            Ok(())
        );
        assert_eq!(n, 256);
        for short in [0, 1, 255] {
            n = short;
            assert_eq!(call!(module, C_Sign(h, data, len, out, &mut n)), TOO_SMALL);
            assert_eq!(n, 256);
        }
        for len in [0, len] {
            assert_eq!(call!(module, C_Sign(h, null_mut(), len, out, &mut n)), BAD);
        }
        assert_eq!(card.apdus(), before, "nothing of this reaches the card");
        assert_eq!(call!(module, C_Sign(h, data, len, out, &mut n)), Ok(()));
        assert_eq!(n, 256);
        assert_eq!(
            call!(module, C_Sign(h, data, len, out, &mut n)),
            Err(Ckr(CKR_OPERATION_NOT_INITIALIZED))
        );

        session.sign_init(CKM_SHA1_RSA_PKCS, key).expect("C_SignInit");
        assert_eq!(call!(module, C_SignUpdate(h, null_mut(), 1405)), BAD);
        assert_eq!(session.sign_update(b"a message"), Ok(()));
        assert_eq!(call!(module, C_SignFinal(h, out, null_mut())), BAD);
        n = 250;
        assert_eq!(call!(module, C_SignFinal(h, out, &mut n)), TOO_SMALL);
        assert_eq!(session.sign_final().map(|it| it.len()), Ok(256));
        assert_eq!(
            session.sign_final().map(drop),
            Err(Ckr(CKR_OPERATION_NOT_INITIALIZED))
        );
    }
}

/// The hash of nothing is a hash: a program has no pointer to an empty message.
#[test]
fn an_empty_message_may_be_null_where_it_is_hashed() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        for label in ["CPS_PRIV_AUT", "CPS_PRIV_SIG"] {
            let key = session.private_key(label);
            session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
            let (mut signature, mut n) = ([0; 256], 256);
            let (h, out) = (session.handle, signature.as_mut_ptr());
            assert_eq!(call!(module, C_Sign(h, null_mut(), 0, out, &mut n)), Ok(()));
            assert!(public_key(session, key).verifies(Scheme::Pkcs1("sha256"), b"", &signature));
        }
    }
}

#[test]
fn signing_needs_a_login() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
        session.logout().expect("logout");
        let answer = session.sign(b"data").map(drop);
        assert_eq!(answer, Err(Ckr(CKR_OPERATION_NOT_INITIALIZED)));
    }
}

/// What becomes of a signature on its way from the card.
type Forgery = Box<dyn Fn(&mut [u8]) + Send>;

/// Gives something else in the place of each signature that the card makes.
struct Forger {
    forge: Forgery,
    forged: Arc<AtomicU32>,
}

impl Interceptor for Forger {
    fn answer(&mut self, _: u64, command: &[u8], answer: &mut Vec<u8>) {
        // PERFORM SECURITY OPERATION, INTERNAL AUTHENTICATE, and GET RESPONSE behind them.
        let signs = matches!(command[1], 0x2A | 0x88 | 0xC0);
        if signs && answer.len() == 256 + 2 {
            (self.forge)(&mut answer[..256]);
            self.forged.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The other key's signature over the same, as when another program had chosen that key; and the right one with a
/// bit that has flipped in the chip.
fn forgeries(of_other_key: Vec<u8>) -> Vec<(&'static str, Forgery)> {
    vec![
        (
            "the other key's",
            Box::new(move |it| it.copy_from_slice(&of_other_key)),
        ),
        ("first bit", Box::new(|it| it[0] ^= 0x80)),
        ("a bit", Box::new(|it| it[128] ^= 0x10)),
        ("last bit", Box::new(|it| it[255] ^= 1)),
    ]
}

#[test]
fn what_the_key_has_not_signed_never_goes_out() {
    const UNTOUCHED: [u8; 256] = [0xA5; 256];
    for (card, mechanisms) in [
        (testkit::cps3(), &PKCS1[..]),
        (testkit::cps4(), &PKCS1_AND_PSS[..]),
    ] {
        let (module, _rack, card) = testkit::start(card);
        let session = module.user_session();
        let h = session.handle;
        let authentication = session.private_key("CPS_PRIV_AUT");
        let signature = session.private_key("CPS_PRIV_SIG");
        for (key, other) in [(authentication, signature), (signature, authentication)] {
            let public = public_key(session, key);
            for (mech, prepare, scheme) in mechanisms.iter().flat_map(|it| ways(*it)) {
                let message = message(300);
                let mut data = prepare(&message);
                let (bytes, len) = (data.as_mut_ptr(), data.len() as CK_ULONG);
                let signed_by = |key| {
                    session.sign_init(mech, key).expect("C_SignInit");
                    session.sign(&data).expect("C_Sign")
                };
                for (what, forge) in forgeries(signed_by(other)) {
                    let case = format!("{scheme:?} by {mech:x?}, {what}");
                    let forged = Arc::new(AtomicU32::new(0));
                    card.sim().set_interceptor(Forger {
                        forge,
                        forged: Arc::clone(&forged),
                    });
                    let mut out = UNTOUCHED;
                    let mut n = 256;
                    session.sign_init(mech, key).expect("C_SignInit");
                    let whole = call!(module, C_Sign(h, bytes, len, out.as_mut_ptr(), &mut n));
                    assert_eq!(whole, Err(Ckr(CKR_DEVICE_ERROR)), "{case}");
                    assert_eq!(forged.load(Ordering::Relaxed), 1, "{case}: it is not asked twice");
                    session.sign_init(mech, key).expect("C_SignInit");
                    session.sign_update(&data).expect("C_SignUpdate");
                    let in_parts = call!(module, C_SignFinal(h, out.as_mut_ptr(), &mut n));
                    assert_eq!(in_parts, Err(Ckr(CKR_DEVICE_ERROR)), "{case}, in parts");
                    assert_eq!(forged.load(Ordering::Relaxed), 2, "{case}, in parts");
                    assert_eq!(out, UNTOUCHED, "{case}");
                    assert_eq!(card.tries_left(), 3, "{case}");
                    card.sim().clear_interceptor();
                }
                // The login has outlived all of them.
                let right = signed_by(key);
                assert!(
                    public.verifies(scheme, &message, &right),
                    "{scheme:?} by {mech:x?}"
                );
            }
        }
    }
}
