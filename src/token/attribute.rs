//! The attributes of each kind of object (PKCS #11 §4), as bytes in the caller's native form.

use std::borrow::Cow;
use std::ops::Deref;

use cryptoki_sys::*;
use zeroize::Zeroizing;

use crate::crypto::Hash;
use crate::pkcs15::Path;

use super::object::{Certificate, DERIVED_LABEL, Data, Object, Origin, PrivateKey, PublicKeyObject};
use super::x509::X509;
use super::{Error, Token, mechanism};

/// Answer to a question for one attribute of one object.
#[derive(Debug)]
pub enum Value<'a> {
    /// The value.
    Bytes(Bytes<'a>),
    /// Only its length in bytes, for a size query that need not read the file.
    Length(usize),
    /// It exists and never leaves the card.
    Sensitive,
    /// This kind of object has no such attribute.
    Unknown,
}

/// The bytes of a value. Most are compared or copied from where they are: searches look at many,
/// and applications ask for each attribute twice.
#[derive(Debug)]
pub enum Bytes<'a> {
    /// Kept with the token.
    Kept(&'a [u8]),
    /// A CK_ULONG.
    Ulong([u8; size_of::<CK_ULONG>()]),
    /// A CK_BBOOL.
    Bool([u8; 1]),
    /// Read or put together for this answer.
    Made(Zeroizing<Vec<u8>>),
}

impl Deref for Bytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Kept(bytes) => bytes,
            Bytes::Ulong(bytes) => bytes,
            Bytes::Bool(bytes) => bytes,
            Bytes::Made(bytes) => bytes,
        }
    }
}

impl<'a> Value<'a> {
    /// Bytes that are kept.
    pub fn bytes(value: &'a [u8]) -> Self {
        Value::Bytes(Bytes::Kept(value))
    }

    /// Bytes for this answer.
    pub fn made(value: Vec<u8>) -> Self {
        Value::Bytes(Bytes::Made(Zeroizing::new(value)))
    }

    /// A CK_BBOOL.
    pub fn bool(value: bool) -> Self {
        Value::Bytes(Bytes::Bool([if value { CK_TRUE } else { CK_FALSE }]))
    }

    /// A CK_ULONG.
    pub fn ulong(value: CK_ULONG) -> Self {
        Value::Bytes(Bytes::Ulong(value.to_ne_bytes()))
    }

    fn empty() -> Self {
        Value::bytes(&[])
    }

    fn optional(value: Option<&'a [u8]>) -> Self {
        value.map_or(Value::empty(), Value::bytes)
    }

    fn optional_made(value: Option<Vec<u8>>) -> Self {
        value.map_or(Value::empty(), Value::made)
    }
}

/// How much of a file may have to be read for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// None.
    Nothing,
    /// The beginning of a certificate.
    Head,
    /// All of it.
    File,
}

/// What a value usually costs: a search compares expensive attributes last, and a caller that reads
/// a whole certificate need not read its beginning first.
pub fn cost(kind: CK_ATTRIBUTE_TYPE) -> Cost {
    match kind {
        CKA_SUBJECT | CKA_ISSUER | CKA_SERIAL_NUMBER | CKA_START_DATE | CKA_END_DATE => Cost::Head,
        CKA_VALUE | CKA_CHECK_VALUE | CKA_PUBLIC_KEY_INFO | CKA_MODULUS | CKA_MODULUS_BITS
        | CKA_PUBLIC_EXPONENT => Cost::File,
        _ => Cost::Nothing,
    }
}

/// Whether `wanted` in a search template means this serial number: DER as the standard has it, or
/// the bare content of the INTEGER as applications of the official module know it.
pub fn same_serial(serial: &[u8], wanted: &[u8]) -> bool {
    serial == wanted
        || serial
            .strip_suffix(wanted)
            .is_some_and(|header| matches!(header, [0x02, _]))
}

