//! The operations of a session (PKCS #11 §5.8 to §5.15) and random numbers (§5.19).

use crate::provider::error::{Error, Refusal, Result};
use crate::provider::operation::{
    Decryption, Digesting, Encryption, KeyHandle, Operations, RecoverableSigning, Recovery, Signing, Step,
    Use, Verification, start, step,
};
use crate::provider::types::{Mechanism, MechanismType, ObjectHandle, Output};
use crate::token::{self, Token};

use super::Session;

impl Session {
    /// C_SignInit.
    pub fn sign_init(&self, mechanism: &Mechanism, key: ObjectHandle) -> Result<()> {
        self.start(|all| &mut all.sign, Use::Sign, (mechanism, key), Signing::new)
    }

    /// C_Sign; see [`Signing::sign`].
    pub fn sign(&self, data: Option<&[u8]>, out: Output<'_>) -> Result<usize> {
        self.step(
            |all| &mut all.sign,
            |signing, token| signing.sign(token, data, out),
        )
    }

    /// C_SignUpdate.
    pub fn sign_update(&self, part: &[u8]) -> Result<()> {
        step(&mut self.operations().sign, |signing| signing.update(part))
    }

    /// C_SignFinal.
    pub fn sign_final(&self, out: Output<'_>) -> Result<usize> {
        let signature = self.step(|all| &mut all.sign, |signing, token| signing.finish(token, out));
        // §5.13 "C_SignFinal" has no CKR_DATA_INVALID.
        signature.map_err(|error| match error {
            Error::DataInvalid => Error::DataLenRange,
            other => other,
        })
    }

    /// C_SignRecoverInit.
    pub fn sign_recover_init(&self, mechanism: &Mechanism, key: ObjectHandle) -> Result<()> {
        self.start(
            |all| &mut all.sign_recover,
            Use::SignRecover,
            (mechanism, key),
            RecoverableSigning::new,
        )
    }

    /// C_SignRecover.
    pub fn sign_recover(&self, data: &[u8], out: Output<'_>) -> Result<usize> {
        self.step(
            |all| &mut all.sign_recover,
            |signing, token| signing.sign(token, data, out),
        )
    }

    /// C_VerifyInit.
    pub fn verify_init(&self, mechanism: &Mechanism, key: ObjectHandle) -> Result<()> {
        self.start(
            |all| &mut all.verify,
            Use::Verify,
            (mechanism, key),
            Verification::new,
        )
    }

    /// C_Verify.
    pub fn verify(&self, data: &[u8], signature: &[u8]) -> Result<()> {
        self.step(
            |all| &mut all.verify,
            |verification, token| verification.verify(token, data, signature),
        )
    }

    /// C_VerifyUpdate.
    pub fn verify_update(&self, part: &[u8]) -> Result<()> {
        step(&mut self.operations().verify, |verification| {
            verification.update(part)
        })
    }

    /// C_VerifyFinal.
    pub fn verify_final(&self, signature: &[u8]) -> Result<()> {
        self.step(
            |all| &mut all.verify,
            |verification, token| verification.finish(token, signature),
        )
    }

    /// C_VerifyRecoverInit.
    pub fn verify_recover_init(&self, mechanism: &Mechanism, key: ObjectHandle) -> Result<()> {
        self.start(
            |all| &mut all.verify_recover,
            Use::VerifyRecover,
            (mechanism, key),
            Recovery::new,
        )
    }

    /// C_VerifyRecover.
    pub fn verify_recover(&self, signature: &[u8], out: Output<'_>) -> Result<usize> {
        self.step(
            |all| &mut all.verify_recover,
            |recovery, token| recovery.recover(token, signature, out),
        )
    }

    /// C_EncryptInit.
    pub fn encrypt_init(&self, mechanism: &Mechanism, key: ObjectHandle) -> Result<()> {
        self.start(
            |all| &mut all.encrypt,
            Use::Encrypt,
            (mechanism, key),
            Encryption::new,
        )
    }

    /// C_Encrypt.
    pub fn encrypt(&self, data: &[u8], out: Output<'_>) -> Result<usize> {
        self.step(
            |all| &mut all.encrypt,
            |encryption, token| encryption.encrypt(token, data, out),
        )
    }

