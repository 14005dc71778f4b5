//! The message of a signature or of a verification: collected or hashed on the host.

use zeroize::Zeroizing;

use crate::crypto::padding::pss;
use crate::crypto::{Digest, Hasher, ToSign};
use crate::memory;
use crate::provider::error::{Error, Result};
use crate::provider::mechanism::Signature;

/// The message of a signature, as far as it has been taken.
pub struct Message {
    content: Content,
    /// PSS parameters; PKCS #1 v1.5 without.
    pss: Option<pss::Params>,
}

enum Content {
    /// Data that go into the block as they are, or a digest for PSS.
    Bare(Zeroizing<Vec<u8>>),
    /// A message being hashed.
    Hashed(Hasher),
}

/// Bytes of bare data: more than any modulus here takes. What a key takes is known at the end.
const LONGEST_BARE: usize = 512;

impl Message {
    /// An empty message for a signature mechanism.
    pub fn new(signature: Signature) -> Result<Message> {
        let bare = || memory::with_room(LONGEST_BARE).map(|room| Content::Bare(Zeroizing::new(room)));
        let hashed = |hash| Content::Hashed(Hasher::new(hash));
        let (content, pss) = match signature {
            Signature::Bare => (bare()?, None),
            Signature::Pss(pss) => (bare()?, Some(pss)),
            Signature::Hashed(hash) => (hashed(hash), None),
            Signature::HashedPss(pss) => (hashed(pss.hash), Some(pss)),
        };
        Ok(Message { content, pss })
    }

    /// The message is hashed here: it may be as long as it likes, and empty.
    pub fn is_hashed(&self) -> bool {
        matches!(self.content, Content::Hashed(_))
    }

    /// Takes a part of the message.
    pub fn update(&mut self, part: &[u8]) -> Result<()> {
        match &mut self.content {
            Content::Bare(data) if data.len().saturating_add(part.len()) > LONGEST_BARE => {
                return Err(Error::DataLenRange);
            }
            Content::Bare(data) => data.extend_from_slice(part),
            Content::Hashed(hasher) => hasher.update(part),
        }
        Ok(())
    }

    /// Ends the message, which is empty afterwards. The answer is what keys sign and verify.
    pub fn finish(&mut self) -> Result<ToSign> {
        Ok(match (&mut self.content, self.pss) {
            (Content::Bare(data), None) => ToSign::Bare(std::mem::take(data)),
            (Content::Bare(data), Some(pss)) if data.len() != pss.hash.len() => {
                return Err(Error::DataLenRange);
            }
            (Content::Bare(data), Some(parameters)) => ToSign::Pss {
                parameters,
                digest: Digest::new(data),
            },
            (Content::Hashed(hasher), None) => ToSign::Digest {
                hash: hasher.hash(),
                last_round: hasher.last_round(),
                digest: hasher.finish(),
            },
            (Content::Hashed(hasher), Some(parameters)) => ToSign::Pss {
                parameters,
                digest: hasher.finish(),
            },
        })
    }
}
