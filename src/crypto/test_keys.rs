//! Keys of the tests, made with `openssl genrsa` for them alone, and hexadecimal text.

use std::convert::Infallible;

use rsa::hazmat::rsa_decrypt;
use rsa::rand_core::TryCryptoRng;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, PrivateKey};

use super::rsa::PublicKey;

const P_1024: &str = "\
     d63c41419afabffe565e155b655d7a8a8309a70dfd5cd7dd1a858357f0af9fe8fa15ba17fac26460327bd2cf45009f9e\
     5ec630838de20c970cb2d97c16f59eb1";
const Q_1024: &str = "\
     d1c95186dedf46f0015f74efa89eab63d70a4f2fa93d04512bc813433d5dd032a994c4532824a21e3ba1bf4230471654\
     440b0cde179cd85b59274c8944edb4cb";
const P_1025: &str = "\
     018a3aecae2b0d5c0132f739c9aeedff745e441e3043fae9470fbdd3a3f6d4408ebdac093a9d0a203bc32f3cc870dbbd\
     9ee7aa8559d30ea922b4b5d10bca4e7147";
const Q_1025: &str = "\
     f99af484bfeb545cf672148d5452284acab631adacbce198cecf6fd8e110c0b723fbf7bd14b5378f15496d257d6677d1\
     154b40b10b8db4de0c1a79d4dc397e1b";

/// Bytes of hexadecimal text.
pub fn hex(text: &str) -> Vec<u8> {
    base16ct::mixed::decode_vec(text).expect("an even number of hexadecimal digits")
}

/// A key of 1024 bits, exponent 65537.
pub fn key_1024() -> PrivateKey {
    private(P_1024, Q_1024)
}

/// A key of 1025 bits, exponent 65537: its PSS encoding is one byte shorter than its blocks.
pub fn key_1025() -> PrivateKey {
    private(P_1025, Q_1025)
}

/// Public part of `key`.
pub fn public(key: &PrivateKey) -> PublicKey {
    PublicKey::from_components(&key.n_bytes(), &key.e_bytes()).unwrap()
}

/// What a card does with its key: RSASP1 or RSADP on a whole block, without padding (RFC 8017
/// §5.1.2, §5.2.1).
pub fn private_operation(key: &PrivateKey, block: &[u8]) -> Vec<u8> {
    assert_eq!(block.len(), key.size());
    let number = BoxedUint::from_be_slice(block, key.n_bits_precision()).unwrap();
    let no_blinding = None::<&mut dyn TryCryptoRng<Error = Infallible>>;
    let result = rsa_decrypt(no_blinding, key, &number).unwrap().to_be_bytes();
    result[result.len() - key.size()..].to_vec()
}

fn private(p: &str, q: &str) -> PrivateKey {
    let prime = |text| BoxedUint::from_be_slice_vartime(&hex(text));
    PrivateKey::from_p_q(prime(p), prime(q), BoxedUint::from(65537u64)).unwrap()
}
