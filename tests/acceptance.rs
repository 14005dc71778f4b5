//! The acceptance suite of the official module, row by row and under its numbers, on a simulated CPS3 and CPS4.
//!
//! Every row has the answer that the official module gives on real cards, unless [`DEVIATIONS`] says otherwise
//! and why; [`NOT_RUN`] tells which rows have nothing to run on. docs/compatibility.md lists both again.

use std::ptr::null_mut;

use cryptoki_sys::*;
use sha1::{Digest, Sha1};
use sha2::Sha256;
use sim_cards::{Interface, Options, SimCard};

use testkit::messages::{digest_info_sha1, digest_info_sha256, message, public_key};
use testkit::openssl::Scheme;
use testkit::{Ckr, Mech, Module, PIN, READER, Rack, Rv, Session, call, ulong};

/// A row that this module answers otherwise than the official one.
struct Deviation {
    row: u16,
    official: Rv,
    ours: Rv,
    reason: &'static str,
}

const DEVIATIONS: [Deviation; 3] = [
    Deviation {
        row: 121,
        official: Err(Ckr(CKR_FUNCTION_NOT_SUPPORTED)),
        ours: Ok(()),
        reason: "C_WaitForSlotEvent blocks, as the standard says",
    },
    Deviation {
        row: 310,
        official: Err(Ckr(CKR_FUNCTION_NOT_SUPPORTED)),
        ours: Ok(()),
        reason: "C_GetObjectSize is offered",
    },
    Deviation {
        row: 503,
        official: Err(Ckr(CKR_OBJECT_HANDLE_INVALID)),
        ours: Err(Ckr(CKR_KEY_HANDLE_INVALID)),
        reason: "the standard lists CKR_KEY_HANDLE_INVALID for C_DecryptInit, and not the other code",
    },
];

/// Rows without a counterpart here, and why.
const NOT_RUN: [(u16, u16, &str); 2] = [
    (
        122,
        122,
        "second half of row 121 after the official module's refusal",
    ),
    (128, 130, "corruption of the cache on disk: there is none"),
];

const OK: Rv = Ok(());

const fn refused(code: CK_RV) -> Rv {
    Err(Ckr(code))
}

const UNINITIALIZED: Rv = refused(CKR_CRYPTOKI_NOT_INITIALIZED);
const BAD: Rv = refused(CKR_ARGUMENTS_BAD);
const TOO_SMALL: Rv = refused(CKR_BUFFER_TOO_SMALL);
const NO_SESSION: Rv = refused(CKR_SESSION_HANDLE_INVALID);
const NO_OPERATION: Rv = refused(CKR_OPERATION_NOT_INITIALIZED);
const NO_FUNCTION: Rv = refused(CKR_FUNCTION_NOT_SUPPORTED);
const NO_MECHANISM: Rv = refused(CKR_MECHANISM_INVALID);
const NO_KEY: Rv = refused(CKR_KEY_HANDLE_INVALID);
const WRONG_KEY: Rv = refused(CKR_KEY_TYPE_INCONSISTENT);
const NO_LOGIN: Rv = refused(CKR_USER_NOT_LOGGED_IN);

/// One row: what was answered, and what the official module answers.
#[track_caller]
fn row(number: u16, answer: Rv, official: Rv) {
    let deviation = DEVIATIONS.iter().find(|it| it.row == number);
    let expected = match deviation {
        Some(it) => {
            assert_eq!(it.official, official, "row {number}: the list of deviations");
            it.ours
        }
        None => official,
    };
    assert_eq!(answer, expected, "row {number}");
}

/// Consecutive rows.
#[track_caller]
fn rows<const N: usize>(first: u16, answers: [(Rv, Rv); N]) {
    for (number, (answer, official)) in (first..).zip(answers) {
        row(number, answer, official);
    }
}

#[test]
fn every_deviation_stands_in_the_documentation() {
    let document = include_str!("../docs/compatibility.md");
    let listed = |cells: &str| document.lines().any(|line| line.starts_with(cells));
    let name = |answer: Rv| answer.map_or_else(|code| format!("{code:?}"), |()| "CKR_OK".into());
    for it in &DEVIATIONS {
        let cells = format!("| {} | {} | {} |", it.row, name(it.official), name(it.ours));
        assert!(listed(&cells), "no line {cells} ({})", it.reason);
    }
    for (first, last, reason) in NOT_RUN {
        let rows = if first == last {
            format!("| {first} |")
        } else {
            format!("| {first} to {last} |")
        };
        assert!(listed(&format!("{rows} not run |")), "no line {rows} ({reason})");
    }
}

/// A handle of no session.
fn no_session(module: &Module) -> Session<'_> {
    Session { module, handle: 9999 }
}

/// A mechanism without a parameter as the suite gives it: of its CK_MECHANISM it sets the type only.
fn bare(kind: CK_MECHANISM_TYPE) -> Mech {
    Mech::uninitialized(kind)
}

