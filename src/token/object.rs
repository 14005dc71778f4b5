//! The objects of a token, as its directory announces them.

use cryptoki_sys::{
    CK_MECHANISM_TYPE, CK_PROFILE_ID, CKP_AUTHENTICATION_TOKEN, CKP_BASELINE_PROVIDER, CKP_EXTENDED_PROVIDER,
    CKP_PUBLIC_CERTIFICATES_TOKEN,
};
use once_cell::sync::OnceCell;
use zeroize::Zeroizing;

use crate::card::{Abilities, KeyRef, KeyRole};
use crate::crypto::rsa::PublicKey;
use crate::pkcs15::{self, Usage};

use super::x509::X509;

/// A certificate of the card; its file is read when an attribute needs it.
#[derive(Debug)]
pub struct Certificate {
    /// What CDF says of it.
    pub entry: pkcs15::Certificate,
    /// The file, once read.
    pub content: OnceCell<X509>,
}

/// A private key of the card.
#[derive(Debug)]
pub struct PrivateKey {
    /// What PrKDF says of it.
    pub entry: pkcs15::PrivateKey,
    /// How the card addresses it.
    pub reference: KeyRef,
    /// What the chip can do with it.
    pub abilities: Abilities,
}

impl PrivateKey {
    /// CKA_SIGN. A key for document signatures has only nonRepudiation: applications look for CKA_SIGN.
    pub fn signs(&self) -> bool {
        self.entry.usage.sign || self.entry.usage.non_repudiation
    }

    /// CKA_SIGN_RECOVER: what is signed can be any data, not only a digest.
    pub fn signs_bare_data(&self) -> bool {
        self.signs() && self.abilities.pkcs1_max.is_some()
    }
}

/// A public key: announced by PuKDF, or derived from a certificate.
#[derive(Debug)]
pub struct PublicKeyObject {
    /// Label, announced or derived.
    pub label: String,
    /// Identifier shared with certificate and private key.
    pub id: Vec<u8>,
    /// Usage, announced or derived.
    pub usage: Usage,
    /// Modulus length in bits, 0 when the directory does not tell.
    pub modulus_bits: usize,
    /// File with the key itself, when the directory names one.
    pub path: Option<pkcs15::Path>,
    /// The key, once read from file or certificate.
    pub content: OnceCell<PublicKey>,
}

/// A data object of the card.
#[derive(Debug)]
pub struct Data {
    /// What DODF says of it.
    pub entry: pkcs15::DataObject,
    /// Content of a file that everybody may read and nobody writes, once read.
    pub content: OnceCell<Zeroizing<Vec<u8>>>,
}

impl Data {
    /// The value may change under us or belongs to the holder: it is read each time and never kept.
    pub fn volatile(&self) -> bool {
        self.entry.common.private || self.entry.common.modifiable
    }
}

/// An object of the token.
#[derive(Debug)]
pub enum Object {
    /// CKO_PROFILE with this CKA_PROFILE_ID.
    Profile(CK_PROFILE_ID),
    /// CKO_CERTIFICATE.
    Certificate(Certificate),
    /// CKO_PUBLIC_KEY.
    PublicKey(PublicKeyObject),
    /// CKO_PRIVATE_KEY.
    PrivateKey(PrivateKey),
    /// CKO_DATA.
    Data(Data),
    /// CKO_MECHANISM with this CKA_MECHANISM_TYPE.
    Mechanism(CK_MECHANISM_TYPE),
}

impl Object {
    /// It says something of the token and is found only by who asks for its class: applications that list everything expect keys,
    /// certificates and data.
    pub fn found_by_class_only(&self) -> bool {
        matches!(self, Object::Mechanism(_))
    }

    /// CKA_PRIVATE: can be seen only while the holder is logged in.
    pub fn private(&self) -> bool {
        match self {
            Object::Profile(_) | Object::Mechanism(_) | Object::PublicKey(_) => false,
            Object::Certificate(c) => c.entry.common.private,
            Object::PrivateKey(k) => k.entry.common.private,
            Object::Data(d) => d.entry.common.private,
        }
    }

    /// CKA_LABEL.
    pub fn label(&self) -> &str {
        match self {
            Object::Profile(_) | Object::Mechanism(_) => "",
            Object::Certificate(c) => &c.entry.common.label,
            Object::PublicKey(k) => &k.label,
            Object::PrivateKey(k) => &k.entry.common.label,
            Object::Data(d) => &d.entry.common.label,
        }
    }

