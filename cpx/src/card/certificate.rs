//! A certificate of a card, decoded: the holder, the dates, and the extensions of the issuer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use der::asn1::ObjectIdentifier;
use der::{DateTime, Decode, Encode, Tag, Tagged};
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::name::Name;

use super::identifier::PersonId;

const SURNAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.4");
const GIVEN_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.42");
/// `commonName`.
pub const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const TITLE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.12");
const ORGANISATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");

const CATEGORY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.250.1.71.1.2.5");
const CARD_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.250.1.71.1.2.2");
const CARD_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.250.1.71.1.2.3");
const PROFESSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.250.1.71.1.2.7");
const FUTURE_PROFESSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.250.1.71.1.2.8");
const SPECIALITIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.250.1.71.4.2.5");
/// All extensions of the issuers of these cards begin so.
const ISSUER_ARC: &str = "1.2.250.1.71.";

/// Below this many days a certificate is about to end.
pub const SOON: i64 = 60;

/// What the key of a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Use {
    /// Logging in.
    Authentication,
    /// Signing documents.
    Signature,
    /// Without contact and without a PIN.
    Technical,
}

impl Use {
    /// Its word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Use::Authentication => "authentication",
            Use::Signature => "signature",
            Use::Technical => "technical",
        }
    }

    /// Key of its name in the texts.
    pub fn key(self) -> &'static str {
        match self {
            Use::Authentication => "use-authentication",
            Use::Signature => "use-signature",
            Use::Technical => "use-technical",
        }
    }
}

/// How a certificate stands to a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It begins later.
    NotYet,
    /// Days that are left.
    Valid(i64),
    /// It has ended.
    Expired,
}

/// A certificate with what a person wants to know of it.
#[derive(Clone, Debug)]
pub struct CardCertificate {
    /// Label of the object on the card.
    pub label: String,
    /// CKA_ID, which the key has too.
    pub id: Vec<u8>,
    /// The certificate as the card holds it.
    pub der: Vec<u8>,
    /// What the key is for.
    pub usage: Use,
    /// First and last moment.
    pub not_before: DateTime,
    /// See `not_before`.
    pub not_after: DateTime,
    /// Common name of the authority.
    pub issuer: String,
    /// Serial number in hexadecimal.
    pub serial: String,
    /// Bits of the public key; 0 if it is not RSA.
    pub key_bits: usize,
    /// Surname of the holder.
    pub surname: Option<String>,
    /// Given name of the holder.
    pub given_name: Option<String>,
    /// Profession as the certificate writes it.
    pub title: Option<String>,
    /// Name of the structure, of a card without a person's name.
    pub organisation: Option<String>,
    /// Common name.
    pub common_name: Option<String>,
    /// Table G01, two digits.
    pub category: Option<String>,
    /// Table G02, two digits.
    pub card_type: Option<String>,
    /// Number of the card behind the issuer's.
    pub card_number: Option<String>,
    /// Table G15.
    pub profession: Option<String>,
    /// Table G16, of somebody in training.
    pub future_profession: Option<String>,
    /// Table R01.
    pub specialities: Vec<String>,
    /// Extensions of the issuer that are none of these: identifier and value in hexadecimal.
    pub unknown: Vec<(String, String)>,
}

impl CardCertificate {
    /// Decodes a certificate; nothing if it is none.
    pub fn decode(label: &str, id: &[u8], bytes: &[u8]) -> Option<CardCertificate> {
        let certificate = Certificate::from_der(bytes).ok()?;
        let tbs = certificate.tbs_certificate();
        let (subject, validity) = (tbs.subject(), tbs.validity());
        let mut decoded = CardCertificate {
            label: label.to_owned(),
            id: id.to_owned(),
            der: bytes.to_owned(),
            usage: usage(label, &certificate),
            not_before: validity.not_before.to_date_time(),
            not_after: validity.not_after.to_date_time(),
            issuer: part(tbs.issuer(), COMMON_NAME).unwrap_or_default(),
            serial: hex(tbs.serial_number().as_bytes()),
            key_bits: key_bits(&certificate),
            surname: part(subject, SURNAME),
            given_name: part(subject, GIVEN_NAME),
            title: part(subject, TITLE),
            organisation: part(subject, ORGANISATION),
            common_name: part(subject, COMMON_NAME),
            category: None,
            card_type: None,
            card_number: None,
            profession: None,
            future_profession: None,
            specialities: Vec::new(),
            unknown: Vec::new(),
        };
        for extension in tbs.extensions().into_iter().flatten() {
            decoded.take(extension.extn_id, extension.extn_value.as_bytes());
        }
        Some(decoded)
    }

    /// A certificate that is on no card, as one of a signer.
    pub fn of(certificate: &Certificate) -> Option<CardCertificate> {
        CardCertificate::decode("", &[], &certificate.to_der().ok()?)
    }

