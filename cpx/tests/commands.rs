//! What each command does, how it ends, and what it does not do: no PIN that was not asked for, no
//! file overwritten, no card left open.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use common::{CPS3, CPS4, Desk, Outcome, PIN, PUK, card, module, run};
use sim_cards::{Interface, Options, SimCard, persona};
use testkit::READER;
use testkit::pcscd::Manner;

/// Exit codes, as the help and the manual have them.
mod exit {
    pub const FINE: i32 = 0;
    pub const USAGE: i32 = 1;
    pub const NO_READER: i32 = 2;
    pub const NO_CARD: i32 = 3;
    pub const UNUSABLE: i32 = 4;
    pub const PIN_REFUSED: i32 = 5;
    pub const PIN_BLOCKED: i32 = 6;
    pub const CERTIFICATE: i32 = 7;
    pub const NOT_POSSIBLE: i32 = 8;
    pub const FILE: i32 = 9;
}

/// The outcome in both languages and for programs: they end in the same way, for the same reason.
fn ends(desk: &Desk, line: &str, exit: i32, reason: &str) {
    for lang in ["fr", "en"] {
        let outcome = desk.line(&format!("{line} --lang {lang}"));
        assert_eq!(outcome.exit, exit, "{line}: {}{}", outcome.stdout, outcome.stderr);
        assert_eq!(outcome.reason(), reason, "{line}: {}", outcome.stderr);
    }
    let outcome = desk.line(&format!("{line} --json"));
    assert_eq!(outcome.exit, exit, "{line} --json");
    if !reason.is_empty() {
        let answer = outcome.json();
        assert_eq!(answer["error"]["code"], reason, "{line} --json");
        assert_eq!(answer["error"]["exit"], exit, "{line} --json");
    }
}

#[test]
fn each_cause_has_its_exit_code_and_its_word() {
    let desk = Desk::new();
    ends(&desk, "status", exit::NO_CARD, "");
    ends(&desk, "show", exit::NO_CARD, "no-card");
    ends(&desk, "--nonsense", exit::USAGE, "usage-unknown");
    ends(&desk, "nonsense", exit::USAGE, "usage-unknown");
    ends(&desk, "cert export", exit::USAGE, "usage-missing");
    ends(&desk, "cert export portrait", exit::USAGE, "usage-value");
    ends(
        &desk,
        "pin check --pin-fd 0 --pinentry",
        exit::USAGE,
        "usage-conflict",
    );
    ends(&desk, "show --reader other", exit::NO_READER, "no-such-reader");
    ends(&desk, "status --module /nowhere.so", exit::FILE, "module-missing");
    let wrong = desk.file("wrong.so", "no library");
    let line = format!("status --module {}", wrong.display());
    ends(&desk, &line, exit::FILE, "module-unloadable");

    desk.service
        .insert_bare(READER, &[0x3B, 0x65, 0, 0, 0x20, 0x63, 0xCB, 0x68, 0]);
    ends(&desk, "status", exit::UNUSABLE, "");
    ends(&desk, "show", exit::UNUSABLE, "only-foreign");
    desk.service.pull(READER);
    desk.service.insert_mute(READER);
    ends(&desk, "show", exit::UNUSABLE, "card-mute");
    desk.service.pull(READER);

    desk.service.insert(
        READER,
        card("speech-therapist-half-updated-cps3", Interface::Contact),
    );
    ends(&desk, "show", exit::UNUSABLE, "card-unusable");
    desk.service.pull(READER);
    desk.service
        .insert(READER, card("midwife-expired-cps4", Interface::Contact));
    ends(&desk, "status", exit::CERTIFICATE, "");
    desk.service.pull(READER);
    desk.service
        .insert(READER, card("dentist-blocked-cps3", Interface::Contact));
    ends(&desk, "status", exit::PIN_BLOCKED, "");
    ends(&desk, "pin check", exit::PIN_BLOCKED, "pin-blocked");
    desk.service.pull(READER);
    desk.service.insert(READER, card(CPS3, Interface::Contactless));
    ends(&desk, "status", exit::FINE, "");
    ends(&desk, "pin change", exit::NOT_POSSIBLE, "no-pin");
    ends(
        &desk,
        "cert export signature",
        exit::NOT_POSSIBLE,
        "no-such-certificate",
    );
    desk.service.hold(READER);
    ends(&desk, "show", exit::UNUSABLE, "card-held");
    desk.service.pull(READER);

    desk.service.set(Manner::Refuses);
    ends(&desk, "status", exit::NO_READER, "service-refuses");
    desk.service.set(Manner::IsSilent);
    ends(&desk, "status", exit::NO_READER, "service-silent");
    desk.service.set(Manner::Serves);
    desk.service.unplug(READER);
    ends(&desk, "status", exit::NO_READER, "no-reader");
    fs::remove_file(desk.home.join("pcscd.comm")).unwrap();
    ends(&desk, "status", exit::NO_READER, "no-service");
}

