//! Encryption (PKCS #11 §5.8) in software and decryption (§5.10) with the card: RSA, one block.

use zeroize::Zeroizing;

use crate::crypto::padding::{oaep, pkcs1};
use crate::crypto::{CryptoError, system_random};
use crate::memory::{self, NoMemory};
use crate::provider::error::{Error, Refusal, Result};
use crate::provider::mechanism;
use crate::provider::types::{Mechanism, Output};
use crate::token::{self, Token, key::Padding};

use super::key::{KeyHandle, may_use};
use super::step::Step;

/// An encryption under way.
pub struct Encryption {
    key: KeyHandle,
    padding: Padding,
    parts: Parts,
}

impl Encryption {
    /// C_EncryptInit.
    pub fn new(token: &Token, key: KeyHandle, mechanism: &Mechanism) -> Result<Self, Refusal> {
        if !key.enciphers(token, mechanism.kind)? {
            return Err(Error::MechanismInvalid.into());
        }
        let padding = mechanism::encipherment(mechanism)?;
        Ok(Encryption {
            key,
            padding,
            parts: Parts::up_to(Error::DataLenRange),
        })
    }

    /// C_Encrypt.
    pub fn encrypt(&mut self, token: &Token, data: &[u8], out: Output<'_>) -> Result<Step<usize>, Refusal> {
        if self.parts.begun() {
            return Err(Error::OperationNotInitialized.into());
        }
        self.end(token, data, out)
    }

    /// C_EncryptUpdate: takes a part, yields nothing yet. A size query takes nothing.
    pub fn update(&mut self, part: &[u8], out: Output<'_>) -> Result<Step<usize>> {
        self.parts.update(part, out)
    }

    /// C_EncryptFinal.
    pub fn finish(&mut self, token: &Token, out: Output<'_>) -> Result<Step<usize>, Refusal> {
        let data = self.parts.data.take().unwrap_or_default();
        let result = self.end(token, &data, out);
        self.parts.data = Some(data);
        result
    }

    fn end(&self, token: &Token, data: &[u8], out: Output<'_>) -> Result<Step<usize>, Refusal> {
        let key = token.content_of(self.key.public(token)?)?;
        if !out.wants(key.size())? {
            return Ok(Step::GoesOn(key.size()));
        }
        let block = pad(&self.padding, data, key.size())?;
        // A block of the right length below the modulus: what else can fail is the key.
        let cryptogram = key.encrypt_block(&block).map_err(|error| match error {
            CryptoError::NoMemory => NoMemory.into(),
            _ => token::Error::NoPublicKey,
        })?;
        Ok(Step::Ended(out.put(&cryptogram)?))
    }
}

/// A decryption under way.
pub struct Decryption {
    key: KeyHandle,
    padding: Padding,
    parts: Parts,
    /// A plaintext that did not fit into the caller's buffer, with the cryptogram that it came
    /// from: the caller may come back for it without another use of the key.
    kept: Option<(Vec<u8>, Zeroizing<Vec<u8>>)>,
}

impl Decryption {
    /// C_DecryptInit.
    pub fn new(token: &Token, key: KeyHandle, mechanism: &Mechanism) -> Result<Self, Refusal> {
        if !token::mechanism::deciphers(key.private(token)?, mechanism.kind) {
            return Err(Error::MechanismInvalid.into());
        }
        let padding = mechanism::encipherment(mechanism)?;
        Ok(Decryption {
            key,
            padding,
            parts: Parts::up_to(Error::EncryptedDataLenRange),
            kept: None,
        })
    }

    /// C_Decrypt. A size query costs no exchange: it answers the longest plaintext that the key can
    /// yield.
    pub fn decrypt(
        &mut self,
        token: &Token,
        cryptogram: &[u8],
        out: Output<'_>,
    ) -> Result<Step<usize>, Refusal> {
        if self.parts.begun() {
            return Err(Error::OperationNotInitialized.into());
        }
        self.end(token, cryptogram, out)
    }

    /// C_DecryptUpdate: takes a part, yields nothing yet. A size query takes nothing.
    pub fn update(&mut self, part: &[u8], out: Output<'_>) -> Result<Step<usize>> {
        self.parts.update(part, out)
    }

    /// C_DecryptFinal.
    pub fn finish(&mut self, token: &Token, out: Output<'_>) -> Result<Step<usize>, Refusal> {
        let data = self.parts.data.take().unwrap_or_default();
        let result = self.end(token, &data, out);
        self.parts.data = Some(data);
        result
    }

    fn end(&mut self, token: &Token, cryptogram: &[u8], out: Output<'_>) -> Result<Step<usize>, Refusal> {
        let key = self.key.private(token)?;
        may_use(token, key)?;
        if matches!(out, Output::Size) {
            let modulus = token.modulus_len(key)?;
            return Ok(Step::GoesOn(modulus.saturating_sub(pkcs1::OVERHEAD)));
        }
        let plain = match self.kept.take() {
            Some((of, plain)) if of == cryptogram => plain,
            _ => token.decipher(key, &self.padding, cryptogram)?,
        };
        match out.put(&plain) {
            Ok(length) => Ok(Step::Ended(length)),
            Err(too_small) => {
                self.kept = memory::copy(cryptogram).ok().map(|of| (of, plain));
                Err(too_small.into())
            }
        }
    }
}

/// Data given in parts; RSA works on the whole of them. The buffer never grows, so that no copy of
/// them is left in freed memory.
struct Parts {
    /// `None` before the first part.
    data: Option<Zeroizing<Vec<u8>>>,
    /// The answer to more data than any key takes.
    too_long: Error,
}

impl Parts {
    /// Longer than any modulus here: with more data no call is valid.
    const LONGEST: usize = 512;

    /// No part yet; `too_long` is the answer to more than the longest data.
    fn up_to(too_long: Error) -> Parts {
        Parts { data: None, too_long }
    }

    /// A part was taken, or the operation was asked for its end: a call in one part comes too late.
    fn begun(&self) -> bool {
        self.data.is_some()
    }

    /// Takes a part, and yields nothing; a size query takes nothing. The first part makes room for
    /// all of them.
    fn update(&mut self, part: &[u8], out: Output<'_>) -> Result<Step<usize>> {
        if !out.wants(0)? {
            return Ok(Step::GoesOn(0));
        }
        let data = match &mut self.data {
            Some(data) => data,
            None => self
                .data
                .insert(Zeroizing::new(memory::with_room(Self::LONGEST)?)),
        };
        if data.len().saturating_add(part.len()) > Self::LONGEST {
            return Err(self.too_long);
        }
        data.extend_from_slice(part);
        Ok(Step::GoesOn(0))
    }
}

/// The block of a public-key operation of `len` bytes.
fn pad(padding: &Padding, data: &[u8], len: usize) -> Result<Zeroizing<Vec<u8>>, token::Error> {
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
