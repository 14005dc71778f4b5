//! CPS3: an IAS-ECC chip, on its contacts or over the air. Commands as observed on real cards and
//! in the official module.
//!
//! Over the air there is one application with one key, no PIN, and neither EF_ACTUA nor the CPS2ter
//! side.

use zeroize::Zeroizing;

use super::commands::{APPLICATION, Commands, path_bytes};
use super::dialogue::Dialogue;
use super::files::{self, Extent};
use super::legacy;
use super::pins::send_pin_command;
use super::security_object;
use super::update::{self, EF_ACTUA, Stamp};
use super::{Abilities, CardError, Chip, Deciphered, KeyRef, KeyRole, PinObject, PinState};
use crate::crypto::{Hash, LastRound, ToSign, digest_info};
use crate::iso7816::Command;
use crate::memory;
use crate::pkcs15::{self, DataObject};
use crate::reader::Protocol;

/// Class of the commands: the basic logical channel.
const CLASS: u8 = 0x00;

/// Short identifier of EF.SN.ICC.
const EF_SN_SFI: u8 = 0x1C;

/// Root application.
const ROOT_AID: [u8; 8] = [0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x01, 0x00];

const MF: [u16; 1] = [0x3F00];

/// EF.DIR and the application of the contactless interface.
const EF_DIR: [u16; 2] = [0x3F00, 0x2F00];
const CONTACTLESS_AID: [u8; 13] = [
    0xE8, 0x28, 0xBD, 0x08, 0x0F, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x20,
];
/// DF of that application where EF.DIR names none: the official module selects it.
const CONTACTLESS_APPLICATION: [u16; 2] = [0x3F00, 0x0002];

/// SELECT by application identifier, with file control information.
const SELECT_AID: [u8; 4] = [0x00, 0xA4, 0x04, 0x04];
/// SELECT by path, with file control information.
const SELECT_PATH: [u8; 4] = [0x00, 0xA4, 0x09, 0x04];
/// SELECT by path, without an answer.
const SELECT_PATH_SILENT: [u8; 4] = [0x00, 0xA4, 0x09, 0x0C];

const VERIFY: [u8; 3] = [0x00, 0x20, 0x00];
const CHANGE_REFERENCE_DATA: [u8; 3] = [0x00, 0x24, 0x00];
/// RESET RETRY COUNTER with the new PIN alone.
const RESET_RETRY_COUNTER: [u8; 3] = [0x00, 0x2C, 0x02];

/// MSE SET of the templates for hashing, digital signature, authentication and confidentiality.
const MSE_HASH: [u8; 4] = [0x00, 0x22, 0x41, 0xAA];
const MSE_SIGNATURE: [u8; 4] = [0x00, 0x22, 0x41, 0xB6];
const MSE_AUTHENTICATION: [u8; 4] = [0x00, 0x22, 0x41, 0xA4];
const MSE_CONFIDENTIALITY: [u8; 4] = [0x00, 0x22, 0x41, 0xB8];

const PSO_HASH: [u8; 4] = [0x00, 0x2A, 0x90, 0xA0];
const PSO_COMPUTE_DIGITAL_SIGNATURE: [u8; 4] = [0x00, 0x2A, 0x9E, 0x9A];
const PSO_DECIPHER: [u8; 4] = [0x00, 0x2A, 0x80, 0x86];
const INTERNAL_AUTHENTICATE: [u8; 4] = [0x00, 0x88, 0x00, 0x00];

/// Algorithm references: hash alone, hash and signature, RSA for authentication, RSA for
/// deciphering.
const ALG_SHA1: u8 = 0x10;
const ALG_SHA256: u8 = 0x40;
const ALG_SHA1_RSA: u8 = 0x12;
const ALG_SHA256_RSA: u8 = 0x42;
const ALG_RSA: u8 = 0x02;
const ALG_RSA_DECIPHER: u8 = 0x1A;

/// Padding indicator in front of a cryptogram.
const CRYPTOGRAM: u8 = 0x81;

/// INTERNAL AUTHENTICATE takes 40 % of the modulus (IAS-ECC; 102 bytes for 2048 bits).
fn authentication_max(modulus_len: usize) -> usize {
    modulus_len * 2 / 5
}

/// The hashes whose DigestInfo the card takes, in the order of its length.
static DIGEST_INFOS: [Hash; 5] = [Hash::Sha1, Hash::Sha224, Hash::Sha256, Hash::Sha384, Hash::Sha512];

/// Lengths of these, from 19 bytes around a digest but for SHA-1's 15.
const DIGEST_INFO_LENGTHS: [usize; 5] = [35, 47, 51, 67, 83];

/// The hashes with which a key signs that takes so many bytes.
fn digests(longest: usize) -> &'static [Hash] {
    let taken = DIGEST_INFO_LENGTHS.partition_point(|length| *length <= longest);
    DIGEST_INFOS.get(..taken).unwrap_or_default()
}

