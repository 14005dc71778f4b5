//! What an issuer writes on a card before it is handed over.

use crate::holder::date::Validity;
use crate::holder::persona::{Codes, Persona, VerbatimDirectory};
use crate::issuer::data::{self, DataObject};
use crate::kinds::chip::Chip;
use crate::pki::{self, Credentials, Usage};

/// The whole content of one card.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Of the card that is written.
    pub chip: Chip,
    /// Content of EF.SN.ICC: `5A 0A`, issuer, eight digits, check digit, filler.
    pub serial: [u8; 12],
    /// Label of TokenInfo; contains `CPS3` or `CPS4`, 32 characters at most.
    pub label: String,
    /// Keys and certificates.
    pub credentials: Credentials,
    /// Each under a label that [`crate::model::layout::location`] knows; others are left out.
    pub data: Vec<DataObject>,
    /// Content of EF_ACTUA; absent until the first update of a card.
    pub update_stamp: Option<Vec<u8>>,
    /// PIN and PUK.
    pub codes: Codes,
    /// Directory files in place of those that agree with the rest.
    pub directories: Vec<VerbatimDirectory>,
}

impl Profile {
    /// The card of a holder, on any chip, with certificates of this validity.
    pub fn of(persona: &Persona, chip: Chip, validity: &Validity) -> Self {
        let mut credentials = pki::credentials(persona, validity);
        for verbatim in &persona.verbatim_certificates {
            let credential = match verbatim.key {
                Usage::Signature => &mut credentials.signature,
                Usage::Authentication => &mut credentials.authentication,
                Usage::Technical => &mut credentials.technical,
            };
            credential.certificate.clone_from(&verbatim.content);
        }
        Self {
            chip,
            serial: persona.serial,
            label: format!("{chip}-{}", persona.serial_digits()),
            credentials,
            data: data::data_objects_at(persona, chip, validity),
            update_stamp: persona.ef_actua.as_ref().map(|stamp| stamp.content()),
            codes: persona.codes.clone(),
            directories: persona.verbatim_directories.clone(),
        }
    }
}
