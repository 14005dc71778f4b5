//! Security data objects of IAS-ECC: what GET DATA tells of a PIN.

use super::dialogue::Dialogue;
use super::files::big_endian;
use super::{CardError, PinState};
use crate::iso7816::tlv::objects;
use crate::iso7816::{Command, Malformed};

const GET_DATA: [u8; 4] = [0x00, 0xCB, 0x3F, 0xFF];

/// Tag of the object of PIN 0; the last byte is the number of the PIN.
const PIN: u32 = 0xBF_8100;

/// Bits of a reference that are the number of the object; bit 8 only says that it belongs to the
/// current DF.
const NUMBER: u8 = 0x7F;

const SHAPE: Malformed = Malformed("attributes of a PIN");

/// Asks for the attributes of the PIN: `4D { 70 { BF81xx { A0 80 } } }`, where A0 is their tag and
/// 80 stands for "all".
pub(super) fn pin_state(card: &mut Dialogue<'_>, reference: u8) -> Result<PinState, CardError> {
    let number = reference & NUMBER;
    let question = [0x4D, 0x08, 0x70, 0x06, 0xBF, 0x81, number, 0x02, 0xA0, 0x80];
    let answer = card.perform(&Command::new(GET_DATA).data(&question).expect(256))?;
    Ok(counters(&answer, PIN | u32::from(number))?)
}

/// Reads `70 { BF81xx { A0 { 9A tries at most, 9B tries left, 9D uses left, ... } } }`; 9D may be
/// missing, and 9A.
fn counters(answer: &[u8], tag: u32) -> Result<PinState, Malformed> {
    let template = objects(answer).find(0x70)?.ok_or(SHAPE)?;
    let pin = template.inside().find(tag)?.ok_or(SHAPE)?;
    let attributes = pin.inside().find(0xA0)?.ok_or(SHAPE)?.inside();
    let counter = |tag| match attributes.find(tag)? {
        Some(object) => big_endian(object.value).ok_or(SHAPE).map(Some),
        None => Ok(None),
    };
    let byte = |n| u8::try_from(n).map_err(|_| SHAPE);
    Ok(PinState {
        tries_left: Some(byte(counter(0x9B)?.ok_or(SHAPE)?)?),
        tries_max: counter(0x9A)?.map(byte).transpose()?,
        uses_left: counter(0x9D)?
            .map(|n| u16::try_from(n).map_err(|_| SHAPE))
            .transpose()?,
        verified: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::script::{Script, hex};
    use crate::reader::{Continuity, Protocol};

    #[test]
    fn bit_eight_of_a_reference_is_no_part_of_the_number() {
        for (reference, number) in [(0x01, "01"), (0x81, "01"), (0xFE, "7E")] {
            let script = format!(
                "> 00CB3FFF 0A 4D08 7006 BF81{number} 02 A080 00
                 < 7010 BF81{number} 0C A00A 9A0105 9B0103 9D020102 9000"
            );
            let mut connection = Script::connection(Protocol::T1, &script);
            assert_eq!(connection.begin(), Ok(Continuity::Kept));
            let state = pin_state(&mut Dialogue::new(&mut *connection), reference).expect("counters");
            assert_eq!(
                (state.tries_left, state.tries_max, state.uses_left, state.verified),
                (Some(3), Some(5), Some(0x0102), false)
            );
        }
    }

    #[test]
    fn attributes_may_be_missing_but_not_the_tries_left() {
        let read = |attributes: &str| {
            let attributes = hex(attributes);
            let length = attributes.len() as u8;
            let head = [0x70, length + 6, 0xBF, 0x81, 0x01, length + 2, 0xA0, length];
            counters(&[&head, &attributes[..]].concat(), PIN | 1)
        };
        let state = read("9B0102").expect("counters");
        assert_eq!(
            (state.tries_left, state.tries_max, state.uses_left),
            (Some(2), None, None)
        );
        for odd in [
            "9A0103",
            "9B020103",
            "9B00",
            "9B0103 9A020103",
            "9B0103 9D03010203",
        ] {
            assert_eq!(read(odd), Err(SHAPE), "{odd}");
        }
    }
}
