//! What the tests share: one card of each chip with known content.

#![allow(dead_code)]

use rsa::pkcs8::DecodePrivateKey;
use sim_cards::{Chip, Content, KeyPair, Options, Profile, SimCard, hex};

fn pair(n: &str) -> KeyPair {
    KeyPair {
        key: rsa::PrivateKey::from_pkcs8_der(&std::fs::read(format!("/tmp/simfix/{n}.key.der")).unwrap()).unwrap(),
        certificate: std::fs::read(format!("/tmp/simfix/{n}.crt.der")).unwrap(),
    }
}

/// Situation of a practice, as read on a real test card (fields 84 to 86).
pub const SITUATION: &str = "EE2D 8414434142494E4554204D20444F4330303733353734 850F343939373030373335373431303038 860453413037";
/// EF_ACTUA of a finished update.
pub const UPDATE_STAMP: &str = "EC12 810720240315103000 820720240315103045";

/// The card of the books.
pub fn profile(chip: Chip) -> Profile {
    let content = |label: &str, value: Vec<u8>| Content { label: label.into(), value, protected: false, modifiable: false };
    let protected = |label: &str, value: Vec<u8>| Content { protected: true, ..content(label, value) };
    Profile {
        chip,
        serial: bytes("5A0A80250000012700 00026F").try_into().unwrap(),
        label: format!("{chip}-27000002"),
        signature: pair("sig"),
        authentication: pair("aut"),
        data: vec![
            Content { modifiable: true, ..content("CPS_DATA", vec![0; 300]) },
            content("CPS_ID_CARD", vec![0xA5; 16]),
            protected("CPS_ACTIVITY_01_PS", bytes(SITUATION)),
            protected("CPS_SIT_FACT", vec![0x5F; 60]),
            protected("CPS2TER_ACTIVITY_01_PS", vec![0x2E; 40]),
        ],
        update_stamp: (chip == Chip::Cps3).then(|| bytes(UPDATE_STAMP)),
    }
}

/// That card with power.
pub fn card(chip: Chip, options: &Options) -> SimCard {
    let mut card = SimCard::new(&profile(chip), options);
    card.power_on();
    card
}

/// Bytes of hexadecimal text.
pub fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap_or_else(|| panic!("not hexadecimal: {text}"))
}

/// Sends a command, wants 9000 at once, gives the data.
pub fn done(card: &mut SimCard, command: &str) -> Vec<u8> {
    let answer = card.transmit(&bytes(command));
    match answer.split_last_chunk::<2>() {
        Some((data, [0x90, 0x00])) => data.to_vec(),
        _ => panic!("{command} answered {}", hex::encode(&answer)),
    }
}

/// Sends a command over T=0 and fetches its whole answer with GET RESPONSE.
pub fn fetched(card: &mut SimCard, command: &[u8]) -> Vec<u8> {
    let mut answer = card.transmit(command);
    let mut data = Vec::new();
    loop {
        match answer.split_last_chunk::<2>() {
            Some((part, [0x90, 0x00])) => return [data, part.to_vec()].concat(),
            Some((part, [0x61, length])) => {
                data.extend_from_slice(part);
                answer = card.transmit(&[0x00, 0xC0, 0x00, 0x00, *length]);
            }
            _ => panic!("{} answered {}", hex::encode(command), hex::encode(&answer)),
        }
    }
}
