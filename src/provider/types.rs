//! Arguments and answers of the provider: the structures of the standard without a pointer in them.

use cryptoki_sys::{
    CK_ATTRIBUTE_TYPE, CK_FLAGS, CK_MECHANISM_TYPE, CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CK_SLOT_ID,
    CK_STATE, CK_ULONG, CK_USER_TYPE,
};

use super::error::{Error, Result};

/// CK_SLOT_ID.
pub type SlotId = CK_SLOT_ID;
/// CK_SESSION_HANDLE; 0 is never valid.
pub type SessionHandle = CK_SESSION_HANDLE;
/// CK_OBJECT_HANDLE; 0 is never valid.
pub type ObjectHandle = CK_OBJECT_HANDLE;
/// CK_MECHANISM_TYPE.
pub type MechanismType = CK_MECHANISM_TYPE;
/// CK_ATTRIBUTE_TYPE.
pub type AttributeType = CK_ATTRIBUTE_TYPE;
/// CK_USER_TYPE.
pub type UserType = CK_USER_TYPE;

/// CK_VERSION.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// Integer part.
    pub major: u8,
    /// Hundredths part.
    pub minor: u8,
}

/// CK_INFO, texts not yet padded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct LibraryInfo {
    pub cryptoki_version: Version,
    pub manufacturer: &'static str,
    pub flags: CK_FLAGS,
    pub description: &'static str,
    pub version: Version,
}

/// CK_SLOT_INFO, texts not yet padded nor cut to 64 and 32 bytes (the ABI pads; `description` fits
/// already).
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SlotInfo {
    pub description: String,
    pub manufacturer: String,
    pub flags: CK_FLAGS,
    pub hardware_version: Version,
    pub firmware_version: Version,
}

/// CK_TOKEN_INFO, texts not yet padded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TokenInfo {
    pub label: String,
    pub manufacturer: String,
    pub model: String,
    pub serial: String,
    pub flags: CK_FLAGS,
    pub session_count: CK_ULONG,
    pub rw_session_count: CK_ULONG,
    pub min_pin_len: CK_ULONG,
    pub max_pin_len: CK_ULONG,
    pub hardware_version: Version,
    pub firmware_version: Version,
}

/// CK_MECHANISM_INFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct MechanismInfo {
    pub min_key_size: CK_ULONG,
    pub max_key_size: CK_ULONG,
    pub flags: CK_FLAGS,
}

/// CK_SESSION_INFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SessionInfo {
    pub slot: SlotId,
    pub state: CK_STATE,
    pub flags: CK_FLAGS,
    pub device_error: CK_ULONG,
}

/// CK_RSA_PKCS_PSS_PARAMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct PssParameters {
    pub hash: MechanismType,
    pub mgf: CK_ULONG,
    /// Bytes.
    pub salt_len: CK_ULONG,
}

/// CK_RSA_PKCS_OAEP_PARAMS.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct OaepParameters {
    pub hash: MechanismType,
    pub mgf: CK_ULONG,
    pub source: CK_ULONG,
    pub label: Vec<u8>,
}

/// Parameter of a mechanism, copied: nothing points to the caller's memory after an Init call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// The mechanism takes none, or got none of the shape that it takes.
    None,
    /// The mechanism takes CK_RSA_PKCS_PSS_PARAMS and got a structure of that size.
    Pss(PssParameters),
    /// The mechanism takes CK_RSA_PKCS_OAEP_PARAMS and got a structure of that size.
    Oaep(OaepParameters),
}

/// CK_MECHANISM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mechanism {
    /// CKM_...
    pub kind: MechanismType,
    /// Its parameter.
    pub parameter: Parameter,
}

/// One attribute of a template that goes in: search, creation, modification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// CKA_...
    pub kind: AttributeType,
    /// Its value as the caller has it; CK_ULONG and CK_BBOOL in native form.
    pub value: &'a [u8],
}

/// One attribute that C_GetAttributeValue is asked for, and its answer.
#[derive(Debug)]
pub struct AttributeRequest<'a> {
    /// CKA_...
    pub kind: AttributeType,
    /// Where the value goes.
    pub out: Output<'a>,
    /// Answer for ulValueLen; `None` is CK_UNAVAILABLE_INFORMATION. Set by the provider on every
    /// call.
    pub len: Option<usize>,
}

/// Where an output goes: the two ways to call of the standard's "conventions for functions
/// returning output".
#[derive(Debug)]
pub enum Output<'a> {
    /// NULL buffer: only the length is wanted.
    Size,
    /// The caller's buffer.
    Buffer(&'a mut [u8]),
}

impl Output<'_> {
    /// Decides what to do with an output of at most `needed` bytes: `Ok(true)` to go on and produce
    /// it, `Ok(false)` when only the size was wanted, [`Error::BufferTooSmall`] otherwise.
    pub fn wants(&self, needed: usize) -> Result<bool> {
        match self {
            Output::Size => Ok(false),
            Output::Buffer(buffer) if buffer.len() < needed => Err(Error::BufferTooSmall(needed)),
            Output::Buffer(_) => Ok(true),
        }
    }

    /// Copies `bytes` out and returns the length to report; a size query only gets the length.
    pub fn put(self, bytes: &[u8]) -> Result<usize> {
        if let Output::Buffer(buffer) = self {
            buffer
                .get_mut(..bytes.len())
                .ok_or(Error::BufferTooSmall(bytes.len()))?
                .copy_from_slice(bytes);
        }
        Ok(bytes.len())
    }
}
