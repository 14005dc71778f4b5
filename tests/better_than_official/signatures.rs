//! Mechanisms, and what is done with keys.

use std::collections::BTreeSet;
use std::ptr::null_mut;

use cryptoki_sys::*;
use sha2::{Digest, Sha256};
use sim_cards::{Interceptor, SimCard};

use testkit::call;
use testkit::messages::{digest_info_sha256, message, public_key, ways};
use testkit::openssl::Scheme;
use testkit::{Card, Ckr, Mech, Parameter, Rv, Session};

const INVALID: Ckr = Ckr(CKR_MECHANISM_INVALID);
const BAD_PARAMETER: Ckr = Ckr(CKR_MECHANISM_PARAM_INVALID);

fn pss(kind: CK_MECHANISM_TYPE, hash: CK_MECHANISM_TYPE, mgf: CK_ULONG, salt: CK_ULONG) -> Mech {
    let parameters = CK_RSA_PKCS_PSS_PARAMS {
        hashAlg: hash,
        mgf,
        sLen: salt,
    };
    Mech {
        kind,
        parameter: Parameter::Pss(parameters),
    }
}

fn keys(session: Session<'_>) -> [CK_OBJECT_HANDLE; 2] {
    ["CPS_PRIV_AUT", "CPS_PRIV_SIG"].map(|label| session.private_key(label))
}

/// A text, enciphered with the other half of a key and deciphered with the key.
fn there_and_back(session: Session<'_>, key: CK_OBJECT_HANDLE) -> Rv<Vec<u8>> {
    session.encrypt_init(CKM_RSA_PKCS, session.companion(key, CKO_PUBLIC_KEY))?;
    let cryptogram = session.encrypt(b"text")?;
    session.decrypt_init(CKM_RSA_PKCS, key)?;
    session.decrypt(&cryptogram)
}

#[test]
fn weakness_14_an_empty_message_has_foreign_memory_signed() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        for key in keys(session) {
            let public = public_key(session, key);
            for (kind, hash) in [(CKM_SHA1_RSA_PKCS, "sha1"), (CKM_SHA256_RSA_PKCS, "sha256")] {
                session.sign_init(kind, key).expect("C_SignInit");
                let whole = session.sign(b"").expect("C_Sign of nothing");
                session.sign_init(kind, key).expect("C_SignInit");
                let without_parts = session.sign_final().expect("C_SignFinal at once");
                session.sign_init(kind, key).expect("C_SignInit");
                session.sign_update(b"").expect("C_SignUpdate of nothing");
                let empty_part = session.sign_final().expect("C_SignFinal");
                for signature in [whole, without_parts, empty_part] {
                    assert!(public.verifies(Scheme::Pkcs1(hash), b"", &signature), "{hash}");
                }
            }
        }
    }
}

#[test]
fn weakness_22_mechanisms_are_listed_that_fail() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let (slot, session) = (module.slot(), module.user_session());
        let listed = module.mechanisms(slot).expect("mechanisms");
        assert!(!listed.contains(&CKM_RSA_X_509));
        for kind in &listed {
            let flags = module.mechanism_info(slot, *kind).expect("info").flags;
            if *kind != CKM_RSA_PKCS {
                let more = CKF_ENCRYPT | CKF_DECRYPT | CKF_WRAP | CKF_UNWRAP;
                assert_eq!(
                    flags & more,
                    0,
                    "{kind:#x} does nothing but sign, verify or digest"
                );
            }
            if flags & CKF_SIGN == 0 {
                assert_eq!(flags, CKF_DIGEST);
                session.digest_init(*kind).expect("C_DigestInit");
                session.digest(b"a message").expect("C_Digest");
                continue;
            }
            assert_ne!(flags & CKF_VERIFY, 0);
            for key in keys(session) {
                let (public, judge) = (session.companion(key, CKO_PUBLIC_KEY), public_key(session, key));
                for (mech, prepare, scheme) in ways(*kind) {
                    let data = prepare(b"a message");
                    session.sign_init(mech, key).expect("C_SignInit");
                    let signature = session.sign(&data).expect("C_Sign");
                    assert!(judge.verifies(scheme, b"a message", &signature), "{kind:#x}");
                    session.verify_init(mech, public).expect("C_VerifyInit");
                    assert_eq!(session.verify(&data, &signature), Ok(()), "{kind:#x}");
                }
            }
        }
        // CKM_RSA_PKCS also deciphers, and says so; the key that cannot refuses at once.
        let flags = module.mechanism_info(slot, CKM_RSA_PKCS).expect("info").flags;
        assert_ne!(flags & CKF_DECRYPT, 0);
        let [deciphers, signs] = keys(session);
        assert_eq!(there_and_back(session, deciphers), Ok(b"text".to_vec()));
        let refused = session.decrypt_init(CKM_RSA_PKCS, signs);
        assert_eq!(refused, Err(Ckr(CKR_KEY_FUNCTION_NOT_PERMITTED)));
    }
}

