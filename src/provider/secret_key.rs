//! Secret keys as session objects (PKCS #11 §4.1, §4.4, §4.7, §4.10): what C_UnwrapKey makes. The
//! module computes nothing with them: an application reads their value, if its template lets it.

use std::collections::BTreeMap;

use cryptoki_sys::*;
use zeroize::Zeroizing;

use crate::crypto::Hash;
use crate::token::attribute::Value;

use super::error::{Error, Result};
use super::types::{Attribute, AttributeType};

/// What a value looks like.
#[derive(Clone, Copy)]
enum Shape {
    /// CK_BBOOL.
    Bool,
    /// CK_ULONG.
    Ulong,
    /// An array of them.
    Ulongs,
    /// CK_DATE, or nothing.
    Date,
    /// Anything.
    Bytes,
}

impl Shape {
    fn fits(self, value: &[u8]) -> bool {
        match self {
            Shape::Bool => matches!(value, [CK_FALSE | CK_TRUE]),
            Shape::Ulong => value.len() == size_of::<CK_ULONG>(),
            Shape::Ulongs => value.len().is_multiple_of(size_of::<CK_ULONG>()),
            Shape::Date => value.is_empty() || value.len() == size_of::<CK_DATE>(),
            Shape::Bytes => true,
        }
    }
}

/// When an application may set an attribute.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// With the template that makes the key.
    Once,
    /// Also later (footnote 8 of the standard's tables).
    Always,
    /// Also later, as long as it does not have this value (footnotes 11 and 12).
    Before(CK_BBOOL),
}

/// An attribute that an application may set.
struct Rule {
    kind: AttributeType,
    shape: Shape,
    when: When,
    default: &'static [u8],
}

const fn rule(kind: AttributeType, shape: Shape, when: When, default: &'static [u8]) -> Rule {
    Rule {
        kind,
        shape,
        when,
        default,
    }
}

const NO: &[u8] = &[CK_FALSE];
const YES: &[u8] = &[CK_TRUE];
const EMPTY: &[u8] = &[];

/// CKA_PRIVATE, and the uses of the key, have defaults of the token's own (footnote 9): the user
/// who unwraps is logged in, and the module does nothing with the key. CKA_KEY_TYPE has none.
const RULES: [Rule; 22] = [
    rule(CKA_KEY_TYPE, Shape::Ulong, When::Once, EMPTY),
    rule(CKA_TOKEN, Shape::Bool, When::Once, NO),
    rule(CKA_PRIVATE, Shape::Bool, When::Once, YES),
    rule(CKA_MODIFIABLE, Shape::Bool, When::Once, YES),
    rule(CKA_COPYABLE, Shape::Bool, When::Once, NO),
    rule(CKA_DESTROYABLE, Shape::Bool, When::Once, YES),
    rule(CKA_TRUSTED, Shape::Bool, When::Once, NO),
    rule(CKA_ALLOWED_MECHANISMS, Shape::Ulongs, When::Once, EMPTY),
    rule(CKA_LABEL, Shape::Bytes, When::Always, EMPTY),
    rule(CKA_ID, Shape::Bytes, When::Always, EMPTY),
    rule(CKA_START_DATE, Shape::Date, When::Always, EMPTY),
    rule(CKA_END_DATE, Shape::Date, When::Always, EMPTY),
    rule(CKA_DERIVE, Shape::Bool, When::Always, NO),
    rule(CKA_ENCRYPT, Shape::Bool, When::Always, NO),
    rule(CKA_DECRYPT, Shape::Bool, When::Always, NO),
    rule(CKA_SIGN, Shape::Bool, When::Always, NO),
    rule(CKA_VERIFY, Shape::Bool, When::Always, NO),
    rule(CKA_WRAP, Shape::Bool, When::Always, NO),
    rule(CKA_UNWRAP, Shape::Bool, When::Always, NO),
    rule(CKA_SENSITIVE, Shape::Bool, When::Before(CK_TRUE), NO),
    rule(CKA_EXTRACTABLE, Shape::Bool, When::Before(CK_FALSE), YES),
    rule(CKA_WRAP_WITH_TRUSTED, Shape::Bool, When::Before(CK_TRUE), NO),
];

