//! Status words of the simulated cards.

use std::fmt;

/// The two bytes that end every answer (ISO 7816-4 §5.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u16);

impl Status {
    /// 9000: done.
    pub const DONE: Self = Self(0x9000);
    /// 6700: Lc, Le or the length of the data is wrong.
    pub const WRONG_LENGTH: Self = Self(0x6700);
    /// 6881: this logical channel is not open.
    pub const CHANNEL_NOT_OPEN: Self = Self(0x6881);
    /// 6882: no secure messaging.
    pub const SECURE_MESSAGING_NOT_SUPPORTED: Self = Self(0x6882);
    /// 6883: the chain of commands has no end.
    pub const LAST_OF_CHAIN_EXPECTED: Self = Self(0x6883);
    /// 6884: this command is no part of a chain.
    pub const CHAINING_NOT_SUPPORTED: Self = Self(0x6884);
    /// 6982: the security status is not satisfied, mostly for want of the PIN.
    pub const CODE_NEEDED: Self = Self(0x6982);
    /// 6983: the PIN or PUK has no tries left.
    pub const CODE_BLOCKED: Self = Self(0x6983);
    /// 6985: not now.
    pub const CONDITIONS_NOT_SATISFIED: Self = Self(0x6985);
    /// 6986: no file is selected.
    pub const NO_CURRENT_FILE: Self = Self(0x6986);
    /// 6A80: the data field makes no sense.
    pub const WRONG_DATA: Self = Self(0x6A80);
    /// 6A82: no such file or application.
    pub const FILE_NOT_FOUND: Self = Self(0x6A82);
    /// 6A84: the file ends before the data do.
    pub const NOT_ENOUGH_SPACE: Self = Self(0x6A84);
    /// 6A86: P1 or P2 is wrong.
    pub const WRONG_PARAMETERS: Self = Self(0x6A86);
    /// 6A88: no such data object, key, PIN or PUK.
    pub const DATA_NOT_FOUND: Self = Self(0x6A88);
    /// 6B00: the offset is behind the end of the file.
    pub const WRONG_OFFSET: Self = Self(0x6B00);
    /// 6D00: the card has no such command.
    pub const UNKNOWN_INSTRUCTION: Self = Self(0x6D00);
    /// 6E00: the card has no such class.
    pub const UNKNOWN_CLASS: Self = Self(0x6E00);
    /// 6F00: the card failed, and does not say why.
    pub const INTERNAL: Self = Self(0x6F00);

    /// 9402, class A0: the offset is behind the end of the file.
    pub const LEGACY_WRONG_OFFSET: Self = Self(0x9402);
    /// 9404, class A0: no such file.
    pub const LEGACY_FILE_NOT_FOUND: Self = Self(0x9404);
    /// 9408, class A0: not the kind of file that the command is for.
    pub const LEGACY_WRONG_FILE_KIND: Self = Self(0x9408);
    /// 9804, class A0: the PIN is wrong, or was not given.
    pub const LEGACY_CODE_NOT_GIVEN: Self = Self(0x9804);
    /// 9840, class A0: the PIN has no tries left.
    pub const LEGACY_CODE_LOCKED: Self = Self(0x9840);

    /// 63Cx: wrong code, `tries` left (at most 15 can be told).
    pub fn tries_left(tries: u8) -> Self {
        Self(0x63C0 | u16::from(tries.min(15)))
    }

    /// 6Cxx: wrong Le, `length` is right (256 is written 00).
    pub fn right_length(length: usize) -> Self {
        Self(0x6C00 | low_byte(length))
    }

    /// 61xx: `length` bytes wait for GET RESPONSE; 00 for 256 and more.
    pub fn waiting(length: usize) -> Self {
        Self(0x6100 | low_byte(length))
    }

    /// 9Fxx: the same in class A0.
    pub fn legacy_waiting(length: usize) -> Self {
        Self(0x9F00 | low_byte(length))
    }

    /// The two bytes as they are sent.
    pub fn to_bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }
}

fn low_byte(length: usize) -> u16 {
    if length >= 256 { 0 } else { length as u16 }
}

impl std::error::Error for Status {}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let low = self.0 & 0xFF;
        let waiting = if low == 0 { 256 } else { low };
        match self.0 {
            0x9000 => f.write_str("done"),
            0x6100..=0x61FF => write!(f, "{waiting} bytes wait"),
            0x9F00..=0x9FFF => write!(f, "{waiting} bytes wait (class A0)"),
            0x6C00..=0x6CFF => write!(f, "wrong Le, {waiting} is right"),
            0x63C0..=0x63CF => write!(f, "code not given or wrong, tries left: {}", self.0 & 0xF),
            0x6700 => f.write_str("wrong length"),
            0x6881 => f.write_str("logical channel not open"),
            0x6882 => f.write_str("secure messaging not supported"),
            0x6883 => f.write_str("last command of the chain expected"),
            0x6884 => f.write_str("chaining not supported"),
            0x6982 => f.write_str("holder code needed"),
            0x6983 => f.write_str("code blocked"),
            0x6985 => f.write_str("conditions of use not satisfied"),
            0x6986 => f.write_str("no current file"),
            0x6A80 => f.write_str("wrong data"),
            0x6A82 => f.write_str("file not found"),
            0x6A84 => f.write_str("not enough space in the file"),
            0x6A86 => f.write_str("wrong P1 or P2"),
            0x6A88 => f.write_str("referenced data not found"),
            0x6B00 => f.write_str("offset outside the file"),
            0x6D00 => f.write_str("unknown instruction"),
            0x6E00 => f.write_str("unknown class"),
            0x9402 => f.write_str("offset outside the file (class A0)"),
            0x9404 => f.write_str("file not found (class A0)"),
            0x9408 => f.write_str("wrong kind of file (class A0)"),
            0x9804 => f.write_str("code not given (class A0)"),
            0x9840 => f.write_str("code locked (class A0)"),
            other => write!(f, "status {other:04X}"),
        }
    }
}
