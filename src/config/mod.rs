//! What an administrator or a user may set: the trace, readers to leave alone, the certificate
//! cache. All of it is optional.
//!
//! Read once for each C_Initialize, by [`load`]. From the weakest to the strongest: the defaults,
//! the system's file, the user's file, environment variables; `CPX_PKCS11_CONFIG` names one file
//! instead of the two. Nothing in a file can make the module fail: what cannot be understood is a
//! [`Config::problems`] entry, for a person.
//!
//! `docs/configuration.md` is the manual of it.

mod file;
mod values;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::system::effective_user;
use values::level_names;
pub use values::{Destination, Level, Logout};

/// The system's file.
const SYSTEM_FILE: &str = "/etc/cpx-pkcs11/config.toml";
/// The user's file, below `$XDG_CONFIG_HOME` or `~/.config`.
const USER_FILE: &str = "cpx-pkcs11/config.toml";
/// Where certificates are kept for later processes, below `$XDG_RUNTIME_DIR`.
const CERTIFICATES: &str = "cpx-pkcs11";
/// Where the processes of one user take turns at a card, below `$XDG_RUNTIME_DIR`.
const TURNS: &str = "cpx-pkcs11-turns";

/// Environment variables, and the beginning of their names, which is ours.
const VARIABLES: &str = "CPX_PKCS11_";
const CONFIG: &str = "CPX_PKCS11_CONFIG";
const TRACE: &str = "CPX_PKCS11_TRACE";
const TRACE_FILE: &str = "CPX_PKCS11_TRACE_FILE";

/// The configuration in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// How much is traced.
    pub level: Level,
    /// Where the trace goes.
    pub destination: Destination,
    /// The directory for certificates that later processes may use; `None`: they read them from the
    /// card, as is usual.
    pub certificates: Option<PathBuf>,
    /// What becomes of the card when somebody logs out.
    pub logout: Logout,
    /// The directory, in memory, in which the processes of this user take turns at a card.
    pub turns: Option<PathBuf>,
    ignored: Vec<String>,
    problems: Vec<String>,
}

impl Config {
    /// Whether the administrator wants that reader left alone: its name contains one of the texts
    /// of `readers.ignore`, in small or capital letters.
    pub fn ignores(&self, reader: &str) -> bool {
        if self.ignored.is_empty() {
            return false;
        }
        let name = reader.to_lowercase();
        self.ignored.iter().any(|text| name.contains(text))
    }

    /// Adds what shows only when a setting is used.
    pub fn add_problem(&mut self, sentence: String) {
        self.problems.push(sentence);
    }

    /// What could not be read or understood, each in one sentence for a person.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Takes over what the file at `path` sets.
    fn apply(&mut self, path: &Path, settings: file::Settings, surroundings: &Surroundings) {
        let path = path.display();
        self.problems.extend(
            settings
                .problems
                .iter()
                .map(|problem| format!("{path}: {problem}")),
        );
        self.level = settings.level.unwrap_or(self.level);
        if let Some(name) = settings.trace_file {
            let setting = format!("{path}: trace.file");
            self.set_destination(&setting, destination(Path::new(&name), surroundings.home(), None));
        }
        match (settings.remember, surroundings.runtime_directory()) {
            (None, _) => {}
            (Some(false), _) => self.certificates = None,
            (Some(true), Some(directory)) => self.certificates = Some(directory.join(CERTIFICATES)),
            (Some(true), None) => self
                .problems
                .push(format!("{path}: certificates.remember needs XDG_RUNTIME_DIR")),
        }
        self.logout = settings.logout.unwrap_or(self.logout);
        if let Some(ignored) = settings.ignored {
            self.ignored = ignored.iter().map(|text| text.to_lowercase()).collect();
        }
    }

    fn set_destination(&mut self, setting: &str, destination: Option<Destination>) {
        match destination {
            Some(destination) => self.destination = destination,
            None => self
                .problems
                .push(format!("{setting} must be an absolute path, ~/… or stderr")),
        }
    }
}

/// What a process brings along. An empty variable counts as one that is not set.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// The process has rights that its user does not have.
    pub privileged: bool,
    /// The system's file.
    pub system_file: PathBuf,
    /// `CPX_PKCS11_CONFIG`
    pub config: Option<OsString>,
    /// `CPX_PKCS11_TRACE`
    pub trace: Option<OsString>,
    /// `CPX_PKCS11_TRACE_FILE`
    pub trace_file: Option<OsString>,
    /// Names of other variables that begin with `CPX_PKCS11_`.
    pub strange: Vec<OsString>,
    /// `XDG_CONFIG_HOME`
    pub config_home: Option<OsString>,
    /// `XDG_RUNTIME_DIR`
    pub runtime: Option<OsString>,
    /// `HOME`
    pub home: Option<OsString>,
    /// The current directory.
    pub directory: Option<PathBuf>,
}

