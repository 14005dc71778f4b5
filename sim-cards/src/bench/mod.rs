//! What a tester does with cards: puts them into readers, moves them, looks into them.

pub mod control;
pub mod dump;
pub mod order;
pub mod scenario;
pub mod vpcd;
