//! Numbers, rules and names. What each is for stands in `guesses.toml`.

use serde::{Deserialize, Deserializer};

use crate::iso7816::files::{AccessRules, ConditionBytes};
use crate::kinds::tier::Tier;
use crate::text::hex;

/// Files that a client finds through the directories of the card.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Files {
    pub contactless_application: u16,
    pub contact_application_label: String,
    pub contactless_application_label: String,
    pub aodf: u16,
    pub prkdf: u16,
    pub pukdf: u16,
    pub cdf: u16,
    pub dodf: u16,
    pub signature_certificate: u16,
    pub authentication_certificate: u16,
    pub technical_certificate: u16,
    pub signature_public_key: u16,
    pub authentication_public_key: u16,
    pub first_cps2ter_activity: u16,
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
    pub technical_key: u8,
    pub largest_authentication_input: usize,
    #[serde(deserialize_with = "bytes")]
    pub unblocking_code_rules: [u8; 6],
    #[serde(deserialize_with = "bytes")]
    pub key_rules: [u8; 6],
    #[serde(deserialize_with = "bytes")]
    pub technical_key_rules: [u8; 6],
    pub no_code: u16,
    #[serde(deserialize_with = "bytes")]
    pub contactless_files_by_contact: ConditionBytes,
    #[serde(deserialize_with = "bytes")]
    pub contactless_files_by_antenna: ConditionBytes,
}

/// What certificates say.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Certificates {
    pub authentication_policy: String,
    pub technical_policy: String,
    pub organisation_policy: String,
    pub organisation_tier: Tier,
    pub organisation_suffix: String,
    pub future_profession: String,
    pub card_number_end: String,
    pub tiers: Tiers,
}

/// Who certifies.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Tiers {
    pub cps: Tier,
    pub cpf: Tier,
    pub cpe: Tier,
    pub cde: Tier,
    pub cpa: Tier,
    pub cda: Tier,
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
