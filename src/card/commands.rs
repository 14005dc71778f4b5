//! What is particular to a chip: its commands. [`super::Card`] runs them inside transactions.

use zeroize::Zeroizing;

use super::dialogue::Dialogue;
use super::update::Stamp;
use super::{Abilities, CardError, Chip, Deciphered, KeyRef, PinObject, PinState};
use crate::crypto::ToSign;
use crate::memory;
use crate::pkcs15::DataObject;

/// DF of the PKCS #15 application of the contact interface. Observed on a real CPS3; CPS4 has the
/// same.
pub(super) const APPLICATION: [u16; 2] = [0x3F00, 0x0001];

/// The commands of one chip, and what is known of the chip's state between them.
pub(super) trait Commands: Send {
    /// Class of the chip's commands: 00, or 01 on logical channel 1.
    fn class(&self) -> u8;

    /// Short identifier of EF.SN.ICC, where it is known to work.
    fn ef_sn_sfi(&self) -> Option<u8> {
        None
    }

    /// See [`super::Card::chip`].
    fn chip(&self) -> Chip;

    /// DF of the PKCS #15 application.
    fn application(&self) -> &[u16];

    /// Finds out where the PKCS #15 application is, where that is not fixed.
    fn locate_application(&mut self, _card: &mut Dialogue<'_>) -> Result<(), CardError> {
        Ok(())
    }

    /// Nothing works before [`Commands::select_application`].
    fn must_select(&self) -> bool;

    /// Makes the root application the selected one, from whatever another program has left.
    fn select_application(&mut self, card: &mut Dialogue<'_>) -> Result<(), CardError>;

    /// The card was reset.
    fn forget(&mut self);

    /// The card may have been reset, or another program may have selected its own application.
    fn lose_track(&mut self) {
        self.forget();
    }

    /// Selects a file; its size if asked for, or if it costs nothing to know.
    fn select_file(
        &mut self,
        card: &mut Dialogue<'_>,
        fids: &[u16],
        want_size: bool,
    ) -> Result<Option<usize>, CardError>;

    /// Reads a file of the CPS2ter side.
    fn read_legacy_file(
        &mut self,
        _card: &mut Dialogue<'_>,
        _fids: &[u16],
    ) -> Result<Zeroizing<Vec<u8>>, CardError> {
        Err(CardError::Unsupported)
    }

    /// Data objects that the card has without saying so in its directory, which announces `data`.
    fn unannounced_data(&self, _data: &[DataObject]) -> memory::Result<Vec<DataObject>> {
        Ok(Vec::new())
    }

    /// Updates of the card's data leave their stamp in a file of its own, not in TokenInfo.
    fn has_stamp_file(&self) -> bool {
        false
    }

    /// The stamp that updates of the card's data leave in a file of its own; `None` where the chip
    /// has no such file.
    fn read_stamp(&mut self, _card: &mut Dialogue<'_>) -> Result<Option<Stamp>, CardError> {
        Ok(None)
    }

    /// See [`super::Card::pin_state`].
    fn pin_state(&mut self, card: &mut Dialogue<'_>, pin: &PinObject) -> Result<PinState, CardError>;

    /// Presents `block`, a checked and padded PIN.
    fn verify(&mut self, card: &mut Dialogue<'_>, pin: &PinObject, block: &[u8]) -> Result<(), CardError>;

    /// Replaces a PIN by another, both checked and padded.
    fn change_pin(
        &mut self,
        card: &mut Dialogue<'_>,
        pin: &PinObject,
        old: &[u8],
        new: &[u8],
    ) -> Result<(), CardError>;

    /// Sets a PIN after the PUK was verified.
    fn unblock_pin(&mut self, card: &mut Dialogue<'_>, pin: &PinObject, new: &[u8]) -> Result<(), CardError>;

    /// See [`super::Card::abilities`].
    fn abilities(&self, key: &KeyRef) -> Abilities;

    /// See [`super::Card::sign`].
    fn sign(
        &mut self,
        card: &mut Dialogue<'_>,
        key: &KeyRef,
        what: &ToSign,
    ) -> Result<Zeroizing<Vec<u8>>, CardError>;

    /// See [`super::Card::decipher`]; `cryptogram` has the modulus' length.
    fn decipher(
        &mut self,
        card: &mut Dialogue<'_>,
        key: &KeyRef,
        cryptogram: &[u8],
    ) -> Result<Deciphered, CardError>;
}

/// A path of file identifiers as SELECT carries it.
pub(super) fn path_bytes(fids: &[u16]) -> Vec<u8> {
    fids.iter().flat_map(|fid| fid.to_be_bytes()).collect()
}
