//! EMSA-PSS, the padding of RSASSA-PSS signatures (RFC 8017 §9.1).
//!
//! ```text
//! M' = 00 00 00 00 00 00 00 00 <digest> <salt>      H = Hash(M')
//! EM = (00 .. 00 01 <salt>) xor MGF1(H) | H | BC
//! ```

use super::{MAX_BLOCK_LEN, mgf1};
use crate::crypto::{Digest, Hash, Hasher};

/// Last byte of an encoded message.
const TRAILER: u8 = 0xbc;

/// Parameters of RSASSA-PSS (RFC 8017 App. A.2.3); the trailer field is always BC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// Hash function of the message and of the encoding.
    pub hash: Hash,
    /// Hash function of MGF1.
    pub mgf_hash: Hash,
    /// Length of the salt in bytes.
    pub salt_len: usize,
}

impl Params {
    /// The usual parameters: MGF1 with the same hash, a salt as long as the digest.
    pub const fn usual(hash: Hash) -> Self {
        Params {
            hash,
            mgf_hash: hash,
            salt_len: hash.len(),
        }
    }

    /// Longest salt for an encoded message of `em_bits` bits; `None` when not even an empty one
    /// fits, or when the message is longer than any block.
    pub fn max_salt_len(hash: Hash, em_bits: usize) -> Option<usize> {
        let em_len = em_bits.div_ceil(8);
        em_len
            .checked_sub(hash.len() + 2)
            .filter(|_| em_len <= MAX_BLOCK_LEN)
    }
}

/// EMSA-PSS-ENCODE (RFC 8017 §9.1.1) of `ceil(em_bits / 8)` bytes. `em_bits` is the length of the
/// modulus in bits less one; when that is a multiple of 8 the block to sign has one zero byte more,
/// in front.
///
/// `salt` holds `params.salt_len` fresh random bytes. `None` when digest or salt do not have the
/// lengths that `params` say, or when they do not fit.
pub fn encode(params: Params, digest: &[u8], salt: &[u8], em_bits: usize) -> Option<Vec<u8>> {
    let lengths_ok = digest.len() == params.hash.len() && salt.len() == params.salt_len;
    let room = Params::max_salt_len(params.hash, em_bits)?
        .checked_sub(salt.len())
        .filter(|_| lengths_ok)?;

    let h = salted_digest(params.hash, digest, salt);
    let mut em = vec![0; room];
    em.push(0x01);
    em.extend(salt);
    mgf1::xor_mask(params.mgf_hash, &h, &mut em);
    if let Some(first) = em.first_mut() {
        *first &= first_byte_mask(em_bits);
    }
    em.extend(h.iter());
    em.push(TRAILER);
    Some(em)
}

/// EMSA-PSS-VERIFY (RFC 8017 §9.1.2): whether `em`, of `ceil(em_bits / 8)` bytes, encodes `digest`.
/// The salt must have exactly `params.salt_len` bytes.
pub fn verify(params: Params, digest: &[u8], em: &[u8], em_bits: usize) -> bool {
    consistent(params, digest, em, em_bits).is_some()
}

fn consistent(params: Params, digest: &[u8], em: &[u8], em_bits: usize) -> Option<()> {
    let fits = digest.len() == params.hash.len() && em.len() == em_bits.div_ceil(8);
    let room = Params::max_salt_len(params.hash, em_bits)?
        .checked_sub(params.salt_len)
        .filter(|_| fits)?;

    let (trailer, rest) = em.split_last()?;
    let (masked_db, h) = rest.split_at_checked(rest.len().checked_sub(params.hash.len())?)?;
    let mask = first_byte_mask(em_bits);
    if *trailer != TRAILER || masked_db.first()? & !mask != 0 {
        return None;
    }

    let mut db = masked_db.to_vec();
    mgf1::xor_mask(params.mgf_hash, h, &mut db);
    *db.first_mut()? &= mask;
    let (zeros, rest) = db.split_at_checked(room)?;
    let (one, salt) = rest.split_first()?;
    let padding_ok = zeros.iter().all(|byte| *byte == 0) && *one == 0x01;
    (padding_ok && *salted_digest(params.hash, digest, salt) == *h).then_some(())
}

/// H = Hash(eight zeros, digest, salt).
fn salted_digest(hash: Hash, digest: &[u8], salt: &[u8]) -> Digest {
    let mut hasher = Hasher::new(hash);
    hasher.update(&[0; 8]);
    hasher.update(digest);
    hasher.update(salt);
    hasher.finish()
}

