//! The file of a persona, checked field by field.

use std::path::Path;

use serde::Deserialize;

use super::error::{PersonaError, each};
use super::serial::{bcd, digits, ef_sn_icc, luhn_digit};
use super::types::{Billing, CardType, Certificates, Codes, EfActua, Holder, Persona, Profession, Situation};
use super::verbatim::{FileCertificate, FileDirectory, LARGEST_FILE};
use crate::kinds::chip::Chip;
use crate::kinds::labels;
use crate::text::{hex, limits};

/// Bytes of a name or a label.
const LONGEST_TEXT: usize = 200;
/// Specialities or languages of one person.
const MOST_CODES: usize = 16;
/// Bytes of a code of a table.
const LONGEST_CODE: usize = 16;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    name: String,
    description: String,
    chip: ChipName,
    card_type: CardTypeName,
    serial: String,
    identifier: String,
    title: Option<String>,
    department: Option<String>,
    profession: Option<u8>,
    future_profession: Option<u8>,
    pharmacist_table: Option<String>,
    #[serde(default)]
    specialities: Vec<String>,
    #[serde(default = "french")]
    languages: Vec<String>,
    holder: Option<FileHolder>,
    #[serde(default, rename = "situation")]
    situations: Vec<FileSituation>,
    update: Option<FileUpdate>,
    #[serde(default, rename = "object")]
    objects: Vec<FileObject>,
    #[serde(default, rename = "certificate")]
    verbatim_certificates: Vec<FileCertificate>,
    #[serde(default, rename = "directory")]
    verbatim_directories: Vec<FileDirectory>,
    #[serde(default)]
    certificates: Certificates,
    #[serde(default)]
    codes: Codes,
}

