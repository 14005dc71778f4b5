//! What the matrix of real clients and the benchmark share.

pub mod paths;
pub mod process;

/// What goes wrong outside the checks, as a sentence.
pub type Result<T> = std::result::Result<T, String>;
