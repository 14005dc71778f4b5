//! What people write: digits, numbers, files, and the texts that the crate brings along.

pub mod embedded;
pub mod hex;
pub mod input;
pub mod limits;
