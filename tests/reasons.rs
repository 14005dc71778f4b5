//! What the log says when nothing works, or something does not: on the level `error`, once for each change, with the reason and
//! what to do next.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use cpx_pkcs11::provider;
use cpx_pkcs11::reader::{Connection, ReaderError, ReaderState, Readers};
use cryptoki_sys::*;
use log::Level;
use sim_cards::insured;
use sim_cards::{Action, Interceptor, Options, SimCard};

use testkit::log::{listen, taken};
use testkit::{Ckr, Module, PIN, READER, Rack, call};

fn errors() -> Vec<String> {
    taken(Level::Warn)
}

fn records() -> Vec<String> {
    taken(Level::Info)
}

/// The module, started on a rack with the log open.
fn start(rack: &Rack) -> Module {
    let module = idle(rack);
    assert_eq!(call!(module, C_Initialize(std::ptr::null_mut())), Ok(()));
    module
}

fn idle(rack: &Rack) -> Module {
    let module = Module::idle(rack);
    listen();
    taken(Level::Info);
    module
}

fn rack_with(card: SimCard) -> (Rack, testkit::Card) {
    let rack = Rack::new();
    rack.plug(READER);
    let card = rack.insert(READER, card);
    (rack, card)
}

/// What applications ask all the time.
fn poll(module: &Module) {
    for slot in module.slots(false).expect("slots") {
        module.slot_info(slot).expect("C_GetSlotInfo");
        let _ = module.token_info(slot);
        let _ = module
            .open(slot, CKF_SERIAL_SESSION)
            .map(|session| session.close());
    }
}

fn poll_often(module: &Module) {
    (0..5).for_each(|_| poll(module));
}

const MUTE: &str = "ERROR Lab Reader 00 00: the card does not answer: put it in the other way round; if it does not answer in \
                    another reader either, it is broken";
const NO_SERVICE: &str = "ERROR no reader can be used: the PC/SC service does not answer: install it (Debian's package pcscd) or \
                          start it (systemctl start pcscd.socket)";
const REFUSED: &str = "ERROR no reader can be used: the PC/SC service refuses this program: allow its user the polkit actions \
                       org.debian.pcsc-lite.access_pcsc and org.debian.pcsc-lite.access_card";
const NO_READER: &str = "ERROR no reader can be used: the PC/SC service knows none: plug one in, or install its driver \
                         (Debian's package libccid)";
const HALF_UPDATED: &str = "ERROR Lab Reader 00 00: an update of the card's data was broken off (EF_ACTUA) and the card is left \
                            alone: have the update done again";

#[test]
fn a_service_that_is_not_there_or_has_no_reader() {
    let rack = Rack::new();
    rack.set_running(false);
    let module = start(&rack);
    poll_often(&module);
    assert_eq!(records(), [NO_SERVICE]);
    rack.set_running(true);
    poll_often(&module);
    assert_eq!(records(), [NO_READER]);
    rack.plug(READER);
    poll_often(&module);
    assert_eq!(
        records(),
        [
            "INFO readers can be used again",
            "INFO Lab Reader 00 00: the reader is there"
        ]
    );
    rack.unplug(READER);
    poll_often(&module);
    assert_eq!(
        records(),
        [NO_READER, "INFO Lab Reader 00 00: the reader is gone"]
    );
    rack.plug(READER);
    poll_often(&module);
    rack.set_running(false);
    poll_often(&module);
    assert_eq!(errors(), [NO_SERVICE]);
}

/// A service that does not let this program in.
struct Refusing;

impl Readers for Refusing {
    fn list(&self) -> Result<Vec<ReaderState>, ReaderError> {
        Err(ReaderError::Refused)
    }

    fn wait(&self, _: &[ReaderState], _: Duration) -> Result<(), ReaderError> {
        Err(ReaderError::Refused)
    }

    fn cancel(&self) {}

    fn connect(&self, _: &str) -> Result<Box<dyn Connection>, ReaderError> {
        Err(ReaderError::Refused)
    }

