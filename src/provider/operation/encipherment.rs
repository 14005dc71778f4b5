//! Encryption (PKCS #11 §5.8) in software and decryption (§5.10) with the card: RSA, one block.

use zeroize::Zeroizing;

use crate::crypto::padding::{oaep, pkcs1};
use crate::crypto::{CryptoError, system_random};
use crate::memory::{self, NoMemory};
use crate::token::{self, key::Padding};

use crate::provider::error::{Error, Result};
use crate::provider::library::Library;
use crate::provider::mechanism;
use crate::provider::operation::{Step, start, step};
use crate::provider::session::Session;
use crate::provider::session::objects::{KeyHandle, Use};
use crate::provider::types::{Mechanism, ObjectHandle, Output, SessionHandle};

/// An encryption under way.
pub struct Encryption {
    key: KeyHandle,
    padding: Padding,
    parts: Option<Parts>,
}

/// A decryption under way.
pub struct Decryption {
    key: KeyHandle,
    padding: Padding,
    parts: Option<Parts>,
    /// A plaintext that did not fit into the caller's buffer, with the cryptogram that it came from: the caller may
    /// come back for it without another use of the key.
    kept: Option<(Vec<u8>, Zeroizing<Vec<u8>>)>,
}

/// Data given in parts; RSA works on the whole of them. They never move, so that nothing is left behind where they were.
struct Parts(Zeroizing<Vec<u8>>);

impl Parts {
    /// Longer than any modulus here: what comes on top of it cannot make a valid call.
    const LONGEST: usize = 512;

    /// Takes a part; the first one makes room for all of them.
    fn take(parts: &mut Option<Parts>, part: &[u8], too_long: Error) -> Result<()> {
        let parts = match parts {
            Some(parts) => parts,
            None => parts.insert(Parts(Zeroizing::new(memory::with_room(Self::LONGEST)?))),
        };
        if parts.0.len().saturating_add(part.len()) > Self::LONGEST {
            return Err(too_long);
        }
        parts.0.extend_from_slice(part);
        Ok(())
    }
}

impl Library {
    /// C_EncryptInit.
    pub fn encrypt_init(
        &self,
        session: SessionHandle,
        mechanism: &Mechanism,
        key: ObjectHandle,
    ) -> Result<()> {
        let session = self.session(session)?;
        start(&mut session.operations().encrypt, || {
            let key = self.key(&session, key, mechanism.kind, Use::Encrypt)?;
            if !key.enciphers(mechanism.kind) {
                return Err(Error::MechanismInvalid);
            }
            let padding = mechanism::encipherment(mechanism)?;
            Ok(Encryption {
                key,
                padding,
                parts: None,
            })
        })
    }

    /// C_Encrypt.
    pub fn encrypt(&self, session: SessionHandle, data: &[u8], out: Output<'_>) -> Result<usize> {
        let session = self.session(session)?;
        step(&mut session.operations().encrypt, |operation| {
            if operation.parts.is_some() {
                return Err(Error::OperationNotInitialized);
            }
            self.finish_encryption(&session, operation, data, out)
        })
    }

    /// C_EncryptUpdate: takes a part, yields nothing yet. A size query takes nothing.
    pub fn encrypt_update(&self, session: SessionHandle, part: &[u8], out: Output<'_>) -> Result<usize> {
        let session = self.session(session)?;
        step(&mut session.operations().encrypt, |operation| {
            if out.wants(0)? {
                Parts::take(&mut operation.parts, part, Error::DataLenRange)?;
            }
            Ok(Step::GoesOn(0))
        })
    }

    /// C_EncryptFinal.
    pub fn encrypt_final(&self, session: SessionHandle, out: Output<'_>) -> Result<usize> {
        let session = self.session(session)?;
        step(&mut session.operations().encrypt, |operation| {
            let parts = operation.parts.take().unwrap_or(Parts(Zeroizing::default()));
            let result = self.finish_encryption(&session, operation, &parts.0, out);
            operation.parts = Some(parts);
            result
        })
    }

