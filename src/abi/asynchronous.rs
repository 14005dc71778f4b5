//! §5.21 Asynchronous function management functions. None is supported: no session is asynchronous.

use cryptoki_sys::*;

use super::cryptoki;

cryptoki! {
    /// Would fetch the result of a function.
    "5.21.1" not_supported fn C_AsyncComplete(
        hSession: CK_SESSION_HANDLE, pFunctionName: CK_UTF8CHAR_PTR, pResult: CK_ASYNC_DATA_PTR,
    );

    /// Would make a function outlive C_Finalize.
    "5.21.2" not_supported fn C_AsyncGetID(
        hSession: CK_SESSION_HANDLE, pFunctionName: CK_UTF8CHAR_PTR, pulID: CK_ULONG_PTR,
    );

    /// Would join a function that outlived C_Finalize.
    "5.21.3" not_supported fn C_AsyncJoin(
        hSession: CK_SESSION_HANDLE,
        pFunctionName: CK_UTF8CHAR_PTR,
        ulID: CK_ULONG,
        pData: CK_BYTE_PTR,
        ulData: CK_ULONG,
    );
}
