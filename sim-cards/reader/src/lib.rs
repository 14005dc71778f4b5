//! A virtual reader for pcscd: the functions of an IFD handler 3.0, as pcsc-lite's `ifdhandler.h` describes them. An entry of
//! its `reader.conf` is one reader with one slot:
//!
//! ```text
//! FRIENDLYNAME "Simulated reader"
//! DEVICENAME   unix:/run/sim-cards/reader
//! LIBPATH      /usr/local/lib/libsim_cards_reader.so
//! CHANNELID    0
//! ```
//!
//! `sim-card --reader /run/sim-cards/reader` inserts a card. This is the only file with `unsafe`: it turns pointers into
//! slices and lets no panic cross the border.

mod slot;

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_long, c_uchar, c_ulong};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slot::Slot;

/// pcsc-lite's `DWORD` and `RESPONSECODE`.
type Dword = c_ulong;
type ResponseCode = c_long;

const IFD_SUCCESS: ResponseCode = 0;
const IFD_ERROR_TAG: ResponseCode = 600;
const IFD_ERROR_NOT_SUPPORTED: ResponseCode = 606;
const IFD_COMMUNICATION_ERROR: ResponseCode = 612;
const IFD_RESPONSE_TIMEOUT: ResponseCode = 613;
const IFD_NOT_SUPPORTED: ResponseCode = 614;
const IFD_ICC_PRESENT: ResponseCode = 615;
const IFD_ICC_NOT_PRESENT: ResponseCode = 616;
const IFD_NO_SUCH_DEVICE: ResponseCode = 617;
const IFD_ERROR_INSUFFICIENT_BUFFER: ResponseCode = 618;

const IFD_POWER_UP: Dword = 500;
const IFD_POWER_DOWN: Dword = 501;
const IFD_RESET: Dword = 502;

const TAG_IFD_ATR: Dword = 0x0303;
const TAG_IFD_SLOT_THREAD_SAFE: Dword = 0x0FAC;
const TAG_IFD_THREAD_SAFE: Dword = 0x0FAD;
const TAG_IFD_SLOTS_NUMBER: Dword = 0x0FAE;
const TAG_IFD_SIMULTANEOUS_ACCESS: Dword = 0x0FAF;
const SCARD_ATTR_ATR_STRING: Dword = 0x0009_0303;

/// PC/SC part 10 §2.2: `SCARD_CTL_CODE(3400)`.
const CM_IOCTL_GET_FEATURE_REQUEST: Dword = 0x4200_0000 + 3400;

/// How many readers pcscd knows at most.
const READERS: u8 = 16;

/// How a device is named: pcscd asks the file system for a name without a colon.
const SCHEME: &str = "unix:";

/// `SCARD_IO_HEADER`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct IoHeader {
    protocol: Dword,
    length: Dword,
}

/// The readers by pcscd's number.
static SLOTS: Mutex<BTreeMap<Dword, Arc<Mutex<Slot>>>> = Mutex::new(BTreeMap::new());

/// A panic leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Works on the slot of this number; unwinding into C is undefined.
fn with(lun: Dword, work: impl FnOnce(&mut Slot) -> ResponseCode) -> ResponseCode {
    catch_unwind(AssertUnwindSafe(|| {
        let slot = lock(&SLOTS).get(&lun).cloned();
        slot.map_or(IFD_NO_SUCH_DEVICE, |slot| work(&mut lock(&slot)))
    }))
    .unwrap_or(IFD_COMMUNICATION_ERROR)
}

