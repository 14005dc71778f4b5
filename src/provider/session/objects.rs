//! Object management (PKCS #11 §5.7): search, attributes, and the way from a handle to a key.

use std::sync::Arc;

use crate::card::CardError;
use crate::memory;
use crate::token::attribute::{self, Cost, Value};
use crate::token::object::{Object, PrivateKey, PublicKeyObject};
use crate::token::{self, Token, mechanism};
use cryptoki_sys::*;

use crate::provider::error::{Error, Result};
use crate::provider::library::Library;
use crate::provider::operation::{Step, start, step};
use crate::provider::secret_key::SecretKey;
use crate::provider::session::Session;
use crate::provider::slot::{Inserted, Place};
use crate::provider::types::{
    Attribute, AttributeRequest, MechanismType, ObjectHandle, Output, SessionHandle,
};

/// Objects of a card with many situations.
const USUAL_OBJECTS: usize = 64;

/// A search under way: what it found and the caller has not fetched yet.
pub struct Search {
    found: std::vec::IntoIter<ObjectHandle>,
}

/// What a key is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// C_Sign with a private key.
    Sign,
    /// C_SignRecover with a private key.
    SignRecover,
    /// C_Decrypt with a private key.
    Decrypt,
    /// C_UnwrapKey with a private key.
    Unwrap,
    /// C_Verify with a public key.
    Verify,
    /// C_VerifyRecover with a public key.
    VerifyRecover,
    /// C_Encrypt with a public key.
    Encrypt,
}

/// A key of a token, held by an operation.
pub struct KeyHandle {
    inserted: Inserted,
    place: Place,
}

impl KeyHandle {
    fn object(&self) -> Option<&Object> {
        let Place { section, index } = self.place;
        self.inserted.token.section(section).ok()?.get(index)
    }

    /// The private key, if it is one.
    pub fn private(&self) -> Option<&PrivateKey> {
        match self.object()? {
            Object::PrivateKey(key) => Some(key),
            _ => None,
        }
    }

    /// The public key, if it is one.
    pub fn public(&self) -> Option<&PublicKeyObject> {
        match self.object()? {
            Object::PublicKey(key) => Some(key),
            _ => None,
        }
    }

    /// Whether a signature of this mechanism can be of this public key's private half.
    pub fn verifies(&self, kind: MechanismType) -> bool {
        match self.private_half() {
            Some(private) => mechanism::signs(private, kind),
            None => self.inserted.token.verifies(kind),
        }
    }

    /// Whether a cryptogram of this mechanism can be deciphered by this public key's private half.
    pub fn enciphers(&self, kind: MechanismType) -> bool {
        self.private_half()
            .is_some_and(|private| mechanism::deciphers(private, kind))
    }

    fn private_half(&self) -> Option<&PrivateKey> {
        let id = &self.public()?.id;
        self.inserted.token.private_key_of(id).ok()?
    }
}

