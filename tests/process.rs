//! The module in the life of a process: forks, threads that go on while it ends, unloading.

use std::ffi::{CStr, CString};
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cpx_pkcs11::reader::{Connection, ReaderError, ReaderState, Readers};
use cpx_pkcs11::{abi, provider};
use cryptoki_sys::*;
use sim_cards::{Action, Interceptor};

use testkit::fork::forked;
use testkit::{Ckr, Module, PIN, Rack, Session, call, ulong};

const NOT_INITIALIZED: Ckr = Ckr(CKR_CRYPTOKI_NOT_INITIALIZED);

fn signs(session: Session<'_>) -> bool {
    let key = session.private_key("CPS_PRIV_AUT");
    session.sign_init(CKM_SHA256_RSA_PKCS, key).is_ok() && session.sign(b"a message").is_ok()
}

#[test]
fn a_child_starts_anew_and_leaves_the_card_of_its_parent_alone() {
    for card in testkit::both() {
        let (module, rack, card) = testkit::start(card);
        let session = module.user_session();
        let (apdus, connections) = (card.apdus(), rack.connections());
        forked(|| {
            let mut info = CK_SESSION_INFO::default();
            let before = call!(module, C_GetSessionInfo(session.handle, &mut info)) == Err(NOT_INITIALIZED)
                && call!(module, C_Finalize(null_mut())) == Err(NOT_INITIALIZED)
                && module.slots(false) == Err(NOT_INITIALIZED);
            let started = call!(module, C_Initialize(null_mut())) == Ok(());
            let twice = call!(module, C_Initialize(null_mut()));
            // In the child's copy of the rack: what it sends there, the parent's card does not see.
            let untouched = (card.apdus(), rack.connections()) == (apdus, connections);
            let stranger = session.state() == Err(Ckr(CKR_SESSION_HANDLE_INVALID));
            before
                && started
                && twice == Err(Ckr(CKR_CRYPTOKI_ALREADY_INITIALIZED))
                && untouched
                && stranger
                && signs(module.user_session())
                && call!(module, C_Finalize(null_mut())) == Ok(())
        });
        assert_eq!(session.state(), Ok(CKS_RO_USER_FUNCTIONS));
        assert!(signs(session));
    }
}

#[test]
fn a_grandchild_starts_anew_too() {
    let (module, _rack, _card) = testkit::start(testkit::cps4());
    let restart =
        || module.slots(false) == Err(NOT_INITIALIZED) && call!(module, C_Initialize(null_mut())) == Ok(());
    forked(|| {
        let started = restart();
        forked(restart);
        started && module.slots(false).is_ok()
    });
}

/// A service that is not there.
struct NoService;

impl Readers for NoService {
    fn list(&self) -> Result<Vec<ReaderState>, ReaderError> {
        Err(ReaderError::NoService)
    }

    fn wait(&self, _: &[ReaderState], _: Duration) -> Result<(), ReaderError> {
        Err(ReaderError::NoService)
    }

    fn cancel(&self) {}

    fn connect(&self, _: &str) -> Result<Box<dyn Connection>, ReaderError> {
        Err(ReaderError::NoService)
    }

    fn abandon(&self) {}
}

/// Ends the loops of other threads, also when the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_child_born_while_a_lock_is_held_can_start() {
    let module = Module::idle(&Rack::new());
    // The lock of a rack would stay taken in a child too.
    provider::use_readers(Some(Arc::new(NoService)));
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let _stop = Stop(&stop);
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    // SAFETY: NULL is what both take.
                    unsafe { (abi::C_Finalize(null_mut()), abi::C_Initialize(null_mut())) };
                }
            });
        }
        for _ in 0..100 {
            forked(|| call!(module, C_Initialize(null_mut())).is_ok());
        }
    });
}

/// A chip that takes its time for VERIFY.
struct SlowVerify;

impl Interceptor for SlowVerify {
    fn command(&mut self, _: u64, command: &[u8]) -> Action {
        if command.get(1) == Some(&0x20) && command.len() > 5 {
            thread::sleep(Duration::from_millis(300));
        }
        Action::Pass
    }
}

#[test]
fn a_login_under_way_when_the_last_session_closes_does_not_leave_the_card_open() {
    for close in [
        |session: Session<'_>| session.close(),
        |session: Session<'_>| call!(session.module, C_Finalize(null_mut())),
    ] {
        let (module, _rack, card) = testkit::start(testkit::cps3());
        let session = module.session();
        module.token_info(module.slot()).expect("token");
        card.sim().set_interceptor(SlowVerify);
        thread::scope(|scope| {
            let login = scope.spawn(|| session.login(PIN));
            thread::sleep(Duration::from_millis(100));
            assert_eq!(close(session), Ok(()));
            let _ = login.join().expect("no panic");
        });
        assert!(!card.sim().is_holder_verified());
    }
}

#[test]
fn c_finalize_while_others_call() {
    for _ in 0..10 {
        let (module, _rack, card) = testkit::start(testkit::cps4());
        let session = module.user_session();
        let key = session.private_key("CPS_PRIV_AUT");
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Ok(mine) = module.open(0, CKF_SERIAL_SESSION) {
                        let signed = mine
                            .sign_init(CKM_SHA256_RSA_PKCS, key)
                            .and_then(|()| mine.sign_in_one_call(b"a message"));
                        if let Err(Ckr(rv)) = signed {
                            let ends = [
                                CKR_CRYPTOKI_NOT_INITIALIZED,
                                CKR_SESSION_HANDLE_INVALID,
                                CKR_USER_NOT_LOGGED_IN,
                                CKR_OPERATION_NOT_INITIALIZED,
                            ];
                            assert!(ends.contains(&rv), "{signed:?}");
                            break;
                        }
                    }
                });
            }
            thread::sleep(Duration::from_millis(50));
            assert_eq!(call!(module, C_Finalize(null_mut())), Ok(()));
        });
        assert!(!card.sim().is_holder_verified());
    }
}

