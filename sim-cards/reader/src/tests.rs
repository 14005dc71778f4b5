use std::ffi::CString;
use std::path::PathBuf;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sim_cards::vpcd::{Address, Ending, HangUp, Reader};
use sim_cards::{Options, SimCard, hex, persona};

use super::*;

const SERIAL: &str = "00B09C000C";
const ATR: &str = "3BAC00402A001225006480000310009000";

/// A reader of this driver, as pcscd opens it.
struct Opened {
    lun: Dword,
    path: PathBuf,
}

impl Opened {
    fn new() -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        let lun = NUMBERS.fetch_add(1, Ordering::Relaxed) << 16;
        let name = format!("sim-cards-reader-{}-{lun}", std::process::id());
        let path = std::env::temp_dir().join(name);
        assert_eq!(open(lun, &format!("unix:{}", path.display())), IFD_SUCCESS);
        Self { lun, path }
    }

    /// The doctor's card on its way into this reader.
    fn insert(&self, faults: &[&str]) -> Inserted {
        let holder = persona::find("doctor-hospital-cps3").expect("a persona of the crate");
        let mut card = SimCard::from_persona(&holder, &Options::default());
        for fault in faults {
            card.add_fault(fault.parse().expect("a fault"));
        }
        let mut reader = Reader::connect_to(&Address::Socket(self.path.clone())).expect("a reader");
        Inserted {
            hand: reader.hang_up().expect("a second handle"),
            thread: thread::spawn(move || reader.serve(&mut card).expect("an orderly end")),
        }
    }

    fn power(&self, action: Dword) -> (ResponseCode, String) {
        let (mut atr, mut length) = ([0; 33], 33);
        // SAFETY: the buffer has this length.
        let result = unsafe { IFDHPowerICC(self.lun, action, atr.as_mut_ptr(), &mut length) };
        (result, hex::encode(&atr[..length as usize]))
    }

    fn transmit(&self, command: &str, room: usize) -> (ResponseCode, String) {
        let command = hex::decode(command).expect("hexadecimal");
        let (mut answer, mut length) = (vec![0; room], room as Dword);
        let header = IoHeader {
            protocol: 1,
            length: 16,
        };
        let mut received = IoHeader {
            protocol: 0,
            length: 16,
        };
        // SAFETY: every buffer has the length that stands beside it.
        let result = unsafe {
            IFDHTransmitToICC(
                self.lun,
                header,
                command.as_ptr(),
                command.len() as Dword,
                answer.as_mut_ptr(),
                &mut length,
                &mut received,
            )
        };
        assert_eq!(received.protocol, 1);
        (result, hex::encode(&answer[..length as usize]))
    }

    fn waits_for(&self, presence: ResponseCode) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while IFDHICCPresence(self.lun) != presence {
            assert!(Instant::now() < deadline, "the card does not move");
            thread::yield_now();
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        IFDHCloseChannel(self.lun);
    }
}

struct Inserted {
    hand: HangUp,
    thread: JoinHandle<Ending>,
}

fn open(lun: Dword, device: &str) -> ResponseCode {
    let device = CString::new(device).expect("a name");
    // SAFETY: terminated.
    unsafe { IFDHCreateChannelByName(lun, device.as_ptr()) }
}

#[test]
fn a_card_is_in_the_reader_from_its_connection_to_its_end() {
    let reader = Opened::new();
    assert_eq!(IFDHICCPresence(reader.lun), IFD_ICC_NOT_PRESENT);
    assert_eq!(
        reader.power(IFD_POWER_UP),
        (IFD_COMMUNICATION_ERROR, String::new())
    );
    for _ in 0..3 {
        let card = reader.insert(&[]);
        reader.waits_for(IFD_ICC_PRESENT);
        assert_eq!(reader.power(IFD_POWER_UP), (IFD_SUCCESS, ATR.into()));
        let (result, answer) = reader.transmit(SERIAL, 258);
        assert_eq!((result, answer.len()), (IFD_SUCCESS, 28));
        assert_eq!(reader.power(IFD_RESET), (IFD_SUCCESS, ATR.into()));
        assert_eq!(reader.power(IFD_POWER_DOWN).0, IFD_SUCCESS);
        card.hand.now();
        reader.waits_for(IFD_ICC_NOT_PRESENT);
        assert_eq!(card.thread.join().unwrap(), Ending::Closed);
    }
}

#[test]
fn a_second_card_is_sent_away_and_the_first_one_stays() {
    let reader = Opened::new();
    let first = reader.insert(&[]);
    reader.waits_for(IFD_ICC_PRESENT);
    let second = reader.insert(&[]);
    reader.waits_for(IFD_ICC_PRESENT);
    assert_eq!(second.thread.join().unwrap(), Ending::Occupied);
    assert_eq!(reader.power(IFD_POWER_UP).1, ATR);
    assert!(!first.thread.is_finished());
}

