//! The lab PKI under OpenSSL, from the files that `lab-pki` writes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use sim_cards::persona;
use sim_cards::pki::Usage;

const DAY: &str = "2026-07-14";
/// [`DAY`] at noon, in seconds since 1970.
const NOON: &str = "1784030400";
const ALL: [Usage; 3] = [Usage::Signature, Usage::Authentication, Usage::Technical];

/// The lab PKI on [`DAY`] as files, written by the program that people use.
struct Lab(PathBuf);

static LAB: LazyLock<Lab> = LazyLock::new(Lab::new);

impl Lab {
    fn new() -> Lab {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lab-pki");
        let _ = fs::remove_dir_all(&folder);
        let output = Command::new(env!("CARGO_BIN_EXE_lab-pki"))
            .args(["--at", DAY, "--crl", "--out"])
            .arg(&folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        Lab(folder)
    }

    fn openssl(&self, arguments: &[&str]) -> Output {
        let output = Command::new("openssl")
            .current_dir(&self.0)
            .args(arguments)
            .output();
        output.expect("these tests need the openssl command")
    }

    /// `openssl verify` on [`DAY`]; what it says if it refuses.
    fn verify(&self, arguments: &[&str]) -> Result<(), String> {
        let fixed = [
            "verify",
            "-attime",
            NOON,
            "-x509_strict",
            "-CAfile",
            "roots.pem",
            "-untrusted",
            "ca-bundle.pem",
        ];
        let output = self.openssl(&[&fixed[..], arguments].concat());
        let said = [output.stdout, output.stderr].concat();
        if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&said).into_owned())
        }
    }

    fn text(&self, file: &str) -> String {
        let output = self.openssl(&[
            "x509",
            "-in",
            file,
            "-noout",
            "-text",
            "-nameopt",
            "utf8,sep_comma_plus_space",
        ]);
        assert!(output.status.success(), "{file}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

#[test]
fn openssl_verifies_every_card() {
    for persona in persona::all() {
        for (usage, purpose) in ALL.into_iter().zip(["any", "sslclient", "sslclient"]) {
            let file = format!("persona/{}-{}.pem", persona.name, usage.suffix());
            let revocation = [
                "-purpose",
                purpose,
                "-crl_check_all",
                "-CRLfile",
                "crls.pem",
                &file,
            ];
            let said = LAB.verify(&revocation);
            match &*persona.name {
                "midwife-expired-cps4" => assert!(said.unwrap_err().contains("certificate has expired")),
                "nurse-revoked-cps4" => {
                    assert!(said.unwrap_err().contains("certificate revoked"));
                    assert_eq!(LAB.verify(&["-purpose", purpose, &file]), Ok(()));
                }
                _ => assert_eq!(said, Ok(()), "{file}"),
            }
        }
    }
}

#[test]
fn openssl_refuses_a_card_for_what_it_is_not() {
    let signature = ["-purpose", "sslclient", "persona/doctor-gp-cps4-sig.pem"];
    assert!(LAB.verify(&signature).unwrap_err().contains("purpose"));
    let server = ["-purpose", "sslserver", "persona/doctor-gp-cps4-aut.pem"];
    assert!(LAB.verify(&server).unwrap_err().contains("purpose"));
}

#[test]
fn openssl_shows_the_fifteen_extensions_in_order() {
    let text = LAB.text("persona/doctor-hospital-cps3-sig.pem");
    let in_order = [
        "Issuer: C=FR, O=LAB - NOT A REAL AUTHORITY, OU=0002 000000000, OU=IGC-SANTE LAB, CN=LAB AC IGC-SANTE FORT PERSONNES",
        "Subject: C=FR, title=Médecin, GN=TESTE + SN=LABO-CARDIO + CN=899970099026",
        "Public-Key: (2048 bit)",
        "X509v3 Basic Constraints: \n                CA:FALSE",
        "X509v3 Subject Key Identifier:",
        "X509v3 Authority Key Identifier:",
        "X509v3 Key Usage: critical\n                Non Repudiation\n",
        "X509v3 Certificate Policies: \n                Policy: 1.2.250.1.213.1.7.2.1.1.1.1\n",
        "X509v3 Extended Key Usage: \n                E-mail Protection\n",
        "X509v3 Private Key Usage Period:",
        "X509v3 CRL Distribution Points:",
        "URI:http://localhost:8971/CRL/ACI-FO-PP-LAB.crl",
        "URI:ldap://annuaire-igc.lab.invalid/",
        "X509v3 Freshest CRL:",
        "Authority Information Access:",
        "OCSP - URI:http://localhost:8971/ocsp",
        "CA Issuers - URI:http://localhost:8971/AC%20LAB/ACI-FO-PP-LAB.cer",
        "1.2.250.1.71.1.2.5:",
        "1.2.250.1.71.1.2.2:",
        "1.2.250.1.71.1.2.3:",
        "1.2.250.1.71.1.2.7:",
        "1.2.250.1.71.4.2.5:",
    ];
    let mut rest = &*text;
    for expected in in_order {
        let (_, after) = rest
            .split_once(expected)
            .unwrap_or_else(|| panic!("{expected:?} is not in\n{rest}"));
        rest = after;
    }
}

#[test]
fn openssl_verifies_the_peers() {
    assert_eq!(
        LAB.verify(&[
            "-purpose",
            "sslserver",
            "-verify_hostname",
            "localhost",
            "server.pem"
        ]),
        Ok(())
    );
    assert!(
        LAB.verify(&["-verify_hostname", "example.invalid", "server.pem"])
            .is_err()
    );
    assert_eq!(
        LAB.verify(&["-purpose", "sslclient", "organisation-client.pem"]),
        Ok(())
    );
    assert_eq!(
        LAB.verify(&["-purpose", "smimesign", "organisation-signature.pem"]),
        Ok(())
    );
    let chain = LAB.openssl(&[
        "verify",
        "-attime",
        NOON,
        "-CAfile",
        "roots.pem",
        "-untrusted",
        "server-chain.pem",
        "server.pem",
    ]);
    assert!(chain.status.success(), "{chain:?}");
    for name in ["server", "organisation-client", "organisation-signature"] {
        let certified = LAB
            .openssl(&["x509", "-in", &format!("{name}.pem"), "-noout", "-pubkey"])
            .stdout;
        let owned = LAB
            .openssl(&["pkey", "-in", &format!("{name}.key"), "-pubout"])
            .stdout;
        assert!(!owned.is_empty() && certified == owned, "{name}");
    }
}

#[test]
fn the_revocation_lists_name_the_revoked_card_only() {
    let entries = |stem: &str| {
        let file = format!("crl/{stem}-LAB.crl");
        let output = LAB.openssl(&["crl", "-inform", "DER", "-in", &file, "-noout", "-text"]);
        assert!(output.status.success(), "{file}: {output:?}");
        String::from_utf8(output.stdout)
            .unwrap()
            .matches("Serial Number:")
            .count()
    };
    assert_eq!(entries("ACI-FO-PP"), 2);
    assert_eq!(entries("ACI-EL-PP"), 1);
    for stem in [
        "ACR-EL",
        "ACR-ST",
        "ACR-FO",
        "ACI-ST-PP",
        "ACI-EL-PM",
        "ACI-ST-PM",
        "ACI-FO-PM",
    ] {
        assert_eq!(entries(stem), 0, "{stem}");
    }
}

#[test]
fn lab_pki_refuses_what_it_does_not_understand() {
    let wrong: [&[&str]; 4] = [
        &[],
        &["--out"],
        &["--out", "x", "--at", "yesterday"],
        &["--out", "x", "--colour", "blue"],
    ];
    for arguments in wrong {
        let output = Command::new(env!("CARGO_BIN_EXE_lab-pki"))
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            output.stdout.is_empty() && !output.stderr.is_empty(),
            "{arguments:?}"
        );
    }
}
