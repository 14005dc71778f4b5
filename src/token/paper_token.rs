//! Tokens whose cards answer what a test has written down.

use once_cell::sync::OnceCell;
use parking_lot::Mutex;

use super::login::Pins;
use super::{Sections, Token};
use crate::card::paper_card::PaperCard;
use crate::card::{Chip, PinObject};
use crate::config::Logout;
use crate::pkcs15::{Common, TokenDirectory, TokenInfo};

fn pin(reference: u8, unblocking: bool) -> PinObject {
    PinObject {
        common: Common::default(),
        auth_id: vec![reference],
        unblocking,
        reference,
        min_len: 4,
        max_len: 8,
        stored_len: 8,
        pad: None,
        path: None,
    }
}

/// A token with a PIN and a PUK, with nobody logged in.
pub(crate) fn fresh(card: &PaperCard) -> Token {
    fresh_with(card, vec![pin(1, false), pin(2, true)])
}

/// A token with these PINs, with nobody logged in.
pub(crate) fn fresh_with(card: &PaperCard, pins: Vec<PinObject>) -> Token {
    Token {
        card: Mutex::new(card.card()),
        chip: Chip::Cps4,
        serial: "26008552".into(),
        mechanisms: Vec::new(),
        head: OnceCell::with_value(TokenDirectory {
            token: TokenInfo::default(),
            pins,
        }),
        objects: Sections::default(),
        pins: Pins::new(Logout::default()),
        certificates: None,
    }
}