/// A mechanism that no card has.
const KEY_PAIR_GENERATION: CK_MECHANISM_TYPE = CKM_RSA_PKCS_KEY_PAIR_GEN;

fn both() -> [SimCard; 2] {
    testkit::both()
}

unsafe extern "C" fn create_mutex(mutex: *mut CK_VOID_PTR) -> CK_RV {
    // SAFETY: the caller has a variable for it.
    unsafe { mutex.write(null_mut()) };
    CKR_OK
}

unsafe extern "C" fn use_mutex(_mutex: CK_VOID_PTR) -> CK_RV {
    CKR_OK
}

fn initialize(module: &Module, callbacks: [bool; 4], flags: CK_FLAGS) -> Rv {
    let [create, destroy, lock, unlock] = callbacks;
    let mut args = CK_C_INITIALIZE_ARGS {
        CreateMutex: create.then_some(create_mutex as _),
        DestroyMutex: destroy.then_some(use_mutex as _),
        LockMutex: lock.then_some(use_mutex as _),
        UnlockMutex: unlock.then_some(use_mutex as _),
        flags,
        pReserved: null_mut(),
    };
    call!(module, C_Initialize((&raw mut args).cast()))
}

fn finalize(module: &Module) -> Rv {
    call!(module, C_Finalize(null_mut()))
}

#[test]
fn rows_1_to_13_general() {
    let rack = Rack::new();
    rack.plug(READER);
    let module = Module::idle(&rack);
    let mut info = CK_INFO::default();
    row(1, finalize(&module), UNINITIALIZED);
    row(2, call!(module, C_GetInfo(&mut info)), UNINITIALIZED);
    let all = [true; 4];
    for (number, callbacks, flags) in [
        (4, all, 0),
        (5, all, CKF_OS_LOCKING_OK),
        (6, [false; 4], 0),
        (7, [false; 4], CKF_OS_LOCKING_OK),
    ] {
        row(number, initialize(&module, callbacks, flags), OK);
        assert_eq!(finalize(&module), OK);
    }
    row(8, initialize(&module, [true, true, true, false], 0), BAD);
    row(9, call!(module, C_Initialize(null_mut())), OK);
    let twice = call!(module, C_Initialize(null_mut()));
    row(10, twice, refused(CKR_CRYPTOKI_ALREADY_INITIALIZED));
    row(11, call!(module, C_GetInfo(null_mut())), BAD);
    row(12, call!(module, C_GetInfo(&mut info)), OK);
    row(13, finalize(&module), OK);
}

#[test]
fn rows_100_to_108_slots_without_initialisation() {
    let rack = Rack::new();
    rack.plug(READER);
    let module = Module::idle(&rack);
    let null = null_mut::<CK_ULONG>();
    rows(
        100,
        [
            (call!(module, C_GetSlotList(0, null, null)), UNINITIALIZED),
            (call!(module, C_GetSlotInfo(0, null_mut())), UNINITIALIZED),
            (call!(module, C_GetTokenInfo(0, null_mut())), UNINITIALIZED),
            (
                call!(module, C_WaitForSlotEvent(0, null, null_mut())),
                UNINITIALIZED,
            ),
            (call!(module, C_GetMechanismList(0, null, null)), UNINITIALIZED),
            (call!(module, C_GetMechanismInfo(0, 0, null_mut())), UNINITIALIZED),
            (
                call!(module, C_InitToken(0, null_mut(), 0, null_mut())),
                UNINITIALIZED,
            ),
            (call!(module, C_InitPIN(0, null_mut(), 0)), UNINITIALIZED),
            (
                call!(module, C_SetPIN(0, null_mut(), 0, null_mut(), 0)),
                UNINITIALIZED,
            ),
        ],
    );
}

