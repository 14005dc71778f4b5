//! The certificates of the lab PKI, read back by an independent reader.

use der::{Decode, Encode};
use rsa::pkcs8::EncodePublicKey;
use sim_cards::persona::{self, Persona};
use sim_cards::pki::{self, Authority, Rank, Usage, Validity, authority_certificate, organisation};
use x509_cert::Certificate;

const DAY: &str = "2026-07-14";
const CONTACT: [Usage; 2] = [Usage::Signature, Usage::Authentication];
const ALL: [Usage; 3] = [Usage::Signature, Usage::Authentication, Usage::Technical];

fn on(day: &str) -> Validity {
    Validity::at(day.parse().unwrap())
}

fn persona(name: &str) -> Persona {
    persona::find(name).unwrap()
}

fn certificate(name: &str, usage: Usage) -> Vec<u8> {
    pki::credential(&persona(name), usage, &on(DAY)).certificate
}

fn parsed(name: &str, usage: Usage) -> Certificate {
    Certificate::from_der(&certificate(name, usage)).unwrap()
}

/// Identifier, criticality and value of each extension, in order.
fn extensions(certificate: &Certificate) -> Vec<(String, bool, Vec<u8>)> {
    let extensions = certificate.tbs_certificate().extensions().unwrap();
    extensions
        .iter()
        .map(|extension| {
            let value = extension.extn_value.as_bytes().to_vec();
            (extension.extn_id.to_string(), extension.critical, value)
        })
        .collect()
}

fn value(certificate: &Certificate, id: &str) -> Option<Vec<u8>> {
    extensions(certificate)
        .into_iter()
        .find(|(found, _, _)| found == id)
        .map(|(_, _, value)| value)
}

#[test]
fn the_signature_certificate_has_the_fifteen_extensions_in_order() {
    let expected = [
        ("2.5.29.19", false),         // basicConstraints
        ("2.5.29.14", false),         // subjectKeyIdentifier
        ("2.5.29.35", false),         // authorityKeyIdentifier
        ("2.5.29.15", true),          // keyUsage
        ("2.5.29.32", false),         // certificatePolicies
        ("2.5.29.37", false),         // extendedKeyUsage
        ("2.5.29.16", false),         // privateKeyUsagePeriod
        ("2.5.29.31", false),         // cRLDistributionPoints
        ("2.5.29.46", false),         // freshestCRL
        ("1.3.6.1.5.5.7.1.1", false), // authorityInfoAccess
        ("1.2.250.1.71.1.2.5", false),
        ("1.2.250.1.71.1.2.2", false),
        ("1.2.250.1.71.1.2.3", false),
        ("1.2.250.1.71.1.2.7", false),
        ("1.2.250.1.71.4.2.5", false),
    ];
    let certificate = parsed("doctor-hospital-cps3", Usage::Signature);
    let found: Vec<(String, bool)> = extensions(&certificate)
        .into_iter()
        .map(|(id, critical, _)| (id, critical))
        .collect();
    assert_eq!(found, expected.map(|(id, critical)| (id.to_owned(), critical)));
}

#[test]
fn the_extensions_are_encoded_as_on_real_cards() {
    let doctor = parsed("doctor-hospital-cps3", Usage::Signature);
    let nurse = parsed("nurse-adeli-cps3", Usage::Signature);
    let intern = parsed("intern-cpf-cps4", Usage::Signature);
    let secretary = parsed("secretary-cpe-cps4", Usage::Signature);
    let host = parsed("data-host-cpa-cps4", Usage::Signature);
    #[rustfmt::skip]
    let table: [(&Certificate, &str, Option<&[u8]>); 17] = [
        (&doctor, "2.5.29.19", Some(b"\x30\x00")),
        (&doctor, "2.5.29.15", Some(b"\x03\x02\x06\x40")),
        (&doctor, "2.5.29.37", Some(b"\x30\x0A\x06\x08\x2B\x06\x01\x05\x05\x07\x03\x04")),
        (&doctor, "2.5.29.16", Some(b"\x30\x22\x80\x0F20250701000000Z\x81\x0F20280701000000Z")),
        (&doctor, "1.2.250.1.71.1.2.5", Some(b"\x04\x01\x80")),
        (&doctor, "1.2.250.1.71.1.2.2", Some(b"\x02\x01\x00")),
        (&doctor, "1.2.250.1.71.1.2.3", Some(b"\x13\x158025000001/2700000201")),
        (&doctor, "1.2.250.1.71.1.2.7", Some(b"\x02\x01\x0A")),
        (&doctor, "1.2.250.1.71.4.2.5", Some(b"\x30\x06\x0C\x04SM04")),
        (&nurse, "1.2.250.1.71.1.2.7", Some(b"\x02\x01\x3C")),
        (&nurse, "1.2.250.1.71.4.2.5", None),
        (&intern, "1.2.250.1.71.1.2.2", Some(b"\x02\x01\x01")),
        (&intern, "1.2.250.1.71.1.2.7", None),
        (&intern, "1.2.250.1.71.1.2.8", Some(b"\x02\x01\x0A")),
        (&secretary, "1.2.250.1.71.1.2.2", Some(b"\x02\x01\x02")),
        (&secretary, "1.2.250.1.71.1.2.7", None),
        (&host, "1.2.250.1.71.1.2.2", Some(b"\x02\x01\x03")),
    ];
    for (certificate, id, expected) in table {
        let subject = certificate.tbs_certificate().subject();
        assert_eq!(value(certificate, id).as_deref(), expected, "{id} of {subject}");
    }
}

