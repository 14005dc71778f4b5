//! Whether a signature is valid, by the eleven points that the signature service of the agency
//! (esignsante) has.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cms::cert::CertificateChoices;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::OctetString;
use der::{Any, Encode};
use x509_cert::Certificate;
use x509_cert::ext::pkix::{KeyUsage, KeyUsages, SubjectKeyIdentifier};
use x509_cert::time::Time;

use super::trust::{self, Revocation};
use super::{Hash, MESSAGE_DIGEST, RSA, SIGNING_TIME, signed_data};
use crate::screen::Mark;

/// One point, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Key of its text; without `point-` its word for programs.
    pub name: &'static str,
    /// How it stands.
    pub mark: Mark,
    /// Key of the text that says why, where it is not good.
    pub reason: Option<&'static str>,
}

/// What is known of the outer world.
pub struct World {
    /// The moment.
    pub now: SystemTime,
    /// Trusted authorities.
    pub trusted: Vec<Certificate>,
    /// Files with lists of revoked certificates.
    pub lists: Vec<Vec<u8>>,
}

/// One signer, and the verdict.
pub struct Verdict {
    /// The certificate, if there is one.
    pub certificate: Option<Certificate>,
    /// The time at which the signer says to have signed.
    pub signing_time: Option<Duration>,
    /// All points, in their order.
    pub points: Vec<Point>,
}

/// Clocks may differ by so much.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// The verdict on a file that is no signature.
fn no_signature(reason: &'static str) -> Vec<Verdict> {
    let point = point("point-format", Err((Mark::Bad, reason)));
    vec![Verdict {
        certificate: None,
        signing_time: None,
        points: vec![point],
    }]
}

fn point(name: &'static str, stands: Result<(), (Mark, &'static str)>) -> Point {
    let (mark, reason) = match stands {
        Ok(()) => (Mark::Good, None),
        Err((mark, reason)) => (mark, Some(reason)),
    };
    Point { name, mark, reason }
}

fn bad(fine: bool, reason: &'static str) -> Result<(), (Mark, &'static str)> {
    match fine {
        true => Ok(()),
        false => Err((Mark::Bad, reason)),
    }
}

/// The document inside a signature's file, if there is one.
pub fn attached(signature: &[u8]) -> Option<Vec<u8>> {
    let signed = signed_data(signature)?;
    let content = signed.encap_content_info.econtent?;
    let content: OctetString = content.decode_as().ok()?;
    Some(content.as_bytes().to_vec())
}

/// The verdict on each signer of a file; `document` is what was signed.
pub fn verify(signature: &[u8], document: Option<&[u8]>, world: &World) -> Vec<Verdict> {
    let Some(signed) = signed_data(signature) else {
        return no_signature("reason-not-cms");
    };
    let certificates = certificates(&signed);
    let signers = signed.signer_infos.0.iter();
    let verdicts: Vec<Verdict> = signers
        .map(|signer| judge(signer, &certificates, document, world))
        .collect();
    match verdicts.is_empty() {
        true => no_signature("reason-no-signer"),
        false => verdicts,
    }
}

fn certificates(signed: &SignedData) -> Vec<Certificate> {
    let all = signed.certificates.iter().flat_map(|set| set.0.iter());
    let all = all.filter_map(|choice| match choice {
        CertificateChoices::Certificate(certificate) => Some(certificate.clone()),
        CertificateChoices::Other(_) => None,
    });
    all.collect()
}

fn is_of(signer: &SignerInfo, certificate: &Certificate) -> bool {
    let tbs = certificate.tbs_certificate();
    match &signer.sid {
        SignerIdentifier::IssuerAndSerialNumber(id) => {
            id.issuer == *tbs.issuer() && id.serial_number == *tbs.serial_number()
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            let own = tbs.get_extension::<SubjectKeyIdentifier>().ok().flatten();
            own.is_some_and(|(_, own)| own == *id)
        }
    }
}

/// The one value of a signed attribute.
fn attribute(signer: &SignerInfo, oid: der::asn1::ObjectIdentifier) -> Option<Any> {
    let mut found = signer
        .signed_attrs
        .iter()
        .flat_map(|all| all.iter())
        .filter(|it| it.oid == oid);
    let (attribute, None) = (found.next()?, found.next()) else {
        return None;
    };
    let mut values = attribute.values.iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    Some(value.clone())
}

