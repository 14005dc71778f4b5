//! A PC/SC service that speaks the protocol of pcscd, with simulated cards in its readers, and
//! misbehaves when it is told to. What stands between it and the module is the system's own client
//! library. No rights, no daemon and no driver are needed: a socket is all.

mod readers;

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use sim_cards::SimCard;

use crate::{Card, READER};
use readers::{Shelf, code};

/// How it treats those who connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As pcscd does.
    Serves,
    /// It has as many clients as it takes: whoever comes is turned away.
    IsFull,
    /// It takes everybody and answers nothing.
    IsSilent,
    /// It lets nobody use it, as polkit may want.
    Refuses,
    /// It speaks this minor version of the protocol, and no other.
    Speaks(u32),
}

/// Messages of pcscd's protocol (winscard_msg.h of pcsc-lite), by their number.
const ESTABLISH_CONTEXT: u32 = 0x01;
const CONNECT: u32 = 0x04;
const RECONNECT: u32 = 0x05;
const DISCONNECT: u32 = 0x06;
const BEGIN_TRANSACTION: u32 = 0x07;
const END_TRANSACTION: u32 = 0x08;
const TRANSMIT: u32 = 0x09;
const CONTROL: u32 = 0x0A;
const STATUS: u32 = 0x0B;
const CANCEL: u32 = 0x0D;
const GET_ATTRIBUTE: u32 = 0x0F;
const VERSION: u32 = 0x11;
const GET_READERS_STATE: u32 = 0x12;
const WAIT_READER_STATE_CHANGE: u32 = 0x13;
const STOP_WAITING: u32 = 0x14;

/// The ATR of a card that is nothing but there.
const BARE: [u8; 2] = [0x3B, 0x00];

struct State {
    manner: Manner,
    shelf: Shelf,
    /// Clients that wait for an event, with their context.
    waiting: Vec<(u32, Arc<UnixStream>)>,
}

impl State {
    /// Those who wait learn that something has happened.
    fn tell(&mut self) {
        for (_, client) in self.waiting.drain(..) {
            let _ = (&*client).write_all(&[0; 8]);
        }
    }
}

struct Shared {
    state: Mutex<State>,
    connections: AtomicUsize,
    looks: AtomicUsize,
    waits: AtomicUsize,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The service, until its process ends.
#[derive(Clone)]
pub struct Pcscd {
    shared: Arc<Shared>,
}

impl Pcscd {
    /// Listens at `path`, with one empty reader. For the client library in this process
    /// `PCSCLITE_CSOCK_NAME` is set: nobody may have used it before, nor may other threads look at
    /// the environment.
    pub fn start(path: &Path, manner: Manner) -> Pcscd {
        let service = Pcscd::listen(path);
        service.set(manner);
        service.plug(READER);
        // SAFETY: this process has no thread that looks at it, as the caller says.
        unsafe { std::env::set_var("PCSCLITE_CSOCK_NAME", path) };
        service
    }

