//! Messages of every interesting length, and the ways to have one signed.

use cryptoki_sys::*;
use sha1::{Digest, Sha1};
use sha2::Sha256;

use crate::client::{Mech, Rv, Session};
use crate::openssl::{PublicKey, Scheme};

/// Around the block of the hashes, around what a card takes at once, and a document.
pub const LENGTHS: [usize; 12] = [0, 1, 55, 56, 63, 64, 65, 127, 128, 300, 1405, 100_000];

/// Parts into which a message is cut, over and over.
pub const PARTS: [usize; 9] = [1, 63, 2, 64, 65, 127, 0, 700, 4097];

/// A message of this length; those of two lengths differ.
pub fn message(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 + i / 251 + len) as u8).collect()
}

/// Cuts a message into parts of the lengths of [`PARTS`].
pub fn parts(mut message: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    for len in PARTS.iter().cycle() {
        if message.is_empty() {
            break;
        }
        let (part, rest) = message.split_at((*len).min(message.len()));
        parts.push(part);
        message = rest;
    }
    parts
}

/// DigestInfo of RFC 8017 §9.2, note 1.
pub fn digest_info_sha1(message: &[u8]) -> Vec<u8> {
    [&hex("3021300906052B0E03021A05000414")[..], &Sha1::digest(message)].concat()
}

/// As [`digest_info_sha1`], over SHA-256.
pub fn digest_info_sha256(message: &[u8]) -> Vec<u8> {
    [
        &hex("3031300D060960864801650304020105000420")[..],
        &Sha256::digest(message),
    ]
    .concat()
}

/// The bytes that these hexadecimal digits stand for.
pub fn hex(digits: &str) -> Vec<u8> {
    base16ct::mixed::decode_vec(digits).expect("hex")
}

/// A way to have a message signed: mechanism, what the application gives it for a message, what
/// OpenSSL is to verify.
pub type Way = (Mech, fn(&[u8]) -> Vec<u8>, Scheme);

/// The ways to use a listed mechanism.
pub fn ways(mechanism: CK_MECHANISM_TYPE) -> Vec<Way> {
    let whole = |message: &[u8]| message.to_vec();
    match mechanism {
        CKM_RSA_PKCS => vec![
            (mechanism.into(), digest_info_sha1, Scheme::Pkcs1("sha1")),
            (mechanism.into(), digest_info_sha256, Scheme::Pkcs1("sha256")),
        ],
        CKM_SHA1_RSA_PKCS => vec![(mechanism.into(), whole, Scheme::Pkcs1("sha1"))],
        CKM_SHA256_RSA_PKCS => vec![(mechanism.into(), whole, Scheme::Pkcs1("sha256"))],
        CKM_RSA_PKCS_PSS => vec![
            (
                Mech::pss(mechanism, CKM_SHA_1),
                |it| Sha1::digest(it).to_vec(),
                Scheme::Pss("sha1", 20),
            ),
            (
                Mech::pss(mechanism, CKM_SHA256),
                |it| Sha256::digest(it).to_vec(),
                Scheme::Pss("sha256", 32),
            ),
        ],
        CKM_SHA1_RSA_PKCS_PSS => vec![(Mech::pss(mechanism, CKM_SHA_1), whole, Scheme::Pss("sha1", 20))],
        CKM_SHA256_RSA_PKCS_PSS => vec![(Mech::pss(mechanism, CKM_SHA256), whole, Scheme::Pss("sha256", 32))],
        other => panic!("mechanism {other:#x} is listed and not tested"),
    }
}

/// Has a message signed by the private key with this label: the shortest way to see that a login
/// works.
pub fn sign_with(session: Session<'_>, label: &str) -> Rv<Vec<u8>> {
    session.sign_init(CKM_SHA256_RSA_PKCS, session.private_key(label))?;
    session.sign(b"a message")
}

/// The public key in the certificate that belongs to a private key.
pub fn public_key(session: Session<'_>, key: CK_OBJECT_HANDLE) -> PublicKey {
    let certificate = session.companion(key, CKO_CERTIFICATE);
    PublicKey::of_certificate(&session.attribute(certificate, CKA_VALUE).expect("CKA_VALUE"))
}

/// The signature mechanisms of a card that pads with PKCS #1 v1.5 alone.
pub const PKCS1: [CK_MECHANISM_TYPE; 3] = [CKM_RSA_PKCS, CKM_SHA1_RSA_PKCS, CKM_SHA256_RSA_PKCS];

/// The signature mechanisms of a card that signs padded blocks.
pub const PKCS1_AND_PSS: [CK_MECHANISM_TYPE; 6] = [
    CKM_RSA_PKCS,
    CKM_SHA1_RSA_PKCS,
    CKM_SHA256_RSA_PKCS,
    CKM_RSA_PKCS_PSS,
    CKM_SHA1_RSA_PKCS_PSS,
    CKM_SHA256_RSA_PKCS_PSS,
];
