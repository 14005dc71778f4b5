//! What an application does with a card, whatever comes of it.

use cryptoki_sys::*;

use cpx_pkcs11::crypto::rsa::PublicKey;
use cpx_pkcs11::crypto::{Hash, digest_info, padding};

use crate::cards::{Kind, PUK};
use testkit::call;
use testkit::{Ckr, Mech, Module, PIN, Rv, Session, ulong};

/// A piece of work, from C_Initialize on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    Start,
    List,
    Login,
    SignAuthentication,
    SignSignature,
    Decrypt,
    ReadProtected,
    Write,
    ChangeCode,
    Unblock,
    Random,
}

impl Work {
    pub const ALL: [Work; 11] = [
        Work::Start,
        Work::List,
        Work::Login,
        Work::SignAuthentication,
        Work::SignSignature,
        Work::Decrypt,
        Work::ReadProtected,
        Work::Write,
        Work::ChangeCode,
        Work::Unblock,
        Work::Random,
    ];

    /// Calls that carry a code.
    pub fn presentations(self) -> u8 {
        match self {
            Work::Start | Work::List => 0,
            Work::Unblock => 3,
            Work::ChangeCode => 2,
            _ => 1,
        }
    }
}

/// The code after [`Work::ChangeCode`] and [`Work::Unblock`].
pub const NEW_PIN: &str = "4321";

/// C_Initialize, whatever the readers look like.
pub fn initialize(module: &Module) {
    assert_eq!(call!(module, C_Initialize(std::ptr::null_mut())), Ok(()));
}

const MESSAGE: &[u8] = b"what is signed must be seen";

/// Does a piece of work with the card in the first reader.
///
/// # Panics
/// When a function gives a code that says nothing to an application, or a signature that is none.
pub fn work(module: &Module, what: Work, kind: Kind) {
    let Some(slots) = sensible(module.slots(true)) else {
        return;
    };
    let Some(&slot) = slots.first() else { return };
    sensible(module.slot_info(slot));
    sensible(module.token_info(slot));
    let mechanisms = sensible(module.mechanisms(slot)).unwrap_or_default();
    for mechanism in mechanisms {
        sensible(module.mechanism_info(slot, mechanism));
    }
    let flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
    let Some(session) = sensible(module.open(slot, flags)) else {
        return;
    };
    match what {
        Work::Start => {}
        Work::List => list(session),
        Work::Unblock => unblock(session),
        Work::SignAuthentication | Work::SignSignature | Work::Decrypt if kind == Kind::Contactless => {
            sign(session, "CPS_PRIV_TECH_AUT", kind);
        }
        _ => {
            sensible(session.login(PIN));
            with_login(session, what, kind);
            sensible(session.logout());
        }
    }
    sensible(session.info());
    sensible(session.close());
}

fn with_login(session: Session<'_>, what: Work, kind: Kind) {
    match what {
        Work::SignAuthentication => sign(session, "CPS_PRIV_AUT", kind),
        Work::SignSignature => sign(session, "CPS_PRIV_SIG", kind),
        Work::Decrypt => decrypt(session, kind),
        Work::ReadProtected => read_all(session, &[(CKA_CLASS, ulong(CKO_DATA))]),
        Work::Write => write(session),
        Work::ChangeCode => change_code(session),
        Work::Random => drop(sensible(session.random(40))),
        _ => {}
    }
}

fn list(session: Session<'_>) {
    read_all(session, &[]);
}

/// All attributes of all objects.
fn read_all(session: Session<'_>, template: &[(CK_ATTRIBUTE_TYPE, Vec<u8>)]) {
    for object in sensible(session.find(template)).unwrap_or_default() {
        for attribute in ATTRIBUTES {
            sensible(session.attribute(object, attribute));
        }
    }
}

const ATTRIBUTES: [CK_ATTRIBUTE_TYPE; 16] = [
    CKA_CLASS,
    CKA_LABEL,
    CKA_ID,
    CKA_PRIVATE,
    CKA_MODIFIABLE,
    CKA_UNIQUE_ID,
    CKA_VALUE,
    CKA_SUBJECT,
    CKA_ISSUER,
    CKA_SERIAL_NUMBER,
    CKA_START_DATE,
    CKA_MODULUS,
    CKA_MODULUS_BITS,
    CKA_PUBLIC_KEY_INFO,
    CKA_ALLOWED_MECHANISMS,
    CKA_OBJECT_ID,
];

fn first(session: Session<'_>, class: CK_OBJECT_CLASS, label: &str) -> Option<CK_OBJECT_HANDLE> {
    let template = [(CKA_CLASS, ulong(class)), (CKA_LABEL, label.as_bytes().to_vec())];
    sensible(session.find(&template))?.first().copied()
}

