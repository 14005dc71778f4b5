//! What is to be signed, in one type from the session down to the card's command.

use std::fmt;

use zeroize::Zeroizing;

use super::CryptoError;
use super::hash::{Digest, Hash};
use super::hasher::LastRound;
use super::padding::pss;
use super::rsa::PublicKey;

/// What a signature is made over. Wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub enum ToSign {
    /// PKCS #1 v1.5: block type 1 around these bytes as they are, usually a DigestInfo.
    Bare(Zeroizing<Vec<u8>>),
    /// PKCS #1 v1.5 over DigestInfo(hash, digest).
    Digest {
        /// Hash function of the digest.
        hash: Hash,
        /// The finished digest, `hash.len()` bytes.
        digest: Digest,
        /// The same message cut before its last block, for a card that insists on hashing that
        /// block itself.
        last_round: Option<LastRound>,
    },
    /// PSS over a finished digest.
    Pss {
        /// Hash functions and length of the salt.
        parameters: pss::Params,
        /// The finished digest, `parameters.hash.len()` bytes.
        digest: Digest,
    },
    /// A whole block of the modulus' length that the host has padded.
    Block(Zeroizing<Vec<u8>>),
}

impl fmt::Debug for ToSign {
    /// Names the kind and the length only: what is signed may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ToSign::Bare(data) => write!(f, "Bare({} bytes)", data.len()),
            ToSign::Digest { hash, digest, .. } => write!(f, "Digest({hash:?}, {digest:?})"),
            ToSign::Pss { parameters, digest } => write!(f, "Pss({parameters:?}, {digest:?})"),
            ToSign::Block(block) => write!(f, "Block({} bytes)", block.len()),
        }
    }
}

impl ToSign {
    /// A finished digest for a PKCS #1 v1.5 signature, of a message that is not known.
    pub fn digest(hash: Hash, digest: &[u8]) -> ToSign {
        ToSign::Digest {
            hash,
            digest: Digest::new(digest),
            last_round: None,
        }
    }

    /// Verifies a signature over this.
    ///
    /// # Errors
    /// [`CryptoError::SignatureLength`], [`CryptoError::SignatureInvalid`];
    /// [`CryptoError::DataLength`] when the modulus is too short for what is signed, or a digest
    /// does not have the length of its hash.
    pub fn verify(&self, key: &PublicKey, signature: &[u8]) -> Result<(), CryptoError> {
        match self {
            ToSign::Bare(data) => key.verify_pkcs1_bare(data, signature),
            ToSign::Digest { hash, digest, .. } => key.verify_pkcs1(*hash, digest, signature),
            ToSign::Pss { parameters, digest } => key.verify_pss(*parameters, digest, signature),
            ToSign::Block(block) => key.verify_block(block, signature),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_shows_nothing_of_what_is_signed() {
        let digest = Digest::new(&[0x5A; 32]);
        let parameters = pss::Params::usual(Hash::Sha256);
        let rows = [
            (ToSign::Bare(Zeroizing::new(vec![0x5A; 4])), "Bare(4 bytes)"),
            (
                ToSign::digest(Hash::Sha256, &digest),
                "Digest(Sha256, Digest(32 bytes))",
            ),
            (ToSign::Block(Zeroizing::new(vec![0x5A; 4])), "Block(4 bytes)"),
        ];
        for (what, told) in rows {
            assert_eq!(format!("{what:?}"), told);
        }
        let told = format!("{:?}", ToSign::Pss { parameters, digest });
        assert_eq!(told, format!("Pss({parameters:?}, Digest(32 bytes))"));
    }
}
