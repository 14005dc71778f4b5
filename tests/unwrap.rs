//! C_UnwrapKey: a secret key comes out of its wrapping and lives as long as its session.

use std::collections::BTreeSet;
use std::ptr::null_mut;

use cpx_pkcs11::crypto::rsa::PublicKey;
use cryptoki_sys::*;

use testkit::messages::{message, public_key};
use testkit::{Ckr, Mech, Module, PIN, READER, Rv, Session, call, ulong};

type Attribute = (CK_ATTRIBUTE_TYPE, Vec<u8>);

const INVALID: Rv<CK_OBJECT_HANDLE> = Err(Ckr(CKR_WRAPPED_KEY_INVALID));
const LEN_RANGE: Rv<CK_OBJECT_HANDLE> = Err(Ckr(CKR_WRAPPED_KEY_LEN_RANGE));
const NO_OBJECT: Ckr = Ckr(CKR_OBJECT_HANDLE_INVALID);

fn yes() -> Vec<u8> {
    vec![CK_TRUE]
}

fn no() -> Vec<u8> {
    vec![CK_FALSE]
}

/// What every caller says of the key that it wants.
fn secret(key_type: CK_KEY_TYPE) -> Vec<Attribute> {
    vec![
        (CKA_CLASS, ulong(CKO_SECRET_KEY)),
        (CKA_KEY_TYPE, ulong(key_type)),
    ]
}

fn with(key_type: CK_KEY_TYPE, more: &[Attribute]) -> Vec<Attribute> {
    [&secret(key_type), more].concat()
}

/// A session in which the holder is logged in, the authentication key, and a key wrapped for it.
fn ready(module: &Module) -> (Session<'_>, CK_OBJECT_HANDLE, Vec<u8>) {
    let session = module.user_session();
    let key = session.private_key("CPS_PRIV_AUT");
    let wrapped = public_key(session, key).encrypts(&message(16));
    (session, key, wrapped)
}

fn secret_keys(session: Session<'_>) -> Vec<CK_OBJECT_HANDLE> {
    session
        .find(&[(CKA_CLASS, ulong(CKO_SECRET_KEY))])
        .expect("a search")
}

#[test]
fn a_wrapped_key_becomes_an_object_with_its_value() {
    let kinds = [
        (CKK_GENERIC_SECRET, &[1, 48, 245][..]),
        (CKK_AES, &[16, 24, 32]),
        (CKK_DES2, &[16]),
        (CKK_DES3, &[24]),
    ];
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        let public = public_key(session, key);
        for (key_type, lengths) in kinds {
            for len in lengths {
                let value = message(*len);
                let wrapped = public.encrypts(&value);
                for mechanism in [Mech::from(CKM_RSA_PKCS), Mech::uninitialized(CKM_RSA_PKCS)] {
                    let unwrapped = session.unwrap(mechanism, key, &wrapped, &secret(key_type));
                    let unwrapped = unwrapped.unwrap_or_else(|rv| panic!("{key_type:#x} of {len}: {rv:?}"));
                    assert_eq!(session.attribute(unwrapped, CKA_VALUE), Ok(value.clone()));
                    assert_eq!(session.size(unwrapped), Ok(*len as CK_ULONG));
                    assert_eq!(session.destroy(unwrapped), Ok(()));
                }
            }
        }
    }
}

/// The chip of a CPS3 removes the padding, and knows only the older one.
#[test]
fn a_cps4_unwraps_with_oaep_and_a_cps3_does_not() {
    let ways = [
        (CKM_SHA_1, "sha1"),
        (CKM_SHA256, "sha256"),
        (CKM_SHA512, "sha512"),
    ];
    for (card, can) in [(testkit::cps3(), false), (testkit::cps4(), true)] {
        let (module, _rack, card) = testkit::start(card);
        let (session, key, _) = ready(&module);
        let public = public_key(session, key);
        for (hash, name) in ways {
            let value = message(32);
            let wrapped = public.encrypts_oaep(&value, name);
            let before = card.apdus();
            let unwrapped = session.unwrap(Mech::oaep(hash), key, &wrapped, &secret(CKK_AES));
            if can {
                let unwrapped = unwrapped.expect("C_UnwrapKey");
                assert_eq!(session.attribute(unwrapped, CKA_VALUE), Ok(value));
            } else {
                assert_eq!(unwrapped, Err(Ckr(CKR_MECHANISM_INVALID)));
                assert_eq!(card.apdus(), before);
            }
        }
        let without_parameter = session.unwrap(CKM_RSA_PKCS_OAEP, key, &[0; 256], &secret(CKK_AES));
        let expected = if can {
            CKR_MECHANISM_PARAM_INVALID
        } else {
            CKR_MECHANISM_INVALID
        };
        assert_eq!(without_parameter, Err(Ckr(expected)));
    }
}

