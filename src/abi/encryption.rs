//! §5.8 Encryption functions.

use cryptoki_sys::*;

use super::cryptoki;
use super::mechanism::start;

cryptoki! {
    /// Starts an encryption with a public key; without a mechanism, ends it.
    "5.8.1" fn C_EncryptInit(
        library, memory; hSession: CK_SESSION_HANDLE, pMechanism: CK_MECHANISM_PTR, hKey: CK_OBJECT_HANDLE,
    ) {
        start(library, memory, hSession, pMechanism, CKF_ENCRYPT, |mechanism| {
            library.encrypt_init(hSession, mechanism, hKey)
        })
    }

    /// Encrypts in a single part.
    "5.8.2" fn C_Encrypt(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        pData: CK_BYTE_PTR,
        ulDataLen: CK_ULONG,
        pEncryptedData: CK_BYTE_PTR,
        pulEncryptedDataLen: CK_ULONG_PTR,
    ) {
        Ok(memory.transform((pData, ulDataLen), pEncryptedData, pulEncryptedDataLen, |data, out| {
            library.encrypt(hSession, data, out)
        })?)
    }

    /// Takes a part of what is to be encrypted.
    "5.8.3" fn C_EncryptUpdate(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        pPart: CK_BYTE_PTR,
        ulPartLen: CK_ULONG,
        pEncryptedPart: CK_BYTE_PTR,
        pulEncryptedPartLen: CK_ULONG_PTR,
    ) {
        Ok(memory.transform((pPart, ulPartLen), pEncryptedPart, pulEncryptedPartLen, |data, out| {
            library.encrypt_update(hSession, data, out)
        })?)
    }

    /// Encrypts the parts.
    "5.8.4" fn C_EncryptFinal(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        pLastEncryptedPart: CK_BYTE_PTR,
        pulLastEncryptedPartLen: CK_ULONG_PTR,
    ) {
        Ok(memory.output(pLastEncryptedPart, pulLastEncryptedPartLen, |out| {
            library.encrypt_final(hSession, out)
        })?)
    }
}
