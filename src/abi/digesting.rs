//! §5.12 Message digesting functions.

use cryptoki_sys::*;

use super::cryptoki;
use super::mechanism::start;

cryptoki! {
    /// Starts a digest; without a mechanism, ends it.
    "5.12.1" fn C_DigestInit(library, memory; hSession: CK_SESSION_HANDLE, pMechanism: CK_MECHANISM_PTR) {
        start(library, memory, hSession, pMechanism, CKF_DIGEST, |mechanism| {
            library.digest_init(hSession, mechanism)
        })
    }

    /// Digests in a single part.
    "5.12.2" fn C_Digest(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        pData: CK_BYTE_PTR,
        ulDataLen: CK_ULONG,
        pDigest: CK_BYTE_PTR,
        pulDigestLen: CK_ULONG_PTR,
    ) {
        // Also in a size query, after which the official module lets callers fetch the digest by
        // C_DigestFinal.
        memory.bytes(pData, ulDataLen)?;
        Ok(memory.transform((pData, ulDataLen), pDigest, pulDigestLen, |data, out| {
            library.digest(hSession, data, out)
        })?)
    }

    /// Digests a part.
    "5.12.3" fn C_DigestUpdate(
        library, memory; hSession: CK_SESSION_HANDLE, pPart: CK_BYTE_PTR, ulPartLen: CK_ULONG,
    ) {
        Ok(library.digest_update(hSession, memory.bytes(pPart, ulPartLen)?)?)
    }

    /// Would digest the value of a secret key.
    "5.12.4" not_supported fn C_DigestKey(hSession: CK_SESSION_HANDLE, hKey: CK_OBJECT_HANDLE);

    /// Ends a digest in parts.
    "5.12.5" fn C_DigestFinal(
        library, memory; hSession: CK_SESSION_HANDLE, pDigest: CK_BYTE_PTR, pulDigestLen: CK_ULONG_PTR,
    ) {
        Ok(memory.output(pDigest, pulDigestLen, |out| library.digest_final(hSession, out))?)
    }
}
