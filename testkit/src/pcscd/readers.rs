//! The readers of the service, the cards in them, and who is connected.

use std::sync::{Arc, Mutex};

use sim_cards::SimCard;

use crate::Card;

/// Readers that an answer has room for, and the length of each there.
const READERS: usize = 16;
const READER_STATE: usize = 184;

/// Places in it.
const NAME: usize = 128;
const EVENT_COUNTER: usize = 128;
const STATE: usize = 132;
const SHARING: usize = 136;
const ATR: usize = 140;
const ATR_LENGTH: usize = 176;
const PROTOCOL: usize = 180;

/// `readerState` without a card, with one, and with one that does not answer.
const ABSENT: u32 = 0x02;
const PRESENT: u32 = 0x34;
const SWALLOWED: u32 = 0x0C;

/// `dwShareMode`: for one connection alone.
const EXCLUSIVE: u32 = 1;

/// `dwDisposition`: the card stays as it is.
const LEAVE: u32 = 0;

/// A client that is another program of the test's story.
const FOREIGN: u32 = u32::MAX;

/// `SCARD_...`: what a call of the service answers.
pub(super) mod code {
    pub const SUCCESS: u32 = 0;
    pub const CANCELLED: u32 = 0x8010_0002;
    pub const INVALID_HANDLE: u32 = 0x8010_0003;
    pub const UNKNOWN_READER: u32 = 0x8010_0009;
    pub const SHARING_VIOLATION: u32 = 0x8010_000B;
    pub const NO_SMARTCARD: u32 = 0x8010_000C;
    pub const NOT_TRANSACTED: u32 = 0x8010_0016;
    pub const NO_SERVICE: u32 = 0x8010_001D;
    pub const UNSUPPORTED: u32 = 0x8010_001F;
    pub const UNRESPONSIVE_CARD: u32 = 0x8010_0066;
    pub const RESET_CARD: u32 = 0x8010_0068;
    pub const REMOVED_CARD: u32 = 0x8010_0069;
    pub const SECURITY_VIOLATION: u32 = 0x8010_006A;
}

/// What is in a reader.
enum Inside {
    Nothing,
    /// A card that nobody talks to: its ATR is all that there is of it.
    Bare(Vec<u8>),
    /// A card that does not answer.
    Mute,
    Card {
        card: Card,
        atr: Vec<u8>,
        /// `SCARD_PROTOCOL_...`.
        protocol: u32,
    },
}

/// A connection to the card in a reader.
struct Handle {
    number: u32,
    client: u32,
    exclusive: bool,
    /// Insertion and resets of the card that this connection knows of.
    insertion: u32,
    resets: u64,
}

struct Reader {
    name: String,
    /// Insertions and removals: odd with a card.
    events: u32,
    resets: u64,
    inside: Inside,
    handles: Vec<Handle>,
    /// The connection that has a transaction.
    held_by: Option<u32>,
}

/// All of them.
#[derive(Default)]
pub(super) struct Shelf {
    readers: Vec<Reader>,
    handles: u32,
}

impl Shelf {
    pub(super) fn plug(&mut self, name: &str) {
        self.readers.push(Reader {
            name: name.into(),
            events: 0,
            resets: 0,
            inside: Inside::Nothing,
            handles: Vec::new(),
            held_by: None,
        });
    }

    pub(super) fn unplug(&mut self, name: &str) {
        self.readers.retain(|reader| reader.name != name);
    }

    pub(super) fn insert(&mut self, name: &str, mut card: SimCard) -> Card {
        card.insert();
        card.power_on();
        let atr = card.atr().to_vec();
        let protocol = match card.protocol() {
            sim_cards::Protocol::T0 => 1,
            sim_cards::Protocol::T1 => 2,
        };
        let card = Card(Arc::new(Mutex::new(card)));
        let inside = Inside::Card {
            card: card.clone(),
            atr,
            protocol,
        };
        self.named(name).put(inside);
        card
    }

    pub(super) fn insert_bare(&mut self, name: &str, atr: &[u8]) {
        self.named(name).put(Inside::Bare(atr.to_vec()));
    }

