//! What makes one card of a persona differ from another.

use crate::iso7816::interface::{Interface, Protocol};
use crate::kinds::chip::Chip;
use crate::line::timing::Timing;

/// How one card differs from what its content says; `None` keeps it.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Contacts or antenna. Only a CPS3 has an antenna that is known well enough: others ignore this.
    pub interface: Interface,
    /// `None`: T=0 for the contacts of a CPS3, T=1 for its antenna and for a CPS4.
    pub protocol: Option<Protocol>,
    /// `None`: the ATR of the chip; for a CPS4 over T=0 the one that offers nothing else.
    pub atr: Option<Vec<u8>>,
    /// The ATR of the release candidates of the CPS4 in place of that of the delivered ones.
    pub release_candidate: bool,
    /// The number of the card in place of the persona's; eight digits count. Certificates and data agree with it.
    pub serial: Option<u32>,
    /// Label of TokenInfo.
    pub label: Option<String>,
    /// Bytes that each certificate of a persona has at least.
    pub certificate_size: Option<usize>,
    /// Bytes of the longest answer, without status word: 256 at most, and if `None`.
    pub largest_answer: Option<usize>,
    /// Time that the card takes for its answers, as [`crate::SimCard::timing`] gives it. `None`: as little as it can.
    pub delay: Option<Timing>,
    /// The holder code, four to eight digits.
    pub pin: Option<String>,
    /// Tries of the holder code that are left, three at most.
    pub tries: Option<u8>,
    /// The unblocking code, eight digits.
    pub puk: Option<String>,
    /// Tries of the unblocking code that are left, ten at most.
    pub puk_tries: Option<u8>,
    /// How often the unblocking code can still be used, a hundred times when new.
    pub puk_uses: Option<u16>,
    /// CPS4: the root application is refused with `6985` until the recovery sequence was run.
    pub needs_recovery: bool,
    /// The card of a persona on another chip than its own.
    pub chip: Option<Chip>,
    /// Whether the card of a persona has CPS_DATA. `None`: a CPS3 has; a CPS4 has not, as observed on a real one.
    pub writable_area: Option<bool>,
}
