//! The security environment: what MSE SET prepared and PSO HASH computed.

use crate::chips::crypto::HashAlgorithm;
use crate::iso7816::interface::Interface;
use crate::iso7816::status::Status;
use crate::iso7816::tlv;
use crate::model::guesses;
use crate::model::layout::{CPS3_AUTHENTICATION_KEY, CPS3_SIGNATURE_KEY};

/// What a key is prepared for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// Template A4.
    Authentication,
    /// Template B8.
    Decipherment,
}

/// The templates set since the last change of directory.
#[derive(Debug, Default)]
pub struct Environment {
    interface: Interface,
    hash: Option<HashAlgorithm>,
    signature: Option<HashAlgorithm>,
    authentication: bool,
    decipherment: bool,
    computed: Option<(HashAlgorithm, Vec<u8>)>,
}

impl Environment {
    /// Nothing is set. The interface decides which keys can be.
    pub fn new(interface: Interface) -> Self {
        Self {
            interface,
            ..Self::default()
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::new(self.interface);
    }

    /// MSE SET: algorithm (tag 80) and key (tag 84) in any order.
    pub fn set(&mut self, mode: u8, template: u8, data: &[u8]) -> Result<(), Status> {
        const SET_FOR_COMPUTATION: u8 = 0x41;
        if mode != SET_FOR_COMPUTATION {
            return Err(Status::WRONG_PARAMETERS);
        }
        let objects = tlv::read_all(data).ok_or(Status::WRONG_DATA)?;
        let byte = |tag| match tlv::find(&objects, tag) {
            Some([byte]) => Ok(Some(*byte)),
            Some(_) => Err(Status::WRONG_DATA),
            None => Ok(None),
        };
        let (algorithm, key) = (byte(0x80)?.ok_or(Status::WRONG_DATA)?, byte(0x84)?);
        match (template, algorithm) {
            (0xAA, 0x10) => self.hash = Some(HashAlgorithm::Sha1),
            (0xAA, 0x40) => self.hash = Some(HashAlgorithm::Sha256),
            (0xB6, 0x12 | 0x42) => {
                self.known(key, &[(Interface::Contact, CPS3_SIGNATURE_KEY)])?;
                self.signature = Some(match algorithm {
                    0x12 => HashAlgorithm::Sha1,
                    _ => HashAlgorithm::Sha256,
                });
            }
            (0xA4, 0x02) => {
                self.known(
                    key,
                    &[
                        (Interface::Contact, CPS3_AUTHENTICATION_KEY),
                        (Interface::Contactless, guesses::get().chips.technical_key),
                    ],
                )?;
                self.authentication = true;
            }
            (0xB8, 0x1A) => {
                self.known(key, &[(Interface::Contact, CPS3_AUTHENTICATION_KEY)])?;
                self.decipherment = true;
            }
            (0xAA | 0xB6 | 0xA4 | 0xB8, _) => return Err(Status::WRONG_DATA),
            _ => return Err(Status::WRONG_PARAMETERS),
        }
        Ok(())
    }

    /// Refuses a key that this interface has not for this use.
    fn known(&self, key: Option<u8>, keys: &[(Interface, u8)]) -> Result<(), Status> {
        let known = keys
            .iter()
            .any(|wanted| key.map(|key| (self.interface, key)) == Some(*wanted));
        if known {
            Ok(())
        } else {
            Err(Status::DATA_NOT_FOUND)
        }
    }

    /// The hash function of the prepared signature.
    pub fn signature(&self) -> Result<HashAlgorithm, Status> {
        self.signature.ok_or(Status::CONDITIONS_NOT_SATISFIED)
    }

    /// Refuses a use that was not prepared.
    pub fn require(&self, wanted: KeyUse) -> Result<(), Status> {
        let prepared = match wanted {
            KeyUse::Authentication => self.authentication,
            KeyUse::Decipherment => self.decipherment,
        };
        if prepared {
            Ok(())
        } else {
            Err(Status::CONDITIONS_NOT_SATISFIED)
        }
    }

    /// PSO HASH: `90` state and bits already hashed, or empty; `80` the rest of the message, one block at most.
    pub fn hash(&mut self, data: &[u8]) -> Result<(), Status> {
        let algorithm = self.hash.ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
        self.computed = None;
        let objects = tlv::read_all(data).ok_or(Status::WRONG_DATA)?;
        let [before, last] = objects.as_slice() else {
            return Err(Status::WRONG_DATA);
        };
        if (before.tag, last.tag) != (0x90, 0x80) || last.value.len() > 64 {
            return Err(Status::WRONG_DATA);
        }
        let hash = match before.value.split_last_chunk::<8>() {
            None if before.value.is_empty() => Some(algorithm.digest(last.value)),
            None => None,
            Some((state, bits)) => algorithm.finish(state, u64::from_be_bytes(*bits), last.value),
        };
        self.computed = Some((algorithm, hash.ok_or(Status::WRONG_DATA)?));
        Ok(())
    }

    /// The hash that PSO HASH left for a signature with this algorithm. It serves once.
    pub fn take_hash(&mut self, algorithm: HashAlgorithm) -> Result<Vec<u8>, Status> {
        match self.computed.take() {
            Some((own, hash)) if own == algorithm => Ok(hash),
            _ => Err(Status::CONDITIONS_NOT_SATISFIED),
        }
    }
}
