//! C_Encrypt with a public key, C_Decrypt with the authentication key.

use std::ptr::null_mut;

use cryptoki_sys::*;

use testkit::messages::*;
use testkit::{Ckr, READER, Rv, call};

const TOO_SMALL: Rv = Err(Ckr(CKR_BUFFER_TOO_SMALL));
const BAD: Rv = Err(Ckr(CKR_ARGUMENTS_BAD));

#[test]
fn a_plain_text_comes_back_from_the_authentication_key() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        let public = public_key(session, key);
        for len in [0, 1, 16, 48, 245] {
            let plain = message(len);
            session.decrypt_init(CKM_RSA_PKCS, key).expect("C_DecryptInit");
            assert_eq!(
                session.decrypt(&public.encrypts(&plain)),
                Ok(plain),
                "{len} bytes by OpenSSL"
            );

            let plain = message(len);
            let own = session.companion(key, CKO_PUBLIC_KEY);
            session.encrypt_init(CKM_RSA_PKCS, own).expect("C_EncryptInit");
            let cryptogram = session.encrypt(&plain).expect("C_Encrypt");
            session.decrypt_init(CKM_RSA_PKCS, key).expect("C_DecryptInit");
            assert_eq!(
                session.decrypt(&cryptogram),
                Ok(plain),
                "{len} bytes by the module"
            );
        }
    }
}

#[test]
fn a_plain_text_may_take_the_place_of_its_cryptogram() {
    let (module, _rack, _card) = testkit::start(testkit::cps4());
    let session = module.user_session();
    let key = session.private_key("CPS_PRIV_AUT");
    let mut buffer = public_key(session, key).encrypts(b"forty-eight bytes of a TLS premaster secret.....");
    let mut len = 256;
    session.decrypt_init(CKM_RSA_PKCS, key).expect("C_DecryptInit");
    let place = buffer.as_mut_ptr();
    assert_eq!(
        call!(module, C_Decrypt(session.handle, place, 256, place, &mut len)),
        Ok(())
    );
    assert_eq!(
        &buffer[..len as usize],
        b"forty-eight bytes of a TLS premaster secret....."
    );
}

/// It was deciphered while somebody was logged in, and waits for a buffer that is long enough.
#[test]
fn a_plaintext_that_waits_is_not_handed_out_after_a_lost_login() {
    for card in testkit::both() {
        let (module, rack, card) = testkit::start(card);
        let session = module.user_session();
        let h = session.handle;
        let key = session.private_key("CPS_PRIV_AUT");
        let mut cryptogram = public_key(session, key).encrypts(b"for the holder");
        session.decrypt_init(CKM_RSA_PKCS, key).expect("C_DecryptInit");
        let (mut result, mut n) = ([0u8; 256], 2);
        let (from, into) = (cryptogram.as_mut_ptr(), result.as_mut_ptr());
        assert_eq!(call!(module, C_Decrypt(h, from, 256, into, &mut n)), TOO_SMALL);
        rack.reset(READER);
        assert_eq!(session.state(), Ok(CKS_RO_PUBLIC_SESSION));
        n = 256;
        assert_eq!(
            call!(module, C_Decrypt(h, from, 256, into, &mut n)),
            Err(Ckr(CKR_USER_NOT_LOGGED_IN))
        );
        assert_eq!(result, [0; 256]);
        assert_eq!(card.tries_left(), 3);
    }
}

#[test]
fn decryption_survives_size_queries_short_buffers_and_bad_pointers() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        let h = session.handle;
        let key = session.private_key("CPS_PRIV_AUT");
        let public = session.companion(key, CKO_PUBLIC_KEY);
        session.encrypt_init(CKM_RSA_PKCS, public).expect("C_EncryptInit");
        let mut data = [0x11; 12];
        let mut cryptogram = [0u8; 256];
        let (plain, out) = (data.as_mut_ptr(), cryptogram.as_mut_ptr());
        let mut n = 12;
        assert_eq!(call!(module, C_Encrypt(h, plain, 12, out, null_mut())), BAD);
        assert_eq!(call!(module, C_Encrypt(h, plain, 12, out, &mut n)), TOO_SMALL);
        assert_eq!(call!(module, C_Encrypt(h, plain, 12, out, &mut n)), Ok(()));

        let mut result = [0u8; 256];
        let into = result.as_mut_ptr();
        let not_initialized = Err(Ckr(CKR_OPERATION_NOT_INITIALIZED));
        assert_eq!(
            call!(module, C_Decrypt(h, out, 256, into, &mut n)),
            not_initialized
        );
        session.decrypt_init(CKM_RSA_PKCS, key).expect("C_DecryptInit");
        for (len, into) in [(256, into), (0, into), (256, null_mut()), (0, null_mut())] {
            assert_eq!(call!(module, C_Decrypt(h, null_mut(), len, into, &mut n)), BAD);
        }
        n = 2;
        assert_eq!(call!(module, C_Decrypt(h, out, 256, into, &mut n)), TOO_SMALL);
        assert!(n >= 12);
        assert_eq!(call!(module, C_Decrypt(h, out, 256, null_mut(), &mut n)), Ok(()));
        assert!(n >= 12);
        n = 256;
        assert_eq!(call!(module, C_Decrypt(h, out, 256, into, &mut n)), Ok(()));
        assert_eq!(&result[..n as usize], [0x11; 12]);
        assert_eq!(
            call!(module, C_Decrypt(h, out, 256, into, &mut n)),
            not_initialized
        );
    }
}

#[test]
fn a_cryptogram_that_is_none_is_refused() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        for len in [0, 1, 255, 257, 1000] {
            session.decrypt_init(CKM_RSA_PKCS, key).expect("C_DecryptInit");
            let answer = session.decrypt(&vec![0x42; len]).map(drop);
            assert_eq!(answer, Err(Ckr(CKR_ENCRYPTED_DATA_LEN_RANGE)), "{len} bytes");
        }
        session.decrypt_init(CKM_RSA_PKCS, key).expect("C_DecryptInit");
        let answer = session.decrypt(&[0x42; 256]).map(drop);
        assert_eq!(answer, Err(Ckr(CKR_ENCRYPTED_DATA_INVALID)));
        assert_eq!(session.state(), Ok(CKS_RO_USER_FUNCTIONS));
    }
}
