//! Every attribute of every kind of object, on each chip; certificates as OpenSSL reads them.

use cryptoki_sys::*;
use sha1::{Digest, Sha1};
use sim_cards::{Options, SimCard};

use testkit::messages::{PKCS1, PKCS1_AND_PSS};
use testkit::openssl::{Scratch, openssl};
use testkit::{Ckr, PIN, Session, ulong};

type Row = (CK_ATTRIBUTE_TYPE, Vec<u8>);

fn yes() -> Vec<u8> {
    vec![CK_TRUE]
}

fn no() -> Vec<u8> {
    vec![CK_FALSE]
}

fn text(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn mechanisms(kinds: &[CK_MECHANISM_TYPE]) -> Vec<u8> {
    kinds.iter().flat_map(|kind| kind.to_ne_bytes()).collect()
}

#[track_caller]
fn has(session: Session<'_>, object: CK_OBJECT_HANDLE, rows: &[Row]) {
    for (kind, expected) in rows {
        let value = session.attribute(object, *kind);
        assert_eq!(value.as_ref(), Ok(expected), "attribute {kind:#x}");
        assert!(
            session
                .find(&[(*kind, expected.clone())])
                .expect("a search")
                .contains(&object),
            "found by attribute {kind:#x}"
        );
    }
}

#[track_caller]
fn has_not(session: Session<'_>, object: CK_OBJECT_HANDLE, code: CK_RV, kinds: &[CK_ATTRIBUTE_TYPE]) {
    for kind in kinds {
        assert_eq!(session.attribute(object, *kind), Err(Ckr(code)), "{kind:#x}");
        assert_eq!(
            session.find(&[(*kind, vec![0; 256])]),
            Ok(vec![]),
            "no search finds by attribute {kind:#x}"
        );
    }
}

/// What no object of a card allows, apart from the area that applications may write.
fn fixed() -> Vec<Row> {
    vec![
        (CKA_TOKEN, yes()),
        (CKA_MODIFIABLE, no()),
        (CKA_COPYABLE, no()),
        (CKA_DESTROYABLE, no()),
    ]
}

fn by_label(session: Session<'_>, class: CK_OBJECT_CLASS, label: &str) -> CK_OBJECT_HANDLE {
    session.find_one(&[(CKA_CLASS, ulong(class)), (CKA_LABEL, text(label))])
}

/// A field of a certificate, as OpenSSL writes it; in its DER form where `arguments` say so.
fn field(certificate: &Scratch, arguments: &[&str]) -> Vec<u8> {
    let base = ["x509", "-inform", "DER", "-in", certificate.path(), "-noout"];
    openssl(&[&base, arguments].concat()).expect("OpenSSL reads the certificate")
}

fn after_equals(line: Vec<u8>) -> String {
    let line = String::from_utf8(line).expect("UTF-8");
    let (_, value) = line.trim().split_once('=').expect("a field");
    value.into()
}

/// `2026-01-31 10:00:00Z` as CK_DATE.
fn ck_date(text: &str) -> Vec<u8> {
    text.bytes().take(10).filter(u8::is_ascii_digit).collect()
}

/// Subject public key info, in DER.
fn key_info(certificate: &Scratch) -> Vec<u8> {
    let pem = Scratch::new(&field(certificate, &["-pubkey"]));
    openssl(&["pkey", "-pubin", "-in", pem.path(), "-outform", "DER"]).expect("OpenSSL reads the key")
}

struct Kind {
    card: fn() -> SimCard,
    /// Last bytes of CKA_ID of both keys: signature, authentication.
    ids: [u8; 2],
    signature: &'static [CK_MECHANISM_TYPE],
    authentication: &'static [CK_MECHANISM_TYPE],
    /// PuKDF names the public keys.
    names_public_keys: bool,
}

const KINDS: [Kind; 2] = [
    Kind {
        card: testkit::cps3,
        ids: [0x01, 0x02],
        signature: &PKCS1,
        authentication: &[
            CKM_RSA_PKCS,
            CKM_SHA1_RSA_PKCS,
            CKM_SHA224_RSA_PKCS,
            CKM_SHA256_RSA_PKCS,
            CKM_SHA384_RSA_PKCS,
            CKM_SHA512_RSA_PKCS,
        ],
        names_public_keys: false,
    },
    Kind {
        card: testkit::cps4,
        ids: [0x10, 0x20],
        signature: &PKCS1_AND_PSS,
        authentication: &[
            CKM_RSA_PKCS,
            CKM_SHA1_RSA_PKCS,
            CKM_SHA224_RSA_PKCS,
            CKM_SHA256_RSA_PKCS,
            CKM_SHA384_RSA_PKCS,
            CKM_SHA512_RSA_PKCS,
            CKM_RSA_PKCS_PSS,
            CKM_SHA1_RSA_PKCS_PSS,
            CKM_SHA224_RSA_PKCS_PSS,
            CKM_SHA256_RSA_PKCS_PSS,
            CKM_SHA384_RSA_PKCS_PSS,
            CKM_SHA512_RSA_PKCS_PSS,
            CKM_RSA_PKCS_OAEP,
        ],
        names_public_keys: true,
    },
];

/// The pairs of a card: label of the private key, of the certificate, whether it deciphers, its number among the keys.
const PAIRS: [(&str, &str, bool, usize); 2] = [
    ("CPS_PRIV_SIG", "Certificat de Signature CPS", false, 0),
    ("CPS_PRIV_AUT", "Certificat d'Authentification CPS", true, 1),
];

/// CKA_ID: the PKCS #15 application and the number of the key.
fn identifier(number: u8) -> Vec<u8> {
    let mut id = testkit::messages::hex("E828BD080F8025000001FF0010");
    id.push(number);
    id
}

#[test]
fn a_certificate_has_what_the_standard_and_openssl_say() {
    for kind in KINDS {
        let (module, _rack, _card) = testkit::start((kind.card)());
        let session = module.session();
        for (_, label, _, number) in PAIRS {
            let object = by_label(session, CKO_CERTIFICATE, label);
            let der = session.attribute(object, CKA_VALUE).expect("CKA_VALUE");
            let file = Scratch::new(&der);
            let serial = testkit::messages::hex(&after_equals(field(&file, &["-serial"])));
            // An INTEGER is negative if its first bit is set.
            let content = match serial[0] {
                0x80.. => [&[0], &serial[..]].concat(),
                _ => serial,
            };
            let name = |which: &str| {
                let names = session
                    .attribute(
                        object,
                        if which == "-subject" {
                            CKA_SUBJECT
                        } else {
                            CKA_ISSUER
                        },
                    )
                    .expect("a name");
                let written = after_equals(field(&file, &[which, "-nameopt", "oid,dump_all,dump_der"]));
                (names, written)
            };
            for which in ["-subject", "-issuer"] {
                let (der, written) = name(which);
                // Each value stands in the text as its DER, and in the name.
                let values: Vec<_> = written.split('#').skip(1).collect();
                assert!(values.len() >= 2, "{written}");
                for value in values {
                    let value = value.split([',', '+', ' ']).next().expect("digits");
                    let value = testkit::messages::hex(value);
                    assert!(der.windows(value.len()).any(|part| part == value), "{which}");
                }
                assert_eq!(der[0], 0x30, "{which}");
            }
            let date = |which| ck_date(&after_equals(field(&file, &[which, "-dateopt", "iso_8601"])));
            let mut rows = fixed();
            rows.extend([
                (CKA_CLASS, ulong(CKO_CERTIFICATE)),
                (CKA_PRIVATE, no()),
                (CKA_ID, identifier(kind.ids[number])),
                (CKA_CERTIFICATE_TYPE, ulong(CKC_X_509)),
                (
                    CKA_CERTIFICATE_CATEGORY,
                    ulong(CK_CERTIFICATE_CATEGORY_TOKEN_USER),
                ),
                (CKA_TRUSTED, no()),
                (
                    CKA_SERIAL_NUMBER,
                    [&[0x02, content.len() as u8], &content[..]].concat(),
                ),
                (CKA_START_DATE, date("-startdate")),
                (CKA_END_DATE, date("-enddate")),
                (CKA_CHECK_VALUE, Sha1::digest(&der)[..3].to_vec()),
                (CKA_PUBLIC_KEY_INFO, key_info(&file)),
                (CKA_URL, vec![]),
                (CKA_HASH_OF_SUBJECT_PUBLIC_KEY, vec![]),
                (CKA_HASH_OF_ISSUER_PUBLIC_KEY, vec![]),
                (
                    CKA_JAVA_MIDP_SECURITY_DOMAIN,
                    ulong(CK_SECURITY_DOMAIN_UNSPECIFIED),
                ),
                (CKA_NAME_HASH_ALGORITHM, ulong(CKM_SHA_1)),
                (CKA_VALUE, der),
            ]);
            has(session, object, &rows);
            has_not(
                session,
                object,
                CKR_ATTRIBUTE_TYPE_INVALID,
                &[
                    CKA_MODULUS,
                    CKA_KEY_TYPE,
                    CKA_SIGN,
                    CKA_APPLICATION,
                    CKA_PROFILE_ID,
                ],
            );
        }
    }
}

#[test]
fn both_halves_of_a_key_say_what_they_do() {
    for kind in KINDS {
        let (module, _rack, _card) = testkit::start((kind.card)());
        let session = module.user_session();
        for (label, certificate_label, deciphers, number) in PAIRS {
            let private = session.private_key(label);
            let public = session.companion(private, CKO_PUBLIC_KEY);
            let certificate = session.companion(private, CKO_CERTIFICATE);
            assert_eq!(
                session.attribute(certificate, CKA_LABEL),
                Ok(text(certificate_label))
            );
            let subject = session.attribute(certificate, CKA_SUBJECT).expect("CKA_SUBJECT");
            let info = session.attribute(certificate, CKA_PUBLIC_KEY_INFO).expect("info");
            let modulus = session.attribute(public, CKA_MODULUS).expect("CKA_MODULUS");
            assert_eq!((modulus.len(), modulus[0] >> 7), (256, 1), "no leading zero");
            assert!(info.windows(256).any(|part| part == modulus));
            let allowed = [kind.signature, kind.authentication][number];
            let can = |yes_or_no: bool| if yes_or_no { yes() } else { no() };

            let mut shared = fixed();
            shared.extend([
                (CKA_ID, identifier(kind.ids[number])),
                (CKA_KEY_TYPE, ulong(CKK_RSA)),
                (CKA_SUBJECT, subject),
                (CKA_START_DATE, vec![]),
                (CKA_END_DATE, vec![]),
                (CKA_DERIVE, no()),
                (CKA_LOCAL, yes()),
                (CKA_KEY_GEN_MECHANISM, ulong(CK_UNAVAILABLE_INFORMATION)),
                (CKA_ALLOWED_MECHANISMS, mechanisms(allowed)),
                (CKA_MODULUS, modulus),
                (CKA_MODULUS_BITS, ulong(2048)),
                (CKA_PUBLIC_EXPONENT, vec![1, 0, 1]),
                (CKA_PUBLIC_KEY_INFO, info),
            ]);
            has(session, private, &shared);
            has(session, public, &shared);
            has(
                session,
                private,
                &[
                    (CKA_CLASS, ulong(CKO_PRIVATE_KEY)),
                    (CKA_PRIVATE, yes()),
                    (CKA_LABEL, text(label)),
                    (CKA_SENSITIVE, yes()),
                    (CKA_ALWAYS_SENSITIVE, yes()),
                    (CKA_EXTRACTABLE, no()),
                    (CKA_NEVER_EXTRACTABLE, yes()),
                    (CKA_SIGN, yes()),
                    (CKA_SIGN_RECOVER, can(deciphers)),
                    (CKA_DECRYPT, can(deciphers)),
                    (CKA_UNWRAP, can(deciphers)),
                    (CKA_DECAPSULATE, no()),
                    (CKA_WRAP_WITH_TRUSTED, no()),
                    (CKA_ALWAYS_AUTHENTICATE, no()),
                ],
            );
            has_not(
                session,
                private,
                CKR_ATTRIBUTE_SENSITIVE,
                &[
                    CKA_PRIVATE_EXPONENT,
                    CKA_PRIME_1,
                    CKA_PRIME_2,
                    CKA_EXPONENT_1,
                    CKA_EXPONENT_2,
                    CKA_COEFFICIENT,
                ],
            );
            has_not(
                session,
                private,
                CKR_ATTRIBUTE_TYPE_INVALID,
                &[
                    CKA_VALUE,
                    CKA_VERIFY,
                    CKA_TRUSTED,
                    CKA_CERTIFICATE_TYPE,
                    CKA_EC_PARAMS,
                ],
            );
            if !kind.names_public_keys {
                let derived = format!("Cle publique - {certificate_label}");
                has(session, public, &[(CKA_LABEL, text(&derived))]);
            }
            has(
                session,
                public,
                &[
                    (CKA_CLASS, ulong(CKO_PUBLIC_KEY)),
                    (CKA_PRIVATE, no()),
                    (CKA_TRUSTED, no()),
                    (CKA_VERIFY, yes()),
                    (CKA_VERIFY_RECOVER, yes()),
                    (CKA_ENCRYPT, can(deciphers)),
                    (CKA_WRAP, no()),
                    (CKA_ENCAPSULATE, no()),
                ],
            );
            has_not(
                session,
                public,
                CKR_ATTRIBUTE_TYPE_INVALID,
                &[
                    CKA_VALUE,
                    CKA_SENSITIVE,
                    CKA_EXTRACTABLE,
                    CKA_SIGN,
                    CKA_PRIVATE_EXPONENT,
                ],
            );
            for (object, size) in [(private, 256), (public, 256)] {
                assert_eq!(session.size(object), Ok(size));
            }
        }
    }
}

#[test]
fn data_say_whose_they_are() {
    for kind in KINDS {
        let (module, _rack, _card) = testkit::start((kind.card)());
        let session = module.user_session();
        for (label, private) in [
            ("CPS_ID_CARD", false),
            ("CPS_NAME_PS", false),
            ("CPS_ACTIVITY_01_PS", true),
            ("CPS_SIT_FACT", true),
        ] {
            let object = by_label(session, CKO_DATA, label);
            let mut rows = fixed();
            rows.extend([
                (CKA_CLASS, ulong(CKO_DATA)),
                (CKA_PRIVATE, if private { yes() } else { no() }),
                (CKA_LABEL, text(label)),
            ]);
            has(session, object, &rows);
            let value = session.attribute(object, CKA_VALUE).expect("CKA_VALUE");
            assert!(!value.is_empty(), "{label}");
            assert_eq!(session.size(object), Ok(value.len() as CK_ULONG), "{label}");
            has(session, object, &[(CKA_VALUE, value)]);
            session
                .attribute(object, CKA_APPLICATION)
                .expect("CKA_APPLICATION");
            let id = session.attribute(object, CKA_OBJECT_ID).expect("CKA_OBJECT_ID");
            assert!(
                id.is_empty() || (id[0], usize::from(id[1])) == (0x06, id.len() - 2),
                "{label}: DER of an object identifier"
            );
            has_not(
                session,
                object,
                CKR_ATTRIBUTE_TYPE_INVALID,
                &[CKA_ID, CKA_KEY_TYPE, CKA_SUBJECT, CKA_SENSITIVE],
            );
        }
    }
}

#[test]
fn profiles_and_mechanisms_say_what_they_are() {
    for kind in KINDS {
        let (module, _rack, _card) = testkit::start((kind.card)());
        let session = module.session();
        let profiles = session
            .find(&[(CKA_CLASS, ulong(CKO_PROFILE))])
            .expect("a search");
        let mechanisms = session
            .find(&[(CKA_CLASS, ulong(CKO_MECHANISM))])
            .expect("a search");
        for object in profiles.into_iter().chain(mechanisms) {
            let mut rows = fixed();
            rows.extend([(CKA_PRIVATE, no()), (CKA_LABEL, vec![])]);
            for (kind, expected) in rows {
                assert_eq!(session.attribute(object, kind), Ok(expected), "{kind:#x}");
            }
            has_not(session, object, CKR_ATTRIBUTE_TYPE_INVALID, &[CKA_VALUE, CKA_ID]);
            assert_eq!(session.size(object), Ok(size_of::<CK_ULONG>() as CK_ULONG));
        }
    }
}

/// By no function and with no handle: not before the login, not after the logout.
#[test]
fn a_private_object_is_the_users_by_every_path() {
    for card in ["doctor-hospital-cps3", "doctor-gp-cps4"] {
        let (module, _rack, card) = testkit::start(testkit::card(card, &Options::default()));
        let session = module.read_write();
        session.login(PIN).expect("C_Login");
        let private = session.find(&[(CKA_PRIVATE, yes())]).expect("a search");
        let identifier = |object| session.attribute(object, CKA_UNIQUE_ID).expect("CKA_UNIQUE_ID");
        let private: Vec<_> = private.into_iter().map(|it| (it, identifier(it))).collect();
        let public = session.find(&[(CKA_PRIVATE, no())]).expect("a search");
        assert!(private.len() > 3 && public.len() > 6);
        session.logout().expect("C_Logout");
        let before = card.apdus();
        for (object, identifier) in private {
            let no_object = Err(Ckr(CKR_OBJECT_HANDLE_INVALID));
            for kind in [CKA_CLASS, CKA_LABEL, CKA_VALUE, CKA_ID, CKA_MODULUS] {
                assert_eq!(session.attribute(object, kind).map(drop), no_object);
            }
            assert_eq!(session.size(object).map(drop), no_object);
            assert_eq!(session.set(object, &[(CKA_VALUE, vec![1])]), no_object);
            assert_eq!(session.find(&[(CKA_UNIQUE_ID, identifier)]), Ok(vec![]));
        }
        for (label, class) in [
            ("CPS_PRIV_AUT", CKO_PRIVATE_KEY),
            ("CPS_ACTIVITY_01_PS", CKO_DATA),
        ] {
            let template = [(CKA_CLASS, ulong(class)), (CKA_LABEL, text(label))];
            assert_eq!(session.find(&template), Ok(vec![]));
        }
        let everything = session.find(&[]).expect("a search");
        assert_eq!(everything, public);
        assert_eq!(card.apdus(), before, "and the card is not asked");
    }
}
