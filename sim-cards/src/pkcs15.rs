//! The PKCS #15 directories of a card (ISO 7816-15), written as real cards write them: bit strings that keep their
//! trailing zero bits, keys without path, no algorithm references in the private key directory.

use rsa::PublicKey;
use rsa::pkcs1::EncodeRsaPublicKey;

use crate::Chip;
use crate::codes::LENGTHS;
use crate::data::{Access, DataObject};
use crate::files::{AccessRules, File, MASTER_FILE};
use crate::layout::{self, Place};
use crate::pki::Credential;
use crate::profile::Profile;
use crate::tlv::{constructed, tlv};

const BOOLEAN: u32 = 0x01;
const INTEGER: u32 = 0x02;
const BIT_STRING: u32 = 0x03;
const OCTET_STRING: u32 = 0x04;
const NULL: u32 = 0x05;
const OBJECT_IDENTIFIER: u32 = 0x06;
const ENUMERATED: u32 = 0x0A;
const UTF8_STRING: u32 = 0x0C;
const SEQUENCE: u32 = 0x30;
/// `[1]`: the attributes of the type of an object.
const TYPE_ATTRIBUTES: u32 = 0xA1;

/// Every file of the contact application, the directory itself first.
pub fn application(profile: &Profile) -> Vec<File> {
    let directory = layout::CONTACT_APPLICATION;
    let file =
        |identifier, content| File::elementary(&[directory, identifier], AccessRules::CONTACT, content);
    let keys = Keys::of(profile);
    let mut files = vec![
        File::dedicated(&[directory], Some(&layout::CONTACT_AID), AccessRules::CONTACT),
        file(layout::EF_ODF, odf(profile.chip)),
        file(layout::EF_TOKEN_INFO, token_info(profile)),
        file(layout::EF_AODF, aodf()),
        file(
            layout::EF_PRKDF,
            keys.iter().flat_map(Key::private_entry).collect(),
        ),
        file(
            layout::EF_CDF,
            keys.iter().flat_map(Key::certificate_entry).collect(),
        ),
        file(layout::EF_DODF, dodf(profile)),
    ];
    files.extend(
        keys.iter()
            .map(|key| file(key.certificate_file, key.credential.certificate.clone())),
    );
    if profile.chip == Chip::Cps4 {
        files.push(file(
            layout::EF_PUKDF,
            keys.iter().flat_map(Key::public_entry).collect(),
        ));
        files.extend(keys.iter().map(|key| file(key.public_file, key.public_value())));
    }
    files.extend(profile.data.iter().filter_map(|object| {
        match layout::place(profile.chip, &object.label)? {
            Place::Application(identifier) => Some(File::elementary(
                &[directory, identifier],
                rules(object),
                object.content.clone(),
            )),
            Place::Legacy(..) => None,
        }
    }));
    files
}

fn rules(object: &DataObject) -> AccessRules {
    match (object.access, object.modifiable) {
        (Access::Code, _) => AccessRules::HOLDER_READS,
        (Access::Free, true) => AccessRules::HOLDER_WRITES,
        (Access::Free, false) => AccessRules::CONTACT,
    }
}

/// EF.DIR. The contactless application stands first, which is what makes OpenSC bind the contact one.
pub fn ef_dir(chip: Chip) -> Vec<u8> {
    let record = |aid: &[u8], label: &str, directory: u16| {
        let path = [MASTER_FILE.to_be_bytes(), directory.to_be_bytes()].concat();
        constructed(
            0x61,
            &[tlv(0x4F, aid), tlv(0x50, label.as_bytes()), tlv(0x51, &path)],
        )
    };
    let contact = record(
        &layout::CONTACT_AID,
        &format!("{chip} contact"),
        layout::CONTACT_APPLICATION,
    );
    match chip {
        Chip::Cps3 => {
            let contactless = record(
                &layout::CONTACTLESS_AID,
                &format!("{chip} sans contact"),
                layout::CONTACTLESS_APPLICATION,
            );
            [contactless, contact].concat()
        }
        Chip::Cps4 => contact,
    }
}

