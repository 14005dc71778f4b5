//! What the module writes to disk and reads from it: a trace that is asked for, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::ptr::null_mut;

use cryptoki_sys::*;
use sim_cards::Options;

use testkit::call;
use testkit::fork::{forked, status_of};
use testkit::{Ckr, Module, PIN, READER, Rack, ulong};

/// What a filter of system calls forbids.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Forbidden {
    /// To open a file for writing, or to make one.
    Writing,
    /// To open any file.
    Opening,
}

/// From now on a forbidden system call kills this process (seccomp(2)). For a forked child.
fn forbid(what: Forbidden) {
    let statement = |code: u32, k: u32| libc::sock_filter {
        code: code as u16,
        jt: 0,
        jf: 0,
        k,
    };
    let load = |offset| statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset);
    let equal = |k: u32, then: u8, otherwise: u8| libc::sock_filter {
        jt: then,
        jf: otherwise,
        ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, k)
    };
    let kill = statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_KILL_PROCESS);
    let allow = statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW);
    // struct seccomp_data: the number, the architecture, the instruction, then the arguments of 64 bits each.
    let (number, flags_of_openat) = (0, if cfg!(target_endian = "little") { 32 } else { 36 });
    let writing = (libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT) as u32;
    let mut program = vec![load(number)];
    for call in makers() {
        program.extend([equal(call, 0, 1), kill]);
    }
    program.push(equal(libc::SYS_openat as u32, 0, 3));
    match what {
        Forbidden::Opening => program.extend([kill, kill, kill]),
        Forbidden::Writing => program.extend([
            load(flags_of_openat),
            libc::sock_filter {
                jt: 0,
                jf: 1,
                ..statement(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K, writing)
            },
            kill,
        ]),
    }
    program.push(allow);
    let filter = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: a program that lives during the calls; both only take rights away.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(
            libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &filter),
            0
        );
    }
}

/// Calls that make or rename files, whatever their arguments are; the C library opens files with openat.
fn makers() -> Vec<u32> {
    let calls = [
        libc::SYS_mkdirat,
        libc::SYS_mknodat,
        libc::SYS_linkat,
        libc::SYS_symlinkat,
        libc::SYS_renameat2,
        libc::SYS_truncate,
        libc::SYS_openat2,
    ];
    calls.iter().chain(OLDER).map(|call| *call as u32).collect()
}

