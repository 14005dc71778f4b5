//! When the trouble is over: the module tells what the card is, and works with it.

use std::ptr::null_mut;

use cryptoki_sys::*;

use crate::cards::{Kind, PUK};
use crate::expected::Case;
use crate::faults::{Nature, Trouble};
use crate::workloads::{Desk, Done, NEW_PIN, Ready, Work, is_signature, new_area};
use testkit::call;
use testkit::messages::message;
use testkit::rack::Happening;
use testkit::{Ckr, PIN, READER, Session, ulong};

type Check = Result<(), String>;

/// What a call that must succeed answered instead.
fn must<T>(what: &str, answer: Result<T, Ckr>) -> Result<T, String> {
    answer.map_err(|code| format!("afterwards, {what}: {code:?}"))
}

/// Tries of both codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    pub holder: u8,
    pub officer: u8,
}

impl Tries {
    pub fn of(desk: &Desk) -> Tries {
        let sim = desk.card.sim();
        Tries {
            holder: sim.tries_left(),
            officer: sim.puk_tries_left(),
        }
    }
}

/// Each code was presented as often as the application asked: a wrong one cost one try at the most, a right one none.
pub fn counters(case: &Case, before: Tries, after: Tries) -> Check {
    let cost = |wrong: bool| u8::from(wrong);
    let (holder, officer) = match case.work {
        Work::Login(pin) => (cost(pin != PIN), 0),
        Work::LoginOfficer(puk) => (0, cost(puk != PUK)),
        Work::ChangeCode(old, _) => (cost(old != PIN), 0),
        _ => (0, 0),
    };
    if after.holder + holder < before.holder || after.officer + officer < before.officer {
        return Err(format!("tries: {before:?} became {after:?}"));
    }
    Ok(())
}

/// The flags of CK_TOKEN_INFO for codes with these tries.
fn flags(tries: Tries) -> CK_FLAGS {
    let of = |left, max, [low, last, locked]: [CK_FLAGS; 3]| match left {
        0 => locked,
        1 => low | last,
        left if left < max => low,
        _ => 0,
    };
    of(
        tries.holder,
        3,
        [
            CKF_USER_PIN_COUNT_LOW,
            CKF_USER_PIN_FINAL_TRY,
            CKF_USER_PIN_LOCKED,
        ],
    ) | of(
        tries.officer,
        10,
        [CKF_SO_PIN_COUNT_LOW, CKF_SO_PIN_FINAL_TRY, CKF_SO_PIN_LOCKED],
    )
}

const CODE_FLAGS: CK_FLAGS = CKF_USER_PIN_COUNT_LOW
    | CKF_USER_PIN_FINAL_TRY
    | CKF_USER_PIN_LOCKED
    | CKF_SO_PIN_COUNT_LOW
    | CKF_SO_PIN_FINAL_TRY
    | CKF_SO_PIN_LOCKED;

/// Whether the trouble made the card tell a wrong counter, which nobody can know.
fn lied_about_a_counter(case: &Case) -> bool {
    case.trouble.nature() == Nature::Damaged
        || matches!(
            case.trouble.nature(),
            Nature::Refused(0x63C1 | 0x6983 | 0x6984 | 0x6300)
        )
}

/// What C_GetTokenInfo says of the codes is what the card would say.
fn token(case: &Case, desk: &Desk) -> Check {
    let info = must("C_GetTokenInfo", desk.module.token_info(desk.module.slot()))?;
    if !case.kind.has_codes() || lied_about_a_counter(case) {
        return Ok(());
    }
    // A CPS4 does not tell how many tries its unblocking code has at most.
    let unknown = match case.kind {
        Kind::Cps4 | Kind::Cps4T0 => CKF_SO_PIN_COUNT_LOW,
        _ => 0,
    };
    let (told, true_) = (
        info.flags & CODE_FLAGS & !unknown,
        flags(Tries::of(desk)) & !unknown,
    );
    if told == true_ {
        Ok(())
    } else {
        Err(format!("flags of the codes: {told:#x} instead of {true_:#x}"))
    }
}

/// A session is public where the card knows of no login, unless only the card can tell; never the other way round.
fn login(case: &Case, desk: &Desk, session: Session<'_>) -> Check {
    let state = must("C_GetSessionInfo", session.state())?;
    let user = matches!(state, CKS_RO_USER_FUNCTIONS | CKS_RW_USER_FUNCTIONS);
    let verified = desk.card.sim().is_holder_verified();
    let lied = lied_about_a_counter(case);
    // It could not be closed, and is at the next occasion.
    let left_open = case.trouble == Trouble::AtReset(Happening::Failure);
    if verified && !user && !lied && !left_open {
        return Err("the card is open and the session says public".into());
    }
    // A card that calls the code malformed has not compared it, or so it says.
    let hidden = lied
        || matches!(
            case.trouble.nature(),
            Nature::Forgotten | Nature::Refused(0x6700 | 0x6A80)
        );
    if user && !verified && !hidden {
        return Err("the session says logged in and the card is closed".into());
    }
    Ok(())
}

