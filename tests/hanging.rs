//! A service that does not answer, and one that keeps coming back with nothing: who needs no card does not wait, and nobody spins.

use std::collections::BTreeSet;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use cpx_pkcs11::provider;
use cpx_pkcs11::reader::{Connection, ReaderError, ReaderState, Readers};
use cryptoki_sys::*;

use testkit::{Ckr, Module, PATIENCE, READER, Rack, Session, call};

/// The calls that need no card. Each is told when it has answered.
fn without_a_card(session: Session<'_>, prepared: &Prepared, done: &Sender<&'static str>) {
    let module = session.module;
    let answered = |name, answer: Result<(), Ckr>| {
        answer.expect(name);
        let _ = done.send(name);
    };
    let mut info = CK_INFO::default();
    answered("C_GetInfo", call!(module, C_GetInfo(&mut info)));

    answered("C_DigestInit", session.digest_init(CKM_SHA256));
    answered("C_Digest", session.digest(b"a message").map(drop));
    session.digest_init(CKM_SHA256).expect("C_DigestInit");
    answered("C_DigestUpdate", session.digest_update(b"a message"));
    answered("C_DigestFinal", session.digest_final().map(drop));

    answered(
        "C_VerifyInit",
        session.verify_init(CKM_SHA256_RSA_PKCS, prepared.public),
    );
    answered("C_Verify", session.verify(b"a message", &prepared.signature));
    session
        .verify_init(CKM_SHA256_RSA_PKCS, prepared.public)
        .expect("C_VerifyInit");
    answered("C_VerifyUpdate", session.verify_update(b"a message"));
    answered("C_VerifyFinal", session.verify_final(&prepared.signature));
    answered(
        "C_VerifyRecoverInit",
        session.verify_recover_init(CKM_RSA_PKCS, prepared.public),
    );
    let mut recovered = [0; 256];
    let (mut signature, mut len) = (prepared.signature.clone(), 256);
    answered(
        "C_VerifyRecover",
        call!(
            module,
            C_VerifyRecover(
                session.handle,
                signature.as_mut_ptr(),
                256,
                recovered.as_mut_ptr(),
                &mut len
            )
        ),
    );
    answered(
        "C_EncryptInit",
        session.encrypt_init(CKM_RSA_PKCS, prepared.public),
    );
    answered("C_Encrypt", session.encrypt(b"text").map(drop));

    // What was begun before goes on until it needs the card.
    answered("C_SignUpdate", session.sign_update(b"a part"));
    let mut length = 0;
    answered(
        "C_SignFinal, the size",
        call!(module, C_SignFinal(session.handle, null_mut(), &mut length)),
    );
    let (mut part, mut none) = ([0; 16], 0);
    answered(
        "C_DecryptUpdate",
        call!(
            module,
            C_DecryptUpdate(
                session.handle,
                part.as_mut_ptr(),
                16,
                recovered.as_mut_ptr(),
                &mut none
            )
        ),
    );
    answered(
        "C_DecryptFinal, the size",
        call!(module, C_DecryptFinal(session.handle, null_mut(), &mut length)),
    );
    let (mut object, mut count) = (0, 0);
    answered(
        "C_FindObjects",
        call!(module, C_FindObjects(session.handle, &mut object, 1, &mut count)),
    );
    answered(
        "C_FindObjectsFinal",
        call!(module, C_FindObjectsFinal(session.handle)),
    );
    answered(
        "C_GetAttributeValue",
        session.attribute(prepared.public, CKA_MODULUS).map(drop),
    );
    answered("C_GetObjectSize", session.size(prepared.public).map(drop));
    let operations = CKF_SIGN | CKF_DECRYPT;
    answered(
        "C_SessionCancel",
        call!(module, C_SessionCancel(session.handle, operations)),
    );
    assert_eq!(
        call!(module, C_SeedRandom(session.handle, part.as_mut_ptr(), 16)),
        Err(Ckr(CKR_RANDOM_SEED_NOT_SUPPORTED))
    );
    answered("C_CloseSession", session.close());
}

/// What the card has given before.
struct Prepared {
    public: CK_OBJECT_HANDLE,
    signature: Vec<u8>,
}

fn prepared(session: Session<'_>) -> Prepared {
    let key = session.private_key("CPS_PRIV_AUT");
    let public = session.companion(key, CKO_PUBLIC_KEY);
    session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
    let signature = session.sign(b"a message").expect("C_Sign");
    session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
    session.decrypt_init(CKM_RSA_PKCS, key).expect("C_DecryptInit");
    call!(session.module, C_FindObjectsInit(session.handle, null_mut(), 0)).expect("C_FindObjectsInit");
    session.attribute(public, CKA_MODULUS).expect("the key");
    session
        .verify_init(CKM_SHA256_RSA_PKCS, public)
        .expect("C_VerifyInit");
    session.verify(b"a message", &signature).expect("C_Verify");
    Prepared { public, signature }
}

