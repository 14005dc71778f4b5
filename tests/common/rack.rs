//! A rack of readers with simulated cards in them, and the hands that insert, pull and reset them.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cpx_pkcs11::reader::{Connection, Continuity, Protocol, ReaderError, ReaderState, Readers};
use sim_cards::SimCard;
use zeroize::Zeroizing;

/// How long a transaction waits for another one to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// A simulated card, in a reader or out of it.
#[derive(Clone)]
pub struct Card(Arc<Mutex<SimCard>>);

impl Card {
    /// The card itself. Waits for the end of a command that it executes.
    pub fn sim(&self) -> MutexGuard<'_, SimCard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commands that it has received, from anybody.
    pub fn apdus(&self) -> u64 {
        self.sim().totals().apdus
    }

    /// Tries of the holder code that are left.
    pub fn tries_left(&self) -> u8 {
        self.sim().tries_left()
    }
}

/// A card in a reader, from insertion to removal.
struct Inserted {
    card: Card,
    /// Number of this insertion.
    number: u64,
    /// Resets since the insertion.
    resets: u64,
    mute: bool,
    powered: bool,
    /// Kept here, so that nobody who asks for it waits for a command that the card executes.
    atr: Vec<u8>,
    protocol: Protocol,
}

struct Reader {
    name: String,
    attached: bool,
    inserted: Option<Inserted>,
    events: u32,
    /// The connection that has a transaction, 0 for another program.
    held_by: Option<u64>,
}

struct State {
    running: bool,
    readers: Vec<Reader>,
    insertions: u64,
    connections: u64,
    cancellations: u64,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }
}

impl State {
    fn reader(&mut self, name: &str) -> &mut Reader {
        let reader = self.readers.iter_mut().find(|reader| reader.name == name);
        reader.unwrap_or_else(|| panic!("no reader {name}"))
    }

    fn list(&self) -> Result<Vec<ReaderState>, ReaderError> {
        if !self.running {
            return Err(ReaderError::NoService);
        }
        let attached = self.readers.iter().filter(|reader| reader.attached);
        Ok(attached.map(Reader::state).collect())
    }
}

impl Reader {
    fn state(&self) -> ReaderState {
        ReaderState {
            name: self.name.clone(),
            attached: self.attached,
            present: self.inserted.is_some(),
            mute: self.inserted.as_ref().is_some_and(|it| it.mute),
            atr: self
                .inserted
                .as_ref()
                .filter(|it| !it.mute)
                .map(|it| it.atr.clone())
                .unwrap_or_default(),
            events: self.events,
        }
    }

    /// The card of this insertion, if it still is there.
    fn of_insertion(&mut self, number: u64) -> Result<&mut Inserted, ReaderError> {
        if !self.attached {
            return Err(ReaderError::NoReader);
        }
        let inserted = self.inserted.as_mut().filter(|it| it.number == number);
        inserted.ok_or(ReaderError::Removed)
    }
}

/// The rack. Clones are the same rack.
#[derive(Clone)]
pub struct Rack(Arc<Shared>);

