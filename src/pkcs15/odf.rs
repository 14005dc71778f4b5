//! EF.ODF: which directory file holds which kind of object (PKCS #15 §6.2).

use super::decode::{LastField, SEQUENCE, path, understood};
use super::types::Path;
use crate::iso7816::Malformed;

/// Directory files that ODF names, each kind in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Odf {
    /// PrKDF.
    pub private_keys: Vec<Path>,
    /// PuKDF, trusted public keys included.
    pub public_keys: Vec<Path>,
    /// CDF: certificates, trusted ones and useful ones.
    pub certificates: Vec<Path>,
    /// DODF.
    pub data: Vec<Path>,
    /// AODF.
    pub pins: Vec<Path>,
}

/// Reads EF.ODF. Paths are relative to `application`, the file identifiers of the application's DF.
pub fn odf(file: &[u8], application: &[u16]) -> Result<Odf, Malformed> {
    let named = understood(file, "ODF", LastField::Path, |entry| {
        let path = path(entry.inside().expect(SEQUENCE, "path")?.inside(), application)?;
        Ok((entry.tag, path.ok_or(Malformed("empty path"))?))
    })?;
    let mut odf = Odf::default();
    for (tag, path) in named {
        match tag {
            0xA0 => odf.private_keys.push(path),
            0xA1 | 0xA2 => odf.public_keys.push(path),
            0xA4..=0xA6 => odf.certificates.push(path),
            0xA7 => odf.data.push(path),
            0xA8 => odf.pins.push(path),
            other => log::debug!("ODF: no use for a directory of kind {other:02X}"),
        }
    }
    Ok(odf)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkcs15::notation::{APPLICATION, der};

    fn file(fid: u16) -> Path {
        Path {
            fids: vec![0x3F00, 0x0001, fid],
            part: None,
            legacy: false,
        }
    }

    #[test]
    fn each_kind_finds_its_place() {
        let content = der("A0 { 30 { 04 { 7002 } } }
                           A1 { 30 { 04 { 3F00 0001 7003 } } }
                           A4 { 30 { 04 { 7005 } } }
                           A5 { 30 { 04 { 7007 } } }
                           A7 { 30 { 04 { 0001 7006 } } }
                           A8 { 30 { 04 { 7001 } } }
                           A3 { 30 { 04 { 7009 } } }
                           00 00");
        let odf = odf(&content, APPLICATION).unwrap();
        assert_eq!(odf.private_keys, [file(0x7002)]);
        assert_eq!(odf.public_keys, [file(0x7003)]);
        assert_eq!(odf.certificates, [file(0x7005), file(0x7007)]);
        assert_eq!(odf.data, [file(0x7006)]);
        assert_eq!(odf.pins, [file(0x7001)]);
    }

    #[test]
    fn an_entry_without_a_path_is_left_out() {
        let content = der("A0 { 30 { } } A4 { 30 { 04 { 7005 } } }");
        let odf = odf(&content, APPLICATION).unwrap();
        assert!(odf.private_keys.is_empty());
        assert_eq!(odf.certificates, [file(0x7005)]);
    }
}
