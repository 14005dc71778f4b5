//! A second program on the same card: whatever it does between any two calls of an application, the application goes on or is told
//! why it cannot, and no code is presented but by its C_Login.

use std::thread;
use std::time::Duration;

use cpx_pkcs11::reader::SHORT_ABSENCE;
use cryptoki_sys::*;
use sim_cards::Options;

use testkit::messages::public_key;
use testkit::openssl::{PublicKey, Scheme};
use testkit::{Card, Ckr, Happening, Module, Moment, PIN, READER, Rack, Rv, Session, call, ulong};

/// What the second program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// Selects other applications and files, reads, asks for random bytes.
    LooksAround,
    /// Leaves another application selected.
    SelectsItsOwn,
    /// Has a transaction for a while.
    HoldsTheCard,
    /// Resets the card.
    Resets,
    /// Resets the card and logs in: its login is not the application's.
    ResetsAndLogsIn,
    /// Presents a wrong code, with which the card takes the verification back.
    MissesTheCode,
}

impl Act {
    const ALL: [Act; 6] = [
        Act::LooksAround,
        Act::SelectsItsOwn,
        Act::HoldsTheCard,
        Act::Resets,
        Act::ResetsAndLogsIn,
        Act::MissesTheCode,
    ];

    fn harmless(self) -> bool {
        matches!(self, Act::LooksAround | Act::SelectsItsOwn | Act::HoldsTheCard)
    }

    fn happens(self, rack: &Rack, card: &Card) {
        let (root, cps2ter) = ("A4040C08802500 0001FF0100", "A4040C0880250000 01FF0002");
        match self {
            Act::LooksAround => card.takes(&[root, "A4080002D003", "B000000C", "8400000008", "A4080C020001"]),
            Act::SelectsItsOwn => card.takes(&[cps2ter]),
            Act::HoldsTheCard => {
                let hold = rack.hold(READER);
                thread::spawn(move || {
                    thread::sleep(Duration::from_millis(20));
                    drop(hold);
                });
            }
            Act::Resets => rack.reset(READER),
            Act::ResetsAndLogsIn => rack.reset_and_log_in(READER),
            Act::MissesTheCode => card.takes(&[root, "2000010439393939"]),
        }
    }
}

fn data(session: Session<'_>, label: &str) -> Rv {
    let found = session.find(&[(CKA_CLASS, ulong(CKO_DATA)), (CKA_LABEL, label.into())])?;
    let [object] = found[..] else {
        return Err(Ckr(CKR_USER_NOT_LOGGED_IN));
    };
    session.attribute(object, CKA_VALUE).map(drop)
}

fn key(session: Session<'_>, label: &str) -> Rv<CK_OBJECT_HANDLE> {
    let found = session.find(&[(CKA_CLASS, ulong(CKO_PRIVATE_KEY)), (CKA_LABEL, label.into())])?;
    found.first().copied().ok_or(Ckr(CKR_USER_NOT_LOGGED_IN))
}

