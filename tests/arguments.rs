//! Short buffers, wrong handles, flags nobody knows: what an application can do wrong while everything else
//! is well.

use std::ptr::null_mut;

use cryptoki_sys::*;

use testkit::{Ckr, Rv, call, ulong};

const TOO_SMALL: Rv = Err(Ckr(CKR_BUFFER_TOO_SMALL));
const BAD: Rv = Err(Ckr(CKR_ARGUMENTS_BAD));

#[test]
fn lists_that_do_not_fit_are_refused_with_their_length() {
    let (module, _rack, _card) = testkit::start(testkit::cps4());
    let slot = module.slot();
    let (mut slots, mut count) = ([0; 4], 0);
    assert_eq!(
        call!(module, C_GetSlotList(0, slots.as_mut_ptr(), &mut count)),
        TOO_SMALL
    );
    assert_eq!(count, 1);
    let all = module.mechanisms(slot).expect("mechanisms");
    let mut mechanisms = vec![0xEE; all.len()];
    let mut count = 1;
    assert_eq!(
        call!(
            module,
            C_GetMechanismList(slot, mechanisms.as_mut_ptr(), &mut count)
        ),
        TOO_SMALL
    );
    assert_eq!((count as usize, mechanisms[0]), (all.len(), 0xEE));
}

#[test]
fn sessions_are_opened_with_known_flags() {
    let (module, _rack, card) = testkit::start(testkit::cps3());
    let slot = module.slot();
    let open = |slot, flags| module.open(slot, flags).map(drop);
    assert_eq!(open(slot, 0), Err(Ckr(CKR_SESSION_PARALLEL_NOT_SUPPORTED)));
    assert_eq!(
        open(slot, CKF_RW_SESSION),
        Err(Ckr(CKR_SESSION_PARALLEL_NOT_SUPPORTED))
    );
    assert_eq!(open(slot, CKF_SERIAL_SESSION | 0x100), BAD);
    let asynchronous = open(slot, CKF_SERIAL_SESSION | CKF_ASYNC_SESSION);
    assert_eq!(asynchronous, Err(Ckr(CKR_SESSION_ASYNC_NOT_SUPPORTED)));
    assert_eq!(
        call!(
            module,
            C_OpenSession(slot, CKF_SERIAL_SESSION, null_mut(), None, null_mut())
        ),
        BAD
    );
    assert_eq!(open(99, CKF_SERIAL_SESSION), Err(Ckr(CKR_SLOT_ID_INVALID)));
    assert_eq!(card.tries_left(), 3);
}

#[test]
fn attributes_that_cannot_be_given_do_not_disturb_the_others() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        let (mut label, mut modulus, mut exponent) = ([0u8; 32], [0u8; 8], [0u8; 8]);
        let attribute = |kind, place: &mut [u8]| CK_ATTRIBUTE {
            type_: kind,
            pValue: place.as_mut_ptr().cast(),
            ulValueLen: place.len() as CK_ULONG,
        };
        let (mut secret, mut alien) = ([0u8; 256], [0u8; 4]);
        let mut template = [
            attribute(CKA_PRIVATE_EXPONENT, &mut secret),
            attribute(CKA_VENDOR_DEFINED | 77, &mut alien),
            attribute(CKA_MODULUS, &mut modulus),
            attribute(CKA_PUBLIC_EXPONENT, &mut exponent),
            attribute(CKA_LABEL, &mut label),
        ];
        let answer = call!(
            module,
            C_GetAttributeValue(session.handle, key, template.as_mut_ptr(), 5)
        );
        assert_eq!(answer, Err(Ckr(CKR_ATTRIBUTE_SENSITIVE)));
        const NONE: CK_ULONG = CK_UNAVAILABLE_INFORMATION;
        assert_eq!(template.map(|it| it.ulValueLen), [NONE, NONE, NONE, 3, 12]);
        assert_eq!(&label[..12], b"CPS_PRIV_AUT");
        assert_eq!(exponent[..3], [1, 0, 1]);
        assert_eq!(
            (secret, alien, modulus),
            ([0; 256], [0; 4], [0; 8]),
            "nothing is written where nothing is given"
        );

        let one = |kind| session.attribute(key, kind).map(drop);
        assert_eq!(one(CKA_PRIVATE_EXPONENT), Err(Ckr(CKR_ATTRIBUTE_SENSITIVE)));
        assert_eq!(one(CKA_CERTIFICATE_TYPE), Err(Ckr(CKR_ATTRIBUTE_TYPE_INVALID)));
        assert_eq!(
            call!(module, C_GetAttributeValue(session.handle, key, null_mut(), 1)),
            BAD
        );
    }
}