    fn abandon(&self) {}
}

#[test]
fn a_service_that_refuses() {
    let module = idle(&Rack::new());
    provider::use_readers(Some(Arc::new(Refusing)));
    assert_eq!(call!(module, C_Initialize(std::ptr::null_mut())), Ok(()));
    poll_often(&module);
    assert_eq!(records(), [REFUSED]);
}

/// A service that shows its readers, and refuses their cards.
struct RefusingCards(Arc<dyn Readers>);

impl Readers for RefusingCards {
    fn list(&self) -> Result<Vec<ReaderState>, ReaderError> {
        self.0.list()
    }

    fn wait(&self, known: &[ReaderState], timeout: Duration) -> Result<(), ReaderError> {
        self.0.wait(known, timeout)
    }

    fn cancel(&self) {
        self.0.cancel();
    }

    fn connect(&self, _: &str) -> Result<Box<dyn Connection>, ReaderError> {
        Err(ReaderError::Refused)
    }

    fn abandon(&self) {}
}

#[test]
fn a_service_that_refuses_the_card() {
    let (rack, _card) = rack_with(testkit::cps3());
    let module = idle(&rack);
    provider::use_readers(Some(Arc::new(RefusingCards(rack.readers()))));
    assert_eq!(call!(module, C_Initialize(std::ptr::null_mut())), Ok(()));
    poll_often(&module);
    let refused = module.token_info(module.slot()).map(drop);
    assert_eq!(refused, Err(Ckr(CKR_DEVICE_ERROR)));
    assert_eq!(errors(), [REFUSED.replace("no reader can be used", READER)]);
}

#[test]
fn readers_that_the_configuration_hides() {
    let process = |ignored: &str, test: &str| {
        let path = std::env::temp_dir().join(format!("cpx-pkcs11-hidden-{}-{test}", std::process::id()));
        std::fs::write(&path, format!("[readers]\nignore = [{ignored}]\n")).unwrap();
        let mut process = Command::new(std::env::current_exe().unwrap());
        let arguments = ["--exact", "--ignored", test];
        let output = process.args(arguments).env("CPX_PKCS11_CONFIG", &path).output();
        std::fs::remove_file(&path).unwrap();
        let output = output.unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    };
    process("\"lab\", \"other\"", "every_reader_is_hidden");
    process("\"other\"", "one_reader_is_hidden");
}

fn two_readers() -> Module {
    let rack = Rack::new();
    rack.plug(READER);
    rack.plug("Other Reader");
    let module = start(&rack);
    poll_often(&module);
    module
}

#[test]
#[ignore = "part of another test"]
fn every_reader_is_hidden() {
    let module = two_readers();
    assert_eq!(module.slots(false), Ok(vec![]));
    assert_eq!(
        records(),
        [
            "ERROR no reader can be used: readers.ignore of the configuration hides every one (Lab Reader 00 00, Other \
             Reader): take out of it what hides the reader of the card"
        ]
    );
}

#[test]
#[ignore = "part of another test"]
fn one_reader_is_hidden() {
    let _module = two_readers();
    assert_eq!(
        records(),
        [
            "INFO readers.ignore of the configuration hides these readers: Other Reader",
            "INFO Lab Reader 00 00: the reader is there"
        ]
    );
}

#[test]
fn a_card_that_comes_and_goes() {
    let (rack, card) = rack_with(testkit::cps4());
    let module = start(&rack);
    poll_often(&module);
    let there = [
        "INFO Lab Reader 00 00: the reader is there",
        "INFO Lab Reader 00 00: a card with the answer to reset of a CPS4",
    ];
    assert_eq!(records(), there);
    rack.pull(READER);
    poll_often(&module);
    rack.put_back(READER, &card);
    poll_often(&module);
    assert_eq!(
        records(),
        ["INFO Lab Reader 00 00: the card was taken out", there[1]]
    );
    // Between two looks.
    rack.pull(READER);
    rack.put_back(READER, &card);
    poll_often(&module);
    assert_eq!(records(), there[1..]);
}

