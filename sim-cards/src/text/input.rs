//! What people write: files, names, and where in a text something stands.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use toml::de::{DeTable, DeValue};

/// No file that a person writes for a card comes near it.
const LONGEST_TEXT: u64 = 1 << 20;

/// The text of a file, a mebibyte at most.
pub fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(LONGEST_TEXT + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST_TEXT {
        let reason = format!("longer than {LONGEST_TEXT} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    Ok(text)
}

/// The line of a value, counted from 1: `path` is keys with dots between them; of tables that are repeated, the one
/// number `index` from 0. A value that is not there has the line of the table in which it is missed.
pub fn line_of(toml: &str, path: &str, index: usize) -> Option<usize> {
    let parsed = DeTable::parse(toml).ok()?;
    let mut table = parsed.get_ref();
    let mut start = None;
    for key in path.split('.') {
        let Some((name, mut value)) = table.iter().find(|(name, _)| name.get_ref() == key) else {
            break;
        };
        start = Some(name.span().start);
        if let DeValue::Array(values) = value.get_ref()
            && let Some(one) = values.get(index)
            && matches!(one.get_ref(), DeValue::Table(_))
        {
            value = one;
            start = Some(one.span().start);
        }
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => break,
        }
    }
    let before = toml.get(..start?)?;
    Some(before.matches('\n').count() + 1)
}

/// Those of `names` that somebody may have meant by `name`, the nearest first, three at most.
pub fn near(name: &str, names: impl IntoIterator<Item = String>) -> Vec<String> {
    let wanted = name.to_lowercase();
    let mut found: Vec<(usize, String)> = names
        .into_iter()
        .filter_map(|other| {
            let distance = distance(&wanted, &other);
            let holds = wanted.len() > 2 && other.contains(&wanted);
            (holds || distance <= wanted.len().min(other.len()) / 3).then_some((distance, other))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, other)| other).take(3).collect()
}

/// How many letters have to be changed, added or left out.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut last = line + 1;
        let mut next = vec![last];
        for (pair, with) in row.windows(2).zip(&other) {
            let [diagonal, above] = pair else { continue };
            last = (diagonal + usize::from(letter != *with))
                .min(above + 1)
                .min(last + 1);
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// `no WHAT is called NAME`, who may be meant, and who knows them all.
pub fn unknown(what: &str, name: &str, near: &[String]) -> String {
    let meant = match near {
        [] => String::new(),
        near => format!("; near: {}", near.join(", ")),
    };
    // A name of a hundred thousand letters helps nobody.
    let shown: String = name.chars().take(64).collect();
    format!(
        "no {what} is called {shown}{meant} (sim-card --list names all; a file has a slash in its path or ends in .toml)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_a_line() {
        let toml = "name = \"a\"\n\n[holder]\nsurname = \"b\"\n[[situation]]\nnumber = 1\n\n[[situation]]\nnumber = 2\n\
                    [situation.billing]\nnumber = 3\n";
        for (path, index, line) in [
            ("name", 0, Some(1)),
            ("holder.surname", 0, Some(4)),
            ("holder.civility", 0, Some(3)),
            ("situation.number", 0, Some(6)),
            ("situation.number", 1, Some(9)),
            ("situation.sector", 1, Some(8)),
            ("situation.billing.number", 1, Some(11)),
            ("department", 0, None),
        ] {
            assert_eq!(line_of(toml, path, index), line, "{path} {index}");
        }
    }

    #[test]
    fn near_names_are_found() {
        let names = || ["doctor-gp-cps4", "doctor-hospital-cps3", "insured-alone"].map(String::from);
        assert_eq!(near("doctor-gp-cps3", names()), ["doctor-gp-cps4"]);
        assert_eq!(near("Hospital", names()), ["doctor-hospital-cps3"]);
        assert_eq!(
            near("doctor", names()),
            ["doctor-gp-cps4", "doctor-hospital-cps3"]
        );
        assert_eq!(near("insured-alnoe", names()), ["insured-alone"]);
        assert!(near("x", names()).is_empty());
        assert!(near("", names()).is_empty());
    }

    #[test]
    fn a_file_without_end_is_not_read_to_its_end() {
        #[cfg(target_os = "linux")]
        assert!(read_text(Path::new("/dev/zero")).is_err());
    }
}
