//! What the directories say of the keys and their certificates.

use rsa::PublicKey;
use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::traits::PublicKeyParts;

use super::encoding::{
    Application, BOOLEAN, OCTET_STRING, SEQUENCE, TYPE_ATTRIBUTES, UTF8_STRING, bits, integer,
};
use crate::iso7816::tlv::{constructed, tlv};
use crate::issuer::profile::Profile;
use crate::kinds::chip::Chip;
use crate::model::{guesses, layout};
use crate::pki::Credential;

/// What the directories say of one key pair.
pub struct Key<'a> {
    pub credential: &'a Credential,
    application: Application,
    private_label: &'static str,
    public_label: &'static str,
    certificate_label: &'static str,
    /// Last byte of the identifier, after the name of the application.
    number: u8,
    reference: u8,
    flags: &'static [usize],
    usage: &'static [usize],
    public_usage: &'static [usize],
    /// Access modes, each tied to the holder code; none for a key that needs no code.
    operations: &'static [usize],
    pub certificate_file: u16,
    /// A CPS3 has none.
    pub public_file: Option<u16>,
}

const USAGE_ENCRYPT: usize = 0;
const USAGE_DECRYPT: usize = 1;
const USAGE_SIGN: usize = 2;
const USAGE_VERIFY: usize = 6;
const USAGE_NON_REPUDIATION: usize = 9;
const ACCESS_PSO_CDS: usize = 5;
const ACCESS_PSO_DECRYPT: usize = 7;
const ACCESS_INTERNAL_AUTHENTICATE: usize = 9;

impl<'a> Key<'a> {
    /// The signature key, then the authentication key.
    pub fn both(profile: &'a Profile) -> [Self; 2] {
        let files = &guesses::get().files;
        let on_cps4 = |file| (profile.chip == Chip::Cps4).then_some(file);
        let (references, numbers) = match profile.chip {
            Chip::Cps3 => (
                [layout::CPS3_SIGNATURE_KEY, layout::CPS3_AUTHENTICATION_KEY],
                [0x01, 0x02],
            ),
            Chip::Cps4 => (
                [layout::CPS4_SIGNATURE_KEY, layout::CPS4_AUTHENTICATION_KEY],
                [0x10, 0x20],
            ),
        };
        [
            Self {
                credential: &profile.credentials.signature,
                application: Application::CONTACT,
                private_label: "CPS_PRIV_SIG",
                public_label: "Cle publique de Signature CPS",
                certificate_label: "Certificat de Signature CPS",
                number: numbers[0],
                reference: references[0],
                flags: &[0],
                usage: &[USAGE_NON_REPUDIATION],
                public_usage: &[USAGE_VERIFY],
                operations: &[ACCESS_PSO_CDS],
                certificate_file: files.signature_certificate,
                public_file: on_cps4(files.signature_public_key),
            },
            Self {
                credential: &profile.credentials.authentication,
                application: Application::CONTACT,
                private_label: "CPS_PRIV_AUT",
                public_label: "Cle publique d'Authentification CPS",
                certificate_label: "Certificat d'Authentification CPS",
                number: numbers[1],
                reference: references[1],
                flags: &[0, 1, 2],
                usage: &[USAGE_DECRYPT, USAGE_SIGN],
                public_usage: &[USAGE_ENCRYPT, USAGE_VERIFY],
                operations: &[ACCESS_PSO_DECRYPT, ACCESS_INTERNAL_AUTHENTICATE],
                certificate_file: files.authentication_certificate,
                public_file: on_cps4(files.authentication_public_key),
            },
        ]
    }

    /// The key of the contactless application, which needs no code.
    pub fn technical(credential: &'a Credential) -> Self {
        let files = &guesses::get().files;
        Self {
            credential,
            application: Application::contactless(),
            private_label: "CPS_PRIV_TECH_AUT",
            public_label: "Cle publique Technique CPS",
            certificate_label: "Certificat Technique CPS",
            number: 0x03,
            reference: guesses::get().chips.technical_key,
            flags: &[],
            usage: &[USAGE_SIGN],
            public_usage: &[USAGE_VERIFY],
            operations: &[],
            certificate_file: files.technical_certificate,
            public_file: None,
        }
    }

    /// The name of the contact application and a number, for the technical key too.
    fn identifier(&self) -> Vec<u8> {
        tlv(OCTET_STRING, &[&layout::CONTACT_AID[..], &[self.number]].concat())
    }

    /// One entry of PrKDF.
    pub fn private_entry(&self) -> Vec<u8> {
        let rule = |operation: &usize| {
            constructed(
                SEQUENCE,
                &[bits(&[*operation], 2), tlv(OCTET_STRING, &[layout::HOLDER_CODE])],
            )
        };
        let rules: Vec<_> = self.operations.iter().map(rule).collect();
        let mut common = vec![
            tlv(UTF8_STRING, self.private_label.as_bytes()),
            bits(self.flags, 1),
        ];
        if !rules.is_empty() {
            common.push(tlv(OCTET_STRING, &[layout::HOLDER_CODE]));
            common.push(constructed(SEQUENCE, &rules));
        }
        // sensitive, always sensitive, never extractable
        let class = [
            self.identifier(),
            bits(self.usage, 2),
            bits(&[0, 2, 3], 1),
            integer(u16::from(self.reference)),
        ];
        constructed(
            SEQUENCE,
            &[
                constructed(SEQUENCE, &common),
                constructed(SEQUENCE, &class),
                self.rsa_attributes(self.application.key_path()),
            ],
        )
    }

    /// One entry of PuKDF, for the key in this file.
    pub fn public_entry(&self, file: u16) -> Vec<u8> {
        let common = [tlv(UTF8_STRING, self.public_label.as_bytes())];
        let class = [
            self.identifier(),
            bits(self.public_usage, 2),
            bits(&[1, 4], 1), // extractable, local
            integer(u16::from(self.reference)),
        ];
        constructed(
            SEQUENCE,
            &[
                constructed(SEQUENCE, &common),
                constructed(SEQUENCE, &class),
                self.rsa_attributes(self.application.path(file)),
            ],
        )
    }

    /// One entry of CDF.
    pub fn certificate_entry(&self) -> Vec<u8> {
        constructed(
            SEQUENCE,
            &[
                constructed(SEQUENCE, &[tlv(UTF8_STRING, self.certificate_label.as_bytes())]),
                constructed(SEQUENCE, &[self.identifier(), tlv(BOOLEAN, &[0])]),
                constructed(
                    TYPE_ATTRIBUTES,
                    &[tlv(SEQUENCE, &self.application.path(self.certificate_file))],
                ),
            ],
        )
    }

    fn rsa_attributes(&self, path: Vec<u8>) -> Vec<u8> {
        let bits = (self.credential.key.size() * 8) as u16;
        constructed(TYPE_ATTRIBUTES, &[constructed(SEQUENCE, &[path, integer(bits)])])
    }

    /// RSAPublicKey (RFC 8017 §A.1.1).
    pub fn public_value(&self) -> Vec<u8> {
        let key: &PublicKey = self.credential.key.as_ref();
        key.to_pkcs1_der()
            .map(|der| der.as_bytes().to_vec())
            .unwrap_or_default()
    }
}
