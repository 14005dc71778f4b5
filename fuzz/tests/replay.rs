//! The targets without libFuzzer, on each change: the corpus, and mutations of it that are the same on every run.

use std::fs;
use std::panic;
use std::path::Path;

use base64ct::{Base64, Encoding};
use fuzz::Target;
use fuzz::mutation::{Random, mutate};
use sha1::{Digest, Sha1};

/// The inputs of a target in the order of their names: those that have a name are files of `corpus/TARGET/`, those that
/// the engine found are lines of `corpus/TARGET.inputs` in Base64, and the engine calls each by its SHA-1.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let found = directory.join(format!("{target}.inputs"));
    let found = fs::read_to_string(&found).unwrap_or_else(|error| panic!("{}: {error}", found.display()));
    let found = found.lines().enumerate().map(|(number, line)| {
        let data = Base64::decode_vec(line)
            .unwrap_or_else(|error| panic!("{target}.inputs, line {}: {error}", number + 1));
        (base16ct::lower::encode_string(&Sha1::digest(&data)), data)
    });
    let named = directory.join(target);
    let named = fs::read_dir(&named).unwrap_or_else(|error| panic!("{}: {error}", named.display()));
    let named = named.map(|entry| {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        (name, fs::read(&path).expect("an input"))
    });
    let mut inputs: Vec<(String, Vec<u8>)> = found.chain(named).collect();
    inputs.sort();
    inputs
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
    for (input, data) in &corpus {
        run(&target, input, data);
    }
    println!("{name}: {} inputs, {mutations} mutations", corpus.len());
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
fn certificate_cache() {
    replay("certificate_cache", 2_000);
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
