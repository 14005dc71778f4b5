//! The lab PKI: authorities, certificates of the cards, of the servers opposite to them, revocation lists, online
//! status.
//!
//! Its shape, sizes and encodings are those of IGC-Santé; its names say that it is a lab; its keys are published and
//! worthless. Nothing is random: the same day gives the same bytes.

mod authority;
mod certificate;
mod der;
mod extensions;
mod keys;
mod name;
mod ocsp;
pub mod organisation;
pub mod pem;
mod person;
pub mod publication;
mod register;

use rsa::PrivateKey;

pub(crate) use person::card_number;

pub use crate::holder::date::{Date, DateError, Midnight, Period, Validity};
pub use authority::{Authority, PUBLICATION, Rank, Tier};
pub use person::{Usage, credential, issuer};
pub use register::{CertificateStatus, Register};

use crate::holder::persona::Persona;

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

/// Issues the certificates of a holder.
pub fn credentials(persona: &Persona, validity: &Validity) -> Credentials {
    Credentials {
        signature: credential(persona, Usage::Signature, validity),
        authentication: credential(persona, Usage::Authentication, validity),
        technical: credential(persona, Usage::Technical, validity),
    }
}
