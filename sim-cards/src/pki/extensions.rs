//! Certificate extensions, encoded as the certificates of IGC-Santé encode them.

use rsa::PublicKey;
use rsa::pkcs1::EncodeRsaPublicKey;
use sha1::{Digest, Sha1};

use super::der::{
    BOOLEAN, ENUMERATED, IA5_STRING, OCTET_STRING, bit_string, context, context_constructed, oid, printable,
    sequence, small_integer, tlv, utf8,
};
use crate::holder::date::Period;
use crate::model::guesses;

const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
const EMAIL_PROTECTION: &str = "1.3.6.1.5.5.7.3.4";
const SMART_CARD_LOGON: &str = "1.3.6.1.4.1.311.20.2.2";

/// One Extension (RFC 5280 §4.1); `critical` is left out when false, its default.
fn extension(id: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical {
        tlv(BOOLEAN, &[0xFF])
    } else {
        Vec::new()
    };
    sequence(&[oid(id), critical, tlv(OCTET_STRING, value)])
}

/// `30 00`: not an authority. Not critical on the cards.
pub fn end_entity() -> Vec<u8> {
    extension("2.5.29.19", false, &sequence(&[]))
}

/// Critical; an authority, with or without a longest path below it.
pub fn authority(path_length: Option<u8>) -> Vec<u8> {
    let path_length = path_length.map(small_integer).unwrap_or_default();
    extension(
        "2.5.29.19",
        true,
        &sequence(&[tlv(BOOLEAN, &[0xFF]), path_length]),
    )
}

/// SHA-1 of the public key's bits (RFC 5280 §4.2.1.2, method 1).
pub fn key_identifier(key: &PublicKey) -> Vec<u8> {
    let bits = key.to_pkcs1_der().expect("an RSA public key has an encoding");
    Sha1::digest(bits.as_bytes()).to_vec()
}

pub fn subject_key_identifier(key: &PublicKey) -> Vec<u8> {
    extension("2.5.29.14", false, &tlv(OCTET_STRING, &key_identifier(key)))
}

/// The key identifier only.
pub fn authority_key_identifier(key: &PublicKey) -> Vec<u8> {
    extension(
        "2.5.29.35",
        false,
        &sequence(&[tlv(context(0), &key_identifier(key))]),
    )
}

/// The values of keyUsage that the profiles know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUsage {
    NonRepudiation,
    DigitalSignature,
    DigitalSignatureAndNonRepudiation,
    DigitalSignatureAndKeyEncipherment,
    CertificatesAndRevocationLists,
}

/// Always critical.
pub fn key_usage(usage: KeyUsage) -> Vec<u8> {
    let (unused, bits) = match usage {
        KeyUsage::NonRepudiation => (6, 0x40),
        KeyUsage::DigitalSignature => (7, 0x80),
        KeyUsage::DigitalSignatureAndNonRepudiation => (6, 0xC0),
        KeyUsage::DigitalSignatureAndKeyEncipherment => (5, 0xA0),
        KeyUsage::CertificatesAndRevocationLists => (1, 0x06),
    };
    extension("2.5.29.15", true, &bit_string(unused, &[bits]))
}

/// One policy with the address of its statement (CPS qualifier).
pub fn certificate_policies(policy: &str, statement: &str) -> Vec<u8> {
    let qualifier = sequence(&[oid("1.3.6.1.5.5.7.2.1"), tlv(IA5_STRING, statement.as_bytes())]);
    extension(
        "2.5.29.32",
        false,
        &sequence(&[sequence(&[oid(policy), sequence(&[qualifier])])]),
    )
}

/// The values of extKeyUsage that the profiles know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    EmailProtection,
    /// clientAuth and Microsoft smart-card logon.
    ClientAndLogon,
    Client,
    ServerAndClient,
}

pub fn extended_key_usage(purpose: Purpose) -> Vec<u8> {
    let purposes: &[&str] = match purpose {
        Purpose::EmailProtection => &[EMAIL_PROTECTION],
        Purpose::ClientAndLogon => &[CLIENT_AUTH, SMART_CARD_LOGON],
        Purpose::Client => &[CLIENT_AUTH],
        Purpose::ServerAndClient => &[SERVER_AUTH, CLIENT_AUTH],
    };
    extension(
        "2.5.29.37",
        false,
        &sequence(&purposes.iter().map(|purpose| oid(purpose)).collect::<Vec<_>>()),
    )
}

