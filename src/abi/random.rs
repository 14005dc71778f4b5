//! §5.19 Random number generation functions.

use cryptoki_sys::*;

use super::cryptoki;

cryptoki! {
    /// Offers seed material to the card's generator.
    "5.19.1" fn C_SeedRandom(
        library, memory; hSession: CK_SESSION_HANDLE, pSeed: CK_BYTE_PTR, ulSeedLen: CK_ULONG,
    ) {
        Ok(library.seed_random(hSession, memory.bytes(pSeed, ulSeedLen)?)?)
    }

    /// Random bytes from the card.
    "5.19.2" fn C_GenerateRandom(
        library, memory; hSession: CK_SESSION_HANDLE, pRandomData: CK_BYTE_PTR, ulRandomLen: CK_ULONG,
    ) {
        Ok(library.generate_random(hSession, memory.buffer(pRandomData, ulRandomLen)?)?)
    }
}
