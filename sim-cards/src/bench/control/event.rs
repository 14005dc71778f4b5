//! What happens at a bench by itself, and who learns it.

use std::fmt;
use std::io;
use std::sync::Arc;

/// Who learns what happens by itself.
pub type EventSink = Arc<dyn Fn(Event) + Send + Sync>;

/// How a card came out of its reader without an order.
#[derive(Debug)]
pub enum Ejection {
    /// A fault pulled it.
    Pulled,
    /// The reader closed.
    ReaderClosed,
    /// It was never in: another program's card is.
    Occupied,
    /// The connection to the reader broke, or could not be made again.
    Failed(io::Error),
}

impl fmt::Display for Ejection {
    /// What happened to the card, as the end of a sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pulled => f.write_str("was pulled out, as a fault asked"),
            Self::ReaderClosed => f.write_str("is out: its reader went away (did pcscd end?)"),
            Self::Occupied => f.write_str("is not in: its reader holds the card of another program"),
            Self::Failed(error) => write!(f, "is out: its reader cannot be reached: {error}"),
        }
    }
}

/// What happens by itself.
#[derive(Debug)]
pub enum Event {
    /// The card of this insertion met its reader, which powered it and has its ATR.
    Arrived {
        /// Its number, counted from 1 since the bench was made.
        insertion: u64,
    },
    /// The card of this insertion waits for its reader, for this reason; told again when the reason is another one.
    Waits {
        /// Its number.
        insertion: u64,
        /// The end of a sentence that begins with the card.
        why: String,
    },
    /// The card of this insertion left its reader.
    Left {
        /// Its number.
        insertion: u64,
        /// Why it is out.
        how: Ejection,
    },
    /// A card answered its command number `number`. Told of cards that are watched.
    Exchange {
        /// Name of the card.
        card: String,
        /// Counted from 1 since the card was made.
        number: u64,
    },
}
