//! Signing (PKCS #11 §5.13): collects or hashes on the host, signs with the card at the end.

use zeroize::Zeroizing;

use crate::card::KeyRole;
use crate::crypto::padding::pss;
use crate::crypto::{Digest, Hash, Hasher, LastRound, ResumableHasher};
use crate::memory;
use crate::token::object::PrivateKey;
use crate::token::{self, key::ToSign};

use super::error::{Error, Result};
use super::library::Library;
use super::mechanism::{self, Signature};
use super::object::{KeyHandle, Use};
use super::operation::{Step, start, step};
use super::session::Session;
use super::types::{Mechanism, ObjectHandle, Output, SessionHandle};

/// A signature under way.
pub struct Signing {
    key: KeyHandle,
    message: Message,
    /// A part was taken: C_Sign cannot end it.
    in_parts: bool,
}

/// What has been taken of the message so far.
pub enum Message {
    /// Data that go into the block as they are, up to a length.
    Bare {
        /// The data so far.
        data: Zeroizing<Vec<u8>>,
        /// PSS parameters, when the data are a digest for PSS.
        pss: Option<pss::Params>,
    },
    /// A message being hashed.
    Hashed {
        /// The hash so far.
        stream: Stream,
        /// PSS parameters; PKCS #1 v1.5 without.
        pss: Option<pss::Params>,
    },
}

/// A hash that can give its last round to a card, where that may be needed.
pub enum Stream {
    /// Keeps the last block apart.
    Resumable(ResumableHasher),
    /// Just hashes.
    Plain(Hasher),
}

impl Stream {
    fn new(hash: Hash, for_card: bool) -> Stream {
        match ResumableHasher::new(hash) {
            Some(hasher) if for_card => Stream::Resumable(hasher),
            _ => Stream::Plain(Hasher::new(hash)),
        }
    }

    fn update(&mut self, part: &[u8]) {
        match self {
            Stream::Resumable(hasher) => hasher.update(part),
            Stream::Plain(hasher) => hasher.update(part),
        }
    }

    fn hash(&self) -> Hash {
        match self {
            Stream::Resumable(hasher) => hasher.hash(),
            Stream::Plain(hasher) => hasher.hash(),
        }
    }

    fn finish(self) -> (Digest, Option<LastRound>) {
        match self {
            Stream::Resumable(hasher) => {
                let (digest, last_round) = hasher.finish();
                (digest, Some(last_round))
            }
            Stream::Plain(hasher) => (hasher.finalize(), None),
        }
    }
}

impl Message {
    /// An empty message for a signature mechanism. `for_card`: the key belongs to a card that may want to finish the
    /// hash itself.
    pub fn new(signature: Signature, for_card: bool) -> Result<Message> {
        let bare = |pss| {
            let data = Zeroizing::new(memory::with_room(LONGEST_BARE)?);
            Ok::<_, Error>(Message::Bare { data, pss })
        };
        Ok(match signature {
            Signature::Bare => bare(None)?,
            Signature::Pss(pss) => bare(Some(pss))?,
            Signature::Hashed(hash) => Message::Hashed {
                stream: Stream::new(hash, for_card),
                pss: None,
            },
            Signature::HashedPss(pss) => Message::Hashed {
                stream: Stream::new(pss.hash, false),
                pss: Some(pss),
            },
        })
    }

    /// Takes the message out of an operation that comes to its end.
    pub fn take(&mut self) -> Message {
        let nothing = Message::Bare {
            data: Zeroizing::default(),
            pss: None,
        };
        std::mem::replace(self, nothing)
    }

    /// Takes a part of the message.
    pub fn update(&mut self, part: &[u8]) -> Result<()> {
        match self {
            Message::Bare { data, .. } if data.len().saturating_add(part.len()) > LONGEST_BARE => {
                Err(Error::DataLenRange)
            }
            Message::Bare { data, .. } => {
                data.extend_from_slice(part);
                Ok(())
            }
            Message::Hashed { stream, .. } => {
                stream.update(part);
                Ok(())
            }
        }
    }

    /// The message as taken, in the shape in which keys sign and verify it.
    pub fn finish(self) -> Finished {
        match self {
            Message::Bare { data, pss, .. } => Finished {
                bytes: data,
                hash: None,
                pss,
                last_round: None,
            },
            Message::Hashed { stream, pss } => {
                let hash = stream.hash();
                let (digest, last_round) = stream.finish();
                Finished {
                    bytes: Zeroizing::new(digest.to_vec()),
                    hash: Some(hash),
                    pss,
                    last_round,
                }
            }
        }
    }
}

/// A whole message: data, or the digest of data.
pub struct Finished {
    bytes: Zeroizing<Vec<u8>>,
    hash: Option<Hash>,
    pss: Option<pss::Params>,
    last_round: Option<LastRound>,
}

impl Finished {
    /// What goes to the token.
    pub fn to_sign(&self) -> Result<ToSign<'_>> {
        let (bytes, last_round) = (self.bytes.as_slice(), self.last_round.as_ref());
        match (self.pss, self.hash) {
            (Some(pss), _) if bytes.len() != pss.hash.len() => Err(Error::DataLenRange),
            (Some(pss), _) => Ok(ToSign::Pss(pss, bytes)),
            (None, Some(hash)) => Ok(ToSign::Digest {
                hash,
                digest: bytes,
                last_round,
            }),
            (None, None) => Ok(ToSign::Bare(bytes)),
        }
    }
}

/// More than any modulus here takes; what a key takes is known at the end.
const LONGEST_BARE: usize = 512;

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
            let for_card = private.reference.role == KeyRole::Signature;
            Ok(Signing {
                message: Message::new(signature, for_card)?,
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
            let data = match (data, &operation.message) {
                (Some(data), _) => data,
                (None, Message::Hashed { .. }) => &[],
                (None, Message::Bare { .. }) => return Err(Error::ArgumentsBad),
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
    pub(super) fn asks_for_length(
        &self,
        session: &Session,
        key: &PrivateKey,
        out: &Output<'_>,
    ) -> Result<Option<usize>> {
        let length = self.note(session, session.token().modulus_len(key))?;
        Ok((!out.wants(length)?).then_some(length))
    }

    /// Measures the buffer by the key that will check the signature, before the message is taken: the directory may have announced less.
    pub(super) fn has_room(&self, session: &Session, key: &PrivateKey, out: &Output<'_>) -> Result<()> {
        let public = self.note(session, session.token().public_key(&key.entry.id))?;
        out.wants(public.size()).map(drop)
    }

    fn finish_signature(
        &self,
        session: &Session,
        operation: &mut Signing,
        out: Output<'_>,
    ) -> Result<Step<usize>> {
        let finished = operation.message.take().finish();
        let key: &PrivateKey = operation.key.private().ok_or(Error::KeyHandleInvalid)?;
        session.may_use(key)?;
        let signature = self.note(session, session.token().sign(key, finished.to_sign()?))?;
        Ok(Step::Ended(out.put(&signature)?))
    }
}