fn sign(session: Session<'_>, label: &str, kind: Kind) {
    let Some(key) = first(session, CKO_PRIVATE_KEY, label) else {
        return;
    };
    let digest_info = digest_info::encode(Hash::Sha256, &Hash::Sha256.digest(MESSAGE)).unwrap_or_default();
    let ways = [
        (Mech::from(CKM_SHA256_RSA_PKCS), MESSAGE),
        (Mech::from(CKM_RSA_PKCS), &digest_info[..]),
        (Mech::pss(CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256), MESSAGE),
    ];
    for (mechanism, data) in ways {
        if sensible(session.sign_init(mechanism, key)).is_none() {
            continue;
        }
        if let Some(signature) = sensible(session.sign_in_one_call(data)) {
            assert!(
                kind.keys().iter().any(|key| verifies(key, mechanism, &signature)),
                "{mechanism:?} gave a signature of no key of this card"
            );
        }
    }
}

fn verifies(key: &PublicKey, mechanism: Mech, signature: &[u8]) -> bool {
    let digest = Hash::Sha256.digest(MESSAGE);
    match mechanism.kind {
        CKM_SHA256_RSA_PKCS_PSS => {
            key.verify_pss(padding::pss::Params::usual(Hash::Sha256), &digest, signature)
        }
        _ => key.verify_pkcs1(Hash::Sha256, &digest, signature),
    }
    .is_ok()
}

fn decrypt(session: Session<'_>, kind: Kind) {
    let Some(key) = first(session, CKO_PRIVATE_KEY, "CPS_PRIV_AUT") else {
        return;
    };
    if sensible(session.decrypt_init(CKM_RSA_PKCS, key)).is_none() {
        return;
    }
    let public = kind.keys().last();
    let cryptogram = public.map(|key| {
        let filling = vec![0x77; key.size() - MESSAGE.len() - 3];
        let block = [&[0, 2][..], &filling, &[0], MESSAGE].concat();
        key.encrypt_block(&block).unwrap_or_default()
    });
    let cryptogram = cryptogram.unwrap_or_default();
    if let Some(plain) = sensible(session.decrypt(&cryptogram)) {
        assert!(plain.len() <= 245, "a plaintext of {} bytes", plain.len());
    }
    unwrap(session, key, &cryptogram);
}

/// The same cryptogram as a wrapped key.
fn unwrap(session: Session<'_>, key: CK_OBJECT_HANDLE, wrapped: &[u8]) {
    let template = [(CKA_KEY_TYPE, ulong(CKK_GENERIC_SECRET))];
    let Some(unwrapped) = sensible(session.unwrap(CKM_RSA_PKCS, key, wrapped, &template)) else {
        return;
    };
    if let Some(value) = sensible(session.attribute(unwrapped, CKA_VALUE)) {
        assert!((1..=245).contains(&value.len()), "a key of {} bytes", value.len());
    }
    sensible(session.destroy(unwrapped));
}

fn write(session: Session<'_>) {
    if let Some(object) = first(session, CKO_DATA, "CPS_DATA") {
        sensible(session.set(object, &[(CKA_VALUE, vec![0xA5; 300])]));
        sensible(session.attribute(object, CKA_VALUE));
    }
}

fn code(text: &str) -> (CK_UTF8CHAR_PTR, CK_ULONG) {
    (text.as_ptr().cast_mut(), text.len() as CK_ULONG)
}

fn change_code(session: Session<'_>) {
    let ((old, old_len), (new, new_len)) = (code(PIN), code(NEW_PIN));
    sensible(call!(
        session.module,
        C_SetPIN(session.handle, old, old_len, new, new_len)
    ));
}

fn unblock(session: Session<'_>) {
    sensible(session.login_as(CKU_SO, PUK));
    let (new, new_len) = code(NEW_PIN);
    sensible(call!(session.module, C_InitPIN(session.handle, new, new_len)));
    sensible(session.logout());
    sensible(session.login(NEW_PIN));
}

/// The value, if there is one. Codes that tell an application nothing are a fault.
pub fn sensible<T>(answer: Rv<T>) -> Option<T> {
    match answer {
        Ok(value) => Some(value),
        Err(code) => {
            assert!(says_something(code), "{code:?}");
            None
        }
    }
}

/// Neither CKR_GENERAL_ERROR, which here means a panic, nor a number that the standard does not know.
pub fn says_something(code: Ckr) -> bool {
    code != Ckr(CKR_GENERAL_ERROR) && format!("{code:?}").starts_with("CKR_")
}
