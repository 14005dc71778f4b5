//! What a slot and a token tell of themselves (PKCS #11 §5.5).

use cryptoki_sys::*;

use crate::token::{self, Counter, Token, User};

use super::slots::{Presence, Slot};
use super::types::{SlotInfo, TokenInfo, Version};

/// Length of CK_SLOT_INFO slotDescription.
const DESCRIPTION_LEN: usize = 64;

/// Digits that C_Login takes when the card has no PIN whose limits it could tell.
const DEFAULT_PIN_LEN: (CK_ULONG, CK_ULONG) = (4, 8);

/// CK_SLOT_INFO.
pub fn of_slot(slot: &Slot) -> SlotInfo {
    let present = if slot.presence() == Presence::Candidate {
        CKF_TOKEN_PRESENT
    } else {
        0
    };
    SlotInfo {
        description: description(&slot.reader),
        manufacturer: String::new(),
        flags: CKF_REMOVABLE_DEVICE | CKF_HW_SLOT | present,
        hardware_version: Version::default(),
        firmware_version: Version::default(),
    }
}

/// CK_TOKEN_INFO. The caller fills in the session counts.
pub fn of_token(token: &Token) -> Result<TokenInfo, token::Error> {
    let info = token.info()?;
    let pin = token.pin_of(User::Holder)?;
    let (min_pin_len, max_pin_len) = pin.map_or(DEFAULT_PIN_LEN, |pin| {
        (
            CK_ULONG::try_from(pin.min_len).unwrap_or(0),
            CK_ULONG::try_from(pin.max_len).unwrap_or(0),
        )
    });
    let mut flags = CKF_RNG | CKF_TOKEN_INITIALIZED;
    if pin.is_some() {
        flags |= CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED;
        flags |= counter_flags(token.counter(User::Holder)?, USER_FLAGS);
        flags |= counter_flags(token.counter(User::SecurityOfficer)?, SO_FLAGS);
    }
    Ok(TokenInfo {
        label: info.label.clone(),
        manufacturer: info.manufacturer.clone(),
        model: token.model().to_owned(),
        serial: token.serial().to_owned(),
        flags,
        session_count: 0,
        rw_session_count: 0,
        min_pin_len,
        max_pin_len,
        hardware_version: Version::default(),
        firmware_version: Version::default(),
    })
}

/// The flags for "count low", "final try" and "locked" of one user.
struct CounterFlags(CK_FLAGS, CK_FLAGS, CK_FLAGS);

const USER_FLAGS: CounterFlags = CounterFlags(
    CKF_USER_PIN_COUNT_LOW,
    CKF_USER_PIN_FINAL_TRY,
    CKF_USER_PIN_LOCKED,
);
const SO_FLAGS: CounterFlags = CounterFlags(CKF_SO_PIN_COUNT_LOW, CKF_SO_PIN_FINAL_TRY, CKF_SO_PIN_LOCKED);

fn counter_flags(counter: Counter, flags: CounterFlags) -> CK_FLAGS {
    let CounterFlags(low, final_try, locked) = flags;
    [
        (counter.low, low),
        (counter.final_try, final_try),
        (counter.locked, locked),
    ]
    .into_iter()
    .filter_map(|(set, flag)| set.then_some(flag))
    .fold(0, |flags, flag| flags | flag)
}

/// A reader's name as a slot description: names longer than the field keep both ends, which tell
/// twins apart (30 characters, three dots, 31 characters, as the official module does).
fn description(reader: &str) -> String {
    if reader.len() <= DESCRIPTION_LEN {
        return reader.to_owned();
    }
    let head = &reader[..floor_boundary(reader, 30)];
    let tail = &reader[ceil_boundary(reader, reader.len() - 31)..];
    format!("{head}...{tail}")
}

fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

fn ceil_boundary(text: &str, at: usize) -> usize {
    (at..=text.len())
        .find(|i| text.is_char_boundary(*i))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::description;

    #[test]
    fn a_long_reader_name_keeps_both_ends() {
        let name = format!("{}{}", "A".repeat(40), "é".repeat(30));
        let short = description(&name);
        assert!(short.len() <= 64, "{} bytes", short.len());
        assert!(short.starts_with("AAAA") && short.contains("...") && short.ends_with('é'));
    }

    #[test]
    fn a_short_reader_name_stays() {
        assert_eq!(description("Virtual PCD 00 00"), "Virtual PCD 00 00");
    }
}
