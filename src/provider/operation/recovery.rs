//! Signatures that give back the data (PKCS #11 §5.13.5, §5.15.5): CKM_RSA_PKCS with a key that
//! signs bare data.

use crate::crypto::padding::pkcs1;
use crate::crypto::{CryptoError, ToSign};
use crate::memory;
use crate::provider::error::{Error, Refusal, Result};
use crate::provider::mechanism::{self, Signature};
use crate::provider::types::{Mechanism, Output};
use crate::token::Token;

use super::key::{KeyHandle, has_room, length_if_asked, may_use};
use super::step::Step;

/// A recoverable signature under way.
pub struct RecoverableSigning(KeyHandle);

impl RecoverableSigning {
    /// C_SignRecoverInit.
    pub fn new(_: &Token, key: KeyHandle, mechanism: &Mechanism) -> Result<Self, Refusal> {
        bare(mechanism)?;
        Ok(RecoverableSigning(key))
    }

    /// C_SignRecover.
    pub fn sign(&self, token: &Token, data: &[u8], out: Output<'_>) -> Result<Step<usize>, Refusal> {
        let key = self.0.private(token)?;
        if let Some(length) = length_if_asked(token, key, &out)? {
            return Ok(Step::GoesOn(length));
        }
        has_room(token, key, &out)?;
        may_use(token, key)?;
        let what = ToSign::Bare(memory::wiped_copy(data)?);
        let signature = token.sign(key, &what)?;
        Ok(Step::Ended(out.put(&signature)?))
    }
}

/// A recovery under way.
pub struct Recovery(KeyHandle);

impl Recovery {
    /// C_VerifyRecoverInit.
    pub fn new(_: &Token, key: KeyHandle, mechanism: &Mechanism) -> Result<Self, Refusal> {
        bare(mechanism)?;
        Ok(Recovery(key))
    }

    /// C_VerifyRecover.
    pub fn recover(&self, token: &Token, signature: &[u8], out: Output<'_>) -> Result<Step<usize>, Refusal> {
        let key = token.content_of(self.0.public(token)?)?;
        if signature.len() != key.size() {
            return Err(Error::SignatureLenRange.into());
        }
        let block = key.encrypt_block(signature).map_err(|error| match error {
            CryptoError::NoMemory => Error::HostMemory,
            _ => Error::SignatureInvalid,
        })?;
        let data = pkcs1::unpad_type1(&block).ok_or(Error::SignatureInvalid)?;
        if !out.wants(data.len())? {
            return Ok(Step::GoesOn(data.len()));
        }
        Ok(Step::Ended(out.put(data)?))
    }
}

fn bare(mechanism: &Mechanism) -> Result<()> {
    match mechanism::signature(mechanism)? {
        Signature::Bare => Ok(()),
        _ => Err(Error::MechanismInvalid),
    }
}