fn odf(chip: Chip) -> Vec<u8> {
    let entry = |tag, identifier| tlv(tag, &path(identifier));
    let mut entries = vec![entry(0xA0, layout::EF_PRKDF)];
    if chip == Chip::Cps4 {
        entries.push(entry(0xA1, layout::EF_PUKDF));
    }
    entries.push(entry(0xA4, layout::EF_CDF));
    entries.push(entry(0xA7, layout::EF_DODF));
    entries.push(entry(0xA8, layout::EF_AODF));
    entries.concat()
}

fn token_info(profile: &Profile) -> Vec<u8> {
    constructed(
        SEQUENCE,
        &[
            integer(0),
            tlv(OCTET_STRING, profile.serial.get(2..).unwrap_or_default()),
            tlv(UTF8_STRING, b"CPx lab"),
            tlv(0x80, profile.label.as_bytes()),
            bits(&[1, 2], 1),
            constructed(0xA2, &ALGORITHMS.map(|algorithm| algorithm.entry())),
        ],
    )
}

/// One AlgorithmInfo of TokenInfo.
struct Algorithm {
    reference: u16,
    /// PKCS #11 mechanism number.
    mechanism: u16,
    operations: &'static [usize],
    identifier: &'static [u8],
    /// The number MSE SET takes.
    card: u16,
}

const COMPUTE_SIGNATURE: usize = 1;
const DECIPHER: usize = 5;
const HASH: usize = 6;

const SHA1: &[u8] = &[0x2B, 0x0E, 0x03, 0x02, 0x1A];
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const RSA_ENCRYPTION: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
const SHA1_WITH_RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x05];
const SHA256_WITH_RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B];

/// supportedAlgorithms of the IAS profile; OpenSC signs with no other.
#[rustfmt::skip]
const ALGORITHMS: [Algorithm; 6] = [
    Algorithm { reference: 1, mechanism: 0x0220, operations: &[HASH], identifier: SHA1, card: 0x10 },
    Algorithm { reference: 2, mechanism: 0x0250, operations: &[HASH], identifier: SHA256, card: 0x40 },
    Algorithm { reference: 3, mechanism: 0x0006, operations: &[COMPUTE_SIGNATURE], identifier: SHA1_WITH_RSA, card: 0x12 },
    Algorithm { reference: 4, mechanism: 0x0040, operations: &[COMPUTE_SIGNATURE], identifier: SHA256_WITH_RSA, card: 0x42 },
    Algorithm { reference: 5, mechanism: 0x0001, operations: &[COMPUTE_SIGNATURE], identifier: RSA_ENCRYPTION, card: 0x02 },
    Algorithm { reference: 6, mechanism: 0x0001, operations: &[DECIPHER], identifier: RSA_ENCRYPTION, card: 0x1A },
];

impl Algorithm {
    fn entry(&self) -> Vec<u8> {
        constructed(
            SEQUENCE,
            &[
                integer(self.reference),
                integer(self.mechanism),
                tlv(NULL, &[]),
                bits(self.operations, 1),
                tlv(OBJECT_IDENTIFIER, self.identifier),
                integer(self.card),
            ],
        )
    }
}

/// Both codes. The second carries the soPin flag, without which unblocking cannot begin.
fn aodf() -> Vec<u8> {
    const INITIALIZED: usize = 4;
    const UNBLOCKING_PIN: usize = 6;
    const SO_PIN: usize = 7;
    let code = |label: &str, reference: u8, unblocked_by: Option<u8>, flags: &[usize], shortest, longest| {
        let mut common = vec![tlv(UTF8_STRING, label.as_bytes()), bits(&[0, 1], 1)];
        common.extend(unblocked_by.map(|code| tlv(OCTET_STRING, &[code])));
        constructed(
            SEQUENCE,
            &[
                constructed(SEQUENCE, &common),
                constructed(SEQUENCE, &[tlv(OCTET_STRING, &[reference])]),
                constructed(
                    TYPE_ATTRIBUTES,
                    &[constructed(
                        SEQUENCE,
                        &[
                            bits(flags, 2),
                            tlv(ENUMERATED, &[1]), // ascii-numeric
                            integer(shortest),
                            integer(longest),
                            integer(longest),
                            tlv(0x80, &[reference]),
                        ],
                    )],
                ),
            ],
        )
    };
    let (shortest, longest) = (*LENGTHS.start() as u16, *LENGTHS.end() as u16);
    [
        code(
            "Code porteur",
            layout::HOLDER_CODE,
            Some(layout::UNBLOCKING_CODE),
            &[INITIALIZED],
            shortest,
            longest,
        ),
        code(
            "Code de recyclage",
            layout::UNBLOCKING_CODE,
            None,
            &[INITIALIZED, UNBLOCKING_PIN, SO_PIN],
            longest,
            longest,
        ),
    ]
    .concat()
}