#[test]
fn an_unwrapped_key_has_every_attribute_of_a_secret_key() {
    let (module, _rack, _card) = testkit::start(testkit::cps4());
    let (session, key, wrapped) = ready(&module);
    let given = [
        (CKA_LABEL, "clé".as_bytes().to_vec()),
        (CKA_ID, vec![1, 2, 3]),
        (CKA_DECRYPT, yes()),
        (CKA_VALUE_LEN, ulong(16)),
        (CKA_START_DATE, b"20261129".to_vec()),
    ];
    let template = with(CKK_GENERIC_SECRET, &given);
    let unwrapped = session
        .unwrap(CKM_RSA_PKCS, key, &wrapped, &template)
        .expect("C_UnwrapKey");
    let mut expected = template.clone();
    expected.extend([
        (CKA_TOKEN, no()),
        (CKA_PRIVATE, yes()),
        (CKA_MODIFIABLE, yes()),
        (CKA_COPYABLE, no()),
        (CKA_DESTROYABLE, yes()),
        (CKA_END_DATE, vec![]),
        (CKA_DERIVE, no()),
        (CKA_LOCAL, no()),
        (CKA_KEY_GEN_MECHANISM, ulong(CK_UNAVAILABLE_INFORMATION)),
        (CKA_ALLOWED_MECHANISMS, vec![]),
        (CKA_SENSITIVE, no()),
        (CKA_ALWAYS_SENSITIVE, no()),
        (CKA_EXTRACTABLE, yes()),
        (CKA_NEVER_EXTRACTABLE, no()),
        (CKA_ENCRYPT, no()),
        (CKA_SIGN, no()),
        (CKA_VERIFY, no()),
        (CKA_WRAP, no()),
        (CKA_UNWRAP, no()),
        (CKA_WRAP_WITH_TRUSTED, no()),
        (CKA_TRUSTED, no()),
        (CKA_VALUE, message(16)),
    ]);
    for (kind, value) in &expected {
        assert_eq!(
            session.attribute(unwrapped, *kind).as_ref(),
            Ok(value),
            "{kind:#x}"
        );
        let found = session.find(&[(CKA_CLASS, ulong(CKO_SECRET_KEY)), (*kind, value.clone())]);
        assert_eq!(found, Ok(vec![unwrapped]), "found by {kind:#x}");
    }
    let check = session
        .attribute(unwrapped, CKA_CHECK_VALUE)
        .expect("a check value");
    assert_eq!(check.len(), 3);
    for kind in [CKA_MODULUS, CKA_SUBJECT, CKA_VENDOR_DEFINED] {
        let absent = session.attribute(unwrapped, kind);
        assert_eq!(absent, Err(Ckr(CKR_ATTRIBUTE_TYPE_INVALID)), "{kind:#x}");
    }
    let another = session
        .unwrap(CKM_RSA_PKCS, key, &wrapped, &secret(CKK_DES2))
        .expect("C_UnwrapKey");
    for kind in [CKA_VALUE_LEN, CKA_CHECK_VALUE] {
        let absent = session.attribute(another, kind);
        assert_eq!(absent, Err(Ckr(CKR_ATTRIBUTE_TYPE_INVALID)), "{kind:#x}");
    }
    let ids = [unwrapped, another].map(|it| session.attribute(it, CKA_UNIQUE_ID).expect("an identifier"));
    assert_ne!(ids[0], ids[1]);
    let serial = module.token_info(module.slot()).expect("token").serialNumber;
    for id in ids {
        assert!(
            id.starts_with(serial.trim_ascii_end()),
            "the token is named first"
        );
    }
}

