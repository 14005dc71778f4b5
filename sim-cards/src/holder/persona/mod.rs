//! The holders of the simulated cards, written in `personas/*.toml`.
//!
//! All are fictional: test-card category, identifiers of test ranges, names that say so.

mod file;
mod verbatim;

use std::fmt;
use std::path::Path;

use crate::holder::date::{Period, Validity};
use crate::model::chip::Chip;
use crate::text::embedded::PERSONAS;
use crate::text::input::{line_of, near, read_text, unknown};

pub use verbatim::{Directory, VerbatimCertificate, VerbatimDirectory};

/// Bytes of the longest file: where the offsets of READ BINARY end.
const LARGEST_FILE: usize = 0x7FFF;

/// Kind of card (table G02). The card itself cannot tell a CDE from a CPE, nor a CDA from a CPA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardType {
    /// Regulated professional.
    Cps,
    /// Professional in training.
    Cpf,
    /// Staff of an establishment.
    Cpe,
    /// Director of an establishment.
    Cde,
    /// Staff of an authorised structure.
    Cpa,
    /// Director of an authorised structure.
    Cda,
}

impl CardType {
    /// Code of table G02.
    pub fn code(self) -> u8 {
        match self {
            CardType::Cps => 0,
            CardType::Cpf => 1,
            CardType::Cpe | CardType::Cde => 2,
            CardType::Cpa | CardType::Cda => 3,
        }
    }
}

/// A profession.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profession {
    /// Code of table G15.
    Practised(u8),
    /// Code of table G16: still in training (CPF).
    InTraining(u8),
}

/// The person whom a card names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub given_name: String,
    pub surname: String,
    /// Code of table G03: 22 Madame, 23 Mademoiselle, 31 Monsieur.
    pub civility: u8,
}

/// Where and how the holder works: one `CPS_ACTIVITY_nn_PS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// nn, from 1 to 16; numbers may have gaps.
    pub number: u8,
    /// Name of the structure.
    pub structure: String,
    /// `Struct_IdNat`: one digit for the kind (table G07), then the identifier.
    pub structure_id: String,
    /// Sector of activity (table R02), four characters such as `SA07`.
    pub sector: String,
    /// Mode of exercise (table G17).
    pub mode: Option<u8>,
    /// Responsibility (table G04).
    pub status: Option<u8>,
    /// What the health insurance knows of this situation.
    pub billing: Option<Billing>,
}

/// One billing situation of `CPS_SIT_FACT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Billing {
    /// Eight digits; the key that follows them is computed.
    pub number: String,
    /// Convention (table G101).
    pub convention: u8,
    /// Speciality of the insurance (table G100).
    pub speciality: u8,
    /// Tariff zone (table G102) and its second index.
    pub tariff_zone: (u8, u8),
    /// Travel allowance zone (table G103).
    pub travel_zone: u8,
    /// Approvals (table G104).
    pub approvals: Vec<u8>,
    /// Geographic zone (table G105).
    pub geographic_zone: u8,
    /// May sign invoices (FSE).
    pub signs_invoices: bool,
    /// May sign lots of invoices.
    pub signs_lots: bool,
}

/// State of the card's certificates on the day of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateState {
    #[default]
    Valid,
    Expired,
    /// In the revocation list of its authority.
    Revoked,
}

/// Variations of the card's certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Certificates {
    pub state: CertificateState,
    /// Bytes that each certificate has at least, reached by a longer LDAP address.
    pub minimum_size: Option<usize>,
    /// keyEncipherment besides digitalSignature in the authentication certificate.
    pub key_encipherment: bool,
}

impl Certificates {
    /// The life of the certificates, seen from the day they are used on.
    pub fn period(&self, validity: &Validity) -> Period {
        match self.state {
            CertificateState::Expired => validity.expired(),
            CertificateState::Valid | CertificateState::Revoked => validity.current(),
        }
    }
}