#[test]
fn a_wait_for_events_ends_with_c_finalize() {
    let rack = Rack::new();
    rack.plug(testkit::READER);
    let module = Module::start(&rack);
    thread::scope(|scope| {
        let wait = scope.spawn(|| {
            let mut slot = 0;
            call!(module, C_WaitForSlotEvent(0, &mut slot, null_mut()))
        });
        thread::sleep(Duration::from_millis(200));
        let begun = Instant::now();
        assert_eq!(call!(module, C_Finalize(null_mut())), Ok(()));
        assert_eq!(wait.join().expect("no panic"), Err(NOT_INITIALIZED));
        assert!(begun.elapsed() < Duration::from_millis(1500));
    });
}

#[test]
fn a_wait_for_events_ends_with_an_insertion_and_sees_a_swap_between_two_waits() {
    let (module, rack, _card) = testkit::start(testkit::cps3());
    let wait = || {
        let mut slot = CK_ULONG::MAX;
        call!(module, C_WaitForSlotEvent(0, &mut slot, null_mut())).map(|()| slot)
    };
    rack.pull(testkit::READER);
    rack.insert(testkit::READER, testkit::cps3());
    assert_eq!(wait(), Ok(module.slot()), "taken out and put back is an event");
    assert_eq!(module.event(), Err(Ckr(CKR_NO_EVENT)));
    thread::scope(|scope| {
        let waiting = scope.spawn(wait);
        thread::sleep(Duration::from_millis(200));
        rack.pull(testkit::READER);
        assert_eq!(waiting.join().expect("no panic"), Ok(module.slot()));
    });
}

#[test]
fn many_readers_with_long_names_are_slots() {
    let rack = Rack::new();
    let name = |number| {
        format!(
            "{} {number:02}",
            "A lab reader whose name is longer than the field of the standard ".repeat(2)
        )
    };
    for number in 0..20 {
        rack.plug(&name(number));
    }
    rack.insert(&name(19), testkit::cps4());
    let module = Module::start(&rack);
    let slots = module.slots(false).expect("slots");
    assert_eq!(slots.len(), 20);
    assert_eq!(module.slots(true), Ok(vec![slots[19]]));
    let description = module.slot_info(slots[19]).expect("slot").slotDescription;
    assert!(description.starts_with(b"A lab reader") && description.ends_with(b" 19"));
    let session = module.open(slots[19], CKF_SERIAL_SESSION).expect("a session");
    assert_eq!(
        session.find(&[(CKA_CLASS, ulong(CKO_PRIVATE_KEY))]),
        Ok(vec![]),
        "before login"
    );
    rack.insert(&name(18), testkit::cps3());
    assert_eq!(module.event(), Ok(slots[18]));
}

/// The shared object that cargo built beside this test.
fn shared_object() -> CString {
    let test = std::env::current_exe().expect("path of this test");
    let module = test.with_file_name("libcpx_pkcs11.so");
    CString::new(module.to_str().expect("a path in UTF-8")).expect("no NUL")
}

/// A function of the shared object.
///
/// # Safety
/// `F` must be its type.
unsafe fn symbol<F: Copy>(library: *mut libc::c_void, name: &CStr) -> F {
    // SAFETY: an open library; the caller answers for the type of a function pointer.
    unsafe {
        let address = libc::dlsym(library, name.as_ptr());
        assert!(!address.is_null(), "{name:?}");
        std::mem::transmute_copy(&address)
    }
}

/// Locks that were contended leave a value in each thread, with a destructor that runs when the thread ends: the C library keeps the code
/// of it loaded until then.
#[test]
fn threads_may_end_after_it_was_unloaded() {
    type Function = unsafe extern "C" fn(*mut libc::c_void) -> CK_RV;
    let unloaded = AtomicBool::new(false);
    let path = shared_object();
    // SAFETY: the library is loaded while its functions are called, and they take a NULL pointer; C_GetInfo refuses it.
    let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    assert!(!library.is_null(), "{path:?}");
    let [initialize, finalize, info] = [c"C_Initialize", c"C_Finalize", c"C_GetInfo"]
        .map(|name| unsafe { symbol::<Function>(library, name) });
    let finished = std::sync::Barrier::new(9);
    thread::scope(|scope| {
        for number in 0..8 {
            let (finished, unloaded) = (&finished, &unloaded);
            scope.spawn(move || {
                let begun = Instant::now();
                while begun.elapsed() < Duration::from_millis(500) {
                    unsafe {
                        if number < 4 {
                            initialize(null_mut());
                            finalize(null_mut());
                        } else {
                            info(null_mut());
                        }
                    }
                }
                finished.wait();
                while !unloaded.load(Ordering::Acquire) {
                    thread::yield_now();
                }
            });
        }
        finished.wait();
        unsafe { finalize(null_mut()) };
        assert_eq!(unsafe { libc::dlclose(library) }, 0);
        unloaded.store(true, Ordering::Release);
    });
}
