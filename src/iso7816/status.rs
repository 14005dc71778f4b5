//! Status words (ISO 7816-4 §5.1.3).

use std::fmt;

/// SW1 SW2.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusWord(pub u16);

impl StatusWord {
    /// Done.
    pub const OK: StatusWord = StatusWord(0x9000);
    /// Fewer bytes than asked for: the end of the file was reached.
    pub const END_OF_FILE: StatusWord = StatusWord(0x6282);
    /// Something has changed, and no more is told: after VERIFY, a wrong PIN without its counter.
    pub const STATE_CHANGED: StatusWord = StatusWord(0x6300);
    /// A security-related issue, and no more is told.
    pub const SECURITY_ISSUE: StatusWord = StatusWord(0x6600);
    /// Wrong length.
    pub const WRONG_LENGTH: StatusWord = StatusWord(0x6700);
    /// The card has no such logical channel, or it is closed.
    pub const LOGICAL_CHANNEL_NOT_SUPPORTED: StatusWord = StatusWord(0x6881);
    /// The last command of the chain is expected.
    pub const LAST_COMMAND_OF_CHAIN_EXPECTED: StatusWord = StatusWord(0x6883);
    /// The command is not allowed, and no more is told.
    pub const COMMAND_NOT_ALLOWED: StatusWord = StatusWord(0x6900);
    /// The PIN must be verified first.
    pub const SECURITY_STATUS_NOT_SATISFIED: StatusWord = StatusWord(0x6982);
    /// The PIN is blocked.
    pub const AUTHENTICATION_METHOD_BLOCKED: StatusWord = StatusWord(0x6983);
    /// The PIN cannot be used any more.
    pub const REFERENCE_DATA_NOT_USABLE: StatusWord = StatusWord(0x6984);
    /// The conditions of use are not satisfied.
    pub const CONDITIONS_OF_USE_NOT_SATISFIED: StatusWord = StatusWord(0x6985);
    /// The command is not allowed: there is no current EF.
    pub const NO_CURRENT_EF: StatusWord = StatusWord(0x6986);
    /// Data objects of secure messaging are missing.
    pub const SECURE_MESSAGING_MISSING: StatusWord = StatusWord(0x6987);
    /// Data objects of secure messaging are incorrect.
    pub const SECURE_MESSAGING_INCORRECT: StatusWord = StatusWord(0x6988);
    /// Not in ISO 7816-4: another refusal of these chips' state.
    pub const NOT_ALLOWED_PROPRIETARY: StatusWord = StatusWord(0x69F0);
    /// Wrong parameters P1-P2, and no more is told.
    pub const WRONG_PARAMETERS: StatusWord = StatusWord(0x6A00);
    /// Incorrect parameters in the command data field.
    pub const INCORRECT_DATA: StatusWord = StatusWord(0x6A80);
    /// File or application not found.
    pub const FILE_NOT_FOUND: StatusWord = StatusWord(0x6A82);
    /// Record not found.
    pub const RECORD_NOT_FOUND: StatusWord = StatusWord(0x6A83);
    /// Not enough memory space in the file.
    pub const NOT_ENOUGH_SPACE: StatusWord = StatusWord(0x6A84);
    /// The length of the data is inconsistent with the TLV structure.
    pub const LENGTH_INCONSISTENT_WITH_TLV: StatusWord = StatusWord(0x6A85);
    /// Incorrect parameters P1-P2.
    pub const INCORRECT_P1_P2: StatusWord = StatusWord(0x6A86);
    /// The length of the data is inconsistent with P1-P2.
    pub const LENGTH_INCONSISTENT_WITH_P1_P2: StatusWord = StatusWord(0x6A87);
    /// Referenced data not found.
    pub const REFERENCED_DATA_NOT_FOUND: StatusWord = StatusWord(0x6A88);
    /// The offset lies outside the file.
    pub const WRONG_OFFSET: StatusWord = StatusWord(0x6B00);
    /// Instruction code not supported or invalid.
    pub const INSTRUCTION_NOT_SUPPORTED: StatusWord = StatusWord(0x6D00);
    /// Class not supported.
    pub const CLASS_NOT_SUPPORTED: StatusWord = StatusWord(0x6E00);