impl Token {
    /// One attribute of `object`. With `size_only` a value that is read anew each time is not read.
    pub fn attribute<'a>(
        &'a self,
        object: &'a Object,
        kind: CK_ATTRIBUTE_TYPE,
        size_only: bool,
    ) -> Result<Value<'a>, Error> {
        if let Some(value) = self.common(object, kind)? {
            return Ok(value);
        }
        let value = match object {
            Object::Profile(id) => Ok(match kind {
                CKA_PROFILE_ID => Value::ulong(*id),
                _ => Value::Unknown,
            }),
            // CKA_FLAGS and CKA_SUPPORTED_PARAMETER_SETS of §4.6 have no number in the headers of
            // v3.2.
            Object::Mechanism(mechanism) => Ok(match kind {
                CKA_MECHANISM_TYPE => Value::ulong(*mechanism),
                _ => Value::Unknown,
            }),
            Object::Certificate(certificate) => self.of_certificate(certificate, kind),
            Object::PublicKey(key) => self.of_public_key(key, kind),
            Object::PrivateKey(key) => self.of_private_key(key, kind),
            Object::Data(data) => self.of_data(data, kind, size_only),
        };
        match value {
            // The numbers of a key without a certificate are not known, nor the names in a file
            // that is no certificate.
            Err(Error::NoPublicKey | Error::NoCertificate(_)) => Ok(Value::Unknown),
            value => value,
        }
    }

    /// §4.2, §4.4: attributes of every storage object.
    fn common<'a>(&'a self, object: &'a Object, kind: CK_ATTRIBUTE_TYPE) -> Result<Option<Value<'a>>, Error> {
        Ok(Some(match kind {
            CKA_CLASS => Value::ulong(class(object)),
            CKA_TOKEN => Value::bool(true),
            CKA_PRIVATE => Value::bool(object.private()),
            CKA_MODIFIABLE => Value::bool(matches!(object, Object::Data(d) if d.entry.common.modifiable)),
            CKA_COPYABLE | CKA_DESTROYABLE => Value::bool(false),
            CKA_LABEL => match self.label(object)? {
                Cow::Borrowed(label) => Value::bytes(label.as_bytes()),
                Cow::Owned(label) => Value::made(label.into_bytes()),
            },
            CKA_UNIQUE_ID => Value::made(self.unique_id(object).into_bytes()),
            _ => return Ok(None),
        }))
    }

    /// Serial number, class, and identifier or file: the same for the same object at each
    /// insertion. Certificates of authorities share an identifier, and labels need not be unique.
    fn unique_id(&self, object: &Object) -> String {
        let file = |path: &Path| path.fids.iter().map(|fid| format!("{fid:04x}")).collect();
        let name: String = match object {
            Object::Profile(id) => id.to_string(),
            Object::Mechanism(kind) => format!("{kind:x}"),
            Object::Certificate(certificate) => file(&certificate.entry.path),
            Object::Data(data) => file(&data.entry.path),
            Object::PublicKey(_) | Object::PrivateKey(_) => base16ct::lower::encode_string(object.id()),
        };
        format!("{}-{}-{}", self.serial(), class(object), name)
    }

    /// CKA_LABEL. A public key has the one of PuKDF, or else one that the module makes of its
    /// certificate's.
    fn label<'a>(&'a self, object: &'a Object) -> Result<Cow<'a, str>, Error> {
        Ok(Cow::Borrowed(match object {
            Object::Profile(_) | Object::Mechanism(_) => "",
            Object::Certificate(certificate) => &certificate.entry.common.label,
            Object::PrivateKey(key) => &key.entry.common.label,
            Object::Data(data) => &data.entry.common.label,
            Object::PublicKey(key) => match (self.announcement(key)?, &key.origin) {
                (Some(entry), _) => &entry.common.label,
                (None, Origin::Certificate(label)) => return Ok(format!("{DERIVED_LABEL}{label}").into()),
                (None, Origin::Directory(entry)) => &entry.common.label,
            },
        }))
    }

    /// §4.6.3.
    fn of_certificate<'a>(
        &'a self,
        certificate: &'a Certificate,
        kind: CK_ATTRIBUTE_TYPE,
    ) -> Result<Value<'a>, Error> {
        let entry = &certificate.entry;
        let head = || self.head_of(certificate);
        let x509 = || self.x509(certificate);
        Ok(match kind {
            CKA_CERTIFICATE_TYPE => Value::ulong(CKC_X_509),
            CKA_CERTIFICATE_CATEGORY => Value::ulong(if entry.authority {
                CK_CERTIFICATE_CATEGORY_AUTHORITY
            } else {
                CK_CERTIFICATE_CATEGORY_TOKEN_USER
            }),
            CKA_TRUSTED => Value::bool(entry.authority),
            CKA_ID => Value::bytes(&entry.id),
            CKA_VALUE => match x509() {
                Ok(x509) => Value::bytes(&x509.ber),
                Err(Error::NoCertificate(_)) => self
                    .bare_certificate(certificate)?
                    .map_or(Value::Unknown, Value::made),
                Err(why) => return Err(why),
            },
            CKA_SUBJECT => Value::bytes(&head()?.subject),
            CKA_ISSUER => Value::bytes(&head()?.issuer),
            CKA_SERIAL_NUMBER => Value::bytes(&head()?.serial),
            CKA_PUBLIC_KEY_INFO => Value::bytes(&x509()?.public_key_info),
            CKA_START_DATE => date(&head()?.not_before),
            CKA_END_DATE => date(&head()?.not_after),
            CKA_CHECK_VALUE => check_value(x509()?),
            CKA_URL | CKA_HASH_OF_SUBJECT_PUBLIC_KEY | CKA_HASH_OF_ISSUER_PUBLIC_KEY => Value::empty(),
            CKA_JAVA_MIDP_SECURITY_DOMAIN => Value::ulong(CK_SECURITY_DOMAIN_UNSPECIFIED),
            CKA_NAME_HASH_ALGORITHM => Value::ulong(CKM_SHA_1),
            _ => Value::Unknown,
        })
    }

    /// §4.7, §4.8 and the RSA chapter.
    fn of_public_key<'a>(
        &'a self,
        key: &'a PublicKeyObject,
        kind: CK_ATTRIBUTE_TYPE,
    ) -> Result<Value<'a>, Error> {
        let content = || self.content_of(key);
        let usage = || self.public_usage(key);
        Ok(match kind {
            CKA_ID => Value::bytes(&key.id),
            CKA_TRUSTED => Value::bool(false),
            CKA_ENCRYPT => Value::bool(usage()?.encrypt),
            CKA_VERIFY => Value::bool(usage()?.verify),
            CKA_VERIFY_RECOVER => Value::bool(usage()?.verify_recover),
            CKA_WRAP => Value::bool(usage()?.wrap),
            CKA_ENCAPSULATE => Value::bool(false),
            CKA_SUBJECT => self.subject_of(&key.id)?,
            CKA_MODULUS => Value::bytes(content()?.modulus()),
            CKA_MODULUS_BITS => Value::ulong(to_ulong(self.public_modulus_bits(key)?)),
            CKA_PUBLIC_EXPONENT => Value::bytes(content()?.exponent()),
            CKA_PUBLIC_KEY_INFO => Value::optional_made(content()?.to_spki_der().ok()),
            CKA_ALLOWED_MECHANISMS => self.public_mechanisms(key)?,
            _ => key_defaults(kind),
        })
    }

    /// §4.7, §4.9 and the RSA chapter.
    fn of_private_key<'a>(
        &'a self,
        key: &'a PrivateKey,
        kind: CK_ATTRIBUTE_TYPE,
    ) -> Result<Value<'a>, Error> {
        let id = &key.entry.id;
        if let Some(value) = private_use(key, kind) {
            return Ok(value);
        }
        Ok(match kind {
            CKA_ID => Value::bytes(id),
            CKA_SENSITIVE | CKA_ALWAYS_SENSITIVE | CKA_NEVER_EXTRACTABLE => Value::bool(true),
            CKA_EXTRACTABLE | CKA_WRAP_WITH_TRUSTED | CKA_ALWAYS_AUTHENTICATE | CKA_DECAPSULATE => {
                Value::bool(false)
            }
            CKA_SUBJECT => self.subject_of(id)?,
            CKA_MODULUS => Value::bytes(self.public_key(id)?.modulus()),
            CKA_MODULUS_BITS => {
                let bits = self.modulus_bits(self.public_key(id), key.entry.modulus_bits)?;
                Value::ulong(to_ulong(bits))
            }
            CKA_PUBLIC_EXPONENT => Value::bytes(self.public_key(id)?.exponent()),
            CKA_PUBLIC_KEY_INFO => Value::optional_made(self.public_key(id)?.to_spki_der().ok()),
            CKA_ALLOWED_MECHANISMS => mechanism_array(&mechanism::of_key(key)),
            CKA_PRIVATE_EXPONENT | CKA_PRIME_1 | CKA_PRIME_2 | CKA_EXPONENT_1 | CKA_EXPONENT_2
            | CKA_COEFFICIENT => Value::Sensitive,
            _ => key_defaults(kind),
        })
    }

    /// §4.5.
    fn of_data<'a>(
        &self,
        data: &'a Data,
        kind: CK_ATTRIBUTE_TYPE,
        size_only: bool,
    ) -> Result<Value<'a>, Error> {
        Ok(match kind {
            CKA_APPLICATION => Value::bytes(data.entry.application.as_bytes()),
            CKA_OBJECT_ID => Value::optional(data.entry.oid.as_deref()),
            CKA_VALUE if size_only && data.volatile() => Value::Length(self.data_size(data)?),
            CKA_VALUE if data.volatile() => Value::Bytes(Bytes::Made(self.read(data)?)),
            CKA_VALUE => Value::bytes(data.content.get_or_try_init(|| self.read(data))?),
            _ => Value::Unknown,
        })
    }

    /// Subject of the certificate with this identifier; empty when there is none.
    fn subject_of<'a>(&'a self, id: &'a [u8]) -> Result<Value<'a>, Error> {
        let Some(certificate) = self.certificate(id)? else {
            return Ok(Value::empty());
        };
        match self.head_of(certificate) {
            Ok(head) => Ok(Value::bytes(&head.subject)),
            Err(Error::NoCertificate(_)) => Ok(Value::empty()),
            Err(why) => Err(why),
        }
    }

    /// A public key verifies what its private half signs, and enciphers what it deciphers.
    fn public_mechanisms(&self, key: &PublicKeyObject) -> Result<Value<'static>, Error> {
        Ok(match self.private_key_of(&key.id)? {
            Some(private) => mechanism_array(&mechanism::of_key(private)),
            None => Value::Unknown,
        })
    }

    /// From the key itself; where that is not to be had, from PuKDF or from the private half.
    fn public_modulus_bits(&self, key: &PublicKeyObject) -> Result<usize, Error> {
        let mut announced = self.announcement(key)?.map_or(0, |entry| entry.modulus_bits);
        if announced == 0 {
            announced = self
                .private_key_of(&key.id)?
                .map_or(0, |private| private.entry.modulus_bits);
        }
        self.modulus_bits(self.content_of(key), announced)
    }
}

