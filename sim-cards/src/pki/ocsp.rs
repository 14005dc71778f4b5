//! Online status of certificates (RFC 6960): what the responder of the lab answers. Each authority signs for itself.

use rsa::pkcs1::EncodeRsaPublicKey;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::authority::Authority;
use super::certificate;
use super::der::{
    ENUMERATED, OCTET_STRING, context, context_constructed, generalized_time, oid, sequence, tlv,
};
use super::extensions;
use super::register::{CertificateStatus, Register};
use crate::iso7816::tlv as ber;
use crate::iso7816::tlv::Tlv;

const BASIC_RESPONSE: &str = "1.3.6.1.5.5.7.48.1.1";
const NONCE: &str = "1.3.6.1.5.5.7.48.1.2";
const SHA1: &str = "1.3.14.3.2.26";
const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const KEY_COMPROMISE: u8 = 1;

/// Answers without signature (RFC 6960 §4.2.1, OCSPResponseStatus).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// The bytes are no request.
    Malformed = 1,
    /// None of the authorities of the lab is asked.
    Unauthorized = 6,
}

/// The OCSPResponse to an OCSPRequest, both DER. Without a nonce, the same month gives the same bytes.
pub fn respond(request: &[u8], register: &Register) -> Vec<u8> {
    match Request::parse(request) {
        None => refuse(Refusal::Malformed),
        Some(request) => match request.authority() {
            None => refuse(Refusal::Unauthorized),
            Some(authority) => request.answer(authority, register),
        },
    }
}

fn refuse(reason: Refusal) -> Vec<u8> {
    sequence(&[tlv(ENUMERATED, &[reason as u8])])
}

/// The certificates asked for, and the nonce extension as it came.
struct Request<'a> {
    certificates: Vec<CertId<'a>>,
    nonce: Option<Tlv<'a>>,
}

/// Which certificate is meant.
struct CertId<'a> {
    encoded: Vec<u8>,
    hash: Hash,
    issuer_name: &'a [u8],
    issuer_key: &'a [u8],
    serial: &'a [u8],
}

#[derive(Clone, Copy)]
enum Hash {
    Sha1,
    Sha256,
}

impl Hash {
    fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha1 => Sha1::digest(bytes).to_vec(),
            Hash::Sha256 => Sha256::digest(bytes).to_vec(),
        }
    }
}

impl<'a> Request<'a> {
    /// OCSPRequest { tbsRequest, [0] signature }; the signature is not looked at (RFC 6960 §4.1.2 leaves it free).
    fn parse(der: &'a [u8]) -> Option<Self> {
        const LIST: u32 = 0x30;
        const EXTENSIONS: u32 = 0xA2;
        let (request, []) = ber::read(der)? else {
            return None;
        };
        let (to_be_signed, _) = ber::read(request.value)?;
        let fields = ber::read_all(to_be_signed.value)?;
        let certificates: Vec<CertId<'a>> = ber::read_all(ber::find(&fields, LIST)?)?
            .iter()
            .map(CertId::parse)
            .collect::<Option<_>>()?;
        let nonce = match ber::find(&fields, EXTENSIONS) {
            None => None,
            Some(extensions) => {
                let (list, _) = ber::read(extensions)?;
                let nonce = oid(NONCE);
                ber::read_all(list.value)?
                    .into_iter()
                    .find(|extension| extension.value.starts_with(&nonce))
            }
        };
        (!certificates.is_empty()).then_some(Self { certificates, nonce })
    }

    /// The authority that issued the first certificate asked for; it signs the whole answer.
    fn authority(&self) -> Option<Authority> {
        let first = self.certificates.first()?;
        Authority::all()
            .into_iter()
            .find(|authority| first.is_issued_by(*authority))
    }