#[test]
fn rows_109_to_127_slots() {
    for card in both() {
        let rack = Rack::new();
        rack.plug(READER);
        rack.plug("Second Reader 01 00");
        let card = rack.insert(READER, card);
        let module = Module::start(&rack);
        let slot = module.slots(true).expect("slots")[0];
        let (mut list, mut count) = ([0; 2], 0);
        row(
            109,
            call!(module, C_GetSlotList(0, list.as_mut_ptr(), null_mut())),
            BAD,
        );
        row(110, call!(module, C_GetSlotList(0, null_mut(), &mut count)), OK);
        assert_eq!(count, 2);
        row(
            111,
            call!(module, C_GetSlotList(0, list.as_mut_ptr(), &mut count)),
            OK,
        );
        count = 1;
        row(
            112,
            call!(module, C_GetSlotList(0, list.as_mut_ptr(), &mut count)),
            TOO_SMALL,
        );
        row(113, call!(module, C_GetSlotList(1, null_mut(), &mut count)), OK);
        assert_eq!(count, 1);
        row(
            114,
            call!(module, C_GetSlotList(1, list.as_mut_ptr(), &mut count)),
            OK,
        );
        let no_slot = refused(CKR_SLOT_ID_INVALID);
        row(115, call!(module, C_GetSlotInfo(99, null_mut())), BAD);
        row(116, module.slot_info(99).map(drop), no_slot);
        row(117, module.slot_info(slot).map(drop), OK);
        row(118, call!(module, C_GetTokenInfo(99, null_mut())), BAD);
        row(119, module.token_info(999_999_999).map(drop), no_slot);
        row(120, module.token_info(slot).map(drop), OK);
        row(123, module.event().map(drop), refused(CKR_NO_EVENT));
        let mut event = 0;
        rack.pull(READER);
        row(
            121,
            call!(module, C_WaitForSlotEvent(0, &mut event, null_mut())),
            NO_FUNCTION,
        );
        assert_eq!(event, slot);
        rack.put_back(READER, &card);

        let (mut mechanisms, mut count) = ([0; 1], 1);
        let list = call!(
            module,
            C_GetMechanismList(slot, mechanisms.as_mut_ptr(), &mut count)
        );
        row(124, list, TOO_SMALL);
        row(
            125,
            call!(module, C_GetMechanismList(slot, null_mut(), &mut count)),
            OK,
        );
        let mechanisms = module.mechanisms(slot);
        row(126, mechanisms.clone().map(drop), OK);
        for kind in mechanisms.expect("mechanisms") {
            row(127, module.mechanism_info(slot, kind).map(drop), OK);
        }
    }
}

#[test]
fn rows_200_to_222_sessions() {
    for card in both() {
        let (module, _rack, _card) = testkit::start(card);
        let slot = module.slot();
        let (read_only, rw) = (CKF_SERIAL_SESSION, CKF_SERIAL_SESSION | CKF_RW_SESSION);
        let mut sessions = Vec::new();
        for (number, flags) in (200..).zip([read_only, rw, read_only, read_only, read_only]) {
            let session = module.open(slot, flags);
            row(number, session.map(drop), OK);
            sessions.push(session.expect("a session"));
        }
        let session = sessions[0];
        row(205, session.info().map(drop), OK);
        let officer = sessions[1].login_as(CKU_SO, "12345678");
        row(206, officer, refused(CKR_SESSION_READ_ONLY_EXISTS));
        row(207, session.login(PIN), OK);
        row(208, session.login(PIN), refused(CKR_USER_ALREADY_LOGGED_IN));
        let (h, mut len) = (session.handle, 0);
        let state = call!(module, C_GetOperationState(h, null_mut(), &mut len));
        row(209, state, NO_FUNCTION);
        let state = call!(module, C_SetOperationState(h, null_mut(), 0, 0, 0));
        row(210, state, NO_FUNCTION);
        row(211, session.logout(), OK);
        row(212, session.close(), OK);
        row(213, call!(module, C_CloseAllSessions(slot)), OK);
        row(214, sessions[1].info().map(drop), NO_SESSION);
        row(215, no_session(&module).info().map(drop), NO_SESSION);
        row(216, no_session(&module).login(PIN), NO_SESSION);
        let nowhere = call!(module, C_OpenSession(slot, rw, null_mut(), None, null_mut()));
        row(217, nowhere, BAD);

        assert_eq!(finalize(&module), OK);
        let nobody = no_session(&module);
        rows(
            218,
            [
                (module.open(slot, rw).map(drop), UNINITIALIZED),
                (nobody.close(), UNINITIALIZED),
                (call!(module, C_CloseAllSessions(slot)), UNINITIALIZED),
                (nobody.info().map(drop), UNINITIALIZED),
                (nobody.login(PIN), UNINITIALIZED),
            ],
        );
    }
}

fn labelled(class: CK_OBJECT_CLASS, private: bool, label: &str) -> [(CK_ATTRIBUTE_TYPE, Vec<u8>); 4] {
    [
        (CKA_CLASS, ulong(class)),
        (CKA_TOKEN, vec![CK_TRUE]),
        (CKA_PRIVATE, vec![private.into()]),
        (CKA_LABEL, label.as_bytes().to_vec()),
    ]
}

