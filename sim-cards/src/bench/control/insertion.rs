//! One insertion of one card into one reader, from a thread of its own.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::event::{Ejection, Event, EventSink};
use crate::bench::vpcd::{Address, Ending, HangUp, Reader, Watch};
use crate::card::SimCard;

/// What holds a card in a reader, until it is ejected.
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
    pub events: EventSink,
    pub connection: Mutex<ConnectionState>,
}

/// The connection to a reader, from two threads: the one that serves the card, and the one that takes it out.
#[derive(Default)]
pub struct ConnectionState {
    /// The card was taken out: nobody connects again.
    ejected: bool,
    hang_up: Option<HangUp>,
}

/// The card, whatever a thread that had it did.
pub fn lock(card: &Mutex<SimCard>) -> MutexGuard<'_, SimCard> {
    card.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Insertion {
    /// Takes the card out: [`Insertion::hold`] comes to its end after the command that the card executes.
    pub fn eject(&self) {
        let mut state = self.state();
        state.ejected = true;
        if let Some(hang_up) = state.hang_up.take() {
            hang_up.now();
        }
    }

    /// Serves the reader, first through a connection that is there already, until the end; tells of an end that
    /// nobody ordered.
    pub fn hold(&self, first: Option<Reader>) {
        let end = self.hold_on(first);
        lock(&self.card).remove();
        if let Some(how) = end {
            (self.events)(Event::Left {
                insertion: self.number,
                how,
            });
        }
    }

    /// `None` if it was told to eject the card.
    fn hold_on(&self, first: Option<Reader>) -> Option<Ejection> {
        let mut connection = first;
        let mut why = String::new();
        loop {
            let how = match connection
                .take()
                .map_or_else(|| Reader::connect_to(&self.address), Ok)
            {
                Ok(reader) => match self.serve(reader) {
                    _ if !lock(&self.card).is_present() => return Some(Ejection::Pulled),
                    Ok(Ending::Occupied) => Ejection::Occupied,
                    Ok(Ending::Pulled | Ending::Closed) => Ejection::ReaderClosed,
                    Err(error) => Ejection::Failed(error),
                },
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ejection::Occupied,
                Err(error) => Ejection::Failed(error),
            };
            if self.state().ejected {
                return None;
            }
            if !self.wait {
                return Some(how);
            }
            if how.to_string() != why {
                why = how.to_string();
                (self.events)(Event::Waits {
                    insertion: self.number,
                    why: why.clone(),
                });
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn serve(&self, mut reader: Reader) -> io::Result<Ending> {
        {
            let mut state = self.state();
            if state.ejected {
                return Ok(Ending::Closed);
            }
            state.hang_up = Some(reader.hang_up()?);
        }
        let result = reader.serve_shared(&self.card, self);
        self.state().hang_up = None;
        lock(&self.card).power_off();
        result
    }

    fn state(&self) -> MutexGuard<'_, ConnectionState> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for Insertion {
    fn seen(&self) {
        (self.events)(Event::Arrived {
            insertion: self.number,
        });
    }

    fn exchanged(&self, number: u64) {
        if self.watch {
            (self.events)(Event::Exchange {
                card: self.name.clone(),
                number,
            });
        }
    }
}
