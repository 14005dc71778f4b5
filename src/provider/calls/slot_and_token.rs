//! Slot and token management (PKCS #11 §5.5).

use cryptoki_sys::*;

use crate::token::{Counter, Token, User};

use crate::provider::error::{Error, Result};
use crate::provider::library::{Brake, Library};
use crate::provider::mechanism;
use crate::provider::slot::Presence;
use crate::provider::types::{MechanismInfo, MechanismType, SlotId, SlotInfo, TokenInfo, Version};

/// Length of CK_SLOT_INFO slotDescription.
const DESCRIPTION_LEN: usize = 64;

/// Digits that C_Login takes when the card has no PIN whose limits it could tell.
const DEFAULT_PIN_LEN: (CK_ULONG, CK_ULONG) = (4, 8);

impl Library {
    /// C_GetSlotList.
    pub fn slot_list(&self, token_present: bool) -> Result<Vec<SlotId>> {
        self.refresh();
        let slots = self.slots();
        Ok(slots
            .iter()
            .filter(|slot| !token_present || slot.presence() == Presence::Candidate)
            .map(|slot| slot.id)
            .collect())
    }

    /// C_GetSlotInfo.
    pub fn slot_info(&self, slot: SlotId) -> Result<SlotInfo> {
        let slot = self.slot(slot)?;
        let present = if slot.presence() == Presence::Candidate {
            CKF_TOKEN_PRESENT
        } else {
            0
        };
        Ok(SlotInfo {
            description: description(&slot.reader),
            manufacturer: String::new(),
            flags: CKF_REMOVABLE_DEVICE | CKF_HW_SLOT | present,
            hardware_version: Version::default(),
            firmware_version: Version::default(),
        })
    }

    /// C_GetTokenInfo. Only the first call after an insertion talks to the card.
    pub fn token_info(&self, slot: SlotId) -> Result<TokenInfo> {
        let slot = self.slot(slot)?;
        let (inserted, about) = self.on_token(&slot, |inserted| token_texts_and_flags(&inserted.token))?;
        let (sessions, read_write) = self.session_counts(&inserted);
        Ok(TokenInfo {
            session_count: sessions,
            rw_session_count: read_write,
            ..about
        })
    }

    /// C_GetMechanismList.
    pub fn mechanism_list(&self, slot: SlotId) -> Result<Vec<MechanismType>> {
        let slot = self.slot(slot)?;
        Ok(mechanism::list(&self.token(&slot)?.token))
    }

    /// C_GetMechanismInfo.
    pub fn mechanism_info(&self, slot: SlotId, kind: MechanismType) -> Result<MechanismInfo> {
        let slot = self.slot(slot)?;
        mechanism::info(&self.token(&slot)?.token, kind).ok_or(Error::MechanismInvalid)
    }

    /// C_WaitForSlotEvent: insertions and removals, also of cards that are not ours.
    pub fn wait_for_slot_event(&self, block: bool) -> Result<SlotId> {
        let mut brake = Brake::default();
        loop {
            self.refresh();
            if let Some(slot) = self.slots().iter().find(|slot| slot.take_event()) {
                return Ok(slot.id);
            }
            if !block {
                return Err(Error::NoEvent);
            }
            self.wait_for_change(&mut brake)?;
        }
    }
}

/// Everything of CK_TOKEN_INFO but the session counts.
fn token_texts_and_flags(token: &Token) -> std::result::Result<TokenInfo, crate::token::Error> {
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

/// A reader's name as a slot description: names longer than the field keep both ends, which tell twins apart
/// (30 characters, three dots, 31 characters, as the official module does).
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
