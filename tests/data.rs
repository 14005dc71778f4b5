//! Data objects: the area that applications may write, the CPS2ter side of a CPS3, and what a search finds.

use std::collections::BTreeSet;

use cryptoki_sys::*;
use sim_cards::{Action, Interceptor, Options, SimCard};

use testkit::rack::{Happening, Moment};
use testkit::{Card, Ckr, Module, PIN, READER, Rack, Session, ulong};

fn start(card: SimCard) -> (Module, Rack, Card) {
    testkit::start(card)
}

fn data(session: &Session<'_>, label: &str) -> CK_OBJECT_HANDLE {
    session.find_one(&[
        (CKA_CLASS, ulong(CKO_DATA)),
        (CKA_LABEL, label.as_bytes().to_vec()),
    ])
}

fn labels(session: &Session<'_>) -> Vec<String> {
    let found = session.find(&[(CKA_CLASS, ulong(CKO_DATA))]).expect("a search");
    let label =
        |object| String::from_utf8(session.attribute(object, CKA_LABEL).expect("label")).expect("UTF-8");
    found.into_iter().map(label).collect()
}

fn value(bytes: Vec<u8>) -> [(CK_ATTRIBUTE_TYPE, Vec<u8>); 1] {
    [(CKA_VALUE, bytes)]
}

fn writable(persona: &str) -> SimCard {
    let options = Options {
        writable_area: Some(true),
        ..Options::default()
    };
    testkit::card(persona, &options)
}

#[test]
fn the_free_area_is_written_whole_or_shorter() {
    for persona in ["doctor-hospital-cps3", "doctor-gp-cps4"] {
        let (module, rack, card) = start(writable(persona));
        let session = module.read_write();
        session.login(PIN).expect("C_Login");
        let area = data(&session, "CPS_DATA");
        assert_eq!(session.attribute(area, CKA_MODIFIABLE), Ok(vec![CK_TRUE]));
        let old = session.attribute(area, CKA_VALUE).expect("its value");
        let other: Vec<u8> = old.iter().map(|byte| byte ^ 0x5A).collect();
        assert_eq!(session.set(area, &value(other.clone())), Ok(()));
        assert_eq!(session.attribute(area, CKA_VALUE), Ok(other.clone()));
        let mut short = b"short".to_vec();
        assert_eq!(session.set(area, &value(short.clone())), Ok(()));
        short.resize(old.len(), 0);
        assert_eq!(session.attribute(area, CKA_VALUE), Ok(short.clone()));
        assert_eq!(session.set(area, &value(vec![])), Ok(()));
        assert_eq!(session.attribute(area, CKA_VALUE), Ok(vec![0; old.len()]));
        // It is on the card, not in the module.
        assert_eq!(session.set(area, &value(other.clone())), Ok(()));
        rack.pull(READER);
        rack.put_back(READER, &card);
        let session = module.session();
        assert_eq!(
            session.attribute(data(&session, "CPS_DATA"), CKA_VALUE),
            Ok(other)
        );
    }
}

#[test]
fn what_cannot_be_written_is_refused_before_the_card_is_asked() {
    let (module, _rack, card) = start(writable("doctor-hospital-cps3"));
    let session = module.read_write();
    let area = data(&session, "CPS_DATA");
    let (name, key) = (
        data(&session, "CPS_NAME_PS"),
        session.find(&[(CKA_CLASS, ulong(CKO_PUBLIC_KEY))]).expect("keys")[0],
    );
    let size = session.attribute(area, CKA_VALUE).expect("its value").len();
    let reader = module.session();
    let before = card.apdus();
    let one = value(vec![1]);
    for (session, object, template, expected) in [
        (session, 0, &one[..], CKR_OBJECT_HANDLE_INVALID),
        (reader, name, &one[..], CKR_SESSION_READ_ONLY),
        (session, name, &one[..], CKR_ACTION_PROHIBITED),
        (session, key, &one[..], CKR_ACTION_PROHIBITED),
        (session, area, &[][..], CKR_ARGUMENTS_BAD),
        (
            session,
            area,
            &[(CKA_LABEL, vec![b'x'])][..],
            CKR_ATTRIBUTE_READ_ONLY,
        ),
        (
            session,
            area,
            &[(CKA_VALUE, vec![1]), (CKA_PRIVATE, vec![CK_TRUE])][..],
            CKR_ATTRIBUTE_READ_ONLY,
        ),
        (
            session,
            area,
            &[one[0].clone(), one[0].clone()][..],
            CKR_TEMPLATE_INCONSISTENT,
        ),
        (session, area, &one[..], CKR_USER_NOT_LOGGED_IN),
    ] {
        assert_eq!(session.set(object, template), Err(Ckr(expected)), "{template:?}");
    }
    assert_eq!(card.apdus(), before);
    session.login(PIN).expect("C_Login");
    let too_long = value(vec![1; size + 1]);
    assert_eq!(
        session.set(area, &too_long),
        Err(Ckr(CKR_ATTRIBUTE_VALUE_INVALID))
    );
    assert_eq!(
        reader.set(area, &one),
        Err(Ckr(CKR_SESSION_READ_ONLY)),
        "whoever is logged in"
    );
}

