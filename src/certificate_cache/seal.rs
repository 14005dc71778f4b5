//! The seal of a kept file, which only the card opens.
//!
//! | bytes | what stands there |
//! |---|---|
//! | 24 | nonce, random |
//! | any | the content, encrypted (XChaCha20-Poly1305) |
//! | 16 | tag of the content and of the place that it is for |
//!
//! HKDF-SHA256 makes the key, and the name of the file, from the [`SEALING`] bytes with which a
//! certificate ends. They are of its signature: the card shows them, no file holds them, and nobody
//! guesses them. Name and file tell nothing of the card to a person who has not read it.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{Key, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::crypto::system_random;

/// Bytes of the card that open a file.
pub const SEALING: usize = 32;

const NONCE: usize = 24;
const TAG: usize = 16;

/// What the seal adds to a content, in bytes.
pub const OVERHEAD: usize = NONCE + TAG;

/// Says of derived bytes that they are of this form of file, and what they are for.
const FORM: &[u8] = b"cpx-pkcs11 certificate cache 1";
const FOR_NAME: &[u8] = b"name";
const FOR_KEY: &[u8] = b"key";

/// Bytes of a name.
const NAME: usize = 16;

/// The seal that some bytes of the card make.
pub struct Seal {
    name: [u8; NAME],
    key: Zeroizing<[u8; 32]>,
}

impl Seal {
    /// The seal of these bytes of the card. `None` for bytes that are all the same, as those are
    /// which fill a file: they are of no signature, and anybody guesses them.
    pub fn new(bytes: &[u8; SEALING]) -> Option<Seal> {
        if bytes.iter().all(|byte| *byte == bytes[0]) {
            return None;
        }
        let derived = Hkdf::<Sha256>::new(Some(FORM), bytes);
        let (mut name, mut key) = ([0; NAME], Zeroizing::new([0; 32]));
        derived.expand(FOR_NAME, &mut name).ok()?;
        derived.expand(FOR_KEY, &mut *key).ok()?;
        Some(Seal { name, key })
    }

    /// The name of the file, in hexadecimal digits.
    pub fn name(&self) -> String {
        base16ct::lower::encode_string(&self.name)
    }

    /// Seals a content for one place. `None` where the system has no random bytes or no memory.
    pub fn seal(&self, place: &[u8], content: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE];
        system_random::fill(&mut nonce).ok()?;
        let mut file = crate::memory::with_room(OVERHEAD + content.len()).ok()?;
        file.extend_from_slice(&nonce);
        file.extend_from_slice(content);
        let inside = file.get_mut(NONCE..)?;
        let tag = self
            .cipher()
            .encrypt_inout_detached(&XNonce::from(nonce), place, inside.into())
            .ok()?;
        file.extend_from_slice(&tag);
        Some(file)
    }

    /// The content of a file that was sealed for this place with this seal. `None` for every other
    /// file.
    pub fn open(&self, place: &[u8], file: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = file.split_first_chunk::<NONCE>()?;
        let (inside, tag) = rest.split_last_chunk::<TAG>()?;
        let mut content = crate::memory::copy(inside).ok()?;
        self.cipher()
            .decrypt_inout_detached(
                &XNonce::from(*nonce),
                place,
                content.as_mut_slice().into(),
                &Tag::from(*tag),
            )
            .ok()?;
        Some(content)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(first: u8) -> [u8; SEALING] {
        std::array::from_fn(|index| first.wrapping_add(index as u8))
    }

    fn seal(first: u8) -> Seal {
        Seal::new(&bytes(first)).expect("a seal")
    }

    #[test]
    fn what_was_sealed_is_opened_with_the_same_bytes_and_for_the_same_place() {
        for content in [&b""[..], b"a certificate", &[0xA5; 4000]] {
            let file = seal(1).seal(b"3F00-0870", content).expect("a file");
            assert_eq!(file.len(), content.len() + OVERHEAD);
            assert_eq!(seal(1).open(b"3F00-0870", &file).as_deref(), Some(content));
            assert_eq!(seal(2).open(b"3F00-0870", &file), None, "other bytes");
            assert_eq!(seal(1).open(b"3F00-0871", &file), None, "another place");
        }
    }

    #[test]
    fn no_changed_byte_and_no_cut_is_opened() {
        let seal = seal(1);
        let file = seal.seal(b"place", b"a certificate").expect("a file");
        for index in 0..file.len() {
            for bit in 0..8 {
                let mut changed = file.clone();
                changed[index] ^= 1 << bit;
                assert_eq!(seal.open(b"place", &changed), None, "bit {bit} of byte {index}");
            }
            assert_eq!(seal.open(b"place", &file[..index]), None, "{index} bytes");
        }
        assert_eq!(seal.open(b"place", &[&file[..], &[0]].concat()), None);
    }

    #[test]
    fn the_same_content_is_another_file_each_time() {
        let seal = seal(1);
        assert_ne!(seal.seal(b"", b"content"), seal.seal(b"", b"content"));
    }

    #[test]
    fn a_name_tells_one_seal_from_another_and_nothing_else() {
        assert_eq!(seal(1).name(), seal(1).name());
        assert_ne!(seal(1).name(), seal(2).name());
        let mut near = bytes(1);
        near[SEALING - 1] ^= 1;
        let near = Seal::new(&near).expect("a seal");
        assert_ne!(near.name(), seal(1).name());
        assert_eq!(near.name().len(), 2 * NAME);
    }

    /// By Python's hmac, after RFC 5869: of the bytes 01 to 20.
    #[test]
    fn name_and_key_are_those_of_hkdf() {
        assert_eq!(seal(1).name(), "1f52327cc872e71421c2fd4084f4b3de");
        assert_eq!(
            base16ct::lower::encode_string(&*seal(1).key),
            "54b943a726485ba1565bf609120e63149be3f5ae31ea97131e11f6399239bb46"
        );
    }

    #[test]
    fn fill_makes_no_seal() {
        for fill in [0x00, 0xFF, 0x55] {
            assert!(Seal::new(&[fill; SEALING]).is_none());
        }
    }
}
