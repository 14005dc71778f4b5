//! Signing (PKCS #11 §5.13).

use crate::provider::error::Result;
use crate::provider::library::Library;
use crate::provider::types::{Mechanism, ObjectHandle, Output, SessionHandle};

impl Library {
    /// C_SignInit.
    pub fn sign_init(&self, session: SessionHandle, mechanism: &Mechanism, key: ObjectHandle) -> Result<()> {
        self.session(session)?.sign_init(mechanism, key)
    }

    /// C_Sign. NULL as data is `None`.
    pub fn sign(&self, session: SessionHandle, data: Option<&[u8]>, out: Output<'_>) -> Result<usize> {
        self.session_for(session, &out)?.sign(data, out)
    }

    /// C_SignUpdate.
    pub fn sign_update(&self, session: SessionHandle, part: &[u8]) -> Result<()> {
        self.session(session)?.sign_update(part)
    }

    /// C_SignFinal.
    pub fn sign_final(&self, session: SessionHandle, out: Output<'_>) -> Result<usize> {
        self.session_for(session, &out)?.sign_final(out)
    }

    /// C_SignRecoverInit.
    pub fn sign_recover_init(
        &self,
        session: SessionHandle,
        mechanism: &Mechanism,
        key: ObjectHandle,
    ) -> Result<()> {
        self.session(session)?.sign_recover_init(mechanism, key)
    }

    /// C_SignRecover.
    pub fn sign_recover(&self, session: SessionHandle, data: &[u8], out: Output<'_>) -> Result<usize> {
        self.session_for(session, &out)?.sign_recover(data, out)
    }
}
