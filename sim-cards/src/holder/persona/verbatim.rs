//! Certificates and directory files that a card holds byte for byte, in place of what the lab would write: what real
//! cards were seen with, and what no issuer should write.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::error::PersonaError;
use crate::iso7816::interface::Interface;
use crate::kinds::usage::Usage;
use crate::text::hex;

/// Bytes of the longest file: where the offsets of READ BINARY end.
pub(super) const LARGEST_FILE: usize = 0x7FFF;

/// A certificate file with this content, whatever it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerbatimCertificate {
    /// Whose key has it.
    pub key: Usage,
    /// Content of the file, 32767 bytes at most.
    pub content: Vec<u8>,
}

/// A directory file of PKCS #15 with this content, whatever it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerbatimDirectory {
    /// Which one.
    pub directory: Directory,
    /// In which application: that of the contacts, or of a CPS3's antenna.
    pub application: Interface,
    /// Content of the file, 32767 bytes at most.
    pub content: Vec<u8>,
}

/// The directory files of PKCS #15 (ISO 7816-15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Directory {
    /// Which other directory files there are.
    Odf,
    /// EF.TokenInfo.
    #[serde(rename = "token-info")]
    TokenInfo,
    /// Codes.
    Aodf,
    /// Private keys.
    PrKdf,
    /// Public keys.
    PuKdf,
    /// Certificates.
    Cdf,
    /// Data objects.
    Dodf,
}

/// `[[certificate]]` of a persona.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct FileCertificate {
    key: KeyName,
    file: Option<String>,
    content: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum KeyName {
    Signature,
    Authentication,
    Technical,
}

/// `[[directory]]` of a persona.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct FileDirectory {
    name: Directory,
    #[serde(default)]
    application: ApplicationName,
    file: Option<String>,
    content: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
enum ApplicationName {
    #[default]
    Contact,
    Contactless,
}

impl FileCertificate {
    /// Files are looked for from `folder`. PEM becomes DER; everything else stays as it is.
    pub(super) fn read(self, folder: &Path) -> Result<VerbatimCertificate, PersonaError> {
        let options = ["certificate.file", "certificate.content"];
        let content = content(options, self.file, self.content, folder)?;
        let content = if content.trim_ascii_start().starts_with(b"-----BEGIN ") {
            der::pem::decode_vec(content.trim_ascii())
                .map(|(_, der)| der)
                .map_err(|_| PersonaError::value(options[0], "PEM that cannot be decoded"))?
        } else {
            content
        };
        let key = match self.key {
            KeyName::Signature => Usage::Signature,
            KeyName::Authentication => Usage::Authentication,
            KeyName::Technical => Usage::Technical,
        };
        Ok(VerbatimCertificate { key, content })
    }
}

impl FileDirectory {
    /// Files are looked for from `folder`.
    pub(super) fn read(self, folder: &Path) -> Result<VerbatimDirectory, PersonaError> {
        let options = ["directory.file", "directory.content"];
        Ok(VerbatimDirectory {
            directory: self.name,
            application: match self.application {
                ApplicationName::Contact => Interface::Contact,
                ApplicationName::Contactless => Interface::Contactless,
            },
            content: content(options, self.file, self.content, folder)?,
        })
    }
}

/// The bytes of a file, or those that stand in the persona as hexadecimal digits.
fn content(
    [in_file, in_place]: [&'static str; 2],
    file: Option<String>,
    digits: Option<String>,
    folder: &Path,
) -> Result<Vec<u8>, PersonaError> {
    match (file, digits) {
        (Some(file), None) => {
            let path = folder.join(file);
            let refused =
                |reason: &str| PersonaError::value(in_file, format!("{}: {reason}", path.display()));
            read(&path)
                .map_err(|error| refused(&error.to_string()))?
                .ok_or_else(|| refused("longer than 32767 bytes, the most that a card can hold in a file"))
        }
        (None, Some(digits)) => hex::decode(&digits)
            .filter(|content| content.len() <= LARGEST_FILE)
            .ok_or_else(|| PersonaError::value(in_place, "hexadecimal digits, 32767 bytes at most")),
        (Some(_), Some(_)) | (None, None) => Err(PersonaError::value(
            in_file,
            "give either file, a path, or content, hexadecimal digits",
        )),
    }
}

/// At most [`LARGEST_FILE`] bytes; `None` when there are more.
fn read(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    let mut content = Vec::new();
    File::open(path)?
        .take(LARGEST_FILE as u64 + 1)
        .read_to_end(&mut content)?;
    Ok((content.len() <= LARGEST_FILE).then_some(content))
}
