use super::*;
use crate::holder::persona::{self, Situation};
use crate::model::layout::location;

fn persona(name: &str) -> Persona {
    persona::find(name).unwrap()
}

fn object(name: &str, chip: Chip, label: &str) -> Option<DataObject> {
    data_objects(&persona(name), chip)
        .into_iter()
        .find(|object| object.label == label)
}

fn content(name: &str, label: &str) -> String {
    let persona = persona(name);
    let validity = Validity::at("2026-07-14".parse().unwrap());
    let mut objects = data_objects_at(&persona, persona.chip, &validity).into_iter();
    crate::text::hex::encode(&objects.find(|object| object.label == label).unwrap().content)
}

fn labels(name: &str, chip: Chip) -> Vec<String> {
    data_objects(&persona(name), chip)
        .into_iter()
        .map(|object| object.label)
        .collect()
}

fn text(hex_digits: &str) -> String {
    crate::text::hex::encode(hex_digits.as_bytes())
}

/// Seen on a real test card.
#[test]
fn a_situation_as_on_a_real_card() {
    let situation = Situation {
        number: 1,
        structure: "CABINET M DOC0073574".into(),
        structure_id: "499700735741008".into(),
        sector: "SA07".into(),
        mode: None,
        status: None,
        billing: None,
    };
    let expected = [
        "EE2D8414",
        &text("CABINET M DOC0073574"),
        "850F",
        &text("499700735741008"),
        "8604",
        &text("SA07"),
    ];
    let content = guesses::get().data.content(
        "CPS_ACTIVITY",
        Subject {
            persona: &persona("doctor-hospital-cps3"),
            validity: &Validity::relative_to_today(),
            card_number: "2700000201",
            situation: Some(&situation),
        },
    );
    assert_eq!(crate::text::hex::encode(&content), expected.concat());
    assert_eq!(content.len(), 47);
}

#[test]
fn situations_of_personas() {
    let hospital = [
        "EE258411",
        &text("HOPITAL GENERIQUE"),
        "850A",
        &text("10B0307377"),
        "8604",
        &text("SA01"),
    ];
    assert_eq!(
        content("doctor-hospital-cps3", "CPS_ACTIVITY_01_PS"),
        hospital.concat()
    );
    let pharmacy = [
        "EE2A8416",
        &text("PHARMACIE DE L'"),
        "C389",
        &text("TOILE"),
        "850A",
        &text("10B0000021"),
        "8604",
        &text("SA33"),
    ];
    assert_eq!(
        content("pharmacist-owner-cps3", "CPS_ACTIVITY_01_PS"),
        pharmacy.concat()
    );
}

#[test]
fn professional_characteristics_end_with_the_speciality() {
    assert_eq!(content("doctor-gp-cps4", "CPS_INFO_PS"), "EE0980010A8604534D3534");
    assert_eq!(content("intern-cpf-cps4", "CPS_INFO_PS"), "EE0381010A");
    assert_eq!(
        content("pharmacist-owner-cps3", "CPS_INFO_PS"),
        "EE06800115820141"
    );
    assert_eq!(content("data-host-cpa-cps4", "CPS_INFO_PS"), "EE00");
}

#[test]
fn the_card_identification_has_the_dates_of_the_certificates() {
    let expected =
        "EE19".to_owned() + "800180" + "810100" + "82052700000201" + "830420250701" + "840420280701";
    assert_eq!(content("doctor-hospital-cps3", "CPS_ID_CARD"), expected);
    let expired = content("midwife-expired-cps4", "CPS_ID_CARD");
    assert!(expired.ends_with("830420220701840420250701"), "{expired}");
}

#[test]
fn a_service_card_names_nobody() {
    let expected = ["EE18", "800133", "8113", &text("760000042/000000019")].concat();
    assert_eq!(content("service-cpe-cps3", "CPS_NAME_PS"), expected);
}

#[test]
fn billing_situations_point_to_their_situations() {
    let content = object("physiotherapist-sixteen-cps3", Chip::Cps3, "CPS_SIT_FACT")
        .unwrap()
        .content;
    let parts = crate::iso7816::tlv::read(&content)
        .map(|(object, _)| object.value)
        .and_then(crate::iso7816::tlv::read_all)
        .unwrap();
    assert_eq!(crate::iso7816::tlv::find(&parts, 0x80), Some(&[4][..]));
    assert_eq!(parts.iter().filter(|part| part.tag == 0xA1).count(), 4);
    assert_eq!(
        self::content("doctor-hospital-cps3", "CPS_SIT_FACT"),
        "EE03800100"
    );
}