#[test]
fn a_search_finds_it_beside_the_objects_of_the_card() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let (session, key, wrapped) = ready(&module);
        let on_card = session.find(&[]).expect("a search");
        let unwrap = || session.unwrap(CKM_RSA_PKCS, key, &wrapped, &secret(CKK_AES));
        let keys = [(); 3].map(|()| unwrap().expect("C_UnwrapKey"));
        let all = session.find(&[]).expect("a search");
        assert_eq!(all, [&on_card[..], &keys].concat());
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert_eq!(session.find(&[(CKA_TOKEN, no())]), Ok(keys.to_vec()));
        assert_eq!(session.find(&[(CKA_TOKEN, yes())]), Ok(on_card));
        assert_eq!(
            session.find(&[(CKA_VALUE, message(16)), (CKA_KEY_TYPE, ulong(CKK_AES))]),
            Ok(keys.to_vec())
        );
        assert_eq!(session.find(&[(CKA_KEY_TYPE, ulong(CKK_DES3))]), Ok(vec![]));
    }
}

#[test]
fn a_sensitive_key_does_not_show_its_value() {
    let (module, _rack, _card) = testkit::start(testkit::cps4());
    let (session, key, wrapped) = ready(&module);
    for (kind, value) in [(CKA_SENSITIVE, yes()), (CKA_EXTRACTABLE, no())] {
        let template = with(CKK_AES, &[(kind, value)]);
        let unwrapped = session
            .unwrap(CKM_RSA_PKCS, key, &wrapped, &template)
            .expect("C_UnwrapKey");
        let hidden = session.attribute(unwrapped, CKA_VALUE);
        assert_eq!(hidden, Err(Ckr(CKR_ATTRIBUTE_SENSITIVE)));
        assert_eq!(session.find(&[(CKA_VALUE, message(16))]), Ok(vec![]));
    }
}

#[test]
fn what_cannot_be_unwrapped_is_refused_before_the_card_is_asked() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let (session, key, wrapped) = ready(&module);
        let public = session.companion(key, CKO_PUBLIC_KEY);
        let certificate = session.companion(key, CKO_CERTIFICATE);
        let signature_key = session.private_key("CPS_PRIV_SIG");
        let secret_key = session
            .unwrap(CKM_RSA_PKCS, key, &wrapped, &secret(CKK_AES))
            .expect("C_UnwrapKey");
        let aes = secret(CKK_AES);
        let on_the_card = with(CKK_AES, &[(CKA_TOKEN, yes())]);
        let of_length = with(CKK_AES, &[(CKA_VALUE_LEN, ulong(20))]);
        let too_long = with(CKK_GENERIC_SECRET, &[(CKA_VALUE_LEN, ulong(246))]);
        let before = card.apdus();
        let cases = [
            (0, CKM_RSA_PKCS, &aes, CKR_UNWRAPPING_KEY_HANDLE_INVALID),
            (
                CK_ULONG::MAX,
                CKM_RSA_PKCS,
                &aes,
                CKR_UNWRAPPING_KEY_HANDLE_INVALID,
            ),
            (certificate, CKM_RSA_PKCS, &aes, CKR_UNWRAPPING_KEY_HANDLE_INVALID),
            (public, CKM_RSA_PKCS, &aes, CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT),
            (
                signature_key,
                CKM_RSA_PKCS,
                &aes,
                CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT,
            ),
            (
                secret_key,
                CKM_RSA_PKCS,
                &aes,
                CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT,
            ),
            (secret_key, CKM_AES_KEY_WRAP, &aes, CKR_MECHANISM_INVALID),
            (key, CKM_AES_KEY_WRAP, &aes, CKR_MECHANISM_INVALID),
            (key, CKM_SHA256_RSA_PKCS, &aes, CKR_MECHANISM_INVALID),
            (key, CKM_RSA_PKCS, &vec![], CKR_TEMPLATE_INCOMPLETE),
            (key, CKM_RSA_PKCS, &on_the_card, CKR_SESSION_READ_ONLY),
            (key, CKM_RSA_PKCS, &of_length, CKR_WRAPPED_KEY_LEN_RANGE),
            (key, CKM_RSA_PKCS, &too_long, CKR_WRAPPED_KEY_LEN_RANGE),
        ];
        for (key, mechanism, template, expected) in cases {
            let answer = session.unwrap(mechanism, key, &wrapped, template);
            assert_eq!(answer, Err(Ckr(expected)), "{key} {mechanism:#x} {template:x?}");
        }
        for len in [0, 1, 255, 257, 1000] {
            let answer = session.unwrap(CKM_RSA_PKCS, key, &vec![0x42; len], &aes);
            assert_eq!(answer, LEN_RANGE, "{len} bytes");
        }
        let writer = module.read_write();
        let answer = writer.unwrap(CKM_RSA_PKCS, key, &wrapped, &on_the_card);
        assert_eq!(answer, Err(Ckr(CKR_TEMPLATE_INCONSISTENT)));
        let mut mechanism = CK_MECHANISM {
            mechanism: CKM_RSA_PKCS,
            ..CK_MECHANISM::default()
        };
        let (h, bytes) = (session.handle, wrapped.as_ptr().cast_mut());
        let (mut out, it) = (77, &raw mut mechanism);
        let bad: Rv = Err(Ckr(CKR_ARGUMENTS_BAD));
        for answer in [
            call!(
                module,
                C_UnwrapKey(h, null_mut(), key, bytes, 256, null_mut(), 0, &mut out)
            ),
            call!(
                module,
                C_UnwrapKey(h, it, key, null_mut(), 256, null_mut(), 0, &mut out)
            ),
            call!(
                module,
                C_UnwrapKey(h, it, key, bytes, 256, null_mut(), 1, &mut out)
            ),
            call!(
                module,
                C_UnwrapKey(h, it, key, bytes, 256, null_mut(), 0, null_mut())
            ),
        ] {
            assert_eq!(answer, bad);
        }
        assert_eq!(out, 77);
        assert_eq!(card.apdus(), before, "nothing of this reaches the card");
        assert_eq!(secret_keys(session), [secret_key], "nor makes an object");
    }
}

