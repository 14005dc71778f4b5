//! The session objects with a token. They belong to the session that made them and end with it,
//! and all sessions of the application with the token see them.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::error::{Error, Result};
use super::secret_key::SecretKey;
use super::types::{ObjectHandle, SessionHandle};

/// The secret keys of one stay of a card in its reader.
#[derive(Default)]
pub struct SecretKeys(Mutex<State>);

#[derive(Default)]
struct State {
    keys: BTreeMap<ObjectHandle, Owned>,
    /// The card is gone: no key comes any more.
    ended: bool,
}

struct Owned {
    owner: SessionHandle,
    key: Arc<SecretKey>,
}

impl SecretKeys {
    /// Adds a key of a session.
    ///
    /// # Errors
    /// [`Error::SessionHandleInvalid`] when the card is gone, and all its sessions with it.
    pub fn insert(&self, handle: ObjectHandle, owner: SessionHandle, key: SecretKey) -> Result<()> {
        let mut state = self.0.lock();
        if state.ended {
            return Err(Error::SessionHandleInvalid);
        }
        let key = Arc::new(key);
        state.keys.insert(handle, Owned { owner, key });
        Ok(())
    }

    /// The key with this handle.
    pub fn get(&self, handle: ObjectHandle) -> Option<Arc<SecretKey>> {
        let state = self.0.lock();
        state.keys.get(&handle).map(|owned| Arc::clone(&owned.key))
    }

    /// Handles of the keys that are `wanted`, oldest first.
    pub fn find(&self, wanted: impl Fn(&SecretKey) -> bool) -> Vec<ObjectHandle> {
        let state = self.0.lock();
        let found = state.keys.iter().filter(|(_, owned)| wanted(&owned.key));
        found.map(|(handle, _)| *handle).collect()
    }

    /// Changes the key with this handle.
    ///
    /// # Errors
    /// That of `change`; [`Error::ObjectHandleInvalid`] when the key is gone.
    pub fn change(
        &self,
        handle: ObjectHandle,
        change: impl FnOnce(&mut SecretKey) -> Result<()>,
    ) -> Result<()> {
        match self.0.lock().keys.get_mut(&handle) {
            Some(owned) => change(Arc::make_mut(&mut owned.key)),
            None => Err(Error::ObjectHandleInvalid),
        }
    }

    /// Destroys the key with this handle. False if there is none.
    pub fn destroy(&self, handle: ObjectHandle) -> bool {
        self.0.lock().keys.remove(&handle).is_some()
    }

    /// Destroys the private keys (§5.6 "C_Logout").
    pub fn destroy_private(&self) {
        self.0.lock().keys.retain(|_, owned| !owned.key.private());
    }

    /// Destroys the keys of a session.
    pub fn destroy_of(&self, owner: SessionHandle) {
        self.0.lock().keys.retain(|_, owned| owned.owner != owner);
    }

    /// The card is gone: destroys every key.
    pub fn end(&self) {
        let mut state = self.0.lock();
        state.ended = true;
        state.keys.clear();
    }
}

#[cfg(test)]
pub(super) mod tests {
    use cryptoki_sys::{CK_TRUE, CKA_KEY_TYPE, CKA_LABEL, CKA_PRIVATE, CKA_VALUE, CKK_AES};
    use zeroize::Zeroizing;

    use super::*;
    use crate::provider::secret_key::Template;
    use crate::provider::types::Attribute;
    use crate::token::attribute::Value;

    /// A key of AES.
    pub(in crate::provider) fn key(private: bool) -> SecretKey {
        let key_type = CKK_AES.to_ne_bytes();
        let private = [if private { CK_TRUE } else { 0 }];
        let attribute = |kind, value| Attribute { kind, value };
        let template = [
            attribute(CKA_KEY_TYPE, &key_type[..]),
            attribute(CKA_PRIVATE, &private),
        ];
        let template = Template::read(&template, 32, false).expect("a template");
        template
            .key(Zeroizing::new(vec![7; 16]), "an identifier".into())
            .expect("a key")
    }

    fn all(keys: &SecretKeys) -> Vec<ObjectHandle> {
        keys.find(|_| true)
    }

    #[test]
    fn a_key_ends_with_its_session_with_the_login_or_with_the_card() {
        let keys = SecretKeys::default();
        for (handle, owner, private) in [(3, 1, true), (2, 1, false), (1, 2, true), (4, 2, false)] {
            assert_eq!(keys.insert(handle, owner, key(private)), Ok(()));
        }
        assert_eq!(all(&keys), [1, 2, 3, 4]);
        assert_eq!(keys.find(|key| key.private()), [1, 3]);
        assert!(keys.destroy(3) && !keys.destroy(3));
        keys.destroy_private();
        assert_eq!(all(&keys), [2, 4]);
        keys.destroy_of(1);
        assert_eq!(all(&keys), [4]);
        assert!(keys.get(4).is_some() && keys.get(2).is_none());
        keys.end();
        assert_eq!(all(&keys), [0; 0]);
        let late = keys.insert(5, 2, key(false));
        assert_eq!(late, Err(Error::SessionHandleInvalid), "the card is gone");
        assert_eq!(all(&keys), [0; 0]);
    }

    #[test]
    fn a_change_is_seen_by_who_looks_next_and_not_by_who_has_looked() {
        let keys = SecretKeys::default();
        keys.insert(1, 1, key(false)).expect("a key");
        let before = keys.get(1).expect("a key");
        let label = [Attribute {
            kind: CKA_LABEL,
            value: b"new",
        }];
        assert_eq!(keys.change(1, |key| key.change(&label)), Ok(()));
        let of = |key: &SecretKey| match key.attribute(CKA_LABEL) {
            Value::Bytes(label) => label.to_vec(),
            other => panic!("{other:?}"),
        };
        assert_eq!(of(&before), b"");
        assert_eq!(of(&keys.get(1).expect("a key")), b"new");
        let value = [Attribute {
            kind: CKA_VALUE,
            value: b"new",
        }];
        let refused = keys.change(1, |key| key.change(&value));
        assert_eq!(refused, Err(Error::AttributeReadOnly));
        let gone = keys.change(2, |_| Ok(()));
        assert_eq!(gone, Err(Error::ObjectHandleInvalid));
    }
}
