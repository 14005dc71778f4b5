//! Calls of C_ functions in the trace.

use std::fmt;
use std::time::Instant;

use cryptoki_sys::{CK_BBOOL, CK_RV, CK_ULONG};
use log::Level::Debug;

use super::rv;

/// Target of the records about C_ functions. The one about commands to the card is
/// `cpx_pkcs11::apdu`.
pub const CALLS: &str = "cpx_pkcs11::calls";

/// An argument of a C_ function, as far as a trace may know it: no bytes, no addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A handle, a slot, a type, flags, a length.
    Number(CK_ULONG),
    /// A pointer: whether it is NULL.
    Null(bool),
}

impl From<CK_ULONG> for Argument {
    fn from(number: CK_ULONG) -> Self {
        Argument::Number(number)
    }
}

impl From<CK_BBOOL> for Argument {
    fn from(number: CK_BBOOL) -> Self {
        Argument::Number(number.into())
    }
}

impl<T> From<*mut T> for Argument {
    fn from(pointer: *mut T) -> Self {
        Argument::Null(pointer.is_null())
    }
}

/// For CK_NOTIFY.
impl<T> From<Option<T>> for Argument {
    fn from(function: Option<T>) -> Self {
        Argument::Null(function.is_none())
    }
}

/// Whether calls are traced.
pub fn enabled() -> bool {
    log::log_enabled!(target: CALLS, Debug)
}

/// Writes that a function begins: its name, and the names of its arguments, as in the standard's
/// prototype, with what may be known of them. Nothing at all is told of a PIN, not even its length.
pub fn call(name: &'static str, arguments: &[(&'static str, Argument)]) -> Call {
    let started = enabled().then(|| {
        log::debug!(target: CALLS, "> {name}{}", Arguments(arguments));
        Instant::now()
    });
    Call { name, started }
}

/// A function that runs.
#[must_use]
pub struct Call {
    name: &'static str,
    /// `None` when the trace was off at the beginning, as it is at the first C_Initialize.
    started: Option<Instant>,
}

impl Call {
    /// Writes how the function ended, with the time it took where it is known, and hands its return
    /// code on.
    pub fn returned(self, rv: CK_RV) -> CK_RV {
        if enabled() {
            log::debug!(target: CALLS, "< {} {}{}", self.name, rv::Name(rv), Time(self.started));
        }
        rv
    }
}

struct Arguments<'a>(&'a [(&'static str, Argument)]);

impl fmt::Display for Arguments<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, argument) in self.0 {
            match argument {
                _ if speaks_of_pin(name) => write!(out, " {name}=(withheld)"),
                // By the standard's naming, counts begin with `ul`; other numbers are codes of some
                // kind.
                Argument::Number(number) if name.starts_with("ul") => write!(out, " {name}={number}"),
                Argument::Number(number) => write!(out, " {name}={number:#x}"),
                Argument::Null(true) => write!(out, " {name}=NULL"),
                Argument::Null(false) => write!(out, " {name}=set"),
            }?;
        }
        Ok(())
    }
}

/// C_SetPIN names the lengths of its two PINs without the word.
fn speaks_of_pin(name: &str) -> bool {
    name.contains("Pin") || matches!(name, "ulOldLen" | "ulNewLen")
}

struct Time(Option<Instant>);

impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(started) => write!(out, " {:.3} ms", started.elapsed().as_secs_f64() * 1000.0),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr;

    #[test]
    fn arguments_are_numbers_and_whether_a_pointer_is_null() {
        let mut byte = 0x5Au8;
        let arguments: [(&str, Argument); 5] = [
            ("hSession", Argument::Number(0x1F)),
            ("tokenPresent", 1u8.into()),
            ("pData", (&raw mut byte).into()),
            ("ulDataLen", Argument::Number(20)),
            ("pSignature", ptr::null_mut::<u8>().into()),
        ];
        let text = Arguments(&arguments).to_string();
        assert_eq!(
            text,
            " hSession=0x1f tokenPresent=0x1 pData=set ulDataLen=20 pSignature=NULL"
        );
    }

    #[test]
    fn nothing_is_told_of_a_pin_not_even_its_length() {
        let mut pin = *b"7391";
        let text = |pin: *mut u8, length: CK_ULONG| {
            let session = ("hSession", Argument::Number(1));
            let pins = ["pPin", "pOldPin", "pNewPin"].map(|name| (name, pin.into()));
            let length =
                ["ulPinLen", "ulOldLen", "ulNewLen", "ulOldPinLen"].map(|name| (name, length.into()));
            Arguments(&[&[session], &pins[..], &length[..]].concat()).to_string()
        };
        let one = text(pin.as_mut_ptr(), 4);
        assert_eq!(one, text(ptr::null_mut(), 1_000_000));
        assert!(
            one.contains("hSession=0x1 ") && one.contains("pPin=(withheld)"),
            "{one}"
        );
    }

    #[test]
    fn the_return_code_goes_through() {
        let unknown = Call {
            name: "C_Sign",
            started: None,
        };
        assert_eq!(unknown.returned(0x101), 0x101);
        assert_eq!(Time(None).to_string(), "");
        assert!(Time(Some(Instant::now())).to_string().ends_with(" ms"));
    }
}
