//! The code tables of `data/tables.tsv`: what the codes on a card mean.

use crate::texts::Lang;

/// Lines of a table, its code, and the meaning in French and in English, between tabs.
const LINES: &str = include_str!("../../data/tables.tsv");

/// The meaning of a code, or nothing for one that the tables lack.
pub fn meaning(table: &str, code: &str, lang: Lang) -> Option<&'static str> {
    let mut lines = LINES.lines().map(|line| line.split('\t'));
    lines.find_map(|mut fields| {
        let found = fields.next() == Some(table) && fields.next() == Some(code);
        let (french, english) = (fields.next(), fields.next());
        match lang {
            _ if !found => None,
            Lang::Fr => french,
            Lang::En => english,
        }
    })
}

/// A code with its meaning; one that the tables lack as it is.
pub fn with_meaning(table: &str, code: &str, lang: Lang) -> String {
    match meaning(table, code, lang) {
        Some(meaning) => format!("{meaning} ({code})"),
        None => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_meaning_in_both_languages() {
        assert_eq!(meaning("G15", "10", Lang::Fr), Some("Médecin"));
        assert_eq!(meaning("G15", "10", Lang::En), Some("Physician"));
        assert_eq!(with_meaning("R02", "SA07", Lang::Fr), "Cabinet individuel (SA07)");
    }

    #[test]
    fn an_unknown_code_is_shown_as_it_is() {
        assert_eq!(with_meaning("G15", "77", Lang::Fr), "77");
        assert_eq!(meaning("G99", "10", Lang::En), None);
    }

    #[test]
    fn every_line_has_four_fields_and_no_code_stands_twice() {
        let mut seen = std::collections::HashSet::new();
        for line in LINES.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split('\t').collect();
            assert_eq!(fields.len(), 4, "{line}");
            assert!(fields.iter().all(|field| !field.trim().is_empty()), "{line}");
            assert!(seen.insert((fields[0], fields[1])), "{line}");
        }
    }
}
