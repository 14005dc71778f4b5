//! What each workload costs on the card: commands, and bytes both ways. A change that makes one of them dearer fails
//! here; one that makes it cheaper has its new figure written down. `docs/performance.md` derives why they cannot be
//! much lower, `scripts/bench` compares them with other modules.

use cryptoki_sys::*;
use sim_cards::{Interface, Options, Protocol};

use testkit::{Card, Mech, Module, PIN, Session, call, ulong};

/// Commands, GET RESPONSE included; bytes sent; bytes received, status words included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost(u64, u64, u64);

const NOTHING: Cost = Cost(0, 0, 0);

/// Bytes of a certificate in which its names stand.
const BEGINNING: u64 = 512;

/// Runs a workload and gives its cost, with what it returns.
fn cost<T>(card: &Card, workload: impl FnOnce() -> T) -> (Cost, T) {
    let before = card.sim().totals();
    let result = workload();
    let after = card.sim().totals();
    let cost = Cost(
        after.apdus - before.apdus,
        after.sent - before.sent,
        after.received - before.received,
    );
    (cost, result)
}

/// Load to token information: what every application does first.
fn start(module: &Module) {
    let [slot] = module.slots(true).expect("slots")[..] else {
        panic!("one slot")
    };
    module.token_info(slot).expect("C_GetTokenInfo");
}

/// Signature, then authentication, as the cards list them.
fn certificates(session: Session<'_>) -> Vec<CK_OBJECT_HANDLE> {
    session
        .find(&[(CKA_CLASS, ulong(CKO_CERTIFICATE))])
        .expect("a search")
}

fn sign(session: Session<'_>, key: CK_OBJECT_HANDLE, mechanism: impl Into<Mech>) {
    session.sign_init(mechanism, key).expect("C_SignInit");
    session.sign(b"a message").expect("C_Sign");
}

/// What the workloads of the table cost on one kind of card.
struct Expected {
    name: &'static str,
    persona: &'static str,
    options: Options,
    /// C_Initialize, slot list, token information with the counters of both codes.
    start: Cost,
    /// Then: every object is listed, and the classes of all are asked for.
    everything: Cost,
    /// The private keys, after the login.
    private_keys: Cost,
    /// A certificate of n bytes: one SELECT with so many bytes there and back, and `ceil(n / 256)` reads.
    select: (u64, u64),
    login: Option<Cost>,
    authentication: Cost,
    signature: Option<Cost>,
    pss: Option<Cost>,
    decrypt: Option<Cost>,
    /// As a TLS client does it: load, list, read the certificate for authentication, log in, sign.
    tls: u64,
}

const VERIFY: Option<Cost> = Some(Cost(1, 9, 2));

fn sheets() -> [Expected; 5] {
    let cps3 = || Expected {
        name: "CPS3",
        persona: "doctor-hospital-cps3",
        options: Options::default(),
        start: Cost(15, 119, 348),
        everything: Cost(6, 42, 404),
        private_keys: Cost(3, 21, 214),
        select: (11, 2),
        login: VERIFY,
        authentication: Cost(3, 72, 262),
        signature: Some(Cost(3, 53, 262)),
        pss: None,
        decrypt: Some(Cost(4, 283, 40)),
        tls: 35,
    };
    let cps4 = || Expected {
        name: "CPS4, T=1",
        persona: "doctor-gp-cps4",
        options: Options::default(),
        start: Cost(11, 79, 471),
        everything: Cost(6, 40, 879),
        private_keys: Cost(2, 15, 223),
        select: (10, 15),
        login: VERIFY,
        authentication: Cost(3, 275, 262),
        signature: Some(Cost(2, 47, 260)),
        pss: Some(Cost(2, 47, 260)),
        decrypt: Some(Cost(3, 275, 262)),
        tls: 29,
    };
    [
        cps3(),
        // With EF_ACTUA.
        Expected {
            name: "updated CPS3",
            persona: "doctor-updated-cps3",
            start: Cost(15, 117, 368),
            ..cps3()
        },
        Expected {
            name: "CPS3 contactless",
            persona: "doctor-hospital-cps3",
            options: Options {
                interface: Interface::Contactless,
                ..Options::default()
            },
            start: Cost(7, 54, 493),
            everything: Cost(6, 51, 317),
            private_keys: NOTHING,
            select: (11, 2),
            login: None,
            authentication: Cost(2, 68, 260),
            signature: None,
            pss: None,
            decrypt: None,
            tls: 23,
        },
        cps4(),
        Expected {
            name: "CPS4, T=0",
            options: Options {
                protocol: Some(Protocol::T0),
                ..Options::default()
            },
            start: Cost(14, 92, 425),
            everything: Cost(8, 48, 857),
            private_keys: Cost(3, 19, 212),
            select: (9, 2),
            authentication: Cost(4, 279, 264),
            signature: Some(Cost(3, 51, 262)),
            pss: Some(Cost(3, 51, 262)),
            decrypt: Some(Cost(4, 279, 264)),
            tls: 35,
            ..cps4()
        },
    ]
}

