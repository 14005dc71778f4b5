use rsa::{Oaep, Pkcs1v15Encrypt, Pkcs1v15Sign, PrivateKey, Pss};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use super::*;
use crate::crypto::padding::oaep;
use crate::crypto::system_random;
use crate::crypto::test_keys::{hex, key_1024, key_1025, private_operation, public};

const MESSAGE: &[u8] = b"a message";

/// Signatures of [`MESSAGE`] by the key of 1024 bits, made with `openssl dgst -sign`.
const PKCS1_SHA1: &str = "\
     9d2ac6800bce36886711ab7507f982767d3c6b068a0c1b9c994e4cc16092618d7ddcc041398f4eef06d532db6311e947\
     a4b6135aed0f0d6e233e2d8d1df3b4d80af408201efdc26d6d51868507b779e726ee8e803337bddeea8ac8e8809cda07\
     10eb99bdcd6c581f34050733a16d6e9e031e7730ed1892c23a68416c473410c5";
const PKCS1_SHA224: &str = "\
     af48b2be015386db9745a343a206376fa1870fb378ef23f2f83299045228d5ff685ed3b1b068d3b6e1648b56aaf7a288\
     d67afe0473be4c86b459fad68092fc6b99279347bb7878c64abe40ececa9006ec99793ecb371ebb2cdc2b3341e5e0276\
     1fe65c33630172278fb4e4db5a80a5100ec4ee899665a8f9bc46ba693e9bbca5";
const PKCS1_SHA256: &str = "\
     3bcc37fd0988c4217bcb0271e0fee8c0c97db9bbb6c357e402bf665e0c51e77897198310e0029d4ce8075ee696e84a86\
     b55b6ab69bb924045954a4bb70be04cf2f69734e6d27f5462ad49efdd57e31a913d259881f811d2d060fcf9aa51e8948\
     9969835c94ca787778d281542667e865b41ed5efad33636fbb3b0c4a25cc3111";
const PKCS1_SHA384: &str = "\
     30b568bf70dd2657c048d1abb355fab0221bf210ce2cd337c2d7af59847f7f2933b2d91ff7c346bfa739de9056b0c917\
     0cac4e7b1170e595272f105f6cf319d01e62b7664160d2f71d4ba755fb6e4e37a6a33646f9d81368a9b6bdbdfb481a45\
     fc404844a1e305601b6b0d7f633c815b66fcacfdd668f0a22a906df77755fc01";
const PKCS1_SHA512: &str = "\
     186008538d6787a167285f06f1db899c13e27f866f21601b6a0fe029c2a1885df628e34ec32727b4c712650966c9cf39\
     a6cb21ddae168d64ff5cf5cf4da2c03cff342437144057cbd3d70cf7990a124b6ca0d0b44e143f0a66b3240c39993263\
     489cdff72b31731de47a8c82e8a2debac6fe4eda8bb33f7e3bd0308ff4ec3d23";

/// `openssl pkeyutl -sign` without a digest: block type 1 around [`MESSAGE`] itself.
const PKCS1_BARE: &str = "\
     99b03b0c205b01813a07b2419421e27e9e299a66d5c37c5fe0811436ca3095aefdfb16a9bcddace1b602d08b8dab4296\
     b7c8e557139547568d0ddf93c18eba6080f9db7972f0f8231033aa8861b9bd952a30bda3ce161431f267c291de7410d9\
     a52580f3a6c9edadd5a62bc431e3109a8e19fd87b342a1d3a1e7f30046bfe27a";

/// RSASSA-PSS of [`MESSAGE`], SHA-256, MGF1-SHA-256, salt of 32 bytes.
const PSS_SHA256: &str = "\
     6687bf75e290359b329cc01e52d7ef062b0e0c369f1690152ae75a34a4fca844098f8b5665fa6f0af4bc446dfec315c2\
     a60c5fabdeb74a6037409aeee0e1d2978740ee497afde3ca3d98bd8167d2f15f7b88311d86a562e8115989c6d6686b2a\
     e9926b5b88f997edf1898d7d4a7a9df2bceeb988aa7a6e3c54f11f4e646824e1";
