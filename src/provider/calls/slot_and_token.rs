//! Slot and token management (PKCS #11 §5.5).

use crate::pin::Pin;
use crate::provider::error::{Error, Result};
use crate::provider::library::Library;
use crate::provider::pauses::Brake;
use crate::provider::slots::Presence;
use crate::provider::types::{MechanismInfo, MechanismType, SessionHandle, SlotId, SlotInfo, TokenInfo};
use crate::provider::{information, mechanism};

impl Library {
    /// C_GetSlotList.
    pub fn slot_list(&self, token_present: bool) -> Result<Vec<SlotId>> {
        self.slots.refresh();
        let slots = self.slots.all();
        Ok(slots
            .iter()
            .filter(|slot| !token_present || slot.presence() == Presence::Candidate)
            .map(|slot| slot.id)
            .collect())
    }

    /// C_GetSlotInfo.
    pub fn slot_info(&self, slot: SlotId) -> Result<SlotInfo> {
        Ok(information::of_slot(&*self.slots.slot(slot)?))
    }

    /// C_GetTokenInfo. Only the first call after an insertion talks to the card.
    pub fn token_info(&self, slot: SlotId) -> Result<TokenInfo> {
        let slot = self.slots.slot(slot)?;
        let (inserted, about) = self
            .slots
            .with_token(&slot, |_, token| information::of_token(token))?;
        let (session_count, rw_session_count) = self.sessions.counts(&inserted);
        Ok(TokenInfo {
            session_count,
            rw_session_count,
            ..about
        })
    }

    /// C_GetMechanismList.
    pub fn mechanism_list(&self, slot: SlotId) -> Result<Vec<MechanismType>> {
        let slot = self.slots.slot(slot)?;
        let listed = self
            .slots
            .with_token(&slot, |_, token| Ok(mechanism::list(token)));
        listed.map(|(_, list)| list)
    }

    /// C_GetMechanismInfo.
    pub fn mechanism_info(&self, slot: SlotId, kind: MechanismType) -> Result<MechanismInfo> {
        let slot = self.slots.slot(slot)?;
        let (_, info) = self
            .slots
            .with_token(&slot, |_, token| Ok(mechanism::info(token, kind)))?;
        info.ok_or(Error::MechanismInvalid)
    }

    /// C_WaitForSlotEvent: insertions and removals, also of cards that are not ours.
    pub fn wait_for_slot_event(&self, block: bool) -> Result<SlotId> {
        let mut brake = Brake::default();
        loop {
            self.slots.refresh();
            if let Some(slot) = self.slots.all().iter().find(|slot| slot.take_event()) {
                return Ok(slot.id);
            }
            if !block {
                return Err(Error::NoEvent);
            }
            self.pauses.wait_for_change(&self.slots, &mut brake)?;
        }
    }

    /// C_InitPIN.
    pub fn init_pin(&self, session: SessionHandle, pin: Option<Pin<'_>>) -> Result<()> {
        self.live_session(session)?.init_pin(pin)
    }

    /// C_SetPIN.
    pub fn set_pin(&self, session: SessionHandle, old: Option<Pin<'_>>, new: Option<Pin<'_>>) -> Result<()> {
        self.live_session(session)?.set_pin(old, new)
    }
}
