//! The kinds of cards.

use std::fmt;

/// The chip of a card, which decides its commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Chip {
    /// IAS-ECC, the third generation.
    Cps3,
    /// NXP ChipDoc, the fourth generation.
    Cps4,
}

impl fmt::Display for Chip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Chip::Cps3 => "CPS3",
            Chip::Cps4 => "CPS4",
        })
    }
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

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Model::Cps3 => "CPS3",
            Model::Cps3Contactless => "CPS3 contactless",
            Model::Cps4 => "CPS4",
            Model::Vitale2 => "Vitale 2",
        })
    }
}