#[test]
fn rows_300_to_318_objects() {
    for card in both() {
        let (module, _rack, _card) = testkit::start(card);
        assert_eq!(finalize(&module), OK);
        let h = no_session(&module).handle;
        let (mut object, mut size) = (0, 0);
        rows(
            300,
            [
                (
                    call!(module, C_CreateObject(h, null_mut(), 0, &mut object)),
                    UNINITIALIZED,
                ),
                (call!(module, C_FindObjectsInit(h, null_mut(), 0)), UNINITIALIZED),
                (call!(module, C_FindObjectsFinal(h)), UNINITIALIZED),
                (
                    call!(module, C_GetAttributeValue(h, 0, null_mut(), 0)),
                    UNINITIALIZED,
                ),
            ],
        );
        assert_eq!(call!(module, C_Initialize(null_mut())), OK);
        let session = module.session();
        let h = session.handle;
        let created = call!(module, C_CreateObject(h, null_mut(), 0, &mut object));
        row(304, created, NO_FUNCTION);
        let copied = call!(module, C_CopyObject(h, 0, null_mut(), 0, &mut object));
        row(305, copied, NO_FUNCTION);
        row(306, no_session(&module).find(&[]).map(drop), NO_SESSION);
        let template = labelled(CKO_DATA, false, "CPS_ID_CARD");
        let card_data = session.find_one(&template);
        row(
            309,
            call!(module, C_FindObjectsFinal(no_session(&module).handle)),
            NO_SESSION,
        );
        row(
            310,
            call!(module, C_GetObjectSize(h, card_data, &mut size)),
            NO_FUNCTION,
        );
        for (number, (kind, value)) in [311, 311, 311, 312].into_iter().zip(template) {
            let answer = session.attribute(card_data, kind);
            row(number, answer.clone().map(drop), OK);
            assert_eq!(answer, Ok(value), "row {number}");
        }
        row(313, session.login(PIN), OK);
        let key = session.find_one(&labelled(CKO_PRIVATE_KEY, true, "CPS_PRIV_SIG"));
        // Rows 314 to 318: the public key of the same CKA_ID, exactly one.
        session.companion(key, CKO_PUBLIC_KEY);
    }
}

/// A session in which the holder is logged in, with both halves of a key.
fn with_key<'m>(module: &'m Module, label: &str) -> (Session<'m>, CK_OBJECT_HANDLE, CK_OBJECT_HANDLE) {
    let session = module.user_session();
    let private = session.private_key(label);
    (session, private, session.companion(private, CKO_PUBLIC_KEY))
}

#[test]
fn rows_401_to_409_encryption() {
    for card in both() {
        let (module, _rack, _card) = testkit::start(card);
        let (session, private, public) = with_key(&module, "CPS_PRIV_AUT");
        let pkcs = bare(CKM_RSA_PKCS);
        rows(
            401,
            [
                (no_session(&module).encrypt_init(pkcs, public), NO_SESSION),
                (session.encrypt_init(pkcs, 0), NO_KEY),
                (
                    session.encrypt_init(bare(KEY_PAIR_GENERATION), public),
                    NO_MECHANISM,
                ),
                (session.encrypt_init(pkcs, private), WRONG_KEY),
            ],
        );
        let (h, mut data) = (session.handle, *b"a key to wrap");
        let (data, data_len) = (data.as_mut_ptr(), data.len() as CK_ULONG);
        let (mut out, mut len) = ([0; 256], 256);
        let place = out.as_mut_ptr();
        row(
            405,
            call!(module, C_Encrypt(h, data, data_len, place, &mut len)),
            NO_OPERATION,
        );
        row(406, session.encrypt_init(pkcs, public), OK);
        row(
            407,
            call!(module, C_Encrypt(h, data, data_len, place, null_mut())),
            BAD,
        );
        len = 12;
        row(
            408,
            call!(module, C_Encrypt(h, data, data_len, place, &mut len)),
            TOO_SMALL,
        );
        row(
            409,
            call!(module, C_Encrypt(h, data, data_len, null_mut(), &mut len)),
            OK,
        );
        assert_eq!(len, 256);
        row(
            409,
            call!(module, C_Encrypt(h, data, data_len, place, &mut len)),
            OK,
        );
    }
}

#[test]
fn rows_500_to_517_decryption() {
    for card in both() {
        let (module, _rack, _card) = testkit::start(card);
        assert_eq!(finalize(&module), OK);
        row(
            500,
            no_session(&module).decrypt_init(bare(CKM_RSA_PKCS), 0),
            UNINITIALIZED,
        );
        assert_eq!(call!(module, C_Initialize(null_mut())), OK);
        let session = module.session();
        row(
            501,
            no_session(&module).decrypt_init(bare(CKM_RSA_PKCS), 0),
            NO_SESSION,
        );
        row(502, session.login(PIN), OK);
        row(
            503,
            session.decrypt_init(bare(CKM_RSA_PKCS), 0),
            refused(CKR_OBJECT_HANDLE_INVALID),
        );
        let key = session.private_key("CPS_PRIV_AUT");
        let cryptogram = public_key(session, key).encrypts(b"a session key");
        row(
            504,
            session.decrypt_init(bare(KEY_PAIR_GENERATION), key),
            NO_MECHANISM,
        );
        session.logout().expect("logout");
        row(505, session.decrypt_init(bare(CKM_RSA_PKCS), key), NO_LOGIN);

        session.login(PIN).expect("login");
        let (h, mut len) = (session.handle, 256);
        let (data, data_len) = (cryptogram.as_ptr().cast_mut(), cryptogram.len() as CK_ULONG);
        let mut out = [0; 256];
        let place = out.as_mut_ptr();
        let decrypt =
            |h, data, place, len: &mut CK_ULONG| call!(module, C_Decrypt(h, data, data_len, place, len));
        row(506, decrypt(h, data, place, &mut len), NO_OPERATION);
        row(507, decrypt(9999, data, place, &mut len), NO_SESSION);
        row(508, session.decrypt_init(bare(CKM_RSA_PKCS), key), OK);
        // No cryptogram, whether or not a length is told or a plaintext wanted; none of this ends the operation.
        for out in [place, null_mut()] {
            row(509, decrypt(h, null_mut(), out, &mut len), BAD);
            let nothing = call!(module, C_Decrypt(h, null_mut(), 0, out, &mut len));
            row(509, nothing, BAD);
        }
        len = 2;
        row(510, decrypt(h, data, place, &mut len), TOO_SMALL);
        assert_eq!(len, 13, "the exact length after a short buffer");
        row(511, decrypt(h, data, null_mut(), &mut len), OK);
        assert!((13..=256).contains(&len), "{len}");
        row(512, decrypt(h, data, place, &mut len), OK);
        assert_eq!(&out[..len as usize], b"a session key");

        // The same again after C_Initialize(NULL).
        row(513, finalize(&module), OK);
        row(514, call!(module, C_Initialize(null_mut())), OK);
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        row(515, session.decrypt_init(bare(CKM_RSA_PKCS), key), OK);
        let h = session.handle;
        row(516, decrypt(h, data, null_mut(), &mut len), OK);
        row(517, decrypt(h, data, place, &mut len), OK);
        assert_eq!(&out[..len as usize], b"a session key");
    }
}

