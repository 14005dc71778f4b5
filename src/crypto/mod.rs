//! Pure computation beside the stairs: hashes that can be interrupted, DigestInfo, paddings, RSA with the public key.

pub mod hash;

pub use hash::{Hash, LastRound};
