//! Odd certificates and odd directories, each on a card of either chip: what is odd spoils itself at most, and its neighbours
//! have what they always have.

mod card;
mod certificates;
mod directories;
mod labels;
#[allow(dead_code)]
#[path = "../../src/pkcs15/notation.rs"]
mod notation;
mod sizes;
mod told;