    /// Takes an extension in. One that is not as it should be is kept in hexadecimal.
    fn take(&mut self, oid: ObjectIdentifier, value: &[u8]) {
        let integer = || u32::from_der(value).ok().map(|code| format!("{code:02}"));
        let taken = match oid {
            CATEGORY => {
                // The one byte of the category is the code in two hexadecimal digits.
                let byte = der::asn1::OctetString::from_der(value).ok();
                self.category = byte.map(|byte| hex(byte.as_bytes()));
                self.category.is_some()
            }
            CARD_TYPE => {
                self.card_type = integer();
                self.card_type.is_some()
            }
            CARD_NUMBER => {
                let text = string(value);
                let number = text.as_deref().and_then(|text| text.split_once('/'));
                self.card_number = number.map(|(_, number)| number.to_owned());
                self.card_number.is_some()
            }
            PROFESSION => {
                self.profession = integer();
                self.profession.is_some()
            }
            FUTURE_PROFESSION => {
                self.future_profession = integer();
                self.future_profession.is_some()
            }
            SPECIALITIES => {
                let codes = Vec::<String>::from_der(value);
                self.specialities = codes.unwrap_or_default();
                !self.specialities.is_empty()
            }
            _ => !oid.to_string().starts_with(ISSUER_ARC),
        };
        if !taken {
            self.unknown.push((oid.to_string(), hex(value)));
        }
    }

    /// How it stands at a moment.
    pub fn standing(&self, now: SystemTime) -> Standing {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let (begin, end) = (self.not_before.unix_duration(), self.not_after.unix_duration());
        if now < begin {
            Standing::NotYet
        } else if now > end {
            Standing::Expired
        } else {
            Standing::Valid(i64::try_from((end - now).as_secs() / 86_400).unwrap_or(i64::MAX))
        }
    }

    /// The identifier of the holder. The technical certificate has the number of the card in its
    /// place.
    pub fn identifier(&self) -> Option<PersonId> {
        if self.usage == Use::Technical {
            return None;
        }
        PersonId::parse(self.common_name.as_deref()?)
    }

    /// Whether the card is one for tests.
    pub fn is_test(&self) -> bool {
        self.category
            .as_deref()
            .is_some_and(|category| category.starts_with('8'))
    }

    /// Surname and given name, or what stands in their place.
    pub fn holder(&self) -> Option<String> {
        let names: Vec<&str> = [&self.surname, &self.given_name]
            .into_iter()
            .filter_map(|name| name.as_deref())
            .collect();
        match names.is_empty() {
            true => self.organisation.clone(),
            false => Some(names.join(" ")),
        }
    }

    /// SHA-256 of the certificate, in pairs with colons between.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.der)
    }
}

/// SHA-256 in pairs with colons between, in capital letters.
pub fn fingerprint(bytes: &[u8]) -> String {
    let pairs: Vec<String> = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    pairs.join(":")
}

/// Hexadecimal, in capital letters.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn usage(label: &str, certificate: &Certificate) -> Use {
    let tbs = certificate.tbs_certificate();
    let key_usage = tbs.get_extension::<KeyUsage>().ok().flatten();
    let signs = key_usage.is_some_and(|(_, usage)| usage.0.contains(KeyUsages::NonRepudiation));
    let extended = tbs.get_extension::<ExtendedKeyUsage>().ok().flatten();
    let logs_in = extended.is_some_and(|(_, usage)| usage.0.len() > 1);
    match () {
        () if label.contains("Technique") => Use::Technical,
        () if signs && !logs_in => Use::Signature,
        () => Use::Authentication,
    }
}

fn key_bits(certificate: &Certificate) -> usize {
    let key = certificate.tbs_certificate().subject_public_key_info();
    let bytes = key.subject_public_key.raw_bytes();
    let modulus = der::asn1::AnyRef::from_der(bytes).ok().and_then(|key| {
        key.sequence(|reader: &mut der::SliceReader<'_>| {
            let modulus = der::asn1::UintRef::decode(reader)?;
            let _ = der::asn1::UintRef::decode(reader)?;
            Ok::<_, der::Error>(modulus.as_bytes().len() * 8)
        })
        .ok()
    });
    modulus.unwrap_or(0)
}

/// A part of a name, wherever it stands in it.
pub fn part(name: &Name, oid: ObjectIdentifier) -> Option<String> {
    let found = name.iter().find(|part| part.oid == oid)?;
    string(&found.value.to_der().ok()?)
}

/// A text of any of the string types, also of the one that old certificates write accents with
/// (T.61, read as ISO 8859-1).
fn string(der: &[u8]) -> Option<String> {
    let any = der::asn1::AnyRef::from_der(der).ok()?;
    match any.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => {
            String::from_utf8(any.value().to_vec()).ok()
        }
        Tag::TeletexString => Some(any.value().iter().map(|byte| char::from(*byte)).collect()),
        Tag::BmpString => {
            let units = any.value().chunks_exact(2);
            let units: Vec<u16> = units
                .filter_map(|unit| unit.try_into().ok().map(u16::from_be_bytes))
                .collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    }
}
