//! The operations of a session: at most one of each kind, gone when it ended.
//!
//! They know no session and no library. A call that needs the card gets the token from
//! [`SessionToken::with_token`](super::slots::SessionToken::with_token), and tells with a
//! [`Refusal`](super::error::Refusal) whether it is the token that refuses.

mod digesting;
mod encipherment;
mod key;
mod message;
mod recovery;
mod search;
mod signing;
mod step;
mod verification;

use cryptoki_sys::{
    CK_FLAGS, CKF_DECRYPT, CKF_DIGEST, CKF_ENCRYPT, CKF_FIND_OBJECTS, CKF_SIGN, CKF_SIGN_RECOVER, CKF_VERIFY,
    CKF_VERIFY_RECOVER,
};

pub use digesting::Digesting;
pub use encipherment::{Decryption, Encryption};
pub use key::{KeyHandle, Use};
pub use recovery::{RecoverableSigning, Recovery};
pub use search::{Search, matches_secret_key, matching};
pub use signing::Signing;
pub use step::{Step, start, step};
pub use verification::Verification;

/// What a session has under way.
#[derive(Default)]
pub struct Operations {
    /// C_FindObjects…
    pub search: Option<Search>,
    /// C_Digest…
    pub digest: Option<Digesting>,
    /// C_Sign…
    pub sign: Option<Signing>,
    /// C_SignRecover…
    pub sign_recover: Option<RecoverableSigning>,
    /// C_Verify…
    pub verify: Option<Verification>,
    /// C_VerifyRecover…
    pub verify_recover: Option<Recovery>,
    /// C_Encrypt…
    pub encrypt: Option<Encryption>,
    /// C_Decrypt…
    pub decrypt: Option<Decryption>,
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

    /// After a logout nothing goes on with a private key, and no search with what it found of
    /// private objects.
    pub fn end_private(&mut self) {
        self.search = None;
        self.sign = None;
        self.sign_recover = None;
        self.decrypt = None;
    }
}
