//! The contents of the data objects: which fields, under which tags, in which order.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::values::any_bytes;
use crate::holder::date::Validity;
use crate::holder::persona::{Billing, Persona, Profession, Situation, luhn_digit};
use crate::iso7816::tlv::{constructed, tlv};
use crate::kinds::labels;

/// Layouts of the data objects, and what fills them.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Data {
    /// Bytes of CPS_DATA.
    pub free_area_size: usize,
    /// DODF ties CPS_DATA to the holder code.
    pub free_area_auth_id: bool,
    /// ATR of an earlier CPS.
    #[serde(deserialize_with = "any_bytes")]
    pub former_atr: Vec<u8>,
    /// By label; a situation by its label without number, `CPS_ACTIVITY`.
    pub objects: BTreeMap<String, Layout>,
    /// Of each billing situation.
    pub billing: Layout,
}

/// How the content of a data object is put together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Layout {
    /// Data objects, in a constructed one if there is a template.
    Objects {
        /// Tag of the constructed data object around the fields.
        template: Option<u32>,
        /// Tag and meaning of each field, in their order.
        fields: Vec<(u32, Field)>,
    },
    /// Fields without tags, each of its width in bytes; 0 for as many as there are.
    Record {
        /// Meaning and width of each field, in their order.
        record: Vec<(Field, usize)>,
    },
}

/// What a card says of its holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// Table G01.
    Category,
    /// Table G02.
    CardType,
    /// Ten digits, as in the certificates.
    CardNumber,
    /// EF.SN.ICC.
    ChipNumber,
    /// First day of the certificates, YYYYMMDD.
    Issued,
    /// Last day of the certificates, YYYYMMDD.
    Ends,
    /// Table G08, one digit.
    IdentifierKind,
    /// The national identifier without the digit of its kind.
    Identifier,
    /// With the digit of its kind.
    WholeIdentifier,
    /// Table G03.
    Civility,
    /// Of the holder.
    Surname,
    /// Of the holder.
    GivenName,
    /// ISO 639-1, two letters each in a row.
    Languages,
    /// Table G15.
    Profession,
    /// Table G16.
    FutureProfession,
    /// Table G15, or table G16 of somebody in training.
    AnyProfession,
    /// Whether that is of table G16: one byte, 00 or 01.
    InTraining,
    /// Table G05.
    PharmacistTable,
    /// Table R01, each.
    Speciality,
    /// nn of `CPS_ACTIVITY_nn_PS`.
    SituationNumber,
    /// Table G17.
    Mode,
    /// Table G04.
    Responsibility,
    /// Name of the structure.
    Structure,
    /// `Struct_IdNat`.
    StructureId,
    /// Table R02.
    Sector,
    /// What is known of table G19.
    FormerSector,
    /// How many situations are billed.
    BillingCount,
    /// Each billing situation, as `[data.billing]` lays it out.
    Billing,
    /// Eight digits with their key.
    BillingIdentifier,
    /// Table G101.
    Convention,
    /// Table G100.
    InsuranceSpeciality,
    /// Table G102 and its second index.
    TariffZone,
    /// Table G103.
    TravelZone,
    /// Table G104, each in one byte.
    Approvals,
    /// Table G105.
    GeographicZone,
    /// Bit 1: signs invoices; bit 2: signs lots of them.
    Rights,
    /// ATR of an earlier card.
    FormerAtr,
}

/// What is put on a card for one field.
enum Value {
    Number(u8),
    /// Decimal digits.
    Digits(String),
    Text(String),
    Bytes(Vec<u8>),
}

/// Of whom, and of which of his situations.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    pub persona: &'a Persona,
    pub validity: &'a Validity,
    /// Ten digits, as in the certificates.
    pub card_number: &'a str,
    pub situation: Option<&'a Situation>,
}

impl Data {
    /// Labels that the cards know, and nothing within itself.
    pub(crate) fn check(&self) -> Result<(), String> {
        const SITUATIONS: [&str; 2] = ["CPS_ACTIVITY", "CPS2TER_ACTIVITY"];
        let files = |label: &str| labels::LABELS.contains(&label) && label != "CPS_DATA";
        let known = |label: &String| files(label) || SITUATIONS.contains(&label.as_str());
        if let Some(unknown) = self.objects.keys().find(|label| !known(label)) {
            return Err(format!("data.objects: no data object is called {unknown}"));
        }
        if self.billing.fields().any(|field| field == Field::Billing) {
            return Err("data.billing: a billing situation cannot hold another".into());
        }
        Ok(())
    }

