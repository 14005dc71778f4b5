//! §5.13 Signing and MACing functions.

use cryptoki_sys::*;

use super::cryptoki;
use super::mechanism::start;

cryptoki! {
    /// Starts a signature; without a mechanism, ends it.
    "5.13.1" fn C_SignInit(
        library, memory; hSession: CK_SESSION_HANDLE, pMechanism: CK_MECHANISM_PTR, hKey: CK_OBJECT_HANDLE,
    ) {
        start(library, memory, hSession, pMechanism, CKF_SIGN, |mechanism| {
            library.sign_init(hSession, mechanism, hKey)
        })
    }

    /// Signs in a single part.
    "5.13.2" fn C_Sign(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        pData: CK_BYTE_PTR,
        ulDataLen: CK_ULONG,
        pSignature: CK_BYTE_PTR,
        pulSignatureLen: CK_ULONG_PTR,
    ) {
        let given = !pData.is_null();
        Ok(memory.transform((pData, ulDataLen), pSignature, pulSignatureLen, |data, out| {
            library.sign(hSession, given.then_some(data), out)
        })?)
    }

    /// Takes a part of the data to sign.
    "5.13.3" fn C_SignUpdate(
        library, memory; hSession: CK_SESSION_HANDLE, pPart: CK_BYTE_PTR, ulPartLen: CK_ULONG,
    ) {
        Ok(library.sign_update(hSession, memory.bytes(pPart, ulPartLen)?)?)
    }

    /// Ends a signature in parts.
    "5.13.4" fn C_SignFinal(
        library, memory; hSession: CK_SESSION_HANDLE, pSignature: CK_BYTE_PTR, pulSignatureLen: CK_ULONG_PTR,
    ) {
        Ok(memory.output(pSignature, pulSignatureLen, |out| library.sign_final(hSession, out))?)
    }

    /// Starts a signature from which the data can be recovered; without a mechanism, ends it.
    "5.13.5" fn C_SignRecoverInit(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        pMechanism: CK_MECHANISM_PTR,
        hKey: CK_OBJECT_HANDLE,
    ) {
        start(library, memory, hSession, pMechanism, CKF_SIGN_RECOVER, |mechanism| {
            library.sign_recover_init(hSession, mechanism, hKey)
        })
    }

    /// Signs so that the data can be recovered.
    "5.13.6" fn C_SignRecover(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        pData: CK_BYTE_PTR,
        ulDataLen: CK_ULONG,
        pSignature: CK_BYTE_PTR,
        pulSignatureLen: CK_ULONG_PTR,
    ) {
        Ok(memory.transform((pData, ulDataLen), pSignature, pulSignatureLen, |data, out| {
            library.sign_recover(hSession, data, out)
        })?)
    }
}
