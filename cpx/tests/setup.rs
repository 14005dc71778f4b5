//! `cpx setup`: what is in a program's files stays, the program finds the card, and `--undo` puts
//! back every byte. The real programs judge where they are installed.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{CPS3, CPS4, Desk, Outcome, PIN, module, run};
use serde_json::Value;
use testkit::each;

/// All files below a folder, with content and rights.
fn files(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u32)> {
    let mut all = BTreeMap::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return all;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        let kind = path.symlink_metadata().unwrap();
        if kind.is_dir() {
            all.extend(files(&path));
        } else if kind.is_file() {
            let mode = kind.permissions().mode();
            all.insert(path.clone(), (fs::read(&path).unwrap(), mode));
        }
    }
    all
}

/// Runs a command of the desk's user, if the program is installed.
fn installed(desk: &Desk, program: &str, arguments: &[&str]) -> Option<Outcome> {
    if Command::new(program).arg("--version").output().is_err() {
        eprintln!("left out: no {program}");
        return None;
    }
    Some(run(desk.command(program).args(arguments)))
}

/// A root and a home with files of other people's making.
fn furnished() -> Desk {
    let (desk, _) = Desk::with(CPS4);
    let policies = "{\"policies\":{\"DisableTelemetry\":true,\n\"SecurityDevices\":{\"Delete\":[\"old\"]}}}";
    desk.file("root/etc/firefox/policies/policies.json", policies);
    desk.file(
        "root/usr/lib/thunderbird/distribution/policies.json",
        "{\"policies\": {}}",
    );
    desk.file("root/etc/gitconfig", "[user]\n\tname = Somebody\n");
    desk.file(".gitconfig", "[alias]\n\tst = status");
    desk.file(".ssh/config", "Host bastion\n    User testine\n");
    let database = "library=\nname=NSS Internal PKCS #11 Module\nNSS=Flags=internal\n\n";
    desk.file(".mozilla/firefox/ab.default/pkcs11.txt", database);
    desk.file(".mozilla/firefox/cd.work/pkcs11.txt", database);
    desk.file(".thunderbird/ab.default/pkcs11.txt", database);
    desk.file(".pki/nssdb/pkcs11.txt", database);
    desk.file(
        "root/usr/share/p11-kit/modules/opensc.module",
        "module: opensc-pkcs11.so\n",
    );
    let config = desk.home.join(".ssh/config");
    fs::set_permissions(config, fs::Permissions::from_mode(0o600)).unwrap();
    desk
}

fn setup(desk: &Desk, words: &str) -> Outcome {
    let root = desk.home.join("root");
    desk.line(&format!("setup {words} --lang en --root {}", root.display()))
}

const ALL: [&str; 15] = [
    "firefox --system",
    "firefox --user",
    "thunderbird --system",
    "thunderbird --user",
    "chromium --user",
    "openssl --system",
    "openssl --user",
    "p11-kit --system --keep-one",
    "p11-kit --user --keep-one",
    "ssh --system",
    "ssh --user",
    "git --system",
    "git --user",
    "java --system",
    "java --user",
];

/// Whatever the umask of whoever sets up: a folder that others may write to would let them register a module.
#[test]
fn nobody_else_may_write_to_what_is_made() {
    each(ALL, |words| {
        let desk = furnished();
        let careless = format!(
            "umask 0; {} setup {words} --root root --module {}",
            env!("CARGO_BIN_EXE_cpx"),
            module().display()
        );
        let done = run(desk.command("sh").args(["-c", &careless]));
        assert_eq!(done.exit, 0, "{words}: {}", done.stderr);
        let open = run(desk
            .command("find")
            .args([".", "-perm", "/022", "!", "-type", "l"]));
        // The service's socket is the tests' own.
        let open: Vec<&str> = open
            .stdout
            .lines()
            .filter(|path| *path != "./pcscd.comm")
            .collect();
        assert_eq!(open, Vec::<&str>::new(), "{words}");
    });
}

