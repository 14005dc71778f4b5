//! The module on the system's own PC/SC client library, with a service that is full or does not answer, and without descriptors.

use std::path::PathBuf;
use std::ptr::null_mut;
use std::thread;
use std::time::{Duration, Instant};

use cpx_pkcs11::{abi, provider};
use cryptoki_sys::*;

use testkit::fork::{forked, status_of};
use testkit::pcscd::{Manner, Pcscd};

/// How long is looked at what a wait asks.
const A_WHILE: Duration = Duration::from_secs(2);

/// What a wait may ask in that time: two questions in each of its rounds, of which the longest pauses make two a second.
const FEW: usize = 24;

/// What the processor may work for it.
const PROCESSOR_TIME: Duration = Duration::from_millis(200);

fn socket(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("cpx-pkcs11-{name}-{}", std::process::id()))
}

fn initialize() -> CK_RV {
    provider::use_readers(None);
    // SAFETY: NULL is what it takes.
    unsafe { abi::C_Initialize(null_mut()) }
}

fn finalize() -> CK_RV {
    // SAFETY: NULL is what it takes.
    unsafe { abi::C_Finalize(null_mut()) }
}

fn wait_for_event() -> CK_RV {
    let mut slot = 0;
    // SAFETY: a variable for the answer.
    unsafe { abi::C_WaitForSlotEvent(0, &mut slot, null_mut()) }
}

/// What this process has had of the processor.
fn processor_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: a variable for the answer.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Lets this process have no more descriptors than it has, or as many as before.
fn descriptors(none: bool) {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: variables for the answers, a descriptor of our own.
    unsafe {
        let next = libc::dup(0);
        libc::close(next);
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        limit.rlim_cur = if none {
            next as libc::rlim_t
        } else {
            limit.rlim_max
        };
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &limit), 0);
    }
}

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < testkit::PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A blocking wait under a service that cannot be connected to any more does not spin, sees what happens meanwhile, waits as ever
/// afterwards, and ends with C_Finalize.
fn waits_without_a_connection(name: &str, hinder: impl Fn(&Pcscd, bool)) -> bool {
    let service = Pcscd::start(&socket(name), Manner::Serves);
    assert_eq!(initialize(), CKR_OK);
    hinder(&service, true);
    let wait = thread::spawn(wait_for_event);
    // Ten rounds, with which its pauses have grown.
    let begun = service.looks();
    until("the wait does not look", || service.looks() >= begun + 10);
    let (looks, connections, time) = (service.looks(), service.connections(), processor_time());
    thread::sleep(A_WHILE);
    let (looks, connections) = (service.looks() - looks, service.connections() - connections);
    let time = processor_time() - time;
    assert!(
        looks <= FEW && connections <= FEW,
        "{looks} looks, {connections} connections"
    );
    assert!(time < PROCESSOR_TIME, "{time:?}");
    assert!(!wait.is_finished(), "nothing has happened");
    service.event();
    assert_eq!(wait.join().expect("no panic"), CKR_OK);

    // A connection at last.
    let wait = thread::spawn(wait_for_event);
    hinder(&service, false);
    let begun = service.waits();
    until("nobody waits", || service.waits() > begun);
    service.event();
    assert_eq!(wait.join().expect("no panic"), CKR_OK);

    hinder(&service, true);
    let wait = thread::spawn(wait_for_event);
    let begun = service.looks();
    until("the wait does not look", || service.looks() > begun + 1);
    assert_eq!(finalize(), CKR_OK);
    assert_eq!(wait.join().expect("no panic"), CKR_CRYPTOKI_NOT_INITIALIZED);
    true
}

#[test]
fn a_wait_for_events_without_a_free_descriptor_does_not_spin() {
    forked(|| waits_without_a_connection("descriptors", |_, none| descriptors(none)));
}

#[test]
fn a_wait_for_events_when_the_service_takes_no_more_clients_does_not_spin() {
    forked(|| {
        waits_without_a_connection("full", |service, full| {
            service.set(if full { Manner::IsFull } else { Manner::Serves })
        })
    });
}

#[test]
fn forks_do_not_wait_for_a_connection_that_hangs_and_their_children_do_not_hang() {
    forked(|| {
        let service = Pcscd::start(&socket("silent"), Manner::IsSilent);
        thread::spawn(initialize);
        until("nobody connects", || service.connections() == 1);
        let begun = Instant::now();
        let mut longest = Duration::ZERO;
        for _ in 0..20 {
            // SAFETY: the child does nothing but end.
            unsafe {
                let fork = Instant::now();
                let pid = libc::fork();
                if pid == 0 {
                    libc::_exit(0);
                }
                longest = longest.max(fork.elapsed());
                libc::waitpid(pid, null_mut(), 0);
            }
        }
        // Two seconds each before.
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        println!("20 forks in {:?}, the longest {longest:?}", begun.elapsed());
        // The alarm of `status_of` ends a child that waits for ever.
        status_of(|| initialize() == CKR_OK && finalize() == CKR_OK) == 0 && service.connections() == 1
    });
}