/// CKA_CLASS.
pub fn class(object: &Object) -> CK_OBJECT_CLASS {
    match object {
        Object::Profile(_) => CKO_PROFILE,
        Object::Mechanism(_) => CKO_MECHANISM,
        Object::Certificate(_) => CKO_CERTIFICATE,
        Object::PublicKey(_) => CKO_PUBLIC_KEY,
        Object::PrivateKey(_) => CKO_PRIVATE_KEY,
        Object::Data(_) => CKO_DATA,
    }
}

/// The CKA_ flags that say what a private key may be used for.
fn private_use(key: &PrivateKey, kind: CK_ATTRIBUTE_TYPE) -> Option<Value<'static>> {
    Some(Value::bool(match kind {
        CKA_DECRYPT => key.entry.usage.decrypt,
        CKA_SIGN => key.signs(),
        CKA_SIGN_RECOVER => key.signs_bare_data(),
        CKA_UNWRAP => key.unwraps(),
        _ => return None,
    }))
}

/// Attributes that have the same value on each key of the card.
fn key_defaults(kind: CK_ATTRIBUTE_TYPE) -> Value<'static> {
    match kind {
        CKA_KEY_TYPE => Value::ulong(CKK_RSA),
        CKA_LOCAL => Value::bool(true),
        CKA_DERIVE => Value::bool(false),
        CKA_START_DATE | CKA_END_DATE => Value::empty(),
        CKA_KEY_GEN_MECHANISM => Value::ulong(CK_UNAVAILABLE_INFORMATION),
        _ => Value::Unknown,
    }
}

fn mechanism_array(mechanisms: &[CK_MECHANISM_TYPE]) -> Value<'static> {
    Value::made(mechanisms.iter().flat_map(|m| m.to_ne_bytes()).collect())
}

fn date(date: &Option<[u8; 8]>) -> Value<'_> {
    Value::optional(date.as_ref().map(<[u8; 8]>::as_slice))
}

/// §4.6.3: the first three bytes of the SHA-1 of CKA_VALUE.
fn check_value(x509: &X509) -> Value<'static> {
    Value::optional_made(Hash::Sha1.digest(&x509.ber).get(..3).map(<[u8]>::to_vec))
}

fn to_ulong(value: usize) -> CK_ULONG {
    CK_ULONG::try_from(value).unwrap_or(CK_UNAVAILABLE_INFORMATION)
}
