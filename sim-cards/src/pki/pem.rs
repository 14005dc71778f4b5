//! Textual encodings (RFC 7468).

use der::pem::{LineEnding, encode_string};
use rsa::pkcs8::EncodePrivateKey;

use super::credential::Credential;

/// `-----BEGIN CERTIFICATE-----` and what follows.
pub fn certificate(der: &[u8]) -> String {
    encode("CERTIFICATE", der)
}

/// `-----BEGIN X509 CRL-----` and what follows.
pub fn revocation_list(der: &[u8]) -> String {
    encode("X509 CRL", der)
}

/// The key as PKCS #8.
pub fn private_key(credential: &Credential) -> String {
    let der = credential.key.to_pkcs8_der().expect("an RSA key has an encoding");
    encode("PRIVATE KEY", der.as_bytes())
}

fn encode(label: &str, der: &[u8]) -> String {
    encode_string(label, LineEnding::LF, der).expect("a constant label and a bounded length")
}
