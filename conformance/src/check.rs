//! A check: a shell script whose first comment says what it proves and with which client.
//!
//! ```text
//! #!/bin/bash
//! # What:    logs into a TLS 1.3 server with RSA-PSS
//! # Client:  NSS tstclnt
//! # Needs:   debian:libnss3-tools debian:openssl
//! # Run:     ci
//! # Not possible on cps3: TLS 1.3 wants RSA-PSS
//! # Shown by: peer did not return a certificate
//! ```
//!
//! `Needs` names packages, the client's own first: its version is the client's. A check that its
//! chip makes impossible is run all the same: it must fail, and its log must show why (`Shown by`,
//! a regular expression).

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use regex_lite::Regex;

use crate::Result;
use crate::card::Card;
use crate::needs::Need;

/// Not what a check takes, but a bound for one that hangs: many times as much, for a busy machine.
const DEFAULT_SECONDS: u64 = 900;

/// One script of `checks/`.
#[derive(Clone)]
pub struct Check {
    /// Folder and file without the ending: `nss/tls13`.
    pub name: String,
    pub script: PathBuf,
    pub what: String,
    pub client: String,
    pub needs: Vec<Need>,
    /// Whether it runs on each change.
    pub ci: bool,
    pub limit: Duration,
    /// Whether it says something of our module alone, and nothing of a peer.
    pub ours_alone: bool,
    pub impossible: Vec<Impossible>,
}

/// What a chip cannot do, and how this client shows it.
#[derive(Clone)]
pub struct Impossible {
    pub card: Card,
    pub reason: String,
    pub shown_by: Regex,
}

/// Which checks to run.
pub struct Selection {
    pub name: Option<Regex>,
    pub ci_only: bool,
}

impl Selection {
    pub fn takes(&self, check: &Check) -> bool {
        (check.ci || !self.ci_only) && self.name.as_ref().is_none_or(|name| name.is_match(&check.name))
    }
}

impl Check {
    pub fn impossible_on(&self, card: Card) -> Option<&Impossible> {
        self.impossible.iter().find(|impossible| impossible.card == card)
    }

    fn parse(name: String, script: PathBuf, text: &str) -> Result<Check> {
        let wrong = |what: &str| format!("{}: {what}", script.display());
        let mut check = Check {
            name,
            script: script.clone(),
            what: String::new(),
            client: String::new(),
            needs: Vec::new(),
            ci: false,
            limit: Duration::from_secs(DEFAULT_SECONDS),
            ours_alone: false,
            impossible: Vec::new(),
        };
        let mut refusal = None;
        for (field, value) in header(text) {
            match field {
                "What" => check.what = value.into(),
                "Client" => check.client = value.into(),
                "Needs" => check.needs = value.split_whitespace().map(str::parse).collect::<Result<_>>()?,
                "Run" => check.ci = value == "ci",
                "Module" if value == "ours" => check.ours_alone = true,
                "Seconds" => {
                    let seconds = value.parse().map_err(|_| wrong("Seconds wants a whole number"))?;
                    check.limit = Duration::from_secs(seconds);
                }
                "Not possible on cps3" => refusal = Some((Card::Cps3, value)),
                "Not possible on cps4" => refusal = Some((Card::Cps4, value)),
                "Shown by" => {
                    let (card, reason) = refusal
                        .take()
                        .ok_or_else(|| wrong("Shown by without Not possible"))?;
                    let shown_by = Regex::new(value).map_err(|error| wrong(&error.to_string()))?;
                    check.impossible.push(Impossible {
                        card,
                        reason: reason.into(),
                        shown_by,
                    });
                }
                _ => return Err(wrong(&format!("unknown field {field}"))),
            }
        }
        if refusal.is_some() {
            return Err(wrong("Not possible without Shown by"));
        }
        if check.what.is_empty() || check.client.is_empty() || check.needs.is_empty() {
            return Err(wrong("What, Client and Needs are wanted"));
        }
        Ok(check)
    }
}

/// The fields of the first comment: `# Field: value`, down to the first line that is none.
fn header(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines()
        .skip(1)
        .map_while(|line| line.strip_prefix("# ")?.split_once(':'))
        .map(|(field, value)| (field.trim(), value.trim()))
}

/// Every check below `dir`, by name. Files directly in `dir` are what the checks share.
pub fn all(dir: &Path) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    for group in entries(dir)?.into_iter().filter(|path| path.is_dir()) {
        for script in entries(&group)? {
            if script.extension().is_some_and(|extension| extension == "sh") {
                let name = format!("{}/{}", stem(&group), stem(&script));
                let text =
                    fs::read_to_string(&script).map_err(|error| format!("{}: {error}", script.display()))?;
                checks.push(Check::parse(name, script, &text)?);
            }
        }
    }
    Ok(checks)
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>> {
    let wrong = |error| format!("{}: {error}", dir.display());
    let mut paths = fs::read_dir(dir)
        .map_err(wrong)?
        .map(|entry| entry.map(|entry| entry.path()).map_err(wrong))
        .collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str =
        "#!/bin/bash\n# What:    logs in\n# Client:  tstclnt\n# Needs: debian:libnss3-tools\n";

    fn parse(more: &str) -> Result<Check> {
        Check::parse("nss/x".into(), "x.sh".into(), &format!("{HEADER}{more}"))
    }

    #[test]
    fn the_header_ends_at_the_first_other_line() {
        let check = parse("# Run: ci\n\n# Seconds: 5\n").unwrap();
        assert!(check.ci);
        assert_eq!(check.limit, Duration::from_secs(DEFAULT_SECONDS));
    }

    #[test]
    fn a_refusal_has_a_reason_and_a_way_to_show() {
        let check = parse("# Not possible on cps3: no PSS\n# Shown by: ^no: certificate\n").unwrap();
        let impossible = check.impossible_on(Card::Cps3).unwrap();
        assert_eq!(impossible.reason, "no PSS");
        assert!(impossible.shown_by.is_match("no: certificate"));
        assert!(check.impossible_on(Card::Cps4).is_none());
        assert!(parse("# Not possible on cps3: no PSS\n").is_err());
    }

    #[test]
    fn an_unknown_field_is_refused() {
        assert!(parse("# Secnods: 5\n").is_err());
    }

    #[test]
    fn the_checks_of_the_crate_can_be_read() {
        let checks = all(&crate::paths::checks_dir()).unwrap();
        assert!(checks.iter().any(|check| check.ci));
    }
}
