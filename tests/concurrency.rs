//! Many threads on one module: on one card, on several, while one logs out, while one finalises.

use std::ptr::null_mut;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use cryptoki_sys::*;
use rsa::PublicKey;
use sha2::Sha256;
use sim_cards::pki::Validity;
use sim_cards::{Options, Profile, SimCard, persona};

use testkit::messages::message;
use testkit::{Card, Ckr, Gate, Module, PATIENCE, PIN, Rack, Rv, Session, call, ulong};

const KEYS: [&str; 2] = ["CPS_PRIV_AUT", "CPS_PRIV_SIG"];

/// A card with the public halves of [`KEYS`].
struct Known {
    card: SimCard,
    public: [PublicKey; 2],
}

fn known(name: &str) -> Known {
    let persona = persona::find(name).expect("a persona");
    let profile = Profile::of(&persona, persona.chip, &Validity::relative_to_today());
    let credentials = &profile.credentials;
    let public = [&credentials.authentication, &credentials.signature].map(|it| it.key.to_public_key());
    let options = Options {
        pin: Some(PIN.into()),
        ..Options::default()
    };
    Known {
        card: SimCard::new(&profile, &options),
        public,
    }
}

/// Signs a message of its own with each key, and has it verified without the module.
fn sign_with_both(session: Session<'_>, public: &[PublicKey; 2], seed: usize) -> Rv {
    for (label, public) in KEYS.into_iter().zip(public) {
        let message = message(100 + seed);
        let key = session.find(&[
            (CKA_CLASS, ulong(CKO_PRIVATE_KEY)),
            (CKA_LABEL, label.as_bytes().to_vec()),
        ])?;
        let [key] = key[..] else {
            return Err(Ckr(CKR_USER_NOT_LOGGED_IN));
        };
        session.sign_init(CKM_SHA256_RSA_PKCS, key)?;
        let signature = session.sign_in_one_call(&message)?;
        public
            .pkcs1v15_verify::<Sha256>(&message, &signature)
            .unwrap_or_else(|_| panic!("a wrong signature with {label}"));
    }
    Ok(())
}

#[test]
fn sixteen_threads_share_one_card() {
    for name in ["doctor-hospital-cps3", "doctor-gp-cps4"] {
        let Known { card, public } = known(name);
        let (module, _rack, card) = testkit::start(card);
        let slot = module.slot();
        let _login = module.user_session();
        let together = Barrier::new(16);
        thread::scope(|scope| {
            for number in 0..16 {
                let (module, public, together) = (&module, &public, &together);
                scope.spawn(move || {
                    together.wait();
                    for round in 0..3 {
                        let session = module.open(slot, CKF_SERIAL_SESSION).expect("C_OpenSession");
                        sign_with_both(session, public, 16 * round + number).expect("signatures");
                        module.token_info(slot).expect("C_GetTokenInfo");
                        session.random(8).expect("C_GenerateRandom");
                        let found = session.find(&[(CKA_CLASS, ulong(CKO_CERTIFICATE))]);
                        assert_eq!(found.expect("a search").len(), 2);
                        session.close().expect("C_CloseSession");
                    }
                });
            }
        });
        assert_eq!(card.tries_left(), 3);
        assert!(card.sim().is_holder_verified(), "one session is left");
    }
}

/// Four readers with a card each, their slots in this order, and the module.
fn four_cards() -> (Module, Vec<(Card, [PublicKey; 2])>) {
    let rack = Rack::new();
    let names = [
        "doctor-hospital-cps3",
        "doctor-gp-cps4",
        "pharmacist-owner-cps3",
        "secretary-cpe-cps4",
    ];
    let cards = names.map(|name| {
        let Known { card, public } = known(name);
        rack.plug(name);
        (rack.insert(name, card), public)
    });
    (Module::start(&rack), cards.into())
}

