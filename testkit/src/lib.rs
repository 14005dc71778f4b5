//! What the module's tests, its fuzz targets and its benchmark share: an application's view of the
//! module ([`client`]), a rack of readers with simulated cards in them ([`rack`]), and OpenSSL as
//! an independent judge of signatures ([`openssl`]).

#![warn(missing_docs)]

pub mod client;
pub mod codes;
pub mod cpu;
pub mod fork;
pub mod gate;
pub mod log;
pub mod messages;
pub mod openssl;
pub mod pcscd;
pub mod rack;

pub use client::{Mech, Module, Parameter, Rv, Session, Template, ulong};
pub use codes::Ckr;
pub use gate::{Gate, PATIENCE};
pub use rack::{Card, Happening, Moment, Rack};

use std::panic::{AssertUnwindSafe, catch_unwind};

use sim_cards::persona;
use sim_cards::{Options, SimCard};

/// Checks every row of a table, and fails after the last one if any has failed.
pub fn each<T>(rows: impl IntoIterator<Item = T>, check: impl Fn(&T)) {
    let wrong = rows
        .into_iter()
        .filter(|row| catch_unwind(AssertUnwindSafe(|| check(row))).is_err())
        .count();
    assert_eq!(wrong, 0, "rows that are wrong; each has said why");
}

/// Name of the reader of tests that need only one.
pub const READER: &str = "Lab Reader 00 00";

/// Code of every card of [`cps3`] and [`cps4`].
pub const PIN: &str = "1234";

/// A hospital doctor's CPS3.
pub fn cps3() -> SimCard {
    card("doctor-hospital-cps3", &Options::default())
}

/// A general practitioner's CPS4.
pub fn cps4() -> SimCard {
    card("doctor-gp-cps4", &Options::default())
}

/// A card of either chip.
pub fn both() -> [SimCard; 2] {
    [cps3(), cps4()]
}

/// The card of a persona with the code [`PIN`].
pub fn card(persona: &str, options: &Options) -> SimCard {
    let persona = persona::find(persona).unwrap_or_else(|| panic!("no persona {persona}"));
    let options = Options {
        pin: Some(PIN.into()),
        ..options.clone()
    };
    SimCard::from_persona(&persona, &options)
}

/// A rack with one reader, this card in it, and the module started on it.
pub fn start(card: SimCard) -> (Module, Rack, Card) {
    let rack = Rack::new();
    rack.plug(READER);
    let card = rack.insert(READER, card);
    (Module::start(&rack), rack, card)
}
