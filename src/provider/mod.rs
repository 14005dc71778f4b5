//! Floor 6: Cryptoki without pointers. Library state, slots, sessions, login, operations, mechanism table.
//!
//! No floor below is reached by any other way; the ABI decides nothing. Calls lock as little as they can: status
//! questions are answered from memory while another thread's signature runs on the card.

mod calls;
pub mod error;
mod library;
mod mechanism;
mod operation;
mod secret_key;
mod session;
mod slot;
pub mod types;

pub use error::{Error, Result};
pub use library::{
    Library, after_fork_in_child, after_fork_in_parent, before_fork, finalize, forget_readers, initialize,
    library, use_readers,
};
pub use types::*;
