//! `cpx encrypt` and `cpx decrypt`: documents for the authentication key of a card, as CMS.

use std::path::{Path, PathBuf};

use der::Decode;
use x509_cert::Certificate;
use x509_cert::ext::pkix::{KeyUsage, KeyUsages};

use super::{Context, Report, describe};
use crate::arguments::{Decrypt, Encrypt};
use crate::card::certificate::CardCertificate;
use crate::cms::enveloped::{self, NotFor, Sealed};
use crate::cms::trust;
use crate::files;
use crate::message;
use crate::outcome::{Exit, Result, fail};
use crate::pin;
use crate::say;
use crate::screen::Mark;

const ENDING: &str = "p7m";

/// `cpx encrypt`.
pub fn encrypt(arguments: &Encrypt, context: &Context) -> Result<Report> {
    let document = files::read(&arguments.file)?;
    let mut recipients = Vec::new();
    for path in &arguments.to {
        // The certificate itself comes first; those behind it issued it.
        let Some(certificate) = trust::of_file(path)?.into_iter().next() else {
            continue;
        };
        if !deciphers(&certificate) {
            let path = path.display().to_string();
            return fail(Exit::Certificate, message!("encrypt-other-usage", path = path));
        }
        recipients.push(certificate);
    }
    let out = arguments.out.clone().unwrap_or_else(|| {
        let mut name = arguments.file.as_os_str().to_owned();
        name.push(format!(".{ENDING}"));
        PathBuf::from(name)
    });
    files::is_free(&out)?;
    let Some(sealed) = enveloped::encrypt(&document, &recipients) else {
        return fail(Exit::Certificate, message!("encrypt-impossible"));
    };
    files::write_new(&out, &sealed)?;
    Ok(done(&out, "encrypted", context))
}

/// Whether a certificate's key may decipher: not that of one for signing documents alone.
fn deciphers(certificate: &Certificate) -> bool {
    let usage = certificate
        .tbs_certificate()
        .get_extension::<KeyUsage>()
        .ok()
        .flatten();
    usage.is_none_or(|(_, usage)| usage.0 != KeyUsages::NonRepudiation)
}

/// `cpx decrypt`.
pub fn decrypt(arguments: &Decrypt, context: &Context) -> Result<Report> {
    let Some(sealed) = enveloped::read(&files::read(&arguments.file)?) else {
        return fail(Exit::Certificate, message!("decrypt-not-cms"));
    };
    if !sealed.is_known() {
        return fail(Exit::NotPossible, message!("decrypt-algorithm"));
    }
    let out = match (&arguments.out, arguments.file.extension()) {
        (Some(out), _) => out.clone(),
        (None, Some(ending)) if ending == ENDING => arguments.file.with_extension(""),
        (None, _) => return fail(Exit::Usage, message!("decrypt-out")),
    };
    files::is_free(&out)?;
    let module = context.module()?;
    let mut card = module.card(context.reader())?;
    let open = card.open()?;
    let (recipient, key) = key(&sealed, &open.certificates()?)?;
    let secret = pin::of_holder(&card, &arguments.pin, &context.texts)?;
    let busy = context.busy("busy-decrypting");
    pin::log_in(&mut card, &open, &secret)?;
    // What is wrong in the key shows as what is wrong in the document does.
    let plain = open
        .decrypt(&recipient.id, &key)?
        .and_then(|key| sealed.open(&key));
    drop(open);
    drop(busy);
    let Some(plain) = plain else {
        return fail(Exit::Certificate, message!("decrypt-damaged"));
    };
    files::write_new_for_oneself(&out, &plain)?;
    let mut report = done(&out, "decrypted", context);
    report.put("certificate", describe::certificate(&recipient));
    Ok(report)
}

/// The certificate of the card that a document is for, and the document's key.
fn key(sealed: &Sealed, certificates: &[CardCertificate]) -> Result<(CardCertificate, Vec<u8>)> {
    let mut why = "decrypt-not-for-card";
    for certificate in certificates {
        let Ok(decoded) = Certificate::from_der(&certificate.der) else {
            continue;
        };
        match sealed.key_for(&decoded) {
            Ok(key) => return Ok((certificate.clone(), key.to_vec())),
            Err(NotFor::Algorithm) => why = "decrypt-algorithm",
            Err(NotFor::Certificate) => {}
        }
    }
    let exit = match why {
        "decrypt-algorithm" => Exit::NotPossible,
        _ => Exit::Certificate,
    };
    fail(exit, why)
}

fn done(path: &Path, key: &'static str, context: &Context) -> Report {
    let mut report = Report::default();
    let path = path.display().to_string();
    let sign = context.screen.mark(Mark::Good);
    let words = match key {
        "encrypted" => say!(context.texts, "encrypted", path = path.clone()),
        _ => say!(context.texts, "decrypted", path = path.clone()),
    };
    report.text = format!("{sign} {words}\n");
    report.put("file", path);
    report
}
