//! Objects and handles.

use std::collections::BTreeSet;
use std::fs;

use cryptoki_sys::*;
use sim_cards::Options;

use testkit::fork::forked;
use testkit::{Ckr, PIN, READER, Session, ulong};

const NO_OBJECT: Ckr = Ckr(CKR_OBJECT_HANDLE_INVALID);

/// Higher than any handle that a module with one card in its life gives out: all of them can be tried.
const HANDLES: CK_OBJECT_HANDLE = 20_000;

/// The objects that can be seen with some handle.
fn visible(session: Session<'_>) -> BTreeSet<CK_OBJECT_HANDLE> {
    let seen = |handle: &CK_OBJECT_HANDLE| match session.attribute(*handle, CKA_CLASS) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error, NO_OBJECT, "handle {handle}");
            false
        }
    };
    (0..HANDLES).filter(seen).collect()
}

#[test]
fn weakness_07_protected_data_are_given_without_a_code_to_who_guesses_a_handle() {
    for persona in ["physiotherapist-sixteen-cps3", "doctor-gp-cps4"] {
        let (module, _rack, _card) = testkit::start(testkit::card(persona, &Options::default()));
        let session = module.session();
        let public: BTreeSet<_> = session.find(&[]).expect("a search").into_iter().collect();
        let more = |session: Session<'_>| -> Vec<_> {
            let mut found = visible(session);
            found.retain(|handle| !public.contains(handle));
            let class = |handle| session.attribute(handle, CKA_CLASS).expect("CKA_CLASS");
            found.into_iter().map(class).collect()
        };
        // Mechanisms are found by their class, and public keys of PuKDF that have a certificate.
        let expected = |class: Vec<u8>| class == ulong(CKO_MECHANISM) || class == ulong(CKO_PUBLIC_KEY);
        assert!(
            more(session).into_iter().all(expected),
            "{persona}, before the login"
        );

        session.login(PIN).expect("C_Login");
        let mut read = 0;
        for object in session.find(&[(CKA_PRIVATE, vec![CK_TRUE])]).expect("a search") {
            assert!(object < HANDLES, "handles are small numbers here too");
            read += usize::from(session.attribute(object, CKA_VALUE).is_ok());
        }
        assert!(
            read >= 4,
            "{read} protected values were read, and could have been kept"
        );
        session.logout().expect("C_Logout");
        assert!(
            more(session).into_iter().all(expected),
            "{persona}, after the logout"
        );
        session.close().expect("C_CloseSession");
        assert!(
            more(module.session()).into_iter().all(expected),
            "{persona}, in another session"
        );
    }
}

#[test]
fn weakness_19_a_search_finds_32_objects_at_most() {
    let persona = "physiotherapist-sixteen-cps3";
    let (module, _rack, _card) = testkit::start(testkit::card(persona, &Options::default()));
    let session = module.user_session();
    let data = session.find(&[(CKA_CLASS, ulong(CKO_DATA))]).expect("a search");
    assert!(data.len() > 32, "{} data objects", data.len());
    let label = |object| session.attribute(object, CKA_LABEL).expect("CKA_LABEL");
    let labels: BTreeSet<_> = data.iter().map(|it| label(*it)).collect();
    assert_eq!(labels.len(), data.len());
    for number in 1..=16 {
        for kind in ["CPS", "CPS2TER"] {
            let wanted = format!("{kind}_ACTIVITY_{number:02}_PS");
            assert!(labels.contains(wanted.as_bytes()), "{wanted}");
        }
    }
    let everything = session.find(&[]).expect("a search");
    assert!(everything.len() > data.len() && data.iter().all(|it| everything.contains(it)));
}

#[test]
fn weakness_33_attributes_are_no_der_have_a_nul_or_stand_where_they_do_not_belong() {
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        let of = |class: CK_OBJECT_CLASS| session.find(&[(CKA_CLASS, ulong(class))]).expect("a search");
        for certificate in of(CKO_CERTIFICATE) {
            let serial = session
                .attribute(certificate, CKA_SERIAL_NUMBER)
                .expect("a number");
            assert_eq!((serial[0], usize::from(serial[1])), (0x02, serial.len() - 2));
            assert_eq!(
                session.find(&[(CKA_SERIAL_NUMBER, serial)]),
                Ok(vec![certificate])
            );
        }
        for key in of(CKO_PUBLIC_KEY) {
            for kind in [
                CKA_SENSITIVE,
                CKA_ALWAYS_SENSITIVE,
                CKA_EXTRACTABLE,
                CKA_NEVER_EXTRACTABLE,
            ] {
                let value = session.attribute(key, kind);
                assert_eq!(value, Err(Ckr(CKR_ATTRIBUTE_TYPE_INVALID)), "{kind:#x}");
            }
        }
        let mut identifiers = BTreeSet::new();
        let data = of(CKO_DATA);
        for object in &data {
            let id = session.attribute(*object, CKA_OBJECT_ID).expect("CKA_OBJECT_ID");
            assert!(id.is_empty() || (id[0], usize::from(id[1])) == (0x06, id.len() - 2));
            // The standard has no CKA_ID for data; what tells two of them apart is this.
            identifiers.insert(session.attribute(*object, CKA_UNIQUE_ID).expect("CKA_UNIQUE_ID"));
        }
        assert_eq!(identifiers.len(), data.len());
        for object in session.find(&[]).expect("a search") {
            let label = session.attribute(object, CKA_LABEL).expect("CKA_LABEL");
            assert!(!label.contains(&0), "{label:?}");
        }
    }
}

/// Kilobytes of this process in memory.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").expect("/proc");
    let pages: u64 = statm
        .split(' ')
        .nth(1)
        .expect("a number")
        .parse()
        .expect("a number");
    pages * 4
}

#[test]
fn weakness_34_closed_sessions_leak_and_handles_come_back() {
    for card in testkit::both() {
        let (module, rack, card) = testkit::start(card);
        let session = module.user_session();
        let old: BTreeSet<_> = session.find(&[]).expect("a search").into_iter().collect();
        let key = session.private_key("CPS_PRIV_AUT");
        rack.pull(READER);
        rack.put_back(READER, &card);
        let again = module.user_session();
        assert_ne!(again.handle, session.handle);
        let new: BTreeSet<_> = again.find(&[]).expect("a search").into_iter().collect();
        assert_eq!(new.len(), old.len());
        assert!(new.is_disjoint(&old), "handles of another insertion");
        assert_eq!(
            again.sign_init(CKM_RSA_PKCS, key),
            Err(Ckr(CKR_KEY_HANDLE_INVALID))
        );
        assert_eq!(again.attribute(key, CKA_LABEL).map(drop), Err(NO_OBJECT));

        // Sessions that are closed in the middle of everything.
        let key = again.private_key("CPS_PRIV_AUT");
        let abandon = || {
            let session = module.session();
            let begun = session.sign_init(CKM_RSA_PKCS, key).is_ok()
                && session.sign_update(&[1; 200]).is_ok()
                && session.digest_init(CKM_SHA512).is_ok()
                && session.digest_update(&[2; 200]).is_ok();
            begun && session.close().is_ok()
        };
        forked(|| {
            let warm = (0..500).all(|_| abandon());
            let before = resident();
            let all = (0..10_000).all(|_| abandon());
            let grown = resident().saturating_sub(before);
            if grown > 1000 {
                eprintln!("10000 sessions have left {grown} kilobytes");
            }
            // Their operations alone hold more than 10000 kilobytes.
            warm && all && grown <= 1000
        });
        assert_eq!(again.sign(b"data"), Err(Ckr(CKR_OPERATION_NOT_INITIALIZED)));
    }
}
