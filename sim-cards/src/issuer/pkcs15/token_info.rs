//! TokenInfo, with the algorithms of the IAS profile.

use super::encoding::{NULL, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, UTF8_STRING, bits, integer};
use crate::iso7816::interface::Interface;
use crate::iso7816::tlv::{constructed, tlv};
use crate::issuer::profile::Profile;

/// Content of EF.TokenInfo. Only the contact application asks for a login.
pub fn token_info(profile: &Profile, interface: Interface) -> Vec<u8> {
    const LOGIN_REQUIRED: usize = 1;
    const RANDOM_NUMBERS: usize = 2;
    let flags: &[usize] = match interface {
        Interface::Contact => &[LOGIN_REQUIRED, RANDOM_NUMBERS],
        Interface::Contactless => &[RANDOM_NUMBERS],
    };
    constructed(
        SEQUENCE,
        &[
            integer(0),
            tlv(OCTET_STRING, profile.serial.get(2..).unwrap_or_default()),
            tlv(UTF8_STRING, b"CPx lab"),
            tlv(0x80, profile.label.as_bytes()),
            bits(flags, 1),
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
