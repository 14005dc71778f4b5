//! The function lists of v2.40, v3.0 and v3.2, and the interfaces that lead to them.

use std::ffi::CStr;

use cryptoki_sys::*;

use super::*;

/// Name of the standard's interfaces.
pub const NAME: &CStr = c"PKCS 11";

/// Flags of our interfaces. CKF_INTERFACE_FORK_SAFE is not among them: it promises that sessions
/// and logins live on in a forked child, while here the child must call C_Initialize.
const FLAGS: CK_FLAGS = 0;

const fn version(major: u8, minor: u8) -> CK_VERSION {
    CK_VERSION { major, minor }
}

/// Each function by its name, once; a list holds what its version added and all before. A name
/// missing here or in the structures of the standard does not compile.
macro_rules! function_lists {
    (v2_40: $($v2_40:ident)* ; v3_0: $($v3_0:ident)* ; v3_2: $($v3_2:ident)* ;) => {
        /// CK_FUNCTION_LIST, all that a caller of C_GetFunctionList knows.
        pub static V2_40: CK_FUNCTION_LIST = CK_FUNCTION_LIST {
            version: version(2, 40),
            $($v2_40: Some($v2_40),)*
        };

        static V3_0: CK_FUNCTION_LIST_3_0 = CK_FUNCTION_LIST_3_0 {
            version: version(3, 0),
            $($v2_40: Some($v2_40),)*
            $($v3_0: Some($v3_0),)*
        };

        static V3_2: CK_FUNCTION_LIST_3_2 = CK_FUNCTION_LIST_3_2 {
            version: version(3, 2),
            $($v2_40: Some($v2_40),)*
            $($v3_0: Some($v3_0),)*
            $($v3_2: Some($v3_2),)*
        };
    };
}

function_lists! {
    v2_40:
        C_Initialize C_Finalize C_GetInfo C_GetFunctionList
        C_GetSlotList C_GetSlotInfo C_GetTokenInfo C_GetMechanismList C_GetMechanismInfo
        C_InitToken C_InitPIN C_SetPIN
        C_OpenSession C_CloseSession C_CloseAllSessions C_GetSessionInfo
        C_GetOperationState C_SetOperationState C_Login C_Logout
        C_CreateObject C_CopyObject C_DestroyObject C_GetObjectSize C_GetAttributeValue C_SetAttributeValue
        C_FindObjectsInit C_FindObjects C_FindObjectsFinal
        C_EncryptInit C_Encrypt C_EncryptUpdate C_EncryptFinal
        C_DecryptInit C_Decrypt C_DecryptUpdate C_DecryptFinal
        C_DigestInit C_Digest C_DigestUpdate C_DigestKey C_DigestFinal
        C_SignInit C_Sign C_SignUpdate C_SignFinal C_SignRecoverInit C_SignRecover
        C_VerifyInit C_Verify C_VerifyUpdate C_VerifyFinal C_VerifyRecoverInit C_VerifyRecover
        C_DigestEncryptUpdate C_DecryptDigestUpdate C_SignEncryptUpdate C_DecryptVerifyUpdate
        C_GenerateKey C_GenerateKeyPair C_WrapKey C_UnwrapKey C_DeriveKey
        C_SeedRandom C_GenerateRandom
        C_GetFunctionStatus C_CancelFunction
        C_WaitForSlotEvent;
    v3_0:
        C_GetInterfaceList C_GetInterface
        C_LoginUser C_SessionCancel
        C_MessageEncryptInit C_EncryptMessage C_EncryptMessageBegin C_EncryptMessageNext C_MessageEncryptFinal
        C_MessageDecryptInit C_DecryptMessage C_DecryptMessageBegin C_DecryptMessageNext C_MessageDecryptFinal
        C_MessageSignInit C_SignMessage C_SignMessageBegin C_SignMessageNext C_MessageSignFinal
        C_MessageVerifyInit C_VerifyMessage C_VerifyMessageBegin C_VerifyMessageNext C_MessageVerifyFinal;
    v3_2:
        C_EncapsulateKey C_DecapsulateKey
        C_VerifySignatureInit C_VerifySignature C_VerifySignatureUpdate C_VerifySignatureFinal
        C_GetSessionValidationFlags
        C_AsyncComplete C_AsyncGetID C_AsyncJoin
        C_WrapKeyAuthenticated C_UnwrapKeyAuthenticated;
}

/// The interfaces of the library, the newest first.
pub struct Interfaces(pub [CK_INTERFACE; 3]);

// SAFETY: the pointers lead to statics that nobody writes to.
unsafe impl Sync for Interfaces {}

/// All interfaces.
pub static INTERFACES: Interfaces = Interfaces([
    interface(&raw const V3_2),
    interface(&raw const V3_0),
    interface(&raw const V2_40),
]);

const fn interface<T>(list: *const T) -> CK_INTERFACE {
    CK_INTERFACE {
        pInterfaceName: NAME.as_ptr().cast_mut().cast(),
        pFunctionList: list.cast_mut().cast(),
        flags: FLAGS,
    }
}

impl Interfaces {
    /// The newest interface of the version asked for, if any, that has all of `flags`.
    pub fn find(&'static self, wanted: Option<CK_VERSION>, flags: CK_FLAGS) -> Option<&'static CK_INTERFACE> {
        let versions = [V3_2.version, V3_0.version, V2_40.version];
        let fits = |has: CK_VERSION| wanted.is_none_or(|it| (it.major, it.minor) == (has.major, has.minor));
        let found = self
            .0
            .iter()
            .zip(versions)
            .find(|(it, has)| fits(*has) && it.flags & flags == flags);
        found.map(|(interface, _)| interface)
    }
}
