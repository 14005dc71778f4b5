//! The token of a session.

use std::ops::Range;
use std::sync::Arc;

use crate::provider::error::{Refusal, Result};
use crate::provider::secret_keys::SecretKeys;
use crate::provider::types::ObjectHandle;
use crate::token::object::Section;
use crate::token::{Login, Token};

use super::SlotTable;
use super::inserted::{Inserted, Place};
use super::slot::Slot;

/// The token that a session is open with. [`SessionToken::with_token`] is the only way from a
/// session to the card, so that no call can forget to record that the card is gone.
pub struct SessionToken {
    slots: Arc<SlotTable>,
    slot: Arc<Slot>,
    inserted: Inserted,
}

impl SessionToken {
    /// The token that was found in this slot.
    pub fn new(slots: Arc<SlotTable>, slot: Arc<Slot>, inserted: Inserted) -> SessionToken {
        SessionToken {
            slots,
            slot,
            inserted,
        }
    }

    /// Does something with the token. A refusal becomes the answer to the application; one that
    /// shows that the card is gone, or was updated, ends the token.
    pub fn with_token<'a, T>(
        &'a self,
        act: impl FnOnce(&'a Token) -> std::result::Result<T, Refusal>,
    ) -> Result<T> {
        let done = act(&self.inserted.token).map_err(|refusal| match refusal {
            Refusal::Token(refusal) => self.slots.answer(&self.slot, &self.inserted, &refusal),
            Refusal::Answer(error) => error,
        })?;
        self.slot.worked();
        Ok(done)
    }

    /// The slot.
    pub fn slot(&self) -> &Slot {
        &self.slot
    }

    /// The stay of the card in the reader that the session is open with.
    pub fn inserted(&self) -> &Inserted {
        &self.inserted
    }

    /// Whether the card is still there. Asks nobody.
    pub fn is_there(&self) -> bool {
        self.slot.holds(&self.inserted)
    }

    /// See [`Token::login`]: asks nobody.
    pub fn login(&self) -> Login {
        self.inserted.token.login()
    }

    /// See [`Token::login_state`]: asks the PC/SC service.
    pub fn login_state(&self) -> Login {
        self.inserted.token.login_state()
    }

    /// CK_TOKEN_INFO serialNumber.
    pub fn serial(&self) -> &str {
        self.inserted.token.serial()
    }

    /// Place of the object of the card with this handle.
    pub fn place(&self, handle: ObjectHandle) -> Option<Place> {
        self.inserted.place(handle)
    }

    /// Handles of the objects of a section, in their order.
    pub fn handles(&self, section: Section) -> Range<ObjectHandle> {
        self.inserted.handles(section)
    }

    /// The session objects with this token, of all sessions.
    pub fn secret_keys(&self) -> &SecretKeys {
        self.inserted.secret_keys()
    }

    /// A handle for a session object.
    pub fn new_object_handle(&self) -> ObjectHandle {
        self.slots.new_object_handle()
    }
}

#[cfg(test)]
pub(in crate::provider) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::card::CardError;
    use crate::card::paper_card::PaperCard;
    use crate::config::Config;
    use crate::provider::error::Error;
    use crate::reader::{Connection, ReaderError, ReaderState, Readers};
    use crate::token;
    use crate::token::paper_token::fresh;

    /// A service with one reader, in which a card stays.
    struct OneReader;

    impl Readers for OneReader {
        fn list(&self) -> std::result::Result<Vec<ReaderState>, ReaderError> {
            Ok(vec![ReaderState {
                name: "Lab Reader".into(),
                attached: true,
                present: true,
                mute: false,
                atr: crate::reader::script::hex("3BAC00402A001225006480000310009000"),
                events: 1,
            }])
        }

        fn wait(&self, _: &[ReaderState], _: Duration) -> std::result::Result<(), ReaderError> {
            Ok(())
        }

        fn cancel(&self) {}

        fn connect(&self, _: &str) -> std::result::Result<Box<dyn Connection>, ReaderError> {
            Err(ReaderError::Busy)
        }

        fn abandon(&self) {}
    }

    /// The token of a session with this card.
    pub(in crate::provider) fn token_of(card: &PaperCard) -> SessionToken {
        let slots = SlotTable::new(Arc::new(OneReader), Config::default(), None);
        let slot = slots.slot(0).expect("a slot");
        let inserted = slot.token(|_| Ok(fresh(card)), || 0).expect("a token");
        SessionToken::new(Arc::new(slots), slot, inserted)
    }

    #[test]
    fn a_refusal_is_answered_and_ends_the_token_where_the_card_is_gone_or_was_updated() {
        let card = |why| Refusal::Token(token::Error::Card(why));
        let reader = |why| card(CardError::Reader(why));
        for (refusal, answer, there) in [
            (reader(ReaderError::Removed), Error::DeviceRemoved, false),
            (reader(ReaderError::NoService), Error::DeviceRemoved, false),
            (reader(ReaderError::Busy), Error::DeviceError, true),
            (card(CardError::Updated), Error::SessionHandleInvalid, false),
            (card(CardError::InterruptedUpdate), Error::DeviceError, false),
            (card(CardError::Unsupported), Error::KeyFunctionNotPermitted, true),
            (Refusal::Answer(Error::DeviceRemoved), Error::DeviceRemoved, true),
        ] {
            let token = token_of(&PaperCard::new());
            let case = format!("{refusal:?}");
            assert_eq!(token.with_token(|_| Ok(7)), Ok(7));
            assert_eq!(token.with_token(|_| Err::<(), _>(refusal)), Err(answer), "{case}");
            assert_eq!(token.is_there(), there, "{case}");
        }
    }
}