#[test]
fn rows_600_to_621_signature_in_one_part() {
    for card in both() {
        let (module, _rack, _card) = testkit::start(card);
        assert_eq!(finalize(&module), OK);
        let nobody = no_session(&module);
        rows(
            600,
            [
                (nobody.sign_init(bare(CKM_RSA_PKCS), 0), UNINITIALIZED),
                (nobody.sign(b"data").map(drop), UNINITIALIZED),
                (nobody.sign_update(b"data"), UNINITIALIZED),
                (nobody.sign_final().map(drop), UNINITIALIZED),
            ],
        );
        assert_eq!(call!(module, C_Initialize(null_mut())), OK);
        row(604, nobody.sign_init(bare(CKM_RSA_PKCS), 0), NO_SESSION);
        let session = module.session();
        row(605, session.login(PIN), OK);
        let key = session.private_key("CPS_PRIV_AUT");
        let public = session.companion(key, CKO_PUBLIC_KEY);
        row(606, session.sign_init(bare(CKM_RSA_PKCS), 0), NO_KEY);
        row(
            607,
            session.sign_init(bare(KEY_PAIR_GENERATION), key),
            NO_MECHANISM,
        );
        row(608, session.sign_init(bare(CKM_RSA_PKCS), public), WRONG_KEY);
        session.logout().expect("logout");
        row(609, session.sign_init(bare(CKM_RSA_PKCS), key), NO_LOGIN);
        session.login(PIN).expect("login");

        let (h, mut data, mut out) = (session.handle, [0x5A; 513], [0; 256]);
        let (data, place) = (data.as_mut_ptr(), out.as_mut_ptr());
        let mut len = 256;
        row(610, session.sign(b"data").map(drop), NO_OPERATION);
        row(611, nobody.sign(b"data").map(drop), NO_SESSION);
        row(612, session.sign_init(bare(CKM_RSA_PKCS), key), OK);
        row(
            613,
            call!(module, C_Sign(h, null_mut(), 0, null_mut(), null_mut())),
            BAD,
        );
        row(614, call!(module, C_Sign(h, data, 0, null_mut(), &mut len)), OK);
        assert_eq!(len, 256);
        len = 0;
        row(
            615,
            call!(module, C_Sign(h, data, 35, place, &mut len)),
            TOO_SMALL,
        );
        len = 256;
        for data_len in [0, 35] {
            let nothing = call!(module, C_Sign(h, null_mut(), data_len, place, &mut len));
            row(617, nothing, BAD);
        }
        let too_long = call!(module, C_Sign(h, data, 513, place, &mut len));
        row(618, too_long, refused(CKR_DATA_LEN_RANGE));

        let text = message(1405);
        row(619, session.sign_init(bare(CKM_RSA_PKCS), key), OK);
        let signature = session.sign(&digest_info_sha1(&text));
        row(620, signature.clone().map(drop), OK);
        let signature = signature.expect("a signature");
        assert!(public_key(session, key).verifies(Scheme::Pkcs1("sha1"), &text, &signature));
    }
}