/// What only the module says of a key (footnotes 4 and 6), or the wrapped key.
const READ_ONLY: [AttributeType; 7] = [
    CKA_UNIQUE_ID,
    CKA_VALUE,
    CKA_LOCAL,
    CKA_ALWAYS_SENSITIVE,
    CKA_NEVER_EXTRACTABLE,
    CKA_KEY_GEN_MECHANISM,
    CKA_OBJECT_VALIDATION_FLAGS,
];

/// Attributes of the standard that other kinds of objects have; and templates within a key, of
/// which a token that does not keep them has to say so (§4.7 "Template Attributes").
const FOREIGN: [AttributeType; 49] = [
    CKA_WRAP_TEMPLATE,
    CKA_UNWRAP_TEMPLATE,
    CKA_DERIVE_TEMPLATE,
    CKA_ENCAPSULATE_TEMPLATE,
    CKA_DECAPSULATE_TEMPLATE,
    CKA_APPLICATION,
    CKA_OBJECT_ID,
    CKA_CERTIFICATE_TYPE,
    CKA_ISSUER,
    CKA_SERIAL_NUMBER,
    CKA_AC_ISSUER,
    CKA_OWNER,
    CKA_ATTR_TYPES,
    CKA_CERTIFICATE_CATEGORY,
    CKA_JAVA_MIDP_SECURITY_DOMAIN,
    CKA_URL,
    CKA_HASH_OF_SUBJECT_PUBLIC_KEY,
    CKA_HASH_OF_ISSUER_PUBLIC_KEY,
    CKA_NAME_HASH_ALGORITHM,
    CKA_SUBJECT,
    CKA_SIGN_RECOVER,
    CKA_VERIFY_RECOVER,
    CKA_ENCAPSULATE,
    CKA_DECAPSULATE,
    CKA_MODULUS,
    CKA_MODULUS_BITS,
    CKA_PUBLIC_EXPONENT,
    CKA_PRIVATE_EXPONENT,
    CKA_PRIME_1,
    CKA_PRIME_2,
    CKA_EXPONENT_1,
    CKA_EXPONENT_2,
    CKA_COEFFICIENT,
    CKA_PUBLIC_KEY_INFO,
    CKA_PRIME,
    CKA_SUBPRIME,
    CKA_BASE,
    CKA_PRIME_BITS,
    CKA_SUBPRIME_BITS,
    CKA_VALUE_BITS,
    CKA_EC_PARAMS,
    CKA_EC_POINT,
    CKA_ALWAYS_AUTHENTICATE,
    CKA_PARAMETER_SET,
    CKA_PUBLIC_CRC64_VALUE,
    CKA_SEED,
    CKA_HW_FEATURE_TYPE,
    CKA_MECHANISM_TYPE,
    CKA_PROFILE_ID,
];

/// The lengths in bytes that keys of a type can have; `None` is any but 0.
type Lengths = Option<&'static [usize]>;

/// Those of the types of keys that arrive with XML and CMS messages.
fn lengths(key_type: CK_KEY_TYPE) -> Result<Lengths> {
    Ok(match key_type {
        CKK_GENERIC_SECRET => None,
        CKK_AES => Some(&[16, 24, 32]),
        CKK_DES2 => Some(&[16]),
        CKK_DES3 => Some(&[24]),
        // A type of the standard, which this token does not make.
        0..=CKK_SLH_DSA => return Err(Error::TemplateInconsistent),
        _ => return Err(Error::AttributeValueInvalid),
    })
}

type Values = BTreeMap<AttributeType, Vec<u8>>;

/// What a template says, each value of a possible shape and not contradicted.
#[derive(Default)]
struct Given {
    values: Values,
    class: bool,
    len: Option<CK_ULONG>,
    check_value: Option<Vec<u8>>,
}

