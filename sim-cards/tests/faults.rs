//! Faults, options and timing: a card behaves as it is asked to.

mod common;

use std::time::{Duration, Instant};

use common::{bytes, done, fetched};
use sim_cards::{Chip, Interface, Options, Protocol, SimCard, persona};

const RANDOM: &str = "00 84 00 00 08";
const SERIAL: &str = "00 B0 9C 00 0C";

fn card_with(chip: Chip, faults: &[&str]) -> SimCard {
    let mut card = common::card(chip, &Options::default());
    for fault in faults {
        card.add_fault(fault.parse().expect("a fault"));
    }
    card
}

fn answers(card: &mut SimCard, command: &str, count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|_| card.transmit(&bytes(command))).collect()
}

#[test]
fn pulled_at_its_exchange_and_not_before() {
    let mut card = card_with(Chip::Cps3, &["3:pull"]);
    done(&mut card, RANDOM);
    done(&mut card, RANDOM);
    assert!(card.is_present());
    assert_eq!(card.transmit(&bytes(RANDOM)), []);
    assert!(!card.is_present());
    card.insert();
    card.power_on();
    done(&mut card, RANDOM);
}

#[test]
fn a_mute_card_speaks_again_after_a_reset_and_has_lost_its_login() {
    let mut card = card_with(Chip::Cps3, &["2:mute"]);
    done(&mut card, "00 20 00 01 04 31323334");
    assert_eq!(answers(&mut card, RANDOM, 3), vec![Vec::<u8>::new(); 3]);
    assert!(card.is_present());
    assert!(card.reset().is_some());
    done(&mut card, RANDOM);
    assert_eq!(card.transmit(&bytes("00 20 00 01")), [0x63, 0xC3]);
}

#[test]
fn another_program_resets_the_card() {
    let mut card = card_with(Chip::Cps4, &["2:reset"]);
    done(&mut card, "01 A4 04 0C 08 8025000001FF0100");
    assert_eq!(card.transmit(&bytes("01 20 00 01")), [0x68, 0x81]);
    assert_eq!(card.foreign_resets(), 1);
    done(&mut card, "01 A4 04 0C 08 8025000001FF0100");
    assert_eq!(card.transmit(&bytes("01 20 00 01")), [0x63, 0xC3]);
}

#[test]
fn another_program_selects_another_application() {
    let mut card = card_with(Chip::Cps3, &["2:other-application"]);
    done(&mut card, SERIAL);
    assert_eq!(card.transmit(&bytes(SERIAL)), [0x6E, 0x00]);
    assert_eq!(card.transmit(&bytes("00 A4 09 0C 04 3F000001")), [0x6A, 0x86]);
    done(&mut card, "00 A4 04 0C 08 8025000001FF0100");
    done(&mut card, SERIAL);

    let mut card = card_with(Chip::Cps4, &["3:other-application"]);
    done(&mut card, "01 A4 04 0C 08 8025000001FF0100");
    done(&mut card, "01 A4 08 0C 02 D003");
    assert_eq!(card.transmit(&bytes("01 B0 00 00 0C")), [0x6E, 0x00]);
}

#[test]
fn another_program_sends_any_command() {
    let mut card = card_with(Chip::Cps3, &["1:send=0020000104 39393939"]);
    assert_eq!(card.transmit(&bytes("00 20 00 01")), [0x63, 0xC2]);
}

#[test]
fn answers_are_damaged_as_planned() {
    let whole = bytes("5A0A 8025000001 27000002 6F 9000");
    let damaged = |fault: &str| card_with(Chip::Cps3, &[fault]).transmit(&bytes(SERIAL));
    assert_eq!(damaged("2:status=6F00"), whole);
    assert_eq!(damaged("1:status=6F00"), [0x6F, 0x00]);
    assert_eq!(damaged("*:answer=6A82"), [0x6A, 0x82]);
    assert_eq!(damaged("1+:truncate=4"), bytes("5A0A 8025 9000"));
    assert_eq!(damaged("B0#1:oversize=300").len(), whole.len() + 300);
    let flipped = damaged("B0#*:flip=1");
    let turned = flipped
        .iter()
        .zip(&whole)
        .map(|(one, other)| (one ^ other).count_ones());
    assert_eq!((flipped.len(), turned.sum::<u32>()), (whole.len(), 1));
    let garbage = damaged("*/1:garbage");
    assert_eq!((garbage.len(), &garbage[12..]), (14, &[0x90, 0x00][..]));
    assert_ne!(garbage, whole);
}