/// What is known of a CPS3 between two transactions. Another program may have made it wrong: each
/// use of it has a way back.
#[derive(Debug)]
pub(super) struct IasEcc {
    chip: Chip,
    /// DF of the PKCS #15 application.
    application: Vec<u16>,
    /// The master file is the current DF, as it is after a reset.
    in_master: bool,
    /// The PKCS #15 application was entered since the last reset. Empty key paths mean "no SELECT
    /// before use", but whether key references work from any DF is not confirmed on a real card.
    entered: bool,
    /// The card has refused a finished hash and taken the last round of it.
    finishes_hashes: bool,
}

impl IasEcc {
    /// The chip on its contacts.
    pub(super) fn contact() -> Self {
        Self::new(Chip::Cps3, &APPLICATION)
    }

    /// The chip over the air.
    pub(super) fn contactless() -> Self {
        Self::new(Chip::Cps3Contactless, &CONTACTLESS_APPLICATION)
    }

    fn new(chip: Chip, application: &[u16]) -> Self {
        IasEcc {
            chip,
            application: application.to_vec(),
            in_master: true,
            entered: false,
            finishes_hashes: false,
        }
    }
}

impl IasEcc {
    fn select_silently(&mut self, card: &mut Dialogue<'_>, fids: &[u16]) -> Result<(), CardError> {
        card.select(&Command::new(SELECT_PATH_SILENT).data(&path_bytes(fids)))?;
        Ok(())
    }

    fn select_master(&mut self, card: &mut Dialogue<'_>) -> Result<(), CardError> {
        self.select_silently(card, &MF)?;
        self.in_master = true;
        Ok(())
    }

    /// Makes the PKCS #15 application current if it was not since the last reset.
    fn enter(&mut self, card: &mut Dialogue<'_>) -> Result<(), CardError> {
        if !self.entered {
            self.select_silently(card, &self.application.clone())?;
            (self.entered, self.in_master) = (true, false);
        }
        Ok(())
    }

    /// EF_ACTUA. It is readable on every card where it exists, unless something happened to it.
    fn read_actua(&mut self, card: &mut Dialogue<'_>) -> Result<Stamp, CardError> {
        match self.select_file(card, &EF_ACTUA, false) {
            Ok(_) => {}
            Err(CardError::NotFound(_)) => return Ok(Stamp::Absent),
            Err(e) => return Err(e),
        }
        match files::read(card, CLASS, 0, Extent::Bytes(update::LENGTH), false) {
            Ok(file) => Ok(Stamp::of(&file)),
            Err(e @ (CardError::Reader(_) | CardError::Malformed(_))) => Err(e),
            Err(refused) if refused.may_be_foreign_context() && !card.application_selected() => Err(refused),
            Err(_) => Ok(Stamp::Interrupted),
        }
    }

    /// Selects the file of a PIN before the PIN is used, if AODF names one.
    fn select_pin_file(&mut self, card: &mut Dialogue<'_>, pin: &PinObject) -> Result<(), CardError> {
        let Some(path) = &pin.path else {
            return Ok(());
        };
        self.select_silently(card, &path.fids)?;
        self.in_master = path.fids == MF;
        Ok(())
    }

    /// PSO COMPUTE DIGITAL SIGNATURE over a hash, or over the one that the card has just finished.
    fn compute_signature(
        &mut self,
        card: &mut Dialogue<'_>,
        key: &KeyRef,
        hash: SignatureHash,
        digest: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CardError> {
        card.perform(&Command::new(MSE_SIGNATURE).data(&[
            0x80,
            0x01,
            hash.with_rsa,
            0x84,
            0x01,
            key.reference,
        ]))?;
        card.perform(
            &Command::new(PSO_COMPUTE_DIGITAL_SIGNATURE)
                .data(digest)
                .expect(key.modulus_len),
        )
    }

    /// PSO HASH with the last round on the card: `90 { state, bits so far } 80 { rest }`.
    fn hash_last_round(
        &mut self,
        card: &mut Dialogue<'_>,
        hash: SignatureHash,
        last: &LastRound,
    ) -> Result<(), CardError> {
        let mut data = Zeroizing::new(Vec::with_capacity(2 + 32 + 8 + 2 + 64));
        let intermediate = match last.hashed_bits {
            0 => Vec::new(),
            bits => [&last.state[..], &bits.to_be_bytes()].concat(),
        };
        for (tag, value) in [(0x90, &intermediate), (0x80, &last.tail)] {
            let length = u8::try_from(value.len()).map_err(|_| CardError::Unsupported)?;
            data.extend([tag, length]);
            data.extend_from_slice(value);
        }
        card.perform(&Command::new(MSE_HASH).data(&[0x80, 0x01, hash.alone]))?;
        card.perform(&Command::new(PSO_HASH).data(&data).sensitive())?;
        Ok(())
    }

    /// Signs with the signature key. The finished hash is the short way (two commands); cards that
    /// refuse it get the message's last block to hash themselves.
    fn sign_document(
        &mut self,
        card: &mut Dialogue<'_>,
        key: &KeyRef,
        (hash, digest): (Hash, &[u8]),
        last_round: Option<&LastRound>,
    ) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let hash = SignatureHash::of(hash).ok_or(CardError::Unsupported)?;
        self.enter(card)?;
        if let Some(last) = last_round.filter(|_| self.finishes_hashes) {
            self.hash_last_round(card, hash, last)?;
            return self.compute_signature(card, key, hash, &[]);
        }
        let refused = match self.compute_signature(card, key, hash, digest) {
            Err(e @ (CardError::WrongData(_) | CardError::NotAllowed(_))) => e,
            done => return done,
        };
        let Some(last) = last_round else {
            return Err(refused);
        };
        if refused.may_be_foreign_context() && !card.application_selected() {
            return Err(refused);
        }
        log::info!("the card refuses a finished hash ({refused:?}), letting it finish the hash itself");
        self.hash_last_round(card, hash, last)?;
        let signature = self.compute_signature(card, key, hash, &[])?;
        self.finishes_hashes = true;
        Ok(signature)
    }

