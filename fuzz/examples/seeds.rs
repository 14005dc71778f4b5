//! `seeds DIRECTORY [TARGET]...`: writes inputs made from the simulated cards to DIRECTORY/TARGET/.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let Some(directory) = arguments.next() else {
        eprintln!("usage: seeds DIRECTORY [TARGET]...");
        return ExitCode::from(2);
    };
    let names: Vec<String> = arguments.collect();
    let wanted = |target: &fuzz::Target| names.is_empty() || names.iter().any(|name| name == target.name);
    for target in fuzz::Target::ALL.iter().filter(|target| wanted(target)) {
        if let Err(error) = write(&Path::new(&directory).join(target.name), target) {
            eprintln!("seeds: {directory}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn write(directory: &Path, target: &fuzz::Target) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    for (name, seed) in target.seeds() {
        fs::write(directory.join(name), seed)?;
    }
    Ok(())
}
