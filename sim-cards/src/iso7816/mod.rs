//! What any card of ISO 7816 does: commands and answers, files, the ways through a reader.

pub mod apdu;
pub mod chain;
pub mod files;
pub mod interface;
pub mod status;
pub mod tlv;
pub mod transport;
