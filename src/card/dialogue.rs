//! Exchanges of one transaction, with status words turned into [`CardError`].

use zeroize::Zeroizing;

use super::CardError;
use crate::iso7816::{self, Answer, Channel, Command, Malformed, StatusWord};
use crate::reader::{Connection, Protocol, ReaderError};

/// A transaction under way; it ends when this is dropped, on every way out.
pub(super) struct Dialogue<'c> {
    connection: &'c mut dyn Connection,
    application_selected: bool,
}

impl<'c> Dialogue<'c> {
    /// Takes over a transaction that has begun.
    pub(super) fn new(connection: &'c mut dyn Connection) -> Self {
        Dialogue {
            connection,
            application_selected: false,
        }
    }

    /// The card's application was selected in this very transaction, or has just proved to be: a
    /// refusal now means what it says, and what was done is not done again.
    pub(super) fn application_selected(&self) -> bool {
        self.application_selected
    }

    pub(super) fn note_application_selected(&mut self) {
        self.application_selected = true;
    }

    /// See [`Connection::keep`].
    pub(super) fn keep_connection(&mut self) {
        self.connection.keep(true);
    }

    pub(super) fn protocol(&self) -> Protocol {
        self.connection.protocol()
    }

    /// One command and its answer, whatever the status word.
    pub(super) fn exchange(&mut self, command: &Command) -> Result<Answer, CardError> {
        Ok(Channel::new(self.connection).exchange(command)?)
    }

    /// One command that must end with 9000; its answer.
    pub(super) fn perform(&mut self, command: &Command) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let answer = self.exchange(command)?;
        if answer.sw.is_ok() {
            Ok(answer.data)
        } else {
            Err(refusal(answer.sw))
        }
    }

    /// One SELECT; an answer that was not asked for may stay on the card (61xx).
    pub(super) fn select(&mut self, command: &Command) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let answer = self.exchange(command)?;
        if answer.sw.is_normal() {
            Ok(answer.data)
        } else {
            Err(refusal(answer.sw))
        }
    }
}

impl Drop for Dialogue<'_> {
    fn drop(&mut self) {
        self.connection.end();
    }
}

impl From<iso7816::Error> for CardError {
    fn from(e: iso7816::Error) -> Self {
        match e {
            iso7816::Error::Reader(e) => CardError::Reader(e),
            iso7816::Error::Malformed(e) => e.into(),
        }
    }
}

impl From<Malformed> for CardError {
    fn from(error: Malformed) -> Self {
        match error {
            Malformed::NO_MEMORY => CardError::Reader(ReaderError::NoMemory),
            Malformed(what) => CardError::Malformed(what),
        }
    }
}

impl CardError {
    /// The status word behind a refusal.
    fn status(&self) -> Option<StatusWord> {
        match *self {
            CardError::NotAllowed(sw)
            | CardError::WrongData(sw)
            | CardError::NotFound(sw)
            | CardError::Unexpected(sw) => Some(sw),
            _ => None,
        }
    }

    /// The refusal may only mean that another application is selected; see
    /// [`StatusWord::may_be_foreign_context`].
    pub(super) fn may_be_foreign_context(&self) -> bool {
        self.status().is_some_and(StatusWord::may_be_foreign_context)
    }
}

/// What a status word other than 9000 means, outside the commands about PINs.
pub(super) fn refusal(sw: StatusWord) -> CardError {
    match sw {
        // Blocked: the PIN that would open it.
        StatusWord::SECURITY_STATUS_NOT_SATISFIED
        | StatusWord::AUTHENTICATION_METHOD_BLOCKED
        | StatusWord::A0_ACCESS_NOT_FULFILLED
        | StatusWord::A0_BLOCKED => CardError::NotVerified,
        StatusWord::COMMAND_NOT_ALLOWED
        | StatusWord::REFERENCE_DATA_NOT_USABLE
        | StatusWord::CONDITIONS_OF_USE_NOT_SATISFIED
        | StatusWord::NO_CURRENT_EF
        | StatusWord::NOT_ALLOWED_PROPRIETARY
        | StatusWord::A0_INCONSISTENT_FILE => CardError::NotAllowed(sw),
        StatusWord::SECURITY_ISSUE
        | StatusWord::WRONG_LENGTH
        | StatusWord::SECURE_MESSAGING_MISSING
        | StatusWord::SECURE_MESSAGING_INCORRECT
        | StatusWord::WRONG_PARAMETERS
        | StatusWord::INCORRECT_DATA
        | StatusWord::NOT_ENOUGH_SPACE
        | StatusWord::LENGTH_INCONSISTENT_WITH_TLV
        | StatusWord::INCORRECT_P1_P2
        | StatusWord::LENGTH_INCONSISTENT_WITH_P1_P2
        | StatusWord::WRONG_OFFSET
        | StatusWord::A0_OUT_OF_RANGE => CardError::WrongData(sw),
        _ if sw.exact_length().is_some() => CardError::WrongData(sw),
        StatusWord::FILE_NOT_FOUND
        | StatusWord::RECORD_NOT_FOUND
        | StatusWord::REFERENCED_DATA_NOT_FOUND
        | StatusWord::A0_FILE_NOT_FOUND => CardError::NotFound(sw),
        _ => CardError::Unexpected(sw),
    }
}