#[test]
fn the_authentication_certificate_is_for_tls_and_logon() {
    let certificate = parsed("doctor-hospital-cps3", Usage::Authentication);
    assert_eq!(value(&certificate, "2.5.29.15").unwrap(), b"\x03\x02\x07\x80");
    let purposes =
        b"\x30\x16\x06\x08\x2B\x06\x01\x05\x05\x07\x03\x02\x06\x0A\x2B\x06\x01\x04\x01\x82\x37\x14\x02\x02";
    assert_eq!(value(&certificate, "2.5.29.37").unwrap(), purposes);
    let principal = b"\x30\x2C\xA0\x2A\x06\x0A\x2B\x06\x01\x04\x01\x82\x37\x14\x02\x03\xA0\x1C\x0C\x1A8.99970099026@carte-cps.fr";
    assert_eq!(value(&certificate, "2.5.29.17").unwrap(), principal);

    let with_encipherment = parsed("nurse-adeli-cps3", Usage::Authentication);
    assert_eq!(
        value(&with_encipherment, "2.5.29.15").unwrap(),
        b"\x03\x02\x05\xA0"
    );
}

#[test]
fn the_technical_certificate_names_the_card_only() {
    let certificate = parsed("doctor-hospital-cps3", Usage::Technical);
    assert_eq!(
        certificate.tbs_certificate().subject().to_string(),
        "CN=8025000001/2700000201,C=FR"
    );
    assert_eq!(value(&certificate, "1.2.250.1.71.1.2.7"), None);
}

#[test]
fn the_subject_has_one_name_of_three_attributes() {
    let der = certificate("doctor-hospital-cps3", Usage::Signature);
    let certificate = Certificate::from_der(&der).unwrap();
    let subject = certificate.tbs_certificate().subject().to_der().unwrap();
    let expected = [
        &b"\x30\x59\x31\x0B\x30\x09\x06\x03\x55\x04\x06\x13\x02FR"[..],
        "\x31\x11\x30\x0F\x06\x03\x55\x04\x0C\x0C\x08Médecin".as_bytes(),
        b"\x31\x37",
        b"\x30\x0C\x06\x03\x55\x04\x2A\x0C\x05TESTE",
        b"\x30\x12\x06\x03\x55\x04\x04\x0C\x0BLABO-CARDIO",
        b"\x30\x13\x06\x03\x55\x04\x03\x0C\x0C899970099026",
    ]
    .concat();
    assert_eq!(subject, expected);
}

#[test]
fn a_service_card_names_a_structure_and_nobody() {
    let subject = parsed("service-cpe-cps3", Usage::Signature)
        .tbs_certificate()
        .subject()
        .clone();
    let kinds: Vec<Vec<String>> = subject
        .iter_rdn()
        .map(|rdn| rdn.iter().map(|attribute| attribute.oid.to_string()).collect())
        .collect();
    let expected = [
        vec!["2.5.4.6"],
        vec!["2.5.4.8"],
        vec!["2.5.4.10"],
        vec!["2.5.4.11"],
        vec!["2.5.4.12"],
        vec!["2.5.4.3", "2.5.4.65"],
    ];
    assert_eq!(kinds, expected);
    assert_eq!(
        subject.common_name().unwrap().unwrap().value(),
        "3760000042/000000019"
    );
}

#[test]
fn certificates_live_three_years_in_utc_time() {
    for (name, from, to) in [
        ("doctor-gp-cps4", "250701", "280701"),
        ("midwife-expired-cps4", "220701", "250701"),
    ] {
        let validity = parsed(name, Usage::Signature)
            .tbs_certificate()
            .validity()
            .to_der()
            .unwrap();
        let expected = format!("\x30\x1E\x17\x0D{from}000000Z\x17\x0D{to}000000Z");
        assert_eq!(validity, expected.as_bytes(), "{name}");
    }
}

