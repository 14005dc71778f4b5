//! Why the token floor refuses.

use crate::card::CardError;
use crate::reader::ReaderError;

/// A refusal of the token, or of the card below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// From the card or the reader.
    Card(CardError),
    /// The token has no code of that kind (contactless card, no unblocking code in AODF).
    NoCode,
    /// The holder's code must be presented first.
    NotLoggedIn,
    /// Whoever wanted to log in has left meanwhile.
    SessionGone,
    /// Somebody is logged in already.
    LoggedIn(super::User),
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
    /// The signature that the card returned does not verify with the key's certificate: it is withheld.
    WrongSignature,
    /// The key has no certificate or public key on the token, so its signatures cannot be checked.
    NoPublicKey,
    /// The operating system gave no random bytes.
    NoRandom,
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