#[test]
fn weakness_23_parameters_of_pss_are_ignored() {
    let (module, _rack, _card) = testkit::start(testkit::cps4());
    let session = module.user_session();
    let [any_block, documents] = keys(session);
    let public = public_key(session, any_block);
    let digest = Sha256::digest(b"a message");
    for salt in [0, 1, 20, 32, 100, 222] {
        let mech = pss(CKM_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, salt);
        session.sign_init(mech, any_block).expect("C_SignInit");
        let signature = session.sign(&digest).expect("C_Sign");
        // OpenSSL takes exactly this length.
        let scheme = Scheme::Pss("sha256", salt as usize);
        assert!(
            public.verifies(scheme, b"a message", &signature),
            "salt of {salt} bytes"
        );
        let other = Scheme::Pss("sha256", salt as usize + 1);
        assert!(!public.verifies(other, b"a message", &signature));
        // A chip that makes the salt itself is not asked for another length.
        let answer = session.sign_init(mech, documents);
        assert_eq!(answer, if salt == 32 { Ok(()) } else { Err(BAD_PARAMETER) });
        call!(module, C_SessionCancel(session.handle, CKF_SIGN)).expect("C_SessionCancel");
    }
    let other_mask = pss(CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA1, 32);
    assert_eq!(session.sign_init(other_mask, documents), Err(BAD_PARAMETER));
    session.sign_init(other_mask, any_block).expect("C_SignInit");
    let signature = session.sign(b"a message").expect("C_Sign");
    assert!(
        !public.verifies(Scheme::Pss("sha256", 32), b"a message", &signature),
        "another mask"
    );
    let half = session.companion(any_block, CKO_PUBLIC_KEY);
    session.verify_init(other_mask, half).expect("C_VerifyInit");
    assert_eq!(session.verify(b"a message", &signature), Ok(()));
}

#[test]
fn weakness_24_the_parameter_of_a_mechanism_is_used_after_the_call_that_gave_it() {
    let (module, _rack, _card) = testkit::start(testkit::cps4());
    let session = module.user_session();
    let [key, _] = keys(session);
    let public = public_key(session, key);
    let mut parameters = Box::new(CK_RSA_PKCS_PSS_PARAMS {
        hashAlg: CKM_SHA256,
        mgf: CKG_MGF1_SHA256,
        sLen: 20,
    });
    let mut mechanism = Box::new(CK_MECHANISM {
        mechanism: CKM_SHA256_RSA_PKCS_PSS,
        pParameter: (&raw mut *parameters).cast(),
        ulParameterLen: size_of::<CK_RSA_PKCS_PSS_PARAMS>() as CK_ULONG,
    });
    assert_eq!(
        call!(module, C_SignInit(session.handle, &mut *mechanism, key)),
        Ok(())
    );
    // As an application whose stack has moved on leaves it.
    parameters.hashAlg = CKM_SHA_1;
    parameters.mgf = CKG_MGF1_SHA512;
    parameters.sLen = 200;
    mechanism.mechanism = CKM_MD5;
    mechanism.pParameter = null_mut();
    let signature = session.sign(b"a message").expect("C_Sign");
    assert!(public.verifies(Scheme::Pss("sha256", 20), b"a message", &signature));
}

