//! Many random bytes from a few of the card: a generator that is seeded anew for each request.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{CryptoError, system_random};

/// Bytes of a seed, from each of its two sources.
pub const SEED: usize = 32;

/// Fills `out` from a generator (ChaCha20) whose seed is the SHA-256 of random bytes of the card
/// and as many of the operating system: whoever foresees one of the two foresees nothing.
///
/// # Errors
/// [`CryptoError::NoRandom`] when the system has none to give; `out` is as it was.
pub fn fill(of_card: &[u8; SEED], out: &mut [u8]) -> Result<(), CryptoError> {
    let mut of_system = Zeroizing::new([0; SEED]);
    system_random::fill(&mut *of_system)?;
    expand(of_card, &of_system, out);
    Ok(())
}

fn expand(of_card: &[u8; SEED], of_system: &[u8; SEED], out: &mut [u8]) {
    let hash = Sha256::new().chain_update(of_card).chain_update(of_system);
    let seed = Zeroizing::new(<[u8; SEED]>::from(hash.finalize()));
    ChaCha20Rng::from_seed(*seed).fill_bytes(out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(of_card: u8, of_system: u8) -> [u8; 100] {
        let mut out = [0; 100];
        expand(&[of_card; SEED], &[of_system; SEED], &mut out);
        out
    }

    #[test]
    fn each_source_changes_the_bytes_and_nothing_else_does() {
        assert_eq!(expanded(1, 2), expanded(1, 2));
        assert_ne!(expanded(1, 2), expanded(3, 2));
        assert_ne!(expanded(1, 2), expanded(1, 3));
        assert_ne!(expanded(1, 2), expanded(2, 1));
    }

    /// By OpenSSL: the key stream of ChaCha20, counter and nonce 0, under
    /// SHA-256(01 × 32 ‖ 02 × 32).
    #[test]
    fn the_bytes_are_the_key_stream_of_chacha20_under_the_hash_of_both() {
        assert_eq!(
            base16ct::lower::encode_string(&expanded(1, 2)),
            "d03fe0f29b3611dfa3a5151ceae0f623dc37d7e844f895f871763eccf63d881c776233cf09fe6911bf29edab259ac7957bac\
             7067976f298edd62450bf57951d1aee81cc9a62d42030d9e48e381a528028773b5bc9dbb9fc2b0878898169253b2ee74b454"
        );
    }

    #[test]
    fn with_the_same_bytes_of_the_card_two_requests_differ() {
        let (mut first, mut second) = ([0; 64], [0; 64]);
        assert_eq!(fill(&[7; SEED], &mut first), Ok(()));
        assert_eq!(fill(&[7; SEED], &mut second), Ok(()));
        assert_ne!(first, second);
    }
}
