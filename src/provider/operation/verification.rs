//! Verifying (PKCS #11 §5.15), in software with the public key of a certificate.

use crate::crypto::CryptoError;

use crate::provider::error::{Error, Result};
use crate::provider::library::Library;
use crate::provider::mechanism;
use crate::provider::operation::signing::Message;
use crate::provider::operation::{Step, start, step};
use crate::provider::session::Session;
use crate::provider::session::objects::{KeyHandle, Use};
use crate::provider::types::{Mechanism, ObjectHandle, SessionHandle};

/// A verification under way.
pub struct Verification {
    key: KeyHandle,
    message: Message,
    in_parts: bool,
}

impl Library {
    /// C_VerifyInit.
    pub fn verify_init(
        &self,
        session: SessionHandle,
        mechanism: &Mechanism,
        key: ObjectHandle,
    ) -> Result<()> {
        let session = self.session(session)?;
        start(&mut session.operations().verify, || {
            let key = self.key(&session, key, mechanism.kind, Use::Verify)?;
            if !key.verifies(mechanism.kind) {
                return Err(Error::MechanismInvalid);
            }
            let signature = mechanism::signature(mechanism)?;
            Ok(Verification {
                key,
                message: Message::new(signature)?,
                in_parts: false,
            })
        })
    }

    /// C_Verify.
    pub fn verify(&self, session: SessionHandle, data: &[u8], signature: &[u8]) -> Result<()> {
        let session = self.session(session)?;
        step(&mut session.operations().verify, |operation| {
            if operation.in_parts {
                return Err(Error::OperationNotInitialized);
            }
            operation.message.update(data)?;
            self.finish_verification(&session, operation, signature)
        })
    }

    /// C_VerifyUpdate.
    pub fn verify_update(&self, session: SessionHandle, part: &[u8]) -> Result<()> {
        let session = self.session(session)?;
        step(&mut session.operations().verify, |operation| {
            operation.in_parts = true;
            operation.message.update(part)?;
            Ok(Step::GoesOn(()))
        })
    }

    /// C_VerifyFinal.
    pub fn verify_final(&self, session: SessionHandle, signature: &[u8]) -> Result<()> {
        let session = self.session(session)?;
        step(&mut session.operations().verify, |operation| {
            self.finish_verification(&session, operation, signature)
        })
    }

    fn finish_verification(
        &self,
        session: &Session,
        operation: &mut Verification,
        signature: &[u8],
    ) -> Result<Step<()>> {
        let public = operation.key.public().ok_or(Error::KeyHandleInvalid)?;
        let key = self.note(session, session.token().content_of(public))?;
        if signature.len() != key.size() {
            return Err(Error::SignatureLenRange);
        }
        let result = operation.message.finish()?.verify(key, signature);
        result.map(Step::Ended).map_err(|error| match error {
            CryptoError::NoMemory => Error::HostMemory,
            _ => Error::SignatureInvalid,
        })
    }
}
