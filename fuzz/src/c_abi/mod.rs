//! Any functions, in any order, with any arguments that an application can have: real memory of any size, NULL, handles
//! of the past and of nobody, impossible lengths; cards that come and go meanwhile.
//!
//! What must hold after each call is in [`check`].

mod argument;
mod check;
mod place;

use cryptoki_sys::*;
use std::ptr::{dangling_mut, null_mut};

use argument::{Data, Mechanism, Out, Template, code, is_well_formed, mechanism_type, pointer, room};
use check::{Caller, Facts};
use place::Place;

use crate::input::Input;

/// Bytes of one call in the input: all its arguments come from them, so that a change to one call leaves the others.
const RECORD: usize = 16;

/// Calls of one input.
const CALLS_MAX: usize = 48;

/// DigestInfo of SHA-256 in front of the digest (RFC 8017 §9.2).
const SHA256_DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

/// Records of sixteen bytes, each a call or something that happens to a card.
pub fn run(data: &[u8]) {
    let mut caller = Caller::new();
    for record in data.chunks(RECORD).take(CALLS_MAX) {
        step(&mut caller, &mut Input::new(record));
    }
    caller.end();
}

/// First bytes of a record of [`unsupported`] that mean other functions: what is in the corpus keeps its meaning.
const UNWRAP: u8 = 0xF0;
const DESTROY: u8 = 3;

