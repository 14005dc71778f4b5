//! What the module costs, beside OpenSC on the same simulated cards, through pcscd: exchanges and bytes on the card, instructions
//! and memory in the host. Fails where a row is worse than written down. `docs/performance.md` is about all of it.

mod client;
mod cost;
mod exchanges;
mod floor;
mod growth;
mod host;
mod report;
mod stack;
mod workloads;

use std::path::Path;
use std::process::ExitCode;

use conformance::process;

use cost::Result;
use report::Report;

/// Debian's module, which knows the CPS3 on its contacts.
const OPENSC: &str = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so";

fn main() -> ExitCode {
    // `cargo bench` adds `--bench`.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["client"] => client::run(),
        ["inside", module] => inside(Path::new(module), Extent::All),
        ["inside", module, "--exchanges"] => inside(Path::new(module), Extent::Exchanges),
        ["inside", module, "--growth"] => inside(Path::new(module), Extent::Growth),
        [module, options @ ..] if !module.starts_with('-') => apart(module, options),
        _ => Err("usage: performance MODULE [--exchanges | --growth]".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("performance: {message}");
            ExitCode::FAILURE
        }
    }
}

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// The table of exchanges: seconds.
    Exchanges,
    /// How costs grow.
    Growth,
    /// What callgrind counts as well: minutes.
    All,
}

/// Runs this program again in namespaces of its own, with its own place for pcscd's socket.
fn apart(module: &str, options: &[&str]) -> Result<()> {
    process::need_root_and_namespaces()?;
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let module = std::fs::canonicalize(module).map_err(|error| format!("{module}: {error}"))?;
    let script = "ip link set lo up && mkdir -p /run/pcscd && mount -t tmpfs tmpfs /run/pcscd && exec \"$@\"";
    process::succeed(
        process::isolated()
            .args(["sh", "-c", script, "sh"])
            .arg(this)
            .arg("inside")
            .arg(module)
            .args(options),
    )
}

fn inside(module: &Path, extent: Extent) -> Result<()> {
    let opensc = Path::new(OPENSC);
    let mut report = Report::default();
    if extent != Extent::Growth {
        exchanges::run(&mut report, module, Some(opensc))?;
    }
    if extent == Extent::All {
        host::run(&mut report, module, opensc)?;
    }
    if extent != Extent::Exchanges {
        growth::run(&mut report, module)?;
    }
    match report.end() {
        true => Ok(()),
        false => Err("not all is as written".into()),
    }
}
