//! `lab-pki`: writes the lab PKI as files, for servers and clients under test.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use sim_cards::persona;
use sim_cards::pki::{self, Authority, Credential, Rank, Usage, Validity, organisation, pem};

const USAGE: &str = "\
Usage: lab-pki --out DIR [--at YYYY-MM-DD] [--dns NAME] [--crl]

Writes the lab PKI, the same bytes for the same month:
  ca-bundle.pem             every authority
  roots.pem                 the three roots
  server.pem, server.key    a TLS server known as NAME (default: localhost)
  server-chain.pem          its certificate and the authorities above it
  organisation-client.*     a structure's software as TLS client
  organisation-signature.*  a structure's seal
  persona/NAME-{sig,aut,tech}.pem   certificates of the simulated cards
  crl/*.crl                 with --crl: the revocation lists, DER
  crls.pem                  with --crl: all of them

--at is the day of use; default: today. The keys are published: trust nothing signed with them.";

struct Arguments {
    out: PathBuf,
    validity: Validity,
    dns: String,
    crl: bool,
}

fn main() -> ExitCode {
    match arguments(env::args().skip(1)) {
        Err(message) if message.is_empty() => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("lab-pki: {message}\n\n{USAGE}");
            ExitCode::from(2)
        }
        Ok(arguments) => match write(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("lab-pki: {}: {error}", arguments.out.display());
                ExitCode::FAILURE
            }
        },
    }
}

/// An empty message asks for the help text.
fn arguments(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut out = None;
    let mut validity = Validity::relative_to_today();
    let mut dns = "localhost".to_owned();
    let mut crl = false;
    while let Some(option) = given.next() {
        let mut value = || given.next().ok_or_else(|| format!("{option} wants a value"));
        match &*option {
            "--out" => out = Some(PathBuf::from(value()?)),
            "--at" => validity = Validity::at(value()?.parse().map_err(|error| format!("--at: {error}"))?),
            "--dns" => dns = value()?,
            "--crl" => crl = true,
            "--help" | "-h" => return Err(String::new()),
            _ => return Err(format!("unknown option {option}")),
        }
    }
    let out = out.ok_or("--out is missing")?;
    Ok(Arguments {
        out,
        validity,
        dns,
        crl,
    })
}

fn write(arguments: &Arguments) -> io::Result<()> {
    let Arguments {
        out,
        validity,
        dns,
        crl,
    } = arguments;
    fs::create_dir_all(out.join("persona"))?;
    write_authorities(out)?;

    let server = organisation::server(dns, validity);
    write_credential(out, "server", &server)?;
    let issuer = organisation::issuer();
    let chain = [
        server.certificate,
        issuer.certificate(),
        issuer.root().certificate(),
    ];
    fs::write(out.join("server-chain.pem"), bundle(&chain))?;
    write_credential(out, "organisation-client", &organisation::client(validity))?;
    write_credential(out, "organisation-signature", &organisation::signature(validity))?;

    for persona in persona::all() {
        for usage in [Usage::Signature, Usage::Authentication, Usage::Technical] {
            let certificate = pki::credential(&persona, usage, validity).certificate;
            let file = format!("persona/{}-{}.pem", persona.name, usage.suffix());
            fs::write(out.join(file), pem::certificate(&certificate))?;
        }
    }
    if *crl {
        write_revocation_lists(out, validity)
    } else {
        Ok(())
    }
}

fn write_authorities(out: &Path) -> io::Result<()> {
    let certificates = |roots: bool| -> Vec<Vec<u8>> {
        let wanted = Authority::all()
            .into_iter()
            .filter(|authority| (authority.rank == Rank::Root) == roots);
        wanted.map(Authority::certificate).collect()
    };
    let roots = bundle(&certificates(true));
    fs::write(
        out.join("ca-bundle.pem"),
        format!("{roots}{}", bundle(&certificates(false))),
    )?;
    fs::write(out.join("roots.pem"), roots)
}

fn write_credential(out: &Path, name: &str, credential: &Credential) -> io::Result<()> {
    fs::write(
        out.join(format!("{name}.pem")),
        pem::certificate(&credential.certificate),
    )?;
    fs::write(out.join(format!("{name}.key")), pem::private_key(credential))
}

fn write_revocation_lists(out: &Path, validity: &Validity) -> io::Result<()> {
    fs::create_dir_all(out.join("crl"))?;
    let personas = persona::all();
    let mut all = String::new();
    for authority in Authority::all() {
        let list = authority.revocation_list(&personas, validity);
        fs::write(out.join(format!("crl/{}-LAB.crl", authority.file_stem())), &list)?;
        all.push_str(&pem::revocation_list(&list));
    }
    fs::write(out.join("crls.pem"), all)
}

fn bundle(certificates: &[Vec<u8>]) -> String {
    certificates
        .iter()
        .map(|certificate| pem::certificate(certificate))
        .collect()
}
