//! What the module needs of the operating system beside readers, files and memory: who the user is,
//! a directory in memory that is this user's alone, and a queue of processes in it. The one module
//! that knows which system this is.

pub(crate) mod directory;
mod file;
mod queue;

pub use directory::PrivateDirectory;
pub(crate) use file::{careful_options, unwaiting_options};
pub use queue::{Queue, Turn};

/// The effective user of the process.
pub(crate) fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}
