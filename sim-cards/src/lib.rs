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

pub mod apdu;
pub mod card;
pub mod control;
pub mod data;
pub mod dump;
pub mod faults;
pub mod guesses;
pub mod hex;
pub mod interceptor;
pub mod layout;
pub mod persona;
pub mod pki;
pub mod profile;
pub mod scenario;
pub mod status;
pub mod timing;
pub mod trace;
pub mod vitale;
pub mod vpcd;

mod chain;
mod chipdoc;
mod codes;
mod crypto;
mod files;
mod ias_ecc;
mod input;
mod names;
mod pkcs15;
mod tlv;
mod transport;

pub use card::{Options, Protocol, SimCard};
pub use interceptor::{Action, Interceptor, PullAt};
pub use profile::Profile;
pub use status::Status;
pub use timing::Timing;

/// The examples of the book run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The files of `personas/`, `insured/` and `keys/`.
mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

/// The chip of a card, which decides its commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Chip {
    /// IAS-ECC, the third generation.
    Cps3,
    /// NXP ChipDoc, the fourth generation.
    Cps4,
}

/// The kind of a simulated card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Model {
    /// A CPS3 through its contacts.
    Cps3,
    /// A CPS3 through its antenna.
    Cps3Contactless,
    /// A CPS4 through its contacts.
    Cps4,
    /// The card of the insured.
    Vitale2,
}

impl std::fmt::Display for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Model::Cps3 => "CPS3",
            Model::Cps3Contactless => "CPS3 contactless",
            Model::Cps4 => "CPS4",
            Model::Vitale2 => "Vitale 2",
        })
    }
}

/// How a card is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Interface {
    /// The contacts of a reader with a slot.
    #[default]
    Contact,
    /// The antenna: ISO 14443, which PC/SC shows as T=1.
    Contactless,
}

impl std::fmt::Display for Chip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Chip::Cps3 => "CPS3",
            Chip::Cps4 => "CPS4",
        })
    }
}
