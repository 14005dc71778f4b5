//! The IAS-ECC chip of a CPS3, through its contacts or its antenna.

mod environment;
mod fcp;
mod legacy;
mod objects;

use rsa::PrivateKey;

use crate::chips::application::Application;
use crate::chips::codes::Codes;
use crate::chips::crypto;
use crate::iso7816::apdu::{Apdu, Command, FileInformation, Selection, ins};
use crate::iso7816::chain::{Chain, Link};
use crate::iso7816::files::{self, AccessRules, Current, File, FileSystem, MASTER_FILE};
use crate::iso7816::interface::Interface;
use crate::iso7816::status::Status;
use crate::iso7816::transport::{Answer, LEGACY_CLASS};
use crate::issuer::pkcs15;
use crate::issuer::profile::Profile;
use crate::model::{guesses, layout};
use environment::{Environment, KeyUse};
use legacy::Legacy;

/// Which application the card listens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listening {
    IasEcc,
    /// The files of class A0: a class 00 command is refused until the root application is selected again.
    Legacy,
}

/// Bytes that GET CHALLENGE gives.
const CHALLENGE: usize = 8;

/// The state of the chip.
pub struct IasEcc {
    interface: Interface,
    files: FileSystem,
    current: Current,
    legacy: Legacy,
    listening: Listening,
    environment: Environment,
    chain: Chain,
    signature_key: PrivateKey,
    authentication_key: PrivateKey,
    technical_key: PrivateKey,
}

impl IasEcc {
    /// A chip with this content, met on this interface.
    pub fn new(profile: &Profile, interface: Interface) -> Self {
        Self {
            interface,
            files: file_system(profile).on(interface),
            current: Current::default(),
            legacy: Legacy::new(profile),
            listening: Listening::IasEcc,
            environment: Environment::new(interface),
            chain: Chain::default(),
            signature_key: profile.credentials.signature.key.clone(),
            authentication_key: profile.credentials.authentication.key.clone(),
            technical_key: profile.credentials.technical.key.clone(),
        }
    }

    fn dispatch(&mut self, command: Command<'_>, codes: &mut Codes) -> Answer {
        let nothing = |()| Vec::new();
        match command {
            // Without contacts the card has no code.
            Command::Verify { .. }
            | Command::ChangeReferenceData { .. }
            | Command::ResetRetryCounter { .. }
                if self.interface == Interface::Contactless =>
            {
                Err(Status(guesses::get().chips.no_code))
            }
            Command::Select { file, answer } => self.select(file, answer),
            Command::ReadBinary { from, expected } => {
                self.files
                    .read(&mut self.current, from, expected, codes.holder.is_verified())
            }
            Command::UpdateBinary { at, data } => self
                .files
                .update(&mut self.current, at, data, codes.holder.is_verified())
                .map(nothing),
            Command::Verify { reference, value } => codes.verify(reference, value),
            Command::ChangeReferenceData {
                mode,
                reference,
                data,
            } => change_reference_data(mode, reference, data, codes).map(nothing),
            Command::ResetRetryCounter {
                mode,
                reference,
                data,
            } => reset_retry_counter(mode, reference, data, codes).map(nothing),
            Command::GetData { tag, data } => objects::get_data(tag, data, codes, self.interface),
            Command::ManageSecurityEnvironment { mode, template, data } => {
                self.environment.set(mode, template, data).map(nothing)
            }
            Command::Hash { data } => self.environment.hash(data).map(nothing),
            Command::ComputeDigitalSignature { hash } => self.compute_digital_signature(hash, codes),
            Command::InternalAuthenticate { data } => self.internal_authenticate(data, codes),
            Command::Decipher { data } => self.decipher(data, codes),
            Command::GetChallenge {
                expected: ..CHALLENGE,
            } => Err(Status::right_length(CHALLENGE)),
            Command::GetChallenge { .. } => crypto::random::<CHALLENGE>().map(|bytes| bytes.to_vec()),
        }
    }

    fn select(&mut self, file: Selection<'_>, answer: FileInformation) -> Answer {
        let before = self.current.directory().to_vec();
        let mut current = self.current.clone();
        let selected = match file {
            Selection::Name(name) if name == layout::CPS2TER_AID && self.interface == Interface::Contact => {
                self.listening = Listening::Legacy;
                return Ok(Vec::new());
            }
            Selection::Name(name) => self.files.select_name(&mut current, name)?,
            Selection::Identifier([]) => self.files.select_path(&mut current, &[])?,
            Selection::Identifier(bytes) | Selection::ElementaryFile(bytes) => self
                .files
                .select_identifier(&mut current, files::identifier(bytes)?)?,
            Selection::PathFromRoot(bytes) => {
                let path = files::identifiers(bytes)?;
                self.files
                    .select_path(&mut current, path.strip_prefix(&[MASTER_FILE]).unwrap_or(&path))?
            }
            Selection::PathFromCurrent(bytes) => {
                let path = files::identifiers(bytes)?;
                match path.strip_prefix(&[MASTER_FILE]) {
                    Some(path) => self.files.select_path(&mut current, path)?,
                    None => self.files.select_relative(&mut current, &path)?,
                }
            }
        };
        let information = match answer {
            FileInformation::None => Vec::new(),
            FileInformation::Fci | FileInformation::Fcp => fcp::template(selected),
        };
        self.listening = Listening::IasEcc;
        self.current = current;
        if self.current.directory() != before {
            self.environment.clear();
        }
        Ok(information)
    }

