//! `lab-pki serve` under OpenSSL: status and revocation lists as clients ask for them.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use sim_cards::persona;

/// The service of today, and the same PKI as files.
struct Lab {
    folder: PathBuf,
    address: String,
    service: Child,
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.service.kill();
        let _ = self.service.wait();
    }
}

impl Lab {
    fn start(name: &str) -> Lab {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        let program = env!("CARGO_BIN_EXE_lab-pki");
        let written = Command::new(program).arg("--out").arg(&folder).status().unwrap();
        assert!(written.success());
        let mut service = Command::new(program)
            .args(["serve", "--port", "0", "--dns", "localhost"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(service.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .trim()
            .strip_prefix("serving on http://")
            .expect(&line)
            .to_owned();
        // openssl wants the issuers one by one.
        for stem in ["ACI-FO-PP", "ACI-ST-PP", "ACI-EL-PP", "ACI-EL-PM", "ACR-FO"] {
            let der = folder.join(format!("{stem}.cer"));
            fs::write(
                &der,
                http(
                    &address,
                    &format!("GET /AC%20LAB/{stem}-LAB.cer HTTP/1.0\r\n\r\n"),
                ),
            )
            .unwrap();
            let converted = Command::new("openssl")
                .args(["x509", "-inform", "DER", "-in"])
                .arg(&der)
                .arg("-out")
                .arg(folder.join(format!("{stem}.pem")))
                .status();
            assert!(converted.expect("these tests need the openssl command").success());
        }
        Lab {
            folder,
            address,
            service,
        }
    }

    /// What `openssl ocsp` prints of a certificate.
    fn status(&self, certificate: &str, issuer: &str, more: &[&str]) -> String {
        self.ask(issuer, &[more, &["-cert", certificate]].concat())
    }

    fn ask(&self, issuer: &str, asked: &[&str]) -> String {
        let output = Command::new("openssl")
            .current_dir(&self.folder)
            .args(["ocsp", "-url", &format!("http://{}/ocsp", self.address)])
            .args(["-CAfile", "ca-bundle.pem", "-issuer", &format!("{issuer}.pem")])
            .args(asked)
            .output()
            .unwrap();
        format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    }
}

/// The body of the answer to a request.
fn http(address: &str, request: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    assert!(
        answer.starts_with(b"HTTP/1.0 200") || answer.starts_with(b"HTTP/1.1 200"),
        "{request}"
    );
    answer.split_off(end + 4)
}

/// Statics are not dropped: each test that needs the service starts its own.
static AUTHORITIES: LazyLock<Vec<(String, &str)>> = LazyLock::new(|| {
    let issuer = |persona: &persona::Persona| match persona.card_type {
        persona::CardType::Cps | persona::CardType::Cpf => "ACI-FO-PP",
        _ => "ACI-ST-PP",
    };
    persona::all()
        .iter()
        .map(|persona| (persona.name.clone(), issuer(persona)))
        .collect()
});

#[test]
fn openssl_asks_for_the_status_of_every_card() {
    let lab = Lab::start("lab-service-cards");
    for (name, issuer) in AUTHORITIES.iter() {
        for (usage, issuer) in [("sig", *issuer), ("aut", *issuer), ("tech", "ACI-EL-PP")] {
            let file = format!("persona/{name}-{usage}.pem");
            let said = lab.status(&file, issuer, &[]);
            assert!(said.contains("Response verify OK"), "{file}: {said}");
            let expected = match &**name {
                "nurse-revoked-cps4" => format!("{file}: revoked"),
                _ => format!("{file}: good"),
            };
            assert!(said.contains(&expected), "{said}");
            assert_eq!(
                said.contains("Reason: keyCompromise"),
                name == "nurse-revoked-cps4"
            );
            assert!(
                !said.contains("WARNING"),
                "the nonce is missing or the dates are wrong: {said}"
            );
        }
    }
}

#[test]
fn peers_and_authorities_have_a_status_and_strangers_have_none() {
    let lab = Lab::start("lab-service-peers");
    for name in ["server", "organisation-client", "organisation-signature"] {
        let file = format!("{name}.pem");
        let said = lab.status(&file, "ACI-EL-PM", &["-sha256"]);
        assert!(
            said.contains("Response verify OK") && said.contains(&format!("{file}: good")),
            "{said}"
        );
    }
    assert!(
        lab.status("ACI-FO-PP.pem", "ACR-FO", &[])
            .contains("ACI-FO-PP.pem: good")
    );
    // A number that this authority did not give.
    assert!(
        lab.ask("ACI-FO-PP", &["-serial", "0x4711"])
            .contains("0x4711: unknown")
    );
    // An authority that is not the lab's: it is nobody's issuer.
    let said = lab.status("server.pem", "server", &[]);
    assert!(said.contains("unauthorized"), "{said}");
}

#[test]
fn openssl_verifies_against_the_revocation_lists_of_the_service() {
    let lab = Lab::start("lab-service-lists");
    let mut lists = String::new();
    for stem in ["ACI-FO-PP", "ACR-FO"] {
        let der = lab.folder.join(format!("{stem}.crl"));
        fs::write(
            &der,
            http(&lab.address, &format!("GET /CRL/{stem}-LAB.crl HTTP/1.0\r\n\r\n")),
        )
        .unwrap();
        let pem = Command::new("openssl")
            .args(["crl", "-inform", "DER", "-in"])
            .arg(&der)
            .output()
            .unwrap();
        lists.push_str(&String::from_utf8(pem.stdout).unwrap());
    }
    fs::write(lab.folder.join("lists.pem"), lists).unwrap();
    let verified = |file: &str| {
        let output = Command::new("openssl")
            .current_dir(&lab.folder)
            .args([
                "verify",
                "-crl_check_all",
                "-CAfile",
                "roots.pem",
                "-untrusted",
                "ca-bundle.pem",
            ])
            .args(["-CRLfile", "lists.pem", file])
            .output()
            .unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    assert!(verified("persona/doctor-gp-cps4-aut.pem").contains(": OK"));
    assert!(verified("persona/nurse-revoked-cps4-aut.pem").contains("certificate revoked"));
}

#[test]
fn rubbish_does_not_stop_the_service() {
    let lab = Lab::start("lab-service-rubbish");
    for rubbish in [
        "\r\n\r\n",
        "GET\r\n\r\n",
        "POST /ocsp HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "\0\0\0\0",
    ] {
        let mut stream = TcpStream::connect(&lab.address).unwrap();
        stream.write_all(rubbish.as_bytes()).unwrap();
    }
    let said = lab.status("persona/doctor-gp-cps4-aut.pem", "ACI-FO-PP", &["-no_nonce"]);
    assert!(said.contains(": good"), "{said}");
}
