//! RSA with the public key: the raw operation, and verification of signatures (RFC 8017 §5, §8).

use crypto_bigint::modular::BoxedMontyForm;
use der::Encode;
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use rsa::pkcs1::RsaPublicKeyRef;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, PublicKey as Components};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use zeroize::Zeroizing;

use crate::memory;
use crate::tlv::objects;

use super::CryptoError;
use super::digest_info;
use super::hash::Hash;
use super::padding::{MAX_BLOCK_LEN, pkcs1, pss};

/// rsaEncryption (RFC 8017 App. A.1).
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Algorithms of keys that are RSAPublicKey values: beside rsaEncryption id-RSASSA-PSS and
/// id-RSAES-OAEP (RFC 4055 §1.2), and the older rsa of X.509. What a key may be used for, its card
/// decides.
const RSA_ALGORITHMS: [ObjectIdentifier; 4] = [
    RSA_ENCRYPTION,
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.7"),
    ObjectIdentifier::new_unwrap("2.5.8.1.1"),
];

const INTEGER: u32 = 0x02;
const BIT_STRING: u32 = 0x03;
const OBJECT_IDENTIFIER: u32 = 0x06;
const SEQUENCE: u32 = 0x30;

/// An RSA public key whose operations end in bounded time: modulus odd and of 512 to 4096 bits,
/// exponent odd, at least 3 and below 2^33. Keys come from cards and certificates that nobody has
/// checked before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    components: Components,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    bits: usize,
}

impl PublicKey {
    /// Shortest modulus in bits.
    pub const MIN_BITS: usize = 512;
    /// Longest modulus in bits.
    pub const MAX_BITS: usize = 8 * MAX_BLOCK_LEN;
    /// Longest exponent in bytes; the value has a limit of its own.
    const MAX_EXPONENT_LEN: usize = 8;

    /// Numbers as long as the modulus that a power takes in memory at a time, at most: those of
    /// `crypto-bigint` end the process where there is no memory for them.
    const NUMBERS: usize = 16;

    /// Key of a modulus n and an exponent e, unsigned big-endian numbers with or without leading
    /// zeros.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`] outside the limits above.
    pub fn from_components(modulus: &[u8], exponent: &[u8]) -> Result<Self, CryptoError> {
        let modulus = without_leading_zeros(modulus);
        let exponent = without_leading_zeros(exponent);
        let n = number(modulus, MAX_BLOCK_LEN)?;
        let e = number(exponent, Self::MAX_EXPONENT_LEN)?;
        let bits = n.bit_width_vartime() as usize;
        let components = Components::new_with_size_limits(n, e, Self::MIN_BITS..=Self::MAX_BITS)
            .map_err(|_| CryptoError::InvalidKey)?;
        Ok(PublicKey {
            components,
            modulus: modulus.to_vec(),
            exponent: exponent.to_vec(),
            bits,
        })
    }

    /// Key of an RSAPublicKey (RFC 8017 App. A.1.1), in DER or looser: numbers with needless zeros
    /// before them, or without the one that keeps them positive.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`] for anything else, for bytes behind it, and outside the limits
    /// above.
    pub fn from_pkcs1_der(der: &[u8]) -> Result<Self, CryptoError> {
        let malformed = |_| CryptoError::InvalidKey;
        let mut run = objects(der);
        let mut key = run.expect(SEQUENCE, "RSAPublicKey").map_err(malformed)?.inside();
        let modulus = key.expect(INTEGER, "modulus").map_err(malformed)?.value;
        let exponent = key.expect(INTEGER, "publicExponent").map_err(malformed)?.value;
        if !run.rest().is_empty() || !key.rest().is_empty() {
            return Err(CryptoError::InvalidKey);
        }
        Self::from_components(modulus, exponent)
    }

