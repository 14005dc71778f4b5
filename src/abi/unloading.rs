//! The end of the shared object: exit, or dlclose.
//!
//! Libraries and programs call C_CloseAllSessions and C_Finalize from destructors of their own, in any order. The PC/SC client library
//! frees its tables in its destructor, and crashes whoever calls it afterwards. The one here runs before that, since the
//! module depends on it; it only sets a flag.

use crate::provider;

extern "C" fn unload() {
    provider::forget_readers();
}

// SAFETY: the section is an array of functions without arguments and result, called when the object is torn down.
#[used]
#[unsafe(link_section = ".fini_array")]
static UNLOAD: extern "C" fn() = unload;
