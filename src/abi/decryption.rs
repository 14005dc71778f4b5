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

    /// Decrypts in a single part, possibly in place. Nothing is no cryptogram, not even for a size
    /// query.
    "5.10.2" fn C_Decrypt(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        pEncryptedData: CK_BYTE_PTR,
        ulEncryptedDataLen: CK_ULONG,
        pData: CK_BYTE_PTR,
        pulDataLen: CK_ULONG_PTR,
    ) {
        let cryptogram = (pEncryptedData.required()?, ulEncryptedDataLen);
        Ok(memory.transform(cryptogram, pData, pulDataLen, |cryptogram, out| {
            library.decrypt(hSession, cryptogram, out)
        })?)
    }

    /// Takes a part of a cryptogram.
    "5.10.3" fn C_DecryptUpdate(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        pEncryptedPart: CK_BYTE_PTR,
        ulEncryptedPartLen: CK_ULONG,
        pPart: CK_BYTE_PTR,
        pulPartLen: CK_ULONG_PTR,
    ) {
        Ok(memory.transform((pEncryptedPart, ulEncryptedPartLen), pPart, pulPartLen, |data, out| {
            library.decrypt_update(hSession, data, out)
        })?)
    }

    /// Decrypts the parts.
    "5.10.4" fn C_DecryptFinal(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        pLastPart: CK_BYTE_PTR,
        pulLastPartLen: CK_ULONG_PTR,
    ) {
        Ok(memory.output(pLastPart, pulLastPartLen, |out| library.decrypt_final(hSession, out))?)
    }
}