/// The same by the key of 1025 bits.
const PSS_SHA256_1025: &str = "\
     00eed8a66871048d1f3de8dbf81c4fbf4b18a9ee25b20965a7598b667d4f4fd126dd7defc500e41a72b9695b777ddead\
     56649195f2fd0b6dcd2371e66f09bf0d22f0b6eb134f3bfa16da36edcc16517b33d6328e0957048cfbb3d1f7b4e276ec\
     49871d87e48f28f52828cfdaec76f463e7ac483d5f80d64f2279671491919634f8";
/// RSASSA-PSS of [`MESSAGE`], SHA-1, MGF1-SHA-256, salt of 10 bytes.
const PSS_SHA1_MGF_SHA256: &str = "\
     897b8567e27b86f31af52b2e15e2b55a5b15c6218bb03f07a08f42044b52b66c58ec65a47d45afb14b976a0721ad1d2e\
     e1e1088aa9207cf209219e98b6e119ba786c32fe84a4399bff3c5becb7af513fb99ec5fbac3ec0c85f1b697df50e6206\
     c40eac15c6b01050adc90c5885ad0557079e0ec678c6fefae52566ced6992104";

/// [`MESSAGE`] encrypted for the key of 1024 bits with `openssl pkeyutl -encrypt`.
const CRYPTOGRAM_TYPE2: &str = "\
     a3cd834deef7d6e9b8835d8e7622eb9555845918486358bc09d8eff339ea9d8d529c3b8700b0d4b2ff703aeb35bd5acd\
     54c524b530df44cd40e41f537c7d6a8c83adfe3598445f45d42cbdb8595e339e884b6532470c55ce1613223f6dc0326d\
     91b575752a68049a2d0ddcd85814a0a69481b60d8db09d4a7fa86844cff898f5";
/// The same with OAEP: SHA-256, MGF1-SHA-1, label "label".
const CRYPTOGRAM_OAEP: &str = "\
     0fe75a26f8ee5de6e49578677dea76b8dec33cfd6fc4de67acdc5135ee91e712b0e9fc600cb17cab4c033575397c3bdf\
     99275c5f50e990b9ac866cf98fe2440778113345db03a0af1adfa306e2c7121f4cb925e3f1176bada8ea8f4d968a4036\
     6bf052a5a31052c4d40f7c1daa1fc574644f21aa86a3ca1278842ee4f481a128";

const PSS_SHA256_PARAMS: pss::Params = pss::Params::usual(Hash::Sha256);

/// DER INTEGER, SEQUENCE and the like with a long-form length as `der` would write it.
fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let len = value.len();
    let header = match len {
        0..=0x7f => vec![tag, len as u8],
        0x80..=0xff => vec![tag, 0x81, len as u8],
        _ => vec![tag, 0x82, (len >> 8) as u8, len as u8],
    };
    [header, value.to_vec()].concat()
}

fn rsa_public_key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    tlv(0x30, &[tlv(0x02, modulus), tlv(0x02, exponent)].concat())
}

/// SubjectPublicKeyInfo with the given AlgorithmIdentifier content and BIT STRING content.
fn spki(algorithm: &str, bit_string: &[u8]) -> Vec<u8> {
    tlv(
        0x30,
        &[tlv(0x30, &hex(algorithm)), tlv(0x03, bit_string)].concat(),
    )
}

const RSA_NULL: &str = "06092a864886f70d0101010500";

/// Modulus of `bits` bits with its highest and lowest bit set.
fn modulus(bits: usize) -> Vec<u8> {
    let mut n = vec![0; bits.div_ceil(8)];
    n[0] = 1 << ((bits - 1) % 8);
    *n.last_mut().unwrap() |= 1;
    n
}

fn sign_block(key: &PrivateKey, block: &[u8]) -> Vec<u8> {
    private_operation(key, block)
}

#[test]
fn openssl_pkcs1_signatures_verify() {
    let key = public(&key_1024());
    let cases = [
        (Hash::Sha1, PKCS1_SHA1),
        (Hash::Sha224, PKCS1_SHA224),
        (Hash::Sha256, PKCS1_SHA256),
        (Hash::Sha384, PKCS1_SHA384),
        (Hash::Sha512, PKCS1_SHA512),
    ];
    for (hash, signature) in cases {
        let digest = hash.digest(MESSAGE);
        assert_eq!(
            key.verify_pkcs1(hash, &digest, &hex(signature)),
            Ok(()),
            "{hash:?}"
        );
        let info = digest_info::encode(hash, &digest).unwrap();
        assert_eq!(key.verify_pkcs1_bare(&info, &hex(signature)), Ok(()), "{hash:?}");
        for (other, other_signature) in cases {
            if other != hash {
                let result = key.verify_pkcs1(hash, &digest, &hex(other_signature));
                assert_eq!(result, Err(CryptoError::SignatureInvalid), "{hash:?} {other:?}");
            }
        }
    }
    assert_eq!(key.verify_pkcs1_bare(MESSAGE, &hex(PKCS1_BARE)), Ok(()));
}

