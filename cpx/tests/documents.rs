//! Documents that are signed with the card and checked by OpenSSL, and documents of OpenSSL's that
//! `cpx verify` accepts; and every kind of damage, with the line that tells it.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{CPS3, CPS4, Desk, Outcome, run};
use serde_json::Value;
use sim_cards::persona;
use sim_cards::pki::{Authority, Validity, authority_certificate, pem, revocation_list};
use testkit::each;

const TEXT: &str = "Ordonnance : repos.\n";

fn openssl(desk: &Desk, line: &str) -> Outcome {
    run(desk.command("openssl").args(line.split_whitespace()))
}

fn is_here() -> bool {
    let here = Command::new("openssl").arg("version").output().is_ok();
    if !here {
        eprintln!("left out: no openssl");
    }
    here
}

/// A desk with a document, and the lab's authorities in `trust.pem`.
fn desk(persona: &str) -> Desk {
    let (desk, _) = Desk::with(persona);
    desk.file("doc.txt", TEXT);
    let all = Authority::all().map(|authority| pem::certificate(&authority_certificate(authority)));
    desk.file("trust.pem", all.concat());
    desk
}

fn sign(desk: &Desk, more: &str) -> Outcome {
    let words = format!("sign doc.txt --lang en {more}");
    let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    desk.cpx(words.into_iter().chain(desk.pin(common::PIN)))
}

/// The points of the one signature of a file, as `level point reason`.
fn points(answer: &Value) -> Vec<String> {
    let all = answer["signatures"][0]["points"].as_array().unwrap().iter();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    all.map(|it| {
        format!(
            "{} {} {}",
            word(&it["level"]),
            word(&it["point"]),
            word(&it["reason"])
        )
        .trim()
        .to_owned()
    })
    .collect()
}

/// What `cpx verify` says: exit code, and the points that are not good.
fn verify(desk: &Desk, line: &str) -> (i32, Vec<String>) {
    let outcome = desk.line(&format!("verify {line} --json"));
    let answer = outcome.json();
    assert_eq!(answer["valid"] == true, outcome.exit == 0, "{answer}");
    let found = points(&answer)
        .into_iter()
        .filter(|point| !point.starts_with("ok "));
    (outcome.exit, found.collect())
}

#[test]
fn openssl_accepts_what_the_card_signs_and_so_does_cpx() {
    if !is_here() {
        return;
    }
    each([CPS3, CPS4, "pharmacist-owner-cps3"], |persona| {
        for (more, form) in [("", "-content doc.txt"), ("--attached", "")] {
            let desk = desk(persona);
            let signed = sign(&desk, &format!("{more} --chain trust.pem --json"));
            assert_eq!(signed.exit, 0, "{}", signed.stderr);
            assert_eq!(signed.json()["attached"], !more.is_empty());
            let line =
                "cms -verify -binary -inform DER -in doc.txt.p7s -CAfile trust.pem -purpose any -out out";
            let checked = openssl(&desk, &format!("{line} {form}"));
            assert_eq!(checked.exit, 0, "{}", checked.stderr);
            assert_eq!(fs::read_to_string(desk.home.join("out")).unwrap(), TEXT);
            let printed = openssl(&desk, "cms -cmsout -print -inform DER -in doc.txt.p7s").stdout;
            for part in [
                "signingTime",
                "messageDigest",
                "id-smime-aa-signingCertificateV2",
                "sha256",
            ] {
                assert!(printed.contains(part), "{part}: {printed}");
            }
            let no_list = vec!["warning not-revoked no-list".to_owned()];
            assert_eq!(verify(&desk, "doc.txt --trust trust.pem"), (0, no_list));
        }
    });
}