#[test]
fn two_cards_want_a_choice() {
    let (desk, _) = Desk::with(CPS3);
    desk.service.plug("Second 01 00");
    desk.service
        .insert("Second 01 00", card(CPS4, Interface::Contact));
    ends(&desk, "show", exit::USAGE, "several-cards");
    for (wanted, chip) in [("0", "CPS3"), ("1", "CPS4"), ("second", "CPS4")] {
        let shown = desk.line(&format!("show --json --reader {wanted}"));
        assert_eq!(shown.json()["card"]["chip"], chip, "{wanted}");
    }
}

#[test]
fn the_help_names_every_exit_code_in_both_languages() {
    let desk = Desk::new();
    for (lang, word) in [("fr", "Codes de sortie"), ("en", "Exit codes")] {
        let help = desk.line(&format!("--help --lang {lang}"));
        assert_eq!(help.exit, exit::FINE);
        let (_, codes) = help.stdout.split_once(word).unwrap();
        for code in (0..=10).chain([130]) {
            let there = codes
                .lines()
                .any(|line| line.split_whitespace().next() == Some(&code.to_string()));
            assert!(there, "{code}: {codes}");
        }
    }
}

#[test]
fn a_pin_changes_is_checked_and_is_unblocked() {
    for persona in [CPS3, CPS4] {
        let (desk, card) = Desk::with(persona);
        let new = desk.file("new", "567890\n").display().to_string();
        let with = |line: &str, old: &str| {
            let words = line.split_whitespace().map(str::to_owned);
            desk.cpx(words.chain(desk.pin(old)).chain(["--json".into()]))
        };
        let changed = with(&format!("pin change --new-pin-file {new}"), PIN);
        assert_eq!(changed.exit, exit::FINE, "{}", changed.stderr);
        assert_eq!(changed.json()["pin"]["tries"], 3);
        assert!(!card.sim().is_holder_verified(), "the card is left open");
        assert_eq!(with("pin check", PIN).json()["error"]["code"], "pin-refused");
        assert_eq!(card.tries_left(), 2);
        assert_eq!(with("pin check", "567890").exit, exit::FINE);
        assert_eq!(card.tries_left(), 3);
        assert!(!card.sim().is_holder_verified(), "the card is left open");

        for (left, reason) in [(2, "pin-refused"), (1, "pin-refused-last")] {
            let refused = with("pin check", "0000");
            assert_eq!((refused.exit, refused.reason()), (exit::PIN_REFUSED, reason));
            assert_eq!(card.tries_left(), left);
        }
        // Nobody is there to confirm the last try.
        let refused = with("pin check", "0000");
        assert_eq!(refused.reason(), "last-try-unconfirmed", "{}", refused.stderr);
        assert_eq!(card.tries_left(), 1);
        let refused = with("pin check --last-try", "0000");
        assert_eq!(
            (refused.exit, refused.reason()),
            (exit::PIN_BLOCKED, "pin-blocked-now")
        );
        assert_eq!(card.tries_left(), 0);

        let unblock = |puk: &str| {
            let puk = desk.file("puk", puk).display().to_string();
            desk.line(&format!(
                "pin unblock --json --puk-file {puk} --new-pin-file {new}"
            ))
        };
        let refused = unblock("00000000");
        assert_eq!(
            (refused.exit, refused.reason()),
            (exit::PIN_REFUSED, "puk-refused")
        );
        let unblocked = unblock(PUK);
        assert_eq!(unblocked.exit, exit::FINE, "{}", unblocked.stderr);
        assert_eq!(unblocked.json()["pin"]["state"], "ok");
        assert_eq!(with("pin check", "567890").exit, exit::FINE);
    }
}

