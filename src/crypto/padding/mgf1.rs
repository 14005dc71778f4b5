//! MGF1, the mask generation function of PSS and OAEP (RFC 8017 App. B.2.1).

use crate::crypto::{Hash, Hasher};

/// XORs `target` with the mask of the same length that MGF1 with `hash` makes of `seed`.
pub(super) fn xor_mask(hash: Hash, seed: &[u8], target: &mut [u8]) {
    for (counter, part) in (0u32..).zip(target.chunks_mut(hash.len())) {
        let mut hasher = Hasher::new(hash);
        hasher.update(seed);
        hasher.update(&counter.to_be_bytes());
        for (byte, mask) in part.iter_mut().zip(hasher.finish().iter()) {
            *byte ^= mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::test_keys::hex;

    #[test]
    fn mask_is_the_concatenation_of_the_counted_digests() {
        let mut mask = vec![0; 50];
        xor_mask(Hash::Sha256, b"bar", &mut mask);
        // SHA-256("bar" 00000000) and the first 18 bytes of SHA-256("bar" 00000001), computed with
        // another library.
        let expected = "382576a7841021cc28fc4c0948753fb8312090cea942ea4c4e735d10dc724b155f9f6069f289d61daca0cb814502ef04eae1";
        assert_eq!(mask, hex(expected));
        xor_mask(Hash::Sha256, b"bar", &mut mask);
        assert_eq!(mask, [0; 50]);
    }
}
