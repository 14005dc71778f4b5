//! `cpx key list`: the keys by their PKCS #11 URI (RFC 7512), ready to be copied.

use serde_json::{Value, json};

use super::{Context, Report};
use crate::card::certificate::{CardCertificate, Use};
use crate::module::Card;
use crate::outcome::Result;
use crate::say;
use crate::screen::Table;

/// The command.
pub fn run(context: &Context) -> Result<Report> {
    let texts = &context.texts;
    let module = context.module()?;
    let card = module.card(context.reader())?;
    let busy = context.busy("busy-reading");
    let certificates = card.open()?.certificates()?;
    drop(busy);
    let mut report = Report::default();
    let mut parts = Vec::new();
    let mut listed: Vec<Value> = Vec::new();
    let path = module.path.display().to_string();
    for certificate in &certificates {
        let uri = uri(&card, certificate);
        let (key, cert) = (format!("{uri};type=private"), format!("{uri};type=cert"));
        let mut table = Table::default();
        table.line(texts.get(certificate.usage.key()), "");
        table.line_at(1, texts.get("private-key"), key.clone());
        table.line_at(1, texts.get("certificate"), cert.clone());
        parts.push(table.text(context.screen));
        listed.push(json!({
            "use": certificate.usage.word(),
            "key": key,
            "certificate": cert,
        }));
    }
    let login = certificates
        .iter()
        .find(|certificate| certificate.usage == Use::Authentication);
    if let Some(login) = login {
        let uri = format!("{};type=private", uri(&card, login));
        let help = say!(texts, "key-help", module = path.clone(), uri = uri);
        parts.push(format!("{help}\n"));
    }
    report.text = parts.join("\n");
    report.put("module", path);
    report.put("keys", listed);
    Ok(report)
}

/// The URI of a key pair's objects, without their type.
pub fn uri(card: &Card<'_>, certificate: &CardCertificate) -> String {
    let id: String = certificate.id.iter().map(|byte| format!("%{byte:02X}")).collect();
    format!(
        "pkcs11:token={};serial={};id={id}",
        encoded(card.token.label().trim()),
        encoded(card.token.serial_number().trim()),
    )
}

/// Per-cent encoding of what is not unreserved (RFC 3986).
fn encoded(text: &str) -> String {
    let mut whole = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                whole.push(char::from(byte));
            }
            _ => whole.push_str(&format!("%{byte:02X}")),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn a_label_survives_in_a_uri() {
        assert_eq!(encoded("CPS-2700 é;"), "CPS-2700%20%C3%A9%3B");
    }
}
