//! C_InitPIN and C_SetPIN: unblocking, changing, and the counters of both codes.

use std::ptr::null_mut;

use cryptoki_sys::*;
use sim_cards::{Action, Interceptor, Options, SimCard};

use testkit::messages::sign_with;
use testkit::{Ckr, Module, PIN, Rv, call};

const PUK: &str = "87654321";
const NEW: &str = "135790";

const INCORRECT: Rv = Err(Ckr(CKR_PIN_INCORRECT));
const LOCKED: Rv = Err(Ckr(CKR_PIN_LOCKED));
const LENGTH: Rv = Err(Ckr(CKR_PIN_LEN_RANGE));
const INVALID: Rv = Err(Ckr(CKR_PIN_INVALID));
const NOT_LOGGED_IN: Rv = Err(Ckr(CKR_USER_NOT_LOGGED_IN));

const SO_FLAGS: CK_FLAGS = CKF_SO_PIN_COUNT_LOW | CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED;
const USER_FLAGS: CK_FLAGS = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED;

fn flags(module: &Module, which: CK_FLAGS) -> CK_FLAGS {
    module.token_info(module.slot()).expect("token").flags & which
}

/// A card of either chip, with [`PIN`] and [`PUK`].
fn both(options: &Options) -> [SimCard; 2] {
    ["doctor-hospital-cps3", "doctor-gp-cps4"].map(|persona| {
        let options = Options {
            puk: Some(PUK.into()),
            ..options.clone()
        };
        testkit::card(persona, &options)
    })
}

#[test]
fn a_blocked_code_is_replaced_with_the_unblocking_code() {
    let blocked = Options {
        tries: Some(0),
        ..Options::default()
    };
    for card in both(&blocked) {
        let (module, _rack, card) = testkit::start(card);
        let session = module.read_write();
        assert_eq!(session.login(PIN), LOCKED);
        assert_eq!(flags(&module, USER_FLAGS), CKF_USER_PIN_LOCKED);

        assert_eq!(session.login_as(CKU_SO, PUK), Ok(()));
        assert_eq!(session.state(), Ok(CKS_RW_SO_FUNCTIONS));
        assert_eq!(session.init_pin(NEW), Ok(()));
        assert_eq!(
            (card.tries_left(), flags(&module, USER_FLAGS | SO_FLAGS)),
            (3, 0),
            "every try is back"
        );
        assert_eq!(session.logout(), Ok(()));
        assert_eq!(session.state(), Ok(CKS_RW_PUBLIC_SESSION));

        assert_eq!(session.login(PIN), INCORRECT, "the old code");
        assert_eq!(session.login(NEW), Ok(()));
        sign_with(session, "CPS_PRIV_AUT").expect("a signature");
    }
}

#[test]
fn a_forgotten_code_is_replaced_before_it_is_blocked() {
    for card in both(&Options::default()) {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.read_write();
        assert_eq!(session.login_as(CKU_SO, PUK), Ok(()));
        assert_eq!(session.init_pin(NEW), Ok(()));
        assert_eq!(session.init_pin("2468"), Ok(()), "and once more");
        assert_eq!(session.logout(), Ok(()));
        assert_eq!(session.login("2468"), Ok(()));
    }
}

#[test]
fn only_the_security_officer_sets_a_code_without_the_old_one() {
    for card in both(&Options::default()) {
        let (module, _rack, card) = testkit::start(card);
        let (session, reader) = (module.read_write(), module.session());
        module.token_info(module.slot()).expect("token");
        let before = card.apdus();
        assert_eq!(session.init_pin(NEW), NOT_LOGGED_IN);
        assert_eq!(reader.init_pin(NEW), NOT_LOGGED_IN);
        assert_eq!(card.apdus(), before);
        assert_eq!(session.login(PIN), Ok(()));
        let before = card.apdus();
        assert_eq!(session.init_pin(NEW), NOT_LOGGED_IN);
        assert_eq!(reader.init_pin(NEW), NOT_LOGGED_IN);
        assert_eq!(card.apdus(), before);
    }
}

