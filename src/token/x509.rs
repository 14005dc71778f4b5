//! The fields of an X.509 certificate that attributes are made of, as the exact bytes of the card.

use der::{Header, Reader, SliceReader, Tag, TagNumber};

use crate::crypto::rsa::PublicKey;

/// A certificate cut into its fields; each field is a whole DER value with tag and length.
#[derive(Clone, Debug)]
pub struct X509 {
    /// The certificate, without what the file holds behind it.
    pub der: Vec<u8>,
    /// serialNumber, an INTEGER.
    pub serial: Vec<u8>,
    /// issuer, a Name.
    pub issuer: Vec<u8>,
    /// subject, a Name.
    pub subject: Vec<u8>,
    /// subjectPublicKeyInfo.
    pub public_key_info: Vec<u8>,
    /// notBefore as CK_DATE text `YYYYMMDD`.
    pub not_before: Option<[u8; 8]>,
    /// notAfter as CK_DATE text `YYYYMMDD`.
    pub not_after: Option<[u8; 8]>,
    /// The RSA key, when it is one.
    pub key: Option<PublicKey>,
}

impl X509 {
    /// Cuts the certificate at the start of `file` (RFC 5280 §4.1); `None` when it is not one.
    pub fn parse(file: &[u8]) -> Option<X509> {
        let der = SliceReader::new(file).ok()?.tlv_bytes().ok()?;
        let certificate = children(der)?;
        let tbs = children(certificate.first()?)?;
        let versioned = tag_of(tbs.first()?)?
            == Tag::ContextSpecific {
                constructed: true,
                number: TagNumber(0),
            };
        let mut fields = tbs.iter().skip(usize::from(versioned));
        let serial = fields.next()?;
        let _signature_algorithm = fields.next()?;
        let issuer = fields.next()?;
        let validity = children(fields.next()?)?;
        let subject = fields.next()?;
        let public_key_info = fields.next()?;
        Some(X509 {
            der: der.to_vec(),
            serial: serial.to_vec(),
            issuer: issuer.to_vec(),
            subject: subject.to_vec(),
            public_key_info: public_key_info.to_vec(),
            not_before: validity.first().and_then(|t| date(t)),
            not_after: validity.get(1).and_then(|t| date(t)),
            key: PublicKey::from_spki_der(public_key_info).ok(),
        })
    }
}

/// The values inside a constructed value, each with tag and length.
fn children(value: &[u8]) -> Option<Vec<&[u8]>> {
    let content = content(value)?;
    let mut reader = SliceReader::new(content).ok()?;
    let mut values = Vec::new();
    while !reader.is_finished() {
        values.push(reader.tlv_bytes().ok()?);
    }
    Some(values)
}

fn content(value: &[u8]) -> Option<&[u8]> {
    let header = Header::peek(&SliceReader::new(value).ok()?).ok()?;
    let length = usize::try_from(header.length()).ok()?;
    value
        .len()
        .checked_sub(length)
        .and_then(|start| value.get(start..))
}

fn tag_of(value: &[u8]) -> Option<Tag> {
    Tag::peek(&SliceReader::new(value).ok()?).ok()
}

/// UTCTime or GeneralizedTime to CK_DATE (RFC 5280 §4.1.2.5: two-digit years below 50 are 20xx).
fn date(time: &[u8]) -> Option<[u8; 8]> {
    let text = content(time)?;
    let (century, day): (&[u8], &[u8]) = match tag_of(time)? {
        Tag::UtcTime => (if text.first()? < &b'5' { b"20" } else { b"19" }, text.get(..6)?),
        Tag::GeneralizedTime => (b"", text.get(..8)?),
        _ => return None,
    };
    let date: [u8; 8] = [century, day].concat().try_into().ok()?;
    date.iter().all(u8::is_ascii_digit).then_some(date)
}
