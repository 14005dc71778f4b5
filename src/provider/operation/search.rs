//! Searching for objects (PKCS #11 §5.7.7 to §5.7.9).

use std::ops::Range;

use cryptoki_sys::{CKA_CLASS, CKA_SERIAL_NUMBER};

use crate::card::CardError;
use crate::memory;
use crate::provider::error::{Refusal, Result};
use crate::provider::secret_key::SecretKey;
use crate::provider::types::{Attribute, ObjectHandle};
use crate::token::attribute::{self, Cost, Value};
use crate::token::object::{Object, Section};
use crate::token::{self, Login, Token, User};

use super::step::Step;

/// Objects of a card with many situations.
const USUAL_OBJECTS: usize = 64;

/// A search under way: what it found and the caller has not fetched yet.
pub struct Search {
    found: std::vec::IntoIter<ObjectHandle>,
}

impl Search {
    /// C_FindObjectsInit: finds at once.
    pub fn new(found: Vec<ObjectHandle>) -> Search {
        Search {
            found: found.into_iter(),
        }
    }

    /// C_FindObjects: hands the next objects out, at most `max`.
    pub fn next(&mut self, max: usize, out: impl FnMut(ObjectHandle) -> Result<()>) -> Result<Step<()>> {
        let found = self.found.by_ref();
        found.take(max).try_for_each(out).map(Step::GoesOn)
    }

    /// C_FindObjectsFinal.
    pub fn finish(&mut self) -> Result<Step<()>> {
        Ok(Step::Ended(()))
    }
}

/// Handles of the visible objects of the card that have every attribute of the template. Only the
/// directory files are read that can hold one: none for a class that no card has, for which Firefox
/// and others ask dozens of times. The certificates' files are read only when the template asks for
/// something in them.
pub fn matching(
    token: &Token,
    handles: impl Fn(Section) -> Range<ObjectHandle>,
    template: &[Attribute<'_>],
) -> Result<Vec<ObjectHandle>, Refusal> {
    let logged_in = token.login() == Login::In(User::Holder);
    let class = template.iter().find(|attribute| attribute.kind == CKA_CLASS);
    let mut found = memory::with_room(USUAL_OBJECTS)?;
    for section in token.sections(class.map(|class| class.value), logged_in)? {
        for (object, handle) in token.section(section)?.iter().zip(handles(section)) {
            let visible = logged_in || !object.private();
            if visible && (template.is_empty() || matches(token, object, template)?) {
                memory::push(&mut found, handle)?;
            }
        }
    }
    Ok(found)
}

/// Whether a session object has every attribute of the template.
pub fn matches_secret_key(key: &SecretKey, template: &[Attribute<'_>]) -> bool {
    template
        .iter()
        .all(|wanted| same_value(&key.attribute(wanted.kind), wanted))
}

/// Compares what is in memory first; files are read for what is left.
fn matches(token: &Token, object: &Object, template: &[Attribute<'_>]) -> Result<bool, token::Error> {
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

/// Whether the object has this attribute with this value. One that cannot be read has none: another
/// object may match.
fn has(token: &Token, object: &Object, wanted: &Attribute<'_>) -> Result<bool, token::Error> {
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
fn same_value(value: &Value<'_>, wanted: &Attribute<'_>) -> bool {
    match value {
        Value::Bytes(value) if wanted.kind == CKA_SERIAL_NUMBER => {
            attribute::same_serial(value, wanted.value)
        }
        Value::Bytes(value) => **value == *wanted.value,
        Value::Length(_) | Value::Sensitive | Value::Unknown => false,
    }
}
