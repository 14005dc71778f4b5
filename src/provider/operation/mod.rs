//! The operations of a session: at most one of each kind, gone when it ended.

pub mod digesting;
pub mod encipherment;
pub mod recovery;
pub mod signing;
pub mod verification;

use cryptoki_sys::{
    CK_FLAGS, CKF_DECRYPT, CKF_DIGEST, CKF_ENCRYPT, CKF_FIND_OBJECTS, CKF_SIGN, CKF_SIGN_RECOVER, CKF_VERIFY,
    CKF_VERIFY_RECOVER,
};

use crate::provider::error::{Error, Result};
use crate::provider::operation::digesting::Digesting;
use crate::provider::operation::encipherment::{Decryption, Encryption};
use crate::provider::operation::recovery::{RecoverableSigning, Recovery};
use crate::provider::operation::signing::Signing;
use crate::provider::operation::verification::Verification;
use crate::provider::session::objects::Search;

/// What a session has under way.
#[derive(Default)]
pub struct Operations {
    pub(in crate::provider) search: Option<Search>,
    pub(in crate::provider) digest: Option<Digesting>,
    pub(in crate::provider) sign: Option<Signing>,
    pub(in crate::provider) sign_recover: Option<RecoverableSigning>,
    pub(in crate::provider) verify: Option<Verification>,
    pub(in crate::provider) verify_recover: Option<Recovery>,
    pub(in crate::provider) encrypt: Option<Encryption>,
    pub(in crate::provider) decrypt: Option<Decryption>,
}

impl Operations {
    /// C_SessionCancel. True if an operation was under way.
    pub fn cancel(&mut self, flags: CK_FLAGS) -> bool {
        let asked = |flag| flags & flag != 0;
        [
            self.search.take_if(|_| asked(CKF_FIND_OBJECTS)).is_some(),
            self.digest.take_if(|_| asked(CKF_DIGEST)).is_some(),
            self.sign.take_if(|_| asked(CKF_SIGN)).is_some(),
            self.sign_recover.take_if(|_| asked(CKF_SIGN_RECOVER)).is_some(),
            self.verify.take_if(|_| asked(CKF_VERIFY)).is_some(),
            self.verify_recover
                .take_if(|_| asked(CKF_VERIFY_RECOVER))
                .is_some(),
            self.encrypt.take_if(|_| asked(CKF_ENCRYPT)).is_some(),
            self.decrypt.take_if(|_| asked(CKF_DECRYPT)).is_some(),
        ]
        .contains(&true)
    }

    /// After a logout nothing goes on with a private key, and no search with what it found of private objects.
    pub fn end_private(&mut self) {
        self.search = None;
        self.sign = None;
        self.sign_recover = None;
        self.decrypt = None;
    }
}

/// Starts an operation where none of its kind may be active.
pub fn start<T>(place: &mut Option<T>, operation: impl FnOnce() -> Result<T>) -> Result<()> {
    if place.is_some() {
        return Err(Error::OperationActive);
    }
    *place = Some(operation()?);
    Ok(())
}

/// Runs one call of an active operation, which ends unless the call says that it goes on.
pub fn step<T, A>(place: &mut Option<T>, call: impl FnOnce(&mut T) -> Result<Step<A>>) -> Result<A> {
    let operation = place.as_mut().ok_or(Error::OperationNotInitialized)?;
    match call(operation) {
        Ok(Step::GoesOn(answer)) => Ok(answer),
        Ok(Step::Ended(answer)) => {
            *place = None;
            Ok(answer)
        }
        // §5.2: the caller may come back with a larger buffer; with a pointer where none was, as the official module lets it.
        Err(error @ (Error::BufferTooSmall(_) | Error::ArgumentsBad)) => Err(error),
        Err(error) => {
            *place = None;
            Err(error)
        }
    }
}

/// What one call made of its operation.
pub enum Step<A> {
    /// More calls follow: a part was taken, or only a size was asked for.
    GoesOn(A),
    /// The operation is over.
    Ended(A),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_operation_of_a_kind_at_a_time() {
        let mut place = None;
        assert_eq!(
            start(&mut place, || Err::<u8, _>(Error::MechanismInvalid)),
            Err(Error::MechanismInvalid)
        );
        assert_eq!(start(&mut place, || Ok(1)), Ok(()));
        assert_eq!(start(&mut place, || Ok(2)), Err(Error::OperationActive));
        assert_eq!(place, Some(1));
    }

    #[test]
    fn an_operation_ends_with_its_result_and_with_an_error() {
        for (end, expected) in [
            (Ok(Step::Ended(7)), Ok(7)),
            (Err(Error::DataLenRange), Err(Error::DataLenRange)),
        ] {
            let mut place = Some(());
            assert_eq!(step(&mut place, |()| end), expected);
            assert_eq!(
                step(&mut place, |()| Ok(Step::Ended(7))),
                Err(Error::OperationNotInitialized)
            );
        }
    }

    #[test]
    fn an_operation_survives_a_size_query_and_a_short_buffer() {
        let mut place = Some(0);
        assert_eq!(step(&mut place, |_| Ok(Step::GoesOn(256))), Ok(256));
        let short = step::<_, usize>(&mut place, |_| Err(Error::BufferTooSmall(256)));
        assert_eq!((short, place), (Err(Error::BufferTooSmall(256)), Some(0)));
    }
}
