//! The ChipDoc chip of a CPS4, contact interface: every command goes over logical channel 1.

use rsa::PrivateKey;

use crate::chips::application::Application;
use crate::chips::codes::Codes;
use crate::chips::crypto::{self, HashAlgorithm};
use crate::iso7816::apdu::{Apdu, Command, FileInformation, Selection, ins};
use crate::iso7816::chain::{Chain, Link};
use crate::iso7816::files::{self, AccessRules, Current, File, FileSystem, Kind};
use crate::iso7816::status::Status;
use crate::iso7816::tlv::{self, constructed, tlv};
use crate::iso7816::transport::Answer;
use crate::issuer::pkcs15;
use crate::issuer::profile::Profile;
use crate::model::layout;

const CHALLENGE: usize = 8;

/// What a logical channel has selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listening {
    Root,
    CardManager,
    Cps2ter,
}

/// How far the recovery sequence has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recovery {
    NotNeeded,
    /// The root application is refused.
    Needed,
    /// The card manager was selected on channel 1; the CPS2ter application is next.
    Begun,
}

/// PSO CDS as MSE SET prepared it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SignatureTemplate {
    scheme: Scheme,
    hash: HashAlgorithm,
    key: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Pkcs1,
    Pss,
}

/// The state of the chip.
pub struct ChipDoc {
    files: FileSystem,
    current: Current,
    /// Channel 1; `None` while it is closed.
    channel: Option<Listening>,
    recovery: Recovery,
    signature: Option<SignatureTemplate>,
    decipherment: bool,
    /// RESET RETRY COUNTER was done: the next CHANGE REFERENCE DATA needs no code.
    code_may_change: bool,
    chain: Chain,
    signature_key: PrivateKey,
    authentication_key: PrivateKey,
}

impl ChipDoc {
    /// A chip with this content; `needs_recovery` makes it refuse its root application at first.
    pub fn new(profile: &Profile, needs_recovery: bool) -> Self {
        Self {
            files: file_system(profile),
            current: Current::default(),
            channel: None,
            recovery: if needs_recovery {
                Recovery::Needed
            } else {
                Recovery::NotNeeded
            },
            signature: None,
            decipherment: false,
            code_may_change: false,
            chain: Chain::default(),
            signature_key: profile.credentials.signature.key.clone(),
            authentication_key: profile.credentials.authentication.key.clone(),
        }
    }

    /// Class 00: only the applications that the recovery sequence selects answer there.
    fn basic_channel(&mut self, apdu: &Apdu<'_>) -> Answer {
        match Command::parse(apdu)? {
            Command::Select {
                file: Selection::Name(name),
                ..
            } if name == layout::CPS2TER_AID => {
                if self.recovery == Recovery::Begun {
                    self.recovery = Recovery::NotNeeded;
                }
                Ok(Vec::new())
            }
            Command::Select {
                file: Selection::Name(name),
                ..
            } if name == layout::CARD_MANAGER_AID => Ok(Vec::new()),
            Command::Select { .. } => Err(Status::FILE_NOT_FOUND),
            _ => Err(Status::UNKNOWN_INSTRUCTION),
        }
    }

    fn channel_one(&mut self, apdu: &Apdu<'_>, codes: &mut Codes) -> Answer {
        let by_name = apdu.ins == ins::SELECT && apdu.p1 == 0x04;
        if self.channel.is_none() && !by_name {
            return Err(Status::CHANNEL_NOT_OPEN);
        }
        let data = match self.chain.accept(apdu)? {
            Link::Kept => return Ok(Vec::new()),
            Link::Complete(data) => data,
        };
        match Command::parse(&apdu.with_data(&data))? {
            Command::Select {
                file: Selection::Name(name),
                answer,
            } => self.select_application(name, answer),
            command if self.channel == Some(Listening::Root) => self.dispatch(command, codes),
            Command::Select { .. } => Err(Status::WRONG_PARAMETERS),
            _ => Err(Status::UNKNOWN_CLASS),
        }
    }

    fn select_application(&mut self, name: &[u8], answer: FileInformation) -> Answer {
        let listening = match name {
            name if name == layout::CARD_MANAGER_AID => Listening::CardManager,
            name if name == layout::CPS2TER_AID => Listening::Cps2ter,
            name if name == layout::ROOT_AID && self.recovery != Recovery::NotNeeded => {
                return Err(Status::CONDITIONS_NOT_SATISFIED);
            }
            name => {
                let mut current = self.current.clone();
                let selected = self.files.select_name(&mut current, name)?;
                let information = information(selected, answer)?;
                self.current = current;
                self.channel = Some(Listening::Root);
                self.clear_environment();
                return Ok(information);
            }
        };
        if listening == Listening::CardManager && self.recovery == Recovery::Needed {
            self.recovery = Recovery::Begun;
        }
        self.channel = Some(listening);
        self.clear_environment();
        Ok(Vec::new())
    }