/// Loses the block of UPDATE BINARY with this number, or says that it was written.
struct LoseBlock {
    number: u32,
    answer: [u8; 2],
}

impl Interceptor for LoseBlock {
    fn command(&mut self, _: u64, command: &[u8]) -> Action {
        if command.get(1) != Some(&0xD6) {
            return Action::Pass;
        }
        self.number = self.number.wrapping_sub(1);
        match self.number {
            0 => Action::Answer(self.answer.to_vec()),
            _ => Action::Pass,
        }
    }
}

#[test]
fn a_torn_write_is_reported() {
    for answer in [[0x90, 0x00], [0x65, 0x81]] {
        let (module, _rack, card) = start(writable("doctor-hospital-cps3"));
        let session = module.read_write();
        session.login(PIN).expect("C_Login");
        let area = data(&session, "CPS_DATA");
        let size = session.attribute(area, CKA_VALUE).expect("its value").len();
        card.sim().set_interceptor(LoseBlock { number: 2, answer });
        let written = session.set(area, &value(vec![0xC3; size]));
        assert_eq!(written, Err(Ckr(CKR_DEVICE_ERROR)), "{answer:02X?}");
        card.sim().clear_interceptor();
        assert_eq!(session.set(area, &value(vec![0xC3; size])), Ok(()));
    }
}

/// The first transaction of a write asks for the length of the file; what it learns of the login holds for the second one.
#[test]
fn nothing_is_written_when_the_login_ends_in_the_middle() {
    for persona in ["doctor-hospital-cps3", "doctor-gp-cps4"] {
        let (module, rack, card) = start(writable(persona));
        let session = module.read_write();
        session.login(PIN).expect("C_Login");
        let area = data(&session, "CPS_DATA");
        rack.plan(READER, Moment::Transaction(1), Happening::Reset);
        card.sim().start_trace();
        let written = session.set(area, &value(b"notes".to_vec()));
        assert_eq!(written, Err(Ckr(CKR_USER_NOT_LOGGED_IN)), "{persona}");
        let trace = card.sim().take_trace();
        assert!(!trace.is_empty(), "{persona}: the length was asked for");
        assert!(
            trace.iter().all(|exchange| exchange.command[1] != 0xD6),
            "{persona}"
        );
        assert_eq!(session.state(), Ok(CKS_RW_PUBLIC_SESSION), "{persona}");
    }
}

/// §5.7.7 has no CKR_USER_NOT_LOGGED_IN.
#[test]
fn a_search_by_value_finds_nothing_protected_when_the_login_has_ended() {
    for card in testkit::both() {
        let (module, rack, _card) = start(card);
        let session = module.user_session();
        let protected = data(&session, "CPS_ACTIVITY_01_PS");
        let content = session.attribute(protected, CKA_VALUE).expect("its value");
        let search = || session.find(&[(CKA_CLASS, ulong(CKO_DATA)), (CKA_VALUE, content.clone())]);
        assert_eq!(search(), Ok(vec![protected]));
        rack.reset(READER);
        assert_eq!(search(), Ok(vec![]));
    }
}