#[test]
fn a_last_try_of_the_unblocking_code_is_not_spent_unasked() {
    let desk = Desk::new();
    let persona = persona::find(CPS3).unwrap();
    let options = Options {
        puk_tries: Some(1),
        ..Options::default()
    };
    let card = desk
        .service
        .insert(READER, SimCard::from_persona(&persona, &options));
    let puk = desk.file("puk", PUK).display().to_string();
    let line = format!("pin unblock --puk-file {puk} --new-pin-file {puk}");
    ends(&desk, &line, exit::PIN_REFUSED, "last-try-unconfirmed");
    assert_eq!(card.sim().puk_tries_left(), 1);
}

#[test]
fn bad_input_costs_no_try_and_says_what_it_is() {
    let (desk, card) = Desk::with(CPS3);
    let secret = desk.file("secret", PIN);
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    let readable = fs::read(&secret).is_ok();
    let huge = desk.home.join("huge");
    fs::File::create(&huge).unwrap().set_len(2 << 30).unwrap();
    let letters = desk.file("letters", "abcd");
    let empty = desk.file("empty", "");
    let long = desk.file("long", "1".repeat(500));
    let directory = desk.home.clone();
    for (path, exit, reason) in [
        (desk.home.join("absent"), exit::FILE, "file-unreadable"),
        (directory, exit::FILE, "file-unreadable"),
        (letters, exit::PIN_REFUSED, "pin-form"),
        (empty, exit::PIN_REFUSED, "pin-form"),
        (long, exit::PIN_REFUSED, "pin-form"),
        (huge.clone(), exit::PIN_REFUSED, "pin-form"),
    ] {
        let line = format!("pin check --pin-file {}", path.display());
        ends(&desk, &line, exit, reason);
    }
    if !readable {
        let line = format!("pin check --pin-file {}", secret.display());
        ends(&desk, &line, exit::FILE, "file-unreadable");
    }
    ends(&desk, "pin check --pin-fd 99", exit::FILE, "file-unreadable");
    ends(&desk, "pin check", exit::USAGE, "no-terminal");
    ends(
        &desk,
        "pin check --pinentry /bin/false",
        exit::FILE,
        "pinentry-fails",
    );
    let chain = |path: &str| format!("cert export signature --chain {path}");
    for (path, reason) in [
        ("absent", "file-unreadable"),
        (".", "file-is-directory"),
        ("empty", "file-empty"),
        ("letters", "no-certificates-in"),
        ("huge", "file-too-large"),
    ] {
        ends(&desk, &chain(path), exit::FILE, reason);
    }
    assert_eq!(card.tries_left(), 3);
}

#[test]
fn a_certificate_is_exported_and_never_over_a_file() {
    for persona in [CPS3, CPS4] {
        let (desk, _) = Desk::with(persona);
        for which in ["authentication", "signature"] {
            let pem = desk.line(&format!("cert export {which}"));
            assert_eq!(pem.exit, exit::FINE);
            let pem = desk.file(&format!("{which}.pem"), pem.stdout);
            let der = format!("{which}.der");
            let written = desk.line(&format!("cert export {which} --der --out {der} --json"));
            assert_eq!(written.json()["certificate"]["use"], which);
            let print = |path: &str, form: &str| {
                let arguments = [
                    "x509",
                    "-noout",
                    "-fingerprint",
                    "-sha256",
                    "-inform",
                    form,
                    "-in",
                ];
                run(desk.command("openssl").args(arguments).arg(path)).stdout
            };
            let same = print(pem.to_str().unwrap(), "PEM");
            assert!(same.contains("ingerprint"), "{same}");
            assert_eq!(print(&der, "DER"), same);
            ends(
                &desk,
                &format!("cert export {which} --out {der}"),
                exit::FILE,
                "file-exists",
            );
        }
    }
}

#[test]
fn the_uri_of_a_key_is_one_that_others_find_it_by() {
    if Command::new("p11tool").arg("--version").output().is_err() {
        eprintln!("left out: no p11tool");
        return;
    }
    for persona in [CPS3, CPS4] {
        let (desk, _) = Desk::with(persona);
        let answer = desk.line("key list --json").json();
        let keys = answer["keys"].as_array().unwrap();
        assert_eq!(keys.len(), 2);
        for key in keys {
            let uri = key["certificate"].as_str().unwrap();
            let found = run(desk
                .command("p11tool")
                .arg("--provider")
                .arg(module())
                .args(["--list-all", uri]));
            let labels = found.stdout.matches("Label:").count();
            assert_eq!(labels, 1, "{uri}: {}{}", found.stdout, found.stderr);
        }
    }
}