type Step = fn(&mut Caller, &mut Input<'_>);

/// What a record can be, by its first byte.
const STEPS: [Step; 34] = [
    initialize,
    finalize,
    get_info,
    interfaces,
    slot_list,
    slot_info,
    token_info,
    event,
    mechanism_list,
    mechanism_info,
    init_pin,
    set_pin,
    open,
    open,
    close,
    close_all,
    session_info,
    cancel,
    login,
    login,
    login_user,
    logout,
    object_size,
    get_attributes,
    set_attributes,
    find_init,
    find,
    find_final,
    operation_init,
    operation,
    operation_part,
    operation_final,
    random,
    unsupported,
];

fn step(caller: &mut Caller, input: &mut Input<'_>) {
    let which = usize::from(input.byte());
    match STEPS.get(which % (STEPS.len() + 3)) {
        Some(step) => step(caller, input),
        None if which % (STEPS.len() + 3) == STEPS.len() => happening(caller, input),
        None => usual(caller, input),
    }
}

/// What applications do in a row; it takes an input to the interesting states in few records.
fn usual(caller: &mut Caller, input: &mut Input<'_>) {
    let call = |caller: &mut Caller, step: Step, record: &[u8]| step(caller, &mut Input::new(record));
    call(caller, initialize, &[0]);
    let slot = input.byte() % 2;
    call(caller, open, &[slot, 0, 1]);
    let newest = caller.newest_session();
    let how = input.byte();
    if how & 1 != 0 {
        call(caller, login, &[newest, 0, 9]);
    }
    // Every object, or all private keys.
    let template: &[u8] = if how & 2 != 0 {
        &[newest, 1, 0, 1, 3]
    } else {
        &[newest, 0]
    };
    call(caller, find_init, template);
    call(caller, find, &[newest, 1, 40]);
    call(caller, find_final, &[newest]);
}

/// Cards come and go, and other programs use them.
fn happening(caller: &mut Caller, input: &mut Input<'_>) {
    let reader = usize::from(input.byte() % 2);
    match input.byte() % 4 {
        0 => caller.pull(reader),
        1 => caller.put_back(reader),
        2 => caller.reset(reader),
        _ => caller.unplug(reader),
    }
}

/// Calls a function of the list with these arguments.
macro_rules! call {
    ($caller:expr, $name:ident($($argument:expr),* $(,)?)) => {{
        let function = $caller.list().$name.expect(stringify!($name));
        // SAFETY: each pointer is NULL or leads to memory of this call with the length that is told, or a length that
        // cannot be; functions that are not supported follow none.
        #[allow(clippy::macro_metavars_in_unsafe, reason = "the arguments are plain values")]
        unsafe { function($($argument),*) }
    }};
}

fn initialize(caller: &mut Caller, input: &mut Input<'_>) {
    unsafe extern "C" fn create(_: CK_VOID_PTR_PTR) -> CK_RV {
        unreachable!("the module has locks of its own")
    }
    unsafe extern "C" fn other(_: CK_VOID_PTR) -> CK_RV {
        unreachable!("the module has locks of its own")
    }
    let how = input.byte();
    let mut arguments = CK_C_INITIALIZE_ARGS {
        CreateMutex: (how & 1 != 0).then_some(create),
        DestroyMutex: (how & 2 != 0).then_some(other),
        LockMutex: (how & 4 != 0).then_some(other),
        UnlockMutex: (how & 8 != 0).then_some(other),
        flags: input.choose(&[
            0,
            CKF_OS_LOCKING_OK,
            CKF_LIBRARY_CANT_CREATE_OS_THREADS,
            CK_ULONG::MAX,
        ]),
        pReserved: if how & 16 != 0 { dangling_mut() } else { null_mut() },
    };
    let arguments = if how == 0 {
        null_mut()
    } else {
        (&raw mut arguments).cast()
    };
    let rv = call!(caller, C_Initialize(arguments));
    caller.called("C_Initialize", rv, Facts::without_library());
}

fn finalize(caller: &mut Caller, input: &mut Input<'_>) {
    let reserved = if input.byte() > 0xE0 {
        dangling_mut()
    } else {
        null_mut()
    };
    let rv = call!(caller, C_Finalize(reserved));
    caller.called("C_Finalize", rv, Facts::default());
}

fn get_info(caller: &mut Caller, input: &mut Input<'_>) {
    let mut info = room::<CK_INFO>(input);
    let rv = call!(caller, C_GetInfo(pointer(&mut info)));
    info.iter().for_each(Place::check);
    caller.called("C_GetInfo", rv, Facts::default());
}

fn interfaces(caller: &mut Caller, input: &mut Input<'_>) {
    let (how, name) = (
        input.byte(),
        input.choose(&[&b"PKCS 11\0"[..], b"PKCS 1\0", b"\0"]),
    );
    let mut found = room::<CK_INTERFACE_PTR>(input);
    let (name_rv, rv) = match how % 3 {
        0 => {
            let mut name = Place::input(name, how);
            let mut version =
                (how & 4 != 0).then(|| Place::input(&[input.byte() % 4, input.byte() % 41], how));
            let flags = input.choose(&[0, CKF_INTERFACE_FORK_SAFE, CK_ULONG::MAX]);
            let name_pointer = if how & 8 != 0 { null_mut() } else { name.pointer() };
            let rv = call!(
                caller,
                C_GetInterface(name_pointer, pointer(&mut version), pointer(&mut found), flags)
            );
            name.check();
            ("C_GetInterface", rv)
        }
        1 => (
            "C_GetFunctionList",
            call!(caller, C_GetFunctionList(pointer(&mut found))),
        ),
        _ => {
            let mut count = (how & 4 == 0).then(|| Place::output(&3u64.to_ne_bytes(), how));
            let mut list = (how & 8 == 0).then(|| Place::output(&[0; 3 * size_of::<CK_INTERFACE>()], how));
            let rv = call!(
                caller,
                C_GetInterfaceList(pointer(&mut list), pointer(&mut count))
            );
            list.iter().chain(&count).for_each(Place::check);
            ("C_GetInterfaceList", rv)
        }
    };
    found.iter().for_each(Place::check);
    caller.called(name_rv, rv, Facts::without_library());
}

/// Room for a list of numbers, and how many fit.
fn list(input: &mut Input<'_>) -> Out {
    let how = input.byte();
    let room = usize::from(input.byte() % 32);
    let count = match how % 8 {
        1 => CK_ULONG::MAX,
        _ => room as CK_ULONG,
    };
    Out {
        buffer: (how % 8 > 1).then(|| Place::output(&vec![0xEE; 8 * room], how >> 7)),
        len: (how != 0).then(|| Place::output(&count.to_ne_bytes(), how >> 6)),
    }
}

fn check_list(list: &Out, rv: CK_RV) {
    list.buffer.iter().chain(&list.len).for_each(Place::check);
    if let (CKR_OK, Some(entries), Some(count)) = (rv, &list.buffer, &list.len) {
        assert!(
            8 * count.number() <= entries.len() as u64,
            "more entries than room for them"
        );
    }
}

fn slot_list(caller: &mut Caller, input: &mut Input<'_>) {
    let present = input.byte();
    let mut slots = list(input);
    let rv = call!(caller, C_GetSlotList(present, slots.buffer(), slots.len()));
    check_list(&slots, rv);
    caller.called("C_GetSlotList", rv, Facts::default());
}

fn slot_info(caller: &mut Caller, input: &mut Input<'_>) {
    let (slot, mut info) = (caller.slot(input), room::<CK_SLOT_INFO>(input));
    let rv = call!(caller, C_GetSlotInfo(slot, pointer(&mut info)));
    info.iter().for_each(Place::check);
    caller.called("C_GetSlotInfo", rv, Facts::default());
}

fn token_info(caller: &mut Caller, input: &mut Input<'_>) {
    let (slot, mut info) = (caller.slot(input), room::<CK_TOKEN_INFO>(input));
    let rv = call!(caller, C_GetTokenInfo(slot, pointer(&mut info)));
    info.iter().for_each(Place::check);
    caller.called("C_GetTokenInfo", rv, Facts::default());
}

fn event(caller: &mut Caller, input: &mut Input<'_>) {
    let mut slot = room::<CK_SLOT_ID>(input);
    let flags = CKF_DONT_BLOCK | CK_ULONG::from(input.byte() & 2);
    let reserved = if input.byte() > 0xE0 {
        dangling_mut()
    } else {
        null_mut()
    };
    let rv = call!(caller, C_WaitForSlotEvent(flags, pointer(&mut slot), reserved));
    slot.iter().for_each(Place::check);
    caller.called("C_WaitForSlotEvent", rv, Facts::default());
}

fn mechanism_list(caller: &mut Caller, input: &mut Input<'_>) {
    let slot = caller.slot(input);
    let mut mechanisms = list(input);
    let rv = call!(
        caller,
        C_GetMechanismList(slot, mechanisms.buffer(), mechanisms.len())
    );
    check_list(&mechanisms, rv);
    caller.called("C_GetMechanismList", rv, Facts::default());
}

fn mechanism_info(caller: &mut Caller, input: &mut Input<'_>) {
    let (slot, kind, mut info) = (
        caller.slot(input),
        mechanism_type(input),
        room::<CK_MECHANISM_INFO>(input),
    );
    let rv = call!(caller, C_GetMechanismInfo(slot, kind, pointer(&mut info)));
    info.iter().for_each(Place::check);
    caller.called("C_GetMechanismInfo", rv, Facts::default());
}

fn init_pin(caller: &mut Caller, input: &mut Input<'_>) {
    let (session, mut new) = (caller.session(input), code(input));
    let rv = call!(caller, C_InitPIN(session, new.pointer(), new.len));
    new.check();
    caller.called(
        "C_InitPIN",
        rv,
        Facts::of(session).presenting(is_well_formed(&new)),
    );
}

fn set_pin(caller: &mut Caller, input: &mut Input<'_>) {
    let (session, mut old, mut new) = (caller.session(input), code(input), code(input));
    let rv = call!(
        caller,
        C_SetPIN(session, old.pointer(), old.len, new.pointer(), new.len)
    );
    old.check();
    new.check();
    let well_formed = is_well_formed(&old) && is_well_formed(&new);
    caller.called("C_SetPIN", rv, Facts::of(session).presenting(well_formed));
}

fn open(caller: &mut Caller, input: &mut Input<'_>) {
    let (slot, how, flags) = (caller.slot(input), input.byte(), input.byte());
    let flags = match how {
        0 | 3..=0xF0 => CKF_SERIAL_SESSION | if flags & 1 != 0 { CKF_RW_SESSION } else { 0 },
        1 => flags.into(),
        _ => CK_ULONG::MAX,
    };
    let mut session = (how != 0xF0).then(|| Place::output(&[0; size_of::<CK_SESSION_HANDLE>()], how >> 7));
    let rv = call!(
        caller,
        C_OpenSession(slot, flags, null_mut(), None, pointer(&mut session))
    );
    session.iter().for_each(Place::check);
    if let (CKR_OK, Some(session)) = (rv, &session) {
        caller.opened(session.number(), slot);
    }
    caller.called("C_OpenSession", rv, Facts::default());
}

fn close(caller: &mut Caller, input: &mut Input<'_>) {
    let session = caller.session(input);
    let rv = call!(caller, C_CloseSession(session));
    caller.called("C_CloseSession", rv, Facts::of(session));
}

fn close_all(caller: &mut Caller, input: &mut Input<'_>) {
    let slot = caller.slot(input);
    let rv = call!(caller, C_CloseAllSessions(slot));
    if rv == CKR_OK {
        caller.closed_all(slot);
    }
    caller.called("C_CloseAllSessions", rv, Facts::default());
}

fn session_info(caller: &mut Caller, input: &mut Input<'_>) {
    let (session, mut info) = (caller.session(input), room::<CK_SESSION_INFO>(input));
    let rv = call!(caller, C_GetSessionInfo(session, pointer(&mut info)));
    info.iter().for_each(Place::check);
    caller.called("C_GetSessionInfo", rv, Facts::of(session));
}

fn cancel(caller: &mut Caller, input: &mut Input<'_>) {
    let session = caller.session(input);
    let flags = input.choose(&[
        0,
        CKF_SIGN,
        CKF_DECRYPT,
        CKF_FIND_OBJECTS,
        CKF_DIGEST | CKF_VERIFY,
        CK_ULONG::MAX,
    ]);
    let rv = call!(caller, C_SessionCancel(session, flags));
    caller.called("C_SessionCancel", rv, Facts::of(session));
}

fn user(input: &mut Input<'_>) -> CK_USER_TYPE {
    input.choose(&[CKU_USER, CKU_USER, CKU_SO, CKU_CONTEXT_SPECIFIC, CK_ULONG::MAX])
}

fn login(caller: &mut Caller, input: &mut Input<'_>) {
    let (session, user, mut code) = (caller.session(input), user(input), code(input));
    let rv = call!(caller, C_Login(session, user, code.pointer(), code.len));
    code.check();
    caller.called(
        "C_Login",
        rv,
        Facts::of(session).presenting(is_well_formed(&code)),
    );
}

fn login_user(caller: &mut Caller, input: &mut Input<'_>) {
    let (session, user, mut code) = (caller.session(input), user(input), code(input));
    let (mut name, len) = (Place::input(b"name", 0), CK_ULONG::from(input.byte() % 5));
    let rv = call!(
        caller,
        C_LoginUser(session, user, code.pointer(), code.len, name.pointer(), len)
    );
    code.check();
    caller.called(
        "C_LoginUser",
        rv,
        Facts::of(session).presenting(is_well_formed(&code) && len == 0),
    );
}

fn logout(caller: &mut Caller, input: &mut Input<'_>) {
    let session = caller.session(input);
    let rv = call!(caller, C_Logout(session));
    caller.called("C_Logout", rv, Facts::of(session));
}

fn object_size(caller: &mut Caller, input: &mut Input<'_>) {
    let (session, object, mut size) = (
        caller.session(input),
        caller.object(input),
        room::<CK_ULONG>(input),
    );
    let rv = call!(caller, C_GetObjectSize(session, object, pointer(&mut size)));
    size.iter().for_each(Place::check);
    caller.called("C_GetObjectSize", rv, Facts::of(session));
}

fn get_attributes(caller: &mut Caller, input: &mut Input<'_>) {
    let (session, object) = (caller.session(input), caller.object(input));
    let mut template = Template::wanted(input);
    let open = caller.is_open_for(session, object);
    let rv = call!(
        caller,
        C_GetAttributeValue(session, object, template.pointer(), template.count)
    );
    template.check();
    if rv == CKR_OK && template.got(CKA_VALUE) {
        assert!(open, "a protected value without a login");
    }
    if rv == CKR_OK {
        caller.seen(object);
    }
    caller.called("C_GetAttributeValue", rv, Facts::of(session));
}

fn set_attributes(caller: &mut Caller, input: &mut Input<'_>) {
    let (session, object) = (caller.session(input), caller.object(input));
    let mut template = Template::asked(input);
    let rv = call!(
        caller,
        C_SetAttributeValue(session, object, template.pointer(), template.count)
    );
    template.check();
    caller.called("C_SetAttributeValue", rv, Facts::of(session));
}

fn find_init(caller: &mut Caller, input: &mut Input<'_>) {
    let session = caller.session(input);
    let mut template = Template::asked(input);
    let rv = call!(
        caller,
        C_FindObjectsInit(session, template.pointer(), template.count)
    );
    template.check();
    caller.called("C_FindObjectsInit", rv, Facts::of(session));
}

fn find(caller: &mut Caller, input: &mut Input<'_>) {
    let (session, how) = (caller.session(input), input.byte());
    let room = usize::from(input.byte() % 64);
    let mut objects = (how != 0).then(|| Place::output(&vec![0; 8 * room], how >> 7));
    let mut count = (how != 2).then(|| Place::output(&[0; 8], how >> 6));
    let rv = call!(
        caller,
        C_FindObjects(
            session,
            pointer(&mut objects),
            room as CK_ULONG,
            pointer(&mut count)
        )
    );
    objects.iter().chain(&count).for_each(Place::check);
    if let (CKR_OK, Some(objects), Some(count)) = (rv, &objects, &count) {
        assert!(count.number() <= room as u64, "more objects than asked for");
        let (handles, _) = objects.bytes().as_chunks();
        let handles = handles
            .iter()
            .map(|handle| CK_OBJECT_HANDLE::from_ne_bytes(*handle));
        caller.found(session, handles.take(count.number() as usize));
    }
    caller.called("C_FindObjects", rv, Facts::of(session));
}

fn find_final(caller: &mut Caller, input: &mut Input<'_>) {
    let session = caller.session(input);
    let rv = call!(caller, C_FindObjectsFinal(session));
    caller.called("C_FindObjectsFinal", rv, Facts::of(session));
}

fn operation_init(caller: &mut Caller, input: &mut Input<'_>) {
    let (which, session, key) = (input.byte() % 7, caller.session(input), caller.object(input));
    let mut mechanism = Mechanism::read(input);
    let it = mechanism.pointer();
    let (name, rv) = match which {
        0 => ("C_EncryptInit", call!(caller, C_EncryptInit(session, it, key))),
        1 => ("C_DecryptInit", call!(caller, C_DecryptInit(session, it, key))),
        2 => ("C_DigestInit", call!(caller, C_DigestInit(session, it))),
        3 => ("C_SignInit", call!(caller, C_SignInit(session, it, key))),
        4 => (
            "C_SignRecoverInit",
            call!(caller, C_SignRecoverInit(session, it, key)),
        ),
        5 => ("C_VerifyInit", call!(caller, C_VerifyInit(session, it, key))),
        _ => (
            "C_VerifyRecoverInit",
            call!(caller, C_VerifyRecoverInit(session, it, key)),
        ),
    };
    mechanism.check();
    caller.called(name, rv, Facts::of(session));
}

/// Functions from bytes to bytes, also in one place.
fn operation(caller: &mut Caller, input: &mut Input<'_>) {
    let (which, session, how) = (input.byte() % 9, caller.session(input), input.byte());
    let mut out = Out::read(input);
    let mut data = match which {
        1 if how & 2 != 0 => Data::of(caller.cryptogram(how), how),
        _ => Data::read(input),
    };
    let (mut from, mut from_len) = (data.pointer(), data.len);
    if how == 1
        && let Some(buffer) = &mut out.buffer
    {
        (from, from_len) = (buffer.pointer(), buffer.len() as CK_ULONG);
    }
    let (to, len) = (out.buffer(), out.len());
    let (name, rv) = match which {
        0 => (
            "C_Encrypt",
            call!(caller, C_Encrypt(session, from, from_len, to, len)),
        ),
        1 => (
            "C_Decrypt",
            call!(caller, C_Decrypt(session, from, from_len, to, len)),
        ),
        2 => (
            "C_Digest",
            call!(caller, C_Digest(session, from, from_len, to, len)),
        ),
        3 | 4 => ("C_Sign", call!(caller, C_Sign(session, from, from_len, to, len))),
        5 => (
            "C_SignRecover",
            call!(caller, C_SignRecover(session, from, from_len, to, len)),
        ),
        6 => (
            "C_VerifyRecover",
            call!(caller, C_VerifyRecover(session, from, from_len, to, len)),
        ),
        7 => (
            "C_EncryptUpdate",
            call!(caller, C_EncryptUpdate(session, from, from_len, to, len)),
        ),
        _ => (
            "C_DecryptUpdate",
            call!(caller, C_DecryptUpdate(session, from, from_len, to, len)),
        ),
    };
    data.check();
    out.check(rv);
    caller.called(name, rv, Facts::of(session));
}

/// Functions that take bytes and give none.
fn operation_part(caller: &mut Caller, input: &mut Input<'_>) {
    let (which, session) = (input.byte() % 6, caller.session(input));
    let mut data = Data::read(input);
    let (from, len) = (data.pointer(), data.len);
    let (name, rv) = match which {
        0 => ("C_SignUpdate", call!(caller, C_SignUpdate(session, from, len))),
        1 => (
            "C_DigestUpdate",
            call!(caller, C_DigestUpdate(session, from, len)),
        ),
        2 => (
            "C_VerifyUpdate",
            call!(caller, C_VerifyUpdate(session, from, len)),
        ),
        3 => ("C_VerifyFinal", call!(caller, C_VerifyFinal(session, from, len))),
        4 => ("C_SeedRandom", call!(caller, C_SeedRandom(session, from, len))),
        _ => {
            let mut signature = Data::read(input);
            let rv = call!(
                caller,
                C_Verify(session, from, len, signature.pointer(), signature.len)
            );
            signature.check();
            ("C_Verify", rv)
        }
    };
    data.check();
    caller.called(name, rv, Facts::of(session));
}

/// Functions that give bytes and take none.
fn operation_final(caller: &mut Caller, input: &mut Input<'_>) {
    let (which, session) = (input.byte() % 4, caller.session(input));
    let mut out = Out::read(input);
    let (to, len) = (out.buffer(), out.len());
    let (name, rv) = match which {
        0 => ("C_SignFinal", call!(caller, C_SignFinal(session, to, len))),
        1 => ("C_DigestFinal", call!(caller, C_DigestFinal(session, to, len))),
        2 => ("C_EncryptFinal", call!(caller, C_EncryptFinal(session, to, len))),
        _ => ("C_DecryptFinal", call!(caller, C_DecryptFinal(session, to, len))),
    };
    out.check(rv);
    caller.called(name, rv, Facts::of(session));
}

fn random(caller: &mut Caller, input: &mut Input<'_>) {
    let session = caller.session(input);
    let mut out = Out::read(input);
    let len = out.len.as_ref().map_or(0, Place::number);
    // A length of the caller that its buffer has, or no length.
    let len = if len > 1000 { CK_ULONG::MAX } else { len };
    let rv = call!(caller, C_GenerateRandom(session, out.buffer(), len));
    out.check(rv);
    caller.called("C_GenerateRandom", rv, Facts::of(session));
}

fn unwrap(caller: &mut Caller, input: &mut Input<'_>) {
    let (session, key, how) = (caller.session(input), caller.object(input), input.byte());
    let mut mechanism = Mechanism::read(input);
    let mut template = Template::of_key(input);
    let mut wrapped = match how & 2 {
        0 => Data::read(input),
        _ => Data::of(caller.cryptogram(how), how),
    };
    let mut unwrapped = (how & 4 == 0).then(|| Place::output(&[0; size_of::<CK_OBJECT_HANDLE>()], how));
    let rv = call!(
        caller,
        C_UnwrapKey(
            session,
            mechanism.pointer(),
            key,
            wrapped.pointer(),
            wrapped.len,
            template.pointer(),
            template.count,
            pointer(&mut unwrapped)
        )
    );
    mechanism.check();
    template.check();
    wrapped.check();
    unwrapped.iter().for_each(Place::check);
    if let (CKR_OK, Some(unwrapped)) = (rv, &unwrapped) {
        caller.unwrapped(session, unwrapped.number());
    }
    caller.called("C_UnwrapKey", rv, Facts::of(session));
}

fn destroy(caller: &mut Caller, session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE) {
    let rv = call!(caller, C_DestroyObject(session, object));
    if rv == CKR_OK {
        caller.seen(object);
        caller.destroyed(object);
    }
    caller.called("C_DestroyObject", rv, Facts::of(session));
}

/// Functions that the module does not have, with pointers that lead nowhere; and what makes and destroys objects.
fn unsupported(caller: &mut Caller, input: &mut Input<'_>) {
    let which = input.byte();
    if which >= UNWRAP {
        return unwrap(caller, input);
    }
    let (which, session, object) = (which % 10, caller.session(input), caller.object(input));
    if which == DESTROY {
        return destroy(caller, session, object);
    }
    let (bytes, len) = (dangling_mut::<CK_BYTE>(), CK_ULONG::from(input.byte()));
    let number = dangling_mut::<CK_ULONG>();
    let (name, rv) = match which {
        0 => (
            "C_InitToken",
            call!(caller, C_InitToken(object, bytes, len, bytes)),
        ),
        1 => (
            "C_CopyObject",
            call!(caller, C_CopyObject(session, object, dangling_mut(), len, number)),
        ),
        2 => (
            "C_CreateObject",
            call!(caller, C_CreateObject(session, dangling_mut(), len, number)),
        ),
        4 => (
            "C_GenerateKey",
            call!(
                caller,
                C_GenerateKey(session, dangling_mut(), dangling_mut(), len, number)
            ),
        ),
        5 => ("C_DigestKey", call!(caller, C_DigestKey(session, object))),
        6 => (
            "C_GetOperationState",
            call!(caller, C_GetOperationState(session, bytes, number)),
        ),
        7 => (
            "C_MessageSignInit",
            call!(caller, C_MessageSignInit(session, dangling_mut(), object)),
        ),
        8 => (
            "C_SignEncryptUpdate",
            call!(caller, C_SignEncryptUpdate(session, bytes, len, bytes, number)),
        ),
        _ => (
            "C_AsyncComplete",
            call!(caller, C_AsyncComplete(session, bytes, dangling_mut())),
        ),
    };
    assert_ne!(rv, CKR_OK, "{name} works");
    caller.called(name, rv, Facts::of(session));
}

/// Sequences of applications, to begin with.
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let at = |step: Step| {
        STEPS
            .iter()
            .position(|known| std::ptr::fn_addr_eq(*known, step))
            .expect("a step") as u8
    };
    let record = |first: u8, rest: &[u8]| {
        let mut record = vec![first];
        record.extend_from_slice(rest);
        record.resize(RECORD, 0);
        record
    };
    let usual = STEPS.len() as u8 + 1;
    let sign = [
        record(usual, &[0, 3]),
        record(at(operation_init), &[3, 3, 4, 1, 3]),
        record(at(operation), &[3, 3, 4, 7, 13, 5, 9, 5]),
        record(at(logout), &[3]),
        record(at(close), &[3]),
        record(at(finalize), &[]),
    ]
    .concat();
    let digest = [
        record(usual, &[1, 0]),
        record(at(operation_init), &[2, 3, 0, 1, 13]),
        record(at(operation_part), &[1, 3, 5, 9, 5]),
        record(at(operation_final), &[1, 3, 7, 8]),
        record(at(get_attributes), &[3, 6, 2, 0, 7, 4, 7]),
    ]
    .concat();
    // On either card, of which the newest session sees the authentication key as its second object.
    let unwrap = |card: u8| {
        let (which, session) = (card << 7 | 2, 3);
        [
            record(usual, &[card, 3]),
            record(
                at(unsupported),
                &[UNWRAP, session, 4, which, 1, 0, 0, 0, 0, 1, 0, 0, 0],
            ),
            record(
                at(unsupported),
                &[UNWRAP, session, 4, which, 1, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0],
            ),
            record(at(get_attributes), &[session, 5, 1, 4, 1, 10]),
            record(at(unsupported), &[DESTROY, session, 5]),
            record(at(get_attributes), &[session, 5, 1, 4, 1, 10]),
            record(at(logout), &[session]),
            record(at(get_attributes), &[session, 6, 1, 4, 1, 10]),
            record(at(close), &[session]),
            record(at(get_attributes), &[session, 6, 1, 4, 1, 10]),
        ]
        .concat()
    };
    vec![
        ("sign".into(), sign),
        ("digest".into(), digest),
        ("unwrap-cps3".into(), unwrap(0)),
        ("unwrap-cps4".into(), unwrap(1)),
    ]
}
