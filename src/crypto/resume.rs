//! SHA-1 and SHA-256 up to the last block, so that a card can finish the computation itself.

use std::fmt;

use sha1::block_api::compress as compress_sha1;
use sha2::block_api::compress256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::hash::{Digest, Hash, LastRound};

/// Block of SHA-1 and SHA-256 in bytes.
const BLOCK: usize = 64;

/// Chaining value between two blocks.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
enum State {
    Sha1([u32; 5]),
    Sha256([u32; 8]),
}

impl State {
    /// Initial hash value, FIPS 180-4 §5.3.1 and §5.3.3; `None` for a function other than SHA-1 and SHA-256.
    fn initial(hash: Hash) -> Option<Self> {
        match hash {
            Hash::Sha1 => Some(State::Sha1([
                0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0,
            ])),
            Hash::Sha256 => Some(State::Sha256([
                0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
                0x5be0cd19,
            ])),
            Hash::Sha224 | Hash::Sha384 | Hash::Sha512 => None,
        }
    }

    fn compress(&mut self, blocks: &[[u8; BLOCK]]) {
        match self {
            State::Sha1(words) => compress_sha1(words, blocks),
            State::Sha256(words) => compress256(words, blocks),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let words = match self {
            State::Sha1(words) => words.as_slice(),
            State::Sha256(words) => words.as_slice(),
        };
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }
}

/// A SHA-1 or SHA-256 hash in progress that ends with both the digest and the [`LastRound`] for a card that
/// insists on hashing the last block itself. Needs the same memory however long the message; wiped when
/// dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ResumableHasher {
    state: State,
    /// The end of the message so far. It stays full until more data comes, because the card must be left with
    /// at least one byte to hash.
    tail: [u8; BLOCK],
    tail_len: usize,
    /// Message bytes already in `state`, a multiple of the block.
    hashed: u64,
}

impl fmt::Debug for ResumableHasher {
    /// Names the function only: the tail is a piece of the message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResumableHasher({:?})", self.hash())
    }
}

impl ResumableHasher {
    /// Starts a hash over the empty message; `None` unless `hash` is SHA-1 or SHA-256, the two that cards
    /// finish.
    pub fn new(hash: Hash) -> Option<Self> {
        let state = State::initial(hash)?;
        Some(ResumableHasher {
            state,
            tail: [0; BLOCK],
            tail_len: 0,
            hashed: 0,
        })
    }

    /// The function in use.
    pub fn hash(&self) -> Hash {
        match self.state {
            State::Sha1(_) => Hash::Sha1,
            State::Sha256(_) => Hash::Sha256,
        }
    }

    /// Appends `data` to the message.
    pub fn update(&mut self, data: &[u8]) {
        let rest = self.fill_tail(data);
        if rest.is_empty() {
            return;
        }
        self.compress(&[self.tail]);

        // The last block, complete or not, becomes the tail.
        let whole = (rest.len() - 1) / BLOCK * BLOCK;
        let (blocks, last) = rest.split_at(whole);
        self.compress(blocks.as_chunks().0);
        self.tail_len = 0;
        self.fill_tail(last);
    }

    /// Ends the message: its digest, and what lets a card compute the same digest.
    pub fn finish(mut self) -> (Digest, LastRound) {
        let tail = self.tail.get(..self.tail_len).unwrap_or_default().to_vec();
        let hashed_bits = self.hashed.wrapping_mul(8);
        let last_round = LastRound {
            state: self.state.to_bytes(),
            hashed_bits,
            tail,
        };
        self.compress_padded_tail();
        (Digest::new(&self.state.to_bytes()), last_round)
    }

