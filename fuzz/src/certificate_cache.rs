//! Files in the directory of the certificate cache.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::LazyLock;

use cpx_pkcs11::certificate_cache::{CertificateCache, SEALING};

use crate::input::Input;

/// The directory of this process, which each input fills anew.
static DIRECTORY: LazyLock<PathBuf> =
    LazyLock::new(|| PathBuf::from(format!("/dev/shm/cpx-pkcs11-fuzz-{}", std::process::id())));

/// A file of a card.
const FILE: [u16; 3] = [0x3F00, 0x0001, 0xB001];

/// What stands in it, and where its end does.
const LENGTH: usize = 0x200;
const END: usize = LENGTH - SEALING;

fn certificate() -> [u8; LENGTH] {
    std::array::from_fn(|index| (index * 7) as u8)
}

/// The flags (bit 0: changes of the kept file, bit 1: under its name), the length of a name, the
/// name, then what the file holds: changes as offset (two bytes) and mask, or the content itself.
pub fn run(data: &[u8]) {
    let certificate = certificate();
    let sealing = certificate.last_chunk().expect("an end");
    let cache = CertificateCache::new(&DIRECTORY);
    let _ = fs::remove_dir_all(&*DIRECTORY);
    cache.keep(&FILE, 0, &certificate);
    let kept = the_file();
    let sealed = fs::read(&kept).expect("the kept file");

    let mut input = Input::new(data);
    let flags = input.byte();
    let length = usize::from(input.byte());
    let name = input.bytes(length);
    let content = match flags & 1 {
        0 => input.rest().to_vec(),
        _ => changed(&sealed, input),
    };
    let path = match flags & 2 {
        0 => DIRECTORY.join(OsStr::from_bytes(name)),
        _ => kept.clone(),
    };
    let mut spoilt = false;
    // A name that leads elsewhere is none of a file in the directory.
    if path.parent() == Some(&DIRECTORY) && fs::write(&path, &content).is_ok() {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("rights");
        spoilt = path == kept && content != sealed;
    }

    let ends = cache.ends(&FILE);
    assert!(ends.len() <= 2, "the card is asked {} times", ends.len());
    for end in ends.into_iter().chain([END, 0, usize::MAX]) {
        let found = cache.find(&FILE, end, sealing);
        assert_eq!(found.is_some(), end == END && !spoilt, "at {end:x}");
        assert!(
            found.is_none_or(|found| found == certificate),
            "another certificate"
        );
    }
    cache.keep(&FILE, 0, &certificate);
    assert_eq!(
        cache.find(&FILE, END, sealing).as_deref(),
        Some(&certificate[..]),
        "kept again"
    );
    let _ = fs::remove_dir_all(&*DIRECTORY);
}

fn the_file() -> PathBuf {
    let mut files = fs::read_dir(&*DIRECTORY).expect("the directory");
    files.next().expect("a kept file").expect("an entry").path()
}

fn changed(sealed: &[u8], mut input: Input<'_>) -> Vec<u8> {
    let mut changed = sealed.to_vec();
    while !input.is_empty() {
        let offset = usize::from(input.short());
        let mask = input.byte();
        match changed.get_mut(offset) {
            Some(byte) => *byte ^= mask,
            None => changed.truncate(offset % sealed.len()),
        }
        if changed.is_empty() {
            break;
        }
    }
    changed
}

/// Changes of the kept file, other files beside it.
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let named = |name: &str, content: &[u8]| {
        let name = name.as_bytes();
        [&[0, name.len() as u8][..], name, content].concat()
    };
    let seeds: [(&str, Vec<u8>); 8] = [
        ("as-it-was", vec![3, 0]),
        ("a-flipped-bit", vec![3, 0, 0, 0x40, 0x01]),
        ("a-cut", vec![3, 0, 0xFF, 0xFF, 0x00]),
        ("other-content", [&[2, 0][..], &[0x30; 300]].concat()),
        (
            "another-end",
            named("3f000001b001-0870-00112233445566778899aabbccddeeff", &[0x5A; 100]),
        ),
        (
            "an-end-that-is-no-number",
            named("3f000001b001-zzzz-00112233445566778899aabbccddeeff", &[0x5A; 100]),
        ),
        (
            "an-end-too-large",
            named("3f000001b001-ffffffffffffffffffff-00", &[0x5A; 100]),
        ),
        ("an-old-form", named(&"5a".repeat(32), &[0x5A; 100])),
    ];
    seeds.map(|(name, seed)| (name.to_owned(), seed)).into()
}