impl Rack {
    /// A running service without a reader.
    pub fn new() -> Self {
        let state = State {
            running: true,
            readers: Vec::new(),
            insertions: 0,
            connections: 0,
            cancellations: 0,
        };
        Rack(Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }))
    }

    /// What the module sees of it.
    pub fn readers(&self) -> Arc<dyn Readers> {
        Arc::new(Service(Arc::clone(&self.0)))
    }

    /// Stops or starts the service.
    pub fn set_running(&self, running: bool) {
        self.0.change(|state| state.running = running);
    }

    /// Attaches a reader.
    pub fn plug(&self, name: &str) {
        self.0.change(|state| {
            if let Some(reader) = state.readers.iter_mut().find(|reader| reader.name == name) {
                reader.attached = true;
                return;
            }
            state.readers.push(Reader {
                name: name.into(),
                attached: true,
                inserted: None,
                events: 0,
                held_by: None,
            });
        });
    }

    /// Detaches a reader, with the card in it if there is one.
    pub fn unplug(&self, name: &str) {
        let inserted = self.0.change(|state| {
            let reader = state.reader(name);
            reader.attached = false;
            reader.events = 0;
            reader.inserted.take()
        });
        if let Some(inserted) = inserted {
            inserted.card.sim().remove();
        }
    }

    /// Puts a card into a reader.
    pub fn insert(&self, name: &str, card: SimCard) -> Card {
        let card = Card(Arc::new(Mutex::new(card)));
        self.put_back(name, &card);
        card
    }

    /// Puts a card that was pulled into a reader.
    pub fn put_back(&self, name: &str, card: &Card) {
        self.put(name, card, false);
    }

    /// Puts a card into a reader upside down.
    pub fn insert_upside_down(&self, name: &str, card: SimCard) {
        self.put(name, &Card(Arc::new(Mutex::new(card))), true);
    }

    fn put(&self, name: &str, card: &Card, mute: bool) {
        let (atr, protocol) = {
            let mut sim = card.sim();
            sim.insert();
            let protocol = match sim.protocol() {
                sim_cards::Protocol::T0 => Protocol::T0,
                sim_cards::Protocol::T1 => Protocol::T1,
            };
            (sim.atr().to_vec(), protocol)
        };
        self.0.change(|state| {
            state.insertions += 1;
            let number = state.insertions;
            let reader = state.reader(name);
            assert!(reader.inserted.is_none(), "{name} is not empty");
            reader.events += 1;
            reader.inserted = Some(Inserted {
                card: card.clone(),
                number,
                resets: 0,
                mute,
                powered: false,
                atr,
                protocol,
            });
        });
    }

    /// Pulls the card out of a reader.
    pub fn pull(&self, name: &str) -> Card {
        let inserted = self.0.change(|state| {
            let reader = state.reader(name);
            reader.events += 1;
            reader.inserted.take()
        });
        let card = inserted.unwrap_or_else(|| panic!("{name} is empty")).card;
        card.sim().remove();
        card
    }

    /// Another program resets the card in a reader.
    pub fn reset(&self, name: &str) {
        let card = self.0.change(|state| {
            let inserted = state.reader(name).inserted.as_mut().expect("a card");
            inserted.resets += 1;
            inserted.powered = true;
            inserted.card.clone()
        });
        card.sim().reset();
    }

    /// Another program has a transaction with the card in a reader until the result is dropped.
    pub fn hold(&self, name: &str) -> Hold {
        self.0.change(|state| state.reader(name).held_by = Some(0));
        Hold(self.clone(), name.into())
    }

    /// Connections that the module has opened so far.
    pub fn connections(&self) -> u64 {
        self.0.lock().connections
    }
}

/// Another program's transaction.
pub struct Hold(Rack, String);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.0.change(|state| state.reader(&self.1).held_by = None);
    }
}

/// The rack as the module's floor 1.
struct Service(Arc<Shared>);

impl Readers for Service {
    fn list(&self) -> Result<Vec<ReaderState>, ReaderError> {
        self.0.lock().list()
    }