fn judge(
    signer: &SignerInfo,
    certificates: &[Certificate],
    document: Option<&[u8]>,
    world: &World,
) -> Verdict {
    let certificate = certificates.iter().find(|certificate| is_of(signer, certificate));
    let signing_time = attribute(signer, SIGNING_TIME).and_then(|value| value.decode_as::<Time>().ok());
    let signing_time = signing_time.map(|time| time.to_unix_duration());
    let mut points = vec![
        point("point-format", Ok(())),
        point(
            "point-not-empty",
            bad(!signer.signature.as_bytes().is_empty(), "reason-empty"),
        ),
        point(
            "point-certificate-present",
            bad(certificate.is_some(), "reason-no-certificate"),
        ),
    ];
    if let Some(certificate) = certificate {
        points.push(point(
            "point-signature-intact",
            is_intact(signer, certificate, document),
        ));
    }
    points.push(point("point-document-intact", is_of_document(signer, document)));
    points.push(point("point-signing-time", is_timed(signing_time, world.now)));
    if let Some(certificate) = certificate {
        points.extend(judge_certificate(certificate, certificates, world));
    }
    Verdict {
        certificate: certificate.cloned(),
        signing_time,
        points,
    }
}

/// The hash of a signature, if it is one that is strong and known.
fn hash(signer: &SignerInfo) -> Option<Hash> {
    let hash = Hash::of_digest(&signer.digest_alg)?;
    let known = signer.signature_algorithm.oid == RSA
        || Hash::of_signature(&signer.signature_algorithm) == Some(hash);
    known.then_some(hash)
}

fn is_intact(
    signer: &SignerInfo,
    certificate: &Certificate,
    document: Option<&[u8]>,
) -> Result<(), (Mark, &'static str)> {
    let hash = hash(signer).ok_or((Mark::Bad, "reason-algorithm"))?;
    let text = match (&signer.signed_attrs, document) {
        (Some(attributes), _) => attributes.to_der().unwrap_or_default(),
        (None, Some(document)) => document.to_vec(),
        (None, None) => return Err((Mark::Bad, "reason-no-document")),
    };
    let key = certificate.tbs_certificate().subject_public_key_info();
    bad(
        hash.verifies(key, &text, signer.signature.as_bytes()),
        "reason-signature",
    )
}

/// The digest of the document stands in what was signed. Without signed attributes the document
/// itself was.
fn is_of_document(signer: &SignerInfo, document: Option<&[u8]>) -> Result<(), (Mark, &'static str)> {
    let document = document.ok_or((Mark::Bad, "reason-no-document"))?;
    if signer.signed_attrs.is_none() {
        return Ok(());
    }
    let hash = Hash::of_digest(&signer.digest_alg).ok_or((Mark::Bad, "reason-algorithm"))?;
    let signed = attribute(signer, MESSAGE_DIGEST).and_then(|value| value.decode_as::<OctetString>().ok());
    let same = signed.is_some_and(|signed| signed.as_bytes() == hash.digest(document));
    bad(same, "reason-document")
}

fn is_timed(time: Option<Duration>, now: SystemTime) -> Result<(), (Mark, &'static str)> {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let time = time.ok_or((Mark::Bad, "reason-no-time"))?;
    bad(time <= now + TOLERANCE, "reason-time-to-come")
}

fn judge_certificate(certificate: &Certificate, others: &[Certificate], world: &World) -> Vec<Point> {
    let tbs = certificate.tbs_certificate();
    let now = world.now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let validity = tbs.validity();
    let in_date = match () {
        () if now < validity.not_before.to_unix_duration() => Err((Mark::Bad, "reason-not-yet")),
        () if now > validity.not_after.to_unix_duration() => Err((Mark::Bad, "reason-expired")),
        () => Ok(()),
    };
    let usage = tbs.get_extension::<KeyUsage>().ok().flatten();
    let signs = usage.is_some_and(|(_, usage)| usage.0.contains(KeyUsages::NonRepudiation));
    let chain = trust::chain(certificate, others, &world.trusted, world.now);
    let intact = match (chain.damaged, &chain.issuer) {
        (true, _) => Err((Mark::Bad, "reason-damaged")),
        (false, None) if !chain.trusted => Err((Mark::Warning, "reason-no-issuer")),
        (false, _) => Ok(()),
    };
    let revocation = match &chain.issuer {
        Some(issuer) => trust::revocation(certificate, issuer, &world.lists, world.now),
        None => Revocation::NoList,
    };
    let revocation = match revocation {
        Revocation::NotListed => Ok(()),
        Revocation::Revoked => Err((Mark::Bad, "reason-revoked")),
        Revocation::OldList => Err((Mark::Warning, "reason-old-list")),
        Revocation::NoList => Err((Mark::Warning, "reason-no-list")),
    };
    vec![
        point("point-in-date", in_date),
        point("point-non-repudiation", bad(signs, "reason-usage")),
        point("point-trusted", bad(chain.trusted, "reason-untrusted")),
        point("point-certificate-intact", intact),
        point("point-not-revoked", revocation),
    ]
}
