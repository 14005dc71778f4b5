//! pcscd itself, asked without its client library: whether somebody listens, and in which version of
//! the protocol. A client library of another version says no more than "no service".

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// What answers at the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There is no socket.
    Absent,
    /// A socket that nobody listens at.
    Stopped,
    /// This user may not open the socket.
    Closed,
    /// Somebody takes the connection and says nothing.
    Silent,
    /// Somebody takes the connection and closes it.
    TurnsAway,
    /// A service that speaks this version.
    Speaks(u32, u32),
}

/// Longer than any service takes to say its version.
const PATIENCE: Duration = Duration::from_secs(5);

/// `CMD_VERSION` of pcsc-lite's winscard_msg.h, and the version that is proposed.
const VERSION: u32 = 0x11;
const PROPOSED: (u32, u32) = (4, 4);

/// Asks.
pub fn ask(socket: &Path) -> Answer {
    let mut stream = match UnixStream::connect(socket) {
        Ok(stream) => stream,
        Err(reason) => {
            return match reason.kind() {
                ErrorKind::NotFound => Answer::Absent,
                ErrorKind::PermissionDenied => Answer::Closed,
                _ => Answer::Stopped,
            };
        }
    };
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let _ = stream.set_write_timeout(Some(PATIENCE));
    // Size and number of the message; then major, minor, and the place of the return value.
    let question: Vec<u8> = [12, VERSION, PROPOSED.0, PROPOSED.1, 0]
        .iter()
        .flat_map(|number: &u32| number.to_ne_bytes())
        .collect();
    let mut numbers = [[0; 4]; 3];
    let told = stream.write_all(&question).and_then(|()| {
        let mut each = numbers.iter_mut();
        each.try_for_each(|number| stream.read_exact(number))
    });
    let [major, minor, _] = numbers.map(u32::from_ne_bytes);
    match told {
        Ok(()) => Answer::Speaks(major, minor),
        Err(reason) if matches!(reason.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Answer::Silent,
        Err(_) => Answer::TurnsAway,
    }
}
