//! Object management (PKCS #11 §5.7).

use crate::provider::error::Result;
use crate::provider::library::Library;
use crate::provider::types::{Attribute, AttributeRequest, ObjectHandle, SessionHandle};

impl Library {
    /// C_FindObjectsInit.
    pub fn find_init(&self, session: SessionHandle, template: &[Attribute<'_>]) -> Result<()> {
        self.live_session(session)?.find_init(template)
    }

    /// C_FindObjects.
    pub fn find(
        &self,
        session: SessionHandle,
        max: usize,
        out: impl FnMut(ObjectHandle) -> Result<()>,
    ) -> Result<()> {
        self.session(session)?.find(max, out)
    }

    /// C_FindObjectsFinal.
    pub fn find_final(&self, session: SessionHandle) -> Result<()> {
        self.session(session)?.find_final()
    }

    /// C_GetAttributeValue.
    pub fn attributes(
        &self,
        session: SessionHandle,
        object: ObjectHandle,
        wanted: &mut [AttributeRequest<'_>],
    ) -> Result<()> {
        self.session(session)?.attributes(object, wanted)
    }

    /// C_GetObjectSize.
    pub fn object_size(&self, session: SessionHandle, object: ObjectHandle) -> Result<usize> {
        self.session(session)?.object_size(object)
    }

    /// C_SetAttributeValue.
    pub fn set_attributes(
        &self,
        session: SessionHandle,
        object: ObjectHandle,
        template: &[Attribute<'_>],
    ) -> Result<()> {
        self.session(session)?.set_attributes(object, template)
    }

    /// C_DestroyObject.
    pub fn destroy_object(&self, session: SessionHandle, object: ObjectHandle) -> Result<()> {
        self.session(session)?.destroy_object(object)
    }
}