#[test]
fn rows_622_to_635_signature_in_parts() {
    for card in both() {
        let (module, _rack, _card) = testkit::start(card);
        let (session, key, _) = with_key(&module, "CPS_PRIV_SIG");
        let (h, mut len, mut out) = (session.handle, 250, [0; 256]);
        let place = out.as_mut_ptr();
        let nobody = no_session(&module);
        let text = message(1405);
        row(622, session.sign_update(&text), NO_OPERATION);
        row(623, nobody.sign_update(&text), NO_SESSION);
        row(628, session.sign_final().map(drop), NO_OPERATION);
        row(624, session.sign_init(bare(CKM_SHA1_RSA_PKCS), key), OK);
        row(625, call!(module, C_SignUpdate(h, null_mut(), 1405)), BAD);
        row(626, session.sign_update(&text), OK);
        row(627, session.sign_update(&text), OK);
        assert_eq!(session.sign_final().map(drop), OK);
        row(629, session.sign_init(bare(CKM_SHA1_RSA_PKCS), key), OK);
        row(630, nobody.sign_final().map(drop), NO_SESSION);
        row(631, call!(module, C_SignFinal(h, place, null_mut())), BAD);
        row(632, session.sign_update(&text), OK);
        row(633, call!(module, C_SignFinal(h, place, &mut len)), TOO_SMALL);
        row(634, call!(module, C_SignFinal(h, null_mut(), &mut len)), OK);
        assert_eq!(len, 256);
        row(635, call!(module, C_SignFinal(h, place, &mut len)), OK);
        assert!(public_key(session, key).verifies(Scheme::Pkcs1("sha1"), &text, &out));
    }
}

#[test]
fn rows_636_to_644_and_734_to_737_bare_digests_by_the_signature_key() {
    for card in both() {
        let (module, _rack, _card) = testkit::start(card);
        let (session, key, public) = with_key(&module, "CPS_PRIV_SIG");
        let text = message(1405);
        let ways = [
            (636, 734, CKM_SHA1_RSA_PKCS, Sha1::digest(&text).to_vec()),
            (639, 736, CKM_SHA256_RSA_PKCS, Sha256::digest(&text).to_vec()),
            (642, 736, CKM_SHA256_RSA_PKCS, digest_info_sha256(&text)),
        ];
        for (sign, verify, hashed, data) in ways {
            row(sign, session.sign_init(bare(CKM_RSA_PKCS), key), OK);
            let signature = session.sign(&data);
            row(sign + 2, signature.clone().map(drop), OK);
            row(verify, session.verify_init(bare(hashed), public), OK);
            row(
                verify + 1,
                session.verify(&text, &signature.expect("a signature")),
                OK,
            );
        }
    }
}

#[test]
fn rows_700_to_717_verification_in_one_part() {
    for card in both() {
        let (module, _rack, _card) = testkit::start(card);
        assert_eq!(finalize(&module), OK);
        let nobody = no_session(&module);
        rows(
            700,
            [
                (nobody.verify_init(bare(CKM_RSA_PKCS), 0), UNINITIALIZED),
                (nobody.verify(b"data", &[0; 256]), UNINITIALIZED),
                (nobody.verify_update(b"data"), UNINITIALIZED),
                (nobody.verify_final(&[0; 256]), UNINITIALIZED),
            ],
        );
        assert_eq!(call!(module, C_Initialize(null_mut())), OK);
        let (session, key, public) = with_key(&module, "CPS_PRIV_AUT");
        let info = digest_info_sha1(&message(1405));
        session.sign_init(bare(CKM_RSA_PKCS), key).expect("C_SignInit");
        let signature = session.sign(&info).expect("C_Sign");

        let h = session.handle;
        row(704, nobody.verify_init(bare(CKM_RSA_PKCS), public), NO_SESSION);
        row(705, session.verify_init(bare(CKM_RSA_PKCS), 0), NO_KEY);
        row(
            706,
            session.verify_init(bare(KEY_PAIR_GENERATION), public),
            NO_MECHANISM,
        );
        row(707, call!(module, C_VerifyInit(h, null_mut(), public)), BAD);
        row(708, session.verify(&info, &signature), NO_OPERATION);
        row(709, nobody.verify(&info, &signature), NO_SESSION);
        row(710, session.verify_init(bare(CKM_RSA_PKCS), public), OK);
        row(
            711,
            call!(module, C_Verify(h, null_mut(), 35, null_mut(), 256)),
            BAD,
        );
        let too_long = session.verify(&[0x5A; 513], &[0; 128]);
        row(712, too_long, refused(CKR_DATA_LEN_RANGE));
        row(713, session.verify_init(bare(CKM_RSA_PKCS), public), OK);
        let short = session.verify(&info, &signature[..124]);
        row(714, short, refused(CKR_SIGNATURE_LEN_RANGE));
        row(715, session.verify(&info, &signature), NO_OPERATION);
        row(716, session.verify_init(bare(CKM_RSA_PKCS), public), OK);
        row(717, session.verify(&info, &signature), OK);
    }
}

