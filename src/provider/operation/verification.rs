//! Verifying (PKCS #11 §5.15), in software with the public key of a certificate.

use crate::crypto::CryptoError;
use crate::provider::error::{Error, Refusal, Result};
use crate::provider::mechanism;
use crate::provider::types::Mechanism;
use crate::token::Token;

use super::key::KeyHandle;
use super::message::Message;
use super::step::Step;

/// A verification under way.
pub struct Verification {
    key: KeyHandle,
    message: Message,
    /// A part was taken: C_Verify cannot end it.
    in_parts: bool,
}

impl Verification {
    /// C_VerifyInit.
    pub fn new(token: &Token, key: KeyHandle, mechanism: &Mechanism) -> Result<Self, Refusal> {
        if !key.verifies(token, mechanism.kind)? {
            return Err(Error::MechanismInvalid.into());
        }
        let signature = mechanism::signature(mechanism)?;
        Ok(Verification {
            key,
            message: Message::new(signature)?,
            in_parts: false,
        })
    }

    /// C_Verify.
    pub fn verify(&mut self, token: &Token, data: &[u8], signature: &[u8]) -> Result<Step<()>, Refusal> {
        if self.in_parts {
            return Err(Error::OperationNotInitialized.into());
        }
        self.message.update(data)?;
        self.finish(token, signature)
    }

    /// C_VerifyUpdate.
    pub fn update(&mut self, part: &[u8]) -> Result<Step<()>> {
        self.in_parts = true;
        self.message.update(part)?;
        Ok(Step::GoesOn(()))
    }

    /// C_VerifyFinal.
    pub fn finish(&mut self, token: &Token, signature: &[u8]) -> Result<Step<()>, Refusal> {
        let key = token.content_of(self.key.public(token)?)?;
        if signature.len() != key.size() {
            return Err(Error::SignatureLenRange.into());
        }
        match self.message.finish()?.verify(key, signature) {
            Ok(()) => Ok(Step::Ended(())),
            Err(CryptoError::NoMemory) => Err(Error::HostMemory.into()),
            Err(_) => Err(Error::SignatureInvalid.into()),
        }
    }
}
