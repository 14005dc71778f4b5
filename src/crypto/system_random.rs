//! Random bytes of the operating system, for what the host pads itself.

use super::CryptoError;

/// Fills `out` from the operating system's generator.
///
/// # Errors
/// [`CryptoError::NoRandom`] when the system has none to give; `out` must not be used then.
pub fn fill(out: &mut [u8]) -> Result<(), CryptoError> {
    getrandom::fill(out).map_err(|_| CryptoError::NoRandom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        let (mut first, mut second) = ([0; 32], [0; 32]);
        assert_eq!(fill(&mut first), Ok(()));
        assert_eq!(fill(&mut second), Ok(()));
        assert_ne!(first, second);
    }
}