/// `80 0F … 81 0F …`: both bounds.
pub fn private_key_usage_period(period: &Period) -> Vec<u8> {
    let bounds = [
        tlv(context(0), period.not_before.generalized().as_bytes()),
        tlv(context(1), period.not_after.generalized().as_bytes()),
    ];
    extension("2.5.29.16", false, &sequence(&bounds))
}

fn general_uri(uri: &str) -> Vec<u8> {
    tlv(context(6), uri.as_bytes())
}

/// One DistributionPoint for each address.
fn distribution_points(id: &str, uris: &[&str]) -> Vec<u8> {
    let points: Vec<Vec<u8>> = uris
        .iter()
        .map(|uri| {
            let full_name = tlv(context_constructed(0), &general_uri(uri));
            sequence(&[tlv(context_constructed(0), &full_name)])
        })
        .collect();
    extension(id, false, &sequence(&points))
}

pub fn crl_distribution_points(uris: &[&str]) -> Vec<u8> {
    distribution_points("2.5.29.31", uris)
}

pub fn freshest_crl(uri: &str) -> Vec<u8> {
    distribution_points("2.5.29.46", &[uri])
}

pub fn authority_info_access(ocsp: &str, issuers: &str) -> Vec<u8> {
    let access = |method, uri| sequence(&[oid(method), general_uri(uri)]);
    let descriptions = [
        access("1.3.6.1.5.5.7.48.1", ocsp),
        access("1.3.6.1.5.5.7.48.2", issuers),
    ];
    extension("1.3.6.1.5.5.7.1.1", false, &sequence(&descriptions))
}

/// otherName with a Microsoft user principal name.
pub fn user_principal_name(name: &str) -> Vec<u8> {
    let value = tlv(context_constructed(0), &utf8(name));
    let other_name = [oid("1.3.6.1.4.1.311.20.2.3"), value].concat();
    extension(
        "2.5.29.17",
        false,
        &sequence(&[tlv(context_constructed(0), &other_name)]),
    )
}

pub fn dns_name(name: &str) -> Vec<u8> {
    extension("2.5.29.17", false, &sequence(&[tlv(context(2), name.as_bytes())]))
}

/// Category of the card or certificate (table G01): an OCTET STRING of one byte.
pub fn category(code: u8) -> Vec<u8> {
    extension("1.2.250.1.71.1.2.5", false, &tlv(OCTET_STRING, &[code]))
}

/// Type of the card (table G02): INTEGER.
pub fn card_type(code: u8) -> Vec<u8> {
    extension("1.2.250.1.71.1.2.2", false, &small_integer(code))
}

/// `issuer/number` of the card: PrintableString.
pub fn card_identifier(identifier: &str) -> Vec<u8> {
    extension("1.2.250.1.71.1.2.3", false, &printable(identifier))
}

/// Profession (table G15): INTEGER.
pub fn profession(code: u8) -> Vec<u8> {
    extension("1.2.250.1.71.1.2.7", false, &small_integer(code))
}

/// Profession of somebody in training (table G16): INTEGER.
pub fn future_profession(code: u8) -> Vec<u8> {
    extension(
        &guesses::get().certificates.future_profession,
        false,
        &small_integer(code),
    )
}

/// Specialities (table R01): SEQUENCE OF UTF8String.
pub fn specialities(codes: &[String]) -> Vec<u8> {
    let codes: Vec<Vec<u8>> = codes.iter().map(|code| utf8(code)).collect();
    extension("1.2.250.1.71.4.2.5", false, &sequence(&codes))
}

/// Serial number of a revocation list (RFC 5280 §5.2.3).
pub fn crl_number(number: &[u8]) -> Vec<u8> {
    extension("2.5.29.20", false, &super::der::unsigned_integer(number))
}

/// Why a certificate is revoked (RFC 5280 §5.3.1): keyCompromise.
pub fn key_compromise() -> Vec<u8> {
    extension("2.5.29.21", false, &tlv(ENUMERATED, &[1]))
}
