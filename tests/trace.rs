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

/// What a process does at C_Initialize. Run by the tests below with an environment of their own.
#[test]
#[ignore = "part of other tests"]
fn a_process_that_traces() {
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
fn without_configuration_a_process_writes_nothing() {
    let directory = Directory::new("silent");
    let output = process(
        &directory,
        &[("CPX_PKCS11_TRACE_FILE", "own.log"), ("CPX_PKCS11_TRACE", "")],
    );
    assert!(output.stderr.is_empty());
    assert!(!directory.path("own.log").exists());
}

#[test]
fn what_is_wrong_with_the_configuration_is_written_down() {
    let directory = Directory::new("problems");
    let file = directory.path("config.toml");
    fs::write(
        &file,
        "colour = 1\n[trace]\nlevel = \"error\"\nfile = \"~/own.log\"\n",
    )
    .unwrap();
    let output = process(&directory, &[("CPX_PKCS11_CONFIG", file.to_str().unwrap())]);
    assert!(output.stderr.is_empty());
    let problem = format!("configuration: {}: colour is not a setting", file.display());
    let records = records(&directory.path("own.log"));
    assert_eq!(records.len(), 3);
    assert!(records[0].ends_with(&problem), "{records:?}");
}

#[test]
fn one_line_tells_why_there_is_no_trace() {
    let directory = Directory::new("reason");
    let variables = [
        ("CPX_PKCS11_TRACE", "apdu"),
        ("CPX_PKCS11_TRACE_FILE", "missing/own.log"),
    ];
    let text = String::from_utf8(process(&directory, &variables).stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(
        text.starts_with("cpx-pkcs11: no trace: ") && text.contains("missing/own.log"),
        "{text}"
    );
}
