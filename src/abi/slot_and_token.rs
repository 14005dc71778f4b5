//! §5.5 Slot and token management functions.

use cryptoki_sys::*;

use super::{cryptoki, padded};
use crate::provider::{Error, SlotInfo, TokenInfo};

cryptoki! {
    /// Lists the slots, or those with a token.
    "5.5.1" fn C_GetSlotList(
        library, memory; tokenPresent: CK_BBOOL, pSlotList: CK_SLOT_ID_PTR, pulCount: CK_ULONG_PTR,
    ) {
        Ok(memory.list(pSlotList, pulCount, || library.slot_list(tokenPresent != CK_FALSE))?)
    }

    /// Tells about a slot.
    "5.5.2" fn C_GetSlotInfo(library, memory; slotID: CK_SLOT_ID, pInfo: CK_SLOT_INFO_PTR) {
        Ok(memory.answer(pInfo, || library.slot_info(slotID).map(Into::into))?)
    }

    /// Tells about the token in a slot.
    "5.5.3" fn C_GetTokenInfo(library, memory; slotID: CK_SLOT_ID, pInfo: CK_TOKEN_INFO_PTR) {
        Ok(memory.answer(pInfo, || library.token_info(slotID).map(Into::into))?)
    }

    /// Waits for an insertion or a removal, or asks for one that happened (CKF_DONT_BLOCK).
    "5.5.4" fn C_WaitForSlotEvent(
        library, memory; flags: CK_FLAGS, pSlot: CK_SLOT_ID_PTR, pReserved: CK_VOID_PTR,
    ) {
        if !pReserved.is_null() {
            return Err(Error::ArgumentsBad.into());
        }
        Ok(memory.answer(pSlot, || library.wait_for_slot_event(flags & CKF_DONT_BLOCK == 0))?)
    }

    /// Lists the mechanisms of a token.
    "5.5.5" fn C_GetMechanismList(
        library, memory; slotID: CK_SLOT_ID, pMechanismList: CK_MECHANISM_TYPE_PTR, pulCount: CK_ULONG_PTR,
    ) {
        Ok(memory.list(pMechanismList, pulCount, || library.mechanism_list(slotID))?)
    }

    /// Tells about a mechanism of a token.
    "5.5.6" fn C_GetMechanismInfo(
        library, memory; slotID: CK_SLOT_ID, type_: CK_MECHANISM_TYPE, pInfo: CK_MECHANISM_INFO_PTR,
    ) {
        Ok(memory.answer(pInfo, || {
            let info = library.mechanism_info(slotID, type_)?;
            Ok(CK_MECHANISM_INFO {
                ulMinKeySize: info.min_key_size,
                ulMaxKeySize: info.max_key_size,
                flags: info.flags,
            })
        })?)
    }

    /// Would erase the token.
    "5.5.7" not_supported fn C_InitToken(
        slotID: CK_SLOT_ID, pPin: CK_UTF8CHAR_PTR, ulPinLen: CK_ULONG, pLabel: CK_UTF8CHAR_PTR,
    );

    /// Gives the user a new PIN, under the security officer's login.
    "5.5.8" fn C_InitPIN(
        library, memory; hSession: CK_SESSION_HANDLE, pPin: CK_UTF8CHAR_PTR, ulPinLen: CK_ULONG,
    ) {
        Ok(library.init_pin(hSession, memory.pin(pPin, ulPinLen)?)?)
    }

    /// Changes the PIN.
    "5.5.9" fn C_SetPIN(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        pOldPin: CK_UTF8CHAR_PTR,
        ulOldLen: CK_ULONG,
        pNewPin: CK_UTF8CHAR_PTR,
        ulNewLen: CK_ULONG,
    ) {
        let (old, new) = (memory.pin(pOldPin, ulOldLen)?, memory.pin(pNewPin, ulNewLen)?);
        Ok(library.set_pin(hSession, old, new)?)
    }
}

impl From<SlotInfo> for CK_SLOT_INFO {
    fn from(info: SlotInfo) -> Self {
        CK_SLOT_INFO {
            slotDescription: padded(&info.description),
            manufacturerID: padded(&info.manufacturer),
            flags: info.flags,
            hardwareVersion: info.hardware_version.into(),
            firmwareVersion: info.firmware_version.into(),
        }
    }
}

impl From<TokenInfo> for CK_TOKEN_INFO {
    fn from(info: TokenInfo) -> Self {
        CK_TOKEN_INFO {
            label: padded(&info.label),
            manufacturerID: padded(&info.manufacturer),
            model: padded(&info.model),
            serialNumber: padded(&info.serial),
            flags: info.flags,
            ulMaxSessionCount: CK_EFFECTIVELY_INFINITE,
            ulSessionCount: info.session_count,
            ulMaxRwSessionCount: CK_EFFECTIVELY_INFINITE,
            ulRwSessionCount: info.rw_session_count,
            ulMaxPinLen: info.max_pin_len,
            ulMinPinLen: info.min_pin_len,
            ulTotalPublicMemory: CK_UNAVAILABLE_INFORMATION,
            ulFreePublicMemory: CK_UNAVAILABLE_INFORMATION,
            ulTotalPrivateMemory: CK_UNAVAILABLE_INFORMATION,
            ulFreePrivateMemory: CK_UNAVAILABLE_INFORMATION,
            hardwareVersion: info.hardware_version.into(),
            firmwareVersion: info.firmware_version.into(),
            // Without meaning, since no card has a clock; the official module writes NULs too.
            utcTime: [0; 16],
        }
    }
}