    /// Copies into the tail what fits; returns the rest.
    fn fill_tail<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        let room = self.tail.get_mut(self.tail_len..).unwrap_or_default();
        let (taken, rest) = data.split_at(room.len().min(data.len()));
        for (to, from) in room.iter_mut().zip(taken) {
            *to = *from;
        }
        self.tail_len += taken.len();
        rest
    }

    fn compress(&mut self, blocks: &[[u8; BLOCK]]) {
        self.state.compress(blocks);
        self.hashed = self.hashed.wrapping_add(blocks.as_flattened().len() as u64);
    }

    /// Padding of FIPS 180-4 §5.1.1: bit 1, zeros, message length in bits on 8 bytes, to whole blocks.
    fn compress_padded_tail(&mut self) {
        let bits = self.hashed.wrapping_add(self.tail_len as u64).wrapping_mul(8);
        let mut padded = [[0u8; BLOCK]; 2];
        let message = self.tail.iter().take(self.tail_len).chain(&[0x80]);
        for (to, from) in padded.as_flattened_mut().iter_mut().zip(message) {
            *to = *from;
        }
        let blocks = if self.tail_len + 1 + 8 <= BLOCK {
            &mut padded[..1]
        } else {
            &mut padded[..]
        };
        if let Some(length) = blocks.as_flattened_mut().last_chunk_mut() {
            *length = bits.to_be_bytes();
        }
        self.state.compress(blocks);
        padded.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths around every border of block and padding.
    const LENGTHS: [usize; 16] = [
        0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 300, 1405, 100_000,
    ];

    fn message(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i * 7 + i / 251) as u8).collect()
    }

    fn resumable(hash: Hash) -> ResumableHasher {
        ResumableHasher::new(hash).unwrap()
    }

    /// What the card does: continues from the chaining value over the tail.
    fn finish_on_card(hash: Hash, round: &LastRound) -> Vec<u8> {
        let mut card = resumable(hash);
        let words: Vec<u32> = round
            .state
            .as_chunks()
            .0
            .iter()
            .map(|word| u32::from_be_bytes(*word))
            .collect();
        if round.hashed_bits > 0 {
            card.state = match hash {
                Hash::Sha1 => State::Sha1(words.try_into().unwrap()),
                _ => State::Sha256(words.try_into().unwrap()),
            };
        }
        let mut blocks = round.tail.clone();
        blocks.push(0x80);
        while blocks.len() % BLOCK != 56 {
            blocks.push(0);
        }
        blocks.extend((round.hashed_bits + 8 * round.tail.len() as u64).to_be_bytes());
        card.state.compress(blocks.as_chunks().0);
        card.state.to_bytes()
    }

    #[test]
    fn the_card_reaches_the_digest_of_the_whole_message() {
        for hash in [Hash::Sha1, Hash::Sha256] {
            for len in LENGTHS {
                let message = message(len);
                let mut hasher = resumable(hash);
                hasher.update(&message);
                let (digest, round) = hasher.finish();
                assert_eq!(
                    digest.to_vec(),
                    hash.digest(&message).to_vec(),
                    "{hash:?} of {len} bytes"
                );
                assert_eq!(
                    finish_on_card(hash, &round),
                    digest.to_vec(),
                    "{hash:?} of {len} bytes"
                );
            }
        }
    }

    #[test]
    fn the_tail_holds_the_last_block_even_when_it_is_complete() {
        for len in LENGTHS {
            let message = message(len);
            let mut hasher = resumable(Hash::Sha256);
            hasher.update(&message);
            let (_, round) = hasher.finish();
            let tail_len = if len == 0 { 0 } else { (len - 1) % 64 + 1 };
            assert_eq!(round.tail, message[len - tail_len..], "{len} bytes");
            assert_eq!(round.hashed_bits, 8 * (len - tail_len) as u64, "{len} bytes");
            assert_eq!(round.state.len(), 32);
        }
    }

    #[test]
    fn parts_of_uneven_length_make_no_difference() {
        for hash in [Hash::Sha1, Hash::Sha256] {
            for len in LENGTHS {
                let message = message(len);
                let mut whole = resumable(hash);
                whole.update(&message);
                for part in [1, 7, 63, 64, 65, 128, 1000] {
                    let mut hasher = resumable(hash);
                    message.chunks(part).for_each(|chunk| {
                        hasher.update(chunk);
                        hasher.update(&[]);
                    });
                    assert_eq!(
                        hasher.finish(),
                        whole.clone().finish(),
                        "{hash:?} of {len} by {part}"
                    );
                }
            }
        }
    }

    #[test]
    fn debug_output_shows_no_message() {
        let mut hasher = resumable(Hash::Sha256);
        hasher.update(b"1234");
        assert_eq!(format!("{hasher:?}"), "ResumableHasher(Sha256)");
    }

    #[test]
    fn only_sha_1_and_sha_256_can_be_finished_by_a_card() {
        for hash in Hash::ALL {
            let resumable = ResumableHasher::new(hash).map(|hasher| hasher.hash());
            let expected = matches!(hash, Hash::Sha1 | Hash::Sha256).then_some(hash);
            assert_eq!(resumable, expected);
        }
    }
}
