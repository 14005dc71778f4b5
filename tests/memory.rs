//! Memory runs out in the middle of a call: the application is told so, and goes on.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cpx_pkcs11::provider;
use cpx_pkcs11::reader::{Connection, Continuity, Protocol, ReaderError, ReaderState, Readers};
use cryptoki_sys::*;
use zeroize::Zeroizing;

use testkit::fork::status_of;
use testkit::{Ckr, Module, PIN, READER, Rack, Session, call};

/// Bytes from which an allocation fails where there is arithmetic: more than a number of the longest key has. The crates that do it
/// end the process when they have no memory.
const ARITHMETIC: usize = 513;

/// And elsewhere: more than a label, an identifier or the mechanisms of a key.
const ELSEWHERE: usize = 256;

thread_local! {
    /// Allocations until the one that fails; `None`: none does.
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    /// Bytes from which one counts.
    static SMALLEST: Cell<usize> = const { Cell::new(usize::MAX) };
}

struct Failing;

impl Failing {
    fn fails(size: usize) -> bool {
        LEFT.with(|left| match left.get() {
            Some(n) if size >= SMALLEST.get() => {
                left.set(n.checked_sub(1));
                n == 0
            }
            _ => false,
        })
    }
}

// SAFETY: the system's, or nothing.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if Failing::fails(layout.size()) {
            return null_mut();
        }
        // SAFETY: as for this function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if Failing::fails(layout.size()) {
            return null_mut();
        }
        // SAFETY: as for this function.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: as for this function.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if Failing::fails(size) {
            return null_mut();
        }
        // SAFETY: as for this function.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Failing = Failing;

/// The memory of the simulated card and its rack is not the module's.
fn outside<T>(act: impl FnOnce() -> T) -> T {
    let left = LEFT.take();
    let done = act();
    LEFT.set(left);
    done
}

struct Outside<T: ?Sized>(Box<T>);

impl Readers for Outside<Arc<dyn Readers>> {
    fn list(&self) -> Result<Vec<ReaderState>, ReaderError> {
        outside(|| self.0.list())
    }

    fn unchanged(&self, known: &ReaderState) -> bool {
        outside(|| self.0.unchanged(known))
    }

    fn wait(&self, known: &[ReaderState], timeout: Duration) -> Result<(), ReaderError> {
        outside(|| self.0.wait(known, timeout))
    }

    fn cancel(&self) {
        outside(|| self.0.cancel());
    }

    fn connect(&self, name: &str) -> Result<Box<dyn Connection>, ReaderError> {
        outside(|| Ok(Box::new(Outside(self.0.connect(name)?)) as Box<dyn Connection>))
    }

    fn abandon(&self) {}
}

impl Connection for Outside<dyn Connection> {
    fn protocol(&self) -> Protocol {
        self.0.protocol()
    }

