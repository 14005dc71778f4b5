//! What the matrix of real clients and the benchmark share.

use std::path::{Path, PathBuf};

pub mod process;

/// What goes wrong outside the checks, as a sentence.
pub type Result<T> = std::result::Result<T, String>;

pub fn workspace_dir() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Where cargo builds.
pub fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace_dir().join("target"), |dir| workspace_dir().join(dir))
}
