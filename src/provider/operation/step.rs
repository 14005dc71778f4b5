//! The life of an operation: it starts where none is, takes its calls one by one and ends with its
//! result or with an error.

use crate::provider::error::{Error, Result};

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
        // §5.2: the caller may come back with a larger buffer, and with a pointer where none was,
        // as the official module lets it.
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