#[test]
fn our_pkcs1_blocks_satisfy_the_rsa_crate() {
    for key in [key_1024(), key_1025()] {
        let verifiers = [
            (Hash::Sha1, Pkcs1v15Sign::new::<Sha1>()),
            (Hash::Sha224, Pkcs1v15Sign::new::<Sha224>()),
            (Hash::Sha256, Pkcs1v15Sign::new::<Sha256>()),
            (Hash::Sha384, Pkcs1v15Sign::new::<Sha384>()),
            (Hash::Sha512, Pkcs1v15Sign::new::<Sha512>()),
        ];
        for (hash, verifier) in verifiers {
            let digest = hash.digest(MESSAGE);
            let info = digest_info::encode(hash, &digest).unwrap();
            let signature = sign_block(&key, &pkcs1::pad_type1(&info, key.size()).unwrap());
            assert_eq!(
                key.to_public_key().verify(verifier.clone(), &digest, &signature),
                Ok(())
            );
            assert_eq!(key.sign(verifier, &digest).unwrap(), signature, "{hash:?}");
        }
    }
}

#[test]
fn a_digest_info_without_parameters_verifies() {
    let key = key_1024();
    let digest = Hash::Sha256.digest(MESSAGE);
    let info = digest_info::encode_without_parameters(Hash::Sha256, &digest).unwrap();
    let signature = sign_block(&key, &pkcs1::pad_type1(&info, 128).unwrap());
    assert_eq!(
        public(&key).verify_pkcs1(Hash::Sha256, &digest, &signature),
        Ok(())
    );
}

#[test]
fn forged_pkcs1_blocks_are_refused() {
    let key = key_1024();
    let digest = Hash::Sha256.digest(MESSAGE);
    let info = digest_info::encode(Hash::Sha256, &digest).unwrap();
    let good = pkcs1::pad_type1(&info, 128).unwrap();
    let garbage = vec![0xee; 128 - 3 - 8 - info.len()];
    let cases = [
        (
            "garbage behind the digest",
            [&good[..10], &[0], &info, &garbage].concat(),
        ),
        (
            "garbage before the digest",
            [&good[..10], &[0], &garbage, &info].concat(),
        ),
        ("type 2", [b"\x00\x02", &good[2..]].concat()),
        ("bare digest", pkcs1::pad_type1(&digest, 128).unwrap()),
        ("zero", vec![0; 128]),
    ];
    for (what, block) in cases {
        let result = public(&key).verify_pkcs1(Hash::Sha256, &digest, &sign_block(&key, &block));
        assert_eq!(result, Err(CryptoError::SignatureInvalid), "{what}");
    }
    assert_eq!(
        public(&key).verify_pkcs1(Hash::Sha256, &digest, &sign_block(&key, &good)),
        Ok(())
    );
}

#[test]
fn openssl_pss_signatures_verify() {
    let (key, odd_key) = (public(&key_1024()), public(&key_1025()));
    let (sha1, sha256) = (Hash::Sha1.digest(MESSAGE), Hash::Sha256.digest(MESSAGE));
    assert_eq!(
        key.verify_pss(PSS_SHA256_PARAMS, &sha256, &hex(PSS_SHA256)),
        Ok(())
    );
    assert_eq!(
        odd_key.verify_pss(PSS_SHA256_PARAMS, &sha256, &hex(PSS_SHA256_1025)),
        Ok(())
    );

    let mixed = pss::Params {
        hash: Hash::Sha1,
        mgf_hash: Hash::Sha256,
        salt_len: 10,
    };
    let signature = hex(PSS_SHA1_MGF_SHA256);
    assert_eq!(key.verify_pss(mixed, &sha1, &signature), Ok(()));
    for other in [
        pss::Params {
            salt_len: 20,
            ..mixed
        },
        pss::Params {
            mgf_hash: Hash::Sha1,
            ..mixed
        },
    ] {
        assert_eq!(
            key.verify_pss(other, &sha1, &signature),
            Err(CryptoError::SignatureInvalid)
        );
    }
}

