//! Private-key operations: the token chooses what the card can take, and checks what the card
//! returns.

use std::borrow::Cow;

use zeroize::Zeroizing;

use crate::card::{Abilities, CardError, Deciphered, KeyRef};
use crate::crypto::padding::{oaep, pkcs1, pss};
use crate::crypto::rsa::PublicKey;
use crate::crypto::{CryptoError, Hash, ToSign, digest_info, system_random};
use crate::memory::NoMemory;

use super::object::PrivateKey;
use super::{Error, Token, mechanism};

impl Token {
    /// Signs with the card, and lets the signature out only when a certificate of the key verifies
    /// it.
    pub fn sign(&self, key: &PrivateKey, what: &ToSign) -> Result<Vec<u8>, Error> {
        let public = self.public_key(&key.entry.id)?;
        let as_certified;
        let key = if public.size() == key.reference.modulus_len {
            key
        } else {
            as_certified = self.as_certified(key, public);
            &as_certified
        };
        let what = unwrapped(&key.abilities, what)?;
        let sent = padded(&key.abilities, &what, public.em_bits())?;
        let signature = self
            .with_own_login(key.entry.common.private, |card| card.sign(&key.reference, &sent))
            .map_err(|error| match error {
                // They went to the card as the caller gave them.
                Error::Card(CardError::WrongData(_)) if matches!(*sent, ToSign::Bare(_)) => Error::Data,
                other => other,
            })?;
        self.checked(key, &what, signature)
    }

    /// Length of the modulus of this key in bytes, and of each of its signatures: that of the
    /// certificate if it was read or if the directory announces none, or else the announced one.
    pub fn modulus_len(&self, key: &PrivateKey) -> Result<usize, Error> {
        match self.known_key(&key.entry.id) {
            Some(public) => Ok(public.size()),
            None if key.reference.modulus_len > 0 => Ok(key.reference.modulus_len),
            None => Ok(self.public_key(&key.entry.id)?.size()),
        }
    }

    /// A key of another length than its directory announces.
    fn as_certified(&self, key: &PrivateKey, public: &PublicKey) -> PrivateKey {
        let label = &key.entry.common.label;
        let (announced, found) = (key.entry.modulus_bits, public.bits());
        log::warn!("{label}: the directory announces {announced} bits, the certificate has {found}");
        let reference = KeyRef {
            modulus_len: public.size(),
            ..key.reference
        };
        PrivateKey {
            entry: key.entry.clone(),
            abilities: self.card.lock().abilities(&reference),
            reference,
        }
    }

    /// The signature, if a certificate with the key's identifier verifies it. Where a card keeps
    /// several, any may be the right one; and where another process has kept them, those of the
    /// card decide.
    fn checked(&self, key: &PrivateKey, what: &ToSign, signature: Vec<u8>) -> Result<Vec<u8>, Error> {
        let id = &key.entry.id;
        let verified = |public: &PublicKey| match what.verify(public, &signature) {
            Ok(()) => Ok(true),
            Err(CryptoError::NoMemory) => Err(NoMemory),
            Err(_) => Ok(false),
        };
        if verified(self.public_key(id)?)? {
            return Ok(signature);
        }
        for public in self.certified_keys(id)?.skip(1).flatten() {
            if verified(public)? {
                return Ok(signature);
            }
        }
        for public in self.keys_read_anew(id)?.flatten() {
            if verified(&public)? {
                log::warn!("a certificate that an earlier process has kept was not the card's");
                return Ok(signature);
            }
        }
        Err(Error::WrongSignature)
    }

