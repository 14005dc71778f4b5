//! Which setting wins, and what happens to the ones that make no sense.

use super::*;

/// A directory of one test, removed with it.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cpx-pkcs11-config-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A process whose system and user files are in this directory.
    fn surroundings(&self) -> Surroundings {
        Surroundings {
            system_file: self.0.join("etc/config.toml"),
            home: Some(self.0.clone().into()),
            directory: Some("/here".into()),
            ..Surroundings::default()
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const SYSTEM: &str =
    "[trace]\nlevel = \"info\"\nfile = \"/var/log/system.log\"\n[readers]\nignore = [\"Yubico\"]\n";
const USER: &str = "[trace]\nlevel = \"Calls\"\n";

fn file(path: &str) -> Destination {
    Destination::File(path.into())
}

#[test]
fn without_any_file_or_variable_everything_has_its_default() {
    let directory = Directory::new("defaults");
    let config = load_in(&directory.surroundings());
    let turns = format!("/dev/shm/cpx-pkcs11-turns-{}", effective_user());
    assert_eq!(
        config,
        Config {
            turns: Some(turns.into()),
            ..Config::default()
        }
    );
    assert_eq!(config.logout, Logout::LastCloses);
    assert_eq!(config.level, Level::Off);
    assert_eq!(config.destination, Destination::Stderr);
    assert!(!config.ignores("Any Reader 00 00"));
}

#[test]
fn the_user_overrides_the_system_key_by_key_and_variables_override_both() {
    let directory = Directory::new("precedence");
    let mut surroundings = directory.surroundings();
    directory.file("etc/config.toml", SYSTEM);
    let config = load_in(&surroundings);
    assert_eq!(
        (config.level, config.destination),
        (Level::Info, file("/var/log/system.log"))
    );

    directory.file(".config/cpx-pkcs11/config.toml", USER);
    let config = load_in(&surroundings);
    assert_eq!(
        (config.level, &config.destination),
        (Level::Calls, &file("/var/log/system.log"))
    );
    assert!(config.ignores("Yubico YubiKey 00 00"));

    surroundings.trace = Some("apdu".into());
    surroundings.trace_file = Some("stderr".into());
    let config = load_in(&surroundings);
    assert_eq!(
        (config.level, &config.destination),
        (Level::Apdu, &Destination::Stderr)
    );
    assert!(config.ignores("Yubico YubiKey 00 00"));
    assert!(config.problems().is_empty());
}

#[test]
fn a_named_file_stands_in_for_both_files() {
    let directory = Directory::new("named");
    directory.file("etc/config.toml", SYSTEM);
    let named = directory.file("own.toml", USER);
    let mut surroundings = directory.surroundings();
    surroundings.config = Some(named.into());
    let config = load_in(&surroundings);
    assert_eq!(
        (config.level, &config.destination),
        (Level::Calls, &Destination::Stderr)
    );
    assert!(!config.ignores("Yubico YubiKey 00 00"));

    surroundings.config = Some(directory.0.join("missing.toml").into());
    let config = load_in(&surroundings);
    assert_eq!(config.level, Level::Off);
    assert!(config.problems()[0].ends_with("missing.toml does not exist"));
}

#[test]
fn the_users_file_follows_the_base_directory_specification() {
    let directory = Directory::new("xdg");
    directory.file("elsewhere/cpx-pkcs11/config.toml", USER);
    let mut surroundings = directory.surroundings();
    surroundings.config_home = Some(directory.0.join("elsewhere").into());
    assert_eq!(load_in(&surroundings).level, Level::Calls);
    surroundings.config_home = Some("elsewhere".into());
    let below_home = directory.0.join(".config/cpx-pkcs11/config.toml");
    assert_eq!(surroundings.user_file(), Some(below_home));
    surroundings.home = None;
    assert_eq!(surroundings.user_file(), None);
}

#[test]
fn nothing_is_obeyed_in_a_privileged_process() {
    let directory = Directory::new("privileged");
    directory.file("etc/config.toml", SYSTEM);
    let named = directory.file("own.toml", USER);
    let mut surroundings = directory.surroundings();
    surroundings.trace = Some("apdu".into());
    surroundings.trace_file = Some("/tmp/trace.log".into());
    surroundings.strange = vec!["CPX_PKCS11_LEVEL".into()];
    let config = load_in(&surroundings);
    assert_eq!((config.level, config.problems().len()), (Level::Apdu, 1));
    surroundings.privileged = true;
    assert_eq!(load_in(&surroundings), Config::default());
    surroundings.config = Some(named.into());
    assert_eq!(load_in(&surroundings), Config::default());
    surroundings.trace = Some("loud".into());
    surroundings.trace_file = Some("~/x".into());
    surroundings.config = Some(directory.0.join("missing.toml").into());
    assert_eq!(load_in(&surroundings), Config::default(), "nor is anything told");
}

#[test]
fn a_malformed_file_is_reported_and_leaves_the_defaults() {
    let directory = Directory::new("malformed");
    directory.file("etc/config.toml", "[trace]\nlevel = \"apdu\"\nfile = \n");
    let config = load_in(&directory.surroundings());
    assert_eq!(
        (config.level, &config.destination),
        (Level::Off, &Destination::Stderr)
    );
    let [problem] = config.problems() else {
        panic!("{:?}", config.problems())
    };
    assert!(problem.contains("etc/config.toml: line 3: "), "{problem}");
}

#[test]
fn what_is_no_text_file_is_reported() {
    let directory = Directory::new("odd");
    let mut surroundings = directory.surroundings();
    let mut problem = |path: PathBuf| {
        surroundings.config = Some(path.into());
        let config = load_in(&surroundings);
        assert_eq!((config.level, config.problems().len()), (Level::Off, 1));
        config.problems()[0].clone()
    };
    assert!(problem(directory.0.clone()).contains("not a regular file"));
    assert!(problem("/dev/zero".into()).contains("not a regular file"));
    let long = "#".repeat(70_000);
    assert!(problem(directory.file("long.toml", &long)).contains("longer than"));
    let binary = directory.0.join("binary.toml");
    std::fs::write(&binary, [0x3A, 0xFF, 0xFE]).unwrap();
    assert!(problem(binary).contains("UTF-8"));
}

#[test]
fn a_key_without_sense_is_reported_and_the_others_are_used() {
    let cases = [
        ("colour = 1", "colour is not a setting"),
        ("trace = \"apdu\"", "trace must be a table"),
        (
            "[trace]\nlevel = \"loud\"",
            "trace.level is none of off, error, info, calls, apdu",
        ),
        (
            "[trace]\nlevel = 5",
            "trace.level is none of off, error, info, calls, apdu",
        ),
        ("[trace]\nfile = false", "trace.file must be a text"),
        ("[trace]\npin = \"1\"", "trace.pin is not a setting"),
        (
            "[readers]\nignore = \"x\"",
            "readers.ignore must be an array of texts that are not empty",
        ),
        (
            "[readers]\nignore = [\"x\", \"\"]",
            "readers.ignore must be an array of texts that are not empty",
        ),
        ("[readers]\nonly = []", "readers.only is not a setting"),
        (
            "[certificates]\nremember = \"yes\"",
            "certificates.remember must be true or false",
        ),
        (
            "[certificates]\npath = \"/\"",
            "certificates.path is not a setting",
        ),
        ("certificates = true", "certificates must be a table"),
    ];
    for (text, problem) in cases {
        let settings = file::parse(text).unwrap();
        assert_eq!(settings.problems, [problem], "{text}");
    }
    let settings = file::parse("colour = 1\n[trace]\ncolour = 1\nlevel = \"apdu\"\n").unwrap();
    assert_eq!((settings.level, settings.problems.len()), (Some(Level::Apdu), 2));
}

#[test]
fn a_variable_without_sense_is_reported_and_the_file_stands() {
    let directory = Directory::new("variables");
    directory.file("etc/config.toml", SYSTEM);
    let mut surroundings = directory.surroundings();
    surroundings.trace = Some("loud".into());
    surroundings.trace_file = Some("~/trace.log".into());
    surroundings.home = None;
    let config = load_in(&surroundings);
    assert_eq!(
        (config.level, &config.destination),
        (Level::Info, &file("/var/log/system.log"))
    );
    assert_eq!(
        config.problems(),
        [
            "CPX_PKCS11_TRACE is none of off, error, info, calls, apdu",
            "CPX_PKCS11_TRACE_FILE must be an absolute path, ~/… or stderr"
        ]
    );
}

#[test]
fn where_a_trace_file_is() {
    let home = Some(Path::new("/home/test"));
    let here = Some(Path::new("/here"));
    let path = |value: &str, home, directory| destination(Path::new(value), home, directory);
    assert_eq!(path("stderr", None, None), Some(Destination::Stderr));
    assert_eq!(path("/tmp/x.log", None, None), Some(file("/tmp/x.log")));
    assert_eq!(path("~/x.log", home, None), Some(file("/home/test/x.log")));
    assert_eq!(path("~/x.log", None, None), None);
    assert_eq!(path("x.log", home, here), Some(file("/here/x.log")));
    assert_eq!(
        path("x.log", home, None),
        None,
        "the directory of a browser is no place for a file of the system"
    );
}

#[test]
fn certificates_are_remembered_where_the_user_has_a_runtime_directory() {
    let directory = Directory::new("remembered");
    directory.file("etc/config.toml", "[certificates]\nremember = true\n");
    let mut surroundings = directory.surroundings();
    for (runtime, kept_in) in [
        (Some("/run/user/1000"), Some("/run/user/1000/cpx-pkcs11")),
        (Some("run"), None),
        (None, None),
    ] {
        surroundings.runtime = runtime.map(OsString::from);
        let config = load_in(&surroundings);
        assert_eq!(config.certificates.as_deref(), kept_in.map(Path::new));
        assert_eq!(config.problems().len(), usize::from(kept_in.is_none()));
    }
    surroundings.runtime = Some("/run/user/1000".into());
    directory.file(
        ".config/cpx-pkcs11/config.toml",
        "[certificates]\nremember = false\n",
    );
    assert_eq!(
        load_in(&surroundings),
        Config {
            turns: Some("/run/user/1000/cpx-pkcs11-turns".into()),
            ..Config::default()
        },
        "the user says no to the administrator's yes"
    );
}

#[test]
fn what_a_logout_means_can_be_set() {
    let directory = Directory::new("logout");
    let with = |text| {
        directory.file("etc/config.toml", text);
        let config = load_in(&directory.surroundings());
        (config.logout, config.problems().to_vec())
    };
    assert_eq!(with("logout = \"always-reset\""), (Logout::AlwaysResets, vec![]));
    assert_eq!(with("logout = \"last-closes\""), (Logout::LastCloses, vec![]));
    for odd in ["logout = \"never\"", "logout = true", "[logout]\nx = 1"] {
        let (logout, problems) = with(odd);
        assert_eq!((logout, problems.len()), (Logout::LastCloses, 1), "{odd}");
        assert!(
            problems[0].ends_with("logout must be \"last-closes\" or \"always-reset\""),
            "{problems:?}"
        );
    }
    directory.file("etc/config.toml", "logout = \"always-reset\"");
    directory.file(".config/cpx-pkcs11/config.toml", "logout = \"last-closes\"");
    assert_eq!(
        load_in(&directory.surroundings()).logout,
        Logout::LastCloses,
        "the user's"
    );
}

#[test]
fn a_reader_is_ignored_by_a_part_of_its_name() {
    let settings = file::parse("[readers]\nignore = [\"yubico\", \"Virtual PCD 00 01\"]").unwrap();
    let mut config = Config::default();
    config.apply(Path::new("x"), settings, &Surroundings::default());
    assert!(config.ignores("Yubico YubiKey OTP+FIDO+CCID 00 00"));
    assert!(config.ignores("Virtual PCD 00 01"));
    assert!(!config.ignores("Virtual PCD 00 00"));
    assert!(!config.ignores(""));
}

#[test]
fn no_text_makes_the_parser_fail_otherwise_than_by_an_error() {
    let deep = "[".repeat(5_000);
    let nested = format!("a = {deep}");
    for text in [
        "",
        "\u{feff}",
        "=",
        "[trace",
        "[trace]\n[trace]",
        "\"",
        "a.b.c.d = 1",
        &deep,
        &nested,
        "\0",
    ] {
        let _ = file::parse(text);
    }
}
