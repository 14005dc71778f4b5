//! The report: one line for each check, one column for each lane, in Markdown and in HTML.

mod beside;
mod html;
mod markdown;
mod results;

use std::fs;
use std::path::Path;

use crate::Result;
use crate::lane::Lane;

pub use results::{Line, Report};

/// Empties the directory of logs of former runs and makes a folder for each lane.
pub fn create(dir: &Path, lanes: &[Lane]) -> Result<()> {
    let logs = dir.join("logs");
    if logs.exists() {
        fs::remove_dir_all(&logs).map_err(|error| format!("{}: {error}", logs.display()))?;
    }
    lanes.iter().try_for_each(|lane| {
        let logs = logs.join(&lane.name);
        fs::create_dir_all(&logs).map_err(|error| format!("{}: {error}", logs.display()))
    })
}

/// Writes the report as `report.md` and `report.html` into `dir`.
pub fn write(report: &Report, dir: &Path) -> Result<()> {
    let write = |name: &str, text: String| {
        let file = dir.join(name);
        fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))
    };
    write("report.md", markdown::render(report))?;
    write("report.html", html::render(report))
}
