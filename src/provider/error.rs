//! What a Cryptoki function answers when it does not answer CKR_OK.

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
