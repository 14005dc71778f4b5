//! Every reason that `cpx doctor` knows: it is made to happen, its line appears, and it is gone when
//! mended. The system is a folder of the test's, the service the tests' own, the cards simulated.

mod common;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use common::{CPS3, CPS4, Desk, Outcome, PIN, card, compare, module, run};
use serde_json::Value;
use sim_cards::pki::{Authority, Date, authority_certificate, pem};
use sim_cards::{Interface, Options, SimCard, persona};
use testkit::pcscd::Manner;
use testkit::{READER, each};

/// A healthy machine: pcscd installed and running, the authorities known, a CPS4 in the reader.
struct Ward {
    desk: Desk,
    /// Arguments and environment that a reason needs.
    arguments: Vec<String>,
    environment: Vec<(&'static str, Option<&'static str>)>,
}

impl Ward {
    fn new() -> Ward {
        let desk = Desk::new();
        desk.service.insert(READER, card(CPS4, Interface::Contact));
        let ward = Ward {
            desk,
            arguments: Vec::new(),
            environment: Vec::new(),
        };
        ward.file("usr/sbin/pcscd", "");
        ward.file("usr/lib/pcsc/drivers/ifd-ccid.bundle", "");
        ward.authorities();
        fs::create_dir_all(ward.at("usr/lib/pkcs11")).unwrap();
        ward.install();
        ward
    }

    fn install(&self) {
        fs::copy(module(), self.module()).unwrap();
    }

    fn authorities(&self) {
        let all = Authority::all().map(|authority| pem::certificate(&authority_certificate(authority)));
        self.file("usr/local/share/ca-certificates/lab.crt", &all.concat());
    }

    fn at(&self, path: &str) -> PathBuf {
        self.desk.home.join("root").join(path)
    }

    fn module(&self) -> PathBuf {
        self.at("usr/lib/pkcs11/libcpx_pkcs11.so")
    }

    /// A file of the system.
    fn file(&self, path: &str, content: &str) {
        self.desk.file(&format!("root/{path}"), content);
    }