/// A CPS3 pads by itself, so it cannot make PSS whatever the module does. Then nothing may promise it: with a list that names PSS a TLS
/// client chooses it, and fails after the code was typed.
#[test]
fn weakness_25_there_is_no_pss_on_a_cps3_and_no_long_hash_with_any_key() {
    let (module, _rack, _card) = testkit::start(testkit::cps3());
    let session = module.user_session();
    let kinds = [CKM_RSA_PKCS_PSS, CKM_SHA1_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS_PSS];
    let listed = module.mechanisms(module.slot()).expect("mechanisms");
    for key in keys(session) {
        for kind in kinds {
            assert!(!listed.contains(&kind));
            let mech = pss(kind, CKM_SHA256, CKG_MGF1_SHA256, 32);
            assert_eq!(session.sign_init(mech, key), Err(INVALID));
        }
    }
    drop(module);
    for card in testkit::both() {
        let cps4 = card.model() == sim_cards::Model::Cps4;
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        let [key, _] = keys(session);
        let public = public_key(session, key);
        for (kind, pss_kind, hash, mgf, name, salt) in [
            (
                CKM_SHA384_RSA_PKCS,
                CKM_SHA384_RSA_PKCS_PSS,
                CKM_SHA384,
                CKG_MGF1_SHA384,
                "sha384",
                48,
            ),
            (
                CKM_SHA512_RSA_PKCS,
                CKM_SHA512_RSA_PKCS_PSS,
                CKM_SHA512,
                CKG_MGF1_SHA512,
                "sha512",
                64,
            ),
        ] {
            session.sign_init(kind, key).expect("C_SignInit");
            let signature = session.sign(b"a message").expect("C_Sign");
            assert!(
                public.verifies(Scheme::Pkcs1(name), b"a message", &signature),
                "{name}"
            );
            let mech = pss(pss_kind, hash, mgf, salt);
            if cps4 {
                session.sign_init(mech, key).expect("C_SignInit");
                let signature = session.sign(b"a message").expect("C_Sign");
                let scheme = Scheme::Pss(name, salt as usize);
                assert!(public.verifies(scheme, b"a message", &signature), "{name}");
            } else {
                assert_eq!(session.sign_init(mech, key), Err(INVALID));
            }
        }
    }
}

/// What a card was told with MSE SET since the last look.
fn environments(card: &Card) -> BTreeSet<Vec<u8>> {
    let exchanges = card.sim().take_trace();
    let commands = exchanges.into_iter().map(|exchange| exchange.command);
    commands.filter(|command| command.get(1) == Some(&0x22)).collect()
}

#[test]
fn weakness_26_the_card_is_given_algorithms_that_nobody_chose() {
    let hex = testkit::messages::hex;
    for (card, known) in [
        (
            testkit::cps3(),
            [hex("002241B606800112840181"), hex("002241B606800142840181")],
        ),
        (
            testkit::cps4(),
            [hex("012281B60491020A90"), hex("012281B60491022890")],
        ),
    ] {
        let known = BTreeSet::from(known);
        let (module, _rack, card) = testkit::start(card);
        let session = module.user_session();
        let [_, key] = keys(session);
        card.sim().start_trace();
        let mut signed = 0;
        for len in 0..=300 {
            session.sign_init(CKM_RSA_PKCS, key).expect("C_SignInit");
            match session.sign(&message(len)) {
                Ok(_) => {
                    signed += 1;
                    assert!(known.is_superset(&environments(&card)));
                }
                Err(Ckr(code)) => {
                    let expected = [CKR_DATA_INVALID, CKR_DATA_LEN_RANGE];
                    assert!(expected.contains(&code), "{len} bytes: {code:#x}");
                    assert_eq!(environments(&card), BTreeSet::new(), "{len} bytes");
                }
            }
        }
        assert_eq!(signed, 2, "hashes of 20 and of 32 bytes");
        // A DigestInfo of a hash that the chip does not know, one that is none.
        let mut unknown = digest_info_sha256(b"a message");
        unknown[14] = 0x03;
        let mut broken = digest_info_sha256(b"a message");
        broken[1] = 0x30;
        for info in [unknown, broken] {
            session.sign_init(CKM_RSA_PKCS, key).expect("C_SignInit");
            assert_eq!(session.sign(&info), Err(Ckr(CKR_DATA_INVALID)));
        }
        for kind in [CKM_SHA224_RSA_PKCS, CKM_SHA384_RSA_PKCS, CKM_SHA512_RSA_PKCS] {
            assert_eq!(session.sign_init(kind, key), Err(INVALID));
        }
        assert_eq!(environments(&card), BTreeSet::new());
        for kind in [CKM_SHA1_RSA_PKCS, CKM_SHA256_RSA_PKCS] {
            session.sign_init(kind, key).expect("C_SignInit");
            session.sign(b"a message").expect("C_Sign");
        }
        assert_eq!(environments(&card), known);
    }
}