    /// CKA_ID; empty for what has none.
    pub fn id(&self) -> &[u8] {
        match self {
            Object::Profile(_) | Object::Mechanism(_) | Object::Data(_) => &[],
            Object::Certificate(c) => &c.entry.id,
            Object::PublicKey(k) => &k.id,
            Object::PrivateKey(k) => &k.entry.id,
        }
    }
}

/// Label of a public key that the card does not announce, as the official module writes it (without the NUL that it
/// counts in the length).
const DERIVED_LABEL: &str = "Cle publique - ";

/// The profiles of the standard to which a token here conforms. Browsers look for the public certificates profile: with it they
/// list certificates before they ask for a code.
const PROFILES: [CK_PROFILE_ID; 4] = [
    CKP_BASELINE_PROVIDER,
    CKP_EXTENDED_PROVIDER,
    CKP_AUTHENTICATION_TOKEN,
    CKP_PUBLIC_CERTIFICATES_TOKEN,
];

/// Every object that the directory announces, and those that follow from it, in a stable order. `abilities` tells what the
/// chip can do with a key.
pub fn announced(directory: pkcs15::Objects, abilities: impl Fn(&KeyRef) -> Abilities) -> Vec<Object> {
    let mut objects: Vec<Object> = PROFILES.into_iter().map(Object::Profile).collect();
    let derived = derived_public_keys(&directory);
    objects.extend(directory.certificates.into_iter().map(|entry| {
        Object::Certificate(Certificate {
            entry,
            content: OnceCell::new(),
        })
    }));
    let private_keys = &directory.private_keys;
    objects.extend(directory.public_keys.into_iter().map(|entry| {
        let half = private_keys.iter().find(|k| k.id == entry.id);
        Object::PublicKey(PublicKeyObject {
            label: entry.common.label,
            id: entry.id,
            usage: half.map_or(entry.usage, |half| both(entry.usage, counterpart(half.usage))),
            modulus_bits: entry.modulus_bits,
            path: entry.path,
            content: OnceCell::new(),
        })
    }));
    objects.extend(derived);
    objects.extend(directory.private_keys.into_iter().map(|entry| {
        let reference = key_reference(&entry);
        let abilities = abilities(&reference);
        Object::PrivateKey(PrivateKey {
            entry,
            reference,
            abilities,
        })
    }));
    objects.extend(directory.data.into_iter().map(|entry| {
        Object::Data(Data {
            entry,
            content: OnceCell::new(),
        })
    }));
    objects
}

/// One public key for each certificate that has none of its own in PuKDF.
fn derived_public_keys(directory: &pkcs15::Objects) -> Vec<Object> {
    let announced = |id: &[u8]| directory.public_keys.iter().any(|k| k.id == id);
    directory
        .certificates
        .iter()
        .filter(|c| !c.authority && !announced(&c.id))
        .map(|c| {
            let key = directory.private_keys.iter().find(|k| k.id == c.id);
            Object::PublicKey(PublicKeyObject {
                label: format!("{DERIVED_LABEL}{}", c.common.label),
                id: c.id.clone(),
                usage: key.map_or(VERIFY_ONLY, |k| counterpart(k.usage)),
                modulus_bits: key.map_or(0, |k| k.modulus_bits),
                path: None,
                content: OnceCell::new(),
            })
        })
        .collect()
}

/// The module verifies in software whatever a private key has signed.
const VERIFY_ONLY: Usage = Usage {
    encrypt: false,
    decrypt: false,
    sign: false,
    sign_recover: false,
    wrap: false,
    unwrap: false,
    verify: true,
    verify_recover: true,
    derive: false,
    non_repudiation: false,
};

/// What the public key does when the private key does `private`.
fn counterpart(private: Usage) -> Usage {
    Usage {
        encrypt: private.decrypt,
        wrap: private.unwrap,
        ..VERIFY_ONLY
    }
}

/// What the card allows a public key, and what its private half makes possible: cards have been seen to leave out ENCRYPT and VERIFY.
fn both(announced: Usage, implied: Usage) -> Usage {
    Usage {
        encrypt: announced.encrypt || implied.encrypt,
        wrap: announced.wrap || implied.wrap,
        verify: true,
        verify_recover: true,
        ..announced
    }
}

/// A key that signs documents only (nonRepudiation) takes other commands than one that authenticates.
fn key_reference(entry: &pkcs15::PrivateKey) -> KeyRef {
    let signs_documents = entry.usage.non_repudiation && !entry.usage.decrypt && !entry.usage.sign;
    KeyRef {
        reference: entry.reference,
        modulus_len: entry.modulus_bits.div_ceil(8),
        role: if signs_documents {
            KeyRole::Signature
        } else {
            KeyRole::Authentication
        },
    }
}