    /// Deciphers. Every malformed block is the same [`Error::Cryptogram`].
    pub fn decipher(
        &self,
        key: &PrivateKey,
        padding: &Padding,
        cryptogram: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut reference = key.reference;
        if cryptogram.len() != reference.modulus_len {
            // The directory may be wrong, and the certificate right.
            match self.public_key(&key.entry.id) {
                Ok(public) if cryptogram.len() == public.size() => reference.modulus_len = public.size(),
                Ok(_) | Err(Error::NoPublicKey | Error::NoCertificate(_)) => {
                    return Err(Error::CryptogramLength);
                }
                Err(why) => return Err(why),
            }
        }
        let deciphered = self.with_own_login(key.entry.common.private, |card| {
            card.decipher(&reference, cryptogram)
        });
        let deciphered = deciphered.map_err(|error| match error {
            // A chip that removes the padding itself refuses a malformed block so.
            Error::Card(CardError::WrongData(_) | CardError::NotAllowed(_)) => Error::Cryptogram,
            other => other,
        })?;
        match (deciphered, padding) {
            (Deciphered::Plain(plain), Padding::Pkcs1) => Ok(plain),
            (Deciphered::Plain(_), Padding::Oaep(_)) => Err(Error::KeyUse),
            (Deciphered::Block(block), Padding::Pkcs1) => pkcs1::unpad_type2(&block).ok_or(Error::Cryptogram),
            (Deciphered::Block(block), Padding::Oaep(scheme)) => {
                oaep::decode(scheme.parameters(), &block).ok_or(Error::Cryptogram)
            }
        }
    }
}

/// Paddings of RSA encryption (RFC 8017 §7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Padding {
    /// RSAES-PKCS1-v1_5.
    Pkcs1,
    /// RSAES-OAEP.
    Oaep(Oaep),
}

/// Parameters of RSAES-OAEP (RFC 8017 §7.1), owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oaep {
    /// Hash of the label.
    pub hash: Hash,
    /// Hash of the mask generation function.
    pub mgf_hash: Hash,
    /// Label, usually empty.
    pub label: Vec<u8>,
}

impl Oaep {
    /// The same, as the padding takes them.
    pub fn parameters(&self) -> oaep::Params<'_> {
        oaep::Params {
            hash: self.hash,
            mgf_hash: self.mgf_hash,
            label: &self.label,
        }
    }
}

/// What is signed, as far as it depends on what the key takes. A signature key of these cards adds
/// the DigestInfo itself: it takes a DigestInfo, which is unwrapped, or a bare SHA-1 or SHA-256
/// digest, as the official module lets it.
fn unwrapped<'a>(abilities: &Abilities, what: &'a ToSign) -> Result<Cow<'a, ToSign>, Error> {
    let data = match what {
        ToSign::Bare(data) => data,
        ToSign::Digest { hash, .. } if abilities.digest.contains(hash) => return Ok(Cow::Borrowed(what)),
        ToSign::Pss { .. } => return Ok(Cow::Borrowed(what)),
        ToSign::Digest { .. } | ToSign::Block(_) => return Err(Error::KeyUse),
    };
    if let Some(longest) = abilities.pkcs1_max {
        // A card that pads takes no command without data.
        let shortest = usize::from(!abilities.raw);
        return if (shortest..=longest).contains(&data.len()) {
            Ok(Cow::Borrowed(what))
        } else {
            Err(Error::DataLength)
        };
    }
    let (hash, digest) = match digest_info::parse(data) {
        Some(parsed) => parsed,
        None => match abilities.digest.iter().find(|hash| hash.len() == data.len()) {
            Some(hash) => (*hash, data.as_slice()),
            None => return Err(Error::Data),
        },
    };
    if abilities.digest.contains(&hash) {
        Ok(Cow::Owned(ToSign::digest(hash, digest)))
    } else {
        Err(Error::Data)
    }
}

/// What goes to the card: PSS that the chip does not make itself is padded here, where the key
/// takes any block. `em_bits` is the length of the modulus in bits less one.
fn padded<'a>(abilities: &Abilities, what: &'a ToSign, em_bits: usize) -> Result<Cow<'a, ToSign>, Error> {
    let (parameters, digest) = match what {
        ToSign::Pss { parameters, digest } => (*parameters, digest),
        _ => return Ok(Cow::Borrowed(what)),
    };
    if mechanism::is_native(abilities, parameters) {
        return Ok(Cow::Borrowed(what));
    }
    if !abilities.raw {
        return Err(Error::KeyUse);
    }
    let mut salt = vec![0; parameters.salt_len];
    system_random::fill(&mut salt).map_err(|_| Error::NoRandom)?;
    let block = pss::encode(parameters, digest, &salt, em_bits).ok_or(Error::DataLength)?;
    Ok(Cow::Owned(ToSign::Block(Zeroizing::new(block))))
}
