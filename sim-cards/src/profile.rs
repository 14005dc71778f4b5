//! What an issuer writes on a card before it is handed over.

use rsa::PrivateKey;

use crate::Chip;

/// A private key of the card and its certificate.
#[derive(Clone)]
pub struct KeyPair {
    /// RSA, 2048 bits on real cards.
    pub key: PrivateKey,
    /// DER.
    pub certificate: Vec<u8>,
}

/// One data object (PKCS #15 OpaqueDO).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// One of the labels of [`crate::layout::place`].
    pub label: String,
    pub value: Vec<u8>,
    /// Readable only with the holder code.
    pub protected: bool,
    /// Writable with the holder code.
    pub modifiable: bool,
}

/// The whole content of one card.
#[derive(Clone)]
pub struct Profile {
    pub chip: Chip,
    /// Content of EF.SN.ICC: `5A 0A`, issuer, eight digits, check digit, filler.
    pub serial: [u8; 12],
    /// Label of TokenInfo; contains `CPS3` or `CPS4`.
    pub label: String,
    pub signature: KeyPair,
    pub authentication: KeyPair,
    pub data: Vec<Content>,
    /// Content of EF_ACTUA; absent until the first update of a card.
    pub update_stamp: Option<Vec<u8>>,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile")
            .field("chip", &self.chip)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}
