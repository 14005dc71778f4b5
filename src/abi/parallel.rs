//! §5.20 Parallel function management functions, which remain from v1 and "should simply return"
//! one code.

use cryptoki_sys::*;

use super::cryptoki;
use crate::provider::Error;

cryptoki! {
    /// CKR_FUNCTION_NOT_PARALLEL.
    "5.20.1" fn C_GetFunctionStatus(_, _; hSession: CK_SESSION_HANDLE) {
        let _ = hSession;
        Err(Error::FunctionNotParallel.into())
    }

    /// CKR_FUNCTION_NOT_PARALLEL.
    "5.20.2" fn C_CancelFunction(_, _; hSession: CK_SESSION_HANDLE) {
        let _ = hSession;
        Err(Error::FunctionNotParallel.into())
    }
}
