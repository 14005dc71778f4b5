//! The rack as the module sees it: the service, and a connection to a card.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use cpx_pkcs11::reader::{Connection, Continuity, Protocol, ReaderError, ReaderState, Readers};
use sim_cards::faults::{Fault, PlannedFault, Trigger};
use zeroize::Zeroizing;

use super::{Card, Happening, Planned, Rack, Shared, State};

/// How long a transaction waits for another one to end, and how long when the module ends.
const PATIENCE: Duration = Duration::from_secs(20);
const LAST_PATIENCE: Duration = Duration::from_millis(100);

/// The rack as the module's floor 1.
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
                start: state.starts,
                cancellations: state.cancellations,
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
    start: u64,
    /// Those of the service when this was made.
    cancellations: u64,
    id: u64,
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
        let continuity = self.continuity(&mut state)?;
        state.reader(&self.reader).held_by = Some(self.id);
        Ok(continuity)
    }

    fn continuity(&mut self, state: &mut State) -> Result<Continuity, ReaderError> {
        self.alive(state)?;
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
        let happening = self.moment(Planned::transaction);
        self.befall(happening);
        self.hold()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReaderError> {
        let happening = self.moment(Planned::exchange);
        self.befall(happening);
        {
            let mut state = self.shared.served();
            self.alive(&state)?;
            let reader = state.reader(&self.reader);
            let held = reader.held_by == Some(self.id);
            let inserted = reader.of_insertion(self.insertion)?;
            assert!(held, "a command outside a transaction");
            // SCARD_W_RESET_CARD: the command is not sent, and the next transaction tells why.
            if inserted.resets != self.resets_seen {
                return Err(ReaderError::Failed);
            }
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
        drop(self.shared.served());
        self.shared.change(|state| {
            let holder = &mut state.reader(&self.reader).held_by;
            if *holder == Some(self.id) {
                *holder = None;
            }
        });
    }

    fn check(&mut self) -> Result<Continuity, ReaderError> {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.served();
        match state.reader(&self.reader).held_by {
            // As PC/SC: who has a transaction keeps it from being asked.
            Some(holder) if holder != self.id => self.alive(&state).map(|()| Continuity::Kept),
            _ => self.continuity(&mut state),
        }
    }

    fn reset(&mut self) -> Result<(), ReaderError> {
        let happening = self.moment(Planned::reset);
        self.befall(happening);
        if happening == Some(Happening::Failure) {
            return Err(ReaderError::Failed);
        }
        let held = self.shared.served().reader(&self.reader).held_by == Some(self.id);
        if !held {
            let _ = self.hold()?;
        }
        let shared = Arc::clone(&self.shared);
        shared.change(|state| {
            self.alive(state)?;
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
