//! Floor 6: Cryptoki without pointers. Library state, slots, sessions, login, operations.
//!
//! No floor below is reached by any other way; the ABI decides nothing.

pub mod error;
pub mod types;

use std::sync::Arc;

use cryptoki_sys::CK_FLAGS;

pub use error::{Error, Result};
pub use types::*;

/// The state of an initialised library.
pub struct Library {}

/// C_Initialize. Touches no reader and no card.
pub fn initialize(_args: InitializeArgs) -> Result<()> {
    Err(Error::FunctionNotSupported)
}

/// C_Finalize: wakes a blocked [`Library::wait_for_slot_event`], closes every session.
pub fn finalize() -> Result<()> {
    Err(Error::CryptokiNotInitialized)
}

/// The initialised library, or [`Error::CryptokiNotInitialized`] (before C_Initialize, after C_Finalize, in a forked child).
pub fn library() -> Result<Arc<Library>> {
    Err(Error::CryptokiNotInitialized)
}

impl Library {
    /// C_ function of the same name.
    pub fn info(&self) -> LibraryInfo {
        LibraryInfo {
            cryptoki_version: Version { major: 3, minor: 2 },
            manufacturer: "",
            flags: 0,
            description: "",
            version: Version::default(),
        }
    }

    /// C_ function of the same name.
    pub fn slot_list(&self, _token_present: bool) -> Result<Vec<SlotId>> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn slot_info(&self, _slot: SlotId) -> Result<SlotInfo> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn token_info(&self, _slot: SlotId) -> Result<TokenInfo> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn mechanism_list(&self, _slot: SlotId) -> Result<Vec<MechanismType>> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn mechanism_info(&self, _slot: SlotId, _kind: MechanismType) -> Result<MechanismInfo> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn wait_for_slot_event(&self, _block: bool) -> Result<SlotId> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn open_session(&self, _slot: SlotId, _read_write: bool) -> Result<SessionHandle> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn close_session(&self, _session: SessionHandle) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn close_all_sessions(&self, _slot: SlotId) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn session_info(&self, _session: SessionHandle) -> Result<SessionInfo> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn session_cancel(&self, _session: SessionHandle, _flags: CK_FLAGS) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn login(&self, _session: SessionHandle, _user: UserType, _pin: Option<&[u8]>) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn logout(&self, _session: SessionHandle) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn init_pin(&self, _session: SessionHandle, _pin: Option<&[u8]>) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn set_pin(&self, _session: SessionHandle, _old: Option<&[u8]>, _new: Option<&[u8]>) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn object_size(&self, _session: SessionHandle, _object: ObjectHandle) -> Result<usize> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn attributes(
        &self,
        _session: SessionHandle,
        _object: ObjectHandle,
        _wanted: &mut [AttributeRequest<'_>],
    ) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn set_attributes(
        &self,
        _session: SessionHandle,
        _object: ObjectHandle,
        _template: &[Attribute<'_>],
    ) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn find_init(&self, _session: SessionHandle, _template: &[Attribute<'_>]) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn find(&self, _session: SessionHandle, _max: usize) -> Result<Vec<ObjectHandle>> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn find_final(&self, _session: SessionHandle) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn digest_init(&self, _session: SessionHandle, _mechanism: &Mechanism) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn digest(&self, _session: SessionHandle, _data: &[u8], _out: Output<'_>) -> Result<usize> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn digest_update(&self, _session: SessionHandle, _part: &[u8]) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn digest_final(&self, _session: SessionHandle, _out: Output<'_>) -> Result<usize> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn sign_init(
        &self,
        _session: SessionHandle,
        _mechanism: &Mechanism,
        _key: ObjectHandle,
    ) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn sign(&self, _session: SessionHandle, _data: &[u8], _out: Output<'_>) -> Result<usize> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn sign_update(&self, _session: SessionHandle, _part: &[u8]) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn sign_final(&self, _session: SessionHandle, _out: Output<'_>) -> Result<usize> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn verify_init(
        &self,
        _session: SessionHandle,
        _mechanism: &Mechanism,
        _key: ObjectHandle,
    ) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn verify(&self, _session: SessionHandle, _data: &[u8], _signature: &[u8]) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn verify_update(&self, _session: SessionHandle, _part: &[u8]) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn verify_final(&self, _session: SessionHandle, _signature: &[u8]) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn encrypt_init(
        &self,
        _session: SessionHandle,
        _mechanism: &Mechanism,
        _key: ObjectHandle,
    ) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn encrypt(&self, _session: SessionHandle, _data: &[u8], _out: Output<'_>) -> Result<usize> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn decrypt_init(
        &self,
        _session: SessionHandle,
        _mechanism: &Mechanism,
        _key: ObjectHandle,
    ) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn decrypt(&self, _session: SessionHandle, _cryptogram: &[u8], _out: Output<'_>) -> Result<usize> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn seed_random(&self, _session: SessionHandle, _seed: &[u8]) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }

    /// C_ function of the same name.
    pub fn generate_random(&self, _session: SessionHandle, _out: &mut [u8]) -> Result<()> {
        Err(Error::FunctionNotSupported)
    }
}
