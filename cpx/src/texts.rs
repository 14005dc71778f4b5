//! The texts, in French and English. They stand in `texts/*.ftl`; the code names them by their key.

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};

/// A language of the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// French.
    Fr,
    /// English.
    En,
}

impl Lang {
    /// The language of this name, `fr` or `en`, as `--lang` takes it.
    pub fn named(name: &str) -> Option<Lang> {
        match name {
            "fr" => Some(Lang::Fr),
            "en" => Some(Lang::En),
            _ => None,
        }
    }

    /// The language of the messages in an environment: the first of LC_ALL, LC_MESSAGES and LANG
    /// that is set decides.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Lang {
        let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
        match ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set) {
            Some(locale) if locale.starts_with("fr") => Lang::Fr,
            _ => Lang::En,
        }
    }

    /// The file with the texts of this language.
    pub fn source(self) -> &'static str {
        match self {
            Lang::Fr => include_str!("../texts/fr.ftl"),
            Lang::En => include_str!("../texts/en.ftl"),
        }
    }
}

/// What a place in a text is filled with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filling {
    /// Words.
    Text(String),
    /// A number, on which the form of a word may depend.
    Number(i64),
}

impl From<&str> for Filling {
    fn from(text: &str) -> Filling {
        Filling::Text(text.to_owned())
    }
}

impl From<String> for Filling {
    fn from(text: String) -> Filling {
        Filling::Text(text)
    }
}

impl From<i64> for Filling {
    fn from(number: i64) -> Filling {
        Filling::Number(number)
    }
}

/// A text that is not said yet: its key, and what its places are filled with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Key in the files of texts; also the stable word for programs.
    pub key: &'static str,
    /// Names of places, and what goes there.
    pub places: Vec<(&'static str, Filling)>,
}

impl Message {
    /// A text without places.
    pub fn new(key: &'static str) -> Message {
        let places = Vec::new();
        Message { key, places }
    }

    /// Fills one more place.
    pub fn with(mut self, place: &'static str, filling: impl Into<Filling>) -> Message {
        self.places.push((place, filling.into()));
        self
    }
}

impl From<&'static str> for Message {
    fn from(key: &'static str) -> Message {
        Message::new(key)
    }
}

/// The texts of one language.
pub struct Texts {
    /// Which.
    pub lang: Lang,
    bundle: FluentBundle<FluentResource>,
}

impl Texts {
    /// Reads the texts of a language. What is wrong in a file is left out; the tests read the files
    /// strictly.
    pub fn of(lang: Lang) -> Texts {
        let resource = FluentResource::try_new(lang.source().to_owned());
        let resource = resource.unwrap_or_else(|(partial, _)| partial);
        let identifier = match lang {
            Lang::Fr => unic_langid::LanguageIdentifier::from_bytes(b"fr"),
            Lang::En => unic_langid::LanguageIdentifier::from_bytes(b"en"),
        };
        let mut bundle = FluentBundle::new(vec![identifier.unwrap_or_default()]);
        bundle.set_use_isolating(false);
        let _ = bundle.add_resource(resource);
        Texts { lang, bundle }
    }

    /// Whether there is a text of this key.
    pub fn has(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }

    /// The text of a key without places.
    pub fn get(&self, key: &str) -> String {
        self.pattern(key, None, &[]).unwrap_or_else(|| format!("<{key}>"))
    }

    /// A message, in words.
    pub fn say(&self, message: &Message) -> String {
        self.pattern(message.key, None, &message.places)
            .unwrap_or_else(|| format!("<{}>", message.key))
    }

    /// What to do next after what a message says, if its text tells.
    pub fn next(&self, message: &Message) -> Option<String> {
        self.pattern(message.key, Some("next"), &message.places)
    }

    fn pattern(
        &self,
        key: &str,
        attribute: Option<&str>,
        places: &[(&'static str, Filling)],
    ) -> Option<String> {
        let message = self.bundle.get_message(key)?;
        let pattern = match attribute {
            Some(name) => message.get_attribute(name)?.value(),
            None => message.value()?,
        };
        let mut arguments = FluentArgs::new();
        for (place, filling) in places {
            arguments.set(
                *place,
                match filling {
                    Filling::Text(text) => FluentValue::from(text.as_str()),
                    Filling::Number(number) => FluentValue::from(*number),
                },
            );
        }
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&arguments), &mut errors);
        Some(text.into_owned())
    }
}

/// A message with its places: `say!(texts, "key", days = 3)` in words.
#[macro_export]
macro_rules! say {
    ($texts:expr, $key:literal $(, $place:ident = $filling:expr)* $(,)?) => {
        $texts.say(&$crate::message!($key $(, $place = $filling)*))
    };
}

