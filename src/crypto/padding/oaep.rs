//! EME-OAEP, the padding of RSAES-OAEP (RFC 8017 §7.1).
//!
//! ```text
//! DB = <Hash(label)> 00 .. 00 01 <message>
//! EM = 00 | seed xor MGF1(maskedDB) | DB xor MGF1(seed)
//! ```

use ctutils::{Choice, CtEq, CtSelect};
use zeroize::Zeroizing;

use super::{MAX_BLOCK_LEN, mgf1};
use crate::crypto::hash::Hash;

/// Parameters of RSAES-OAEP (RFC 8017 App. A.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params<'a> {
    /// Hash function of the label.
    pub hash: Hash,
    /// Hash function of MGF1.
    pub mgf_hash: Hash,
    /// Label (encoding parameter P), usually empty.
    pub label: &'a [u8],
}

impl Params<'_> {
    /// Longest message for a modulus of `k` bytes; `None` when the modulus is too short for any, or
    /// too long.
    pub fn max_message_len(&self, k: usize) -> Option<usize> {
        k.checked_sub(2 * self.hash.len() + 2)
            .filter(|_| k <= MAX_BLOCK_LEN)
    }
}

/// Encodes `message` into a block of `k` bytes (RFC 8017 §7.1.1 step 2). `seed` holds as many fresh
/// random bytes as a digest of `params.hash` has. `None` when the seed has another length or the
/// message does not fit.
pub fn encode(params: Params<'_>, seed: &[u8], message: &[u8], k: usize) -> Option<Zeroizing<Vec<u8>>> {
    let zeros = params.max_message_len(k)?.checked_sub(message.len())?;
    if seed.len() != params.hash.len() {
        return None;
    }
    let mut block = Zeroizing::new(Vec::with_capacity(k));
    block.push(0x00);
    block.extend(seed);
    block.extend(params.hash.digest(params.label).iter());
    block.resize(1 + seed.len() + params.hash.len() + zeros, 0x00);
    block.push(0x01);
    block.extend(message);

    let (_, masked) = block.split_first_mut()?;
    let (seed, db) = masked.split_at_mut_checked(seed.len())?;
    mgf1::xor_mask(params.mgf_hash, seed, db);
    mgf1::xor_mask(params.mgf_hash, db, seed);
    Some(block)
}

