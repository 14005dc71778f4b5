//! Layer 6: Cryptoki without pointers. Library state, slots, sessions, login, operations, mechanism
//! table.
//!
//! No layer below is reached by any other way; the ABI decides nothing. Calls lock as little as
//! they can: status questions are answered from memory while another thread's signature runs on the
//! card.
//!
//! From the bottom up: `types` and `error`, the table of mechanisms, secret keys, `slots` with the
//! tokens in them, the `operation`s, a `session` with its token and its operations, `sessions` by
//! their handles, the `library`, its `calls`, and the `process` that owns it.

mod calls;
pub mod error;
mod information;
mod library;
mod mechanism;
mod operation;
mod pauses;
mod process;
mod secret_key;
mod secret_keys;
mod session;
mod sessions;
mod slots;
pub mod types;

pub use error::{Error, Result};
pub use library::Library;
pub use process::{
    after_fork_in_child, after_fork_in_parent, before_fork, finalize, forget_readers, initialize, library,
    use_readers,
};
pub use types::*;
