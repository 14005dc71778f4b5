//! `libcpx_pkcs11.so`: a PKCS #11 module for the French health professional cards (CPx).
//!
//! The layers, from the bottom up; each knows only those below it:
//!
//! | layer | module | subject |
//! |---|---|---|
//! | 7 | [`abi`] | the C ABI, the only place with `unsafe` |
//! | 6 | [`provider`] | Cryptoki: library, slots, sessions, operations |
//! | 5 | [`token`] | a card as a token: objects, attributes, keys |
//! | 4 | [`card`] | the chips: CPS3 (IAS-ECC) and CPS4 (ChipDoc) |
//! | 3 | [`pkcs15`] | the card's directory, in DER |
//! | 2 | [`iso7816`] | APDUs, status words, T=0 and T=1 |
//! | 1 | [`reader`] | readers and connections, PC/SC behind a trait |
//!
//! `memory`, [`pin`], [`tlv`], [`crypto`], [`config`], [`trace`] and [`certificate_cache`] stand
//! beside the layers and know none of them: pure computation, no I/O but their own files.
//! [`system`] knows which operating system this is.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod abi;
pub mod card;
pub mod certificate_cache;
pub mod config;
pub mod crypto;
pub mod iso7816;
mod memory;
pub mod pin;
pub mod pkcs15;
pub mod provider;
pub mod reader;
pub mod system;
pub mod tlv;
pub mod token;
pub mod trace;
