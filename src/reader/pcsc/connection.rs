//! One shared connection to a card, with its transaction.

use std::ffi::CString;
use std::mem;
use std::thread;
use std::time::{Duration, Instant};

use pcsc::{Card, Context, Disposition, Error, Protocols, ShareMode, State, Transaction};
use self_cell::{MutBorrow, self_cell};
use zeroize::Zeroizing;

use super::ending::Ending;
use super::error::{reader_error, service_lost};
use super::process::OfProcess;
use super::state::event_counter;
use crate::memory;
use crate::reader::{Connection, Continuity, Protocol, ReaderError, SHORT_ABSENCE};
use crate::system::{Queue, Turn};

/// Time given to other programs: to one's transaction where the service answers "sharing violation"
/// instead of waiting, and to resets that follow each other.
const PATIENCE: Duration = Duration::from_secs(10);
const PATIENCE_STEP: Duration = Duration::from_millis(20);

/// Time that another program may have the card for itself before it is taken to keep it: one that
/// closes the card has it so while the card is reset.
const EXCLUSIVE_INSTANT: Duration = Duration::from_secs(2);

/// Time that pcscd may take to notice that a card which stopped answering was pulled out (it polls
/// every 400 ms).
const REMOVAL_NOTICE: Duration = Duration::from_millis(900);

/// Between two looks whether another program's transaction has ended. The client library would look
/// every 100 ms, and could not be stopped.
const TURN_PAUSE: Duration = Duration::from_millis(10);

/// What a driver is asked that answers without an exchange: which features its reader has
/// (CM_IOCTL_GET_FEATURE_REQUEST of PC/SC part 10).
const FEATURES: u32 = 3400;

/// Longest reader name of pcsclite (MAX_READERNAME, 128) and room to spare.
const NAME_SPACE: usize = 256;

self_cell!(
    /// A card and the transaction that borrows it.
    struct Held {
        owner: MutBorrow<Card>,
        #[not_covariant]
        dependent: Transaction,
    }
);

/// How far the connection stands.
enum Link {
    Idle(Card),
    Held(Held),
    /// Left at that moment.
    Left(Instant),
    /// Nothing more can come of it; the reason.
    Lost(ReaderError),
}

struct Handles {
    link: Link,
    /// Declared after `link`: a context is released when its card is disconnected.
    context: Context,
}

/// A connection through PC/SC, shared, with T=0 or T=1.
pub(super) struct PcscConnection {
    handles: OfProcess<Handles>,
    reader: CString,
    protocol: Protocol,
    atr: Vec<u8>,
    /// Event counter of the reader when the card was connected.
    events: u32,
    /// What the next transaction has to say of the card's past. The service has forgotten it by
    /// then.
    untold: Continuity,
    /// See [`Connection::keep`].
    kept: bool,
    /// Our processes' turns at this reader, and ours while it lasts.
    queue: Queue,
    turn: Option<Turn>,
    /// When the patience with other programs ends, once the library does.
    ending: Ending,
}

impl PcscConnection {
    pub(super) fn open(
        context: Context,
        reader: CString,
        queue: Queue,
        ending: Ending,
    ) -> Result<Self, ReaderError> {
        let _turn = queue.turn(|| ending.is_over());
        // The counter is read first: a card swapped meanwhile is then taken for removed, never for
        // the other.
        let (_, events) = look(&context, &reader)?;
        let mut card = connect(&context, &reader)?;
        let status = match status(&card) {
            Err(error) if is_reset(error) => take_up(&mut card),
            done => done,
        };
        let handles = OfProcess::new(Handles {
            link: Link::Idle(card),
            context,
        });
        let (protocol, atr) = status.map_err(reader_error)?;
        let mut connection = PcscConnection {
            handles,
            reader,
            protocol,
            atr,
            events,
            untold: Continuity::Kept,
            kept: false,
            queue,
            turn: None,
            ending,
        };
        connection.leave();
        Ok(connection)
    }

    fn handles(&mut self) -> Result<&mut Handles, ReaderError> {
        self.handles.get_mut().ok_or(ReaderError::NoService)
    }

    /// Takes the idle card out, or connects to it again; the link is lost until one is put back.
    fn take_idle(&mut self) -> Result<Card, ReaderError> {
        let handles = self.handles()?;
        match mem::replace(&mut handles.link, Link::Lost(ReaderError::Failed)) {
            Link::Idle(card) => Ok(card),
            Link::Held(held) => Ok(release(held)),
            Link::Left(since) => self.come_back(since),
            Link::Lost(why) => {
                handles.link = Link::Lost(why);
                Err(why)
            }
        }
    }

    fn put(&mut self, link: Link) {
        if let Ok(handles) = self.handles() {
            dispose(mem::replace(&mut handles.link, link));
        }
    }