#[test]
fn a_wrong_status_word_hides_what_the_card_did() {
    let mut card = card_with(Chip::Cps3, &["20#1:status=6F00"]);
    assert_eq!(card.transmit(&bytes("00 20 00 01 04 31323334")), [0x6F, 0x00]);
    assert!(card.is_holder_verified());
    let mut card = card_with(Chip::Cps3, &["20#1:answer=6F00"]);
    assert_eq!(card.transmit(&bytes("00 20 00 01 04 31323334")), [0x6F, 0x00]);
    assert!(!card.is_holder_verified());
}

#[test]
fn faults_are_planned_while_the_card_runs() {
    let mut card = card_with(Chip::Cps3, &[]);
    done(&mut card, RANDOM);
    card.add_fault("+2:status=6F00".parse().unwrap());
    done(&mut card, RANDOM);
    assert_eq!(card.transmit(&bytes(RANDOM)), [0x6F, 0x00]);
    done(&mut card, RANDOM);
    card.add_fault("*:status=6F00".parse().unwrap());
    assert_eq!(card.transmit(&bytes(RANDOM)), [0x6F, 0x00]);
    card.clear_faults();
    done(&mut card, RANDOM);
}

#[test]
fn slow_answers_come_late() {
    let mut card = card_with(Chip::Cps3, &["2:slow=80ms"]);
    let start = Instant::now();
    done(&mut card, RANDOM);
    assert!(start.elapsed() < Duration::from_millis(80));
    done(&mut card, RANDOM);
    assert!(start.elapsed() >= Duration::from_millis(80));
}

#[test]
fn the_three_atrs_of_a_cps4() {
    let atr = |protocol, release_candidate| {
        let options = Options {
            protocol,
            release_candidate,
            ..Options::default()
        };
        SimCard::new(common::profile(Chip::Cps4), &options).atr().to_vec()
    };
    assert_eq!(atr(None, false), bytes("3B9B188001001225006480040100009044"));
    assert_eq!(atr(None, true), bytes("3B9B188001001225006480000401009044"));
    let t0 = bytes("3BDC18FF00001225006480000401009000");
    assert_eq!(
        (atr(Some(Protocol::T0), false), atr(Some(Protocol::T0), true)),
        (t0.clone(), t0)
    );
}

#[test]
fn the_antenna_of_a_cps3() {
    let options = Options {
        interface: Interface::Contactless,
        ..Options::default()
    };
    let card = SimCard::new(common::profile(Chip::Cps3), &options);
    assert_eq!(card.protocol(), Protocol::T1);
    assert_eq!(card.atr(), bytes("3B8F80010031B86404B0ECC1739401808290000E"));
}

#[test]
fn serial_label_and_size_of_certificates() {
    let persona = persona::find("doctor-hospital-cps3").unwrap();
    let options = Options {
        serial: Some(4_242),
        label: Some("CPS3-OTHER".into()),
        certificate_size: Some(3000),
        ..Options::default()
    };
    let mut card = SimCard::from_persona(&persona, &options);
    card.power_on();
    let serial = done(&mut card, SERIAL);
    assert_eq!(serial[..11], bytes("5A0A 8025000001 00004242"));
    done(&mut card, "00 A4 09 0C 06 3F0000015032");
    let length = card.transmit(&bytes("00 B0 00 00 00"))[1];
    let information = card.transmit(&[0x00, 0xB0, 0x00, 0x00, length]);
    assert!(information.windows(10).any(|part| part == b"CPS3-OTHER"));
    let parameters = fetched(&mut card, &bytes("00 A4 09 04 06 3F000001B001"));
    let size = u16::from_be_bytes([parameters[4], parameters[5]]);
    assert!((3000..3100).contains(&size), "{size}");
}