#[test]
fn what_was_done_is_undone_byte_for_byte() {
    each(ALL, |words| {
        let desk = furnished();
        let before = files(&desk.home);
        let dry = setup(&desk, &format!("{words} --dry-run"));
        assert_eq!(dry.exit, 0, "{words}: {}", dry.stderr);
        assert_eq!(files(&desk.home), before, "{words}: a dry run writes");
        assert!(
            dry.stdout.contains(module().to_str().unwrap()) || words.starts_with("openssl"),
            "{}",
            dry.stdout
        );

        let done = setup(&desk, &format!("{words} --json"));
        assert_eq!(done.exit, 0, "{words}: {}", done.stderr);
        let answer = done.json();
        for change in answer["changes"].as_array().unwrap() {
            assert_ne!(change["change"], "none", "{words}: {answer}");
            assert!(
                Path::new(change["file"].as_str().unwrap()).exists(),
                "{words}: {answer}"
            );
        }
        let after = files(&desk.home);
        assert_ne!(after, before, "{words}: nothing is written");
        for (path, (_, mode)) in &before {
            assert_eq!(after.get(path).map(|it| it.1), Some(*mode), "{}", path.display());
        }

        let again = setup(&desk, &format!("{words} --json")).json();
        for change in again["changes"].as_array().unwrap() {
            assert_eq!(change["change"], "none", "{words}: {again}");
        }
        let scope = words.replace("--keep-one", "");
        let undone = setup(&desk, &format!("{scope} --undo"));
        assert_eq!(undone.exit, 0, "{words}: {}", undone.stderr);
        assert_eq!(files(&desk.home), before, "{words}: undo");
        let twice = setup(&desk, &format!("{scope} --undo"));
        assert_eq!(
            (twice.exit, twice.reason()),
            (9, "setup-nothing-to-undo"),
            "{words}"
        );
    });
}

#[test]
fn what_stood_there_still_stands() {
    let desk = furnished();
    for words in ALL {
        assert_eq!(setup(&desk, words).exit, 0, "{words}");
    }
    let text = |path: &str| fs::read_to_string(desk.home.join(path)).unwrap();
    let policies: Value = serde_json::from_str(&text("root/etc/firefox/policies/policies.json")).unwrap();
    let devices = &policies["policies"]["SecurityDevices"];
    assert_eq!(policies["policies"]["DisableTelemetry"], true);
    assert_eq!(devices["Delete"][0], "old");
    assert_eq!(devices["Add"]["CPx"], module().display().to_string());
    // The file beside the program is the one that counts where there is no other.
    assert!(text("root/usr/lib/thunderbird/distribution/policies.json").contains("CPx"));
    assert!(!desk.home.join("root/etc/thunderbird").exists());
    assert!(text(".ssh/config").starts_with("Host bastion\n    User testine\n"));
    assert!(text(".gitconfig").starts_with("[alias]\n\tst = status\n"));
}

#[test]
fn a_file_that_was_changed_since_is_left_alone() {
    let desk = furnished();
    let file = desk.home.join(".ssh/config");
    assert_eq!(setup(&desk, "ssh").exit, 0);
    let changed = format!("{}Host other\n", fs::read_to_string(&file).unwrap());
    fs::write(&file, &changed).unwrap();
    let undone = setup(&desk, "ssh --undo");
    assert_eq!((undone.exit, undone.reason()), (9, "setup-changed-since"));
    assert_eq!(fs::read_to_string(&file).unwrap(), changed);
}

#[test]
fn a_file_that_is_not_understood_is_left_alone() {
    for (words, path, content) in [
        (
            "firefox",
            "root/etc/firefox/policies/policies.json",
            "{ \"policies\": ",
        ),
        ("firefox", "root/etc/firefox/policies/policies.json", "\u{FEFF}{}"),
        (
            "p11-kit --system",
            "root/etc/pkcs11/modules/cpx-pkcs11.module",
            "module: mine.so\n",
        ),
        ("openssl", ".config/cpx-pkcs11/openssl.cnf", "mine = 1\n"),
        ("chromium", ".pki/nssdb/pkcs11.txt", "nonsense\n"),
    ] {
        let desk = furnished();
        let file = desk.file(path, content);
        let done = setup(&desk, words);
        assert_eq!(
            (done.exit, done.reason()),
            (9, "setup-unclear"),
            "{words}: {}",
            done.stdout
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), content, "{words}");
    }
}