#[test]
fn wrong_objects_and_keys_are_refused() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        let public = session.companion(key, CKO_PUBLIC_KEY);
        let certificate = session.companion(key, CKO_CERTIFICATE);
        let signature_key = session.private_key("CPS_PRIV_SIG");
        let before = card.apdus();
        for handle in [0, 0xDEAD, CK_ULONG::MAX] {
            let object = session.attribute(handle, CKA_LABEL).map(drop);
            assert_eq!(object, Err(Ckr(CKR_OBJECT_HANDLE_INVALID)));
            let no_key = Err(Ckr(CKR_KEY_HANDLE_INVALID));
            assert_eq!(session.sign_init(CKM_RSA_PKCS, handle), no_key);
            assert_eq!(session.verify_init(CKM_RSA_PKCS, handle), no_key);
            assert_eq!(session.encrypt_init(CKM_RSA_PKCS, handle), no_key);
            assert_eq!(session.decrypt_init(CKM_RSA_PKCS, handle), no_key);
        }
        assert_eq!(
            session.sign_init(CKM_RSA_PKCS, certificate),
            Err(Ckr(CKR_KEY_HANDLE_INVALID))
        );
        let unfit = Err(Ckr(CKR_KEY_TYPE_INCONSISTENT));
        assert_eq!(session.sign_init(CKM_RSA_PKCS, public), unfit);
        assert_eq!(session.encrypt_init(CKM_RSA_PKCS, key), unfit);
        assert_eq!(session.decrypt_init(CKM_RSA_PKCS, public), unfit);
        let no_deciphering = session.decrypt_init(CKM_RSA_PKCS, signature_key);
        assert_eq!(no_deciphering, Err(Ckr(CKR_KEY_FUNCTION_NOT_PERMITTED)));
        assert_eq!(card.apdus(), before);
    }
}

#[test]
fn an_operation_can_be_cancelled() {
    let (module, _rack, _card) = testkit::start(testkit::cps3());
    let session = module.user_session();
    let key = session.private_key("CPS_PRIV_AUT");
    session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
    session.digest_init(CKM_SHA256).expect("C_DigestInit");
    assert_eq!(call!(module, C_SignInit(session.handle, null_mut(), 0)), Ok(()));
    let again = call!(module, C_SignInit(session.handle, null_mut(), 0));
    assert_eq!(again, BAD, "there is nothing to cancel");
    assert_eq!(
        session.sign(b"data").map(drop),
        Err(Ckr(CKR_OPERATION_NOT_INITIALIZED))
    );
    assert_eq!(
        call!(
            module,
            C_SessionCancel(session.handle, CKF_SIGN | CKF_DIGEST | CKF_DECRYPT)
        ),
        Ok(())
    );
    assert_eq!(
        session.digest(b"data").map(drop),
        Err(Ckr(CKR_OPERATION_NOT_INITIALIZED))
    );
    assert_eq!(session.sign_init(CKM_RSA_PKCS, key), Ok(()));
}

#[test]
fn searches_start_and_end() {
    let (module, _rack, _card) = testkit::start(testkit::cps4());
    let session = module.session();
    let h = session.handle;
    let (mut object, mut count) = (0, 0);
    let not_initialized = Err(Ckr(CKR_OPERATION_NOT_INITIALIZED));
    assert_eq!(
        call!(module, C_FindObjects(h, &mut object, 1, &mut count)),
        not_initialized
    );
    assert_eq!(call!(module, C_FindObjectsFinal(h)), not_initialized);
    assert_eq!(call!(module, C_FindObjectsInit(h, null_mut(), 1)), BAD);
    assert_eq!(call!(module, C_FindObjectsInit(h, null_mut(), 0)), Ok(()));
    assert_eq!(
        call!(module, C_FindObjectsInit(h, null_mut(), 0)),
        Err(Ckr(CKR_OPERATION_ACTIVE))
    );
    assert_eq!(call!(module, C_FindObjects(h, null_mut(), 1, &mut count)), BAD);
    assert_eq!(
        call!(module, C_FindObjects(h, &mut object, 1, &mut count)),
        Ok(())
    );
    assert_eq!(count, 1);
    assert_eq!(call!(module, C_FindObjectsFinal(h)), Ok(()));
    assert_eq!(session.find(&[(CKA_CLASS, ulong(CKO_NSS_TRUST))]), Ok(vec![]));
    assert_eq!(session.find(&[(CKA_VENDOR_DEFINED | 1, vec![])]), Ok(vec![]));
}

/// NSS's class for trust objects, which it looks for in every slot.
const CKO_NSS_TRUST: CK_OBJECT_CLASS = 0xCE53_4353;
