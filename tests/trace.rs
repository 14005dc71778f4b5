//! The trace as a process sees it: levels, calls, the configuration of the environment.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cpx_pkcs11::config::{self, Config, Destination, Level};
use cpx_pkcs11::trace::{Argument, call, enabled, start};
use cryptoki_sys::{CKR_OK, CKR_PIN_INCORRECT};

/// The logger is one for the process: tests take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A directory of one test, removed with it.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cpx-pkcs11-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn to_file(level: Level, path: &Path) -> Config {
    let mut config = Config::default();
    config.level = level;
    config.destination = Destination::File(path.to_owned());
    config
}

/// The lines without time, process and thread.
fn records(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|line| line.splitn(4, ' ').last().unwrap().to_owned())
        .collect()
}

const ONE_OF_EACH_LEVEL: [&str; 5] = [
    "ERROR cpx_pkcs11::reader one",
    "WARN  cpx_pkcs11::reader two",
    "INFO  cpx_pkcs11::reader three",
    "DEBUG cpx_pkcs11::reader four",
    "TRACE cpx_pkcs11::apdu > 00A4",
];

fn write_one_of_each_level() {
    log::error!(target: "cpx_pkcs11::reader", "one");
    log::warn!(target: "cpx_pkcs11::reader", "two");
    log::info!(target: "cpx_pkcs11::reader", "three");
    log::debug!(target: "cpx_pkcs11::reader", "four");
    log::trace!(target: "cpx_pkcs11::apdu", "> 00A4");
    log::error!(target: "another_library", "not ours");
}

#[test]
fn a_level_includes_the_ones_before_it_and_changes_at_each_start() {
    let _turn = turn();
    let directory = Directory::new("levels");
    let levels = [
        (Level::Off, 0),
        (Level::Error, 2),
        (Level::Info, 3),
        (Level::Calls, 4),
        (Level::Apdu, 5),
    ];
    for (step, (level, count)) in levels.into_iter().chain(levels.into_iter().rev()).enumerate() {
        let path = directory.path(&step.to_string());
        start(&to_file(level, &path));
        assert_eq!(enabled(), level >= Level::Calls);
        write_one_of_each_level();
        assert_eq!(records(&path), ONE_OF_EACH_LEVEL[..count], "{level:?}");
        assert_eq!(path.exists(), level != Level::Off);
    }
}

#[test]
fn a_call_is_written_with_its_return_code_and_without_its_pin() {
    let _turn = turn();
    let directory = Directory::new("calls");
    let path = directory.path("trace.log");
    let mut code = *b"73915";
    let arguments = [
        ("hSession", Argument::Number(7)),
        ("userType", Argument::Number(1)),
        ("pPin", Argument::from(code.as_mut_ptr())),
        ("ulPinLen", Argument::Number(73915)),
    ];
    start(&Config::default());
    let begun_before = call("C_Initialize", &[]);
    start(&to_file(Level::Calls, &path));
    assert_eq!(begun_before.returned(CKR_OK), CKR_OK);
    assert_eq!(
        call("C_Login", &arguments).returned(CKR_PIN_INCORRECT),
        CKR_PIN_INCORRECT
    );
    start(&Config::default());
    let _ = call("C_Logout", &[]).returned(CKR_OK);

    let records = records(&path);
    let [initialized, login, refused] = &records[..] else {
        panic!("{records:?}")
    };
    assert_eq!(initialized, "DEBUG cpx_pkcs11::calls < C_Initialize CKR_OK");
    let arguments = "hSession=0x7 userType=0x1 pPin=(withheld) ulPinLen=(withheld)";
    assert_eq!(*login, format!("DEBUG cpx_pkcs11::calls > C_Login {arguments}"));
    assert!(
        refused.starts_with("DEBUG cpx_pkcs11::calls < C_Login CKR_PIN_INCORRECT "),
        "{refused}"
    );
    assert!(refused.ends_with(" ms"), "{refused}");
    let address = format!("{:x}", code.as_ptr().addr());
    for secret in ["73915", "3733393135", "120bb", &address] {
        assert!(!records.concat().contains(secret), "{records:?}");
    }
}

#[test]
fn a_file_that_cannot_be_used_ends_the_trace() {
    let _turn = turn();
    let directory = Directory::new("unusable");
    start(&to_file(Level::Apdu, &directory.path("trace.log")));
    assert!(enabled());
    start(&to_file(Level::Apdu, &directory.path("missing/trace.log")));
    assert!(!enabled());
    assert!(!directory.path("missing").exists());
}

/// What a process does at its first two C_Initialize. Run by the tests below with an environment of their own.
#[test]
#[ignore = "part of other tests"]
fn a_process_that_traces() {
    start(&config::load(false));
    start(&config::load(false));
    write_one_of_each_level();
}

