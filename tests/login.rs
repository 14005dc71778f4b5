//! C_Login and C_Logout: the try counter, what a wrong code costs, what is left on the card afterwards.

use cryptoki_sys::*;
use sim_cards::Options;

use testkit::{Ckr, PIN, READER, call};

const INCORRECT: Result<(), Ckr> = Err(Ckr(CKR_PIN_INCORRECT));
const LOCKED: Result<(), Ckr> = Err(Ckr(CKR_PIN_LOCKED));

/// The flags of the user's code among those of the token.
const USER_PIN_FLAGS: CK_FLAGS =
    CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED | CKF_USER_PIN_TO_BE_CHANGED;

const LAST_TRY: CK_FLAGS = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY;

fn pin_flags(module: &testkit::Module) -> CK_FLAGS {
    module.token_info(module.slot()).expect("token").flags & USER_PIN_FLAGS
}

#[test]
fn wrong_codes_count_down_to_the_lock() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let session = module.session();
        assert_eq!((card.tries_left(), pin_flags(&module)), (3, 0));
        assert_eq!(session.login("9999"), INCORRECT);
        assert_eq!(
            (card.tries_left(), pin_flags(&module)),
            (2, CKF_USER_PIN_COUNT_LOW)
        );
        assert_eq!(session.login("9999"), INCORRECT);
        assert_eq!((card.tries_left(), pin_flags(&module)), (1, LAST_TRY));
        assert_eq!(session.login("9999"), LOCKED);
        assert_eq!((card.tries_left(), pin_flags(&module)), (0, CKF_USER_PIN_LOCKED));
        assert_eq!(session.login(PIN), LOCKED);
        assert_eq!(session.state(), Ok(CKS_RO_PUBLIC_SESSION));
    }
}

#[test]
fn the_right_code_gives_all_tries_back() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let session = module.session();
        assert_eq!(session.login("9999"), INCORRECT);
        assert_eq!(session.login("9999"), INCORRECT);
        assert_eq!(session.login(PIN), Ok(()));
        assert_eq!((card.tries_left(), pin_flags(&module)), (3, 0));
    }
}

#[test]
fn a_blocked_card_says_so_before_anybody_logs_in() {
    for persona in ["doctor-hospital-cps3", "doctor-gp-cps4"] {
        let options = Options {
            tries: Some(0),
            ..Options::default()
        };
        let (module, _rack, card) = testkit::start(testkit::card(persona, &options));
        assert_eq!(pin_flags(&module), CKF_USER_PIN_LOCKED);
        assert_eq!(module.session().login(PIN), LOCKED);
        assert_eq!(card.tries_left(), 0);
    }
}

#[test]
fn a_card_with_one_try_left_says_so_before_anybody_logs_in() {
    for persona in ["doctor-hospital-cps3", "doctor-gp-cps4"] {
        let options = Options {
            tries: Some(1),
            ..Options::default()
        };
        let (module, _rack, card) = testkit::start(testkit::card(persona, &options));
        assert_eq!(pin_flags(&module), LAST_TRY);
        assert_eq!(card.tries_left(), 1);
        assert_eq!(module.session().login(PIN), Ok(()));
        assert_eq!(card.tries_left(), 3);
    }
}

#[test]
fn a_code_that_cannot_be_right_never_reaches_the_card() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let session = module.session();
        session.info().expect("a session");
        module.token_info(module.slot()).expect("token");
        let before = card.apdus();
        // C_Login has no other code for a malformed one; applications ask again.
        for malformed in ["", "1", "123", "1234567890", "12a4", "1 34", "é34"] {
            assert_eq!(session.login(malformed), INCORRECT, "{malformed:?}");
        }
        // No reader has a keypad.
        let none = call!(module, C_Login(session.handle, CKU_USER, std::ptr::null_mut(), 0));
        assert_eq!(none, Err(Ckr(CKR_ARGUMENTS_BAD)));
        let none = call!(module, C_Login(session.handle, CKU_USER, std::ptr::null_mut(), 4));
        assert_eq!(none, Err(Ckr(CKR_ARGUMENTS_BAD)));
        assert_eq!((card.apdus(), card.tries_left()), (before, 3));
    }
}