/// An application's calls, one or a few at a time; a signature that comes out is a good one.
type Step = fn(Session<'_>, &[PublicKey; 2]) -> Rv;

fn signed(session: Session<'_>, public: &PublicKey) -> Rv {
    let signature = session.sign_in_one_call(b"a message")?;
    assert!(public.verifies(Scheme::Pkcs1("sha256"), b"a message", &signature));
    Ok(())
}

const STEPS: [(&str, Step); 12] = [
    ("C_GetSessionInfo", |session, _| session.info().map(drop)),
    ("protected data", |session, _| data(session, "CPS_ACTIVITY_01_PS")),
    ("protected data of the old side", |session, _| {
        data(session, "CPS_SIT_FACT")
    }),
    ("free data", |session, _| data(session, "CPS_DATA")),
    ("C_SignInit, authentication", |session, _| {
        session.sign_init(CKM_SHA256_RSA_PKCS, key(session, "CPS_PRIV_AUT")?)
    }),
    ("C_Sign, authentication", |session, [public, _]| {
        signed(session, public)
    }),
    ("C_SignInit, signature", |session, _| {
        session.sign_init(CKM_SHA256_RSA_PKCS, key(session, "CPS_PRIV_SIG")?)
    }),
    ("C_Sign, signature", |session, [_, public]| {
        signed(session, public)
    }),
    ("C_GenerateRandom", |session, _| session.random(24).map(drop)),
    ("C_DecryptInit", |session, _| {
        session.decrypt_init(CKM_RSA_PKCS, key(session, "CPS_PRIV_AUT")?)
    }),
    ("C_Decrypt", |session, [public, _]| {
        let cryptogram = public.encrypts(b"text");
        assert_eq!(session.decrypt(&cryptogram)?, b"text");
        Ok(())
    }),
    ("C_SetAttributeValue", |session, _| {
        let area = session.find_one(&[(CKA_LABEL, b"CPS_DATA".to_vec())]);
        session.set(area, &[(CKA_VALUE, b"notes".to_vec())])
    }),
];

/// What a step may answer after the login was lost: that it was, or that its operation ended with it.
fn told(answer: Rv) -> bool {
    let codes = [
        CKR_USER_NOT_LOGGED_IN,
        CKR_OPERATION_NOT_INITIALIZED,
        CKR_OBJECT_HANDLE_INVALID,
    ];
    answer.is_ok() || codes.iter().any(|code| answer == Err(Ckr(*code)))
}

#[test]
fn a_second_program_between_any_two_calls() {
    for persona in ["doctor-hospital-cps3", "doctor-gp-cps4"] {
        for act in Act::ALL {
            let options = Options {
                writable_area: Some(true),
                ..Options::default()
            };
            let (module, rack, card) = testkit::start(testkit::card(persona, &options));
            let session = module.read_write();
            session.login(PIN).expect("C_Login");
            let publics =
                ["CPS_PRIV_AUT", "CPS_PRIV_SIG"].map(|label| public_key(session, session.private_key(label)));
            for (place, (before, _)) in STEPS.iter().enumerate() {
                let case = format!("{persona}: {act:?} before {before}");
                for (number, (name, step)) in STEPS.iter().enumerate() {
                    if number == place {
                        act.happens(&rack, &card);
                    }
                    let answer = step(session, &publics);
                    if act.harmless() || number < place {
                        assert_eq!(answer, Ok(()), "{case}: {name}");
                    } else {
                        assert!(told(answer), "{case}: {name} answers {answer:?}");
                    }
                }
                if act.harmless() {
                    continue;
                }
                // By now somebody has noticed; a login in the same session sets everything right.
                assert_eq!(session.state(), Ok(CKS_RW_PUBLIC_SESSION), "{case}");
                let tries = if act == Act::MissesTheCode { 2 } else { 3 };
                assert_eq!(card.tries_left(), tries, "{case}: tries");
                call!(module, C_SessionCancel(session.handle, CKF_SIGN | CKF_DECRYPT)).expect("cancel");
                session
                    .login(PIN)
                    .unwrap_or_else(|error| panic!("{case}: {error:?}"));
            }
        }
    }
}

#[test]
fn any_number_of_sessions_share_one_login() {
    const SESSIONS: usize = 2000;
    let (module, _rack, card) = testkit::start(testkit::cps4());
    let slot = module.slot();
    let open = |number| {
        let more = if number % 2 == 0 { 0 } else { CKF_RW_SESSION };
        module
            .open(slot, CKF_SERIAL_SESSION | more)
            .expect("C_OpenSession")
    };
    let sessions: Vec<_> = (0..SESSIONS).map(open).collect();
    let info = module.token_info(slot).expect("token");
    assert_eq!((info.ulSessionCount, info.ulRwSessionCount), (2000, 1000));
    assert_eq!(info.ulMaxSessionCount, CK_EFFECTIVELY_INFINITE);
    sessions[7].login(PIN).expect("C_Login");
    let before = card.apdus();
    for (number, session) in sessions.iter().enumerate() {
        let expected = if number % 2 == 0 {
            CKS_RO_USER_FUNCTIONS
        } else {
            CKS_RW_USER_FUNCTIONS
        };
        assert_eq!(session.state(), Ok(expected));
    }
    assert_eq!(card.apdus(), before);
    for session in &sessions[1..] {
        session.close().expect("C_CloseSession");
    }
    assert!(card.sim().is_holder_verified());
    sessions[0].close().expect("C_CloseSession");
    assert!(!card.sim().is_holder_verified(), "the last one logs out");
}

/// Something that needs the login: what comes before it, and the act itself.
type Protected = fn(Session<'_>) -> Box<dyn Fn(Session<'_>) -> Rv>;

/// With what each of them answers when the login is gone: a private object is not there for who may not see it.
const PROTECTED: [(&str, CK_RV, Protected); 3] = [
    ("data", CKR_OBJECT_HANDLE_INVALID, |session| {
        let object = session.find_one(&[(CKA_LABEL, b"CPS_ACTIVITY_01_PS".to_vec())]);
        Box::new(move |session| session.attribute(object, CKA_VALUE).map(drop))
    }),
    ("a signature", CKR_USER_NOT_LOGGED_IN, |session| {
        let key = session.private_key("CPS_PRIV_SIG");
        session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
        Box::new(|session| session.sign_in_one_call(b"a message").map(drop))
    }),
    ("a plaintext", CKR_USER_NOT_LOGGED_IN, |session| {
        let key = session.private_key("CPS_PRIV_AUT");
        let cryptogram = public_key(session, key).encrypts(b"text");
        session.decrypt_init(CKM_RSA_PKCS, key).expect("C_DecryptInit");
        Box::new(move |session| session.decrypt(&cryptogram).map(drop))
    }),
];

/// The card would give it: it knows the code, from the other program.
#[test]
fn what_the_card_gives_under_another_programs_login_is_withheld() {
    for persona in ["doctor-hospital-cps3", "doctor-gp-cps4"] {
        for (what, refusal, protected) in PROTECTED {
            let (module, rack, card) = testkit::start(testkit::card(persona, &Options::default()));
            let session = module.user_session();
            // The certificate is read with the first signature.
            protected(session)(session).expect(what);
            let act = protected(session);
            let before = rack.transactions(READER);
            act(session).expect(what);
            let transactions = rack.transactions(READER) - before;
            assert!(transactions > 0, "{persona}: {what} comes from the card");
            for number in 1..=transactions {
                let case = format!("{persona}: {what}, transaction {number}");
                let act = protected(session);
                rack.plan(READER, Moment::Transaction(number), Happening::OtherLogin);
                assert_eq!(act(session), Err(Ckr(refusal)), "{case}");
                assert_eq!(session.state(), Ok(CKS_RO_PUBLIC_SESSION), "{case}");
                assert_eq!(card.tries_left(), 3, "{case}");
                session.login(PIN).expect("C_Login");
            }
        }
    }
}
/// §5.6: what one application does with its login is not another one's affair. The second program is known by its connection.
#[test]
fn who_logs_out_beside_another_program_ends_its_own_login_only() {
    for persona in ["doctor-hospital-cps3", "doctor-gp-cps4"] {
        let (module, rack, card) = testkit::start(testkit::card(persona, &Options::default()));
        type End = fn(&Module, Session<'_>) -> Rv;
        let ends: [(&str, End); 4] = [
            ("C_Logout", |_, session| session.logout()),
            ("C_CloseSession", |_, session| session.close()),
            ("C_CloseAllSessions", |module, _| {
                call!(module, C_CloseAllSessions(module.slot()))
            }),
            ("C_SetPIN with a wrong old PIN", |_, session| {
                assert_eq!(session.set_pin("9999", "4321"), Err(Ckr(CKR_PIN_INCORRECT)));
                Ok(())
            }),
        ];
        for (name, end) in ends {
            let case = format!("{persona}: {name}");
            let missed = name.starts_with("C_SetPIN");
            let other = rack.join(READER);
            let session = module.read_write();
            session.login(PIN).expect("C_Login");
            let resets = rack.resets(READER);
            assert_eq!(end(&module, session), Ok(()), "{case}");
            assert_eq!(rack.resets(READER), resets, "{case}: not reset under its feet");
            assert_eq!(
                card.sim().is_holder_verified(),
                !missed,
                "{case}: open for the other one"
            );
            assert_eq!(rack.connected(READER), 1, "{case}: we have left");
            let session = module.read_write();
            assert_eq!(session.state(), Ok(CKS_RW_PUBLIC_SESSION), "{case}");
            assert_eq!(
                key(session, "CPS_PRIV_SIG"),
                Err(Ckr(CKR_USER_NOT_LOGGED_IN)),
                "{case}"
            );
            drop(other);
            // The last one to leave closes the card.
            session.login(PIN).expect("C_Login again");
            call!(module, C_CloseAllSessions(module.slot())).expect("C_CloseAllSessions");
            assert_eq!(rack.resets(READER), resets + 1, "{case}: the last one");
            assert!(!card.sim().is_holder_verified(), "{case}: closed");
            assert_eq!(rack.connected(READER), 0, "{case}: nobody is left");
        }
    }
}

/// So that others can be seen, and that the service can switch the card off.
#[test]
fn a_program_that_is_not_logged_in_holds_no_connection() {
    for persona in ["doctor-hospital-cps3", "doctor-gp-cps4"] {
        let (module, rack, _card) = testkit::start(testkit::card(persona, &Options::default()));
        let connected = || rack.connected(READER);
        let session = module.read_write();
        assert_eq!(connected(), 0);
        module.token_info(module.slot()).expect("C_GetTokenInfo");
        session.random(8).expect("C_GenerateRandom");
        assert_eq!(connected(), 0);
        assert_eq!(session.login("9999"), Err(Ckr(CKR_PIN_INCORRECT)));
        assert_eq!(connected(), 0);
        session.login(PIN).expect("C_Login");
        assert_eq!(
            connected(),
            1,
            "a card that nobody is connected to forgets the login"
        );
        rack.reset(READER);
        assert_eq!(session.state(), Ok(CKS_RW_PUBLIC_SESSION));
        assert_eq!(connected(), 0, "the login was lost");
        session.login(PIN).expect("C_Login");
        session.logout().expect("C_Logout");
        assert_eq!(connected(), 0);
    }
}

/// The reader was unplugged with the card and came back with another one, and looks as before.
#[test]
fn another_card_is_found_out_before_a_code_goes_to_it() {
    for [first, second] in [
        ["doctor-hospital-cps3", "pharmacist-owner-cps3"],
        ["doctor-gp-cps4", "secretary-cpe-cps4"],
    ] {
        let (module, rack, _card) = testkit::start(testkit::card(first, &Options::default()));
        let session = module.session();
        let before = module
            .token_info(module.slot())
            .expect("C_GetTokenInfo")
            .serialNumber;
        rack.unplug(READER);
        rack.plug(READER);
        let other = rack.insert(READER, testkit::card(second, &Options::default()));
        // No person is faster.
        thread::sleep(SHORT_ABSENCE);
        assert_eq!(session.login("9999"), Err(Ckr(CKR_DEVICE_REMOVED)), "{second}");
        assert_eq!(other.tries_left(), 3, "{second}");
        assert_eq!(
            session.info().map(drop),
            Err(Ckr(CKR_SESSION_HANDLE_INVALID)),
            "{second}"
        );
        let after = module
            .token_info(module.slot())
            .expect("C_GetTokenInfo")
            .serialNumber;
        assert_ne!(before, after, "{second}");
    }
}

/// What a program that comes back after a while knows of the card is looked at again, and counted.
#[test]
fn a_card_that_was_switched_off_meanwhile_is_taken_up_where_it_was_left() {
    for (persona, number_and_stamp) in [("doctor-hospital-cps3", 2), ("doctor-gp-cps4", 4)] {
        let (module, rack, card) = testkit::start(testkit::card(persona, &Options::default()));
        let session = module.read_write();
        session.login(PIN).expect("C_Login");
        session.logout().expect("C_Logout");
        let cost = |wait: Duration| {
            thread::sleep(wait);
            let before = card.apdus();
            session.random(8).expect("C_GenerateRandom");
            card.apdus() - before
        };
        cost(Duration::ZERO);
        let soon = cost(Duration::ZERO);
        let resets = rack.resets(READER);
        // Longer than the service leaves the power on.
        let late = cost(Duration::from_millis(1100));
        assert!(
            late <= soon + number_and_stamp,
            "{persona}: {late} exchanges after a while, {soon} at once"
        );
        assert_eq!(rack.resets(READER), resets);
        session.login(PIN).expect("C_Login");
        let key = session.private_key("CPS_PRIV_SIG");
        session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
        assert_eq!(signed(session, &public_key(session, key)), Ok(()), "{persona}");
    }
}
