//! Object management (PKCS #11 §5.7): search and attributes.

use std::sync::Arc;

use cryptoki_sys::*;

use crate::memory;
use crate::provider::error::{Error, Result};
use crate::provider::operation::{Search, matches_secret_key, matching, start, step};
use crate::provider::secret_key::SecretKey;
use crate::provider::types::{Attribute, AttributeRequest, ObjectHandle, Output};
use crate::token::attribute::{self, Cost, Value};
use crate::token::object::Object;
use crate::token::{Login, User};

use super::Session;

impl Session {
    /// C_FindObjectsInit. Finds at once; see [`matching`].
    pub fn find_init(&self, template: &[Attribute<'_>]) -> Result<()> {
        start(&mut self.operations().search, || {
            let handles = |section| self.token.handles(section);
            let mut found = self
                .token
                .with_token(|token| matching(token, handles, template))?;
            found.extend(self.matching_secret_keys(template));
            Ok(Search::new(found))
        })
    }

    /// C_FindObjects: hands the next objects out, at most `max`.
    pub fn find(&self, max: usize, out: impl FnMut(ObjectHandle) -> Result<()>) -> Result<()> {
        step(&mut self.operations().search, |search| search.next(max, out))
    }

    /// C_FindObjectsFinal.
    pub fn find_final(&self) -> Result<()> {
        step(&mut self.operations().search, Search::finish)
    }

    /// C_GetAttributeValue: an attribute that the object does not have, or does not give away, or
    /// for which there is no room, disturbs no other one. The error is that of the first of them.
    pub fn attributes(&self, object: ObjectHandle, wanted: &mut [AttributeRequest<'_>]) -> Result<()> {
        let object = self.visible(object)?;
        let mut refusals = Vec::new();
        for cost in [Cost::File, Cost::Head, Cost::Nothing] {
            for (place, request) in wanted.iter_mut().enumerate() {
                if attribute::cost(request.kind) != cost {
                    continue;
                }
                let size_only = matches!(request.out, Output::Size);
                let value = self.value(&object, request.kind, size_only)?;
                if let Err(error) = answer(request, value) {
                    memory::push(&mut refusals, (place, error))?;
                }
            }
        }
        match refusals.into_iter().min_by_key(|(place, _)| *place) {
            Some((_, first)) => Err(first),
            None => Ok(()),
        }
    }

    /// C_GetObjectSize: bytes of the object's attributes, as far as they are known without reading
    /// files.
    pub fn object_size(&self, object: ObjectHandle) -> Result<usize> {
        let object = self.visible(object)?;
        let kind = match &object {
            Visible::Secret(key) => return Ok(key.size()),
            Visible::Card(Object::Profile(id)) => return Ok(size_of_val(id)),
            Visible::Card(Object::Mechanism(kind)) => return Ok(size_of_val(kind)),
            Visible::Card(Object::Certificate(_) | Object::Data(_)) => CKA_VALUE,
            Visible::Card(Object::PublicKey(_) | Object::PrivateKey(_)) => CKA_MODULUS,
        };
        Ok(length(&self.value(&object, kind, true)?))
    }

    /// One attribute of a visible object. Without the login, which another program may have ended,
    /// a private object is not there: §5.7 has no CKR_USER_NOT_LOGGED_IN for its questions.
    fn value<'a>(
        &'a self,
        object: &'a Visible<'a>,
        kind: CK_ATTRIBUTE_TYPE,
        size_only: bool,
    ) -> Result<Value<'a>> {
        let object = match object {
            Visible::Card(object) => object,
            Visible::Secret(key) => return Ok(key.attribute(kind)),
        };
        let value = self
            .token
            .with_token(|token| Ok(token.attribute(object, kind, size_only)?));
        value.map_err(|error| match error {
            Error::UserNotLoggedIn => Error::ObjectHandleInvalid,
            other => other,
        })
    }

