use super::*;
use crate::kinds::chip::Chip;
use crate::text::embedded::{KEYS, PERSONAS};

/// Luhn by the table of doubled digits, over digits that end with their check digit.
fn luhn_holds(digits: &str) -> bool {
    const DOUBLED: [u32; 10] = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
    let digits: Vec<u32> = digits.chars().map(|digit| digit.to_digit(10).unwrap()).collect();
    let sum: u32 = digits.iter().rev().step_by(2).sum();
    let doubled: u32 = digits
        .iter()
        .rev()
        .skip(1)
        .step_by(2)
        .map(|digit| DOUBLED[*digit as usize])
        .sum();
    (sum + doubled).is_multiple_of(10)
}

#[test]
fn known_numbers_have_the_check_digits_they_carry() {
    // Two RPPS of public test messages, the serial number of a real CPS3, an identifier of a public billing record.
    for number in ["99700735741", "99900063480", "8025000001260085524", "991129768"] {
        assert!(luhn_holds(number), "{number}");
        let (digits, check) = number.split_at(number.len() - 1);
        assert_eq!(luhn_digit(digits).to_string(), check, "{number}");
    }
}

#[test]
fn the_cards_of_the_table_are_there() {
    #[rustfmt::skip]
    let table = [
        ("doctor-gp-cps4", "899970099018", "27 00 00 01 8F"),
        ("doctor-hospital-cps3", "899970099026", "27 00 00 02 6F"),
        ("pharmacist-owner-cps3", "899970099034", "27 00 00 03 4F"),
        ("nurse-adeli-cps3", "00B6000042", "27 00 00 04 2F"),
        ("intern-cpf-cps4", "899970099042", "27 00 00 05 9F"),
        ("secretary-cpe-cps4", "3760000042/000000018", "27 00 00 06 7F"),
        ("service-cpe-cps3", "3760000042/000000019", "27 00 00 07 5F"),
        ("director-cde-cps3", "3760000042/000000001", "27 00 00 08 3F"),
        ("data-host-cpa-cps4", "500000000000042/CPAT0001", "27 00 00 09 1F"),
        ("physiotherapist-sixteen-cps3", "899970099059", "27 00 00 10 9F"),
        ("midwife-expired-cps4", "899970099067", "27 00 00 11 7F"),
        ("dentist-blocked-cps3", "899970099075", "27 00 00 12 5F"),
        ("speech-therapist-half-updated-cps3", "899970099083", "27 00 00 13 3F"),
        ("doctor-updated-cps3", "899970099091", "27 00 00 14 1F"),
        ("epithesist-long-names-cps4", "899970099109", "27 00 00 15 8F"),
        ("nurse-revoked-cps4", "899970099117", "27 00 00 16 6F"),
    ];
    let all = all();
    assert_eq!(all.len(), table.len());
    for (persona, (name, identifier, serial)) in all.iter().zip(table) {
        assert_eq!((&*persona.name, &*persona.identifier), (name, identifier));
        let content = crate::text::hex::decode(&format!("5A 0A 80 25 00 00 01 {serial}"));
        assert_eq!(Some(persona.serial.to_vec()), content, "{name}");
        assert_eq!(find(name).as_ref(), Some(persona));
    }
}

#[test]
fn check_digits_hold() {
    for persona in all() {
        let serial = crate::text::hex::encode(&persona.serial);
        let number = serial
            .strip_prefix("5A0A")
            .and_then(|rest| rest.strip_suffix('F'))
            .unwrap();
        assert!(luhn_holds(number), "{}: serial {number}", persona.name);
        if let Some(rpps) = persona.identifier.strip_prefix('8') {
            assert!(luhn_holds(rpps), "{}: RPPS {rpps}", persona.name);
        }
    }
}

#[test]
fn each_file_bears_the_name_of_its_persona_and_has_its_keys() {
    for (file, text) in PERSONAS {
        assert_eq!(parse(text).map(|persona| persona.name), Ok((*file).to_owned()));
        for usage in ["sig", "aut", "tech"] {
            let key = format!("{file}-{usage}");
            assert!(
                KEYS.iter().any(|(name, _)| *name == key),
                "keys/{key}.pem is missing"
            );
        }
    }
}

#[test]
fn nobody_could_be_taken_for_a_real_person() {
    for persona in all() {
        assert_eq!(persona.category, 0x80, "{}", persona.name);
        if let Some(holder) = &persona.holder {
            assert!(holder.surname.starts_with("LABO-"), "{}", persona.name);
            assert!(
                holder.given_name.starts_with("TEST") || holder.given_name.starts_with("TÉST"),
                "{}",
                persona.name
            );
        }
    }
}

#[test]
fn long_names_have_forty_letters() {
    let holder = find("epithesist-long-names-cps4").unwrap().holder.unwrap();
    assert_eq!(holder.surname.chars().count(), 40);
    assert_eq!(holder.given_name.chars().count(), 40);
}

#[test]
fn updates_are_written_as_on_the_card() {
    let content = |name| {
        find(name)
            .unwrap()
            .ef_actua
            .map(|file| crate::text::hex::encode(&file.content()))
    };
    let complete = "EC128107202403151030008207".to_owned() + "20240315103045";
    assert_eq!(content("doctor-updated-cps3"), Some(complete));
    assert_eq!(
        content("speech-therapist-half-updated-cps3"),
        Some("EC09810720240315103000".into())
    );
    assert_eq!(content("doctor-hospital-cps3"), None);
}

