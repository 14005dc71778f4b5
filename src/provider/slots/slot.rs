//! A reader as a slot, and what is known of the card in it.

use std::sync::Arc;

use base16ct::HexDisplay;
use parking_lot::Mutex;

use crate::card;
use crate::provider::error::{Error, Result};
use crate::provider::types::SlotId;
use crate::reader::{ReaderError, ReaderState};
use crate::token::{self, Token};

use super::inserted::Inserted;

/// A reader as a slot. It stays listed when the reader goes away: applications keep slot numbers.
pub struct Slot {
    /// CK_SLOT_ID: rank of first detection in the life of the library.
    pub id: SlotId,
    /// Name of the reader.
    pub reader: String,
    state: Mutex<State>,
    /// Held while a card is being recognised; status questions do not take it.
    binding: Mutex<()>,
    /// Held while the SO logs in; no read-only session is opened meanwhile.
    pub officer_enters: Mutex<()>,
}

struct State {
    /// Shared with callers that ask whether it still is so.
    reader: Arc<ReaderState>,
    /// A card came or went since the application was last told.
    event: bool,
    card: CardInSlot,
    /// The card could not be used once. That may have been a slip: it is looked at once more.
    suspect: bool,
    /// What the log was told of this card, until something works.
    told: Vec<token::Error>,
}

/// Different things that the log is told of one card; more than any card has to say.
const TOLD: usize = 16;

impl State {
    /// The card in the reader is not the one that was there. Gives the token that was.
    fn forget_card(&mut self) -> Option<Inserted> {
        self.suspect = false;
        self.told.clear();
        self.forget_token()
    }

    /// The token is of no use any more, and its session objects end with it.
    fn forget_token(&mut self) -> Option<Inserted> {
        match std::mem::replace(&mut self.card, CardInSlot::Unknown) {
            CardInSlot::Token(gone) => {
                gone.secret_keys().end();
                Some(gone)
            }
            CardInSlot::Unknown | CardInSlot::Refused(_) => None,
        }
    }

    /// Whether the log does not know this yet. From then on it does.
    fn is_news(&mut self, refusal: &token::Error) -> bool {
        let news = self.told.len() < TOLD && !self.told.contains(refusal);
        if news {
            self.told.push(refusal.clone());
        }
        news
    }
}

/// What is known of the card in the reader; forgotten at each insertion and removal.
#[derive(Clone)]
enum CardInSlot {
    /// No call has needed the card yet.
    Unknown,
    /// Not a card of ours, or one that has shown twice that it cannot be used: nothing more is sent
    /// to it.
    Refused(token::Error),
    /// A token.
    Token(Inserted),
}

/// What C_GetSlotInfo can say of the card without talking to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// No card, no reader, or a card that does not answer.
    Absent,
    /// A card that is not one of ours.
    Foreign,
    /// A card of ours, by its ATR.
    Candidate,
}

impl Slot {
    /// A slot for a reader seen for the first time; a card in it has come with it.
    pub fn new(id: SlotId, reader: ReaderState) -> Slot {
        log_change(None, &reader);
        Slot {
            id,
            reader: reader.name.clone(),
            state: Mutex::new(State {
                event: reader.present,
                reader: Arc::new(reader),
                card: CardInSlot::Unknown,
                suspect: false,
                told: Vec::new(),
            }),
            binding: Mutex::new(()),
            officer_enters: Mutex::new(()),
        }
    }

    /// Takes over what the service says of the reader. A card event ends the token that was there.
    /// The caller gets that token and drops it when it holds no lock: to close its connection may
    /// mean to wait for the service.
    #[must_use]
    pub fn update(&self, now: &ReaderState) -> Option<Inserted> {
        let mut state = self.state.lock();
        if *state.reader == *now {
            return None;
        }
        let before = &state.reader;
        let same = before.attached == now.attached
            && before.present == now.present
            && before.events == now.events
            && before.atr == now.atr;
        // The count begins anew when a reader is attached.
        let counted = before.attached && now.attached && before.events != now.events;
        state.event |= counted || before.present != now.present;
        let gone = if same { None } else { state.forget_card() };
        let before = std::mem::replace(&mut state.reader, Arc::new(now.clone()));
        drop(state);
        log_change(Some(&before), now);
        gone
    }

    /// What the service last said of the reader.
    pub fn snapshot(&self) -> Arc<ReaderState> {
        Arc::clone(&self.state.lock().reader)
    }

    /// The reader is not listed any more. Gives the token that was there, as [`Slot::update`] does.
    #[must_use]
    pub fn detach(&self) -> Option<Inserted> {
        let mut state = self.state.lock();
        if !state.reader.attached && !state.reader.present {
            return None;
        }
        state.event |= state.reader.present;
        let reader = Arc::make_mut(&mut state.reader);
        reader.attached = false;
        reader.present = false;
        reader.atr.clear();
        let gone = state.forget_card();
        drop(state);
        log::info!("{}: the reader is gone", self.reader);
        gone
    }