    fn clear_environment(&mut self) {
        self.signature = None;
        self.decipherment = false;
    }

    fn dispatch(&mut self, command: Command<'_>, codes: &mut Codes) -> Answer {
        let nothing = |()| Vec::new();
        match command {
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
            } => self
                .change_reference_data(mode, reference, data, codes)
                .map(nothing),
            Command::ResetRetryCounter {
                mode,
                reference,
                data,
            } => self
                .reset_retry_counter(mode, reference, data, codes)
                .map(nothing),
            Command::ManageSecurityEnvironment { mode, template, data } => {
                self.set_environment(mode, template, data).map(nothing)
            }
            Command::ComputeDigitalSignature { hash } => self.compute_digital_signature(hash, codes),
            Command::Decipher { data } => self.decipher(data, codes),
            Command::GetChallenge {
                expected: ..CHALLENGE,
            } => Err(Status::right_length(CHALLENGE)),
            Command::GetChallenge { .. } => crypto::random::<CHALLENGE>().map(|bytes| bytes.to_vec()),
            Command::GetData { .. } | Command::Hash { .. } | Command::InternalAuthenticate { .. } => {
                Err(Status::UNKNOWN_INSTRUCTION)
            }
        }
    }

    fn select(&mut self, file: Selection<'_>, answer: FileInformation) -> Answer {
        let mut current = self.current.clone();
        let selected = match file {
            Selection::Name(name) => self.files.select_name(&mut current, name)?,
            Selection::Identifier([]) => self.files.select_path(&mut current, &[])?,
            Selection::Identifier(bytes) | Selection::ElementaryFile(bytes) => self
                .files
                .select_identifier(&mut current, files::identifier(bytes)?)?,
            Selection::PathFromRoot(bytes) => self
                .files
                .select_path(&mut current, &files::identifiers(bytes)?)?,
            Selection::PathFromCurrent(bytes) => self
                .files
                .select_relative(&mut current, &files::identifiers(bytes)?)?,
        };
        let information = information(selected, answer)?;
        self.current = current;
        Ok(information)
    }

    /// CHANGE REFERENCE DATA P1=01: the new code alone, after the old one was given or the counter reset.
    fn change_reference_data(
        &mut self,
        mode: u8,
        reference: u8,
        new: &[u8],
        codes: &mut Codes,
    ) -> Result<(), Status> {
        match (mode, reference) {
            (0x01, layout::HOLDER_CODE) if codes.holder.is_verified() || self.code_may_change => {
                codes.holder.replace(new)?;
                self.code_may_change = false;
                Ok(())
            }
            (0x01, layout::HOLDER_CODE) => Err(Status::CODE_NEEDED),
            (0x01, _) => Err(Status::DATA_NOT_FOUND),
            _ => Err(Status::WRONG_PARAMETERS),
        }
    }

    /// RESET RETRY COUNTER `03 81` without data, after the unblocking code was given.
    fn reset_retry_counter(
        &mut self,
        mode: u8,
        reference: u8,
        data: &[u8],
        codes: &mut Codes,
    ) -> Result<(), Status> {
        const LOCAL_HOLDER_CODE: u8 = 0x80 | layout::HOLDER_CODE;
        match (mode, reference, data) {
            (0x03, LOCAL_HOLDER_CODE, []) if codes.unblocking.is_verified() => {
                codes.holder.reset_counter();
                self.code_may_change = true;
                Ok(())
            }
            (0x03, LOCAL_HOLDER_CODE, []) => Err(Status::CODE_NEEDED),
            (0x03, LOCAL_HOLDER_CODE, _) => Err(Status::WRONG_LENGTH),
            (0x03, ..) => Err(Status::DATA_NOT_FOUND),
            _ => Err(Status::WRONG_PARAMETERS),
        }
    }

    /// MSE SET: `81 B6` with tag 91 (algorithm, key) for signatures, `41 B8` with tag 83 (key) for deciphering.
    fn set_environment(&mut self, mode: u8, template: u8, data: &[u8]) -> Result<(), Status> {
        let objects = tlv::read_all(data).ok_or(Status::WRONG_DATA)?;
        match (mode, template) {
            (0x81, 0xB6) => match tlv::find(&objects, 0x91) {
                Some([algorithm, key]) => self.signature = Some(SignatureTemplate::new(*algorithm, *key)?),
                _ => return Err(Status::WRONG_DATA),
            },
            (0x41, 0xB8) => match tlv::find(&objects, 0x83) {
                Some([layout::CPS4_AUTHENTICATION_KEY]) => self.decipherment = true,
                Some([_]) => return Err(Status::DATA_NOT_FOUND),
                _ => return Err(Status::WRONG_DATA),
            },
            _ => return Err(Status::WRONG_PARAMETERS),
        }
        Ok(())
    }

    fn compute_digital_signature(&mut self, hash: &[u8], codes: &Codes) -> Answer {
        let template = self.signature.ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
        codes.require_holder()?;
        if hash.len() != template.hash.length() {
            return Err(Status::WRONG_DATA);
        }
        let key = match template.key {
            layout::CPS4_SIGNATURE_KEY => &self.signature_key,
            _ => &self.authentication_key,
        };
        match template.scheme {
            Scheme::Pkcs1 => crypto::sign_pkcs1(key, template.hash, hash),
            Scheme::Pss => crypto::sign_pss(key, template.hash, hash),
        }
    }

    /// PSO DECIPHER: the bare private key operation, padding is the host's affair.
    fn decipher(&mut self, block: &[u8], codes: &Codes) -> Answer {
        if !self.decipherment {
            return Err(Status::CONDITIONS_NOT_SATISFIED);
        }
        codes.require_holder()?;
        crypto::raw(&self.authentication_key, block)
    }
}

