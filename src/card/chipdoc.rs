//! CPS4: an NXP ChipDoc chip, contact interface. All commands go over logical channel 1 (class 01).
//! Commands as observed from the official module.

use zeroize::Zeroizing;

use super::commands::{APPLICATION, Commands, path_bytes};
use super::dialogue::{Dialogue, pin_refusal, refusal};
use super::files;
use super::pins::send_pin_command;
use super::{Abilities, CardError, Chip, Deciphered, KeyRef, KeyRole, PinObject, PinState};
use crate::crypto::padding::{pkcs1, pss};
use crate::crypto::{Hash, ToSign, digest_info};
use crate::iso7816::Command;
use crate::reader::Protocol;

/// Class of the commands: logical channel 1.
const CLASS: u8 = 0x01;

/// Root application.
const ROOT_AID: [u8; 8] = [0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x01, 0x00];
/// CPS2ter application and card manager, which bring a card back whose root application cannot be
/// selected.
const CPS2TER_AID: [u8; 8] = [0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x02];
const CARD_MANAGER_AID: [u8; 7] = [0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00];

const MF: u16 = 0x3F00;

/// SELECT by application identifier, without an answer; opens channel 1.
const SELECT_AID: [u8; 4] = [0x01, 0xA4, 0x04, 0x0C];
const SELECT_AID_BASIC_CHANNEL: [u8; 4] = [0x00, 0xA4, 0x04, 0x0C];
/// SELECT by path from the master file, 3F00 left out, with file control information.
const SELECT_PATH: [u8; 4] = [0x01, 0xA4, 0x08, 0x00];
/// GUESS: the master file itself, by its identifier. No directory seen so far asks for it.
const SELECT_FID: [u8; 4] = [0x01, 0xA4, 0x00, 0x00];

const VERIFY: [u8; 3] = [0x01, 0x20, 0x00];
/// CHANGE REFERENCE DATA with the new PIN alone, after VERIFY or RESET RETRY COUNTER.
const CHANGE_REFERENCE_DATA: [u8; 3] = [0x01, 0x24, 0x01];
/// RESET RETRY COUNTER without data, after VERIFY of the PUK; its P2 has bit 8 set.
const RESET_RETRY_COUNTER: [u8; 3] = [0x01, 0x2C, 0x03];
const RESET_REFERENCE: u8 = 0x80;

/// MSE SET: digital signature, then confidentiality.
const MSE_SIGNATURE: [u8; 4] = [0x01, 0x22, 0x81, 0xB6];
const MSE_CONFIDENTIALITY: [u8; 4] = [0x01, 0x22, 0x41, 0xB8];
const PSO_COMPUTE_DIGITAL_SIGNATURE: [u8; 4] = [0x01, 0x2A, 0x9E, 0x9A];
const PSO_DECIPHER: [u8; 4] = [0x01, 0x2A, 0x80, 0x86];

/// Algorithm references of PSO COMPUTE DIGITAL SIGNATURE.
const ALG_SHA1_PKCS1: u8 = 0x0A;
const ALG_SHA256_PKCS1: u8 = 0x28;
const ALG_SHA1_PSS: u8 = 0x15;
const ALG_SHA256_PSS: u8 = 0x2C;

/// Added to a key reference in the signature environment.
const SIGNATURE_KEY: u8 = 0x80;

/// The card does not tell how many tries a PIN has at most; the official module takes three for
/// each.
const TRIES_MAX: u8 = 3;

/// What is known of a CPS4 between two transactions.
#[derive(Debug, Default)]
pub(super) struct ChipDoc {
    /// The root application was selected on channel 1 since the last reset.
    open: bool,
    /// The PKCS #15 application was entered since then.
    entered: bool,
}

