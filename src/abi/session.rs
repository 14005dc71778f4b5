//! §5.6 Session management functions.

use cryptoki_sys::*;

use super::cryptoki;
use super::rv::Rv;
use crate::provider::Error;

cryptoki! {
    /// Opens a session. Callbacks are not made.
    "5.6.1" fn C_OpenSession(
        library, memory;
        slotID: CK_SLOT_ID,
        flags: CK_FLAGS,
        pApplication: CK_VOID_PTR,
        Notify: CK_NOTIFY,
        phSession: CK_SESSION_HANDLE_PTR,
    ) {
        let _ = (pApplication, Notify);
        let phSession = phSession.required()?;
        let read_write = read_write(flags)?;
        Ok(memory.answer(phSession, || library.open_session(slotID, read_write))?)
    }

    /// Closes a session; the last one of a token logs out.
    "5.6.2" fn C_CloseSession(library, _; hSession: CK_SESSION_HANDLE) {
        Ok(library.close_session(hSession)?)
    }

    /// Closes all sessions with a token.
    "5.6.3" fn C_CloseAllSessions(library, _; slotID: CK_SLOT_ID) {
        Ok(library.close_all_sessions(slotID)?)
    }

    /// Tells about a session.
    "5.6.4" fn C_GetSessionInfo(library, memory; hSession: CK_SESSION_HANDLE, pInfo: CK_SESSION_INFO_PTR) {
        Ok(memory.answer(pInfo, || {
            let info = library.session_info(hSession)?;
            Ok(CK_SESSION_INFO {
                slotID: info.slot,
                state: info.state,
                flags: info.flags,
                ulDeviceError: info.device_error,
            })
        })?)
    }

    /// Ends the operations named by `flags`.
    "5.6.5" fn C_SessionCancel(library, _; hSession: CK_SESSION_HANDLE, flags: CK_FLAGS) {
        Ok(library.session_cancel(hSession, flags).map(drop)?)
    }

    /// Would save the state of an operation.
    "5.6.6" not_supported fn C_GetOperationState(
        hSession: CK_SESSION_HANDLE, pOperationState: CK_BYTE_PTR, pulOperationStateLen: CK_ULONG_PTR,
    );

    /// Would restore the state of an operation.
    "5.6.7" not_supported fn C_SetOperationState(
        hSession: CK_SESSION_HANDLE,
        pOperationState: CK_BYTE_PTR,
        ulOperationStateLen: CK_ULONG,
        hEncryptionKey: CK_OBJECT_HANDLE,
        hAuthenticationKey: CK_OBJECT_HANDLE,
    );

    /// Logs a user in.
    "5.6.8" fn C_Login(
        library, memory;
        hSession: CK_SESSION_HANDLE, userType: CK_USER_TYPE, pPin: CK_UTF8CHAR_PTR, ulPinLen: CK_ULONG,
    ) {
        Ok(library.login(hSession, userType, memory.pin(pPin, ulPinLen)?)?)
    }

    /// Logs a user in by name. The users of a card have no names: with an empty one this is
    /// C_Login, any other is CKR_ARGUMENTS_BAD and no PIN is tried.
    "5.6.9" fn C_LoginUser(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        userType: CK_USER_TYPE,
        pPin: CK_UTF8CHAR_PTR,
        ulPinLen: CK_ULONG,
        pUsername: CK_UTF8CHAR_PTR,
        ulUsernameLen: CK_ULONG,
    ) {
        let _ = pUsername;
        if ulUsernameLen != 0 {
            return Err(Error::ArgumentsBad.into());
        }
        Ok(library.login(hSession, userType, memory.pin(pPin, ulPinLen)?)?)
    }

    /// Logs the user out.
    "5.6.10" fn C_Logout(library, _; hSession: CK_SESSION_HANDLE) {
        Ok(library.logout(hSession)?)
    }

    /// Would tell whether the session worked as a validation (FIPS 140 and the like) demands.
    "5.6.11" not_supported fn C_GetSessionValidationFlags(
        hSession: CK_SESSION_HANDLE, type_: CK_SESSION_VALIDATION_FLAGS_TYPE, pFlags: CK_FLAGS_PTR,
    );
}

/// Whether a session is to be read/write, from the flags of C_OpenSession.
fn read_write(flags: CK_FLAGS) -> Result<bool, Rv> {
    if flags & !(CKF_SERIAL_SESSION | CKF_RW_SESSION | CKF_ASYNC_SESSION) != 0 {
        return Err(Error::ArgumentsBad.into());
    }
    if flags & CKF_SERIAL_SESSION == 0 {
        return Err(Error::SessionParallelNotSupported.into());
    }
    if flags & CKF_ASYNC_SESSION != 0 {
        return Err(Rv(CKR_SESSION_ASYNC_NOT_SUPPORTED));
    }
    Ok(flags & CKF_RW_SESSION != 0)
}
