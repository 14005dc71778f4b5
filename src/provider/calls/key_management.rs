//! Key management (PKCS #11 §5.18).

use crate::provider::error::Result;
use crate::provider::library::Library;
use crate::provider::types::{Attribute, Mechanism, ObjectHandle, SessionHandle};

impl Library {
    /// C_UnwrapKey.
    pub fn unwrap_key(
        &self,
        session: SessionHandle,
        mechanism: &Mechanism,
        key: ObjectHandle,
        wrapped: &[u8],
        template: &[Attribute<'_>],
    ) -> Result<ObjectHandle> {
        self.live_session(session)?
            .unwrap_key(mechanism, key, wrapped, template)
    }
}
