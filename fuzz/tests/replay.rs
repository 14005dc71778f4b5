//! The targets without libFuzzer, on each change: the corpus, and mutations of it that are the same on every run.

use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

use fuzz::Target;
use fuzz::mutation::{Random, mutate};

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let entries = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let read = |path: PathBuf| {
        let content = fs::read(&path).expect("an input");
        (path, content)
    };
    files.into_iter().map(read).collect()
}

/// Runs the target; an input that fails is kept, and named.
fn run(target: &Target, name: &str, data: &[u8]) {
    if panic::catch_unwind(|| target.run(data)).is_err() {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", target.name));
        fs::write(&kept, data).expect("a file for the input that fails");
        panic!("{} fails with {}", target.name, kept.display());
    }
}

fn replay(name: &str, mutations: usize) {
    let target = Target::named(name).expect("a target");
    let corpus = corpus(name);
    assert!(!corpus.is_empty(), "{name} has no corpus");
    for (path, data) in &corpus {
        run(
            &target,
            &path.file_name().unwrap_or_default().to_string_lossy(),
            data,
        );
    }
    let mut random = Random::new(0x5EED);
    for number in 0..mutations {
        let (_, base) = &corpus[random.below(corpus.len())];
        let (_, other) = &corpus[random.below(corpus.len())];
        run(
            &target,
            &format!("mutation-{number}"),
            &mutate(&mut random, base, other),
        );
    }
}

#[test]
fn apdu() {
    replay("apdu", 20_000);
}

#[test]
fn decoding() {
    replay("decoding", 20_000);
}

#[test]
fn configuration() {
    replay("configuration", 2_000);
}

#[test]
fn c_abi() {
    replay("c_abi", 300);
}

#[test]
fn card_answers() {
    replay("card_answers", 1_000);
}

#[test]
fn card_faults() {
    replay("card_faults", 100);
}

#[test]
fn every_target_is_a_program_of_cargo_fuzz() {
    let manifest =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).expect("a manifest");
    for target in Target::ALL {
        assert!(
            manifest.contains(&format!("path = \"fuzz_targets/{}.rs\"", target.name)),
            "{}",
            target.name
        );
    }
}
