//! What was built: the shared object, its dependencies, and for which machines.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::ptr::null_mut;

use cryptoki_sys::*;

use testkit::call;
use testkit::client::newest_list;
use testkit::fork::forked;
use testkit::{Ckr, Module, Rack};

/// The cdylib that cargo built beside this test.
fn shared_object() -> PathBuf {
    let test = std::env::current_exe().expect("path of this test");
    test.with_file_name("libcpx_pkcs11.so")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a tool of binutils says of the shared object.
fn binutils(tool: &str, options: &[&str]) -> String {
    let output = Command::new(tool)
        .args(options)
        .arg(shared_object())
        .output()
        .unwrap_or_else(|e| panic!("{tool} does not start: {e}"));
    assert!(output.status.success(), "{tool} {options:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn exported() -> BTreeSet<String> {
    binutils("nm", &["-D", "--defined-only"])
        .lines()
        .filter_map(|line| line.split_whitespace().last())
        .map(|name| name.split('@').next().unwrap_or(name).to_owned())
        .collect()
}

#[test]
fn weakness_01_an_openssl_of_2010_is_embedded() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let packages: Vec<_> = lock
        .lines()
        .filter_map(|line| line.strip_prefix("name = "))
        .collect();
    assert!(packages.len() > 20);
    for package in packages {
        let package = package.to_lowercase();
        let foreign = ["openssl", "libressl", "boringssl", "opensc", "aws-lc", "ring"];
        let name = package.trim_matches('"');
        let found = foreign
            .iter()
            .any(|it| name == *it || name.starts_with(&format!("{it}-")));
        assert!(!found, "{package} in Cargo.lock");
    }
    let needed = binutils("readelf", &["-dW"]);
    assert!(needed.contains("NEEDED"));
    for library in ["libcrypto", "libssl", "libopensc"] {
        assert!(!needed.contains(library), "{library} is needed");
    }
    let object = fs::read(shared_object()).expect("the shared object");
    for text in ["OpenSSL 0.", "OpenSSL 1.", "OpenSSL 3.", "opensc-"] {
        let found = object.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!found, "the shared object holds {text:?}");
    }
}

#[test]
fn weakness_02_the_stack_is_executable() {
    let segments = binutils("readelf", &["-lW"]);
    let stack = segments
        .lines()
        .find(|line| line.trim_start().starts_with("GNU_STACK"))
        .expect("a GNU_STACK segment");
    let flags: Vec<_> = stack.split_whitespace().skip(6).collect();
    assert_eq!(flags[0], "RW", "{stack}");
    assert!(segments.contains("GNU_RELRO"), "{segments}");
    assert!(!segments.contains("RWE"), "{segments}");
}

#[test]
fn weakness_03_the_versions_contradict_each_other_and_there_is_no_v3() {
    let module = Module::start(&Rack::new());
    let mut info = CK_INFO::default();
    assert_eq!(call!(module, C_GetInfo(&mut info)), Ok(()));
    assert_eq!((info.cryptokiVersion.major, info.cryptokiVersion.minor), (3, 2));
    let mut list: CK_FUNCTION_LIST_PTR = null_mut();
    assert_eq!(call!(module, C_GetFunctionList(&mut list)), Ok(()));
    // SAFETY: a list of the module, which is static.
    let version = unsafe { (*list).version };
    assert_eq!((version.major, version.minor), (2, 40));
    for (major, minor) in [(2, 40), (3, 0), (3, 2)] {
        let mut wanted = CK_VERSION { major, minor };
        let mut interface: CK_INTERFACE_PTR = null_mut();
        let found = call!(module, C_GetInterface(null_mut(), &mut wanted, &mut interface, 0));
        assert_eq!(found, Ok(()), "interface {major}.{minor}");
        // SAFETY: an interface of the module and its list are static; every list begins with its version.
        let version = unsafe { *(*interface).pFunctionList.cast::<CK_VERSION>() };
        assert_eq!((version.major, version.minor), (major, minor));
    }
}

/// A shared object, loaded for as long as its process lives.
struct Loaded(*mut libc::c_void);