#[test]
fn unwrapping_needs_a_login() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let (session, key, wrapped) = ready(&module);
        session.logout().expect("C_Logout");
        let before = card.apdus();
        let answer = session.unwrap(CKM_RSA_PKCS, key, &wrapped, &secret(CKK_AES));
        assert_eq!(answer, Err(Ckr(CKR_USER_NOT_LOGGED_IN)));
        assert_eq!(card.apdus(), before);
    }
}

#[test]
fn unwrapping_costs_the_card_what_deciphering_costs() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let (session, key, wrapped) = ready(&module);
        let cost = |work: &dyn Fn()| {
            let before = card.apdus();
            work();
            card.apdus() - before
        };
        let deciphering = cost(&|| {
            session.decrypt_init(CKM_RSA_PKCS, key).expect("C_DecryptInit");
            session.decrypt(&wrapped).expect("C_Decrypt");
        });
        let unwrapping = cost(&|| {
            let unwrapped = session.unwrap(CKM_RSA_PKCS, key, &wrapped, &secret(CKK_AES));
            let unwrapped = unwrapped.expect("C_UnwrapKey");
            session.attribute(unwrapped, CKA_VALUE).expect("CKA_VALUE");
            session.destroy(unwrapped).expect("C_DestroyObject");
        });
        assert_eq!(unwrapping, deciphering);
    }
}

/// Who tries cryptograms learns from the code no more than C_Decrypt tells; where the length is known beforehand, less.
#[test]
fn every_block_that_holds_no_such_key_has_one_answer() {
    let padding = |len| vec![0xA5; len];
    let block = |header: [u8; 2], padding: &[u8], rest: &[u8]| [&header, padding, rest].concat();
    let malformed = [
        (
            "type 1",
            block([0, 1], &vec![0xFF; 237], &[&[0][..], &message(16)].concat()),
        ),
        (
            "type 3",
            block([0, 3], &padding(237), &[&[0][..], &message(16)].concat()),
        ),
        ("no separator", block([0, 2], &padding(254), &[])),
        (
            "seven bytes of padding",
            block([0, 2], &padding(7), &[&[0][..], &message(246)].concat()),
        ),
        ("zeros", vec![0; 256]),
    ];
    let of_other_lengths = [0, 15, 17, 48, 245];
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        let public = session.companion(key, CKO_PUBLIC_KEY);
        let info = session.attribute(public, CKA_PUBLIC_KEY_INFO).expect("a key");
        let public = PublicKey::from_spki_der(&info).expect("a public key");
        let fixed = [
            secret(CKK_AES),
            secret(CKK_DES2),
            with(CKK_GENERIC_SECRET, &[(CKA_VALUE_LEN, ulong(16))]),
        ];
        for (what, block) in &malformed {
            let wrapped = public.encrypt_block(block).expect("a cryptogram");
            let answer = |template: &[Attribute]| session.unwrap(CKM_RSA_PKCS, key, &wrapped, template);
            assert_eq!(answer(&secret(CKK_GENERIC_SECRET)), INVALID, "{what}");
            for template in &fixed {
                assert_eq!(answer(template), LEN_RANGE, "{what} {template:x?}");
            }
        }
        for len in of_other_lengths {
            let rest = [&[0][..], &message(len)].concat();
            let block = block([0, 2], &padding(253 - len), &rest);
            let wrapped = public.encrypt_block(&block).expect("a cryptogram");
            for template in &fixed {
                let answer = session.unwrap(CKM_RSA_PKCS, key, &wrapped, template);
                assert_eq!(answer, LEN_RANGE, "a key of {len} bytes {template:x?}");
            }
            let answer = session.unwrap(CKM_RSA_PKCS, key, &wrapped, &secret(CKK_GENERIC_SECRET));
            if len == 0 {
                assert_eq!(answer, INVALID, "a key of nothing");
            } else {
                session.destroy(answer.expect("a key")).expect("C_DestroyObject");
            }
        }
        assert_eq!(secret_keys(session), []);
        assert_eq!(session.state(), Ok(CKS_RO_USER_FUNCTIONS));
    }
}