    /// INTERNAL AUTHENTICATE: the card pads what it is given with block type 1.
    fn authenticate(
        &mut self,
        card: &mut Dialogue<'_>,
        key: &KeyRef,
        data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CardError> {
        if data.is_empty() || data.len() > authentication_max(key.modulus_len) {
            return Err(CardError::Unsupported);
        }
        self.enter(card)?;
        card.perform(&Command::new(MSE_AUTHENTICATION).data(&[
            0x80,
            0x01,
            ALG_RSA,
            0x84,
            0x01,
            key.reference,
        ]))?;
        card.perform(
            &Command::new(INTERNAL_AUTHENTICATE)
                .data(data)
                .expect(key.modulus_len),
        )
    }
}

/// Algorithm references of a hash on its own and with the signature.
#[derive(Clone, Copy)]
struct SignatureHash {
    alone: u8,
    with_rsa: u8,
}

impl SignatureHash {
    fn of(hash: Hash) -> Option<Self> {
        match hash {
            Hash::Sha1 => Some(SignatureHash {
                alone: ALG_SHA1,
                with_rsa: ALG_SHA1_RSA,
            }),
            Hash::Sha256 => Some(SignatureHash {
                alone: ALG_SHA256,
                with_rsa: ALG_SHA256_RSA,
            }),
            _ => None,
        }
    }
}

impl Commands for IasEcc {
    fn class(&self) -> u8 {
        CLASS
    }

    fn ef_sn_sfi(&self) -> Option<u8> {
        Some(EF_SN_SFI)
    }

    fn chip(&self) -> Chip {
        self.chip
    }

    fn application(&self) -> &[u16] {
        &self.application
    }

    fn locate_application(&mut self, card: &mut Dialogue<'_>) -> Result<(), CardError> {
        if self.chip != Chip::Cps3Contactless {
            return Ok(());
        }
        let size = self.select_file(card, &EF_DIR, true)?;
        let file = files::read(card, CLASS, 0, Extent::Entries(size), false)?;
        if let Some(path) = pkcs15::application_path(&file, &CONTACTLESS_AID)? {
            self.application = path;
        }
        Ok(())
    }

    fn must_select(&self) -> bool {
        false
    }

    fn select_application(&mut self, card: &mut Dialogue<'_>) -> Result<(), CardError> {
        let command = Command::new(SELECT_AID).data(&ROOT_AID);
        // Under T=0 the answer that nobody needs stays on the card, and costs nothing.
        card.select(&if card.protocol() == Protocol::T1 {
            command.expect(256)
        } else {
            command
        })?;
        (self.in_master, self.entered) = (true, false);
        Ok(())
    }

    fn forget(&mut self) {
        (self.in_master, self.entered) = (true, false);
    }

    fn lose_track(&mut self) {
        (self.in_master, self.entered) = (false, false);
    }

    fn select_file(
        &mut self,
        card: &mut Dialogue<'_>,
        fids: &[u16],
        want_size: bool,
    ) -> Result<Option<usize>, CardError> {
        let path = path_bytes(fids);
        let command = match want_size {
            true => Command::new(SELECT_PATH).data(&path).expect(256),
            false => Command::new(SELECT_PATH_SILENT).data(&path),
        };
        let control_information = card.select(&command)?;
        self.in_master = fids.len() <= 2;
        self.entered |= fids.starts_with(&self.application);
        Ok(files::size(&control_information)?)
    }