    fn answer(&self, authority: Authority, register: &Register) -> Vec<u8> {
        let period = register.validity().two_months();
        let answers: Vec<Vec<u8>> = self
            .certificates
            .iter()
            .map(|certificate| {
                let status = if certificate.is_issued_by(authority) {
                    register.status(authority, certificate.serial)
                } else {
                    CertificateStatus::Unknown
                };
                sequence(&[
                    certificate.encoded.clone(),
                    encode(status),
                    generalized_time(period.not_before),
                    tlv(context_constructed(0), &generalized_time(period.not_after)),
                ])
            })
            .collect();
        let key = authority.key();
        let responder = tlv(OCTET_STRING, &extensions::key_identifier(&key.to_public_key()));
        let nonce = self
            .nonce
            .map(|nonce| tlv(context_constructed(1), &sequence(&[tlv(nonce.tag, nonce.value)])));
        let data = sequence(&[
            tlv(context_constructed(2), &responder),
            generalized_time(period.not_before),
            sequence(&answers),
            nonce.unwrap_or_default(),
        ]);
        let basic = certificate::sign(&key, &data);
        let bytes = sequence(&[oid(BASIC_RESPONSE), tlv(OCTET_STRING, &basic)]);
        sequence(&[tlv(ENUMERATED, &[0]), tlv(context_constructed(0), &bytes)])
    }
}

impl<'a> CertId<'a> {
    /// Request { reqCert CertID, [0] extensions }.
    fn parse(request: &Tlv<'a>) -> Option<Self> {
        let (id, _) = ber::read(request.value)?;
        let parts = ber::read_all(id.value)?;
        let [algorithm, issuer_name, issuer_key, serial] = parts.as_slice() else {
            return None;
        };
        let hash = if algorithm.value.starts_with(&oid(SHA1)) {
            Hash::Sha1
        } else if algorithm.value.starts_with(&oid(SHA256)) {
            Hash::Sha256
        } else {
            return None;
        };
        let zeros = serial.value.iter().take_while(|byte| **byte == 0).count();
        Some(Self {
            encoded: tlv(id.tag, id.value),
            hash,
            issuer_name: issuer_name.value,
            issuer_key: issuer_key.value,
            serial: serial.value.get(zeros..).unwrap_or_default(),
        })
    }

    fn is_issued_by(&self, authority: Authority) -> bool {
        // The name first: it is there at once, while the key has to be read.
        self.hash.of(&authority.name()) == self.issuer_name
            && authority
                .key()
                .to_public_key()
                .to_pkcs1_der()
                .is_ok_and(|key| self.hash.of(key.as_bytes()) == self.issuer_key)
    }
}

/// CertStatus.
fn encode(status: CertificateStatus) -> Vec<u8> {
    match status {
        CertificateStatus::Good => tlv(context(0), &[]),
        CertificateStatus::Revoked(since) => {
            let reason = tlv(context_constructed(0), &tlv(ENUMERATED, &[KEY_COMPROMISE]));
            tlv(
                context_constructed(1),
                &[generalized_time(since), reason].concat(),
            )
        }
        CertificateStatus::Unknown => tlv(context(2), &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::holder::date::Validity;

    fn register() -> Register {
        Register::new(
            Validity::at("2026-07-14".parse().unwrap()),
            crate::holder::persona::all(),
            &[],
        )
    }

    #[test]
    fn what_is_no_request_is_called_malformed() {
        let malformed = [0x30, 0x03, 0x0A, 0x01, 0x01];
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 0x00],
            &[0x30, 0x02, 0x30, 0x00],
            &[0xFF; 40],
        ] {
            assert_eq!(respond(bytes, &register()), malformed, "{bytes:02X?}");
        }
    }

    #[test]
    fn an_authority_that_is_not_ours_is_refused() {
        let id = sequence(&[
            sequence(&[oid(SHA1), vec![0x05, 0x00]]),
            tlv(OCTET_STRING, &[0; 20]),
            tlv(OCTET_STRING, &[0; 20]),
            tlv(0x02, &[1]),
        ]);
        let request = sequence(&[sequence(&[sequence(&[sequence(&[id])])])]);
        assert_eq!(respond(&request, &register()), [0x30, 0x03, 0x0A, 0x01, 0x06]);
    }
}
