//! §5.15 Functions for verifying signatures and MACs.

use cryptoki_sys::*;

use super::cryptoki;
use super::mechanism::start;

cryptoki! {
    /// Starts a verification; without a mechanism, ends it.
    "5.15.1" fn C_VerifyInit(
        library, memory; hSession: CK_SESSION_HANDLE, pMechanism: CK_MECHANISM_PTR, hKey: CK_OBJECT_HANDLE,
    ) {
        start(library, memory, hSession, pMechanism, CKF_VERIFY, |mechanism| {
            library.verify_init(hSession, mechanism, hKey)
        })
    }

    /// Verifies in a single part.
    "5.15.2" fn C_Verify(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        pData: CK_BYTE_PTR,
        ulDataLen: CK_ULONG,
        pSignature: CK_BYTE_PTR,
        ulSignatureLen: CK_ULONG,
    ) {
        let (data, signature) = (memory.bytes(pData, ulDataLen)?, memory.bytes(pSignature, ulSignatureLen)?);
        Ok(library.verify(hSession, data, signature)?)
    }

    /// Takes a part of the data to verify.
    "5.15.3" fn C_VerifyUpdate(
        library, memory; hSession: CK_SESSION_HANDLE, pPart: CK_BYTE_PTR, ulPartLen: CK_ULONG,
    ) {
        Ok(library.verify_update(hSession, memory.bytes(pPart, ulPartLen)?)?)
    }

    /// Ends a verification in parts.
    "5.15.4" fn C_VerifyFinal(
        library, memory; hSession: CK_SESSION_HANDLE, pSignature: CK_BYTE_PTR, ulSignatureLen: CK_ULONG,
    ) {
        Ok(library.verify_final(hSession, memory.bytes(pSignature, ulSignatureLen)?)?)
    }

    /// Starts a verification that recovers the data; without a mechanism, ends it.
    "5.15.5" fn C_VerifyRecoverInit(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        pMechanism: CK_MECHANISM_PTR,
        hKey: CK_OBJECT_HANDLE,
    ) {
        start(library, memory, hSession, pMechanism, CKF_VERIFY_RECOVER, |mechanism| {
            library.verify_recover_init(hSession, mechanism, hKey)
        })
    }

    /// Verifies a signature and recovers the data.
    "5.15.6" fn C_VerifyRecover(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        pSignature: CK_BYTE_PTR,
        ulSignatureLen: CK_ULONG,
        pData: CK_BYTE_PTR,
        pulDataLen: CK_ULONG_PTR,
    ) {
        // Also in a size query: how much is recovered only the signature tells.
        memory.bytes(pSignature, ulSignatureLen)?;
        Ok(memory.transform((pSignature, ulSignatureLen), pData, pulDataLen, |data, out| {
            library.verify_recover(hSession, data, out)
        })?)
    }

    /// Would start a verification that knows the signature from the start.
    "5.15.7" not_supported fn C_VerifySignatureInit(
        hSession: CK_SESSION_HANDLE,
        pMechanism: CK_MECHANISM_PTR,
        hKey: CK_OBJECT_HANDLE,
        pSignature: CK_BYTE_PTR,
        ulSignatureLen: CK_ULONG,
    );

    /// Would verify in a single part.
    "5.15.8" not_supported fn C_VerifySignature(
        hSession: CK_SESSION_HANDLE, pData: CK_BYTE_PTR, ulDataLen: CK_ULONG,
    );

    /// Would take a part of the data to verify.
    "5.15.9" not_supported fn C_VerifySignatureUpdate(
        hSession: CK_SESSION_HANDLE, pPart: CK_BYTE_PTR, ulPartLen: CK_ULONG,
    );

    /// Would end a verification in parts.
    "5.15.10" not_supported fn C_VerifySignatureFinal(hSession: CK_SESSION_HANDLE);
}
