//! Odd certificates of the authentication key.

use cryptoki_sys::*;
use rsa::PrivateKey;
use sim_cards::{Chip, Interface, Options, SimCard, hex};

use crate::card::{
    ABSENT, AUTHENTICATION, CHIPS, card, certificate, neighbour_is_well, numbers, profile, sign,
};
use crate::notation::der;
use testkit::{Ckr, ulong};

/// Modulus and public exponent.
pub type Numbers = (Vec<u8>, Vec<u8>);

/// The parts of a certificate in the notation; those of [`Parts::usual`] make a plain one.
#[derive(Clone)]
struct Parts {
    version: String,
    serial: String,
    algorithm: String,
    issuer: String,
    validity: String,
    subject: String,
    key: String,
    /// Unique identifiers and extensions.
    more: String,
    outer_algorithm: String,
    signature: String,
}

const RSA: &str = "06 { 2A864886F70D010101 }";
const SHA256_WITH_RSA: &str = "30 { 06 { 2A864886F70D01010B } 05 { } }";
const HOLDER: &str =
    "30 { 31 { 30 { 06 { 550406 } 13 { 'FR' } } } 31 { 30 { 06 { 550403 } 0C { '899900000001' } } } }";
const AUTHORITY: &str =
    "30 { 31 { 30 { 06 { 55040A } 0C { 'LAB' } } } 31 { 30 { 06 { 550403 } 0C { 'AC LAB' } } } }";

/// An INTEGER of an unsigned number.
fn integer(number: &[u8]) -> String {
    let zero = if number[0] & 0x80 == 0 { "" } else { "00" };
    format!("02 {{ {zero} {} }}", hex::encode(number))
}

/// subjectPublicKeyInfo of an RSA key.
fn spki(algorithm: &str, (modulus, exponent): &Numbers) -> String {
    format!(
        "30 {{ 30 {{ {algorithm} }} 03 {{ 00 30 {{ {} {} }} }} }}",
        integer(modulus),
        integer(exponent)
    )
}

impl Parts {
    fn usual(key: &Numbers) -> Parts {
        let filling = "5A".repeat(256);
        Parts {
            version: "A0 { 02 { 02 } }".into(),
            serial: "02 { 00C509FB2200994233 }".into(),
            algorithm: SHA256_WITH_RSA.into(),
            issuer: AUTHORITY.into(),
            validity: "30 { 17 { '240101000000Z' } 17 { '340101000000Z' } }".into(),
            subject: HOLDER.into(),
            key: spki(&format!("{RSA} 05 {{ }}"), key),
            more: "A3 { 30 { 30 { 06 { 551D0F } 01 { FF } 04 { 03 { 07 80 } } } } }".into(),
            outer_algorithm: SHA256_WITH_RSA.into(),
            signature: format!("03 {{ 00 {filling} }}"),
        }
    }

    fn tbs(&self) -> String {
        [
            &self.version,
            &self.serial,
            &self.algorithm,
            &self.issuer,
            &self.validity,
            &self.subject,
            &self.key,
            &self.more,
        ]
        .map(String::as_str)
        .join(" ")
    }

    fn text(&self) -> String {
        format!(
            "30 {{ 30 {{ {} }} {} {} }}",
            self.tbs(),
            self.outer_algorithm,
            self.signature
        )
    }
}

/// A plain certificate of a key.
pub fn certificate_of(key: &Numbers) -> Vec<u8> {
    der(&Parts::usual(key).text())
}

/// The same with a key on a curve.
pub fn ec_certificate_of(key: &Numbers) -> Vec<u8> {
    let mut parts = Parts::usual(key);
    parts.key = on_a_curve();
    der(&parts.text())
}

fn on_a_curve() -> String {
    let point = format!("00 04 {}", "A7".repeat(64));
    format!("30 {{ 30 {{ 06 {{ 2A8648CE3D0201 }} 06 {{ 2A8648CE3D030107 }} }} 03 {{ {point} }} }}")
}

/// What is right for CKA_VALUE.
#[derive(Clone, Debug)]
enum Value {
    /// The file.
    File,
    /// These bytes.
    Bytes(Vec<u8>),
    /// There is none.
    Absent,
}

/// subject, issuer, serialNumber in DER.
type Names = [Vec<u8>; 3];

