//! The card's own data objects. What is known of them is named; everything else is shown in
//! hexadecimal.

use cpx_pkcs11::tlv::{Tlv, objects};

use super::certificate::hex;

/// A data object of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataObject {
    /// Its label, such as CPS_ACTIVITY_01_PS.
    pub label: String,
    /// As the card stores it.
    pub value: Vec<u8>,
    /// Only readable with the PIN.
    pub protected: bool,
}

/// One field of a data object: a tag and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The tag.
    pub tag: u32,
    /// What is in it.
    pub value: Vec<u8>,
    /// The fields inside it, of a constructed one.
    pub inside: Vec<Field>,
}

/// A situation of exercise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Situation {
    /// Name of the structure.
    pub structure: Option<String>,
    /// Identifier of the structure, its kind in front.
    pub structure_id: Option<String>,
    /// Sector, table R02.
    pub sector: Option<String>,
    /// All that is not known.
    pub others: Vec<Field>,
}

/// Tags of a situation that were seen on real cards.
const STRUCTURE: u32 = 0x84;
const STRUCTURE_ID: u32 = 0x85;
const SECTOR: u32 = 0x86;

/// Fields in one another.
const DEEPEST: usize = 8;

/// The bit of a tag's first byte that says: there are fields inside.
fn is_constructed(whole: &[u8]) -> bool {
    whole.first().is_some_and(|first| first & 0x20 != 0)
}

/// The fields of a value; nothing if it is not made of fields.
pub fn fields(value: &[u8]) -> Option<Vec<Field>> {
    fields_at(value, 0)
}

fn fields_at(value: &[u8], depth: usize) -> Option<Vec<Field>> {
    if value.is_empty() || depth == DEEPEST {
        return None;
    }
    let all = objects(value).collect::<Result<Vec<Tlv<'_>>, _>>().ok()?;
    Some(all.iter().map(|object| field(object, depth)).collect())
}

fn field(object: &Tlv<'_>, depth: usize) -> Field {
    let inside = match is_constructed(object.whole) {
        true => fields_at(object.value, depth + 1).unwrap_or_default(),
        false => Vec::new(),
    };
    Field {
        tag: object.tag,
        value: object.value.to_vec(),
        inside,
    }
}

impl Situation {
    /// A situation out of the value of CPS_ACTIVITY_nn_PS.
    pub fn decode(value: &[u8]) -> Option<Situation> {
        let outer = fields(value)?;
        let [template] = &outer[..] else {
            return None;
        };
        let mut situation = Situation::default();
        for field in &template.inside {
            let place = match field.tag {
                STRUCTURE => &mut situation.structure,
                STRUCTURE_ID => &mut situation.structure_id,
                SECTOR => &mut situation.sector,
                _ => {
                    situation.others.push(field.clone());
                    continue;
                }
            };
            match String::from_utf8(field.value.clone()) {
                Ok(text) if place.is_none() => *place = Some(text),
                _ => situation.others.push(field.clone()),
            }
        }
        Some(situation)
    }
}

impl Field {
    /// The value in hexadecimal, and as text if it reads as one.
    pub fn shown(&self) -> String {
        let text = std::str::from_utf8(&self.value).ok().filter(|text| {
            text.chars().count() > 1 && text.chars().all(|c| !c.is_control() && c != '\u{FFFD}')
        });
        match text {
            Some(text) => format!("{}  « {text} »", hex(&self.value)),
            None => hex(&self.value),
        }
    }
}

impl DataObject {
    /// The fields that it is made of. Those of the former CPS2ter card are mostly not: what reads
    /// as fields there by chance is shown as it is.
    pub fn fields(&self) -> Option<Vec<Field>> {
        let fields = fields(&self.value)?;
        let by_chance =
            self.label.starts_with("CPS2TER_") && !matches!(&fields[..], [one] if !one.inside.is_empty());
        (!by_chance).then_some(fields)
    }

    /// The number of a situation, 1 to 16.
    pub fn situation_number(&self) -> Option<u32> {
        let digits = self.label.strip_prefix("CPS_ACTIVITY_")?.strip_suffix("_PS")?;
        digits.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
        digits
            .chunks(2)
            .map(|pair| (pair[0] * 16 + pair[1]) as u8)
            .collect()
    }

    #[test]
    fn a_situation_as_on_a_real_card_comes_apart() {
        let mut value = bytes("EE2D8414");
        value.extend(b"CABINET M DOC0073574");
        value.extend(bytes("850F"));
        value.extend(b"499700735741008");
        value.extend(bytes("8604"));
        value.extend(b"SA07");
        let situation = Situation::decode(&value).unwrap();
        assert_eq!(situation.structure.as_deref(), Some("CABINET M DOC0073574"));
        assert_eq!(situation.structure_id.as_deref(), Some("499700735741008"));
        assert_eq!(situation.sector.as_deref(), Some("SA07"));
        assert_eq!(situation.others, []);
    }

    #[test]
    fn no_field_is_dropped() {
        // An unknown field, a structure that is no text, a second sector.
        let value = bytes("EE 0D 80 01 04 84 02 FF FE 86 01 41 86 01 42");
        let situation = Situation::decode(&value).unwrap();
        assert_eq!(situation.sector.as_deref(), Some("A"));
        let others: Vec<(u32, String)> = situation
            .others
            .iter()
            .map(|field| (field.tag, hex(&field.value)))
            .collect();
        assert_eq!(
            others,
            [(0x80, "04".into()), (0x84, "FFFE".into()), (0x86, "42".into())]
        );
    }

    #[test]
    fn what_is_not_made_of_fields_is_left_alone() {
        for value in ["", "00", "EE 05 80", "1F", "FFFFFFFFFF"] {
            assert_eq!(fields(&bytes(value)), None, "{value}");
        }
    }

    #[test]
    fn a_value_that_nests_for_ever_ends() {
        let mut value = vec![];
        for _ in 0..40 {
            value = [&[0xEE, value.len() as u8][..], &value].concat();
        }
        assert!(fields(&value).is_some());
    }
}
