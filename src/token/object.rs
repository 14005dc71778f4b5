//! The objects of a token, as its directory announces them.

use cryptoki_sys::{
    CK_MECHANISM_TYPE, CK_OBJECT_CLASS, CK_PROFILE_ID, CKO_CERTIFICATE, CKO_DATA, CKO_MECHANISM,
    CKO_PRIVATE_KEY, CKO_PROFILE, CKO_PUBLIC_KEY, CKP_AUTHENTICATION_TOKEN, CKP_BASELINE_PROVIDER,
    CKP_EXTENDED_PROVIDER, CKP_PUBLIC_CERTIFICATES_TOKEN,
};
use once_cell::sync::OnceCell;
use zeroize::Zeroizing;

use crate::card::{Abilities, KeyRef, KeyRole};
use crate::crypto::rsa::PublicKey;
use crate::memory;
use crate::pkcs15::{self, Usage};

use super::x509::{Head, X509};

/// Bytes in the modulus of every key on these cards (RSA-2048).
pub const MODULUS_LEN: usize = 256;

/// A certificate of the card; its file is read when an attribute needs it.
#[derive(Debug)]
pub struct Certificate {
    /// What CDF says of it.
    pub entry: pkcs15::Certificate,
    /// The fields before its key, once its first bytes were read; `None` when they end too early
    /// for that.
    pub head: OnceCell<Option<Head>>,
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
    /// CKA_SIGN. A key for document signatures has only nonRepudiation: applications look for
    /// CKA_SIGN.
    pub fn signs(&self) -> bool {
        self.entry.usage.sign || self.entry.usage.non_repudiation
    }

    /// CKA_UNWRAP. A wrapped key is a cryptogram like another: the directory need not say more than
    /// that the key deciphers.
    pub fn unwraps(&self) -> bool {
        self.abilities.decipher && (self.entry.usage.decrypt || self.entry.usage.unwrap)
    }

    /// CKA_SIGN_RECOVER: what is signed can be any data, not only a digest.
    pub fn signs_bare_data(&self) -> bool {
        self.signs() && self.abilities.pkcs1_max.is_some()
    }
}

/// A public key: the counterpart of a certificate, or one that only PuKDF knows.
#[derive(Debug)]
pub struct PublicKeyObject {
    /// Identifier shared with certificate and private key.
    pub id: Vec<u8>,
    /// Where it is known from.
    pub origin: Origin,
    /// The key, once read from its file.
    pub content: OnceCell<PublicKey>,
}