/// The bits of the first byte that belong to a message of `em_bits` bits.
fn first_byte_mask(em_bits: usize) -> u8 {
    let unused = (8 - em_bits % 8) % 8;
    0xff >> unused
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA256: Params = Params::usual(Hash::Sha256);

    fn digest(hash: Hash) -> Digest {
        hash.digest(b"a message")
    }

    #[test]
    fn what_is_encoded_verifies_for_every_hash_and_length() {
        for hash in Hash::ALL {
            for mgf_hash in Hash::ALL {
                for em_bits in 1023..=1032 {
                    let longest = Params::max_salt_len(hash, em_bits).unwrap_or_default();
                    for salt_len in [0, 1, hash.len().min(longest), longest] {
                        let params = Params {
                            hash,
                            mgf_hash,
                            salt_len,
                        };
                        let salt = vec![0x5a; salt_len];
                        let Some(em) = encode(params, &digest(hash), &salt, em_bits) else {
                            panic!("{params:?} must fit in {em_bits} bits");
                        };
                        assert_eq!(em.len(), em_bits.div_ceil(8));
                        assert!(
                            verify(params, &digest(hash), &em, em_bits),
                            "{params:?} {em_bits}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn one_flipped_bit_anywhere_is_refused() {
        let em = encode(SHA256, &digest(Hash::Sha256), &[7; 32], 1023).unwrap();
        for bit in 0..8 * em.len() {
            let mut damaged = em.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(
                !verify(SHA256, &digest(Hash::Sha256), &damaged, 1023),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn other_parameters_or_another_digest_are_refused() {
        let em = encode(SHA256, &digest(Hash::Sha256), &[7; 32], 1023).unwrap();
        let others = [
            Params {
                salt_len: 31,
                ..SHA256
            },
            Params {
                salt_len: 33,
                ..SHA256
            },
            Params {
                salt_len: 0,
                ..SHA256
            },
            Params {
                salt_len: usize::MAX,
                ..SHA256
            },
            Params {
                mgf_hash: Hash::Sha1,
                ..SHA256
            },
        ];
        for params in others {
            assert!(!verify(params, &digest(Hash::Sha256), &em, 1023), "{params:?}");
        }
        assert!(!verify(
            SHA256,
            &Hash::Sha256.digest(b"another message"),
            &em,
            1023
        ));
        assert!(!verify(SHA256, &digest(Hash::Sha1), &em, 1023));
    }

    #[test]
    fn blocks_of_another_length_are_refused() {
        let digest = digest(Hash::Sha256);
        let em = encode(SHA256, &digest, &[7; 32], 1023).unwrap();
        assert!(!verify(SHA256, &digest, &em[1..], 1023));
        assert!(!verify(SHA256, &digest, &[&[0], em.as_slice()].concat(), 1023));
        for em_bits in [0, 1, 7, 8, 271, 272, 527, 1016, 1025] {
            assert!(!verify(SHA256, &digest, &em, em_bits), "{em_bits}");
            assert!(!verify(SHA256, &digest, &[], em_bits), "{em_bits}");
        }
    }

    #[test]
    fn a_longer_block_whose_salt_makes_up_for_it_is_refused() {
        let digest = digest(Hash::Sha256);
        let longer = Params {
            salt_len: 33,
            ..SHA256
        };
        let em = encode(longer, &digest, &[7; 33], 1031).unwrap();
        assert!(verify(longer, &digest, &em, 1031));
        assert!(!verify(SHA256, &digest, &em, 1023));
    }

    #[test]
    fn what_does_not_fit_is_not_encoded() {
        let digest = digest(Hash::Sha512);
        let params = Params::usual(Hash::Sha512);
        // 64 of digest, 64 of salt, 01 and BC: 130 bytes.
        assert_eq!(encode(params, &digest, &[0; 64], 129 * 8), None);
        assert!(encode(params, &digest, &[0; 64], 129 * 8 + 1).is_some());
        assert_eq!(encode(params, &digest, &[0; 63], 2047), None);
        assert_eq!(encode(params, &digest[1..], &[0; 64], 2047), None);
        assert_eq!(encode(params, &digest, &[0; 64], 0), None);
        assert_eq!(encode(params, &digest, &[0; 64], 4097), None);
        assert_eq!(encode(params, &digest, &[0; 64], usize::MAX), None);
    }
}
