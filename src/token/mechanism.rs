//! Which mechanisms the keys of a token can carry out.

use cryptoki_sys::*;

use crate::card::{Abilities, Card, KeyRef, KeyRole};
use crate::crypto::Hash;
use crate::crypto::padding::pss;

use super::object::PrivateKey;

/// Bytes in the modulus of every key on these cards (RSA-2048).
pub const MODULUS_LEN: usize = 256;

/// The hashed forms of the two signature schemes, by hash.
pub const HASHED: [(Hash, CK_MECHANISM_TYPE, CK_MECHANISM_TYPE); 5] = [
    (Hash::Sha1, CKM_SHA1_RSA_PKCS, CKM_SHA1_RSA_PKCS_PSS),
    (Hash::Sha224, CKM_SHA224_RSA_PKCS, CKM_SHA224_RSA_PKCS_PSS),
    (Hash::Sha256, CKM_SHA256_RSA_PKCS, CKM_SHA256_RSA_PKCS_PSS),
    (Hash::Sha384, CKM_SHA384_RSA_PKCS, CKM_SHA384_RSA_PKCS_PSS),
    (Hash::Sha512, CKM_SHA512_RSA_PKCS, CKM_SHA512_RSA_PKCS_PSS),
];

/// The signature mechanisms that a key with these abilities carries out, whatever the other keys do.
fn signing(abilities: &Abilities) -> Vec<CK_MECHANISM_TYPE> {
    let digests = |hash: &Hash| abilities.digest.contains(hash);
    let pss = |hash: &Hash| abilities.raw || abilities.pss.contains(hash);
    let mut mechanisms = Vec::new();
    if abilities.pkcs1_max.is_some() || !abilities.digest.is_empty() {
        mechanisms.push(CKM_RSA_PKCS);
    }
    mechanisms.extend(
        HASHED
            .iter()
            .filter(|(hash, ..)| digests(hash))
            .map(|(_, pkcs1, _)| *pkcs1),
    );
    if HASHED.iter().any(|(hash, ..)| pss(hash)) {
        mechanisms.push(CKM_RSA_PKCS_PSS);
    }
    mechanisms.extend(HASHED.iter().filter(|(hash, ..)| pss(hash)).map(|(.., pss)| *pss));
    mechanisms
}

/// The mechanisms with which a key deciphers.
fn deciphering(key: &PrivateKey) -> Vec<CK_MECHANISM_TYPE> {
    match (
        key.entry.usage.decrypt && key.abilities.decipher,
        key.abilities.raw,
    ) {
        (false, _) => vec![],
        // The chip removes the padding, and knows only one.
        (true, false) => vec![CKM_RSA_PKCS],
        (true, true) => vec![CKM_RSA_PKCS, CKM_RSA_PKCS_OAEP],
    }
}

/// Whether a key signs with this mechanism.
pub fn signs(key: &PrivateKey, kind: CK_MECHANISM_TYPE) -> bool {
    signing(&key.abilities).contains(&kind)
}

/// Whether a key makes PSS signatures with these parameters. The chip's own PSS has one shape: MGF1 with the same hash and a
/// salt as long as the digest.
pub fn signs_pss(key: &PrivateKey, parameters: pss::Params) -> bool {
    key.abilities.raw || is_native(&key.abilities, parameters)
}

/// Whether the chip itself makes these PSS signatures.
pub fn is_native(abilities: &Abilities, parameters: pss::Params) -> bool {
    parameters == pss::Params::usual(parameters.hash) && abilities.pss.contains(&parameters.hash)
}

/// Whether a key deciphers with this mechanism.
pub fn deciphers(key: &PrivateKey, kind: CK_MECHANISM_TYPE) -> bool {
    deciphering(key).contains(&kind)
}

/// What one key can do, for its CKA_ALLOWED_MECHANISMS.
pub fn of_key(key: &PrivateKey) -> Vec<CK_MECHANISM_TYPE> {
    let mut all = signing(&key.abilities);
    all.extend(deciphering(key).into_iter().filter(|kind| *kind != CKM_RSA_PKCS));
    all
}

/// What keys of either role can do on this card: see [`super::Token::mechanisms`].
pub fn of_every_key(card: &dyn Card) -> Vec<CK_MECHANISM_TYPE> {
    let of = |role| {
        signing(&card.abilities(&KeyRef {
            reference: 0,
            modulus_len: MODULUS_LEN,
            role,
        }))
    };
    let signature = of(KeyRole::Signature);
    of(KeyRole::Authentication)
        .into_iter()
        .filter(|m| signature.contains(m))
        .collect()
}