/// An odd certificate, and what is right for it.
struct Odd {
    name: &'static str,
    file: Vec<u8>,
    value: Value,
    /// `None`: there are none.
    names: Option<Names>,
    /// CKA_START_DATE and CKA_END_DATE where the names are there.
    dates: [&'static str; 2],
    /// The key that the certificate shows, if it is an RSA key.
    key: Option<Numbers>,
    /// What C_Sign answers where the card has no other file with the public key.
    signs: Result<(), CK_RV>,
}

const NOT_OF_THIS_KEY: Result<(), CK_RV> = Err(CKR_DEVICE_ERROR);
const NOTHING_TO_CHECK_WITH: Result<(), CK_RV> = Err(CKR_FUNCTION_FAILED);

/// Collects the odd certificates of a key.
struct Table {
    own: Numbers,
    rows: Vec<Odd>,
}

impl Table {
    /// A certificate whose parts differ, and which is right all the same.
    fn parts(&mut self, name: &'static str, change: impl FnOnce(&mut Parts)) -> &mut Odd {
        let mut parts = Parts::usual(&self.own);
        change(&mut parts);
        self.file(name, der(&parts.text()), &parts)
    }

    /// A certificate written in another way, with these parts.
    fn file(&mut self, name: &'static str, file: Vec<u8>, parts: &Parts) -> &mut Odd {
        self.rows.push(Odd {
            name,
            file,
            value: Value::File,
            names: Some([&parts.subject, &parts.issuer, &parts.serial].map(|part| der(part))),
            dates: ["20240101", "20340101"],
            key: Some(self.own.clone()),
            signs: Ok(()),
        });
        self.rows.last_mut().expect("the new row")
    }

    /// A file that is no certificate.
    fn rubbish(&mut self, name: &'static str, file: Vec<u8>, value: Value) {
        self.rows.push(Odd {
            name,
            file,
            value,
            names: None,
            dates: [""; 2],
            key: None,
            signs: NOTHING_TO_CHECK_WITH,
        });
    }
}

impl Odd {
    fn value(&mut self, value: Value) -> &mut Self {
        self.value = value;
        self
    }

