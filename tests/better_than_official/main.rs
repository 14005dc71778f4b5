//! The weaknesses of the official CPS module (release 5.2), one test for each: it fails on a module that has the weakness.
//!
//! The numbers are those of the list of weaknesses on which this module was built. What a chip cannot do is no weakness of a module:
//! then the test shows that the module says so in time, instead of failing late.

mod artefact;
mod codes;
mod disk;
mod objects;
mod robustness;
mod signatures;
mod slots;

/// Each of the 36 has one test, whose name begins with its number.
#[test]
fn no_weakness_is_left_out() {
    let sources = [
        include_str!("artefact.rs"),
        include_str!("codes.rs"),
        include_str!("disk.rs"),
        include_str!("objects.rs"),
        include_str!("robustness.rs"),
        include_str!("signatures.rs"),
        include_str!("slots.rs"),
    ]
    .concat();
    for number in 1..=36 {
        let tests = sources
            .matches(&format!("#[test]\nfn weakness_{number:02}_"))
            .count();
        assert_eq!(tests, 1, "tests for weakness {number}");
    }
}
