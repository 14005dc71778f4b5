//! Hash functions by name, and digests.

use std::fmt;
use std::ops::Deref;

use der::asn1::ObjectIdentifier;
use der::oid::AssociatedOid;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
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
    pub fn new(digest: &[u8]) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(format!("{:?}", Digest::new(&[0x5A; 32])), "Digest(32 bytes)");
    }
}
