//! Files of the CPS2ter side of a CPS3, in class A0.
//!
//! SELECT goes down one level at a time and answers 9Fxx; READ BINARY is that of ISO 7816-4. The holder's code is
//! expected to have been given to the other side of the card.

use zeroize::Zeroizing;

use super::CardError;
use super::dialogue::Dialogue;
use super::files::{self, Extent, big_endian};
use crate::iso7816::Command;
use crate::iso7816::tlv::objects;

const CLASS: u8 = 0xA0;
const SELECT: [u8; 4] = [CLASS, 0xA4, 0x00, 0x00];

/// Reads a file whole.
pub(super) fn read(card: &mut Dialogue<'_>, fids: &[u16]) -> Result<Zeroizing<Vec<u8>>, CardError> {
    let (file, above) = fids.split_last().ok_or(CardError::Unsupported)?;
    for directory in above {
        card.select(&Command::new(SELECT).data(&directory.to_be_bytes()))?;
    }
    let control_information = card.perform(&Command::new(SELECT).data(&file.to_be_bytes()).expect(256))?;
    let size = size(&control_information)?;
    files::read(card, CLASS, 0, Extent::Bytes(size), true)
}

/// Size of a file: `85 len { size (2 bytes), file identifier (2), type (1), ... }`.
fn size(control_information: &[u8]) -> Result<usize, CardError> {
    let file = objects(control_information).find(0x85)?;
    file.and_then(|file| big_endian(file.value.get(..2)?))
        .ok_or(CardError::Malformed("answer to SELECT in class A0"))
}