/// Message inside `block` (RFC 8017 §7.1.2 step 3); `None` when the block is not an encoding under
/// `params`.
///
/// Constant time: the whole block is read in the same order whatever it holds, and no branch or
/// address depends on it until the final accept or refuse, which does not tell what was wrong
/// (Manger's attack, RFC 8017 §7.1.2 note).
pub fn decode(params: Params<'_>, block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    params.max_message_len(block.len())?;
    let mut block = Zeroizing::new(block.to_vec());
    let (first, masked) = block.split_first_mut()?;
    let (seed, db) = masked.split_at_mut_checked(params.hash.len())?;
    mgf1::xor_mask(params.mgf_hash, db, seed);
    mgf1::xor_mask(params.mgf_hash, seed, db);
    let (label_digest, padded) = db.split_at_checked(params.hash.len())?;

    let label_ok = label_digest.ct_eq(&params.hash.digest(params.label));
    let mut separator_found = Choice::FALSE;
    let mut zeros_ok = Choice::TRUE;
    let mut zeros = 0u32;
    for (index, byte) in (0u32..).zip(padded) {
        let one = byte.ct_eq(&0x01) & !separator_found;
        zeros = zeros.ct_select(&index, one);
        separator_found |= one;
        zeros_ok &= separator_found | byte.ct_eq(&0x00);
    }

    if !(first.ct_eq(&0x00) & label_ok & separator_found & zeros_ok).to_bool() {
        return None;
    }
    let message = padded.get(zeros as usize + 1..)?;
    Some(Zeroizing::new(message.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA1: Params<'static> = Params {
        hash: Hash::Sha1,
        mgf_hash: Hash::Sha1,
        label: b"",
    };

    /// A block built by hand: DB as given behind the label's digest, masked with SHA-1.
    fn masked(first: u8, db_end: &[u8]) -> Vec<u8> {
        let mut seed = vec![0x33; 20];
        let mut db = [&*Hash::Sha1.digest(b""), db_end].concat();
        mgf1::xor_mask(Hash::Sha1, &seed, &mut db);
        mgf1::xor_mask(Hash::Sha1, &db, &mut seed);
        [vec![first], seed, db].concat()
    }

    fn decoded(params: Params<'_>, block: &[u8]) -> Option<Vec<u8>> {
        decode(params, block).map(|message| message.to_vec())
    }

    #[test]
    fn what_is_encoded_decodes_for_every_hash_and_length() {
        for hash in Hash::ALL {
            for mgf_hash in Hash::ALL {
                let params = Params {
                    hash,
                    mgf_hash,
                    label: b"a label",
                };
                let longest = params.max_message_len(256).unwrap();
                for len in [0, 1, 16, longest] {
                    let message = vec![1; len];
                    let block = encode(params, &vec![0x33; hash.len()], &message, 256).unwrap();
                    assert_eq!(block.len(), 256);
                    assert_eq!(decoded(params, &block), Some(message), "{params:?}");
                }
                assert_eq!(
                    encode(params, &vec![0x33; hash.len()], &vec![1; longest + 1], 256),
                    None
                );
            }
        }
    }

    #[test]
    fn a_wrong_seed_length_or_a_short_modulus_is_refused() {
        assert_eq!(encode(SHA1, &[0; 19], b"", 128), None);
        assert_eq!(encode(SHA1, &[0; 20], b"", 41), None);
        assert_eq!(encode(SHA1, &[0; 20], b"", usize::MAX), None);
        assert!(encode(SHA1, &[0; 20], b"", 42).is_some());
    }

    #[test]
    fn malformed_blocks_are_refused() {
        assert_eq!(
            decoded(SHA1, &masked(0, b"\x00\x00\x01message")),
            Some(b"message".to_vec())
        );
        let cases = [
            ("first byte", masked(1, b"\x00\x00\x01message")),
            ("no separator", masked(0, &[0; 20])),
            (
                "another byte before the separator",
                masked(0, b"\x00\x02\x01message"),
            ),
            ("no separator but another byte", masked(0, b"\x00\x00\x02message")),
            ("separator with another bit", masked(0, b"\x00\x00\x81message")),
            ("empty", vec![]),
            ("shorter than any encoding", vec![0; 41]),
            ("all zero", vec![0; 128]),
        ];
        for (what, block) in cases {
            assert_eq!(decoded(SHA1, &block), None, "{what}");
        }
    }

    #[test]
    fn a_message_may_hold_anything() {
        for message in [&b"\x00\x00da\x00ta\x00"[..], b"\x01", b"\x01\x00\x01", b"\x00"] {
            let block = encode(SHA1, &[0x33; 20], message, 128).unwrap();
            assert_eq!(decoded(SHA1, &block).as_deref(), Some(message));
        }
    }

    #[test]
    fn other_parameters_are_refused() {
        let block = encode(SHA1, &[0x33; 20], b"message", 128).unwrap();
        let others = [
            Params {
                label: b"another",
                ..SHA1
            },
            Params {
                hash: Hash::Sha256,
                ..SHA1
            },
            Params {
                mgf_hash: Hash::Sha256,
                ..SHA1
            },
        ];
        for params in others {
            assert_eq!(decoded(params, &block), None, "{params:?}");
        }
    }

    #[test]
    fn one_flipped_bit_anywhere_but_in_the_message_is_refused() {
        let block = encode(SHA1, &[0x33; 20], b"", 128).unwrap();
        for bit in 0..8 * block.len() {
            let mut damaged = block.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decoded(SHA1, &damaged), None, "bit {bit}");
        }
    }
}
