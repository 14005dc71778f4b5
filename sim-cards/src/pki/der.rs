//! DER, written (X.690): BER-TLV with the rules that leave one encoding.

use der::Encode;
use der::asn1::ObjectIdentifier;

use crate::holder::date::Midnight;

pub use crate::iso7816::tlv::{constructed, tlv};

pub const BOOLEAN: u32 = 0x01;
pub const INTEGER: u32 = 0x02;
pub const BIT_STRING: u32 = 0x03;
pub const OCTET_STRING: u32 = 0x04;
pub const ENUMERATED: u32 = 0x0A;
pub const UTF8_STRING: u32 = 0x0C;
pub const PRINTABLE_STRING: u32 = 0x13;
pub const IA5_STRING: u32 = 0x16;
pub const SEQUENCE: u32 = 0x30;
pub const SET: u32 = 0x31;

/// Context tag `[number]`, primitive.
pub const fn context(number: u32) -> u32 {
    0x80 | number
}

/// Context tag `[number]`, constructed.
pub const fn context_constructed(number: u32) -> u32 {
    0xA0 | number
}

/// A SEQUENCE of encoded parts.
pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    constructed(SEQUENCE, parts)
}

/// A SET OF encoded parts, in the order that DER wants (X.690 §11.6).
pub fn set_of(mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.sort_unstable();
    constructed(SET, &parts)
}

/// An INTEGER between 0 and 255.
pub fn small_integer(value: u8) -> Vec<u8> {
    unsigned_integer(&[value])
}

/// An INTEGER that is not negative, from its bytes, most significant first.
pub fn unsigned_integer(bytes: &[u8]) -> Vec<u8> {
    let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    match bytes.first() {
        Some(0..0x80) => tlv(INTEGER, bytes),
        _ => tlv(INTEGER, &[&[0], bytes].concat()),
    }
}

/// A BIT STRING whose last `unused` bits do not count.
pub fn bit_string(unused: u8, bytes: &[u8]) -> Vec<u8> {
    tlv(BIT_STRING, &[&[unused], bytes].concat())
}

pub fn utf8(text: &str) -> Vec<u8> {
    tlv(UTF8_STRING, text.as_bytes())
}

pub fn printable(text: &str) -> Vec<u8> {
    tlv(PRINTABLE_STRING, text.as_bytes())
}

/// An OBJECT IDENTIFIER from its dotted form.
pub fn oid(dotted: &str) -> Vec<u8> {
    ObjectIdentifier::new_unwrap(dotted)
        .to_der()
        .expect("a valid OID has an encoding")
}

/// A UTCTime, the form of instants up to 2049 (RFC 5280 §4.1.2.5.1).
pub fn utc_time(instant: Midnight) -> Vec<u8> {
    let digits = instant.digits();
    tlv(0x17, format!("{}000000Z", &digits[2..]).as_bytes())
}

/// A GeneralizedTime (RFC 5280 §4.1.2.5.2).
pub fn generalized_time(instant: Midnight) -> Vec<u8> {
    tlv(0x18, instant.generalized().as_bytes())
}

/// AlgorithmIdentifier sha256WithRSAEncryption (RFC 4055 §5).
pub fn sha256_with_rsa() -> Vec<u8> {
    sequence(&[oid("1.2.840.113549.1.1.11"), vec![0x05, 0x00]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_stay_positive_and_short() {
        assert_eq!(small_integer(0), [0x02, 0x01, 0x00]);
        assert_eq!(small_integer(0x7F), [0x02, 0x01, 0x7F]);
        assert_eq!(small_integer(0x80), [0x02, 0x02, 0x00, 0x80]);
        assert_eq!(unsigned_integer(&[0, 0, 1, 2]), [0x02, 0x02, 0x01, 0x02]);
    }

    #[test]
    fn sets_are_sorted() {
        assert_eq!(
            set_of(vec![vec![0x0C, 0x02, 0, 0], vec![0x0C, 0x01, 0xFF]])[2..4],
            [0x0C, 0x01]
        );
    }

    #[test]
    fn utc_time_has_thirteen_characters() {
        assert_eq!(utc_time(Midnight::new(2018, 5, 15)), b"\x17\x0D180515000000Z");
    }
}
