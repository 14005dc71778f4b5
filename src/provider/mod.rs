//! Floor 6: Cryptoki without pointers. Library state, slots, sessions, login, operations, mechanism table.
//!
//! No floor below is reached by any other way; the ABI decides nothing. Calls lock as little as they can: status
//! questions are answered from memory while another thread's signature runs on the card.

mod crypt;
mod digest;
pub mod error;
mod library;
mod mechanism;
mod object;
mod operation;
mod random;
mod recover;
mod session;
mod sign;
mod slot;
mod slots;
pub mod types;
mod verify;

use crate::card::CardError;
use crate::token;

pub use error::{Error, Result};
pub use library::{
    Library, after_fork_in_child, after_fork_in_parent, before_fork, finalize, forget_readers, initialize,
    library, use_readers,
};
pub use types::*;

impl From<token::Error> for Error {
    fn from(error: token::Error) -> Error {
        match error {
            token::Error::Card(card) => card.into(),
            token::Error::NoCode => Error::UserPinNotInitialized,
            token::Error::NotLoggedIn => Error::UserNotLoggedIn,
            token::Error::SessionGone => Error::SessionHandleInvalid,
            token::Error::LoggedIn(_) => Error::UserAlreadyLoggedIn,
            token::Error::KeyUse => Error::KeyFunctionNotPermitted,
            token::Error::Data => Error::DataInvalid,
            token::Error::DataLength => Error::DataLenRange,
            token::Error::ValueTooLong => Error::AttributeValueInvalid,
            token::Error::Cryptogram => Error::EncryptedDataInvalid,
            token::Error::CryptogramLength => Error::EncryptedDataLenRange,
            token::Error::TornWrite | token::Error::WrongSignature | token::Error::NoPublicKey => {
                Error::DeviceError
            }
            token::Error::NoRandom => Error::FunctionFailed,
        }
    }
}

impl From<CardError> for Error {
    fn from(error: CardError) -> Error {
        match error {
            CardError::Reader(why) if why.is_final() => Error::DeviceRemoved,
            CardError::Reader(_) => Error::DeviceError,
            CardError::NotRecognized | CardError::Unidentified => Error::TokenNotRecognized,
            CardError::InterruptedUpdate => Error::InterruptedUpdate,
            // To an application that is another card in the slot.
            CardError::Updated => Error::SessionHandleInvalid,
            CardError::CodeIncorrect { .. } => Error::PinIncorrect,
            CardError::CodeBlocked => Error::PinLocked,
            CardError::CodeLength => Error::PinLenRange,
            CardError::CodeDigits | CardError::CodeRefused(_) => Error::PinInvalid,
            CardError::Unsupported => Error::KeyFunctionNotPermitted,
            // Where the caller's login or data can be the reason, the token says so.
            CardError::NotVerified
            | CardError::NotAllowed(_)
            | CardError::WrongData(_)
            | CardError::NotFound(_)
            | CardError::Unexpected(_)
            | CardError::Malformed(_) => Error::DeviceError,
        }
    }
}
