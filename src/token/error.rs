//! Why the token layer refuses.

use std::fmt;

use crate::card::CardError;
use crate::memory::NoMemory;
use crate::reader::ReaderError;

use super::login::User;

/// A refusal of the token, or of the card below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// From the card or the reader.
    Card(CardError),
    /// The token has no PIN of that kind (contactless card, no PUK in AODF).
    NoPin,
    /// The holder's PIN must be presented first.
    NotLoggedIn,
    /// The session that wanted to log in was closed while it waited for the card.
    SessionGone,
    /// Somebody is logged in already.
    LoggedIn(User),
    /// The key is not made for this operation or scheme.
    KeyUse,
    /// The data are not what the scheme or this key takes.
    Data,
    /// The data are longer or shorter than the key takes, or a digest has a wrong length.
    DataLength,
    /// The cryptogram does not decipher to a well-formed block.
    Cryptogram,
    /// The cryptogram is not as long as the modulus.
    CryptogramLength,
    /// A new value does not fit into the file.
    ValueTooLong,
    /// What was written is not what is read back.
    TornWrite,
    /// The signature that the card returned does not verify with the key's certificate: it is
    /// withheld.
    WrongSignature,
    /// The key has no certificate or public key on the token, or none that holds an RSA key, so its
    /// signatures cannot be checked.
    NoPublicKey,
    /// The file of a certificate is not there, or holds no X.509 certificate.
    NoCertificate(CardError),
    /// The operating system gave no random bytes.
    NoRandom,
}

/// What happened, what was not done and what to do next, for the log. Nothing of what a caller or
/// the card has given.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Card(why) => return why.fmt(f),
            Error::NoPin => "the card has no such PIN",
            Error::NotLoggedIn => "the PIN must be presented first: log in",
            Error::SessionGone => "the session was closed",
            Error::LoggedIn(_) => "somebody is logged in already",
            Error::KeyUse => "the key is not made for this",
            Error::Data => "the key does not take these data",
            Error::DataLength => "the key does not take data of this length",
            Error::Cryptogram => "the cryptogram does not decipher to a well-formed block",
            Error::CryptogramLength => "the cryptogram is not as long as the modulus",
            Error::ValueTooLong => "the value does not fit into its file: nothing was written",
            Error::TornWrite => "what was written to the card reads differently: write it again",
            Error::WrongSignature => {
                "the signature that the card has made is not of its certificate's key and was withheld: sign \
                 again; if that does not help, have the card's certificates renewed"
            }
            Error::NoPublicKey => {
                "the card has no public key that can be used for this key, in a certificate or beside \
                 it, so nothing can be signed or checked with it: have the card's certificates renewed"
            }
            Error::NoCertificate(why) => {
                return write!(
                    f,
                    "a certificate of the card is of no use, and with its key nothing can be signed or checked; \
                     {why}"
                );
            }
            Error::NoRandom => "the operating system gave no random bytes: nothing was done",
        })
    }
}

impl std::error::Error for Error {}

impl From<NoMemory> for Error {
    fn from(e: NoMemory) -> Self {
        Error::Card(e.into())
    }
}

impl From<CardError> for Error {
    fn from(e: CardError) -> Self {
        Error::Card(e)
    }
}

impl From<ReaderError> for Error {
    fn from(e: ReaderError) -> Self {
        Error::Card(CardError::Reader(e))
    }
}