#[test]
fn rows_718_to_733_verification_in_parts() {
    for card in both() {
        let (module, _rack, _card) = testkit::start(card);
        let (session, key, public) = with_key(&module, "CPS_PRIV_SIG");
        let text = message(1405);
        session
            .sign_init(bare(CKM_SHA1_RSA_PKCS), key)
            .expect("C_SignInit");
        let signature = session.sign(&text).expect("C_Sign");
        let (h, nobody) = (session.handle, no_session(&module));
        let start = || session.verify_init(bare(CKM_SHA1_RSA_PKCS), public);
        rows(
            718,
            [
                (session.verify_update(&text), NO_OPERATION),
                (nobody.verify_update(&text), NO_SESSION),
                (start(), OK),
                (call!(module, C_VerifyUpdate(h, null_mut(), 1405)), BAD),
                (session.verify_update(&text), OK),
                (nobody.verify_final(&signature), NO_SESSION),
                (call!(module, C_VerifyFinal(h, null_mut(), 256)), BAD),
                (session.verify_final(&signature), OK),
            ],
        );
        row(727, session.verify_final(&signature), NO_OPERATION);
        row(728, start().and_then(|()| session.verify_update(&text)), OK);
        let short = session.verify_final(&signature[..250]);
        row(729, short, refused(CKR_SIGNATURE_LEN_RANGE));
        row(730, session.verify_final(&signature), NO_OPERATION);
        row(731, start(), OK);
        row(732, session.verify_update(&text), OK);
        row(733, session.verify_final(&signature), OK);
    }
}

#[test]
fn rows_800_to_819_digests() {
    for card in both() {
        let (module, _rack, _card) = testkit::start(card);
        assert_eq!(finalize(&module), OK);
        let nobody = no_session(&module);
        row(800, nobody.digest_init(bare(CKM_SHA_1)), UNINITIALIZED);
        row(801, nobody.digest(b"data").map(drop), UNINITIALIZED);
        assert_eq!(call!(module, C_Initialize(null_mut())), OK);
        row(802, nobody.digest_init(bare(CKM_SHA_1)), NO_SESSION);
        // No login.
        let session = module.session();
        let text = message(1405);
        row(803, session.digest_init(bare(CKM_SHA_1)), OK);
        let digest = session.digest(&text);
        row(804, digest.clone().map(drop), OK);
        assert_eq!(digest, Ok(Sha1::digest(&text).to_vec()));

        row(805, session.digest_init(bare(CKM_SHA256)), OK);
        row(806, session.digest_update(&text), OK);
        row(807, session.digest_update(&text), OK);
        let digest = session.digest_final();
        row(808, digest.clone().map(drop), OK);
        assert_eq!(
            digest,
            Ok(Sha256::digest([&text[..], &text[..]].concat()).to_vec())
        );

        // C_Digest for the size only, then C_DigestFinal: applications of the official module do so.
        let (h, mut len) = (session.handle, 0);
        let (data, data_len) = (text.as_ptr().cast_mut(), text.len() as CK_ULONG);
        row(810, session.digest_init(bare(CKM_SHA256)), OK);
        let size = call!(module, C_Digest(h, data, data_len, null_mut(), &mut len));
        row(811, size, OK);
        assert_eq!(len, 32);
        let digest = session.digest_final();
        row(812, digest.clone().map(drop), OK);
        assert_eq!(digest, Ok(Sha256::digest(&text).to_vec()));

        let mut out = [0; 31];
        row(818, session.digest_init(bare(CKM_SHA256)), OK);
        len = 31;
        let short = call!(module, C_Digest(h, data, data_len, out.as_mut_ptr(), &mut len));
        row(819, short, TOO_SMALL);
    }
}

fn modifiable_data() -> [(CK_ATTRIBUTE_TYPE, Vec<u8>); 4] {
    [
        (CKA_CLASS, ulong(CKO_DATA)),
        (CKA_TOKEN, vec![CK_TRUE]),
        (CKA_MODIFIABLE, vec![CK_TRUE]),
        (CKA_LABEL, b"CPS_DATA".to_vec()),
    ]
}

#[test]
fn rows_900_to_908_writing_the_free_area() {
    let (module, _rack, _card) = testkit::start(testkit::cps3());
    let (writer, other) = (module.read_write(), module.session());
    row(901, other.login(PIN), OK);
    let found = writer.find(&modifiable_data());
    row(904, found.clone().map(drop), OK);
    let [area] = found.expect("a search")[..] else {
        panic!("row 904: one CPS_DATA");
    };
    let mut value = writer.attribute(area, CKA_VALUE).expect("row 906");
    value.reverse();
    value[0] ^= 0xFF;
    let mut attribute = CK_ATTRIBUTE {
        type_: CKA_VALUE,
        pValue: value.as_mut_ptr().cast(),
        ulValueLen: value.len() as CK_ULONG,
    };
    let written = call!(
        module,
        C_SetAttributeValue(writer.handle, area, &mut attribute, 1)
    );
    row(907, written, OK);
    let again = writer.attribute(area, CKA_VALUE);
    row(908, again.clone().map(drop), OK);
    assert_eq!(again, Ok(value));
}

