//! A PC/SC service that speaks the protocol of pcscd as far as readers and their events go, and
//! misbehaves when it is told to. What stands between it and the module is the system's own client
//! library.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::READER;

/// How it treats those who connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As pcscd does.
    Serves,
    /// It has as many clients as it takes: whoever comes is turned away.
    IsFull,
    /// It takes everybody and answers nothing.
    IsSilent,
}

/// Messages of pcscd's protocol (winscard_msg.h of pcsc-lite), by their number.
const ESTABLISH_CONTEXT: u32 = 0x01;
const CANCEL: u32 = 0x0D;
const GET_READERS_STATE: u32 = 0x12;
const WAIT_READER_STATE_CHANGE: u32 = 0x13;
const STOP_WAITING: u32 = 0x14;

/// Readers that an answer has room for, and the length of each there.
const READERS: usize = 16;
const READER_STATE: usize = 184;

/// Places in it.
const EVENT_COUNTER: usize = 128;
const STATE: usize = 132;
const ATR: usize = 140;
const ATR_LENGTH: usize = 176;

/// `readerState` without and with a card.
const ABSENT: u32 = 0x02;
const PRESENT: u32 = 0x34;

const CANCELLED: u32 = 0x8010_0002;

struct State {
    manner: Manner,
    /// Insertions and removals of the one reader: odd with a card.
    events: u32,
    /// Clients that wait for an event, with their context.
    waiting: Vec<(u32, Arc<UnixStream>)>,
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
        let _ = std::fs::remove_file(path);
        let listener = UnixListener::bind(path).expect("a socket");
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                manner,
                events: 0,
                waiting: Vec::new(),
            }),
            connections: AtomicUsize::new(0),
            looks: AtomicUsize::new(0),
            waits: AtomicUsize::new(0),
        });
        // SAFETY: this process has no thread that looks at it, as the caller says.
        unsafe { std::env::set_var("PCSCLITE_CSOCK_NAME", path) };
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                serving.connections.fetch_add(1, Ordering::SeqCst);
                let manner = serving.lock().manner;
                match manner {
                    Manner::Serves => {
                        let serving = Arc::clone(&serving);
                        drop(thread::spawn(move || serve(&serving, client)));
                    }
                    Manner::IsFull => drop(client),
                    Manner::IsSilent => std::mem::forget(client),
                }
            }
        });
        Pcscd { shared }
    }

    /// From now on it treats those who connect in this manner.
    pub fn set(&self, manner: Manner) {
        self.shared.lock().manner = manner;
    }

    /// A card comes, or goes.
    pub fn event(&self) {
        let mut state = self.shared.lock();
        state.events += 1;
        for (_, client) in state.waiting.drain(..) {
            let _ = (&*client).write_all(&[0; 8]);
        }
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

/// Answers one client until it leaves.
fn serve(shared: &Shared, client: UnixStream) {
    // Shared and not cloned: there may be no descriptor left.
    let stream = Arc::new(client);
    let mut client = &*stream;
    let mut context = 0;
    let mut header = [0; 8];
    while client.read_exact(&mut header).is_ok() {
        let [size, command] = [0, 4].map(|at| u32::from_ne_bytes(header[at..at + 4].try_into().unwrap()));
        let mut body = vec![0; size as usize];
        if client.read_exact(&mut body).is_err() {
            return;
        }
        let mut state = shared.lock();
        let answer = match command {
            GET_READERS_STATE => {
                shared.looks.fetch_add(1, Ordering::SeqCst);
                readers(&state)
            }
            WAIT_READER_STATE_CHANGE => {
                shared.waits.fetch_add(1, Ordering::SeqCst);
                state.waiting.push((context, Arc::clone(&stream)));
                readers(&state)
            }
            STOP_WAITING => {
                let before = state.waiting.len();
                state.waiting.retain(|(who, _)| *who != context);
                // Whoever was told of an event meanwhile has its answer.
                if state.waiting.len() == before {
                    continue;
                }
                vec![0; 8]
            }
            CANCEL => {
                let of = u32::from_ne_bytes(body[..4].try_into().unwrap());
                state.waiting.retain(|(who, waiting)| {
                    let told = [[0; 4], CANCELLED.to_ne_bytes()].concat();
                    *who != of || (&**waiting).write_all(&told).is_err()
                });
                with_success(body)
            }
            ESTABLISH_CONTEXT => {
                context = shared.connections.load(Ordering::SeqCst) as u32;
                body[4..8].copy_from_slice(&context.to_ne_bytes());
                with_success(body)
            }
            _ => with_success(body),
        };
        drop(state);
        if client.write_all(&answer).is_err() {
            return;
        }
    }
}

/// The last field of each message is its return value.
fn with_success(mut body: Vec<u8>) -> Vec<u8> {
    let end = body.len() - 4;
    body[end..].fill(0);
    body
}

fn readers(state: &State) -> Vec<u8> {
    let mut all = vec![0; READERS * READER_STATE];
    let present = state.events % 2 == 1;
    all[..READER.len()].copy_from_slice(READER.as_bytes());
    let mut put = |at: usize, number: u32| all[at..at + 4].copy_from_slice(&number.to_ne_bytes());
    put(EVENT_COUNTER, state.events);
    put(STATE, if present { PRESENT } else { ABSENT });
    if present {
        put(ATR_LENGTH, 2);
        all[ATR..ATR + 2].copy_from_slice(&[0x3B, 0x00]);
    }
    all
}
