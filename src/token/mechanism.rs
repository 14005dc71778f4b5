//! Which mechanisms the keys of a token can carry out, and which the slot therefore lists.

use cryptoki_sys::*;

use crate::card::{Abilities, Card, KeyRef};
use crate::crypto::Hash;
use crate::crypto::padding::pss;

use super::object::{MODULUS_LEN, PrivateKey};

/// Digests computed by the module.
pub const DIGESTS: [(Hash, CK_MECHANISM_TYPE); 5] = [
    (Hash::Sha1, CKM_SHA_1),
    (Hash::Sha224, CKM_SHA224),
    (Hash::Sha256, CKM_SHA256),
    (Hash::Sha384, CKM_SHA384),
    (Hash::Sha512, CKM_SHA512),
];

/// The hashed forms of the two signature schemes, by hash.
pub const HASHED: [(Hash, CK_MECHANISM_TYPE, CK_MECHANISM_TYPE); 5] = [
    (Hash::Sha1, CKM_SHA1_RSA_PKCS, CKM_SHA1_RSA_PKCS_PSS),
    (Hash::Sha224, CKM_SHA224_RSA_PKCS, CKM_SHA224_RSA_PKCS_PSS),
    (Hash::Sha256, CKM_SHA256_RSA_PKCS, CKM_SHA256_RSA_PKCS_PSS),
    (Hash::Sha384, CKM_SHA384_RSA_PKCS, CKM_SHA384_RSA_PKCS_PSS),
    (Hash::Sha512, CKM_SHA512_RSA_PKCS, CKM_SHA512_RSA_PKCS_PSS),
];

/// The signature mechanisms that a key with these abilities carries out, whatever the other keys
/// do.
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

/// The mechanisms of which a key with these abilities deciphers the blocks, if it may.
fn deciphering(abilities: &Abilities) -> &'static [CK_MECHANISM_TYPE] {
    match (abilities.decipher, abilities.raw) {
        (false, _) => &[],
        // The chip removes the padding, and knows only one.
        (true, false) => &[CKM_RSA_PKCS],
        (true, true) => &[CKM_RSA_PKCS, CKM_RSA_PKCS_OAEP],
    }
}

/// Whether a key signs with this mechanism.
pub fn signs(key: &PrivateKey, kind: CK_MECHANISM_TYPE) -> bool {
    signing(&key.abilities).contains(&kind)
}

/// Whether a key makes PSS signatures with these parameters. The chip's own PSS has one shape: MGF1
/// with the same hash and a salt as long as the digest.
pub fn signs_pss(key: &PrivateKey, parameters: pss::Params) -> bool {
    key.abilities.raw || is_native(&key.abilities, parameters)
}

/// Whether the chip itself makes these PSS signatures.
pub fn is_native(abilities: &Abilities, parameters: pss::Params) -> bool {
    parameters == pss::Params::usual(parameters.hash) && abilities.pss.contains(&parameters.hash)
}

/// Whether a key deciphers with this mechanism.
pub fn deciphers(key: &PrivateKey, kind: CK_MECHANISM_TYPE) -> bool {
    key.entry.usage.decrypt && deciphering(&key.abilities).contains(&kind)
}

/// Whether a key unwraps with this mechanism.
pub fn unwraps(key: &PrivateKey, kind: CK_MECHANISM_TYPE) -> bool {
    key.unwraps() && deciphering(&key.abilities).contains(&kind)
}

/// Whether this is a mechanism of RSA keys that some key here carries out.
pub fn of_rsa(kind: CK_MECHANISM_TYPE) -> bool {
    matches!(kind, CKM_RSA_PKCS | CKM_RSA_PKCS_OAEP | CKM_RSA_PKCS_PSS)
        || HASHED
            .iter()
            .any(|(_, pkcs1, pss)| [*pkcs1, *pss].contains(&kind))
}

/// What one key can do, for its CKA_ALLOWED_MECHANISMS.
pub fn of_key(key: &PrivateKey) -> Vec<CK_MECHANISM_TYPE> {
    let mut all = signing(&key.abilities);
    let more = |kind: &CK_MECHANISM_TYPE| deciphers(key, *kind) || unwraps(key, *kind);
    all.extend([CKM_RSA_PKCS_OAEP].into_iter().filter(more));
    all
}

