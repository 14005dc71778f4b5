//! Hash functions by name, and SHA-1/SHA-256 states that a card can finish.

/// The hash functions of the signature schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// Length of a digest in bytes.
    pub const fn len(self) -> usize {
        match self {
            Hash::Sha1 => 20,
            Hash::Sha224 => 28,
            Hash::Sha256 => 32,
            Hash::Sha384 => 48,
            Hash::Sha512 => 64,
        }
    }
}

/// What a card needs to finish a SHA-1 or SHA-256 computation whose complete blocks were hashed on the host
/// (PSO HASH "last round on card").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRound {
    /// Chaining value after the complete blocks, big-endian words (20 or 32 bytes); meaningless when
    /// `hashed_bits` is 0.
    pub state: Vec<u8>,
    /// Message bits already in `state`, a multiple of 512.
    pub hashed_bits: u64,
    /// The rest of the message, 1 to 64 bytes; empty only for the empty message.
    pub tail: Vec<u8>,
}