#[test]
fn the_security_officer_sees_nothing_of_the_user() {
    for card in both(&Options::default()) {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        let data = session.find_one(&[(CKA_LABEL, b"CPS_ACTIVITY_01_PS".to_vec())]);
        session.close().expect("C_CloseSession");
        let session = module.read_write();
        assert_eq!(session.login_as(CKU_SO, PUK), Ok(()));
        assert_eq!(session.find(&[(CKA_PRIVATE, vec![CK_TRUE])]), Ok(vec![]));
        let value = session.attribute(data, CKA_VALUE).map(drop);
        assert_eq!(value, Err(Ckr(CKR_OBJECT_HANDLE_INVALID)));
        assert_eq!(session.sign_init(CKM_RSA_PKCS, key), NOT_LOGGED_IN);
        assert_eq!(session.decrypt_init(CKM_RSA_PKCS, key), NOT_LOGGED_IN);
        // The unblocking code is the issuer's.
        assert_eq!(
            session.set_pin(PUK, "11223344"),
            Err(Ckr(CKR_FUNCTION_NOT_SUPPORTED))
        );
        assert_eq!(session.login(PIN), Err(Ckr(CKR_USER_ANOTHER_ALREADY_LOGGED_IN)));
        assert_eq!(
            session.login_as(CKU_SO, PUK),
            Err(Ckr(CKR_USER_ALREADY_LOGGED_IN))
        );
        let reader = module.open(module.slot(), CKF_SERIAL_SESSION).map(drop);
        assert_eq!(reader, Err(Ckr(CKR_SESSION_READ_WRITE_SO_EXISTS)));
        let second = module.read_write();
        assert_eq!(second.state(), Ok(CKS_RW_SO_FUNCTIONS));
    }
}

#[test]
fn the_counter_of_the_unblocking_code_shows() {
    for card in both(&Options::default()) {
        let (module, _rack, card) = testkit::start(card);
        let session = module.read_write();
        assert_eq!(flags(&module, SO_FLAGS), 0);
        for left in (1..10).rev() {
            assert_eq!(session.login_as(CKU_SO, "00000000"), INCORRECT);
            assert_eq!(card.sim().puk_tries_left(), left);
            let last = if left == 1 { CKF_SO_PIN_FINAL_TRY } else { 0 };
            let before = card.apdus();
            assert_eq!(flags(&module, SO_FLAGS), CKF_SO_PIN_COUNT_LOW | last, "{left}");
            assert_eq!(card.apdus(), before, "it is followed, not asked for");
        }
        assert_eq!(session.login_as(CKU_SO, "00000000"), LOCKED);
        assert_eq!(flags(&module, SO_FLAGS), CKF_SO_PIN_LOCKED);
        assert_eq!(session.login_as(CKU_SO, PUK), LOCKED);
        assert_eq!(flags(&module, USER_FLAGS), 0, "the user's code is another");
        assert_eq!(session.login(PIN), Ok(()));
    }
}

#[test]
fn a_spent_unblocking_code_is_locked() {
    let spent = Options {
        puk_uses: Some(0),
        ..Options::default()
    };
    for card in both(&spent) {
        let (module, _rack, card) = testkit::start(card);
        let session = module.read_write();
        assert_eq!(flags(&module, SO_FLAGS), CKF_SO_PIN_LOCKED);
        assert_eq!(session.login_as(CKU_SO, PUK), LOCKED);
        assert_eq!(session.state(), Ok(CKS_RW_PUBLIC_SESSION));
        assert_eq!(card.sim().puk_tries_left(), 10, "its tries are not what is spent");
    }
}

