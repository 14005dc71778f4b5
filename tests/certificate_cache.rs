//! Certificates that one process keeps for the next, where the configuration wants it. Each login below is that of a process of
//! its own.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use cpx_pkcs11::certificate_cache::{CertificateCache, SEALING};
use cryptoki_sys::*;
use sim_cards::{Options, hex};

use testkit::{PIN, Session, ulong};

const CPS3: &str = "doctor-hospital-cps3";
const CPS4: &str = "doctor-gp-cps4";

/// Exchanges and bytes of a TLS login, without and with a certificate that is known.
const COLD: [(&str, Cost); 2] = [(CPS3, Cost(35, 3491)), (CPS4, Cost(29, 3803))];
const WARM: [(&str, Cost); 2] = [(CPS3, Cost(27, 1268)), (CPS4, Cost(21, 1574))];

/// What each end of a kept certificate costs more, where nothing can be opened with it.
const WRONG: u64 = 2;

/// Exchanges, and bytes both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost(u64, u64);

/// `$XDG_RUNTIME_DIR` of one test, and a configuration that wants certificates to be kept.
struct User(PathBuf);

impl User {
    /// In memory, on every Linux.
    fn new(test: &str) -> User {
        User::below(Path::new("/dev/shm"), test)
    }

    fn below(parent: &Path, test: &str) -> User {
        let path = parent.join(format!("cpx-pkcs11-{}-{test}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&path).unwrap();
        let user = User(path);
        user.configure("[certificates]\nremember = true\n");
        user
    }

    fn configure(&self, text: &str) {
        fs::write(self.0.join("config.toml"), text).unwrap();
    }

    fn directory(&self) -> PathBuf {
        self.0.join("cpx-pkcs11")
    }

    fn kept(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.directory()) else {
            return Vec::new();
        };
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// A TLS login in a process of this user.
    fn logs_in(&self, persona: &str) -> Login {
        self.logs_in_at(&self.0, persona)
    }

    /// What a process finds that has read the end of this certificate from the card.
    fn finds(&self, kept: &Path, certificate: &[u8]) -> Option<Vec<u8>> {
        let (file, end) = place(kept);
        let sealing = certificate.last_chunk().expect("a certificate");
        CertificateCache::new(&self.directory()).find(&file, end, sealing)
    }

    /// Keeps this certificate as a process does that has read it.
    fn keeps(&self, kept: &Path, certificate: &[u8]) {
        let (file, end) = place(kept);
        let start = end + SEALING - certificate.len();
        CertificateCache::new(&self.directory()).keep(&file, start, certificate);
    }

    /// The same with another `$XDG_RUNTIME_DIR`.
    fn logs_in_at(&self, runtime: &Path, persona: &str) -> Login {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--ignored", "--nocapture", "a_process_that_logs_in"])
            .env("XDG_RUNTIME_DIR", runtime)
            .env("CPX_PKCS11_CONFIG", self.0.join("config.toml"))
            .env("PERSONA", persona)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        let told = |name: &str| {
            let mut words = text.split_whitespace();
            words.find_map(|word| word.strip_prefix(name)).unwrap().to_owned()
        };
        Login {
            cost: Cost(
                told("exchanges=").parse().unwrap(),
                told("bytes=").parse().unwrap(),
            ),
            certificate: hex::decode(&told("certificate=")).unwrap(),
            signature: told("signature="),
            tries: told("tries=").parse().unwrap(),
            complaint: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Path of the certificate's file on the card, and where the certificate ends in it, by the name of
/// the kept file.
fn place(kept: &Path) -> (Vec<u16>, usize) {
    let name = kept.file_name().unwrap().to_str().unwrap();
    let [path, end, seal] = name.split('-').collect::<Vec<_>>()[..] else {
        panic!("{name}")
    };
    assert_eq!(hex::decode(seal).map(|seal| seal.len()), Some(16), "{name}");
    let path = hex::decode(path).unwrap();
    let file = path.chunks(2).map(|fid| u16::from_be_bytes([fid[0], fid[1]]));
    (file.collect(), usize::from_str_radix(end, 16).unwrap())
}

impl Drop for User {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Login {
    cost: Cost,
    /// CKA_VALUE.
    certificate: Vec<u8>,
    /// In hexadecimal digits, or the return code.
    signature: String,
    /// Tries of the PIN that are left.
    tries: u8,
    /// The standard error.
    complaint: String,
}

fn of(table: [(&str, Cost); 2], persona: &str) -> Cost {
    table.into_iter().find(|(of, _)| *of == persona).unwrap().1
}

/// What the tests below run with an environment of their own.
#[test]
#[ignore = "part of other tests"]
fn a_process_that_logs_in() {
    let persona = std::env::var("PERSONA").unwrap();
    let (module, _rack, card) = testkit::start(testkit::card(&persona, &Options::default()));
    module.token_info(module.slot()).expect("C_GetTokenInfo");
    let session = module.session();
    let certificate = authentication_certificate(session);
    let value = session.attribute(certificate, CKA_VALUE).expect("CKA_VALUE");
    session.login(PIN).expect("C_Login");
    let key = session.companion(certificate, CKO_PRIVATE_KEY);
    session.sign_init(CKM_SHA256_RSA_PKCS, key).expect("C_SignInit");
    let signature = match session.sign(b"a message") {
        Ok(signature) => hex::encode(&signature),
        Err(code) => format!("{code:?}").replace(' ', ""),
    };
    let asked = card.sim().totals();
    let bytes = asked.sent + asked.received;
    println!(
        "exchanges={} bytes={bytes} certificate={} signature={signature} tries={}",
        asked.apdus,
        hex::encode(&value),
        card.sim().tries_left()
    );
}

fn authentication_certificate(session: Session<'_>) -> CK_OBJECT_HANDLE {
    let found = session.find(&[(CKA_CLASS, ulong(CKO_CERTIFICATE))]);
    *found.expect("a search").last().expect("a certificate")
}

#[test]
fn the_next_process_does_not_read_the_certificate_again() {
    for (persona, cold) in COLD {
        let user = User::new("next");
        let first = user.logs_in(persona);
        assert_eq!(first.cost, cold, "{persona}");
        let next = user.logs_in(persona);
        assert_eq!(next.cost, of(WARM, persona), "{persona}");
        assert_eq!((first.complaint, next.complaint), Default::default());
        assert_eq!(next.certificate, first.certificate);
        assert_eq!((next.signature.len(), next.tries), (512, 3));
    }
}

#[test]
fn nothing_is_kept_unless_it_is_wanted() {
    let user = User::new("unwanted");
    for configuration in [
        "",
        "[certificates]\nremember = false\n",
        "[certificates]\nremember = 1\n",
    ] {
        user.configure(configuration);
        for _ in 0..2 {
            assert_eq!(user.logs_in(CPS3).cost, of(COLD, CPS3), "{configuration}");
        }
        assert!(!user.directory().exists(), "{configuration}");
    }
}

#[test]
fn certificates_are_kept_for_their_user_alone_and_nothing_else() {
    let user = User::new("content");
    let certificates = [CPS3, CPS4].map(|persona| user.logs_in(persona).certificate);
    let rights = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(rights(&user.directory()), 0o700);
    let kept = user.kept();
    assert_eq!(kept.len(), 2);
    for certificate in &certificates {
        let found: Vec<_> = kept
            .iter()
            .filter_map(|path| user.finds(path, certificate))
            .collect();
        assert_eq!(found, [certificate.as_slice()]);
    }
    assert!(kept.iter().all(|path| rights(path) == 0o600));
}

/// Where the card is not, a kept file says neither whose it is nor which card's.
#[test]
fn nothing_of_a_card_is_readable_without_it() {
    let user = User::new("sealed");
    let certificate = user.logs_in(CPS3).certificate;
    let [path] = &user.kept()[..] else {
        panic!("one certificate")
    };
    let content = fs::read(path).unwrap();
    let parts: Vec<&[u8]> = certificate.windows(6).collect();
    assert!(!content.windows(6).any(|window| parts.contains(&window)));
    let other = User::new("sealed-other");
    let another = other.logs_in(CPS4).certificate;
    assert_eq!(user.finds(path, &another), None, "with another card");
    // The name is the same for every card of this kind, but for what the seal makes.
    let (file, end) = place(path);
    assert_eq!((file[0], end + SEALING), (0x3F00, certificate.len()));
}

#[test]
fn what_is_not_the_certificate_of_the_card_is_not_used() {
    let user = User::new("wrong");
    let good = user.logs_in(CPS3);
    let [path] = &user.kept()[..] else {
        panic!("one certificate")
    };
    let content = fs::read(path).unwrap();
    let mut flipped = content.clone();
    flipped[1000] ^= 1;
    let other = {
        let other = User::new("other");
        other.logs_in(CPS4);
        fs::read(&other.kept()[0]).unwrap()
    };
    // What is no kept file by its length costs nothing on the card.
    for (wrong, more) in [
        (Vec::new(), 0),
        (content[..40].to_vec(), 0),
        (content[..41].to_vec(), WRONG),
        (content[..1000].to_vec(), WRONG),
        (good.certificate.clone(), WRONG),
        (flipped, WRONG),
        (vec![0x30; 1 << 15], 0),
        (other, WRONG),
    ] {
        fs::write(path, &wrong).unwrap();
        let login = user.logs_in(CPS3);
        assert_eq!(login.cost.0, good.cost.0 + more, "{} bytes", wrong.len());
        assert_eq!(login.certificate, good.certificate);
        let now = user.finds(path, &good.certificate);
        assert_eq!(
            now.as_ref(),
            Some(&good.certificate),
            "the right one is kept again"
        );
    }
    // A file at another place is one that the card must deny; two of them are asked for at most.
    let name = path.file_name().unwrap().to_str().unwrap();
    fs::remove_file(path).unwrap();
    for (ends, asked) in [(1, 1), (2, 2), (5, 2)] {
        for end in 0..ends {
            let elsewhere = name.replacen(&name[13..17], &format!("{:04x}", 0x400 + end), 1);
            fs::write(user.directory().join(&elsewhere), &content).unwrap();
            let private = fs::Permissions::from_mode(0o600);
            fs::set_permissions(user.directory().join(elsewhere), private).unwrap();
        }
        let login = user.logs_in(CPS3);
        assert_eq!(login.cost.0, good.cost.0 + asked * WRONG, "{ends} ends");
        assert_eq!(login.certificate, good.certificate);
        user.kept().iter().for_each(|path| fs::remove_file(path).unwrap());
    }
}

/// Who has the card can seal what he likes: a certificate that ends as the card's and is another one.
/// No wrong signature comes of it, and no try of the PIN is lost.
#[test]
fn a_wrong_certificate_that_is_sealed_rightly_yields_no_wrong_signature() {
    for persona in [CPS3, CPS4] {
        let user = User::new("planted");
        let good = user.logs_in(persona);
        let [path] = &user.kept()[..] else {
            panic!("one certificate")
        };
        // In the modulus, where the signature is not this certificate's, and somewhere before.
        for (at, believed) in [(modulus_of(&good.certificate) + 100, false), (100, true)] {
            let mut planted = good.certificate.clone();
            planted[at] ^= 0x04;
            user.keeps(path, &planted);
            assert_eq!(user.finds(path, &planted), Some(planted.clone()));
            let login = user.logs_in(persona);
            assert_eq!(login.certificate, planted, "{persona}, {at}");
            assert_eq!(login.signature, good.signature, "{persona}, {at}");
            assert_eq!(login.tries, 3, "{persona}, {at}");
            // The card was asked for its own certificate, which the next process finds.
            let now = user.finds(path, &good.certificate);
            let expected = if believed {
                planted
            } else {
                good.certificate.clone()
            };
            assert_eq!(now, Some(expected), "{persona}, {at}");
        }
    }
}

/// Where the modulus of 2048 bits begins.
fn modulus_of(certificate: &[u8]) -> usize {
    let before = hex::decode("0282010100").unwrap();
    let found = certificate
        .windows(before.len())
        .position(|window| window == before);
    found.expect("a modulus") + before.len()
}

#[test]
fn a_place_that_others_reach_is_not_used() {
    let cold = of(COLD, CPS3);
    let refused = |why: &str| {
        format!("cpx-pkcs11: configuration: certificates.remember: below XDG_RUNTIME_DIR: {why}: left out\n")
    };
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();

    let user = User::new("open");
    set(&user.0, 0o755);
    for _ in 0..2 {
        let login = user.logs_in(CPS3);
        assert_eq!(login.cost, cold);
        assert_eq!(login.complaint, refused("the directory is not this user's alone"));
    }
    assert!(user.kept().is_empty());
    let login = user.logs_in_at(&user.0.join("missing"), CPS3);
    assert_eq!(login.complaint, refused("No such file or directory (os error 2)"));

    let user = User::new("file");
    user.logs_in(CPS3);
    set(&user.kept()[0], 0o644);
    assert_eq!(user.logs_in(CPS3).cost, cold, "a file that others may read");
    assert_eq!(user.logs_in(CPS3).cost, of(WARM, CPS3), "and that was replaced");
    set(&user.directory(), 0o777);
    let login = user.logs_in(CPS3);
    assert_eq!(login.cost, cold);
    assert_eq!(login.complaint, refused("the directory is not this user's alone"));

    let user = User::new("link");
    let elsewhere = User::new("elsewhere");
    symlink(&elsewhere.0, user.directory()).unwrap();
    assert_eq!(user.logs_in(CPS3).cost, cold);
    assert_eq!(
        fs::read_dir(&elsewhere.0).unwrap().count(),
        1,
        "the configuration alone"
    );

    // Below the target directory, which is on a disk.
    let user = User::below(Path::new(env!("CARGO_TARGET_TMPDIR")), "disk");
    for _ in 0..2 {
        let login = user.logs_in(CPS3);
        assert_eq!(login.cost, cold);
        assert_eq!(login.complaint, refused("the directory is not in memory"));
    }
    assert!(user.kept().is_empty());
}

#[test]
fn old_certificates_make_room() {
    let user = User::new("room");
    user.logs_in(CPS3);
    let [first] = &user.kept()[..] else {
        panic!("one certificate")
    };
    let content = fs::read(first).unwrap();
    for number in 0..100 {
        fs::write(user.directory().join(format!("{number}")), &content).unwrap();
    }
    user.logs_in(CPS4);
    let kept = user.kept();
    assert_eq!(kept.len(), 64);
    assert!(!kept.contains(first), "the oldest goes");
    assert_eq!(user.logs_in(CPS4).cost, of(WARM, CPS4));
}
