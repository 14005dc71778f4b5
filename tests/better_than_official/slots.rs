//! Slots, events, and which cards are taken for a token.

use std::ptr::null_mut;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use cryptoki_sys::*;
use sim_cards::{Interceptor, Interface, Options};

use testkit::call;
use testkit::messages::hex;
use testkit::{Ckr, Module, PIN, READER, Rack};

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// TokenInfo of a card whose data were updated on this day (lastUpdate), in place of what stands behind its label.
struct LastUpdate(&'static str);

impl Interceptor for LastUpdate {
    fn answer(&mut self, _: u64, command: &[u8], answer: &mut Vec<u8>) {
        let label = [0x80, 0x0D];
        let Some(at) = answer.windows(2).position(|two| two == label) else {
            return;
        };
        if command.get(1) != Some(&0xB0) || answer.get(at + 2..at + 6) != Some(b"CPS4") {
            return;
        }
        let date = [&[0xA5, 0x11, 0x18, 0x0F][..], self.0.as_bytes()].concat();
        let place = at + 2 + 13;
        // An element that nobody knows fills the rest, so that the length of the file stays.
        let end = answer.len() - 2;
        let fill = end - place - date.len();
        let mut rest = date;
        let head = if fill > 0x81 {
            vec![0x9F, 0x7F, 0x81, (fill - 4) as u8]
        } else {
            vec![0x9F, 0x7F, (fill - 3) as u8]
        };
        rest.extend_from_slice(&head);
        rest.resize(end - place, 0);
        answer.splice(place..end, rest);
    }
}

#[test]
fn weakness_09_an_update_of_a_cps4_is_never_noticed() {
    let (module, rack, card) = {
        let rack = Rack::new();
        rack.plug(READER);
        let card = rack.insert(READER, testkit::cps4());
        card.sim().set_interceptor(LastUpdate("20250101120000Z"));
        (Module::start(&rack), rack, card)
    };
    let session = module.user_session();
    let key = session.private_key("CPS_PRIV_AUT");
    rack.reset(READER);
    session.login(PIN).expect("a reset alone changes nothing");
    assert!(session.attribute(key, CKA_LABEL).is_ok());

    card.sim().set_interceptor(LastUpdate("20260704093000Z"));
    rack.reset(READER);
    assert_eq!(session.random(8).map(drop), Err(Ckr(CKR_SESSION_HANDLE_INVALID)));
    assert_eq!(session.info().map(drop), Err(Ckr(CKR_SESSION_HANDLE_INVALID)));
    let again = module.user_session();
    assert!(
        again.attribute(key, CKA_LABEL).is_err(),
        "everything is read anew"
    );
    again.private_key("CPS_PRIV_AUT");
}

#[test]
fn weakness_17_events_cannot_be_waited_for_collapse_or_are_not_seen() {
    let rack = Rack::new();
    rack.plug("Reader A");
    rack.plug("Reader B");
    let card = rack.insert("Reader A", testkit::cps3());
    let module = Module::start(&rack);
    let [a, b] = module.slots(false).expect("slots")[..] else {
        panic!("two slots");
    };
    assert_eq!(module.event(), Err(Ckr(CKR_NO_EVENT)));
    // Out and in again is not nothing.
    rack.pull("Reader A");
    rack.put_back("Reader A", &card);
    assert_eq!(module.event(), Ok(a));
    assert_eq!(module.event(), Err(Ckr(CKR_NO_EVENT)));
    // Two slots, two events.
    rack.pull("Reader A");
    let other = rack.insert("Reader B", testkit::cps4());
    let mut both = [
        module.event().expect("an event"),
        module.event().expect("another"),
    ];
    both.sort_unstable();
    assert_eq!(both, [a, b]);
    // A card that comes and goes with its reader, one that is none of ours.
    rack.plug("Reader C");
    assert_eq!(module.event(), Err(Ckr(CKR_NO_EVENT)), "an empty reader");
    let foreign = Options {
        atr: Some(hex("3B021450")),
        ..Options::default()
    };
    rack.insert("Reader C", testkit::card("doctor-gp-cps4", &foreign));
    let c = module.event().expect("a foreign card");
    assert_eq!(module.slots(false).map(|slots| slots[2]), Ok(c));
    rack.unplug("Reader C");
    assert_eq!(module.event(), Ok(c));
    // Waiting.
    thread::scope(|scope| {
        let (done, waited) = channel();
        let module = &module;
        scope.spawn(move || {
            let mut slot = CK_ULONG::MAX;
            let answer = call!(module, C_WaitForSlotEvent(0, &mut slot, null_mut()));
            let _ = done.send(answer.map(|()| slot));
        });
        let early = waited.recv_timeout(Duration::from_millis(300));
        assert!(early.is_err(), "nothing has happened");
        rack.pull("Reader B");
        let answer = waited.recv_timeout(PATIENCE).expect("the wait ends");
        assert_eq!(answer, Ok(b));
    });
    drop(other);
}

#[test]
fn weakness_18_flags_of_a_slot_are_lost_at_the_first_removal() {
    let (module, rack, card) = testkit::start(testkit::cps3());
    let slot = module.slot();
    let flags = || module.slot_info(slot).expect("C_GetSlotInfo").flags;
    const ALWAYS: CK_FLAGS = CKF_REMOVABLE_DEVICE | CKF_HW_SLOT;
    assert_eq!(flags(), ALWAYS | CKF_TOKEN_PRESENT);
    for _ in 0..3 {
        rack.pull(READER);
        assert_eq!(flags(), ALWAYS);
        rack.put_back(READER, &card);
        assert_eq!(flags(), ALWAYS | CKF_TOKEN_PRESENT);
    }
    rack.unplug(READER);
    assert_eq!(flags(), ALWAYS);
}

#[test]
fn weakness_20_a_cps4_is_called_ias_ecc_and_the_name_padded_with_nul() {
    for (card, model) in [
        (testkit::cps3(), b"IAS ECC         "),
        (testkit::cps4(), b"ChipDoc         "),
    ] {
        let (module, _rack, _card) = testkit::start(card);
        let info = module.token_info(module.slot()).expect("token");
        assert_eq!(&info.model, model);
        for text in [&info.label[..], &info.manufacturerID, &info.serialNumber] {
            assert!(!text.contains(&0), "{text:?}");
        }
    }
}

#[test]
fn weakness_21_other_cards_of_a_family_are_refused() {
    let contact = Interface::Contact;
    for (atr, interface) in [
        // A CPS with other version bytes, seen on real cards; other interface bytes.
        ("3BAC00402A001225006480820212009000", contact),
        ("3BAC11402A001225006480000311009000", contact),
        ("3B8F80010031B8641122ECD5739401808290009A", Interface::Contactless),
    ] {
        let options = Options {
            atr: Some(hex(atr)),
            interface,
            ..Options::default()
        };
        let (module, _rack, _card) = testkit::start(testkit::card("doctor-hospital-cps3", &options));
        assert!(module.token_info(module.slot()).is_ok(), "{atr}");
        assert!(!module.session().find(&[]).expect("a search").is_empty(), "{atr}");
    }
    // What is in no family stays out, without a command.
    let options = Options {
        atr: Some(hex("3BAC00402A001225006481000310009000")),
        ..Options::default()
    };
    let (module, _rack, card) = testkit::start(testkit::card("doctor-hospital-cps3", &options));
    let refused = module.token_info(module.slot()).map(drop);
    assert_eq!(refused, Err(Ckr(CKR_TOKEN_NOT_RECOGNIZED)));
    assert_eq!(card.apdus(), 0);
}