#[test]
fn the_old_side_of_a_cps3_is_found_after_login() {
    let (module, _rack, _card) = start(testkit::card("physiotherapist-sixteen-cps3", &Options::default()));
    let session = module.session();
    let before = labels(&session);
    assert!(before.contains(&"CPS_DATA".to_owned()) && before.iter().all(|l| !l.contains("ACTIVITY")));
    session.login(PIN).expect("C_Login");
    let all: BTreeSet<_> = labels(&session).into_iter().collect();
    for number in 1..=16 {
        assert!(all.contains(&format!("CPS_ACTIVITY_{number:02}_PS")), "{number}");
        let object = data(&session, &format!("CPS2TER_ACTIVITY_{number:02}_PS"));
        assert_eq!(session.attribute(object, CKA_PRIVATE), Ok(vec![CK_TRUE]));
        assert_eq!(session.attribute(object, CKA_MODIFIABLE), Ok(vec![CK_FALSE]));
        assert_eq!(session.attribute(object, CKA_APPLICATION), Ok(b"CPS".to_vec()));
        session.attribute(object, CKA_VALUE).expect("its value");
    }
    let billing = data(&session, "CPS_SIT_FACT");
    assert!(
        !session
            .attribute(billing, CKA_VALUE)
            .expect("its value")
            .is_empty()
    );
    // The application that was left for it is found again.
    let key = session.private_key("CPS_PRIV_AUT");
    session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
    session.sign(b"a message").expect("C_Sign");
    session.logout().expect("C_Logout");
    assert_eq!(
        session.attribute(billing, CKA_VALUE),
        Err(Ckr(CKR_OBJECT_HANDLE_INVALID))
    );
}

#[test]
fn the_old_side_of_a_cps3_has_the_gaps_of_the_new_one() {
    let options = Options {
        chip: Some(sim_cards::Chip::Cps3),
        ..Options::default()
    };
    let (module, _rack, _card) = start(testkit::card("doctor-gp-cps4", &options));
    let session = module.user_session();
    let all = labels(&session);
    for kind in ["CPS", "CPS2TER"] {
        let activities: Vec<_> = all
            .iter()
            .filter(|label| label.starts_with(&format!("{kind}_ACTIVITY_")))
            .collect();
        let expected = [1, 3].map(|number| format!("{kind}_ACTIVITY_{number:02}_PS"));
        assert_eq!(activities, expected.iter().collect::<Vec<_>>());
        for label in expected {
            let value = session.attribute(data(&session, &label), CKA_VALUE);
            assert!(!value.expect("its value").is_empty(), "{label}");
        }
    }
}

/// A card without the files of class A0.
struct NoOldSide;

impl Interceptor for NoOldSide {
    fn command(&mut self, _: u64, command: &[u8]) -> Action {
        match command {
            [0xA0, 0xA4, .., 0x3F, 0x00] => Action::Pass,
            [0xA0, 0xA4, ..] => Action::Answer(vec![0x94, 0x04]),
            _ => Action::Pass,
        }
    }
}

#[test]
fn a_file_that_is_not_on_the_old_side_has_no_content() {
    let (module, _rack, card) = start(testkit::cps3());
    let session = module.user_session();
    card.sim().set_interceptor(NoOldSide);
    let billing = data(&session, "CPS_SIT_FACT");
    assert_eq!(session.attribute(billing, CKA_VALUE), Ok(vec![]));
}

#[test]
fn a_cps4_has_what_its_directory_lists() {
    let (module, _rack, _card) = start(testkit::cps4());
    let session = module.user_session();
    let all = labels(&session);
    for label in [
        "CPS2TER_ATR",
        "CPS2TER_ACTIVITY_01_PS",
        "CPS2TER_ACTIVITY_03_PS",
        "CPS_ACTIVITY_03_PS",
        "CPS_SIT_FACT",
    ] {
        assert_eq!(
            all.iter().filter(|found| *found == label).count(),
            1,
            "{label} in {all:?}"
        );
        let content = session
            .attribute(data(&session, label), CKA_VALUE)
            .expect("its value");
        assert!(!content.is_empty(), "{label}");
    }
    assert!(!all.contains(&"CPS_ACTIVITY_02_PS".to_owned()), "a gap");
}