    fn begin(&mut self) -> Result<Continuity, ReaderError> {
        outside(|| self.0.begin())
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReaderError> {
        outside(|| self.0.transmit(command))
    }

    fn end(&mut self) {
        outside(|| self.0.end());
    }

    fn check(&mut self) -> Result<Continuity, ReaderError> {
        outside(|| self.0.check())
    }

    fn reset(&mut self) -> Result<(), ReaderError> {
        outside(|| self.0.reset())
    }

    fn keep(&mut self, keep: bool) {
        outside(|| self.0.keep(keep));
    }

    fn reset_if_alone(&mut self) -> Result<bool, ReaderError> {
        outside(|| self.0.reset_if_alone())
    }
}

/// Calls that are looked at, each on a session in which the holder is logged in and nothing is under way.
type Call = fn(Session<'_>, &Given) -> Result<(), Ckr>;

/// What a call works with.
struct Given {
    private: CK_OBJECT_HANDLE,
    signing: CK_OBJECT_HANDLE,
    public: CK_OBJECT_HANDLE,
    certificate: CK_OBJECT_HANDLE,
    cryptogram: Vec<u8>,
    room: Box<[u8]>,
}

/// What is read of the card before: the keys, and the certificates with which their signatures are checked.
fn given(session: Session<'_>) -> Given {
    session.login(PIN).expect("C_Login");
    let [private, signing] = ["CPS_PRIV_AUT", "CPS_PRIV_SIG"].map(|label| session.private_key(label));
    for key in [private, signing] {
        session
            .attribute(key, CKA_MODULUS)
            .expect("the key of the certificate");
    }
    let public = session.companion(private, CKO_PUBLIC_KEY);
    session.encrypt_init(CKM_RSA_PKCS, public).expect("C_EncryptInit");
    Given {
        private,
        signing,
        public,
        certificate: session.companion(private, CKO_CERTIFICATE),
        cryptogram: session.encrypt(b"text").expect("C_Encrypt"),
        room: vec![0; 8192].into(),
    }
}

const CALLS: &[(&str, usize, Call)] = &[
    ("C_SignInit", ELSEWHERE, |session, given| {
        session.sign_init(CKM_RSA_PKCS, given.private)?;
        let done = session.sign_update(b"a message");
        let _ = call!(session.module, C_SessionCancel(session.handle, CKF_SIGN));
        done
    }),
    ("C_VerifyInit", ELSEWHERE, |session, given| {
        session.verify_init(CKM_RSA_PKCS, given.public)?;
        let done = session.verify_update(b"a message");
        let _ = call!(session.module, C_SessionCancel(session.handle, CKF_VERIFY));
        done
    }),
    ("C_EncryptInit, C_EncryptUpdate", ELSEWHERE, |session, given| {
        session.encrypt_init(CKM_RSA_PKCS, given.public)?;
        let (mut part, mut none) = (*b"text", 256);
        let room = given.room.as_ptr().cast_mut();
        let done = call!(
            session.module,
            C_EncryptUpdate(session.handle, part.as_mut_ptr(), 4, room, &mut none)
        );
        let _ = call!(session.module, C_SessionCancel(session.handle, CKF_ENCRYPT));
        done
    }),
    ("C_SignInit, C_Sign: a hash", ARITHMETIC, |session, given| {
        session.sign_init(CKM_SHA256_RSA_PKCS, given.private)?;
        into_room(session, given, b"a message", Out::Sign)
    }),
    ("C_SignInit, C_Sign: bare", ARITHMETIC, |session, given| {
        session.sign_init(CKM_RSA_PKCS, given.private)?;
        into_room(session, given, b"a message", Out::Sign)
    }),
    (
        "C_SignInit, C_Sign: the signature key",
        ARITHMETIC,
        |session, given| {
            session.sign_init(CKM_SHA256_RSA_PKCS, given.signing)?;
            into_room(session, given, b"a message", Out::Sign)
        },
    ),
    (
        "C_SignInit, C_SignUpdate, C_SignFinal",
        ARITHMETIC,
        |session, given| {
            session.sign_init(CKM_RSA_PKCS, given.private)?;
            session.sign_update(b"a message")?;
            into_room(session, given, b"", Out::SignFinal)
        },
    ),
    ("C_DigestInit, C_Digest", ELSEWHERE, |session, given| {
        session.digest_init(CKM_SHA512)?;
        into_room(session, given, &[0x55; 5000], Out::Digest)
    }),
    ("C_DecryptInit, C_Decrypt", ARITHMETIC, |session, given| {
        session.decrypt_init(CKM_RSA_PKCS, given.private)?;
        into_room(session, given, &given.cryptogram, Out::Decrypt)
    }),
    ("C_EncryptInit, C_Encrypt", ARITHMETIC, |session, given| {
        session.encrypt_init(CKM_RSA_PKCS, given.public)?;
        into_room(session, given, b"text", Out::Encrypt)
    }),
    (
        "C_EncryptInit, C_EncryptUpdate, C_EncryptFinal",
        ARITHMETIC,
        |session, given| {
            session.encrypt_init(CKM_RSA_PKCS, given.public)?;
            let (mut part, mut none) = (*b"text", 256);
            let room = given.room.as_ptr().cast_mut();
            call!(
                session.module,
                C_EncryptUpdate(session.handle, part.as_mut_ptr(), 4, room, &mut none)
            )?;
            into_room(session, given, b"", Out::EncryptFinal)
        },
    ),
    ("C_FindObjectsInit, C_FindObjects", ELSEWHERE, |session, _| {
        let mut subject = [0u8; 4000];
        let (mut found, mut count) = ([0; 64], 0);
        let mut template = [CK_ATTRIBUTE {
            type_: CKA_SUBJECT,
            pValue: subject.as_mut_ptr().cast(),
            ulValueLen: 4000,
        }; 100];
        let result = call!(
            session.module,
            C_FindObjectsInit(session.handle, template.as_mut_ptr(), 100)
        )
        .and_then(|()| {
            call!(
                session.module,
                C_FindObjects(session.handle, found.as_mut_ptr(), 64, &mut count)
            )
        });
        let _ = call!(session.module, C_FindObjectsFinal(session.handle));
        result
    }),
    ("C_FindObjectsInit, everything", ELSEWHERE, |session, _| {
        let (mut found, mut count) = ([0; 64], 0);
        let result = call!(session.module, C_FindObjectsInit(session.handle, null_mut(), 0)).and_then(|()| {
            call!(
                session.module,
                C_FindObjects(session.handle, found.as_mut_ptr(), 64, &mut count)
            )
        });
        let _ = call!(session.module, C_FindObjectsFinal(session.handle));
        result
    }),
    ("C_GetAttributeValue", ELSEWHERE, |session, given| {
        let mut template =
            [CKA_VALUE, CKA_MODULUS, CKA_SUBJECT, CKA_ID, CKA_PUBLIC_KEY_INFO].map(|type_| CK_ATTRIBUTE {
                type_,
                pValue: null_mut(),
                ulValueLen: 0,
            });
        let answer = call!(
            session.module,
            C_GetAttributeValue(session.handle, given.certificate, template.as_mut_ptr(), 5)
        );
        match answer {
            Err(Ckr(CKR_ATTRIBUTE_TYPE_INVALID)) => Ok(()),
            other => other,
        }
    }),
];

/// Which function gives its output.
#[derive(Clone, Copy, PartialEq)]
enum Out {
    Sign,
    SignFinal,
    Digest,
    Decrypt,
    Encrypt,
    EncryptFinal,
}

fn into_room(session: Session<'_>, given: &Given, data: &[u8], which: Out) -> Result<(), Ckr> {
    let room = given.room.as_ptr().cast_mut();
    let (data, len) = (data.as_ptr().cast_mut(), data.len() as CK_ULONG);
    let mut size = given.room.len() as CK_ULONG;
    let (module, handle) = (session.module, session.handle);
    match which {
        Out::Sign => call!(module, C_Sign(handle, data, len, room, &mut size)),
        Out::SignFinal => call!(module, C_SignFinal(handle, room, &mut size)),
        Out::Digest => call!(module, C_Digest(handle, data, len, room, &mut size)),
        Out::Decrypt => call!(module, C_Decrypt(handle, data, len, room, &mut size)),
        Out::Encrypt => call!(module, C_Encrypt(handle, data, len, room, &mut size)),
        Out::EncryptFinal => call!(module, C_EncryptFinal(handle, room, &mut size)),
    }
}

/// A number that a child can leave to its parent.
fn shared() -> &'static AtomicUsize {
    // SAFETY: a page of zeros for everybody who is forked from here on, for the life of the process.
    unsafe {
        let page = libc::mmap(
            null_mut(),
            size_of::<AtomicUsize>(),
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        assert_ne!(page, libc::MAP_FAILED);
        &*page.cast()
    }
}

/// Walks through the allocations of a call, from number `next` on: each of them fails once, and then the call is made again. In a
/// process of its own, which ends where an allocation may not fail.
fn walk(module: &Module, rack: &Rack, smallest: usize, call: Call, next: &AtomicUsize) -> bool {
    SMALLEST.set(smallest);
    provider::use_readers(Some(Arc::new(Outside(Box::new(rack.readers())))));
    loop {
        let n = next.fetch_add(1, Ordering::SeqCst);
        assert_eq!(call!(module, C_Initialize(null_mut())), Ok(()));
        let session = module.read_write();
        let given = given(session);
        LEFT.set(Some(n));
        let answer = call(session, &given);
        let failed = LEFT.take().is_none();
        if failed && answer != Err(Ckr(CKR_HOST_MEMORY)) && answer != Ok(()) {
            eprintln!("without allocation {n}: {answer:?}");
            return false;
        }
        let again = call(session, &given);
        if again != Ok(()) {
            eprintln!("when there is memory again after allocation {n}: {again:?}");
            return false;
        }
        assert_eq!(call!(module, C_Finalize(null_mut())), Ok(()));
        if !failed {
            return true;
        }
    }
}

#[test]
fn memory_that_runs_out_is_told_and_the_next_call_works() {
    let mut bad = Vec::new();
    let mut walked = 0;
    for (chip, card) in [("CPS3", testkit::cps3()), ("CPS4", testkit::cps4())] {
        let rack = Rack::new();
        rack.plug(READER);
        let _card = rack.insert(READER, card);
        let module = Module::idle(&rack);
        for (name, smallest, call) in CALLS {
            let next = shared();
            loop {
                let status = status_of(|| walk(&module, &rack, *smallest, *call, next));
                if status == 0 {
                    break;
                }
                let n = next.load(Ordering::SeqCst) - 1;
                bad.push(format!("{chip}: {name}: allocation {n}: status {status:#x}"));
                if libc::WIFEXITED(status) {
                    break;
                }
            }
            walked += next.load(Ordering::SeqCst) - 1;
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
    assert!(walked >= 30, "only {walked} allocations have failed");
}