#[test]
fn all_sessions_of_the_token_share_the_login() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let first = module.session();
        let second = module
            .open(module.slot(), CKF_SERIAL_SESSION | CKF_RW_SESSION)
            .expect("a session");
        assert_eq!(second.state(), Ok(CKS_RW_PUBLIC_SESSION));
        assert_eq!(first.login(PIN), Ok(()));
        assert_eq!(first.state(), Ok(CKS_RO_USER_FUNCTIONS));
        assert_eq!(second.state(), Ok(CKS_RW_USER_FUNCTIONS));
        assert_eq!(second.login(PIN), Err(Ckr(CKR_USER_ALREADY_LOGGED_IN)));
        // A wrong code costs no try here: the user is logged in already.
        assert_eq!(second.login("9999"), Err(Ckr(CKR_USER_ALREADY_LOGGED_IN)));
        assert_eq!(card.tries_left(), 3);
        let third = module.session();
        assert_eq!(third.state(), Ok(CKS_RO_USER_FUNCTIONS));
        assert_eq!(third.logout(), Ok(()));
        assert_eq!(first.state(), Ok(CKS_RO_PUBLIC_SESSION));
        assert_eq!(second.logout(), Err(Ckr(CKR_USER_NOT_LOGGED_IN)));
    }
}

#[test]
fn logging_out_leaves_the_card_without_its_code() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let session = module.user_session();
        assert!(card.sim().is_holder_verified());
        assert_eq!(session.logout(), Ok(()));
        assert!(!card.sim().is_holder_verified());
        assert_eq!(session.login(PIN), Ok(()));
    }
}

#[test]
fn the_last_session_logs_out_when_it_closes() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let (first, second) = (module.user_session(), module.session());
        assert_eq!(first.close(), Ok(()));
        assert!(card.sim().is_holder_verified());
        assert_eq!(second.close(), Ok(()));
        assert!(!card.sim().is_holder_verified());
        assert_eq!(module.session().state(), Ok(CKS_RO_PUBLIC_SESSION));

        let session = module.session();
        assert_eq!(session.login(PIN), Ok(()));
        assert_eq!(call!(module, C_CloseAllSessions(module.slot())), Ok(()));
        assert!(!card.sim().is_holder_verified());
        assert_eq!(session.info().map(drop), Err(Ckr(CKR_SESSION_HANDLE_INVALID)));
    }
}

#[test]
fn c_finalize_logs_out() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        module.user_session();
        drop(module);
        assert!(!card.sim().is_holder_verified());
    }
}

