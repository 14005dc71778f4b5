//! Keys with their certificates.

use rsa::PrivateKey;

/// A private key with its certificate.
#[derive(Clone)]
pub struct Credential {
    /// RSA, 2048 bits.
    pub key: PrivateKey,
    /// DER.
    pub certificate: Vec<u8>,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").finish_non_exhaustive()
    }
}

/// The keys of a card.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `CPS_PRIV_SIG` and its certificate: non-repudiation only.
    pub signature: Credential,
    /// `CPS_PRIV_AUT` and its certificate: TLS and logon.
    pub authentication: Credential,
    /// `CPS_PRIV_TECH_AUT` and its certificate: contactless, on a CPS3.
    pub technical: Credential,
}
