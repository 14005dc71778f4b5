//! The library: interfaces, C_Initialize and C_Finalize, what it says about itself.

use std::ffi::CStr;
use std::ptr::null_mut;

use cryptoki_sys::*;

use testkit::{Ckr, Module, Rack, Rv, call};

/// The version of the interface that C_GetInterface finds.
fn interface(name: Option<&CStr>, version: Option<(u8, u8)>, flags: CK_FLAGS) -> Rv<(u8, u8)> {
    let module = Module::idle(&Rack::new());
    let name = name.map_or(null_mut(), |name| name.as_ptr().cast_mut().cast());
    let mut version = version.map(|(major, minor)| CK_VERSION { major, minor });
    let version = version.as_mut().map_or(null_mut(), |version| &raw mut *version);
    let mut interface: CK_INTERFACE_PTR = null_mut();
    call!(module, C_GetInterface(name, version, &mut interface, flags))?;
    // SAFETY: an interface of the module and its list are static; every list begins with its version.
    let (name, version) = unsafe {
        let CK_INTERFACE {
            pInterfaceName,
            pFunctionList,
            ..
        } = *interface;
        (
            CStr::from_ptr(pInterfaceName.cast()),
            *pFunctionList.cast::<CK_VERSION>(),
        )
    };
    assert_eq!(name, c"PKCS 11");
    Ok((version.major, version.minor))
}

#[test]
fn an_interface_is_found_by_name_version_and_flags() {
    let standard = Some(c"PKCS 11");
    assert_eq!(interface(None, None, 0), Ok((3, 2)));
    assert_eq!(interface(standard, None, 0), Ok((3, 2)));
    assert_eq!(interface(standard, Some((3, 2)), 0), Ok((3, 2)));
    assert_eq!(interface(standard, Some((3, 0)), 0), Ok((3, 0)));
    assert_eq!(interface(standard, Some((2, 40)), 0), Ok((2, 40)));
    assert_eq!(interface(None, Some((3, 0)), 0), Ok((3, 0)));
}

#[test]
fn an_interface_that_does_not_exist_is_refused() {
    let bad = Err(Ckr(CKR_ARGUMENTS_BAD));
    assert_eq!(interface(Some(c"PKCS 11"), Some((3, 1)), 0), bad);
    assert_eq!(interface(Some(c"PKCS 11"), Some((2, 20)), 0), bad);
    assert_eq!(interface(Some(c"PKCS 1"), None, 0), bad);
    assert_eq!(interface(Some(c"PKCS 11 "), None, 0), bad);
    assert_eq!(interface(Some(c""), None, 0), bad);
    assert_eq!(interface(Some(c"Vendor NSS FIPS Interface"), None, 0), bad);
    // Sessions do not survive a fork. NSS asks for this first, then without.
    assert_eq!(interface(Some(c"PKCS 11"), None, CKF_INTERFACE_FORK_SAFE), bad);
}

#[test]
fn the_interfaces_can_be_listed() {
    let module = Module::idle(&Rack::new());
    let mut count = 77;
    assert_eq!(call!(module, C_GetInterfaceList(null_mut(), &mut count)), Ok(()));
    assert_eq!(count, 3);
    let mut list = [CK_INTERFACE::default(); 3];
    count = 2;
    let short = call!(module, C_GetInterfaceList(list.as_mut_ptr(), &mut count));
    assert_eq!((short, count), (Err(Ckr(CKR_BUFFER_TOO_SMALL)), 3));
    assert!(list.iter().all(|it| it.pFunctionList.is_null()));
    assert_eq!(
        call!(module, C_GetInterfaceList(list.as_mut_ptr(), &mut count)),
        Ok(())
    );
    assert!(list.iter().all(|it| !it.pFunctionList.is_null() && it.flags == 0));
}

/// # Safety
/// None of its own: it touches nothing.
unsafe extern "C" fn callback(_: *mut std::ffi::c_void) -> CK_RV {
    CKR_OK
}

/// # Safety
/// None of its own: it touches nothing.
unsafe extern "C" fn create(_: *mut *mut std::ffi::c_void) -> CK_RV {
    CKR_OK
}

fn all_callbacks(flags: CK_FLAGS) -> CK_C_INITIALIZE_ARGS {
    CK_C_INITIALIZE_ARGS {
        CreateMutex: Some(create),
        DestroyMutex: Some(callback),
        LockMutex: Some(callback),
        UnlockMutex: Some(callback),
        flags,
        pReserved: null_mut(),
    }
}

