//! Message digesting (PKCS #11 §5.12), in software.

use crate::crypto::{Digest, Hash, Hasher};
use crate::provider::error::{Error, Result};
use crate::provider::mechanism;
use crate::provider::types::{Mechanism, Output};

use super::step::Step;

/// A digest under way.
pub struct Digesting {
    hash: Hash,
    parts: Option<Hasher>,
    /// Digest of the data that a C_Digest size query was given. Applications of the official module
    /// fetch it with C_DigestFinal.
    asked: Option<Digest>,
}

impl Digesting {
    /// C_DigestInit.
    pub fn new(mechanism: &Mechanism) -> Result<Digesting> {
        Ok(Digesting {
            hash: mechanism::digest(mechanism)?,
            parts: None,
            asked: None,
        })
    }

    /// C_Digest.
    pub fn digest(&mut self, data: &[u8], out: Output<'_>) -> Result<Step<usize>> {
        if self.parts.is_some() {
            return Err(Error::OperationNotInitialized);
        }
        let digest = self.hash.digest(data);
        if !out.wants(digest.len())? {
            let length = digest.len();
            self.asked = Some(digest);
            return Ok(Step::GoesOn(length));
        }
        Ok(Step::Ended(out.put(&digest)?))
    }

    /// C_DigestUpdate.
    pub fn update(&mut self, part: &[u8]) -> Result<Step<()>> {
        let hash = self.hash;
        self.parts.get_or_insert_with(|| Hasher::new(hash)).update(part);
        Ok(Step::GoesOn(()))
    }

    /// C_DigestFinal.
    pub fn finish(&mut self, out: Output<'_>) -> Result<Step<usize>> {
        let length = self.hash.len();
        if !out.wants(length)? {
            return Ok(Step::GoesOn(length));
        }
        let digest = match (self.parts.take(), self.asked.take()) {
            (Some(mut parts), _) => parts.finish(),
            (None, Some(asked)) => asked,
            (None, None) => self.hash.digest(&[]),
        };
        Ok(Step::Ended(out.put(&digest)?))
    }
}
