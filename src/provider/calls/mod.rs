//! The calls of an application, a file for each chapter of the standard.

mod random;
mod slot_and_token;