fn dodf(profile: &Profile) -> Vec<u8> {
    let entry = |object: &DataObject| {
        let Place::Application(identifier) = layout::place(profile.chip, &object.label)? else {
            return None;
        };
        let mut flags = vec![];
        let private = object.access == Access::Code;
        flags.extend(private.then_some(0));
        flags.extend(object.modifiable.then_some(1));
        let mut common = vec![tlv(UTF8_STRING, object.label.as_bytes()), bits(&flags, 1)];
        if private || object.modifiable {
            common.push(tlv(OCTET_STRING, &[layout::HOLDER_CODE]));
        }
        Some(constructed(
            SEQUENCE,
            &[
                constructed(SEQUENCE, &common),
                constructed(SEQUENCE, &[tlv(UTF8_STRING, b"CPS")]),
                tlv(TYPE_ATTRIBUTES, &path(identifier)),
            ],
        ))
    };
    profile.data.iter().filter_map(entry).flatten().collect()
}

/// What the directories say of one key pair.
struct Key<'a> {
    credential: &'a Credential,
    private_label: &'static str,
    public_label: &'static str,
    certificate_label: &'static str,
    /// Last byte of the identifier, after the name of the application.
    number: u8,
    reference: u8,
    flags: &'static [usize],
    usage: &'static [usize],
    public_usage: &'static [usize],
    /// Access modes, each tied to the holder code.
    operations: &'static [usize],
    certificate_file: u16,
    public_file: u16,
}

struct Keys;

const USAGE_ENCRYPT: usize = 0;
const USAGE_DECRYPT: usize = 1;
const USAGE_SIGN: usize = 2;
const USAGE_VERIFY: usize = 6;
const USAGE_NON_REPUDIATION: usize = 9;
const ACCESS_PSO_CDS: usize = 5;
const ACCESS_PSO_DECRYPT: usize = 7;
const ACCESS_INTERNAL_AUTHENTICATE: usize = 9;

impl Keys {
    fn of(profile: &Profile) -> [Key<'_>; 2] {
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
            Key {
                credential: &profile.credentials.signature,
                private_label: "CPS_PRIV_SIG",
                public_label: "Cle publique de Signature CPS",
                certificate_label: "Certificat de Signature CPS",
                number: numbers[0],
                reference: references[0],
                flags: &[0],
                usage: &[USAGE_NON_REPUDIATION],
                public_usage: &[USAGE_VERIFY],
                operations: &[ACCESS_PSO_CDS],
                certificate_file: layout::SIGNATURE_CERTIFICATE,
                public_file: layout::SIGNATURE_PUBLIC_KEY,
            },
            Key {
                credential: &profile.credentials.authentication,
                private_label: "CPS_PRIV_AUT",
                public_label: "Cle publique d'Authentification CPS",
                certificate_label: "Certificat d'Authentification CPS",
                number: numbers[1],
                reference: references[1],
                flags: &[0, 1, 2],
                usage: &[USAGE_DECRYPT, USAGE_SIGN],
                public_usage: &[USAGE_ENCRYPT, USAGE_VERIFY],
                operations: &[ACCESS_PSO_DECRYPT, ACCESS_INTERNAL_AUTHENTICATE],
                certificate_file: layout::AUTHENTICATION_CERTIFICATE,
                public_file: layout::AUTHENTICATION_PUBLIC_KEY,
            },
        ]
    }
}

