//! `cpx sign` and `cpx verify`: documents signed with the signature key of the card, as CMS.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use der::{DateTime, Decode};
use serde_json::{Value, json};
use x509_cert::Certificate;

use super::{Context, Report, describe};
use crate::arguments::{Sign, Verify};
use crate::card::certificate::{CardCertificate, Standing, Use, part};
use crate::cms::sign::Unsigned;
use crate::cms::trust;
use crate::cms::verify::{self, Verdict, World};
use crate::files;
use crate::message;
use crate::outcome::{Exit, Failure, Result, fail};
use crate::pin;
use crate::say;
use crate::screen::{Mark, harmless};
use crate::system::System;

/// A signature beside its document.
fn beside(document: &std::path::Path) -> PathBuf {
    let mut name = document.as_os_str().to_owned();
    name.push(".p7s");
    PathBuf::from(name)
}

fn unencodable(_: der::Error) -> Failure {
    Failure::new(Exit::Certificate, message!("sign-unencodable"))
}

/// `cpx sign`.
pub fn sign(arguments: &Sign, context: &Context) -> Result<Report> {
    let document = files::read(&arguments.file)?;
    let chain = match &arguments.chain {
        Some(path) => trust::of_file(path)?,
        None => Vec::new(),
    };
    let out = arguments.out.clone().unwrap_or_else(|| beside(&arguments.file));
    files::is_free(&out)?;
    let module = context.module()?;
    let mut card = module.card(context.reader())?;
    let open = card.open()?;
    let mut certificates = open.certificates()?.into_iter();
    let Some(signer) = certificates.find(|certificate| certificate.usage == Use::Signature) else {
        return fail(Exit::NotPossible, message!("no-such-certificate"));
    };
    if !matches!(signer.standing(SystemTime::now()), Standing::Valid(_)) {
        return fail(Exit::Certificate, message!("sign-out-of-date"));
    }
    let certificate = Certificate::from_der(&signer.der).map_err(unencodable)?;
    let unsigned = Unsigned::new(&document, certificate, arguments.attached).map_err(unencodable)?;
    let to_sign = unsigned.to_sign().map_err(unencodable)?;
    let secret = pin::of_holder(&card, &arguments.pin, &context.texts)?;
    let busy = context.busy("busy-signing");
    pin::log_in(&mut card, &open, &secret)?;
    let signature = open.sign(&signer.id, &to_sign)?;
    drop(open);
    drop(busy);
    let signed = unsigned.signed(&signature, chain).map_err(unencodable)?;
    files::write_new(&out, &signed)?;
    let mut report = Report::default();
    let path = out.display().to_string();
    let sign = context.screen.mark(Mark::Good);
    report.text = format!("{sign} {}\n", say!(context.texts, "signed", path = path.clone()));
    report.put("file", path);
    report.put("attached", arguments.attached);
    report.put("certificate", describe::certificate(&signer));
    Ok(report)
}

/// `cpx verify`.
pub fn verify(arguments: &Verify, context: &Context) -> Result<Report> {
    let (document, signature) = inputs(arguments)?;
    let mut trusted = Vec::new();
    for path in &arguments.trust {
        trusted.extend(trust::of_file(path)?);
    }
    if arguments.trust.is_empty() {
        trusted = trust::of_system(&System::of_environment(None));
    }
    let lists = arguments.crl.iter().map(|path| files::read(path));
    let world = World {
        now: SystemTime::now(),
        trusted,
        lists: lists.collect::<Result<Vec<Vec<u8>>>>()?,
    };
    let verdicts = verify::verify(&signature, document.as_deref(), &world);
    let mut report = Report::default();
    let points = || verdicts.iter().flat_map(|verdict| &verdict.points);
    let valid = points().all(|point| point.mark != Mark::Bad);
    for verdict in &verdicts {
        report.text.push_str(&told(verdict, context));
    }
    let sum = match (valid, points().all(|point| point.mark == Mark::Good)) {
        (true, true) => "verify-valid",
        (true, false) => "verify-valid-with-limits",
        (false, _) => "verify-invalid",
    };
    report.text.push_str(&format!("\n{}\n", context.texts.get(sum)));
    report.put("valid", valid);
    report.put(
        "signatures",
        verdicts.iter().map(for_programs).collect::<Vec<Value>>(),
    );
    if !valid {
        report.end(Exit::Certificate);
    }
    Ok(report)
}

/// The document, and the file with the signature: beside it, named, or one and the same.
fn inputs(arguments: &Verify) -> Result<(Option<Vec<u8>>, Vec<u8>)> {
    let named = files::read(&arguments.file)?;
    let beside = beside(&arguments.file);
    let signature = match &arguments.signature {
        Some(path) => files::read(path)?,
        None if beside.exists() => files::read(&beside)?,
        None => return Ok((verify::attached(&named), named)),
    };
    Ok((Some(named), signature))
}

fn told(verdict: &Verdict, context: &Context) -> String {
    let (texts, screen) = (&context.texts, context.screen);
    let mut text = String::new();
    let name = verdict.certificate.as_ref().and_then(common_name);
    if let Some(name) = name {
        text.push_str(&format!(
            "{}\n",
            say!(texts, "verify-signer", name = harmless(&name))
        ));
    }
    let time = verdict.signing_time.and_then(moment);
    if let Some(time) = time {
        text.push_str(&format!(
            "{}\n",
            say!(texts, "verify-time", time = time.to_string())
        ));
    }
    for point in &verdict.points {
        let words = texts.get(point.name);
        let reason = point.reason.map(|reason| format!(": {}", texts.get(reason)));
        let reason = reason.unwrap_or_default();
        text.push_str(&format!("{} {words}{reason}\n", screen.mark(point.mark)));
    }
    text
}

fn moment(time: Duration) -> Option<DateTime> {
    DateTime::from_unix_duration(time).ok()
}

/// Names of the signer, and the number by which a professional is known.
fn common_name(certificate: &Certificate) -> Option<String> {
    let decoded = CardCertificate::of(certificate)?;
    let names = [decoded.holder(), decoded.common_name];
    let names: Vec<String> = names.into_iter().flatten().collect();
    Some(names.join(" · "))
}

fn for_programs(verdict: &Verdict) -> Value {
    let points = verdict.points.iter().map(|point| {
        let reason = point
            .reason
            .map(|reason| reason.strip_prefix("reason-").unwrap_or(reason));
        let name = point.name.strip_prefix("point-").unwrap_or(point.name);
        json!({ "point": name, "level": point.mark.word(), "reason": reason })
    });
    let subject = verdict
        .certificate
        .as_ref()
        .map(|it| it.tbs_certificate().subject());
    let common_name = subject.and_then(|subject| part(subject, crate::card::certificate::COMMON_NAME));
    json!({
        "signer": common_name,
        "signing_time": verdict.signing_time.and_then(moment).map(|time| time.to_string()),
        "points": points.collect::<Vec<Value>>(),
    })
}
