//! The reader's end of vpcd's protocol.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::Duration;

use sim_cards::hex;

/// The reader's end: listens as pcscd's driver does.
pub struct VirtualReader(pub TcpListener);

/// The reader's end at a Unix socket, as the driver of `sim-cards/reader` has it.
pub struct SocketReader {
    pub path: PathBuf,
    listener: UnixListener,
}

/// A card as the reader sees it.
pub struct Card(Box<dyn Stream>);

pub trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

const LONGEST_WAIT: Option<Duration> = Some(Duration::from_secs(60));

impl SocketReader {
    /// A reader of this name.
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sim-cards-{}-{name}", std::process::id()));
        let listener = UnixListener::bind(&path).expect("a socket");
        Self { path, listener }
    }

    pub fn card(&self) -> Card {
        let (stream, _) = self.listener.accept().expect("a card");
        stream.set_read_timeout(LONGEST_WAIT).expect("a time limit");
        Card::powered(Box::new(stream))
    }

    /// Sends a card away.
    pub fn refuse(&self) {
        let (mut stream, _) = self.listener.accept().expect("a card");
        stream.write_all(&[0, 1, 0x80]).expect("an order");
    }
}

impl Drop for SocketReader {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl VirtualReader {
    /// Some readers whose ports follow each other.
    pub fn row(count: u16) -> (u16, Vec<Self>) {
        for first in (42_000..60_000).step_by(16) {
            let readers: Result<Vec<_>, _> = (first..first + count)
                .map(|port| TcpListener::bind(("127.0.0.1", port)).map(Self))
                .collect();
            if let Ok(readers) = readers {
                return (first, readers);
            }
        }
        panic!("no free ports");
    }

    pub fn card(&self) -> Card {
        let (stream, _) = self.0.accept().expect("a card");
        stream.set_read_timeout(LONGEST_WAIT).expect("a time limit");
        Card::powered(Box::new(stream))
    }
}

impl Card {
    fn powered(stream: Box<dyn Stream>) -> Self {
        let mut card = Self(stream);
        card.order(1);
        card
    }

    /// Goes on as pcscd does: it has the ATR, and asks again whether the card is there.
    pub fn acquainted(mut self) -> Self {
        self.atr();
        self.atr();
        self
    }

    pub fn order(&mut self, order: u8) {
        self.0.write_all(&[0, 1, order]).expect("an order");
    }

    pub fn atr(&mut self) -> String {
        self.order(4);
        self.receive().expect("an ATR")
    }

    /// `None` if the card was pulled.
    pub fn transmit(&mut self, command: &str) -> Option<String> {
        let command = hex::decode(command).expect("hexadecimal");
        let length = u16::try_from(command.len()).expect("a short command");
        let message = [&length.to_be_bytes(), command.as_slice()].concat();
        self.0.write_all(&message).ok()?;
        self.receive()
    }

    fn receive(&mut self) -> Option<String> {
        let mut length = [0; 2];
        match self.0.read_exact(&mut length) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("neither an answer nor an end"),
            Err(_) => return None,
        }
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        self.0.read_exact(&mut answer).ok()?;
        Some(hex::encode(&answer))
    }

    /// The reader goes away.
    pub fn close(&mut self) {
        self.0 = Box::new(std::io::Cursor::new(Vec::new()));
    }

    pub fn is_pulled(&mut self) -> bool {
        self.receive().is_none()
    }
}
