//! The authorities of the lab: the shape of IGC-Santé, three roots with two authorities below each, under names that
//! nobody can take for real.

use rsa::PrivateKey;

use super::certificate::{self, Template};
use super::der::{
    context_constructed, sequence, sha256_with_rsa, small_integer, tlv, unsigned_integer, utc_time,
};
use super::{extensions, keys, name};
use crate::holder::date::{Midnight, Period, Validity};
use crate::holder::persona::Persona;
use crate::model::guesses;

/// Where the addresses in the certificates point: the machine of the test itself.
pub const PUBLICATION: &str = "http://localhost:8971";
/// Where the LDAP addresses point: a name that no resolver knows (RFC 6761 §6.4).
const DIRECTORY: &str = "ldap://annuaire-igc.lab.invalid";
const ORGANISATION: &str = "LAB - NOT A REAL AUTHORITY";
const REGISTRATION: &str = "0002 000000000";
const UNIT: &str = "IGC-SANTE LAB";
const ANY_POLICY: &str = "2.5.29.32.0";

/// Tells the certificates of authorities from others.
const USAGE: &str = "authority";

/// Longer than any certificate of the lab; up to the last year of UTCTime.
const LIFE: Period = Period {
    not_before: Midnight::new(2010, 1, 1),
    not_after: Midnight::new(2049, 12, 31),
};

/// The three trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    Elementaire,
    Standard,
    Fort,
}

/// The place in a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    Root,
    Personnes,
    Organisations,
}

/// One of the nine authorities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authority {
    pub tier: Tier,
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

    /// Its certificate, DER; the same at all times.
    pub fn certificate(self) -> Vec<u8> {
        let issuer = self.root();
        let path_length = (self.rank != Rank::Root).then_some(0);
        let key = self.key().to_public_key();
        Template {
            issuer,
            subject: self.name(),
            usage: USAGE,
            period: LIFE,
            key: &key,
            extensions: vec![
                extensions::authority(path_length),
                extensions::key_usage(extensions::KeyUsage::CertificatesAndRevocationLists),
                extensions::certificate_policies(ANY_POLICY, &policy_statement()),
                extensions::subject_key_identifier(&key),
                issuer.key_identifier(),
                issuer.crl_distribution_points(0),
            ],
        }
        .issue()
    }

    /// Serial numbers of the certificates that a root issued: its own and those of its tree.
    pub(crate) fn subordinate_serials(self) -> Vec<[u8; 16]> {
        let tree = Authority::all()
            .into_iter()
            .filter(|authority| authority.root() == self);
        tree.map(|authority| certificate::serial_number(self, &authority.name(), USAGE, &LIFE))
            .collect()
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

    /// Its revocation list, DER, with the certificates of those `personas` whose cards are revoked.
    pub fn revocation_list(self, personas: &[Persona], validity: &Validity) -> Vec<u8> {
        let period = validity.two_months();
        let revoked: Vec<Vec<u8>> = personas
            .iter()
            .flat_map(|persona| super::person::revoked_serials(persona, self, validity))
            .map(|serial| {
                sequence(&[
                    unsigned_integer(&serial),
                    utc_time(period.not_before),
                    sequence(&[extensions::key_compromise()]),
                ])
            })
            .collect();
        let number: u32 = period.not_before.digits().parse().expect("digits");
        let crl_extensions = sequence(&[
            self.key_identifier(),
            extensions::crl_number(&number.to_be_bytes()),
        ]);
        let list = sequence(&[
            small_integer(1),
            sha256_with_rsa(),
            self.name(),
            utc_time(period.not_before),
            utc_time(period.not_after),
            // The list of revoked certificates is absent rather than empty (RFC 5280 §5.1.2.6).
            if revoked.is_empty() {
                Vec::new()
            } else {
                sequence(&revoked)
            },
            tlv(context_constructed(0), &crl_extensions),
        ]);
        certificate::sign(&self.key(), &list)
    }
}

/// Where every certificate says that its policy is written.
pub(crate) fn policy_statement() -> String {
    format!("{PUBLICATION}/PC%20LAB")
}