    /// Listens at `path`, without a reader, for processes that have it in `PCSCLITE_CSOCK_NAME`.
    pub fn listen(path: &Path) -> Pcscd {
        let _ = std::fs::remove_file(path);
        let listener = UnixListener::bind(path).expect("a socket");
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                manner: Manner::Serves,
                shelf: Shelf::default(),
                waiting: Vec::new(),
            }),
            connections: AtomicUsize::new(0),
            looks: AtomicUsize::new(0),
            waits: AtomicUsize::new(0),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let number = serving.connections.fetch_add(1, Ordering::SeqCst) + 1;
                let manner = serving.lock().manner;
                match manner {
                    Manner::IsFull => drop(client),
                    Manner::IsSilent => std::mem::forget(client),
                    Manner::Serves | Manner::Refuses | Manner::Speaks(_) => {
                        let serving = Arc::clone(&serving);
                        drop(thread::spawn(move || {
                            serve(&serving, client, number as u32);
                            serving.lock().shelf.gone(number as u32);
                        }));
                    }
                }
            }
        });
        Pcscd { shared }
    }

    /// From now on it treats those who connect in this manner.
    pub fn set(&self, manner: Manner) {
        self.shared.lock().manner = manner;
    }

    fn change<T>(&self, change: impl FnOnce(&mut Shelf) -> T) -> T {
        let mut state = self.shared.lock();
        let result = change(&mut state.shelf);
        state.tell();
        result
    }

    /// Attaches a reader.
    pub fn plug(&self, name: &str) {
        self.change(|shelf| shelf.plug(name));
    }

    /// Detaches a reader.
    pub fn unplug(&self, name: &str) {
        self.change(|shelf| shelf.unplug(name));
    }

    /// Puts a card into a reader.
    pub fn insert(&self, name: &str, card: SimCard) -> Card {
        self.change(|shelf| shelf.insert(name, card))
    }

    /// Puts a card into a reader of which nothing but this ATR is known.
    pub fn insert_bare(&self, name: &str, atr: &[u8]) {
        self.change(|shelf| shelf.insert_bare(name, atr));
    }

    /// Puts a card into a reader that does not answer.
    pub fn insert_mute(&self, name: &str) {
        self.change(|shelf| shelf.insert_mute(name));
    }

    /// Pulls the card out of a reader.
    pub fn pull(&self, name: &str) {
        self.change(|shelf| shelf.pull(name));
    }

    /// Another program takes the card in a reader for itself, until it is pulled.
    pub fn hold(&self, name: &str) {
        self.change(|shelf| shelf.hold(name));
    }

    /// A card comes into the one reader of [`Pcscd::start`], or goes.
    pub fn event(&self) {
        self.change(|shelf| match shelf.is_occupied(READER) {
            true => shelf.pull(READER),
            false => shelf.insert_bare(READER, &BARE),
        });
    }

    /// Clients that have connected, or tried to.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Questions for the state of the readers.
    pub fn looks(&self) -> usize {
        self.shared.looks.load(Ordering::SeqCst)
    }

    /// Waits for an event that were begun.
    pub fn waits(&self) -> usize {
        self.shared.waits.load(Ordering::SeqCst)
    }
}

/// A message: its number fields, and its return value at the end.
struct Message(Vec<u8>);

impl Message {
    fn number(&self, at: usize) -> u32 {
        u32::from_ne_bytes(self.0[at..at + 4].try_into().unwrap())
    }

    fn put(&mut self, at: usize, number: u32) {
        self.0[at..at + 4].copy_from_slice(&number.to_ne_bytes());
    }

    /// The message as it goes back, with this return value.
    fn answered(mut self, code: u32) -> Vec<u8> {
        let end = self.0.len() - 4;
        self.put(end, code);
        self.0
    }

    fn with(self, result: Result<(), u32>) -> Vec<u8> {
        self.answered(result.err().unwrap_or(code::SUCCESS))
    }
}

/// Places in messages: the share mode, handle and protocol of a connection behind the name of its
/// reader, the number of bytes that a command has and that an answer has.
const NAME: std::ops::Range<usize> = 4..132;
const SHARE_MODE: usize = 132;
const NEW_HANDLE: usize = 140;
const NEW_PROTOCOL: usize = 144;
const COMMAND_LENGTH: usize = 12;
const ANSWER_LENGTH: usize = 24;
const CONTROL_LENGTH: usize = 8;
const CONTROL_ANSWER_LENGTH: usize = 16;