    fn lose(&mut self, why: ReaderError) -> ReaderError {
        self.put(Link::Lost(why));
        why
    }

    /// Waits until no other program has a transaction with the card.
    fn await_turn(&self, card: &Card) -> Result<(), ReaderError> {
        while occupied(card) {
            if self.ending.is_over() {
                return Err(ReaderError::Busy);
            }
            thread::sleep(TURN_PAUSE);
        }
        Ok(())
    }

    /// Connects to the card that was left, or finds that it is not the same card.
    fn come_back(&mut self, since: Instant) -> Result<Card, ReaderError> {
        let reader = self.reader.clone();
        let connected = self.handles().and_then(|h| connect(&h.context, &reader));
        let mut card = match connected {
            Ok(card) => card,
            Err(why) if why.is_final() => return Err(self.lose(why)),
            Err(why) => {
                self.put(Link::Left(since));
                return Err(why);
            }
        };
        let found = match status(&card) {
            Err(error) if is_reset(error) => {
                self.untold = Continuity::Reset;
                take_up(&mut card)
            }
            done => done,
        };
        if since.elapsed() >= SHORT_ABSENCE {
            self.untold = Continuity::Returned;
        }
        self.same_card(card, found)
    }

    /// Takes up the card again after a reset by another program, or finds that it is not the same
    /// card.
    fn reconnect(&mut self, mut card: Card) -> Result<Card, ReaderError> {
        let found = take_up(&mut card);
        if found.is_ok() && self.untold == Continuity::Kept {
            self.untold = Continuity::Reset;
        }
        self.same_card(card, found)
    }

    /// The card, if it is the one that was connected first, by what was found of it and by the
    /// counter of its reader.
    fn same_card(
        &mut self,
        card: Card,
        found: Result<(Protocol, Vec<u8>), Error>,
    ) -> Result<Card, ReaderError> {
        let reader = self.reader.clone();
        let looked = self.handles().and_then(|h| look(&h.context, &reader));
        let why = match (found.map_err(reader_error), looked) {
            (Ok((protocol, atr)), Ok((_, events))) if events == self.events && atr == self.atr => {
                self.protocol = protocol;
                return Ok(card);
            }
            (Err(why), _) | (Ok(_), Err(why)) => why,
            _ => ReaderError::Removed,
        };
        if why.is_final() {
            dispose(Link::Idle(card));
            return Err(self.lose(why));
        }
        // It may be taken up the next time.
        self.put(Link::Idle(card));
        Err(why)
    }

    fn begin_in_turn(&mut self) -> Result<Continuity, ReaderError> {
        // Of resets that follow each other; the wait for another program has no limit.
        let mut deadline = None;
        loop {
            let card = self.take_idle()?;
            if let Err(busy) = self.await_turn(&card) {
                self.put(Link::Idle(card));
                return Err(busy);
            }
            match Held::try_new_or_recover(MutBorrow::new(card), |card| card.borrow_mut().transaction()) {
                Ok(held) => {
                    self.put(Link::Held(held));
                    return Ok(mem::replace(&mut self.untold, Continuity::Kept));
                }
                Err((card, error)) if is_reset(error) => {
                    let card = self.reconnect(card.into_inner())?;
                    self.put(Link::Idle(card));
                    if Instant::now() >= *deadline.get_or_insert_with(|| Instant::now() + PATIENCE) {
                        return Err(ReaderError::Busy);
                    }
                }
                Err((card, error)) => {
                    self.put(Link::Idle(card.into_inner()));
                    return Err(self.diagnose(error));
                }
            }
        }
    }

    /// Asks the service whether the card that was left still is in its reader, as far as the
    /// reader's counter tells.
    fn look_at_left(&mut self) -> Result<Continuity, ReaderError> {
        let (reader, events) = (self.reader.clone(), self.events);
        match self.handles().and_then(|h| look(&h.context, &reader)) {
            Ok((_, now)) if now == events => Ok(Continuity::Kept),
            Ok(_) => Err(self.lose(ReaderError::Removed)),
            Err(why) if why.is_final() => Err(self.lose(why)),
            Err(why) => Err(why),
        }
    }

    /// Gives the card back, as it is.
    fn leave(&mut self) {
        if let Ok(handles) = self.handles()
            && matches!(handles.link, Link::Idle(_) | Link::Held(_))
        {
            self.put(Link::Left(Instant::now()));
        }
    }

