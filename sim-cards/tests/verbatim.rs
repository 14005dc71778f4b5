//! Certificates and directories that a persona gives byte for byte.

mod common;

use std::fs;
use std::path::PathBuf;

use common::{bytes, done};
use sim_cards::persona::{self, Directory, PersonaError};
use sim_cards::{Chip, Interface, Options, SimCard, hex};

/// A midwife with what these lines add to her.
fn midwife(more: &str) -> String {
    format!(
        r#"
        name = "midwife"
        description = "a midwife with an odd card"
        chip = "cps3"
        card-type = "cps"
        serial = "27000090"
        identifier = "899970099018"
        title = "Sage-Femme"
        profession = 50

        [holder]
        given-name = "TESTA"
        surname = "LABO-EXEMPLE"
        civility = 22

        {more}
        "#
    )
}

fn card(persona: &str, options: &Options) -> SimCard {
    let persona = persona::named(persona).unwrap_or_else(|error| panic!("{error}"));
    let mut card = SimCard::from_persona(&persona, options);
    card.power_on();
    card
}

/// Content of a file of up to 256 bytes.
fn content(card: &mut SimCard, path: &str) -> String {
    done(card, &format!("00A4090C{:02X}{path}", path.len() / 2));
    let length = card.transmit(&bytes("00B0000000"))[1];
    hex::encode(&done(card, &format!("00B00000{length:02X}")))
}

/// A folder of this test, with these files in it.
fn folder(name: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    for (file, content) in files {
        fs::write(folder.join(file), content).unwrap();
    }
    folder
}

#[test]
fn certificates_and_directories_stand_on_the_card_byte_for_byte() {
    let text = midwife(
        r#"
        [[certificate]]
        key = "signature"
        content = "30 80 DE AD 00 00"

        [[directory]]
        name = "dodf"
        content = "00 00 00 30 02 05 00"

        [[directory]]
        name = "cdf"
        application = "contactless"
        content = "FF"
        "#,
    );
    let mut card = card(&text, &Options::default());
    assert_eq!(content(&mut card, "3F000001B001"), "3080DEAD0000");
    assert_eq!(content(&mut card, "3F0000017006"), "00000030020500");
    let directory = |directory, interface| card.directory(directory, interface);
    assert_eq!(
        directory(Directory::Dodf, Interface::Contact),
        Some(bytes("00000030020500"))
    );
    assert_eq!(
        directory(Directory::Cdf, Interface::Contactless),
        Some(bytes("FF"))
    );
    // The others are the lab's.
    let certificates = directory(Directory::Cdf, Interface::Contact).unwrap();
    let label = b"Certificat d'Authentification CPS";
    assert!(certificates.windows(label.len()).any(|part| part == label));
    assert_eq!(directory(Directory::PuKdf, Interface::Contact), None);
}

#[test]
fn files_are_looked_for_beside_the_persona() {
    let der = bytes("3003020105");
    let pem = "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n";
    let text = midwife(
        r#"
        [[certificate]]
        key = "authentication"
        file = "odd.der"

        [[certificate]]
        key = "signature"
        file = "odd.pem"

        [[directory]]
        name = "token-info"
        file = "info.bin"
        "#,
    );
    let folder = folder(
        "beside",
        &[
            ("odd.der", &der),
            ("odd.pem", pem.as_bytes()),
            ("info.bin", b"\x30\x00"),
            ("midwife.toml", text.as_bytes()),
        ],
    );
    let persona = folder.join("midwife.toml");
    for chip in [Chip::Cps3, Chip::Cps4] {
        let options = Options {
            chip: Some(chip),
            ..Options::default()
        };
        let card = card(persona.to_str().unwrap(), &options);
        assert_eq!(
            card.directory(Directory::TokenInfo, Interface::Contact),
            Some(bytes("3000"))
        );
    }
    let mut card = card(persona.to_str().unwrap(), &Options::default());
    for file in ["3F000001B001", "3F000001B002"] {
        assert_eq!(content(&mut card, file), "3003020105", "{file}");
    }
}

