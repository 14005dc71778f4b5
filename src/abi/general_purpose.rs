//! §5.4 General-purpose functions.

use cryptoki_sys::*;

use super::lists::{INTERFACES, V2_40};
use super::pointer::{Memory, Pointer};
use super::{cryptoki, padded};
use crate::provider::{self, Error, Result};

cryptoki! {
    /// Initialises the library. Touches no reader and no card.
    "5.4.1" fn C_Initialize(memory; pInitArgs: CK_VOID_PTR) {
        check_initialize_args(memory, pInitArgs.cast())?;
        Ok(provider::initialize(is_privileged())?)
    }

    /// Ends the use of the library and wakes a blocked C_WaitForSlotEvent.
    "5.4.2" fn C_Finalize(_; pReserved: CK_VOID_PTR) {
        if !pReserved.is_null() {
            provider::library()?;
            return Err(Error::ArgumentsBad.into());
        }
        Ok(provider::finalize()?)
    }

    /// Tells about the library.
    "5.4.3" fn C_GetInfo(library, memory; pInfo: CK_INFO_PTR) {
        Ok(memory.answer(pInfo, || {
            let info = library.info();
            Ok(CK_INFO {
                cryptokiVersion: info.cryptoki_version.into(),
                manufacturerID: padded(info.manufacturer),
                flags: info.flags,
                libraryDescription: padded(info.description),
                libraryVersion: info.version.into(),
            })
        })?)
    }

    /// The functions of v2.40.
    "5.4.4" fn C_GetFunctionList(memory; ppFunctionList: CK_FUNCTION_LIST_PTR_PTR) {
        Ok(memory.write(ppFunctionList, (&raw const V2_40).cast_mut())?)
    }

    /// All interfaces, the newest first.
    "5.4.5" fn C_GetInterfaceList(memory; pInterfacesList: CK_INTERFACE_PTR, pulCount: CK_ULONG_PTR) {
        Ok(memory.list(pInterfacesList, pulCount, || Ok(INTERFACES.0.to_vec()))?)
    }

    /// The newest interface that has the name, the version and the flags asked for.
    "5.4.6" fn C_GetInterface(
        memory;
        pInterfaceName: CK_UTF8CHAR_PTR,
        pVersion: CK_VERSION_PTR,
        ppInterface: CK_INTERFACE_PTR_PTR,
        flags: CK_FLAGS,
    ) {
        let ppInterface = ppInterface.required()?;
        let interface = find_interface(memory, pInterfaceName, pVersion, flags)?.ok_or(Error::ArgumentsBad)?;
        Ok(memory.write(ppInterface, (&raw const *interface).cast_mut())?)
    }
}

/// CK_C_INITIALIZE_ARGS. Mutex callbacks are accepted even where they alone are offered, since the
/// locks of the operating system do what the standard asks callbacks for; only an incomplete set is
/// refused.
fn check_initialize_args(memory: &Memory, args: Pointer<CK_C_INITIALIZE_ARGS>) -> Result<()> {
    if args.is_null() {
        return Ok(());
    }
    let args = memory.read(args)?;
    let given = [
        args.CreateMutex.is_some(),
        args.DestroyMutex.is_some(),
        args.LockMutex.is_some(),
        args.UnlockMutex.is_some(),
    ];
    let all_or_none = given == [true; 4] || given == [false; 4];
    if !args.pReserved.is_null() || !all_or_none {
        return Err(Error::ArgumentsBad);
    }
    Ok(())
}

/// Whether the process has rights that its user does not have, so that what this user says must not
/// be obeyed: setuid, setgid, file capabilities, a security module. The kernel's own answer, which
/// the C library keeps from the start of the process: later it may have changed its identities, and
/// not be let at its own /proc/self/auxv.
fn is_privileged() -> bool {
    // SAFETY: the function takes a number, and reads memory of the C library alone.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

fn find_interface(
    memory: &Memory,
    name: Pointer<CK_UTF8CHAR>,
    version: Pointer<CK_VERSION>,
    flags: CK_FLAGS,
) -> Result<Option<&'static CK_INTERFACE>> {
    if !name.is_null() && !memory.is_c_string(name, super::lists::NAME.to_bytes_with_nul())? {
        return Ok(None);
    }
    let version = if version.is_null() {
        None
    } else {
        Some(memory.read(version)?)
    };
    Ok(INTERFACES.find(version, flags))
}
