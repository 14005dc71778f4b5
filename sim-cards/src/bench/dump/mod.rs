//! The file tree of a card, decoded for people: files, sizes, access rules, PKCS #15 directories, data objects.

mod certificate;
mod content;
mod pkcs15;
mod text;

use std::fmt;

use crate::card::SimCard;
use crate::chips::codes::Code;
use crate::iso7816::files::{AccessRules, File, Kind};
use crate::model::names;
use crate::text::hex;

/// Shows a card; see [`SimCard::dump`]. Everything that a personaliser wrote is shown, protected data included, but
/// neither codes nor private keys.
pub struct Dump<'a>(pub(crate) &'a SimCard);

impl SimCard {
    /// The whole card as text for people, whatever its codes protect.
    pub fn dump(&self) -> Dump<'_> {
        Dump(self)
    }
}

impl fmt::Display for Dump<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let card = self.0;
        writeln!(f, "ATR {}", hex::encode(card.atr()))?;
        let codes = card.codes();
        for (name, code) in [
            ("holder code", &codes.holder),
            ("unblocking code", &codes.unblocking),
        ] {
            if code.tries_max() > 0 {
                writeln!(f, "{name}: {}", tries(code))?;
            }
        }
        for (way, tree) in card.trees() {
            writeln!(f, "\n{way}")?;
            let mut files: Vec<&File> = tree.files().iter().collect();
            files.sort_by(|one, other| one.path.cmp(&other.path));
            for file in files {
                show(f, file)?;
            }
        }
        Ok(())
    }
}

fn tries(code: &Code) -> String {
    let uses = code
        .uses_left()
        .map(|uses| format!(", {uses} uses left"))
        .unwrap_or_default();
    format!("{} of {} tries left{uses}", code.tries_left(), code.tries_max())
}

fn show(f: &mut fmt::Formatter<'_>, file: &File) -> fmt::Result {
    let indent = "  ".repeat(file.path.len());
    let name = names::file(&file.path).unwrap_or_default();
    write!(f, "{indent}{:04X}  {name}", file.identifier())?;
    match &file.kind {
        Kind::Dedicated { name: Some(aid) } => writeln!(f, "  name {}", hex::encode(aid)),
        Kind::Dedicated { name: None } => writeln!(f),
        Kind::Elementary { short, content } => {
            let short = short
                .map(|short| format!("  SFI {short:02X}"))
                .unwrap_or_default();
            writeln!(f, "  {} bytes{short}  {}", content.len(), access(&file.rules))?;
            for line in content::lines(&name, content) {
                writeln!(f, "{indent}      {line}")?;
            }
            Ok(())
        }
    }
}

/// Reading and updating on both interfaces; the other access modes are the issuer's on every file.
fn access(rules: &AccessRules) -> String {
    let interface = |conditions: &[u8; 6]| {
        let [.., update, read] = conditions;
        if conditions.iter().all(|condition| *condition == 0xFF) {
            return "nothing".to_owned();
        }
        format!("read {}, update {}", condition(*read), condition(*update))
    };
    format!(
        "contact: {}; contactless: {}",
        interface(&rules.contact),
        interface(&rules.contactless)
    )
}

/// A security condition byte (ISO 7816-4 §5.4.3.2).
fn condition(byte: u8) -> &'static str {
    match byte {
        0x00 => "free",
        0xFF => "never",
        0x55 => "holder code or issuer",
        byte if byte & 0x40 != 0 => "issuer",
        byte if byte & 0x10 != 0 => "holder code",
        _ => "by an unknown condition",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::holder::persona;
    use crate::options::Options;

    #[test]
    fn every_card_can_be_dumped() {
        for persona in persona::all() {
            let card = SimCard::from_persona(&persona, &Options::default());
            let text = card.dump().to_string();
            for expected in [
                &*persona.identifier,
                "EF.ODF",
                "CPS_PRIV_SIG",
                "Certificat d'Authentification CPS",
                "CPS_NAME_PS",
            ] {
                assert!(
                    text.contains(expected),
                    "{}: no {expected} in\n{text}",
                    persona.name
                );
            }
            for situation in &persona.situations {
                assert!(text.contains(&situation.structure), "{}", persona.name);
            }
        }
    }

    #[test]
    fn codes_and_private_keys_stay_inside() {
        let persona = persona::find("doctor-gp-cps4").unwrap();
        let options = Options {
            pin: Some("86420975".into()),
            ..Options::default()
        };
        let text = SimCard::from_persona(&persona, &options).dump().to_string();
        assert!(!text.contains("86420975") && !text.contains("3836343230393735"));
    }
}
