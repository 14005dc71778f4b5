//! What a Cryptoki function answers when it does not answer CKR_OK.

use std::fmt;

use crate::card::CardError;
use crate::memory::NoMemory;
use crate::reader::ReaderError;
use crate::token;

/// Reasons for a refusal, named after the CKR_ codes to which the ABI maps them one to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Error {
    ActionProhibited,
    ArgumentsBad,
    AttributeReadOnly,
    AttributeSensitive,
    AttributeTypeInvalid,
    AttributeValueInvalid,
    /// The buffer must hold at least this many bytes (or entries, for lists).
    BufferTooSmall(usize),
    CryptokiAlreadyInitialized,
    CryptokiNotInitialized,
    DataInvalid,
    DataLenRange,
    DeviceError,
    DeviceRemoved,
    EncryptedDataInvalid,
    EncryptedDataLenRange,
    FunctionFailed,
    FunctionNotParallel,
    FunctionNotSupported,
    HostMemory,
    KeyFunctionNotPermitted,
    KeyHandleInvalid,
    KeyTypeInconsistent,
    MechanismInvalid,
    MechanismParamInvalid,
    NoEvent,
    ObjectHandleInvalid,
    OperationActive,
    OperationNotInitialized,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    RandomSeedNotSupported,
    SessionHandleInvalid,
    SessionParallelNotSupported,
    SessionReadOnly,
    SessionReadOnlyExists,
    SessionReadWriteSoExists,
    SignatureInvalid,
    SignatureLenRange,
    SlotIdInvalid,
    TemplateIncomplete,
    TemplateInconsistent,
    TokenNotPresent,
    TokenNotRecognized,
    UnwrappingKeyHandleInvalid,
    UnwrappingKeyTypeInconsistent,
    UserAlreadyLoggedIn,
    UserAnotherAlreadyLoggedIn,
    UserNotLoggedIn,
    UserPinNotInitialized,
    UserTypeInvalid,
    WrappedKeyInvalid,
    WrappedKeyLenRange,
}

/// What happened and, where the caller can do something, what to do next.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::ActionProhibited => "the object does not allow this",
            Error::ArgumentsBad => "an argument cannot be used: nothing was done",
            Error::AttributeReadOnly => "the attribute cannot be changed",
            Error::AttributeSensitive => "the attribute is not given away",
            Error::AttributeTypeInvalid => "the object has no such attribute",
            Error::AttributeValueInvalid => "the attribute cannot have this value",
            Error::BufferTooSmall(needed) => {
                return write!(f, "the buffer is too small: {needed} bytes or entries are needed");
            }
            Error::CryptokiAlreadyInitialized => "the library is initialised already",
            Error::CryptokiNotInitialized => "the library is not initialised: call C_Initialize",
            Error::DataInvalid => "the key does not take these data",
            Error::DataLenRange => "the key does not take data of this length",
            Error::DeviceError => "the reader or the card failed: the log says how",
            Error::DeviceRemoved => {
                "the card was taken out during the call: put it in again and open a new session"
            }
            Error::EncryptedDataInvalid => "the cryptogram does not decipher",
            Error::EncryptedDataLenRange => "the cryptogram has a wrong length",
            Error::FunctionFailed => "the function failed: the log says why",
            Error::FunctionNotParallel => "no function runs in parallel",
            Error::FunctionNotSupported => "the module does not have this function",
            Error::HostMemory => "the host has no memory left",
            Error::KeyFunctionNotPermitted => "the key is not made for this",
            Error::KeyHandleInvalid => "there is no such key",
            Error::KeyTypeInconsistent => "the mechanism takes a key of another type",
            Error::MechanismInvalid => "the key does not have this mechanism",
            Error::MechanismParamInvalid => "the mechanism does not take this parameter",
            Error::NoEvent => "nothing has happened to a slot",
            Error::ObjectHandleInvalid => "there is no such object, or it needs a login",
            Error::OperationActive => "an operation of this kind is active: end it first",
            Error::OperationNotInitialized => "no operation of this kind is active: start it first",
            Error::PinIncorrect => "the PIN is wrong",
            Error::PinInvalid => "the card takes no such PIN: choose another one",
            Error::PinLenRange => "no PIN of the card has that length: nothing was sent",
            Error::PinLocked => "the PIN is blocked: unblock it with the PUK",
            Error::RandomSeedNotSupported => "the generator of the card takes no seed",
            Error::SessionHandleInvalid => "the session is closed, or its card is gone: open a new one",
            Error::SessionParallelNotSupported => "a session needs CKF_SERIAL_SESSION",
            Error::SessionReadOnly => "the session is read-only: open a read/write session",
            Error::SessionReadOnlyExists => {
                "a read-only session is open: close it before the security officer logs in"
            }
            Error::SessionReadWriteSoExists => "the security officer is logged in: open a read/write session",
            Error::SignatureInvalid => "the signature is wrong",
            Error::SignatureLenRange => "the signature has a wrong length",
            Error::SlotIdInvalid => "there is no such slot",
            Error::TemplateIncomplete => "the template lacks an attribute",
            Error::TemplateInconsistent => "the attributes of the template do not go together",
            Error::TokenNotPresent => "there is no card in the reader: put one in",
            Error::TokenNotRecognized => "the card is none that the module knows: put in a CPS card",
            Error::UnwrappingKeyHandleInvalid => "there is no such key to unwrap with",
            Error::UnwrappingKeyTypeInconsistent => "the key is not made for unwrapping",
            Error::UserAlreadyLoggedIn => "the user is logged in already",
            Error::UserAnotherAlreadyLoggedIn => "another user is logged in: log out first",
            Error::UserNotLoggedIn => "the PIN must be presented first: log in",
            Error::UserPinNotInitialized => "the card has no such PIN",
            Error::UserTypeInvalid => "there is no such user",
            Error::WrappedKeyInvalid => "the wrapped key does not unwrap",
            Error::WrappedKeyLenRange => "the wrapped key has a wrong length",
        })
    }
}

