//! Layer 7: the C ABI. Pointers become slices, errors become CKR_ codes, panics stop here; nothing
//! is decided.
//!
//! One file per chapter of the standard's function list. The macro `cryptoki!` makes each of its
//! functions an exported one: it asks the provider for the initialised library before anything
//! else, so that CKR_CRYPTOKI_NOT_INITIALIZED comes first whatever the arguments are, and hands raw
//! pointers over as `pointer::Pointer`s, which only `pointer::Memory` can follow. Bad pointers
//! are refused before the provider is called, so that an active operation survives them.
//!
//! Names of functions and arguments are those of the standard's prototypes.
#![allow(unsafe_code)]
#![allow(non_snake_case)]

mod asynchronous;
mod decryption;
mod digesting;
mod dual;
mod encryption;
mod general_purpose;
mod key_management;
mod lists;
#[cfg(target_os = "linux")]
mod loading;
mod mechanism;
mod message;
mod object;
mod parallel;
mod pointer;
mod random;
mod rv;
mod session;
mod signing;
mod slot_and_token;
mod template;
mod verifying;

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use cryptoki_sys::*;

use pointer::Pointer;
use rv::Rv;

use crate::provider::Version;
use crate::trace;

pub use asynchronous::*;
pub use decryption::*;
pub use digesting::*;
pub use dual::*;
pub use encryption::*;
pub use general_purpose::*;
pub use key_management::*;
pub use message::*;
pub use object::*;
pub use parallel::*;
pub use random::*;
pub use session::*;
pub use signing::*;
pub use slot_and_token::*;
pub use verifying::*;

/// What a function answers below the macro: CKR_OK is `Ok`.
type Answer = Result<(), Rv>;

/// Defines exported functions: `"clause" fn C_Name(library, memory; arguments) { … -> Answer }`,
/// where `library` is the initialised [`Library`](crate::provider::Library) and `memory` the
/// caller's [`Memory`](pointer::Memory). Without `library` (`fn C_Name(memory; …)`) the function
/// works before C_Initialize. Without a body (`not_supported fn C_Name(…);`) it answers
/// CKR_FUNCTION_NOT_SUPPORTED once the library is initialised.
macro_rules! cryptoki {
    () => {};
    (
        $(#[$doc:meta])* $clause:literal
        fn $name:ident($library:tt, $memory:tt; $($arg:ident: $type:ty),* $(,)?) $body:block
        $($rest:tt)*
    ) => {
        cryptoki! {
            $(#[$doc])* $clause
            fn $name(memory; $($arg: $type),*) {
                let ($library, $memory) = (&*$crate::provider::library()?, memory);
                $body
            }
            $($rest)*
        }
    };
    (
        $(#[$doc:meta])* $clause:literal
        not_supported fn $name:ident($($arg:ident: $type:ty),* $(,)?);
        $($rest:tt)*
    ) => {
        cryptoki! {
            $(#[$doc])*
            ///
            /// Not supported.
            $clause
            fn $name(_, _; $($arg: $type),*) {
                let _ = ($($arg,)*);
                Err($crate::provider::Error::FunctionNotSupported.into())
            }
            $($rest)*
        }
    };
    (
        $(#[$doc:meta])* $clause:literal
        fn $name:ident($memory:tt; $($arg:ident: $type:ty),* $(,)?) $body:block
        $($rest:tt)*
    ) => {
        $(#[$doc])*
        #[doc = concat!(
            "\n[PKCS #11 v3.2 §", $clause,
            "](https://docs.oasis-open.org/pkcs11/pkcs11-spec/v3.2/pkcs11-spec-v3.2.html)"
        )]
        ///
        /// # Safety
        /// Pointers are NULL or point to what the standard says of them, which no other thread
        /// changes during the call.
        #[unsafe(no_mangle)]
        #[allow(clippy::too_many_arguments)]
        pub unsafe extern "C" fn $name($($arg: $type),*) -> CK_RV {
            let arguments = [$((stringify!($arg), $arg.into())),*];
            $(
                // SAFETY: the caller answers for its arguments.
                let $arg = unsafe { $crate::abi::Argument::taken($arg) };
            )*
            // SAFETY: the only one of this call.
            let memory = &mut unsafe { $crate::abi::pointer::Memory::of_caller() };
            $crate::abi::guard(stringify!($name), &arguments, move || {
                let $memory = memory;
                $body
            })
        }
        cryptoki! { $($rest)* }
    };
}
use cryptoki;

/// An argument of a C_ function on its way into safe code: pointers become [`Pointer`]s, numbers
/// stay.
trait Argument {
    /// What safe code sees.
    type Taken;

    /// Takes the argument at the caller's word.
    ///
    /// # Safety
    /// That of [`Pointer::new`].
    unsafe fn taken(self) -> Self::Taken;
}

impl<T> Argument for *mut T {
    type Taken = Pointer<T>;

    unsafe fn taken(self) -> Pointer<T> {
        // SAFETY: the same contract.
        unsafe { Pointer::new(self) }
    }
}

impl Argument for CK_ULONG {
    type Taken = Self;

    unsafe fn taken(self) -> Self {
        self
    }
}

impl Argument for CK_BBOOL {
    type Taken = Self;

    unsafe fn taken(self) -> Self {
        self
    }
}

impl Argument for CK_NOTIFY {
    type Taken = Self;

    unsafe fn taken(self) -> Self {
        self
    }
}

/// Runs and traces the body of a function. A panic must not cross into C code, whatever the reason
/// of it.
fn guard(
    name: &'static str,
    arguments: &[(&'static str, trace::Argument)],
    body: impl FnOnce() -> Answer,
) -> CK_RV {
    let traced = || {
        let call = trace::call(name, arguments);
        call.returned(match body() {
            Ok(()) => CKR_OK,
            Err(Rv(rv)) => rv,
        })
    };
    catch_unwind(AssertUnwindSafe(traced)).unwrap_or_else(|payload| {
        // A message put together at run time could hold anything that the call was given; a literal
        // cannot.
        let what = payload
            .downcast_ref::<&'static str>()
            .copied()
            .unwrap_or("a panic");
        log::error!("{name} is at fault: {what}");
        // Its destructor could panic again.
        std::mem::forget(payload);
        CKR_GENERAL_ERROR
    })
}

/// Text in a field of `N` bytes: cut between two characters, padded with blanks.
fn padded<const N: usize>(text: &str) -> [CK_UTF8CHAR; N] {
    let mut field = [b' '; N];
    let end = (0..=N).rev().find(|end| text.is_char_boundary(*end));
    let text = text.get(..end.unwrap_or(0)).unwrap_or_default();
    field
        .iter_mut()
        .zip(text.bytes())
        .for_each(|(byte, char)| *byte = char);
    field
}

impl From<Version> for CK_VERSION {
    fn from(version: Version) -> Self {
        CK_VERSION {
            major: version.major,
            minor: version.minor,
        }
    }
}