    pub(super) fn insert_mute(&mut self, name: &str) {
        self.named(name).put(Inside::Mute);
    }

    pub(super) fn pull(&mut self, name: &str) {
        let reader = self.named(name);
        if let Inside::Card { card, .. } = &reader.inside {
            card.sim().remove();
        }
        reader.handles.retain(|handle| handle.client != FOREIGN);
        reader.put(Inside::Nothing);
    }

    /// Whether a card is in a reader.
    pub(super) fn is_occupied(&mut self, name: &str) -> bool {
        !matches!(self.named(name).inside, Inside::Nothing)
    }

    /// Another program has the card in a reader for itself.
    pub(super) fn hold(&mut self, name: &str) {
        self.handles += 1;
        let number = self.handles;
        let reader = self.named(name);
        let (insertion, resets) = (reader.events, reader.resets);
        reader.handles.push(Handle {
            number,
            client: FOREIGN,
            exclusive: true,
            insertion,
            resets,
        });
    }

    fn named(&mut self, name: &str) -> &mut Reader {
        let reader = self.readers.iter_mut().find(|reader| reader.name == name);
        reader.unwrap_or_else(|| panic!("no reader {name}"))
    }

    /// As CMD_GET_READERS_STATE answers.
    pub(super) fn states(&self) -> Vec<u8> {
        let mut all = vec![0; READERS * READER_STATE];
        for (state, reader) in all.chunks_exact_mut(READER_STATE).zip(&self.readers) {
            reader.describe(state);
        }
        all
    }

    /// The number of a new connection, and its protocol.
    pub(super) fn connect(&mut self, client: u32, name: &str, share: u32) -> Result<(u32, u32), u32> {
        let number = self.handles + 1;
        let reader = self.readers.iter_mut().find(|reader| reader.name == name);
        let reader = reader.ok_or(code::UNKNOWN_READER)?;
        let protocol = reader.protocol()?;
        let exclusive = share == EXCLUSIVE;
        if reader.handles.iter().any(|handle| handle.exclusive) || (exclusive && !reader.handles.is_empty()) {
            return Err(code::SHARING_VIOLATION);
        }
        reader.handles.push(Handle {
            number,
            client,
            exclusive,
            insertion: reader.events,
            resets: reader.resets,
        });
        self.handles = number;
        Ok((number, protocol))
    }

    /// The reader of a connection, and the connection's place in it.
    fn of(&mut self, number: u32) -> Result<(&mut Reader, usize), u32> {
        for reader in &mut self.readers {
            if let Some(place) = reader.handles.iter().position(|handle| handle.number == number) {
                return Ok((reader, place));
            }
        }
        Err(code::INVALID_HANDLE)
    }

    /// The connection knows the card as it is now; gives its protocol.
    pub(super) fn reconnect(&mut self, number: u32, share: u32, initialization: u32) -> Result<u32, u32> {
        let (reader, place) = self.of(number)?;
        reader.is_free_for(number)?;
        let protocol = reader.protocol()?;
        let exclusive = share == EXCLUSIVE;
        if exclusive && reader.handles.len() > 1 {
            return Err(code::SHARING_VIOLATION);
        }
        if initialization != LEAVE {
            reader.reset();
        }
        let (insertion, resets) = (reader.events, reader.resets);
        let handle = &mut reader.handles[place];
        (handle.insertion, handle.resets, handle.exclusive) = (insertion, resets, exclusive);
        Ok(protocol)
    }

    pub(super) fn disconnect(&mut self, number: u32, disposition: u32) -> Result<(), u32> {
        let (reader, place) = self.of(number)?;
        let there = reader.is_unchanged(place).is_ok();
        reader.handles.remove(place);
        if reader.held_by == Some(number) {
            reader.held_by = None;
        }
        if disposition != LEAVE && there {
            reader.reset();
        }
        Ok(())
    }

    /// A client has gone: its connections end, and their cards are reset.
    pub(super) fn gone(&mut self, client: u32) {
        let all = self.readers.iter().flat_map(|reader| &reader.handles);
        let left: Vec<u32> = all
            .filter(|handle| handle.client == client)
            .map(|handle| handle.number)
            .collect();
        for number in left {
            let _ = self.disconnect(number, 1);
        }
    }