fn no_callbacks(flags: CK_FLAGS) -> CK_C_INITIALIZE_ARGS {
    CK_C_INITIALIZE_ARGS {
        CreateMutex: None,
        DestroyMutex: None,
        LockMutex: None,
        UnlockMutex: None,
        ..all_callbacks(flags)
    }
}

fn initialise(mut args: CK_C_INITIALIZE_ARGS) -> Rv {
    let module = Module::idle(&Rack::new());
    call!(module, C_Initialize((&raw mut args).cast()))
}

#[test]
fn every_way_to_ask_for_locks_is_accepted() {
    let both = CKF_LIBRARY_CANT_CREATE_OS_THREADS | CKF_OS_LOCKING_OK;
    for flags in [0, CKF_OS_LOCKING_OK, CKF_LIBRARY_CANT_CREATE_OS_THREADS, both] {
        assert_eq!(
            initialise(no_callbacks(flags)),
            Ok(()),
            "no callbacks, flags {flags}"
        );
        assert_eq!(
            initialise(all_callbacks(flags)),
            Ok(()),
            "callbacks, flags {flags}"
        );
    }
}

#[test]
fn an_incomplete_set_of_callbacks_is_refused() {
    let cases = [
        CK_C_INITIALIZE_ARGS {
            CreateMutex: None,
            ..all_callbacks(0)
        },
        CK_C_INITIALIZE_ARGS {
            DestroyMutex: None,
            ..all_callbacks(CKF_OS_LOCKING_OK)
        },
        CK_C_INITIALIZE_ARGS {
            LockMutex: Some(callback),
            ..no_callbacks(0)
        },
        CK_C_INITIALIZE_ARGS {
            UnlockMutex: Some(callback),
            ..no_callbacks(CKF_OS_LOCKING_OK)
        },
    ];
    for args in cases {
        assert_eq!(initialise(args), Err(Ckr(CKR_ARGUMENTS_BAD)));
    }
}

#[test]
fn reserved_arguments_are_refused() {
    let mut keywords = *b"winlogonDecrypt\0";
    let args = CK_C_INITIALIZE_ARGS {
        pReserved: keywords.as_mut_ptr().cast(),
        ..no_callbacks(0)
    };
    assert_eq!(initialise(args), Err(Ckr(CKR_ARGUMENTS_BAD)));

    let module = Module::idle(&Rack::new());
    let reserved = keywords.as_mut_ptr().cast();
    assert_eq!(
        call!(module, C_Finalize(reserved)),
        Err(Ckr(CKR_CRYPTOKI_NOT_INITIALIZED))
    );
    assert_eq!(call!(module, C_Initialize(null_mut())), Ok(()));
    assert_eq!(call!(module, C_Finalize(reserved)), Err(Ckr(CKR_ARGUMENTS_BAD)));
    assert_eq!(call!(module, C_Finalize(null_mut())), Ok(()));
}

#[test]
fn it_can_be_initialised_again_only_after_c_finalize() {
    let module = Module::start(&Rack::new());
    let again = call!(module, C_Initialize(null_mut()));
    assert_eq!(again, Err(Ckr(CKR_CRYPTOKI_ALREADY_INITIALIZED)));
    for _ in 0..3 {
        assert_eq!(call!(module, C_Finalize(null_mut())), Ok(()));
        let twice = call!(module, C_Finalize(null_mut()));
        assert_eq!(twice, Err(Ckr(CKR_CRYPTOKI_NOT_INITIALIZED)));
        assert_eq!(call!(module, C_Initialize(null_mut())), Ok(()));
    }
}

#[test]
fn it_tells_about_itself() {
    let module = Module::start(&Rack::new());
    let mut info = CK_INFO::default();
    assert_eq!(call!(module, C_GetInfo(&mut info)), Ok(()));
    assert_eq!((info.cryptokiVersion.major, info.cryptokiVersion.minor), (3, 2));
    assert_eq!(info.flags, 0);
    for text in [info.manufacturerID, info.libraryDescription] {
        let text = std::str::from_utf8(&text).expect("UTF-8");
        assert!(!text.trim_end().is_empty() && !text.contains('\0'), "{text:?}");
    }
}
