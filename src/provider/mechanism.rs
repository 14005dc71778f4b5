//! The mechanism table: what a slot lists, and what a CK_MECHANISM asks for.

use cryptoki_sys::*;

use crate::crypto::Hash;
use crate::crypto::padding::pss;
use crate::memory;
use crate::token::Token;
use crate::token::key::{Oaep, Padding};
use crate::token::mechanism::{DIGESTS, HASHED};
use crate::token::object::MODULUS_LEN;

use super::error::{Error, Result};
use super::types::{Mechanism, MechanismInfo, MechanismType, OaepParameters, Parameter, PssParameters};

/// Mask generation functions, by their hash.
const MASKS: [(Hash, CK_RSA_PKCS_MGF_TYPE); 5] = [
    (Hash::Sha1, CKG_MGF1_SHA1),
    (Hash::Sha224, CKG_MGF1_SHA224),
    (Hash::Sha256, CKG_MGF1_SHA256),
    (Hash::Sha384, CKG_MGF1_SHA384),
    (Hash::Sha512, CKG_MGF1_SHA512),
];

/// C_GetMechanismList.
pub fn list(token: &Token) -> Vec<MechanismType> {
    token.mechanisms().iter().map(|listed| listed.kind).collect()
}

/// C_GetMechanismInfo of a listed mechanism.
pub fn info(token: &Token, kind: MechanismType) -> Option<MechanismInfo> {
    let listed = token.mechanisms().iter().find(|listed| listed.kind == kind)?;
    let bits = CK_ULONG::try_from(listed.key_bits).ok()?;
    Some(MechanismInfo {
        min_key_size: bits,
        max_key_size: bits,
        flags: listed.flags,
    })
}

/// The hash of a digest mechanism.
pub fn digest(mechanism: &Mechanism) -> Result<Hash> {
    let (hash, _) = DIGESTS
        .iter()
        .find(|(_, kind)| *kind == mechanism.kind)
        .ok_or(Error::MechanismInvalid)?;
    Ok(*hash)
}

/// Reads a mechanism of encryption or decryption and its parameter.
pub fn encipherment(mechanism: &Mechanism) -> Result<Padding> {
    match mechanism.kind {
        CKM_RSA_PKCS => Ok(Padding::Pkcs1),
        CKM_RSA_PKCS_OAEP => oaep_parameters(mechanism).map(Padding::Oaep),
        _ => Err(Error::MechanismInvalid),
    }
}

/// CK_RSA_PKCS_OAEP_PARAMS; the only source of a label is the parameter itself.
fn oaep_parameters(mechanism: &Mechanism) -> Result<Oaep> {
    let Parameter::Oaep(OaepParameters {
        hash,
        mgf,
        source,
        label,
    }) = &mechanism.parameter
    else {
        return Err(Error::MechanismParamInvalid);
    };
    let specified = *source == CKZ_DATA_SPECIFIED || (*source == 0 && label.is_empty());
    match (digest_hash(*hash), mask_hash(*mgf)) {
        (Some(hash), Some(mgf_hash)) if specified => Ok(Oaep {
            hash,
            mgf_hash,
            label: memory::copy(label)?,
        }),
        _ => Err(Error::MechanismParamInvalid),
    }
}

fn digest_hash(kind: MechanismType) -> Option<Hash> {
    DIGESTS
        .iter()
        .find_map(|(hash, of)| (*of == kind).then_some(*hash))
}

fn mask_hash(kind: CK_RSA_PKCS_MGF_TYPE) -> Option<Hash> {
    MASKS.iter().find_map(|(hash, of)| (*of == kind).then_some(*hash))
}

/// What a signature mechanism asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// CKM_RSA_PKCS: the caller brings what goes into the block.
    Bare,
    /// CKM_SHAx_RSA_PKCS.
    Hashed(Hash),
    /// CKM_RSA_PKCS_PSS: the caller brings the digest.
    Pss(pss::Params),
    /// CKM_SHAx_RSA_PKCS_PSS.
    HashedPss(pss::Params),
}

/// Reads a signature mechanism and its parameter.
pub fn signature(mechanism: &Mechanism) -> Result<Signature> {
    let kind = mechanism.kind;
    if kind == CKM_RSA_PKCS {
        return Ok(Signature::Bare);
    }
    if kind == CKM_RSA_PKCS_PSS {
        return Ok(Signature::Pss(pss_parameters(mechanism)?));
    }
    let (hash, pkcs1, _) = HASHED
        .into_iter()
        .find(|(_, pkcs1, pss)| *pkcs1 == kind || *pss == kind)
        .ok_or(Error::MechanismInvalid)?;
    if pkcs1 == kind {
        return Ok(Signature::Hashed(hash));
    }
    let parameters = pss_parameters(mechanism)?;
    if parameters.hash == hash {
        Ok(Signature::HashedPss(parameters))
    } else {
        Err(Error::MechanismParamInvalid)
    }
}