    fn finish_encryption(
        &self,
        session: &Session,
        operation: &Encryption,
        data: &[u8],
        out: Output<'_>,
    ) -> Result<Step<usize>> {
        let public = operation.key.public().ok_or(Error::KeyHandleInvalid)?;
        let key = self.note(session, session.token().content_of(public))?;
        if !out.wants(key.size())? {
            return Ok(Step::GoesOn(key.size()));
        }
        let cryptogram = pad(&operation.padding, data, key.size()).and_then(|block| {
            // A block of the right length below the modulus: what else can fail is the key.
            key.encrypt_block(&block).map_err(|error| match error {
                CryptoError::NoMemory => NoMemory.into(),
                _ => token::Error::NoPublicKey,
            })
        });
        Ok(Step::Ended(out.put(&self.note(session, cryptogram)?)?))
    }

    /// C_DecryptInit.
    pub fn decrypt_init(
        &self,
        session: SessionHandle,
        mechanism: &Mechanism,
        key: ObjectHandle,
    ) -> Result<()> {
        let session = self.session(session)?;
        start(&mut session.operations().decrypt, || {
            let key = self.key(&session, key, mechanism.kind, Use::Decrypt)?;
            let private = key.private().ok_or(Error::KeyTypeInconsistent)?;
            if !crate::token::mechanism::deciphers(private, mechanism.kind) {
                return Err(Error::MechanismInvalid);
            }
            let padding = mechanism::encipherment(mechanism)?;
            Ok(Decryption {
                key,
                padding,
                parts: None,
                kept: None,
            })
        })
    }

    /// C_Decrypt. A size query costs no exchange: it answers the longest plaintext that the key can yield.
    pub fn decrypt(&self, session: SessionHandle, cryptogram: &[u8], out: Output<'_>) -> Result<usize> {
        let session = self.session_for(session, &out)?;
        step(&mut session.operations().decrypt, |operation| {
            if operation.parts.is_some() {
                return Err(Error::OperationNotInitialized);
            }
            self.finish_decryption(&session, operation, cryptogram, out)
        })
    }

    /// C_DecryptUpdate: takes a part, yields nothing yet. A size query takes nothing.
    pub fn decrypt_update(&self, session: SessionHandle, part: &[u8], out: Output<'_>) -> Result<usize> {
        let session = self.session(session)?;
        step(&mut session.operations().decrypt, |operation| {
            if out.wants(0)? {
                Parts::take(&mut operation.parts, part, Error::EncryptedDataLenRange)?;
            }
            Ok(Step::GoesOn(0))
        })
    }

    /// C_DecryptFinal.
    pub fn decrypt_final(&self, session: SessionHandle, out: Output<'_>) -> Result<usize> {
        let session = self.session_for(session, &out)?;
        step(&mut session.operations().decrypt, |operation| {
            let parts = operation.parts.take().unwrap_or(Parts(Zeroizing::default()));
            let result = self.finish_decryption(&session, operation, &parts.0, out);
            operation.parts = Some(parts);
            result
        })
    }

    fn finish_decryption(
        &self,
        session: &Session,
        operation: &mut Decryption,
        cryptogram: &[u8],
        out: Output<'_>,
    ) -> Result<Step<usize>> {
        let key = operation.key.private().ok_or(Error::KeyHandleInvalid)?;
        session.may_use(key)?;
        if matches!(out, Output::Size) {
            let modulus = self.note(session, session.token().modulus_len(key))?;
            return Ok(Step::GoesOn(modulus.saturating_sub(pkcs1::OVERHEAD)));
        }
        let plain = match operation.kept.take() {
            Some((of, plain)) if of == cryptogram => plain,
            _ => self.note(
                session,
                session.token().decipher(key, &operation.padding, cryptogram),
            )?,
        };
        match out.put(&plain) {
            Ok(length) => Ok(Step::Ended(length)),
            Err(too_small) => {
                operation.kept = memory::copy(cryptogram).ok().map(|of| (of, plain));
                Err(too_small)
            }
        }
    }
}

/// The block of a public-key operation of `len` bytes.
fn pad(padding: &Padding, data: &[u8], len: usize) -> std::result::Result<Zeroizing<Vec<u8>>, token::Error> {
    let refused = |error| match error {
        CryptoError::NoRandom => token::Error::NoRandom,
        _ => token::Error::DataLength,
    };
    match padding {
        Padding::Pkcs1 => pkcs1::pad_type2(data, len, system_random::fill).map_err(refused),
        Padding::Oaep(scheme) => {
            let mut seed = Zeroizing::new(vec![0; scheme.hash.len()]);
            system_random::fill(&mut seed).map_err(refused)?;
            oaep::encode(scheme.parameters(), &seed, data, len).ok_or(token::Error::DataLength)
        }
    }
}
