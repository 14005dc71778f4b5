//! The state of a reader as the service writes it, and as it is known here.

use std::ffi::CStr;

use pcsc::State;

use crate::reader::ReaderState;

/// What the service says of a reader.
pub(super) fn reader_state(state: &pcsc::ReaderState) -> ReaderState {
    let bits = state.event_state();
    let present = bits.contains(State::PRESENT);
    ReaderState {
        name: state.name().to_string_lossy().into_owned(),
        attached: true,
        present,
        mute: bits.contains(State::MUTE),
        atr: if present { state.atr().to_vec() } else { Vec::new() },
        events: state.event_count(),
    }
}

/// Whether the service says of a reader what is known of it.
pub(super) fn same(state: &pcsc::ReaderState, known: &ReaderState) -> bool {
    let bits = state.event_state();
    !bits.contains(State::UNKNOWN)
        && bits.contains(State::PRESENT) == known.present
        && bits.contains(State::MUTE) == known.mute
        && state.event_count() == known.events
        && (!known.present || state.atr() == known.atr)
}

/// Whether the service's name of a reader is the one that is known.
pub(super) fn names_equal(name: &CStr, known: &str) -> bool {
    name.to_bytes() == known.as_bytes() || name.to_string_lossy() == known
}

/// `dwCurrentState` of a reader as we know it: the flags, and the event counter in the high 16
/// bits. The sharing flags are left out, so that another program's connection wakes nobody.
pub(super) fn known_bits(known: &ReaderState) -> State {
    let mut bits = if known.present {
        State::PRESENT
    } else {
        State::EMPTY
    };
    bits.set(State::MUTE, known.mute);
    State::from_bits_retain(bits.bits() | (event_counter(known.events) << 16))
}

/// An event counter in the bits of `dwCurrentState` that carry it, before it is moved there.
pub(super) fn event_counter(events: u32) -> pcsc::ffi::DWORD {
    pcsc::ffi::DWORD::from(events & 0xFFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_snapshot_that_a_wait_starts_from() {
        let state = |present, mute, events| ReaderState {
            name: "lab reader".into(),
            attached: true,
            present,
            mute,
            atr: Vec::new(),
            events,
        };
        for (known, bits) in [
            (state(false, false, 0), 0x0000_0010),
            (state(true, false, 3), 0x0003_0020),
            (state(true, true, 0x1_0002), 0x0002_0220),
        ] {
            assert_eq!(known_bits(&known).bits(), bits);
        }
    }
}
