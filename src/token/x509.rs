//! The fields of an X.509 certificate that attributes are made of.
//!
//! Cards hold certificates in BER as well as in DER: the one BER-TLV reader takes them apart, and
//! only what must be in DER by PKCS #11 is written anew.

use crate::crypto::rsa::PublicKey;
use crate::iso7816::tlv::{Objects, Tlv, begun, objects};

const BIT_STRING: u32 = 0x03;
const UTC_TIME: u32 = 0x17;
const GENERALIZED_TIME: u32 = 0x18;
const SEQUENCE: u32 = 0x30;
/// version `[0]`, absent from a certificate of version 1.
const VERSION: u32 = 0xA0;

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
    /// The certificate as the card holds it, without what is behind it in the file and with a
    /// signature of whole bytes.
    pub ber: Vec<u8>,
    /// The fields before the key.
    pub head: Head,
    /// subjectPublicKeyInfo, a whole DER value.
    pub public_key_info: Vec<u8>,
    /// The RSA key, when it is one.
    pub key: Option<PublicKey>,
}

impl Head {
    /// Cuts the beginning of a certificate (RFC 5280 §4.1) out of the first bytes of its file;
    /// `None` when that is not one, or ends before these fields do.
    pub fn parse(start: &[u8]) -> Option<Head> {
        let certificate = begun(start, SEQUENCE)?;
        let mut tbs = begun(certificate.rest(), SEQUENCE)?;
        Head::read(&mut tbs)
    }

    /// Reads the first fields of a TBSCertificate.
    fn read(tbs: &mut Objects<'_>) -> Option<Head> {
        let mut next = || tbs.next()?.ok();
        let first = next()?;
        let serial = if first.tag == VERSION { next()? } else { first };
        let _signature_algorithm = next()?;
        let issuer = next()?;
        let mut validity = next()?.inside();
        let subject = next()?;
        let mut date = || date(&validity.next()?.ok()?);
        Some(Head {
            serial: serial.to_der(),
            issuer: issuer.to_der(),
            subject: subject.to_der(),
            not_before: date(),
            not_after: date(),
        })
    }
}

impl X509 {
    /// Cuts the certificate at the start of `file` (RFC 5280 §4.1); `None` when it is not one.
    pub fn parse(file: &[u8]) -> Option<X509> {
        let certificate = objects(file).next()?.ok()?;
        if certificate.tag != SEQUENCE {
            return None;
        }
        let mut fields = certificate.inside();
        let mut tbs = fields.next_if(SEQUENCE).ok()??.inside();
        fields.next_if(SEQUENCE).ok()??;
        let before_signature = certificate.value.len() - fields.rest().len();
        let signature = fields.next_if(BIT_STRING).ok()??;
        if !fields.rest().is_empty() {
            return None;
        }
        let head = Head::read(&mut tbs)?;
        let public_key_info = tbs.next()?.ok()?.to_der();
        let signature_value = certificate.header_len() + before_signature + signature.header_len();
        Some(X509 {
            ber: with_whole_signature(certificate.whole, signature_value)?,
            head,
            key: PublicKey::from_spki_der(&public_key_info).ok(),
            public_key_info,
        })
    }
}

/// What stands in a certificate's file when it is not an X.509 certificate that can be cut into its
/// fields: the one SEQUENCE with which the file begins.
pub fn whole_sequence(file: &[u8]) -> Option<&[u8]> {
    let object = objects(file).next()?.ok()?;
    (object.tag == SEQUENCE).then_some(object.whole)
}

/// The certificate with 0 as the number of unused bits in its signature, whose value begins at
/// `signature`. Certificates with another number are on cards, and OpenSSL refuses them since
/// 1.0.1k; a signature is a number of whole bytes, so nothing is lost.
fn with_whole_signature(certificate: &[u8], signature: usize) -> Option<Vec<u8>> {
    let mut certificate = certificate.to_vec();
    *certificate.get_mut(signature)? = 0;
    Some(certificate)
}

/// UTCTime or GeneralizedTime to CK_DATE (RFC 5280 §4.1.2.5: two-digit years below 50 are 20xx).
fn date(time: &Tlv<'_>) -> Option<[u8; 8]> {
    let text = time.value;
    let (century, day): (&[u8], &[u8]) = match time.tag {
        UTC_TIME => (if text.first()? < &b'5' { b"20" } else { b"19" }, text.get(..6)?),
        GENERALIZED_TIME => (b"", text.get(..8)?),
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
        assert_eq!(X509::parse(&file).unwrap().ber, file[..length]);
    }

    #[test]
    fn a_signature_has_no_unused_bits() {
        let found = X509::parse(&certificate(V3, DATES, "07 AABB")).unwrap();
        assert_eq!(found.ber, certificate(V3, DATES, "00 AABB"));
    }

    #[test]
    fn a_certificate_in_ber_says_what_it_says_in_der() {
        let der = certificate(V3, DATES, "00 AABB");
        let head = X509::parse(&der).unwrap().head;
        // Each constructed object with an indefinite length, each primitive one with a long one.
        fn loosened(bytes: &[u8]) -> Vec<u8> {
            let loosen = |object: Tlv<'_>| match object.tag & 0x20 {
                0 => [
                    &[object.tag as u8, 0x82, 0, object.value.len() as u8],
                    object.value,
                ]
                .concat(),
                _ => [&[object.tag as u8, 0x80], &loosened(object.value)[..], &[0, 0]].concat(),
            };
            objects(bytes)
                .flat_map(|object| loosen(object.unwrap()))
                .collect()
        }
        for signature in ["00", "05"] {
            let loose = loosened(&certificate(V3, DATES, &format!("{signature} AABB")));
            let filled = [&loose[..], &[0; 40]].concat();
            let found = X509::parse(&filled).unwrap();
            assert_eq!(found.ber, loosened(&der), "unused bits are none");
            assert_eq!(found.head, head);
            assert_eq!(Head::parse(&loose), Some(head.clone()));
            assert_eq!(
                found.public_key_info,
                crate::pkcs15::notation::der("30 { 30 { } 03 { 00 } }")
            );
        }
    }

    #[test]
    fn what_is_no_certificate_may_be_a_sequence() {
        let file = der("30 { 04 { 05 } } 00 00");
        assert!(X509::parse(&file).is_none());
        assert_eq!(whole_sequence(&file), Some(&file[..5]));
        for other in [&file[..4], &[0x00, 0x00], &[0x04, 0x00], &[0xFF; 9], &[]] {
            assert_eq!(whole_sequence(other), None, "{other:02X?}");
        }
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
