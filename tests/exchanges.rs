//! What each workload costs on the card: commands, and bytes both ways. A change that makes one of them dearer fails
//! here; one that makes it cheaper has its new figure written down. `docs/performance.md` derives why they cannot be
//! much lower, `scripts/bench` compares them with other modules.

mod common;

use cryptoki_sys::*;
use sim_cards::Options;

use common::{Card, Mech, Module, PIN, Session, ulong};

/// Commands, GET RESPONSE included; bytes sent; bytes received, status words included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost(u64, u64, u64);

const NOTHING: Cost = Cost(0, 0, 0);

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

fn certificates(session: Session<'_>) -> [CK_OBJECT_HANDLE; 2] {
    let found = session.find(&[(CKA_CLASS, ulong(CKO_CERTIFICATE))]);
    found.expect("a search").try_into().expect("two certificates")
}

fn sign(session: Session<'_>, key: CK_OBJECT_HANDLE, mechanism: impl Into<Mech>) {
    session.sign_init(mechanism, key).expect("C_SignInit");
    session.sign(b"a message").expect("C_Sign");
}

/// What the workloads of the table cost on one kind of card.
struct Expected {
    persona: &'static str,
    /// C_Initialize, slot list, token information with the counters of both codes.
    start: Cost,
    /// Then: every object is listed, and the classes of all are asked for.
    everything: Cost,
    /// The private keys, after the login.
    private_keys: Cost,
    /// A certificate of n bytes: `ceil(n / 256)` reads and one SELECT, whose answer has this length.
    select_answer: u64,
    login: Cost,
    authentication: Cost,
    signature: Cost,
    pss: Option<Cost>,
}

const SHEETS: [Expected; 3] = [
    Expected {
        persona: "doctor-hospital-cps3",
        start: Cost(16, 124, 583),
        everything: Cost(6, 42, 480),
        private_keys: Cost(3, 21, 252),
        select_answer: 2,
        login: Cost(1, 9, 2),
        authentication: Cost(3, 72, 262),
        signature: Cost(3, 53, 262),
        pss: None,
    },
    // With EF_ACTUA, the mark of an update.
    Expected {
        persona: "doctor-updated-cps3",
        start: Cost(16, 122, 603),
        everything: Cost(6, 42, 480),
        private_keys: Cost(3, 21, 252),
        select_answer: 2,
        login: Cost(1, 9, 2),
        authentication: Cost(3, 72, 262),
        signature: Cost(3, 53, 262),
        pss: None,
    },
    Expected {
        persona: "doctor-gp-cps4",
        start: Cost(11, 79, 471),
        everything: Cost(6, 40, 879),
        private_keys: Cost(2, 15, 223),
        select_answer: 15,
        login: Cost(1, 9, 2),
        authentication: Cost(3, 275, 262),
        signature: Cost(2, 47, 260),
        pss: Some(Cost(2, 47, 260)),
    },
];

#[test]
fn the_workloads_cost_what_is_written() {
    for sheet in SHEETS {
        let name = sheet.persona;
        let (module, _rack, card) = common::start(common::card(name, &Options::default()));
        let (started, ()) = cost(&card, || start(&module));
        assert_eq!(started, sheet.start, "{name}: start");
        let session = module.session();
        let (listed, _) = cost(&card, || {
            for object in session.find(&[]).expect("a search") {
                session.attribute(object, CKA_CLASS).expect("CKA_CLASS");
            }
        });
        assert_eq!(listed, sheet.everything, "{name}: everything listed");
        let (logged_in, _) = cost(&card, || session.login(PIN).expect("C_Login"));
        assert_eq!(logged_in, sheet.login, "{name}: login");
        let (found, keys) = cost(&card, || {
            ["CPS_PRIV_AUT", "CPS_PRIV_SIG"].map(|label| session.private_key(label))
        });
        assert_eq!(found, sheet.private_keys, "{name}: private keys");
        for certificate in certificates(session) {
            let (read, value) = cost(&card, || session.attribute(certificate, CKA_VALUE));
            let length = value.expect("CKA_VALUE").len() as u64;
            assert_eq!(read, of_certificate(&sheet, length), "{name}: {length} bytes");
        }
        for _ in 0..2 {
            let (signed, ()) = cost(&card, || sign(session, keys[0], CKM_SHA256_RSA_PKCS));
            assert_eq!(signed, sheet.authentication, "{name}: authentication key");
            let (signed, ()) = cost(&card, || sign(session, keys[1], CKM_SHA256_RSA_PKCS));
            assert_eq!(signed, sheet.signature, "{name}: signature key");
        }
        if let Some(pss) = sheet.pss {
            let mechanism = Mech::pss(CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256);
            let (signed, ()) = cost(&card, || sign(session, keys[0], mechanism));
            assert_eq!(signed, pss, "{name}: PSS");
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
        assert_eq!(polled, NOTHING, "{name}: asked again");
    }
}

/// One SELECT by path (11 bytes over T=0, 10 and Le over T=1) and the reads.
fn of_certificate(sheet: &Expected, length: u64) -> Cost {
    let reads = length.div_ceil(256);
    let select = if sheet.select_answer > 2 { 10 } else { 11 };
    Cost(
        1 + reads,
        select + 5 * reads,
        sheet.select_answer + length + 2 * reads,
    )
}

#[test]
fn only_what_a_search_can_find_is_read() {
    for card in common::both() {
        let (module, _rack, card) = common::start(card);
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

/// As a TLS client does it: load, list the certificates, read the one for authentication, log in, sign.
#[test]
fn a_tls_login_reads_nothing_else() {
    for (persona, exchanges) in [
        ("doctor-hospital-cps3", 36),
        ("doctor-updated-cps3", 36),
        ("doctor-gp-cps4", 29),
    ] {
        let (module, _rack, card) = common::start(common::card(persona, &Options::default()));
        let (login, ()) = cost(&card, || {
            start(&module);
            let session = module.session();
            certificates(session);
            let label = "Certificat d'Authentification CPS".as_bytes().to_vec();
            let certificate = session.find_one(&[(CKA_CLASS, ulong(CKO_CERTIFICATE)), (CKA_LABEL, label)]);
            session.attribute(certificate, CKA_VALUE).expect("CKA_VALUE");
            session.login(PIN).expect("C_Login");
            let key = session.companion(certificate, CKO_PRIVATE_KEY);
            sign(session, key, CKM_SHA256_RSA_PKCS);
        });
        assert_eq!(login.0, exchanges, "{persona}");
    }
}