#[test]
fn a_signature_is_never_written_over_a_file_and_asks_for_the_pin_last() {
    let desk = desk(CPS3);
    desk.file("doc.txt.p7s", "mine");
    let refused = sign(&desk, "");
    assert_eq!((refused.exit, refused.reason()), (9, "file-exists"));
    for (line, reason) in [
        ("sign absent", "file-unreadable"),
        ("sign .", "file-is-directory"),
        ("sign doc.txt --out other --chain doc.txt", "no-certificates-in"),
    ] {
        let refused = desk.line(line);
        assert_eq!((refused.exit, refused.reason()), (9, reason), "{line}");
    }
    assert_eq!(desk.line("sign doc.txt --out other").reason(), "no-terminal");
    assert_eq!(fs::read_to_string(desk.home.join("doc.txt.p7s")).unwrap(), "mine");
}

#[test]
fn a_card_whose_certificate_has_expired_does_not_sign() {
    let desk = desk("midwife-expired-cps4");
    let refused = sign(&desk, "");
    assert_eq!((refused.exit, refused.reason()), (7, "sign-out-of-date"));
    assert!(!desk.home.join("doc.txt.p7s").exists());
}

#[test]
fn a_wrong_pin_signs_nothing() {
    let desk = desk(CPS4);
    let words = ["sign", "doc.txt", "--lang", "en"].map(str::to_owned);
    let refused = desk.cpx(words.into_iter().chain(desk.pin("0000")));
    assert_eq!((refused.exit, refused.reason()), (5, "pin-refused"));
    assert!(!desk.home.join("doc.txt.p7s").exists());
}

/// An authority of OpenSSL's with signers of several kinds: `good`, `other` for another usage,
/// `old` expired, `stranger` of another authority.
fn authority(desk: &Desk) {
    desk.file(
        "signer.cnf",
        "[authority]\nbasicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\n\
         [good]\nkeyUsage=critical,nonRepudiation\n[other]\nkeyUsage=critical,digitalSignature\n\
         [ca]\ndefault_ca=lab\n[lab]\ndatabase=index\nnew_certs_dir=.\nrand_serial=yes\n\
         default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n",
    );
    desk.file("index", "");
    let make = |line: &str| {
        let made = openssl(desk, line);
        assert_eq!(made.exit, 0, "{line}: {}", made.stderr);
    };
    let request = |name: &str| {
        make(&format!(
            "req -new -newkey rsa:2048 -nodes -subj /CN={name} -keyout {name}.key -out {name}.req"
        ));
    };
    for ca in ["ca", "foreign"] {
        request(ca);
        let issue = format!("x509 -req -in {ca}.req -signkey {ca}.key -days 100 -out {ca}.pem");
        make(&format!("{issue} -extfile signer.cnf -extensions authority"));
    }
    for (name, ca, section) in [
        ("good", "ca", "good"),
        ("other", "ca", "other"),
        ("stranger", "foreign", "good"),
    ] {
        request(name);
        let issue = format!("x509 -req -in {name}.req -CA {ca}.pem -CAkey {ca}.key -CAcreateserial -days 50");
        make(&format!(
            "{issue} -extfile signer.cnf -extensions {section} -out {name}.pem"
        ));
    }
    request("old");
    let issue = "ca -batch -notext -config signer.cnf -extensions good -cert ca.pem -keyfile ca.key";
    make(&format!(
        "{issue} -in old.req -out old.pem -startdate 20200101000000Z -enddate 20210101000000Z"
    ));
}

fn sign_with(desk: &Desk, name: &str, more: &str, out: &str) {
    let line = format!(
        "cms -sign -binary -md sha256 -in doc.txt -signer {name}.pem -inkey {name}.key -out {out} {more}"
    );
    let made = openssl(desk, &line);
    assert_eq!(made.exit, 0, "{}", made.stderr);
}

#[test]
fn what_openssl_signs_is_accepted_in_every_form() {
    if !is_here() {
        return;
    }
    let desk = desk(CPS4);
    authority(&desk);
    for (more, detached) in [
        ("-outform DER", true),
        ("-outform PEM", true),
        ("-outform DER -nodetach", false),
        ("-outform DER -nodetach -stream", false),
        ("-outform DER -keyid", true),
        ("-outform DER -md sha512", true),
    ] {
        sign_with(&desk, "good", more, "sig");
        let line = match detached {
            true => "doc.txt --signature sig --trust ca.pem",
            false => "sig --trust ca.pem",
        };
        let found = verify(&desk, line);
        assert_eq!(
            found,
            (0, vec!["warning not-revoked no-list".to_owned()]),
            "{more}"
        );
    }
}