#[test]
fn the_workloads_cost_what_is_written() {
    let mut wrong = Vec::new();
    for sheet in sheets() {
        let mut check = |what: &str, found: Cost, written: Cost| {
            if found != written {
                wrong.push(format!("{}, {what}: {found:?}, written {written:?}", sheet.name));
            }
        };
        let (module, _rack, card) = testkit::start(testkit::card(sheet.persona, &sheet.options));
        let (started, ()) = cost(&card, || start(&module));
        check("start", started, sheet.start);
        let session = module.session();
        let (listed, _) = cost(&card, || {
            for object in session.find(&[]).expect("a search") {
                session.attribute(object, CKA_CLASS).expect("CKA_CLASS");
            }
        });
        check("everything listed", listed, sheet.everything);
        if let Some(login) = sheet.login {
            let (logged_in, _) = cost(&card, || session.login(PIN).expect("C_Login"));
            check("login", logged_in, login);
        }
        let (found, keys) = cost(&card, || {
            let found = session.find(&[(CKA_CLASS, ulong(CKO_PRIVATE_KEY))]);
            found.expect("private keys")
        });
        check("private keys", found, sheet.private_keys);
        for certificate in certificates(session) {
            let (read, value) = cost(&card, || session.attribute(certificate, CKA_VALUE));
            let length = value.expect("CKA_VALUE").len() as u64;
            check("a certificate", read, of_certificate(&sheet, length));
        }
        let authentication = *keys.last().expect("a key");
        for _ in 0..2 {
            let (signed, ()) = cost(&card, || sign(session, authentication, CKM_SHA256_RSA_PKCS));
            check("authentication key", signed, sheet.authentication);
            if let Some(signature) = sheet.signature {
                let (signed, ()) = cost(&card, || sign(session, keys[0], CKM_SHA256_RSA_PKCS));
                check("signature key", signed, signature);
            }
        }
        if let Some(pss) = sheet.pss {
            let mechanism = Mech::pss(CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256);
            let (signed, ()) = cost(&card, || sign(session, authentication, mechanism));
            check("PSS", signed, pss);
        }
        if let Some(decrypt) = sheet.decrypt {
            let cryptogram = encrypted(session, authentication);
            let (decrypted, ()) = cost(&card, || {
                session
                    .decrypt_init(CKM_RSA_PKCS, authentication)
                    .expect("C_DecryptInit");
                session.decrypt(&cryptogram).expect("C_Decrypt");
            });
            check("decrypt", decrypted, decrypt);
        }
        let (polled, ()) = cost(&card, || {
            start(&module);
            module
                .slot_info(session.info().expect("C_GetSessionInfo").slotID)
                .expect("C_GetSlotInfo");
            session.find(&[]).expect("a search");
            for certificate in certificates(session) {
                session.attribute(certificate, CKA_SUBJECT).expect("CKA_SUBJECT");
            }
        });
        check("asked again", polled, NOTHING);
        if sheet.login.is_some() {
            let (logged_out, ()) = cost(&card, || session.logout().expect("C_Logout"));
            check("logout", logged_out, NOTHING);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn encrypted(session: Session<'_>, key: CK_OBJECT_HANDLE) -> Vec<u8> {
    let public = session.companion(key, CKO_PUBLIC_KEY);
    session.encrypt_init(CKM_RSA_PKCS, public).expect("C_EncryptInit");
    session
        .encrypt(b"a session key of 32 bytes or so.")
        .expect("C_Encrypt")
}

/// One SELECT by path and the reads.
fn of_certificate(sheet: &Expected, length: u64) -> Cost {
    let reads = length.div_ceil(256);
    let (sent, received) = sheet.select;
    Cost(1 + reads, sent + 5 * reads, received + length + 2 * reads)
}

#[test]
fn only_what_a_search_can_find_is_read() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        start(&module);
        let session = module.session();
        let file = |wanted: CK_OBJECT_CLASS| {
            let search = || session.find(&[(CKA_CLASS, ulong(wanted))]).expect("a search");
            cost(&card, search).0.0
        };
        assert_eq!(
            file(CKO_PRIVATE_KEY),
            0,
            "private keys are hidden before the login"
        );
        assert_eq!((file(CKO_PROFILE), file(CKO_SECRET_KEY)), (0, 0));
        assert!((1..=3).contains(&file(CKO_CERTIFICATE)), "CDF alone");
        session.login(PIN).expect("C_Login");
        assert!((1..=3).contains(&file(CKO_PRIVATE_KEY)), "PrKDF alone");
        assert_eq!(
            (file(CKO_CERTIFICATE), file(CKO_PRIVATE_KEY)),
            (0, 0),
            "asked again"
        );
    }
}

/// `pkcs11-tool --list-objects` shows subjects, and who looks for a certificate by its issuer mostly means another one.
#[test]
fn a_search_by_subject_reads_the_beginnings_of_the_certificates() {
    for sheet in sheets() {
        let (module, _rack, card) = testkit::start(testkit::card(sheet.persona, &sheet.options));
        start(&module);
        let session = module.session();
        let of_subject = |subject: Vec<u8>| {
            let class = (CKA_CLASS, ulong(CKO_CERTIFICATE));
            session.find(&[class, (CKA_SUBJECT, subject)]).expect("a search")
        };
        let all = certificates(session);
        let (search, found) = cost(&card, || of_subject(b"somebody else".to_vec()));
        let beginning = of_certificate(&sheet, BEGINNING);
        assert_eq!(search.0, all.len() as u64 * beginning.0, "{}", sheet.name);
        assert_eq!(found, []);

        let certificate = *all.last().expect("a certificate");
        let (again, subject) = cost(&card, || {
            let subject = session.attribute(certificate, CKA_SUBJECT).expect("CKA_SUBJECT");
            assert!(of_subject(subject.clone()).contains(&certificate));
            subject
        });
        assert_eq!(again, NOTHING, "{}", sheet.name);

        let (at_once, value) = cost(&card, || {
            session.attribute(certificate, CKA_VALUE).expect("CKA_VALUE")
        });
        let length = value.len() as u64;
        assert_eq!(at_once, of_certificate(&sheet, length), "{}", sheet.name);

        // Who asks for both in one call has it read once.
        drop((module, _rack, card));
        let (module, _rack, card) = testkit::start(testkit::card(sheet.persona, &sheet.options));
        start(&module);
        let session = module.session();
        let certificate = *certificates(session).last().expect("a certificate");
        let (mut subject_again, mut whole) = (vec![0; subject.len()], vec![0; value.len()]);
        let (at_once, ()) = cost(&card, || {
            let mut template =
                [(CKA_SUBJECT, &mut subject_again), (CKA_VALUE, &mut whole)].map(|(kind, place)| {
                    CK_ATTRIBUTE {
                        type_: kind,
                        pValue: place.as_mut_ptr().cast(),
                        ulValueLen: place.len() as CK_ULONG,
                    }
                });
            call!(
                module,
                C_GetAttributeValue(session.handle, certificate, template.as_mut_ptr(), 2)
            )
            .expect("C_GetAttributeValue");
        });
        assert_eq!(at_once, of_certificate(&sheet, length), "{}", sheet.name);
        assert!(subject_again == subject && whole == value, "{}", sheet.name);
    }
}

/// As a TLS client does it: load, list the certificates, read the one for authentication, log in, sign.
#[test]
fn a_tls_login_reads_nothing_else() {
    for sheet in sheets() {
        let (module, _rack, card) = testkit::start(testkit::card(sheet.persona, &sheet.options));
        let (login, ()) = cost(&card, || {
            start(&module);
            let session = module.session();
            let certificate = *certificates(session).last().expect("a certificate");
            session.attribute(certificate, CKA_VALUE).expect("CKA_VALUE");
            if sheet.login.is_some() {
                session.login(PIN).expect("C_Login");
            }
            let key = session.companion(certificate, CKO_PRIVATE_KEY);
            sign(session, key, CKM_SHA256_RSA_PKCS);
        });
        assert_eq!(login.0, sheet.tls, "{}", sheet.name);
    }
}