#[test]
fn a_minimal_file_is_enough() {
    let persona = parse(&minimal()).unwrap();
    assert_eq!(persona.codes, Codes::default());
    assert_eq!(persona.certificates, Certificates::default());
    assert_eq!(persona.languages, ["FR"]);
    assert_eq!(persona.serial_digits(), "27000099");
}

fn minimal() -> String {
    r#"
        name = "somebody"
        description = "somebody"
        chip = "cps3"
        card-type = "cps"
        serial = "27000099"
        identifier = "899970099018"
        holder = { given-name = "TESTE", surname = "LABO-X", civility = 31 }
        [[situation]]
        number = 4
        structure = "LABO"
        structure-id = "1760000042"
        sector = "SA01"
    "#
    .to_owned()
}

#[test]
fn a_wrong_value_is_named() {
    #[rustfmt::skip]
    let wrong = [
        ("\"somebody\"\n        desc", "\"Some Body\"\n        desc", "name"),
        ("27000099", "2700009", "serial"),
        ("27000099", "2700009A", "serial"),
        ("899970099018", "899970099019", "identifier"),
        ("899970099018", "", "identifier"),
        ("899970099018", "é", "identifier"),
        ("899970099018", "3760000042", "identifier"),
        ("31", "32", "holder.civility"),
        ("LABO-X", "", "holder"),
        ("number = 4", "number = 0", "situation.number"),
        ("number = 4", "number = 17", "situation.number"),
        ("SA01", "SA1", "situation.sector"),
        ("1760000042", "1 760000042", "situation.structure-id"),
        ("[[sit", "profession = 10\nfuture-profession = 10\n[[sit", "profession"),
        ("[[sit", "languages = [\"fr\"]\n[[sit", "languages"),
        ("[[sit", "codes = { holder = \"123\" }\n[[sit", "codes.holder"),
        ("[[sit", "codes = { holder-tries = 4 }\n[[sit", "codes.holder-tries"),
        ("[[sit", "certificates = { minimum-size = 99999999 }\n[[sit", "certificates.minimum-size"),
        ("[[sit", "update = { start = \"2024\" }\n[[sit", "update"),
        ("[[sit", "update = { start = \"2024031510300é\" }\n[[sit", "update"),
    ];
    for (right, value, expected) in wrong {
        let text = minimal().replacen(right, value, 1);
        match parse(&text) {
            Err(PersonaError::Value { field, .. }) => assert_eq!(field, expected, "{value}"),
            other => panic!("{value}: {other:?}"),
        }
    }
}

#[test]
fn a_wrong_value_has_the_line_where_it_stands() {
    let text = minimal();
    let line = |right: &str| text.lines().position(|line| line.contains(right)).unwrap() + 1;
    let second = "\n[[situation]]\nnumber = 5\nstructure = \"X\"\nstructure-id = \"1\"\nsector = \"SA\"\n";
    let after = text.trim_end().lines().count();
    for (wrong, said) in [
        (
            text.replace("27000099", "2"),
            format!("line {}: serial: ", line("27000099")),
        ),
        (
            text.replace("SA01", "SA1"),
            format!("line {}: situation.sector: ", line("SA01")),
        ),
        (
            format!("{}{second}", text.trim_end()),
            format!("line {}: situation.sector: ", after + 5),
        ),
    ] {
        let error = parse(&wrong).unwrap_err().to_string();
        assert!(error.starts_with(&said), "{error}, not {said}");
    }
}

/// As long as the fields may be: what they go into is whole.
#[test]
fn no_text_is_longer_than_a_card_can_carry() {
    let longest = "É".repeat(100);
    let file = |length: &str| {
        let persona = include_str!("../../../personas/secretary-cpe-cps4.toml");
        let field = |line: &str| match line.split_once(" = ") {
            Some((
                name @ ("surname" | "given-name" | "title" | "department" | "structure" | "description"),
                _,
            )) => {
                format!("{name} = \"{length}\"\n")
            }
            _ => format!("{line}\n"),
        };
        persona.lines().map(field).collect::<String>()
    };
    let persona = parse(&file(&longest)).unwrap();
    for chip in [Chip::Cps3, Chip::Cps4] {
        let options = crate::options::Options {
            chip: Some(chip),
            ..crate::options::Options::default()
        };
        let dump = crate::card::SimCard::from_persona(&persona, &options)
            .dump()
            .to_string();
        assert!(dump.contains(&format!("SN={longest}")), "{dump}");
    }
    assert!(parse(&file(&format!("{longest}A"))).is_err());
}

#[test]
fn an_unknown_field_is_refused() {
    let text = minimal().replace("sector", "sektor");
    assert!(matches!(parse(&text), Err(PersonaError::Syntax(message)) if message.contains("sektor")));
}

#[test]
fn a_card_without_a_name_needs_a_structure() {
    let text: String = minimal()
        .lines()
        .filter(|line| !line.contains("holder"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(matches!(
        parse(&text),
        Err(PersonaError::Value { field: "holder", .. })
    ));
    let with_department = text.replacen("[[sit", "department = \"Labo (00)\"\n[[sit", 1);
    assert!(parse(&with_department).is_ok());
}