    /// `CPS_DATA`: a mark, then bytes that tell their offset, so that a block read from elsewhere shows.
    pub fn free_area(&self) -> Vec<u8> {
        let mut area = b"LAB FREE AREA\0\0\0".to_vec();
        area.extend(
            (area.len()..self.free_area_size).map(|offset| (offset ^ (offset >> 8).wrapping_mul(0x3B)) as u8),
        );
        area
    }

    /// The content of the data object with this layout: `CPS_NAME_PS`, or `CPS_ACTIVITY` for a situation.
    pub fn content(&self, layout: &str, subject: Subject<'_>) -> Vec<u8> {
        self.objects
            .get(layout)
            .map(|layout| layout.filled(self, subject))
            .unwrap_or_default()
    }

    /// What the field of this tag means in the data object of this label; `depth` 1 is the outermost level of fields.
    pub fn field_name(&self, label: &str, tag: u32, depth: usize) -> Option<String> {
        let layout = match (label, depth) {
            (label, 1) => {
                let situation = label.strip_suffix("_PS").and_then(|label| label.rsplit_once('_'));
                self.objects
                    .get(label)
                    .or_else(|| self.objects.get(situation?.0))?
            }
            ("CPS_SIT_FACT" | "CPS2TER_DIRAMO", 2) => &self.billing,
            _ => return None,
        };
        let Layout::Objects { fields, .. } = layout else {
            return None;
        };
        let (_, field) = fields.iter().find(|(own, _)| *own == tag)?;
        Some(field.name())
    }
}

impl Layout {
    fn fields(&self) -> impl Iterator<Item = Field> {
        let (tagged, bare) = match self {
            Layout::Objects { fields, .. } => (fields.as_slice(), &[][..]),
            Layout::Record { record } => (&[][..], record.as_slice()),
        };
        let tagged = tagged.iter().map(|(_, field)| *field);
        tagged.chain(bare.iter().map(|(field, _)| *field))
    }

    fn filled(&self, data: &Data, subject: Subject<'_>) -> Vec<u8> {
        match self {
            Layout::Objects { template, fields } => {
                let objects = fields.iter().flat_map(|(tag, field)| {
                    let values = field.values(data, subject).into_iter();
                    values.map(|value| tlv(*tag, &value.bytes()))
                });
                let objects: Vec<Vec<u8>> = objects.collect();
                match template {
                    Some(template) => constructed(*template, &objects),
                    None => objects.concat(),
                }
            }
            Layout::Record { record } => record
                .iter()
                .flat_map(|(field, width)| {
                    let bytes = field.values(data, subject).into_iter().flat_map(Value::latin1);
                    let (bytes, filler): (Vec<u8>, u8) = (bytes.collect(), field.filler());
                    let width = if *width == 0 { bytes.len() } else { *width };
                    bytes
                        .into_iter()
                        .chain(std::iter::repeat(filler))
                        .take(width)
                        .collect::<Vec<_>>()
                })
                .collect(),
        }
    }
}

impl Field {
    /// None for what the holder has not, several for what is repeated.
    fn values(self, data: &Data, subject: Subject<'_>) -> Vec<Value> {
        let persona = subject.persona;
        match self {
            Self::Speciality => persona.specialities.iter().cloned().map(Value::Text).collect(),
            Self::Billing => billed(persona)
                .map(|situation| {
                    let situation = Some(situation);
                    Value::Bytes(data.billing.filled(data, Subject { situation, ..subject }))
                })
                .collect(),
            Self::FormerAtr => vec![Value::Bytes(data.former_atr.clone())],
            _ => {
                let own = self
                    .of_card(subject)
                    .or_else(|| self.of_holder(persona))
                    .or_else(|| self.of_situation(subject.situation?))
                    .or_else(|| self.of_billing(subject.situation?.billing.as_ref()?));
                own.into_iter().collect()
            }
        }
    }

    fn of_card(self, subject: Subject<'_>) -> Option<Value> {
        let persona = subject.persona;
        let period = persona.certificates.period(subject.validity);
        Some(match self {
            Self::Category => Value::Number(persona.category),
            Self::CardType => Value::Number(persona.card_type.code()),
            Self::CardNumber => Value::Digits(subject.card_number.into()),
            Self::ChipNumber => Value::Bytes(persona.serial.to_vec()),
            Self::Issued => Value::Digits(period.not_before.digits()),
            Self::Ends => Value::Digits(period.not_after.digits()),
            Self::BillingCount => Value::Number(billed(persona).count() as u8),
            _ => return None,
        })
    }