/// A damage: its name, what is done, what is checked, and the line that tells it.
type Damage = (&'static str, fn(&Desk), &'static str, &'static str);

/// A byte of a file changes.
fn flip(path: &Path, from_end: bool, offset: usize) {
    let mut bytes = fs::read(path).unwrap();
    let at = if from_end {
        bytes.len() - 1 - offset
    } else {
        offset
    };
    bytes[at] ^= 0x01;
    fs::write(path, bytes).unwrap();
}

fn at(desk: &Desk, name: &str) -> PathBuf {
    desk.home.join(name)
}

/// The place of some bytes in a file.
fn find(path: &Path, part: &[u8]) -> usize {
    let bytes = fs::read(path).unwrap();
    bytes
        .windows(part.len())
        .position(|window| window == part)
        .unwrap()
}

const CHECK: &str = "doc.txt --signature sig --trust ca.pem";

fn damages() -> Vec<Damage> {
    vec![
        (
            "another document",
            |desk| drop(desk.file("doc.txt", "x")),
            CHECK,
            "error document-intact document",
        ),
        (
            "a byte of the signature",
            |desk| flip(&at(desk, "sig"), true, 3),
            CHECK,
            "error signature-intact signature",
        ),
        (
            "a byte of what was signed",
            |desk| {
                // The digest of the document, behind the head of its attribute.
                let head = [0x09, 0x04, 0x31, 0x22, 0x04, 0x20];
                let place = find(&at(desk, "sig"), &head) + head.len();
                flip(&at(desk, "sig"), false, place);
            },
            CHECK,
            "error signature-intact signature",
        ),
        (
            "a byte of the certificate",
            |desk| {
                let place = find(&at(desk, "sig"), b"good");
                flip(&at(desk, "sig"), false, place + 3);
            },
            CHECK,
            "error certificate-intact damaged",
        ),
        (
            "the end is cut off",
            |desk| {
                let bytes = fs::read(at(desk, "sig")).unwrap();
                fs::write(at(desk, "sig"), &bytes[..bytes.len() / 2]).unwrap();
            },
            CHECK,
            "error format not-cms",
        ),
        (
            "a text",
            |desk| drop(desk.file("sig", "hello")),
            CHECK,
            "error format not-cms",
        ),
        (
            "a certificate in place of a signature",
            |desk| drop(desk.file("sig", fs::read(at(desk, "good.pem")).unwrap())),
            CHECK,
            "error format not-cms",
        ),
        (
            "nobody has signed",
            |desk| {
                let line = "crl2pkcs7 -nocrl -certfile good.pem -outform DER -out sig";
                assert_eq!(openssl(desk, line).exit, 0);
            },
            CHECK,
            "error format no-signer",
        ),
        (
            "no certificate",
            |desk| sign_with(desk, "good", "-outform DER -nocerts", "sig"),
            CHECK,
            "error certificate-present no-certificate",
        ),
        (
            "no time",
            |desk| sign_with(desk, "good", "-outform DER -noattr", "sig"),
            CHECK,
            "error signing-time no-time",
        ),
        (
            "a weak hash",
            |desk| sign_with(desk, "good", "-outform DER -md sha1", "sig"),
            CHECK,
            "error signature-intact algorithm",
        ),
        (
            "a certificate for something else",
            |desk| sign_with(desk, "other", "-outform DER", "sig"),
            CHECK,
            "error non-repudiation usage",
        ),
        (
            "another authority",
            |desk| sign_with(desk, "stranger", "-outform DER", "sig"),
            CHECK,
            "error trusted untrusted",
        ),
        (
            "no trust",
            |_| {},
            "doc.txt --signature sig --trust foreign.pem",
            "error trusted untrusted",
        ),
        (
            "no document",
            |_| {},
            "sig --trust ca.pem",
            "error document-intact no-document",
        ),
    ]
}

#[test]
fn each_kind_of_damage_is_refused_with_its_line() {
    if !is_here() {
        return;
    }
    let ready = desk(CPS4);
    authority(&ready);
    each(damages(), |(name, damage, line, told)| {
        ready.file("doc.txt", TEXT);
        sign_with(&ready, "good", "-outform DER", "sig");
        let (before, _) = verify(&ready, CHECK);
        assert_eq!(before, 0, "{name}");
        damage(&ready);
        let (exit, found) = verify(&ready, line);
        assert_eq!(exit, 7, "{name}: {found:?}");
        assert!(found.contains(&(*told).to_owned()), "{name}: {found:?}");
        // In words, in both languages.
        for lang in ["fr", "en"] {
            let words = ready.line(&format!("verify {line} --lang {lang}"));
            assert!(words.stdout.contains('✘'), "{name}: {}", words.stdout);
        }
    });
}

#[test]
fn a_list_of_revoked_certificates_counts_if_it_is_of_now_and_of_the_authority() {
    if !is_here() {
        return;
    }
    let personas = persona::all();
    let lists = |desk: &Desk, validity: &Validity| {
        let all = Authority::all();
        let names = all.iter().enumerate().map(|(number, authority)| {
            let name = format!("list-{number}.crl");
            desk.file(&name, revocation_list(*authority, &personas, validity));
            format!("--crl {name}")
        });
        names.collect::<Vec<String>>().join(" ")
    };
    for (persona, told) in [
        (CPS4, None),
        ("nurse-revoked-cps4", Some("error not-revoked revoked")),
    ] {
        let desk = desk(persona);
        assert_eq!(sign(&desk, "--chain trust.pem").exit, 0);
        let line = format!(
            "doc.txt --trust trust.pem {}",
            lists(&desk, &Validity::relative_to_today())
        );
        let (exit, found) = verify(&desk, &line);
        assert_eq!(exit, if told.is_some() { 7 } else { 0 }, "{persona}: {found:?}");
        assert_eq!(
            found,
            told.map(str::to_owned).into_iter().collect::<Vec<String>>(),
            "{persona}"
        );
    }
    // A list that has had its time, and one with a wrong signature.
    let desk = desk(CPS4);
    assert_eq!(sign(&desk, "--chain trust.pem").exit, 0);
    let day = sim_cards::pki::Date::new(2020, 1, 1).unwrap();
    let line = format!("doc.txt --trust trust.pem {}", lists(&desk, &Validity::at(day)));
    assert_eq!(
        verify(&desk, &line),
        (0, vec!["warning not-revoked old-list".to_owned()])
    );
    let line = format!(
        "doc.txt --trust trust.pem {}",
        lists(&desk, &Validity::relative_to_today())
    );
    for number in 0..Authority::all().len() {
        flip(&at(&desk, &format!("list-{number}.crl")), true, 3);
    }
    assert_eq!(
        verify(&desk, &line),
        (0, vec!["warning not-revoked no-list".to_owned()])
    );
}

#[test]
fn what_is_enciphered_for_the_card_is_deciphered_by_it_alone() {
    if !is_here() {
        return;
    }
    each([CPS3, CPS4], |persona| {
        let desk = desk(persona);
        authority(&desk);
        desk.file("auth.pem", desk.line("cert export authentication").stdout);
        let decrypt = |file: &str, pin: &str| {
            let words = format!("decrypt {file} --out plain --json");
            let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
            let done = desk.cpx(words.into_iter().chain(desk.pin(pin)));
            let plain = fs::read_to_string(desk.home.join("plain")).ok();
            let _ = fs::remove_file(desk.home.join("plain"));
            (
                done.exit,
                done.json()["error"]["code"].as_str().map(str::to_owned),
                plain,
            )
        };
        let fine = (0, None, Some(TEXT.to_owned()));
        for form in [
            "-outform DER -aes128",
            "-outform DER -aes192",
            "-outform DER -aes256",
            "-outform PEM -aes256",
            "-outform DER -aes256 -stream",
            "-outform DER -aes256 -keyid",
        ] {
            let line = format!("cms -encrypt -binary -in doc.txt -out sealed {form} good.pem auth.pem");
            assert_eq!(openssl(&desk, &line).exit, 0, "{form}");
            assert_eq!(decrypt("sealed", common::PIN), fine, "{form}");
        }
        // Ours, for two: the card, and a key of OpenSSL's.
        let made = desk.line("encrypt doc.txt --to auth.pem --to other.pem --json");
        assert_eq!(made.json()["file"], "doc.txt.p7m", "{}", made.stderr);
        assert_eq!(decrypt("doc.txt.p7m", common::PIN), fine);
        let line =
            "cms -decrypt -binary -inform DER -in doc.txt.p7m -recip other.pem -inkey other.key -out opened";
        assert_eq!(openssl(&desk, line).exit, 0);
        assert_eq!(fs::read_to_string(at(&desk, "opened")).unwrap(), TEXT);
    });
}

#[test]
fn a_deciphered_document_is_for_its_reader_alone() {
    use std::os::unix::fs::PermissionsExt;
    let desk = desk(CPS4);
    desk.file("auth.pem", desk.line("cert export authentication").stdout);
    assert_eq!(desk.line("encrypt doc.txt --to auth.pem").exit, 0);
    let decrypt = || {
        let words = ["decrypt", "doc.txt.p7m", "--lang", "en"].map(str::to_owned);
        desk.cpx(words.into_iter().chain(desk.pin(common::PIN)))
    };
    // The document itself still lies there.
    assert_eq!(decrypt().reason(), "file-exists");
    fs::remove_file(at(&desk, "doc.txt")).unwrap();
    assert_eq!(decrypt().exit, 0);
    let mode = at(&desk, "doc.txt").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_to_string(at(&desk, "doc.txt")).unwrap(), TEXT);
}