impl SignatureTemplate {
    /// Algorithm number, key reference with bit 8 set. PKCS #1 is for the signature key alone.
    fn new(algorithm: u8, key: u8) -> Result<Self, Status> {
        let (scheme, hash) = match algorithm {
            0x0A => (Scheme::Pkcs1, HashAlgorithm::Sha1),
            0x28 => (Scheme::Pkcs1, HashAlgorithm::Sha256),
            0x15 => (Scheme::Pss, HashAlgorithm::Sha1),
            0x2C => (Scheme::Pss, HashAlgorithm::Sha256),
            _ => return Err(Status::WRONG_DATA),
        };
        const SIGNATURE: u8 = 0x80 | layout::CPS4_SIGNATURE_KEY;
        const AUTHENTICATION: u8 = 0x80 | layout::CPS4_AUTHENTICATION_KEY;
        match (key, scheme) {
            (SIGNATURE, _) | (AUTHENTICATION, Scheme::Pss) => Ok(Self {
                scheme,
                hash,
                key: key & 0x7F,
            }),
            (AUTHENTICATION, Scheme::Pkcs1) => Err(Status::CONDITIONS_NOT_SATISFIED),
            _ => Err(Status::DATA_NOT_FOUND),
        }
    }
}

impl Application for ChipDoc {
    fn reset(&mut self) {
        self.current = Current::default();
        self.channel = None;
        self.clear_environment();
        self.code_may_change = false;
        self.chain.clear();
    }

    fn trees(&self) -> Vec<(&'static str, &FileSystem)> {
        vec![("class 01, logical channel 1", &self.files)]
    }

    fn execute(&mut self, apdu: &Apdu<'_>, codes: &mut Codes) -> Answer {
        match apdu.cla {
            0x00 => self.basic_channel(apdu),
            0x01 | 0x11 => self.channel_one(apdu, codes),
            0x02 | 0x03 | 0x12 | 0x13 => Err(Status::CHANNEL_NOT_OPEN),
            cla if cla & 0xE0 == 0 && cla & 0x0C != 0 => Err(Status::SECURE_MESSAGING_NOT_SUPPORTED),
            _ => Err(Status::UNKNOWN_CLASS),
        }
    }
}

/// P2=00: a 6F template with size, kind and identifier; P2=0C: nothing. The chip has no other form.
fn information(file: &File, answer: FileInformation) -> Answer {
    let identifier = tlv(0x83, &file.identifier().to_be_bytes());
    match (answer, &file.kind) {
        (FileInformation::None, _) => Ok(Vec::new()),
        (FileInformation::Fcp, _) => Err(Status::WRONG_PARAMETERS),
        (FileInformation::Fci, Kind::Elementary { content, .. }) => {
            let size = tlv(0x80, &(content.len() as u16).to_be_bytes());
            Ok(constructed(0x6F, &[size, tlv(0x82, &[0x01]), identifier]))
        }
        (FileInformation::Fci, Kind::Dedicated { name }) => {
            let mut parts = vec![tlv(0x82, &[0x38]), identifier];
            parts.extend(name.as_ref().map(|name| tlv(0x84, name)));
            Ok(constructed(0x6F, &parts))
        }
    }
}

fn file_system(profile: &Profile) -> FileSystem {
    let file = |identifier, content| File::elementary(&[identifier], AccessRules::FIXED, content);
    let mut files = vec![
        file(layout::EF_DIR, pkcs15::ef_dir(profile.chip)),
        file(layout::EF_ATR, layout::EF_ATR_CONTENT.to_vec()),
        file(layout::EF_SN_ICC, profile.serial.to_vec()),
    ];
    files.extend(
        profile
            .update_stamp
            .clone()
            .map(|stamp| file(layout::EF_ACTUA, stamp)),
    );
    files.extend(pkcs15::application(profile));
    FileSystem::new(
        File::dedicated(&[], Some(&layout::ROOT_AID), AccessRules::PUBLIC),
        files,
    )
}
