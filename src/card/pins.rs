//! PINs before they go to the card.

use zeroize::Zeroizing;

use super::dialogue::{Dialogue, pin_refusal};
use super::{CardError, PinObject};
use crate::iso7816::Command;
use crate::pin::Pin;

/// Longest PIN that is sent: two of them fit into one command.
const BLOCK_MAX: usize = 127;

/// What VERIFY and CHANGE REFERENCE DATA carry for `presented`: its digits, padded if AODF says so.
///
/// A PIN that the card cannot have is refused here, so that it costs no try.
pub(super) fn block(pin: &PinObject, presented: Pin<'_>) -> Result<Zeroizing<Vec<u8>>, CardError> {
    let digits = presented.digits();
    if !(pin.min_len..=pin.max_len).contains(&digits.len()) || digits.is_empty() {
        return Err(CardError::PinLength);
    }
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(CardError::PinDigits);
    }
    let length = pin.pad.map_or(digits.len(), |_| digits.len().max(pin.stored_len));
    if length > BLOCK_MAX {
        return Err(CardError::Malformed("stored length of a PIN"));
    }
    let mut block = Zeroizing::new(Vec::with_capacity(length));
    block.extend_from_slice(digits);
    block.resize(length, pin.pad.unwrap_or_default());
    Ok(block)
}

/// Sends a command about a PIN; `data` never shows in the trace, nor does its length.
pub(super) fn send_pin_command(
    card: &mut Dialogue<'_>,
    [class, ins, p1]: [u8; 3],
    reference: u8,
    data: &[u8],
) -> Result<(), CardError> {
    let answer = card.exchange(&Command::new([class, ins, p1, reference]).data(data).sensitive())?;
    if answer.sw.is_ok() {
        Ok(())
    } else {
        Err(pin_refusal(answer.sw))
    }
}
