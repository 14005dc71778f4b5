//! Keys of another length than their directory announces.

use cryptoki_sys::*;
use rsa::pkcs8::DecodePrivateKey;
use rsa::{BoxedUint, PrivateKey};
use sim_cards::hex;
use sim_cards::persona::Directory;

use crate::card::{
    AUTHENTICATION, CHIPS, card, directory, neighbour_is_well, numbers, profile, replace, sign,
};
use crate::certificates::certificate_of;
use testkit::call;
use testkit::ulong;

/// Primes of a key of 1024 bits, made with `openssl genrsa` for this test alone.
const PRIMES: [&str; 2] = [
    "d63c41419afabffe565e155b655d7a8a8309a70dfd5cd7dd1a858357f0af9fe8\
     fa15ba17fac26460327bd2cf45009f9e5ec630838de20c970cb2d97c16f59eb1",
    "d1c95186dedf46f0015f74efa89eab63d70a4f2fa93d04512bc813433d5dd032\
     a994c4532824a21e3ba1bf4230471654440b0cde179cd85b59274c8944edb4cb",
];

fn key_of_1024_bits() -> PrivateKey {
    let [p, q] = PRIMES.map(|text| BoxedUint::from_be_slice_vartime(&hex::decode(text).expect("digits")));
    PrivateKey::from_p_q(p, q, BoxedUint::from(65537u64)).expect("a key")
}

/// A key of the lab.
fn key_of_4096_bits() -> PrivateKey {
    let pem = include_str!("../../sim-cards/keys/acr-fo.pem");
    PrivateKey::from_pkcs8_pem(pem).expect("a key")
}

/// The key of the card and its certificate agree, and the directories announce 2048 bits, or nothing.
#[test]
fn a_key_is_as_long_as_its_certificate_says_whatever_is_announced() {
    let announced = |bits: &str| hex::decode(bits).expect("digits");
    for chip in CHIPS {
        for key in [key_of_1024_bits(), key_of_4096_bits()] {
            for (what, said) in [
                ("2048 bits", announced("02020800")),
                ("nothing", announced("04020800")),
            ] {
                let mut odd = profile(chip);
                let usual = directory(&odd, Directory::PrKdf);
                odd.credentials.authentication.certificate = certificate_of(&numbers(&key));
                odd.credentials.authentication.key = key.clone();
                // The last entry is that of the authentication key.
                let length = announced("02020800");
                let place = usual
                    .windows(4)
                    .rposition(|part| part == length)
                    .expect("a length");
                let prkdf = [&usual[..place], &said, &usual[place + 4..]].concat();
                replace(&mut odd, Directory::PrKdf, prkdf);
                let (modulus, exponent) = numbers(&key);
                let case = format!("{what} for {}, {chip}", 8 * modulus.len());

                let (module, _rack, _card) = testkit::start(card(&odd));
                let session = module.user_session();
                let object = session.private_key(AUTHENTICATION.0);
                let bits = ulong(8 * modulus.len() as CK_ULONG);
                let public = session.companion(object, CKO_PUBLIC_KEY);
                // The length before anything else was asked for.
                for half in [object, public] {
                    assert_eq!(
                        session.attribute(half, CKA_MODULUS_BITS),
                        Ok(bits.clone()),
                        "{case}"
                    );
                    assert_eq!(
                        session.attribute(half, CKA_MODULUS),
                        Ok(modulus.clone()),
                        "{case}"
                    );
                    assert_eq!(
                        session.attribute(half, CKA_PUBLIC_EXPONENT),
                        Ok(exponent.clone()),
                        "{case}"
                    );
                }
                let found = session.find(&[(CKA_CLASS, ulong(CKO_PRIVATE_KEY)), (CKA_MODULUS_BITS, bits)]);
                assert_eq!(found, Ok(vec![object]), "{case}");
                assert_eq!(sign(session, object, &key), Ok(()), "{case}");
                // And back.
                session.encrypt_init(CKM_RSA_PKCS, public).expect("C_EncryptInit");
                let cryptogram = session.encrypt(b"a secret").expect("C_Encrypt");
                session.decrypt_init(CKM_RSA_PKCS, object).expect("C_DecryptInit");
                assert_eq!(session.decrypt(&cryptogram), Ok(b"a secret".to_vec()), "{case}");
                neighbour_is_well(session, &odd, &case);
            }
        }
    }
}

/// Signing is the first that happens, into the buffer that the certificate asks for and into one that is shorter.
#[test]
fn a_buffer_is_measured_by_the_certificate_before_the_message_is_taken() {
    for chip in CHIPS {
        for (key, others) in [(key_of_1024_bits(), 256), (key_of_4096_bits(), 256)] {
            let mut odd = profile(chip);
            let prkdf = directory(&odd, Directory::PrKdf);
            odd.credentials.authentication.certificate = certificate_of(&numbers(&key));
            odd.credentials.authentication.key = key.clone();
            replace(&mut odd, Directory::PrKdf, prkdf);
            let (module, _rack, _card) = testkit::start(card(&odd));
            let session = module.user_session();
            let object = session.private_key(AUTHENTICATION.0);
            session
                .sign_init(CKM_SHA256_RSA_PKCS, object)
                .expect("C_SignInit");
            session.sign_update(b"what the ").expect("C_SignUpdate");
            session.sign_update(b"holder signs").expect("C_SignUpdate");
            let mut signature = vec![0; 1024];
            let size = numbers(&key).0.len();
            let mut length = others;
            let mut finish = |length: &mut CK_ULONG| {
                call!(
                    module,
                    C_SignFinal(session.handle, signature.as_mut_ptr(), length)
                )
            };
            if size > others as usize {
                assert_eq!(
                    finish(&mut length),
                    Err(testkit::Ckr(CKR_BUFFER_TOO_SMALL)),
                    "{chip}"
                );
                assert_eq!(length, size as CK_ULONG, "{chip}");
            }
            assert_eq!(finish(&mut length), Ok(()), "{chip}");
            assert_eq!(length, size as CK_ULONG, "{chip}");
            signature.truncate(size);
            let public = session.companion(object, CKO_PUBLIC_KEY);
            session
                .verify_init(CKM_SHA256_RSA_PKCS, public)
                .expect("C_VerifyInit");
            assert_eq!(
                session.verify(b"what the holder signs", &signature),
                Ok(()),
                "{chip}"
            );
        }
    }
}
