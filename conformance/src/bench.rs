//! What all lanes share: the module, the simulated card's program, the lab PKI, a directory that
//! goes away.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use conformance::paths::{cargo, target_dir};

use crate::Result;
use crate::arguments::{Arguments, Language};
use crate::process;

/// The bench on which every lane stands. Its directory is removed with it.
pub struct Bench {
    /// The module under test.
    pub module: PathBuf,
    pub sim_card: PathBuf,
    /// The program for people with a card.
    pub cpx: PathBuf,
    /// pcscd's driver of the readers in which the cards are.
    pub reader_driver: PathBuf,
    /// Certificates and keys of the lab PKI, as `lab-pki` writes them.
    pub pki: PathBuf,
    /// What clients with windows speak.
    pub language: Language,
    /// Scratch space of this run; short, since sockets live in it.
    pub work: PathBuf,
}

impl Bench {
    pub fn set_up(arguments: &Arguments) -> Result<Bench> {
        process::need_root_and_namespaces()?;
        if !arguments.no_build {
            let packages = ["cpx-pkcs11", "cpx", "sim-cards", "sim-cards-reader"].map(|name| ["-p", name]);
            let mut build = cargo(&["build", "--locked", "--release", "--quiet"]);
            process::succeed(build.args(packages.as_flattened()))?;
        }
        let release = target_dir().join("release");
        let module = match &arguments.module {
            Some(path) => path
                .canonicalize()
                .map_err(|error| format!("{}: {error}", path.display()))?,
            None => release.join("libcpx_pkcs11.so"),
        };
        let work = std::env::temp_dir().join(format!("cpx-{}", std::process::id()));
        fs::create_dir(&work).map_err(|error| format!("{}: {error}", work.display()))?;
        let bench = Bench {
            module,
            sim_card: release.join("sim-card"),
            cpx: release.join("cpx"),
            reader_driver: release.join("libsim_cards_reader.so"),
            pki: work.join("pki"),
            language: arguments.language,
            work,
        };
        process::succeed(
            Command::new(release.join("lab-pki"))
                .arg("--crl")
                .arg("--out")
                .arg(&bench.pki)
                .stdout(Stdio::null()),
        )?;
        Ok(bench)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.work);
    }
}