#[test]
fn answers_no_longer_than_wanted() {
    for (chip, protocol, name, select, read) in [
        (
            Chip::Cps3,
            Protocol::T0,
            "00A4040C088025000001FF0100",
            "00A4090C063F000001B001",
            0x00,
        ),
        (
            Chip::Cps4,
            Protocol::T1,
            "01A4040C088025000001FF0100",
            "01A4080C040001B001",
            0x01,
        ),
    ] {
        let options = Options {
            largest_answer: Some(100),
            ..Options::default()
        };
        let mut card = common::card(chip, &options);
        done(&mut card, name);
        done(&mut card, select);
        let answer = card.transmit(&[read, 0xB0, 0x00, 0x00, 0x00]);
        match protocol {
            Protocol::T0 => assert_eq!(answer, [0x6C, 100]),
            Protocol::T1 => assert_eq!((answer.len(), &answer[100..]), (102, &[0x90, 0x00][..])),
        }
        assert_eq!(card.transmit(&[read, 0xB0, 0x00, 0x64, 0x64]).len(), 102);
    }
}

#[test]
fn the_answer_of_a_key_comes_in_parts() {
    let options = Options {
        largest_answer: Some(100),
        ..Options::default()
    };
    let mut card = common::card(Chip::Cps3, &options);
    done(&mut card, "00 20 00 01 04 31323334");
    done(&mut card, "00 22 41 A4 06 80 01 02 84 01 82");
    assert_eq!(card.transmit(&bytes("00 88 00 00 02 CAFE")), [0x61, 100]);
    assert_eq!(card.transmit(&bytes("00 C0 00 00 64"))[100..], [0x61, 100]);
    assert_eq!(card.transmit(&bytes("00 C0 00 00 64"))[100..], [0x61, 56]);
    assert_eq!(card.transmit(&bytes("00 C0 00 00 38"))[56..], [0x90, 0x00]);
}

/// The official test results of a real CPS3: CPS_DATA read in 4 s, written in 5 s, a signature in 0.5 to 1 s.
#[test]
fn the_estimate_agrees_with_a_real_cps3() {
    let persona = persona::find("doctor-hospital-cps3").unwrap();
    let mut card = SimCard::from_persona(&persona, &Options::default());
    card.power_on();
    done(&mut card, "00 20 00 01 04 31323334");
    done(&mut card, "00 A4 09 0C 06 3F000001D107");
    let mut since = card.totals().estimated;
    let mut lap = |card: &SimCard| {
        let lap = card.totals().estimated - since;
        since = card.totals().estimated;
        lap.as_secs_f32()
    };
    for offset in (0..4096_u16).step_by(0xE7) {
        let [high, low] = offset.to_be_bytes();
        let length = (4096 - offset).min(0xE7) as u8;
        done(&mut card, &format!("00B0{high:02X}{low:02X}{length:02X}"));
    }
    let reading = lap(&card);
    assert!((3.5..4.5).contains(&reading), "{reading}");
    for offset in (0..4096_u16).step_by(0xFF) {
        let [high, low] = offset.to_be_bytes();
        let length = (4096 - offset).min(0xFF) as u8;
        let content = "00".repeat(usize::from(length));
        done(
            &mut card,
            &format!("00D6{high:02X}{low:02X}{length:02X}{content}"),
        );
    }
    let writing = lap(&card);
    assert!((4.5..5.5).contains(&writing), "{writing}");
    done(&mut card, "00 A4 09 0C 04 3F000001");
    done(&mut card, "00 22 41 B6 06 80 01 42 84 01 81");
    let hash = "5A".repeat(32);
    fetched(&mut card, &bytes(&format!("002A9E9A20{hash}")));
    let signing = lap(&card);
    assert!((0.5..1.0).contains(&signing), "{signing}");
}

#[test]
fn a_card_is_as_slow_as_wanted() {
    let card = SimCard::new(common::profile(Chip::Cps3), &Options::default());
    let timing = card.timing();
    let options = Options {
        delay: Some(timing),
        ..Options::default()
    };
    let mut card = common::card(Chip::Cps3, &options);
    let start = Instant::now();
    done(&mut card, RANDOM);
    assert!(start.elapsed() >= card.totals().estimated);
    assert!(card.totals().estimated > Duration::from_millis(10));
}
