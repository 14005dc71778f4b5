//! Authorities: which are trusted, and whether a certificate leads to one of them.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use der::{Decode, Encode};
use x509_cert::Certificate;
use x509_cert::crl::CertificateList;
use x509_cert::ext::pkix::BasicConstraints;

use super::{Hash, binary};
use crate::outcome::Result;
use crate::system::{System, entries};

/// Where a system keeps authorities that it trusts, as files or folders of files.
const PLACES: [&str; 4] = [
    "/usr/local/share/ca-certificates",
    "/etc/pki/ca-trust/source/anchors",
    "/etc/ca-certificates/trust-source/anchors",
    "/etc/ssl/certs/ca-certificates.crt",
];

/// More authorities above one another than any public key infrastructure has.
const LONGEST: usize = 8;

/// The authorities that the system trusts.
pub fn of_system(system: &System) -> Vec<Certificate> {
    let places = PLACES.iter().map(|place| system.at(place));
    let files = places.flat_map(|place| match place.is_dir() {
        true => entries(&place),
        false => vec![place],
    });
    files
        .filter_map(|file| std::fs::read(file).ok())
        .flat_map(|content| certificates(&content))
        .collect()
}

/// The certificates of a file, DER or PEM; none if it is something else.
pub fn certificates(content: &[u8]) -> Vec<Certificate> {
    match Certificate::from_der(content) {
        Ok(one) => vec![one],
        Err(_) => Certificate::load_pem_chain(content).unwrap_or_default(),
    }
}

/// The certificates of a file that the person names, which has some.
pub fn of_file(path: &Path) -> Result<Vec<Certificate>> {
    use crate::outcome::{Exit, fail};
    let all = certificates(&crate::files::read(path)?);
    match all.is_empty() {
        true => {
            let path = path.display().to_string();
            fail(Exit::File, crate::message!("no-certificates-in", path = path))
        }
        false => Ok(all),
    }
}

/// Where a certificate leads.
#[derive(Debug)]
pub struct Chain {
    /// Whether it is to a trusted authority.
    pub trusted: bool,
    /// Whether the signature of an authority on a certificate was wrong.
    pub damaged: bool,
    /// The authority that issued the first certificate.
    pub issuer: Option<Certificate>,
}

/// Whether `below` was signed by the key of `above`.
fn is_signed_by(below: &Certificate, above: &Certificate) -> bool {
    let key = above.tbs_certificate().subject_public_key_info();
    let text = below.tbs_certificate().to_der();
    match (Hash::of_signature(below.signature_algorithm()), text) {
        (Some(hash), Ok(text)) => hash.verifies(key, &text, below.signature().raw_bytes()),
        _ => false,
    }
}

/// Whether a certificate is that of an authority, and valid at this moment.
fn may_issue(certificate: &Certificate, now: SystemTime) -> bool {
    let tbs = certificate.tbs_certificate();
    let constraints = tbs.get_extension::<BasicConstraints>().ok().flatten();
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let validity = tbs.validity();
    constraints.is_some_and(|(_, constraints)| constraints.ca)
        && validity.not_before.to_unix_duration() <= now
        && now <= validity.not_after.to_unix_duration()
}

/// Goes up from a certificate, over those at hand, to one that is trusted.
pub fn chain(
    certificate: &Certificate,
    at_hand: &[Certificate],
    trusted: &[Certificate],
    now: SystemTime,
) -> Chain {
    let mut chain = Chain {
        trusted: trusted.contains(certificate),
        damaged: false,
        issuer: None,
    };
    let mut current = certificate;
    for _ in 0..LONGEST {
        let wanted = current.tbs_certificate().issuer();
        let all = trusted.iter().chain(at_hand);
        let named = all.filter(|above| above.tbs_certificate().subject() == wanted && may_issue(above, now));
        let named: Vec<&Certificate> = named.collect();
        let Some(above) = named.iter().find(|above| is_signed_by(current, above)) else {
            chain.damaged = !named.is_empty();
            chain.trusted &= !chain.damaged;
            break;
        };
        chain.issuer.get_or_insert_with(|| (*above).clone());
        chain.trusted |= trusted.contains(above);
        if chain.trusted || *above == current {
            break;
        }
        current = above;
    }
    chain
}

/// What the lists of revoked certificates say of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// No list of its authority is at hand.
    NoList,
    /// The list of its authority is not of now.
    OldList,
    /// It does not stand there.
    NotListed,
    /// It was revoked.
    Revoked,
}

/// Looks a certificate up in the lists of these files.
pub fn revocation(
    certificate: &Certificate,
    issuer: &Certificate,
    lists: &[Vec<u8>],
    now: SystemTime,
) -> Revocation {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let wanted = certificate.tbs_certificate();
    let mut found = Revocation::NoList;
    for bytes in lists {
        let Ok(list) = CertificateList::<x509_cert::certificate::Rfc5280>::from_der(&binary(bytes)) else {
            continue;
        };
        let key = issuer.tbs_certificate().subject_public_key_info();
        let text = list.tbs_cert_list.to_der().unwrap_or_default();
        let signature = list.signature.raw_bytes();
        let hash = Hash::of_signature(&list.signature_algorithm);
        if list.tbs_cert_list.issuer != *wanted.issuer()
            || !hash.is_some_and(|hash| hash.verifies(key, &text, signature))
        {
            continue;
        }
        let revoked = list.tbs_cert_list.revoked_certificates.iter().flatten();
        if revoked
            .into_iter()
            .any(|entry| entry.serial_number == *wanted.serial_number())
        {
            return Revocation::Revoked;
        }
        let end = list.tbs_cert_list.next_update;
        let current = list.tbs_cert_list.this_update.to_unix_duration() <= now
            && end.is_some_and(|end| now <= end.to_unix_duration());
        match current {
            true => found = Revocation::NotListed,
            false if found == Revocation::NoList => found = Revocation::OldList,
            false => {}
        }
    }
    found
}
