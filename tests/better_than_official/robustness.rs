//! Cards that fall silent or are pulled out, and many threads.

use std::ptr::null_mut;
use std::thread;

use cryptoki_sys::*;
use sim_cards::{Action, Interceptor, PullAt};

use testkit::call;
use testkit::messages::{public_key, sign_with};
use testkit::openssl::Scheme;
use testkit::{Ckr, Module, PIN, READER, Rv, Session, ulong};

/// Falls silent at this command, until it is reset.
struct MuteAt(u64);

impl Interceptor for MuteAt {
    fn command(&mut self, number: u64, _: &[u8]) -> Action {
        if number >= self.0 {
            Action::Mute
        } else {
            Action::Pass
        }
    }
}

type Work = fn(Session<'_>) -> Rv;

/// Everything that talks to a card, from a state in which it has to.
const WORK: [(&str, Work); 8] = [
    ("C_Login", |session| session.login(PIN)),
    ("C_SetPIN", |session| session.set_pin(PIN, "4711")),
    ("C_GenerateRandom", |session| session.random(32).map(drop)),
    ("C_FindObjectsInit", |session| {
        session.find(&[(CKA_CLASS, ulong(CKO_DATA))]).map(drop)
    }),
    ("C_GetAttributeValue", |session| {
        let found = session.find(&[(CKA_CLASS, ulong(CKO_CERTIFICATE))])?;
        found
            .iter()
            .try_for_each(|it| session.attribute(*it, CKA_VALUE).map(drop))
    }),
    ("C_Sign, signature key", |session| sign(session, "CPS_PRIV_SIG")),
    ("C_Sign, authentication key", |session| {
        sign(session, "CPS_PRIV_AUT")
    }),
    ("C_Decrypt", |session| {
        session.login(PIN)?;
        let key = session.private_key("CPS_PRIV_AUT");
        let public = session.companion(key, CKO_PUBLIC_KEY);
        session.encrypt_init(CKM_RSA_PKCS, public)?;
        let cryptogram = session.encrypt(b"text")?;
        session.decrypt_init(CKM_RSA_PKCS, key)?;
        session.decrypt(&cryptogram).map(drop)
    }),
];

fn sign(session: Session<'_>, label: &str) -> Rv {
    session.login(PIN)?;
    // The card may fall silent while its directory is searched.
    session.find(&[(CKA_CLASS, ulong(CKO_PRIVATE_KEY)), (CKA_LABEL, label.into())])?;
    sign_with(session, label).map(drop)
}

#[test]
fn weakness_12_a_card_that_does_not_answer_is_success() {
    for (name, work) in WORK {
        for card in testkit::both() {
            let (module, _rack, card) = testkit::start(card);
            let session = module.read_write();
            let first = card.apdus() + 1;
            card.sim().set_interceptor(MuteAt(first));
            let answer = work(session);
            let expected = [CKR_DEVICE_ERROR, CKR_DEVICE_REMOVED].map(|code| Err(Ckr(code)));
            assert!(expected.contains(&answer), "{name}: {answer:?}");
        }
    }
}

#[test]
fn weakness_13_a_card_pulled_out_frees_what_is_still_used() {
    let mut pulled = 0;
    for fresh in [testkit::cps3, testkit::cps4] {
        for number in 1.. {
            let (module, rack, card) = testkit::start(fresh());
            let sessions = [module.user_session(), module.read_write(), module.session()];
            let key = sessions[0].private_key("CPS_PRIV_SIG");
            for session in sessions {
                session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
                session.sign_update(&[7; 1000]).expect("C_SignUpdate");
            }
            let at = card.apdus() + number;
            card.sim().set_interceptor(PullAt(at));
            let signed = sessions[0].sign_final();
            if card.sim().is_present() {
                assert_eq!(signed.map(|it| it.len()), Ok(256));
                break;
            }
            pulled += 1;
            assert_eq!(signed, Err(Ckr(CKR_DEVICE_REMOVED)), "pulled at command {number}");
            let closed = Err(Ckr(CKR_SESSION_HANDLE_INVALID));
            for session in sessions {
                assert_eq!(session.sign_final().map(drop), closed);
                assert_eq!(session.sign_update(&[7; 1000]), closed);
                assert_eq!(session.attribute(key, CKA_LABEL).map(drop), closed);
                assert_eq!(session.find(&[]).map(drop), closed);
                assert_eq!(session.logout(), closed);
                assert_eq!(session.close(), closed);
            }
            card.sim().clear_interceptor();
            rack.put_back(READER, &card);
            assert_eq!(
                sign(module.session(), "CPS_PRIV_SIG"),
                Ok(()),
                "the next insertion"
            );
        }
    }
    assert!(pulled >= 4, "pulled {pulled} times only");
}

#[test]
fn weakness_16_without_arguments_for_c_initialize_there_is_no_lock() {
    const THREADS: usize = 8;
    for card in testkit::both() {
        // C_Initialize with NULL.
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        let keys = ["CPS_PRIV_AUT", "CPS_PRIV_SIG"].map(|label| session.private_key(label));
        let publics = keys.map(|key| public_key(session, key));
        let signatures: Vec<_> = thread::scope(|scope| {
            let module: &Module = &module;
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    scope.spawn(move || {
                        let mut signatures = Vec::new();
                        for round in 0..5 {
                            let mine = module.session();
                            let message = format!("thread {thread}, round {round}").into_bytes();
                            let which = (thread + round) % 2;
                            mine.sign_init(CKM_SHA256_RSA_PKCS, keys[which])
                                .expect("C_SignInit");
                            let signature = mine.sign(&message).expect("C_Sign");
                            mine.find(&[]).expect("a search");
                            mine.close().expect("C_CloseSession");
                            signatures.push((which, message, signature));
                        }
                        signatures
                    })
                })
                .collect();
            threads
                .into_iter()
                .flat_map(|it| it.join().expect("no panic"))
                .collect()
        });
        assert_eq!(signatures.len(), THREADS * 5);
        for (which, message, signature) in signatures {
            assert!(publics[which].verifies(Scheme::Pkcs1("sha256"), &message, &signature));
        }
        assert_eq!(call!(module, C_Finalize(null_mut())), Ok(()));
    }
}