#[test]
fn a_foreign_card_and_a_mute_one() {
    let foreign = SimCard::vitale(&insured::all()[0], &Options::default());
    let atr: String = foreign.atr().iter().map(|byte| format!("{byte:02X}")).collect();
    let (rack, card) = rack_with(foreign);
    let module = start(&rack);
    poll_often(&module);
    let left_alone = format!(
        "ERROR Lab Reader 00 00: the card is no CPS card and is left alone (answer to reset {atr}): put in a CPS card"
    );
    assert_eq!(errors(), [left_alone.as_str()]);
    rack.pull(READER);
    poll_often(&module);
    assert_eq!(errors(), [""; 0]);
    rack.put_back(READER, &card);
    poll_often(&module);
    assert_eq!(errors(), [left_alone.as_str()], "another insertion");
    rack.pull(READER);
    rack.insert_upside_down(READER, testkit::cps3());
    poll_often(&module);
    assert_eq!(errors(), [MUTE]);
}

/// Changes what a card answers.
struct Answering(fn(&[u8], &mut Vec<u8>));

impl Interceptor for Answering {
    fn answer(&mut self, _: u64, command: &[u8], answer: &mut Vec<u8>) {
        (self.0)(command, answer);
    }
}

#[test]
fn a_card_that_is_not_what_its_answer_to_reset_promises() {
    let (rack, card) = rack_with(testkit::cps3());
    let other_issuer = |_: &[u8], answer: &mut Vec<u8>| {
        if answer.starts_with(&[0x5A, 0x0A, 0x80, 0x25]) {
            answer[3] = 0x99;
        }
    };
    card.sim().set_interceptor(Answering(other_issuer));
    let module = start(&rack);
    poll_often(&module);
    assert_eq!(
        errors(),
        ["ERROR Lab Reader 00 00: the card is another issuer's and is left alone: put in a CPS card"]
    );
    drop(rack.pull(READER));
    let no_number = |_: &[u8], answer: &mut Vec<u8>| {
        if answer.starts_with(&[0x5A, 0x0A]) {
            answer[0] = 0;
        }
    };
    card.sim().set_interceptor(Answering(no_number));
    rack.put_back(READER, &card);
    poll_often(&module);
    assert_eq!(
        errors(),
        [
            "ERROR Lab Reader 00 00: the card does not show its number as a CPS card does: put the card in again; if that does \
             not help, a trace at the level apdu shows why"
        ]
    );
}

#[test]
fn a_half_updated_card() {
    let persona = "speech-therapist-half-updated-cps3";
    let (rack, card) = rack_with(testkit::card(persona, &Options::default()));
    let module = start(&rack);
    poll_often(&module);
    let opened = module.open(module.slot(), CKF_SERIAL_SESSION).map(drop);
    assert_eq!(opened, Err(Ckr(CKR_DEVICE_ERROR)));
    assert_eq!(errors(), [HALF_UPDATED]);
    rack.pull(READER);
    rack.put_back(READER, &card);
    poll_often(&module);
    assert_eq!(errors(), [HALF_UPDATED], "another insertion");
}

/// Refuses an instruction with a status word.
struct Refuse(u8, [u8; 2]);

impl Interceptor for Refuse {
    fn command(&mut self, _: u64, command: &[u8]) -> Action {
        match command.get(1) == Some(&self.0) {
            true => Action::Answer(self.1.to_vec()),
            false => Action::Pass,
        }
    }
}