/// A mechanism of the slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// CKM_...
    pub kind: CK_MECHANISM_TYPE,
    /// CKF_... of CK_MECHANISM_INFO.
    pub flags: CK_FLAGS,
    /// Length of the keys in bits, 0 where there is no key.
    pub key_bits: usize,
}

/// Everything that a slot with this card lists: the signature mechanisms that each key carries out,
/// whatever its role, and the digests, which the module computes. NSS, GnuTLS and Java decide by
/// slot and take whichever key the user chose, so a mechanism that only some key carries out would
/// fail in their hands. Sends nothing to the card.
pub fn listed(card: &Card) -> Vec<Listed> {
    let abilities: Vec<Abilities> = card
        .chip()
        .key_roles()
        .iter()
        .map(|role| {
            card.abilities(&KeyRef {
                reference: 0,
                modulus_len: MODULUS_LEN,
                role: *role,
            })
        })
        .collect();
    let first = abilities.first().map(signing).unwrap_or_default();
    let by_every_key = first
        .into_iter()
        .filter(|kind| abilities.iter().all(|a| signing(a).contains(kind)));
    let keys = by_every_key.map(|kind| Listed {
        kind,
        flags: CKF_HW | CKF_SIGN | CKF_VERIFY | more_flags(kind, &abilities),
        key_bits: 8 * MODULUS_LEN,
    });
    let digests = DIGESTS.iter().map(|(_, kind)| Listed {
        kind: *kind,
        flags: CKF_DIGEST,
        key_bits: 0,
    });
    keys.chain(digests).collect()
}

/// What CKM_RSA_PKCS does beside signing, with the key that is made for it.
fn more_flags(kind: CK_MECHANISM_TYPE, abilities: &[Abilities]) -> CK_FLAGS {
    let mut flags = 0;
    if kind == CKM_RSA_PKCS && abilities.iter().any(|a| a.pkcs1_max.is_some()) {
        flags |= CKF_SIGN_RECOVER | CKF_VERIFY_RECOVER;
    }
    if kind == CKM_RSA_PKCS && abilities.iter().any(|a| a.decipher) {
        flags |= CKF_ENCRYPT | CKF_DECRYPT | CKF_UNWRAP;
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkcs15;

    const SIGNATURE: Abilities = Abilities {
        digest: &[Hash::Sha1, Hash::Sha256],
        pkcs1_max: None,
        pss: &[],
        raw: false,
        decipher: false,
    };

    const ANY_BLOCK: Abilities = Abilities {
        digest: &[Hash::Sha1, Hash::Sha224, Hash::Sha256, Hash::Sha384, Hash::Sha512],
        pkcs1_max: Some(245),
        pss: &[],
        raw: true,
        decipher: true,
    };

    fn key(abilities: &Abilities, decrypt: bool) -> PrivateKey {
        let usage = pkcs15::Usage {
            sign: true,
            decrypt,
            ..pkcs15::Usage::default()
        };
        PrivateKey {
            entry: pkcs15::PrivateKey {
                usage,
                ..pkcs15::PrivateKey::default()
            },
            reference: KeyRef {
                reference: 0x82,
                modulus_len: MODULUS_LEN,
                role: crate::card::KeyRole::Authentication,
            },
            abilities: abilities.clone(),
        }
    }

    #[test]
    fn a_key_that_names_its_hashes_signs_with_these_only() {
        let key = key(&SIGNATURE, false);
        assert_eq!(
            of_key(&key),
            [CKM_RSA_PKCS, CKM_SHA1_RSA_PKCS, CKM_SHA256_RSA_PKCS]
        );
        assert!(signs(&key, CKM_SHA256_RSA_PKCS) && !signs(&key, CKM_SHA512_RSA_PKCS));
        assert!(!signs(&key, CKM_RSA_PKCS_PSS) && !deciphers(&key, CKM_RSA_PKCS));
    }

    #[test]
    fn a_key_that_takes_any_block_does_everything_that_the_host_can_pad() {
        let key = key(&ANY_BLOCK, true);
        assert_eq!(of_key(&key).len(), 1 + 5 + 1 + 5 + 1);
        assert!(deciphers(&key, CKM_RSA_PKCS_OAEP) && signs(&key, CKM_SHA384_RSA_PKCS_PSS));
        assert!(!signs(&key, CKM_RSA_X_509));
    }

    #[test]
    fn a_key_deciphers_only_where_the_directory_says_so() {
        assert!(!deciphers(&key(&ANY_BLOCK, false), CKM_RSA_PKCS));
    }
}
