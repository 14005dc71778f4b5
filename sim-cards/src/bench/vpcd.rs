//! The card side of a virtual reader, that of vsmartcard (vpcd) or that of `sim-cards/reader`: a connection to the reader's
//! port or socket, each message led by its length in two bytes, most significant first.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::card::SimCard;

/// The port of vpcd's first reader; the others listen one above the other.
pub const PORT: u16 = 35963;

/// A message of one byte is an order of the reader.
pub mod order {
    /// The reader takes the power away.
    pub const POWER_OFF: u8 = 0;
    /// The reader powers the card.
    pub const POWER_ON: u8 = 1;
    /// The reader resets the card.
    pub const RESET: u8 = 2;
    /// The only one that is answered.
    pub const GET_ATR: u8 = 4;
    /// There is a card in the reader already. vpcd does not say it, and leaves who comes second without a word.
    pub const OCCUPIED: u8 = 0x80;
}

/// Where a reader waits for its card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// vpcd's.
    Port(String, u16),
    /// A Unix socket: that of the driver in `sim-cards/reader`.
    Socket(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(host, port) => write!(f, "{host} port {port}"),
            Self::Socket(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A connection to a virtual reader: the card is inserted as long as it lives.
pub struct Reader {
    stream: Stream,
    acquaintance: Acquaintance,
}

/// How a card came out of its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// A fault pulled it.
    Pulled,
    /// The reader closed, or was told to ([`HangUp`]).
    Closed,
    /// It never was in: another card is.
    Occupied,
}

/// Who looks on while a card is served.
pub trait Watch {
    /// The reader has powered the card, has its ATR, and goes on with it: whoever asks PC/SC from now on finds the card.
    fn seen(&self) {}

    /// The card's command number `number` was answered.
    fn exchanged(&self, number: u64) {
        let _ = number;
    }
}

/// Nobody.
impl Watch for () {}

impl Reader {
    /// Inserts into vpcd's reader at this address. [`io::ErrorKind::AddrInUse`] if it is a reader of this machine, and holds
    /// a card.
    pub fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        let addresses: Vec<_> = address.to_socket_addrs()?.collect();
        if addresses.iter().any(is_taken) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let stream = TcpStream::connect(addresses.as_slice())?;
        stream.set_nodelay(true)?;
        Ok(Self::on(Stream::Tcp(stream)))
    }

    /// Inserts into the reader at this address.
    pub fn connect_to(address: &Address) -> io::Result<Self> {
        match address {
            Address::Port(host, port) => Self::connect((host.as_str(), *port)),
            #[cfg(unix)]
            Address::Socket(path) => UnixStream::connect(path).map(Stream::Unix).map(Self::on),
            #[cfg(not(unix))]
            Address::Socket(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn on(stream: Stream) -> Self {
        Self {
            stream,
            acquaintance: Acquaintance::None,
        }
    }

    /// Serves the reader until it closes the connection or the card is pulled out.
    pub fn serve(&mut self, card: &mut SimCard) -> io::Result<Ending> {
        while let Some(message) = receive(&mut self.stream)? {
            if let Some(ending) = self.reply(Obeyed::by(card, &message))? {
                return Ok(ending);
            }
        }
        Ok(Ending::Closed)
    }

    /// The same with a card that others look at meanwhile: it is locked for one message at a time.
    pub fn serve_shared(&mut self, card: &Mutex<SimCard>, watch: &dyn Watch) -> io::Result<Ending> {
        while let Some(message) = receive(&mut self.stream)? {
            if self.acquaintance.grows(&message) {
                watch.seen();
            }
            let (obeyed, number) = {
                let mut card = card.lock().unwrap_or_else(PoisonError::into_inner);
                let before = card.totals().apdus;
                let obeyed = Obeyed::by(&mut card, &message);
                let number = card.totals().apdus;
                (obeyed, (number > before).then_some(number))
            };
            if let Some(ending) = self.reply(obeyed)? {
                return Ok(ending);
            }
            number.into_iter().for_each(|number| watch.exchanged(number));
        }
        Ok(Ending::Closed)
    }

    /// What takes the card out from elsewhere: a serve that runs comes to its end.
    pub fn hang_up(&self) -> io::Result<HangUp> {
        self.stream.try_clone().map(HangUp)
    }

    fn reply(&mut self, obeyed: Obeyed) -> io::Result<Option<Ending>> {
        match obeyed {
            Obeyed::Silently => {}
            Obeyed::With(answer) => match send(&mut self.stream, &answer) {
                Err(error) if is_hang_up(&error) => return Ok(Some(Ending::Closed)),
                result => result?,
            },
            Obeyed::NotIn(ending) => return Ok(Some(ending)),
        }
        Ok(None)
    }
}

/// The card is out, also while a [`HangUp`] is left.
impl Drop for Reader {
    fn drop(&mut self) {
        self.stream.shutdown();
    }
}

/// Whether somebody is connected to this port of this machine: vpcd lets a second card wait without a word until the
/// first one leaves. Only Linux tells it.
fn is_taken(address: &SocketAddr) -> bool {
    /// `TCP_ESTABLISHED` as `/proc/net/tcp` writes it.
    const ESTABLISHED: &str = "01";
    let table = match address {
        SocketAddr::V4(_) => "/proc/net/tcp",
        SocketAddr::V6(_) => "/proc/net/tcp6",
    };
    let port = format!(":{:04X}", address.port());
    let connected = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let (local, _, state) = (words.next(), words.next(), words.next());
        local.is_some_and(|local| local.ends_with(&port)) && state == Some(ESTABLISHED)
    };
    address.ip().is_loopback()
        && std::fs::read_to_string(table).is_ok_and(|table| table.lines().any(connected))
}

/// Sends one message.
pub fn send(stream: &mut impl Write, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    stream.write_all(&[&length.to_be_bytes(), message].concat())
}

/// Receives one message; `None` if the other end has closed.
pub fn receive(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 2];
    match stream.read_exact(&mut length) {
        Err(error) if is_hang_up(&error) => return Ok(None),
        result => result?,
    }
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message)?;
    Ok(Some(message))
}

