//! What a person sends to the support: the findings, and what system it is. Nothing in it says who
//! the person is: no name, no identifier, no number of a card, no user's name, no host's.

use super::Findings;
use crate::say;
use crate::screen::{Colour, Screen};
use crate::system::{System, text};
use crate::texts::Texts;

/// The text.
pub fn write(findings: &Findings, system: &System, texts: &Texts) -> String {
    let mut report = format!(
        "cpx {} · {}\n",
        env!("CARGO_PKG_VERSION"),
        texts.get("doctor-report")
    );
    let release = text(&system.at("/etc/os-release")).unwrap_or_default();
    let mut lines = release
        .lines()
        .filter_map(|line| line.strip_prefix("PRETTY_NAME="));
    let release = lines.next().unwrap_or("?").trim_matches('"').to_owned();
    let kernel = text(&system.at("/proc/sys/kernel/osrelease")).unwrap_or_default();
    let machine = std::env::consts::ARCH;
    let about = say!(
        texts,
        "doctor-system",
        system = release,
        kernel = kernel,
        machine = machine
    );
    report.push_str(&format!("{about}\n"));
    if system.remote {
        report.push_str(&format!("{}\n", texts.get("doctor-remote")));
    }
    report.push('\n');
    let screen = Screen::output(Colour::Never);
    for finding in &findings.0 {
        report.push_str(&format!(
            "{}    [{}]\n",
            finding.text(texts, screen),
            finding.id()
        ));
    }
    report
}
