//! EF.TokenInfo (PKCS #15 §6.9).

use super::decode::{BIT_STRING, GENERALIZED_TIME, SEQUENCE, UTF8_STRING, text};
use super::types::TokenInfo;
use crate::iso7816::Malformed;
use crate::iso7816::tlv::{Tlv, begun, objects};

/// Reads EF.TokenInfo.
pub fn token_info(file: &[u8]) -> Result<TokenInfo, Malformed> {
    let mut info = TokenInfo::default();
    for field in objects(file).expect(SEQUENCE, "TokenInfo")?.inside() {
        take(&mut info, &field?)?;
    }
    Ok(info)
}

/// Reads the beginning of EF.TokenInfo: all but lastUpdate. `None` when the field behind the label
/// has not begun, or at any oddity: the whole file will tell.
pub fn token_info_head(head: &[u8]) -> Option<TokenInfo> {
    let mut info = TokenInfo::default();
    let mut fields = begun(head, SEQUENCE)?;
    // tokenFlags, the one field that must follow the label.
    while u32::from(*fields.rest().first()?) != BIT_STRING {
        take(&mut info, &fields.next()?.ok()?).ok()?;
    }
    Some(info)
}

fn take(info: &mut TokenInfo, field: &Tlv<'_>) -> Result<(), Malformed> {
    match field.tag {
        UTF8_STRING => info.manufacturer = text(field.value),
        0x80 => info.label = text(field.value),
        0x85 | 0xA5 => info.last_update = last_update(field)?,
        _ => {}
    }
    Ok(())
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
                last_update: Some("20240315103045Z".into()),
            }
        );
    }

    #[test]
    fn the_head_says_all_but_the_update() {
        let content = der(
            "30 { 02 { 00 } 04 { 12345678 } 0C { 'ASIP' } 80 { 'CPS3' } 03 { 04 10 } A5 { 18 { '20240315103045Z' } } }",
        );
        let all = token_info(&content).unwrap();
        let flags = content
            .windows(3)
            .position(|at| at == [0x03, 0x02, 0x04])
            .unwrap();
        for end in 0..content.len() {
            let head = token_info_head(&content[..end]);
            assert_eq!(head.is_some(), end > flags, "{end}");
            if let Some(head) = head {
                assert_eq!((&head.label, &head.manufacturer), (&all.label, &all.manufacturer));
                assert_eq!(head.last_update, None);
            }
        }
        // Without flags nobody knows whether a label comes.
        assert_eq!(token_info_head(&der("30 { 02 { 00 } }")), None);
        assert_eq!(token_info_head(&der("31 { 03 { 04 10 } }")), None);
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
