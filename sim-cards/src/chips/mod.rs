//! What a chip does with the commands of a reader.

pub mod application;
pub mod chipdoc;
pub mod codes;
pub mod crypto;
pub mod ias_ecc;
pub mod vitale;