    fn wait(&self, known: &[ReaderState], timeout: Duration) -> Result<(), ReaderError> {
        let end = Instant::now() + timeout;
        let mut state = self.0.lock();
        let cancellations = state.cancellations;
        while state.list().unwrap_or_default() == known && state.cancellations == cancellations {
            let Some(left) = end.checked_duration_since(Instant::now()) else {
                break;
            };
            state = self
                .0
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        Ok(())
    }

    fn cancel(&self) {
        self.0.change(|state| state.cancellations += 1);
    }

    fn connect(&self, name: &str) -> Result<Box<dyn Connection>, ReaderError> {
        let shared = &self.0;
        shared.change(|state| {
            if !state.running {
                return Err(ReaderError::NoService);
            }
            state.connections += 1;
            let id = state.connections;
            let attached = state.readers.iter_mut().find(|it| it.attached && it.name == name);
            let inserted = attached.ok_or(ReaderError::NoReader)?.inserted.as_mut();
            let inserted = inserted.ok_or(ReaderError::Removed)?;
            if inserted.mute {
                return Err(ReaderError::Mute);
            }
            if !std::mem::replace(&mut inserted.powered, true) {
                inserted.card.sim().power_on();
            }
            Ok(Box::new(Link {
                shared: Arc::clone(shared),
                reader: name.into(),
                card: inserted.card.clone(),
                insertion: inserted.number,
                resets_seen: inserted.resets,
                protocol: inserted.protocol,
                id,
            }) as Box<dyn Connection>)
        })
    }

    fn abandon(&self) {}
}

/// A shared connection.
struct Link {
    shared: Arc<Shared>,
    reader: String,
    card: Card,
    insertion: u64,
    resets_seen: u64,
    protocol: Protocol,
    id: u64,
}

impl Link {
    fn continuity(&mut self, state: &mut State) -> Result<Continuity, ReaderError> {
        if !state.running {
            return Err(ReaderError::NoService);
        }
        let inserted = state.reader(&self.reader).of_insertion(self.insertion)?;
        let seen = std::mem::replace(&mut self.resets_seen, inserted.resets);
        Ok(if seen == inserted.resets {
            Continuity::Kept
        } else {
            Continuity::Reset
        })
    }
}

impl Connection for Link {
    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn begin(&mut self) -> Result<Continuity, ReaderError> {
        let shared = Arc::clone(&self.shared);
        let end = Instant::now() + PATIENCE;
        let mut state = shared.lock();
        while let Some(holder) = state.reader(&self.reader).held_by {
            assert_ne!(holder, self.id, "a transaction inside a transaction");
            let left = end
                .checked_duration_since(Instant::now())
                .ok_or(ReaderError::Busy)?;
            state = shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        let continuity = self.continuity(&mut state)?;
        state.reader(&self.reader).held_by = Some(self.id);
        Ok(continuity)
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReaderError> {
        {
            let mut state = self.shared.lock();
            if !state.running {
                return Err(ReaderError::NoService);
            }
            let reader = state.reader(&self.reader);
            reader.of_insertion(self.insertion)?;
            assert_eq!(reader.held_by, Some(self.id), "a command outside a transaction");
        }
        // The rack is not locked: other readers, and looks at this one, do not wait for the card.
        let (answer, present) = {
            let mut sim = self.card.sim();
            (sim.transmit(command), sim.is_present())
        };
        if !present {
            self.shared.change(|state| {
                let reader = state.reader(&self.reader);
                if reader.of_insertion(self.insertion).is_ok() {
                    reader.events += 1;
                    reader.inserted = None;
                }
            });
            return Err(ReaderError::Removed);
        }
        if answer.is_empty() {
            Err(ReaderError::Failed)
        } else {
            Ok(Zeroizing::new(answer))
        }
    }

    fn end(&mut self) {
        self.shared.change(|state| {
            let holder = &mut state.reader(&self.reader).held_by;
            if *holder == Some(self.id) {
                *holder = None;
            }
        });
    }

    fn check(&mut self) -> Result<Continuity, ReaderError> {
        let shared = Arc::clone(&self.shared);
        self.continuity(&mut shared.lock())
    }

    fn reset(&mut self) -> Result<(), ReaderError> {
        let shared = Arc::clone(&self.shared);
        shared.change(|state| {
            let inserted = state.reader(&self.reader).of_insertion(self.insertion)?;
            inserted.resets += 1;
            self.resets_seen = inserted.resets;
            Ok(())
        })?;
        self.card.sim().reset();
        self.end();
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.end();
    }
}
