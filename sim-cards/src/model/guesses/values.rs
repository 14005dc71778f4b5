//! Numbers, rules and names. What each is for stands in `guesses.toml`.

use serde::{Deserialize, Deserializer};

use crate::iso7816::files::{AccessRules, ConditionBytes};
use crate::kinds::tier::Tier;
use crate::text::hex;

/// Files that a client finds through the directories of the card.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Files {
    /// Directory of the contactless application of a CPS3.
    pub contactless_application: u16,
    /// Its label in EF.DIR.
    pub contact_application_label: String,
    /// Its label in EF.DIR.
    pub contactless_application_label: String,
    /// EF.AODF: PIN and PUK.
    pub aodf: u16,
    /// EF.PrKDF: private keys.
    pub prkdf: u16,
    /// EF.PuKDF: public keys, on a CPS4.
    pub pukdf: u16,
    /// EF.CDF: certificates.
    pub cdf: u16,
    /// EF.DODF: data objects.
    pub dodf: u16,
    /// Certificate of `CPS_PRIV_SIG`.
    pub signature_certificate: u16,
    /// Certificate of `CPS_PRIV_AUT`.
    pub authentication_certificate: u16,
    /// Certificate of `CPS_PRIV_TECH_AUT`.
    pub technical_certificate: u16,
    /// On a CPS4.
    pub signature_public_key: u16,
    /// On a CPS4.
    pub authentication_public_key: u16,
    /// CPS2TER_ACTIVITY_01_PS of a CPS4; the others follow.
    pub first_cps2ter_activity: u16,
    /// `[files.objects]`
    pub objects: Objects,
}

/// Files of the data objects, by their labels.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
pub struct Objects {
    pub cps_id_card: u16,
    pub cps_name_ps: u16,
    pub cps_lang_ps: u16,
    pub cps_info_ps: u16,
    pub cps_sit_fact: u16,
    #[serde(rename = "CPS2TER_ATR")]
    pub cps2ter_atr: u16,
    #[serde(rename = "CPS2TER_ID")]
    pub cps2ter_id: u16,
    #[serde(rename = "CPS2TER_ICC")]
    pub cps2ter_icc: u16,
    #[serde(rename = "CPS2TER_NAME")]
    pub cps2ter_name: u16,
    #[serde(rename = "CPS2TER_LANG")]
    pub cps2ter_lang: u16,
    #[serde(rename = "CPS2TER_PSINFO")]
    pub cps2ter_psinfo: u16,
    #[serde(rename = "CPS2TER_DIRAMO")]
    pub cps2ter_diramo: u16,
}

/// What the chips do.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Chips {
    /// Reference of the contactless key of a CPS3.
    pub technical_key: u8,
    /// Bytes that INTERNAL AUTHENTICATE of a CPS3 takes at most.
    pub largest_authentication_input: usize,
    /// Access rules of the PUK in the answer to GET DATA, access mode byte first.
    #[serde(deserialize_with = "bytes")]
    pub unblocking_code_rules: [u8; 6],
    /// The same of the keys of the contacts.
    #[serde(deserialize_with = "bytes")]
    pub key_rules: [u8; 6],
    /// The same of the contactless key.
    #[serde(deserialize_with = "bytes")]
    pub technical_key_rules: [u8; 6],
    /// Status word for commands about a PIN where a CPS3 has none, without contacts.
    pub no_code: u16,
    /// Rules of the contactless files through the contacts.
    #[serde(deserialize_with = "bytes")]
    pub contactless_files_by_contact: ConditionBytes,
    /// The same through the antenna.
    #[serde(deserialize_with = "bytes")]
    pub contactless_files_by_antenna: ConditionBytes,
}

/// What certificates say.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Certificates {
    /// Policy of authentication certificates, an OID in dots.
    pub authentication_policy: String,
    /// The same of technical ones.
    pub technical_policy: String,
    /// The same of organisations.
    pub organisation_policy: String,
    /// Tree of the authority for organisations.
    pub organisation_tier: Tier,
    /// End of the file names of the authorities for organisations.
    pub organisation_suffix: String,
    /// Extension of the profession of somebody in training, an OID in dots.
    pub future_profession: String,
    /// Two digits behind the eight of EF.SN.ICC.
    pub card_number_end: String,
    /// `[certificates.tiers]`
    pub tiers: Tiers,
}

/// Who certifies.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Tiers {
    /// For a regulated professional.
    pub cps: Tier,
    /// For a professional in training.
    pub cpf: Tier,
    /// For the staff of an establishment.
    pub cpe: Tier,
    /// For its director.
    pub cde: Tier,
    /// For the staff of an authorised structure.
    pub cpa: Tier,
    /// For its director.
    pub cda: Tier,
    /// For the contactless key, whosever card it is.
    pub technical: Tier,
}

impl Chips {
    /// Of files that are read freely, contactless only.
    pub fn contactless_files(&self) -> AccessRules {
        AccessRules {
            contact: self.contactless_files_by_contact,
            contactless: self.contactless_files_by_antenna,
        }
    }
}

/// Hexadecimal digits of as many bytes.
fn bytes<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<[u8; N], D::Error> {
    any_bytes(deserializer)?
        .try_into()
        .map_err(|_| serde::de::Error::custom(format!("{N} bytes are wanted, in hexadecimal digits")))
}

/// Hexadecimal digits.
pub fn any_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    hex::decode(&text).ok_or_else(|| serde::de::Error::custom("hexadecimal digits are wanted"))
}

impl Objects {
    /// The file of the data object of this label.
    pub fn file(&self, label: &str) -> Option<u16> {
        Some(match label {
            "CPS_ID_CARD" => self.cps_id_card,
            "CPS_NAME_PS" => self.cps_name_ps,
            "CPS_LANG_PS" => self.cps_lang_ps,
            "CPS_INFO_PS" => self.cps_info_ps,
            "CPS_SIT_FACT" => self.cps_sit_fact,
            "CPS2TER_ATR" => self.cps2ter_atr,
            "CPS2TER_ID" => self.cps2ter_id,
            "CPS2TER_ICC" => self.cps2ter_icc,
            "CPS2TER_NAME" => self.cps2ter_name,
            "CPS2TER_LANG" => self.cps2ter_lang,
            "CPS2TER_PSINFO" => self.cps2ter_psinfo,
            "CPS2TER_DIRAMO" => self.cps2ter_diramo,
            _ => return None,
        })
    }
}