/// What a status word other than 9000 means after a command that carried a PIN.
pub(super) fn pin_refusal(sw: StatusWord) -> CardError {
    match (sw.counter(), sw) {
        (Some(0), _) => CardError::PinBlocked,
        (Some(tries_left), _) => CardError::PinIncorrect {
            tries_left: Some(tries_left),
        },
        (None, StatusWord::STATE_CHANGED) => CardError::PinIncorrect { tries_left: None },
        // Not usable (ISO 7816-4 §5.1.3): the uses of the PIN are spent.
        (None, StatusWord::AUTHENTICATION_METHOD_BLOCKED | StatusWord::REFERENCE_DATA_NOT_USABLE) => {
            CardError::PinBlocked
        }
        (None, StatusWord::WRONG_LENGTH | StatusWord::INCORRECT_DATA) => CardError::PinRefused(sw),
        _ => refusal(sw),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::Continuity;

    /// A connection that notes what becomes of it.
    #[derive(Default)]
    struct Notes {
        kept: Option<bool>,
        ended: usize,
    }

    impl Connection for Notes {
        fn protocol(&self) -> Protocol {
            Protocol::T1
        }
        fn begin(&mut self) -> Result<Continuity, ReaderError> {
            Ok(Continuity::Kept)
        }
        fn transmit(&mut self, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReaderError> {
            Err(ReaderError::Mute)
        }
        fn end(&mut self) {
            self.ended += 1;
        }
        fn keep(&mut self, keep: bool) {
            self.kept = Some(keep);
        }
        fn check(&mut self) -> Result<Continuity, ReaderError> {
            Ok(Continuity::Kept)
        }
        fn reset(&mut self) -> Result<(), ReaderError> {
            Ok(())
        }
        fn reset_if_alone(&mut self) -> Result<bool, ReaderError> {
            Ok(true)
        }
    }

    #[test]
    fn a_dialogue_ends_once_and_keeps_the_connection_only_when_told() {
        let mut connection = Notes::default();
        drop(Dialogue::new(&mut connection));
        assert_eq!((connection.kept, connection.ended), (None, 1));
        Dialogue::new(&mut connection).keep_connection();
        assert_eq!((connection.kept, connection.ended), (Some(true), 2));
    }

    #[test]
    fn what_status_words_mean() {
        for (words, meant) in [
            (
                &[0x6982, 0x6983, 0x9804, 0x9840][..],
                (|_| CardError::NotVerified) as fn(StatusWord) -> CardError,
            ),
            (
                &[0x6900, 0x6984, 0x6985, 0x6986, 0x69F0, 0x9408],
                CardError::NotAllowed,
            ),
            (
                &[
                    0x6600, 0x6700, 0x6987, 0x6988, 0x6A00, 0x6A80, 0x6A84, 0x6A85, 0x6A86, 0x6A87, 0x6B00,
                    0x6C00, 0x6C10, 0x6CFF, 0x9402,
                ],
                CardError::WrongData,
            ),
            (&[0x6A82, 0x6A83, 0x6A88, 0x9404], CardError::NotFound),
            (
                &[
                    0x6300, 0x63C3, 0x6881, 0x6901, 0x6981, 0x6989, 0x6A81, 0x6A89, 0x6B01, 0x6D00, 0x6E00,
                    0x6F00, 0x9401,
                ],
                CardError::Unexpected,
            ),
        ] {
            for &word in words {
                assert_eq!(refusal(StatusWord(word)), meant(StatusWord(word)), "{word:04X}");
            }
        }
    }

    #[test]
    fn what_status_words_mean_after_a_code() {
        let incorrect = |tries_left| CardError::PinIncorrect { tries_left };
        for (word, meant) in [
            (0x63C0, CardError::PinBlocked),
            (0x63C1, incorrect(Some(1))),
            (0x63CF, incorrect(Some(15))),
            (0x6300, incorrect(None)),
            (0x6983, CardError::PinBlocked),
            (0x6984, CardError::PinBlocked),
            (0x6700, CardError::PinRefused(StatusWord(0x6700))),
            (0x6A80, CardError::PinRefused(StatusWord(0x6A80))),
            (0x6982, CardError::NotVerified),
            (0x6A82, CardError::NotFound(StatusWord(0x6A82))),
        ] {
            assert_eq!(pin_refusal(StatusWord(word)), meant, "{word:04X}");
        }
    }

    #[test]
    fn refusals_that_another_application_may_have_given() {
        for (error, foreign) in [
            (CardError::NotAllowed(StatusWord(0x6985)), true),
            (CardError::WrongData(StatusWord(0x6A86)), true),
            (CardError::NotFound(StatusWord(0x6A82)), true),
            (CardError::Unexpected(StatusWord(0x6E00)), true),
            (CardError::NotAllowed(StatusWord(0x6986)), false),
            (CardError::WrongData(StatusWord(0x6A80)), false),
            (CardError::NotFound(StatusWord(0x6A83)), false),
            (CardError::Unexpected(StatusWord(0x6F00)), false),
            (CardError::PinRefused(StatusWord(0x6A86)), false),
            (CardError::NotVerified, false),
        ] {
            assert_eq!(error.may_be_foreign_context(), foreign, "{error:?}");
        }
    }

    #[test]
    fn no_memory_is_no_fault_of_the_card() {
        let no_memory = CardError::Reader(ReaderError::NoMemory);
        assert_eq!(CardError::from(Malformed::NO_MEMORY), no_memory);
        assert_eq!(CardError::from(Malformed("it")), CardError::Malformed("it"));
        let error = iso7816::Error::Reader(ReaderError::Mute);
        assert_eq!(CardError::from(error), CardError::Reader(ReaderError::Mute));
    }
}
