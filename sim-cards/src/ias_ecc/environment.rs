//! The security environment: what MSE SET prepared and PSO HASH computed.

use crate::crypto::HashAlgorithm;
use crate::layout::{CPS3_AUTHENTICATION_KEY, CPS3_SIGNATURE_KEY};
use crate::status::Status;
use crate::tlv;

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
    hash: Option<HashAlgorithm>,
    signature: Option<HashAlgorithm>,
    authentication: bool,
    decipherment: bool,
    computed: Option<(HashAlgorithm, Vec<u8>)>,
}

impl Environment {
    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
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
            (0xB6, 0x12) => {
                self.signature = known(key, CPS3_SIGNATURE_KEY).map(|()| Some(HashAlgorithm::Sha1))?
            }
            (0xB6, 0x42) => {
                self.signature = known(key, CPS3_SIGNATURE_KEY).map(|()| Some(HashAlgorithm::Sha256))?;
            }
            (0xA4, 0x02) => self.authentication = known(key, CPS3_AUTHENTICATION_KEY).map(|()| true)?,
            (0xB8, 0x1A) => self.decipherment = known(key, CPS3_AUTHENTICATION_KEY).map(|()| true)?,
            (0xAA | 0xB6 | 0xA4 | 0xB8, _) => return Err(Status::WRONG_DATA),
            _ => return Err(Status::WRONG_PARAMETERS),
        }
        Ok(())
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

fn known(key: Option<u8>, wanted: u8) -> Result<(), Status> {
    if key == Some(wanted) {
        Ok(())
    } else {
        Err(Status::DATA_NOT_FOUND)
    }
}
