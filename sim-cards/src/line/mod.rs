//! What happens between reader and card: faults, another program, time; and what a trace shows of it.

pub mod faults;
pub mod interceptor;
pub mod timing;
pub mod trace;
