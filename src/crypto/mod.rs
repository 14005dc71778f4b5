//! Pure computation beside the layers: hashes that can be interrupted, DigestInfo, paddings, RSA
//! with the public key.
//!
//! Nothing here knows a card or a Cryptoki type. Input is taken to be hostile (a card or a caller
//! may send anything): wrong lengths and malformed blocks are values, never panics.

pub mod digest_info;
pub mod generator;
pub mod hash;
pub mod hasher;
pub mod padding;
pub mod rsa;
pub mod system_random;
pub mod to_sign;

#[cfg(test)]
mod test_keys;

pub use hash::{Digest, Hash};
pub use hasher::{Hasher, LastRound};
pub use to_sign::ToSign;

use std::fmt;

use crate::memory::NoMemory;

/// Why a computation was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CryptoError {
    /// The public key is malformed, or outside the limits of [`rsa::PublicKey`].
    InvalidKey,
    /// Message, digest, salt or block has a length that the scheme or the modulus does not allow.
    DataLength,
    /// The block, read as a number, is not below the modulus (RFC 8017 §5.1.1 "message
    /// representative out of range").
    OutOfRange,
    /// The signature is not as long as the modulus.
    SignatureLength,
    /// The signature has the right length and is wrong.
    SignatureInvalid,
    /// The source of random bytes failed.
    NoRandom,
    /// The host has no memory left.
    NoMemory,
}

impl fmt::Display for CryptoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CryptoError::InvalidKey => "the public key is malformed, or too short or too long",
            CryptoError::DataLength => "the scheme or the key does not take data of this length",
            CryptoError::OutOfRange => "the block is not below the modulus",
            CryptoError::SignatureLength => "the signature is not as long as the modulus",
            CryptoError::SignatureInvalid => "the signature is wrong",
            CryptoError::NoRandom => "the operating system gave no random bytes",
            CryptoError::NoMemory => return NoMemory.fmt(f),
        })
    }
}

impl std::error::Error for CryptoError {}

impl From<NoMemory> for CryptoError {
    fn from(_: NoMemory) -> Self {
        CryptoError::NoMemory
    }
}
