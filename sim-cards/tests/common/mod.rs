//! What the tests share: one card of each chip with known content.

#![allow(dead_code)]

pub mod reader;

use std::sync::LazyLock;

use sim_cards::data::{Access, DataObject};
use sim_cards::pki::Validity;
use sim_cards::{Chip, Options, Profile, SimCard, hex, persona};

/// Situation of a practice, as read on a real test card (fields 84 to 86).
pub const SITUATION: &str =
    "EE2D 8414434142494E4554204D20444F4330303733353734 850F343939373030373335373431303038 860453413037";
/// EF_ACTUA of a finished update.
pub const UPDATE_STAMP: &str = "EC12 810720240315103000 820720240315103045";

/// The cardiologist's card with the data of the books, on either chip.
pub fn profile(chip: Chip) -> &'static Profile {
    static CPS3: LazyLock<Profile> = LazyLock::new(|| issue(Chip::Cps3));
    static CPS4: LazyLock<Profile> = LazyLock::new(|| issue(Chip::Cps4));
    match chip {
        Chip::Cps3 => &CPS3,
        Chip::Cps4 => &CPS4,
    }
}

fn issue(chip: Chip) -> Profile {
    let holder = persona::find("doctor-hospital-cps3").expect("a persona of the crate");
    let object = |label: &str, content: Vec<u8>, access| DataObject {
        label: label.into(),
        content,
        access,
        modifiable: label == "CPS_DATA",
    };
    Profile {
        data: vec![
            object("CPS_DATA", vec![0; 300], Access::Free),
            object("CPS_ID_CARD", vec![0xA5; 16], Access::Free),
            object("CPS_ACTIVITY_01_PS", bytes(SITUATION), Access::Code),
            object("CPS_SIT_FACT", vec![0x5F; 60], Access::Code),
            object("CPS2TER_ACTIVITY_01_PS", vec![0x2E; 40], Access::Code),
        ],
        update_stamp: (chip == Chip::Cps3).then(|| bytes(UPDATE_STAMP)),
        ..Profile::of(&holder, chip, &Validity::relative_to_today())
    }
}

/// That card with power.
pub fn card(chip: Chip, options: &Options) -> SimCard {
    let mut card = SimCard::new(profile(chip), options);
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
