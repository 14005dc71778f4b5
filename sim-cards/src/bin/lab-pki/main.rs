//! `lab-pki`: the lab PKI for servers and clients under test, as files or as a service.

mod files;
mod serve;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use sim_cards::guesses;
use sim_cards::persona::{self, Persona};
use sim_cards::pki::{Date, Validity};

const WRITTEN: &str = "\
Written into DIR, the same bytes for the same month:
  ca-bundle.pem             every authority
  roots.pem                 the three roots
  authority/*.pem           each authority alone
  server.pem, server.key    a TLS server known as NAME
  server-chain.pem          its certificate and the authorities above it
  organisation-client.*     a structure's software as TLS client
  organisation-signature.*  a structure's seal
  persona/NAME-{sig,aut,tech}.pem   certificates of the simulated cards
  crl/*.crl                 with --crl: the revocation lists, DER
  crls.pem                  with --crl: all of them

The keys are published: trust nothing signed with them.";

/// Writes the lab PKI as files, or publishes its revocation lists and the status of its certificates.
#[derive(Parser)]
#[command(version, after_help = WRITTEN, args_conflicts_with_subcommands = true, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    files: Option<Files>,
}

#[derive(clap::Args)]
struct Files {
    /// Folder to write into; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Day of use, YYYY-MM-DD; today if left out
    #[arg(long, value_name = "DATE")]
    at: Option<Date>,
    /// Name of the TLS server
    #[arg(long, value_name = "NAME", default_value = "localhost")]
    dns: String,
    /// Write the revocation lists as well
    #[arg(long)]
    crl: bool,
    /// File of a persona that the program does not bring; may be repeated
    #[arg(long, value_name = "FILE")]
    persona: Vec<String>,
    /// Values that replace those of guesses.toml, in a file
    #[arg(long, value_name = "FILE")]
    guesses: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Publishes over HTTP what the addresses in the certificates promise: revocation lists, authorities, OCSP
    Serve {
        /// Address to listen on
        #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
        listen: IpAddr,
        /// Port; the certificates name 8971. 0 takes any free one, which is printed
        #[arg(long, default_value_t = 8971)]
        port: u16,
        /// Day of use, YYYY-MM-DD; today if left out
        #[arg(long, value_name = "DATE")]
        at: Option<Date>,
        /// A name of a TLS server whose certificate is known; may be repeated
        #[arg(long, value_name = "NAME", default_value = "localhost")]
        dns: Vec<String>,
        /// File of a persona that the program does not bring; may be repeated
        #[arg(long, value_name = "FILE")]
        persona: Vec<String>,
        /// Values that replace those of guesses.toml, in a file
        #[arg(long, value_name = "FILE")]
        guesses: Option<PathBuf>,
    },
}

/// Certificates to be used on that day; today if there is none.
fn validity(day: Option<Date>) -> Validity {
    day.map_or_else(Validity::relative_to_today, Validity::at)
}

/// The personas of the program, and those of these files; replaces guesses first.
fn personas(files: &[String], guesses: Option<&Path>) -> Result<Vec<Persona>, String> {
    if let Some(file) = guesses {
        guesses::replace_from(file).map_err(|error| format!("--guesses {error}"))?;
    }
    let others: Result<Vec<Persona>, _> = files.iter().map(|file| persona::named(file)).collect();
    Ok([
        persona::all(),
        others.map_err(|error| format!("--persona: {error}"))?,
    ]
    .concat())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match (arguments.command, arguments.files) {
        (
            Some(Command::Serve {
                listen,
                port,
                at,
                dns,
                persona,
                guesses,
            }),
            _,
        ) => personas(&persona, guesses.as_deref())
            .and_then(|personas| serve::run(SocketAddr::new(listen, port), at, &personas, &dns)),
        (None, Some(files)) => personas(&files.persona, files.guesses.as_deref()).and_then(|personas| {
            files::write(&files, &personas).map_err(|error| format!("--out {}: {error}", files.out.display()))
        }),
        (None, None) => Err("say where to write (--out), or serve".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("lab-pki: {message}");
            ExitCode::FAILURE
        }
    }
}