/// What announces a public key.
#[derive(Debug)]
pub enum Origin {
    /// A certificate of the holder with this label. PuKDF may have an entry with the same
    /// identifier, which then says more.
    Certificate(String),
    /// PuKDF alone.
    Directory(pkcs15::PublicKey),
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
    Certificate(Box<Certificate>),
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
    /// CKA_PRIVATE: can be seen only while the holder is logged in.
    pub fn private(&self) -> bool {
        match self {
            Object::Profile(_) | Object::Mechanism(_) | Object::PublicKey(_) => false,
            Object::Certificate(c) => c.entry.common.private,
            Object::PrivateKey(k) => k.entry.common.private,
            Object::Data(d) => d.entry.common.private,
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

/// Label of a public key that the card does not announce, as the official module writes it (without
/// the NUL that it counts in the length).
pub const DERIVED_LABEL: &str = "Cle publique - ";

/// The profiles of the standard to which a token here conforms. Browsers look for the public
/// certificates profile: with it they list certificates before they ask for a PIN.
const PROFILES: [CK_PROFILE_ID; 4] = [
    CKP_BASELINE_PROVIDER,
    CKP_EXTENDED_PROVIDER,
    CKP_AUTHENTICATION_TOKEN,
    CKP_PUBLIC_CERTIFICATES_TOKEN,
];

/// Profiles of a token without a PIN: the test cases of the others begin with a login.
const PROFILES_WITHOUT_LOGIN: [CK_PROFILE_ID; 2] = [CKP_BASELINE_PROVIDER, CKP_PUBLIC_CERTIFICATES_TOKEN];

/// The part of a token's objects that one source announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Certificates (CDF).
    Certificates,
    /// Data (DODF).
    Data,
    /// The public keys of the holder's certificates (CDF).
    PublicKeys,
    /// Public keys that have no certificate of the holder (PuKDF).
    OtherPublicKeys,
    /// Private keys (PrKDF).
    PrivateKeys,
    /// What the module says of the token: profiles.
    Profiles,
    /// The mechanisms of the slot.
    Mechanisms,
}

impl Section {
    /// Every section, in the order in which objects are found and which numbers them. The test case
    /// CERT-M-1-32 of the profiles takes the label of the first and the value of the second object
    /// that it finds, hence those that have both stand first.
    pub const ALL: [Section; 7] = [
        Section::Certificates,
        Section::Data,
        Section::PublicKeys,
        Section::OtherPublicKeys,
        Section::PrivateKeys,
        Section::Profiles,
        Section::Mechanisms,
    ];

    /// CKA_CLASS of its objects.
    pub fn class(self) -> CK_OBJECT_CLASS {
        match self {
            Section::Profiles => CKO_PROFILE,
            Section::Certificates => CKO_CERTIFICATE,
            Section::PublicKeys | Section::OtherPublicKeys => CKO_PUBLIC_KEY,
            Section::PrivateKeys => CKO_PRIVATE_KEY,
            Section::Data => CKO_DATA,
            Section::Mechanisms => CKO_MECHANISM,
        }
    }
}

/// The profiles of a token with or without a holder's PIN.
pub fn profiles(login: bool) -> memory::Result<Vec<Object>> {
    let ids = if login {
        &PROFILES[..]
    } else {
        &PROFILES_WITHOUT_LOGIN
    };
    memory::collect(ids.iter().copied().map(Object::Profile))
}

/// The certificates of CDF.
pub fn certificates(entries: Vec<pkcs15::Certificate>) -> memory::Result<Vec<Object>> {
    let object = |entry| {
        Object::Certificate(Box::new(Certificate {
            entry,
            head: OnceCell::new(),
            content: OnceCell::new(),
        }))
    };
    memory::collect(entries.into_iter().map(object))
}

/// One public key for each certificate of the holder.
pub fn public_keys_of(certificates: &[Object]) -> memory::Result<Vec<Object>> {
    let holders = certificates.iter().filter_map(|object| match object {
        Object::Certificate(certificate) if !certificate.entry.authority => Some(&certificate.entry),
        _ => None,
    });
    memory::collect(holders.map(|certificate| {
        Object::PublicKey(PublicKeyObject {
            id: certificate.id.clone(),
            origin: Origin::Certificate(certificate.common.label.clone()),
            content: OnceCell::new(),
        })
    }))
}

/// The entries of PuKDF that belong to none of the public keys `known` from certificates.
pub fn other_public_keys(entries: &[pkcs15::PublicKey], known: &[Object]) -> memory::Result<Vec<Object>> {
    let other = |entry: &&pkcs15::PublicKey| known.iter().all(|object| object.id() != entry.id);
    let object = |entry: &pkcs15::PublicKey| {
        Object::PublicKey(PublicKeyObject {
            id: entry.id.clone(),
            origin: Origin::Directory(entry.clone()),
            content: OnceCell::new(),
        })
    };
    memory::collect(entries.iter().filter(other).map(object))
}

/// The private keys of PrKDF. `abilities` tells what the chip can do with a key. Where there is a
/// holder's PIN (`protected`), his keys are private objects whatever their entries say.
pub fn private_keys(
    entries: Vec<pkcs15::PrivateKey>,
    protected: bool,
    abilities: impl Fn(&KeyRef) -> Abilities,
) -> memory::Result<Vec<Object>> {
    let object = |mut entry: pkcs15::PrivateKey| {
        entry.common.private |= protected;
        let reference = key_reference(&entry);
        let abilities = abilities(&KeyRef {
            // What is not announced is as usual until the certificate is read.
            modulus_len: match reference.modulus_len {
                0 => MODULUS_LEN,
                announced => announced,
            },
            ..reference
        });
        Object::PrivateKey(PrivateKey {
            entry,
            reference,
            abilities,
        })
    };
    memory::collect(entries.into_iter().map(object))
}

/// The data objects of DODF.
pub fn data(entries: Vec<pkcs15::DataObject>) -> memory::Result<Vec<Object>> {
    let object = |entry| {
        Object::Data(Data {
            entry,
            content: OnceCell::new(),
        })
    };
    memory::collect(entries.into_iter().map(object))
}

/// What a public key is for: what the card allows it, and what its private half makes possible,
/// since cards have been seen to leave out ENCRYPT and VERIFY.
pub fn public_usage(announced: Option<Usage>, private: Option<Usage>) -> Usage {
    match (announced, private.map(counterpart)) {
        (Some(announced), Some(implied)) => both(announced, implied),
        (Some(announced), None) => announced,
        (None, Some(implied)) => implied,
        (None, None) => VERIFY_ONLY,
    }
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
        ..VERIFY_ONLY
    }
}

fn both(announced: Usage, implied: Usage) -> Usage {
    Usage {
        encrypt: announced.encrypt || implied.encrypt,
        verify: true,
        verify_recover: true,
        ..announced
    }
}

/// A key that signs documents only (nonRepudiation) takes other commands than one that
/// authenticates.
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
