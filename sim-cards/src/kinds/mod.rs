//! Of which kind the cards, their keys, their data objects and their authorities are.

pub mod chip;
pub mod labels;
pub mod tier;
pub mod usage;
