//! What an issuer writes on the card of a holder.

pub mod data;
pub mod pkcs15;
pub mod profile;
