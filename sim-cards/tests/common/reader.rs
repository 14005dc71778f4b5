//! The reader's end of vpcd's protocol.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use sim_cards::hex;

/// The reader's end: listens as pcscd's driver does.
pub struct VirtualReader(pub TcpListener);

/// A card as the reader sees it.
pub struct Card(TcpStream);

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
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a time limit");
        let mut card = Card(stream);
        card.order(1);
        card
    }
}

impl Card {
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

    pub fn is_pulled(&mut self) -> bool {
        self.receive().is_none()
    }
}