    fn reset_in_turn(&mut self) -> Result<bool, ReaderError> {
        self.kept = false;
        let occupied = matches!(&self.handles()?.link, Link::Idle(card) if occupied(card));
        self.leave();
        if occupied {
            return Ok(false);
        }
        let (reader, events) = (self.reader.clone(), self.events);
        let handles = self.handles()?;
        if let Link::Lost(why) = handles.link {
            return Err(why);
        }
        let (_, now) = look(&handles.context, &reader)?;
        if now != events {
            return Err(self.lose(ReaderError::Removed));
        }
        let protocols = Protocols::T0 | Protocols::T1;
        let mut card = match handles.context.connect(&reader, ShareMode::Exclusive, protocols) {
            Ok(card) => card,
            Err(Error::SharingViolation) => return Ok(false),
            Err(error) => return Err(self.diagnose(error)),
        };
        let done = card
            .reconnect(ShareMode::Exclusive, protocols, Disposition::ResetCard)
            .and_then(|()| status(&card));
        dispose(Link::Idle(card));
        match done {
            Ok((protocol, _)) => {
                self.protocol = protocol;
                self.put(Link::Left(Instant::now()));
                Ok(true)
            }
            Err(error) => Err(self.diagnose(error)),
        }
    }

    /// Why an exchange failed: a card that was pulled out answers with the errors of a broken one
    /// until the service has noticed.
    fn diagnose(&mut self, error: Error) -> ReaderError {
        let why = reader_error(error);
        if why.is_final() {
            return self.lose(why);
        }
        let (reader, events) = (self.reader.clone(), self.events);
        let Ok(handles) = self.handles() else {
            return ReaderError::NoService;
        };
        let known = State::from_bits_retain(State::PRESENT.bits() | (event_counter(events) << 16));
        let mut state = [pcsc::ReaderState::new(reader, known)];
        match handles.context.get_status_change(REMOVAL_NOTICE, &mut state) {
            Ok(()) if state.iter().any(|s| s.event_count() != events) => self.lose(ReaderError::Removed),
            // The same error as of a reader that cannot reach its card, but the service itself does
            // not answer.
            Err(error) if service_lost(error) => self.lose(ReaderError::NoService),
            _ => why,
        }
    }
}