#[test]
fn the_last_use_of_an_unblocking_code_shows_afterwards() {
    let one = Options {
        puk_uses: Some(1),
        tries: Some(0),
        ..Options::default()
    };
    for card in both(&one) {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.read_write();
        assert_eq!(flags(&module, SO_FLAGS), 0);
        assert_eq!(session.login_as(CKU_SO, PUK), Ok(()));
        assert_eq!(session.init_pin(NEW), Ok(()));
        assert_eq!(session.logout(), Ok(()));
        assert_eq!(flags(&module, SO_FLAGS), CKF_SO_PIN_LOCKED);
        assert_eq!(session.login_as(CKU_SO, PUK), LOCKED);
        assert_eq!(session.login(NEW), Ok(()));
    }
}

/// Answers commands of this instruction with a status word.
struct Refuse {
    instruction: u8,
    status: [u8; 2],
}

impl Interceptor for Refuse {
    fn command(&mut self, _: u64, command: &[u8]) -> Action {
        if command.get(1) == Some(&self.instruction) {
            Action::Answer(self.status.to_vec())
        } else {
            Action::Pass
        }
    }
}

const VERIFY: u8 = 0x20;
const CHANGE_REFERENCE_DATA: u8 = 0x24;
const RESET_RETRY_COUNTER: u8 = 0x2C;

/// Reference data that cannot be used any more (ISO 7816-4: 6984), and what the official module takes for the same when it unblocks.
#[test]
fn a_card_that_does_not_unblock_any_more_is_locked() {
    for status in [[0x69, 0x83], [0x69, 0x84], [0x69, 0x85], [0x69, 0x00]] {
        for card in both(&Options::default()) {
            let (module, _rack, card) = testkit::start(card);
            let session = module.read_write();
            assert_eq!(session.login_as(CKU_SO, PUK), Ok(()));
            card.sim().set_interceptor(Refuse {
                instruction: RESET_RETRY_COUNTER,
                status,
            });
            assert_eq!(session.init_pin(NEW), LOCKED, "{status:02X?}");
            card.sim().clear_interceptor();
            assert_eq!(session.logout(), Ok(()));
            assert_eq!(session.login(PIN), Ok(()), "the old code holds");
        }
    }
    for card in both(&Options::default()) {
        let (module, _rack, card) = testkit::start(card);
        card.sim().set_interceptor(Refuse {
            instruction: VERIFY,
            status: [0x69, 0x84],
        });
        assert_eq!(module.read_write().login_as(CKU_SO, PUK), LOCKED);
    }
}

#[test]
fn a_code_is_changed_with_the_old_one() {
    for card in both(&Options::default()) {
        let (module, _rack, card) = testkit::start(card);
        let session = module.read_write();
        assert_eq!(session.set_pin(PIN, NEW), Ok(()), "nobody is logged in");
        assert!(!card.sim().is_holder_verified(), "nobody is logged in afterwards");
        assert_eq!(session.login(PIN), INCORRECT);
        assert_eq!(session.login(NEW), Ok(()));
        assert_eq!(session.set_pin(NEW, PIN), Ok(()));
        assert_eq!(session.state(), Ok(CKS_RW_USER_FUNCTIONS));
        sign_with(session, "CPS_PRIV_AUT").expect("a signature");
        assert_eq!(session.logout(), Ok(()));
        assert_eq!(session.login(PIN), Ok(()));
    }
}

#[test]
fn a_change_needs_a_session_that_may_write() {
    for card in both(&Options::default()) {
        let (module, _rack, card) = testkit::start(card);
        let session = module.session();
        let before = card.apdus();
        let refused = Err(Ckr(CKR_SESSION_READ_ONLY));
        assert_eq!(session.set_pin(PIN, NEW), refused);
        assert_eq!(card.apdus(), before);
        assert_eq!(session.login(PIN), Ok(()));
        assert_eq!(session.set_pin(PIN, NEW), refused);
    }
}

