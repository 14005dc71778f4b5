//! A signature over a document: SHA-256, the time, and the certificate that signs (CAdES-BES).

use std::time::{SystemTime, UNIX_EPOCH};

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedAttributes, SignedData, SignerIdentifier, SignerInfo,
    SignerInfos,
};
use der::asn1::{Null, ObjectIdentifier, OctetString, SetOfVec, UtcTime};
use der::{Any, Encode, EncodeValue, Sequence, Tagged};
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::{
    CONTENT_TYPE, DATA, MESSAGE_DIGEST, SHA256, SHA256_WITH_RSA, SIGNED_DATA, SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
};

/// `ESSCertIDv2` of RFC 5035 with its default hash, SHA-256, and without the issuer.
#[derive(Sequence)]
struct CertificateId {
    hash: OctetString,
}

/// `SigningCertificateV2`.
#[derive(Sequence)]
struct SigningCertificate {
    certificates: Vec<CertificateId>,
}

/// What a card is to sign, and what the signature becomes part of.
pub struct Unsigned {
    certificate: Certificate,
    attributes: SignedAttributes,
    content: Option<Any>,
}

fn attribute<T: EncodeValue + Tagged>(oid: ObjectIdentifier, value: &T) -> der::Result<Attribute> {
    let values = SetOfVec::try_from(vec![Any::encode_from(value)?])?;
    Ok(Attribute { oid, values })
}

impl Unsigned {
    /// Of a document, which goes into the signature's file if it is `attached`.
    pub fn new(document: &[u8], certificate: Certificate, attached: bool) -> der::Result<Unsigned> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = std::time::Duration::from_secs(now.as_secs());
        let hash = OctetString::new(Sha256::digest(certificate.to_der()?).to_vec())?;
        let signing = SigningCertificate {
            certificates: vec![CertificateId { hash }],
        };
        let digest = OctetString::new(Sha256::digest(document).to_vec())?;
        let attributes = SetOfVec::try_from(vec![
            attribute(CONTENT_TYPE, &DATA)?,
            attribute(SIGNING_TIME, &UtcTime::from_unix_duration(now)?)?,
            attribute(MESSAGE_DIGEST, &digest)?,
            attribute(SIGNING_CERTIFICATE_V2, &signing)?,
        ])?;
        let content = match attached {
            true => Some(Any::encode_from(&OctetString::new(document)?)?),
            false => None,
        };
        Ok(Unsigned {
            certificate,
            attributes,
            content,
        })
    }

    /// The bytes that the card signs, with SHA-256 and PKCS #1 v1.5.
    pub fn to_sign(&self) -> der::Result<Vec<u8>> {
        self.attributes.to_der()
    }

    /// The file, with the certificates of this chain beside that of the signer.
    pub fn signed(self, signature: &[u8], chain: Vec<Certificate>) -> der::Result<Vec<u8>> {
        let sha256 = AlgorithmIdentifierOwned {
            oid: SHA256,
            parameters: None,
        };
        let tbs = self.certificate.tbs_certificate();
        let signer = SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: tbs.issuer().clone(),
                serial_number: tbs.serial_number().clone(),
            }),
            digest_alg: sha256.clone(),
            signed_attrs: Some(self.attributes),
            signature_algorithm: AlgorithmIdentifierOwned {
                oid: SHA256_WITH_RSA,
                parameters: Some(Any::encode_from(&Null)?),
            },
            signature: OctetString::new(signature)?,
            unsigned_attrs: None,
        };
        let certificates = std::iter::once(self.certificate).chain(chain);
        let certificates: Vec<CertificateChoices> =
            certificates.map(CertificateChoices::Certificate).collect();
        let signed = SignedData {
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::try_from(vec![sha256])?,
            encap_content_info: EncapsulatedContentInfo {
                econtent_type: DATA,
                econtent: self.content,
            },
            certificates: Some(CertificateSet::try_from(certificates)?),
            crls: None,
            signer_infos: SignerInfos::try_from(vec![signer])?,
        };
        let info = ContentInfo {
            content_type: SIGNED_DATA,
            content: Any::encode_from(&signed)?,
        };
        info.to_der()
    }
}