/// Calls that have successors and are not on every processor.
#[cfg(target_arch = "x86_64")]
const OLDER: &[libc::c_long] = &[
    libc::SYS_open,
    libc::SYS_creat,
    libc::SYS_mkdir,
    libc::SYS_mknod,
    libc::SYS_link,
    libc::SYS_symlink,
    libc::SYS_rename,
    libc::SYS_renameat,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[libc::c_long] = &[];

/// Everything that a module could want to remember: certificates, data, protected data, signatures.
fn uses_the_card(module: &Module) -> bool {
    let session = module.read_write();
    let logged_in = session.login(PIN).is_ok();
    let objects = session.find(&[]).unwrap_or_default();
    let readable = objects
        .iter()
        .all(|object| session.attribute(*object, CKA_LABEL).is_ok());
    let values = [CKO_CERTIFICATE, CKO_DATA].iter().all(|class| {
        let found = session.find(&[(CKA_CLASS, ulong(*class))]).unwrap_or_default();
        !found.is_empty() && found.iter().all(|it| session.attribute(*it, CKA_VALUE).is_ok())
    });
    let signed = ["CPS_PRIV_SIG", "CPS_PRIV_AUT"].iter().all(|label| {
        let key = session.private_key(label);
        session.sign_init(CKM_SHA256_RSA_PKCS, key).is_ok() && session.sign(b"a message").is_ok()
    });
    let written = match session.find(&[(CKA_LABEL, b"CPS_DATA".to_vec())]).as_deref() {
        Ok([area]) => session.set(*area, &[(CKA_VALUE, b"text".to_vec())]).is_ok(),
        _ => true,
    };
    let closed = session.logout().is_ok() && session.close().is_ok();
    logged_in && readable && values && signed && written && closed
}

/// A module that is not initialised, with a card before it.
fn idle(card: sim_cards::SimCard) -> Module {
    let rack = Rack::new();
    rack.plug(READER);
    rack.insert(READER, card);
    Module::idle(&rack)
}

#[test]
fn weakness_06_the_card_is_copied_into_a_cache_that_everybody_may_read_and_write() {
    // The filter bites.
    let killed = |what, act: fn() -> bool| {
        let status = status_of(|| {
            forbid(what);
            act()
        });
        libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSYS
    };
    assert!(killed(Forbidden::Writing, || fs::write("/tmp/never", "").is_ok()));
    assert!(killed(Forbidden::Writing, || fs::create_dir("/tmp/never").is_ok()));
    assert!(!killed(Forbidden::Writing, || fs::read("/proc/self/stat").is_ok()));
    assert!(killed(Forbidden::Opening, || fs::read("/proc/self/stat").is_ok()));

    for card in testkit::both() {
        let module = idle(card);
        forked(|| {
            forbid(Forbidden::Writing);
            call!(module, C_Initialize(null_mut())) == Ok(())
                && uses_the_card(&module)
                && call!(module, C_Finalize(null_mut())) == Ok(())
        });
    }
}

/// A file that somebody prepared is never taken for the card: after C_Initialize, which looks for a configuration, none is opened.
#[test]
fn weakness_08_structures_of_c_are_read_from_a_place_that_everybody_may_write_to() {
    for card in testkit::both() {
        let module = idle(card);
        forked(|| {
            let initialized = call!(module, C_Initialize(null_mut())) == Ok(());
            forbid(Forbidden::Opening);
            initialized && uses_the_card(&module) && call!(module, C_Finalize(null_mut())) == Ok(())
        });
    }
}

const SECRET_PIN: &str = "730915";
const SECRET_PUK: &str = "58203716";
const OTHER_PIN: &str = "914682";
const WRONG_PIN: &str = "640173";
const PLAINTEXT: &[u8] = b"Dear colleague, this patient's diagnosis is nobody's business";
const DATA: &[u8] = b"Portez ce vieux whisky au juge blond qui fume";

/// What a process does whose trace is on. Run by the test below with an environment of its own.
#[test]
#[ignore = "part of another test"]
fn a_process_with_secrets() {
    for persona in ["doctor-hospital-cps3", "doctor-gp-cps4"] {
        let options = Options {
            pin: Some(SECRET_PIN.into()),
            puk: Some(SECRET_PUK.into()),
            writable_area: Some(true),
            ..Options::default()
        };
        let persona = sim_cards::persona::find(persona).expect("a persona");
        let card = sim_cards::SimCard::from_persona(&persona, &options);
        let (module, rack, _card) = testkit::start(card);
        let session = module.read_write();
        let refused = Err(Ckr(CKR_PIN_INCORRECT));
        assert_eq!(session.login(WRONG_PIN), refused);
        assert_eq!(session.login("12x45"), refused);
        session.login_as(CKU_SO, SECRET_PUK).expect("C_Login of the SO");
        session.init_pin(OTHER_PIN).expect("C_InitPIN");
        session.logout().expect("C_Logout");
        assert_eq!(session.set_pin(WRONG_PIN, SECRET_PIN), refused);
        session.set_pin(OTHER_PIN, SECRET_PIN).expect("C_SetPIN");
        session.login(SECRET_PIN).expect("C_Login");
        let key = session.private_key("CPS_PRIV_AUT");
        let public = session.companion(key, CKO_PUBLIC_KEY);
        session.encrypt_init(CKM_RSA_PKCS, public).expect("C_EncryptInit");
        let cryptogram = session.encrypt(PLAINTEXT).expect("C_Encrypt");
        session.decrypt_init(CKM_RSA_PKCS, key).expect("C_DecryptInit");
        assert_eq!(session.decrypt(&cryptogram).as_deref(), Ok(PLAINTEXT));
        let area = session.find_one(&[(CKA_LABEL, b"CPS_DATA".to_vec())]);
        session
            .set(area, &[(CKA_VALUE, DATA.to_vec())])
            .expect("C_SetAttributeValue");
        session.attribute(area, CKA_VALUE).expect("CKA_VALUE");
        for private in session.find(&[(CKA_PRIVATE, vec![CK_TRUE])]).expect("a search") {
            let _ = session.attribute(private, CKA_VALUE);
        }
        session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
        session.sign(b"a message").expect("C_Sign");
        // What is an error leaves more words than what is none.
        rack.reset(READER);
        assert!(session.find(&[(CKA_PRIVATE, vec![CK_TRUE])]).is_ok());
        rack.pull(READER);
        assert!(session.random(8).is_err());
    }
}

/// The values of protected objects of both cards.
fn protected_values() -> Vec<Vec<u8>> {
    let mut values = Vec::new();
    for card in testkit::both() {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.user_session();
        let template = [(CKA_PRIVATE, vec![CK_TRUE]), (CKA_CLASS, ulong(CKO_DATA))];
        for object in session.find(&template).expect("a search") {
            values.push(session.attribute(object, CKA_VALUE).expect("CKA_VALUE"));
        }
    }
    assert!(values.len() > 4);
    values
}

/// Each run of eight bytes of a secret, in the ways in which a trace could show it.
fn shapes(secret: &[u8]) -> BTreeSet<String> {
    let mut shapes = BTreeSet::new();
    for part in secret.windows(8.min(secret.len())) {
        // Fill, which is no secret.
        if part.iter().all(|byte| *byte == part[0]) {
            continue;
        }
        let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
        let spaced: Vec<_> = part.iter().map(|byte| format!("{byte:02x}")).collect();
        shapes.extend([hex, spaced.join(" "), format!("{part:?}").to_lowercase()]);
        if let Ok(text) = std::str::from_utf8(part) {
            shapes.insert(text.to_lowercase());
        }
    }
    shapes
}

/// A directory of one test, removed with it.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("cpx-pkcs11-{}-secrets", std::process::id()));
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .expect("a directory");
        Directory(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run_with_trace(directory: &Path, level: &str) -> String {
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "--ignored", "disk::a_process_with_secrets"])
        .env("HOME", directory)
        .env("CPX_PKCS11_TRACE", level)
        .env("CPX_PKCS11_TRACE_FILE", directory.join(level))
        .output()
        .expect("this test");
    assert!(output.status.success(), "{output:?}");
    fs::read_to_string(directory.join(level)).expect("a trace")
}

