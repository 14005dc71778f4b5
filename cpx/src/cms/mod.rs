//! Signed and enciphered documents by the Cryptographic Message Syntax (RFC 5652).

pub mod enveloped;
pub mod sign;
pub mod trust;
pub mod verify;

use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use cpx_pkcs11::tlv::{self, Tlv};
use der::asn1::ObjectIdentifier;
use der::{Any, Decode, Encode, Length};
use rsa::pkcs8::DecodePublicKey;
use rsa::{Pkcs1v15Sign, PublicKey};
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const SHA384_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const SHA512_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");

/// A hash that is strong enough for a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// By the identifier of the hash alone.
    fn of_digest(algorithm: &AlgorithmIdentifierOwned) -> Option<Hash> {
        match algorithm.oid {
            SHA256 => Some(Hash::Sha256),
            SHA384 => Some(Hash::Sha384),
            SHA512 => Some(Hash::Sha512),
            _ => None,
        }
    }

    /// By the identifier of a signature with RSA, PKCS #1 v1.5.
    pub fn of_signature(algorithm: &AlgorithmIdentifierOwned) -> Option<Hash> {
        match algorithm.oid {
            SHA256_WITH_RSA => Some(Hash::Sha256),
            SHA384_WITH_RSA => Some(Hash::Sha384),
            SHA512_WITH_RSA => Some(Hash::Sha512),
            _ => None,
        }
    }

    /// The hash of a text.
    fn digest(self, text: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha256 => Sha256::digest(text).to_vec(),
            Hash::Sha384 => Sha384::digest(text).to_vec(),
            Hash::Sha512 => Sha512::digest(text).to_vec(),
        }
    }

    /// Whether a signature of a text was made with the private half of a key.
    pub fn verifies(self, key: &SubjectPublicKeyInfoOwned, text: &[u8], signature: &[u8]) -> bool {
        let key = key
            .to_der()
            .ok()
            .and_then(|der| PublicKey::from_public_key_der(&der).ok());
        let scheme = match self {
            Hash::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
            Hash::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            Hash::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
        };
        key.is_some_and(|key| key.verify(scheme, &self.digest(text), signature).is_ok())
    }
}

/// The bytes of a file in DER, BER or PEM, whatever the PEM is called.
pub fn binary(bytes: &[u8]) -> Vec<u8> {
    match bytes.starts_with(b"-----BEGIN") {
        true => der::pem::decode_vec(bytes).map_or_else(|_| bytes.to_vec(), |(_, der)| der),
        false => bytes.to_vec(),
    }
}

/// Objects in one another. A signature with its certificates has two dozen.
const DEEPEST: usize = 64;

/// Octet strings, whole and made of others (X.690 §8.7.3), and the same below a tag in their place.
const OCTET_STRING: u32 = 0x04;
const CONSTRUCTED_OCTET_STRING: u32 = 0x24;
const IMPLICIT: u32 = 0x80;
const IMPLICIT_IN_PIECES: u32 = 0xA0;

/// BER as streams are written in it, with indefinite lengths and octet strings in pieces, in the one
/// form that DER has. Nothing if it cannot be taken apart. In an enciphered document pieces may also
/// stand below the tag `[0]` that takes the place of their own.
fn one_form(bytes: &[u8], enciphered: bool) -> Option<Vec<u8>> {
    let object = tlv::objects(bytes).next()?.ok()?;
    one_form_at(&object, enciphered, 0)
}

fn one_form_at(object: &Tlv<'_>, enciphered: bool, depth: usize) -> Option<Vec<u8>> {
    if object.whole.first()? & 0x20 == 0 {
        return Some(written(object.tag, object.value));
    }
    if depth == DEEPEST {
        return None;
    }
    let parts = object.inside().collect::<Result<Vec<Tlv<'_>>, _>>().ok()?;
    let pieces = || {
        parts
            .iter()
            .flat_map(|part| part.value)
            .copied()
            .collect::<Vec<u8>>()
    };
    let all_pieces = !parts.is_empty() && parts.iter().all(|part| part.tag == OCTET_STRING);
    Some(match object.tag {
        CONSTRUCTED_OCTET_STRING => written(OCTET_STRING, &pieces()),
        IMPLICIT_IN_PIECES if enciphered && all_pieces => written(IMPLICIT, &pieces()),
        tag => {
            let parts = parts.iter().map(|part| one_form_at(part, enciphered, depth + 1));
            written(tag, &parts.collect::<Option<Vec<Vec<u8>>>>()?.concat())
        }
    })
}

fn written(tag: u32, value: &[u8]) -> Vec<u8> {
    let tag: Vec<u8> = tag
        .to_be_bytes()
        .into_iter()
        .skip_while(|byte| *byte == 0)
        .collect();
    let length = Length::try_from(value.len()).and_then(|length| length.to_der());
    [&tag, &length.unwrap_or_default(), value].concat()
}

/// What a file of this content is, if it is CMS.
fn content(bytes: &[u8]) -> Option<(ObjectIdentifier, Any)> {
    let bytes = binary(bytes);
    let info = match ContentInfo::from_der(&bytes) {
        Ok(info) => info,
        Err(_) => ContentInfo::from_der(&one_form(&bytes, false)?).ok()?,
    };
    Some((info.content_type, info.content))
}

/// Signed data, if it is some.
fn signed_data(bytes: &[u8]) -> Option<SignedData> {
    match content(bytes)? {
        (SIGNED_DATA, content) => content.decode_as().ok(),
        _ => None,
    }
}
