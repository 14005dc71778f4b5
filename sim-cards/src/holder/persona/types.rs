//! What a persona says of a holder and of the card.

use super::serial;
use super::verbatim::{VerbatimCertificate, VerbatimDirectory};
use crate::holder::date::{Period, Validity};
use crate::kinds::chip::Chip;
use crate::text::hex;

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
    /// First name.
    pub given_name: String,
    /// Family name.
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
    /// Neither expired nor revoked.
    #[default]
    Valid,
    /// Their last day is over.
    Expired,
    /// In the revocation list of its authority.
    Revoked,
}

/// Variations of the card's certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Certificates {
    /// Of all of them alike.
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
    pub(super) start: [u8; 7],
    pub(super) end: Option<[u8; 7]>,
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
    /// Kind of card, which decides the authority of its certificates.
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
    /// Absent on service cards.
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
    /// Absent until the first update of a card.
    pub ef_actua: Option<EfActua>,
    /// How its certificates differ from the usual ones.
    pub certificates: Certificates,
    /// Its PIN and its PUK.
    pub codes: Codes,
}

impl Persona {
    /// Gives the card another number. Eight digits count.
    pub fn set_serial(&mut self, serial: u32) {
        if let Some(serial) = serial::ef_sn_icc(&format!("{:08}", serial % 100_000_000)) {
            self.serial = serial;
        }
    }

    /// The eight digits of EF.SN.ICC that make the serial number of the token.
    pub fn serial_digits(&self) -> String {
        hex::encode(&self.serial[7..11])
    }
}
