//! What the errors of the service mean.

use pcsc::Error;

use crate::reader::ReaderError;

/// The context is of no more use: its service stopped, or was started anew and does not know it.
pub(super) fn service_lost(error: Error) -> bool {
    matches!(
        error,
        Error::NoService
            | Error::ServiceStopped
            | Error::InvalidHandle
            | Error::CommError
            | Error::Shutdown
            | Error::SystemCancelled
            | Error::InternalError
    )
}

/// What an error of the service means to the layers above. pcscd answers SCARD_W_SECURITY_VIOLATION
/// or SCARD_E_NO_ACCESS to a session that its policy does not allow.
pub(super) fn reader_error(error: Error) -> ReaderError {
    match error {
        Error::NoService
        | Error::ServiceStopped
        | Error::InvalidHandle
        | Error::Shutdown
        | Error::SystemCancelled => ReaderError::NoService,
        Error::SecurityViolation | Error::NoAccess => ReaderError::Refused,
        Error::UnknownReader | Error::ReaderUnavailable | Error::NoReadersAvailable => ReaderError::NoReader,
        Error::NoSmartcard | Error::RemovedCard => ReaderError::Removed,
        Error::UnresponsiveCard | Error::UnpoweredCard | Error::UnsupportedCard | Error::ProtoMismatch => {
            ReaderError::Mute
        }
        Error::SharingViolation => ReaderError::Busy,
        other => {
            log::debug!("PC/SC: {other}");
            ReaderError::Failed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_from_a_service_that_is_not_there() {
        for refusal in [Error::SecurityViolation, Error::NoAccess] {
            assert_eq!(reader_error(refusal), ReaderError::Refused);
        }
        assert_eq!(reader_error(Error::NoService), ReaderError::NoService);
        assert_eq!(reader_error(Error::UnpoweredCard), ReaderError::Mute);
        assert_eq!(reader_error(Error::NotTransacted), ReaderError::Failed);
    }
}
