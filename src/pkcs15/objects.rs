//! PrKDF, PuKDF, CDF and DODF: keys, certificates and data (PKCS #15 §6.3 to §6.7).

use super::decode::{
    BIT_STRING, BOOLEAN, Entry, INTEGER, LastField, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, UTF8_STRING,
    entry, number, path, reference, text, understood, usage,
};
use super::types::{Certificate, DataObject, Path, PrivateKey, PublicKey, Usage};
use crate::crypto;
use crate::iso7816::Malformed;
use crate::iso7816::tlv::{Objects, Tlv};

/// Reads PrKDF.
pub fn private_keys(file: &[u8]) -> Result<Vec<PrivateKey>, Malformed> {
    understood(file, "PrKDF", LastField::TypeAttributes, |object| {
        let Entry {
            common,
            class,
            mut kind,
        } = entry(object)?;
        let key = key_attributes(class)?;
        let rsa = kind.expect(SEQUENCE, "PrivateRSAKeyAttributes")?.inside();
        Ok(PrivateKey {
            common,
            id: key.id,
            usage: key.usage,
            reference: key.reference.ok_or(Malformed("no key reference"))?,
            modulus_bits: modulus_bits(rsa)?,
        })
    })
}

/// Reads PuKDF. `application` holds the file identifiers of the application's DF.
pub fn public_keys(file: &[u8], application: &[u16]) -> Result<Vec<PublicKey>, Malformed> {
    understood(file, "PuKDF", LastField::TypeAttributes, |object| {
        let Entry {
            common,
            class,
            mut kind,
        } = entry(object)?;
        let key = key_attributes(class)?;
        let rsa = kind.expect(SEQUENCE, "PublicRSAKeyAttributes")?.inside();
        Ok(PublicKey {
            common,
            id: key.id,
            usage: key.usage,
            path: value_path(rsa, application)?,
            modulus_bits: modulus_bits(rsa)?,
        })
    })
}

/// Reads CDF. `application` holds the file identifiers of the application's DF.
pub fn certificates(file: &[u8], application: &[u16]) -> Result<Vec<Certificate>, Malformed> {
    understood(file, "CDF", LastField::TypeAttributes, |object| {
        let Entry {
            common,
            class,
            mut kind,
        } = entry(object)?;
        let id = class.find(OCTET_STRING)?.ok_or(Malformed("iD"))?.value.to_vec();
        let authority = class.find(BOOLEAN)?.is_some_and(|t| t.value != [0]);
        let x509 = kind.expect(SEQUENCE, "X509CertificateAttributes")?.inside();
        let path = value_path(x509, application)?.ok_or(Malformed("certificate without a file"))?;
        Ok(Certificate {
            common,
            id,
            authority,
            path,
        })
    })
}

/// Reads DODF. `application` holds the file identifiers of the application's DF.
pub fn data(file: &[u8], application: &[u16]) -> Result<Vec<DataObject>, Malformed> {
    understood(file, "DODF", LastField::TypeAttributes, |object| {
        let Entry { common, class, kind } = entry(object)?;
        let name = class
            .find(UTF8_STRING)?
            .map(|t| text(t.value))
            .unwrap_or_default();
        let oid = class.find(OBJECT_IDENTIFIER)?.map(|t| t.whole.to_vec());
        let path = value_path(kind, application)?.ok_or(Malformed("data object without a file"))?;
        Ok(DataObject {
            common,
            application: name,
            oid,
            path,
        })
    })
}

struct KeyAttributes {
    id: Vec<u8>,
    usage: Usage,
    reference: Option<u8>,
}

/// CommonKeyAttributes (PKCS #15 §6.3.1): `iD, usage, native DEFAULT TRUE, accessFlags OPTIONAL,
/// keyReference OPTIONAL`; what else stands among them is passed over.
fn key_attributes(fields: Objects<'_>) -> Result<KeyAttributes, Malformed> {
    let id = fields.find(OCTET_STRING)?.ok_or(Malformed("iD"))?.value.to_vec();
    let usage = usage(fields.find(BIT_STRING)?.ok_or(Malformed("usage"))?.value);
    let reference = fields.find(INTEGER)?.map(|t| reference(t.value)).transpose()?;
    Ok(KeyAttributes { id, usage, reference })
}