#[test]
fn after_a_reset_by_another_program_the_session_is_public_again() {
    for card in testkit::both() {
        let (module, rack, card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        rack.reset(READER);
        assert_eq!(
            session.sign_init(CKM_RSA_PKCS, key),
            Err(Ckr(CKR_USER_NOT_LOGGED_IN))
        );
        assert_eq!(session.state(), Ok(CKS_RO_PUBLIC_SESSION));
        assert_eq!(card.tries_left(), 3, "the code was presented again");
        assert!(!card.sim().is_holder_verified());

        assert_eq!(session.login(PIN), Ok(()));
        let key = session.private_key("CPS_PRIV_AUT");
        session.sign_init(CKM_RSA_PKCS, key).expect("C_SignInit");
        assert_eq!(session.sign(b"data").map(|it| it.len()), Ok(256));
    }
}

/// VERIFY as another program sends it: at once on a CPS3, on the channel that it opens on a CPS4.
fn another_program_logs_in(card: &testkit::Card) {
    let mut sim = card.sim();
    if sim.transmit(b"\x00\x20\x00\x01\x041234") != [0x90, 0x00] {
        sim.transmit(b"\x01\xA4\x04\x0C\x08\x80\x25\x00\x00\x01\xFF\x01\x00");
        assert_eq!(sim.transmit(b"\x01\x20\x00\x01\x041234"), [0x90, 0x00]);
    }
    assert!(sim.is_holder_verified());
}

#[test]
fn the_login_of_another_program_is_not_ours() {
    for card in testkit::both() {
        let (module, rack, card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_SIG");
        session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
        rack.reset(READER);
        another_program_logs_in(&card);
        assert_eq!(session.sign(b"data"), Err(Ckr(CKR_USER_NOT_LOGGED_IN)));
        assert_eq!(session.state(), Ok(CKS_RO_PUBLIC_SESSION));
        assert_eq!(session.login(PIN), Ok(()));
        session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
        assert_eq!(session.sign(b"data").map(|it| it.len()), Ok(256));
    }
}

#[test]
fn a_reset_between_c_sign_init_and_c_sign_costs_no_try() {
    for card in testkit::both() {
        let (module, rack, card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_SIG");
        session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
        rack.reset(READER);
        assert_eq!(
            session.sign_in_one_call(b"data").map(drop),
            Err(Ckr(CKR_USER_NOT_LOGGED_IN))
        );
        assert_eq!(card.tries_left(), 3);
        assert_eq!(session.state(), Ok(CKS_RO_PUBLIC_SESSION));
    }
}

#[test]
fn private_keys_and_protected_data_are_the_users() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.session();
        let private = [(CKA_PRIVATE, vec![CK_TRUE])];
        assert_eq!(session.find(&private), Ok(vec![]));
        session.login(PIN).expect("login");
        let found = session.find(&private).expect("a search");
        assert!(found.len() > 2);
        let data = session.find_one(&[(CKA_LABEL, b"CPS_ACTIVITY_01_PS".to_vec())]);
        assert!(!session.attribute(data, CKA_VALUE).expect("CKA_VALUE").is_empty());
        let key = session.private_key("CPS_PRIV_AUT");
        session.logout().expect("logout");
        assert_eq!(session.find(&private), Ok(vec![]));
        let value = session.attribute(data, CKA_VALUE);
        assert_eq!(value, Err(Ckr(CKR_OBJECT_HANDLE_INVALID)));
        let answer = session.sign_init(CKM_RSA_PKCS, key);
        assert_eq!(answer, Err(Ckr(CKR_USER_NOT_LOGGED_IN)));
    }
}

#[test]
fn who_may_log_in_is_checked_before_the_code() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let session = module.session();
        assert_eq!(session.login_as(77, PIN), Err(Ckr(CKR_USER_TYPE_INVALID)));
        let context = session.login_as(CKU_CONTEXT_SPECIFIC, PIN);
        assert_eq!(context, Err(Ckr(CKR_OPERATION_NOT_INITIALIZED)));
        let officer = session.login_as(CKU_SO, "12345678");
        assert_eq!(officer, Err(Ckr(CKR_SESSION_READ_ONLY_EXISTS)));
        assert_eq!(card.tries_left(), 3);
        assert_eq!(card.sim().puk_tries_left(), 10);
    }
}

#[test]
fn a_user_name_must_be_empty() {
    let (module, _rack, card) = testkit::start(testkit::cps3());
    let session = module.session();
    let (mut pin, mut name) = (*b"1234", *b"doctor");
    let (pin, name) = (pin.as_mut_ptr(), name.as_mut_ptr());
    let named = call!(module, C_LoginUser(session.handle, CKU_USER, pin, 4, name, 6));
    assert_eq!(named, Err(Ckr(CKR_ARGUMENTS_BAD)));
    assert_eq!(card.tries_left(), 3);
    let unnamed = call!(
        module,
        C_LoginUser(session.handle, CKU_USER, pin, 4, std::ptr::null_mut(), 0)
    );
    assert_eq!(unnamed, Ok(()));
    assert_eq!(session.state(), Ok(CKS_RO_USER_FUNCTIONS));
}
