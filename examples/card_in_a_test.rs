//! A simulated card in a test of one's own, without a reader and without pcscd: `cargo test --example card_in_a_test`.
//!
//! The card answers APDUs as a real one does. What it holds, what goes wrong with it and on which day it is used can be
//! chosen; see the book of `sim-cards`.

use sim_cards::{Options, SimCard, persona};

fn main() {
    let mut card = doctor();
    for command in ["00A4040C0D E828BD080F8025000001FF0010", "0020000104 31323334"] {
        let answer = card.transmit(&bytes(command));
        println!("{command} -> {answer:02X?}");
    }
}

/// A CPS3 with power, whose PIN is 1234, with two of its three tries left.
fn doctor() -> SimCard {
    let doctor = persona::find("doctor-hospital-cps3").expect("a persona of the crate");
    let options = Options {
        tries: Some(2),
        ..Options::default()
    };
    let mut card = SimCard::from_persona(&doctor, &options);
    card.power_on().expect("an ATR");
    card
}

fn bytes(digits: &str) -> Vec<u8> {
    sim_cards::hex::decode(digits).expect("hexadecimal digits")
}

#[test]
fn a_wrong_pin_costs_a_try_and_the_right_one_gives_all_back() {
    let mut card = doctor();
    let mut verify = |pin: &str| card.transmit(&[&bytes("0020000104"), pin.as_bytes()].concat());
    assert_eq!(verify("0000"), [0x63, 0xC1]);
    assert_eq!(verify("1234"), [0x90, 0x00]);
    assert_eq!(card.tries_left(), 3);
}

#[test]
fn a_card_that_is_pulled_out_answers_no_more() {
    let mut card = doctor();
    card.add_fault("+1:pull".parse().expect("a fault"));
    assert!(card.transmit(&bytes("00A4000C023F00")).is_empty());
    assert!(!card.is_present());
}
