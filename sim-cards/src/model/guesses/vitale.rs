//! The files of a Vitale 2.

use serde::Deserialize;

use crate::holder::insured::{Insured, Person};
use crate::iso7816::files::{AccessRules, File, FileSystem};
use crate::iso7816::tlv::{constructed, tlv};

/// What `guesses.toml` says of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Vitale {
    /// Of every holder.
    pub nationality: String,
    /// Directory of VITALE.
    pub vitale_directory: u16,
    /// Directory of the application in the manner of PKCS #15.
    pub pkcs15_directory: u16,
    /// Directory of the signature application.
    pub signature_directory: u16,
    /// `[vitale.files]`
    pub files: VitaleFiles,
}

/// The files that the pointers name.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct VitaleFiles {
    pub identities: VitaleFile,
    pub holders: VitaleFile,
    pub card: VitaleFile,
    pub raw: VitaleFile,
    pub refused: VitaleFile,
    pub certificate: VitaleFile,
    pub signature: VitaleFile,
}

/// Name of eight characters, identifier.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VitaleFile {
    pub name: String,
    pub file: u16,
}

/// `MF_VITALE`, the master file.
pub const MASTER_AID: &[u8] = b"\xD2\x50\x00\x00\x02MF_VITALE";
/// `VITALE`.
pub const VITALE_AID: &[u8] = b"\xD2\x50\x00\x00\x02VITALE";
/// The application in the manner of PKCS #15.
pub const PKCS15_AID: &[u8] = b"\xE8\x28\xBD\x08\x0F\xD2\x50\x00\x00\x04\x41\x64\xE8\x6C\x65";
/// The signature application.
pub const SIGNATURE_AID: &[u8] = b"\xD2\x50\x00\x00\x04\x41\x64\xE8\x6C\x65\x01\x01";

const EF_DIR: u16 = 0x2F00;
const EF_CARD_NUMBER: u16 = 0x2F02;
const EF_POINTERS: u16 = 0x2001;
/// Short identifier of the identities and, in VITALE, of the holders.
const SHORT: u8 = 0x02;
/// What a reader of real cards asks of the identities.
const IDENTITIES_SIZE: usize = 0x7C;

/// The applications in the order of their entry numbers, which begin at 1.
const APPLICATIONS: [&[u8]; 4] = [MASTER_AID, VITALE_AID, PKCS15_AID, SIGNATURE_AID];

impl Vitale {
    /// Names of files are as long as on real cards.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.files.each().iter().find(|(_, file)| file.name.len() != 8) {
            Some((_, file)) => Err(format!("vitale.files: {:?} has not eight characters", file.name)),
            None => Ok(()),
        }
    }

    /// The tree of a card; `refused` are the rules of the file that nobody reads.
    pub fn file_system(&self, insured: &Insured, refused: AccessRules) -> FileSystem {
        let files = &self.files;
        let free = |path: &[u16], content| File::elementary(path, AccessRules::FIXED, content);
        let directory = |identifier, name| File::dedicated(&[identifier], Some(name), AccessRules::FIXED);
        let own = |file: &VitaleFile| [self.vitale_directory, file.file];
        let files = vec![
            free(&[EF_DIR], directories()).with_short_identifier(0x1E),
            free(&[EF_CARD_NUMBER], tlv(0x5A, &decimal(&insured.number))),
            free(&[files.identities.file], identities(insured)).with_short_identifier(SHORT),
            directory(self.vitale_directory, VITALE_AID),
            free(&[self.vitale_directory, EF_POINTERS], pointers(files)),
            free(&own(&files.holders), holders(insured, &self.nationality)).with_short_identifier(SHORT),
            free(
                &own(&files.card),
                constructed(0x66, &[tlv(0x80, insured.valid_from.as_bytes())]),
            ),
            free(&own(&files.raw), [&[0x04, 0x00][..], &[0x5A; 30]].concat()),
            File::elementary(&own(&files.refused), refused, vec![0x65; 40]),
            directory(self.pkcs15_directory, PKCS15_AID),
            free(&[self.pkcs15_directory, files.certificate.file], certificate()),
            directory(self.signature_directory, SIGNATURE_AID),
            free(&[self.signature_directory, files.signature.file], vec![0x00; 16]),
        ];
        FileSystem::new(File::dedicated(&[], Some(MASTER_AID), AccessRules::FIXED), files)
    }
}

impl VitaleFiles {
    /// Each with the entry number of its application.
    fn each(&self) -> [(u16, &VitaleFile); 7] {
        [
            (1, &self.identities),
            (2, &self.holders),
            (2, &self.card),
            (2, &self.raw),
            (2, &self.refused),
            (3, &self.certificate),
            (4, &self.signature),
        ]
    }
}

fn directories() -> Vec<u8> {
    APPLICATIONS.map(|name| tlv(0x61, &tlv(0x4F, name))).concat()
}

/// `E0 { A0 { 82 <number> <two bytes> <AID> .. } 80 <name> <number> <identifier> .. }`.
fn pointers(files: &VitaleFiles) -> Vec<u8> {
    let applications: Vec<_> = (1_u16..)
        .zip(APPLICATIONS)
        .map(|(number, name)| tlv(0x82, &[&number.to_be_bytes(), &[0, 0][..], name].concat()))
        .collect();
    let files = files.each().map(|(number, file)| {
        let value = [
            file.name.as_bytes(),
            &number.to_be_bytes(),
            &file.file.to_be_bytes(),
        ];
        tlv(0x80, &value.concat())
    });
    let mut parts = vec![constructed(0xA0, &applications)];
    parts.extend(files);
    constructed(0xE0, &parts)
}

/// Name, first name and birth date of each person, then zeros.
fn identities(insured: &Insured) -> Vec<u8> {
    let mut content = insured
        .persons
        .iter()
        .flat_map(|person| constructed(0x65, &identity(person)))
        .collect();
    pad(&mut content, IDENTITIES_SIZE);
    content
}

/// The same with nationality and social security number, in the same order.
fn holders(insured: &Insured, nationality: &str) -> Vec<u8> {
    let holder = |person: &Person| {
        let mut parts = vec![
            tlv(0x90, nationality.as_bytes()),
            tlv(0x93, person.number_with_key().as_bytes()),
        ];
        parts.extend(identity(person));
        constructed(0x65, &parts)
    };
    let mut content = insured.persons.iter().flat_map(holder).collect();
    pad(&mut content, 0x100);
    content
}

fn identity(person: &Person) -> [Vec<u8>; 3] {
    [
        tlv(0x80, &latin1(&person.surname)),
        tlv(0x81, &latin1(&person.given_name)),
        tlv(0x82, person.birth_date.as_bytes()),
    ]
}

/// A certificate verifiable by a card: signature and rest of the public key. Nobody issued it.
fn certificate() -> Vec<u8> {
    constructed(0x7F21, &[tlv(0x5F37, &[0xC5; 128]), tlv(0x5F38, &[0x38; 62])])
}

fn pad(content: &mut Vec<u8>, size: usize) {
    content.resize(content.len().max(size), 0);
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars()
        .map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?'))
        .collect()
}

/// Decimal digits, two in a byte.
fn decimal(digits: &str) -> Vec<u8> {
    crate::text::hex::decode(digits).unwrap_or_default()
}
