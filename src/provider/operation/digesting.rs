//! Message digesting (PKCS #11 §5.12), in software.

use crate::crypto::{Digest, Hash, Hasher};

use crate::provider::error::{Error, Result};
use crate::provider::library::Library;
use crate::provider::mechanism;
use crate::provider::operation::{Step, start, step};
use crate::provider::types::{Mechanism, Output, SessionHandle};

/// A digest under way.
pub struct Digesting {
    hash: Hash,
    parts: Option<Hasher>,
    /// Digest of the data that a C_Digest size query was given. Applications of the official module fetch it with C_DigestFinal.
    asked: Option<Digest>,
}

impl Library {
    /// C_DigestInit.
    pub fn digest_init(&self, session: SessionHandle, mechanism: &Mechanism) -> Result<()> {
        let session = self.session(session)?;
        start(&mut session.operations().digest, || {
            Ok(Digesting {
                hash: mechanism::digest(mechanism)?,
                parts: None,
                asked: None,
            })
        })
    }

    /// C_Digest.
    pub fn digest(&self, session: SessionHandle, data: &[u8], out: Output<'_>) -> Result<usize> {
        let session = self.session(session)?;
        step(&mut session.operations().digest, |operation| {
            if operation.parts.is_some() {
                return Err(Error::OperationNotInitialized);
            }
            let digest = operation.hash.digest(data);
            if !out.wants(digest.len())? {
                let length = digest.len();
                operation.asked = Some(digest);
                return Ok(Step::GoesOn(length));
            }
            Ok(Step::Ended(out.put(&digest)?))
        })
    }

    /// C_DigestUpdate.
    pub fn digest_update(&self, session: SessionHandle, part: &[u8]) -> Result<()> {
        let session = self.session(session)?;
        step(&mut session.operations().digest, |operation| {
            let hash = operation.hash;
            operation
                .parts
                .get_or_insert_with(|| Hasher::new(hash))
                .update(part);
            Ok(Step::GoesOn(()))
        })
    }

    /// C_DigestFinal.
    pub fn digest_final(&self, session: SessionHandle, out: Output<'_>) -> Result<usize> {
        let session = self.session(session)?;
        step(&mut session.operations().digest, |operation| {
            let length = operation.hash.len();
            if !out.wants(length)? {
                return Ok(Step::GoesOn(length));
            }
            let digest = match (operation.parts.take(), operation.asked.take()) {
                (Some(mut parts), _) => parts.finish(),
                (None, Some(asked)) => asked,
                (None, None) => operation.hash.digest(&[]),
            };
            Ok(Step::Ended(out.put(&digest)?))
        })
    }
}
