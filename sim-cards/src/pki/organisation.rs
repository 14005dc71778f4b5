//! Certificates that are not on a card: for the servers and the software that a test puts opposite to a card.
//!
//! Key usages, extended key usages, the parts of the name, the category and that an authority for ORGANISATIONS issues
//! them are those of real test certificates; for the rest see [`crate::model::guesses`].

use super::authority::{Authority, Rank, policy_statement};
use super::certificate::{Template, serial_number};
use super::credential::Credential;
use super::extensions::{self, KeyUsage, Purpose};
use super::{keys, name};
use crate::holder::date::Validity;
use crate::model::guesses;

/// Category of a software certificate of the test population (table G01).
const CATEGORY: u8 = 0x83;
const CLIENT_NAME: &str = "labo-client.invalid";
const SEAL_NAME: &str = "LABO CACHET";

/// A server known by one DNS name; the chain goes on with [`issuer`] and its root.
pub fn server(dns_name: &str, validity: &Validity) -> Credential {
    let usage = KeyUsage::DigitalSignatureAndKeyEncipherment;
    issue(
        "server",
        dns_name,
        usage,
        Purpose::ServerAndClient,
        Some(dns_name),
        validity,
    )
}

/// A structure's software as TLS client.
pub fn client(validity: &Validity) -> Credential {
    issue(
        "organisation-client",
        CLIENT_NAME,
        KeyUsage::DigitalSignature,
        Purpose::Client,
        None,
        validity,
    )
}

/// A structure's seal.
pub fn signature(validity: &Validity) -> Credential {
    let usage = KeyUsage::DigitalSignatureAndNonRepudiation;
    issue(
        "organisation-signature",
        SEAL_NAME,
        usage,
        Purpose::EmailProtection,
        None,
        validity,
    )
}

/// Serial numbers of the client's, of the seal's and of those of servers known by these names.
pub(crate) fn serials(dns_names: &[String], validity: &Validity) -> Vec<[u8; 16]> {
    let servers = dns_names.iter().map(|name| ("server", name.as_str()));
    [
        ("organisation-client", CLIENT_NAME),
        ("organisation-signature", SEAL_NAME),
    ]
    .into_iter()
    .chain(servers)
    .map(|(usage, common_name)| serial_number(issuer(), &subject(common_name), usage, &validity.current()))
    .collect()
}

/// The authority of all of them.
pub fn issuer() -> Authority {
    Authority {
        tier: guesses::get().certificates.organisation_tier,
        rank: Rank::Organisations,
    }
}

fn issue(
    key_name: &str,
    common_name: &str,
    usage: KeyUsage,
    purpose: Purpose,
    dns_name: Option<&str>,
    validity: &Validity,
) -> Credential {
    let key = keys::required(key_name);
    let public_key = key.to_public_key();
    let issuer = issuer();
    let mut extensions = vec![
        extensions::end_entity(),
        extensions::subject_key_identifier(&public_key),
        issuer.key_identifier(),
        extensions::key_usage(usage),
        extensions::certificate_policies(
            &guesses::get().certificates.organisation_policy,
            &policy_statement(),
        ),
        extensions::extended_key_usage(purpose),
        issuer.crl_distribution_points(0),
        issuer.freshest_crl(),
        issuer.information_access(),
    ];
    extensions.extend(dns_name.map(extensions::dns_name));
    extensions.push(extensions::category(CATEGORY));
    let certificate = Template {
        issuer,
        subject: subject(common_name),
        usage: key_name,
        period: validity.current(),
        key: &public_key,
        extensions,
    }
    .issue();
    Credential { key, certificate }
}

fn subject(common_name: &str) -> Vec<u8> {
    name::french(&[
        &[(name::STATE, "Seine-Maritime (76)")],
        &[(name::ORGANISATION, "LABO STRUCTURE")],
        &[(name::ORGANISATIONAL_UNIT, "1760000042")],
        &[(name::COMMON_NAME, common_name)],
    ])
}
