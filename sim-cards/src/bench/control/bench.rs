//! Cards and virtual readers, and the hands that insert and remove.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::event::{Event, EventSink};
use super::insertion::{ConnectionState, Insertion, lock};
use crate::bench::order::{Order, Target};
use crate::bench::vpcd::{Address, Reader};
use crate::card::SimCard;
use crate::iso7816::interface::Protocol;
use crate::line::faults::Delays;

/// Where the virtual readers are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readers {
    /// Which they are.
    pub row: Row,
    /// Wait for a reader that does not listen, and come back to one that was restarted.
    pub wait: bool,
    /// How long a reader stays empty in a swap. A reader is looked at every 400 ms.
    pub swap_pause: Duration,
}

/// The readers, counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// vpcd's, on a machine: the first at this port, the others one above the other.
    Ports {
        /// Name or address of the machine.
        host: String,
        /// Port of reader 0.
        first: u16,
    },
    /// Those of the driver in `sim-cards/reader`, each by its socket.
    Sockets(Vec<PathBuf>),
}

impl Row {
    fn address(&self, reader: usize) -> Result<Address, BenchError> {
        let address = match self {
            Self::Ports { host, first } => u16::try_from(reader)
                .ok()
                .and_then(|reader| first.checked_add(reader))
                .map(|port| Address::Port(host.clone(), port)),
            Self::Sockets(paths) => paths.get(reader).cloned().map(Address::Socket),
        };
        address.ok_or(BenchError::NoReader(reader, self.clone()))
    }
}

impl fmt::Display for Row {
    /// Which readers there are, in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ports { first, .. } => write!(
                f,
                "reader 0 is at port {first}, the others one above the other, and no port is above {}",
                u16::MAX
            ),
            Self::Sockets(paths) if paths.len() == 1 => f.write_str("there is one, reader 0"),
            Self::Sockets(paths) => write!(
                f,
                "there are {}, reader 0 to reader {}",
                paths.len(),
                paths.len().saturating_sub(1)
            ),
        }
    }
}

/// Why an order was not obeyed.
#[derive(Debug)]
pub enum BenchError {
    /// No card has this name.
    NoCard(String),
    /// Two cards shall have this name.
    SameName(String),
    /// There is no reader of this number among these.
    NoReader(usize, Row),
    /// The card is in a reader already.
    Inserted(String),
    /// The card is in no reader.
    NotInserted(String),
    /// The reader has a card.
    Occupied(usize),
    /// The reader has none.
    Empty(usize),
    /// The reader of the card has not seen it yet.
    Unseen(String),
    /// Another program's card is in the reader at this place.
    Taken(Address),
    /// No reader waits at this place.
    Unreachable(Address, io::Error),
}

impl fmt::Display for BenchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCard(name) => write!(f, "no card is called {name}"),
            Self::SameName(name) => write!(f, "two cards are called {name}"),
            Self::NoReader(reader, row) => write!(f, "there is no reader {reader}: {row}"),
            Self::Inserted(name) => write!(f, "{name} is in a reader already"),
            Self::NotInserted(name) => write!(f, "{name} is in no reader"),
            Self::Occupied(reader) => write!(f, "reader {reader} has a card"),
            Self::Empty(reader) => write!(f, "reader {reader} is empty"),
            Self::Unseen(name) => write!(f, "the reader of {name} has not seen it yet"),
            Self::Taken(address) => write!(
                f,
                "the reader at {address} holds the card of another program: end that one, or use another reader"
            ),
            Self::Unreachable(address, error) => write!(
                f,
                "no virtual reader at {address}: {error} (is pcscd running, with such a reader?)"
            ),
        }
    }
}

impl std::error::Error for BenchError {}

/// Cards, in readers or beside them.
pub struct Bench {
    readers: Readers,
    cards: Vec<OnBench>,
    inserted: Vec<Inserted>,
    insertions: u64,
    events: EventSink,
}

struct OnBench {
    name: String,
    card: Arc<Mutex<SimCard>>,
    delays: Delays,
    /// The reader it goes into when none is named.
    reader: usize,
    /// Its exchanges are told.
    watch: bool,
}

struct Inserted {
    reader: usize,
    insertion: Arc<Insertion>,
    /// Its reader has seen it.
    seen: bool,
    thread: JoinHandle<()>,
}

