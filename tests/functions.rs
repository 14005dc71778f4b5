//! Every function of the three lists, called with nothing: not initialised, then initialised.

use std::ptr::null_mut;

use cryptoki_sys::*;

use testkit::{Ckr, Module, Rack, call};

/// Calls a function with every argument zero: NULL pointers, handle 0, length 0, no flags.
trait WithNothing {
    fn call(self) -> CK_RV;
}

macro_rules! with_nothing {
    ($(($($arg:ident),*))*) => {$(
        impl<$($arg),*> WithNothing for unsafe extern "C" fn($($arg),*) -> CK_RV {
            fn call(self) -> CK_RV {
                // SAFETY: the arguments of C_ functions are numbers, pointers and nullable function pointers,
                // of which zero is a value; the functions check their pointers.
                unsafe { self($(std::mem::zeroed::<$arg>()),*) }
            }
        }
    )*};
}

with_nothing! {
    (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F) (A, B, C, D, E, F, G)
    (A, B, C, D, E, F, G, H) (A, B, C, D, E, F, G, H, I) (A, B, C, D, E, F, G, H, I, J)
}

/// Rows of a table: the function and what it must answer.
macro_rules! table {
    ($module:expr; $($expected:ident: $($name:ident)*;)*) => {
        vec![$($((stringify!($name), $expected, $module.list().$name.expect(stringify!($name)).call()),)*)*]
    };
}

