//! Signatures that give back the data (PKCS #11 §5.13.5, §5.15.5): CKM_RSA_PKCS with a key that signs bare data.

use crate::crypto::padding::pkcs1;
use crate::crypto::{CryptoError, ToSign};
use crate::memory;

use crate::provider::error::{Error, Result};
use crate::provider::library::Library;
use crate::provider::mechanism::{self, Signature};
use crate::provider::operation::{Step, start, step};
use crate::provider::session::objects::{KeyHandle, Use};
use crate::provider::types::{Mechanism, ObjectHandle, Output, SessionHandle};

/// A recoverable signature under way.
pub struct RecoverableSigning(KeyHandle);

/// A recovery under way.
pub struct Recovery(KeyHandle);

impl Library {
    /// C_SignRecoverInit.
    pub fn sign_recover_init(
        &self,
        session: SessionHandle,
        mechanism: &Mechanism,
        key: ObjectHandle,
    ) -> Result<()> {
        let session = self.session(session)?;
        start(&mut session.operations().sign_recover, || {
            let key = self.key(&session, key, mechanism.kind, Use::SignRecover)?;
            bare(mechanism)?;
            Ok(RecoverableSigning(key))
        })
    }

    /// C_SignRecover.
    pub fn sign_recover(&self, session: SessionHandle, data: &[u8], out: Output<'_>) -> Result<usize> {
        let session = self.session_for(session, &out)?;
        step(
            &mut session.operations().sign_recover,
            |RecoverableSigning(handle)| {
                let key = handle.private().ok_or(Error::KeyHandleInvalid)?;
                if let Some(length) = self.asks_for_length(&session, key, &out)? {
                    return Ok(Step::GoesOn(length));
                }
                self.has_room(&session, key, &out)?;
                session.may_use(key)?;
                let what = ToSign::Bare(memory::wiped_copy(data)?);
                let signature = self.note(&session, session.token().sign(key, &what))?;
                Ok(Step::Ended(out.put(&signature)?))
            },
        )
    }

    /// C_VerifyRecoverInit.
    pub fn verify_recover_init(
        &self,
        session: SessionHandle,
        mechanism: &Mechanism,
        key: ObjectHandle,
    ) -> Result<()> {
        let session = self.session(session)?;
        start(&mut session.operations().verify_recover, || {
            let key = self.key(&session, key, mechanism.kind, Use::VerifyRecover)?;
            bare(mechanism)?;
            Ok(Recovery(key))
        })
    }

    /// C_VerifyRecover.
    pub fn verify_recover(&self, session: SessionHandle, signature: &[u8], out: Output<'_>) -> Result<usize> {
        let session = self.session(session)?;
        step(&mut session.operations().verify_recover, |Recovery(handle)| {
            let public = handle.public().ok_or(Error::KeyHandleInvalid)?;
            let key = self.note(&session, session.token().content_of(public))?;
            if signature.len() != key.size() {
                return Err(Error::SignatureLenRange);
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
        })
    }
}

fn bare(mechanism: &Mechanism) -> Result<()> {
    match mechanism::signature(mechanism)? {
        Signature::Bare => Ok(()),
        _ => Err(Error::MechanismInvalid),
    }
}
