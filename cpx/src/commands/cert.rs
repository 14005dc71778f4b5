//! `cpx cert`: the certificates of the card, listed and exported.

use der::Encode;
use der::pem::LineEnding;
use serde_json::Value;
use x509_cert::Certificate;

use super::{Context, Report, describe};
use crate::arguments::{Cert, Export};
use crate::card::certificate::CardCertificate;
use crate::cms::trust;
use crate::files;
use crate::message;
use crate::outcome::{Exit, Result, fail};
use crate::say;
use crate::screen::{Mark, Table, harmless};

/// The command.
pub fn run(arguments: &Cert, context: &Context) -> Result<Report> {
    match arguments {
        Cert::List => list(context),
        Cert::Export(arguments) => export(arguments, context),
    }
}

fn certificates(context: &Context) -> Result<Vec<CardCertificate>> {
    let module = context.module()?;
    let card = module.card(context.reader())?;
    let busy = context.busy("busy-reading");
    let certificates = card.open()?.certificates();
    drop(busy);
    certificates
}

fn list(context: &Context) -> Result<Report> {
    let (texts, screen) = (&context.texts, context.screen);
    let certificates = certificates(context)?;
    let mut report = Report::default();
    let mut parts = Vec::new();
    for certificate in &certificates {
        let mut table = Table::default();
        let (mark, words) = describe::standing(certificate, texts);
        if mark == Mark::Bad {
            report.end(Exit::Certificate);
        }
        table.line(texts.get(certificate.usage.key()), harmless(&certificate.label));
        let mut line = |key: &str, value: String| table.line_at(1, texts.get(key), value);
        line("validity", describe::with_mark(mark, &words, screen));
        line("begins", describe::day(certificate.not_before, texts));
        line("issuer", harmless(&certificate.issuer));
        line("serial", certificate.serial.clone());
        let bits = i64::try_from(certificate.key_bits).unwrap_or_default();
        line("key", say!(texts, "rsa-key", bits = bits));
        line("sha256", certificate.fingerprint());
        parts.push(table.text(screen));
    }
    report.text = parts.join("\n");
    let listed: Vec<Value> = certificates.iter().map(describe::certificate).collect();
    report.put("certificates", listed);
    Ok(report)
}

fn export(arguments: &Export, context: &Context) -> Result<Report> {
    let chain = match &arguments.chain {
        Some(path) => trust::of_file(path)?,
        None => Vec::new(),
    };
    let mut all = certificates(context)?.into_iter();
    let Some(certificate) = all.find(|certificate| certificate.usage == arguments.which) else {
        return fail(Exit::NotPossible, message!("no-such-certificate"));
    };
    let content = match arguments.der {
        true => certificate.der.clone(),
        false => in_pem(&certificate, chain).into_bytes(),
    };
    let mut report = Report::default();
    match &arguments.out {
        Some(path) => {
            files::write_new(path, &content)?;
            let path = path.display().to_string();
            let written = say!(context.texts, "written", path = path.clone());
            report.text = format!("{written}\n");
            report.put("file", path);
        }
        None => report.raw = Some(content),
    }
    report.put("certificate", describe::certificate(&certificate));
    Ok(report)
}

/// The certificate, then those that issued it, each by the one after it, as far as the bundle goes.
fn in_pem(certificate: &CardCertificate, authorities: Vec<Certificate>) -> String {
    let mut text = pem(&certificate.der);
    let mut last = der::Decode::from_der(&certificate.der).ok();
    // No chain of these authorities is longer than the bundle.
    for _ in 0..authorities.len() {
        let issuer = last.as_ref().and_then(|below: &Certificate| {
            let wanted = below.tbs_certificate().issuer();
            let is_root = below.tbs_certificate().subject() == wanted;
            let found = authorities
                .iter()
                .find(|authority| authority.tbs_certificate().subject() == wanted);
            found.filter(|_| !is_root).cloned()
        });
        let Some(issuer) = issuer else {
            break;
        };
        text.push_str(&pem(&issuer.to_der().unwrap_or_default()));
        last = Some(issuer);
    }
    text
}

fn pem(der: &[u8]) -> String {
    der::pem::encode_string("CERTIFICATE", LineEnding::LF, der).unwrap_or_default()
}