    /// C_SetAttributeValue. On the card only CKA_VALUE of a modifiable data object can change, as a
    /// whole: what a shorter value leaves of the file becomes zeros. The order of the refusals is
    /// that of the official module: handle, kind of session, object, attribute, login.
    pub fn set_attributes(&self, object: ObjectHandle, template: &[Attribute<'_>]) -> Result<()> {
        let on_card = match self.visible(object)? {
            Visible::Card(on_card) => on_card,
            Visible::Secret(_) => {
                return self
                    .token
                    .secret_keys()
                    .change(object, |key| key.change(template));
            }
        };
        self.writable()?;
        let data = match on_card {
            Object::Data(data) if data.entry.common.modifiable => data,
            _ => return Err(Error::ActionProhibited),
        };
        let value = new_value(template)?;
        // The card would say so too, after two exchanges; and another program's login is not ours.
        if self.token.login_state() != Login::In(User::Holder) {
            return Err(Error::UserNotLoggedIn);
        }
        self.token.with_token(|token| Ok(token.write_data(data, value)?))
    }

    /// The object behind a handle, if the caller may see it now.
    pub(super) fn visible(&self, handle: ObjectHandle) -> Result<Visible<'_>> {
        if let Some(key) = self.secret_key(handle) {
            return Ok(Visible::Secret(key));
        }
        let place = self.token.place(handle).ok_or(Error::ObjectHandleInvalid)?;
        let object = self.token.with_token(|token| Ok(place.object(token)?))?;
        match object {
            Some(object) if !object.private() || self.holder_logged_in() => Ok(Visible::Card(object)),
            _ => Err(Error::ObjectHandleInvalid),
        }
    }

    /// The secret key with this handle, if this session may see it now.
    pub(super) fn secret_key(&self, handle: ObjectHandle) -> Option<Arc<SecretKey>> {
        let key = self.token.secret_keys().get(handle)?;
        (!key.private() || self.holder_logged_in()).then_some(key)
    }

    /// Handles of the secret keys that this session may see and that have every attribute of the
    /// template, oldest first.
    fn matching_secret_keys(&self, template: &[Attribute<'_>]) -> Vec<ObjectHandle> {
        let logged_in = self.holder_logged_in();
        self.token
            .secret_keys()
            .find(|key| (logged_in || !key.private()) && matches_secret_key(key, template))
    }
}

/// An object that the caller may see.
pub(super) enum Visible<'a> {
    /// Of the card.
    Card(&'a Object),
    /// A session object.
    Secret(Arc<SecretKey>),
}

/// The one attribute that can change: CKA_VALUE of data.
fn new_value<'a>(template: &[Attribute<'a>]) -> Result<&'a [u8]> {
    match template {
        [] => Err(Error::ArgumentsBad),
        [attribute] if attribute.kind == CKA_VALUE => Ok(attribute.value),
        _ if template.iter().all(|attribute| attribute.kind == CKA_VALUE) => Err(Error::TemplateInconsistent),
        _ => Err(Error::AttributeReadOnly),
    }
}

fn length(value: &Value<'_>) -> usize {
    match value {
        Value::Bytes(bytes) => bytes.len(),
        Value::Length(length) => *length,
        Value::Sensitive | Value::Unknown => 0,
    }
}

/// §5.7.5: fills one request.
fn answer(request: &mut AttributeRequest<'_>, value: Value<'_>) -> Result<()> {
    request.len = None;
    let value = match value {
        Value::Sensitive => return Err(Error::AttributeSensitive),
        Value::Unknown => return Err(Error::AttributeTypeInvalid),
        Value::Length(length) => {
            request.len = Some(length);
            return Ok(());
        }
        Value::Bytes(value) => value,
    };
    if let Output::Buffer(buffer) = &mut request.out {
        let place = buffer
            .get_mut(..value.len())
            .ok_or(Error::BufferTooSmall(value.len()))?;
        place.copy_from_slice(&value);
    }
    request.len = Some(value.len());
    Ok(())
}
