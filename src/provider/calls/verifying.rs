//! Verifying (PKCS #11 §5.15).

use crate::provider::error::Result;
use crate::provider::library::Library;
use crate::provider::types::{Mechanism, ObjectHandle, Output, SessionHandle};

impl Library {
    /// C_VerifyInit.
    pub fn verify_init(
        &self,
        session: SessionHandle,
        mechanism: &Mechanism,
        key: ObjectHandle,
    ) -> Result<()> {
        self.session(session)?.verify_init(mechanism, key)
    }

    /// C_Verify.
    pub fn verify(&self, session: SessionHandle, data: &[u8], signature: &[u8]) -> Result<()> {
        self.session(session)?.verify(data, signature)
    }

    /// C_VerifyUpdate.
    pub fn verify_update(&self, session: SessionHandle, part: &[u8]) -> Result<()> {
        self.session(session)?.verify_update(part)
    }

    /// C_VerifyFinal.
    pub fn verify_final(&self, session: SessionHandle, signature: &[u8]) -> Result<()> {
        self.session(session)?.verify_final(signature)
    }

    /// C_VerifyRecoverInit.
    pub fn verify_recover_init(
        &self,
        session: SessionHandle,
        mechanism: &Mechanism,
        key: ObjectHandle,
    ) -> Result<()> {
        self.session(session)?.verify_recover_init(mechanism, key)
    }

    /// C_VerifyRecover.
    pub fn verify_recover(&self, session: SessionHandle, signature: &[u8], out: Output<'_>) -> Result<usize> {
        self.session(session)?.verify_recover(signature, out)
    }
}
