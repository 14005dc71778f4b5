//! A token between its insertion and its removal, and the handles of its objects.

use std::ops::Range;
use std::sync::Arc;

use crate::provider::secret_keys::SecretKeys;
use crate::provider::types::ObjectHandle;
use crate::token::object::{Object, Section};
use crate::token::{self, Token};

/// Object handles of one section are consecutive; the next section starts above them, and the next
/// insertion above its last.
const HANDLES_PER_SECTION: ObjectHandle = 1 << 9;
const HANDLES_PER_INSERTION: ObjectHandle = HANDLES_PER_SECTION << 3;
const _: () = assert!(Section::ALL.len() <= 1 << 3);

/// A token for the time between insertion and removal.
///
/// Code outside of this folder reaches the token only through
/// [`SlotTable::with_token`](super::SlotTable::with_token) and
/// [`SessionToken::with_token`](super::SessionToken::with_token), which record a removal.
#[derive(Clone)]
pub struct Inserted {
    pub(super) token: Arc<Token>,
    secret_keys: Arc<SecretKeys>,
    first_handle: ObjectHandle,
}

/// Where an object stands among those of its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    section: Section,
    /// Its index in [`Token::section`].
    index: usize,
}

impl Place {
    /// The object that stands here. Reads its directory file, if nobody has yet.
    pub fn object(self, token: &Token) -> Result<Option<&Object>, token::Error> {
        Ok(token.section(self.section)?.get(self.index))
    }
}

impl Inserted {
    /// A token that was just recognised; `insertion` is the rank of the insertion.
    pub(super) fn new(token: Token, insertion: u32) -> Inserted {
        Inserted {
            token: Arc::new(token),
            secret_keys: Arc::default(),
            first_handle: first_handle(insertion),
        }
    }

    /// Whether both mean the same insertion of the same card.
    pub fn is(&self, other: &Inserted) -> bool {
        Arc::ptr_eq(&self.token, &other.token)
    }

    /// The session objects with this token, of all sessions.
    pub fn secret_keys(&self) -> &SecretKeys {
        &self.secret_keys
    }

    /// Handles of the objects of a section, in their order.
    pub fn handles(&self, section: Section) -> Range<ObjectHandle> {
        let first = self.first_handle + section as ObjectHandle * HANDLES_PER_SECTION;
        first..first + HANDLES_PER_SECTION
    }

    /// Place of the object of the card with this handle.
    pub fn place(&self, handle: ObjectHandle) -> Option<Place> {
        let offset = handle.checked_sub(self.first_handle)?;
        let section = usize::try_from(offset / HANDLES_PER_SECTION).ok()?;
        Some(Place {
            section: *Section::ALL.get(section)?,
            index: usize::try_from(offset % HANDLES_PER_SECTION).ok()?,
        })
    }

    /// See [`Token::end_login`].
    pub fn end_login(&self) {
        self.token.end_login();
    }

    /// See [`Token::close`].
    pub fn close(&self) -> Result<(), token::Error> {
        self.token.close()
    }
}

/// First object handle of the insertion with this rank, counted from 0.
fn first_handle(insertion: u32) -> ObjectHandle {
    ObjectHandle::from(insertion) * HANDLES_PER_INSERTION + 1
}

/// Handles for session objects, out of blocks that no insertion has.
#[derive(Default)]
pub(super) struct HandleBlock(Range<ObjectHandle>);

impl HandleBlock {
    /// A handle that nothing had before. `insertion` gives the rank of a block, as for a new
    /// insertion.
    pub fn next(&mut self, insertion: impl FnOnce() -> u32) -> ObjectHandle {
        if self.0.is_empty() {
            let first = first_handle(insertion());
            self.0 = first..first + HANDLES_PER_INSERTION;
        }
        let handle = self.0.start;
        self.0.start += 1;
        handle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_of_an_insertion_are_never_those_of_another() {
        assert_eq!(first_handle(0), 1);
        assert_eq!(first_handle(1), 1 + HANDLES_PER_INSERTION);
    }

    #[test]
    fn session_objects_have_handles_of_their_own() {
        let (mut block, mut insertions) = (HandleBlock::default(), 5..);
        let mut next = || block.next(|| insertions.next().expect("a rank"));
        let handles: Vec<_> = (0..=HANDLES_PER_INSERTION).map(|_| next()).collect();
        assert_eq!(handles[0], first_handle(5));
        assert!(handles.is_sorted_by(|a, b| a < b));
        assert_eq!(handles.last(), Some(&first_handle(6)), "the next block");
    }

    #[test]
    fn sections_are_numbered_in_their_order() {
        for (number, section) in Section::ALL.into_iter().enumerate() {
            assert_eq!(section as usize, number);
        }
    }
}
