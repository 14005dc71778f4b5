//! What changes in a text, for a person: the lines between those that stay at both ends.

/// Lines with `-` or `+` in front.
pub fn lines(before: Option<&[u8]>, after: Option<&[u8]>) -> Vec<String> {
    let read = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    let (before, after) = (read(before), read(after));
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| pairs.take_while(|(a, b)| a == b).count();
    let head = same(&mut before.iter().zip(&after));
    let (before, after) = (before.get(head..), after.get(head..));
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    let tail = same(&mut before.iter().rev().zip(after.iter().rev()));
    let marked = |sign: char, lines: &[&str]| -> Vec<String> {
        let changed = lines.get(..lines.len() - tail).unwrap_or_default();
        changed.iter().map(|line| format!("{sign} {line}")).collect()
    };
    [marked('-', before), marked('+', after)].concat()
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn only_what_changes_is_shown() {
        for (before, after, shown) in [
            (Some("a\nb\nc\n"), Some("a\nx\ny\nc\n"), vec!["- b", "+ x", "+ y"]),
            (Some("a\n"), Some("a\n"), vec![]),
            (None, Some("a\nb\n"), vec!["+ a", "+ b"]),
            (Some("a\nb\n"), None, vec!["- a", "- b"]),
            (Some("a\na\n"), Some("a\na\na\n"), vec!["+ a"]),
        ] {
            let found = lines(before.map(str::as_bytes), after.map(str::as_bytes));
            assert_eq!(found, shown, "{before:?} {after:?}");
        }
    }
}