/// The session that the application goes on with.
fn session<'d>(case: &Case, desk: &'d Desk, ready: &Ready<'d>) -> Result<Session<'d>, String> {
    let old = ready.session.filter(|session| session.info().is_ok());
    let may_be_closed = case.trouble.nature() == Nature::Gone
        || matches!(case.work, Work::Start | Work::List | Work::Close | Work::Finalize);
    match old {
        Some(session) if case.trouble.nature() == Nature::Gone => {
            let _ = session;
            Err("the session has survived its card".into())
        }
        Some(session) => Ok(session),
        None if may_be_closed => must("C_OpenSession", desk.read_write()),
        None => Err("the session is gone".into()),
    }
}

/// Signs and has it verified with the public key that the card was issued with.
fn signs(desk: &Desk, session: Session<'_>) -> Result<(), Ckr> {
    for key in desk.kind.keys() {
        let found = session.find(&[
            (CKA_CLASS, ulong(CKO_PRIVATE_KEY)),
            (CKA_LABEL, key.label.as_bytes().to_vec()),
        ])?;
        let [handle] = found[..] else {
            return Err(Ckr(CKR_KEY_HANDLE_INVALID));
        };
        session.sign_init(CKM_SHA256_RSA_PKCS, handle)?;
        let signature = session.sign_in_one_call(&message(150))?;
        assert!(
            is_signature(&key.public, CKM_SHA256_RSA_PKCS, &signature),
            "{}",
            key.label
        );
    }
    Ok(())
}

/// Logs in with the code that the card has now.
fn log_in(case: &Case, done: Done, session: Session<'_>) -> Check {
    let changed = matches!(case.work, Work::ChangeCode(..) | Work::Unblock);
    match (changed, done) {
        (false, _) => must("C_Login", session.login(PIN)),
        (true, Ok(_)) if case.trouble.nature() != Nature::Damaged => must("C_Login", session.login(NEW_PIN)),
        (true, _) if matches!(case.work, Work::Unblock) => {
            must("C_Login of the officer", session.login_as(CKU_SO, PUK))?;
            must("C_InitPIN", session.init_pin(NEW_PIN))?;
            must("C_Logout", session.logout())?;
            must("C_Login", session.login(NEW_PIN))
        }
        // A change that was reported as failed may have been made.
        (true, _) => must("C_Login", session.login(PIN).or_else(|_| session.login(NEW_PIN))),
    }
}

/// What the free area holds after a write that succeeded, and that it can be written after one that failed.
fn area(case: &Case, done: Done, session: Session<'_>) -> Check {
    if !matches!(case.work, Work::WriteData) {
        return Ok(());
    }
    let object = session.find_one(&[(CKA_LABEL, b"CPS_DATA".to_vec())]);
    if done.is_err() {
        must(
            "C_SetAttributeValue",
            session.set(object, &[(CKA_VALUE, new_area())]),
        )?;
    }
    let value = must("CKA_VALUE", session.attribute(object, CKA_VALUE))?;
    let (start, rest) = value.split_at(new_area().len());
    if start == new_area() && rest.iter().all(|byte| *byte == 0) {
        Ok(())
    } else {
        Err("the free area does not hold what was written".into())
    }
}

/// Everything, with the card as the trouble has left it.
pub fn recovers(case: &Case, desk: &Desk, ready: &Ready<'_>, done: Done) -> Check {
    let module = &desk.module;
    match call!(module, C_Initialize(null_mut())) {
        Ok(()) | Err(Ckr(CKR_CRYPTOKI_ALREADY_INITIALIZED)) => {}
        Err(code) => return Err(format!("afterwards, C_Initialize: {code:?}")),
    }
    token(case, desk)?;
    let session = session(case, desk, ready)?;
    if case.kind.has_codes() {
        login(case, desk, session)?;
        match must("C_GetSessionInfo", session.state())? {
            CKS_RW_SO_FUNCTIONS => {
                must("C_Logout", session.logout())?;
                log_in(case, done, session)?;
            }
            CKS_RW_USER_FUNCTIONS => {
                // Only the card knows that it has forgotten the login.
                if signs(desk, session) == Err(Ckr(CKR_USER_NOT_LOGGED_IN)) {
                    log_in(case, done, session)?;
                }
            }
            _ => log_in(case, done, session)?,
        }
    }
    must("a signature", signs(desk, session))?;
    area(case, done, session)
}

/// The same after the card was taken out and put back: for data that were damaged, and not seen to be.
pub fn recovers_with_the_card(case: &Case, desk: &Desk, done: Done) -> Check {
    let module = &desk.module;
    match call!(module, C_Initialize(null_mut())) {
        Ok(()) | Err(Ckr(CKR_CRYPTOKI_ALREADY_INITIALIZED)) => {}
        Err(code) => return Err(format!("afterwards, C_Initialize: {code:?}")),
    }
    let card = desk.rack.pull(READER);
    desk.rack.put_back(READER, &card);
    token(case, desk)?;
    let session = must("C_OpenSession", desk.read_write())?;
    if case.kind.has_codes() {
        log_in(case, done, session)?;
    }
    must("a signature", signs(desk, session))?;
    area(case, done, session)
}
