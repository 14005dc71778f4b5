//! What an application may be told when something goes wrong: for each function and each nature of trouble, the codes that the
//! standard has for it. Everything else is a fault of the module, CKR_GENERAL_ERROR and CKR_FUNCTION_FAILED included.

use std::fmt;

use cryptoki_sys::*;

use crate::cards::Kind;
use crate::faults::{Nature, Trouble};
use crate::workloads::{Done, Stumble, Work};
use testkit::Ckr;

/// One field of the grid.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub kind: Kind,
    pub work: Work,
    pub trouble: Trouble,
    /// Number of the exchange, or of the transaction, from 1.
    pub place: u64,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Case {
            kind,
            work,
            trouble,
            place,
        } = self;
        write!(f, "{kind:?} {work:?} {trouble:?} at {place}")
    }
}

/// Functions that make out what card there is.
const TOKEN_FUNCTIONS: [&str; 2] = ["C_GetTokenInfo", "C_OpenSession"];

/// Functions that use the holder's login.
const SIGNING: [&str; 3] = ["C_Sign", "C_SignFinal", "C_SignRecover"];

/// Status words by which a card says that it knows a command and will not take its data.
const WRONG_DATA: [u16; 4] = [0x6700, 0x6A80, 0x6A86, 0x6B00];

/// Checks the outcome of a case against that of the same workload without trouble.
pub fn judge(case: &Case, usual: Done, done: Done) -> Result<(), String> {
    match done {
        Ok(true) if usual == Ok(true) => as_usual(case),
        Err(stumble) if usual == Err(stumble) => as_usual(case),
        Ok(true) => Err("CKR_OK for a code that is wrong".into()).or_else(|e| lies_about_codes(case, e)),
        Ok(false) => undetected(case),
        Err(Stumble {
            call,
            code: Ckr(code),
        }) => {
            let expected = codes(case, call);
            if expected.contains(&code) {
                Ok(())
            } else {
                let expected: Vec<Ckr> = expected.into_iter().map(Ckr).collect();
                Err(format!("{call}: {:?} instead of {expected:?}", Ckr(code)))
            }
        }
    }
}

/// A code that leaves open what happened has its reason in the log, on the level `error`.
pub fn says_why(done: Done, log: &[String]) -> Result<(), String> {
    match done {
        Err(Stumble {
            call,
            code: Ckr(code @ (CKR_DEVICE_ERROR | CKR_TOKEN_NOT_RECOGNIZED)),
        }) if log.is_empty() => Err(format!("{call}: {:?} without a word in the log", Ckr(code))),
        _ => Ok(()),
    }
}

/// A card that says 9000 to a wrong code is believed: nothing tells it from one that knows the code.
fn lies_about_codes(case: &Case, otherwise: String) -> Result<(), String> {
    match case.trouble.nature() {
        Nature::Damaged => Ok(()),
        _ => Err(otherwise),
    }
}

/// Where nothing of the trouble may show. That a card could not be closed is for C_Logout to say.
fn as_usual(case: &Case) -> Result<(), String> {
    let says_so = matches!(case.work, Work::Logout | Work::Unblock);
    match case.trouble.nature() {
        _ if matches!(case.trouble, Trouble::AtReset(_)) && !says_so => Ok(()),
        Nature::Gone | Nature::Silent => Err("as if nothing had happened".into()),
        Nature::Reset if !case.trouble.is_between() => Err("as if nothing had happened".into()),
        _ => Ok(()),
    }
}

/// Wrong data that came with CKR_OK: only where the card itself gave it in the right shape. Never a signature.
fn undetected(case: &Case) -> Result<(), String> {
    let what_the_card_says = matches!(
        case.work,
        Work::Start | Work::List | Work::ReadProtected(_) | Work::Decrypt(_) | Work::Random
    );
    if case.trouble.nature() == Nature::Damaged && what_the_card_says {
        Ok(())
    } else {
        Err("wrong data with CKR_OK".into())
    }
}

