//! Encryption (PKCS #11 §5.8).

use crate::provider::error::Result;
use crate::provider::library::Library;
use crate::provider::types::{Mechanism, ObjectHandle, Output, SessionHandle};

impl Library {
    /// C_EncryptInit.
    pub fn encrypt_init(
        &self,
        session: SessionHandle,
        mechanism: &Mechanism,
        key: ObjectHandle,
    ) -> Result<()> {
        self.session(session)?.encrypt_init(mechanism, key)
    }

    /// C_Encrypt.
    pub fn encrypt(&self, session: SessionHandle, data: &[u8], out: Output<'_>) -> Result<usize> {
        self.session(session)?.encrypt(data, out)
    }

    /// C_EncryptUpdate.
    pub fn encrypt_update(&self, session: SessionHandle, part: &[u8], out: Output<'_>) -> Result<usize> {
        self.session(session)?.encrypt_update(part, out)
    }

    /// C_EncryptFinal.
    pub fn encrypt_final(&self, session: SessionHandle, out: Output<'_>) -> Result<usize> {
        self.session(session)?.encrypt_final(out)
    }
}
