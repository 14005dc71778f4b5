//! One reader with one slot: a Unix socket at which a card is inserted by connecting, and removed by closing.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use sim_cards::control::socket;
use sim_cards::vpcd::{self, order};

/// A slot, with or without a card.
pub struct Slot {
    path: PathBuf,
    listener: UnixListener,
    card: Option<UnixStream>,
}

impl Slot {
    /// An empty slot at this socket. Every user may insert a card, as every user may ask pcscd for it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let listener = socket::bind(path)?;
        listener.set_nonblocking(true)?;
        fs::set_permissions(path, Permissions::from_mode(0o666))?;
        Ok(Self {
            path: path.to_owned(),
            listener,
            card: None,
        })
    }

    /// Whether a card is in, which shows by its ATR; lets one in that waits, and sends away who comes second.
    pub fn is_occupied(&mut self) -> bool {
        let mut occupied = self.atr().is_some();
        // Nothing but the next knock is lost when one cannot be answered.
        while let Ok((card, _)) = self.listener.accept() {
            if occupied {
                drop(refuse(card));
            } else {
                self.card = card.set_nonblocking(false).is_ok().then_some(card);
                occupied = self.atr().is_some();
            }
        }
        occupied
    }

    /// The ATR of the card; `None` without one.
    pub fn atr(&mut self) -> Option<Vec<u8>> {
        self.exchange(&[order::GET_ATR])
    }

    /// Gives the card power and gives its ATR.
    pub fn power_on(&mut self) -> Option<Vec<u8>> {
        self.tell(order::POWER_ON)?;
        self.atr()
    }

    /// Resets the card and gives its ATR.
    pub fn reset(&mut self) -> Option<Vec<u8>> {
        self.tell(order::RESET)?;
        self.atr()
    }

    /// Takes the power away.
    pub fn power_off(&mut self) -> Option<()> {
        self.tell(order::POWER_OFF)
    }

    /// Sends a command and gives the answer: empty from a card that is mute; `None` if there is no card, or no more.
    pub fn exchange(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        self.with_card(|card| {
            vpcd::send(card, message)?;
            vpcd::receive(card)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
        })
    }

    fn tell(&mut self, order: u8) -> Option<()> {
        self.with_card(|card| vpcd::send(card, &[order]))
    }

    /// A card whose connection fails is out.
    fn with_card<T>(&mut self, work: impl FnOnce(&mut UnixStream) -> io::Result<T>) -> Option<T> {
        let done = work(self.card.as_mut()?);
        if done.is_err() {
            self.card = None;
        }
        done.ok()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // Somebody else may have removed it.
        drop(fs::remove_file(&self.path));
    }
}

fn refuse(mut card: UnixStream) -> io::Result<()> {
    card.set_nonblocking(true)?;
    vpcd::send(&mut card, &[order::OCCUPIED])
}