/// The codes that a function may answer.
fn codes(case: &Case, call: &str) -> Vec<CK_RV> {
    let token = TOKEN_FUNCTIONS.contains(&call);
    match case.trouble.nature() {
        // §5.1.2, §5.5: a card that goes while it is made out was never there.
        Nature::Gone => match call {
            "C_OpenSession" => vec![CKR_TOKEN_NOT_PRESENT],
            "C_GetTokenInfo" => vec![CKR_TOKEN_NOT_PRESENT, CKR_DEVICE_REMOVED],
            _ => vec![CKR_DEVICE_REMOVED],
        },
        Nature::Silent => vec![CKR_DEVICE_ERROR],
        Nature::Reset if case.trouble.is_between() => lost_login(case, call),
        Nature::Reset => vec![CKR_DEVICE_ERROR],
        Nature::Elsewhere if case.trouble.is_between() => vec![],
        // In the middle of a transaction, where PC/SC lets nobody: whatever the card then says of the rest of it.
        Nature::Elsewhere => torn(call),
        Nature::Forgotten => [torn(call), lost_login(case, call)].concat(),
        Nature::Refused(word) => {
            let mut codes = vec![CKR_DEVICE_ERROR];
            if token {
                codes.push(CKR_TOKEN_NOT_RECOGNIZED);
            }
            codes.extend(refused(case, call, word));
            codes
        }
        Nature::Damaged => {
            let mut codes = vec![CKR_DEVICE_ERROR];
            if token {
                codes.push(CKR_TOKEN_NOT_RECOGNIZED);
            }
            codes.extend(damaged(case, call));
            codes
        }
    }
}

/// A sequence of commands of which the card has forgotten the first.
fn torn(call: &str) -> Vec<CK_RV> {
    let more = match call {
        "C_GetTokenInfo" | "C_OpenSession" => CKR_TOKEN_NOT_RECOGNIZED,
        "C_Sign" | "C_SignRecover" => CKR_DATA_INVALID,
        "C_Decrypt" => CKR_ENCRYPTED_DATA_INVALID,
        _ => CKR_DEVICE_ERROR,
    };
    vec![CKR_DEVICE_ERROR, more]
}

/// After a reset: what needs the login says so; what does not goes on.
fn lost_login(case: &Case, call: &str) -> Vec<CK_RV> {
    let protected = case.kind.has_codes();
    match call {
        _ if !protected => vec![],
        // §5.7.5 has no CKR_USER_NOT_LOGGED_IN: a private object is not there for who is not logged in.
        "C_GetAttributeValue" if matches!(case.work, Work::ReadProtected(_)) => {
            vec![CKR_OBJECT_HANDLE_INVALID]
        }
        "C_Decrypt" | "C_SetAttributeValue" | "C_InitPIN" => vec![CKR_USER_NOT_LOGGED_IN],
        _ if SIGNING.contains(&call) => vec![CKR_USER_NOT_LOGGED_IN],
        _ => vec![],
    }
}

/// What a status word means to the function whose command got it.
fn refused(case: &Case, call: &str, word: u16) -> Vec<CK_RV> {
    let wrong_data = WRONG_DATA.contains(&word);
    match (call, word) {
        ("C_Login" | "C_SetPIN", 0x6300 | 0x63C1) => vec![CKR_PIN_INCORRECT],
        ("C_Login" | "C_SetPIN", 0x6983 | 0x6984) => vec![CKR_PIN_LOCKED],
        ("C_Login", 0x6700 | 0x6A80) => vec![CKR_PIN_INCORRECT],
        ("C_SetPIN" | "C_InitPIN", 0x6700 | 0x6A80) => vec![CKR_PIN_INVALID],
        // Not in the standard's list, but in the official module's answers: the card unblocks no more.
        ("C_InitPIN", 0x6900 | 0x6983..=0x6986) => vec![CKR_PIN_LOCKED],
        ("C_InitPIN", 0x6982 | 0x6300 | 0x63C1) => lost_login(case, call),
        ("C_Decrypt", 0x6900 | 0x6984..=0x6986) => vec![CKR_ENCRYPTED_DATA_INVALID],
        ("C_Decrypt", _) if wrong_data => vec![CKR_ENCRYPTED_DATA_INVALID],
        ("C_Sign" | "C_SignRecover", _) if wrong_data => vec![CKR_DATA_INVALID],
        // The card knows of no login, or its code is blocked.
        (_, 0x6982 | 0x6983) => lost_login(case, call),
        _ => vec![],
    }
}

/// An answer that the card does not mean may say anything that the card could.
fn damaged(case: &Case, call: &str) -> Vec<CK_RV> {
    let mut codes = match call {
        "C_Login" => vec![CKR_PIN_INCORRECT, CKR_PIN_LOCKED],
        "C_SetPIN" => vec![CKR_PIN_INCORRECT, CKR_PIN_LOCKED, CKR_PIN_INVALID],
        "C_InitPIN" => vec![CKR_PIN_INVALID, CKR_PIN_LOCKED],
        "C_Sign" | "C_SignRecover" => vec![CKR_DATA_INVALID],
        "C_Decrypt" => vec![CKR_ENCRYPTED_DATA_INVALID],
        // The size query and the call that followed it were told different lengths; what is no certificate has no
        // names of its own (tests/odd_cards).
        "C_GetAttributeValue" => vec![CKR_BUFFER_TOO_SMALL, CKR_ATTRIBUTE_TYPE_INVALID],
        _ => vec![],
    };
    codes.extend(lost_login(case, call));
    codes
}