#[test]
fn weakness_27_asking_for_the_size_of_a_plaintext_uses_the_key() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let session = module.user_session();
        let h = session.handle;
        let [key, _] = keys(session);
        let mut cryptogram =
            public_key(session, key).encrypts(b"forty-two bytes, more or less, of plaintext");
        let data = cryptogram.as_mut_ptr();
        session.decrypt_init(CKM_RSA_PKCS, key).expect("C_DecryptInit");
        let before = card.apdus();
        let mut len = 0;
        for _ in 0..3 {
            assert_eq!(
                call!(module, C_Decrypt(h, data, 256, null_mut(), &mut len)),
                Ok(())
            );
            assert_eq!((len, card.apdus()), (245, before));
        }
        // A short buffer costs one operation, which serves for the next call.
        let (mut small, mut large) = ([0; 8], [0; 245]);
        len = 8;
        let short = call!(module, C_Decrypt(h, data, 256, small.as_mut_ptr(), &mut len));
        assert_eq!((short, len), (Err(Ckr(CKR_BUFFER_TOO_SMALL)), 43));
        let after = card.apdus();
        assert!(after > before);
        assert_eq!(
            call!(module, C_Decrypt(h, data, 256, large.as_mut_ptr(), &mut len)),
            Ok(())
        );
        assert_eq!(&large[..43], b"forty-two bytes, more or less, of plaintext");
        assert_eq!(card.apdus(), after);
        assert_eq!(small, [0; 8]);
    }
}

/// Gives certificates and keys of the directory other labels, of the same length.
struct Relabel;

const RELABELLED: [(&[u8], &[u8]); 2] = [
    (b"d'Authentification", b"to Sign nothing at"),
    (b"de Signature", b"pour la main"),
];

impl Interceptor for Relabel {
    fn answer(&mut self, _: u64, _: &[u8], answer: &mut Vec<u8>) {
        for (old, new) in RELABELLED {
            if let Some(at) = answer.windows(old.len()).position(|part| part == old) {
                answer[at..at + old.len()].copy_from_slice(new);
            }
        }
    }
}

fn relabelled(mut card: SimCard) -> SimCard {
    card.set_interceptor(Relabel);
    card
}

#[test]
fn weakness_28_a_key_enciphers_or_not_by_the_word_sign_in_its_label() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(relabelled(card));
        let session = module.user_session();
        let [deciphers, signs] = keys(session);
        let label_of = |key| {
            let public = session.companion(key, CKO_CERTIFICATE);
            String::from_utf8(session.attribute(public, CKA_LABEL).expect("CKA_LABEL")).expect("UTF-8")
        };
        assert!(label_of(deciphers).contains("Sign") && !label_of(signs).contains("Sign"));
        let public = session.companion(deciphers, CKO_PUBLIC_KEY);
        assert_eq!(session.attribute(public, CKA_ENCRYPT), Ok(vec![CK_TRUE]));
        assert_eq!(there_and_back(session, deciphers), Ok(b"text".to_vec()));
        let public = session.companion(signs, CKO_PUBLIC_KEY);
        assert_eq!(session.attribute(public, CKA_ENCRYPT), Ok(vec![CK_FALSE]));
        let refused = session.encrypt_init(CKM_RSA_PKCS, public);
        assert_eq!(refused, Err(Ckr(CKR_KEY_FUNCTION_NOT_PERMITTED)));
    }
}
