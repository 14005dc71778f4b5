//! Between card and reader: contacts or antenna, and the protocol on them.

/// How a card is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Interface {
    /// The contacts of a reader with a slot.
    #[default]
    Contact,
    /// The antenna: ISO 14443, which PC/SC shows as T=1.
    Contactless,
}

/// Transmission protocol between card and reader (ISO 7816-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Answers to commands with data wait for GET RESPONSE.
    T0,
    /// Answers come at once.
    T1,
}
