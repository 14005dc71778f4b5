//! A PIN or PUK between the caller's memory and the command that carries it to the card.

/// A PIN or PUK as the caller gave it, borrowed from its memory and never copied. It can be
/// neither printed nor compared: only the driver that builds the card's command takes the digits
/// out.
#[derive(Clone, Copy)]
pub struct Pin<'a>(&'a [u8]);

impl<'a> Pin<'a> {
    /// The bytes that the caller gave; nothing is known of them yet.
    pub fn new(digits: &'a [u8]) -> Self {
        Pin(digits)
    }

    /// The bytes, for the command that carries them.
    pub fn digits(self) -> &'a [u8] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Display};

    use super::Pin;

    /// Every type lacks something in one way; one that has what it must not have lacks it in two,
    /// and then the compiler cannot choose.
    trait Lacks<How> {
        fn shown() {}
    }
    impl<T> Lacks<[(); 0]> for T {}
    impl<T: Debug> Lacks<[(); 1]> for T {}
    impl<T: Display> Lacks<[(); 2]> for T {}
    impl<T: PartialEq> Lacks<[(); 3]> for T {}

    #[test]
    fn a_pin_is_neither_printed_nor_compared() {
        <Pin<'_> as Lacks<_>>::shown();
    }
}
