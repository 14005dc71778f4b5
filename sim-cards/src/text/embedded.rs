//! The files of `personas/`, `insured/` and `keys/`.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