impl Key<'_> {
    fn identifier(&self) -> Vec<u8> {
        tlv(OCTET_STRING, &[&layout::CONTACT_AID[..], &[self.number]].concat())
    }

    fn private_entry(&self) -> Vec<u8> {
        let rule = |operation: &usize| {
            constructed(
                SEQUENCE,
                &[bits(&[*operation], 2), tlv(OCTET_STRING, &[layout::HOLDER_CODE])],
            )
        };
        let rules: Vec<_> = self.operations.iter().map(rule).collect();
        let common = [
            tlv(UTF8_STRING, self.private_label.as_bytes()),
            bits(self.flags, 1),
            tlv(OCTET_STRING, &[layout::HOLDER_CODE]),
            constructed(SEQUENCE, &rules),
        ];
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
                self.rsa_attributes(key_path()),
            ],
        )
    }

    fn public_entry(&self) -> Vec<u8> {
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
                self.rsa_attributes(path(self.public_file)),
            ],
        )
    }

    fn certificate_entry(&self) -> Vec<u8> {
        constructed(
            SEQUENCE,
            &[
                constructed(SEQUENCE, &[tlv(UTF8_STRING, self.certificate_label.as_bytes())]),
                constructed(SEQUENCE, &[self.identifier(), tlv(BOOLEAN, &[0])]),
                constructed(TYPE_ATTRIBUTES, &[tlv(SEQUENCE, &path(self.certificate_file))]),
            ],
        )
    }

    fn rsa_attributes(&self, path: Vec<u8>) -> Vec<u8> {
        use rsa::traits::PublicKeyParts;
        let bits = (self.credential.key.size() * 8) as u16;
        constructed(TYPE_ATTRIBUTES, &[constructed(SEQUENCE, &[path, integer(bits)])])
    }

    /// RSAPublicKey (RFC 8017 §A.1.1).
    fn public_value(&self) -> Vec<u8> {
        let key: &PublicKey = self.credential.key.as_ref();
        key.to_pkcs1_der()
            .map(|der| der.as_bytes().to_vec())
            .unwrap_or_default()
    }
}

/// Path of a file of the contact application, from the master file.
fn path(identifier: u16) -> Vec<u8> {
    let path = [MASTER_FILE, layout::CONTACT_APPLICATION, identifier]
        .map(u16::to_be_bytes)
        .concat();
    constructed(SEQUENCE, &[tlv(OCTET_STRING, &path)])
}

/// Path of a key: empty, so that nothing is selected before its use, then the extension that names the application.
fn key_path() -> Vec<u8> {
    let application = constructed(0xA1, &[tlv(0x4F, &layout::CONTACT_AID), tlv(OCTET_STRING, &[])]);
    constructed(SEQUENCE, &[tlv(OCTET_STRING, &[]), application])
}

fn integer(value: u16) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    match bytes {
        [0, low @ 0..0x80] => tlv(INTEGER, &[low]),
        [0, _] | [1..0x80, _] => tlv(INTEGER, &bytes),
        _ => tlv(INTEGER, &[&[0][..], &bytes].concat()),
    }
}

/// A named bit list of a fixed number of octets, no unused bits: not DER, and what real cards hold.
fn bits(set: &[usize], octets: usize) -> Vec<u8> {
    let mut value = vec![0; octets + 1];
    for bit in set {
        if let Some(octet) = value.get_mut(1 + bit / 8) {
            *octet |= 0x80 >> (bit % 8);
        }
    }
    tlv(BIT_STRING, &value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bit_strings_keep_their_zeros() {
        assert_eq!(bits(&[0, 2, 3], 1), [0x03, 2, 0, 0xB0]);
        assert_eq!(bits(&[9], 2), [0x03, 3, 0, 0x00, 0x40]);
    }

    #[test]
    fn integers_are_positive() {
        assert_eq!(integer(0x81), [2, 2, 0, 0x81]);
        assert_eq!(integer(0x01), [2, 1, 1]);
        assert_eq!(integer(2048), [2, 2, 8, 0]);
    }

    #[test]
    fn the_path_of_a_key_is_empty_and_names_the_application() {
        assert_eq!(
            crate::hex::encode(&key_path()),
            "30150400A1114F0DE828BD080F8025000001FF00100400"
        );
    }
}
