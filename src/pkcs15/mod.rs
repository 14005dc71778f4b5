//! Layer 3: the card's own directory (PKCS #15 / ISO 7816-15), parsed from DER. No I/O.
//!
//! One function for each directory file: its bytes in, its objects out. Fill behind the last entry
//! is skipped, an entry that cannot be understood is left out and logged, and nothing a card writes
//! makes a function panic.

mod aodf;
mod decode;
mod dir;
#[cfg(test)]
pub(crate) mod notation;
mod objects;
mod odf;
mod token_info;
mod types;

pub use aodf::pins;
pub use dir::application_path;
pub use objects::{certificates, data, private_keys, public_keys};
pub use odf::{Odf, odf};
pub use token_info::{token_info, token_info_head};
#[cfg(test)]
pub use types::Objects;
pub use types::{
    Certificate, Common, DataObject, Path, PinObject, PrivateKey, PublicKey, TokenDirectory, TokenInfo, Usage,
};
