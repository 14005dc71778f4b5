//! Certificates, assembled and signed.

use rsa::pkcs8::EncodePublicKey;
use rsa::{Pkcs1v15Sign, PrivateKey, PublicKey};
use sha2::{Digest, Sha256};

use super::authority::Authority;
use super::der::{
    bit_string, context_constructed, sequence, sha256_with_rsa, small_integer, tlv, unsigned_integer,
    utc_time,
};
use crate::holder::date::Period;

/// What an authority certifies.
pub struct Template<'a> {
    pub issuer: Authority,
    /// Name, DER.
    pub subject: Vec<u8>,
    /// Tells certificates of the same subject and period apart.
    pub usage: &'a str,
    pub period: Period,
    pub key: &'a PublicKey,
    /// Encoded extensions in their order.
    pub extensions: Vec<Vec<u8>>,
}

impl Template<'_> {
    /// The certificate, DER.
    pub fn issue(&self) -> Vec<u8> {
        sign(&self.issuer.key(), &self.to_be_signed())
    }

    fn to_be_signed(&self) -> Vec<u8> {
        let key = self
            .key
            .to_public_key_der()
            .expect("an RSA public key has an encoding");
        sequence(&[
            tlv(context_constructed(0), &small_integer(2)),
            unsigned_integer(&serial_number(
                self.issuer,
                &self.subject,
                self.usage,
                &self.period,
            )),
            sha256_with_rsa(),
            self.issuer.name(),
            sequence(&[utc_time(self.period.not_before), utc_time(self.period.not_after)]),
            self.subject.clone(),
            key.into_vec(),
            tlv(context_constructed(3), &sequence(&self.extensions)),
        ])
    }
}

/// 16 bytes, positive, no leading zero; the same for the same certificate.
pub fn serial_number(issuer: Authority, subject: &[u8], usage: &str, period: &Period) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in [
        &issuer.name()[..],
        subject,
        usage.as_bytes(),
        period.not_before.digits().as_bytes(),
    ] {
        hash.update((part.len() as u32).to_be_bytes());
        hash.update(part);
    }
    let mut serial = [0; 16];
    serial.copy_from_slice(&hash.finalize()[..16]);
    serial[0] = serial[0] & 0x3F | 0x40;
    serial
}

/// What is to be signed, the algorithm and the signature: the shape of certificates and of revocation lists.
pub fn sign(key: &PrivateKey, to_be_signed: &[u8]) -> Vec<u8> {
    let digest = Sha256::digest(to_be_signed);
    let signature = key
        .sign(Pkcs1v15Sign::new::<Sha256>(), &digest)
        .expect("a key of the lab signs a SHA-256 digest");
    sequence(&[
        to_be_signed.to_vec(),
        sha256_with_rsa(),
        bit_string(0, &signature),
    ])
}