impl Surroundings {
    fn of_process(privileged: bool) -> Self {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Surroundings {
            privileged,
            system_file: SYSTEM_FILE.into(),
            config: variable(CONFIG),
            trace: variable(TRACE),
            trace_file: variable(TRACE_FILE),
            strange: strange_variables(),
            config_home: variable("XDG_CONFIG_HOME"),
            runtime: variable("XDG_RUNTIME_DIR"),
            home: variable("HOME"),
            directory: std::env::current_dir().ok(),
        }
    }

    fn home(&self) -> Option<&Path> {
        absolute(&self.home)
    }

    fn runtime_directory(&self) -> Option<&Path> {
        absolute(&self.runtime)
    }

    /// Where the processes of the user take turns. A service of the system may have no runtime
    /// directory.
    fn turns_directory(&self) -> PathBuf {
        match self.runtime_directory() {
            Some(directory) => directory.join(TURNS),
            None => format!("/dev/shm/{TURNS}-{}", effective_user()).into(),
        }
    }

    /// The user's file; a relative `$XDG_CONFIG_HOME` counts as not set (XDG Base Directory
    /// Specification).
    fn user_file(&self) -> Option<PathBuf> {
        let given = absolute(&self.config_home).map(Path::to_owned);
        let base = given.or_else(|| Some(self.home()?.join(".config")))?;
        Some(base.join(USER_FILE))
    }
}

/// Variables that look like ours and are not.
fn strange_variables() -> Vec<OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    let ours = names.filter(|name| name.as_encoded_bytes().starts_with(VARIABLES.as_bytes()));
    let mut strange: Vec<_> = ours
        .filter(|name| [CONFIG, TRACE, TRACE_FILE].iter().all(|known| name != known))
        .collect();
    strange.sort();
    strange
}

fn absolute(path: &Option<OsString>) -> Option<&Path> {
    path.as_deref().map(Path::new).filter(|path| path.is_absolute())
}

/// Reads the configuration. Opens at most two files, and none when the process runs with rights
/// that its user does not have (setuid, setgid, file capabilities), so that it is `privileged`:
/// then every setting has its default.
pub fn load(privileged: bool) -> Config {
    load_in(&Surroundings::of_process(privileged))
}

/// [`load`] in other surroundings than those of this process.
pub fn load_in(surroundings: &Surroundings) -> Config {
    let mut config = Config::default();
    if surroundings.privileged {
        return config;
    }
    match &surroundings.config {
        Some(named) => read(&mut config, Path::new(named), true, surroundings),
        None => {
            read(&mut config, &surroundings.system_file, false, surroundings);
            if let Some(path) = surroundings.user_file() {
                read(&mut config, &path, false, surroundings);
            }
        }
    }
    read_variables(&mut config, surroundings);
    config.turns = Some(surroundings.turns_directory());
    config
}

fn read(config: &mut Config, path: &Path, required: bool, surroundings: &Surroundings) {
    match file::read(path) {
        Ok(Some(settings)) => config.apply(path, settings, surroundings),
        Ok(None) if !required => {}
        Ok(None) => config.problems.push(format!("{} does not exist", path.display())),
        Err(problem) => config.problems.push(format!("{}: {problem}", path.display())),
    }
}

fn read_variables(config: &mut Config, surroundings: &Surroundings) {
    let mut named = None;
    if let Some(value) = &surroundings.trace {
        named = value.to_str().and_then(Level::named);
        match named {
            Some(level) => config.level = level,
            None => config
                .problems
                .push(format!("{TRACE} is none of {}", level_names())),
        }
    }
    if let Some(value) = &surroundings.trace_file {
        let directory = surroundings.directory.as_deref();
        let destination = destination(Path::new(value), surroundings.home(), directory);
        // Who names a file wants a trace in it.
        if destination.is_some() && named.is_none() && config.level == Level::Off {
            config.level = Level::Calls;
        }
        config.set_destination(TRACE_FILE, destination);
    }
    for name in &surroundings.strange {
        let name = name.display();
        config
            .problems
            .push(format!("{name} is not a variable of this module"));
    }
}

/// `stderr`, an absolute path, a path below the user's home, or one below `directory` where there
/// is one.
fn destination(value: &Path, home: Option<&Path>, directory: Option<&Path>) -> Option<Destination> {
    if value == Path::new("stderr") {
        return Some(Destination::Stderr);
    }
    let path = match value.strip_prefix("~") {
        Ok(below_home) => home?.join(below_home),
        Err(_) if value.is_absolute() => value.to_owned(),
        Err(_) => directory?.join(value),
    };
    Some(Destination::File(path))
}

#[cfg(test)]
mod tests;
