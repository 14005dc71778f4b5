//! What the tests of both chips share: dialogues written as strings.

use super::{Card, CardError, KeyRef, KeyRole, PinObject, recognise};
use crate::crypto::padding::pss;
use crate::crypto::{Digest, Hash, LastRound, ToSign};
use crate::pkcs15::{Common, Path};
use crate::reader::Protocol;
use crate::reader::script::{Script, hex};

/// EF.SN.ICC of a lab card.
pub(super) const EF_SN: &str = "5A0A 8025000001 26008552 4F";

/// Recognises a card that plays `script`.
pub(super) fn try_recognise(atr: &str, protocol: Protocol, script: &str) -> Result<Card, CardError> {
    recognise(Script::connection(protocol, script), &hex(atr))
}

/// Number of commands in a dialogue.
pub(super) fn commands(script: &str) -> usize {
    script
        .lines()
        .filter(|line| line.trim_start().starts_with('>'))
        .count()
}

/// Bytes as a script writes them.
pub(super) fn text(bytes: &[u8]) -> String {
    base16ct::upper::encode_string(bytes)
}

/// `count` times the byte `value`.
pub(super) fn fill(value: u8, count: usize) -> String {
    text(&vec![value; count])
}

pub(super) fn path(fids: &[u16]) -> Path {
    Path {
        fids: [&[0x3F00], fids].concat(),
        part: None,
        legacy: false,
    }
}

/// PIN 1: 4 to 8 digits, no padding, no path.
pub(super) fn pin() -> PinObject {
    PinObject {
        common: Common::default(),
        auth_id: vec![1],
        unblocking: false,
        reference: 1,
        min_len: 4,
        max_len: 8,
        stored_len: 8,
        pad: None,
        path: None,
    }
}

/// PIN 2, which unblocks PIN 1.
pub(super) fn unblocking() -> PinObject {
    PinObject {
        auth_id: vec![2],
        unblocking: true,
        reference: 2,
        min_len: 8,
        ..pin()
    }
}

pub(super) fn key(reference: u8, role: KeyRole) -> KeyRef {
    KeyRef {
        reference,
        modulus_len: 256,
        role,
    }
}

/// Bare data to sign.
pub(super) fn bare(data: &[u8]) -> ToSign {
    ToSign::Bare(data.to_vec().into())
}

/// A block that the host has padded.
pub(super) fn padded(block: &[u8]) -> ToSign {
    ToSign::Block(block.to_vec().into())
}

/// A digest for PSS of the usual shape.
pub(super) fn pss(hash: Hash, digest: &[u8]) -> ToSign {
    ToSign::Pss {
        parameters: pss::Params::usual(hash),
        digest: Digest::new(digest),
    }
}

/// "abc" before its only block.
pub(super) fn abc() -> LastRound {
    LastRound {
        state: vec![0; 32],
        hashed_bits: 0,
        tail: b"abc".to_vec(),
    }
}