#[test]
fn who_needs_no_card_does_not_wait_for_a_service_that_hangs() {
    for card in testkit::both() {
        let (module, rack, _card) = testkit::start(card);
        let _other = module.user_session();
        let session = module.session();
        let prepared = prepared(session);
        let hang = rack.hang();
        thread::scope(|scope| {
            let (module, prepared) = (&module, &prepared);
            // Other threads are where the service keeps them.
            for number in 0..3 {
                scope.spawn(move || match number {
                    0 => module.slots(true).map(drop),
                    1 => module.token_info(0).map(drop),
                    _ => module.open(0, CKF_SERIAL_SESSION).map(drop),
                });
            }
            let (done, answers) = channel();
            scope.spawn(move || without_a_card(session, prepared, &done));
            let mut last = "nothing";
            let mut names = BTreeSet::new();
            let ended = loop {
                match answers.recv_timeout(PATIENCE) {
                    Ok(name) => last = name,
                    Err(why) => break why,
                }
                names.insert(last);
            };
            drop(hang);
            assert_eq!(
                ended,
                std::sync::mpsc::RecvTimeoutError::Disconnected,
                "behind {last}"
            );
            assert_eq!(names.len(), 23, "{names:?}");
        });
    }
}

#[test]
fn who_asks_what_is_known_does_not_wait_for_a_program_that_has_the_card() {
    for card in testkit::both() {
        let (module, rack, _card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        let slot = module.slot();
        module.token_info(slot).expect("C_GetTokenInfo");
        rack.reset(READER);
        let hold = rack.hold(READER);
        thread::scope(|scope| {
            let (done, answers) = channel();
            let module = &module;
            scope.spawn(move || {
                let answers = (
                    session.state(),
                    module.slots(true).map(|slots| slots.len()),
                    module.slot_info(slot).map(drop),
                    module.mechanisms(slot).map(drop),
                    session.sign_init(CKM_SHA256_RSA_PKCS, key),
                );
                let _ = done.send(answers);
            });
            let answered = answers.recv_timeout(PATIENCE);
            drop(hold);
            let known = (Ok(CKS_RO_USER_FUNCTIONS), Ok(1), Ok(()), Ok(()), Ok(()));
            assert_eq!(answered.expect("they wait for the other program"), known);
        });
        // Nothing is signed with a login that the card has forgotten, and then everybody knows.
        assert_eq!(session.sign(b"a message"), Err(Ckr(CKR_USER_NOT_LOGGED_IN)));
        assert_eq!(session.state(), Ok(CKS_RO_PUBLIC_SESSION));
    }
}

#[test]
fn c_finalize_does_not_wait_for_a_program_that_keeps_the_card() {
    for (waiting, card) in [(false, testkit::cps3()), (true, testkit::cps4())] {
        let (module, rack, card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
        let hold = rack.hold(READER);
        thread::scope(|scope| {
            let before = rack.transactions(READER);
            let signature = waiting.then(|| scope.spawn(|| session.sign_in_one_call(b"a message")));
            while waiting && rack.transactions(READER) == before {
                thread::yield_now();
            }
            let (done, ended) = channel();
            let module = &module;
            scope.spawn(move || done.send(call!(module, C_Finalize(null_mut()))));
            let answer = ended.recv_timeout(PATIENCE / 4);
            drop(hold);
            assert_eq!(answer.expect("it waits for the other program"), Ok(()));
            if let Some(signature) = signature {
                let refused = signature.join().expect("no panic");
                assert_eq!(refused, Err(Ckr(CKR_DEVICE_ERROR)), "it has waited long enough");
            }
        });
        assert!(card.sim().is_holder_verified(), "it could not be closed");
    }
}

/// A service whose waits come back at once, and that counts what it is asked.
struct Restless {
    asked: AtomicUsize,
    reader: ReaderState,
}

impl Readers for Restless {
    fn list(&self) -> Result<Vec<ReaderState>, ReaderError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(vec![self.reader.clone()])
    }

    fn wait(&self, _: &[ReaderState], _: Duration) -> Result<(), ReaderError> {
        Ok(())
    }

    fn cancel(&self) {}

    fn connect(&self, _: &str) -> Result<Box<dyn Connection>, ReaderError> {
        Err(ReaderError::NoService)
    }

    fn abandon(&self) {}
}

#[test]
fn a_wait_for_events_that_comes_back_at_once_does_not_spin_and_ends_with_c_finalize() {
    let module = Module::idle(&Rack::new());
    let readers = Arc::new(Restless {
        asked: AtomicUsize::new(0),
        reader: ReaderState {
            name: READER.into(),
            attached: true,
            present: false,
            mute: false,
            atr: Vec::new(),
            events: 0,
        },
    });
    provider::use_readers(Some(readers.clone()));
    call!(module, C_Initialize(null_mut())).expect("C_Initialize");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let mut slot = 0;
            call!(module, C_WaitForSlotEvent(0, &mut slot, null_mut()))
        });
        // Ten pauses of the longest kind at the end.
        while readers.asked.load(Ordering::Relaxed) < 12 {
            thread::yield_now();
        }
        let (before, begun) = (readers.asked.load(Ordering::Relaxed), Instant::now());
        thread::sleep(Duration::from_secs(2));
        let asked = readers.asked.load(Ordering::Relaxed) - before;
        let time = begun.elapsed();
        assert_eq!(call!(module, C_Finalize(null_mut())), Ok(()));
        let answer = waiting.join().expect("no panic");
        let longest = time.as_millis() as usize / 500 + 2;
        assert!(asked <= longest, "asked {asked} times in {time:?}");
        assert_eq!(answer, Err(Ckr(CKR_CRYPTOKI_NOT_INITIALIZED)));
    });
}
