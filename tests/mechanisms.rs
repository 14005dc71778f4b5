//! What the mechanism list promises, and what is refused because it is not in it.

use cryptoki_sys::*;

use testkit::messages::*;
use testkit::openssl::Scheme;
use testkit::{Ckr, Mech, Module, Parameter, Session};

const INVALID: Result<(), Ckr> = Err(Ckr(CKR_MECHANISM_INVALID));
const BAD_PARAMETER: Result<(), Ckr> = Err(Ckr(CKR_MECHANISM_PARAM_INVALID));

const DIGESTS: [CK_MECHANISM_TYPE; 5] = [CKM_SHA_1, CKM_SHA224, CKM_SHA256, CKM_SHA384, CKM_SHA512];

#[test]
fn each_chip_lists_what_all_its_keys_can_do() {
    for (card, signing) in [
        (testkit::cps3(), &PKCS1[..]),
        (testkit::cps4(), &PKCS1_AND_PSS[..]),
    ] {
        let (module, _rack, _card) = testkit::start(card);
        let slot = module.slot();
        assert_eq!(module.mechanisms(slot), Ok([signing, &DIGESTS].concat()));
        assert_eq!(module.mechanisms_for(slot, CKF_SIGN), signing);
        assert_eq!(module.mechanisms_for(slot, CKF_VERIFY), signing);
        assert_eq!(module.mechanisms_for(slot, CKF_DIGEST), DIGESTS);
        assert_eq!(module.mechanisms_for(slot, CKF_DECRYPT), [CKM_RSA_PKCS]);
        assert_eq!(module.mechanisms_for(slot, CKF_ENCRYPT), [CKM_RSA_PKCS]);
        assert_eq!(module.mechanisms_for(slot, CKF_UNWRAP), [CKM_RSA_PKCS]);
        assert_eq!(module.mechanisms_for(slot, CKF_WRAP), []);
        for kind in [
            CKM_RSA_X_509,
            CKM_RSA_PKCS_KEY_PAIR_GEN,
            CKM_AES_CBC,
            CKM_VENDOR_DEFINED,
        ] {
            assert_eq!(module.mechanism_info(slot, kind).map(drop), INVALID, "{kind:#x}");
        }
    }
}

#[test]
fn mechanisms_of_other_kinds_are_refused() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        let public = session.companion(key, CKO_PUBLIC_KEY);
        for kind in [
            CKM_RSA_X_509,
            CKM_ECDSA,
            CKM_SHA256,
            CKM_RSA_PKCS_KEY_PAIR_GEN,
            CKM_MD5_RSA_PKCS,
        ] {
            assert_eq!(session.sign_init(kind, key), INVALID, "sign {kind:#x}");
            assert_eq!(session.verify_init(kind, public), INVALID, "verify {kind:#x}");
            assert_eq!(session.decrypt_init(kind, key), INVALID, "decrypt {kind:#x}");
            assert_eq!(session.encrypt_init(kind, public), INVALID, "encrypt {kind:#x}");
        }
        for kind in [CKM_MD5, CKM_RSA_PKCS, CKM_SHA256_RSA_PKCS] {
            assert_eq!(session.digest_init(kind), INVALID, "digest {kind:#x}");
        }
    }
}

#[test]
fn a_cps3_makes_no_pss() {
    let (module, _rack, _card) = testkit::start(testkit::cps3());
    let session = module.user_session();
    for label in ["CPS_PRIV_AUT", "CPS_PRIV_SIG"] {
        let key = session.private_key(label);
        let kinds = [(CKM_RSA_PKCS_PSS, CKM_SHA256), (CKM_SHA1_RSA_PKCS_PSS, CKM_SHA_1)];
        for (kind, hash) in kinds {
            assert_eq!(
                session.sign_init(Mech::pss(kind, hash), key),
                INVALID,
                "{label} {kind:#x}"
            );
        }
    }
}

#[test]
fn the_signature_key_knows_two_hashes() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_SIG");
        for kind in [CKM_SHA224_RSA_PKCS, CKM_SHA384_RSA_PKCS, CKM_SHA512_RSA_PKCS] {
            assert_eq!(session.sign_init(kind, key), INVALID, "{kind:#x}");
        }
    }
}

/// Not listed, since the signature key cannot: but a client that reads CKA_ALLOWED_MECHANISMS may use them.
#[test]
fn the_authentication_key_does_more_than_the_slot_promises() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        let public = public_key(session, key);
        let more = [
            (CKM_SHA224_RSA_PKCS, "sha224"),
            (CKM_SHA384_RSA_PKCS, "sha384"),
            (CKM_SHA512_RSA_PKCS, "sha512"),
        ];
        for (kind, hash) in more {
            session.sign_init(kind, key).expect("C_SignInit");
            let signature = session.sign(b"a message").expect("C_Sign");
            assert!(
                public.verifies(Scheme::Pkcs1(hash), b"a message", &signature),
                "{hash}"
            );
        }
    }
}

fn pss(hash: CK_MECHANISM_TYPE, mgf: CK_RSA_PKCS_MGF_TYPE, salt: CK_ULONG) -> Parameter {
    Parameter::Pss(CK_RSA_PKCS_PSS_PARAMS {
        hashAlg: hash,
        mgf,
        sLen: salt,
    })
}

fn both_keys(module: &Module) -> (Session<'_>, [CK_OBJECT_HANDLE; 2]) {
    let session = module.user_session();
    (
        session,
        ["CPS_PRIV_AUT", "CPS_PRIV_SIG"].map(|label| session.private_key(label)),
    )
}