#[test]
fn certificates_are_as_large_as_real_ones() {
    for persona in persona::all() {
        for usage in CONTACT {
            let size = pki::credential(&persona, usage, &on(DAY)).certificate.len();
            let expected = if persona.name == "epithesist-long-names-cps4" {
                3072..3100
            } else {
                2049..2400
            };
            assert!(
                expected.contains(&size),
                "{} {usage:?}: {size} bytes",
                persona.name
            );
        }
    }
}

#[test]
fn no_two_certificates_share_a_serial_number_or_a_key() {
    let mut serials = Vec::new();
    let mut keys = Vec::new();
    for persona in persona::all() {
        for usage in ALL {
            let credential = pki::credential(&persona, usage, &on(DAY));
            let certificate = Certificate::from_der(&credential.certificate).unwrap();
            let certificate = certificate.tbs_certificate();
            let key = certificate.subject_public_key_info().to_der().unwrap();
            assert_eq!(
                key,
                credential
                    .key
                    .to_public_key()
                    .to_public_key_der()
                    .unwrap()
                    .as_bytes()
            );
            serials.push(certificate.serial_number().as_bytes().to_vec());
            keys.push(key);
        }
    }
    assert!(
        serials
            .iter()
            .all(|serial| serial.len() == 16 && serial[0] & 0x80 == 0)
    );
    for list in [&mut serials, &mut keys] {
        let all = list.len();
        list.sort();
        list.dedup();
        assert_eq!(list.len(), all);
    }
}

#[test]
fn the_same_month_gives_the_same_bytes() {
    let doctor = persona("doctor-gp-cps4");
    let issue = |day| pki::credentials(&doctor, &on(day)).signature.certificate;
    assert_eq!(issue("2026-07-01"), issue("2026-07-31"));
    assert_ne!(issue("2026-07-31"), issue("2026-08-01"));
}

#[test]
fn personas_without_own_keys_share_spare_ones() {
    let visitor = |name: &str| {
        let visitor = Persona {
            name: name.into(),
            ..persona("doctor-gp-cps4")
        };
        pki::credentials(&visitor, &on(DAY))
    };
    let (one, other) = (visitor("one"), visitor("other"));
    let doctor = pki::credentials(&persona("doctor-gp-cps4"), &on(DAY));
    assert_eq!(one.signature.key, other.signature.key);
    assert_ne!(one.signature.key, doctor.signature.key);
    assert_ne!(one.signature.key, one.authentication.key);
}

#[test]
fn there_are_three_roots_and_six_authorities_below_them() {
    for authority in Authority::all() {
        let certificate = Certificate::from_der(&authority_certificate(authority)).unwrap();
        let certificate_of_root = Certificate::from_der(&authority_certificate(authority.root())).unwrap();
        let root = certificate_of_root.tbs_certificate().subject();
        assert_eq!(certificate.tbs_certificate().issuer(), root);
        let constraints: &[u8] = match authority.rank {
            Rank::Root => b"\x30\x03\x01\x01\xFF",
            _ => b"\x30\x06\x01\x01\xFF\x02\x01\x00",
        };
        assert_eq!(value(&certificate, "2.5.29.19").unwrap(), constraints);
        assert_eq!(value(&certificate, "2.5.29.15").unwrap(), b"\x03\x02\x01\x06");
        let critical: Vec<String> = extensions(&certificate)
            .into_iter()
            .filter(|(_, critical, _)| *critical)
            .map(|(id, ..)| id)
            .collect();
        assert_eq!(critical, ["2.5.29.19", "2.5.29.15"]);
        assert!(authority.common_name().starts_with("LAB AC "));
        // 4096 bits make a signature of 512 bytes.
        assert_eq!(certificate.signature().raw_bytes().len(), 512);
    }
    assert_eq!(
        organisation::issuer().common_name(),
        "LAB AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"
    );
}

#[test]
fn professionals_are_under_fort_and_staff_under_standard() {
    let issuer = |name, usage| pki::issuer(&persona(name), usage).common_name();
    assert_eq!(
        issuer("doctor-gp-cps4", Usage::Signature),
        "LAB AC IGC-SANTE FORT PERSONNES"
    );
    assert_eq!(
        issuer("intern-cpf-cps4", Usage::Authentication),
        "LAB AC IGC-SANTE FORT PERSONNES"
    );
    assert_eq!(
        issuer("director-cde-cps3", Usage::Signature),
        "LAB AC IGC-SANTE STANDARD PERSONNES"
    );
    assert_eq!(
        issuer("doctor-gp-cps4", Usage::Technical),
        "LAB AC IGC-SANTE ELEMENTAIRE PERSONNES"
    );
}