#[test]
fn a_key_ends_with_its_session_and_not_with_another() {
    for card in testkit::both() {
        let (module, rack, card) = testkit::start(card);
        let (session, key, wrapped) = ready(&module);
        let other = module.session();
        let unwrap = |session: Session<'_>| {
            let unwrapped = session.unwrap(CKM_RSA_PKCS, key, &wrapped, &secret(CKK_AES));
            unwrapped.expect("C_UnwrapKey")
        };
        let value = |session: Session<'_>, object| session.attribute(object, CKA_VALUE);
        let (of_session, of_other) = (unwrap(session), unwrap(other));
        assert_eq!(secret_keys(other), [of_session, of_other], "seen by both");
        assert_eq!(value(other, of_session), Ok(message(16)));
        session.close().expect("C_CloseSession");
        assert_eq!(value(other, of_session), Err(NO_OBJECT));
        assert_eq!(secret_keys(other), [of_other]);

        assert_eq!(call!(module, C_CloseAllSessions(module.slot())), Ok(()));
        let session = module.user_session();
        assert_eq!(secret_keys(session), []);
        assert_eq!(value(session, of_other), Err(NO_OBJECT));

        let before_removal = unwrap(session);
        rack.pull(READER);
        rack.put_back(READER, &card);
        let session = module.user_session();
        assert_eq!(secret_keys(session), []);
        assert_eq!(value(session, before_removal), Err(NO_OBJECT));
        let key = session.private_key("CPS_PRIV_AUT");
        let unwrapped = session.unwrap(CKM_RSA_PKCS, key, &wrapped, &secret(CKK_AES));
        let unwrapped = unwrapped.expect("C_UnwrapKey");
        assert!(![of_session, of_other, before_removal].contains(&unwrapped));

        assert_eq!(call!(module, C_Finalize(null_mut())), Ok(()));
        assert_eq!(call!(module, C_Initialize(null_mut())), Ok(()));
        let session = module.user_session();
        assert_eq!(secret_keys(session), []);
        assert_eq!(value(session, unwrapped), Err(NO_OBJECT));
    }
}

#[test]
fn a_logout_destroys_private_keys_and_leaves_public_ones() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let (session, key, wrapped) = ready(&module);
        let other = module.session();
        let public = with(CKK_AES, &[(CKA_PRIVATE, no())]);
        let private = other.unwrap(CKM_RSA_PKCS, key, &wrapped, &secret(CKK_AES));
        let private = private.expect("C_UnwrapKey");
        let public = session
            .unwrap(CKM_RSA_PKCS, key, &wrapped, &public)
            .expect("C_UnwrapKey");
        session.logout().expect("C_Logout");
        assert_eq!(secret_keys(session), [public]);
        assert_eq!(session.attribute(public, CKA_VALUE), Ok(message(16)));
        for destroyed in [session.destroy(private), session.size(private).map(drop)] {
            assert_eq!(destroyed, Err(NO_OBJECT));
        }
        session.login(PIN).expect("C_Login");
        assert_eq!(secret_keys(session), [public], "not even after the next login");
        assert_eq!(session.attribute(private, CKA_LABEL), Err(NO_OBJECT));
    }
}

