//! What tells one certificate from another.

use der::asn1::ObjectIdentifier;

use crate::iso7816::tlv::{self, Tlv};
use crate::text::hex;

const VERSION: u32 = 0xA0;

/// Attribute types of the names in the certificates (X.520).
const ATTRIBUTES: [(&str, &str); 9] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.6", "C"),
    ("2.5.4.8", "ST"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.42", "GN"),
    ("2.5.4.65", "pseudonym"),
];

/// Serial number, issuer, validity and subject of a certificate; `None` if the bytes are none.
pub fn lines(der: &[u8]) -> Option<Vec<String>> {
    let (certificate, []) = tlv::read(der)? else {
        return None;
    };
    let (to_be_signed, _) = tlv::read(certificate.value)?;
    let fields = tlv::read_all(to_be_signed.value)?;
    let fields = match fields.split_first()? {
        (version, rest) if version.tag == VERSION => rest,
        _ => &fields,
    };
    let [serial, _, issuer, validity, subject, ..] = fields else {
        return None;
    };
    let instants: Vec<&str> = tlv::read_all(validity.value)?
        .iter()
        .map(|instant| std::str::from_utf8(instant.value).unwrap_or("?"))
        .collect();
    Some(vec![
        format!("serial number: {}", hex::encode(serial.value)),
        format!("issuer: {}", name(issuer)?),
        format!("valid: {}", instants.join(" to ")),
        format!("subject: {}", name(subject)?),
    ])
}

/// A distinguished name in the order it is written; `+` joins the parts of one RDN.
fn name(name: &Tlv<'_>) -> Option<String> {
    let rdns: Option<Vec<String>> = tlv::read_all(name.value)?
        .iter()
        .map(|rdn| {
            let attributes: Option<Vec<String>> = tlv::read_all(rdn.value)?.iter().map(attribute).collect();
            Some(attributes?.join(" + "))
        })
        .collect();
    Some(rdns?.join(", "))
}

fn attribute(attribute: &Tlv<'_>) -> Option<String> {
    let parts = tlv::read_all(attribute.value)?;
    let [kind, value] = parts.as_slice() else {
        return None;
    };
    let dotted = ObjectIdentifier::from_bytes(kind.value).ok()?.to_string();
    let name = ATTRIBUTES
        .iter()
        .find(|(oid, _)| *oid == dotted)
        .map_or(&*dotted, |(_, name)| name);
    Some(format!("{name}={}", String::from_utf8_lossy(value.value)))
}
