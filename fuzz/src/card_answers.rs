//! All that a card says while an application works with it: recorded answers, changed in any way.
//!
//! There is no card behind them, so nothing has to be computed, and the engine decides each byte.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cpx_pkcs11::provider;
use cpx_pkcs11::reader::{Connection, Continuity, Protocol, ReaderError, ReaderState, Readers};
use zeroize::Zeroizing;

use crate::application::{self, Work};
use crate::cards::{Kind, READER};
use crate::input::Input;
use testkit::{Module, Rack};

/// First byte of what comes from the card: below it the length of an answer.
const LONG_ANSWER: u8 = 0xF0;
const REMOVED: u8 = 0xF1;
const MUTE: u8 = 0xF2;
const BUSY: u8 = 0xF3;
const FAILED: u8 = 0xF4;
/// Another program resets the card before it answers.
const RESET: u8 = 0xF5;

/// Exchanges after the card is gone.
const PATIENCE: u32 = 1_000;

struct Shared {
    script: Mutex<Vec<u8>>,
    atr: Vec<u8>,
    protocol: Protocol,
    present: AtomicBool,
    resets: AtomicU32,
    late: AtomicU32,
}

impl Shared {
    /// The next answer of the script, which is shortened by it.
    fn next(&self) -> Result<Vec<u8>, ReaderError> {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        let mut input = Input::new(&script);
        let answer = loop {
            if input.is_empty() || !self.present.load(Ordering::Relaxed) {
                let late = self.late.fetch_add(1, Ordering::Relaxed);
                assert!(late < PATIENCE, "the module talks on to a card that is gone");
                self.present.store(false, Ordering::Relaxed);
                break Err(ReaderError::Removed);
            }
            match input.byte() {
                REMOVED => {
                    self.present.store(false, Ordering::Relaxed);
                    break Err(ReaderError::Removed);
                }
                MUTE => break Err(ReaderError::Mute),
                BUSY => break Err(ReaderError::Busy),
                FAILED => break Err(ReaderError::Failed),
                RESET => drop(self.resets.fetch_add(1, Ordering::Relaxed)),
                length => {
                    let length = if length < LONG_ANSWER {
                        usize::from(length)
                    } else {
                        usize::from(input.short())
                    };
                    break Ok(input.bytes(length).to_vec());
                }
            }
        };
        let rest = input.rest().to_vec();
        *script = rest;
        answer
    }
}

struct Service(Arc<Shared>);

impl Readers for Service {
    fn list(&self) -> Result<Vec<ReaderState>, ReaderError> {
        let present = self.0.present.load(Ordering::Relaxed);
        Ok(vec![ReaderState {
            name: READER.into(),
            attached: true,
            present,
            mute: false,
            atr: if present { self.0.atr.clone() } else { Vec::new() },
            events: if present { 1 } else { 2 },
        }])
    }

    fn wait(&self, _: &[ReaderState], _: Duration) -> Result<(), ReaderError> {
        Ok(())
    }

    fn cancel(&self) {}

    fn connect(&self, _: &str) -> Result<Box<dyn Connection>, ReaderError> {
        if !self.0.present.load(Ordering::Relaxed) {
            return Err(ReaderError::Removed);
        }
        Ok(Box::new(Link {
            shared: Arc::clone(&self.0),
            resets_seen: self.0.resets.load(Ordering::Relaxed),
            in_transaction: false,
        }))
    }

    fn abandon(&self) {}
}

struct Link {
    shared: Arc<Shared>,
    resets_seen: u32,
    in_transaction: bool,
}

impl Connection for Link {
    fn protocol(&self) -> Protocol {
        self.shared.protocol
    }

    fn begin(&mut self) -> Result<Continuity, ReaderError> {
        assert!(!self.in_transaction, "a transaction in a transaction");
        let continuity = self.check()?;
        self.in_transaction = true;
        Ok(continuity)
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReaderError> {
        assert!(self.in_transaction, "an exchange outside a transaction");
        assert!(
            (4..=261).contains(&command.len()),
            "{} bytes for one frame",
            command.len()
        );
        self.shared.next().map(Zeroizing::new)
    }

    fn end(&mut self) {
        self.in_transaction = false;
    }

    fn keep(&mut self, _keep: bool) {}

    fn check(&mut self) -> Result<Continuity, ReaderError> {
        if !self.shared.present.load(Ordering::Relaxed) {
            return Err(ReaderError::Removed);
        }
        let resets = self.shared.resets.load(Ordering::Relaxed);
        Ok(if std::mem::replace(&mut self.resets_seen, resets) == resets {
            Continuity::Kept
        } else {
            Continuity::Reset
        })
    }

    fn reset(&mut self) -> Result<(), ReaderError> {
        self.in_transaction = false;
        Ok(())
    }

    fn reset_if_alone(&mut self) -> Result<bool, ReaderError> {
        self.reset().map(|()| true)
    }
}

/// `kind of card, piece of work`, then what the card says.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let kind = input.choose(&Kind::ALL);
    let what = input.choose(&Work::ALL);
    let shared = Arc::new(Shared {
        script: Mutex::new(input.rest().to_vec()),
        atr: kind.atr(),
        protocol: kind.protocol(),
        present: AtomicBool::new(true),
        resets: AtomicU32::new(0),
        late: AtomicU32::new(0),
    });
    // The keys are read from a card of their own, with the module, before.
    kind.keys();
    let module = Module::idle(&Rack::new());
    provider::use_readers(Some(Arc::new(Service(shared))));
    application::initialize(&module);
    application::work(&module, what, kind);
}

/// Each piece of work with each card, as it goes when nothing is wrong.
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for (kind_number, kind) in (0..).zip(Kind::ALL) {
        for (work_number, what) in (0..).zip(Work::ALL) {
            kind.keys();
            let rack = Rack::new();
            rack.plug(READER);
            let card = rack.insert(READER, kind.card());
            card.sim().start_trace();
            application::work(&Module::start(&rack), what, kind);
            let mut seed = vec![kind_number, work_number];
            for exchange in card.sim().take_trace() {
                match u8::try_from(exchange.answer.len()) {
                    Ok(length) if length < LONG_ANSWER => seed.push(length),
                    _ => {
                        seed.push(LONG_ANSWER);
                        seed.extend((exchange.answer.len() as u16).to_be_bytes());
                    }
                }
                seed.extend(exchange.answer);
            }
            seeds.push((format!("{kind:?}-{what:?}").to_lowercase(), seed));
        }
    }
    seeds
}