impl Connection for PcscConnection {
    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn begin(&mut self) -> Result<Continuity, ReaderError> {
        self.turn = self.queue.turn(|| self.ending.is_over());
        let begun = self.begin_in_turn();
        if begun.is_err() {
            if !self.kept {
                self.leave();
            }
            self.turn = None;
        }
        begun
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReaderError> {
        let mut buffer = Zeroizing::new([0u8; pcsc::MAX_BUFFER_SIZE]);
        let done = match &self.handles()?.link {
            Link::Held(held) => held.with_dependent(|_, transaction| {
                // A virtual reader whose card has gone answers with nothing instead of an error.
                match transaction.transmit(command, buffer.as_mut_slice())? {
                    [] => Err(Error::NotTransacted),
                    answer => Ok(memory::wiped_copy(answer)),
                }
            }),
            Link::Idle(_) | Link::Left(_) => Err(Error::NotTransacted),
            Link::Lost(why) => return Err(*why),
        };
        Ok(done.map_err(|error| self.diagnose(error))??)
    }

    fn end(&mut self) {
        if let Ok(handles) = self.handles() {
            handles.link = match mem::replace(&mut handles.link, Link::Lost(ReaderError::Failed)) {
                Link::Held(held) => Link::Idle(release(held)),
                other => other,
            };
        }
        if !self.kept {
            self.leave();
        }
        self.turn = None;
    }

    fn keep(&mut self, keep: bool) {
        self.kept = keep;
        if !keep
            && self
                .handles()
                .is_ok_and(|handles| matches!(handles.link, Link::Idle(_)))
        {
            self.leave();
        }
    }

    /// The service tells nothing of a card that another program has in a transaction.
    fn check(&mut self) -> Result<Continuity, ReaderError> {
        let done = match &self.handles()?.link {
            Link::Idle(card) if occupied(card) => return Ok(self.untold),
            Link::Idle(card) => status(card),
            Link::Held(held) => held.with_dependent(|_, transaction| status(transaction)),
            Link::Left(_) => return self.look_at_left(),
            Link::Lost(why) => return Err(*why),
        };
        match done {
            Ok(_) => Ok(self.untold),
            Err(error) if is_reset(error) => Ok(Continuity::Reset),
            Err(error) => Err(self.diagnose(error)),
        }
    }

    /// The transaction around it keeps the reset out of another program's work.
    fn reset(&mut self) -> Result<(), ReaderError> {
        if !matches!(self.handles()?.link, Link::Held(_)) {
            // Whether someone else has reset it before does not matter to a card that is reset now.
            let _ = self.begin()?;
        }
        let Link::Held(held) = &mut self.handles()?.link else {
            return Err(ReaderError::Failed);
        };
        let done = held.with_dependent_mut(|_, transaction| {
            transaction.reconnect(
                ShareMode::Shared,
                Protocols::T0 | Protocols::T1,
                Disposition::ResetCard,
            )?;
            status(transaction)
        });
        self.end();
        match done {
            Ok((protocol, _)) => {
                self.protocol = protocol;
                Ok(())
            }
            Err(error) => Err(self.diagnose(error)),
        }
    }

    /// A connection that is the only one can have exclusive access: for an instant, so that other
    /// programs hardly meet it.
    fn reset_if_alone(&mut self) -> Result<bool, ReaderError> {
        self.turn = self.queue.turn(|| self.ending.is_over());
        let done = self.reset_in_turn();
        self.turn = None;
        done
    }
}

impl Drop for Handles {
    fn drop(&mut self) {
        dispose(mem::replace(&mut self.link, Link::Lost(ReaderError::Failed)));
    }
}

/// Disconnects in a way that does not disturb others; dropping the card itself would reset it.
fn dispose(link: Link) {
    let mut card = match link {
        Link::Idle(card) => Some(card),
        Link::Held(held) => Some(release(held)),
        Link::Left(_) | Link::Lost(_) => return,
    };
    let done = patiently(
        || match card.take().map(|c| c.disconnect(Disposition::LeaveCard)) {
            Some(Err((refused, error))) => {
                card = Some(refused);
                Err(error)
            }
            Some(Ok(())) | None => Ok(()),
        },
    );
    if let Err(error) = done {
        log::debug!("SCardDisconnect: {error}");
    }
}

/// Ends the transaction, leaving the card as it is.
fn release(held: Held) -> Card {
    held.into_owner().into_inner()
}

/// Protocol and ATR, asked of the service.
fn status(card: &Card) -> Result<(Protocol, Vec<u8>), Error> {
    let (mut names, mut atr) = ([0u8; NAME_SPACE], [0u8; pcsc::MAX_ATR_SIZE]);
    let status = card.status2(&mut names, &mut atr)?;
    let protocol = match status.protocol2() {
        Some(pcsc::Protocol::T0) => Protocol::T0,
        Some(pcsc::Protocol::T1) => Protocol::T1,
        _ => return Err(Error::ProtoMismatch),
    };
    Ok((protocol, status.atr().to_vec()))
}

/// Whether another program has a transaction with the card. Of all questions that the service
/// refuses meanwhile, this is one where the client library does not ask again until it has an
/// answer.
fn occupied(card: &Card) -> bool {
    let mut features = [0; pcsc::MAX_BUFFER_SIZE];
    let answer = card.control(pcsc::ctl_code(FEATURES.into()), &[], &mut features);
    matches!(answer, Err(Error::SharingViolation))
}

/// Somebody has reset the card, or switched it off and on: the connection has to be taken up again.
fn is_reset(error: Error) -> bool {
    matches!(error, Error::ResetCard | Error::UnpoweredCard)
}

/// Takes up a card that was reset. Another program may reset it again before it can be asked, and
/// again: eight of them that log out do so many times in a second.
fn take_up(card: &mut Card) -> Result<(Protocol, Vec<u8>), Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let renewed = patiently(|| {
            card.reconnect(
                ShareMode::Shared,
                Protocols::T0 | Protocols::T1,
                Disposition::LeaveCard,
            )
        });
        match renewed.and_then(|()| status(card)) {
            Err(error) if is_reset(error) && Instant::now() < deadline => {}
            done => return done,
        }
    }
}

/// Connects, shared. Another program may have the card for itself for an instant while it closes
/// it; one that keeps it is waited for no longer.
fn connect(context: &Context, reader: &CString) -> Result<Card, ReaderError> {
    let deadline = Instant::now() + EXCLUSIVE_INSTANT;
    loop {
        match context.connect(reader, ShareMode::Shared, Protocols::T0 | Protocols::T1) {
            Err(Error::SharingViolation) if Instant::now() < deadline => thread::sleep(PATIENCE_STEP),
            done => return done.map_err(reader_error),
        }
    }
}

/// State and event counter of one reader, without waiting.
fn look(context: &Context, reader: &CString) -> Result<(State, u32), ReaderError> {
    let mut state = [pcsc::ReaderState::new(reader.clone(), State::UNAWARE)];
    match context.get_status_change(Duration::ZERO, &mut state) {
        Ok(()) | Err(Error::Timeout) => {
            let [state] = &state;
            Ok((state.event_state(), state.event_count()))
        }
        Err(e) => Err(reader_error(e)),
    }
}

/// Repeats what another program's transaction hinders.
fn patiently<T>(mut act: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match act() {
            Err(Error::SharingViolation) if Instant::now() < deadline => thread::sleep(PATIENCE_STEP),
            done => return done,
        }
    }
}