/// Copies an answer into pcscd's buffer, or says that there is none.
///
/// # Safety
/// `length` is NULL or tells how many bytes `buffer` has room for, unless `buffer` is NULL.
unsafe fn give(
    answer: Result<impl AsRef<[u8]>, ResponseCode>,
    buffer: *mut c_uchar,
    length: *mut Dword,
) -> ResponseCode {
    // SAFETY: the caller promises that it is NULL or valid.
    let Some(length) = (unsafe { length.as_mut() }) else {
        return IFD_COMMUNICATION_ERROR;
    };
    let room = std::mem::take(length);
    let answer = match &answer {
        Ok(answer) => answer.as_ref(),
        Err(code) => return *code,
    };
    if buffer.is_null() || usize::try_from(room).is_ok_and(|room| room < answer.len()) {
        return IFD_ERROR_INSUFFICIENT_BUFFER;
    }
    // SAFETY: `buffer` has this room; `answer` is ours and cannot overlap.
    unsafe { std::ptr::copy_nonoverlapping(answer.as_ptr(), buffer, answer.len()) };
    *length = answer.len() as Dword;
    IFD_SUCCESS
}

/// Opens a reader at the socket that its device names: `unix:PATH`.
///
/// # Safety
/// `name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHCreateChannelByName(lun: Dword, name: *const c_char) -> ResponseCode {
    if name.is_null() {
        return IFD_COMMUNICATION_ERROR;
    }
    // SAFETY: not NULL, and terminated as the caller promises.
    let name = unsafe { CStr::from_ptr(name) };
    let open = || {
        let Some(path) = name.to_str().ok().and_then(|name| name.strip_prefix(SCHEME)) else {
            eprintln!(
                "sim-cards-reader: DEVICENAME {}: unix:PATH is wanted",
                name.to_string_lossy()
            );
            return IFD_NO_SUCH_DEVICE;
        };
        match Slot::open(Path::new(path)) {
            Ok(slot) => {
                lock(&SLOTS).insert(lun, Arc::new(Mutex::new(slot)));
                IFD_SUCCESS
            }
            Err(error) => {
                eprintln!("sim-cards-reader: {path}: {error}");
                IFD_COMMUNICATION_ERROR
            }
        }
    };
    catch_unwind(AssertUnwindSafe(open)).unwrap_or(IFD_COMMUNICATION_ERROR)
}

/// A number alone names no socket.
#[unsafe(no_mangle)]
pub extern "C" fn IFDHCreateChannel(_lun: Dword, _channel: Dword) -> ResponseCode {
    IFD_NO_SUCH_DEVICE
}

/// Closes a reader; its card is out.
#[unsafe(no_mangle)]
pub extern "C" fn IFDHCloseChannel(lun: Dword) -> ResponseCode {
    let close = || match lock(&SLOTS).remove(&lun) {
        Some(_) => IFD_SUCCESS,
        None => IFD_NO_SUCH_DEVICE,
    };
    catch_unwind(close).unwrap_or(IFD_COMMUNICATION_ERROR)
}

/// Tells the ATR, and what this driver is able to do.
///
/// # Safety
/// `length` and `value` as in `give`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHGetCapabilities(
    lun: Dword,
    tag: Dword,
    length: *mut Dword,
    value: *mut c_uchar,
) -> ResponseCode {
    let number = match tag {
        TAG_IFD_ATR | SCARD_ATTR_ATR_STRING => {
            return with(lun, |slot| {
                let atr = slot.atr().ok_or(IFD_COMMUNICATION_ERROR);
                // SAFETY: the caller's promise is passed on.
                unsafe { give(atr, value, length) }
            });
        }
        TAG_IFD_SLOTS_NUMBER | TAG_IFD_THREAD_SAFE => 1,
        TAG_IFD_SLOT_THREAD_SAFE => 0,
        TAG_IFD_SIMULTANEOUS_ACCESS => READERS,
        _ => return IFD_ERROR_TAG,
    };
    // SAFETY: the caller's promise is passed on.
    unsafe { give(Ok([number]), value, length) }
}

/// Nothing can be set.
#[unsafe(no_mangle)]
pub extern "C" fn IFDHSetCapabilities(
    _lun: Dword,
    _tag: Dword,
    _length: Dword,
    _value: *mut c_uchar,
) -> ResponseCode {
    IFD_NOT_SUPPORTED
}