fn check(table: Vec<(&'static str, CK_RV, CK_RV)>) {
    let wrong: Vec<_> = table
        .into_iter()
        .filter(|(_, expected, got)| expected != got)
        .map(|(name, expected, got)| (name, Ckr(got), "instead of", Ckr(expected)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn before_c_initialize_only_the_lists_can_be_asked_for() {
    let module = Module::idle(&Rack::new());
    let rows = table! { module;
        CKR_ARGUMENTS_BAD: C_GetFunctionList C_GetInterfaceList C_GetInterface;
        CKR_CRYPTOKI_NOT_INITIALIZED:
            C_Finalize C_GetInfo
            C_GetSlotList C_GetSlotInfo C_GetTokenInfo C_GetMechanismList C_GetMechanismInfo C_InitToken
            C_InitPIN
            C_SetPIN C_WaitForSlotEvent
            C_OpenSession C_CloseSession C_CloseAllSessions C_GetSessionInfo C_SessionCancel
            C_GetOperationState
            C_SetOperationState C_Login C_LoginUser C_Logout C_GetSessionValidationFlags
            C_CreateObject C_CopyObject C_DestroyObject C_GetObjectSize C_GetAttributeValue
            C_SetAttributeValue
            C_FindObjectsInit C_FindObjects C_FindObjectsFinal
            C_EncryptInit C_Encrypt C_EncryptUpdate C_EncryptFinal
            C_DecryptInit C_Decrypt C_DecryptUpdate C_DecryptFinal
            C_DigestInit C_Digest C_DigestUpdate C_DigestKey C_DigestFinal
            C_SignInit C_Sign C_SignUpdate C_SignFinal C_SignRecoverInit C_SignRecover
            C_VerifyInit C_Verify C_VerifyUpdate C_VerifyFinal C_VerifyRecoverInit C_VerifyRecover
            C_VerifySignatureInit C_VerifySignature C_VerifySignatureUpdate C_VerifySignatureFinal
            C_DigestEncryptUpdate C_DecryptDigestUpdate C_SignEncryptUpdate C_DecryptVerifyUpdate
            C_GenerateKey C_GenerateKeyPair C_WrapKey C_UnwrapKey C_DeriveKey C_WrapKeyAuthenticated
            C_UnwrapKeyAuthenticated C_EncapsulateKey C_DecapsulateKey
            C_SeedRandom C_GenerateRandom C_GetFunctionStatus C_CancelFunction
            C_AsyncComplete C_AsyncGetID C_AsyncJoin
            C_MessageEncryptInit C_EncryptMessage C_EncryptMessageBegin C_EncryptMessageNext
            C_MessageEncryptFinal
            C_MessageDecryptInit C_DecryptMessage C_DecryptMessageBegin C_DecryptMessageNext
            C_MessageDecryptFinal
            C_MessageSignInit C_SignMessage C_SignMessageBegin C_SignMessageNext C_MessageSignFinal
            C_MessageVerifyInit C_VerifyMessage C_VerifyMessageBegin C_VerifyMessageNext C_MessageVerifyFinal;
    };
    // All but C_Initialize.
    assert_eq!(rows.len(), 103);
    check(rows);
}

#[test]
fn with_nothing_each_function_says_what_it_misses() {
    let module = Module::start(&Rack::new());
    let rows = table! { module;
        CKR_CRYPTOKI_ALREADY_INITIALIZED: C_Initialize;
        // No place for the answer.
        CKR_ARGUMENTS_BAD:
            C_GetFunctionList C_GetInterfaceList C_GetInterface C_GetInfo
            C_GetSlotList C_GetSlotInfo C_GetTokenInfo C_GetMechanismList C_GetMechanismInfo
            C_WaitForSlotEvent C_UnwrapKey
            C_OpenSession C_GetSessionInfo C_GetObjectSize C_FindObjects
            C_Encrypt C_EncryptUpdate C_EncryptFinal C_Decrypt C_DecryptUpdate C_DecryptFinal
            C_Digest C_DigestFinal C_Sign C_SignFinal C_SignRecover C_VerifyRecover;
        CKR_SLOT_ID_INVALID: C_CloseAllSessions;
        CKR_SESSION_HANDLE_INVALID:
            C_InitPIN C_SetPIN C_CloseSession C_SessionCancel C_Login C_LoginUser C_Logout
            C_DestroyObject C_GetAttributeValue C_SetAttributeValue C_FindObjectsInit C_FindObjectsFinal
            C_EncryptInit C_DecryptInit C_DigestInit C_DigestUpdate C_SignInit C_SignUpdate C_SignRecoverInit
            C_VerifyRecoverInit
            C_VerifyInit C_Verify C_VerifyUpdate C_VerifyFinal C_SeedRandom C_GenerateRandom;
        CKR_FUNCTION_NOT_PARALLEL: C_GetFunctionStatus C_CancelFunction;
        CKR_FUNCTION_NOT_SUPPORTED:
            C_InitToken C_GetOperationState C_SetOperationState C_GetSessionValidationFlags
            C_CreateObject C_CopyObject
            C_DigestKey
            C_VerifySignatureInit C_VerifySignature C_VerifySignatureUpdate C_VerifySignatureFinal
            C_DigestEncryptUpdate C_DecryptDigestUpdate C_SignEncryptUpdate C_DecryptVerifyUpdate
            C_GenerateKey C_GenerateKeyPair C_WrapKey C_DeriveKey C_WrapKeyAuthenticated
            C_UnwrapKeyAuthenticated C_EncapsulateKey C_DecapsulateKey
            C_AsyncComplete C_AsyncGetID C_AsyncJoin
            C_MessageEncryptInit C_EncryptMessage C_EncryptMessageBegin C_EncryptMessageNext
            C_MessageEncryptFinal
            C_MessageDecryptInit C_DecryptMessage C_DecryptMessageBegin C_DecryptMessageNext
            C_MessageDecryptFinal
            C_MessageSignInit C_SignMessage C_SignMessageBegin C_SignMessageNext C_MessageSignFinal
            C_MessageVerifyInit C_VerifyMessage C_VerifyMessageBegin C_VerifyMessageNext C_MessageVerifyFinal;
        // Last: from here on the library is not initialised.
        CKR_OK: C_Finalize;
    };
    assert_eq!(rows.len(), 104);
    check(rows);
}

#[test]
fn a_handle_that_is_no_session_is_refused_before_what_comes_with_it_is_looked_at() {
    let module = Module::start(&Rack::new());
    let mut buffer = [0u8; 300];
    let mut mechanism = CK_MECHANISM {
        mechanism: CKM_SHA_1,
        pParameter: null_mut(),
        ulParameterLen: 0,
    };
    let (mut len, mut object) = (300, 0);
    let (data, mechanism) = (buffer.as_mut_ptr(), &raw mut mechanism);
    let (len, object) = (&raw mut len, &raw mut object);
    for session in [0, 1, 0xDEAD_BEEF, CK_ULONG::MAX] {
        let mut info = CK_SESSION_INFO::default();
        let answers = [
            (
                "C_GetSessionInfo",
                call!(module, C_GetSessionInfo(session, &mut info)),
            ),
            ("C_Login", call!(module, C_Login(session, CKU_USER, data, 4))),
            ("C_GetObjectSize", call!(module, C_GetObjectSize(session, 1, len))),
            (
                "C_FindObjects",
                call!(module, C_FindObjects(session, object, 1, len)),
            ),
            ("C_DigestInit", call!(module, C_DigestInit(session, mechanism))),
            ("C_Digest", call!(module, C_Digest(session, data, 8, data, len))),
            ("C_DigestFinal", call!(module, C_DigestFinal(session, data, len))),
            ("C_SignInit", call!(module, C_SignInit(session, mechanism, 1))),
            ("C_Sign", call!(module, C_Sign(session, data, 8, data, len))),
            ("C_SignUpdate", call!(module, C_SignUpdate(session, data, 8))),
            ("C_SignFinal", call!(module, C_SignFinal(session, data, len))),
            ("C_VerifyInit", call!(module, C_VerifyInit(session, mechanism, 1))),
            ("C_Verify", call!(module, C_Verify(session, data, 8, data, 256))),
            (
                "C_EncryptInit",
                call!(module, C_EncryptInit(session, mechanism, 1)),
            ),
            ("C_Encrypt", call!(module, C_Encrypt(session, data, 8, data, len))),
            (
                "C_DecryptInit",
                call!(module, C_DecryptInit(session, mechanism, 1)),
            ),
            (
                "C_Decrypt",
                call!(module, C_Decrypt(session, data, 256, data, len)),
            ),
            (
                "C_EncryptUpdate",
                call!(module, C_EncryptUpdate(session, data, 8, data, len)),
            ),
            (
                "C_EncryptFinal",
                call!(module, C_EncryptFinal(session, data, len)),
            ),
            (
                "C_DecryptUpdate",
                call!(module, C_DecryptUpdate(session, data, 8, data, len)),
            ),
            (
                "C_DecryptFinal",
                call!(module, C_DecryptFinal(session, data, len)),
            ),
            (
                "C_SignRecoverInit",
                call!(module, C_SignRecoverInit(session, mechanism, 1)),
            ),
            (
                "C_SignRecover",
                call!(module, C_SignRecover(session, data, 8, data, len)),
            ),
            (
                "C_VerifyRecoverInit",
                call!(module, C_VerifyRecoverInit(session, mechanism, 1)),
            ),
            (
                "C_VerifyRecover",
                call!(module, C_VerifyRecover(session, data, 256, data, len)),
            ),
            ("C_VerifyUpdate", call!(module, C_VerifyUpdate(session, data, 8))),
            ("C_VerifyFinal", call!(module, C_VerifyFinal(session, data, 256))),
            ("C_Logout", call!(module, C_Logout(session))),
            ("C_FindObjectsFinal", call!(module, C_FindObjectsFinal(session))),
            (
                "C_SessionCancel",
                call!(module, C_SessionCancel(session, CKF_SIGN)),
            ),
            ("C_SeedRandom", call!(module, C_SeedRandom(session, data, 8))),
            (
                "C_GenerateRandom",
                call!(module, C_GenerateRandom(session, data, 8)),
            ),
            ("C_DestroyObject", call!(module, C_DestroyObject(session, 1))),
            (
                "C_UnwrapKey",
                call!(
                    module,
                    C_UnwrapKey(session, mechanism, 1, data, 256, null_mut(), 0, object)
                ),
            ),
            ("C_CloseSession", call!(module, C_CloseSession(session))),
        ];
        for (name, answer) in answers {
            assert_eq!(
                answer,
                Err(Ckr(CKR_SESSION_HANDLE_INVALID)),
                "{name} of {session:#x}"
            );
        }
    }
}
