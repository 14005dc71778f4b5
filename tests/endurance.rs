//! Many signatures in a row. In a process of its own: every byte that is allocated here counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use cryptoki_sys::*;
use sim_cards::{Action, Interceptor};

/// The system's allocator, and what it has given and not got back.
struct Counting;

static LIVE: AtomicI64 = AtomicI64::new(0);

// SAFETY: the system's allocator does it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size() as i64, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as i64, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes in use, of the module and of the card in this process.
fn live() -> i64 {
    LIVE.load(Ordering::Relaxed)
}

/// Answers each signature command with what the card has answered to the same command before: the card need not calculate.
#[derive(Default)]
struct Memory {
    known: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Interceptor for Memory {
    fn command(&mut self, _: u64, command: &[u8]) -> Action {
        match self.known.get(command) {
            Some(answer) => Action::Answer(answer.clone()),
            None => Action::Pass,
        }
    }

    fn answer(&mut self, _: u64, command: &[u8], answer: &mut Vec<u8>) {
        if matches!(command, [_, 0x2A | 0x22 | 0x88, ..]) && answer.ends_with(&[0x90, 0x00]) {
            self.known.insert(command.to_vec(), answer.clone());
        }
    }
}

/// Resident memory of this process in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("statm");
    let pages: u64 = statm
        .split(' ')
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("pages");
    // SAFETY: sysconf with a name that POSIX has.
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64
}

/// Signs again and again, in sessions that come and go. After a tenth of it the memory does not grow any more.
fn signatures_in_a_row(count: usize) {
    let (module, _rack, card) = testkit::start(testkit::cps4());
    let _login = module.user_session();
    card.sim().set_interceptor(Memory::default());
    let mut session = module.session();
    let key = session.private_key("CPS_PRIV_SIG");
    let mut after_a_tenth = (0, 0);
    for number in 0..count {
        if number % 100 == 0 {
            session.close().expect("C_CloseSession");
            session = module.session();
        }
        if number == count / 10 {
            after_a_tenth = (live(), resident());
        }
        session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
        let signature = session.sign_in_one_call(b"a message").expect("C_Sign");
        assert_eq!(signature.len(), 256);
    }
    let (bytes, pages) = after_a_tenth;
    let grown = (live() - bytes, resident().saturating_sub(pages));
    println!("{count} signatures: {grown:?} bytes more in use and resident after the first tenth");
    assert!(grown.0.abs() < 2048 && grown.1 < 512 * 1024, "{grown:?}");
}

#[test]
fn memory_stays_flat_over_thousands_of_signatures() {
    signatures_in_a_row(5_000);
}

#[test]
#[ignore = "takes minutes: scripts/test --all"]
fn memory_stays_flat_over_a_hundred_thousand_signatures() {
    signatures_in_a_row(100_000);
}