/// The card speaks what its ATR says; there is no line whose parameters could be negotiated.
#[unsafe(no_mangle)]
pub extern "C" fn IFDHSetProtocolParameters(
    _lun: Dword,
    _protocol: Dword,
    _flags: c_uchar,
    _pts1: c_uchar,
    _pts2: c_uchar,
    _pts3: c_uchar,
) -> ResponseCode {
    IFD_SUCCESS
}

/// Gives and takes power, resets; tells the ATR.
///
/// # Safety
/// `atr` and `length` as in `give`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHPowerICC(
    lun: Dword,
    action: Dword,
    atr: *mut c_uchar,
    length: *mut Dword,
) -> ResponseCode {
    with(lun, |slot| {
        let answer = match action {
            IFD_POWER_UP => slot.power_on(),
            IFD_RESET => slot.reset(),
            IFD_POWER_DOWN => {
                return slot.power_off().map_or(IFD_COMMUNICATION_ERROR, |()| IFD_SUCCESS);
            }
            _ => return IFD_NOT_SUPPORTED,
        };
        // SAFETY: the caller's promise is passed on.
        unsafe { give(answer.ok_or(IFD_COMMUNICATION_ERROR), atr, length) }
    })
}

/// Sends a command to the card. A mute one answers nothing, as pcscd learns after the time that a card may take.
///
/// # Safety
/// `command` points to `command_length` bytes; `answer` and `length` as in `give`; `received` is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHTransmitToICC(
    lun: Dword,
    sent: IoHeader,
    command: *const c_uchar,
    command_length: Dword,
    answer: *mut c_uchar,
    length: *mut Dword,
    received: *mut IoHeader,
) -> ResponseCode {
    // SAFETY: the caller promises that it is NULL or valid.
    if let Some(received) = unsafe { received.as_mut() } {
        received.protocol = sent.protocol;
    }
    // One byte is no command, and would be an order.
    let size = usize::try_from(command_length).unwrap_or_default();
    if command.is_null() || size < 2 {
        // SAFETY: the caller's promise is passed on.
        return unsafe { give(Err::<[u8; 0], _>(IFD_COMMUNICATION_ERROR), answer, length) };
    }
    // SAFETY: not NULL, and as long as the caller promises.
    let command = unsafe { std::slice::from_raw_parts(command, size) };
    with(lun, |slot| {
        let bytes = match slot.exchange(command) {
            None => Err(IFD_COMMUNICATION_ERROR),
            Some(bytes) if bytes.is_empty() => Err(IFD_RESPONSE_TIMEOUT),
            Some(bytes) => Ok(bytes),
        };
        // SAFETY: the caller's promise is passed on.
        unsafe { give(bytes, answer, length) }
    })
}

/// A reader without display, keys and other features: the list of them, for which clients ask, is empty.
///
/// # Safety
/// `returned` is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHControl(
    _lun: Dword,
    code: Dword,
    _sent: *const c_uchar,
    _sent_length: Dword,
    _received: *mut c_uchar,
    _received_length: Dword,
    returned: *mut Dword,
) -> ResponseCode {
    // SAFETY: the caller promises that it is NULL or valid.
    if let Some(returned) = unsafe { returned.as_mut() } {
        *returned = 0;
    }
    match code {
        CM_IOCTL_GET_FEATURE_REQUEST => IFD_SUCCESS,
        _ => IFD_ERROR_NOT_SUPPORTED,
    }
}

/// Whether a card is in the slot.
#[unsafe(no_mangle)]
pub extern "C" fn IFDHICCPresence(lun: Dword) -> ResponseCode {
    with(lun, |slot| match slot.is_occupied() {
        true => IFD_ICC_PRESENT,
        false => IFD_ICC_NOT_PRESENT,
    })
}

#[cfg(test)]
mod tests;