#[test]
fn what_cannot_be_used_is_told_with_its_option_and_its_file() {
    let folder = folder(
        "wrong",
        &[("long.bin", &[0; 0x8000]), ("bad.pem", b"-----BEGIN X\n")],
    );
    let path = |file: &str| folder.join(file).display().to_string();
    let long = "longer than 32767 bytes, the most that a card can hold in a file";
    let digits = "hexadecimal digits, 32767 bytes at most";
    let either = "give either file, a path, or content, hexadecimal digits";
    let many = "00 ".repeat(0x8000);
    for (lines, field, reason) in [
        (
            "[[certificate]]\nkey = \"signature\"\nfile = \"none.der\"".into(),
            "certificate.file",
            format!("{}: No such file or directory (os error 2)", path("none.der")),
        ),
        (
            "[[certificate]]\nkey = \"technical\"\nfile = \"long.bin\"".into(),
            "certificate.file",
            format!("{}: {long}", path("long.bin")),
        ),
        (
            "[[certificate]]\nkey = \"technical\"\nfile = \"bad.pem\"".into(),
            "certificate.file",
            "PEM that cannot be decoded".into(),
        ),
        (
            "[[certificate]]\nkey = \"technical\"\ncontent = \"3\"".into(),
            "certificate.content",
            digits.into(),
        ),
        (
            format!("[[directory]]\nname = \"odf\"\ncontent = \"{many}\""),
            "directory.content",
            digits.into(),
        ),
        (
            "[[directory]]\nname = \"aodf\"".into(),
            "directory.file",
            either.into(),
        ),
        (
            "[[directory]]\nname = \"aodf\"\nfile = \"a\"\ncontent = \"00\"".into(),
            "directory.file",
            either.into(),
        ),
        (
            "[[directory]]\nname = \"prkdf\"\nfile = \".\"".into(),
            "directory.file",
            format!("{}: Is a directory (os error 21)", path(".")),
        ),
    ] {
        fs::write(folder.join("midwife.toml"), midwife(&lines)).unwrap();
        let Err(PersonaError::Unreadable(file, told)) = persona::named(&path("midwife.toml")) else {
            panic!("{lines} is no persona");
        };
        assert_eq!(file, path("midwife.toml"));
        let (line, told) = told.split_once(": ").unwrap();
        assert_eq!(told, format!("{field}: {reason}"));
        // The line of the option, or of the table in which it is missed.
        let number: usize = line.strip_prefix("line ").unwrap().parse().unwrap();
        let (table, option) = field.split_once('.').unwrap();
        let text = midwife(&lines);
        let line = text.lines().nth(number - 1).unwrap().trim_start();
        assert!(
            line.starts_with(&format!("{option} = ")) || line == format!("[[{table}]]"),
            "{line}"
        );
    }
    for unknown in [
        "[[directory]]\nname = \"edf\"\ncontent = \"00\"",
        "[[certificate]]\nkey = \"other\"\ncontent = \"00\"",
        "[[certificate]]\nkey = \"signature\"\ncontent = \"00\"\nlabel = \"x\"",
    ] {
        assert!(
            matches!(persona::parse(&midwife(unknown)), Err(PersonaError::Syntax(_))),
            "{unknown}"
        );
    }
}

#[test]
fn the_free_area_names_the_holder_code_unless_the_guesses_say_otherwise() {
    // The other way: tests/guesses.rs.
    let card = card("doctor-hospital-cps3", &Options::default());
    let data = hex::encode(&card.directory(Directory::Dodf, Interface::Contact).unwrap());
    let free_area = hex::encode(b"CPS_DATA");
    assert!(
        data.contains(&format!("0C08{free_area}03020040040101300")),
        "{data}"
    );
}