/// A message with its places, not said yet.
#[macro_export]
macro_rules! message {
    ($key:literal $(, $place:ident = $filling:expr)* $(,)?) => {
        $crate::texts::Message::new($key)$(.with(stringify!($place), $filling))*
    };
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use clap::CommandFactory;

    use super::*;
    use crate::arguments::Cli;

    /// Key, and key with attribute, of every text, with the names of its places.
    fn keys(lang: Lang) -> BTreeMap<String, BTreeSet<String>> {
        let mut all = BTreeMap::new();
        let (mut key, mut part) = (String::new(), String::new());
        for line in lang.source().lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) = line.split_once(" =") {
                match line.trim_start().strip_prefix('.') {
                    None if !line.starts_with(' ') => {
                        key = name.to_owned();
                        part.clone_from(&key);
                        assert!(!all.contains_key(&key), "{key} stands twice");
                    }
                    Some(attribute) => {
                        let (attribute, _) = attribute.split_once(" =").unwrap();
                        part = format!("{key}.{attribute}");
                    }
                    None => {}
                }
            }
            if part.is_empty() {
                continue;
            }
            let places = all.entry(part.clone()).or_insert_with(BTreeSet::new);
            for (_, rest) in line.match_indices('$').map(|(at, _)| line.split_at(at + 1)) {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap();
                places.insert(rest[..end].to_owned());
            }
        }
        all
    }

    #[test]
    fn both_languages_have_the_same_texts_with_the_same_places() {
        let (fr, en) = (keys(Lang::Fr), keys(Lang::En));
        assert_eq!(fr, en);
        assert!(fr.len() > 100, "{}", fr.len());
    }

    #[test]
    fn the_files_of_texts_have_no_mistake() {
        for lang in [Lang::Fr, Lang::En] {
            let parsed = FluentResource::try_new(lang.source().to_owned());
            if let Err((_, mistakes)) = parsed {
                panic!("{lang:?}: {mistakes:?}");
            }
        }
    }

    /// All sources of the program.
    fn sources(directory: &Path) -> String {
        let mut text = String::new();
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => text.push_str(&sources(&path)),
                false => text.push_str(&std::fs::read_to_string(path).unwrap()),
            }
        }
        text
    }

    #[test]
    fn every_text_is_used_and_every_text_that_is_used_is_there() {
        let source = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
        let help = crate::localize::keys(&Cli::command());
        let all = keys(Lang::En);
        let unused: Vec<&String> = all
            .keys()
            .filter(|key| !key.contains('.') && !source.contains(&format!("\"{key}\"")))
            .filter(|key| !help.contains(*key) && !key.ends_with("-long"))
            .collect();
        assert!(unused.is_empty(), "nobody says {unused:?}");
        let missing: Vec<&String> = help.iter().filter(|key| !all.contains_key(*key)).collect();
        assert!(missing.is_empty(), "the help lacks {missing:?}");
        for call in ["message!(\"", "texts.get(\"", "texts, \"", "Message::new(\""] {
            for (at, _) in source.match_indices(call) {
                let rest = &source[at + call.len()..];
                let key = &rest[..rest.find('"').unwrap()];
                assert!(all.contains_key(key), "no text {key}");
            }
        }
    }

    #[test]
    fn no_text_names_a_command_that_does_not_exist() {
        let command = Cli::command();
        let known: BTreeSet<&str> = command.get_subcommands().map(|it| it.get_name()).collect();
        for lang in [Lang::Fr, Lang::En] {
            for (at, _) in lang.source().match_indices("cpx ") {
                let rest = &lang.source()[at + 4..];
                let word: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
                let is_order = !word.is_empty() && !["in", "dans", "en"].contains(&&word[..]);
                assert!(!is_order || known.contains(&word[..]), "cpx {word}");
            }
        }
    }

    #[test]
    fn the_first_variable_that_is_set_decides_the_language() {
        for (set, lang) in [
            (&[][..], Lang::En),
            (&[("LANG", "fr_FR.UTF-8")][..], Lang::Fr),
            (&[("LANG", "fr_FR"), ("LC_MESSAGES", "C")][..], Lang::En),
            (
                &[("LANG", "de_DE"), ("LC_ALL", ""), ("LC_MESSAGES", "fr")][..],
                Lang::Fr,
            ),
        ] {
            let of = |name: &str| {
                let found = set.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(Lang::of_environment(of), lang, "{set:?}");
        }
    }
}
