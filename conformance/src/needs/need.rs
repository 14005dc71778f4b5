//! What a check names in its header.

use std::fmt;
use std::str::FromStr;

use super::python::Interpreter;
use crate::Result;

/// One package, as checks write it: `debian:openssl`, `pypi:PyKCS11==1.5.20`,
/// `pypi3.12:pkcs11-check==0.2.3`, `npm:pkcs11js@2.1.7`, `example:cryptoki-client`,
/// `debian13:pkcs11-provider`, `test:profiles`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    pub source: Source,
    pub package: String,
}

/// Where a package comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Debian,
    Pypi(Interpreter),
    Npm,
    /// A program in `examples/`, which stands on a crate.
    Example,
    /// A package of a Debian 13 beside the machine's own system.
    Debian13,
    /// A file of the module's own tests.
    Test,
}

impl Source {
    pub const ALL: [Source; 7] = [
        Source::Debian,
        Source::Pypi(Interpreter::Debian),
        Source::Pypi(Interpreter::Python312),
        Source::Npm,
        Source::Example,
        Source::Debian13,
        Source::Test,
    ];

    /// Whether cargo builds it, which alone knows whether it has changed.
    pub fn is_built(self) -> bool {
        matches!(self, Source::Example | Source::Test)
    }
}

impl FromStr for Need {
    type Err = String;

    fn from_str(text: &str) -> Result<Need> {
        let (source, package) = text
            .split_once(':')
            .ok_or_else(|| format!("{text}: no source of the package"))?;
        let source = match source {
            "debian" => Source::Debian,
            "pypi" => Source::Pypi(Interpreter::Debian),
            "pypi3.12" => Source::Pypi(Interpreter::Python312),
            "npm" => Source::Npm,
            "example" => Source::Example,
            "debian13" => Source::Debian13,
            "test" => Source::Test,
            _ => return Err(format!("{text}: unknown source {source}")),
        };
        let package = package.to_owned();
        Ok(Need { source, package })
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.package)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_need_names_its_source_and_its_package() {
        let need: Need = "pypi3.12:pkcs11-check==0.2.3".parse().unwrap();
        assert!(
            need.source == Source::Pypi(Interpreter::Python312) && need.to_string() == "pkcs11-check==0.2.3"
        );
        assert!("openssl".parse::<Need>().is_err());
        assert!("snap:firefox".parse::<Need>().is_err());
    }
}