    /// Key of a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) of an RSA key under any algorithm, with
    /// any parameters. NULL, which RFC 3279 §2.3.1 wants, is missing from keys on real cards.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`] for anything else, for bytes behind it, and outside the limits
    /// above.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, CryptoError> {
        let malformed = |_| CryptoError::InvalidKey;
        let mut run = objects(der);
        let mut info = run
            .expect(SEQUENCE, "SubjectPublicKeyInfo")
            .map_err(malformed)?
            .inside();
        let mut algorithm = info.expect(SEQUENCE, "algorithm").map_err(malformed)?.inside();
        let oid = algorithm
            .expect(OBJECT_IDENTIFIER, "algorithm")
            .map_err(malformed)?
            .value;
        let key = info
            .expect(BIT_STRING, "subjectPublicKey")
            .map_err(malformed)?
            .value;
        let known = RSA_ALGORITHMS.iter().any(|known| known.as_bytes() == oid);
        if !known || !run.rest().is_empty() || !info.rest().is_empty() {
            return Err(CryptoError::InvalidKey);
        }
        // A key is a number of whole bytes, whatever is said of unused bits.
        Self::from_pkcs1_der(key.get(1..).unwrap_or_default())
    }

    /// DER SubjectPublicKeyInfo of this key (CKA_PUBLIC_KEY_INFO).
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`] when it cannot be encoded; no key within the limits above is
    /// such a one.
    pub fn to_spki_der(&self) -> Result<Vec<u8>, CryptoError> {
        self.encode_spki().map_err(|_| CryptoError::InvalidKey)
    }

    fn encode_spki(&self) -> der::Result<Vec<u8>> {
        let key = RsaPublicKeyRef {
            modulus: UintRef::new(&self.modulus)?,
            public_exponent: UintRef::new(&self.exponent)?,
        }
        .to_der()?;
        SubjectPublicKeyInfoRef {
            algorithm: AlgorithmIdentifierRef {
                oid: RSA_ENCRYPTION,
                parameters: Some(AnyRef::NULL),
            },
            subject_public_key: BitStringRef::from_bytes(&key)?,
        }
        .to_der()
    }

    /// Modulus, big-endian without leading zeros (CKA_MODULUS).
    pub fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    /// Public exponent, big-endian without leading zeros (CKA_PUBLIC_EXPONENT).
    pub fn exponent(&self) -> &[u8] {
        &self.exponent
    }

    /// Length of the modulus in bits.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// Length of the modulus in bytes, and of every block, signature and cryptogram (`k` in RFC
    /// 8017).
    pub fn size(&self) -> usize {
        self.modulus.len()
    }

    /// Length in bits of the encoded message of PSS, `modBits - 1` (RFC 8017 §8.1).
    pub fn em_bits(&self) -> usize {
        self.bits - 1
    }

    /// RSAEP and RSAVP1, the raw public-key operation without any padding (RFC 8017 §5.1.1,
    /// §5.2.2). Block and answer have [`PublicKey::size`] bytes.
    ///
    /// # Errors
    /// [`CryptoError::DataLength`] for a block of another length, [`CryptoError::OutOfRange`] for a
    /// block that is not below the modulus.
    pub fn encrypt_block(&self, block: &[u8]) -> Result<Vec<u8>, CryptoError> {
        if block.len() != self.size() {
            return Err(CryptoError::DataLength);
        }
        memory::room(Self::NUMBERS * self.size())?;
        let precision = self.components.n_bits_precision();
        let m = BoxedUint::from_be_slice(block, precision).map_err(|_| CryptoError::DataLength)?;
        let m = Zeroizing::new(m);
        if *m >= *self.components.n().as_ref() {
            return Err(CryptoError::OutOfRange);
        }
        let c = self.power(&m);
        // The number is stored in whole machine words; its value is below the modulus.
        let words = c.to_be_bytes();
        let bytes = words
            .len()
            .checked_sub(self.size())
            .and_then(|excess| words.get(excess..));
        bytes.map(<[u8]>::to_vec).ok_or(CryptoError::OutOfRange)
    }

    /// `m` to the power of the public exponent: one squaring for each of its bits, one
    /// multiplication for each that is set. The usual 65537 has two of them, for which a table of
    /// powers would cost more than it saves.
    fn power(&self, m: &BoxedUint) -> BoxedUint {
        let base = Zeroizing::new(BoxedMontyForm::new(m.clone(), self.components.n_params()));
        let bits = self
            .exponent
            .iter()
            .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1));
        let below_the_first = bits.skip_while(|bit| !bit).skip(1);
        let power = below_the_first.fold(base.clone(), |power, bit| {
            let square = Zeroizing::new(power.square());
            if bit {
                Zeroizing::new(square.mul(&base))
            } else {
                square
            }
        });
        power.retrieve()
    }

    /// Verifies an RSASSA-PKCS1-v1_5 signature over a finished digest (RFC 8017 §8.2.2), by
    /// comparison with what the signer must have encoded. DigestInfo without parameters is accepted
    /// as well (App. B.1).
    ///
    /// # Errors
    /// [`CryptoError::SignatureLength`], [`CryptoError::SignatureInvalid`];
    /// [`CryptoError::DataLength`] when `digest` does not have the length of `hash` or the modulus
    /// is too short for it.
    pub fn verify_pkcs1(&self, hash: Hash, digest: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        let info = digest_info::encode(hash, digest).ok_or(CryptoError::DataLength)?;
        match self.verify_pkcs1_bare(&info, signature) {
            Err(CryptoError::SignatureInvalid) => {
                let short =
                    digest_info::encode_without_parameters(hash, digest).ok_or(CryptoError::DataLength)?;
                self.verify_pkcs1_bare(&short, signature)
            }
            result => result,
        }
    }

    /// Verifies a signature over block type 1 around `data` as it is, usually a DigestInfo
    /// (CKM_RSA_PKCS).
    ///
    /// # Errors
    /// [`CryptoError::SignatureLength`], [`CryptoError::SignatureInvalid`];
    /// [`CryptoError::DataLength`] when `data` is too long for the modulus.
    pub fn verify_pkcs1_bare(&self, data: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        let expected = pkcs1::pad_type1(data, self.size()).ok_or(CryptoError::DataLength)?;
        self.verify_block(&expected, signature)
    }

    /// Verifies a signature over a whole block, padded already.
    ///
    /// # Errors
    /// [`CryptoError::SignatureLength`], [`CryptoError::SignatureInvalid`].
    pub fn verify_block(&self, expected: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        let block = self.recover_block(signature)?;
        (block == expected)
            .then_some(())
            .ok_or(CryptoError::SignatureInvalid)
    }

    /// Verifies an RSASSA-PSS signature over a finished digest (RFC 8017 §8.1.2).
    ///
    /// # Errors
    /// [`CryptoError::SignatureLength`], [`CryptoError::SignatureInvalid`];
    /// [`CryptoError::DataLength`] when `digest` does not have the length of `params.hash`.
    pub fn verify_pss(
        &self,
        params: pss::Params,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        if digest.len() != params.hash.len() {
            return Err(CryptoError::DataLength);
        }
        let block = self.recover_block(signature)?;
        let em_len = self.em_bits().div_ceil(8);
        let (zeros, em) = block
            .split_at_checked(self.size() - em_len)
            .ok_or(CryptoError::SignatureInvalid)?;
        let valid = zeros.iter().all(|byte| *byte == 0) && pss::verify(params, digest, em, self.em_bits());
        valid.then_some(()).ok_or(CryptoError::SignatureInvalid)
    }

    /// The block that was signed.
    fn recover_block(&self, signature: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.encrypt_block(signature).map_err(|error| match error {
            CryptoError::DataLength => CryptoError::SignatureLength,
            CryptoError::NoMemory => CryptoError::NoMemory,
            _ => CryptoError::SignatureInvalid,
        })
    }
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// Number of at least one and at most `max_len` bytes.
fn number(bytes: &[u8], max_len: usize) -> Result<BoxedUint, CryptoError> {
    if bytes.is_empty() || bytes.len() > max_len {
        return Err(CryptoError::InvalidKey);
    }
    Ok(BoxedUint::from_be_slice_vartime(bytes))
}

#[cfg(test)]
mod tests;
