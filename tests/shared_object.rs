//! The shared object as a C application and the loader see it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The cdylib that cargo built beside this test.
fn module() -> PathBuf {
    let test = std::env::current_exe().expect("path of this test");
    let module = test.with_file_name("libcpx_pkcs11.so");
    assert!(module.is_file(), "no {}", module.display());
    module
}

fn run(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("{command:?} does not start: {e}"));
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{messages}",
        output.status
    );
    output
}

fn text(command: &mut Command) -> String {
    String::from_utf8(run(command).stdout).expect("UTF-8")
}

#[test]
fn a_c_application_loads_starts_and_unloads_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("loads_module");
    run(Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-I"])
        .arg(root.join("include"))
        .arg(root.join("tests/c/loads_module.c"))
        .arg("-o")
        .arg(&program)
        .arg("-ldl"));
    run(Command::new(&program).arg(module()));
}

#[test]
fn it_exports_the_functions_of_the_standard_and_nothing_else() {
    let symbols = text(Command::new("nm").args(["-D", "--defined-only"]).arg(module()));
    let exported: BTreeSet<_> = symbols
        .lines()
        .filter_map(|line| line.split_whitespace().last())
        .collect();
    let foreign: Vec<_> = exported.iter().filter(|name| !name.starts_with("C_")).collect();
    assert!(foreign.is_empty(), "exported: {foreign:?}");
    // 68 functions of v2.40, 24 of v3.0, 12 of v3.2.
    assert_eq!(exported.len(), 104);
}

#[test]
fn it_is_linked_for_hardened_systems() {
    let dynamic = text(Command::new("readelf").arg("-dW").arg(module()));
    assert!(
        dynamic.contains("Library soname: [libcpx_pkcs11.so]"),
        "{dynamic}"
    );
    assert!(dynamic.contains("BIND_NOW"), "{dynamic}");
    let segments = text(Command::new("readelf").arg("-lW").arg(module()));
    assert!(
        segments.contains("GNU_RELRO") && segments.contains("GNU_STACK"),
        "{segments}"
    );
    assert!(!segments.contains("RWE"), "{segments}");
}