#[test]
fn weakness_31_the_trace_tells_codes_and_plaintexts_and_the_variables_do_nothing() {
    let directory = Directory::new();
    let protected = protected_values();
    for level in ["calls", "apdu"] {
        let trace = run_with_trace(&directory.0, level);
        // It is a whole trace: variables work, calls with their return codes stand in it, and commands where they are asked for.
        for name in [
            "C_Initialize",
            "C_Login",
            "C_SetPIN",
            "C_InitPIN",
            "C_Decrypt",
            "C_SetAttributeValue",
        ] {
            assert!(trace.contains(&format!("< {name} CKR_OK")), "{name} in {level}");
        }
        assert!(trace.contains("< C_Login CKR_PIN_INCORRECT"));
        let commands = trace
            .lines()
            .filter(|line| line.contains("cpx_pkcs11::apdu"))
            .count();
        assert_eq!(commands > 100, level == "apdu", "{commands} lines of commands");

        let text = trace.to_lowercase();
        let mut secrets: Vec<&[u8]> = vec![PLAINTEXT, DATA];
        secrets.extend([SECRET_PIN, SECRET_PUK, OTHER_PIN, WRONG_PIN].map(str::as_bytes));
        secrets.extend(protected.iter().map(Vec::as_slice));
        for secret in secrets {
            for shape in shapes(secret) {
                let line = text.lines().find(|line| line.contains(&shape));
                assert_eq!(line, None, "{shape:?} of {secret:02x?} at {level}");
            }
        }
        // Nor the length of a code: what follows the header is withheld.
        for line in trace.lines() {
            let about_codes = ["20000", "24000", "24010", "2C020", "2C038"];
            let codes = about_codes
                .iter()
                .any(|it| line.contains(&format!("> 00{it}")) || line.contains(&format!("> 01{it}")));
            // Without data VERIFY asks for a counter.
            let header = line.rsplit("> ").next().unwrap_or_default();
            assert!(
                !codes || header.len() == 8 || header[8..].starts_with(" ("),
                "{line}"
            );
        }
        let process = trace.split_whitespace().nth(1).expect("a process");
        assert_ne!(process.parse::<u32>(), Ok(0), "the process has its number");
        let rights = fs::metadata(directory.0.join(level))
            .expect("the trace")
            .permissions();
        assert_eq!(rights.mode() & 0o7777, 0o600);
    }
    let made: BTreeSet<_> = fs::read_dir(&directory.0)
        .expect("the directory")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    assert_eq!(
        made,
        ["apdu", "calls"].map(String::from).into(),
        "and no directory is made"
    );
}