#[test]
fn no_pin_is_taken_from_an_argument_or_the_environment() {
    let (desk, card) = Desk::with(CPS3);
    let refused = desk.line("pin check --pin 1234");
    assert_eq!((refused.exit, refused.reason()), (exit::USAGE, "usage-unknown"));
    assert_eq!(desk.line("pin check 1234").exit, exit::USAGE);
    let mut command = desk.command("setsid");
    command.args(["--wait", env!("CARGO_BIN_EXE_cpx"), "pin", "check", "--module"]);
    command.arg(module());
    for name in ["PIN", "CPX_PIN", "CPX_PIN_FILE", "PKCS11_PIN"] {
        command.env(name, PIN);
    }
    assert_eq!(run(&mut command).reason(), "no-terminal");
    assert_eq!(card.tries_left(), 3);
}

#[test]
fn no_pin_is_in_the_trace_or_on_the_screen() {
    let (desk, _) = Desk::with(CPS3);
    let new = "86025713";
    let said = |outcome: Outcome| format!("{}{}", outcome.stdout, outcome.stderr);
    let trace = desk.home.join("trace");
    desk.file(
        ".config/cpx-pkcs11/config.toml",
        format!("[trace]\nlevel = \"apdu\"\nfile = \"{}\"\n", trace.display()),
    );
    let file = desk.file("new", new).display().to_string();
    let change = format!("pin change --new-pin-file {file}");
    let words = change.split_whitespace().map(str::to_owned);
    let mut text = said(desk.cpx(words.chain(desk.pin(PIN))));
    let check: Vec<String> = ["pin", "check", "--json"].map(str::to_owned).into();
    let checked = desk.cpx(check.into_iter().chain(desk.pin(new)));
    assert_eq!(checked.exit, exit::FINE, "{}", checked.stderr);
    text.push_str(&said(checked));
    let traced = fs::read_to_string(&trace).unwrap();
    assert!(
        traced.contains("C_SetPIN"),
        "the trace tells what was done: {traced}"
    );
    text.push_str(&traced);
    let hex: String = new.bytes().map(|byte| format!("{byte:02X}")).collect();
    for secret in [new, &hex, &hex.to_lowercase()] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn what_only_shows_presents_no_pin_and_writes_nothing() {
    for persona in [CPS3, CPS4] {
        let (desk, card) = Desk::with(persona);
        card.sim().start_trace();
        for line in ["status", "show", "cert list", "key list", "cert export signature"] {
            assert_eq!(desk.line(line).exit, exit::FINE, "{line}");
        }
        for exchange in card.sim().take_trace() {
            let instruction = exchange.command[1];
            // VERIFY without data asks how many tries are left.
            let presents = instruction == 0x20 && exchange.command.len() > 5;
            let writes = [0x24, 0x2C, 0xD6, 0xD0, 0xDA, 0xDB].contains(&instruction);
            assert!(!presents && !writes, "{:02X?}", exchange.command);
        }
    }
}

#[test]
fn the_manual_has_a_page_for_each_command_in_both_languages_and_completions() {
    let desk = Desk::new();
    let written = desk.line("manual share --json");
    assert_eq!(written.exit, exit::FINE, "{}", written.stderr);
    let share = desk.home.join("share");
    for (place, about) in [
        ("man/man1", "Change the PIN"),
        ("man/fr/man1", "Change le code porteur"),
    ] {
        let page = fs::read_to_string(share.join(place).join("cpx-pin-change.1")).unwrap();
        assert!(page.contains(about), "{page}");
        assert!(share.join(place).join("cpx.1").is_file());
        assert!(!share.join(place).join("cpx-manual.1").exists());
    }
    for script in [
        "bash-completion/completions/cpx",
        "zsh/vendor-completions/_cpx",
        "fish/vendor_completions.d/cpx.fish",
    ] {
        let text = fs::read_to_string(share.join(script)).unwrap();
        assert!(text.contains("unblock"), "{script}");
    }
    if Command::new("man").arg("--version").output().is_ok() {
        let page = share.join("man/fr/man1/cpx.1");
        let shown = run(desk.command("man").args(["--warnings", "-l"]).arg(page));
        assert_eq!((shown.exit, shown.stderr.as_str()), (0, ""));
    }
}
