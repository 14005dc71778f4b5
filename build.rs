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
    for argument in [
        // Unversioned, as other modules have it: a module is opened by its path, never linked against.
        "-Wl,-soname,libcpx_pkcs11.so",
        // Full RELRO. Applications open modules with RTLD_LAZY: a missing symbol must show then, not at its
        // first call.
        "-Wl,-z,relro,-z,now",
        "-Wl,-z,noexecstack",
        "-Wl,-z,defs",
    ] {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
}
