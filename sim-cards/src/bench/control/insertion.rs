//! One insertion of one card into one reader, from a thread of its own.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::desk::{Event, Left};
use crate::bench::vpcd::{Address, Ending, HangUp, Reader, Watch};
use crate::card::SimCard;

/// Who learns what happens by itself.
pub type Tell = Arc<dyn Fn(Event) + Send + Sync>;

/// What holds a card in a reader, until it lets go.
pub struct Insertion {
    pub number: u64,
    /// Name of the card.
    pub name: String,
    pub card: Arc<Mutex<SimCard>>,
    /// Where the reader is.
    pub address: Address,
    /// Wait for the reader, and come back to it.
    pub wait: bool,
    /// Whether exchanges are told.
    pub watch: bool,
    pub tell: Tell,
    pub grip: Mutex<Grip>,
}

/// The hold on a reader.
#[derive(Default)]
pub struct Grip {
    let_go: bool,
    connection: Option<HangUp>,
}

/// The card, whatever a thread that had it did.
pub fn lock(card: &Mutex<SimCard>) -> MutexGuard<'_, SimCard> {
    card.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Insertion {
    /// Takes the card out: [`Insertion::hold`] comes to its end after the command that the card executes.
    pub fn let_go(&self) {
        let mut grip = self.grip();
        grip.let_go = true;
        if let Some(connection) = grip.connection.take() {
            connection.now();
        }
    }

    /// Serves the reader, first through a connection that is there already, until the end; tells of an end that
    /// nobody ordered.
    pub fn hold(&self, first: Option<Reader>) {
        let end = self.hold_on(first);
        lock(&self.card).remove();
        if let Some(how) = end {
            (self.tell)(Event::Left {
                insertion: self.number,
                how,
            });
        }
    }

    /// `None` if it was told to let go.
    fn hold_on(&self, first: Option<Reader>) -> Option<Left> {
        let mut connection = first;
        let mut why = String::new();
        loop {
            let how = match connection
                .take()
                .map_or_else(|| Reader::connect_to(&self.address), Ok)
            {
                Ok(reader) => match self.serve(reader) {
                    _ if !lock(&self.card).is_present() => return Some(Left::Pulled),
                    Ok(Ending::Occupied) => Left::Occupied,
                    Ok(Ending::Pulled | Ending::Closed) => Left::ReaderClosed,
                    Err(error) => Left::Failed(error),
                },
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => Left::Occupied,
                Err(error) => Left::Failed(error),
            };
            if self.grip().let_go {
                return None;
            }
            if !self.wait {
                return Some(how);
            }
            if how.to_string() != why {
                why = how.to_string();
                (self.tell)(Event::Waits {
                    insertion: self.number,
                    why: why.clone(),
                });
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn serve(&self, mut reader: Reader) -> io::Result<Ending> {
        {
            let mut grip = self.grip();
            if grip.let_go {
                return Ok(Ending::Closed);
            }
            grip.connection = Some(reader.hang_up()?);
        }
        let result = reader.serve_shared(&self.card, self);
        self.grip().connection = None;
        lock(&self.card).power_off();
        result
    }

    fn grip(&self) -> MutexGuard<'_, Grip> {
        self.grip.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for Insertion {
    fn seen(&self) {
        (self.tell)(Event::Arrived {
            insertion: self.number,
        });
    }

    fn exchanged(&self, number: u64) {
        if self.watch {
            (self.tell)(Event::Exchange {
                card: self.name.clone(),
                number,
            });
        }
    }
}
