//! The card side of vsmartcard's virtual reader (vpcd): a TCP connection to the reader's port, each message led by
//! its length in two bytes, most significant first.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};

use crate::card::SimCard;

/// The port of the first virtual reader; the second listens one above.
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
        while card.is_present() {
            let Some(message) = self.receive()? else { break };
            match message.as_slice() {
                [POWER_OFF] => card.power_off(),
                [POWER_ON] => drop(card.power_on()),
                [RESET] => drop(card.reset()),
                [GET_ATR] => self.send(card.atr())?,
                command => {
                    let answer = card.transmit(command);
                    if card.is_present() {
                        self.send(&answer)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn receive(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut length = [0; 2];
        match self.stream.read_exact(&mut length) {
            Err(error) if is_hang_up(&error) => return Ok(None),
            result => result?,
        }
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        self.stream.read_exact(&mut message)?;
        Ok(Some(message))
    }

    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let length = u16::try_from(message.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        self.stream.write_all(&[&length.to_be_bytes(), message].concat())
    }
}

fn is_hang_up(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset
    )
}