fn french() -> Vec<String> {
    vec!["FR".into()]
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ChipName {
    Cps3,
    Cps4,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum CardTypeName {
    Cps,
    Cpf,
    Cpe,
    Cde,
    Cpa,
    Cda,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct FileHolder {
    given_name: String,
    surname: String,
    civility: u8,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct FileSituation {
    number: u8,
    structure: String,
    structure_id: String,
    sector: String,
    mode: Option<u8>,
    status: Option<u8>,
    billing: Option<FileBilling>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct FileBilling {
    number: String,
    convention: u8,
    speciality: u8,
    tariff_zone: [u8; 2],
    travel_zone: u8,
    #[serde(default)]
    approvals: Vec<u8>,
    geographic_zone: u8,
    signs_invoices: bool,
    signs_lots: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct FileUpdate {
    start: String,
    end: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct FileObject {
    label: String,
    content: String,
}

/// Files that the persona names are looked for from `folder`.
pub fn parse(toml: &str, folder: &Path) -> Result<Persona, PersonaError> {
    let file: File = toml::from_str(toml).map_err(|error| PersonaError::Syntax(error.to_string()))?;
    read(file, folder).map_err(|error| error.in_text(toml))
}

fn read(file: File, folder: &Path) -> Result<Persona, PersonaError> {
    check_lengths(&file)?;
    let situations = situations(file.situations)?;
    let holder = file.holder.map(holder).transpose()?;
    check(slug(&file.name), "name", "lower-case letters, digits and hyphens")?;
    check_identifier(&file.identifier)?;
    check_codes(&file.codes)?;
    check(
        file.languages
            .iter()
            .all(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())),
        "languages",
        "two capital letters each (ISO 639-1)",
    )?;
    let service_card = holder.is_none();
    check(
        !service_card || (file.department.is_some() && !situations.is_empty()),
        "holder",
        "a card without a holder needs a department and a situation to name its structure",
    )?;
    let profession = match (file.profession, file.future_profession) {
        (Some(_), Some(_)) => {
            return Err(PersonaError::value(
                "profession",
                "either profession or future-profession",
            ));
        }
        (Some(code), None) => Some(Profession::Practised(code)),
        (None, Some(code)) => Some(Profession::InTraining(code)),
        (None, None) => None,
    };
    Ok(Persona {
        name: file.name,
        description: file.description,
        chip: match file.chip {
            ChipName::Cps3 => Chip::Cps3,
            ChipName::Cps4 => Chip::Cps4,
        },
        serial: ef_sn_icc(&file.serial).ok_or_else(|| PersonaError::value("serial", "eight digits"))?,
        card_type: file.card_type.into(),
        category: 0x80,
        identifier: file.identifier,
        title: file.title,
        holder,
        department: file.department,
        profession,
        pharmacist_table: file.pharmacist_table,
        specialities: file.specialities,
        languages: file.languages,
        situations,
        objects: each(file.objects, object)?,
        verbatim_certificates: each(file.verbatim_certificates, |certificate| certificate.read(folder))?,
        verbatim_directories: each(file.verbatim_directories, |directory| directory.read(folder))?,
        ef_actua: file.update.map(ef_actua).transpose()?,
        certificates: file.certificates,
        codes: file.codes,
    })
}

impl From<CardTypeName> for CardType {
    fn from(name: CardTypeName) -> CardType {
        match name {
            CardTypeName::Cps => CardType::Cps,
            CardTypeName::Cpf => CardType::Cpf,
            CardTypeName::Cpe => CardType::Cpe,
            CardTypeName::Cde => CardType::Cde,
            CardTypeName::Cpa => CardType::Cpa,
            CardTypeName::Cda => CardType::Cda,
        }
    }
}

fn check(right: bool, field: &'static str, reason: &str) -> Result<(), PersonaError> {
    if right {
        Ok(())
    } else {
        Err(PersonaError::value(field, reason))
    }
}

/// What has no form that limits it: certificates and data objects hold these texts.
fn check_lengths(file: &File) -> Result<(), PersonaError> {
    let holder = file.holder.as_ref();
    for (field, text) in [
        ("description", Some(&file.description)),
        ("identifier", Some(&file.identifier)),
        ("title", file.title.as_ref()),
        ("department", file.department.as_ref()),
        ("pharmacist-table", file.pharmacist_table.as_ref()),
        ("holder.given-name", holder.map(|holder| &holder.given_name)),
        ("holder.surname", holder.map(|holder| &holder.surname)),
    ] {
        let fits = text.is_none_or(|text| text.len() <= LONGEST_TEXT);
        check(fits, field, "200 bytes at most")?;
    }
    check(
        limits::NAME.holds(file.name.len()),
        "name",
        &limits::NAME.to_string(),
    )?;
    let short =
        |codes: &[String]| codes.len() <= MOST_CODES && codes.iter().all(|code| code.len() <= LONGEST_CODE);
    check(
        short(&file.specialities),
        "specialities",
        "16 codes of 16 bytes at most",
    )?;
    check(
        short(&file.languages),
        "languages",
        "16 codes of two letters at most",
    )?;
    let size = file.certificates.minimum_size;
    check(
        size.is_none_or(|size| limits::CERTIFICATE_SIZE.holds(size)),
        "certificates.minimum-size",
        &limits::CERTIFICATE_SIZE.to_string(),
    )
}

fn slug(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The kinds of table G08 that appear on cards, with their lengths.
fn check_identifier(identifier: &str) -> Result<(), PersonaError> {
    let printable = identifier
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'/');
    let rest = identifier.get(1..).unwrap_or_default();
    let registered = |length: usize| {
        rest.split_once('/')
            .is_some_and(|(structure, register)| structure.len() == length && !register.is_empty())
    };
    let right = match identifier.bytes().next() {
        Some(b'8') => digits(rest, 11) && rest.ends_with(char::from(b'0' + luhn_digit(&rest[..10]))),
        Some(b'0') => rest.len() == 9,
        Some(b'1' | b'3' | b'4') => registered(9),
        Some(b'5') => registered(14),
        Some(b'6') => registered(11),
        Some(b'9') => !rest.is_empty(),
        _ => false,
    };
    check(
        printable && right,
        "identifier",
        "one digit for its kind, then an identifier with a right check digit",
    )
}

fn check_codes(codes: &Codes) -> Result<(), PersonaError> {
    let holder = (4..=8).any(|length| digits(&codes.holder, length));
    check(holder, "codes.holder", "four to eight digits")?;
    check(codes.holder_tries <= 3, "codes.holder-tries", "three at most")?;
    check(digits(&codes.unblocking, 8), "codes.unblocking", "eight digits")?;
    check(
        codes.unblocking_tries <= 10,
        "codes.unblocking-tries",
        "ten at most",
    )
}

fn holder(file: FileHolder) -> Result<Holder, PersonaError> {
    check(
        !file.given_name.is_empty() && !file.surname.is_empty(),
        "holder",
        "names are not empty",
    )?;
    check(
        [22, 23, 31].contains(&file.civility),
        "holder.civility",
        "22, 23 or 31 (table G03)",
    )?;
    Ok(Holder {
        given_name: file.given_name,
        surname: file.surname,
        civility: file.civility,
    })
}

fn situations(files: Vec<FileSituation>) -> Result<Vec<Situation>, PersonaError> {
    let ascending = files.windows(2).all(|pair| pair[0].number < pair[1].number);
    check(ascending, "situation.number", "ascending, each once")?;
    each(files, situation)
}

fn situation(file: FileSituation) -> Result<Situation, PersonaError> {
    check(
        (1..=16).contains(&file.number),
        "situation.number",
        "from 1 to 16",
    )?;
    check(
        file.structure.len() <= LONGEST_TEXT,
        "situation.structure",
        "200 bytes at most",
    )?;
    let id =
        file.structure_id.len() <= 20 && file.structure_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    check(id, "situation.structure-id", "20 letters and digits at most")?;
    let sector = file.sector.len() == 4 && file.sector.bytes().all(|byte| byte.is_ascii_alphanumeric());
    check(sector, "situation.sector", "four letters and digits (table R02)")?;
    Ok(Situation {
        number: file.number,
        structure: file.structure,
        structure_id: file.structure_id,
        sector: file.sector,
        mode: file.mode,
        status: file.status,
        billing: file.billing.map(billing).transpose()?,
    })
}

fn billing(file: FileBilling) -> Result<Billing, PersonaError> {
    check(
        digits(&file.number, 8),
        "situation.billing.number",
        "eight digits",
    )?;
    check(
        file.approvals.len() <= 3,
        "situation.billing.approvals",
        "three at most",
    )?;
    let [zone, index] = file.tariff_zone;
    Ok(Billing {
        number: file.number,
        convention: file.convention,
        speciality: file.speciality,
        tariff_zone: (zone, index),
        travel_zone: file.travel_zone,
        approvals: file.approvals,
        geographic_zone: file.geographic_zone,
        signs_invoices: file.signs_invoices,
        signs_lots: file.signs_lots,
    })
}

fn object(file: FileObject) -> Result<(String, Vec<u8>), PersonaError> {
    check(
        labels::is_known(&file.label),
        "object.label",
        "the label of a data object, as CPS_NAME_PS",
    )?;
    let content = hex::decode(&file.content)
        .filter(|content| content.len() <= LARGEST_FILE)
        .ok_or_else(|| PersonaError::value("object.content", "hexadecimal digits, 32767 bytes at most"))?;
    Ok((file.label, content))
}

fn ef_actua(file: FileUpdate) -> Result<EfActua, PersonaError> {
    let date = |text: &str| {
        bcd(text)
            .filter(|_| digits(text, 14))
            .ok_or_else(|| PersonaError::value("update", "dates are YYYYMMDDhhmmss"))
    };
    Ok(EfActua {
        start: date(&file.start)?,
        end: file.end.as_deref().map(date).transpose()?,
    })
}