#[test]
fn gaps_stay() {
    let labels = labels("doctor-gp-cps4", Chip::Cps4);
    let situations: Vec<&String> = labels
        .iter()
        .filter(|label| label.contains("_ACTIVITY_"))
        .collect();
    let expected = [
        "CPS_ACTIVITY_01_PS",
        "CPS_ACTIVITY_03_PS",
        "CPS2TER_ACTIVITY_01_PS",
        "CPS2TER_ACTIVITY_03_PS",
    ];
    assert_eq!(situations, expected);
}

#[test]
fn sixteen_situations_fill_the_card() {
    let labels = labels("physiotherapist-sixteen-cps3", Chip::Cps3);
    assert_eq!(
        labels
            .iter()
            .filter(|label| label.starts_with("CPS_ACTIVITY_"))
            .count(),
        16
    );
    assert_eq!(labels.last().map(String::as_str), Some("CPS2TER_ACTIVITY_16_PS"));
}

#[test]
fn the_cps2ter_volet_is_on_a_cps4_only() {
    let on_cps4 = labels("doctor-gp-cps4", Chip::Cps4);
    let on_cps3 = labels("doctor-gp-cps4", Chip::Cps3);
    for object in ["ATR", "ID", "ICC", "NAME", "LANG", "PSINFO", "DIRAMO"] {
        let label = format!("CPS2TER_{object}");
        assert!(on_cps4.contains(&label), "{label}");
        assert!(!on_cps3.contains(&label), "{label}");
    }
}

#[test]
fn only_the_free_area_can_be_written() {
    for object in data_objects(&persona("doctor-hospital-cps3"), Chip::Cps3) {
        assert_eq!(object.modifiable, object.label == "CPS_DATA", "{}", object.label);
        let protected = object.label.contains("_ACTIVITY_") || object.label == "CPS_SIT_FACT";
        assert_eq!(object.access == Access::Code, protected, "{}", object.label);
    }
}

#[test]
fn the_free_area_tells_its_offsets() {
    let area = object("doctor-hospital-cps3", Chip::Cps3, "CPS_DATA")
        .unwrap()
        .content;
    assert_eq!(area.len(), 4096);
    let blocks: Vec<&[u8]> = area.chunks(16).collect();
    for (index, block) in blocks.iter().enumerate() {
        assert!(!blocks[..index].contains(block), "block {index} stands twice");
    }
}

#[test]
fn every_object_has_a_place_on_its_card() {
    for persona in persona::all() {
        for chip in [Chip::Cps3, Chip::Cps4] {
            for object in data_objects(&persona, chip) {
                assert!(
                    location(chip, &object.label).is_some(),
                    "{chip}: {}",
                    object.label
                );
                assert!(
                    object.content.len() < 0x8000,
                    "{}: READ BINARY ends there",
                    object.label
                );
            }
        }
    }
}

#[test]
fn a_long_structure_takes_the_long_length() {
    let content = content("epithesist-long-names-cps4", "CPS_ACTIVITY_01_PS");
    assert!(
        content.starts_with("EE81") && content.contains("8481"),
        "{content}"
    );
    assert!(content.ends_with(&text("SA42")));
}

#[test]
fn a_persona_can_bring_the_bytes_of_an_object() {
    let text = include_str!("../../../personas/doctor-gp-cps4.toml");
    let object = "\n[[object]]\nlabel = \"CPS_NAME_PS\"\ncontent = \"01 02 FF\"\n";
    let persona = crate::holder::persona::parse(&format!("{text}{object}")).unwrap();
    for chip in [Chip::Cps3, Chip::Cps4] {
        let objects = data_objects(&persona, chip);
        let name = objects
            .iter()
            .find(|object| object.label == "CPS_NAME_PS")
            .unwrap();
        assert_eq!(name.content, [0x01, 0x02, 0xFF]);
    }
    for wrong in [
        object.replace("CPS_NAME_PS", "CPS_SHOE_SIZE"),
        object.replace("FF", "F"),
    ] {
        assert!(
            crate::holder::persona::parse(&format!("{text}{wrong}")).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn every_object_of_every_persona_has_a_place_of_its_own() {
    for persona in persona::all() {
        for chip in [Chip::Cps3, Chip::Cps4] {
            let objects = data_objects(&persona, chip);
            let mut places: Vec<_> = objects
                .iter()
                .map(|object| {
                    location(chip, &object.label).unwrap_or_else(|| panic!("{} has none", object.label))
                })
                .map(|place| format!("{place:?}"))
                .collect();
            places.sort();
            places.dedup();
            assert_eq!(places.len(), objects.len(), "{} on {chip}", persona.name);
        }
    }
}
