//! What makes each persona worth having shows on its card.

mod common;

use common::{bytes, done, fetched};
use sim_cards::{Chip, Options, SimCard, hex, persona};

fn card(name: &str) -> SimCard {
    let persona = persona::find(name).unwrap_or_else(|| panic!("no persona {name}"));
    let mut card = SimCard::from_persona(&persona, &Options::default());
    card.power_on();
    card
}

/// Content of EF_ACTUA of a CPS3; the status word if it cannot be read.
fn update_stamp(card: &mut SimCard) -> Result<String, String> {
    match card.transmit(&bytes("00 A4 09 0C 04 3F00D010")).as_slice() {
        [0x90, 0x00] => {}
        refused => return Err(hex::encode(refused)),
    }
    let [0x6C, length] = card.transmit(&bytes("00 B0 00 00 00"))[..] else {
        panic!("the right length is told")
    };
    Ok(hex::encode(&done(card, &format!("00 B0 00 00 {length:02X}"))))
}

#[test]
fn the_blocked_code_is_blocked_before_anybody_tried() {
    let mut card = card("dentist-blocked-cps3");
    assert_eq!(card.transmit(&bytes("00 20 00 01")), [0x69, 0x83]);
    assert_eq!(card.transmit(&bytes("00 20 00 01 04 31323334")), [0x69, 0x83]);
    assert_eq!(card.tries_left(), 0);
    // The unblocking code helps.
    done(&mut card, "00 20 00 02 08 3132333435363738");
    done(&mut card, "00 2C 02 01 04 31323334");
    done(&mut card, "00 20 00 01 04 31323334");
}

#[test]
fn updates_are_absent_complete_or_broken_off() {
    assert_eq!(
        update_stamp(&mut card("doctor-hospital-cps3")),
        Err("6A82".into())
    );
    let complete = update_stamp(&mut card("doctor-updated-cps3")).unwrap();
    assert!(
        complete.starts_with("EC128107") && complete[22..].starts_with("8207"),
        "{complete}"
    );
    let broken = update_stamp(&mut card("speech-therapist-half-updated-cps3")).unwrap();
    assert!(broken.starts_with("EC098107") && broken.len() == 22, "{broken}");
}

#[test]
fn sixteen_situations_fill_their_files_and_no_more() {
    let mut card = card("physiotherapist-sixteen-cps3");
    done(&mut card, "00 20 00 01 04 31323334");
    for number in 0..16 {
        done(
            &mut card,
            &format!("00 A4 09 0C 06 3F000001D1{:02X}", 0x20 + number),
        );
    }
    assert_eq!(card.transmit(&bytes("00 A4 09 0C 06 3F000001D130")), [0x6A, 0x82]);
}

#[test]
fn a_gap_between_situations_is_a_missing_file() {
    let persona = persona::find("doctor-gp-cps4").unwrap();
    let options = Options {
        chip: Some(Chip::Cps3),
        ..Options::default()
    };
    let mut card = SimCard::from_persona(&persona, &options);
    card.power_on();
    done(&mut card, "00 A4 09 0C 06 3F000001D120");
    assert_eq!(card.transmit(&bytes("00 A4 09 0C 06 3F000001D121")), [0x6A, 0x82]);
    done(&mut card, "00 A4 09 0C 06 3F000001D122");
}

#[test]
fn some_certificate_is_well_above_two_kilobytes() {
    let sizes = persona::all().into_iter().map(|persona| {
        let options = Options {
            chip: Some(Chip::Cps3),
            ..Options::default()
        };
        let mut card = SimCard::from_persona(&persona, &options);
        card.power_on();
        let template = fetched(&mut card, &bytes("00 A4 09 04 06 3F000001B002"));
        let [0x62, _, 0x80, 0x02, high, low, ..] = template[..] else {
            panic!("FCP: {}", hex::encode(&template))
        };
        (u16::from_be_bytes([high, low]), persona.name)
    });
    let largest = sizes.max().unwrap();
    assert!(largest.0 > 3000, "{largest:?}");
}

/// What a reader copies from the book must work.
#[test]
fn the_examples_of_the_book_are_what_they_say() {
    let book = include_str!("../README.md");
    let (_, rest) = book.split_once("```toml\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let persona = persona::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut card = SimCard::from_persona(&persona, &Options::default());
    assert!(card.power_on().is_some());
    let (_, rest) = book.split_once("```toml guesses\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    assert_eq!(sim_cards::guesses::check(text), Ok(()), "{text}");
    let (_, rest) = book.split_once("```toml scenario\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let scenario = sim_cards::scenario::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!((scenario.cards.len(), scenario.steps.len()), (2, 2));
    for persona in persona::all() {
        assert!(
            book.contains(&format!("| `{}` |", persona.name)),
            "{} is not in the book",
            persona.name
        );
    }
}