impl ChipDoc {
    fn select_path(
        &mut self,
        card: &mut Dialogue<'_>,
        fids: &[u16],
        want_answer: bool,
    ) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let command = match fids.strip_prefix(&[MF]) {
            Some([]) => Command::new(SELECT_FID).data(&path_bytes(fids)),
            Some(below) => Command::new(SELECT_PATH).data(&path_bytes(below)),
            None => Command::new(SELECT_PATH).data(&path_bytes(fids)),
        };
        let answer = card.select(&if want_answer { command.expect(256) } else { command })?;
        self.entered |= fids.starts_with(&APPLICATION);
        Ok(answer)
    }

    /// Makes the PKCS #15 application current if it was not since the card was last taken up.
    fn enter(&mut self, card: &mut Dialogue<'_>) -> Result<(), CardError> {
        if !self.entered {
            self.select_path(card, &APPLICATION, false)?;
        }
        Ok(())
    }

    fn select_pin_file(&mut self, card: &mut Dialogue<'_>, pin: &PinObject) -> Result<(), CardError> {
        if let Some(path) = &pin.path {
            self.select_path(card, &path.fids, false)?;
        }
        Ok(())
    }

    /// The chip hashes nothing and makes the salt of PSS itself, as long as the digest.
    fn compute_signature(
        &mut self,
        card: &mut Dialogue<'_>,
        key: &KeyRef,
        algorithm: u8,
        digest: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CardError> {
        self.enter(card)?;
        card.perform(&Command::new(MSE_SIGNATURE).data(&[
            0x91,
            0x02,
            algorithm,
            key.reference | SIGNATURE_KEY,
        ]))?;
        card.perform(
            &Command::new(PSO_COMPUTE_DIGITAL_SIGNATURE)
                .data(digest)
                .expect(key.modulus_len),
        )
    }

    /// The private-key operation on a whole block; this chip has no INTERNAL AUTHENTICATE.
    fn private_operation(
        &mut self,
        card: &mut Dialogue<'_>,
        key: &KeyRef,
        block: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CardError> {
        if block.len() != key.modulus_len {
            return Err(CardError::Unsupported);
        }
        self.enter(card)?;
        card.perform(&Command::new(MSE_CONFIDENTIALITY).data(&[0x83, 0x01, key.reference]))?;
        card.perform(
            &Command::new(PSO_DECIPHER)
                .data(block)
                .expect(key.modulus_len)
                .sensitive(),
        )
    }

    /// Signs bare data: the host pads it with block type 1.
    fn sign_bare(
        &mut self,
        card: &mut Dialogue<'_>,
        key: &KeyRef,
        data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let block = pkcs1::pad_type1(data, key.modulus_len).ok_or(CardError::Unsupported)?;
        self.private_operation(card, key, &block)
    }
}

impl Commands for ChipDoc {
    fn class(&self) -> u8 {
        CLASS
    }

    fn chip(&self) -> Chip {
        Chip::Cps4
    }

    fn application(&self) -> &[u16] {
        &APPLICATION
    }

    fn must_select(&self) -> bool {
        !self.open
    }

    fn select_application(&mut self, card: &mut Dialogue<'_>) -> Result<(), CardError> {
        self.forget();
        let root = Command::new(SELECT_AID).data(&ROOT_AID);
        if !card.exchange(&root)?.sw.is_normal() {
            card.exchange(&Command::new(SELECT_AID).data(&CARD_MANAGER_AID))?;
            card.exchange(&Command::new(SELECT_AID_BASIC_CHANNEL).data(&CPS2TER_AID))?;
            card.select(&root)?;
        }
        self.open = true;
        Ok(())
    }

    fn forget(&mut self) {
        (self.open, self.entered) = (false, false);
    }

    fn select_file(
        &mut self,
        card: &mut Dialogue<'_>,
        fids: &[u16],
        want_size: bool,
    ) -> Result<Option<usize>, CardError> {
        // Under T=1 the control information comes along; under T=0 it costs a GET RESPONSE.
        let fetch = want_size || card.protocol() == Protocol::T1;
        Ok(files::size(&self.select_path(card, fids, fetch)?)?)
    }

    /// VERIFY without data tells the counter.
    fn pin_state(&mut self, card: &mut Dialogue<'_>, pin: &PinObject) -> Result<PinState, CardError> {
        self.select_pin_file(card, pin)?;
        let [class, ins, p1] = VERIFY;
        let sw = card.exchange(&Command::new([class, ins, p1, pin.reference]))?.sw;
        let tries_left = match (pin_refusal(sw), sw.counter()) {
            _ if sw.is_ok() => None,
            (CardError::PinBlocked, _) => Some(0),
            (_, Some(tries_left)) => Some(tries_left),
            _ => return Err(refusal(sw)),
        };
        let tries_max = Some(TRIES_MAX.max(tries_left.unwrap_or_default()));
        Ok(PinState {
            tries_left,
            tries_max,
            uses_left: None,
            verified: sw.is_ok(),
        })
    }

    fn verify(&mut self, card: &mut Dialogue<'_>, pin: &PinObject, block: &[u8]) -> Result<(), CardError> {
        self.select_pin_file(card, pin)?;
        send_pin_command(card, VERIFY, pin.reference, block)
    }

    /// Two steps: if the second one fails, the old PIN holds and stays verified.
    fn change_pin(
        &mut self,
        card: &mut Dialogue<'_>,
        pin: &PinObject,
        old: &[u8],
        new: &[u8],
    ) -> Result<(), CardError> {
        self.verify(card, pin, old)?;
        card.note_application_selected();
        send_pin_command(card, CHANGE_REFERENCE_DATA, pin.reference, new)
    }

    fn unblock_pin(&mut self, card: &mut Dialogue<'_>, pin: &PinObject, new: &[u8]) -> Result<(), CardError> {
        self.select_pin_file(card, pin)?;
        send_pin_command(card, RESET_RETRY_COUNTER, pin.reference | RESET_REFERENCE, &[])?;
        card.note_application_selected();
        send_pin_command(card, CHANGE_REFERENCE_DATA, pin.reference, new)
    }

    fn abilities(&self, key: &KeyRef) -> Abilities {
        match key.role {
            KeyRole::Signature => Abilities {
                digest: &[Hash::Sha1, Hash::Sha256],
                pkcs1_max: None,
                pss: &[Hash::Sha1, Hash::Sha256],
                raw: false,
                decipher: false,
            },
            KeyRole::Authentication => Abilities {
                digest: &[Hash::Sha1, Hash::Sha224, Hash::Sha256, Hash::Sha384, Hash::Sha512],
                pkcs1_max: key.modulus_len.checked_sub(pkcs1::OVERHEAD),
                pss: &[Hash::Sha1, Hash::Sha256],
                raw: true,
                decipher: true,
            },
        }
    }

    fn sign(
        &mut self,
        card: &mut Dialogue<'_>,
        key: &KeyRef,
        what: &ToSign,
    ) -> Result<Zeroizing<Vec<u8>>, CardError> {
        match (key.role, what) {
            (_, ToSign::Pss { parameters, digest }) if digest.len() == parameters.hash.len() => {
                let algorithm = match parameters.hash {
                    // The chip has this one shape of PSS.
                    hash if *parameters != pss::Params::usual(hash) => return Err(CardError::Unsupported),
                    Hash::Sha1 => ALG_SHA1_PSS,
                    Hash::Sha256 => ALG_SHA256_PSS,
                    _ => return Err(CardError::Unsupported),
                };
                self.compute_signature(card, key, algorithm, digest)
            }
            (KeyRole::Signature, ToSign::Digest { hash, digest, .. }) if digest.len() == hash.len() => {
                let algorithm = match hash {
                    Hash::Sha1 => ALG_SHA1_PKCS1,
                    Hash::Sha256 => ALG_SHA256_PKCS1,
                    _ => return Err(CardError::Unsupported),
                };
                self.compute_signature(card, key, algorithm, digest)
            }
            (KeyRole::Authentication, ToSign::Digest { hash, digest, .. }) => {
                let info = digest_info::encode(*hash, digest).ok_or(CardError::Unsupported)?;
                self.sign_bare(card, key, &info)
            }
            (KeyRole::Authentication, ToSign::Bare(data)) => self.sign_bare(card, key, data),
            (KeyRole::Authentication, ToSign::Block(block)) => self.private_operation(card, key, block),
            _ => Err(CardError::Unsupported),
        }
    }

    /// The block comes back as it is.
    fn decipher(
        &mut self,
        card: &mut Dialogue<'_>,
        key: &KeyRef,
        cryptogram: &[u8],
    ) -> Result<Deciphered, CardError> {
        if key.role != KeyRole::Authentication {
            return Err(CardError::Unsupported);
        }
        Ok(Deciphered::Block(self.private_operation(card, key, cryptogram)?))
    }
}

#[cfg(test)]
mod tests;