    /// C_EncryptUpdate.
    pub fn encrypt_update(&self, part: &[u8], out: Output<'_>) -> Result<usize> {
        step(&mut self.operations().encrypt, |encryption| {
            encryption.update(part, out)
        })
    }

    /// C_EncryptFinal.
    pub fn encrypt_final(&self, out: Output<'_>) -> Result<usize> {
        self.step(
            |all| &mut all.encrypt,
            |encryption, token| encryption.finish(token, out),
        )
    }

    /// C_DecryptInit.
    pub fn decrypt_init(&self, mechanism: &Mechanism, key: ObjectHandle) -> Result<()> {
        self.start(
            |all| &mut all.decrypt,
            Use::Decrypt,
            (mechanism, key),
            Decryption::new,
        )
    }

    /// C_Decrypt; see [`Decryption::decrypt`].
    pub fn decrypt(&self, cryptogram: &[u8], out: Output<'_>) -> Result<usize> {
        self.step(
            |all| &mut all.decrypt,
            |decryption, token| decryption.decrypt(token, cryptogram, out),
        )
    }

    /// C_DecryptUpdate.
    pub fn decrypt_update(&self, part: &[u8], out: Output<'_>) -> Result<usize> {
        step(&mut self.operations().decrypt, |decryption| {
            decryption.update(part, out)
        })
    }

    /// C_DecryptFinal.
    pub fn decrypt_final(&self, out: Output<'_>) -> Result<usize> {
        self.step(
            |all| &mut all.decrypt,
            |decryption, token| decryption.finish(token, out),
        )
    }

    /// C_DigestInit.
    pub fn digest_init(&self, mechanism: &Mechanism) -> Result<()> {
        start(&mut self.operations().digest, || Digesting::new(mechanism))
    }

    /// C_Digest.
    pub fn digest(&self, data: &[u8], out: Output<'_>) -> Result<usize> {
        step(&mut self.operations().digest, |digesting| {
            digesting.digest(data, out)
        })
    }

    /// C_DigestUpdate.
    pub fn digest_update(&self, part: &[u8]) -> Result<()> {
        step(&mut self.operations().digest, |digesting| digesting.update(part))
    }

    /// C_DigestFinal.
    pub fn digest_final(&self, out: Output<'_>) -> Result<usize> {
        step(&mut self.operations().digest, |digesting| digesting.finish(out))
    }

    /// C_GenerateRandom: the card's own generator. Needs no login.
    pub fn generate_random(&self, out: &mut [u8]) -> Result<()> {
        self.token.with_token(|token| Ok(token.random(out)?))
    }

    /// Starts an operation with a key of the token.
    fn start<T>(
        &self,
        operation: impl FnOnce(&mut Operations) -> &mut Option<T>,
        wanted: Use,
        (mechanism, key): (&Mechanism, ObjectHandle),
        new: impl FnOnce(&Token, KeyHandle, &Mechanism) -> Result<T, Refusal>,
    ) -> Result<()> {
        start(operation(&mut self.operations()), || {
            let key = self.key(key, mechanism.kind, wanted)?;
            self.token.with_token(|token| new(token, key, mechanism))
        })
    }

    /// One call of an active operation that needs the token.
    fn step<T, A>(
        &self,
        operation: impl FnOnce(&mut Operations) -> &mut Option<T>,
        call: impl FnOnce(&mut T, &Token) -> Result<Step<A>, Refusal>,
    ) -> Result<A> {
        step(operation(&mut self.operations()), |operation| {
            self.token.with_token(|token| call(operation, token))
        })
    }

    /// A key of the token that may be used now for `wanted`.
    pub(super) fn key(&self, handle: ObjectHandle, kind: MechanismType, wanted: Use) -> Result<KeyHandle> {
        if self.secret_key(handle).is_some() {
            // Whatever secret keys are for, no mechanism here is.
            return Err(if token::mechanism::of_rsa(kind) {
                Error::KeyTypeInconsistent
            } else {
                Error::MechanismInvalid
            });
        }
        let place = self.token.place(handle).ok_or(Error::KeyHandleInvalid)?;
        self.token.with_token(|token| KeyHandle::of(token, place, wanted))
    }
}