#[test]
fn our_pss_blocks_satisfy_the_rsa_crate() {
    let digest = Hash::Sha256.digest(MESSAGE);
    for key in [key_1024(), key_1025()] {
        for salt_len in [0, 20, 32] {
            let params = pss::Params {
                salt_len,
                ..PSS_SHA256_PARAMS
            };
            let em_bits = public(&key).em_bits();
            let em = pss::encode(params, &digest, &vec![9; salt_len], em_bits).unwrap();
            let block = [vec![0; key.size() - em.len()], em].concat();
            let signature = sign_block(&key, &block);
            let judge = Pss::<Sha256>::new_with_salt(salt_len);
            assert_eq!(key.to_public_key().verify(judge, &digest, &signature), Ok(()));
            assert_eq!(public(&key).verify_pss(params, &digest, &signature), Ok(()));
        }
    }
}

#[test]
fn a_pss_block_with_a_byte_in_front_is_refused() {
    let key = key_1025();
    let digest = Hash::Sha256.digest(MESSAGE);
    // The modulus starts 01 80: with some salt the block 01 | EM is below it and can be signed.
    let blocks = (0..=255).map(|salt| {
        let em = pss::encode(PSS_SHA256_PARAMS, &digest, &[salt; 32], 1024).unwrap();
        [vec![1], em].concat()
    });
    let block = blocks.into_iter().find(|block| **block < *key.n_bytes()).unwrap();
    let result = public(&key).verify_pss(PSS_SHA256_PARAMS, &digest, &sign_block(&key, &block));
    assert_eq!(result, Err(CryptoError::SignatureInvalid));
}

#[test]
fn what_openssl_encrypted_is_unpadded() {
    let block = private_operation(&key_1024(), &hex(CRYPTOGRAM_TYPE2));
    assert_eq!(
        pkcs1::unpad_type2(&block).as_deref().map(Vec::as_slice),
        Some(MESSAGE)
    );
    let params = oaep::Params {
        hash: Hash::Sha256,
        mgf_hash: Hash::Sha1,
        label: b"label",
    };
    let block = private_operation(&key_1024(), &hex(CRYPTOGRAM_OAEP));
    assert_eq!(
        oaep::decode(params, &block).as_deref().map(Vec::as_slice),
        Some(MESSAGE)
    );
}

#[test]
fn what_we_encrypt_the_rsa_crate_decrypts() {
    for key in [key_1024(), key_1025()] {
        let public = public(&key);
        let block = pkcs1::pad_type2(MESSAGE, public.size(), system_random::fill).unwrap();
        let cryptogram = public.encrypt_block(&block).unwrap();
        assert_eq!(key.decrypt(Pkcs1v15Encrypt, &cryptogram).unwrap(), MESSAGE);

        let params = oaep::Params {
            hash: Hash::Sha256,
            mgf_hash: Hash::Sha1,
            label: b"label",
        };
        let block = oaep::encode(params, &[3; 32], MESSAGE, public.size()).unwrap();
        let cryptogram = public.encrypt_block(&block).unwrap();
        let oaep = Oaep::<Sha256, Sha1>::new_with_mgf_hash_and_label(b"label".as_slice());
        assert_eq!(key.decrypt(oaep, &cryptogram).unwrap(), MESSAGE);
    }
}

#[test]
fn blocks_must_have_the_length_of_the_modulus_and_be_below_it() {
    for key in [public(&key_1024()), public(&key_1025())] {
        let n = key.modulus().to_vec();
        let mut below = n.clone();
        *below.last_mut().unwrap() -= 1;
        let mut above = n.clone();
        *above.last_mut().unwrap() += 1;
        assert_eq!(key.encrypt_block(&n), Err(CryptoError::OutOfRange));
        assert_eq!(key.encrypt_block(&above), Err(CryptoError::OutOfRange));
        assert_eq!(
            key.encrypt_block(&vec![0xff; n.len()]),
            Err(CryptoError::OutOfRange)
        );
        // (-1)^e = -1 for odd e.
        assert_eq!(key.encrypt_block(&below), Ok(below));
        assert_eq!(key.encrypt_block(&vec![0; n.len()]), Ok(vec![0; n.len()]));
        for len in [0, 1, n.len() - 1, n.len() + 1, 1000] {
            assert_eq!(key.encrypt_block(&vec![0; len]), Err(CryptoError::DataLength));
        }
    }
}

