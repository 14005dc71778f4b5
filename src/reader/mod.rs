//! Layer 1: readers, connections, transactions, insertion and removal.
//!
//! A small trait with PC/SC behind it ([`pcsc`]); tests put simulated cards behind the same trait.
//! Nothing here looks into a command or an answer.

pub mod pcsc;
#[cfg(test)]
pub(crate) mod script;

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::memory::NoMemory;

/// Transmission protocol of ISO 7816-3 in use on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Byte oriented: a command carries data or expects data, never both; answers wait for GET
    /// RESPONSE.
    T0,
    /// Block oriented: command and answer travel whole.
    T1,
}

/// What stops an exchange below the level of status words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReaderError {
    /// The PC/SC service is not there, or has stopped.
    NoService,
    /// The PC/SC service does not let this program use it, or this card.
    Refused,
    /// The reader is unknown or was unplugged.
    NoReader,
    /// No card in the reader, or it was taken out.
    Removed,
    /// There is a card but it does not answer.
    Mute,
    /// Another program holds the reader for itself.
    Busy,
    /// The reader or its driver failed in another way.
    Failed,
    /// The host has no memory left for an answer.
    NoMemory,
}

impl From<NoMemory> for ReaderError {
    fn from(_: NoMemory) -> ReaderError {
        ReaderError::NoMemory
    }
}

impl ReaderError {
    /// The card is out of reach for good: only another connection, if any, reaches one again.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            ReaderError::NoService | ReaderError::NoReader | ReaderError::Removed
        )
    }
}

/// What happened and what to do next, for the log.
impl fmt::Display for ReaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ReaderError::NoService => {
                "the PC/SC service does not answer: install it (Debian's package pcscd) or start it \
                 (systemctl start pcscd.socket)"
            }
            ReaderError::Refused => {
                "the PC/SC service refuses this program: allow its user the polkit actions \
                 org.debian.pcsc-lite.access_pcsc and org.debian.pcsc-lite.access_card"
            }
            ReaderError::NoReader => "the reader is not there any more: plug it in again",
            ReaderError::Removed => "the card was taken out: put it in again",
            ReaderError::Mute => {
                "the card does not answer: put it in the other way round; if it does not answer in \
                 another reader either, it is broken"
            }
            ReaderError::Busy => "another program holds the card for itself: try again when it has ended",
            ReaderError::Failed => "the reader or its driver failed: plug the reader in again",
            ReaderError::NoMemory => {
                "this program has no memory left: nothing was changed; close what it has open"
            }
        })
    }
}

impl std::error::Error for ReaderError {}

/// What is known of a reader without talking to the card in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderState {
    /// Name given by the service, unique among attached readers.
    pub name: String,
    /// The reader is attached.
    pub attached: bool,
    /// A card is in it.
    pub present: bool,
    /// The card in it does not answer (upside down, broken).
    pub mute: bool,
    /// Answer to reset, empty without a card.
    pub atr: Vec<u8>,
    /// Insertions and removals counted by the service since the reader was attached:
    /// a card that was swapped between two looks shows here.
    pub events: u32,
}

/// A service that knows readers: PC/SC, or simulated cards in tests.
///
/// No method sends anything to a card except [`Readers::connect`], which powers it, and none waits
/// behind an exchange that runs on a connection.
pub trait Readers: Send + Sync {
    /// State of every attached reader, in the service's order. No service or no reader: empty list
    /// or [`ReaderError::NoService`]; [`ReaderError::Refused`] by a service that will not tell.
    fn list(&self) -> Result<Vec<ReaderState>, ReaderError>;

    /// Whether nothing has happened to this one reader since it was as `known`. `false` also when
    /// that cannot be told.
    fn unchanged(&self, known: &ReaderState) -> bool {
        self.list().is_ok_and(|readers| readers.contains(known))
    }

    /// Waits until the service's snapshot differs from `known` (card event, reader attached or
    /// detached), `timeout` has passed or [`Readers::cancel`] was called. Spurious returns are
    /// allowed, and where there is nothing to wait with (no service, no descriptor for a connection
    /// to it) it returns at once: the caller pauses before it waits again.
    fn wait(&self, known: &[ReaderState], timeout: Duration) -> Result<(), ReaderError>;

    /// The library ends. So does every [`Readers::wait`] under way, and the connections made before
    /// wait for other programs' transactions no longer than a moment. Callable from any thread.
    fn cancel(&self);

    /// Opens a shared connection to the card in the reader called `name`.
    fn connect(&self, name: &str) -> Result<Box<dyn Connection>, ReaderError>;

    /// Forgets every handle of the service without a call to it: the process has forked and the
    /// handles belong to the parent.
    fn abandon(&self);
}

/// Whether the card still is in the state in which we left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Continuity {
    /// Nobody reset the card since our last exchange.
    Kept,
    /// The card was reset since: selected application, logical channels and verified PINs are gone.
    Reset,
    /// We had no connection for so long that the card may have been switched off, or be another
    /// one.
    Returned,
}

/// Longest time without a connection after which the card is taken to be as it was left: no person
/// swaps a card or a reader faster, and no update of a card's data begins and ends in it.
pub const SHORT_ABSENCE: Duration = Duration::from_millis(500);

/// A shared connection to one card, which need not last from one transaction to the next.
///
/// Dropping it disconnects and leaves the card as it is.
pub trait Connection: Send {
    /// Protocol agreed with the card.
    fn protocol(&self) -> Protocol;

    /// Starts a transaction: other programs wait until [`Connection::end`]. Waits for the end of
    /// another program's, without a limit until [`Readers::cancel`], then [`ReaderError::Busy`].
    /// Connects if need be, also after a reset by another program, and says what may have happened
    /// to the card.
    fn begin(&mut self) -> Result<Continuity, ReaderError>;

    /// Sends one command APDU and returns the answer with its two status bytes. Only inside a
    /// transaction. Answers may hold plaintext, so they are wiped when dropped.
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReaderError>;

    /// Ends the transaction and leaves the card as it is; see [`Connection::keep`].
    fn end(&mut self);

    /// Whether the connection is kept between two transactions; it is not from the beginning.
    /// Otherwise [`Connection::end`] gives it back and leaves the card as it is: other programs can
    /// see that nobody is here, and a service that serves nobody switches the card off.
    fn keep(&mut self, keep: bool);

    /// Asks the service, not the card, whether the card was reset or removed since our last
    /// exchange. Does not wait for the end of another program's transaction: as long as it lasts
    /// the answer is what was known before. Without a connection the counter of the reader has to
    /// tell.
    fn check(&mut self) -> Result<Continuity, ReaderError>;

    /// Resets the card: every verified PIN and open channel is gone, for every program.
    /// Called outside a transaction or as its last act.
    fn reset(&mut self) -> Result<(), ReaderError>;

    /// Leaves the card, and resets it if no other program has a connection to it; `false`: another
    /// one has. Called outside a transaction.
    fn reset_if_alone(&mut self) -> Result<bool, ReaderError>;
}
