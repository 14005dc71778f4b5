//! The authorities of the lab: the shape of IGC-Santé, three roots with two authorities below each, under names that
//! nobody can take for real.

use rsa::PrivateKey;

use super::{extensions, keys, name};
use crate::kinds::tier::Tier;
use crate::model::guesses;

/// Where the addresses in the certificates point: the machine of the test itself.
pub const PUBLICATION: &str = "http://localhost:8971";
/// Where the LDAP addresses point: a name that no resolver knows (RFC 6761 §6.4).
const DIRECTORY: &str = "ldap://annuaire-igc.lab.invalid";
const ORGANISATION: &str = "LAB - NOT A REAL AUTHORITY";
const REGISTRATION: &str = "0002 000000000";
const UNIT: &str = "IGC-SANTE LAB";

/// The place in a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// The root of its tree.
    Root,
    /// Certifies persons.
    Personnes,
    /// Certifies organisations.
    Organisations,
}

/// One of the nine authorities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authority {
    /// Its tree.
    pub tier: Tier,
    /// Its place in the tree.
    pub rank: Rank,
}

impl Authority {
    /// Three roots, then six subordinate authorities.
    pub fn all() -> [Authority; 9] {
        let all = |rank| [Tier::Elementaire, Tier::Standard, Tier::Fort].map(|tier| Authority { tier, rank });
        let [a, b, c] = all(Rank::Root);
        let [d, e, f] = all(Rank::Personnes);
        let [g, h, i] = all(Rank::Organisations);
        [a, b, c, d, e, f, g, h, i]
    }

    /// The root of its tree.
    pub fn root(self) -> Authority {
        Authority {
            rank: Rank::Root,
            ..self
        }
    }

    /// For instance `LAB AC IGC-SANTE FORT PERSONNES`.
    pub fn common_name(self) -> String {
        let tier = match self.tier {
            Tier::Elementaire => "ELEMENTAIRE",
            Tier::Standard => "STANDARD",
            Tier::Fort => "FORT",
        };
        match self.rank {
            Rank::Root => format!("LAB AC RACINE IGC-SANTE {tier}"),
            Rank::Personnes => format!("LAB AC IGC-SANTE {tier} PERSONNES"),
            Rank::Organisations => format!("LAB AC IGC-SANTE {tier} ORGANISATIONS"),
        }
    }

    /// Stem of its files, as IGC-Santé names them: `ACR-FO`, `ACI-FO-PP`.
    pub fn file_stem(self) -> String {
        self.stem(&guesses::get().certificates.organisation_suffix)
    }

    fn stem(self, organisations: &str) -> String {
        let tier = match self.tier {
            Tier::Elementaire => "EL",
            Tier::Standard => "ST",
            Tier::Fort => "FO",
        };
        match self.rank {
            Rank::Root => format!("ACR-{tier}"),
            Rank::Personnes => format!("ACI-{tier}-PP"),
            Rank::Organisations => format!("ACI-{tier}-{organisations}"),
        }
    }

    /// Distinguished name, DER.
    pub fn name(self) -> Vec<u8> {
        name::french(&[
            &[(name::ORGANISATION, ORGANISATION)],
            &[(name::ORGANISATIONAL_UNIT, REGISTRATION)],
            &[(name::ORGANISATIONAL_UNIT, UNIT)],
            &[(name::COMMON_NAME, &self.common_name())],
        ])
    }

    /// RSA, 4096 bits.
    pub fn key(self) -> PrivateKey {
        keys::required(&self.stem("PM").to_lowercase())
    }

    /// authorityKeyIdentifier of what it issues.
    pub(crate) fn key_identifier(self) -> Vec<u8> {
        extensions::authority_key_identifier(&self.key().to_public_key())
    }

    /// cRLDistributionPoints of what it issues; the LDAP address can be made longer by `padding` characters.
    pub(crate) fn crl_distribution_points(self, padding: usize) -> Vec<u8> {
        let http = format!("{PUBLICATION}/CRL/{}-LAB.crl", self.file_stem());
        let ldap = format!(
            "{}{}",
            self.directory_address("certificaterevocationlist"),
            // An LDAP extension that a client may ignore (RFC 4516 §2).
            if padding == 0 {
                String::new()
            } else {
                format!("?x-lab={}", "0".repeat(padding))
            }
        );
        extensions::crl_distribution_points(&[&http, &ldap])
    }

    pub(crate) fn freshest_crl(self) -> Vec<u8> {
        extensions::freshest_crl(&self.directory_address("deltarevocationlist"))
    }

    pub(crate) fn information_access(self) -> Vec<u8> {
        let issuers = format!("{PUBLICATION}/AC%20LAB/{}-LAB.cer", self.file_stem());
        extensions::authority_info_access(&format!("{PUBLICATION}/ocsp"), &issuers)
    }

    fn directory_address(self, attribute: &str) -> String {
        let entry = format!(
            "cn={},ou={UNIT},ou={REGISTRATION},o={ORGANISATION},c=FR",
            self.common_name()
        );
        format!(
            "{DIRECTORY}/{}?{attribute};binary?base?objectClass=pkiCA",
            entry.replace(' ', "%20")
        )
    }
}

/// Where every certificate says that its policy is written.
pub(crate) fn policy_statement() -> String {
    format!("{PUBLICATION}/PC%20LAB")
}
