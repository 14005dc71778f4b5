//! What is known of the real cards, and what is guessed.

pub mod chip;
pub mod guesses;
pub mod layout;
pub mod names;