    /// PSO CDS. The hash stays when the code is missing, so that it can be given and the command repeated.
    fn compute_digital_signature(&mut self, hash: &[u8], codes: &Codes) -> Answer {
        let algorithm = self.environment.signature()?;
        codes.require_holder()?;
        let hash = match hash {
            [] => self.environment.take_hash(algorithm)?,
            hash if hash.len() == algorithm.length() => hash.to_vec(),
            _ => return Err(Status::WRONG_DATA),
        };
        crypto::sign_pkcs1(&self.signature_key, algorithm, &hash)
    }

    fn internal_authenticate(&mut self, data: &[u8], codes: &Codes) -> Answer {
        self.environment.require(KeyUse::Authentication)?;
        let key = match self.interface {
            Interface::Contact => codes.require_holder().map(|()| &self.authentication_key)?,
            Interface::Contactless => &self.technical_key,
        };
        if data.is_empty() || data.len() > guesses::get().chips.largest_authentication_input {
            return Err(Status::WRONG_LENGTH);
        }
        crypto::sign_padded(key, data)
    }

    /// PSO DECIPHER: a padding indicator, then the block.
    fn decipher(&mut self, data: &[u8], codes: &Codes) -> Answer {
        const PADDING_INDICATOR: u8 = 0x81;
        self.environment.require(KeyUse::Decipherment)?;
        codes.require_holder()?;
        match data.split_first() {
            Some((&PADDING_INDICATOR, block)) => crypto::decipher(&self.authentication_key, block),
            _ => Err(Status::WRONG_DATA),
        }
    }

    fn class_zero(&mut self, apdu: &Apdu<'_>, codes: &mut Codes) -> Answer {
        let by_name = apdu.ins == ins::SELECT && apdu.p1 == 0x04;
        if self.listening == Listening::Legacy && !by_name {
            let refusal = if apdu.ins == ins::SELECT {
                Status::WRONG_PARAMETERS
            } else {
                Status::UNKNOWN_CLASS
            };
            return Err(refusal);
        }
        match self.chain.accept(apdu)? {
            Link::Kept => Ok(Vec::new()),
            Link::Complete(data) => self.dispatch(Command::parse(&apdu.with_data(&data))?, codes),
        }
    }
}

impl Application for IasEcc {
    fn reset(&mut self) {
        self.current = Current::default();
        self.legacy.reset();
        self.listening = Listening::IasEcc;
        self.environment.clear();
        self.chain.clear();
    }

    fn trees(&self) -> Vec<(&'static str, &FileSystem)> {
        vec![("class 00", &self.files), ("class A0", self.legacy.files())]
    }

    fn execute(&mut self, apdu: &Apdu<'_>, codes: &mut Codes) -> Answer {
        match apdu.cla {
            0x00 | 0x10 => self.class_zero(apdu, codes),
            LEGACY_CLASS if self.interface == Interface::Contact => {
                self.listening = Listening::Legacy;
                self.legacy.execute(apdu, codes)
            }
            cla if cla & 0xE0 == 0 && cla & 0x03 != 0 => Err(Status::CHANNEL_NOT_OPEN),
            cla if cla & 0xE0 == 0 => Err(Status::SECURE_MESSAGING_NOT_SUPPORTED),
            _ => Err(Status::UNKNOWN_CLASS),
        }
    }
}

/// CHANGE REFERENCE DATA P1=00: old code, then the new one.
fn change_reference_data(mode: u8, reference: u8, data: &[u8], codes: &mut Codes) -> Result<(), Status> {
    match (mode, reference) {
        (0x00, layout::HOLDER_CODE) => codes.holder.change(data),
        (0x00, _) => Err(Status::DATA_NOT_FOUND),
        _ => Err(Status::WRONG_PARAMETERS),
    }
}

/// RESET RETRY COUNTER after the unblocking code was given: P1=02 with a new code, P1=03 without.
fn reset_retry_counter(mode: u8, reference: u8, data: &[u8], codes: &mut Codes) -> Result<(), Status> {
    if reference != layout::HOLDER_CODE {
        return Err(Status::DATA_NOT_FOUND);
    }
    if !matches!((mode, data), (0x02, [_, ..]) | (0x03, [])) {
        return Err(if matches!(mode, 0x02 | 0x03) {
            Status::WRONG_LENGTH
        } else {
            Status::WRONG_PARAMETERS
        });
    }
    if !codes.unblocking.is_verified() {
        return Err(Status::CODE_NEEDED);
    }
    if mode == 0x02 {
        codes.holder.replace(data)?;
    }
    codes.holder.reset_counter();
    Ok(())
}

fn file_system(profile: &Profile) -> FileSystem {
    let file = |identifier, rules, content| File::elementary(&[identifier], rules, content);
    let mut files = vec![
        file(layout::EF_DIR, AccessRules::PUBLIC, pkcs15::ef_dir(profile.chip))
            .with_short_identifier(layout::EF_DIR_SHORT),
        file(
            layout::EF_ATR,
            AccessRules::PUBLIC,
            layout::EF_ATR_CONTENT.to_vec(),
        )
        .with_short_identifier(layout::EF_ATR_SHORT),
        file(layout::EF_SN_ICC, AccessRules::FIXED, profile.serial.to_vec())
            .with_short_identifier(layout::EF_SN_ICC_SHORT),
    ];
    files.extend(
        profile
            .update_stamp
            .clone()
            .map(|stamp| file(layout::EF_ACTUA, AccessRules::CONTACT, stamp)),
    );
    files.extend(pkcs15::application(profile));
    files.extend(pkcs15::contactless_application(profile));
    FileSystem::new(
        File::dedicated(&[], Some(&layout::ROOT_AID), AccessRules::PUBLIC),
        files,
    )
}
