//! Embeds every persona, every insured and every lab key, so that adding a file is enough to add a card.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    let mut code = String::new();
    for (name, folder, extension) in [
        ("PERSONAS", "personas", "toml"),
        ("INSURED", "insured", "toml"),
        ("KEYS", "keys", "pem"),
    ] {
        println!("cargo::rerun-if-changed={folder}");
        let _ = writeln!(code, "pub static {name}: &[(&str, &str)] = &[");
        for file in files(&root.join(folder), extension)? {
            let stem = file.file_stem().unwrap_or_default();
            let _ = writeln!(code, "    ({stem:?}, include_str!({file:?})),");
        }
        let _ = writeln!(code, "];");
    }
    fs::write(out.join("embedded.rs"), code)
}

fn files(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    Ok(files)
}