impl std::error::Error for Error {}

impl From<NoMemory> for Error {
    fn from(_: NoMemory) -> Error {
        Error::HostMemory
    }
}

/// Result of a Cryptoki function.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something in a session does not go on.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The token refuses. What the application is answered, and whether the card is still there, is
    /// seen to by `SessionToken::with_token`.
    Token(token::Error),
    /// Cryptoki refuses, with this answer.
    Answer(Error),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Token(refusal) => refusal.fmt(f),
            Refusal::Answer(answer) => answer.fmt(f),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<token::Error> for Refusal {
    fn from(refusal: token::Error) -> Refusal {
        Refusal::Token(refusal)
    }
}

impl From<Error> for Refusal {
    fn from(answer: Error) -> Refusal {
        Refusal::Answer(answer)
    }
}

impl From<NoMemory> for Refusal {
    fn from(_: NoMemory) -> Refusal {
        Refusal::Answer(Error::HostMemory)
    }
}

impl Error {
    /// The answer to a refusal of the token. The log is told of it by `Slot::answer`, through which
    /// every such answer goes.
    pub(super) fn answer_to(refusal: &token::Error) -> Error {
        match refusal {
            token::Error::Card(card) => Error::answer_to_card(card),
            token::Error::NoPin => Error::UserPinNotInitialized,
            token::Error::NotLoggedIn => Error::UserNotLoggedIn,
            token::Error::SessionGone => Error::SessionHandleInvalid,
            token::Error::LoggedIn(_) => Error::UserAlreadyLoggedIn,
            token::Error::KeyUse => Error::KeyFunctionNotPermitted,
            token::Error::Data => Error::DataInvalid,
            token::Error::DataLength => Error::DataLenRange,
            token::Error::ValueTooLong => Error::AttributeValueInvalid,
            token::Error::Cryptogram => Error::EncryptedDataInvalid,
            token::Error::CryptogramLength => Error::EncryptedDataLenRange,
            token::Error::TornWrite | token::Error::WrongSignature => Error::DeviceError,
            // The card is all right, its data are not.
            token::Error::NoPublicKey | token::Error::NoCertificate(_) | token::Error::NoRandom => {
                Error::FunctionFailed
            }
        }
    }

    fn answer_to_card(refusal: &CardError) -> Error {
        match refusal {
            CardError::Reader(why) if why.is_final() => Error::DeviceRemoved,
            CardError::Reader(ReaderError::NoMemory) => Error::HostMemory,
            CardError::Reader(_) => Error::DeviceError,
            CardError::NotRecognized | CardError::Unidentified => Error::TokenNotRecognized,
            // To an application that is another card in the slot.
            CardError::Updated => Error::SessionHandleInvalid,
            CardError::PinIncorrect { .. } => Error::PinIncorrect,
            CardError::PinBlocked => Error::PinLocked,
            CardError::PinLength => Error::PinLenRange,
            CardError::PinDigits | CardError::PinRefused(_) => Error::PinInvalid,
            CardError::Unsupported => Error::KeyFunctionNotPermitted,
            // Where the caller's login or data can be the reason, the token says so.
            CardError::InterruptedUpdate
            | CardError::NotVerified
            | CardError::NotAllowed(_)
            | CardError::WrongData(_)
            | CardError::NotFound(_)
            | CardError::Unexpected(_)
            | CardError::Truncated
            | CardError::Malformed(_) => Error::DeviceError,
        }
    }

    /// The code leaves open what happened.
    pub(super) fn leaves_open_why(self) -> bool {
        matches!(
            self,
            Error::DeviceError | Error::FunctionFailed | Error::TokenNotRecognized
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_the_one_behind_it_says() {
        let short = Error::BufferTooSmall(256);
        assert_eq!(
            Refusal::from(short).to_string(),
            "the buffer is too small: 256 bytes or entries are needed"
        );
        let refusal = token::Error::NoPin;
        assert_eq!(Refusal::from(refusal.clone()).to_string(), refusal.to_string());
        let no_memory = Refusal::from(NoMemory).to_string();
        assert_eq!(no_memory, Error::HostMemory.to_string());
    }
}
