//! EF.DIR: the applications of the card (ISO 7816-4 §8.2.1.1, PKCS #15 §5.4).

use super::decode::{LastField, understood};
use crate::iso7816::Malformed;

/// Application template, and in it the application's identifier and path.
const TEMPLATE: u32 = 0x61;
const AID: u32 = 0x4F;
const PATH: u32 = 0x51;

const MF: u16 = 0x3F00;

/// Path of the application `aid`, from 3F00 downwards: `61 { 4F aid, 50 label, 51 path }`. `None`
/// when EF.DIR does not know it, or not its path.
pub fn application_path(file: &[u8], aid: &[u8]) -> Result<Option<Vec<u16>>, Malformed> {
    let paths = understood(file, "EF.DIR", LastField::Any, |template| {
        if template.tag != TEMPLATE {
            return Ok(None);
        }
        let fields = template.inside();
        match (fields.find(AID)?, fields.find(PATH)?) {
            (Some(found), Some(path)) if found.value == aid => Ok(absolute(path.value)),
            _ => Ok(None),
        }
    })?;
    Ok(paths.into_iter().flatten().next())
}

/// File identifiers of a path, which may leave out the master file.
fn absolute(path: &[u8]) -> Option<Vec<u16>> {
    let (pairs, []) = path.as_chunks::<2>() else {
        return None;
    };
    let fids = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
    match pairs.first()? {
        [0x3F, 0x00] => Some(fids.collect()),
        _ => Some([MF].into_iter().chain(fids).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkcs15::notation::der;

    const CONTACTLESS: &str = "E828BD080F8025000001FF0020";

    fn find(records: &str) -> Option<Vec<u16>> {
        application_path(&der(records), &der(CONTACTLESS)).unwrap()
    }

    #[test]
    fn the_record_of_the_application_in_any_place() {
        let contact = "61 { 4F { E828BD080F8025000001FF0010 } 51 { 3F000001 } }";
        let contactless = format!("61 {{ 4F {{ {CONTACTLESS} }} 50 {{ 'CPS' }} 51 {{ 3F000002 }} }}");
        for records in [
            format!("{contact} {contactless} 00 00"),
            format!("{contactless} {contact}"),
        ] {
            assert_eq!(find(&records), Some(vec![0x3F00, 0x0002]), "{records}");
        }
        assert_eq!(find(contact), None);
    }

    #[test]
    fn a_path_may_leave_out_the_master_file() {
        assert_eq!(
            find(&format!("61 {{ 4F {{ {CONTACTLESS} }} 51 {{ 0007 }} }}")),
            Some(vec![0x3F00, 0x0007])
        );
    }

    #[test]
    fn a_record_without_a_usable_path() {
        for path in ["", "51 { }", "51 { 3F0000 }"] {
            assert_eq!(
                find(&format!("61 {{ 4F {{ {CONTACTLESS} }} {path} }}")),
                None,
                "{path}"
            );
        }
    }
}
