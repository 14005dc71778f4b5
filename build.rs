//! How the shared object is linked. The library for Rust callers (tests) is not concerned.
//!
//! No version script stands here: rustc writes one itself for a cdylib, with the `#[no_mangle]` functions as
//! its `global` names and `local: *`, and the linker takes only one without version nodes.
//! tests/shared_object.rs checks what is exported.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return;
    }
    // Instrumented code calls a runtime that stands in the program, not in what it links.
    let instrumented = ["CARGO_CFG_FUZZING", "CARGO_CFG_SANITIZE"]
        .iter()
        .any(|cfg| std::env::var_os(cfg).is_some());
    if !instrumented {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,defs");
    }
    for argument in [
        // Unversioned, as other modules have it: a module is opened by its path, never linked against.
        "-Wl,-soname,libcpx_pkcs11.so",
        // Full RELRO. Applications open modules with RTLD_LAZY: a missing symbol must show then, not at its
        // first call.
        "-Wl,-z,relro,-z,now",
        "-Wl,-z,noexecstack",
    ] {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
}