impl Given {
    fn read(template: &[Attribute<'_>]) -> Result<Given> {
        let mut given = Given::default();
        for Attribute { kind, value } in template {
            match *kind {
                CKA_CLASS if ulong(value)? == CKO_SECRET_KEY => given.class = true,
                CKA_CLASS => return Err(Error::TemplateInconsistent),
                CKA_VALUE_LEN => once(given.len.replace(ulong(value)?), ulong(value)?)?,
                CKA_CHECK_VALUE => once(given.check_value.replace(copy(value)?).as_deref(), *value)?,
                kind if READ_ONLY.contains(&kind) => return Err(Error::AttributeReadOnly),
                kind if FOREIGN.contains(&kind) => return Err(Error::TemplateInconsistent),
                kind => {
                    let shape = rule_of(kind)?.shape;
                    if !shape.fits(value) {
                        return Err(Error::AttributeValueInvalid);
                    }
                    once(given.values.insert(kind, copy(value)?).as_deref(), *value)?;
                }
            }
        }
        Ok(given)
    }
}

fn rule_of(kind: AttributeType) -> Result<&'static Rule> {
    let rule = RULES.iter().find(|rule| rule.kind == kind);
    rule.ok_or(Error::AttributeTypeInvalid)
}

/// An attribute may come twice with the same value.
fn once<T: PartialEq>(before: Option<T>, now: T) -> Result<()> {
    match before {
        Some(before) if before != now => Err(Error::TemplateInconsistent),
        _ => Ok(()),
    }
}

fn ulong(value: &[u8]) -> Result<CK_ULONG> {
    let bytes = value.try_into().map_err(|_| Error::AttributeValueInvalid)?;
    Ok(CK_ULONG::from_ne_bytes(bytes))
}

fn copy(value: &[u8]) -> Result<Vec<u8>> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(value.len())
        .map_err(|_| Error::HostMemory)?;
    copy.extend_from_slice(value);
    Ok(copy)
}

/// CKA_CHECK_VALUE of a generic secret: the first three bytes of its SHA-1.
fn check_value(value: &[u8]) -> [u8; 3] {
    let digest = Hash::Sha1.digest(value);
    digest.first_chunk::<3>().copied().unwrap_or_default()
}

fn is(values: &Values, kind: AttributeType) -> bool {
    values.get(&kind).is_some_and(|value| value == YES)
}

/// A key to be unwrapped, as its template describes it.
pub struct Template {
    values: Values,
    lengths: Lengths,
    len: Option<usize>,
    check_value: Option<Vec<u8>>,
}

impl Template {
    /// Reads and checks the template of C_UnwrapKey. `longest` is the length of the longest key
    /// that can come out, `read_write` says of which kind the session is.
    pub fn read(template: &[Attribute<'_>], longest: usize, read_write: bool) -> Result<Template> {
        let Given {
            mut values,
            len,
            check_value,
            ..
        } = Given::read(template)?;
        let key_type = values.get(&CKA_KEY_TYPE).ok_or(Error::TemplateIncomplete)?;
        let lengths = lengths(ulong(key_type)?)?;
        match (is(&values, CKA_TOKEN), read_write) {
            (true, false) => return Err(Error::SessionReadOnly),
            // A card keeps no such keys.
            (true, true) => return Err(Error::TemplateInconsistent),
            (false, _) => {}
        }
        if is(&values, CKA_COPYABLE) {
            return Err(Error::TemplateInconsistent);
        }
        // Only the security officer's to set, who unwraps nothing.
        if is(&values, CKA_TRUSTED) {
            return Err(Error::AttributeReadOnly);
        }
        for rule in &RULES {
            values.entry(rule.kind).or_insert_with(|| rule.default.to_vec());
        }
        let template = Template {
            values,
            lengths,
            len: len.map(|len| usize::try_from(len).unwrap_or(usize::MAX)),
            check_value,
        };
        match template.len {
            Some(len) if len > longest || !template.takes(len) => Err(Error::WrappedKeyLenRange),
            _ => Ok(template),
        }
    }

    fn takes(&self, len: usize) -> bool {
        self.lengths.map_or(len > 0, |lengths| lengths.contains(&len)) && self.len.is_none_or(|it| it == len)
    }

    /// The answer to a wrapped key that is none. Where the length of the key is known before, it is
    /// the same for a malformed block and for a well-formed one with a key of another length: a
    /// caller that tries cryptograms must not learn which it was.
    pub fn refusal(&self) -> Error {
        match (self.lengths, self.len) {
            (None, None) => Error::WrappedKeyInvalid,
            _ => Error::WrappedKeyLenRange,
        }
    }

    /// The key with this value.
    pub fn key(self, value: Zeroizing<Vec<u8>>, unique_id: String) -> Result<SecretKey> {
        if !self.takes(value.len()) {
            return Err(self.refusal());
        }
        // Those of ciphers are of what the cipher makes of zeros, and there is no cipher here.
        let checked = self.lengths.is_none();
        let given = self.check_value.as_deref().filter(|_| checked);
        if given.is_some_and(|given| !given.is_empty() && given != check_value(&value)) {
            return Err(Error::AttributeValueInvalid);
        }
        Ok(SecretKey {
            value,
            values: self.values,
            checked: checked && given != Some(&[]),
            unique_id,
        })
    }
}

/// A secret key. Its value is wiped with it.
#[derive(Clone)]
pub struct SecretKey {
    value: Zeroizing<Vec<u8>>,
    values: Values,
    /// It has a CKA_CHECK_VALUE.
    checked: bool,
    unique_id: String,
}

impl SecretKey {
    /// CKA_PRIVATE.
    pub fn private(&self) -> bool {
        is(&self.values, CKA_PRIVATE)
    }