#[test]
fn a_wrong_old_code_counts_down_and_ends_the_login() {
    for card in both(&Options::default()) {
        let (module, _rack, card) = testkit::start(card);
        let session = module.read_write();
        assert_eq!(session.set_pin("9999", NEW), INCORRECT);
        assert_eq!(
            (card.tries_left(), flags(&module, USER_FLAGS)),
            (2, CKF_USER_PIN_COUNT_LOW)
        );
        assert_eq!(session.login(PIN), Ok(()));
        // A card takes the verification back with the miss.
        assert_eq!(session.set_pin("9999", NEW), INCORRECT);
        assert_eq!(session.state(), Ok(CKS_RW_PUBLIC_SESSION));
        assert!(!card.sim().is_holder_verified());
        assert_eq!(session.login(PIN), Ok(()));
        assert_eq!(session.logout(), Ok(()));
        assert_eq!(session.set_pin("9999", NEW), INCORRECT);
        assert_eq!(session.set_pin("9999", NEW), INCORRECT);
        assert_eq!(session.set_pin("9999", NEW), LOCKED);
        assert_eq!(flags(&module, USER_FLAGS), CKF_USER_PIN_LOCKED);
        assert_eq!(session.set_pin(PIN, NEW), LOCKED);
    }
}

#[test]
fn a_new_code_that_no_card_takes_is_refused_before_it() {
    let malformed = [
        ("", LENGTH),
        ("123", LENGTH),
        ("123456789", LENGTH),
        ("12a4", INVALID),
        ("1 34", INVALID),
        ("é34", INVALID),
    ];
    for card in both(&Options::default()) {
        let (module, _rack, card) = testkit::start(card);
        let session = module.read_write();
        let h = session.handle;
        module.token_info(module.slot()).expect("token");
        let before = card.apdus();
        for (code, refusal) in malformed {
            assert_eq!(session.set_pin(PIN, code), refusal, "{code:?} as the new one");
            assert_eq!(session.set_pin(code, NEW), refusal, "{code:?} as the old one");
        }
        let (mut old, mut new) = (*b"1234", *b"5678");
        let (old, new) = (old.as_mut_ptr(), new.as_mut_ptr());
        let bad = Err(Ckr(CKR_ARGUMENTS_BAD));
        assert_eq!(call!(module, C_SetPIN(h, null_mut(), 0, new, 4)), bad);
        assert_eq!(call!(module, C_SetPIN(h, old, 4, null_mut(), 0)), bad);
        assert_eq!((card.apdus(), card.tries_left()), (before, 3));

        assert_eq!(session.login_as(CKU_SO, PUK), Ok(()));
        let before = card.apdus();
        for (code, refusal) in malformed {
            assert_eq!(session.init_pin(code), refusal, "{code:?}");
        }
        assert_eq!(call!(module, C_InitPIN(h, null_mut(), 0)), bad);
        assert_eq!(card.apdus(), before);
        assert_eq!(session.logout(), Ok(()));
        assert_eq!(session.login(PIN), Ok(()), "the old code holds");
    }
}

#[test]
fn a_new_code_that_this_card_refuses_leaves_the_old_one() {
    for card in both(&Options::default()) {
        let (module, _rack, card) = testkit::start(card);
        let session = module.read_write();
        let refuse = Refuse {
            instruction: CHANGE_REFERENCE_DATA,
            status: [0x6A, 0x80],
        };
        card.sim().set_interceptor(refuse);
        assert_eq!(session.set_pin(PIN, NEW), INVALID);
        assert!(!card.sim().is_holder_verified(), "the card is closed again");
        assert_eq!(session.login(PIN), Ok(()));
        assert_eq!(session.set_pin(PIN, NEW), INVALID);
        assert_eq!(session.state(), Ok(CKS_RW_USER_FUNCTIONS));
        sign_with(session, "CPS_PRIV_AUT").expect("a signature");
        card.sim().clear_interceptor();
        assert_eq!(session.logout(), Ok(()));
        assert_eq!(session.login(PIN), Ok(()));
        assert_eq!(card.tries_left(), 3);
    }
}