#[test]
fn every_bit_of_the_exponent_counts() {
    for exponent in [3u16, 5, 7, 17, 255, 257, 1001] {
        let key = PublicKey::from_components(&modulus(1024), &exponent.to_be_bytes()).unwrap();
        let mut two = vec![0; 128];
        two[127] = 2;
        // Below the modulus, 2 to the power of e is a single bit.
        let mut power = vec![0; 128];
        power[127 - usize::from(exponent) / 8] = 1 << (exponent % 8);
        assert_eq!(key.encrypt_block(&two), Ok(power), "exponent {exponent}");
    }
}

#[test]
fn signatures_of_a_wrong_length_value_or_digest_are_told_apart() {
    let key = public(&key_1024());
    let digest = Hash::Sha256.digest(MESSAGE);
    let signature = hex(PKCS1_SHA256);
    let check = |digest: &[u8], signature: &[u8]| {
        let pkcs1 = key.verify_pkcs1(Hash::Sha256, digest, signature);
        assert_eq!(pkcs1, key.verify_pss(PSS_SHA256_PARAMS, digest, signature));
        pkcs1
    };
    assert_eq!(check(&digest, &signature[1..]), Err(CryptoError::SignatureLength));
    assert_eq!(check(&digest, &[]), Err(CryptoError::SignatureLength));
    assert_eq!(
        check(&digest, &[&[0], signature.as_slice()].concat()),
        Err(CryptoError::SignatureLength)
    );
    assert_eq!(check(&digest, &[0xff; 128]), Err(CryptoError::SignatureInvalid));
    assert_eq!(check(&digest, key.modulus()), Err(CryptoError::SignatureInvalid));
    assert_eq!(check(&digest[1..], &signature), Err(CryptoError::DataLength));
    assert_eq!(
        key.verify_pkcs1_bare(&[0; 118], &signature),
        Err(CryptoError::DataLength)
    );
}

#[test]
fn a_key_is_read_from_each_of_its_forms() {
    let key = public(&key_1024());
    let n = [&[0], key.modulus()].concat();
    let pkcs1 = rsa_public_key(&n, &[1, 0, 1]);
    assert_eq!(PublicKey::from_pkcs1_der(&pkcs1), Ok(key.clone()));
    assert_eq!(
        PublicKey::from_spki_der(&spki(RSA_NULL, &[&[0], pkcs1.as_slice()].concat())),
        Ok(key.clone())
    );
    assert_eq!(
        PublicKey::from_components(&[&[0; 600], key.modulus()].concat(), &[0, 1, 0, 1]),
        Ok(key.clone())
    );
    assert_eq!((key.bits(), key.size(), key.em_bits()), (1024, 128, 1023));
    assert_eq!(key.exponent(), [1, 0, 1]);
    let key = public(&key_1025());
    assert_eq!((key.bits(), key.size(), key.em_bits()), (1025, 129, 1024));
}

#[test]
fn a_key_written_as_subject_public_key_info_reads_back() {
    let key = PublicKey::from_components(&modulus(2048), &[1, 0, 1]).unwrap();
    let der = key.to_spki_der().unwrap();
    assert_eq!(
        der,
        spki(
            RSA_NULL,
            &[
                &[0],
                rsa_public_key(&[&[0], key.modulus()].concat(), key.exponent()).as_slice()
            ]
            .concat()
        )
    );
    assert_eq!(PublicKey::from_spki_der(&der), Ok(key));
}

#[test]
fn keys_that_are_written_loosely_are_the_same() {
    let key = public(&key_1024());
    let n = [&[0], key.modulus()].concat();
    let pkcs1 = rsa_public_key(&n, &[1, 0, 1]);
    let long_form = |der: &[u8]| [&[der[0], 0x84, 0, 0, 0, der[2]], &der[3..]].concat();
    for (what, der) in [
        ("negative modulus", rsa_public_key(&n[1..], &[1, 0, 1])),
        (
            "two zeros before the modulus",
            rsa_public_key(&[&[0], n.as_slice()].concat(), &[0, 1, 0, 1]),
        ),
        ("long form of a length", long_form(&pkcs1)),
        (
            "indefinite length",
            [&[0x30, 0x80], &pkcs1[3..], &[0, 0]].concat(),
        ),
    ] {
        assert_eq!(PublicKey::from_pkcs1_der(&der), Ok(key.clone()), "{what}");
    }
    let bits = [&[0], pkcs1.as_slice()].concat();
    for (what, der) in [
        ("no parameters", spki("06092a864886f70d010101", &bits)),
        (
            "parameters that are no NULL",
            spki("06092a864886f70d010101040100", &bits),
        ),
        ("id-RSASSA-PSS", spki("06092a864886f70d01010a", &bits)),
        (
            "id-RSASSA-PSS with parameters",
            spki("06092a864886f70d01010a3000", &bits),
        ),
        ("id-RSAES-OAEP", spki("06092a864886f70d010107", &bits)),
        ("rsa of X.509", spki("06045508010102020400", &bits)),
        ("unused bits", spki(RSA_NULL, &[&[1], pkcs1.as_slice()].concat())),
    ] {
        assert_eq!(PublicKey::from_spki_der(&der), Ok(key.clone()), "{what}");
    }
}

