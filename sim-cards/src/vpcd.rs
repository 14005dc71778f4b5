//! The card side of vsmartcard's virtual reader (vpcd): a TCP connection to the reader's port, each message led by
//! its length in two bytes, most significant first.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
#[cfg(target_os = "linux")]
use std::os::linux::net::TcpStreamExt;
use std::sync::{Mutex, PoisonError};

use crate::card::SimCard;

/// The port of the first virtual reader; the others listen one above the other.
pub const PORT: u16 = 35963;

/// A message of one byte is an order of the reader.
const POWER_OFF: u8 = 0;
const POWER_ON: u8 = 1;
const RESET: u8 = 2;
const GET_ATR: u8 = 4;

/// A connection to a virtual reader: the card is inserted as long as it lives.
pub struct Reader {
    stream: TcpStream,
}

impl Reader {
    /// Inserts into the reader that listens at this address.
    pub fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream })
    }

    /// Serves the reader until it closes the connection or the card is pulled out.
    pub fn serve(&mut self, card: &mut SimCard) -> io::Result<()> {
        while let Some(message) = self.receive()? {
            if self.reply(Obeyed::by(card, &message))? == Served::Pulled {
                break;
            }
        }
        Ok(())
    }

    /// The same with a card that others look at meanwhile: it is locked for one message at a time. `exchanged` is told
    /// the number of each command whose answer was sent.
    pub fn serve_shared(&mut self, card: &Mutex<SimCard>, exchanged: &dyn Fn(u64)) -> io::Result<()> {
        while let Some(message) = self.receive()? {
            let (obeyed, number) = {
                let mut card = card.lock().unwrap_or_else(PoisonError::into_inner);
                let before = card.totals().apdus;
                let obeyed = Obeyed::by(&mut card, &message);
                let number = card.totals().apdus;
                (obeyed, (number > before).then_some(number))
            };
            if self.reply(obeyed)? == Served::Pulled {
                break;
            }
            number.into_iter().for_each(exchanged);
        }
        Ok(())
    }

    /// What takes the card out from elsewhere: a serve that runs comes to its end.
    pub fn hang_up(&self) -> io::Result<HangUp> {
        self.stream.try_clone().map(HangUp)
    }

    fn reply(&mut self, obeyed: Obeyed) -> io::Result<Served> {
        match obeyed {
            Obeyed::Silently => {}
            Obeyed::With(answer) => self.send(&answer)?,
            Obeyed::Pulled => return Ok(Served::Pulled),
        }
        Ok(Served::On)
    }

    fn receive(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut length = [0; 2];
        match self.stream.read_exact(&mut length) {
            Err(error) if is_hang_up(&error) => return Ok(None),
            result => result?,
        }
        // The driver sends length and message apart, and the kernel holds the second back until the first is acknowledged:
        // without this, 40 ms for each command.
        #[cfg(target_os = "linux")]
        self.stream.set_quickack(true)?;
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        self.stream.read_exact(&mut message)?;
        Ok(Some(message))
    }

    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let length = u16::try_from(message.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        self.stream.write_all(&[&length.to_be_bytes(), message].concat())
    }
}

/// Whether the card goes on being served.
#[derive(PartialEq, Eq)]
enum Served {
    On,
    Pulled,
}

/// What a card did with a message of its reader.
enum Obeyed {
    Silently,
    With(Vec<u8>),
    /// It is no longer in the reader.
    Pulled,
}

impl Obeyed {
    fn by(card: &mut SimCard, message: &[u8]) -> Self {
        if !card.is_present() {
            return Self::Pulled;
        }
        match message {
            [POWER_OFF] => card.power_off(),
            [POWER_ON] => drop(card.power_on()),
            [RESET] => drop(card.reset()),
            [GET_ATR] => return Self::With(card.atr().to_vec()),
            command => {
                let answer = card.transmit(command);
                return if card.is_present() {
                    Self::With(answer)
                } else {
                    Self::Pulled
                };
            }
        }
        Self::Silently
    }
}

/// Takes the card out of its reader.
pub struct HangUp(TcpStream);

impl HangUp {
    /// Ends the connection; nothing happens if it ended before.
    pub fn now(&self) {
        // A connection that is gone cannot be shut down, and need not be.
        drop(self.0.shutdown(Shutdown::Both));
    }
}

fn is_hang_up(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset
    )
}