#[test]
fn row_904_finds_nothing_to_write_on_a_cps4() {
    let (module, _rack, _card) = testkit::start(testkit::cps4());
    let session = module.user_session();
    assert_eq!(session.find(&modifiable_data()), Ok(vec![]));
}

#[test]
fn rows_909_to_924_reading_objects() {
    for card in both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.session();
        let protected = labelled(CKO_DATA, true, "CPS_ACTIVITY_01_PS");
        assert_eq!(session.find(&protected), Ok(vec![]), "not before the login");
        let free = [
            labelled(CKO_DATA, false, "CPS_NAME_PS"),
            labelled(CKO_CERTIFICATE, false, "Certificat de Signature CPS"),
        ];
        for template in &free {
            let value = session.attribute(session.find_one(template), CKA_VALUE);
            row(924, value.clone().map(drop), OK);
            assert!(!value.expect("a value").is_empty());
        }
        session.login(PIN).expect("login");
        let value = session.attribute(session.find_one(&protected), CKA_VALUE);
        row(913, value.clone().map(drop), OK);
        assert!(!value.expect("a value").is_empty());
    }
}

#[test]
fn rows_1000_to_1008_many_parts() {
    for card in both() {
        let (module, _rack, _card) = testkit::start(card);
        let (session, key, public) = with_key(&module, "CPS_PRIV_SIG");
        let text = message(11 * 700);
        row(1000, session.sign_init(bare(CKM_SHA256_RSA_PKCS), key), OK);
        for part in text.chunks(700) {
            row(1001, session.sign_update(part), OK);
        }
        let signature = session.sign_final();
        row(1004, signature.clone().map(drop), OK);
        let signature = signature.expect("a signature");
        assert!(public_key(session, key).verifies(Scheme::Pkcs1("sha256"), &text, &signature));
        row(1005, session.verify_init(bare(CKM_SHA256_RSA_PKCS), public), OK);
        for part in text.chunks(700) {
            row(1006, session.verify_update(part), OK);
        }
        row(1008, session.verify_final(&signature), OK);
    }
}

#[test]
fn rows_1100_to_1125_contactless() {
    let options = Options {
        interface: Interface::Contactless,
        ..Options::default()
    };
    let (module, _rack, _card) = testkit::start(testkit::card("doctor-hospital-cps3", &options));
    let session = module.session();
    row(1100, session.login(PIN), refused(CKR_USER_PIN_NOT_INITIALIZED));
    let key = session.find_one(&labelled(CKO_PRIVATE_KEY, false, "CPS_PRIV_TECH_AUT"));
    let public = session.companion(key, CKO_PUBLIC_KEY);
    row(
        1103,
        session.sign_init(bare(KEY_PAIR_GENERATION), key),
        NO_MECHANISM,
    );
    row(1104, session.sign_init(bare(CKM_RSA_PKCS), key), OK);
    let second = session.sign_init(bare(CKM_RSA_PKCS), key);
    row(1105, second, refused(CKR_OPERATION_ACTIVE));
    let info = digest_info_sha1(&message(300));
    let signature = session.sign(&info);
    row(1106, signature.clone().map(drop), OK);
    row(1107, session.sign_init(bare(CKM_RSA_PKCS), key), OK);
    for part in info.chunks(10) {
        row(1108, session.sign_update(part), OK);
    }
    let in_parts = session.sign_final();
    assert_eq!(in_parts, signature);
    row(1120, session.verify_init(bare(CKM_RSA_PKCS), public), OK);
    row(1121, session.verify(&info, &signature.expect("a signature")), OK);
}

#[test]
fn rows_1200_and_1201_a_card_upside_down() {
    let rack = Rack::new();
    rack.plug(READER);
    rack.insert_upside_down(READER, testkit::cps3());
    let module = Module::start(&rack);
    row(1200, module.slots(false).map(drop), OK);
    row(1201, module.slot_info(module.slot()).map(drop), OK);
}

#[test]
fn rows_1300_to_1311_pss() {
    let (module, _rack, _card) = testkit::start(testkit::cps4());
    let (session, key, public) = with_key(&module, "CPS_PRIV_AUT");
    let text = message(1405);
    let ways = [
        (1300, Mech::pss(CKM_SHA1_RSA_PKCS_PSS, CKM_SHA_1), ("sha1", 20)),
        (
            1306,
            Mech::pss(CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256),
            ("sha256", 32),
        ),
    ];
    for (first, mechanism, (hash, salt)) in ways {
        row(first, session.sign_init(mechanism, key), OK);
        let signature = session.sign(&text);
        row(first + 2, signature.clone().map(drop), OK);
        let signature = signature.expect("a signature");
        assert!(public_key(session, key).verifies(Scheme::Pss(hash, salt), &text, &signature));
        row(first + 3, session.verify_init(mechanism, public), OK);
        row(first + 5, session.verify(&text, &signature), OK);
    }
}
