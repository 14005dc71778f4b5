//! EF.TokenInfo (PKCS #15 §6.9).

use super::TokenInfo;
use super::decode::{GENERALIZED_TIME, OCTET_STRING, SEQUENCE, UTF8_STRING, text};
use crate::iso7816::Malformed;
use crate::iso7816::tlv::{Tlv, objects};

/// Reads EF.TokenInfo.
pub fn token_info(file: &[u8]) -> Result<TokenInfo, Malformed> {
    let mut info = TokenInfo::default();
    for field in objects(file).expect(SEQUENCE, "TokenInfo")?.inside() {
        let field = field?;
        match field.tag {
            OCTET_STRING => info.serial = field.value.to_vec(),
            UTF8_STRING => info.manufacturer = text(field.value),
            0x80 => info.label = text(field.value),
            0x85 | 0xA5 => info.last_update = last_update(&field)?,
            _ => {}
        }
    }
    Ok(info)
}

/// lastUpdate [5], explicitly tagged by the text of PKCS #15 and implicitly by some issuers.
fn last_update(field: &Tlv<'_>) -> Result<Option<String>, Malformed> {
    if field.tag == 0x85 {
        return Ok(Some(text(field.value)));
    }
    Ok(field
        .inside()
        .find(GENERALIZED_TIME)?
        .map(|time| text(time.value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkcs15::notation::der;

    #[test]
    fn all_that_concerns_us() {
        let content = der(
            "30 { 02 { 00 } 04 { 12345678 } 0C { 'ASIP' } 80 { 'CPS3' } 03 { 04 10 }
                                A2 { 30 { 02 { 01 } 02 { 10 } } } A5 { 18 { '20240315103045Z' } } } FF FF",
        );
        assert_eq!(
            token_info(&content).unwrap(),
            TokenInfo {
                label: "CPS3".into(),
                manufacturer: "ASIP".into(),
                serial: vec![0x12, 0x34, 0x56, 0x78],
                last_update: Some("20240315103045Z".into()),
            }
        );
    }

    #[test]
    fn hardly_anything() {
        assert_eq!(
            token_info(&der("30 { 02 { 00 } }")).unwrap(),
            TokenInfo::default()
        );
    }

    #[test]
    fn implicit_last_update() {
        let content = der("30 { 85 { '20240315103045Z' } }");
        assert_eq!(
            token_info(&content).unwrap().last_update.as_deref(),
            Some("20240315103045Z")
        );
    }

    #[test]
    fn cut_anywhere_it_is_an_error_or_less_information() {
        let content = der("30 { 85 { '20240315103045Z' } }");
        assert!((0..content.len()).all(|end| token_info(&content[..end]).is_err()));
    }
}
