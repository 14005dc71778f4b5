//! Who holds a card, and on which day.

pub mod date;
pub mod described;
pub mod insured;
pub mod persona;
