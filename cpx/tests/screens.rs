//! What a person reads: the screens of every kind of card in both languages, compared with the
//! files in `tests/screens`. What changes from day to day is replaced by words in capitals.

mod common;

use std::path::Path;

use common::{CPS3, Desk, PIN, card, compare, module};
use sim_cards::{Interface, persona};
use testkit::READER;

/// Commands that show something, for every card.
const COMMANDS: [&str; 5] = [
    "status",
    "show",
    "show --protected --pin-file pin",
    "cert list",
    "key list",
];

/// Digits of a date, of days that are left, of numbers and of fingerprints change with the day of
/// issue.
fn timeless(text: &str, lang: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let line = line.replace(&module().display().to_string(), "MODULE");
        let mut dated = false;
        let words = line.split(' ').map(|word| timeless_word(word, lang, &mut dated));
        lines.push(words.collect::<Vec<String>>().join(" "));
    }
    lines.join("\n")
}

fn timeless_word(word: &str, lang: &str, dated: &mut bool) -> String {
    let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
    let is_date = match lang {
        "fr" => bare.len() == 10 && bare.as_bytes()[2] == b'/',
        _ => bare.len() == 10 && bare.as_bytes()[4] == b'-',
    };
    let name = match bare {
        _ if is_date => "DATE",
        _ if bare.len() == 95 && hexadecimal(bare) => "FINGERPRINT",
        _ if bare.len() == 32 && hexadecimal(bare) => "SERIAL",
        // Days of a certificate stand behind its last one.
        _ if *dated && !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit()) => "N",
        // Dates on the card itself.
        _ if bare.len() == 8 && bare.starts_with("202") && hexadecimal(bare) => "DATE",
        _ => return word.to_owned(),
    };
    *dated |= is_date;
    word.replace(bare, name)
}

/// Every command on the card in the desk's reader, as one text.
fn screens(desk: &Desk, lang: &str) -> String {
    desk.file("pin", PIN);
    let mut text = String::new();
    for command in COMMANDS {
        let outcome = desk.line(&format!("{command} --lang {lang}"));
        text.push_str(&format!("$ cpx {command}\n"));
        let shown = timeless(&format!("{}{}", outcome.stdout, outcome.stderr), lang);
        text.push_str(&format!("{shown}\n[{}]\n\n", outcome.exit));
        // What programs get says the same, in words that are nobody's language.
        let json = desk.line(&format!("{command} --lang {lang} --json"));
        json.json();
        assert_eq!(json.exit, outcome.exit, "{command}");
    }
    text
}

fn expected(name: &str, lang: &str) -> std::path::PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screens");
    directory.join(format!("{name}.{lang}.txt"))
}

#[test]
fn every_persona_has_its_screens_in_both_languages() {
    let names: Vec<String> = persona::all()
        .iter()
        .map(|persona| persona.name.clone())
        .collect();
    assert!(names.len() >= 16, "{names:?}");
    testkit::each(names, |name| {
        let (desk, _) = Desk::with(name);
        for lang in ["fr", "en"] {
            compare(&expected(name, lang), &screens(&desk, lang));
        }
    });
}

#[test]
fn a_card_over_its_antenna_has_its_screens() {
    let desk = Desk::new();
    desk.service.insert(READER, card(CPS3, Interface::Contactless));
    for lang in ["fr", "en"] {
        compare(&expected("contactless", lang), &screens(&desk, lang));
    }
}

#[test]
fn readers_without_a_card_of_ours_say_what_is_in_them() {
    let desk = Desk::new();
    let insured = sim_cards::insured::find("insured-alone").unwrap();
    for reader in ["Mute 00 00", "Foreign 00 00", "Held 00 00"] {
        desk.service.plug(reader);
    }
    desk.service.plug("Vitale 00 00");
    let vitale = sim_cards::SimCard::vitale(&insured, &Default::default());
    desk.service.insert("Vitale 00 00", vitale);
    desk.service.insert_mute("Mute 00 00");
    // A bank card.
    let bank = [0x3B, 0x65, 0x00, 0x00, 0x20, 0x63, 0xCB, 0x68, 0x00];
    desk.service.insert_bare("Foreign 00 00", &bank);
    desk.service.insert("Held 00 00", card(CPS3, Interface::Contact));
    desk.service.hold("Held 00 00");
    for lang in ["fr", "en"] {
        compare(&expected("neighbours", lang), &screens(&desk, lang));
    }
}

#[test]
fn without_colours_there_are_none_and_with_them_there_are() {
    let (desk, _) = Desk::with("dentist-blocked-cps3");
    assert!(!desk.line("status").stdout.contains('\x1b'));
    assert!(desk.line("status --color always").stdout.contains("\x1b[31m"));
    assert!(desk.terminal(["status"]).end().1.contains("\x1b[31m"));
    assert!(
        !desk
            .terminal(["status", "--color", "never"])
            .end()
            .1
            .contains('\x1b')
    );
}

#[test]
fn the_guides_show_the_screens_of_the_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (lang, guide) in [("en", "cpx.md"), ("fr", "cpx.fr.md")] {
        let text = std::fs::read_to_string(root.join("../docs/guide").join(guide)).unwrap();
        let screens: Vec<String> = ["doctor-gp-cps4", "doctor"]
            .map(|name| std::fs::read_to_string(expected(name, lang)).unwrap())
            .into();
        let blocks: Vec<&str> = text.split("```\n").skip(1).step_by(2).collect();
        assert_eq!(blocks.len(), 3, "{guide}");
        for block in blocks {
            let block = timeless(block, lang);
            let shown = screens.iter().any(|screen| screen.contains(&block));
            assert!(shown, "{guide}: no screen has\n{block}");
        }
    }
}