impl Library {
    /// C_FindObjectsInit. Finds at once: a search answered from memory, the certificates' files are read only when the template
    /// asks for something in them.
    pub fn find_init(&self, session: SessionHandle, template: &[Attribute<'_>]) -> Result<()> {
        let session = self.live_session(session)?;
        let mut operations = session.operations();
        start(&mut operations.search, || {
            let mut found = self.note(&session, matching(&session, template))?;
            found.extend(self.matching_secret_keys(&session, template));
            Ok(Search {
                found: found.into_iter(),
            })
        })
    }

    /// C_FindObjects: hands the next objects out, at most `max`.
    pub fn find(
        &self,
        session: SessionHandle,
        max: usize,
        out: impl FnMut(ObjectHandle) -> Result<()>,
    ) -> Result<()> {
        let session = self.session(session)?;
        step(&mut session.operations().search, |search| {
            search
                .found
                .by_ref()
                .take(max)
                .try_for_each(out)
                .map(Step::GoesOn)
        })
    }

    /// C_FindObjectsFinal.
    pub fn find_final(&self, session: SessionHandle) -> Result<()> {
        let session = self.session(session)?;
        step(&mut session.operations().search, |_| Ok(Step::Ended(())))
    }

    /// C_GetAttributeValue: an attribute that the object does not have, or does not give away, or for which there is no room, disturbs no other one.
    /// The error is that of the first of them.
    pub fn attributes(
        &self,
        session: SessionHandle,
        object: ObjectHandle,
        wanted: &mut [AttributeRequest<'_>],
    ) -> Result<()> {
        let session = self.session(session)?;
        let object = self.visible(&session, object)?;
        let mut refusals = Vec::new();
        for cost in [Cost::File, Cost::Head, Cost::Nothing] {
            for (place, request) in wanted.iter_mut().enumerate() {
                if attribute::cost(request.kind) != cost {
                    continue;
                }
                let size_only = matches!(request.out, Output::Size);
                let value = self.value(&session, &object, request.kind, size_only)?;
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

    /// C_GetObjectSize: bytes of the object's attributes, as far as they are known without reading files.
    pub fn object_size(&self, session: SessionHandle, object: ObjectHandle) -> Result<usize> {
        let session = self.session(session)?;
        let object = self.visible(&session, object)?;
        let kind = match &object {
            Visible::Secret(_, key) => return Ok(key.size()),
            Visible::Card(Object::Profile(id)) => return Ok(size_of_val(id)),
            Visible::Card(Object::Mechanism(kind)) => return Ok(size_of_val(kind)),
            Visible::Card(Object::Certificate(_) | Object::Data(_)) => CKA_VALUE,
            Visible::Card(Object::PublicKey(_) | Object::PrivateKey(_)) => CKA_MODULUS,
        };
        Ok(length(&self.value(&session, &object, kind, true)?))
    }

    /// One attribute of a visible object. Without the login, which another program may have ended, a private object is not there:
    /// §5.7 has no CKR_USER_NOT_LOGGED_IN for its questions.
    fn value<'a>(
        &self,
        session: &'a Session,
        object: &'a Visible<'a>,
        kind: CK_ATTRIBUTE_TYPE,
        size_only: bool,
    ) -> Result<Value<'a>> {
        let object = match object {
            Visible::Card(object) => object,
            Visible::Secret(_, key) => return Ok(key.attribute(kind)),
        };
        let value = session.token().attribute(object, kind, size_only);
        self.note(session, value).map_err(|error| match error {
            Error::UserNotLoggedIn => Error::ObjectHandleInvalid,
            other => other,
        })
    }

    /// C_SetAttributeValue. On the card only CKA_VALUE of a modifiable data object can change, as a whole: what a shorter value leaves of the
    /// file becomes zeros. The order of the refusals is that of the official module: handle, kind of session, object, attribute, login.
    pub fn set_attributes(
        &self,
        session: SessionHandle,
        object: ObjectHandle,
        template: &[Attribute<'_>],
    ) -> Result<()> {
        let session = self.session(session)?;
        let on_card = match self.visible(&session, object)? {
            Visible::Card(on_card) => on_card,
            Visible::Secret(owner, _) => return Self::change_secret_key(&owner, object, template),
        };
        session.writable()?;
        let data = match on_card {
            Object::Data(data) if data.entry.common.modifiable => data,
            _ => return Err(Error::ActionProhibited),
        };
        let value = new_value(template)?;
        // The card would say so too, after two exchanges; and another program's login is not ours.
        if !session.holder_still_logged_in() {
            return Err(Error::UserNotLoggedIn);
        }
        self.note(&session, session.token().write_data(data, value))
    }

    /// The object behind a handle, if the caller may see it now.
    pub(in crate::provider) fn visible<'a>(
        &self,
        session: &'a Session,
        handle: ObjectHandle,
    ) -> Result<Visible<'a>> {
        if let Some((owner, key)) = self.secret_key(session, handle) {
            return Ok(Visible::Secret(owner, key));
        }
        let object = self
            .any_object(session, handle)?
            .ok_or(Error::ObjectHandleInvalid)?;
        if object.private() && !session.holder_logged_in() {
            return Err(Error::ObjectHandleInvalid);
        }
        Ok(Visible::Card(object))
    }

    fn any_object<'a>(&self, session: &'a Session, handle: ObjectHandle) -> Result<Option<&'a Object>> {
        let Some(Place { section, index }) = session.inserted.place(handle) else {
            return Ok(None);
        };
        Ok(self.note(session, session.token().section(section))?.get(index))
    }

