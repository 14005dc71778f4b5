//! What the chips compute: hashes finished from an intermediate state, and RSA with and without padding.

use rsa::hazmat::rsa_decrypt;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, PrivateKey};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::iso7816::status::Status;

const BLOCK: usize = 64;

/// The hash functions of the cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashAlgorithm {
    Sha1,
    Sha256,
}

impl HashAlgorithm {
    /// Length of a hash in bytes, which is also that of an intermediate state.
    pub fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// DigestInfo up to the hash (RFC 8017 §9.2, note 1).
    fn digest_info_prefix(self) -> &'static [u8] {
        match self {
            Self::Sha1 => &[
                0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14,
            ],
            Self::Sha256 => &[
                0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
                0x05, 0x00, 0x04, 0x20,
            ],
        }
    }

    /// Hash of a whole message.
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(message).to_vec(),
            Self::Sha256 => Sha256::digest(message).to_vec(),
        }
    }

    /// Last round of a hash begun elsewhere: `state` after the complete blocks, `bits` hashed so far, `rest` of the
    /// message. `None` if the state has another length or the bits are not whole blocks.
    pub fn finish(self, state: &[u8], bits: u64, rest: &[u8]) -> Option<Vec<u8>> {
        if state.len() != self.length() || !bits.is_multiple_of(8 * BLOCK as u64) {
            return None;
        }
        let total = bits.checked_add(8 * rest.len() as u64)?;
        let blocks = padded_blocks(rest, total);
        match self {
            Self::Sha1 => {
                let mut words: [u32; 5] = words(state)?;
                sha1::block_api::compress(&mut words, &blocks);
                Some(words.iter().flat_map(|word| word.to_be_bytes()).collect())
            }
            Self::Sha256 => {
                let mut words: [u32; 8] = words(state)?;
                sha2::block_api::compress256(&mut words, &blocks);
                Some(words.iter().flat_map(|word| word.to_be_bytes()).collect())
            }
        }
    }
}

fn words<const N: usize>(state: &[u8]) -> Option<[u32; N]> {
    let (words, rest) = state.as_chunks::<4>();
    rest.is_empty()
        .then(|| {
            words
                .iter()
                .map(|word| u32::from_be_bytes(*word))
                .collect::<Vec<_>>()
        })?
        .try_into()
        .ok()
}

/// The end of a message with its padding (FIPS 180-4 §5.1.1).
fn padded_blocks(rest: &[u8], total_bits: u64) -> Vec<[u8; BLOCK]> {
    let mut padded = rest.to_vec();
    padded.push(0x80);
    while padded.len() % BLOCK != BLOCK - 8 {
        padded.push(0);
    }
    padded.extend(total_bits.to_be_bytes());
    padded.as_chunks::<BLOCK>().0.to_vec()
}

/// PKCS #1 v1.5 signature of a finished hash, DigestInfo added by the card (RFC 8017 §9.2).
pub fn sign_pkcs1(key: &PrivateKey, algorithm: HashAlgorithm, hash: &[u8]) -> Result<Vec<u8>, Status> {
    sign_padded(key, &[algorithm.digest_info_prefix(), hash].concat())
}

/// PSS signature of a finished hash, MGF1 with the same hash, salt as long as the hash.
pub fn sign_pss(key: &PrivateKey, algorithm: HashAlgorithm, hash: &[u8]) -> Result<Vec<u8>, Status> {
    let mut random = getrandom::SysRng;
    match algorithm {
        HashAlgorithm::Sha1 => key.pss_sign_prehash_with_rng::<Sha1, _>(&mut random, hash),
        HashAlgorithm::Sha256 => key.pss_sign_prehash_with_rng::<Sha256, _>(&mut random, hash),
    }
    .map_err(|_| Status::WRONG_DATA)
}

/// Type 1 padding around any data, then the private key.
pub fn sign_padded(key: &PrivateKey, data: &[u8]) -> Result<Vec<u8>, Status> {
    let filling = key
        .size()
        .checked_sub(data.len() + 3)
        .filter(|length| *length >= 8);
    let filling = vec![0xFF; filling.ok_or(Status::WRONG_LENGTH)?];
    raw(key, &[&[0x00, 0x01], filling.as_slice(), &[0x00], data].concat())
}

/// The bare private key operation on one block of the length of the modulus.
pub fn raw(key: &PrivateKey, block: &[u8]) -> Result<Vec<u8>, Status> {
    if block.len() != key.size() {
        return Err(Status::WRONG_LENGTH);
    }
    let number = BoxedUint::from_be_slice(block, key.n().bits_precision()).map_err(|_| Status::WRONG_DATA)?;
    let result = rsa_decrypt(None::<&mut getrandom::SysRng>, key, &number).map_err(|_| Status::WRONG_DATA)?;
    Ok(result.to_be_bytes().to_vec())
}

/// The private key operation, then type 2 padding taken off (RFC 8017 §7.2.2).
pub fn decipher(key: &PrivateKey, block: &[u8]) -> Result<Vec<u8>, Status> {
    let padded = raw(key, block)?;
    let body = padded.strip_prefix(&[0x00, 0x02]).ok_or(Status::WRONG_DATA)?;
    let end = body
        .iter()
        .position(|byte| *byte == 0)
        .ok_or(Status::WRONG_DATA)?;
    match body.split_at_checked(end + 1) {
        Some((_, plain)) if end >= 8 => Ok(plain.to_vec()),
        _ => Err(Status::WRONG_DATA),
    }
}

/// Random bytes of the chip.
pub fn random<const N: usize>() -> Result<[u8; N], Status> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Status::INTERNAL)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA1_START: &str = "67452301EFCDAB8998BADCFE10325476C3D2E1F0";
    const SHA256_START: &str = "6A09E667BB67AE853C6EF372A54FF53A510E527F9B05688C1F83D9AB5BE0CD19";

    #[test]
    fn the_last_round_alone_gives_the_hash_of_the_message() {
        for (algorithm, start) in [
            (HashAlgorithm::Sha1, SHA1_START),
            (HashAlgorithm::Sha256, SHA256_START),
        ] {
            let start = crate::text::hex::decode(start).unwrap();
            for length in [0, 1, 55, 56, 63, 64] {
                let message = vec![0x5A; length];
                assert_eq!(
                    algorithm.finish(&start, 0, &message),
                    Some(algorithm.digest(&message)),
                    "{length} bytes"
                );
            }
        }
    }

    #[test]
    fn a_state_that_no_complete_block_left_is_refused() {
        assert_eq!(HashAlgorithm::Sha1.finish(&[0; 20], 8, b"x"), None);
        assert_eq!(HashAlgorithm::Sha1.finish(&[0; 32], 512, b"x"), None);
        assert_eq!(
            HashAlgorithm::Sha1.finish(&[0; 20], u64::MAX - 511, &[0; 64]),
            None
        );
    }
}