impl Loaded {
    fn new() -> Self {
        let path = CString::new(shared_object().to_str().expect("UTF-8")).expect("no NUL");
        // SAFETY: the library has no initialisers that could do harm.
        let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!library.is_null(), "{path:?} cannot be loaded");
        Loaded(library)
    }

    fn address(&self, name: &str) -> *mut libc::c_void {
        let name = CString::new(name).expect("no NUL");
        // SAFETY: an open library.
        unsafe { libc::dlsym(self.0, name.as_ptr()) }
    }

    /// Calls a function with ten zeros, more than any takes: the C ABIs of Linux let a function leave arguments alone.
    fn with_zeros(&self, name: &str) -> CK_RV {
        type AnyFunction = unsafe extern "C" fn(
            usize,
            usize,
            usize,
            usize,
            usize,
            usize,
            usize,
            usize,
            usize,
            usize,
        ) -> CK_RV;
        let address = self.address(name);
        assert!(!address.is_null(), "{name}");
        // SAFETY: the address of a C_ function, which takes numbers and pointers; NULL pointers are checked.
        unsafe {
            let function: AnyFunction = std::mem::transmute(address);
            function(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        }
    }
}

/// In processes of their own, as what fails here ends a process.
#[test]
fn weakness_15_functions_crash_before_the_list_was_asked_for_or_on_null() {
    let names = exported();
    assert_eq!(names.len(), 104);
    // Each of them as the first call of a program.
    for name in &names {
        forked(|| {
            let answer = Loaded::new().with_zeros(name);
            match name.as_str() {
                "C_Initialize" => answer == CKR_OK,
                "C_GetFunctionList" | "C_GetInterface" | "C_GetInterfaceList" => answer == CKR_ARGUMENTS_BAD,
                _ => answer == CKR_CRYPTOKI_NOT_INITIALIZED,
            }
        });
    }
    let module = Module::start(&Rack::new());
    forked(|| {
        let mut garbage = [0xA5_u8; 64];
        call!(module, C_Initialize(null_mut())) == Ok(())
            && call!(module, C_GetFunctionList(null_mut())) == Err(Ckr(CKR_ARGUMENTS_BAD))
            && call!(module, C_DigestInit(1, null_mut())) == Err(Ckr(CKR_SESSION_HANDLE_INVALID))
            && call!(module, C_GenerateKey(1, null_mut(), null_mut(), 0, null_mut()))
                == Err(Ckr(CKR_FUNCTION_NOT_SUPPORTED))
            && call!(module, C_Finalize(garbage.as_mut_ptr().cast())) == Err(Ckr(CKR_ARGUMENTS_BAD))
            && call!(module, C_Finalize(usize::MAX as *mut libc::c_void)) == Err(Ckr(CKR_ARGUMENTS_BAD))
            && call!(module, C_Finalize(null_mut())) == Ok(())
    });
}

#[test]
fn weakness_30_any_caller_can_send_commands_to_the_card() {
    let exported = exported();
    assert!(exported.iter().all(|name| name.starts_with("C_")), "{exported:?}");
    let vendor = ["C_StartUpdate", "C_EndUpdate", "C_TransmitMessage", "C_KeepAlive"];
    for name in vendor {
        assert!(!exported.contains(name), "{name} is exported");
    }
    // Nor are there functions behind those of the standard: the lists are the standard's structures.
    let last = newest_list().C_UnwrapKeyAuthenticated;
    assert!(last.is_some());
    let names: BTreeSet<_> = exported.iter().map(String::as_str).collect();
    assert_eq!(
        names.len() * size_of::<usize>() + size_of::<usize>(),
        size_of::<CK_FUNCTION_LIST_3_2>()
    );
}

/// Every source of the module below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
    {
        if entry.is_dir() {
            sources(&entry, found);
        } else {
            found.push(entry);
        }
    }
}

/// scripts/test lets the compiler check the module for other processors; here is why it can.
#[test]
fn weakness_36_there_is_a_package_for_one_processor_only() {
    let mut files = vec![root().join("build.rs")];
    sources(&root().join("src"), &mut files);
    assert!(files.len() > 60);
    for file in files {
        let text = fs::read_to_string(&file).expect("UTF-8");
        for word in [
            "target_arch",
            "target_pointer_width",
            "core::arch",
            "std::arch",
            "asm!",
            "x86_64",
        ] {
            assert!(!text.contains(word), "{word} in {}", file.display());
        }
    }
    let checks = fs::read_to_string(root().join("scripts/tests/rust.sh")).expect("UTF-8");
    for target in ["aarch64-unknown-linux-gnu", "i686-unknown-linux-gnu"] {
        assert!(checks.contains(target), "{target} is not checked");
    }
}
