//! Paddings of RSA blocks: PKCS #1 v1.5 block types 1 and 2, PSS, OAEP (RFC 8017 §7.1, §7.2, §9).

/// Longest block in bytes, that of a modulus of 4096 bits. Lengths may come from a card, which must
/// not make the host allocate at will.
pub const MAX_BLOCK_LEN: usize = 512;

mod mgf1;
pub mod oaep;
pub mod pkcs1;
pub mod pss;