/// Another program's reset takes the login, and what it protected is not there any more.
#[test]
fn a_login_that_another_program_ends_takes_private_keys_along() {
    for card in testkit::both() {
        let (module, rack, _card) = testkit::start(card);
        let (session, key, wrapped) = ready(&module);
        let private = session
            .unwrap(CKM_RSA_PKCS, key, &wrapped, &secret(CKK_AES))
            .expect("C_UnwrapKey");
        rack.reset(READER);
        assert_eq!(session.state(), Ok(CKS_RO_PUBLIC_SESSION));
        assert_eq!(session.attribute(private, CKA_VALUE), Err(NO_OBJECT));
        assert_eq!(secret_keys(session), []);
        session.login(PIN).expect("C_Login");
        assert_eq!(session.attribute(private, CKA_VALUE), Err(NO_OBJECT));
        assert_eq!(secret_keys(session), []);
    }
}

#[test]
fn session_objects_can_be_destroyed_and_those_of_the_card_cannot() {
    let (module, _rack, card) = testkit::start(testkit::cps3());
    let (session, key, wrapped) = ready(&module);
    let unwrap = |template: &[Attribute]| {
        let unwrapped = session.unwrap(CKM_RSA_PKCS, key, &wrapped, template);
        unwrapped.expect("C_UnwrapKey")
    };
    let writer = module.read_write();
    let object = unwrap(&secret(CKK_AES));
    assert_eq!(writer.destroy(object), Ok(()), "by any session");
    assert_eq!(session.destroy(object), Err(NO_OBJECT));
    let kept = unwrap(&with(CKK_AES, &[(CKA_DESTROYABLE, no())]));
    let prohibited: Rv = Err(Ckr(CKR_ACTION_PROHIBITED));
    assert_eq!(session.destroy(kept), prohibited);
    assert_eq!(secret_keys(session), [kept]);
    let before = card.apdus();
    for object in [key, session.companion(key, CKO_CERTIFICATE)] {
        assert_eq!(session.destroy(object), Err(Ckr(CKR_SESSION_READ_ONLY)));
        assert_eq!(writer.destroy(object), prohibited);
    }
    assert_eq!(session.destroy(0), Err(NO_OBJECT));
    assert_eq!(card.apdus(), before);
}

#[test]
fn a_key_can_be_changed_within_the_rules_and_not_copied() {
    let (module, _rack, _card) = testkit::start(testkit::cps4());
    let (session, key, wrapped) = ready(&module);
    let unwrapped = session
        .unwrap(CKM_RSA_PKCS, key, &wrapped, &secret(CKK_AES))
        .expect("C_UnwrapKey");
    // In a read-only session: it is no object of the token.
    assert_eq!(session.set(unwrapped, &[(CKA_LABEL, b"key".to_vec())]), Ok(()));
    assert_eq!(session.attribute(unwrapped, CKA_LABEL), Ok(b"key".to_vec()));
    assert_eq!(session.set(unwrapped, &[(CKA_SENSITIVE, yes())]), Ok(()));
    assert_eq!(
        session.attribute(unwrapped, CKA_VALUE),
        Err(Ckr(CKR_ATTRIBUTE_SENSITIVE))
    );
    let read_only: Rv = Err(Ckr(CKR_ATTRIBUTE_READ_ONLY));
    assert_eq!(session.set(unwrapped, &[(CKA_SENSITIVE, no())]), read_only);
    assert_eq!(session.set(unwrapped, &[(CKA_VALUE, vec![0; 16])]), read_only);
    let mut copy = 0;
    let copied = call!(
        module,
        C_CopyObject(session.handle, unwrapped, null_mut(), 0, &mut copy)
    );
    assert_eq!(copied, Err(Ckr(CKR_FUNCTION_NOT_SUPPORTED)));
}

#[test]
fn the_module_computes_nothing_with_a_secret_key() {
    let (module, _rack, _card) = testkit::start(testkit::cps4());
    let (session, key, wrapped) = ready(&module);
    let uses = [CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN, CKA_VERIFY].map(|kind| (kind, yes()));
    let aes = session
        .unwrap(CKM_RSA_PKCS, key, &wrapped, &with(CKK_AES, &uses))
        .expect("C_UnwrapKey");
    for (mechanism, expected) in [
        (CKM_AES_CBC, CKR_MECHANISM_INVALID),
        (CKM_RSA_PKCS, CKR_KEY_TYPE_INCONSISTENT),
    ] {
        let expected: Rv = Err(Ckr(expected));
        assert_eq!(session.encrypt_init(mechanism, aes), expected);
        assert_eq!(session.decrypt_init(mechanism, aes), expected);
        assert_eq!(session.sign_init(mechanism, aes), expected);
        assert_eq!(session.verify_init(mechanism, aes), expected);
    }
}