#[test]
fn sixteen_threads_share_four_cards() {
    let (module, cards) = four_cards();
    let together = Barrier::new(16);
    let logins = AtomicUsize::new(0);
    thread::scope(|scope| {
        for number in 0..16 {
            let (module, together, logins) = (&module, &together, &logins);
            let (slot, (_, public)) = (number % 4, &cards[number % 4]);
            scope.spawn(move || {
                let slot = slot as CK_SLOT_ID;
                let session = module.open(slot, CKF_SERIAL_SESSION).expect("C_OpenSession");
                together.wait();
                // Four want to log in to each; one does.
                match session.login(PIN) {
                    Ok(()) => drop(logins.fetch_add(1, Ordering::Relaxed)),
                    Err(Ckr(rv)) => assert_eq!(rv, CKR_USER_ALREADY_LOGGED_IN),
                }
                for round in 0..3 {
                    sign_with_both(session, public, 16 * round + number).expect("signatures");
                }
            });
        }
    });
    assert_eq!(logins.load(Ordering::Relaxed), 4);
    for (card, _) in &cards {
        assert_eq!(card.tries_left(), 3);
    }
}

#[test]
fn a_card_at_work_holds_up_no_other() {
    let (module, cards) = four_cards();
    let sessions: Vec<_> = (0..4)
        .map(|slot| module.open(slot, CKF_SERIAL_SESSION).expect("C_OpenSession"))
        .collect();
    for (session, (_, public)) in sessions.iter().zip(&cards) {
        session.login(PIN).expect("C_Login");
        sign_with_both(*session, public, 0).expect("signatures");
    }
    let gate = Gate::new(&cards[0].0);
    thread::scope(|scope| {
        let busy = scope.spawn(|| sign_with_both(sessions[0], &cards[0].1, 1));
        gate.closed();
        let (done, others) = channel();
        let (sessions, cards) = (&sessions, &cards);
        scope.spawn(move || {
            for (session, (_, public)) in sessions.iter().zip(cards).skip(1) {
                sign_with_both(*session, public, 2).expect("signatures");
                session.logout().expect("C_Logout");
                session.login(PIN).expect("C_Login");
            }
            let _ = done.send(());
        });
        let answered = others.recv_timeout(PATIENCE);
        drop(gate);
        answered.expect("the other cards wait for the first");
        assert_eq!(busy.join().expect("no panic"), Ok(()));
    });
}

#[test]
fn threads_log_in_and_out_as_they_like() {
    for name in ["doctor-hospital-cps3", "doctor-gp-cps4"] {
        let Known { card, public } = known(name);
        let (module, _rack, card) = testkit::start(card);
        let signed = AtomicUsize::new(0);
        thread::scope(|scope| {
            for number in 0..8 {
                let (module, public, signed) = (&module, &public, &signed);
                scope.spawn(move || {
                    let session = module.session();
                    for round in 0..12 {
                        let (answer, codes) = match (number + round) % 4 {
                            0 => (session.login(PIN), [CKR_USER_ALREADY_LOGGED_IN; 2]),
                            1 => (session.logout(), [CKR_USER_NOT_LOGGED_IN; 2]),
                            _ => (
                                sign_with_both(session, public, number),
                                [CKR_USER_NOT_LOGGED_IN, CKR_OPERATION_NOT_INITIALIZED],
                            ),
                        };
                        match answer {
                            Ok(()) => signed.fetch_add(1, Ordering::Relaxed),
                            Err(Ckr(rv)) if codes.contains(&rv) => 0,
                            Err(other) => panic!("{other:?} in round {round} of {number}"),
                        };
                    }
                });
            }
        });
        assert!(signed.load(Ordering::Relaxed) > 0);
        assert_eq!(card.tries_left(), 3);
        assert_eq!(call!(module, C_CloseAllSessions(module.slot())), Ok(()));
        assert!(!card.sim().is_holder_verified());
    }
}

