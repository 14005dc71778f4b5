//! Hashes in progress. Those that cards finish, SHA-1 and SHA-256, stop before their last block.

use std::fmt;

use sha1::block_api::compress as compress_sha1;
use sha2::block_api::compress256;
use sha2::{Digest as _, Sha224, Sha384, Sha512};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::hash::{Digest, Hash};

impl Hash {
    /// Digest of `data` in one go.
    pub fn digest(self, data: &[u8]) -> Digest {
        let mut hasher = Hasher::new(self);
        hasher.update(data);
        hasher.finish()
    }
}

/// A hash in progress. Its state is wiped when dropped.
///
/// SHA-1 and SHA-256 stop before their last block, so that a card can hash that block itself: see
/// [`LastRound`].
#[derive(Clone)]
pub struct Hasher(State);

#[derive(Clone)]
enum State {
    /// SHA-1 and SHA-256.
    Blocks(Blocks),
    Sha224(Sha224),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl fmt::Debug for Hasher {
    /// Names the function only: the state holds a piece of the message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hasher({:?})", self.hash())
    }
}

impl Hasher {
    /// Starts a hash over the empty message.
    pub fn new(hash: Hash) -> Self {
        Hasher(match hash {
            Hash::Sha1 => State::Blocks(Blocks::new(Chain::SHA_1)),
            Hash::Sha256 => State::Blocks(Blocks::new(Chain::SHA_256)),
            Hash::Sha224 => State::Sha224(Sha224::new()),
            Hash::Sha384 => State::Sha384(Sha384::new()),
            Hash::Sha512 => State::Sha512(Sha512::new()),
        })
    }

    /// The function in use.
    pub fn hash(&self) -> Hash {
        match &self.0 {
            State::Blocks(blocks) => blocks.hash(),
            State::Sha224(_) => Hash::Sha224,
            State::Sha384(_) => Hash::Sha384,
            State::Sha512(_) => Hash::Sha512,
        }
    }

    /// Appends `data` to the message.
    pub fn update(&mut self, data: &[u8]) {
        match &mut self.0 {
            State::Blocks(blocks) => blocks.update(data),
            State::Sha224(h) => h.update(data),
            State::Sha384(h) => h.update(data),
            State::Sha512(h) => h.update(data),
        }
    }

    /// What a card needs to hash the last block of the message itself. `None` unless the function
    /// is SHA-1 or SHA-256, the two that cards finish.
    pub fn last_round(&self) -> Option<LastRound> {
        match &self.0 {
            State::Blocks(blocks) => Some(blocks.last_round()),
            State::Sha224(_) | State::Sha384(_) | State::Sha512(_) => None,
        }
    }

    /// Ends the message: its digest. It is computed in place, because a state that moves leaves the
    /// end of the message where it was. The hasher then stands at the empty message again.
    pub fn finish(&mut self) -> Digest {
        match &mut self.0 {
            State::Blocks(blocks) => blocks.finish(),
            State::Sha224(h) => Digest::new(&h.finalize_reset()),
            State::Sha384(h) => Digest::new(&h.finalize_reset()),
            State::Sha512(h) => Digest::new(&h.finalize_reset()),
        }
    }
}

/// What a card needs to finish a SHA-1 or SHA-256 computation whose complete blocks were hashed on
/// the host (PSO HASH "last round on card"). Wiped when dropped: a short message is all in it.
#[derive(Clone, Debug, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct LastRound {
    /// Chaining value after the complete blocks, big-endian words (20 or 32 bytes); meaningless
    /// when `hashed_bits` is 0.
    pub state: Vec<u8>,
    /// Message bits already in `state`, a multiple of 512.
    pub hashed_bits: u64,
    /// The rest of the message, 1 to 64 bytes; empty only for the empty message.
    pub tail: Vec<u8>,
}

/// Block of SHA-1 and SHA-256 in bytes.
const BLOCK: usize = 64;

