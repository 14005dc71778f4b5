//! Message digesting (PKCS #11 §5.12).

use crate::provider::error::Result;
use crate::provider::library::Library;
use crate::provider::types::{Mechanism, Output, SessionHandle};

impl Library {
    /// C_DigestInit.
    pub fn digest_init(&self, session: SessionHandle, mechanism: &Mechanism) -> Result<()> {
        self.session(session)?.digest_init(mechanism)
    }

    /// C_Digest.
    pub fn digest(&self, session: SessionHandle, data: &[u8], out: Output<'_>) -> Result<usize> {
        self.session(session)?.digest(data, out)
    }

    /// C_DigestUpdate.
    pub fn digest_update(&self, session: SessionHandle, part: &[u8]) -> Result<()> {
        self.session(session)?.digest_update(part)
    }

    /// C_DigestFinal.
    pub fn digest_final(&self, session: SessionHandle, out: Output<'_>) -> Result<usize> {
        self.session(session)?.digest_final(out)
    }
}