#[test]
fn what_cannot_be_deciphered_says_why_and_costs_no_try() {
    if !is_here() {
        return;
    }
    let (desk, card) = Desk::with(CPS4);
    desk.file("doc.txt", TEXT);
    authority(&desk);
    desk.file("auth.pem", desk.line("cert export authentication").stdout);
    desk.file("sign.pem", desk.line("cert export signature").stdout);
    let seal = |more: &str| {
        let line = format!("cms -encrypt -binary -in doc.txt -outform DER -out sealed {more}");
        assert_eq!(openssl(&desk, &line).exit, 0, "{more}");
    };
    let decrypt = |exit: i32, reason: &str| {
        let words = ["decrypt", "sealed", "--out", "plain", "--lang", "fr"].map(str::to_owned);
        let done = desk.cpx(words.into_iter().chain(desk.pin(common::PIN)));
        assert_eq!((done.exit, done.reason()), (exit, reason), "{}", done.stdout);
        assert!(!at(&desk, "plain").exists());
    };
    desk.file("sealed", "hello");
    decrypt(7, "decrypt-not-cms");
    seal("-aes256 good.pem");
    decrypt(7, "decrypt-not-for-card");
    seal("-des3 auth.pem");
    decrypt(8, "decrypt-algorithm");
    seal("-aes256 -recip auth.pem -keyopt rsa_padding_mode:oaep");
    decrypt(8, "decrypt-algorithm");
    // The last byte of the last block but one, which the padding's is added to; and one of the key.
    seal("-aes256 auth.pem");
    flip(&at(&desk, "sealed"), true, 16);
    decrypt(7, "decrypt-damaged");
    seal("-aes256 auth.pem");
    let head = [0x04, 0x82, 0x01, 0x00];
    let place = find(&at(&desk, "sealed"), &head) + head.len() + 100;
    flip(&at(&desk, "sealed"), false, place);
    decrypt(7, "decrypt-damaged");
    let refused = desk.line("encrypt doc.txt --to sign.pem");
    assert_eq!((refused.exit, refused.reason()), (7, "encrypt-other-usage"));
    assert_eq!(desk.line("encrypt doc.txt").reason(), "usage-missing");
    assert_eq!(desk.line("decrypt doc.txt").reason(), "decrypt-not-cms");
    assert_eq!(card.tries_left(), 3);
    assert!(!card.sim().is_holder_verified());
}
