//! Random number generation (PKCS #11 §5.19).

use crate::provider::error::{Error, Result};
use crate::provider::library::Library;
use crate::provider::types::SessionHandle;

impl Library {
    /// C_SeedRandom: the card takes no seed.
    pub fn seed_random(&self, session: SessionHandle, _seed: &[u8]) -> Result<()> {
        self.session(session)?;
        Err(Error::RandomSeedNotSupported)
    }

    /// C_GenerateRandom.
    pub fn generate_random(&self, session: SessionHandle, out: &mut [u8]) -> Result<()> {
        self.live_session(session)?.generate_random(out)
    }
}
