//! The files of a Vitale 2.
//!
//! Known from programs that read real cards: the names of the applications, the forms of the pointers (2001) and of
//! the tags 65, 66 and 7F21, the short identifier 02 of the identities, D001 with 7C bytes, that some files begin
//! with 04 00 and are raw, and that some refuse reading. **Guessed**: every other number and the names of the files.

use crate::files::{AccessRules, File, FileSystem};
use crate::tlv::{constructed, tlv};
use crate::vitale::insured::{Insured, Person};

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
/// Under the master file.
const EF_IDENTITIES: u16 = 0xD001;
const EF_POINTERS: u16 = 0x2001;
/// Short identifier of the identities and, in VITALE, of the holders.
const SHORT: u8 = 0x02;
/// What a reader of real cards asks of D001.
const IDENTITIES_SIZE: usize = 0x7C;

// --- Guessed -----------------------------------------------------------------------------------------------------

const VITALE_DIRECTORY: u16 = 0xDF01;
const PKCS15_DIRECTORY: u16 = 0xDF02;
const SIGNATURE_DIRECTORY: u16 = 0xDF03;
const EF_HOLDERS: u16 = 0x2010;
const EF_CARD: u16 = 0x2011;
const EF_RAW: u16 = 0x2012;
const EF_REFUSED: u16 = 0x2013;
const EF_CERTIFICATE: u16 = 0xB001;
const EF_SIGNATURE: u16 = 0xB101;
const NATIONALITY: &[u8] = b"FR";

/// The applications in the order of their entry numbers, which begin at 1.
const APPLICATIONS: [&[u8]; 4] = [MASTER_AID, VITALE_AID, PKCS15_AID, SIGNATURE_AID];
/// Name of eight characters, number of the application, identifier.
const POINTERS: [(&[u8; 8], u16, u16); 7] = [
    (b"IDENTITE", 1, EF_IDENTITIES),
    (b"PORTEURS", 2, EF_HOLDERS),
    (b"CARTE   ", 2, EF_CARD),
    (b"BRUT    ", 2, EF_RAW),
    (b"RESERVE ", 2, EF_REFUSED),
    (b"CERTIF  ", 3, EF_CERTIFICATE),
    (b"SIGNAT  ", 4, EF_SIGNATURE),
];

/// The tree of a card.
pub fn file_system(insured: &Insured) -> FileSystem {
    let free = |path: &[u16], content| File::elementary(path, AccessRules::FIXED, content);
    let directory = |identifier, name| File::dedicated(&[identifier], Some(name), AccessRules::FIXED);
    let files = vec![
        free(&[EF_DIR], directories()).with_short_identifier(0x1E),
        free(&[EF_CARD_NUMBER], tlv(0x5A, &decimal(&insured.number))),
        free(&[EF_IDENTITIES], identities(insured)).with_short_identifier(SHORT),
        directory(VITALE_DIRECTORY, VITALE_AID),
        free(&[VITALE_DIRECTORY, EF_POINTERS], pointers()),
        free(&[VITALE_DIRECTORY, EF_HOLDERS], holders(insured)).with_short_identifier(SHORT),
        free(
            &[VITALE_DIRECTORY, EF_CARD],
            constructed(0x66, &[tlv(0x80, insured.valid_from.as_bytes())]),
        ),
        free(
            &[VITALE_DIRECTORY, EF_RAW],
            [&[0x04, 0x00][..], &[0x5A; 30]].concat(),
        ),
        File::elementary(
            &[VITALE_DIRECTORY, EF_REFUSED],
            AccessRules::CONTACTLESS,
            vec![0x65; 40],
        ),
        directory(PKCS15_DIRECTORY, PKCS15_AID),
        free(&[PKCS15_DIRECTORY, EF_CERTIFICATE], certificate()),
        directory(SIGNATURE_DIRECTORY, SIGNATURE_AID),
        free(&[SIGNATURE_DIRECTORY, EF_SIGNATURE], vec![0x00; 16]),
    ];
    FileSystem::new(File::dedicated(&[], Some(MASTER_AID), AccessRules::FIXED), files)
}

fn directories() -> Vec<u8> {
    APPLICATIONS.map(|name| tlv(0x61, &tlv(0x4F, name))).concat()
}

/// `E0 { A0 { 82 <number> <two bytes> <AID> .. } 80 <name> <number> <identifier> .. }`.
fn pointers() -> Vec<u8> {
    let applications: Vec<_> = (1_u16..)
        .zip(APPLICATIONS)
        .map(|(number, name)| tlv(0x82, &[&number.to_be_bytes(), &[0, 0][..], name].concat()))
        .collect();
    let files = POINTERS.map(|(name, number, file)| {
        tlv(
            0x80,
            &[&name[..], &number.to_be_bytes(), &file.to_be_bytes()].concat(),
        )
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
fn holders(insured: &Insured) -> Vec<u8> {
    let holder = |person: &Person| {
        let mut parts = vec![
            tlv(0x90, NATIONALITY),
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
    crate::hex::decode(digits).unwrap_or_default()
}
