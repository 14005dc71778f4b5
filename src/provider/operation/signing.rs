//! Signing (PKCS #11 §5.13): collects or hashes on the host, signs with the card at the end.

use crate::provider::error::{Error, Refusal, Result};
use crate::provider::mechanism::{self, Signature};
use crate::provider::types::{Mechanism, Output};
use crate::token::object::PrivateKey;
use crate::token::{self, Token};

use super::key::{KeyHandle, has_room, length_if_asked, may_use};
use super::message::Message;
use super::step::Step;

/// A signature under way.
pub struct Signing {
    key: KeyHandle,
    message: Message,
    /// A part was taken: C_Sign cannot end it.
    in_parts: bool,
}

impl Signing {
    /// C_SignInit.
    pub fn new(token: &Token, key: KeyHandle, mechanism: &Mechanism) -> Result<Signing, Refusal> {
        let private = key.private(token)?;
        if !token::mechanism::signs(private, mechanism.kind) {
            return Err(Error::MechanismInvalid.into());
        }
        let signature = mechanism::signature(mechanism)?;
        if let Signature::Pss(pss) | Signature::HashedPss(pss) = signature
            && !token::mechanism::signs_pss(private, pss)
        {
            return Err(Error::MechanismParamInvalid.into());
        }
        Ok(Signing {
            key,
            message: Message::new(signature)?,
            in_parts: false,
        })
    }

    /// C_Sign. A size query costs no exchange and needs no data. NULL (`None`) is an empty message
    /// where a message is hashed. No application means a block of nothing: as with the official
    /// module the operation stays for another try.
    pub fn sign(
        &mut self,
        token: &Token,
        data: Option<&[u8]>,
        out: Output<'_>,
    ) -> Result<Step<usize>, Refusal> {
        if self.in_parts {
            return Err(Error::OperationNotInitialized.into());
        }
        let key = self.key.private(token)?;
        if let Some(length) = length_if_asked(token, key, &out)? {
            return Ok(Step::GoesOn(length));
        }
        let data = match data {
            Some(data) => data,
            None if self.message.is_hashed() => &[],
            None => return Err(Error::ArgumentsBad.into()),
        };
        has_room(token, key, &out)?;
        self.message.update(data)?;
        self.end(token, key, out)
    }

    /// C_SignUpdate.
    pub fn update(&mut self, part: &[u8]) -> Result<Step<()>> {
        self.in_parts = true;
        self.message.update(part)?;
        Ok(Step::GoesOn(()))
    }

    /// C_SignFinal.
    pub fn finish(&mut self, token: &Token, out: Output<'_>) -> Result<Step<usize>, Refusal> {
        let key = self.key.private(token)?;
        if let Some(length) = length_if_asked(token, key, &out)? {
            return Ok(Step::GoesOn(length));
        }
        has_room(token, key, &out)?;
        self.end(token, key, out)
    }

    fn end(&mut self, token: &Token, key: &PrivateKey, out: Output<'_>) -> Result<Step<usize>, Refusal> {
        may_use(token, key)?;
        let signature = token.sign(key, &self.message.finish()?)?;
        Ok(Step::Ended(out.put(&signature)?))
    }
}