fn process(directory: &Directory, variables: &[(&str, &str)]) -> Output {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args(["--exact", "--ignored", "--nocapture", "a_process_that_traces"]);
    process
        .current_dir(&directory.0)
        .env_clear()
        .env("HOME", &directory.0);
    let output = process.envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

#[test]
fn variables_alone_switch_the_trace_on() {
    let directory = Directory::new("variables");
    let output = process(
        &directory,
        &[("CPX_PKCS11_TRACE", "apdu"), ("CPX_PKCS11_TRACE_FILE", "own.log")],
    );
    assert_eq!(records(&directory.path("own.log")), ONE_OF_EACH_LEVEL);
    assert!(output.stderr.is_empty());

    let output = process(&directory, &[("CPX_PKCS11_TRACE", "info")]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(
        text.lines().all(|line| line.contains(" cpx_pkcs11::reader ")),
        "{text}"
    );
}

#[test]
fn a_file_for_the_trace_alone_asks_for_the_calls() {
    let directory = Directory::new("file-alone");
    let written = |level: Option<&str>| {
        let file = [("CPX_PKCS11_TRACE_FILE", "own.log")];
        let level = level.map(|level| ("CPX_PKCS11_TRACE", level));
        let variables: Vec<_> = file.into_iter().chain(level).collect();
        let output = process(&directory, &variables);
        assert!(output.stderr.is_empty(), "{output:?}");
        let written = records(&directory.path("own.log")).len();
        let _ = fs::remove_file(directory.path("own.log"));
        written
    };
    for (level, lines) in [(None, 4), (Some(""), 4), (Some("off"), 0), (Some("error"), 2)] {
        assert_eq!(written(level), lines, "{level:?}");
    }
    let config = directory.path(".config/cpx-pkcs11/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    for (level, lines) in [("info", 3), ("off", 4)] {
        fs::write(&config, format!("[trace]\nlevel = \"{level}\"\n")).unwrap();
        assert_eq!(written(None), lines, "{level} in the user's file");
    }
}

#[test]
fn without_configuration_a_process_writes_nothing() {
    let directory = Directory::new("silent");
    let output = process(
        &directory,
        &[("CPX_PKCS11_TRACE_FILE", ""), ("CPX_PKCS11_TRACE", "")],
    );
    assert!(output.stderr.is_empty());
    assert_eq!(fs::read_dir(&directory.0).unwrap().count(), 0);
}

/// Each mistake on the standard error, once for a process that starts the module twice; `{}` is the directory.
#[test]
fn a_mistake_is_told_on_the_standard_error_whatever_it_is_about() {
    let levels = "none of off, error, info, calls, apdu";
    let config = "{}/.config/cpx-pkcs11/config.toml";
    let in_file = |what: &str| format!("configuration: {config}: {what}");
    type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], String);
    // Name, the user's file, variables, what is told.
    let cases: [Case; 22] = [
        (
            "level",
            "",
            &[("CPX_PKCS11_TRACE", "loud")],
            format!("configuration: CPX_PKCS11_TRACE is {levels}: left out"),
        ),
        (
            "variable",
            "",
            &[("CPX_PKCS11_TRACEFILE", "x")],
            "configuration: CPX_PKCS11_TRACEFILE is not a variable of this module: left out".into(),
        ),
        (
            "no-home",
            "",
            &[("CPX_PKCS11_TRACE_FILE", "~/x"), ("HOME", "")],
            "configuration: CPX_PKCS11_TRACE_FILE must be an absolute path, ~/… or stderr: left out".into(),
        ),
        (
            "no-directory",
            "",
            &[("CPX_PKCS11_TRACE_FILE", "missing/own.log")],
            "no trace: {}/missing/own.log: No such file or directory (os error 2)".into(),
        ),
        (
            "a-directory",
            "",
            &[("CPX_PKCS11_TRACE_FILE", "/")],
            "no trace: /: Is a directory (os error 21)".into(),
        ),
        (
            "others-file",
            "",
            &[("CPX_PKCS11_TRACE_FILE", "/dev/null")],
            "no trace: /dev/null: not a file of this user alone".into(),
        ),
        (
            "no-file",
            "",
            &[("CPX_PKCS11_CONFIG", "/missing.toml")],
            "configuration: /missing.toml does not exist: left out".into(),
        ),
        (
            "not-a-file",
            "",
            &[("CPX_PKCS11_CONFIG", "/dev/zero")],
            "configuration: /dev/zero: is not a regular file: left out".into(),
        ),
        (
            "not-toml",
            "[trace\n",
            &[],
            in_file("line 1: unclosed table, expected `]`: left out"),
        ),
        (
            "not-toml-2",
            "[trace]\nlevel = calls\n",
            &[],
            in_file("line 2: string values must be quoted, expected literal string: left out"),
        ),
        (
            "binary",
            "\u{0}",
            &[],
            in_file("line 1: key with no value, expected `=`: left out"),
        ),
        (
            "section",
            "colour = 1\n",
            &[],
            in_file("colour is not a setting: left out"),
        ),
        (
            "no-table",
            "trace = \"calls\"\n",
            &[],
            in_file("trace must be a table: left out"),
        ),
        (
            "key",
            "[trace]\nlog = \"x\"\n",
            &[],
            in_file("trace.log is not a setting: left out"),
        ),
        (
            "level-name",
            "[trace]\nlevel = \"debug\"\n",
            &[],
            in_file(&format!("trace.level is {levels}: left out")),
        ),
        (
            "level-type",
            "[trace]\nlevel = 3\n",
            &[],
            in_file(&format!("trace.level is {levels}: left out")),
        ),
        (
            "file-type",
            "[trace]\nfile = 3\n",
            &[],
            in_file("trace.file must be a text: left out"),
        ),
        (
            "relative",
            "[trace]\nfile = \"own.log\"\n",
            &[],
            in_file("trace.file must be an absolute path, ~/… or stderr: left out"),
        ),
        (
            "unwritable",
            "[trace]\nlevel = \"error\"\nfile = \"~/no/own.log\"\n",
            &[],
            "no trace: {}/no/own.log: No such file or directory (os error 2)".into(),
        ),
        (
            "ignore",
            "[readers]\nignore = \"x\"\n",
            &[],
            in_file("readers.ignore must be an array of texts that are not empty: left out"),
        ),
        (
            "remember",
            "[certificates]\nremember = 1\n",
            &[],
            in_file("certificates.remember must be true or false: left out"),
        ),
        (
            "nowhere",
            "[certificates]\nremember = true\n",
            &[],
            in_file("certificates.remember needs XDG_RUNTIME_DIR: left out"),
        ),
    ];
    for (name, text, variables, told) in cases {
        let directory = Directory::new(&format!("mistake-{name}"));
        if !text.is_empty() {
            let path = directory.path(".config/cpx-pkcs11/config.toml");
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let output = process(&directory, variables);
        let told = told.replace("{}", directory.0.to_str().unwrap());
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            format!("cpx-pkcs11: {told}\n"),
            "{name}"
        );
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told_of() {
    use std::os::unix::fs::symlink;
    let directory = Directory::new("unreadable");
    let folder = directory.path(".config/cpx-pkcs11");
    fs::create_dir_all(&folder).unwrap();
    let config = folder.join("config.toml");
    let told = || String::from_utf8(process(&directory, &[]).stderr).unwrap();
    let line = |what: &str| {
        format!(
            "cpx-pkcs11: configuration: {}: {what}: left out\n",
            config.display()
        )
    };
    assert_eq!(told(), "");
    symlink("config.toml", &config).unwrap();
    assert_eq!(told(), line("Too many levels of symbolic links (os error 40)"));
    fs::remove_file(&config).unwrap();
    symlink("nowhere", &config).unwrap();
    assert_eq!(told(), line("is a link to a file that does not exist"));
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "[trace]\n").unwrap();
    assert_eq!(told(), line(&format!("{} is not a directory", folder.display())));
}

#[test]
fn a_mistake_stands_in_the_trace_too_and_nowhere_twice() {
    let directory = Directory::new("problems");
    let file = directory.path("config.toml");
    let named = [("CPX_PKCS11_CONFIG", file.to_str().unwrap())];
    let mistake = format!(
        "configuration: {}: colour is not a setting: left out",
        file.display()
    );

    fs::write(
        &file,
        "colour = 1\n[trace]\nlevel = \"error\"\nfile = \"~/own.log\"\n",
    )
    .unwrap();
    let output = process(&directory, &named);
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        format!("cpx-pkcs11: {mistake}\n")
    );
    let in_trace = format!("WARN  cpx_pkcs11::trace {mistake}");
    let records = records(&directory.path("own.log"));
    let of_levels = ONE_OF_EACH_LEVEL[..2].iter().map(|line| (*line).to_owned());
    let expected: Vec<String> = [in_trace.clone(), in_trace.clone()]
        .into_iter()
        .chain(of_levels)
        .collect();
    assert_eq!(records, expected, "at each start in the file");

    fs::write(&file, "colour = 1\n[trace]\nlevel = \"error\"\n").unwrap();
    let text = String::from_utf8(process(&directory, &named).stderr).unwrap();
    let told: Vec<&str> = text.lines().filter(|line| line.contains(&mistake)).collect();
    assert!(matches!(told[..], [line] if line.ends_with(&in_trace)), "{text}");
}