impl Bench {
    /// An empty bench; `events` learns what happens by itself.
    pub fn new(readers: Readers, events: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self {
            readers,
            cards: Vec::new(),
            inserted: Vec::new(),
            insertions: 0,
            events: Arc::new(events),
        }
    }

    /// A bench that sends its events into a channel, wrapped as the receiver wants them.
    pub fn sending<T: Send + 'static>(
        readers: Readers,
        events: Sender<T>,
        wrap: impl Fn(Event) -> T + Send + Sync + 'static,
    ) -> Self {
        // Nobody listens any more: nobody misses the event.
        Self::new(readers, move |event| drop(events.send(wrap(event))))
    }

    /// Puts a card beside the readers; it belongs into reader `reader`. With `watch`, its exchanges are told.
    pub fn put(&mut self, name: &str, card: SimCard, reader: usize, watch: bool) -> Result<(), BenchError> {
        if self.find(name).is_ok() {
            return Err(BenchError::SameName(name.into()));
        }
        self.readers.row.address(reader)?;
        self.cards.push(OnBench {
            name: name.into(),
            delays: card.delays(),
            card: Arc::new(Mutex::new(card)),
            reader,
            watch,
        });
        Ok(())
    }

    /// Whether each of these orders names readers that can be.
    pub fn check<'a>(&self, orders: impl IntoIterator<Item = &'a Order>) -> Result<(), BenchError> {
        let reader = |order: &Order| match order {
            Order::Insert { reader, .. } => *reader,
            Order::Remove(Target::Reader(reader))
            | Order::Swap {
                target: Target::Reader(reader),
                ..
            } => Some(*reader),
            _ => None,
        };
        orders
            .into_iter()
            .filter_map(reader)
            .try_for_each(|reader| self.readers.row.address(reader).map(drop))
    }

    /// Obeys; gives what is to be said beyond "done".
    pub fn obey(&mut self, order: &Order) -> Result<String, BenchError> {
        match order {
            Order::Insert { card, reader } => self.insert(card, *reader)?,
            Order::Remove(target) => drop(self.remove(target)?),
            Order::Swap { target, card } => {
                self.find(card)?;
                let reader = self.remove(target)?;
                thread::sleep(self.readers.swap_pause);
                self.insert(card, Some(reader))?;
            }
            Order::Reset(card) => drop(lock(&self.find(card)?.card).reset()),
            Order::Fault { card, fault } => lock(&self.find(card)?.card).add_fault(fault.clone()),
            Order::NoFaults(card) => lock(&self.find(card)?.card).clear_faults(),
            Order::Delays(card) => return Ok(format!("{}\n", self.find(card)?.delays.count())),
            Order::Status => return Ok(self.status()),
            Order::Ready => self.ready()?,
            Order::End => self.remove_all(),
        }
        Ok(String::new())
    }

    /// Inserts a card into a reader, its own one if none is given.
    pub fn insert(&mut self, name: &str, reader: Option<usize>) -> Result<(), BenchError> {
        let found = self.find(name)?;
        let (card, reader, watch) = (
            Arc::clone(&found.card),
            reader.unwrap_or(found.reader),
            found.watch,
        );
        if self
            .inserted
            .iter()
            .any(|inserted| inserted.insertion.name == name)
        {
            return Err(BenchError::Inserted(name.into()));
        }
        if self.inserted.iter().any(|inserted| inserted.reader == reader) {
            return Err(BenchError::Occupied(reader));
        }
        let address = self.readers.row.address(reader)?;
        let connection = match (Reader::connect_to(&address), self.readers.wait) {
            (Ok(connection), _) => Some(connection),
            (Err(_), true) => None,
            (Err(error), false) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(BenchError::Taken(address));
            }
            (Err(error), false) => return Err(BenchError::Unreachable(address, error)),
        };
        lock(&card).insert();
        self.insertions += 1;
        let insertion = Arc::new(Insertion {
            number: self.insertions,
            name: name.into(),
            card,
            address,
            wait: self.readers.wait,
            watch,
            events: Arc::clone(&self.events),
            connection: Mutex::new(ConnectionState::default()),
        });
        let held = Arc::clone(&insertion);
        self.inserted.push(Inserted {
            reader,
            insertion,
            seen: false,
            thread: thread::spawn(move || held.hold(connection)),
        });
        Ok(())
    }

    /// Takes a card out, after the command that it executes; gives the number of the reader.
    pub fn remove(&mut self, target: &Target) -> Result<usize, BenchError> {
        let found = self.inserted.iter().position(|inserted| match target {
            Target::Reader(reader) => inserted.reader == *reader,
            Target::Card(name) => inserted.insertion.name == *name,
        });
        match (found, target) {
            (Some(index), _) => Ok(self.inserted.swap_remove(index).take_out()),
            (None, Target::Reader(reader)) => Err(BenchError::Empty(*reader)),
            (None, Target::Card(name)) => {
                self.find(name)?;
                Err(BenchError::NotInserted(name.clone()))
            }
        }
    }

    /// Takes every card out.
    pub fn remove_all(&mut self) {
        self.inserted
            .drain(..)
            .for_each(|inserted| _ = inserted.take_out());
    }

    /// Resets every inserted card, as another program does.
    pub fn reset_all(&self) {
        for inserted in &self.inserted {
            if let Ok(found) = self.find(&inserted.insertion.name) {
                lock(&found.card).reset();
            }
        }
    }

    /// Notes that a card left by itself; tells its name, `None` if it was taken out meanwhile.
    pub fn has_left(&mut self, insertion: u64) -> Option<String> {
        let index = self.position(insertion)?;
        Some(self.inserted.swap_remove(index).insertion.name.clone())
    }

    /// Whether the reader of each inserted card has seen it; `Err` names one that has not.
    pub fn ready(&self) -> Result<(), BenchError> {
        let unseen = self.inserted.iter().find(|inserted| !inserted.seen);
        unseen.map_or(Ok(()), |inserted| {
            Err(BenchError::Unseen(inserted.insertion.name.clone()))
        })
    }

    /// The name of the card of this insertion; `None` if it is there no more.
    pub fn name(&self, insertion: u64) -> Option<&str> {
        let inserted = self.inserted.get(self.position(insertion)?)?;
        Some(&inserted.insertion.name)
    }

    /// Notes that a reader has seen its card; tells what is where, in one line, `None` if it is there no more.
    pub fn has_arrived(&mut self, insertion: u64) -> Option<String> {
        let index = self.position(insertion)?;
        self.inserted.get_mut(index)?.seen = true;
        let inserted = self.inserted.get(index)?;
        let card = lock(&self.find(&inserted.insertion.name).ok()?.card);
        let protocol = match card.protocol() {
            Protocol::T0 => "T=0",
            Protocol::T1 => "T=1",
        };
        Some(format!(
            "{} of {} ({protocol}) into the reader at {}",
            card.model(),
            inserted.insertion.name,
            inserted.insertion.address
        ))
    }

    /// The cards that are in readers, each with the number of its reader.
    pub fn inserted(&self) -> Vec<(String, usize)> {
        let mut inserted: Vec<_> = self
            .inserted
            .iter()
            .map(|inserted| (inserted.insertion.name.clone(), inserted.reader))
            .collect();
        inserted.sort_by_key(|(_, reader)| *reader);
        inserted
    }

    /// One line for each card: where it is, what it is, how it is.
    pub fn status(&self) -> String {
        let line = |on_bench: &OnBench| {
            let place = match self
                .inserted
                .iter()
                .find(|inserted| inserted.insertion.name == on_bench.name)
            {
                Some(inserted) => format!("in reader {}", inserted.reader),
                None => "out".into(),
            };
            let card = lock(&on_bench.card);
            format!(
                "{}: {place}, {}, {} exchanges, {} tries left\n",
                on_bench.name,
                card.model(),
                card.totals().apdus,
                card.tries_left()
            )
        };
        self.cards.iter().map(line).collect()
    }

    fn position(&self, insertion: u64) -> Option<usize> {
        let mut inserted = self.inserted.iter();
        inserted.position(|inserted| inserted.insertion.number == insertion)
    }

    fn find(&self, name: &str) -> Result<&OnBench, BenchError> {
        let found = self.cards.iter().find(|on_bench| on_bench.name == name);
        found.ok_or_else(|| BenchError::NoCard(name.into()))
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.remove_all();
    }
}

impl Inserted {
    fn take_out(self) -> usize {
        self.insertion.eject();
        // A card that panicked is out of its reader as well.
        drop(self.thread.join());
        self.reader
    }
}
