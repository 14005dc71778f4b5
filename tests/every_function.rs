//! A tour of the three function lists: each function is called with good arguments and, where it is supported, with bad ones in
//! the same situation. The count at the end sees to it that none is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::ptr::null_mut;

use cryptoki_sys::*;
use sim_cards::Options;

use testkit::{Ckr, Module, PIN, READER, Rack, Rv, call};

const PUK: &str = "87654321";

/// Functions in the list of v3.2, which has those of all lists: the structure is a version and pointers.
const FUNCTIONS: usize = size_of::<CK_FUNCTION_LIST_3_2>() / size_of::<usize>() - 1;

/// What each function was called with.
#[derive(Default)]
struct Calls(BTreeMap<&'static str, Called>);

#[derive(Default)]
struct Called {
    good: bool,
    bad: bool,
    /// Good arguments have one answer, which bad ones have too (tests/functions.rs).
    unsupported: bool,
}

impl Calls {
    #[track_caller]
    fn good(&mut self, name: &'static str, answer: Rv) {
        assert_eq!(answer, Ok(()), "{name} with good arguments");
        self.0.entry(name).or_default().good = true;
    }

    #[track_caller]
    fn bad(&mut self, name: &'static str, answer: Rv, expected: CK_RV) {
        assert_eq!(answer, Err(Ckr(expected)), "{name} with bad arguments");
        self.0.entry(name).or_default().bad = true;
    }

    #[track_caller]
    fn answered(&mut self, name: &'static str, answer: Rv, expected: CK_RV) {
        assert_eq!(answer, Err(Ckr(expected)), "{name}");
        self.0.entry(name).or_default().unsupported = true;
    }
}

/// Calls that must succeed.
macro_rules! good {
    ($calls:ident, $module:expr; $($name:ident($($arg:expr),* $(,)?);)*) => {
        $($calls.good(stringify!($name), call!($module, $name($($arg),*)));)*
    };
}

/// Calls that must fail with a code.
macro_rules! bad {
    ($calls:ident, $module:expr; $($expected:ident: $name:ident($($arg:expr),* $(,)?);)*) => {
        $($calls.bad(stringify!($name), call!($module, $name($($arg),*)), $expected);)*
    };
}

/// Calls with good arguments that are not supported.
macro_rules! answered {
    ($calls:ident, $module:expr, $expected:ident; $($name:ident($($arg:expr),* $(,)?);)*) => {
        $($calls.answered(stringify!($name), call!($module, $name($($arg),*)), $expected);)*
    };
}

fn mechanism(kind: CK_MECHANISM_TYPE) -> CK_MECHANISM {
    CK_MECHANISM {
        mechanism: kind,
        pParameter: null_mut(),
        ulParameterLen: 0,
    }
}

/// No session has this handle.
const NO_SESSION: CK_SESSION_HANDLE = 0xDEAD;

/// A handle of no object.
const NO_OBJECT: CK_OBJECT_HANDLE = 0xDEAD_BEEF;

fn library(calls: &mut Calls, module: &Module) {
    let mut reserved = CK_C_INITIALIZE_ARGS {
        pReserved: (&raw mut *calls).cast(),
        ..CK_C_INITIALIZE_ARGS::default()
    };
    let (mut info, mut list, mut interface) = (CK_INFO::default(), null_mut(), null_mut());
    let mut interfaces = [CK_INTERFACE::default(); 3];
    let mut count = 1;
    bad! { calls, module;
        CKR_ARGUMENTS_BAD: C_Initialize((&raw mut reserved).cast());
        CKR_CRYPTOKI_NOT_INITIALIZED: C_GetInfo(&mut info);
        CKR_ARGUMENTS_BAD: C_GetFunctionList(null_mut());
        CKR_BUFFER_TOO_SMALL: C_GetInterfaceList(interfaces.as_mut_ptr(), &mut count);
        CKR_ARGUMENTS_BAD: C_GetInterface(c"another".as_ptr().cast_mut().cast(), null_mut(), &mut interface, 0);
    }
    count = 3;
    good! { calls, module;
        C_Initialize(null_mut());
        C_GetInfo(&mut info);
        C_GetFunctionList(&mut list);
        C_GetInterfaceList(interfaces.as_mut_ptr(), &mut count);
        C_GetInterface(null_mut(), null_mut(), &mut interface, 0);
    }
}

fn slots(calls: &mut Calls, module: &Module, rack: &Rack) -> CK_SLOT_ID {
    const NO_SLOT: CK_SLOT_ID = 99;
    let (mut slot, mut count) = (CK_ULONG::MAX, 0);
    bad! { calls, module; CKR_BUFFER_TOO_SMALL: C_GetSlotList(CK_TRUE, &mut slot, &mut count); }
    good! { calls, module; C_GetSlotList(CK_TRUE, &mut slot, &mut count); }
    let (mut slot_info, mut token_info) = (CK_SLOT_INFO::default(), CK_TOKEN_INFO::default());
    let (mut kinds, mut count, mut info) = ([0; 32], 32, CK_MECHANISM_INFO::default());
    let mut event = 0;
    bad! { calls, module; CKR_NO_EVENT: C_WaitForSlotEvent(CKF_DONT_BLOCK, &mut event, null_mut()); }
    let card = rack.pull(READER);
    rack.put_back(READER, &card);
    good! { calls, module;
        C_WaitForSlotEvent(0, &mut event, null_mut());
        C_GetSlotInfo(slot, &mut slot_info);
        C_GetTokenInfo(slot, &mut token_info);
        C_GetMechanismList(slot, kinds.as_mut_ptr(), &mut count);
        C_GetMechanismInfo(slot, CKM_RSA_PKCS, &mut info);
    }
    bad! { calls, module;
        CKR_SLOT_ID_INVALID: C_GetSlotInfo(NO_SLOT, &mut slot_info);
        CKR_SLOT_ID_INVALID: C_GetTokenInfo(NO_SLOT, &mut token_info);
        CKR_SLOT_ID_INVALID: C_GetMechanismList(NO_SLOT, kinds.as_mut_ptr(), &mut count);
        CKR_MECHANISM_INVALID: C_GetMechanismInfo(slot, CKM_RSA_X_509, &mut info);
    }
    slot
}

/// Gives a read/write session in which the user is logged in.
fn sessions(calls: &mut Calls, module: &Module, slot: CK_SLOT_ID) -> CK_SESSION_HANDLE {
    let flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
    let (mut h, mut info) = (0, CK_SESSION_INFO::default());
    let [mut pin, mut puk, mut new] = [PIN, PUK, "2468"].map(|code| code.as_bytes().to_vec());
    let (pin, puk, new) = (pin.as_mut_ptr(), puk.as_mut_ptr(), new.as_mut_ptr());
    bad! { calls, module;
        CKR_SESSION_PARALLEL_NOT_SUPPORTED: C_OpenSession(slot, CKF_RW_SESSION, null_mut(), None, &mut h);
    }
    good! { calls, module;
        C_OpenSession(slot, flags, null_mut(), None, &mut h);
        C_GetSessionInfo(h, &mut info);
        C_Login(h, CKU_SO, puk, 8);
        C_InitPIN(h, new, 4);
        C_Logout(h);
        C_SetPIN(h, new, 4, pin, 4);
        C_LoginUser(h, CKU_USER, pin, 4, null_mut(), 0);
        C_CloseSession(h);
        C_OpenSession(slot, flags, null_mut(), None, &mut h);
        C_CloseAllSessions(slot);
        C_OpenSession(slot, flags, null_mut(), None, &mut h);
    }
    bad! { calls, module;
        CKR_SESSION_HANDLE_INVALID: C_GetSessionInfo(NO_SESSION, &mut info);
        CKR_USER_TYPE_INVALID: C_Login(h, 77, pin, 4);
        CKR_ARGUMENTS_BAD: C_LoginUser(h, CKU_USER, pin, 4, pin, 4);
        CKR_USER_NOT_LOGGED_IN: C_Logout(h);
        CKR_USER_NOT_LOGGED_IN: C_InitPIN(h, pin, 4);
        CKR_PIN_LEN_RANGE: C_SetPIN(h, pin, 4, pin, 1);
        CKR_SESSION_HANDLE_INVALID: C_CloseSession(NO_SESSION);
        CKR_SLOT_ID_INVALID: C_CloseAllSessions(99);
    }
    good! { calls, module; C_Login(h, CKU_USER, pin, 4); }
    h
}

fn objects(calls: &mut Calls, module: &Module, h: CK_SESSION_HANDLE) {
    let (mut label, mut value, mut size) = (*b"CPS_DATA", [0u8; 8192], 0);
    let mut by_label = CK_ATTRIBUTE {
        type_: CKA_LABEL,
        pValue: label.as_mut_ptr().cast(),
        ulValueLen: 8,
    };
    let mut content = CK_ATTRIBUTE {
        type_: CKA_VALUE,
        pValue: value.as_mut_ptr().cast(),
        ulValueLen: value.len() as CK_ULONG,
    };
    let (mut object, mut count) = (0, 0);
    bad! { calls, module;
        CKR_OPERATION_NOT_INITIALIZED: C_FindObjects(h, &mut object, 1, &mut count);
        CKR_OPERATION_NOT_INITIALIZED: C_FindObjectsFinal(h);
        CKR_ARGUMENTS_BAD: C_FindObjectsInit(h, null_mut(), 1);
    }
    good! { calls, module;
        C_FindObjectsInit(h, &mut by_label, 1);
        C_FindObjects(h, &mut object, 1, &mut count);
        C_FindObjectsFinal(h);
    }
    assert_eq!(count, 1);
    good! { calls, module;
        C_GetObjectSize(h, object, &mut size);
        C_GetAttributeValue(h, object, &mut content, 1);
        C_SetAttributeValue(h, object, &mut content, 1);
    }
    assert_eq!(size, content.ulValueLen);
    bad! { calls, module;
        CKR_OBJECT_HANDLE_INVALID: C_GetObjectSize(h, NO_OBJECT, &mut size);
        CKR_OBJECT_HANDLE_INVALID: C_GetAttributeValue(h, NO_OBJECT, &mut content, 1);
        CKR_ATTRIBUTE_READ_ONLY: C_SetAttributeValue(h, object, &mut by_label, 1);
        CKR_ACTION_PROHIBITED: C_DestroyObject(h, object);
    }
    let mut new = 0;
    answered! { calls, module, CKR_FUNCTION_NOT_SUPPORTED;
        C_CreateObject(h, &mut by_label, 1, &mut new);
        C_CopyObject(h, object, &mut by_label, 1, &mut new);
    }
}

/// The authentication key and its other half.
fn keys(module: &Module, h: CK_SESSION_HANDLE) -> [CK_OBJECT_HANDLE; 2] {
    let session = testkit::Session { module, handle: h };
    let private = session.private_key("CPS_PRIV_AUT");
    [private, session.companion(private, CKO_PUBLIC_KEY)]
}

fn cryptography(calls: &mut Calls, module: &Module, h: CK_SESSION_HANDLE) {
    let [private, public] = keys(module, h);
    let (mut rsa, mut sha256) = (mechanism(CKM_RSA_PKCS), mechanism(CKM_SHA256));
    let (rsa, sha256) = (&raw mut rsa, &raw mut sha256);
    let (mut data, mut out, mut n) = (*b"twelve bytes", [0u8; 256], 256);
    let (data, out, n) = (data.as_mut_ptr(), out.as_mut_ptr(), &raw mut n);
    // SAFETY: `n` stays where it is while this function runs.
    let room = |bytes| unsafe { n.write(bytes) };
    bad! { calls, module;
        CKR_OPERATION_NOT_INITIALIZED: C_Encrypt(h, data, 12, out, n);
        CKR_OPERATION_NOT_INITIALIZED: C_EncryptUpdate(h, data, 12, out, n);
        CKR_OPERATION_NOT_INITIALIZED: C_EncryptFinal(h, out, n);
        CKR_OPERATION_NOT_INITIALIZED: C_Decrypt(h, out, 256, out, n);
        CKR_OPERATION_NOT_INITIALIZED: C_DecryptUpdate(h, out, 256, out, n);
        CKR_OPERATION_NOT_INITIALIZED: C_DecryptFinal(h, out, n);
        CKR_OPERATION_NOT_INITIALIZED: C_Digest(h, data, 12, out, n);
        CKR_OPERATION_NOT_INITIALIZED: C_DigestUpdate(h, data, 12);
        CKR_OPERATION_NOT_INITIALIZED: C_DigestFinal(h, out, n);
        CKR_OPERATION_NOT_INITIALIZED: C_Sign(h, data, 12, out, n);
        CKR_OPERATION_NOT_INITIALIZED: C_SignUpdate(h, data, 12);
        CKR_OPERATION_NOT_INITIALIZED: C_SignFinal(h, out, n);
        CKR_OPERATION_NOT_INITIALIZED: C_SignRecover(h, data, 12, out, n);
        CKR_OPERATION_NOT_INITIALIZED: C_Verify(h, data, 12, out, 256);
        CKR_OPERATION_NOT_INITIALIZED: C_VerifyUpdate(h, data, 12);
        CKR_OPERATION_NOT_INITIALIZED: C_VerifyFinal(h, out, 256);
        CKR_OPERATION_NOT_INITIALIZED: C_VerifyRecover(h, out, 256, out, n);
        CKR_KEY_TYPE_INCONSISTENT: C_EncryptInit(h, rsa, private);
        CKR_KEY_TYPE_INCONSISTENT: C_DecryptInit(h, rsa, public);
        CKR_MECHANISM_INVALID: C_DigestInit(h, rsa);
        CKR_MECHANISM_INVALID: C_SignInit(h, sha256, private);
        CKR_KEY_HANDLE_INVALID: C_SignRecoverInit(h, rsa, NO_OBJECT);
        CKR_KEY_HANDLE_INVALID: C_VerifyInit(h, rsa, NO_OBJECT);
        CKR_KEY_TYPE_INCONSISTENT: C_VerifyRecoverInit(h, rsa, private);
        CKR_SESSION_HANDLE_INVALID: C_SessionCancel(NO_SESSION, CKF_SIGN);
        CKR_SESSION_HANDLE_INVALID: C_GenerateRandom(NO_SESSION, out, 8);
    }
    good! { calls, module; C_EncryptInit(h, rsa, public); C_Encrypt(h, data, 12, out, n); }
    good! { calls, module; C_DecryptInit(h, rsa, private); C_Decrypt(h, out, 256, out, n); }
    room(256);
    good! { calls, module; C_EncryptInit(h, rsa, public); C_EncryptUpdate(h, data, 12, out, n); }
    room(256);
    good! { calls, module; C_EncryptFinal(h, out, n); C_DecryptInit(h, rsa, private); }
    let (mut generic, mut secret) = (CKK_GENERIC_SECRET, 0);
    let mut key_type = CK_ATTRIBUTE {
        type_: CKA_KEY_TYPE,
        pValue: (&raw mut generic).cast(),
        ulValueLen: size_of::<CK_KEY_TYPE>() as CK_ULONG,
    };
    bad! { calls, module;
        CKR_UNWRAPPING_KEY_HANDLE_INVALID: C_UnwrapKey(h, rsa, NO_OBJECT, out, 256, &mut key_type, 1, &mut secret);
    }
    good! { calls, module; C_UnwrapKey(h, rsa, private, out, 256, &mut key_type, 1, &mut secret); }
    good! { calls, module; C_DestroyObject(h, secret); }
    let mut nothing = [0u8; 256];
    good! { calls, module; C_DecryptUpdate(h, out, 256, nothing.as_mut_ptr(), n); }
    room(256);
    good! { calls, module; C_DecryptFinal(h, out, n); C_DigestInit(h, sha256); }
    room(256);
    good! { calls, module;
        C_Digest(h, data, 12, out, n);
        C_DigestInit(h, sha256);
        C_DigestUpdate(h, data, 12);
        C_DigestFinal(h, out, n);
    }
    room(256);
    good! { calls, module;
        C_SignInit(h, rsa, private);
        C_Sign(h, data, 12, out, n);
        C_VerifyInit(h, rsa, public);
        C_Verify(h, data, 12, out, 256);
        C_SignInit(h, rsa, private);
        C_SignUpdate(h, data, 12);
        C_SignFinal(h, out, n);
        C_VerifyInit(h, rsa, public);
        C_VerifyUpdate(h, data, 12);
        C_VerifyFinal(h, out, 256);
        C_SignRecoverInit(h, rsa, private);
        C_SignRecover(h, data, 12, out, n);
        C_VerifyRecoverInit(h, rsa, public);
        C_VerifyRecover(h, out, 256, out, n);
        C_SignInit(h, rsa, private);
        C_SessionCancel(h, CKF_SIGN);
        C_GenerateRandom(h, out, 8);
    }
    answered! { calls, module, CKR_RANDOM_SEED_NOT_SUPPORTED; C_SeedRandom(h, data, 12); }
    answered! { calls, module, CKR_FUNCTION_NOT_PARALLEL; C_GetFunctionStatus(h); C_CancelFunction(h); }
    not_offered(calls, module, h, [private, public]);
}

/// What the module answers with CKR_FUNCTION_NOT_SUPPORTED, however good the arguments are.
fn not_offered(
    calls: &mut Calls,
    module: &Module,
    h: CK_SESSION_HANDLE,
    [private, public]: [CK_OBJECT_HANDLE; 2],
) {
    let (mut rsa, mut aes) = (mechanism(CKM_RSA_PKCS), mechanism(CKM_AES_KEY_GEN));
    let (rsa, aes) = (&raw mut rsa, &raw mut aes);
    let (mut data, mut out, mut n, mut key, mut other) = ([1u8; 256], [0u8; 512], 512, 0, 0);
    let (data, out, n) = (data.as_mut_ptr(), out.as_mut_ptr(), &raw mut n);
    let (mut class, mut flags, mut id) = (CKO_SECRET_KEY, 0, 0);
    let mut secret = CK_ATTRIBUTE {
        type_: CKA_CLASS,
        pValue: (&raw mut class).cast(),
        ulValueLen: size_of::<CK_ULONG>() as CK_ULONG,
    };
    let (secret, key, other) = (&raw mut secret, &raw mut key, &raw mut other);
    let name = c"C_Sign".as_ptr().cast_mut().cast();
    let slot = module.slot();
    let p = null_mut();
    let mut result = CK_ASYNC_DATA::default();
    answered! { calls, module, CKR_FUNCTION_NOT_SUPPORTED;
        C_InitToken(slot, data, 8, out);
        C_GetOperationState(h, out, n);
        C_SetOperationState(h, data, 8, 0, 0);
        C_GetSessionValidationFlags(h, CKS_LAST_VALIDATION_OK, &mut flags);
        C_DigestKey(h, private);
        C_DigestEncryptUpdate(h, data, 8, out, n);
        C_DecryptDigestUpdate(h, data, 8, out, n);
        C_SignEncryptUpdate(h, data, 8, out, n);
        C_DecryptVerifyUpdate(h, data, 8, out, n);
        C_GenerateKey(h, aes, secret, 1, key);
        C_GenerateKeyPair(h, rsa, secret, 1, secret, 1, key, other);
        C_WrapKey(h, rsa, public, private, out, n);
        C_DeriveKey(h, aes, private, secret, 1, key);
        C_WrapKeyAuthenticated(h, rsa, public, private, data, 8, out, n);
        C_UnwrapKeyAuthenticated(h, rsa, private, data, 256, secret, 1, data, 8, key);
        C_EncapsulateKey(h, rsa, public, secret, 1, out, n, key);
        C_DecapsulateKey(h, rsa, private, secret, 1, data, 256, key);
        C_MessageEncryptInit(h, rsa, public);
        C_EncryptMessage(h, p, 0, data, 8, data, 8, out, n);
        C_EncryptMessageBegin(h, p, 0, data, 8);
        C_EncryptMessageNext(h, p, 0, data, 8, out, n, 0);
        C_MessageEncryptFinal(h);
        C_MessageDecryptInit(h, rsa, private);
        C_DecryptMessage(h, p, 0, data, 8, data, 8, out, n);
        C_DecryptMessageBegin(h, p, 0, data, 8);
        C_DecryptMessageNext(h, p, 0, data, 8, out, n, 0);
        C_MessageDecryptFinal(h);
        C_MessageSignInit(h, rsa, private);
        C_SignMessage(h, p, 0, data, 8, out, n);
        C_SignMessageBegin(h, p, 0);
        C_SignMessageNext(h, p, 0, data, 8, out, n);
        C_MessageSignFinal(h);
        C_MessageVerifyInit(h, rsa, public);
        C_VerifyMessage(h, p, 0, data, 8, out, 256);
        C_VerifyMessageBegin(h, p, 0);
        C_VerifyMessageNext(h, p, 0, data, 8, out, 256);
        C_MessageVerifyFinal(h);
        C_VerifySignatureInit(h, rsa, public, data, 256);
        C_VerifySignature(h, data, 8);
        C_VerifySignatureUpdate(h, data, 8);
        C_VerifySignatureFinal(h);
        C_AsyncComplete(h, name, &mut result);
        C_AsyncGetID(h, name, &mut id);
        C_AsyncJoin(h, name, 1, out, 8);
    }
}

#[test]
fn each_function_is_called_with_good_and_with_bad_arguments() {
    for persona in ["doctor-hospital-cps3", "doctor-gp-cps4"] {
        let rack = Rack::new();
        rack.plug(READER);
        let options = Options {
            puk: Some(PUK.into()),
            writable_area: Some(true),
            ..Options::default()
        };
        rack.insert(READER, testkit::card(persona, &options));
        let module = Module::idle(&rack);
        let mut calls = Calls::default();
        library(&mut calls, &module);
        let slot = slots(&mut calls, &module, &rack);
        let h = sessions(&mut calls, &module, slot);
        objects(&mut calls, &module, h);
        cryptography(&mut calls, &module, h);
        let reserved = (&raw mut calls).cast();
        calls.bad(
            "C_Finalize",
            call!(module, C_Finalize(reserved)),
            CKR_ARGUMENTS_BAD,
        );
        calls.good("C_Finalize", call!(module, C_Finalize(null_mut())));

        assert_eq!(calls.0.len(), FUNCTIONS, "functions that were called");
        let half: Vec<_> = calls
            .0
            .iter()
            .filter(|(_, it)| !(it.unsupported || it.good && it.bad))
            .map(|(name, _)| name)
            .collect();
        assert!(
            half.is_empty(),
            "called with one kind of arguments only: {half:?}"
        );
    }
}

#[test]
fn the_comparison_goes_function_by_function() {
    let document = include_str!("../docs/compatibility.md");
    let names = include_str!("../src/abi/lists.rs")
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("C_") && word.len() > 2);
    let names: BTreeSet<_> = names.collect();
    assert_eq!(names.len(), FUNCTIONS);
    let words: BTreeSet<_> = document
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .collect();
    let missing: Vec<_> = names.difference(&words).collect();
    assert!(missing.is_empty(), "not in docs/compatibility.md: {missing:?}");
}