#[test]
fn parameters_that_do_not_fit_are_refused() {
    let (module, _rack, _card) = testkit::start(testkit::cps4());
    let (session, keys) = both_keys(&module);
    let bad = [
        (CKM_RSA_PKCS_PSS, Parameter::None),
        (CKM_SHA256_RSA_PKCS_PSS, Parameter::None),
        (CKM_RSA_PKCS_PSS, pss(CKM_MD5, CKG_MGF1_SHA256, 16)),
        (CKM_RSA_PKCS_PSS, pss(CKM_SHA256, 77, 32)),
        (CKM_RSA_PKCS_PSS, pss(CKM_SHA256, CKG_MGF1_SHA256, 223)),
        (CKM_RSA_PKCS_PSS, pss(CKM_SHA256, CKG_MGF1_SHA256, CK_ULONG::MAX)),
        (CKM_SHA1_RSA_PKCS_PSS, pss(CKM_SHA256, CKG_MGF1_SHA256, 32)),
        (CKM_RSA_PKCS_PSS, Parameter::Uninitialized),
    ];
    for (kind, parameter) in bad {
        for key in keys {
            assert_eq!(
                session.sign_init(Mech { kind, parameter }, key),
                BAD_PARAMETER,
                "{kind:#x} {parameter:x?}"
            );
        }
    }
}

/// Programs that were written for the official module leave pParameter and ulParameterLen uninitialised.
#[test]
fn where_no_parameter_belongs_none_is_looked_at() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        let public = session.companion(key, CKO_PUBLIC_KEY);
        let (pkcs, sha256) = (Mech::uninitialized(CKM_RSA_PKCS), Mech::uninitialized(CKM_SHA256));
        session.digest_init(sha256).expect("C_DigestInit");
        let expected = session.digest(b"a message").expect("C_Digest");
        session.digest_init(CKM_SHA256).expect("C_DigestInit");
        assert_eq!(session.digest(b"a message"), Ok(expected));
        session.encrypt_init(pkcs, public).expect("C_EncryptInit");
        let cryptogram = session.encrypt(b"a message").expect("C_Encrypt");
        session.decrypt_init(pkcs, key).expect("C_DecryptInit");
        assert_eq!(session.decrypt(&cryptogram), Ok(b"a message".to_vec()));
        for kind in [CKM_RSA_PKCS, CKM_SHA256_RSA_PKCS] {
            let mechanism = Mech::uninitialized(kind);
            session.sign_init(mechanism, key).expect("C_SignInit");
            let signature = session.sign(b"a message").expect("C_Sign");
            session.verify_init(mechanism, public).expect("C_VerifyInit");
            assert_eq!(session.verify(b"a message", &signature), Ok(()));
        }
    }
}

/// The chip makes the salt of the signature key, always as long as the hash. The official module ignores what
/// it is asked.
#[test]
fn the_signature_key_refuses_pss_that_its_chip_would_make_otherwise() {
    let (module, _rack, _card) = testkit::start(testkit::cps4());
    let session = module.user_session();
    let key = session.private_key("CPS_PRIV_SIG");
    let bad = [
        pss(CKM_SHA256, CKG_MGF1_SHA256, 20),
        pss(CKM_SHA256, CKG_MGF1_SHA256, 0),
        pss(CKM_SHA256, CKG_MGF1_SHA1, 32),
        pss(CKM_SHA512, CKG_MGF1_SHA512, 64),
    ];
    for parameter in bad {
        let kind = CKM_RSA_PKCS_PSS;
        assert_eq!(
            session.sign_init(Mech { kind, parameter }, key),
            BAD_PARAMETER,
            "{parameter:x?}"
        );
    }
    let good = Mech::pss(CKM_RSA_PKCS_PSS, CKM_SHA256);
    assert_eq!(session.sign_init(good, key), Ok(()));
}

#[test]
fn the_authentication_key_of_a_cps4_makes_the_pss_that_it_is_asked_for() {
    let (module, _rack, _card) = testkit::start(testkit::cps4());
    let session = module.user_session();
    let key = session.private_key("CPS_PRIV_AUT");
    let public = public_key(session, key);
    let ways = [
        (
            CKM_SHA256_RSA_PKCS_PSS,
            pss(CKM_SHA256, CKG_MGF1_SHA256, 0),
            Scheme::Pss("sha256", 0),
        ),
        (
            CKM_SHA256_RSA_PKCS_PSS,
            pss(CKM_SHA256, CKG_MGF1_SHA256, 20),
            Scheme::Pss("sha256", 20),
        ),
        (
            CKM_SHA256_RSA_PKCS_PSS,
            pss(CKM_SHA256, CKG_MGF1_SHA256, 222),
            Scheme::Pss("sha256", 222),
        ),
        (
            CKM_SHA512_RSA_PKCS_PSS,
            pss(CKM_SHA512, CKG_MGF1_SHA512, 64),
            Scheme::Pss("sha512", 64),
        ),
    ];
    for (kind, parameter, scheme) in ways {
        session
            .sign_init(Mech { kind, parameter }, key)
            .unwrap_or_else(|rv| panic!("{scheme:?}: {rv:?}"));
        let signature = session
            .sign(b"a message")
            .unwrap_or_else(|rv| panic!("{scheme:?}: {rv:?}"));
        assert!(public.verifies(scheme, b"a message", &signature), "{scheme:?}");
    }
}