    fn dates(&mut self, dates: [&'static str; 2]) -> &mut Self {
        self.dates = dates;
        self
    }

    /// The certificate is of another key.
    fn of(&mut self, key: Numbers) -> &mut Self {
        self.key = Some(key);
        self.signs = NOT_OF_THIS_KEY;
        self
    }

    fn without_rsa_key(&mut self) -> &mut Self {
        self.key = None;
        self.signs = NOTHING_TO_CHECK_WITH;
        self
    }
}

/// A modulus of so many bits that is of no key.
fn foreign(bits: usize) -> Numbers {
    let mut modulus = vec![0xC5; bits / 8];
    modulus.splice(..2, [0xD1, 0x3B]);
    (modulus, vec![1, 0, 1])
}

/// The cases from outside, with the key of the card in the place of theirs.
fn case(name: &str, file: &[u8], own: &Numbers) -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/odd_cards/cases/plain.der");
    let plain = std::fs::read(path).expect("a case");
    let first = plain
        .windows(4)
        .position(|bytes| bytes == [0x02, 0x82, 0x01, 0x01])
        .expect("a modulus")
        + 5;
    let theirs = &plain[first..first + 256];
    let place = file.windows(256).position(|bytes| bytes == theirs);
    let place = place.unwrap_or_else(|| panic!("{name} has the key of the others"));
    let mut file = file.to_vec();
    file[place..place + 256].copy_from_slice(&own.0);
    file
}

/// Every constructed value with an indefinite length, every other with a length of the long form.
fn loosened(bytes: &[u8]) -> Vec<u8> {
    let mut loose = Vec::new();
    for object in cpx_pkcs11::iso7816::tlv::objects(bytes) {
        let object = object.expect("DER");
        loose.push(object.whole[0]);
        if object.whole[0] & 0x20 == 0 {
            let length = u32::try_from(object.value.len()).expect("a short value");
            loose.push(0x84);
            loose.extend(length.to_be_bytes());
            loose.extend(object.value);
        } else {
            loose.push(0x80);
            loose.extend(loosened(object.value));
            loose.extend([0, 0]);
        }
    }
    loose
}

fn odd_certificates(own: Numbers, rows: &mut Vec<Odd>) {
    let parts = Parts::usual(&own);
    let plain = der(&parts.text());
    let mut table = Table {
        own: own.clone(),
        rows: Vec::new(),
    };
    let with_key = |key: String| move |parts: &mut Parts| parts.key = key;

    // Encodings.
    table.parts("plain", |_| {});
    let outer = |header: &[u8], inside: &[u8], end: &[u8]| [header, inside, end].concat();
    let inside = &plain[4..];
    let length = (inside.len() as u32).to_be_bytes();
    table.file(
        "long form of the outer length",
        outer(&[&[0x30, 0x84], &length[..]].concat(), inside, &[]),
        &parts,
    );
    table.file(
        "indefinite outer length",
        outer(&[0x30, 0x80], inside, &[0, 0]),
        &parts,
    );
    table.file("no length as DER has it, anywhere", loosened(&plain), &parts);
    let tbs = der(&format!("30 {{ {} }}", parts.tbs()));
    let rest = der(&format!("{} {}", parts.outer_algorithm, parts.signature));
    let loose_tbs = [&[0x30, 0x80], &tbs[4..], &[0, 0]].concat();
    let content = [&loose_tbs[..], &rest].concat();
    let header = [&[0x30, 0x83, 0], &(content.len() as u16).to_be_bytes()[..]].concat();
    table.file("indefinite length within", [header, content].concat(), &parts);
    // Bytes behind the certificate.
    for (name, behind) in [
        ("zeros behind", vec![0; 100]),
        ("FF behind", vec![0xFF; 100]),
        ("a byte behind", vec![0x41]),
        ("another certificate behind", plain.clone()),
        ("many zeros behind", vec![0; 3000]),
    ] {
        table
            .file(name, [&plain[..], &behind].concat(), &parts)
            .value(Value::Bytes(plain.clone()));
    }
    let indefinite = outer(&[0x30, 0x80], inside, &[0, 0]);
    table
        .file(
            "indefinite length, zeros behind",
            [&indefinite[..], &[0; 64]].concat(),
            &parts,
        )
        .value(Value::Bytes(indefinite));
    // The signature.
    for (name, unused) in [
        ("unused bits of the signature", 7),
        ("more unused bits than there are", 0xFF),
    ] {
        let mut file = plain.clone();
        let place = file.len() - 257;
        file[place] = unused;
        // OpenSSL refuses such a certificate.
        table.file(name, file, &parts).value(Value::Bytes(plain.clone()));
    }
    table.parts("no signature value", |parts| parts.signature = "03 { 00 }".into());
    table.parts("signature algorithms that differ", |parts| {
        parts.outer_algorithm = "30 { 06 { 2A864886F70D010105 } 05 { } }".into();
    });
    table.parts("signed with ECDSA", |parts| {
        parts.algorithm = "30 { 06 { 2A8648CE3D040302 } }".into();
        parts.outer_algorithm.clone_from(&parts.algorithm);
    });
    table.parts("signed with Ed25519", |parts| {
        parts.algorithm = "30 { 06 { 2B6570 } }".into();
        parts.outer_algorithm.clone_from(&parts.algorithm);
    });
    table.parts("signed with PSS", |parts| {
        parts.algorithm = "30 { 06 { 2A864886F70D01010A } 30 { } }".into();
        parts.outer_algorithm.clone_from(&parts.algorithm);
    });
    // Versions, serial numbers.
    table.parts("version 1", |parts| {
        parts.version.clear();
        parts.more.clear();
    });
    table.parts("version 1 that says so", |parts| {
        parts.version = "A0 { 02 { 00 } }".into()
    });
    table.parts("version 9", |parts| parts.version = "A0 { 02 { 08 } }".into());
    for (name, serial) in [
        ("serial number 0", "02 { 00 }"),
        ("serial number 1", "02 { 01 }"),
        ("negative serial number", "02 { C509 }"),
        (
            "serial number of 20 bytes",
            "02 { 7F000102030405060708090A0B0C0D0E0F101112 }",
        ),
        (
            "serial number of 40 bytes",
            "02 { 4F000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20212223242526 }",
        ),
        ("serial number with needless zeros", "02 { 00000001 }"),
        ("empty serial number", "02 { }"),
    ] {
        table.parts(name, |parts| parts.serial = serial.into());
    }
    // Names.
    let name_of = |value: &str| format!("30 {{ 31 {{ 30 {{ 06 {{ 550403 }} {value} }} }} }}");
    let many = |count: usize| {
        let part = "31 { 30 { 06 { 55040B } 0C { 'SERVICE' } } }";
        format!("30 {{ {} }}", vec![part; count].join(" "))
    };
    for (name, subject) in [
        ("empty subject", "30 { }".into()),
        (
            "UTF-8 name",
            name_of("0C { 'RENE' C389 ' LABO-G' C3A9 'N' C3A9 'RALE' }"),
        ),
        ("BMP name", name_of("1E { 004C 00C9 20AC }")),
        ("Universal name", name_of("1C { 0000004C 0001F600 }")),
        ("T61 name in Latin-1", name_of("14 { 'REN' C9 }")),
        ("UTF8String in Latin-1", name_of("0C { 'REN' C9 }")),
        ("PrintableString with an at sign", name_of("13 { 'a@b_c' }")),
        ("IA5 name", name_of("16 { 'doctor' }")),
        ("name with a NUL", name_of("0C { 'LABO' 00 'X' }")),
        ("empty name", name_of("0C { }")),
        (
            "name of several values",
            "30 { 31 { 30 { 06 { 550404 } 0C { 'B' } } 30 { 06 { 550403 } 0C { 'A' } } } }".into(),
        ),
        (
            "name of 300 letters",
            name_of(&format!("0C {{ {} }}", "4C".repeat(300))),
        ),
        ("name beyond the first 512 bytes", many(60)),
        ("name part that is no string", name_of("02 { 05 }")),
    ] {
        table.parts(name, |parts| parts.subject = subject);
    }
    table.parts("empty issuer", |parts| parts.issuer = "30 { }".into());
    table.parts("issuer beyond the first 512 bytes", |parts| {
        parts.issuer = many(60)
    });
    table.parts("its own issuer", |parts| parts.issuer.clone_from(&parts.subject));
    // Dates.
    for (name, validity, dates) in [
        (
            "GeneralizedTime",
            "30 { 18 { '20240101000000Z' } 18 { '20340101000000Z' } }",
            ["20240101", "20340101"],
        ),
        (
            "no end",
            "30 { 17 { '240101000000Z' } 18 { '99991231235959Z' } }",
            ["20240101", "99991231"],
        ),
        (
            "UTCTime without seconds and with a zone",
            "30 { 17 { '2401010000+0100' } 17 { '3401010000Z' } }",
            ["20240101", "20340101"],
        ),
        (
            "the last century",
            "30 { 17 { '500101000000Z' } 17 { '991231235959Z' } }",
            ["19500101", "19991231"],
        ),
        ("dates that are none", "30 { 17 { 'never' } 17 { '' } }", ["", ""]),
        ("one date", "30 { 17 { '240101000000Z' } }", ["20240101", ""]),
        ("no dates", "30 { }", ["", ""]),
        (
            "dates of another type",
            "30 { 0C { '240101000000Z' } 02 { 05 } }",
            ["", ""],
        ),
    ] {
        table
            .parts(name, |parts| parts.validity = validity.into())
            .dates(dates);
    }
    // Extensions.
    for (name, more) in [
        ("no extensions", String::new()),
        ("empty extensions", "A3 { 30 { } }".into()),
        ("unique identifiers", "81 { 00 AA } 82 { 00 BB } A3 { 30 { } }".into()),
        (
            "an extension twice, and one that nobody knows",
            "A3 { 30 { 30 { 06 { 551D0F } 04 { 03 { 07 80 } } } 30 { 06 { 551D0F } 04 { 05 { } } } 30 { 06 { 2A0304 } 01 { FF } 04 { } } } }".into(),
        ),
        ("extensions that are none", "A3 { 04 { DEAD } }".into()),
        ("an extension of 4,000 bytes", format!("A3 {{ 30 {{ 30 {{ 06 {{ 2A0304 }} 04 {{ {} }} }} }} }}", "00".repeat(4000))),
        ("a field behind the extensions", "A3 { 30 { } } 04 { 00 }".into()),
    ] {
        table.parts(name, |parts| parts.more = more);
    }
    // Keys: of the card, under other identifiers and loosely written.
    for (name, algorithm) in [
        ("rsaEncryption without NULL", RSA),
        (
            "rsaEncryption with other parameters",
            "06 { 2A864886F70D010101 } 30 { }",
        ),
        ("id-RSASSA-PSS without parameters", "06 { 2A864886F70D01010A }"),
        (
            "id-RSASSA-PSS with empty parameters",
            "06 { 2A864886F70D01010A } 30 { }",
        ),
        (
            "id-RSASSA-PSS with parameters",
            "06 { 2A864886F70D01010A } 30 { A0 { 30 { 06 { 608648016503040201 } } } A2 { 02 { 20 } } }",
        ),
        ("id-RSAES-OAEP", "06 { 2A864886F70D010107 } 30 { }"),
        ("rsa of X.509", "06 { 55080101 } 02 { 0800 }"),
    ] {
        table.parts(name, with_key(spki(algorithm, &own)));
    }
    let (modulus, exponent) = (hex::encode(&own.0), hex::encode(&own.1));
    let loose_key = |bits: &str| format!("30 {{ 30 {{ {RSA} 05 {{ }} }} 03 {{ {bits} }} }}");
    for (name, bits) in [
        (
            "negative modulus",
            format!("00 30 {{ 02 {{ {modulus} }} 02 {{ {exponent} }} }}"),
        ),
        (
            "zeros before modulus and exponent",
            format!("00 30 {{ 02 {{ 000000 {modulus} }} 02 {{ 0000 {exponent} }} }}"),
        ),
        (
            "unused bits of the key",
            format!("03 30 {{ 02 {{ 00 {modulus} }} 02 {{ {exponent} }} }}"),
        ),
    ] {
        table.parts(name, with_key(loose_key(&bits)));
    }
    // Other keys.
    for (name, bits) in [
        ("another key of 1536 bits", 1536),
        ("another key of 1024 bits", 1024),
        ("another key of 2048 bits", 2048),
        ("another key of 3072 bits", 3072),
        ("another key of 4096 bits", 4096),
    ] {
        let key = foreign(bits);
        table
            .parts(name, with_key(spki(&format!("{RSA} 05 {{ }}"), &key)))
            .of(key);
    }
    for (name, key) in [
        ("a key of 504 bits", spki(RSA, &foreign(504))),
        ("a key of 8192 bits", spki(RSA, &foreign(8192))),
        ("exponent 1", spki(RSA, &(own.0.clone(), vec![1]))),
        ("even exponent", spki(RSA, &(own.0.clone(), vec![2]))),
        (
            "exponent of 40 bytes",
            spki(RSA, &(own.0.clone(), vec![0x11; 40])),
        ),
        (
            "no exponent",
            loose_key(&format!("00 30 {{ 02 {{ 00 {modulus} }} }}")),
        ),
        (
            "key that is cut",
            loose_key(&format!("00 3082010A 0282010100 {}", &modulus[..400])),
        ),
        ("empty key", loose_key("")),
        ("P-256", on_a_curve()),
        (
            "Ed25519",
            format!(
                "30 {{ 30 {{ 06 {{ 2B6570 }} }} 03 {{ 00 {} }} }}",
                "4B".repeat(32)
            ),
        ),
        (
            "DSA",
            "30 { 30 { 06 { 2A8648CE380401 } 30 { 02 { 11 } 02 { 05 } 02 { 03 } } } 03 { 00 02 { 07 } } }"
                .into(),
        ),
        ("no key", "30 { }".into()),
    ] {
        table.parts(name, with_key(key)).without_rsa_key();
    }
    // What is no certificate.
    let with_three = |more: &str| {
        der(&format!(
            "30 {{ 30 {{ {} }} {} {} {more} }}",
            parts.tbs(),
            parts.outer_algorithm,
            parts.signature
        ))
    };
    table
        .file("a fourth value", with_three("04 { 00 }"), &parts)
        .without_rsa_key();
    table.rubbish(
        "a request",
        der(&format!(
            "30 {{ 30 {{ 02 {{ 00 }} {HOLDER} }} {SHA256_WITH_RSA} 03 {{ 00 5A }} }}"
        )),
        Value::File,
    );
    table.rubbish("a sequence", der("30 { 04 { DEADBEEF } }"), Value::File);
    table.rubbish("an empty sequence", vec![0x30, 0x00], Value::File);
    table.rubbish("an octet string", der("04 { DEADBEEF }"), Value::Absent);
    table.rubbish("zeros", vec![0; 300], Value::Absent);
    table.rubbish("FF", vec![0xFF; 300], Value::Absent);
    table.rubbish("text", b"-----BEGIN CERTIFICATE-----".to_vec(), Value::Absent);
    table.rubbish("an empty file", vec![], Value::Absent);
    table.rubbish("a byte", vec![0x30], Value::Absent);
    // The names are whole before the cut, and a certificate that is not whole is none.
    let cut = plain.len() - 40;
    table.rows.push(Odd {
        name: "a certificate that is cut",
        file: plain[..cut].to_vec(),
        value: Value::Absent,
        names: Some([&parts.subject, &parts.issuer, &parts.serial].map(|part| der(part))),
        dates: ["20240101", "20340101"],
        key: None,
        signs: NOTHING_TO_CHECK_WITH,
    });
    rows.append(&mut table.rows);
}

/// The cases from outside.
fn cases(own: &Numbers) -> Vec<Odd> {
    let dn = "30 { 31 { 30 { 06 { 550406 } 13 { 'FR' } } } 31 { 30 { 06 { 55040A } 0C { 'TEST SIMCARD' } } }";
    let issuer = der(&format!(
        "{dn} 31 {{ 30 {{ 06 {{ 550403 }} 0C {{ 'TEST AC SIMCARD PERSONNES' }} }} }} }}"
    ));
    let part = |oid: &str, text: &str| format!("30 {{ 06 {{ {oid} }} 0C {{ '{text}' }} }}");
    let [title, surname, given, common] = [
        part("55040C", "Medecin"),
        part("550404", "DOC-TEST"),
        part("55042A", "ALIX"),
        part("550403", "899900000001"),
    ];
    let first = der(&format!(
        "{dn} 31 {{ {title} }} 31 {{ {surname} }} 31 {{ {given} }} 31 {{ {common} }} }}"
    ));
    let second = der(&format!("{dn} 31 {{ {common} {surname} {given} }} }}"));
    let serials = [der("02 { 00C509FB220099394233 }"), der("02 { 1234567890 }")];
    [
        ("plain.der", &first, &serials[0]),
        ("long-length-form.der", &first, &serials[0]),
        ("indefinite.der", &first, &serials[0]),
        ("rsa-alg-null-missing.der", &second, &serials[1]),
        ("pss-spki-no-params.der", &second, &serials[1]),
    ]
    .map(|(name, subject, serial)| {
        let path = format!("{}/tests/odd_cards/cases/{name}", env!("CARGO_MANIFEST_DIR"));
        Odd {
            name,
            file: case(name, &std::fs::read(path).expect("a case"), own),
            value: Value::File,
            names: Some([subject.clone(), issuer.clone(), serial.clone()]),
            dates: ["20240101", "20340101"],
            key: Some(own.clone()),
            signs: Ok(()),
        }
    })
    .into()
}

/// What an application finds of an odd certificate and of its key.
fn check(chip: Chip, odd: &Odd) {
    let what = format!("{}, {chip}", odd.name);
    let mut profile = profile(chip);
    profile
        .credentials
        .authentication
        .certificate
        .clone_from(&odd.file);
    let own: &PrivateKey = &profile.credentials.authentication.key;
    let (module, _rack, card) = testkit::start(card(&profile));
    let session = module.user_session();
    let all = session
        .find(&[])
        .unwrap_or_else(|code| panic!("{what}: a search answers {code:?}"));

    let (label, certified) = AUTHENTICATION;
    let object = certificate(session, certified);
    let key = session.private_key(label);
    assert!(
        all.contains(&object) && all.contains(&key),
        "{what}: found among all"
    );
    let attribute = |kind| session.attribute(object, kind);

    // Names first: of an application that looks for one, the beginning of the file is read.
    let [subject, issuer, serial] = match &odd.names {
        Some(names) => names.clone().map(Ok),
        None => [ABSENT; 3],
    };
    for (kind, expected) in [
        (CKA_SUBJECT, subject),
        (CKA_ISSUER, issuer),
        (CKA_SERIAL_NUMBER, serial),
    ] {
        assert_eq!(attribute(kind), expected, "{what}: attribute {kind:#x}");
        if let Ok(value) = expected {
            let found = session.find(&[(CKA_CLASS, ulong(CKO_CERTIFICATE)), (kind, value)]);
            assert!(
                found.is_ok_and(|found| found.contains(&object)),
                "{what}: found by {kind:#x}"
            );
        }
    }
    for (kind, date) in [CKA_START_DATE, CKA_END_DATE].into_iter().zip(odd.dates) {
        let expected = match odd.names {
            Some(_) => Ok(date.as_bytes().to_vec()),
            None => ABSENT,
        };
        assert_eq!(attribute(kind), expected, "{what}: attribute {kind:#x}");
    }
    let value = match &odd.value {
        Value::File => Ok(odd.file.clone()),
        Value::Bytes(bytes) => Ok(bytes.clone()),
        Value::Absent => ABSENT,
    };
    assert_eq!(attribute(CKA_VALUE), value, "{what}: CKA_VALUE");
    assert_eq!(
        attribute(CKA_ID),
        session.attribute(key, CKA_ID),
        "{what}: CKA_ID of key and certificate"
    );
    let (shown, signs) = match (&odd.key, chip) {
        // On a CPS4 the public key has a file of its own.
        (None, Chip::Cps4) => (Some(numbers(own)), Ok(())),
        (shown, _) => (shown.clone(), odd.signs),
    };
    for half in [key, session.companion(key, CKO_PUBLIC_KEY)] {
        let (modulus, exponent, bits) = match &shown {
            Some((modulus, exponent)) => (Ok(modulus.clone()), Ok(exponent.clone()), 8 * modulus.len()),
            None => (ABSENT, ABSENT, 2048),
        };
        assert_eq!(
            session.attribute(half, CKA_MODULUS),
            modulus,
            "{what}: CKA_MODULUS"
        );
        assert_eq!(
            session.attribute(half, CKA_PUBLIC_EXPONENT),
            exponent,
            "{what}: CKA_PUBLIC_EXPONENT"
        );
        let expected = ulong(bits as CK_ULONG);
        assert_eq!(
            session.attribute(half, CKA_MODULUS_BITS),
            Ok(expected),
            "{what}: CKA_MODULUS_BITS"
        );
    }
    assert_eq!(sign(session, key, own), signs.map_err(Ckr), "{what}: C_Sign");
    assert_eq!(
        session.state(),
        Ok(CKS_RO_USER_FUNCTIONS),
        "{what}: the login lives"
    );
    neighbour_is_well(session, &profile, &what);
    assert_eq!(card.tries_left(), 3, "{what}");
}

/// Without contacts: one key, which needs no code.
fn check_without_contacts(odd: &Odd) {
    let what = format!("{}, without contacts", odd.name);
    let mut profile = profile(Chip::Cps3);
    let technical = &mut profile.credentials.technical;
    technical.certificate.clone_from(&odd.file);
    let own = technical.key.clone();
    let options = Options {
        interface: Interface::Contactless,
        ..Options::default()
    };
    let (module, _rack, _card) = testkit::start(SimCard::new(&profile, &options));
    let session = module.session();
    let object = certificate(session, "Certificat Technique CPS");
    let subject = odd.names.clone().map_or(ABSENT, |[subject, ..]| Ok(subject));
    assert_eq!(
        session.attribute(object, CKA_SUBJECT),
        subject,
        "{what}: CKA_SUBJECT"
    );
    let key = session.private_key("CPS_PRIV_TECH_AUT");
    let modulus = odd.key.clone().map_or(ABSENT, |(modulus, _)| Ok(modulus));
    assert_eq!(
        session.attribute(key, CKA_MODULUS),
        modulus,
        "{what}: CKA_MODULUS"
    );
    assert_eq!(sign(session, key, &own), odd.signs.map_err(Ckr), "{what}: C_Sign");
}

#[test]
fn an_odd_certificate_of_a_card_without_contacts_shows_what_can_be_read_of_it() {
    let own = numbers(&profile(Chip::Cps3).credentials.technical.key);
    let mut rows = cases(&own);
    odd_certificates(own, &mut rows);
    testkit::each(rows, check_without_contacts);
}

#[test]
fn an_odd_certificate_shows_what_can_be_read_of_it_and_spoils_nothing_else() {
    for chip in CHIPS {
        let own = numbers(&profile(chip).credentials.authentication.key);
        let mut rows = cases(&own);
        odd_certificates(own, &mut rows);
        assert!(rows.len() >= 90, "{} rows", rows.len());
        testkit::each(rows, |odd| check(chip, odd));
    }
}
