//! What every chip does.

use crate::chips::codes::Codes;
use crate::iso7816::apdu::Apdu;
use crate::iso7816::files::FileSystem;
use crate::iso7816::transport::Answer;

/// What one chip does with commands, whatever carries them.
pub trait Application: Send {
    /// Power was lost or the reset line pulled: everything selected or set is gone. Codes are seen to by the card.
    fn reset(&mut self);

    /// Executes one command.
    fn execute(&mut self, apdu: &Apdu<'_>, codes: &mut Codes) -> Answer;

    /// The file trees of the card, each with the way that leads to it, as `class 00`.
    fn trees(&self) -> Vec<(&'static str, &FileSystem)>;
}
