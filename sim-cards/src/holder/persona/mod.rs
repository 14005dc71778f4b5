//! The holders of the simulated cards, written in `personas/*.toml`.
//!
//! All are fictional: test-card category, identifiers of test ranges, names that say so.

mod error;
mod file;
mod lookup;
mod serial;
mod types;
mod verbatim;

pub use error::PersonaError;
pub use lookup::{all, find, named, parse};
pub use types::{
    Billing, CardType, CertificateState, Certificates, Codes, EfActua, Holder, Persona, Profession, Situation,
};
pub use verbatim::{Directory, VerbatimCertificate, VerbatimDirectory};

pub(crate) use serial::luhn_digit;

#[cfg(test)]
mod tests;
