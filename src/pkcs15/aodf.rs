//! AODF: the PINs (PKCS #15 §6.8).

use super::decode::{
    BIT_STRING, Bits, INTEGER, LastField, OCTET_STRING, SEQUENCE, entry, number, path, reference, understood,
};
use super::types::PinObject;
use crate::iso7816::Malformed;
use crate::iso7816::tlv::Tlv;

/// ENUMERATED, the type of pinType.
const ENUMERATED: u32 = 0x0A;

/// PinFlags (PKCS #15 §6.8.2).
const NEEDS_PADDING: usize = 5;
const UNBLOCKING_PIN: usize = 6;
const SO_PIN: usize = 7;

/// GUESS: pads a PIN whose entry asks for padding without saying with what; FF is what ISO 7816-4
/// fills with.
const DEFAULT_PAD: u8 = 0xFF;

/// Reads AODF. `application` holds the file identifiers of the application's DF.
pub fn pins(file: &[u8], application: &[u16]) -> Result<Vec<PinObject>, Malformed> {
    understood(file, "AODF", LastField::TypeAttributes, |object| {
        pin(object, application)
    })
}

/// PinAttributes: `pinFlags, pinType, minLength, storedLength, maxLength OPTIONAL, pinReference
/// [0], padChar OPTIONAL, lastPinChange OPTIONAL, path OPTIONAL`.
fn pin(object: &Tlv<'_>, application: &[u16]) -> Result<PinObject, Malformed> {
    let mut object = entry(object)?;
    let auth_id = object.class.expect(OCTET_STRING, "authId")?.value.to_vec();
    let mut fields = object.kind.expect(SEQUENCE, "PinAttributes")?.inside();
    let flags = Bits::new(fields.expect(BIT_STRING, "pinFlags")?.value);
    fields.expect(ENUMERATED, "pinType")?;
    let min_len = number(fields.expect(INTEGER, "minLength")?.value)?;
    let stored_len = number(fields.expect(INTEGER, "storedLength")?.value)?;
    let max_len = fields
        .next_if(INTEGER)?
        .map(|t| number(t.value))
        .transpose()?
        .unwrap_or(stored_len);
    let reference = fields
        .next_if(0x80)?
        .map(|t| reference(t.value))
        .transpose()?
        .unwrap_or(0);
    let pad = fields
        .next_if(OCTET_STRING)?
        .and_then(|t| t.value.first().copied());
    let path = match fields.find(SEQUENCE)? {
        Some(found) => path(found.inside(), application)?,
        None => None,
    };
    Ok(PinObject {
        common: object.common,
        auth_id,
        unblocking: flags.get(UNBLOCKING_PIN) || flags.get(SO_PIN),
        reference,
        min_len,
        max_len,
        stored_len,
        pad: flags.get(NEEDS_PADDING).then(|| pad.unwrap_or(DEFAULT_PAD)),
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkcs15::notation::{APPLICATION, der};
    use crate::pkcs15::{Common, Path};

    fn one(text: &str) -> PinObject {
        pins(&der(text), APPLICATION).unwrap().pop().expect("one PIN")
    }

    #[test]
    fn the_code_of_a_cps3() {
        let pin = one("30 { 30 { 0C { 'Code CPS' } 03 { 06 C0 } } 30 { 04 { 01 } }
                             A1 { 30 { 03 { 03 C8 } 0A { 01 } 02 { 04 } 02 { 08 } 02 { 08 } 80 { 01 } } } }");
        let common = Common {
            label: "Code CPS".into(),
            private: true,
            modifiable: true,
            auth_id: None,
        };
        assert_eq!(
            pin,
            PinObject {
                common,
                auth_id: vec![1],
                unblocking: false,
                reference: 1,
                min_len: 4,
                max_len: 8,
                stored_len: 8,
                pad: None,
                path: None,
            }
        );
    }

    #[test]
    fn the_unblocking_code_with_padding_and_a_path() {
        let pin = one("30 { 30 { } 30 { 04 { 02 } }
                             A1 { 30 { 03 { 00 0D } 0A { 01 } 02 { 08 } 02 { 10 } 80 { 02 } 04 { 00 }
                                       18 { '20240315103045Z' } 30 { 04 { 3F00 } } } } } 00 00");
        assert!(pin.unblocking);
        assert_eq!(
            (pin.reference, pin.min_len, pin.max_len, pin.stored_len),
            (2, 8, 16, 16)
        );
        assert_eq!(pin.pad, Some(0x00));
        assert_eq!(
            pin.path,
            Some(Path {
                fids: vec![0x3F00],
                part: None,
                legacy: false
            })
        );
    }

    #[test]
    fn a_second_code_that_is_odd_does_not_hide_the_first() {
        let both = der(
            "30 { 30 { } 30 { 04 { 01 } } A1 { 30 { 03 { 00 } 0A { 01 } 02 { 04 } 02 { 08 } } } }
                        30 { 30 { } 30 { 04 { 02 } } A1 { 30 { 03 { 00 } 0A { 01 } 02 { 84 } 02 { 08 } } } }",
        );
        let pins = pins(&both, APPLICATION).unwrap();
        assert_eq!(pins.iter().map(|c| &c.auth_id[..]).collect::<Vec<_>>(), [[1]]);
    }

    #[test]
    fn other_ways_of_authentication_are_left_out() {
        assert!(
            pins(&der("A0 { 30 { } 30 { 04 { 01 } } A1 { } }"), APPLICATION)
                .unwrap()
                .is_empty()
        );
    }
}
