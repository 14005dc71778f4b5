//! The calls of an application, a file for each chapter of the standard: each finds its session or
//! its slot and passes on. A call that is about to talk to the card takes a look at the readers
//! before ([`Library::live_session`](super::library::Library)).

mod decryption;
mod digesting;
mod encryption;
mod general_purpose;
mod key_management;
mod object;
mod random;
mod session;
mod signing;
mod slot_and_token;
mod verifying;
