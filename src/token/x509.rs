//! The fields of an X.509 certificate that attributes are made of, as the exact bytes of the card.

use der::{Decode, Header, Reader, SliceReader, Tag, TagNumber};

use crate::crypto::rsa::PublicKey;

/// The fields of a certificate before its key; each is a whole DER value with tag and length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// serialNumber, an INTEGER.
    pub serial: Vec<u8>,
    /// issuer, a Name.
    pub issuer: Vec<u8>,
    /// subject, a Name.
    pub subject: Vec<u8>,
    /// notBefore as CK_DATE text `YYYYMMDD`.
    pub not_before: Option<[u8; 8]>,
    /// notAfter as CK_DATE text `YYYYMMDD`.
    pub not_after: Option<[u8; 8]>,
}

/// A certificate cut into its fields.
#[derive(Clone, Debug)]
pub struct X509 {
    /// The certificate, without what the file holds behind it and with a signature of whole bytes.
    pub der: Vec<u8>,
    /// The fields before the key.
    pub head: Head,
    /// subjectPublicKeyInfo, a whole DER value.
    pub public_key_info: Vec<u8>,
    /// The RSA key, when it is one.
    pub key: Option<PublicKey>,
}

impl Head {
    /// Cuts the beginning of a certificate (RFC 5280 §4.1) out of the first bytes of its file; `None` when that is not one, or ends
    /// before these fields do.
    pub fn parse(start: &[u8]) -> Option<Head> {
        let mut reader = SliceReader::new(start).ok()?;
        for _ in ["Certificate", "TBSCertificate"] {
            let header = Header::decode(&mut reader).ok()?;
            (header.tag() == Tag::Sequence).then_some(())?;
        }
        Head::read(&mut reader)
    }

    /// Reads the first fields of a TBSCertificate.
    fn read(reader: &mut SliceReader<'_>) -> Option<Head> {
        let mut next = || reader.tlv_bytes().ok();
        let first = next()?;
        let version = Tag::ContextSpecific {
            constructed: true,
            number: TagNumber(0),
        };
        let serial = if tag_of(first)? == version { next()? } else { first };
        let _signature_algorithm = next()?;
        let issuer = next()?;
        let validity = children(next()?)?;
        let subject = next()?;
        Some(Head {
            serial: serial.to_vec(),
            issuer: issuer.to_vec(),
            subject: subject.to_vec(),
            not_before: validity.first().and_then(|t| date(t)),
            not_after: validity.get(1).and_then(|t| date(t)),
        })
    }
}

impl X509 {
    /// Cuts the certificate at the start of `file` (RFC 5280 §4.1); `None` when it is not one.
    pub fn parse(file: &[u8]) -> Option<X509> {
        let der = SliceReader::new(file).ok()?.tlv_bytes().ok()?;
        let certificate = children(der)?;
        let [tbs, _signature_algorithm, signature] = certificate[..] else {
            return None;
        };
        let mut fields = SliceReader::new(content(tbs)?).ok()?;
        let head = Head::read(&mut fields)?;
        let public_key_info = fields.tlv_bytes().ok()?;
        Some(X509 {
            der: with_whole_signature(der, signature)?,
            head,
            public_key_info: public_key_info.to_vec(),
            key: PublicKey::from_spki_der(public_key_info).ok(),
        })
    }
}

/// The certificate with 0 as the number of unused bits in its signature, its last value. Certificates with another number are on cards,
/// and OpenSSL refuses them since 1.0.1k; a signature is a number of whole bytes, so nothing is lost.
fn with_whole_signature(der: &[u8], signature: &[u8]) -> Option<Vec<u8>> {
    let signature = content(signature)?;
    let mut der = der.to_vec();
    let unused_bits = der.len().checked_sub(signature.len())?;
    *der.get_mut(unused_bits)? = 0;
    Some(der)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkcs15::notation::der;

    /// A certificate of the shape of RFC 5280 with little in it.
    fn certificate(version: &str, validity: &str, signature: &str) -> Vec<u8> {
        der(&format!(
            "30 {{ 30 {{ {version} 02 {{ 0A }} 30 {{ 06 {{ 2A }} }} 30 {{ 31 {{ }} }} 30 {{ {validity} }}
                         30 {{ 0C {{ 'holder' }} }} 30 {{ 30 {{ }} 03 {{ 00 }} }} }}
                   30 {{ 06 {{ 2A }} }} 03 {{ {signature} }} }}"
        ))
    }

    const V3: &str = "A0 { 02 { 02 } }";
    const DATES: &str = "17 { '491231235959Z' } 18 { '20501231235959Z' }";

    #[test]
    fn fields_are_whole_values() {
        for version in [V3, ""] {
            let found = X509::parse(&certificate(version, DATES, "00 AABB")).unwrap();
            assert_eq!(found.head.serial, [0x02, 0x01, 0x0A]);
            assert_eq!(found.head.subject, der("30 { 0C { 'holder' } }"));
            assert_eq!(found.head.issuer, der("30 { 31 { } }"));
            assert_eq!(found.key, None);
        }
    }

    #[test]
    fn years_of_two_digits_are_of_the_twentieth_century_from_50_on() {
        let dates = |validity: &str| {
            let found = X509::parse(&certificate(V3, validity, "00")).unwrap();
            (found.head.not_before, found.head.not_after)
        };
        assert_eq!(dates(DATES), (Some(*b"20491231"), Some(*b"20501231")));
        assert_eq!(
            dates("17 { '500101000000Z' } 17 { 'ABCDEF' }"),
            (Some(*b"19500101"), None)
        );
        assert_eq!(dates("17 { '99' }"), (None, None));
    }

    #[test]
    fn what_fills_the_file_behind_it_is_left_out() {
        let mut file = certificate(V3, DATES, "00 AABB");
        let length = file.len();
        file.extend([0xFF; 9]);
        assert_eq!(X509::parse(&file).unwrap().der, file[..length]);
    }

    #[test]
    fn a_signature_has_no_unused_bits() {
        let found = X509::parse(&certificate(V3, DATES, "07 AABB")).unwrap();
        assert_eq!(found.der, certificate(V3, DATES, "00 AABB"));
    }

    #[test]
    fn a_certificate_has_three_values() {
        for more in ["04 { 00 }", "30 { }", "03 { 00 AABBCC }"] {
            let inside = &certificate(V3, DATES, "00 AABB")[2..];
            let longer = [inside, &der(more)].concat();
            let longer = [&[0x30, longer.len() as u8], &longer[..]].concat();
            assert!(X509::parse(&longer).is_none(), "{more}");
        }
    }

    #[test]
    fn the_beginning_is_enough_for_the_names() {
        for version in [V3, ""] {
            let whole = certificate(version, DATES, "00 AABB");
            let head = X509::parse(&whole).unwrap().head;
            let key = whole.len() - der("30 { 30 { } 03 { 00 } } 30 { 06 { 2A } } 03 { 00 AABB }").len();
            assert!((key..=whole.len()).all(|end| Head::parse(&whole[..end]).as_ref() == Some(&head)));
            assert!((0..key).all(|end| Head::parse(&whole[..end]).is_none()));
        }
        assert_eq!(Head::parse(&der("04 { 30 { 02 { 0A } } }")), None);
    }

    #[test]
    fn no_cut_panics_and_none_is_a_certificate() {
        let whole = certificate(V3, DATES, "00 AABB");
        assert!((0..whole.len()).all(|end| X509::parse(&whole[..end]).is_none()));
        assert!(X509::parse(&certificate(V3, DATES, "")).is_none());
    }
}