    /// Whether a card of ours is there, as far as the ATR tells.
    pub fn presence(&self) -> Presence {
        let state = self.state.lock();
        match (&state.card, &*state.reader) {
            (CardInSlot::Token(_), _) => Presence::Candidate,
            (_, reader) if !reader.attached || !reader.present || reader.mute => Presence::Absent,
            (
                CardInSlot::Refused(token::Error::Card(
                    card::CardError::NotRecognized | card::CardError::Unidentified,
                )),
                _,
            ) => Presence::Foreign,
            (_, reader) if card::candidate(&reader.atr).is_none() => Presence::Foreign,
            _ => Presence::Candidate,
        }
    }

    /// The answer to a refusal of the card in this slot. Where the CKR_ code does not say what
    /// happened, the log does: on the level `error`, once for a card, until something has
    /// [worked](Slot::worked). Applications repeat their questions.
    pub fn answer(&self, refusal: &token::Error) -> Error {
        let answer = Error::answer_to(refusal);
        if answer.leaves_open_why() {
            let level = match self.state.lock().is_news(refusal) {
                true => log::Level::Error,
                false => log::Level::Debug,
            };
            log::log!(level, "{}: {refusal}", self.reader);
        }
        answer
    }

    /// The card has done what a session wanted: the log is told of the next failure even if it
    /// knows it.
    pub fn worked(&self) {
        self.state.lock().told.clear();
    }

    /// Takes a card event that the application was not told of.
    pub fn take_event(&self) -> bool {
        std::mem::take(&mut self.state.lock().event)
    }

    /// The token, if one was recognised and is still there. No I/O.
    pub fn current(&self) -> Option<Inserted> {
        match &self.state.lock().card {
            CardInSlot::Token(inserted) => Some(inserted.clone()),
            _ => None,
        }
    }

    /// Whether this token is still there. No I/O.
    pub fn holds(&self, inserted: &Inserted) -> bool {
        matches!(&self.state.lock().card, CardInSlot::Token(current) if current.is(inserted))
    }

    /// The token in the slot; `open` recognises the card when nobody did since its insertion.
    /// `insertion` gives the rank of a new insertion.
    pub fn token(
        &self,
        open: impl FnOnce(&ReaderState) -> std::result::Result<Token, token::Error>,
        insertion: impl FnOnce() -> u32,
    ) -> Result<Inserted> {
        let _binding = self.binding.lock();
        let (card, reader) = {
            let state = self.state.lock();
            (state.card.clone(), Arc::clone(&state.reader))
        };
        match card {
            CardInSlot::Token(inserted) => return Ok(inserted),
            CardInSlot::Refused(refusal) => return Err(self.answer(&refusal)),
            CardInSlot::Unknown => may_be_recognised(&reader)?,
        }
        let opened = open(&reader);
        if let Err(refusal) = &opened
            && !lasting(refusal)
        {
            return Err(absent_instead_of_removed(self.answer(refusal)));
        }
        let mut state = self.state.lock();
        if state.reader.events != reader.events || !state.reader.present {
            return Err(Error::TokenNotPresent);
        }
        match opened {
            Ok(token) => {
                let inserted = Inserted::new(token, insertion());
                state.card = CardInSlot::Token(inserted.clone());
                Ok(inserted)
            }
            Err(refusal) => {
                if std::mem::replace(&mut state.suspect, true) || is_foreign(&refusal) {
                    state.card = CardInSlot::Refused(refusal.clone());
                }
                drop(state);
                Err(self.answer(&refusal))
            }
        }
    }

    /// The connection to this token is dead: the card that is in the reader now has to be
    /// recognised anew.
    pub fn drop_token(&self, dead: &Inserted) {
        let mut state = self.state.lock();
        if matches!(&state.card, CardInSlot::Token(current) if current.is(dead)) {
            // `dead` is the same token: its connection is not closed here.
            state.forget_token();
        }
    }
}

/// Whether a card is there whose answer to reset is that of one of ours. Sends nothing.
fn may_be_recognised(reader: &ReaderState) -> Result<()> {
    if !reader.attached || !reader.present || reader.mute {
        return Err(Error::TokenNotPresent);
    }
    match card::candidate(&reader.atr) {
        Some(_) => Ok(()),
        None => Err(Error::TokenNotRecognized),
    }
}

/// Tells the log what has changed at a reader. A card that cannot be used is an error.
fn log_change(before: Option<&ReaderState>, now: &ReaderState) {
    let name = &now.name;
    if now.attached && !before.is_some_and(|before| before.attached) {
        log::info!("{name}: the reader is there");
    }
    let had = before.filter(|before| before.attached && before.present);
    let same = had.is_some_and(|had| (had.events, had.mute, &had.atr) == (now.events, now.mute, &now.atr));
    match now.present {
        true if same => {}
        true if now.mute => log::error!("{name}: {}", ReaderError::Mute),
        true => match card::candidate(&now.atr) {
            Some(chip) => log::info!("{name}: a card with the answer to reset of a {chip}"),
            None => log::error!(
                "{name}: the card is no CPS card and is left alone (answer to reset {}): put in a CPS card",
                HexDisplay(&now.atr)
            ),
        },
        false if had.is_some() => log::info!("{name}: the card was taken out"),
        false => {}
    }
}

