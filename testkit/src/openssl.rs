//! OpenSSL's command line, which judges what the module computes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

/// Runs `openssl`; its output if it succeeds.
pub fn openssl(arguments: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new("openssl")
        .args(arguments)
        .output()
        .expect("openssl is installed");
    output.status.success().then_some(output.stdout)
}

/// A file that lives as long as this.
pub struct Scratch(PathBuf);

impl Scratch {
    /// A new file with this content.
    pub fn new(content: &[u8]) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("testkit-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, content).expect("a scratch file");
        Scratch(path)
    }

    /// Where it is, for a command line.
    pub fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A public key that OpenSSL has read.
pub struct PublicKey(Scratch);

/// How a message was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5 over this hash.
    Pkcs1(&'static str),
    /// RSASSA-PSS with this hash, MGF1 over it, and a salt of so many bytes.
    Pss(&'static str, usize),
}

impl PublicKey {
    /// The key of a certificate in DER.
    pub fn of_certificate(der: &[u8]) -> Self {
        let certificate = Scratch::new(der);
        let key = openssl(&[
            "x509",
            "-inform",
            "DER",
            "-in",
            certificate.path(),
            "-noout",
            "-pubkey",
        ]);
        PublicKey(Scratch::new(&key.expect("OpenSSL reads the certificate")))
    }

    /// True if OpenSSL takes `signature` for one of `message`.
    pub fn verifies(&self, scheme: Scheme, message: &[u8], signature: &[u8]) -> bool {
        let (message, signature) = (Scratch::new(message), Scratch::new(signature));
        let (Scheme::Pkcs1(hash) | Scheme::Pss(hash, _)) = scheme;
        let hash = format!("-{hash}");
        let mut arguments = vec![
            "dgst",
            &hash,
            "-verify",
            self.0.path(),
            "-signature",
            signature.path(),
        ];
        let salt;
        if let Scheme::Pss(_, len) = scheme {
            salt = format!("rsa_pss_saltlen:{len}");
            arguments.extend(["-sigopt", "rsa_padding_mode:pss", "-sigopt", &salt]);
        }
        arguments.push(message.path());
        openssl(&arguments).is_some()
    }

    /// What stands in the padding of PKCS #1 block type 1 of a signature.
    pub fn recovers(&self, signature: &[u8]) -> Option<Vec<u8>> {
        let signature = Scratch::new(signature);
        openssl(&[
            "pkeyutl",
            "-verifyrecover",
            "-pubin",
            "-inkey",
            self.0.path(),
            "-in",
            signature.path(),
            "-pkeyopt",
            "rsa_padding_mode:pkcs1",
        ])
    }

    /// `data` enciphered with PKCS #1 block type 2.
    pub fn encrypts(&self, data: &[u8]) -> Vec<u8> {
        self.encrypts_with(data, &["rsa_padding_mode:pkcs1"])
    }

    /// With RSAES-OAEP, MGF1 over the same hash and an empty label.
    pub fn encrypts_oaep(&self, data: &[u8], hash: &str) -> Vec<u8> {
        let hash = format!("rsa_oaep_md:{hash}");
        self.encrypts_with(data, &["rsa_padding_mode:oaep", &hash])
    }

    fn encrypts_with(&self, data: &[u8], options: &[&str]) -> Vec<u8> {
        let data = Scratch::new(data);
        let (key, data) = (self.0.path(), data.path());
        let mut arguments = vec!["pkeyutl", "-encrypt", "-pubin", "-inkey", key, "-in", data];
        arguments.extend(options.iter().flat_map(|option| ["-pkeyopt", option]));
        openssl(&arguments).expect("OpenSSL enciphers")
    }
}
