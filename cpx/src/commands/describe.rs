//! What several commands say of cards and certificates, in words and for programs.

use std::time::SystemTime;

use der::DateTime;
use serde_json::{Value, json};

use crate::card::certificate::{CardCertificate, SOON, Standing};
use crate::card::identifier::PersonId;
use crate::card::tables;
use crate::module::Tries;
use crate::say;
use crate::screen::{Mark, Screen};
use crate::texts::Texts;

/// A day in the order of the language.
pub fn day(date: DateTime, texts: &Texts) -> String {
    say!(
        texts,
        "date",
        year = date.year().to_string(),
        month = format!("{:02}", date.month()),
        day = format!("{:02}", date.day()),
    )
}

/// A moment for programs: RFC 3339.
pub fn moment(date: DateTime) -> String {
    date.to_string()
}

/// How a certificate stands, as a mark and in words.
pub fn standing(certificate: &CardCertificate, texts: &Texts) -> (Mark, String) {
    let end = day(certificate.not_after, texts);
    match certificate.standing(SystemTime::now()) {
        Standing::NotYet => {
            let begin = day(certificate.not_before, texts);
            (Mark::Bad, say!(texts, "certificate-not-yet", day = begin))
        }
        Standing::Expired => (Mark::Bad, say!(texts, "certificate-expired", day = end)),
        Standing::Valid(days) if days < SOON => (
            Mark::Warning,
            say!(texts, "certificate-soon", day = end, days = days),
        ),
        Standing::Valid(days) => (
            Mark::Good,
            say!(texts, "certificate-valid", day = end, days = days),
        ),
    }
}

/// The word of a standing for programs, and the days that are left.
pub fn standing_for_programs(certificate: &CardCertificate) -> (&'static str, Option<i64>) {
    match certificate.standing(SystemTime::now()) {
        Standing::NotYet => ("not-yet-valid", None),
        Standing::Expired => ("expired", None),
        Standing::Valid(days) if days < SOON => ("expires-soon", Some(days)),
        Standing::Valid(days) => ("valid", Some(days)),
    }
}

/// A certificate for programs.
pub fn certificate(certificate: &CardCertificate) -> Value {
    let (state, days) = standing_for_programs(certificate);
    json!({
        "use": certificate.usage.word(),
        "label": certificate.label,
        "state": state,
        "not_before": moment(certificate.not_before),
        "not_after": moment(certificate.not_after),
        "days_left": days,
        "issuer": certificate.issuer,
        "serial": certificate.serial,
        "key_bits": certificate.key_bits,
        "sha256": certificate.fingerprint(),
    })
}

/// The holder for programs: codes with their tables, nothing translated.
pub fn holder(certificate: &CardCertificate) -> Value {
    let identifier = certificate.identifier();
    json!({
        "id": certificate.common_name,
        "id_kind": identifier.as_ref().map(|id| id.kind),
        "number": identifier.as_ref().map(|id| id.number.clone()),
        "register": identifier.as_ref().and_then(|id| id.register.clone()),
        "check_digit": identifier.as_ref().and_then(PersonId::is_checked),
        "surname": certificate.surname,
        "given_name": certificate.given_name,
        "organisation": certificate.organisation,
        "title": certificate.title,
        "profession": certificate.profession,
        "future_profession": certificate.future_profession,
        "specialities": certificate.specialities,
    })
}

/// A national identifier in words.
pub fn identifier(id: &PersonId, texts: &Texts) -> String {
    let kind = texts.get(id.kind_key());
    let mut words = format!("{kind} {}", id.number);
    if let Some(register) = &id.register {
        words.push_str(&say!(texts, "id-register", number = register.clone()));
    }
    words
}

/// Table, code and meaning of a profession.
pub fn profession(certificate: &CardCertificate, texts: &Texts) -> Option<String> {
    let coded = match (&certificate.profession, &certificate.future_profession) {
        (Some(code), _) => Some(("G15", code)),
        (None, Some(code)) => Some(("G16", code)),
        (None, None) => None,
    };
    coded.map(|(table, code)| tables::with_meaning(table, code, texts.lang))
}

/// The holder in one line.
pub fn holder_line(certificate: &CardCertificate, texts: &Texts) -> String {
    let mut parts = Vec::new();
    parts.extend(certificate.holder());
    let coded = certificate.profession.as_deref().map(|code| ("G15", code));
    let coded = coded.or(certificate.future_profession.as_deref().map(|code| ("G16", code)));
    let meaning = coded.and_then(|(table, code)| tables::meaning(table, code, texts.lang));
    parts.extend(meaning.map(str::to_owned).or(certificate.title.clone()));
    parts.extend(certificate.identifier().map(|id| identifier(&id, texts)));
    parts.join(" · ")
}

/// The type of a card, such as CPS or CDE/CPE.
pub fn card_type(certificate: &CardCertificate, texts: &Texts) -> Option<String> {
    let code = certificate.card_type.as_deref()?;
    let meaning = tables::meaning("G02", code, texts.lang);
    Some(meaning.unwrap_or(code).to_owned())
}

/// The mark of tries.
pub fn tries_mark(tries: Tries) -> Mark {
    match tries {
        Tries::NoPin | Tries::All => Mark::Good,
        Tries::Fewer | Tries::Last => Mark::Warning,
        Tries::None => Mark::Bad,
    }
}

/// The PIN of the holder for programs. A card takes three tries.
pub fn pin_for_programs(tries: Tries) -> Value {
    let (state, number) = match tries {
        Tries::NoPin => ("none", None),
        Tries::All => ("ok", Some(3)),
        Tries::Fewer => ("low", Some(2)),
        Tries::Last => ("last", Some(1)),
        Tries::None => ("blocked", Some(0)),
    };
    json!({ "state": state, "tries": number })
}

/// The unblocking code for programs: PKCS #11 tells how it stands, and not the number of its tries.
pub fn puk_for_programs(tries: Tries) -> Value {
    let state = match tries {
        Tries::NoPin => "none",
        Tries::All => "ok",
        Tries::Fewer => "low",
        Tries::Last => "last",
        Tries::None => "blocked",
    };
    json!({ "state": state })
}

/// Words with their mark in front, where they are no good news.
pub fn with_mark(mark: Mark, words: &str, screen: Screen) -> String {
    match mark {
        Mark::Good => words.to_owned(),
        _ => format!("{} {}", screen.mark(mark), screen.marked(mark, words)),
    }
}
