//! What the chips do where nobody asked a real one.

use crate::files::ConditionBytes;
use crate::status::Status;

/// Largest input of INTERNAL AUTHENTICATE on a CPS3: 40 % of the modulus, the rule of IAS-ECC; status 6700 beyond.
pub const LARGEST_AUTHENTICATION_INPUT: usize = 102;

/// Rules of the unblocking code of a CPS3, access mode byte first: neither change nor reset.
pub const UNBLOCKING_CODE_RULES: [u8; 6] = [0xF3, 0xFF, 0x00, 0xFF, 0xFF, 0x00];
/// Rules of the contact keys of a CPS3: every use with the holder code.
pub const KEY_RULES: [u8; 6] = [0xF3, 0x11, 0x11, 0x11, 0xFF, 0x00];
/// Rules of the contactless key of a CPS3: every use free.
pub const TECHNICAL_KEY_RULES: [u8; 6] = [0xF3, 0x00, 0x00, 0x00, 0xFF, 0x00];

/// What a CPS3 answers to commands about codes where it has none, without contacts.
pub const NO_CODE: Status = Status::DATA_NOT_FOUND;

/// Rules of the files of the contactless application, beside that they are read there: nothing else.
pub const CONTACTLESS_FILES: (ConditionBytes, ConditionBytes) =
    ([0xFF; 6], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00]);
