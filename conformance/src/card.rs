//! The simulated cards on which checks run.

use clap::ValueEnum;

/// The simulated cards.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Card {
    Cps3,
    Cps4,
}

impl Card {
    /// As on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Card::Cps3 => "cps3",
            Card::Cps4 => "cps4",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Card::Cps3 => "CPS3",
            Card::Cps4 => "CPS4",
        }
    }

    /// The holder whose card is inserted.
    pub fn persona(self) -> &'static str {
        match self {
            Card::Cps3 => "doctor-hospital-cps3",
            Card::Cps4 => "doctor-gp-cps4",
        }
    }

    /// The holder of another card, which a check may put into the second reader.
    pub fn colleague(self) -> &'static str {
        match self {
            Card::Cps3 => "secretary-cpe-cps4",
            Card::Cps4 => "pharmacist-owner-cps3",
        }
    }
}