#[test]
fn mechanisms_are_objects_for_who_asks_for_their_class() {
    for card in testkit::both() {
        let (module, _rack, _card) = start(card);
        let session = module.user_session();
        let everything = session.find(&[]).expect("a search");
        let mechanisms = session
            .find(&[(CKA_CLASS, ulong(CKO_MECHANISM))])
            .expect("a search");
        assert!(mechanisms.iter().all(|object| !everything.contains(object)));
        let kinds: Vec<_> = mechanisms
            .iter()
            .map(|object| session.attribute(*object, CKA_MECHANISM_TYPE).expect("type"))
            .collect();
        let listed: Vec<_> = module
            .mechanisms(module.slot())
            .expect("list")
            .into_iter()
            .map(ulong)
            .collect();
        assert_eq!(kinds, listed);
        let one = session.find(&[
            (CKA_CLASS, ulong(CKO_MECHANISM)),
            (CKA_MECHANISM_TYPE, ulong(CKM_RSA_PKCS)),
        ]);
        assert_eq!(one.map(|found| found.len()), Ok(1));
        assert_eq!(session.find(&[(CKA_CLASS, ulong(CKO_HW_FEATURE))]), Ok(vec![]));
    }
}

#[test]
fn every_object_has_an_identifier_of_its_own() {
    for card in testkit::both() {
        let (module, rack, card) = start(card);
        let identifiers = |session: Session<'_>| -> Vec<_> {
            let mut objects = session.find(&[]).expect("a search");
            objects.extend(
                session
                    .find(&[(CKA_CLASS, ulong(CKO_MECHANISM))])
                    .expect("a search"),
            );
            let id = |object| session.attribute(object, CKA_UNIQUE_ID).expect("CKA_UNIQUE_ID");
            objects.into_iter().map(id).collect()
        };
        let first = identifiers(module.user_session());
        assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), first.len());
        rack.pull(READER);
        rack.put_back(READER, &card);
        assert_eq!(
            identifiers(module.user_session()),
            first,
            "the same at each insertion"
        );
    }
}

#[test]
fn a_serial_number_is_found_in_der_and_as_applications_of_the_official_module_write_it() {
    let (module, _rack, _card) = start(testkit::cps4());
    let session = module.session();
    for certificate in session
        .find(&[(CKA_CLASS, ulong(CKO_CERTIFICATE))])
        .expect("a search")
    {
        let serial = session.attribute(certificate, CKA_SERIAL_NUMBER).expect("serial");
        assert_eq!(
            (serial[0], usize::from(serial[1])),
            (0x02, serial.len() - 2),
            "DER"
        );
        for wanted in [serial.clone(), serial[2..].to_vec()] {
            assert_eq!(
                session.find(&[(CKA_SERIAL_NUMBER, wanted)]),
                Ok(vec![certificate])
            );
        }
        assert_eq!(
            session.find(&[(CKA_SERIAL_NUMBER, serial[3..].to_vec())]),
            Ok(vec![])
        );
    }
}

/// Gives at most so many bytes for each READ BINARY.
struct Crumbs(usize);

impl Interceptor for Crumbs {
    fn answer(&mut self, _: u64, command: &[u8], answer: &mut Vec<u8>) {
        if command.get(1) == Some(&0xB0) && answer.len() > self.0 + 2 {
            answer.drain(self.0..answer.len() - 2);
        }
    }
}

#[test]
fn a_card_that_gives_less_than_it_was_asked_for_is_read_but_not_for_ever() {
    for card in [testkit::cps3, testkit::cps4] {
        let read = |crumbs: usize| {
            let (module, _rack, card) = start(card());
            let session = module.session();
            let found = session.find(&[(CKA_CLASS, ulong(CKO_CERTIFICATE))]);
            let certificate = *found.expect("a search").first().expect("a certificate");
            card.sim().set_interceptor(Crumbs(crumbs));
            let before = card.apdus();
            let value = session.attribute(certificate, CKA_VALUE);
            (value, card.apdus() - before)
        };
        let (certificate, _) = read(256);
        assert!(certificate.as_ref().is_ok_and(|value| value.len() > 600));
        assert!(read(64).0 == certificate);
        let (refused, exchanges) = read(1);
        assert_eq!(refused, Err(Ckr(CKR_DEVICE_ERROR)));
        assert!(exchanges < 300, "{exchanges}");
    }
}