#[test]
fn c_finalize_ends_with_a_signature_that_the_card_is_at() {
    // PSO COMPUTE DIGITAL SIGNATURE, INTERNAL AUTHENTICATE.
    for (card, instruction) in [(testkit::cps4(), 0x2A), (testkit::cps3(), 0x88)] {
        let (module, _rack, card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
        let gate = Gate::before(&card, Some(instruction));
        thread::scope(|scope| {
            let signature = scope.spawn(|| session.sign_in_one_call(b"a message"));
            gate.closed();
            let finalize = scope.spawn(|| call!(module, C_Finalize(null_mut())));
            // From now on, whatever the card is at, there is no library.
            let ended = AtomicBool::new(false);
            while !ended.load(Ordering::Relaxed) {
                let gone = module.slots(false) == Err(Ckr(CKR_CRYPTOKI_NOT_INITIALIZED));
                ended.store(gone, Ordering::Relaxed);
                thread::yield_now();
            }
            drop(gate);
            let signature = signature.join().expect("no panic");
            let codes = [CKR_CRYPTOKI_NOT_INITIALIZED, CKR_SESSION_HANDLE_INVALID];
            assert!(
                signature.as_ref().is_ok_and(|it| it.len() == 256)
                    || signature.as_ref().is_err_and(|rv| codes.contains(&rv.0)),
                "{signature:?}"
            );
            assert_eq!(finalize.join().expect("no panic"), Ok(()));
        });
        assert!(!card.sim().is_holder_verified());
    }
}

/// The close of the last session ends the login; a session that another thread opens at that moment has no part in it.
#[test]
fn a_login_never_meets_the_end_of_an_earlier_one() {
    const ROUNDS: usize = 200;
    let (module, _rack, card) = testkit::start(testkit::cps4());
    let slot = module.slot();
    let together = Barrier::new(2);
    let open = || module.open(slot, CKF_SERIAL_SESSION).expect("C_OpenSession");
    for round in 0..ROUNDS {
        let old = open();
        old.login(PIN).expect("C_Login");
        thread::scope(|scope| {
            scope.spawn(|| {
                together.wait();
                old.close().expect("C_CloseSession");
            });
            together.wait();
            // Somewhere around the close, a little later in each round.
            thread::sleep(Duration::from_micros(20 * (round % 30) as u64));
            let new = open();
            match new.login(PIN) {
                Ok(()) => {}
                // The old session was still open: one login for both.
                Err(Ckr(CKR_USER_ALREADY_LOGGED_IN)) => {}
                other => panic!("round {round}: {other:?}"),
            }
            let state = new.state().expect("C_GetSessionInfo");
            assert_eq!(state, CKS_RO_USER_FUNCTIONS, "round {round}");
            new.random(8).expect("C_GenerateRandom");
            assert!(card.sim().is_holder_verified(), "round {round}");
            new.close().expect("C_CloseSession");
        });
        assert!(!card.sim().is_holder_verified(), "round {round}: nobody is left");
    }
}

#[test]
fn a_read_only_session_and_a_login_of_the_so_never_both_succeed() {
    // A card takes the unblocking code a hundred times in its life.
    const ROUNDS: u64 = 60;
    const PUK: &str = "87654321";
    for persona in ["doctor-hospital-cps3", "doctor-gp-cps4", "secretary-cpe-cps4"] {
        let options = Options {
            puk: Some(PUK.into()),
            ..Options::default()
        };
        let (module, _rack, _card) = testkit::start(testkit::card(persona, &options));
        let slot = module.slot();
        let together = Barrier::new(2);
        for round in 0..ROUNDS {
            let officer = module.read_write();
            let (login, opened) = thread::scope(|scope| {
                let login = scope.spawn(|| {
                    together.wait();
                    officer.login_as(CKU_SO, PUK)
                });
                together.wait();
                thread::sleep(Duration::from_micros(10 * (round % 30)));
                let opened = module.open(slot, CKF_SERIAL_SESSION).map(drop);
                (login.join().expect("no panic"), opened)
            });
            let both = [
                (Ok(()), Err(Ckr(CKR_SESSION_READ_WRITE_SO_EXISTS))),
                (Err(Ckr(CKR_SESSION_READ_ONLY_EXISTS)), Ok(())),
            ];
            assert!(
                both.contains(&(login, opened)),
                "{persona}, round {round}: C_Login {login:?}, C_OpenSession {opened:?}"
            );
            call!(module, C_CloseAllSessions(slot)).expect("C_CloseAllSessions");
        }
    }
}
