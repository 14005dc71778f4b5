//! Decryption (PKCS #11 §5.10).

use crate::provider::error::Result;
use crate::provider::library::Library;
use crate::provider::types::{Mechanism, ObjectHandle, Output, SessionHandle};

impl Library {
    /// C_DecryptInit.
    pub fn decrypt_init(
        &self,
        session: SessionHandle,
        mechanism: &Mechanism,
        key: ObjectHandle,
    ) -> Result<()> {
        self.session(session)?.decrypt_init(mechanism, key)
    }

    /// C_Decrypt.
    pub fn decrypt(&self, session: SessionHandle, cryptogram: &[u8], out: Output<'_>) -> Result<usize> {
        self.session_for(session, &out)?.decrypt(cryptogram, out)
    }

    /// C_DecryptUpdate.
    pub fn decrypt_update(&self, session: SessionHandle, part: &[u8], out: Output<'_>) -> Result<usize> {
        self.session(session)?.decrypt_update(part, out)
    }

    /// C_DecryptFinal.
    pub fn decrypt_final(&self, session: SessionHandle, out: Output<'_>) -> Result<usize> {
        self.session_for(session, &out)?.decrypt_final(out)
    }
}