    pub(super) fn begin(&mut self, number: u32) -> Result<(), u32> {
        let (reader, place) = self.of(number)?;
        reader.is_unchanged(place)?;
        reader.is_free_for(number)?;
        reader.held_by = Some(number);
        Ok(())
    }

    pub(super) fn end(&mut self, number: u32, disposition: u32) -> Result<(), u32> {
        let (reader, place) = self.of(number)?;
        reader.held_by = None;
        reader.is_unchanged(place)?;
        if disposition != LEAVE {
            reader.reset();
        }
        Ok(())
    }

    pub(super) fn status(&mut self, number: u32) -> Result<(), u32> {
        let (reader, place) = self.of(number)?;
        reader.is_free_for(number)?;
        reader.is_unchanged(place)
    }

    /// What the card answers; the card may have gone away meanwhile.
    pub(super) fn transmit(&mut self, number: u32, command: &[u8]) -> Result<Vec<u8>, u32> {
        let (reader, place) = self.of(number)?;
        reader.is_unchanged(place)?;
        reader.is_free_for(number)?;
        let Inside::Card { card, .. } = &reader.inside else {
            return Err(code::NOT_TRANSACTED);
        };
        let (answer, present) = {
            let mut sim = card.sim();
            (sim.transmit(command), sim.is_present())
        };
        if !present {
            reader.put(Inside::Nothing);
            return Err(code::REMOVED_CARD);
        }
        match answer.is_empty() {
            true => Err(code::NOT_TRANSACTED),
            false => Ok(answer),
        }
    }
}

impl Reader {
    fn put(&mut self, inside: Inside) {
        self.events += 1;
        self.held_by = None;
        self.inside = inside;
    }

    fn protocol(&self) -> Result<u32, u32> {
        match &self.inside {
            Inside::Nothing => Err(code::NO_SMARTCARD),
            Inside::Mute => Err(code::UNRESPONSIVE_CARD),
            Inside::Bare(_) => Ok(1),
            Inside::Card { protocol, .. } => Ok(*protocol),
        }
    }

    /// No other connection has a transaction.
    fn is_free_for(&self, number: u32) -> Result<(), u32> {
        match self.held_by {
            Some(holder) if holder != number => Err(code::SHARING_VIOLATION),
            _ => Ok(()),
        }
    }

    /// The card is the one that the connection knows, and was not reset by another.
    fn is_unchanged(&self, place: usize) -> Result<(), u32> {
        let handle = &self.handles[place];
        if handle.insertion != self.events {
            return Err(code::REMOVED_CARD);
        }
        match handle.resets == self.resets {
            true => Ok(()),
            false => Err(code::RESET_CARD),
        }
    }

    fn reset(&mut self) {
        self.resets += 1;
        if let Inside::Card { card, .. } = &self.inside {
            card.sim().reset();
        }
    }

    fn describe(&self, place: &mut [u8]) {
        let length = self.name.len().min(NAME - 1);
        place[..length].copy_from_slice(&self.name.as_bytes()[..length]);
        let mut put = |at: usize, number: u32| place[at..at + 4].copy_from_slice(&number.to_ne_bytes());
        let (state, atr, protocol) = match &self.inside {
            Inside::Nothing => (ABSENT, &[][..], 0),
            Inside::Mute => (SWALLOWED, &[][..], 0),
            Inside::Bare(atr) => (PRESENT, &atr[..], 1),
            Inside::Card { atr, protocol, .. } => (PRESENT, &atr[..], *protocol),
        };
        put(EVENT_COUNTER, self.events);
        put(STATE, state);
        // -1: for one connection alone.
        let exclusive = self.handles.iter().any(|handle| handle.exclusive);
        put(
            SHARING,
            if exclusive {
                u32::MAX
            } else {
                self.handles.len() as u32
            },
        );
        put(ATR_LENGTH, atr.len() as u32);
        put(PROTOCOL, protocol);
        place[ATR..ATR + atr.len()].copy_from_slice(atr);
    }
}
