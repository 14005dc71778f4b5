//! The rack as the module sees it: the service, and a connection to a card.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use cpx_pkcs11::reader::{
    Connection, Continuity, Protocol, ReaderError, ReaderState, Readers, SHORT_ABSENCE,
};
use sim_cards::faults::{Fault, PlannedFault, Trigger};
use zeroize::Zeroizing;

use super::{Card, Happening, Inserted, Planned, Rack, Shared, State};

/// How long a transaction waits for another one to end, and how long when the module ends.
const PATIENCE: Duration = Duration::from_secs(20);
const LAST_PATIENCE: Duration = Duration::from_millis(100);

/// The rack as the module's lowest layer.
pub(super) struct Service(pub(super) Arc<Shared>);

impl Readers for Service {
    fn list(&self) -> Result<Vec<ReaderState>, ReaderError> {
        self.0.served().list()
    }

    fn wait(&self, known: &[ReaderState], timeout: Duration) -> Result<(), ReaderError> {
        let end = Instant::now() + timeout;
        let mut state = self.0.served();
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
        drop(shared.served());
        shared.change(|state| {
            if !state.running {
                return Err(ReaderError::NoService);
            }
            state.connections += 1;
            let id = state.connections;
            let (start, cancellations) = (state.starts, state.cancellations);
            let attached = state.readers.iter_mut().find(|it| it.attached && it.name == name);
            let reader = attached.ok_or(ReaderError::NoReader)?;
            let events = reader.events;
            let inserted = reader.inserted.as_mut().ok_or(ReaderError::Removed)?;
            if inserted.mute {
                return Err(ReaderError::Mute);
            }
            // As PC/SC does it: connected for a moment, to learn the protocol.
            inserted.power_up();
            inserted.left = Instant::now();
            Ok(Box::new(Link {
                shared: Arc::clone(shared),
                reader: name.into(),
                card: inserted.card.clone(),
                atr: inserted.atr.clone(),
                events,
                stand: Stand::Left(Instant::now()),
                kept: false,
                protocol: inserted.protocol,
                start,
                cancellations,
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
    /// Of the card, and of the reader when it was connected first.
    atr: Vec<u8>,
    events: u32,
    stand: Stand,
    kept: bool,
    protocol: Protocol,
    start: u64,
    /// Those of the service when this was made.
    cancellations: u64,
    id: u64,
}

/// How far a connection stands.
#[derive(Clone, Copy)]
enum Stand {
    Connected {
        insertion: u64,
        resets_seen: u64,
    },
    /// Left at that moment.
    Left(Instant),
    /// Nothing more can come of it.
    Lost(ReaderError),
}

impl Link {
    fn moment(&self, count: impl FnOnce(&mut Planned) -> Option<Happening>) -> Option<Happening> {
        count(&mut self.shared.lock().reader(&self.reader).planned)
    }

    /// What the world does.
    fn befall(&self, happening: Option<Happening>) {
        let rack = Rack(Arc::clone(&self.shared));
        match happening {
            Some(Happening::Reset) => rack.reset(&self.reader),
            Some(Happening::OtherLogin) => rack.reset_and_log_in(&self.reader),
            Some(Happening::OtherApplication) => self.card.sim().add_fault(PlannedFault {
                when: Trigger::Next(1),
                fault: Fault::OtherApplication,
            }),
            Some(Happening::Pull) => drop(rack.pull(&self.reader)),
            Some(Happening::Unplug) => rack.unplug(&self.reader),
            Some(Happening::ServiceStops) => rack.set_running(false),
            Some(Happening::Failure) | None => {}
        }
    }

    /// The service that made this connection runs.
    fn alive(&self, state: &State) -> Result<(), ReaderError> {
        if state.running && state.starts == self.start {
            Ok(())
        } else {
            Err(ReaderError::NoService)
        }
    }

    /// Waits for the end of another transaction, and has one then.
    fn hold(&mut self) -> Result<Continuity, ReaderError> {
        let shared = Arc::clone(&self.shared);
        let mut end = Instant::now() + PATIENCE;
        let mut state = shared.served();
        while let Some(holder) = state.reader(&self.reader).held_by {
            assert_ne!(holder, self.id, "a transaction inside a transaction");
            if state.cancellations != self.cancellations {
                end = end.min(Instant::now() + LAST_PATIENCE);
            }
            let left = end
                .checked_duration_since(Instant::now())
                .ok_or(ReaderError::Busy)?;
            state = shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        let continuity = self.come_back(&mut state)?;
        state.reader(&self.reader).held_by = Some(self.id);
        Ok(continuity)
    }

    /// The card, if it is connected and still there.
    fn inserted<'s>(&mut self, state: &'s mut State) -> Result<&'s mut Inserted, ReaderError> {
        let found = match self.stand {
            Stand::Connected { insertion, .. } => self
                .alive(state)
                .and_then(|()| state.reader(&self.reader).of_insertion(insertion)),
            Stand::Left(_) => panic!("a connection that was left is used"),
            Stand::Lost(why) => Err(why),
        };
        if let Err(why) = found
            && why.is_final()
        {
            self.stand = Stand::Lost(why);
        }
        found
    }

    fn continuity(&mut self, state: &mut State) -> Result<Continuity, ReaderError> {
        let resets = self.inserted(state)?.resets;
        let Stand::Connected { resets_seen, .. } = &mut self.stand else {
            return Ok(Continuity::Kept);
        };
        Ok(match std::mem::replace(resets_seen, resets) == resets {
            true => Continuity::Kept,
            false => Continuity::Reset,
        })
    }

    /// Connects again, if the connection was left: by what PC/SC can tell the card is the same one.
    fn come_back(&mut self, state: &mut State) -> Result<Continuity, ReaderError> {
        let Stand::Left(since) = self.stand else {
            return self.continuity(state);
        };
        let connected = self.connect(state);
        if let Err(why) = connected
            && why.is_final()
        {
            self.stand = Stand::Lost(why);
        }
        connected?;
        Ok(match since.elapsed() >= SHORT_ABSENCE {
            true => Continuity::Returned,
            false => Continuity::Kept,
        })
    }

    /// The card that was left, if it still is there by what PC/SC can tell.
    fn left_behind<'s>(&self, state: &'s mut State) -> Result<&'s mut Inserted, ReaderError> {
        self.alive(state)?;
        let reader = state.reader(&self.reader);
        if !reader.attached {
            return Err(ReaderError::NoReader);
        }
        let same = reader.events == self.events;
        let inserted = reader.inserted.as_mut().filter(|it| same && it.atr == self.atr);
        inserted.ok_or(ReaderError::Removed)
    }

    fn connect(&mut self, state: &mut State) -> Result<(), ReaderError> {
        let inserted = self.left_behind(state)?;
        if inserted.mute {
            return Err(ReaderError::Mute);
        }
        inserted.power_up();
        inserted.connected += 1;
        self.card = inserted.card.clone();
        self.stand = Stand::Connected {
            insertion: inserted.number,
            resets_seen: inserted.resets,
        };
        Ok(())
    }

    fn leave(&mut self) {
        if let Stand::Connected { insertion, .. } = self.stand {
            self.stand = Stand::Left(Instant::now());
            self.shared.change(|state| {
                // With the service its connections end.
                if self.alive(state).is_ok()
                    && let Ok(inserted) = state.reader(&self.reader).of_insertion(insertion)
                {
                    inserted.connected -= 1;
                    inserted.left = Instant::now();
                }
            });
        }
    }
}

impl Connection for Link {
    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn begin(&mut self) -> Result<Continuity, ReaderError> {
        let happening = self.moment(Planned::transaction);
        self.befall(happening);
        self.hold()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReaderError> {
        let happening = self.moment(Planned::exchange);
        self.befall(happening);
        {
            let shared = Arc::clone(&self.shared);
            let mut state = shared.served();
            let held = state.reader(&self.reader).held_by == Some(self.id);
            let resets = self.inserted(&mut state)?.resets;
            assert!(held, "a command outside a transaction");
            // SCARD_W_RESET_CARD: the command is not sent, and the next transaction tells why.
            if matches!(self.stand, Stand::Connected { resets_seen, .. } if resets_seen != resets) {
                return Err(ReaderError::Failed);
            }
        }
        // The rack is not locked: other readers, and looks at this one, do not wait for the card.
        let (answer, present) = {
            let mut sim = self.card.sim();
            (sim.transmit(command), sim.is_present())
        };
        if !present {
            let shared = Arc::clone(&self.shared);
            shared.change(|state| {
                if self.inserted(state).is_ok() {
                    let reader = state.reader(&self.reader);
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
        drop(self.shared.served());
        self.shared.change(|state| {
            let holder = &mut state.reader(&self.reader).held_by;
            if *holder == Some(self.id) {
                *holder = None;
            }
        });
        if !self.kept {
            self.leave();
        }
    }

    fn keep(&mut self, keep: bool) {
        self.kept = keep;
        let held = self.shared.lock().reader(&self.reader).held_by == Some(self.id);
        if !keep && !held {
            self.leave();
        }
    }

    fn check(&mut self) -> Result<Continuity, ReaderError> {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.served();
        match state.reader(&self.reader).held_by {
            _ if matches!(self.stand, Stand::Left(_)) => {
                let found = self.left_behind(&mut state);
                if let Err(why) = found {
                    self.stand = Stand::Lost(why);
                }
                found.map(|_| Continuity::Kept)
            }
            // As PC/SC: who has a transaction keeps it from being asked.
            Some(holder) if holder != self.id => self.alive(&state).map(|()| Continuity::Kept),
            _ => self.continuity(&mut state),
        }
    }

    fn reset(&mut self) -> Result<(), ReaderError> {
        let held = self.shared.served().reader(&self.reader).held_by == Some(self.id);
        if !held {
            let _ = self.hold()?;
        }
        let done = self.reset_connected();
        self.end();
        done
    }

    fn reset_if_alone(&mut self) -> Result<bool, ReaderError> {
        let shared = Arc::clone(&self.shared);
        self.kept = false;
        self.leave();
        let alone = {
            let mut state = shared.served();
            let held = state.reader(&self.reader).held_by.is_some();
            let _ = self.come_back(&mut state)?;
            self.inserted(&mut state)?.connected == 1 && !held
        };
        let done = match alone {
            true => self.reset_connected().map(|()| true),
            false => Ok(false),
        };
        self.leave();
        done
    }
}

impl Link {
    fn reset_connected(&mut self) -> Result<(), ReaderError> {
        let happening = self.moment(Planned::reset);
        self.befall(happening);
        if happening == Some(Happening::Failure) {
            return Err(ReaderError::Failed);
        }
        let shared = Arc::clone(&self.shared);
        shared.change(|state| {
            let inserted = self.inserted(state)?;
            inserted.resets += 1;
            let resets = inserted.resets;
            if let Stand::Connected { resets_seen, .. } = &mut self.stand {
                *resets_seen = resets;
            }
            Ok::<_, ReaderError>(())
        })?;
        self.card.sim().reset();
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.end();
        self.leave();
    }
}
