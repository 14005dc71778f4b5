//! Real values in the place of the guessed ones. They are of the whole process: one test.

mod common;

use common::{done, fetched};
use sim_cards::guesses::{self, GuessesError};
use sim_cards::{Chip, Interface, Options, SimCard, hex, persona, pki};

const REAL: &str = r#"
[files]
prkdf = 0x4401
dodf = 0x4402
contactless-application = 0x0003
contactless-application-label = "SANS CONTACT"

[files.objects]
CPS_NAME_PS = 0x4711

[chips]
technical-key = 0x85

[certificates]
card-number-end = "99"

[certificates.tiers]
cpf = "elementaire"

[data]
free-area-auth-id = false

[data.objects.CPS_NAME_PS]
record = [["surname", 12], ["civility", 1]]
"#;

fn card(name: &str, options: &Options) -> SimCard {
    let mut card = SimCard::from_persona(&persona::find(name).unwrap(), options);
    card.power_on();
    card
}

fn content(card: &mut SimCard, path: &str) -> Vec<u8> {
    done(card, &format!("00A4090C{:02X}{path}", path.len() / 2));
    let length = card.transmit(&common::bytes("00B0000000"))[1];
    done(card, &format!("00B00000{length:02X}"))
}

#[test]
fn one_text_replaces_them_on_every_card() {
    assert_eq!(guesses::replace(REAL), Ok(()));
    assert_eq!(guesses::replace(REAL), Err(GuessesError::InUse));

    let mut contact = card("doctor-hospital-cps3", &Options::default());
    let directories = hex::encode(&content(&mut contact, "3F0000015031"));
    assert!(
        directories.starts_with("A00A300804063F0000014401"),
        "{directories}"
    );
    assert!(directories.contains("A70A300804063F0000014402"), "{directories}");
    let applications = content(&mut contact, "3F002F00");
    assert!(applications.windows(12).any(|part| part == b"SANS CONTACT"));
    let data = hex::encode(&content(&mut contact, "3F0000014402"));
    assert!(data.contains("3F0000014711"), "{data}");
    // The label of CPS_DATA, its flags, and no code.
    let free_area = hex::encode(b"CPS_DATA");
    assert!(data.contains(&format!("0C08{free_area}03020040300")), "{data}");
    assert_eq!(content(&mut contact, "3F0000014711"), b"LABO-CARDIO \x1F");
    assert_eq!(
        contact.transmit(&common::bytes("00A4090C063F000001D102")),
        [0x6A, 0x82]
    );
    // Dump and trace know the files by their new numbers.
    assert!(contact.dump().to_string().contains("4711  CPS_NAME_PS"));

    let contactless = Options {
        interface: Interface::Contactless,
        ..Options::default()
    };
    let mut contactless = card("doctor-hospital-cps3", &contactless);
    done(&mut contactless, "00A4090C043F000003");
    assert_eq!(
        contactless.transmit(&common::bytes("002241A406800102840183")),
        [0x6A, 0x88]
    );
    done(&mut contactless, "002241A406800102840185");

    // What was not replaced stays, and what is known of real cards is not to be replaced.
    let mut updated = card("doctor-updated-cps3", &Options::default());
    assert_eq!(content(&mut updated, "3F00D010").len(), 20);
    assert!(!fetched(&mut updated, &common::bytes("00A40904063F0000017005")).is_empty());

    let intern = persona::find("intern-cpf-cps4").unwrap();
    let issuer = pki::issuer(&intern, pki::Usage::Signature).common_name();
    assert_eq!(issuer, "LAB AC IGC-SANTE ELEMENTAIRE PERSONNES");
    let certificate = pki::credentials(&intern, &pki::Validity::relative_to_today())
        .signature
        .certificate;
    assert!(
        certificate
            .windows(21)
            .any(|part| part == b"8025000001/2700000599")
    );
    assert_eq!(intern.chip, Chip::Cps4);
}
