//! A configuration file and the variables beside it.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::LazyLock;

use cpx_pkcs11::config::{Config, Destination, Surroundings, load_in};

use crate::input::Input;

/// The file of this process, which each input writes anew.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let name = format!("cpx-pkcs11-fuzz-{}.toml", std::process::id());
    std::env::temp_dir().join(name)
});

/// `flags`, two variables with their lengths, then the file.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let flags = input.byte();
    let given = |bit: u8| flags & (1 << bit) != 0;
    let mut variable = |bit| {
        let length = usize::from(input.byte());
        let value = OsString::from_vec(input.bytes(length).to_vec());
        given(bit).then_some(value)
    };
    let (trace, trace_file) = (variable(0), variable(1));
    fs::write(&*FILE, input.rest()).expect("a file for the configuration");
    let surroundings = Surroundings {
        privileged: given(2),
        system_file: FILE.clone(),
        config: given(3).then(|| FILE.clone().into()),
        trace,
        trace_file,
        home: given(4).then(|| "/home/fuzz".into()),
        directory: given(5).then(|| "/here".into()),
        runtime: given(6).then(|| "/run/user/1000".into()),
        ..Surroundings::default()
    };
    let config = load_in(&surroundings);
    if let Destination::File(path) = &config.destination {
        assert!(path.is_absolute(), "a trace in {}", path.display());
    }
    if let Some(path) = &config.certificates {
        assert!(
            path.starts_with("/run/user/1000"),
            "certificates in {}",
            path.display()
        );
    }
    if surroundings.privileged {
        assert_eq!(config, Config::default(), "obeyed in a privileged process");
    }
    assert!(
        config.problems().iter().all(|problem| !problem.is_empty()),
        "a problem without words"
    );
    config.ignores("Virtual PCD 00 00");
    assert_eq!(config, load_in(&surroundings), "read otherwise the second time");
}

/// The file of the manual, and files with mistakes.
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let texts = [
        (
            "every-key",
            "[trace]\nlevel = \"calls\"\nfile = \"~/cpx-trace.log\"\n\n[readers]\nignore = [\"yubico\", \"Virtual PCD 00 01\"]\n",
        ),
        (
            "inline",
            "trace = { level = \"apdu\", file = 'stderr' }\nreaders.ignore = []\n",
        ),
        (
            "odd",
            "colour = 1\n[trace]\nlevel = 5\nfile = false\n[readers]\nignore = [\"\"]\n",
        ),
        (
            "forms",
            "# a comment\n\"trace\".level = '''off'''\na = 1979-05-27T07:32:00Z\nb = [1.5e3, 0x1F, inf, true]\n[[c]]\nd = \"\\u00e9\\n\"\n",
        ),
        ("malformed", "[trace\nlevel = \"apdu\n"),
    ];
    let seed =
        |flags: u8, text: &str| [&[flags, 4][..], b"apdu", &[8], b"~/cpx.tr", text.as_bytes()].concat();
    texts
        .iter()
        .flat_map(|(name, text)| {
            [(0x30, "plain"), (0x33, "variables"), (0x08, "named")]
                .map(|(flags, how)| (format!("{name}-{how}"), seed(flags, text)))
        })
        .collect()
}