#[test]
fn an_answer_without_a_reason_in_its_code_has_one_in_the_log() {
    let (rack, card) = rack_with(testkit::cps3());
    let module = start(&rack);
    let session = module.user_session();
    taken(Level::Info);
    let failed = Err(Ckr(CKR_DEVICE_ERROR));
    let told = |text: &str| {
        let again = "put the card in again; if that does not help, a trace at the level apdu shows why";
        [format!("ERROR Lab Reader 00 00: {text}: {again}")]
    };

    const GET_CHALLENGE: u8 = 0x84;
    card.sim().set_interceptor(Refuse(GET_CHALLENGE, [0x6F, 0x01]));
    for _ in 0..3 {
        assert_eq!(session.random(8).map(drop), failed);
    }
    assert_eq!(errors(), told("the card answers 6F01"), "once for the three");
    card.sim().clear_interceptor();
    session.random(8).expect("random bytes");
    card.sim().set_interceptor(Refuse(GET_CHALLENGE, [0x6F, 0x01]));
    assert_eq!(session.random(8).map(drop), failed);
    assert_eq!(
        errors(),
        told("the card answers 6F01"),
        "it had worked in between"
    );
    card.sim().set_interceptor(Refuse(GET_CHALLENGE, [0x69, 0x00]));
    assert_eq!(session.random(8).map(drop), failed);
    assert_eq!(
        errors(),
        told("the card refuses in its state (6900)"),
        "another reason"
    );
}

#[test]
fn a_certificate_that_cannot_be_read_says_why_there_is_no_signature() {
    for label in ["CPS_PRIV_SIG", "CPS_PRIV_AUT"] {
        let (rack, card) = rack_with(testkit::cps3());
        let damage = |_: &[u8], answer: &mut Vec<u8>| {
            // The beginning of a certificate's file.
            if answer.starts_with(&[0x30, 0x82]) && answer.len() > 200 {
                answer[4..200].fill(0xFF);
            }
        };
        card.sim().set_interceptor(Answering(damage));
        let module = start(&rack);
        let session = module.user_session();
        taken(Level::Info);
        let key = session.private_key(label);
        let signed = session
            .sign_init(CKM_SHA256_RSA_PKCS, key)
            .and_then(|()| session.sign(b"a message").map(drop));
        assert_eq!(signed, Err(Ckr(CKR_FUNCTION_FAILED)), "{label}");
        assert_eq!(
            errors(),
            [
                "ERROR Lab Reader 00 00: a certificate of the card is of no use, and with its key nothing can be signed or checked; \
                 what the card holds or answers is malformed (no X.509 certificate): put the card in again; if that does not \
                 help, a trace at the level apdu shows why"
            ],
            "{label}"
        );
    }
}

#[test]
fn a_wrong_signature_is_withheld_with_a_word() {
    let (rack, card) = rack_with(testkit::cps4());
    let module = start(&rack);
    let session = module.user_session();
    let key = session.private_key("CPS_PRIV_AUT");
    let flip = |command: &[u8], answer: &mut Vec<u8>| {
        if matches!(command.get(1), Some(0x2A | 0x88)) && answer.len() > 200 {
            answer[100] ^= 1;
        }
    };
    card.sim().set_interceptor(Answering(flip));
    taken(Level::Info);
    session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
    assert_eq!(session.sign(b"a message").map(drop), Err(Ckr(CKR_DEVICE_ERROR)));
    assert_eq!(
        errors(),
        [
            "ERROR Lab Reader 00 00: the signature that the card has made is not of its certificate's key and was withheld: sign \
             again; if that does not help, have the card's certificates renewed"
        ]
    );
}

/// What happens every day to a person is no fault of anything, and its code says it.
#[test]
fn a_wrong_code_and_a_card_that_is_pulled_out_need_no_word() {
    let (rack, _card) = rack_with(testkit::cps3());
    let module = start(&rack);
    let session = module.session();
    assert_eq!(session.login("0000"), Err(Ckr(CKR_PIN_INCORRECT)));
    assert_eq!(session.login(PIN), Ok(()));
    rack.pull(READER);
    assert_eq!(session.random(8).map(drop), Err(Ckr(CKR_SESSION_HANDLE_INVALID)));
    assert_eq!(errors(), [""; 0]);
}
