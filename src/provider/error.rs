//! What a Cryptoki function answers when it does not answer CKR_OK.

/// Reasons for a refusal, named after the CKR_ codes to which the ABI maps them one to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Error {
    ActionProhibited,
    ArgumentsBad,
    AttributeReadOnly,
    AttributeSensitive,
    AttributeTypeInvalid,
    AttributeValueInvalid,
    /// The buffer must hold at least this many bytes (or entries, for lists).
    BufferTooSmall(usize),
    CryptokiAlreadyInitialized,
    CryptokiNotInitialized,
    DataInvalid,
    DataLenRange,
    DeviceError,
    DeviceRemoved,
    EncryptedDataInvalid,
    EncryptedDataLenRange,
    FunctionFailed,
    FunctionNotParallel,
    FunctionNotSupported,
    HostMemory,
    KeyFunctionNotPermitted,
    KeyHandleInvalid,
    KeyTypeInconsistent,
    MechanismInvalid,
    MechanismParamInvalid,
    NoEvent,
    ObjectHandleInvalid,
    OperationActive,
    OperationNotInitialized,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    RandomSeedNotSupported,
    SessionHandleInvalid,
    SessionParallelNotSupported,
    SessionReadOnly,
    SessionReadOnlyExists,
    SessionReadWriteSoExists,
    SignatureInvalid,
    SignatureLenRange,
    SlotIdInvalid,
    TemplateInconsistent,
    TokenNotPresent,
    TokenNotRecognized,
    UserAlreadyLoggedIn,
    UserAnotherAlreadyLoggedIn,
    UserNotLoggedIn,
    UserPinNotInitialized,
    UserTypeInvalid,
    /// The card was left half written by an update of its data; vendor code CKR_CPX_INTERRUPTED_UPDATE.
    InterruptedUpdate,
}

/// Result of a Cryptoki function.
pub type Result<T> = std::result::Result<T, Error>;