    /// A file or folder of the system goes.
    fn remove(&self, path: &str) {
        let path = self.at(path);
        let removed = match path.is_dir() {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
        removed.unwrap();
    }

    fn doctor(&self, more: &[&str]) -> Outcome {
        let mut command = self.desk.command("setsid");
        command
            .args(["--wait", env!("CARGO_BIN_EXE_cpx"), "doctor", "--root"])
            .arg(self.at(""));
        if !self.arguments.iter().any(|word| word == "--module") {
            command.arg("--module").arg(self.module());
        }
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        run(command.args(&self.arguments).args(more))
    }

    /// What is found, as `level id`.
    fn findings(&self) -> (Vec<String>, Outcome) {
        let outcome = self.doctor(&["--json"]);
        let answer = outcome.json();
        let found = answer["findings"].as_array().unwrap().iter().map(|finding| {
            let word = |name: &str| finding[name].as_str().unwrap().to_owned();
            format!("{} {}", word("level"), word("id"))
        });
        (found.collect(), outcome)
    }

    /// Another card takes the place of the one in the reader.
    fn swap(&self, card: SimCard) {
        self.desk.service.pull(READER);
        self.desk.service.insert(READER, card);
    }

    fn swap_back(&self) {
        self.swap(card(CPS4, Interface::Contact));
    }

    /// A file of the person.
    fn home(&self, path: &str, content: &str) {
        self.desk.file(path, content);
    }

    fn forget(&self, path: &str) {
        fs::remove_file(self.desk.home.join(path)).unwrap();
    }

    fn usb(&self, id: (&str, &str), class: &str) {
        self.file("sys/bus/usb/devices/1-1/idVendor", &format!("{}\n", id.0));
        self.file("sys/bus/usb/devices/1-1/idProduct", &format!("{}\n", id.1));
        self.file("sys/bus/usb/devices/1-1/product", "Some Reader\n");
        self.file(
            "sys/bus/usb/devices/1-1/1-1:1.0/bInterfaceClass",
            &format!("{class}\n"),
        );
        self.desk.service.unplug(READER);
    }

    fn unusb(&self) {
        self.remove("sys");
        self.desk.service.plug(READER);
        self.swap_in();
    }

    fn swap_in(&self) {
        self.desk.service.insert(READER, card(CPS4, Interface::Contact));
    }

    fn process(&self, name: &str, maps: &str) {
        self.file("proc/4121/comm", &format!("{name}\n"));
        self.file("proc/4121/maps", maps);
    }

    fn policy(&self, path: &str, library: &str) {
        let text = format!("{{\"policies\":{{\"SecurityDevices\":{{\"Add\":{{\"CPx\":\"{library}\"}}}}}}}}");
        self.file(path, &text);
    }
}

fn card_with(persona: &str, options: Options) -> SimCard {
    let options = Options {
        pin: Some(PIN.into()),
        ..options
    };
    SimCard::from_persona(&persona::find(persona).unwrap(), &options)
}

/// A card of somebody who uses it in this month, and `years` later.
fn card_at(years: i32, months: u8) -> SimCard {
    let now = der::DateTime::from_system_time(SystemTime::now()).unwrap();
    let month = now.month() - 1 + months;
    let year = i32::from(now.year()) + years + i32::from(month / 12);
    let day = Date::new(year as u16, month % 12 + 1, 1).unwrap();
    SimCard::from_persona_at(&persona::find(CPS4).unwrap(), &Options::default(), day)
}

/// A reason: what is found, how it comes about, how it is mended.
type Reason = (&'static str, fn(&mut Ward), fn(&mut Ward));

const OURS: &str = "/usr/lib/pkcs11/libcpx_pkcs11.so";
const FIREFOX: &str = "etc/firefox/policies/policies.json";

/// One database of NSS with these libraries.
fn database(libraries: &[&str]) -> String {
    let blocks = libraries
        .iter()
        .map(|library| format!("library={library}\nname=a name\n\n"));
    format!(
        "library=\nname=NSS Internal PKCS #11 Module\nNSS=Flags=internal\n\n{}",
        blocks.collect::<String>()
    )
}

fn reasons() -> Vec<Reason> {
    vec![
        (
            "error service-absent",
            |ward| {
                fs::rename(ward.desk.home.join("pcscd.comm"), ward.desk.home.join("away")).unwrap();
                ward.remove("usr/sbin/pcscd");
            },
            |ward| fs::rename(ward.desk.home.join("away"), ward.desk.home.join("pcscd.comm")).unwrap(),
        ),
        (
            "error service-stopped",
            |ward| fs::rename(ward.desk.home.join("pcscd.comm"), ward.desk.home.join("away")).unwrap(),
            |ward| fs::rename(ward.desk.home.join("away"), ward.desk.home.join("pcscd.comm")).unwrap(),
        ),
        (
            "error service-silent",
            |ward| ward.desk.service.set(Manner::IsSilent),
            |ward| ward.desk.service.set(Manner::Serves),
        ),
        (
            "error service-full",
            |ward| ward.desk.service.set(Manner::IsFull),
            |ward| ward.desk.service.set(Manner::Serves),
        ),
        (
            "error service-refuses",
            |ward| ward.desk.service.set(Manner::Refuses),
            |ward| ward.desk.service.set(Manner::Serves),
        ),
        (
            "error service-refuses-remote",
            |ward| {
                ward.environment
                    .push(("SSH_CONNECTION", Some("10.0.0.1 1 10.0.0.2 22")));
                ward.desk.service.set(Manner::Refuses);
            },
            |ward| ward.environment.clear(),
        ),
        (
            "error service-refuses-hidepid",
            |ward| {
                ward.file("proc/self/mounts", "proc /proc proc rw,nosuid,hidepid=2 0 0\n");
                ward.desk.service.set(Manner::Refuses);
            },
            |ward| ward.file("proc/self/mounts", "proc /proc proc rw,nosuid 0 0\n"),
        ),
        (
            "error service-version",
            |ward| ward.desk.service.set(Manner::Speaks(5)),
            |ward| ward.desk.service.set(Manner::Serves),
        ),
        (
            "warning no-runtime-folder",
            |ward| ward.environment.push(("XDG_RUNTIME_DIR", None)),
            |ward| ward.environment.clear(),
        ),
        (
            "error no-reader",
            |ward| ward.desk.service.unplug(READER),
            |ward| {
                ward.desk.service.plug(READER);
                ward.swap_in();
            },
        ),
        (
            "error reader-not-ccid",
            |ward| ward.usb(("0b00", "0090"), "ff"),
            |ward| ward.unusb(),
        ),
        (
            "error reader-without-driver",
            |ward| {
                ward.usb(("08e6", "3437"), "0b");
                ward.remove("usr/lib/pcsc");
            },
            |ward| ward.file("usr/lib/pcsc/drivers/ifd-ccid.bundle", ""),
        ),
        (
            "error reader-unseen",
            |ward| ward.usb(("08e6", "3437"), "0b"),
            |ward| ward.unusb(),
        ),
        (
            "warning reader-not-ccid",
            |ward| {
                ward.usb(("0b00", "0090"), "ff");
                ward.file("sys/bus/usb/devices/1-2/idVendor", "08e6");
                ward.file("sys/bus/usb/devices/1-2/idProduct", "3437");
                ward.file("sys/bus/usb/devices/1-2/1-2:1.0/bInterfaceClass", "0b");
                ward.desk.service.plug(READER);
                ward.swap_in();
            },
            |ward| ward.remove("sys/bus/usb/devices/1-1"),
        ),
        (
            "warning reader-ignored",
            |ward| {
                ward.home(
                    ".config/cpx-pkcs11/config.toml",
                    "[readers]\nignore = [\"lab\"]\n",
                )
            },
            |ward| ward.forget(".config/cpx-pkcs11/config.toml"),
        ),
        (
            "warning no-card",
            |ward| ward.desk.service.pull(READER),
            |ward| ward.swap_in(),
        ),
        (
            "error card-mute",
            |ward| {
                ward.desk.service.pull(READER);
                ward.desk.service.insert_mute(READER);
            },
            Ward::swap_back_again,
        ),
        (
            "error card-held",
            |ward| ward.desk.service.hold(READER),
            Ward::swap_back_again,
        ),
        (
            "error card-held-scdaemon",
            |ward| {
                ward.process("scdaemon", "");
                ward.desk.service.hold(READER);
            },
            Ward::swap_back_again,
        ),
        (
            "note card-vitale",
            |ward| {
                let insured = sim_cards::insured::find("insured-alone").unwrap();
                ward.swap(SimCard::vitale(&insured, &Options::default()));
            },
            Ward::swap_back_again,
        ),
        (
            "warning card-foreign",
            |ward| {
                ward.desk.service.pull(READER);
                ward.desk
                    .service
                    .insert_bare(READER, &[0x3B, 0x65, 0, 0, 0x20, 0x63, 0xCB, 0x68, 0]);
            },
            Ward::swap_back_again,
        ),
        (
            "warning card-foreign-named",
            |ward| {
                ward.desk.service.pull(READER);
                let atr = [&[0x3B, 0xF8, 0x13, 0x00, 0x00, 0x81][..], b"YubiKey", &[0xD4]].concat();
                ward.desk.service.insert_bare(READER, &atr);
            },
            Ward::swap_back_again,
        ),
        (
            "error card-unusable",
            |ward| ward.swap(card("speech-therapist-half-updated-cps3", Interface::Contact)),
            Ward::swap_back_again,
        ),
        (
            "note contactless",
            |ward| ward.swap(card(CPS3, Interface::Contactless)),
            Ward::swap_back_again,
        ),
        (
            "warning pin-fewer",
            |ward| ward.swap(with_tries(2)),
            Ward::swap_back_again,
        ),
        (
            "warning pin-last",
            |ward| ward.swap(with_tries(1)),
            Ward::swap_back_again,
        ),
        (
            "error pin-blocked",
            |ward| ward.swap(card("dentist-blocked-cps3", Interface::Contact)),
            Ward::swap_back_again,
        ),
        (
            "warning puk-last",
            |ward| ward.swap(with_puk_tries(1)),
            Ward::swap_back_again,
        ),
        (
            "error puk-blocked",
            |ward| ward.swap(with_puk_tries(0)),
            Ward::swap_back_again,
        ),
        (
            "warning certificate-soon",
            // Certificates end two years after the month of use.
            |ward| ward.swap(card_at(-2, 1)),
            Ward::swap_back_again,
        ),
        (
            "error certificate-expired",
            |ward| ward.swap(card("midwife-expired-cps4", Interface::Contact)),
            Ward::swap_back_again,
        ),
        (
            "error certificate-not-yet",
            // They begin a year before it.
            |ward| ward.swap(card_at(2, 0)),
            Ward::swap_back_again,
        ),
        (
            "note chip-without-pss",
            |ward| ward.swap(card(CPS3, Interface::Contact)),
            Ward::swap_back_again,
        ),
        (
            "note authority-missing",
            |ward| ward.remove("usr/local/share/ca-certificates"),
            |ward| ward.authorities(),
        ),
        (
            "error module-missing",
            |ward| ward.arguments = vec!["--module".into(), "/nowhere/libcpx_pkcs11.so".into()],
            |ward| ward.arguments.clear(),
        ),
        (
            "error module-unloadable",
            |ward| fs::write(ward.module(), "no library").unwrap(),
            |ward| ward.install(),
        ),
        (
            "error module-architecture",
            |ward| {
                let mut library = fs::read(ward.module()).unwrap();
                // e_machine: that of a processor of 1990.
                library[18] = 2;
                fs::write(ward.module(), library).unwrap();
            },
            |ward| ward.install(),
        ),
        (
            "note module-place",
            |ward| ward.arguments = vec!["--module".into(), module().display().to_string()],
            |ward| ward.arguments.clear(),
        ),
        (
            "error clock",
            |ward| {
                ward.file("etc/ld.so.cache", "");
                let written = File::open(ward.at("etc/ld.so.cache")).unwrap();
                let later = SystemTime::now() + Duration::from_secs(90 * 24 * 60 * 60);
                written.set_modified(later).unwrap();
            },
            |ward| ward.file("etc/ld.so.cache", "again"),
        ),
        (
            "warning registered-twice",
            |ward| {
                for name in ["cpx-pkcs11", "old"] {
                    let path = format!("usr/share/p11-kit/modules/{name}.module");
                    ward.file(&path, &format!("module: {OURS}\n"));
                }
            },
            // The administrator's file of the same name takes its place, and keeps everybody away.
            |ward| ward.file("etc/pkcs11/modules/old.module", "module: x.so\nenable-in:\n"),
        ),
        (
            "warning registered-twice",
            |ward| ward.home(".pki/nssdb/pkcs11.txt", &database(&[OURS, OURS])),
            |ward| ward.home(".pki/nssdb/pkcs11.txt", &database(&[OURS])),
        ),
        (
            "warning registered-through-proxy",
            |ward| {
                ward.file(
                    "usr/share/p11-kit/modules/cpx-pkcs11.module",
                    &format!("module: {OURS}\n"),
                );
                let text = database(&[OURS, "/usr/lib/p11-kit-proxy.so"]);
                ward.home(".mozilla/firefox/abcd.default/pkcs11.txt", &text);
            },
            |ward| ward.home(".mozilla/firefox/abcd.default/pkcs11.txt", &database(&[OURS])),
        ),
        (
            "error registered-missing",
            |ward| {
                let text = database(&["/usr/lib/old/libcpx_pkcs11.so"]);
                ward.home(".thunderbird/abcd.default/pkcs11.txt", &text);
            },
            |ward| ward.home(".thunderbird/abcd.default/pkcs11.txt", &database(&[OURS])),
        ),
        (
            "warning beside-opensc",
            |ward| {
                ward.file(
                    "usr/share/p11-kit/modules/cpx-pkcs11.module",
                    &format!("module: {OURS}\n"),
                );
                ward.file(
                    "usr/share/p11-kit/modules/opensc.module",
                    "module: opensc-pkcs11.so\n",
                );
            },
            |ward| ward.remove("usr/share/p11-kit/modules/opensc.module"),
        ),
        (
            "warning beside-official",
            |ward| {
                let text = database(&[OURS, "/opt/santesocial/CPS/lib/libcps3_pkcs11_lux.so"]);
                ward.home(".pki/nssdb/pkcs11.txt", &text);
            },
            |ward| ward.home(".pki/nssdb/pkcs11.txt", &database(&[OURS])),
        ),
        (
            "warning official-installed",
            |ward| ward.file("opt/santesocial/CPS/lib/libcps3_pkcs11_lux.so", ""),
            |ward| ward.remove("opt"),
        ),
        (
            "ok policy",
            |ward| ward.policy(FIREFOX, OURS),
            |ward| ward.remove(FIREFOX),
        ),
        (
            "error registered-missing",
            |ward| ward.policy(FIREFOX, "/usr/lib/old/libcpx_pkcs11.so"),
            |ward| ward.policy(FIREFOX, OURS),
        ),
        (
            "error policy-unreadable",
            |ward| ward.file("etc/thunderbird/policies/policies.json", "{ \"policies\": "),
            |ward| ward.policy("etc/thunderbird/policies/policies.json", OURS),
        ),
        (
            "warning restart",
            |ward| {
                ward.policy(FIREFOX, OURS);
                ward.process("firefox-esr", "7f00-7f01 r-xp 0 08:01 1 /usr/lib/libnss3.so\n");
            },
            |ward| ward.process("firefox-esr", &format!("7f00-7f01 r-xp 0 08:01 1   {OURS}\n")),
        ),
        (
            "warning caged",
            |ward| ward.file("snap/firefox/current", ""),
            |ward| ward.remove("snap"),
        ),
        (
            "warning caged",
            |ward| ward.file("var/lib/flatpak/app/org.mozilla.firefox/current", ""),
            |ward| ward.remove("var"),
        ),
    ]
}

impl Ward {
    fn swap_back_again(&mut self) {
        self.swap_back();
    }
}

fn with_tries(tries: u8) -> SimCard {
    let tries = Some(tries);
    card_with(
        CPS4,
        Options {
            tries,
            ..Options::default()
        },
    )
}

fn with_puk_tries(tries: u8) -> SimCard {
    let puk_tries = Some(tries);
    card_with(
        CPS4,
        Options {
            puk_tries,
            ..Options::default()
        },
    )
}

#[test]
fn a_healthy_machine_has_nothing_to_mend() {
    let ward = Ward::new();
    let (found, outcome) = ward.findings();
    assert!(
        found.iter().all(|finding| finding.starts_with("ok ")),
        "{found:?}"
    );
    let needed = ["service", "readers", "module", "card", "pin", "certificates"];
    for id in needed {
        assert!(found.contains(&format!("ok {id}")), "{id}: {found:?}");
    }
    assert_eq!(outcome.exit, 0, "{found:?}");
}

#[test]
fn each_reason_appears_when_it_happens_and_is_gone_when_mended() {
    each(reasons(), |(reason, happen, mend)| {
        let mut ward = Ward::new();
        let (before, _) = ward.findings();
        assert!(
            !before.contains(&(*reason).to_owned()),
            "{reason} before: {before:?}"
        );
        happen(&mut ward);
        let (found, outcome) = ward.findings();
        assert!(found.contains(&(*reason).to_owned()), "{reason}: {found:?}");
        let worst = found
            .iter()
            .any(|it| it.starts_with("error") || it.starts_with("warning"));
        assert_eq!(outcome.exit, if worst { 10 } else { 0 }, "{reason}: {found:?}");
        mend(&mut ward);
        let (after, _) = ward.findings();
        assert!(
            !after.contains(&(*reason).to_owned()),
            "{reason} after: {after:?}"
        );
    });
}

#[test]
fn every_reason_has_its_test() {
    let texts = include_str!("../texts/en.ftl");
    let ids = texts
        .lines()
        .filter_map(|line| line.strip_prefix("doctor-")?.split_once(" ="))
        .map(|it| it.0);
    // Lines that are no reason; and one that a user with all rights cannot meet.
    let others = [
        "sum",
        "report",
        "system",
        "remote",
        "service",
        "readers",
        "module",
        "card",
        "pin",
        "certificates",
    ];
    let untested = ["service-closed", "no-certificate"];
    let tested = reasons();
    for id in ids.filter(|id| !others.contains(id) && !untested.contains(id)) {
        let known = tested
            .iter()
            .any(|(reason, _, _)| reason.split(' ').nth(1) == Some(id));
        assert!(known, "no test makes {id} happen");
    }
}

#[test]
fn a_sick_machine_is_told_in_both_languages() {
    let mut ward = Ward::new();
    for (_, happen, _) in reasons().into_iter().filter(|(reason, _, _)| {
        [
            "warning caged",
            "warning beside-opensc",
            "note chip-without-pss",
            "warning restart",
        ]
        .contains(reason)
    }) {
        happen(&mut ward);
    }
    ward.swap(card("dentist-blocked-cps3", Interface::Contact));
    for lang in ["fr", "en"] {
        let told = ward.doctor(&["--lang", lang]);
        let text: Vec<String> = told.stdout.lines().map(timeless).collect();
        let screens = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screens");
        let text = format!("$ cpx doctor\n{}\n[{}]\n", text.join("\n"), told.exit);
        compare(&screens.join(format!("doctor.{lang}.txt")), &text);
    }
}

/// A line without what changes from day to day.
fn timeless(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let bare = word.trim_end_matches('.');
        let is_date = bare.len() == 10 && bare.as_bytes()[4] == b'-';
        if is_date {
            word.replace(bare, "DATE")
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<String>>().join(" ")
}

#[test]
fn nothing_personal_stands_in_a_report() {
    for persona in [CPS4, "epithesist-long-names-cps4", "pharmacist-owner-cps3"] {
        let ward = Ward::new();
        ward.swap(card(persona, Interface::Contact));
        ward.home(".pki/nssdb/pkcs11.txt", &database(&[OURS, OURS]));
        ward.policy(FIREFOX, "/home/testine/libcpx_pkcs11.so");
        ward.desk.service.plug("Gemalto PC Twin Reader (70D7E2EE) 01 00");
        let shown = ward.desk.line("show --json --reader Lab").json();
        let mut secrets = vec!["70D7E2EE".to_owned(), "testine".into(), PIN.into()];
        secrets.push(ward.desk.home.display().to_string());
        secrets.push(
            fs::read_to_string("/proc/sys/kernel/hostname")
                .unwrap()
                .trim()
                .into(),
        );
        texts_in(&shown["card"]["serial"], &mut secrets);
        texts_in(&shown["card"]["number_on_card"], &mut secrets);
        for name in [
            "id",
            "number",
            "register",
            "surname",
            "given_name",
            "organisation",
        ] {
            texts_in(&shown["holder"][name], &mut secrets);
        }
        assert!(secrets.len() > 9, "{secrets:?}");
        for lang in ["fr", "en"] {
            let path = format!("report-{lang}");
            let told = ward.doctor(&["--lang", lang, "--report", &path]);
            assert_eq!(told.exit, 10, "{}", told.stderr);
            let report = fs::read_to_string(ward.desk.home.join(&path)).unwrap();
            assert!(report.contains("[registered-twice]"), "{report}");
            for secret in &secrets {
                let there = report.to_lowercase().contains(&secret.to_lowercase());
                assert!(!there, "{secret} in {report}");
            }
            // It is never written over another file.
            assert_eq!(ward.doctor(&["--report", &path]).exit, 9);
        }
    }
}

fn texts_in(value: &Value, all: &mut Vec<String>) {
    all.extend(value.as_str().filter(|text| text.len() > 2).map(str::to_owned));
}