/// modulusLength, which follows the value; 0 when it is not told. Applications reserve as much
/// memory for a signature.
fn modulus_bits(rsa: Objects<'_>) -> Result<usize, Malformed> {
    let Some(length) = rsa.find(INTEGER)? else {
        return Ok(0);
    };
    match number(length.value)? {
        bits if bits <= crypto::rsa::PublicKey::MAX_BITS => Ok(bits),
        _ => Err(Malformed("modulusLength of no RSA key")),
    }
}

/// File of an ObjectValue: `None` when the value stands in the directory itself or nowhere. The
/// path is the first SEQUENCE, or stands one SEQUENCE deeper.
fn value_path(fields: Objects<'_>, application: &[u16]) -> Result<Option<Path>, Malformed> {
    let Some(mut value) = fields.find(SEQUENCE)? else {
        return Ok(None);
    };
    if let Some(Ok(inner @ Tlv { tag: SEQUENCE, .. })) = value.inside().next() {
        value = inner;
    }
    path(value.inside(), application)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkcs15::Common;
    use crate::pkcs15::notation::{APPLICATION, der};

    const AID: &str = "E828BD080F8025000001FF0010";

    fn id(last: u8) -> Vec<u8> {
        [&der(AID)[..], &[last]].concat()
    }

    fn file(fid: u16) -> Path {
        Path {
            fids: vec![0x3F00, 0x0001, fid],
            part: None,
            legacy: false,
        }
    }

    fn common(label: &str, private: bool, modifiable: bool) -> Common {
        Common {
            label: label.into(),
            private,
            modifiable,
            auth_id: private.then(|| vec![1]),
        }
    }

    /// The two keys of a real CPS3, as they are printed; the flags of the second one are written
    /// loosely.
    fn keys_of_a_cps3() -> Vec<u8> {
        der(&format!(
            "30 {{ 30 {{ 0C {{ 'CPS_PRIV_SIG' }} 03 {{ 07 80 }} 04 {{ 01 }} 30 {{ 30 {{ 03 {{ 04 10 }} 04 {{ 01 }} }} }} }}
                   30 {{ 04 {{ {AID} 01 }} 03 {{ 06 00 40 }} 03 {{ 04 B0 }} 02 {{ FF 81 }} }}
                   A1 {{ 30 {{ 30 {{ 04 {{ }} A1 {{ 4F {{ {AID} }} 04 {{ }} }} }} 02 {{ 0800 }} }} }} }}
             30 {{ 30 {{ 0C {{ 'CPS_PRIV_AUT' }} 03 {{ 00 E0 00 }} 04 {{ 01 }} }}
                   30 {{ 04 {{ {AID} 02 }} 03 {{ 00 60 00 }} 03 {{ 04 B0 }} 02 {{ 82 }} }}
                   A1 {{ 30 {{ 30 {{ 04 {{ }} A1 {{ 4F {{ {AID} }} 04 {{ }} }} }} 02 {{ 0800 }} }} }} }}
             00000000"
        ))
    }

    #[test]
    fn the_private_keys_of_a_real_cps3() {
        let expected = [
            PrivateKey {
                common: common("CPS_PRIV_SIG", true, false),
                id: id(1),
                usage: Usage {
                    non_repudiation: true,
                    ..Usage::default()
                },
                reference: 0x81,
                modulus_bits: 2048,
            },
            PrivateKey {
                common: common("CPS_PRIV_AUT", true, true),
                id: id(2),
                usage: Usage {
                    decrypt: true,
                    sign: true,
                    ..Usage::default()
                },
                reference: 0x82,
                modulus_bits: 2048,
            },
        ];
        assert_eq!(private_keys(&keys_of_a_cps3()).unwrap(), expected);
    }

    #[test]
    fn a_key_that_is_longer_than_any_is_left_out() {
        let mut file = keys_of_a_cps3();
        let lengths: Vec<usize> = (0..file.len())
            .filter(|at| file[*at..].starts_with(&[0x02, 0x02, 0x08, 0x00]))
            .collect();
        let [first, _] = lengths[..] else {
            panic!("two keys")
        };
        for (bits, keys) in [([0x10, 0x00], 2), ([0x10, 0x01], 1), ([0x7F, 0xFF], 1)] {
            file[first + 2..first + 4].copy_from_slice(&bits);
            assert_eq!(private_keys(&file).unwrap().len(), keys, "{bits:02X?}");
        }
    }

    #[test]
    fn certificates_name_their_files() {
        let content = der(&format!(
            "30 {{ 30 {{ 0C {{ 'Certificat de Signature CPS' }} }} 30 {{ 04 {{ {AID} 01 }} }}
                   A1 {{ 30 {{ 30 {{ 04 {{ 3F00 0001 B001 }} }} 30 {{ }} }} }} }}
             30 {{ 30 {{ 0C {{ 'AC' }} }} 30 {{ 04 {{ 00 }} 01 {{ FF }} }}
                   A1 {{ 30 {{ 30 {{ 04 {{ B003 }} 02 {{ 00 }} 80 {{ 0400 }} }} }} }} }}
             30 {{ 30 {{ 0C {{ 'nowhere' }} }} 30 {{ 04 {{ 01 }} }} A1 {{ 30 {{ A0 {{ 30 {{ }} }} }} }} }}
             FFFF"
        ));
        let found = certificates(&content, APPLICATION).unwrap();
        assert_eq!(
            found,
            [
                Certificate {
                    common: common("Certificat de Signature CPS", false, false),
                    id: id(1),
                    authority: false,
                    path: file(0xB001),
                },
                Certificate {
                    common: common("AC", false, false),
                    id: vec![0],
                    authority: true,
                    path: Path {
                        part: Some((0, 1024)),
                        ..file(0xB003)
                    },
                },
            ]
        );
    }

    #[test]
    fn public_keys_may_have_no_file() {
        let content = der(&format!(
            "30 {{ 30 {{ 0C {{ 'Cle' }} }} 30 {{ 04 {{ {AID} 20 }} 03 {{ 01 82 }} 02 {{ 20 }} }}
                   A1 {{ 30 {{ A0 {{ 30 {{ }} }} 02 {{ 0800 }} }} }} }}"
        ));
        let [key] = public_keys(&content, APPLICATION).unwrap().try_into().unwrap();
        assert_eq!((key.id, key.path, key.modulus_bits), (id(0x20), None, 2048));
        assert_eq!(
            key.usage,
            Usage {
                encrypt: true,
                verify: true,
                ..Usage::default()
            }
        );
    }

    #[test]
    fn data_objects_with_their_path_at_either_depth() {
        let content = der("30 { 30 { 0C { 'CPS_DATA' } 03 { 06 40 } } 30 { 0C { 'CPS' } 06 { 2A 03 } } A1 { 30 { 04 { D107 } } } }
                           30 { 30 { 0C { 'CPS_ACTIVITY_01_PS' } 03 { 07 80 } 04 { 01 } } 30 { } A1 { 30 { 30 { 04 { D120 } } } } }");
        assert_eq!(
            data(&content, APPLICATION).unwrap(),
            [
                DataObject {
                    common: common("CPS_DATA", false, true),
                    application: "CPS".into(),
                    oid: Some(vec![0x06, 0x02, 0x2A, 0x03]),
                    path: file(0xD107),
                },
                DataObject {
                    common: common("CPS_ACTIVITY_01_PS", true, false),
                    application: String::new(),
                    oid: None,
                    path: file(0xD120),
                },
            ]
        );
    }

    #[test]
    fn keys_on_curves_are_left_out() {
        let content = der("A0 { 30 { } 30 { 04 { 01 } 03 { 05 20 } 02 { 01 } } A1 { 30 { } } }");
        assert!(private_keys(&content).unwrap().is_empty());
    }

    #[test]
    fn no_cut_and_no_flipped_bit_panics() {
        let good = keys_of_a_cps3();
        for end in 0..good.len() {
            let _ = private_keys(&good[..end]);
        }
        for place in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[place / 8] ^= 1 << (place % 8);
            let _ = (
                private_keys(&bad),
                public_keys(&bad, APPLICATION),
                certificates(&bad, APPLICATION),
            );
            let _ = (data(&bad, APPLICATION), crate::pkcs15::pins(&bad, APPLICATION));
        }
    }
}
