//! Documents that only their recipients read: AES-256 in CBC mode, its key enciphered with RSA for
//! each recipient (PKCS #1 v1.5, which every chip of these cards deciphers).

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use cms::cert::IssuerAndSerialNumber;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::enveloped_data::{
    EncryptedContentInfo, EnvelopedData, KeyTransRecipientInfo, RecipientIdentifier, RecipientInfo,
    RecipientInfos,
};
use der::asn1::{Null, ObjectIdentifier, OctetString};
use der::{Any, Decode, Encode};
use getrandom::SysRng;
use rsa::pkcs8::DecodePublicKey;
use rsa::{Pkcs1v15Encrypt, PublicKey};
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use x509_cert::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

use super::{DATA, RSA, binary, one_form};

const ENVELOPED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.3");
const AES128_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.2");
const AES192_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.22");
const AES256_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");

/// Bytes of a key of AES-256, and of a block.
const KEY: usize = 32;
const BLOCK: usize = 16;

/// A document for these recipients; nothing if the system has no random bytes, or a key of theirs is
/// not RSA.
pub fn encrypt(document: &[u8], recipients: &[Certificate]) -> Option<Vec<u8>> {
    let (mut key, mut start) = (Zeroizing::new([0; KEY]), [0; BLOCK]);
    getrandom::fill(&mut *key).ok()?;
    getrandom::fill(&mut start).ok()?;
    let cipher = cbc::Encryptor::<Aes256>::new_from_slices(&*key, &start).ok()?;
    let encrypted = cipher.encrypt_padded_vec::<Pkcs7>(document);
    let recipients = recipients.iter().map(|recipient| for_recipient(recipient, &*key));
    let recipients: Vec<RecipientInfo> = recipients.collect::<Option<_>>()?;
    let enveloped = EnvelopedData {
        version: CmsVersion::V0,
        originator_info: None,
        recip_infos: RecipientInfos::try_from(recipients).ok()?,
        encrypted_content: EncryptedContentInfo {
            content_type: DATA,
            content_enc_alg: AlgorithmIdentifierOwned {
                oid: AES256_CBC,
                parameters: Some(Any::encode_from(&OctetString::new(start).ok()?).ok()?),
            },
            encrypted_content: Some(OctetString::new(encrypted).ok()?),
        },
        unprotected_attrs: None,
    };
    let info = ContentInfo {
        content_type: ENVELOPED_DATA,
        content: Any::encode_from(&enveloped).ok()?,
    };
    info.to_der().ok()
}

fn for_recipient(recipient: &Certificate, key: &[u8]) -> Option<RecipientInfo> {
    let tbs = recipient.tbs_certificate();
    let public = PublicKey::from_public_key_der(&tbs.subject_public_key_info().to_der().ok()?).ok()?;
    let enciphered = public.encrypt(&mut SysRng, Pkcs1v15Encrypt, key).ok()?;
    Some(RecipientInfo::Ktri(KeyTransRecipientInfo {
        version: CmsVersion::V0,
        rid: RecipientIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: tbs.issuer().clone(),
            serial_number: tbs.serial_number().clone(),
        }),
        key_enc_alg: AlgorithmIdentifierOwned {
            oid: RSA,
            parameters: Some(Any::encode_from(&Null).ok()?),
        },
        enc_key: OctetString::new(enciphered).ok()?,
    }))
}

/// An enciphered document.
pub struct Sealed(EnvelopedData);

/// Why a document is not for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFor {
    /// Nobody enciphered its key for it.
    Certificate,
    /// The key is enciphered in a way that is not known here.
    Algorithm,
}

/// The file of an enciphered document; nothing if it is none.
pub fn read(bytes: &[u8]) -> Option<Sealed> {
    let bytes = binary(bytes);
    let whole = ContentInfo::from_der(&bytes).ok().and_then(enveloped);
    let whole = whole.or_else(|| enveloped(ContentInfo::from_der(&one_form(&bytes, true)?).ok()?));
    whole.map(Sealed)
}

fn enveloped(info: ContentInfo) -> Option<EnvelopedData> {
    match info.content_type {
        ENVELOPED_DATA => info.content.decode_as().ok(),
        _ => None,
    }
}

impl Sealed {
    /// The key of the document as it was enciphered for this certificate.
    pub fn key_for(&self, certificate: &Certificate) -> Result<&[u8], NotFor> {
        let mut found = Err(NotFor::Certificate);
        for recipient in self.0.recip_infos.0.iter() {
            let RecipientInfo::Ktri(recipient) = recipient else {
                continue;
            };
            if !is_meant(&recipient.rid, certificate) {
                continue;
            }
            match recipient.key_enc_alg.oid {
                RSA => return Ok(recipient.enc_key.as_bytes()),
                _ => found = Err(NotFor::Algorithm),
            }
        }
        found
    }

    /// Whether the document itself is enciphered in a way that is known here.
    pub fn is_known(&self) -> bool {
        let algorithm = self.0.encrypted_content.content_enc_alg.oid;
        [AES128_CBC, AES192_CBC, AES256_CBC].contains(&algorithm)
    }

    /// The document, by its key; nothing if that is not its key, or something was changed.
    pub fn open(&self, key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let content = &self.0.encrypted_content;
        let start: OctetString = content.content_enc_alg.parameters.as_ref()?.decode_as().ok()?;
        let (start, text) = (start.as_bytes(), content.encrypted_content.as_ref()?.as_bytes());
        let plain = match content.content_enc_alg.oid {
            AES128_CBC => {
                let cipher = cbc::Decryptor::<Aes128>::new_from_slices(key, start).ok()?;
                cipher.decrypt_padded_vec::<Pkcs7>(text)
            }
            AES192_CBC => {
                let cipher = cbc::Decryptor::<Aes192>::new_from_slices(key, start).ok()?;
                cipher.decrypt_padded_vec::<Pkcs7>(text)
            }
            AES256_CBC => {
                let cipher = cbc::Decryptor::<Aes256>::new_from_slices(key, start).ok()?;
                cipher.decrypt_padded_vec::<Pkcs7>(text)
            }
            _ => return None,
        };
        plain.ok().map(Zeroizing::new)
    }
}

fn is_meant(recipient: &RecipientIdentifier, certificate: &Certificate) -> bool {
    let tbs = certificate.tbs_certificate();
    match recipient {
        RecipientIdentifier::IssuerAndSerialNumber(id) => {
            id.issuer == *tbs.issuer() && id.serial_number == *tbs.serial_number()
        }
        RecipientIdentifier::SubjectKeyIdentifier(id) => {
            let own = tbs.get_extension::<SubjectKeyIdentifier>().ok().flatten();
            own.is_some_and(|(_, own)| own == *id)
        }
    }
}