#[test]
fn a_link_stays_one_and_its_file_is_changed() {
    let desk = furnished();
    let (link, file) = (desk.home.join(".ssh/config"), desk.home.join("dotfiles"));
    fs::rename(&link, &file).unwrap();
    symlink(&file, &link).unwrap();
    let before = fs::read(&file).unwrap();
    assert_eq!(setup(&desk, "ssh").exit, 0);
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_ne!(fs::read(&file).unwrap(), before);
    assert_eq!(setup(&desk, "ssh --undo").exit, 0);
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn what_cannot_be_set_up_says_so() {
    let desk = furnished();
    let chromium = setup(&desk, "chromium --system");
    assert_eq!((chromium.exit, chromium.reason()), (1, "setup-user-only"));
    fs::remove_dir_all(desk.home.join(".mozilla")).unwrap();
    let firefox = setup(&desk, "firefox --user");
    assert_eq!((firefox.exit, firefox.reason()), (9, "setup-no-profile"));
    assert_eq!(setup(&desk, "lynx").exit, 1);
    assert_eq!(setup(&desk, "ssh --user --system").reason(), "usage-conflict");
}

#[test]
fn a_second_module_and_a_cage_are_told() {
    let desk = furnished();
    let hints = |words: &str| {
        let answer = setup(&desk, &format!("{words} --json")).json();
        answer["hints"].as_array().unwrap().clone()
    };
    assert!(hints("p11-kit").contains(&"setup-two-modules".into()));
    assert!(!hints("p11-kit --keep-one").contains(&"setup-two-modules".into()));
    assert!(!hints("firefox").contains(&"doctor-caged".into()));
    desk.file("root/snap/firefox/current", "");
    assert!(hints("firefox").contains(&"doctor-caged".into()));
}

/// p11-kit reads no person's settings for root: these tests then run its programs as nobody.
fn as_a_person(desk: &Desk, program: &str, argument: &str) -> Outcome {
    if !rustix::process::geteuid().is_root() {
        return run(desk.command(program).arg(argument));
    }
    for path in [&desk.home, &desk.home.join("pcscd.comm")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let mut command = desk.command("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", program]);
    run(command.arg(argument))
}

#[test]
fn p11_kit_itself_finds_the_card_and_no_other_module_for_it() {
    let (desk, _) = Desk::with(CPS4);
    let library = desk.home.join("libcpx_pkcs11.so");
    fs::copy(module(), &library).unwrap();
    let setup = |more: &[&str]| {
        let mut command = desk.command(env!("CARGO_BIN_EXE_cpx"));
        let done = run(command
            .args(["setup", "p11-kit", "--module"])
            .arg(&library)
            .args(more));
        assert_eq!(done.exit, 0, "{}", done.stderr);
    };
    if installed(&desk, "p11tool", &["--version"]).is_none() {
        return;
    }
    let tokens = || as_a_person(&desk, "p11tool", "--list-tokens").stdout;
    let modules = || as_a_person(&desk, "p11-kit", "list-modules").stdout;
    assert!(!modules().contains("libcpx_pkcs11.so"));
    setup(&["--keep-one"]);
    assert_eq!(
        tokens().matches("Label: CPS4-27000001").count(),
        1,
        "{}",
        tokens()
    );
    assert!(modules().contains("libcpx_pkcs11.so"), "{}", modules());
    assert!(!modules().contains("opensc"), "{}", modules());
    setup(&["--undo"]);
    assert!(!modules().contains("libcpx_pkcs11.so"), "{}", modules());
}

#[test]
fn nss_itself_finds_the_card() {
    let (desk, _) = Desk::with(CPS4);
    fs::create_dir_all(desk.home.join(".pki/nssdb")).unwrap();
    let folder = format!("sql:{}", desk.home.join(".pki/nssdb").display());
    if Command::new("certutil").arg("-H").output().is_err() {
        eprintln!("left out: no certutil");
        return;
    }
    let made = run(desk
        .command("certutil")
        .args(["-N", "--empty-password", "-d", &folder]));
    assert_eq!(made.exit, 0, "{}", made.stderr);
    let list = || run(desk.command("modutil").args(["-dbdir", &folder, "-list"])).stdout;
    assert!(!list().contains("CPx"));
    let done = desk.line("setup chromium");
    assert_eq!(done.exit, 0, "{}", done.stderr);
    let listed = list();
    assert!(
        listed.contains("CPx") && listed.contains("CPS4-27000001"),
        "{listed}"
    );
    assert!(listed.contains("NSS Internal PKCS #11 Module"), "{listed}");
    assert_eq!(desk.line("setup chromium --undo").exit, 0);
    assert!(!list().contains("CPx"));
}

#[test]
fn ssh_and_git_themselves_read_what_is_written() {
    let (desk, _) = Desk::with(CPS3);
    let library = module().display().to_string();
    for program in ["ssh", "git"] {
        assert_eq!(desk.line(&format!("setup {program}")).exit, 0, "{program}");
    }
    // ssh takes its user's home from the system, not from the environment.
    let config = desk.home.join(".ssh/config").display().to_string();
    if Command::new("ssh").arg("-V").output().is_ok() {
        let read = run(desk.command("ssh").args(["-G", "-F", &config, "example.org"]));
        assert!(
            read.stdout.contains(&format!("pkcs11provider {library}")),
            "{}",
            read.stdout
        );
    }
    if let Some(read) = installed(&desk, "git", &["config", "--get", "core.sshCommand"]) {
        assert_eq!(read.stdout.trim(), format!("ssh -I '{library}'"));
    }
}

/// The protocol that a connection of OpenSSL's client to its own server comes to.
fn protocol(desk: &Desk, port: &str, configuration: &Path) -> String {
    let mut command = desk.command("openssl");
    command.args(["s_client", "-connect", &format!("127.0.0.1:{port}")]);
    let said = run(command.env("OPENSSL_CONF", configuration)).stdout;
    let line = said.lines().find(|line| line.starts_with("New, "));
    line.unwrap_or_else(|| panic!("{said}")).to_owned()
}

#[test]
fn openssl_itself_reads_what_is_written() {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("left out: no openssl");
        return;
    }
    let (desk, _) = Desk::with(CPS3);
    assert_eq!(desk.line("setup openssl").exit, 0);
    let words = "req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out cert.pem";
    assert_eq!(run(desk.command("openssl").args(words.split(' '))).exit, 0);
    let words = "s_server -accept 127.0.0.1:0 -cert cert.pem -key key.pem";
    let mut server = desk.command("openssl");
    let mut server = server
        .args(words.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let port = lines.find_map(|line| Some(line.strip_prefix("ACCEPT ")?.rsplit(':').next()?.to_owned()));
    let port = port.unwrap();
    // What it says of its clients is read, so that it does not wait for a reader.
    let rest = std::thread::spawn(move || lines.count());
    assert!(protocol(&desk, &port, Path::new("/dev/null")).contains("TLSv1.3"));
    let written = desk.home.join(".config/cpx-pkcs11/openssl.cnf");
    assert!(protocol(&desk, &port, &written).contains("TLSv1.2"));
    server.kill().unwrap();
    server.wait().unwrap();
    rest.join().unwrap();
}

#[test]
fn java_itself_finds_the_keys() {
    for persona in [CPS3, CPS4] {
        let (desk, card) = Desk::with(persona);
        if Command::new("keytool").arg("-help").output().is_err() {
            eprintln!("left out: no keytool");
            return;
        }
        assert_eq!(desk.line("setup java").exit, 0);
        let file = desk
            .home
            .join(".config/cpx-pkcs11/java.cfg")
            .display()
            .to_string();
        let words = "-list -keystore NONE -storetype PKCS11 -providerClass sun.security.pkcs11.SunPKCS11";
        let mut command = desk.command("keytool");
        command
            .args(words.split(' '))
            .args(["-providerArg", &file, "-storepass", PIN]);
        let listed = run(&mut command);
        assert_eq!(
            listed.stdout.matches("PrivateKeyEntry").count(),
            2,
            "{}{}",
            listed.stdout,
            listed.stderr
        );
        assert_eq!(card.tries_left(), 3);
    }
}
