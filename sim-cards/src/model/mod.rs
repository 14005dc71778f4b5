//! What is known of the real cards, and the lab's values where nothing is known ([`guesses`]).

pub mod guesses;
pub mod layout;
pub mod names;
