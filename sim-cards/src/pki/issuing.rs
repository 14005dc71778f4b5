//! What the authorities sign of themselves: their certificates and their revocation lists.

use super::authority::{Authority, Rank, policy_statement};
use super::certificate::{Template, serial_number, sign};
use super::der::{
    context_constructed, sequence, sha256_with_rsa, small_integer, tlv, unsigned_integer, utc_time,
};
use super::{extensions, person};
use crate::holder::date::{Midnight, Period, Validity};
use crate::holder::persona::Persona;

const ANY_POLICY: &str = "2.5.29.32.0";

/// Tells the certificates of authorities from others.
const USAGE: &str = "authority";

/// Longer than any certificate of the lab; up to the last year of UTCTime.
const LIFE: Period = Period {
    not_before: Midnight::new(2010, 1, 1),
    not_after: Midnight::new(2049, 12, 31),
};

/// The certificate of an authority, DER; the same at all times.
pub fn authority_certificate(authority: Authority) -> Vec<u8> {
    let issuer = authority.root();
    let path_length = (authority.rank != Rank::Root).then_some(0);
    let key = authority.key().to_public_key();
    Template {
        issuer,
        subject: authority.name(),
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
pub fn subordinate_serials(root: Authority) -> Vec<[u8; 16]> {
    let tree = Authority::all()
        .into_iter()
        .filter(|authority| authority.root() == root);
    tree.map(|authority| serial_number(root, &authority.name(), USAGE, &LIFE))
        .collect()
}

/// The revocation list of an authority, DER, with the certificates of those `personas` whose cards are revoked.
pub fn revocation_list(authority: Authority, personas: &[Persona], validity: &Validity) -> Vec<u8> {
    let period = validity.two_months();
    let revoked: Vec<Vec<u8>> = personas
        .iter()
        .flat_map(|persona| person::revoked_serials(persona, authority, validity))
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
        authority.key_identifier(),
        extensions::crl_number(&number.to_be_bytes()),
    ]);
    let list = sequence(&[
        small_integer(1),
        sha256_with_rsa(),
        authority.name(),
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
    sign(&authority.key(), &list)
}
