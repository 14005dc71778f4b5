//! Virtual environments of Python, with packages of PyPI.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::apt;
use crate::{Result, paths, process};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interpreter {
    /// Debian's own.
    Debian,
    /// Python 3.12, which Debian 12 does not have.
    Python312,
}

pub struct VirtualEnvironment {
    dir: PathBuf,
    interpreter: Interpreter,
}

impl VirtualEnvironment {
    pub fn new(tools: &Path, interpreter: Interpreter) -> VirtualEnvironment {
        let name = match interpreter {
            Interpreter::Debian => "python",
            Interpreter::Python312 => "python3.12",
        };
        let dir = tools.join(name);
        VirtualEnvironment { dir, interpreter }
    }

    pub fn program(&self) -> PathBuf {
        self.dir.join("bin/python")
    }

    /// The version of `NAME[EXTRA]==VERSION`, if that very version is there.
    pub fn installed(&self, package: &str) -> Option<String> {
        let (name, version) = package.split_once("==").unwrap_or((package, ""));
        let name = name.split('[').next().unwrap_or(name);
        let code = "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))";
        let said = process::output(Command::new(self.program()).args(["-c", code, name])).ok()?;
        (said.trim() == version).then(|| version.to_owned())
    }

    pub fn install(&self, packages: &[&str]) -> Result<()> {
        let pip = self.dir.join("bin/pip");
        if !pip.exists() {
            let python = self.base()?;
            process::succeed(Command::new(python).args(["-m", "venv"]).arg(&self.dir))?;
        }
        let mut install = Command::new(pip);
        install.args(["install", "--quiet", "--disable-pip-version-check"]);
        if self.interpreter == Interpreter::Python312 {
            install.arg("--constraint").arg(constraints());
        }
        process::succeed(install.args(packages))
    }

    /// The interpreter that makes the environment.
    fn base(&self) -> Result<PathBuf> {
        match self.interpreter {
            Interpreter::Debian => {
                process::succeed(apt::install().arg("python3-venv"))?;
                Ok("/usr/bin/python3".into())
            }
            Interpreter::Python312 => python_3_12().ok_or_else(|| {
                "no Python 3.12 in PATH or under pyenv; Debian 12 has none: install it, for example with \
                 \"pyenv install 3.12\""
                    .into()
            }),
        }
    }
}

/// The versions of what the packages for Python 3.12 stand on.
fn constraints() -> PathBuf {
    paths::checks_dir()
        .with_file_name("clients")
        .join("python3.12.txt")
}

/// In PATH, or where pyenv keeps it. What pyenv has in PATH refuses if another version is chosen:
/// it is asked itself.
fn python_3_12() -> Option<PathBuf> {
    let in_path =
        || process::output(Command::new("python3.12").args(["-c", "import sys; print(sys.executable)"]));
    let in_pyenv = || {
        let root = process::output(Command::new("pyenv").arg("root"))
            .ok()
            .map(|root| root.trim().into());
        let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".pyenv"));
        let root = std::env::var_os("PYENV_ROOT")
            .map(PathBuf::from)
            .or(root)
            .or_else(home)?;
        let versions = root.join("versions").read_dir().ok()?;
        versions
            .filter_map(|version| Some(version.ok()?.path().join("bin/python3.12")))
            .find(|python| python.exists())
    };
    in_path().ok().map(|path| path.trim().into()).or_else(in_pyenv)
}
