//! Contents of the data objects in the **lab's** layout.
//!
//! Known from a real test card: the tag `EE` of a situation, its fields 84, 85 and 86, and that 86 stands last. All
//! other tags, the CPS2ter records and the size of `CPS_DATA` are guessed: the fields are those that the official
//! tools show, their encoding is ours.

use crate::persona::{Billing, Persona, Profession, Situation, luhn_digit};
use crate::pki::{Validity, card_number};
use crate::tlv::{constructed, tlv};

/// Bytes of `CPS_DATA`. A real CPS3 takes four seconds to read it: several kilobytes.
const FREE_AREA_SIZE: usize = 4096;

/// ATR of an earlier CPS, the kind of card that the CPS2ter objects stand for.
const CPS2TER_ATR: [u8; 17] = [
    0x3B, 0xAC, 0x00, 0x40, 0x2A, 0x00, 0x12, 0x25, 0x00, 0x64, 0x80, 0x82, 0x02, 0x12, 0x00, 0x90, 0x00,
];

/// An optional code of one byte.
fn code(tag: u32, value: Option<u8>) -> Vec<u8> {
    value.map(|value| tlv(tag, &[value])).unwrap_or_default()
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

/// `CPS_DATA`: a mark, then bytes that tell their offset, so that a block read from elsewhere shows.
pub fn free_area() -> Vec<u8> {
    let mut area = b"LAB FREE AREA\0\0\0".to_vec();
    area.extend((area.len()..FREE_AREA_SIZE).map(|offset| (offset ^ (offset >> 8).wrapping_mul(0x3B)) as u8));
    area
}

/// `CPS_ID_CARD`: 80 category, 81 type, 82 number, 83 issue, 84 end (YYYYMMDD); numbers and dates in BCD.
pub fn card_identification(persona: &Persona, validity: &Validity) -> Vec<u8> {
    let period = persona.certificates.period(validity);
    constructed(
        0xEE,
        &[
            tlv(0x80, &[persona.category]),
            tlv(0x81, &[persona.card_type.code()]),
            tlv(0x82, &bcd(&card_number(persona))),
            tlv(0x83, &bcd(&period.not_before.digits())),
            tlv(0x84, &bcd(&period.not_after.digits())),
        ],
    )
}

/// `CPS_NAME_PS`: 80 kind of identifier, 81 identifier, 82 civility, 83 surname, 84 given name (UTF-8).
pub fn holder(persona: &Persona) -> Vec<u8> {
    let (kind, identifier) = persona.identifier.split_at_checked(1).unwrap_or_default();
    let mut fields = vec![tlv(0x80, kind.as_bytes()), tlv(0x81, identifier.as_bytes())];
    if let Some(holder) = &persona.holder {
        fields.push(tlv(0x82, &[holder.civility]));
        fields.push(tlv(0x83, holder.surname.as_bytes()));
        fields.push(tlv(0x84, holder.given_name.as_bytes()));
    }
    constructed(0xEE, &fields)
}

/// `CPS_LANG_PS`: two letters each in a row.
pub fn languages(persona: &Persona) -> Vec<u8> {
    tlv(0x80, persona.languages.concat().as_bytes())
}

/// `CPS_INFO_PS`: 80 profession, 81 future profession, 82 table of a pharmacist, 86 each speciality, last as on
/// real cards.
pub fn professional_characteristics(persona: &Persona) -> Vec<u8> {
    let mut fields = vec![match persona.profession {
        Some(Profession::Practised(code)) => tlv(0x80, &[code]),
        Some(Profession::InTraining(code)) => tlv(0x81, &[code]),
        None => Vec::new(),
    }];
    fields.extend(
        persona
            .pharmacist_table
            .iter()
            .map(|table| tlv(0x82, table.as_bytes())),
    );
    fields.extend(persona.specialities.iter().map(|code| tlv(0x86, code.as_bytes())));
    constructed(0xEE, &fields)
}

/// `CPS_ACTIVITY_nn_PS`: 80 mode, 81 responsibility, 84 structure (UTF-8), 85 its identifier, 86 sector.
pub fn situation(situation: &Situation) -> Vec<u8> {
    constructed(
        0xEE,
        &[
            code(0x80, situation.mode),
            code(0x81, situation.status),
            tlv(0x84, situation.structure.as_bytes()),
            tlv(0x85, situation.structure_id.as_bytes()),
            tlv(0x86, situation.sector.as_bytes()),
        ],
    )
}

/// `CPS_SIT_FACT`: 80 how many, then an A1 for each.
pub fn billing_situations(persona: &Persona) -> Vec<u8> {
    let billed = persona.situations.iter().filter_map(|situation| {
        situation
            .billing
            .as_ref()
            .map(|billing| billing_situation(situation.number, billing))
    });
    let billed: Vec<Vec<u8>> = billed.collect();
    let mut parts = vec![tlv(0x80, &[billed.len() as u8])];
    parts.extend(billed);
    constructed(0xEE, &parts)
}

/// 80 number of the situation, 81 identifier with key, 82 convention, 83 speciality, 84 tariff zone with index,
/// 85 travel zone, 86 approvals, 87 geographic zone, 88 rights: bit 1 invoices, bit 2 lots.
fn billing_situation(number: u8, billing: &Billing) -> Vec<u8> {
    let identifier = format!("{}{}", billing.number, luhn_digit(&billing.number));
    let (zone, index) = billing.tariff_zone;
    let rights = u8::from(billing.signs_invoices) | u8::from(billing.signs_lots) << 1;
    constructed(
        0xA1,
        &[
            tlv(0x80, &[number]),
            tlv(0x81, identifier.as_bytes()),
            tlv(0x82, &[billing.convention]),
            tlv(0x83, &[billing.speciality]),
            tlv(0x84, &[zone, index]),
            tlv(0x85, &[billing.travel_zone]),
            tlv(0x86, &billing.approvals),
            tlv(0x87, &[billing.geographic_zone]),
            tlv(0x88, &[rights]),
        ],
    )
}

/// The free objects of the CPS2ter volet of a CPS4: raw records of fixed width, text in ISO 8859-1.
pub fn cps2ter(persona: &Persona) -> [(&'static str, Vec<u8>); 7] {
    let (civility, surname, given_name) = match &persona.holder {
        Some(holder) => (holder.civility, &*holder.surname, &*holder.given_name),
        None => (0, "", ""),
    };
    let name = [
        vec![civility],
        latin1(&persona.identifier, 32),
        latin1(surname, 27),
        latin1(given_name, 27),
    ];
    let (profession, in_training) = match persona.profession {
        Some(Profession::Practised(code)) => (code, 0),
        Some(Profession::InTraining(code)) => (code, 1),
        None => (0, 0),
    };
    [
        ("CPS2TER_ATR", CPS2TER_ATR.to_vec()),
        (
            "CPS2TER_ID",
            [
                vec![persona.category, persona.card_type.code()],
                bcd(&card_number(persona)),
            ]
            .concat(),
        ),
        ("CPS2TER_ICC", persona.serial.to_vec()),
        ("CPS2TER_NAME", name.concat()),
        ("CPS2TER_LANG", persona.languages.concat().into_bytes()),
        ("CPS2TER_PSINFO", vec![profession, in_training]),
        ("CPS2TER_DIRAMO", billing_situations(persona)),
    ]
}

/// `CPS2TER_ACTIVITY_nn_PS`: number, mode, responsibility, sector of ADELI, identifier, structure.
pub fn cps2ter_situation(situation: &Situation) -> Vec<u8> {
    // Table G19 gives 31 to a single practice; the codes of the other sectors are not known here.
    let sector = if situation.sector == "SA07" { 31 } else { 0 };
    let mode = situation.mode.unwrap_or_default();
    let status = situation.status.unwrap_or_default();
    let text = [
        latin1(&situation.structure_id, 15),
        latin1(&situation.structure, 40),
    ];
    [vec![situation.number, mode, status, sector], text.concat()].concat()
}

/// ISO 8859-1, cut or filled with spaces to `width`.
fn latin1(text: &str, width: usize) -> Vec<u8> {
    let letters = text
        .chars()
        .map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?'));
    letters.chain(std::iter::repeat(b' ')).take(width).collect()
}

/// What the field of this tag means in the data object of this label; `depth` 1 is the outermost level of fields.
pub fn field_name(label: &str, tag: u32, depth: usize) -> Option<&'static str> {
    let fields: &[(u32, &'static str)] = match (label, depth) {
        ("EF_ACTUA", 1) => &[(0x81, "start of the update"), (0x82, "end of the update")],
        ("CPS_ID_CARD", 1) => &[
            (0x80, "category"),
            (0x81, "type"),
            (0x82, "number"),
            (0x83, "issued"),
            (0x84, "ends"),
        ],
        ("CPS_NAME_PS", 1) => &[
            (0x80, "kind of identifier"),
            (0x81, "identifier"),
            (0x82, "civility"),
            (0x83, "surname"),
            (0x84, "given name"),
        ],
        ("CPS_INFO_PS", 1) => &[
            (0x80, "profession"),
            (0x81, "future profession"),
            (0x82, "pharmacist table"),
            (0x86, "speciality"),
        ],
        ("CPS_SIT_FACT" | "CPS2TER_DIRAMO", 1) => {
            &[(0x80, "billing situations"), (0xA1, "billing situation")]
        }
        ("CPS_SIT_FACT" | "CPS2TER_DIRAMO", 2) => &[
            (0x80, "situation"),
            (0x81, "identifier with key"),
            (0x82, "convention"),
            (0x83, "speciality"),
            (0x84, "tariff zone"),
            (0x85, "travel zone"),
            (0x86, "approvals"),
            (0x87, "geographic zone"),
            (0x88, "rights"),
        ],
        (label, 1) if label.starts_with("CPS_ACTIVITY_") => &[
            (0x80, "mode"),
            (0x81, "responsibility"),
            (0x84, "structure"),
            (0x85, "identifier of the structure"),
            (0x86, "sector"),
        ],
        _ => &[],
    };
    fields.iter().find(|(own, _)| *own == tag).map(|(_, name)| *name)
}
