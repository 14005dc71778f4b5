//! Cards with an odd file on them, and what an application sees of a key and its certificate.

use std::sync::LazyLock;

use cryptoki_sys::*;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, PrivateKey, PublicKey};
use sha2::{Digest, Sha256};
use sim_cards::persona::{self, Directory, VerbatimDirectory};
use sim_cards::pki::Validity;
use sim_cards::{Chip, Interface, Options, Profile, SimCard};

use testkit::{Ckr, PIN, Rv, Session, ulong};

/// The two kinds of card with contacts.
pub const CHIPS: [Chip; 2] = [Chip::Cps3, Chip::Cps4];

/// Labels of the private keys and of their certificates: signature, authentication.
pub const SIGNATURE: (&str, &str) = ("CPS_PRIV_SIG", "Certificat de Signature CPS");
pub const AUTHENTICATION: (&str, &str) = ("CPS_PRIV_AUT", "Certificat d'Authentification CPS");

/// A card as its issuer wrote it.
pub fn profile(chip: Chip) -> Profile {
    static CPS3: LazyLock<Profile> = LazyLock::new(|| issue("doctor-hospital-cps3", Chip::Cps3));
    static CPS4: LazyLock<Profile> = LazyLock::new(|| issue("doctor-gp-cps4", Chip::Cps4));
    match chip {
        Chip::Cps3 => CPS3.clone(),
        Chip::Cps4 => CPS4.clone(),
    }
}

fn issue(name: &str, chip: Chip) -> Profile {
    let persona = persona::find(name).expect("a persona of the crate");
    Profile::of(&persona, chip, &Validity::relative_to_today())
}

pub fn card(profile: &Profile) -> SimCard {
    let options = Options {
        pin: Some(PIN.into()),
        ..Options::default()
    };
    SimCard::new(profile, &options)
}

/// What the card of a profile has in a directory file.
pub fn directory(profile: &Profile, directory: Directory) -> Vec<u8> {
    let content = card(profile).directory(directory, Interface::Contact);
    content.expect("the directory is on the card")
}

/// Puts other bytes into a directory file.
pub fn replace(profile: &mut Profile, directory: Directory, content: Vec<u8>) {
    profile.directories.push(VerbatimDirectory {
        directory,
        application: Interface::Contact,
        content,
    });
}

/// The entries of a directory file.
pub fn entries(file: &[u8]) -> Vec<&[u8]> {
    let mut entries = Vec::new();
    let mut rest = file;
    while !rest.is_empty() {
        let (header, length) = match rest[1] {
            0x81 => (3, usize::from(rest[2])),
            0x82 => (4, usize::from(rest[2]) << 8 | usize::from(rest[3])),
            length => (2, usize::from(length)),
        };
        let (entry, others) = rest.split_at(header + length);
        entries.push(entry);
        rest = others;
    }
    entries
}

/// Unsigned numbers of a key: modulus, public exponent.
pub fn numbers(key: &PrivateKey) -> (Vec<u8>, Vec<u8>) {
    (key.n_bytes().to_vec(), key.e_bytes().to_vec())
}

pub fn certificate(session: Session<'_>, label: &str) -> CK_OBJECT_HANDLE {
    session.find_one(&[
        (CKA_CLASS, ulong(CKO_CERTIFICATE)),
        (CKA_LABEL, label.as_bytes().to_vec()),
    ])
}

/// Signs, and has the signature judged by the rsa crate with the key that is on the card.
pub fn sign(session: Session<'_>, key: CK_OBJECT_HANDLE, on_the_card: &PrivateKey) -> Rv {
    let message = b"what the holder signs";
    session.sign_init(CKM_SHA256_RSA_PKCS, key)?;
    let signature = session.sign(message)?;
    let public = PublicKey::from(on_the_card);
    let verified = public.verify(
        Pkcs1v15Sign::new::<Sha256>(),
        &Sha256::digest(message),
        &signature,
    );
    assert_eq!(verified, Ok(()), "a signature of another key has left the module");
    Ok(())
}

/// The signature key and its certificate are as on a card without anything odd.
pub fn neighbour_is_well(session: Session<'_>, profile: &Profile, what: &str) {
    let credential = &profile.credentials.signature;
    let (label, certified) = SIGNATURE;
    let certificate = certificate(session, certified);
    let value = session.attribute(certificate, CKA_VALUE);
    assert_eq!(
        value.as_ref(),
        Ok(&credential.certificate),
        "{what}: the neighbour's CKA_VALUE"
    );
    let key = session.private_key(label);
    let (modulus, _) = numbers(&credential.key);
    assert_eq!(
        session.attribute(key, CKA_MODULUS),
        Ok(modulus),
        "{what}: the neighbour's CKA_MODULUS"
    );
    assert_eq!(
        sign(session, key, &credential.key),
        Ok(()),
        "{what}: the neighbour signs"
    );
}

/// CKR_ATTRIBUTE_TYPE_INVALID: the object has no such attribute.
pub const ABSENT: Rv<Vec<u8>> = Err(Ckr(CKR_ATTRIBUTE_TYPE_INVALID));
