//! A rack of readers with simulated cards in them, and the hands that insert, pull and reset them.

mod planned;
mod service;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cpx_pkcs11::reader::{Protocol, ReaderError, ReaderState, Readers};
use sim_cards::{Model, SimCard};

use crate::messages;

use planned::Planned;
pub use planned::{Happening, Moment};
use service::Service;

/// A simulated card, in a reader or out of it.
#[derive(Clone)]
pub struct Card(pub(crate) Arc<Mutex<SimCard>>);

impl Card {
    /// The card itself. Waits for the end of a command that it executes.
    pub fn sim(&self) -> MutexGuard<'_, SimCard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commands that it has received, from anybody.
    pub fn apdus(&self) -> u64 {
        self.sim().totals().apdus
    }

    /// Another program sends these commands, written without their class: 00 to a CPS3, logical
    /// channel 1 to a CPS4.
    pub fn takes(&self, commands: &[&str]) {
        let mut sim = self.sim();
        let class = u8::from(sim.model() == Model::Cps4);
        for command in commands {
            let command = messages::hex(&command.replace(' ', ""));
            sim.transmit(&[&[class][..], &command].concat());
        }
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
    /// Connections, of other programs too, and when the last one was left.
    connected: u32,
    left: Instant,
    /// Kept here, so that nobody who asks for it waits for a command that the card executes.
    atr: Vec<u8>,
    protocol: Protocol,
}

/// Time after which the service switches a card off that nobody is connected to.
const IDLE: Duration = Duration::from_secs(1);

impl Inserted {
    /// Somebody connects.
    fn power_up(&mut self) {
        if self.powered && self.connected == 0 && self.left.elapsed() >= IDLE {
            self.card.sim().power_off();
            self.powered = false;
        }
        if !std::mem::replace(&mut self.powered, true) {
            self.card.sim().power_on();
        }
    }
}

struct Reader {
    name: String,
    attached: bool,
    inserted: Option<Inserted>,
    events: u32,
    /// The connection that has a transaction, 0 for another program.
    held_by: Option<u64>,
    planned: Planned,
}

struct State {
    running: bool,
    /// It takes what it is asked, and answers nothing.
    hung: bool,
    /// Starts of the service: a connection lives as long as the service that made it.
    starts: u64,
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

    /// What a call of the service works on: waits while the service hangs.
    fn served(&self) -> MutexGuard<'_, State> {
        self.changed
            .wait_while(self.lock(), |state| state.hung)
            .unwrap_or_else(PoisonError::into_inner)
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

impl Default for Rack {
    fn default() -> Self {
        Self::new()
    }
}

impl Rack {
    /// A running service without a reader.
    pub fn new() -> Self {
        let state = State {
            running: true,
            hung: false,
            starts: 0,
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

    /// Stops or starts the service. With it its connections end, and the cards lose their power.
    pub fn set_running(&self, running: bool) {
        let unpowered: Vec<Card> = self.0.change(|state| {
            state.starts += u64::from(running && !state.running);
            state.running = running;
            let inserted = state
                .readers
                .iter_mut()
                .filter_map(|reader| reader.inserted.as_mut());
            if running {
                return vec![];
            }
            let unpowered = inserted.filter_map(|it| {
                it.connected = 0;
                std::mem::take(&mut it.powered).then(|| it.card.clone())
            });
            unpowered.collect()
        });
        for card in unpowered {
            card.sim().power_off();
        }
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
                planned: Planned::default(),
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
                connected: 0,
                left: Instant::now(),
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

    /// Another program resets the card in a reader and logs in: its login is not the module's.
    pub fn reset_and_log_in(&self, name: &str) {
        self.reset(name);
        let inserted = self
            .0
            .lock()
            .reader(name)
            .inserted
            .as_ref()
            .map(|it| it.card.clone());
        inserted
            .expect("a card")
            .takes(&["A4040C08802500 0001FF0100", "2000010431323334"]);
    }

    /// Plans what happens to a reader or the card in it while the module uses it.
    pub fn plan(&self, name: &str, moment: Moment, happening: Happening) {
        self.0
            .change(|state| state.reader(name).planned.plan(moment, happening));
    }

    /// Transactions that the module has begun with the card in a reader.
    pub fn transactions(&self, name: &str) -> u64 {
        self.0.lock().reader(name).planned.transactions()
    }

    /// Resets of the card in a reader by the module.
    pub fn resets(&self, name: &str) -> u64 {
        self.0.lock().reader(name).planned.resets()
    }

    /// Another program has a transaction with the card in a reader until the result is dropped.
    pub fn hold(&self, name: &str) -> Hold {
        self.0.change(|state| state.reader(name).held_by = Some(0));
        Hold(self.clone(), name.into())
    }

    /// The service hangs until the result is dropped.
    pub fn hang(&self) -> Hang {
        self.0.change(|state| state.hung = true);
        Hang(self.clone())
    }

    /// Another program has a connection to the card in a reader until the result is dropped.
    pub fn join(&self, name: &str) -> Guest {
        let insertion = self.0.change(|state| {
            let inserted = state.reader(name).inserted.as_mut().expect("a card");
            inserted.power_up();
            inserted.connected += 1;
            inserted.number
        });
        Guest(self.clone(), name.into(), insertion)
    }

    /// Connections to the card in a reader, of other programs too.
    pub fn connected(&self, name: &str) -> u32 {
        let state = &mut *self.0.lock();
        state.reader(name).inserted.as_ref().map_or(0, |it| it.connected)
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

/// A service that does not answer.
pub struct Hang(Rack);

impl Drop for Hang {
    fn drop(&mut self) {
        self.0.0.change(|state| state.hung = false);
    }
}

/// Another program's connection.
pub struct Guest(Rack, String, u64);

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.0.change(|state| {
            if let Ok(inserted) = state.reader(&self.1).of_insertion(self.2) {
                inserted.connected -= 1;
                inserted.left = Instant::now();
            }
        });
    }
}
