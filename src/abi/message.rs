//! §5.9, §5.11, §5.14 and §5.16: message-based functions. None is supported: no mechanism of a card
//! takes a parameter for each message.

use cryptoki_sys::*;

use super::cryptoki;

cryptoki! {
    /// Would start an encryption of messages.
    "5.9.1" not_supported fn C_MessageEncryptInit(
        hSession: CK_SESSION_HANDLE, pMechanism: CK_MECHANISM_PTR, hKey: CK_OBJECT_HANDLE,
    );

    /// Would encrypt a message.
    "5.9.2" not_supported fn C_EncryptMessage(
        hSession: CK_SESSION_HANDLE,
        pParameter: CK_VOID_PTR,
        ulParameterLen: CK_ULONG,
        pAssociatedData: CK_BYTE_PTR,
        ulAssociatedDataLen: CK_ULONG,
        pPlaintext: CK_BYTE_PTR,
        ulPlaintextLen: CK_ULONG,
        pCiphertext: CK_BYTE_PTR,
        pulCiphertextLen: CK_ULONG_PTR,
    );

    /// Would begin to encrypt a message in parts.
    "5.9.3" not_supported fn C_EncryptMessageBegin(
        hSession: CK_SESSION_HANDLE,
        pParameter: CK_VOID_PTR,
        ulParameterLen: CK_ULONG,
        pAssociatedData: CK_BYTE_PTR,
        ulAssociatedDataLen: CK_ULONG,
    );

    /// Would encrypt a part of a message.
    "5.9.4" not_supported fn C_EncryptMessageNext(
        hSession: CK_SESSION_HANDLE,
        pParameter: CK_VOID_PTR,
        ulParameterLen: CK_ULONG,
        pPlaintextPart: CK_BYTE_PTR,
        ulPlaintextPartLen: CK_ULONG,
        pCiphertextPart: CK_BYTE_PTR,
        pulCiphertextPartLen: CK_ULONG_PTR,
        flags: CK_FLAGS,
    );

    /// Would end an encryption of messages.
    "5.9.5" not_supported fn C_MessageEncryptFinal(hSession: CK_SESSION_HANDLE);

    /// Would start a decryption of messages.
    "5.11.1" not_supported fn C_MessageDecryptInit(
        hSession: CK_SESSION_HANDLE, pMechanism: CK_MECHANISM_PTR, hKey: CK_OBJECT_HANDLE,
    );

    /// Would decrypt a message.
    "5.11.2" not_supported fn C_DecryptMessage(
        hSession: CK_SESSION_HANDLE,
        pParameter: CK_VOID_PTR,
        ulParameterLen: CK_ULONG,
        pAssociatedData: CK_BYTE_PTR,
        ulAssociatedDataLen: CK_ULONG,
        pCiphertext: CK_BYTE_PTR,
        ulCiphertextLen: CK_ULONG,
        pPlaintext: CK_BYTE_PTR,
        pulPlaintextLen: CK_ULONG_PTR,
    );

    /// Would begin to decrypt a message in parts.
    "5.11.3" not_supported fn C_DecryptMessageBegin(
        hSession: CK_SESSION_HANDLE,
        pParameter: CK_VOID_PTR,
        ulParameterLen: CK_ULONG,
        pAssociatedData: CK_BYTE_PTR,
        ulAssociatedDataLen: CK_ULONG,
    );

    /// Would decrypt a part of a message.
    "5.11.4" not_supported fn C_DecryptMessageNext(
        hSession: CK_SESSION_HANDLE,
        pParameter: CK_VOID_PTR,
        ulParameterLen: CK_ULONG,
        pCiphertextPart: CK_BYTE_PTR,
        ulCiphertextPartLen: CK_ULONG,
        pPlaintextPart: CK_BYTE_PTR,
        pulPlaintextPartLen: CK_ULONG_PTR,
        flags: CK_FLAGS,
    );

    /// Would end a decryption of messages.
    "5.11.5" not_supported fn C_MessageDecryptFinal(hSession: CK_SESSION_HANDLE);

    /// Would start a signature of messages.
    "5.14.1" not_supported fn C_MessageSignInit(
        hSession: CK_SESSION_HANDLE, pMechanism: CK_MECHANISM_PTR, hKey: CK_OBJECT_HANDLE,
    );

    /// Would sign a message.
    "5.14.2" not_supported fn C_SignMessage(
        hSession: CK_SESSION_HANDLE,
        pParameter: CK_VOID_PTR,
        ulParameterLen: CK_ULONG,
        pData: CK_BYTE_PTR,
        ulDataLen: CK_ULONG,
        pSignature: CK_BYTE_PTR,
        pulSignatureLen: CK_ULONG_PTR,
    );

    /// Would begin to sign a message in parts.
    "5.14.3" not_supported fn C_SignMessageBegin(
        hSession: CK_SESSION_HANDLE, pParameter: CK_VOID_PTR, ulParameterLen: CK_ULONG,
    );

    /// Would take a part of a message to sign.
    "5.14.4" not_supported fn C_SignMessageNext(
        hSession: CK_SESSION_HANDLE,
        pParameter: CK_VOID_PTR,
        ulParameterLen: CK_ULONG,
        pData: CK_BYTE_PTR,
        ulDataLen: CK_ULONG,
        pSignature: CK_BYTE_PTR,
        pulSignatureLen: CK_ULONG_PTR,
    );

    /// Would end a signature of messages.
    "5.14.5" not_supported fn C_MessageSignFinal(hSession: CK_SESSION_HANDLE);

    /// Would start a verification of messages.
    "5.16.1" not_supported fn C_MessageVerifyInit(
        hSession: CK_SESSION_HANDLE, pMechanism: CK_MECHANISM_PTR, hKey: CK_OBJECT_HANDLE,
    );

    /// Would verify a message.
    "5.16.2" not_supported fn C_VerifyMessage(
        hSession: CK_SESSION_HANDLE,
        pParameter: CK_VOID_PTR,
        ulParameterLen: CK_ULONG,
        pData: CK_BYTE_PTR,
        ulDataLen: CK_ULONG,
        pSignature: CK_BYTE_PTR,
        ulSignatureLen: CK_ULONG,
    );

    /// Would begin to verify a message in parts.
    "5.16.3" not_supported fn C_VerifyMessageBegin(
        hSession: CK_SESSION_HANDLE, pParameter: CK_VOID_PTR, ulParameterLen: CK_ULONG,
    );

    /// Would take a part of a message to verify.
    "5.16.4" not_supported fn C_VerifyMessageNext(
        hSession: CK_SESSION_HANDLE,
        pParameter: CK_VOID_PTR,
        ulParameterLen: CK_ULONG,
        pData: CK_BYTE_PTR,
        ulDataLen: CK_ULONG,
        pSignature: CK_BYTE_PTR,
        ulSignatureLen: CK_ULONG,
    );

    /// Would end a verification of messages.
    "5.16.5" not_supported fn C_MessageVerifyFinal(hSession: CK_SESSION_HANDLE);
}
