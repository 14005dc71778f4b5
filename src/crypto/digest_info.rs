//! DigestInfo, the DER value inside a PKCS #1 v1.5 signature (RFC 8017 §9.2 and App. A.2.4).

use der::asn1::{AnyRef, OctetStringRef};
use der::{Decode, Encode, Sequence};
use spki::AlgorithmIdentifierRef;

use super::hash::Hash;

/// ```text
/// DigestInfo ::= SEQUENCE {
///     digestAlgorithm  DigestAlgorithm,
///     digest           OCTET STRING }
/// ```
#[derive(Sequence)]
struct DigestInfo<'a> {
    digest_algorithm: AlgorithmIdentifierRef<'a>,
    digest: &'a OctetStringRef,
}

/// DER of DigestInfo with NULL parameters, the form that a signer must write (RFC 8017 App. B.1).
/// `None` when `digest` does not have the length of `hash`.
pub fn encode(hash: Hash, digest: &[u8]) -> Option<Vec<u8>> {
    encode_with(hash, digest, Some(AnyRef::NULL))
}

/// DER of DigestInfo without parameters, which a verifier must accept as well (RFC 8017 App. B.1).
pub(super) fn encode_without_parameters(hash: Hash, digest: &[u8]) -> Option<Vec<u8>> {
    encode_with(hash, digest, None)
}

fn encode_with(hash: Hash, digest: &[u8], parameters: Option<AnyRef<'_>>) -> Option<Vec<u8>> {
    if digest.len() != hash.len() {
        return None;
    }
    let digest_algorithm = AlgorithmIdentifierRef {
        oid: hash.oid(),
        parameters,
    };
    let digest = OctetStringRef::new(digest).ok()?;
    DigestInfo {
        digest_algorithm,
        digest,
    }
    .to_der()
    .ok()
}

/// Hash function and digest of a DigestInfo with NULL or absent parameters. `None` when `bytes` is
/// anything else: not DER, an unknown hash function, a digest of another length, bytes before or
/// behind.
pub fn parse(bytes: &[u8]) -> Option<(Hash, &[u8])> {
    let info = DigestInfo::from_der(bytes).ok()?;
    let hash = Hash::from_oid(&info.digest_algorithm.oid)?;
    let parameters_ok = info.digest_algorithm.parameters.is_none_or(AnyRef::is_null);
    let digest = info.digest.as_bytes();
    (parameters_ok && digest.len() == hash.len()).then_some((hash, digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::test_keys::hex;

    /// The prefixes of RFC 8017 §9.2 note 1.
    const PREFIXES: [(Hash, &str); 5] = [
        (Hash::Sha1, "3021300906052b0e03021a05000414"),
        (Hash::Sha224, "302d300d06096086480165030402040500041c"),
        (Hash::Sha256, "3031300d060960864801650304020105000420"),
        (Hash::Sha384, "3041300d060960864801650304020205000430"),
        (Hash::Sha512, "3051300d060960864801650304020305000440"),
    ];

    fn digest(hash: Hash) -> Vec<u8> {
        (0..hash.len() as u8).collect()
    }

    #[test]
    fn encodes_with_the_prefixes_of_rfc_8017() {
        for (hash, prefix) in PREFIXES {
            let digest = digest(hash);
            let info = [hex(prefix), digest.clone()].concat();
            assert_eq!(encode(hash, &digest), Some(info.clone()), "{hash:?}");
            assert_eq!(parse(&info), Some((hash, digest.as_slice())), "{hash:?}");
        }
    }

    #[test]
    fn a_digest_of_another_length_is_refused() {
        for hash in Hash::ALL {
            let digest = vec![0; hash.len() + 1];
            assert_eq!(encode(hash, &digest), None);
            assert_eq!(encode(hash, &digest[..hash.len() - 1]), None);
            assert_eq!(encode(hash, &[]), None);
        }
    }

    #[test]
    fn absent_parameters_are_read() {
        for hash in Hash::ALL {
            let digest = digest(hash);
            let info = encode_without_parameters(hash, &digest).unwrap();
            assert_eq!(parse(&info), Some((hash, digest.as_slice())), "{hash:?}");
        }
        let sha1 = encode_without_parameters(Hash::Sha1, &digest(Hash::Sha1)).unwrap();
        assert_eq!(sha1[..13], hex("301f300706052b0e03021a0414")[..]);
    }

    #[test]
    fn malformed_values_are_refused() {
        let body = "000102030405060708090a0b0c0d0e0f10111213";
        let cases = [
            ("empty", String::new()),
            ("bare digest", body.into()),
            ("byte behind", format!("3021300906052b0e03021a05000414{body}00")),
            (
                "byte behind, inside",
                format!("3022300906052b0e03021a05000414{body}00"),
            ),
            (
                "cut short",
                format!("3021300906052b0e03021a05000414{}", &body[2..]),
            ),
            (
                "long form of a short length",
                format!("308121300906052b0e03021a05000414{body}"),
            ),
            (
                "indefinite length",
                format!("3080300906052b0e03021a05000414{body}0000"),
            ),
            (
                "parameters not NULL",
                format!("3021300906052b0e03021a04000414{body}"),
            ),
            (
                "NULL with content",
                format!("3022300a06052b0e03021a0501000414{body}"),
            ),
            (
                "two parameters",
                format!("3023300b06052b0e03021a050005000414{body}"),
            ),
            (
                "digest one byte short",
                format!("3020300906052b0e03021a05000413{}", &body[2..]),
            ),
            (
                "digest not an OCTET STRING",
                format!("3021300906052b0e03021a05000314{body}"),
            ),
            (
                "MD5",
                "3020300c06082a864886f70d020505000410000102030405060708090a0b0c0d0e0f".into(),
            ),
            (
                "digest of another function",
                format!("3025300d0609608648016503040201050004 14{body}").replace(' ', ""),
            ),
        ];
        for (what, bytes) in cases {
            assert_eq!(parse(&hex(&bytes)), None, "{what}");
        }
    }

    #[test]
    fn no_prefix_of_a_value_is_a_value() {
        let info = encode(Hash::Sha512, &digest(Hash::Sha512)).unwrap();
        for len in 0..info.len() {
            assert_eq!(parse(&info[..len]), None, "{len} bytes");
        }
    }
}