    fn of_holder(self, persona: &Persona) -> Option<Value> {
        let holder = persona.holder.as_ref();
        let (kind, identifier) = persona.identifier.split_at_checked(1)?;
        let (practised, learnt) = match persona.profession {
            Some(Profession::Practised(code)) => (Some(code), None),
            Some(Profession::InTraining(code)) => (None, Some(code)),
            None => (None, None),
        };
        Some(match self {
            Self::IdentifierKind => Value::Text(kind.into()),
            Self::Identifier => Value::Text(identifier.into()),
            Self::WholeIdentifier => Value::Text(persona.identifier.clone()),
            Self::Civility => Value::Number(holder?.civility),
            Self::Surname => Value::Text(holder?.surname.clone()),
            Self::GivenName => Value::Text(holder?.given_name.clone()),
            Self::Languages => Value::Text(persona.languages.concat()),
            Self::Profession => Value::Number(practised?),
            Self::FutureProfession => Value::Number(learnt?),
            Self::AnyProfession => Value::Number(practised.or(learnt)?),
            Self::InTraining => Value::Number(u8::from(learnt.is_some())),
            Self::PharmacistTable => Value::Text(persona.pharmacist_table.clone()?),
            _ => return None,
        })
    }

    fn of_situation(self, situation: &Situation) -> Option<Value> {
        const SINGLE_PRACTICE: &str = "SA07";
        Some(match self {
            Self::SituationNumber => Value::Number(situation.number),
            Self::Mode => Value::Number(situation.mode?),
            Self::Responsibility => Value::Number(situation.status?),
            Self::Structure => Value::Text(situation.structure.clone()),
            Self::StructureId => Value::Text(situation.structure_id.clone()),
            Self::Sector => Value::Text(situation.sector.clone()),
            Self::FormerSector if situation.sector == SINGLE_PRACTICE => Value::Number(31),
            _ => return None,
        })
    }

    fn of_billing(self, billing: &Billing) -> Option<Value> {
        let (zone, index) = billing.tariff_zone;
        Some(match self {
            Self::BillingIdentifier => {
                Value::Text(format!("{}{}", billing.number, luhn_digit(&billing.number)))
            }
            Self::Convention => Value::Number(billing.convention),
            Self::InsuranceSpeciality => Value::Number(billing.speciality),
            Self::TariffZone => Value::Bytes(vec![zone, index]),
            Self::TravelZone => Value::Number(billing.travel_zone),
            Self::Approvals => Value::Bytes(billing.approvals.clone()),
            Self::GeographicZone => Value::Number(billing.geographic_zone),
            Self::Rights => {
                Value::Number(u8::from(billing.signs_invoices) | u8::from(billing.signs_lots) << 1)
            }
            _ => return None,
        })
    }

    /// What fills the rest of its width in a record.
    fn filler(self) -> u8 {
        match self {
            Self::IdentifierKind
            | Self::Identifier
            | Self::WholeIdentifier
            | Self::Surname
            | Self::GivenName
            | Self::Languages
            | Self::PharmacistTable
            | Self::Speciality
            | Self::Structure
            | Self::StructureId
            | Self::Sector
            | Self::BillingIdentifier => b' ',
            _ => 0,
        }
    }
}

impl Value {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Number(number) => vec![number],
            Self::Digits(digits) => bcd(&digits),
            Self::Text(text) => text.into_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    fn latin1(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text
                .chars()
                .map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?'))
                .collect(),
            other => other.bytes(),
        }
    }
}

/// The situations that the health insurance knows.
fn billed(persona: &Persona) -> impl Iterator<Item = &Situation> {
    persona
        .situations
        .iter()
        .filter(|situation| situation.billing.is_some())
}

/// Decimal digits, two in a byte.
fn bcd(digits: &str) -> Vec<u8> {
    let nibble = |digit: &u8| digit.wrapping_sub(b'0') & 0x0F;
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | nibble(digit)))
        .collect()
}

impl Field {
    /// Its name in `guesses.toml`, in words.
    fn name(self) -> String {
        let mut name = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_ascii_uppercase() && !name.is_empty() {
                name.push(' ');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }
}