#[test]
fn a_mute_card_stays_in_the_reader_and_wakes_at_a_reset() {
    let reader = Opened::new();
    let _card = reader.insert(&["1:mute"]);
    reader.waits_for(IFD_ICC_PRESENT);
    reader.power(IFD_POWER_UP);
    for _ in 0..2 {
        assert_eq!(
            reader.transmit(SERIAL, 258),
            (IFD_RESPONSE_TIMEOUT, String::new())
        );
        assert_eq!(IFDHICCPresence(reader.lun), IFD_ICC_PRESENT);
    }
    reader.power(IFD_RESET);
    assert_eq!(reader.transmit(SERIAL, 258).0, IFD_SUCCESS);
}

#[test]
fn a_pulled_card_is_out() {
    let reader = Opened::new();
    let card = reader.insert(&["2:pull"]);
    reader.waits_for(IFD_ICC_PRESENT);
    reader.power(IFD_POWER_UP);
    assert_eq!(reader.transmit(SERIAL, 258).0, IFD_SUCCESS);
    assert_eq!(
        reader.transmit(SERIAL, 258),
        (IFD_COMMUNICATION_ERROR, String::new())
    );
    assert_eq!(card.thread.join().unwrap(), Ending::Pulled);
    assert_eq!(IFDHICCPresence(reader.lun), IFD_ICC_NOT_PRESENT);
}

#[test]
fn what_does_not_fit_is_refused() {
    let reader = Opened::new();
    let _card = reader.insert(&[]);
    reader.waits_for(IFD_ICC_PRESENT);
    reader.power(IFD_POWER_UP);
    assert_eq!(reader.transmit(SERIAL, 13).0, IFD_ERROR_INSUFFICIENT_BUFFER);
    assert_eq!(reader.transmit(SERIAL, 14).0, IFD_SUCCESS);
    for order in ["00", "80"] {
        assert_eq!(reader.transmit(order, 258).0, IFD_COMMUNICATION_ERROR);
    }
    assert_eq!(IFDHICCPresence(reader.lun), IFD_ICC_PRESENT);
    assert_eq!(reader.power(7).0, IFD_NOT_SUPPORTED);
    let (mut value, mut length) = ([0; 4], 4);
    // SAFETY: the buffer has this length.
    let result = unsafe { IFDHGetCapabilities(reader.lun, TAG_IFD_ATR, &mut length, value.as_mut_ptr()) };
    assert_eq!((result, length), (IFD_ERROR_INSUFFICIENT_BUFFER, 0));
    // SAFETY: NULL is allowed.
    unsafe {
        assert_eq!(
            IFDHGetCapabilities(reader.lun, TAG_IFD_SLOTS_NUMBER, null_mut(), null_mut()),
            IFD_COMMUNICATION_ERROR
        );
        assert_eq!(
            IFDHGetCapabilities(reader.lun, 0x4711, null_mut(), null_mut()),
            IFD_ERROR_TAG
        );
        assert_eq!(IFDHCreateChannelByName(1, null()), IFD_COMMUNICATION_ERROR);
    }
}

#[test]
fn the_list_of_features_is_empty() {
    for (code, expected) in [
        (CM_IOCTL_GET_FEATURE_REQUEST, IFD_SUCCESS),
        (0x4200_0001, IFD_ERROR_NOT_SUPPORTED),
    ] {
        let mut returned = 7;
        // SAFETY: NULL without bytes; a valid number.
        let result = unsafe { IFDHControl(0, code, null(), 0, null_mut(), 0, &mut returned) };
        assert_eq!((result, returned), (expected, 0));
    }
}

#[test]
fn a_place_that_is_taken_is_not_taken_away() {
    let reader = Opened::new();
    let device = format!("unix:{}", reader.path.display());
    assert_eq!(open(1, &device), IFD_COMMUNICATION_ERROR);
    assert_eq!(open(2, "localhost:35963"), IFD_NO_SUCH_DEVICE);
    let file = reader.path.with_extension("file");
    std::fs::write(&file, "somebody's").unwrap();
    assert_eq!(
        open(3, &format!("unix:{}", file.display())),
        IFD_COMMUNICATION_ERROR
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "somebody's");
    std::fs::remove_file(file).unwrap();
    for lun in 1..4 {
        assert_eq!(IFDHICCPresence(lun), IFD_NO_SUCH_DEVICE);
    }
    let path = reader.path.clone();
    drop(reader);
    assert!(!path.exists());
    // What a pcscd that was killed left behind is replaced.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert_eq!(open(4, &device), IFD_SUCCESS);
    assert_eq!(IFDHCloseChannel(4), IFD_SUCCESS);
    assert_eq!(IFDHCloseChannel(4), IFD_NO_SUCH_DEVICE);
}