    /// Class A0: the offset lies outside the file.
    pub const A0_OUT_OF_RANGE: StatusWord = StatusWord(0x9402);
    /// Class A0: file not found.
    pub const A0_FILE_NOT_FOUND: StatusWord = StatusWord(0x9404);
    /// Class A0: the file is of another kind than the command needs.
    pub const A0_INCONSISTENT_FILE: StatusWord = StatusWord(0x9408);
    /// Class A0: the PIN must be verified first.
    pub const A0_ACCESS_NOT_FULFILLED: StatusWord = StatusWord(0x9804);
    /// Class A0: the PIN is blocked.
    pub const A0_BLOCKED: StatusWord = StatusWord(0x9840);

    /// SW1 and SW2.
    pub fn bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }

    /// Done without a reserve.
    pub fn is_ok(self) -> bool {
        self == StatusWord::OK
    }

    /// Done, even if an answer is waiting that nobody wants.
    pub fn is_normal(self) -> bool {
        self.is_ok() || self.waiting().is_some()
    }

    /// 61xx: bytes that wait for GET RESPONSE (00 stands for 256).
    pub fn waiting(self) -> Option<usize> {
        let [sw1, sw2] = self.bytes();
        (sw1 == 0x61).then(|| length(sw2))
    }

    /// 6Cxx: the length to ask for (00 stands for 256). The command was not carried out.
    pub fn exact_length(self) -> Option<usize> {
        let [sw1, sw2] = self.bytes();
        (sw1 == 0x6C).then(|| length(sw2))
    }

    /// 63Cx: a counter, in the answers about PINs the tries left.
    pub fn counter(self) -> Option<u8> {
        (self.0 & 0xFFF0 == 0x63C0).then_some((self.0 & 0xF) as u8)
    }

    /// A refusal that may only mean that this card's application is not the selected one, because
    /// another program has selected its own or has reset the card, or that a chain of commands was
    /// broken off before (6883).
    pub fn may_be_foreign_context(self) -> bool {
        matches!(
            self,
            Self::CLASS_NOT_SUPPORTED
                | Self::INSTRUCTION_NOT_SUPPORTED
                | Self::INCORRECT_P1_P2
                | Self::FILE_NOT_FOUND
                | Self::REFERENCED_DATA_NOT_FOUND
                | Self::LOGICAL_CHANNEL_NOT_SUPPORTED
                | Self::LAST_COMMAND_OF_CHAIN_EXPECTED
                | Self::CONDITIONS_OF_USE_NOT_SATISFIED
        )
    }
}

fn length(sw2: u8) -> usize {
    if sw2 == 0 { 256 } else { usize::from(sw2) }
}

impl fmt::Display for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl fmt::Debug for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SW {self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_counters() {
        assert_eq!(StatusWord(0x6100).waiting(), Some(256));
        assert_eq!(StatusWord(0x6119).waiting(), Some(25));
        assert_eq!(StatusWord(0x6C0C).exact_length(), Some(12));
        assert_eq!(StatusWord(0x63C2).counter(), Some(2));
        assert_eq!(StatusWord(0x6300).counter(), None);
        assert_eq!(StatusWord(0x9000).waiting(), None);
    }

    #[test]
    fn only_9000_and_61xx_are_normal() {
        let normal: Vec<_> = (0..=u16::MAX)
            .map(StatusWord)
            .filter(|sw| sw.is_normal())
            .collect();
        assert_eq!(normal.len(), 257);
        assert!(normal.iter().all(|sw| sw.0 == 0x9000 || sw.0 >> 8 == 0x61));
    }

    #[test]
    fn some_refusals_may_be_meant_for_another_application() {
        let foreign: Vec<_> = (0..=u16::MAX)
            .filter(|sw| StatusWord(*sw).may_be_foreign_context())
            .collect();
        let expected = [
            0x6881, 0x6883, // a logical channel that is gone, a chain that was broken off
            0x6985, // conditions of use
            0x6A82, 0x6A86, 0x6A88, // no such file, P1 and P2, no such data
            0x6D00, 0x6E00, // instruction and class that the other application does not know
        ];
        assert_eq!(foreign, expected);
    }

    #[test]
    fn a_status_word_is_shown_as_four_digits() {
        assert_eq!(StatusWord(0x6A82).to_string(), "6A82");
        assert_eq!(format!("{:?}", StatusWord(0x0061)), "SW 0061");
    }
}