/// How far a reader has come with a card that is new to it.
#[derive(PartialEq, Eq)]
enum Acquaintance {
    None,
    Powered,
    /// It has the ATR of the powered card.
    Answered,
    /// It went on after that. pcscd shows the card to its clients in between.
    Made,
}

impl Acquaintance {
    /// Notes a message of the reader; true if it is made now.
    fn grows(&mut self, message: &[u8]) -> bool {
        *self = match (&self, message) {
            (Self::None, [order::POWER_ON]) => Self::Powered,
            (Self::Powered, [order::GET_ATR]) => Self::Answered,
            (Self::Answered, _) => {
                *self = Self::Made;
                return true;
            }
            _ => return false,
        };
        false
    }
}

/// What a card did with a message of its reader.
enum Obeyed {
    Silently,
    With(Vec<u8>),
    /// It is no longer in the reader, or never was.
    NotIn(Ending),
}

impl Obeyed {
    fn by(card: &mut SimCard, message: &[u8]) -> Self {
        if !card.is_present() {
            return Self::NotIn(Ending::Pulled);
        }
        match message {
            [order::POWER_OFF] => card.power_off(),
            [order::POWER_ON] => drop(card.power_on()),
            [order::RESET] => drop(card.reset()),
            [order::GET_ATR] => return Self::With(card.atr().to_vec()),
            [order::OCCUPIED] => return Self::NotIn(Ending::Occupied),
            command => {
                let answer = card.transmit(command);
                return if card.is_present() {
                    Self::With(answer)
                } else {
                    Self::NotIn(Ending::Pulled)
                };
            }
        }
        Self::Silently
    }
}

/// Takes the card out of its reader.
pub struct HangUp(Stream);

impl HangUp {
    /// Ends the connection; nothing happens if it ended before.
    pub fn now(&self) {
        self.0.shutdown();
    }
}

enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Stream {
    fn shutdown(&self) {
        // A connection that is gone cannot be shut down, and need not be.
        drop(match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
            #[cfg(unix)]
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
        });
    }

    fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
            #[cfg(unix)]
            Self::Unix(stream) => stream.try_clone().map(Self::Unix),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => {
                let read = stream.read(buffer)?;
                // vpcd sends length and message apart, and the kernel holds the second back until the first is
                // acknowledged: without this, 40 ms for each command.
                #[cfg(target_os = "linux")]
                if read > 0 {
                    rustix::net::sockopt::set_tcp_quickack(&stream, true)?;
                }
                Ok(read)
            }
            #[cfg(unix)]
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(buffer),
            #[cfg(unix)]
            Self::Unix(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn is_hang_up(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
    )
}
