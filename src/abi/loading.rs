//! The life of the shared object: loading, forks, and its end at exit or dlclose.
//!
//! The PC/SC client library sets two traps that only those hooks avoid. Its destructor frees its
//! tables, and a call from a later destructor crashes; some libraries call C_CloseAllSessions or
//! C_Finalize from destructors of their own. The hook here runs before, since the module depends on
//! that library, and sets a flag. And it has a lock of its own, which is held as long as a
//! connection to the service is being made: a child that is forked meanwhile would wait for it for
//! ever.

use crate::provider;

extern "C" fn load() {
    // SAFETY: three functions without arguments and result, which stay as long as the object: the C
    // library forgets them at dlclose. Without memory for them forks stay as risky as they are.
    unsafe { libc::pthread_atfork(Some(before_fork), Some(in_parent), Some(in_child)) };
}

extern "C" fn unload() {
    provider::forget_readers();
}

unsafe extern "C" fn before_fork() {
    provider::before_fork();
}

unsafe extern "C" fn in_parent() {
    provider::after_fork_in_parent();
}

unsafe extern "C" fn in_child() {
    provider::after_fork_in_child();
}

// SAFETY: the section is an array of functions, called when the object is loaded; `load` ignores
// their arguments.
#[used]
#[unsafe(link_section = ".init_array")]
static LOAD: extern "C" fn() = load;

// SAFETY: the section is an array of functions without arguments and result, called when the object
// is torn down.
#[used]
#[unsafe(link_section = ".fini_array")]
static UNLOAD: extern "C" fn() = unload;