    /// CKA_DESTROYABLE.
    pub fn destroyable(&self) -> bool {
        is(&self.values, CKA_DESTROYABLE)
    }

    /// Length of the value in bytes.
    pub fn size(&self) -> usize {
        self.value.len()
    }

    /// One attribute.
    pub fn attribute(&self, kind: AttributeType) -> Value<'_> {
        match kind {
            CKA_CLASS => Value::ulong(CKO_SECRET_KEY),
            CKA_VALUE if self.readable() => Value::bytes(&self.value),
            CKA_VALUE => Value::Sensitive,
            CKA_VALUE_LEN if self.tells_length() => Value::ulong(self.size() as CK_ULONG),
            CKA_CHECK_VALUE if self.checked => Value::made(check_value(&self.value).to_vec()),
            CKA_CHECK_VALUE => Value::Unknown,
            CKA_LOCAL | CKA_ALWAYS_SENSITIVE | CKA_NEVER_EXTRACTABLE => Value::bool(false),
            CKA_KEY_GEN_MECHANISM => Value::ulong(CK_UNAVAILABLE_INFORMATION),
            CKA_UNIQUE_ID => Value::bytes(self.unique_id.as_bytes()),
            kind => match self.values.get(&kind) {
                Some(value) => Value::bytes(value),
                None => Value::Unknown,
            },
        }
    }

    fn readable(&self) -> bool {
        is(&self.values, CKA_EXTRACTABLE) && !is(&self.values, CKA_SENSITIVE)
    }

    /// Keys of DES have one length each, and no attribute for it.
    fn tells_length(&self) -> bool {
        let of_des = [CKK_DES2, CKK_DES3].map(|key_type| key_type.to_ne_bytes().to_vec());
        self.values
            .get(&CKA_KEY_TYPE)
            .is_some_and(|key_type| !of_des.contains(key_type))
    }

    /// C_SetAttributeValue: all of the template, or nothing.
    pub fn change(&mut self, template: &[Attribute<'_>]) -> Result<()> {
        if !is(&self.values, CKA_MODIFIABLE) {
            return Err(Error::ActionProhibited);
        }
        if template.is_empty() {
            return Err(Error::ArgumentsBad);
        }
        let given = Given::read(template)?;
        if given.class || given.len.is_some() {
            return Err(Error::AttributeReadOnly);
        }
        for (kind, value) in &given.values {
            let may = match rule_of(*kind)?.when {
                When::Once => false,
                When::Always => true,
                When::Before(last) => self
                    .values
                    .get(kind)
                    .is_none_or(|now| now[..] != [last] || now == value),
            };
            if !may {
                return Err(Error::AttributeReadOnly);
            }
        }
        match given.check_value.as_deref() {
            None => {}
            Some([]) => self.checked = false,
            Some(_) => return Err(Error::AttributeReadOnly),
        }
        self.values.extend(given.values);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