/// Answers one client, who has this number, until it leaves.
fn serve(shared: &Shared, client: UnixStream, number: u32) {
    // Shared and not cloned: there may be no descriptor left.
    let stream = Arc::new(client);
    let mut client = &*stream;
    let mut header = [0; 8];
    while client.read_exact(&mut header).is_ok() {
        let [size, command] = [0, 4].map(|at| u32::from_ne_bytes(header[at..at + 4].try_into().unwrap()));
        let mut body = vec![0; size as usize];
        if client.read_exact(&mut body).is_err() {
            return;
        }
        let mut message = Message(body);
        let more = match command {
            TRANSMIT => message.number(COMMAND_LENGTH),
            CONTROL => message.number(CONTROL_LENGTH),
            _ => 0,
        };
        let mut data = vec![0; more as usize];
        if client.read_exact(&mut data).is_err() {
            return;
        }
        let mut state = shared.lock();
        let shelf = &mut state.shelf;
        let answer = match command {
            GET_READERS_STATE => {
                shared.looks.fetch_add(1, Ordering::SeqCst);
                shelf.states()
            }
            WAIT_READER_STATE_CHANGE => {
                shared.waits.fetch_add(1, Ordering::SeqCst);
                let states = shelf.states();
                state.waiting.push((number, Arc::clone(&stream)));
                states
            }
            STOP_WAITING => {
                let before = state.waiting.len();
                state.waiting.retain(|(who, _)| *who != number);
                // Whoever was told of an event meanwhile has its answer.
                if state.waiting.len() == before {
                    continue;
                }
                vec![0; 8]
            }
            CANCEL => {
                let of = message.number(0);
                state.waiting.retain(|(who, waiting)| {
                    let told = [[0; 4], code::CANCELLED.to_ne_bytes()].concat();
                    *who != of || (&**waiting).write_all(&told).is_err()
                });
                message.answered(code::SUCCESS)
            }
            VERSION => match state.manner {
                Manner::Speaks(minor) if message.number(4) != minor => {
                    message.put(4, minor);
                    message.answered(code::NO_SERVICE)
                }
                _ => message.answered(code::SUCCESS),
            },
            ESTABLISH_CONTEXT => {
                message.put(4, number);
                message.answered(match state.manner {
                    Manner::Refuses => code::SECURITY_VIOLATION,
                    _ => code::SUCCESS,
                })
            }
            CONNECT => {
                let name = message.0[NAME]
                    .split(|byte| *byte == 0)
                    .next()
                    .unwrap_or_default();
                let name = String::from_utf8_lossy(name).into_owned();
                let made = shelf.connect(number, &name, message.number(SHARE_MODE));
                if let Ok((handle, protocol)) = made {
                    message.put(NEW_HANDLE, handle);
                    message.put(NEW_PROTOCOL, protocol);
                }
                message.with(made.map(drop))
            }
            RECONNECT => {
                let made = shelf.reconnect(message.number(0), message.number(4), message.number(12));
                if let Ok(protocol) = made {
                    message.put(16, protocol);
                }
                message.with(made.map(drop))
            }
            DISCONNECT => {
                let done = shelf.disconnect(message.number(0), message.number(4));
                message.with(done)
            }
            BEGIN_TRANSACTION => {
                let done = shelf.begin(message.number(0));
                message.with(done)
            }
            END_TRANSACTION => {
                let done = shelf.end(message.number(0), message.number(4));
                message.with(done)
            }
            STATUS => {
                let done = shelf.status(message.number(0));
                message.with(done)
            }
            TRANSMIT => match shelf.transmit(message.number(0), &data) {
                Ok(answer) => {
                    message.put(ANSWER_LENGTH, answer.len() as u32);
                    [message.answered(code::SUCCESS), answer].concat()
                }
                Err(why) => message.answered(why),
            },
            CONTROL => {
                let done = shelf.status(message.number(0));
                message.put(CONTROL_ANSWER_LENGTH, 0);
                message.with(done)
            }
            GET_ATTRIBUTE => message.answered(code::UNSUPPORTED),
            _ => message.answered(code::SUCCESS),
        };
        drop(state);
        if client.write_all(&answer).is_err() {
            return;
        }
    }
}