/// CK_RSA_PKCS_PSS_PARAMS, taken at its word: hash, mask and salt length all count.
fn pss_parameters(mechanism: &Mechanism) -> Result<pss::Params> {
    let Parameter::Pss(PssParameters { hash, mgf, salt_len }) = mechanism.parameter else {
        return Err(Error::MechanismParamInvalid);
    };
    let (hash, _) = DIGESTS
        .into_iter()
        .find(|(_, kind)| *kind == hash)
        .ok_or(Error::MechanismParamInvalid)?;
    let (mgf_hash, _) = MASKS
        .into_iter()
        .find(|(_, kind)| *kind == mgf)
        .ok_or(Error::MechanismParamInvalid)?;
    let salt_len = usize::try_from(salt_len).map_err(|_| Error::MechanismParamInvalid)?;
    let longest = pss::Params::max_salt_len(hash, 8 * MODULUS_LEN - 1).unwrap_or(0);
    if salt_len > longest {
        return Err(Error::MechanismParamInvalid);
    }
    Ok(pss::Params {
        hash,
        mgf_hash,
        salt_len,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(kind: MechanismType) -> Mechanism {
        Mechanism {
            kind,
            parameter: Parameter::None,
        }
    }

    fn pss(kind: MechanismType, hash: MechanismType, mgf: CK_ULONG, salt_len: CK_ULONG) -> Mechanism {
        Mechanism {
            kind,
            parameter: Parameter::Pss(PssParameters { hash, mgf, salt_len }),
        }
    }

    const REFUSED: Result<Signature> = Err(Error::MechanismParamInvalid);

    #[test]
    fn signatures_of_pkcs1_need_no_parameter() {
        assert_eq!(signature(&plain(CKM_RSA_PKCS)), Ok(Signature::Bare));
        assert_eq!(
            signature(&plain(CKM_SHA384_RSA_PKCS)),
            Ok(Signature::Hashed(Hash::Sha384))
        );
    }

    #[test]
    fn every_word_of_pss_parameters_counts() {
        let usual = pss::Params::usual(Hash::Sha256);
        let sha256 = |kind| signature(&pss(kind, CKM_SHA256, CKG_MGF1_SHA256, 32));
        assert_eq!(sha256(CKM_RSA_PKCS_PSS), Ok(Signature::Pss(usual)));
        assert_eq!(sha256(CKM_SHA256_RSA_PKCS_PSS), Ok(Signature::HashedPss(usual)));
        assert_eq!(
            sha256(CKM_SHA1_RSA_PKCS_PSS),
            REFUSED,
            "another hash than the mechanism's"
        );
        let other = signature(&pss(CKM_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA1, 0));
        let parameters = pss::Params {
            mgf_hash: Hash::Sha1,
            salt_len: 0,
            ..usual
        };
        assert_eq!(other, Ok(Signature::Pss(parameters)));
        for bad in [
            pss(CKM_RSA_PKCS_PSS, CKM_MD5, CKG_MGF1_SHA256, 32),
            pss(CKM_RSA_PKCS_PSS, CKM_SHA256, 0, 32),
            // 256 bytes hold the hash, the salt and two bytes more.
            pss(CKM_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, 223),
            pss(CKM_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, CK_ULONG::MAX),
            plain(CKM_RSA_PKCS_PSS),
            plain(CKM_SHA256_RSA_PKCS_PSS),
        ] {
            assert_eq!(signature(&bad), REFUSED, "{bad:?}");
        }
        assert!(signature(&pss(CKM_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, 222)).is_ok());
    }

    #[test]
    fn a_label_of_oaep_comes_from_its_parameter() {
        let oaep = |source, label: &[u8]| {
            encipherment(&Mechanism {
                kind: CKM_RSA_PKCS_OAEP,
                parameter: Parameter::Oaep(OaepParameters {
                    hash: CKM_SHA_1,
                    mgf: CKG_MGF1_SHA256,
                    source,
                    label: label.to_vec(),
                }),
            })
        };
        let expected = |label: &[u8]| {
            Ok(Padding::Oaep(Oaep {
                hash: Hash::Sha1,
                mgf_hash: Hash::Sha256,
                label: label.to_vec(),
            }))
        };
        assert_eq!(oaep(CKZ_DATA_SPECIFIED, b"label"), expected(b"label"));
        assert_eq!(oaep(0, b""), expected(b""));
        assert_eq!(oaep(0, b"label"), Err(Error::MechanismParamInvalid));
        assert_eq!(
            encipherment(&plain(CKM_RSA_PKCS_OAEP)),
            Err(Error::MechanismParamInvalid)
        );
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for kind in [
            CKM_RSA_X_509,
            CKM_RSA_PKCS_KEY_PAIR_GEN,
            CKM_ECDSA,
            CKM_VENDOR_DEFINED,
        ] {
            assert_eq!(signature(&plain(kind)), Err(Error::MechanismInvalid));
            assert_eq!(encipherment(&plain(kind)), Err(Error::MechanismInvalid));
            assert_eq!(digest(&plain(kind)), Err(Error::MechanismInvalid));
        }
        assert_eq!(digest(&plain(CKM_SHA224)), Ok(Hash::Sha224));
    }
}
