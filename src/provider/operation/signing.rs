//! Signing (PKCS #11 §5.13): collects or hashes on the host, signs with the card at the end.

use zeroize::Zeroizing;

use crate::crypto::padding::pss;
use crate::crypto::{Digest, Hasher, ToSign};
use crate::memory;
use crate::token;
use crate::token::object::PrivateKey;

use crate::provider::error::{Error, Result};
use crate::provider::library::Library;
use crate::provider::mechanism::{self, Signature};
use crate::provider::operation::{Step, start, step};
use crate::provider::session::Session;
use crate::provider::session::objects::{KeyHandle, Use};
use crate::provider::types::{Mechanism, ObjectHandle, Output, SessionHandle};

/// A signature under way.
pub struct Signing {
    key: KeyHandle,
    message: Message,
    /// A part was taken: C_Sign cannot end it.
    in_parts: bool,
}

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

impl Library {
    /// C_SignInit.
    pub fn sign_init(&self, session: SessionHandle, mechanism: &Mechanism, key: ObjectHandle) -> Result<()> {
        let session = self.session(session)?;
        start(&mut session.operations().sign, || {
            let handle = self.key(&session, key, mechanism.kind, Use::Sign)?;
            let private = handle.private().ok_or(Error::KeyTypeInconsistent)?;
            if !token::mechanism::signs(private, mechanism.kind) {
                return Err(Error::MechanismInvalid);
            }
            let signature = mechanism::signature(mechanism)?;
            if let Signature::Pss(pss) | Signature::HashedPss(pss) = signature
                && !token::mechanism::signs_pss(private, pss)
            {
                return Err(Error::MechanismParamInvalid);
            }
            Ok(Signing {
                message: Message::new(signature)?,
                in_parts: false,
                key: handle,
            })
        })
    }

    /// C_Sign. A size query costs no exchange and needs no data. NULL (`None`) is an empty message where a message is hashed; a block of
    /// nothing nobody means, and as with the official module the operation stays for another try.
    pub fn sign(&self, session: SessionHandle, data: Option<&[u8]>, out: Output<'_>) -> Result<usize> {
        let session = self.session_for(session, &out)?;
        step(&mut session.operations().sign, |operation| {
            if operation.in_parts {
                return Err(Error::OperationNotInitialized);
            }
            let key = operation.key.private().ok_or(Error::KeyHandleInvalid)?;
            if let Some(length) = self.asks_for_length(&session, key, &out)? {
                return Ok(Step::GoesOn(length));
            }
            let data = match data {
                Some(data) => data,
                None if operation.message.is_hashed() => &[],
                None => return Err(Error::ArgumentsBad),
            };
            self.has_room(&session, key, &out)?;
            operation.message.update(data)?;
            self.finish_signature(&session, operation, out)
        })
    }

    /// C_SignUpdate.
    pub fn sign_update(&self, session: SessionHandle, part: &[u8]) -> Result<()> {
        let session = self.session(session)?;
        step(&mut session.operations().sign, |operation| {
            operation.in_parts = true;
            operation.message.update(part)?;
            Ok(Step::GoesOn(()))
        })
    }

    /// C_SignFinal.
    pub fn sign_final(&self, session: SessionHandle, out: Output<'_>) -> Result<usize> {
        let session = self.session_for(session, &out)?;
        step(&mut session.operations().sign, |operation| {
            let key = operation.key.private().ok_or(Error::KeyHandleInvalid)?;
            if let Some(length) = self.asks_for_length(&session, key, &out)? {
                return Ok(Step::GoesOn(length));
            }
            self.has_room(&session, key, &out)?;
            // §5.13 "C_SignFinal" has no CKR_DATA_INVALID.
            self.finish_signature(&session, operation, out)
                .map_err(|error| match error {
                    Error::DataInvalid => Error::DataLenRange,
                    other => other,
                })
        })
    }

    /// Length of a signature by this key, if that is all the caller wants. Sends nothing where the directory announces a length.
    pub(in crate::provider) fn asks_for_length(
        &self,
        session: &Session,
        key: &PrivateKey,
        out: &Output<'_>,
    ) -> Result<Option<usize>> {
        let length = self.note(session, session.token().modulus_len(key))?;
        Ok((!out.wants(length)?).then_some(length))
    }

    /// Measures the buffer by the key that will check the signature, before the message is taken: the directory may have announced less.
    pub(in crate::provider) fn has_room(
        &self,
        session: &Session,
        key: &PrivateKey,
        out: &Output<'_>,
    ) -> Result<()> {
        let public = self.note(session, session.token().public_key(&key.entry.id))?;
        out.wants(public.size()).map(drop)
    }

    fn finish_signature(
        &self,
        session: &Session,
        operation: &mut Signing,
        out: Output<'_>,
    ) -> Result<Step<usize>> {
        let key: &PrivateKey = operation.key.private().ok_or(Error::KeyHandleInvalid)?;
        session.may_use(key)?;
        let what = operation.message.finish()?;
        let signature = self.note(session, session.token().sign(key, &what))?;
        Ok(Step::Ended(out.put(&signature)?))
    }
}