    /// A key that may be used now for `wanted`; the order of the refusals is that of the standard's and the official module's
    /// tests: handle, login, kind of key, permission.
    pub(in crate::provider) fn key(
        &self,
        session: &Session,
        handle: ObjectHandle,
        mechanism: MechanismType,
        wanted: Use,
    ) -> Result<KeyHandle> {
        if self.secret_key(session, handle).is_some() {
            // Whatever secret keys are for, no mechanism here is.
            return Err(if mechanism::of_rsa(mechanism) {
                Error::KeyTypeInconsistent
            } else {
                Error::MechanismInvalid
            });
        }
        let object = self.any_object(session, handle)?.ok_or(Error::KeyHandleInvalid)?;
        if object.private() && !session.holder_still_logged_in() {
            return Err(Error::UserNotLoggedIn);
        }
        let usage = |key| self.note(session, session.token().public_usage(key));
        let permitted = match (object, wanted) {
            (Object::PrivateKey(key), Use::Sign) => key.signs(),
            (Object::PrivateKey(key), Use::SignRecover) => key.signs_bare_data(),
            (Object::PrivateKey(key), Use::Decrypt) => key.entry.usage.decrypt,
            (Object::PrivateKey(key), Use::Unwrap) => key.unwraps(),
            (Object::PublicKey(key), Use::Verify) => usage(key)?.verify,
            (Object::PublicKey(key), Use::VerifyRecover) => usage(key)?.verify_recover,
            (Object::PublicKey(key), Use::Encrypt) => usage(key)?.encrypt,
            (Object::PrivateKey(_) | Object::PublicKey(_), _) => return Err(Error::KeyTypeInconsistent),
            _ => return Err(Error::KeyHandleInvalid),
        };
        if !permitted {
            return Err(Error::KeyFunctionNotPermitted);
        }
        let place = session.inserted.place(handle).ok_or(Error::KeyHandleInvalid)?;
        Ok(KeyHandle {
            inserted: session.inserted.clone(),
            place,
        })
    }
}

/// An object that the caller may see.
pub enum Visible<'a> {
    /// Of the card.
    Card(&'a Object),
    /// A session object, with the session that made it.
    Secret(Arc<Session>, Arc<SecretKey>),
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

/// Handles of the visible objects that have every attribute of the template. Only the directory files are read that can hold one:
/// none for a class that no card has, for which Firefox and others ask dozens of times.
fn matching(
    session: &Session,
    template: &[Attribute<'_>],
) -> std::result::Result<Vec<ObjectHandle>, token::Error> {
    let token = session.token();
    let logged_in = session.holder_logged_in();
    let class = template.iter().find(|attribute| attribute.kind == CKA_CLASS);
    let mut found = memory::with_room(USUAL_OBJECTS)?;
    for section in token.sections(class.map(|class| class.value), logged_in)? {
        let handles = session.inserted.handles(section);
        for (object, handle) in token.section(section)?.iter().zip(handles) {
            let visible = logged_in || !object.private();
            if visible && (template.is_empty() || matches(token, object, template)?) {
                memory::push(&mut found, handle)?;
            }
        }
    }
    Ok(found)
}

/// Compares what is in memory first; files are read for what is left.
fn matches(
    token: &Token,
    object: &Object,
    template: &[Attribute<'_>],
) -> std::result::Result<bool, token::Error> {
    for cost in [Cost::Nothing, Cost::Head, Cost::File] {
        for wanted in template
            .iter()
            .filter(|wanted| attribute::cost(wanted.kind) == cost)
        {
            if !has(token, object, wanted)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Whether the object has this attribute with this value. One that cannot be read has none: another object may match.
fn has(token: &Token, object: &Object, wanted: &Attribute<'_>) -> std::result::Result<bool, token::Error> {
    let value = match token.attribute(object, wanted.kind, false) {
        Err(
            token::Error::NotLoggedIn
            | token::Error::NoPublicKey
            | token::Error::NoCertificate(_)
            | token::Error::Card(CardError::Malformed(_) | CardError::Truncated | CardError::NotFound(_)),
        ) => return Ok(false),
        value => value?,
    };
    Ok(same_value(&value, wanted))
}

/// Whether a value is the one that a search wants.
pub fn same_value(value: &Value<'_>, wanted: &Attribute<'_>) -> bool {
    match value {
        Value::Bytes(value) if wanted.kind == CKA_SERIAL_NUMBER => {
            attribute::same_serial(value, wanted.value)
        }
        Value::Bytes(value) => **value == *wanted.value,
        Value::Length(_) | Value::Sensitive | Value::Unknown => false,
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
