//! Hash functions by name, and SHA-1/SHA-256 states that a card can finish.

use std::fmt;
use std::ops::Deref;

use der::asn1::ObjectIdentifier;
use der::oid::AssociatedOid;
use sha1::Sha1;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The hash functions of the signature schemes (FIPS 180-4).
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
    /// Every hash function, shortest digest first.
    pub const ALL: [Hash; 5] = [Hash::Sha1, Hash::Sha224, Hash::Sha256, Hash::Sha384, Hash::Sha512];

    /// Length of a digest in bytes.
    #[allow(clippy::len_without_is_empty, reason = "a digest is never empty")]
    pub const fn len(self) -> usize {
        match self {
            Hash::Sha1 => 20,
            Hash::Sha224 => 28,
            Hash::Sha256 => 32,
            Hash::Sha384 => 48,
            Hash::Sha512 => 64,
        }
    }

    /// Object identifier of the function, as in DigestInfo (RFC 8017 App. B.1).
    pub const fn oid(self) -> ObjectIdentifier {
        match self {
            Hash::Sha1 => Sha1::OID,
            Hash::Sha224 => Sha224::OID,
            Hash::Sha256 => Sha256::OID,
            Hash::Sha384 => Sha384::OID,
            Hash::Sha512 => Sha512::OID,
        }
    }

    /// The function with this object identifier.
    pub fn from_oid(oid: &ObjectIdentifier) -> Option<Hash> {
        Hash::ALL.into_iter().find(|hash| hash.oid() == *oid)
    }

    /// Digest of `data` in one go.
    pub fn digest(self, data: &[u8]) -> Digest {
        let mut hasher = Hasher::new(self);
        hasher.update(data);
        hasher.finish()
    }
}

/// A finished digest: a slice of [`Hash::len`] bytes. Wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Digest {
    bytes: [u8; Digest::MAX_LEN],
    len: usize,
}

impl Digest {
    /// Length of the longest digest, SHA-512's.
    pub const MAX_LEN: usize = 64;

    /// Takes the first [`Digest::MAX_LEN`] bytes of `digest`.
    pub(super) fn new(digest: &[u8]) -> Self {
        let mut bytes = [0; Digest::MAX_LEN];
        for (to, from) in bytes.iter_mut().zip(digest) {
            *to = *from;
        }
        Digest {
            bytes,
            len: digest.len().min(Digest::MAX_LEN),
        }
    }
}

impl Deref for Digest {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl fmt::Debug for Digest {
    /// Shows the length only: the digest of a short secret tells the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({} bytes)", self.len)
    }
}

/// A hash in progress. Its state is wiped when dropped.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Hasher {
    Sha1(Sha1),
    Sha224(Sha224),
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Hasher {
    /// Starts a hash over the empty message.
    pub fn new(hash: Hash) -> Self {
        match hash {
            Hash::Sha1 => Hasher::Sha1(Sha1::new()),
            Hash::Sha224 => Hasher::Sha224(Sha224::new()),
            Hash::Sha256 => Hasher::Sha256(Sha256::new()),
            Hash::Sha384 => Hasher::Sha384(Sha384::new()),
            Hash::Sha512 => Hasher::Sha512(Sha512::new()),
        }
    }

    /// The function in use.
    pub fn hash(&self) -> Hash {
        match self {
            Hasher::Sha1(_) => Hash::Sha1,
            Hasher::Sha224(_) => Hash::Sha224,
            Hasher::Sha256(_) => Hash::Sha256,
            Hasher::Sha384(_) => Hash::Sha384,
            Hasher::Sha512(_) => Hash::Sha512,
        }
    }

    /// Appends `data` to the message.
    pub fn update(&mut self, data: &[u8]) {
        match self {
            Hasher::Sha1(h) => h.update(data),
            Hasher::Sha224(h) => h.update(data),
            Hasher::Sha256(h) => h.update(data),
            Hasher::Sha384(h) => h.update(data),
            Hasher::Sha512(h) => h.update(data),
        }
    }

    /// Digest of the message.
    pub fn finalize(mut self) -> Digest {
        self.finish()
    }

    /// Digest of the message, in place: a state that moves leaves the end of the message where it was.
    fn finish(&mut self) -> Digest {
        match self {
            Hasher::Sha1(h) => Digest::new(&h.finalize_reset()),
            Hasher::Sha224(h) => Digest::new(&h.finalize_reset()),
            Hasher::Sha256(h) => Digest::new(&h.finalize_reset()),
            Hasher::Sha384(h) => Digest::new(&h.finalize_reset()),
            Hasher::Sha512(h) => Digest::new(&h.finalize_reset()),
        }
    }
}

/// What a card needs to finish a SHA-1 or SHA-256 computation whose complete blocks were hashed on the host
/// (PSO HASH "last round on card"). Wiped when dropped: a short message is all in it.
#[derive(Clone, Debug, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct LastRound {
    /// Chaining value after the complete blocks, big-endian words (20 or 32 bytes); meaningless when
    /// `hashed_bits` is 0.
    pub state: Vec<u8>,
    /// Message bits already in `state`, a multiple of 512.
    pub hashed_bits: u64,
    /// The rest of the message, 1 to 64 bytes; empty only for the empty message.
    pub tail: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::test_keys::hex;

    /// FIPS 180-4 example message "abc" (NIST example values for each function).
    const ABC: [(Hash, &str); 5] = [
        (Hash::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            Hash::Sha224,
            "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
        ),
        (
            Hash::Sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            Hash::Sha384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            Hash::Sha512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
    ];

    #[test]
    fn nist_example_values() {
        for (hash, expected) in ABC {
            assert_eq!(hash.digest(b"abc").to_vec(), hex(expected), "{hash:?}");
            assert_eq!(hash.digest(b"abc").len(), hash.len(), "{hash:?}");
        }
    }

    #[test]
    fn a_message_may_come_in_parts_and_a_hasher_be_cloned_midway() {
        for hash in Hash::ALL {
            let mut first = Hasher::new(hash);
            assert_eq!(first.hash(), hash);
            first.update(b"a");
            first.update(b"");
            let mut second = first.clone();
            first.update(b"bc");
            second.update(b"xy");
            assert_eq!(first.finalize(), hash.digest(b"abc"), "{hash:?}");
            assert_eq!(second.finalize(), hash.digest(b"axy"), "{hash:?}");
        }
    }

    #[test]
    fn object_identifiers_of_rfc_8017_appendix_b_1() {
        let expected = [
            (Hash::Sha1, "1.3.14.3.2.26"),
            (Hash::Sha224, "2.16.840.1.101.3.4.2.4"),
            (Hash::Sha256, "2.16.840.1.101.3.4.2.1"),
            (Hash::Sha384, "2.16.840.1.101.3.4.2.2"),
            (Hash::Sha512, "2.16.840.1.101.3.4.2.3"),
        ];
        for (hash, oid) in expected {
            assert_eq!(hash.oid().to_string(), oid);
            assert_eq!(Hash::from_oid(&hash.oid()), Some(hash));
        }
        assert_eq!(
            Hash::from_oid(&ObjectIdentifier::new_unwrap("1.2.840.113549.2.5")),
            None
        );
    }

    #[test]
    fn debug_output_shows_no_digest() {
        assert_eq!(format!("{:?}", Hash::Sha256.digest(b"1234")), "Digest(32 bytes)");
    }
}
