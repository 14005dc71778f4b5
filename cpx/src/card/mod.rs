//! What a card says of itself and of its holder.

pub mod certificate;
pub mod data;
pub mod identifier;
pub mod tables;
