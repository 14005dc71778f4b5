//! Simulated French health professional cards (CPx), for tests without a card.
//!
//! A [`SimCard`] answers APDUs as a CPS3 (IAS-ECC chip, T=0, or contactless) or a CPS4 (ChipDoc chip, T=1 or T=0)
//! does. It runs in the process of a test, or plugs into the virtual reader of vsmartcard through
//! [`vpcd`], where every real client of PC/SC meets it.
//!
//! A card can also hold a certificate or a directory that no issuer should write: the `[[certificate]]` and `[[directory]]` of a
//! [persona], or [`Profile::directories`]. [`SimCard::directory`] gives what an odd one can be made of.
//!
//! The cards are written from observations of real cards and of their middleware; what no observation confirms
//! stands in [`guesses`].

#![warn(missing_docs)]

// The layers from the top down: bench, card, chips, options, issuer, pki, line, model, holder, kinds, iso7816, text.
// Each names only what stands below it; conformance/tests/house.rs tests it.
mod bench; // what a tester does with cards
mod card; // a card
mod chips; // what a chip does with commands
mod holder; // who holds a card
mod iso7816; // what any card does
mod issuer; // what an issuer writes on a card
mod kinds; // of which kind things are
mod line; // what happens between reader and card
mod model; // where things stand on real cards, and the lab's values
mod options; // how one card differs from what its content says
pub mod pki; // whom the lab certifies
mod text; // what people write

pub use bench::{control, dump, scenario, vpcd};
pub use card::SimCard;
pub use holder::{insured, persona};
pub use iso7816::interface::{Interface, Protocol};
pub use iso7816::status::Status;
pub use iso7816::{apdu, status};
pub use issuer::data;
pub use issuer::profile::{self, Profile};
pub use kinds::chip::{Chip, Model};
pub use line::interceptor::{self, Action, Interceptor, PullAt};
pub use line::timing::{self, Timing};
pub use line::{faults, trace};
pub use model::{guesses, layout};
pub use options::Options;
pub use text::{hex, limits};

/// The examples of the book run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