/// The codes of the card.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Codes {
    /// Code of the holder, digits.
    pub holder: String,
    /// Tries left for it, three at most.
    pub holder_tries: u8,
    /// Unblocking code, eight digits.
    pub unblocking: String,
    /// Tries left for it, ten at most.
    pub unblocking_tries: u8,
}

impl Default for Codes {
    fn default() -> Codes {
        Codes {
            holder: "1234".into(),
            holder_tries: 3,
            unblocking: "12345678".into(),
            unblocking_tries: 10,
        }
    }
}

/// EF_ACTUA, written by an update of the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EfActua {
    start: [u8; 7],
    end: Option<[u8; 7]>,
}

impl EfActua {
    /// Content of the file: `EC len { 81 07 start, 82 07 end }`, BCD dates; without end if the update broke off.
    pub fn content(&self) -> Vec<u8> {
        let mut dates = vec![0x81, 0x07];
        dates.extend(self.start);
        if let Some(end) = self.end {
            dates.extend([0x82, 0x07]);
            dates.extend(end);
        }
        let mut content = vec![0xEC, dates.len() as u8];
        content.extend(dates);
        content
    }
}

/// The holder of a card, with everything that tells this card from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persona {
    /// Short name such as `doctor-hospital-cps3`.
    pub name: String,
    /// One line for lists.
    pub description: String,
    /// The chip that this persona shows best.
    pub chip: Chip,
    /// Content of EF.SN.ICC: `5A 0A`, issuer, eight digits, check digit and filler.
    pub serial: [u8; 12],
    pub card_type: CardType,
    /// Code of table G01: 0x80, test card.
    pub category: u8,
    /// `PS_IdNat`, the common name of the certificates.
    pub identifier: String,
    /// Title in the certificates, the label of the profession.
    pub title: Option<String>,
    /// Absent on service cards.
    pub holder: Option<Holder>,
    /// `Name (number)`, in the certificates of service cards.
    pub department: Option<String>,
    pub profession: Option<Profession>,
    /// Table of a pharmacist (table G05).
    pub pharmacist_table: Option<String>,
    /// Codes of table R01.
    pub specialities: Vec<String>,
    /// Languages (ISO 639-1), two letters each.
    pub languages: Vec<String>,
    /// In the order of their numbers.
    pub situations: Vec<Situation>,
    /// Labels of data objects with the bytes that they hold in place of what the lab would write.
    pub objects: Vec<(String, Vec<u8>)>,
    /// Certificates that the card holds in place of those that the lab would issue.
    pub verbatim_certificates: Vec<VerbatimCertificate>,
    /// Directory files that the card holds in place of those that the lab would write.
    pub verbatim_directories: Vec<VerbatimDirectory>,
    pub ef_actua: Option<EfActua>,
    pub certificates: Certificates,
    pub codes: Codes,
}

impl Persona {
    /// Gives the card another number. Eight digits count.
    pub fn set_serial(&mut self, serial: u32) {
        if let Ok(serial) = file::ef_sn_icc(&format!("{:08}", serial % 100_000_000)) {
            self.serial = serial;
        }
    }

    /// The eight digits of EF.SN.ICC that make the serial number of the token.
    pub fn serial_digits(&self) -> String {
        self.serial[7..11]
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect()
    }
}

/// Why a text is no persona.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonaError {
    /// Not TOML, or not the fields of a persona; the text says where.
    Syntax(String),
    /// A field whose value no card could carry.
    Value {
        field: &'static str,
        reason: String,
        /// In which of the tables of this name, counted from 0.
        index: usize,
        /// Where it stands in the text, counted from 1, if it is there.
        line: Option<usize>,
    },
    /// The crate has none of this name; it has these, which are near.
    Unknown(String, Vec<String>),
    /// A file that cannot be read, and why.
    Unreadable(String, String),
}

impl fmt::Display for PersonaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PersonaError::Syntax(message) => f.write_str(message),
            PersonaError::Value {
                field,
                reason,
                line: Some(line),
                ..
            } => write!(f, "line {line}: {field}: {reason}"),
            PersonaError::Value { field, reason, .. } => write!(f, "{field}: {reason}"),
            PersonaError::Unknown(name, near) => f.write_str(&unknown("persona", name, near)),
            PersonaError::Unreadable(file, reason) => write!(f, "{file}: {reason}"),
        }
    }
}