/// Chaining value between two blocks.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
enum Chain {
    Sha1([u32; 5]),
    Sha256([u32; 8]),
}

impl Chain {
    /// Initial hash value, FIPS 180-4 §5.3.1.
    const SHA_1: Chain = Chain::Sha1([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);

    /// Initial hash value, FIPS 180-4 §5.3.3.
    const SHA_256: Chain = Chain::Sha256([
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    ]);

    /// The initial hash value of the same function.
    fn initial(&self) -> Chain {
        match self {
            Chain::Sha1(_) => Chain::SHA_1,
            Chain::Sha256(_) => Chain::SHA_256,
        }
    }

    fn compress(&mut self, blocks: &[[u8; BLOCK]]) {
        match self {
            Chain::Sha1(words) => compress_sha1(words, blocks),
            Chain::Sha256(words) => compress256(words, blocks),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let words = match self {
            Chain::Sha1(words) => words.as_slice(),
            Chain::Sha256(words) => words.as_slice(),
        };
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }
}

/// SHA-1 or SHA-256 of a message whose last block is kept apart. Needs the same memory however long
/// the message.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
struct Blocks {
    chain: Chain,
    /// The end of the message so far. It stays full until more data comes, because the card must be
    /// left with at least one byte to hash.
    tail: [u8; BLOCK],
    tail_len: usize,
    /// Message bytes already in `chain`, a multiple of the block.
    hashed: u64,
}

impl Blocks {
    /// The empty message.
    fn new(chain: Chain) -> Self {
        Blocks {
            chain,
            tail: [0; BLOCK],
            tail_len: 0,
            hashed: 0,
        }
    }

    fn hash(&self) -> Hash {
        match self.chain {
            Chain::Sha1(_) => Hash::Sha1,
            Chain::Sha256(_) => Hash::Sha256,
        }
    }

    fn update(&mut self, data: &[u8]) {
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

    fn last_round(&self) -> LastRound {
        LastRound {
            state: self.chain.to_bytes(),
            hashed_bits: self.hashed.wrapping_mul(8),
            tail: self.tail.get(..self.tail_len).unwrap_or_default().to_vec(),
        }
    }

    /// The digest of the message.
    fn finish(&mut self) -> Digest {
        self.compress_padded_tail();
        let digest = Digest::new(&self.chain.to_bytes());
        *self = Blocks::new(self.chain.initial());
        digest
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
        self.chain.compress(blocks);
        self.hashed = self.hashed.wrapping_add(blocks.as_flattened().len() as u64);
    }

    /// Padding of FIPS 180-4 §5.1.1: bit 1, zeros, message length in bits on 8 bytes, to whole
    /// blocks.
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
        self.chain.compress(blocks);
        padded.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use sha1::Sha1;
    use sha2::Sha256;

    use super::*;
    use crate::crypto::test_keys::hex;

    /// Lengths around every border of block and padding.
    const LENGTHS: [usize; 16] = [
        0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 300, 1405, 100_000,
    ];

    fn message(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i * 7 + i / 251) as u8).collect()
    }

    fn hashed(hash: Hash, message: &[u8]) -> Hasher {
        let mut hasher = Hasher::new(hash);
        hasher.update(message);
        hasher
    }

    /// The last round and the digest of a message that ends here.
    fn ended(mut hasher: Hasher) -> (LastRound, Digest) {
        (hasher.last_round().unwrap(), hasher.finish())
    }

    /// What the card does: continues from the chaining value over the tail.
    fn finish_on_card(hash: Hash, round: &LastRound) -> Vec<u8> {
        let words: Vec<u32> = round
            .state
            .as_chunks()
            .0
            .iter()
            .map(|word| u32::from_be_bytes(*word))
            .collect();
        let mut chain = match (hash, round.hashed_bits) {
            (Hash::Sha1, 0) => Chain::SHA_1,
            (Hash::Sha1, _) => Chain::Sha1(words.try_into().unwrap()),
            (_, 0) => Chain::SHA_256,
            (_, _) => Chain::Sha256(words.try_into().unwrap()),
        };
        let mut blocks = round.tail.clone();
        blocks.push(0x80);
        while blocks.len() % BLOCK != 56 {
            blocks.push(0);
        }
        blocks.extend((round.hashed_bits + 8 * round.tail.len() as u64).to_be_bytes());
        chain.compress(blocks.as_chunks().0);
        chain.to_bytes()
    }

    /// FIPS 180-4 example message "abc" (NIST example values for each function).
    const ABC: [(Hash, &str); 5] = [
        (Hash::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            Hash::Sha224,
            "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
        ),
        (
            Hash::Sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            Hash::Sha384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            Hash::Sha512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
    ];

    #[test]
    fn nist_example_values() {
        for (hash, expected) in ABC {
            assert_eq!(hash.digest(b"abc").to_vec(), hex(expected), "{hash:?}");
            assert_eq!(hash.digest(b"abc").len(), hash.len(), "{hash:?}");
        }
    }

    #[test]
    fn a_message_may_come_in_parts_and_a_hasher_be_cloned_midway() {
        for hash in Hash::ALL {
            let mut first = Hasher::new(hash);
            assert_eq!(first.hash(), hash);
            first.update(b"a");
            first.update(b"");
            let mut second = first.clone();
            first.update(b"bc");
            second.update(b"xy");
            assert_eq!(first.finish(), hash.digest(b"abc"), "{hash:?}");
            assert_eq!(second.finish(), hash.digest(b"axy"), "{hash:?}");
        }
    }

    /// What the crates of the hash functions make of it, which know nothing of last rounds.
    fn digest_of_the_library(hash: Hash, message: &[u8]) -> Vec<u8> {
        match hash {
            Hash::Sha1 => Sha1::digest(message).to_vec(),
            _ => Sha256::digest(message).to_vec(),
        }
    }

    #[test]
    fn the_card_reaches_the_digest_of_the_whole_message() {
        for hash in [Hash::Sha1, Hash::Sha256] {
            for len in LENGTHS {
                let message = message(len);
                let (round, digest) = ended(hashed(hash, &message));
                let what = format!("{hash:?} of {len} bytes");
                assert_eq!(digest.to_vec(), digest_of_the_library(hash, &message), "{what}");
                assert_eq!(finish_on_card(hash, &round), digest.to_vec(), "{what}");
            }
        }
    }

    #[test]
    fn the_tail_holds_the_last_block_even_when_it_is_complete() {
        for len in LENGTHS {
            let message = message(len);
            let round = hashed(Hash::Sha256, &message).last_round().unwrap();
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
                let whole = ended(hashed(hash, &message));
                for part in [1, 7, 63, 64, 65, 128, 1000] {
                    let mut hasher = Hasher::new(hash);
                    message.chunks(part).for_each(|chunk| {
                        hasher.update(chunk);
                        hasher.update(&[]);
                    });
                    assert_eq!(ended(hasher), whole, "{hash:?} of {len} by {part}");
                }
            }
        }
    }

    #[test]
    fn a_hasher_that_has_ended_begins_anew() {
        for hash in Hash::ALL {
            let mut hasher = hashed(hash, &message(300));
            hasher.finish();
            hasher.update(b"abc");
            assert_eq!(hasher.finish(), hash.digest(b"abc"), "{hash:?}");
        }
    }

    #[test]
    fn debug_output_shows_no_message() {
        for hash in Hash::ALL {
            assert_eq!(
                format!("{:?}", hashed(hash, b"1234")),
                format!("Hasher({hash:?})")
            );
        }
    }

    #[test]
    fn only_sha_1_and_sha_256_can_be_finished_by_a_card() {
        for hash in Hash::ALL {
            let finishes = Hasher::new(hash).last_round().is_some();
            assert_eq!(finishes, matches!(hash, Hash::Sha1 | Hash::Sha256), "{hash:?}");
        }
    }
}
