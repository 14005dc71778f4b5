//! What is in the readers: cards of ours, with PIN and certificates, and others.

use std::time::SystemTime;

use der::{DateTime, Decode};
use x509_cert::Certificate;

use super::service::short;
use super::{Context, Findings};
use crate::card::certificate::{CardCertificate, SOON, Standing, hex};
use crate::cms::trust;
use crate::message;
use crate::module::{Card, Module, Place, Tries};
use crate::system::{System, processes};
use crate::texts::Message;

/// All readers.
pub fn examine(module: &Module, system: &System, context: &Context, findings: &mut Findings) {
    let places = match module.places(context.reader()) {
        Ok(places) => places,
        Err(failure) => return findings.failure(failure),
    };
    if places.iter().all(|(_, place)| matches!(place, Place::Empty)) {
        findings.warn("doctor-no-card");
    }
    for (reader, place) in places {
        let reader = short(&reader.name);
        match place {
            Place::Empty => {}
            Place::Mute => findings.bad(message!("doctor-card-mute", reader = reader)),
            Place::Held => findings.bad(held(reader, system)),
            Place::Ignored => findings.warn(message!("doctor-reader-ignored", reader = reader)),
            Place::Foreign("foreign-vitale", _) => {
                findings.note(message!("doctor-card-vitale", reader = reader));
            }
            Place::Foreign(_, atr) => findings.warn(foreign(reader, &atr)),
            Place::Unusable(failure) => findings.failure(failure),
            Place::Card(card) => ours(&card, reader, system, findings),
        }
    }
}

fn held(reader: String, system: &System) -> Message {
    let scdaemon = processes::all(system)
        .iter()
        .any(|process| process.name == "scdaemon");
    match scdaemon {
        true => message!("doctor-card-held-scdaemon", reader = reader),
        false => message!("doctor-card-held", reader = reader),
    }
}

/// Shorter texts in an answer to reset are chance.
const SHORTEST_NAME: usize = 4;

/// A card of another kind, by the text in its answer to reset if there is one.
fn foreign(reader: String, atr: &[u8]) -> Message {
    let printable = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b' ' || *byte == b'-';
    let runs = atr.split(|byte| !printable(byte));
    let name = runs
        .max_by_key(|run| run.len())
        .filter(|run| run.len() >= SHORTEST_NAME);
    match name {
        Some(name) => {
            let name = String::from_utf8_lossy(name).trim().to_owned();
            message!("doctor-card-foreign-named", reader = reader, name = name)
        }
        None => message!("doctor-card-foreign", reader = reader, atr = hex(atr)),
    }
}

fn ours(card: &Card<'_>, reader: String, system: &System, findings: &mut Findings) {
    let certificates = match card.open().and_then(|open| open.certificates()) {
        Ok(certificates) => certificates,
        Err(failure) => return findings.failure(failure),
    };
    findings.good(message!("doctor-card", reader = reader, chip = card.chip()));
    pins(card, findings);
    dates(&certificates, findings);
    if card.tries() != Tries::NoPin && matches!(card.pads_pss(), Ok(false)) {
        findings.note("doctor-chip-without-pss");
    }
    let authorities = trust::of_system(system);
    if let Some(certificate) = certificates.iter().find(|it| !is_trusted(it, &authorities)) {
        findings.note(message!(
            "doctor-authority-missing",
            issuer = certificate.issuer.clone()
        ));
    }
}

fn pins(card: &Card<'_>, findings: &mut Findings) {
    match card.tries() {
        Tries::NoPin => return findings.note("doctor-contactless"),
        Tries::All => findings.good("doctor-pin"),
        Tries::Fewer => findings.warn("doctor-pin-fewer"),
        Tries::Last => findings.warn("doctor-pin-last"),
        Tries::None => findings.bad("doctor-pin-blocked"),
    }
    match card.puk_tries() {
        Tries::None => findings.bad("doctor-puk-blocked"),
        Tries::Last => findings.warn("doctor-puk-last"),
        Tries::NoPin | Tries::All | Tries::Fewer => {}
    }
}

fn day(date: DateTime) -> String {
    format!("{}-{:02}-{:02}", date.year(), date.month(), date.day())
}

/// The dates of all certificates, of which the worst is told.
fn dates(certificates: &[CardCertificate], findings: &mut Findings) {
    let now = SystemTime::now();
    let standing = |certificate: &&CardCertificate| certificate.standing(now);
    let not_yet = certificates.iter().find(|it| standing(it) == Standing::NotYet);
    let first = certificates.iter().min_by_key(|it| it.not_after);
    let Some(first) = first else {
        return findings.bad("doctor-no-certificate");
    };
    let end = day(first.not_after);
    match (not_yet, first.standing(now)) {
        (Some(certificate), _) => {
            let begin = day(certificate.not_before);
            findings.bad(message!("doctor-certificate-not-yet", day = begin));
        }
        (None, Standing::Expired) => findings.bad(message!("doctor-certificate-expired", day = end)),
        (None, Standing::Valid(days)) if days < SOON => {
            findings.warn(message!("doctor-certificate-soon", day = end, days = days));
        }
        (None, _) => findings.good(message!("doctor-certificates", day = end)),
    }
}

/// Whether the authority that issued a certificate is among those of the system.
fn is_trusted(certificate: &CardCertificate, authorities: &[Certificate]) -> bool {
    let Ok(certificate) = Certificate::from_der(&certificate.der) else {
        return true;
    };
    let issuer = certificate.tbs_certificate().issuer();
    authorities
        .iter()
        .any(|authority| authority.tbs_certificate().subject() == issuer)
}
