//! §5.10 Decryption functions.

use cryptoki_sys::*;

use super::cryptoki;
use super::mechanism::start;

cryptoki! {
    /// Starts a decryption with a private key; without a mechanism, ends it.
    "5.10.1" fn C_DecryptInit(
        library, memory; hSession: CK_SESSION_HANDLE, pMechanism: CK_MECHANISM_PTR, hKey: CK_OBJECT_HANDLE,
    ) {
        start(library, memory, hSession, pMechanism, CKF_DECRYPT, |mechanism| {
            library.decrypt_init(hSession, mechanism, hKey)
        })
    }

    /// Decrypts in a single part, possibly in place.
    "5.10.2" fn C_Decrypt(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        pEncryptedData: CK_BYTE_PTR,
        ulEncryptedDataLen: CK_ULONG,
        pData: CK_BYTE_PTR,
        pulDataLen: CK_ULONG_PTR,
    ) {
        Ok(memory.transform((pEncryptedData, ulEncryptedDataLen), pData, pulDataLen, |cryptogram, out| {
            library.decrypt(hSession, cryptogram, out)
        })?)
    }

    /// Would decrypt a part.
    "5.10.3" not_supported fn C_DecryptUpdate(
        hSession: CK_SESSION_HANDLE,
        pEncryptedPart: CK_BYTE_PTR,
        ulEncryptedPartLen: CK_ULONG,
        pPart: CK_BYTE_PTR,
        pulPartLen: CK_ULONG_PTR,
    );

    /// Would end a decryption in parts.
    "5.10.4" not_supported fn C_DecryptFinal(
        hSession: CK_SESSION_HANDLE, pLastPart: CK_BYTE_PTR, pulLastPartLen: CK_ULONG_PTR,
    );
}