    fn read_legacy_file(
        &mut self,
        card: &mut Dialogue<'_>,
        fids: &[u16],
    ) -> Result<Zeroizing<Vec<u8>>, CardError> {
        // The CPS2ter application becomes the selected one.
        (self.in_master, self.entered) = (false, false);
        legacy::read(card, fids)
    }

    fn unannounced_data(&self, data: &[DataObject]) -> memory::Result<Vec<DataObject>> {
        match self.chip {
            Chip::Cps3 => legacy::unannounced(data),
            _ => Ok(Vec::new()),
        }
    }

    fn has_stamp_file(&self) -> bool {
        self.chip == Chip::Cps3
    }

    fn read_stamp(&mut self, card: &mut Dialogue<'_>) -> Result<Option<Stamp>, CardError> {
        if !self.has_stamp_file() {
            return Ok(None);
        }
        match self.read_actua(card)? {
            // The card is refused for this, so EF_ACTUA is read twice.
            Stamp::Interrupted => Ok(Some(self.read_actua(card)?)),
            stamp => Ok(Some(stamp)),
        }
    }

    /// The security data object stands in the master file, whose SELECT is spared when it is the
    /// current one.
    fn pin_state(&mut self, card: &mut Dialogue<'_>, pin: &PinObject) -> Result<PinState, CardError> {
        let spared = self.in_master;
        if !spared {
            self.select_master(card)?;
        }
        match security_object::pin_state(card, pin.reference) {
            Err(refused) if spared && refused.may_be_foreign_context() => {
                self.select_master(card)?;
                security_object::pin_state(card, pin.reference)
            }
            done => done,
        }
    }

    fn verify(&mut self, card: &mut Dialogue<'_>, pin: &PinObject, block: &[u8]) -> Result<(), CardError> {
        self.select_pin_file(card, pin)?;
        send_pin_command(card, VERIFY, pin.reference, block)
    }

    fn change_pin(
        &mut self,
        card: &mut Dialogue<'_>,
        pin: &PinObject,
        old: &[u8],
        new: &[u8],
    ) -> Result<(), CardError> {
        self.select_pin_file(card, pin)?;
        let mut both = Zeroizing::new(Vec::with_capacity(old.len() + new.len()));
        both.extend_from_slice(old);
        both.extend_from_slice(new);
        send_pin_command(card, CHANGE_REFERENCE_DATA, pin.reference, &both)
    }

    fn unblock_pin(&mut self, card: &mut Dialogue<'_>, pin: &PinObject, new: &[u8]) -> Result<(), CardError> {
        self.select_pin_file(card, pin)?;
        send_pin_command(card, RESET_RETRY_COUNTER, pin.reference, new)
    }

    fn abilities(&self, key: &KeyRef) -> Abilities {
        let longest = authentication_max(key.modulus_len);
        match key.role {
            KeyRole::Signature => Abilities {
                digest: &[Hash::Sha1, Hash::Sha256],
                pkcs1_max: None,
                pss: &[],
                raw: false,
                decipher: false,
            },
            KeyRole::Authentication => Abilities {
                digest: digests(longest),
                pkcs1_max: Some(longest),
                pss: &[],
                raw: false,
                decipher: self.chip == Chip::Cps3,
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
            (
                KeyRole::Signature,
                ToSign::Digest {
                    hash,
                    digest,
                    last_round,
                },
            ) if digest.len() == hash.len() => {
                self.sign_document(card, key, (*hash, digest), last_round.as_ref())
            }
            (KeyRole::Authentication, ToSign::Digest { hash, digest, .. }) => {
                let info = digest_info::encode(*hash, digest).ok_or(CardError::Unsupported)?;
                self.authenticate(card, key, &info)
            }
            (KeyRole::Authentication, ToSign::Bare(data)) => self.authenticate(card, key, data),
            _ => Err(CardError::Unsupported),
        }
    }

    /// The card removes the padding.
    fn decipher(
        &mut self,
        card: &mut Dialogue<'_>,
        key: &KeyRef,
        cryptogram: &[u8],
    ) -> Result<Deciphered, CardError> {
        if key.role != KeyRole::Authentication {
            return Err(CardError::Unsupported);
        }
        self.enter(card)?;
        let environment = [0x80, 0x01, ALG_RSA_DECIPHER, 0x84, 0x01, key.reference];
        card.perform(&Command::new(MSE_CONFIDENTIALITY).data(&environment))?;
        let data = [&[CRYPTOGRAM], cryptogram].concat();
        let command = Command::new(PSO_DECIPHER)
            .data(&data)
            .expect(key.modulus_len)
            .sensitive();
        Ok(Deciphered::Plain(card.perform(&command)?))
    }
}

#[cfg(test)]
mod tests;
