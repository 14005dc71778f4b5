//! The lab PKI: authorities, certificates of the cards, of the servers opposite to them, revocation lists, online
//! status.
//!
//! Its shape, sizes and encodings are those of IGC-Santé; its names say that it is a lab; its keys are published and
//! worthless. Nothing is random: the same day gives the same bytes.

mod authority;
mod certificate;
mod credential;
mod der;
mod extensions;
mod issuing;
mod keys;
mod name;
mod ocsp;
pub mod organisation;
pub mod pem;
mod person;
pub mod publication;
mod register;

pub(crate) use person::card_number;

pub use crate::holder::date::{Date, DateError, Midnight, Period, Validity};
pub use crate::kinds::tier::Tier;
pub use crate::kinds::usage::Usage;
pub use authority::{Authority, PUBLICATION, Rank};
pub use credential::{Credential, Credentials};
pub use issuing::{authority_certificate, revocation_list};
pub use person::{credential, credentials, issuer};
pub use register::{CertificateStatus, Register};