/// A refusal that the same card would give again.
fn lasting(refusal: &token::Error) -> bool {
    *refusal == token::Error::Card(card::CardError::Unidentified) || is_foreign(refusal)
}

/// The card has shown that it is another issuer's: asking again would not change that.
fn is_foreign(refusal: &token::Error) -> bool {
    *refusal == token::Error::Card(card::CardError::NotRecognized)
}

/// A card that is taken out before it is recognised was never a token of the application.
pub fn absent_instead_of_removed(error: Error) -> Error {
    if error == Error::DeviceRemoved {
        Error::TokenNotPresent
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CPS3: &str = "3BAC00402A001225006480000310009000";

    fn reader(present: bool, events: u32, atr: &str) -> ReaderState {
        ReaderState {
            name: "Lab Reader".into(),
            attached: true,
            present,
            mute: false,
            atr: crate::reader::script::hex(atr),
            events,
        }
    }

    #[test]
    fn a_card_that_comes_with_its_reader_is_an_event_and_a_swap_is_one() {
        assert!(!Slot::new(0, reader(false, 3, "")).take_event());
        let slot = Slot::new(0, reader(true, 3, CPS3));
        assert!(slot.take_event());
        let _ = slot.update(&reader(true, 5, CPS3));
        assert!(slot.take_event());
        assert!(!slot.take_event());
    }

    #[test]
    fn a_reader_that_goes_takes_its_card_and_leaves_the_slot() {
        let slot = Slot::new(0, reader(true, 1, CPS3));
        slot.take_event();
        assert!(slot.detach().is_none(), "nobody has recognised it");
        assert_eq!(slot.presence(), Presence::Absent);
        assert!(slot.take_event());
        let _ = slot.update(&reader(false, 0, ""));
        assert!(!slot.take_event(), "an empty reader that comes back");
        let _ = slot.update(&reader(true, 1, CPS3));
        assert!(slot.take_event());
        assert_eq!(slot.presence(), Presence::Candidate);
    }

    #[test]
    fn presence_is_told_by_the_answer_to_reset() {
        for (state, expected) in [
            (reader(false, 0, ""), Presence::Absent),
            (reader(true, 1, "3B751300004309EA9000"), Presence::Foreign),
            (reader(true, 1, CPS3), Presence::Candidate),
            (
                ReaderState {
                    mute: true,
                    ..reader(true, 1, "")
                },
                Presence::Absent,
            ),
        ] {
            assert_eq!(Slot::new(0, state).presence(), expected);
        }
    }

    #[test]
    fn what_is_known_of_a_card_ends_with_its_stay_in_the_reader() {
        let there = reader(true, 3, CPS3);
        let mute = ReaderState {
            mute: true,
            ..there.clone()
        };
        let unplugged = ReaderState {
            attached: false,
            ..there.clone()
        };
        for (what, now, forgotten) in [
            ("nothing", there.clone(), false),
            // A service tells so of a card that another program has left without power.
            ("it does not answer", mute, false),
            ("it was swapped", reader(true, 5, CPS3), true),
            // A service that was started anew counts from the beginning, and may come to the same
            // number.
            (
                "another answer to reset",
                reader(true, 3, "3B751300004309EA9000"),
                true,
            ),
            ("it is gone", reader(false, 3, CPS3), true),
            ("its reader is gone", unplugged, true),
        ] {
            let slot = Slot::new(0, there.clone());
            let refusal = token::Error::Card(card::CardError::NotRecognized);
            {
                let mut state = slot.state.lock();
                state.card = CardInSlot::Refused(refusal);
                state.suspect = true;
            }
            let _ = slot.update(&now);
            let state = slot.state.lock();
            assert_eq!(matches!(state.card, CardInSlot::Unknown), forgotten, "{what}");
            assert_eq!(state.suspect, !forgotten, "{what}");
            assert_eq!(*state.reader, now, "{what}");
        }
    }

    #[test]
    fn a_card_that_answers_nothing_is_asked_again_later() {
        let slot = Slot::new(0, reader(true, 1, CPS3));
        let failing = |why: ReaderError| slot.token(|_| Err(why.into()), || 0).map(|_| ());
        assert_eq!(failing(ReaderError::Removed), Err(Error::TokenNotPresent));
        assert_eq!(failing(ReaderError::Busy), Err(Error::DeviceError));
        assert_eq!(slot.presence(), Presence::Candidate);
    }
}