impl std::error::Error for PersonaError {}

impl PersonaError {
    fn value(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Value {
            field,
            reason: reason.into(),
            index: 0,
            line: None,
        }
    }

    /// The same in the table number `at` of those of this name.
    fn at(mut self, at: usize) -> Self {
        if let Self::Value { index, .. } = &mut self {
            *index = at;
        }
        self
    }

    /// The same with its line in the text that it was found in.
    fn in_text(mut self, toml: &str) -> Self {
        if let Self::Value {
            field, index, line, ..
        } = &mut self
        {
            *line = line_of(toml, field, *index);
        }
        self
    }
}

/// What `read` makes of each table of a name, or what is wrong with one, and with which.
fn each<T, U>(
    tables: Vec<T>,
    mut read: impl FnMut(T) -> Result<U, PersonaError>,
) -> Result<Vec<U>, PersonaError> {
    let numbered = tables.into_iter().enumerate();
    numbered
        .map(|(index, table)| read(table).map_err(|error| error.at(index)))
        .collect()
}

/// Reads a persona from the text of its file. Files that it names are looked for in the current directory.
pub fn parse(toml: &str) -> Result<Persona, PersonaError> {
    file::parse(toml, Path::new(""))
}

/// Every persona of the crate, by serial number.
pub fn all() -> Vec<Persona> {
    let parse = |(name, text): &(&str, &str)| match parse(text) {
        Ok(persona) => persona,
        Err(error) => panic!("personas/{name}.toml: {error}"),
    };
    let mut personas: Vec<Persona> = PERSONAS.iter().map(parse).collect();
    personas.sort_by_key(|persona| persona.serial);
    personas
}

/// The persona of this name.
pub fn find(name: &str) -> Option<Persona> {
    all().into_iter().find(|persona| persona.name == name)
}

/// Whom people mean: a persona of the crate by its name, another one by the path of its file (with a slash, or ending
/// in `.toml`) or by the text of that file (more than one line).
pub fn named(text: &str) -> Result<Persona, PersonaError> {
    match Described::by(text) {
        Described::Name(name) => {
            find(name).ok_or_else(|| PersonaError::Unknown(name.into(), near(name, names())))
        }
        Described::Text(text) => parse(text),
        Described::File(path) => {
            let unreadable = |reason: String| PersonaError::Unreadable(path.into(), reason);
            let text = read_text(Path::new(path)).map_err(|error| unreadable(error.to_string()))?;
            let folder = Path::new(path).parent().unwrap_or(Path::new(""));
            file::parse(&text, folder).map_err(|error| unreadable(error.to_string()))
        }
    }
}

/// Everybody of the crate, the insured too.
fn names() -> impl Iterator<Item = String> {
    let professionals = all().into_iter().map(|persona| persona.name);
    professionals.chain(
        crate::holder::insured::all()
            .into_iter()
            .map(|insured| insured.name),
    )
}

/// How people say whose card they mean.
pub(crate) enum Described<'a> {
    Name(&'a str),
    File(&'a str),
    Text(&'a str),
}

impl<'a> Described<'a> {
    pub(crate) fn by(text: &'a str) -> Self {
        match text {
            text if text.contains('\n') => Self::Text(text),
            text if text.contains('/') || text.ends_with(".toml") => Self::File(text),
            text => Self::Name(text),
        }
    }
}

/// Luhn check digit (ISO/IEC 7812-1 annex B) to put after these decimal digits.
pub(crate) fn luhn_digit(digits: &str) -> u8 {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(position, digit)| {
            let digit = u32::from(digit.wrapping_sub(b'0'));
            match (position % 2, digit * 2) {
                (0, doubled @ 10..) => doubled - 9,
                (0, doubled) => doubled,
                _ => digit,
            }
        })
        .sum();
    ((10 - sum % 10) % 10) as u8
}

#[cfg(test)]
mod tests;