#[test]
fn malformed_keys_are_refused() {
    let n = [&[0], public(&key_1024()).modulus()].concat();
    let pkcs1 = rsa_public_key(&n, &[1, 0, 1]);
    let bits = [&[0], pkcs1.as_slice()].concat();
    let cases = [
        ("empty", vec![]),
        ("byte behind", [pkcs1.as_slice(), &[0]].concat()),
        ("cut short", pkcs1[..pkcs1.len() - 1].to_vec()),
        ("empty exponent", rsa_public_key(&n, &[])),
        (
            "three numbers",
            tlv(0x30, &[tlv(2, &n), tlv(2, &[3]), tlv(2, &[3])].concat()),
        ),
    ];
    for (what, der) in cases {
        assert_eq!(
            PublicKey::from_pkcs1_der(&der),
            Err(CryptoError::InvalidKey),
            "{what}"
        );
    }
    let cases = [
        ("empty", vec![]),
        ("bare RSAPublicKey", pkcs1.clone()),
        (
            "an elliptic curve",
            spki("06072a8648ce3d020106082a8648ce3d030107", &bits),
        ),
        (
            "a signature's algorithm",
            spki("06092a864886f70d01010b0500", &bits),
        ),
        ("empty BIT STRING", spki(RSA_NULL, &[0])),
        ("byte behind", [spki(RSA_NULL, &bits), vec![0]].concat()),
    ];
    for (what, der) in cases {
        assert_eq!(
            PublicKey::from_spki_der(&der),
            Err(CryptoError::InvalidKey),
            "{what}"
        );
    }
}

#[test]
fn numbers_outside_the_limits_are_refused() {
    let accepted = |n: &[u8], e: &[u8]| match PublicKey::from_components(n, e) {
        Ok(key) => {
            // Whatever is accepted must also compute, in bounded time and without panic.
            let mut block = vec![0x55; key.size()];
            block[0] = 0;
            assert!(key.encrypt_block(&block).is_ok());
            true
        }
        Err(error) => {
            assert_eq!(error, CryptoError::InvalidKey);
            false
        }
    };
    for (bits, expected) in [
        (8, false),
        (511, false),
        (512, true),
        (513, true),
        (2048, true),
        (4095, true),
    ] {
        assert_eq!(accepted(&modulus(bits), &[3]), expected, "{bits} bits");
    }
    assert!(accepted(&modulus(4096), &[3]));
    assert!(!accepted(&modulus(4097), &[3]));
    assert!(!accepted(&modulus(1 << 20), &[3]));

    let mut even = modulus(1024);
    *even.last_mut().unwrap() = 0;
    for (what, n) in [
        ("even", even),
        ("zero", vec![0; 128]),
        ("absent", vec![]),
        ("ones", vec![0xff; 3]),
    ] {
        assert!(!accepted(&n, &[3]), "modulus {what}");
    }
    let n = modulus(1024);
    let exponents: [(&str, &[u8], bool); 9] = [
        ("absent", &[], false),
        ("0", &[0], false),
        ("1", &[1], false),
        ("2", &[2], false),
        ("3", &[3], true),
        ("65536", &[1, 0, 0], false),
        ("2^33 - 1", &[1, 0xff, 0xff, 0xff, 0xff], true),
        ("2^33 + 1", &[2, 0, 0, 0, 1], false),
        ("as long as the modulus", &n, false),
    ];
    for (what, e, expected) in exponents {
        assert_eq!(accepted(&n, e), expected, "exponent {what}");
    }
}
