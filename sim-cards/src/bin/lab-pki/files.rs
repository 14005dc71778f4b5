//! The lab PKI as files.

use std::path::Path;
use std::{fs, io};

use sim_cards::persona::Persona;
use sim_cards::pki::{
    self, Authority, Credential, Rank, Usage, Validity, authority_certificate, organisation, pem,
    revocation_list,
};

use super::Files;

/// Writes everything that was asked for.
pub fn write(arguments: &Files, personas: &[Persona]) -> io::Result<()> {
    let Files {
        out, at, dns, crl, ..
    } = arguments;
    let validity = &super::validity(*at);
    fs::create_dir_all(out.join("persona"))?;
    fs::create_dir_all(out.join("authority"))?;
    write_authorities(out)?;

    let server = organisation::server(dns, validity);
    write_credential(out, "server", &server)?;
    let issuer = organisation::issuer();
    let chain = [
        server.certificate,
        authority_certificate(issuer),
        authority_certificate(issuer.root()),
    ];
    let chain: String = chain
        .iter()
        .map(|certificate| pem::certificate(certificate))
        .collect();
    fs::write(out.join("server-chain.pem"), chain)?;
    write_credential(out, "organisation-client", &organisation::client(validity))?;
    write_credential(out, "organisation-signature", &organisation::signature(validity))?;

    for persona in personas {
        for usage in [Usage::Signature, Usage::Authentication, Usage::Technical] {
            let certificate = pki::credential(persona, usage, validity).certificate;
            let file = format!("persona/{}-{}.pem", persona.name, usage.suffix());
            fs::write(out.join(file), pem::certificate(&certificate))?;
        }
    }
    if *crl {
        write_revocation_lists(out, personas, validity)
    } else {
        Ok(())
    }
}

fn write_authorities(out: &Path) -> io::Result<()> {
    let (mut roots, mut others) = (String::new(), String::new());
    for authority in Authority::all() {
        let certificate = pem::certificate(&authority_certificate(authority));
        fs::write(
            out.join(format!("authority/{}-LAB.pem", authority.file_stem())),
            &certificate,
        )?;
        match authority.rank {
            Rank::Root => roots.push_str(&certificate),
            Rank::Personnes | Rank::Organisations => others.push_str(&certificate),
        }
    }
    fs::write(out.join("ca-bundle.pem"), format!("{roots}{others}"))?;
    fs::write(out.join("roots.pem"), roots)
}

fn write_credential(out: &Path, name: &str, credential: &Credential) -> io::Result<()> {
    fs::write(
        out.join(format!("{name}.pem")),
        pem::certificate(&credential.certificate),
    )?;
    fs::write(out.join(format!("{name}.key")), pem::private_key(credential))
}

fn write_revocation_lists(out: &Path, personas: &[Persona], validity: &Validity) -> io::Result<()> {
    fs::create_dir_all(out.join("crl"))?;
    let mut all = String::new();
    for authority in Authority::all() {
        let list = revocation_list(authority, personas, validity);
        fs::write(out.join(format!("crl/{}-LAB.crl", authority.file_stem())), &list)?;
        all.push_str(&pem::revocation_list(&list));
    }
    fs::write(out.join("crls.pem"), all)
}
