//! Which files a program's setup consists of, for the system or for one person.

use std::path::PathBuf;

use super::merge::{self, Merge};
use crate::arguments::{Client, Setup};
use crate::message;
use crate::outcome::{Exit, Failure, Result, fail};
use crate::system::programs::Program;
use crate::system::{System, entries, nss, p11kit, policy, text};
use crate::texts::Message;

/// For whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody at this machine.
    System,
    /// This person.
    User,
}

/// A file, and what becomes of it.
pub struct Step {
    /// The file.
    pub file: PathBuf,
    /// What becomes of its text.
    pub merge: Merge,
}

/// All files, and what the person should know.
pub struct Plan {
    /// The files.
    pub steps: Vec<Step>,
    /// What to do with it, and what stands in its way.
    pub hints: Vec<Message>,
}

/// For whom, if the command line says nothing: browsers are set up by policies, which are the
/// system's; all else is the person's.
pub fn scope(arguments: &Setup) -> Result<Scope> {
    match (arguments.everybody, arguments.user, arguments.program) {
        (true, _, Client::Chromium) => fail(Exit::Usage, message!("setup-user-only")),
        (true, ..) => Ok(Scope::System),
        (_, true, _) => Ok(Scope::User),
        (_, _, Client::Firefox | Client::Thunderbird) => Ok(Scope::System),
        _ => Ok(Scope::User),
    }
}

/// What to do.
pub fn plan(arguments: &Setup, scope: Scope, library: &str, system: &System) -> Result<Plan> {
    let mut plan = Plan {
        steps: Vec::new(),
        hints: Vec::new(),
    };
    match arguments.program {
        Client::Firefox => browser(Program::Firefox, scope, library, system, &mut plan)?,
        Client::Thunderbird => browser(Program::Thunderbird, scope, library, system, &mut plan)?,
        Client::Chromium => browser(Program::Chromium, scope, library, system, &mut plan)?,
        Client::P11Kit => p11_kit(arguments, scope, library, system, &mut plan)?,
        Client::Openssl => {
            let file = own("openssl.cnf", scope, system)?;
            let shown = file.display().to_string();
            plan.step(file, merge::whole(openssl()));
            let library = library.to_owned();
            plan.hints
                .push(message!("setup-use-openssl", path = shown, library = library));
        }
        Client::Java => {
            let file = own("java.cfg", scope, system)?;
            let shown = file.display().to_string();
            plan.step(file, merge::whole(java(library)));
            plan.hints.push(message!("setup-use-java", path = shown));
        }
        Client::Ssh => {
            let ours = format!("Host *\n    PKCS11Provider {library}\n");
            match scope {
                Scope::System => {
                    let file = system.at("/etc/ssh/ssh_config.d/cpx-pkcs11.conf");
                    plan.step(file, merge::whole(format!("# cpx setup ssh\n{ours}")));
                }
                Scope::User => plan.step(home(".ssh/config", system)?, merge::lines(ours)),
            }
            plan.hints.push(message!("setup-use-ssh", library = library));
        }
        Client::Git => {
            let ours = format!("[core]\n\tsshCommand = ssh -I '{library}'\n");
            let file = match scope {
                Scope::System => system.at("/etc/gitconfig"),
                Scope::User => home(".gitconfig", system)?,
            };
            plan.step(file, merge::lines(ours));
            plan.hints.push(message!("setup-use-git"));
        }
    }
    Ok(plan)
}

impl Plan {
    fn step(&mut self, file: PathBuf, merge: Merge) {
        self.steps.push(Step { file, merge });
    }
}

fn home(path: &str, system: &System) -> Result<PathBuf> {
    let homeless = || Failure::new(Exit::Usage, message!("setup-no-home"));
    system.at_home(path).ok_or_else(homeless)
}

/// A file of our own, that programs are told of.
fn own(name: &str, scope: Scope, system: &System) -> Result<PathBuf> {
    match (scope, &system.config) {
        (Scope::System, _) => Ok(system.at("/etc/cpx-pkcs11").join(name)),
        (Scope::User, Some(config)) => Ok(config.join("cpx-pkcs11").join(name)),
        (Scope::User, None) => fail(Exit::Usage, message!("setup-no-home")),
    }
}

fn browser(program: Program, scope: Scope, library: &str, system: &System, plan: &mut Plan) -> Result<()> {
    match scope {
        Scope::System => {
            // The first place hides the others, so the file that is there already is the one.
            let places = policy::places(program);
            let file = system.first(places).unwrap_or_else(|| {
                let first = places.first().copied().unwrap_or_default();
                system.at(first)
            });
            plan.step(file, merge::policies(library.to_owned()));
        }
        Scope::User => {
            let databases = nss::databases_of(program, system);
            if databases.is_empty() {
                let name = program.name();
                return fail(Exit::File, message!("setup-no-profile", program = name));
            }
            for file in databases {
                plan.step(file, merge::nss(library.to_owned()));
            }
        }
    }
    plan.hints
        .push(message!("setup-use-browser", program = program.name()));
    for cage in program.cages(system) {
        plan.hints.push(message!(
            "doctor-caged",
            program = program.name(),
            cage = cage.name()
        ));
    }
    Ok(())
}

/// The file by which p11-kit knows the module, and how files of ours begin.
const NAME: &str = "cpx-pkcs11.module";
const P11_KIT: &str = "# cpx setup p11-kit";

fn p11_kit(arguments: &Setup, scope: Scope, library: &str, system: &System, plan: &mut Plan) -> Result<()> {
    let folder = match (scope, &system.config) {
        (Scope::System, _) => system.at("/etc/pkcs11/modules"),
        (Scope::User, Some(config)) => config.join("pkcs11/modules"),
        (Scope::User, None) => return fail(Exit::Usage, message!("setup-no-home")),
    };
    let ours = format!("{P11_KIT}\nmodule: {library}\n");
    plan.step(folder.join(NAME), merge::whole(ours));
    if arguments.undo {
        // What keeps others away was written here too.
        let files = entries(&folder).into_iter();
        let ours = files.filter(|file| text(file).is_some_and(|text| text.starts_with(P11_KIT)));
        let away: Vec<PathBuf> = ours.filter(|file| !file.ends_with(NAME)).collect();
        for file in away {
            plan.step(file, merge::whole(String::new()));
        }
        return Ok(());
    }
    let all = p11kit::registrations(system).into_iter();
    for other in all.filter(|other| p11kit::is_for_the_same_card(&other.library)) {
        let name = other.file.file_name().unwrap_or_default();
        if arguments.keep_one {
            let away = format!(
                "{P11_KIT}\nmodule: {}\nenable-in: none\n",
                other.library.display()
            );
            plan.step(folder.join(name), merge::whole(away));
        } else {
            let name = name.to_string_lossy().into_owned();
            plan.hints.push(message!("setup-two-modules", name = name));
        }
    }
    plan.hints.push(message!("setup-use-p11-kit"));
    Ok(())
}

fn openssl() -> String {
    // TLS 1.2 and PKCS #1 padding, which every chip of these cards can do.
    "# cpx setup openssl: for programs that log in with a CPS3. Name this file in OPENSSL_CONF.\n\
     openssl_conf = openssl_init\n\
     [openssl_init]\n\
     ssl_conf = ssl\n\
     [ssl]\n\
     system_default = cps3\n\
     [cps3]\n\
     MaxProtocol = TLSv1.2\n\
     ClientSignatureAlgorithms = RSA+SHA256\n"
        .to_owned()
}

fn java(library: &str) -> String {
    format!("# cpx setup java\nname = CPx\nlibrary = {library}\nslotListIndex = 0\n")
}
