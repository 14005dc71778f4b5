//! Layer 5: a card as a token. Objects, attributes, labels, the state of the PINs, what each key
//! may do.
//!
//! Everything that was read once stays in memory as long as the card stays in the reader, except
//! protected and writable data, which are read each time. Status questions take no lock that an
//! exchange with the card holds.

pub mod attribute;
pub mod error;
pub mod key;
pub mod login;
pub mod mechanism;
pub mod object;
#[cfg(test)]
pub(crate) mod paper_token;
mod pin;
pub mod x509;

use std::sync::Arc;
use std::time::Duration;

use cryptoki_sys::{CK_MECHANISM_TYPE, CKF_VERIFY};
use once_cell::sync::OnceCell;
use parking_lot::Mutex;
use zeroize::Zeroizing;

use crate::card::{self, Card, CardError, Chip};
use crate::certificate_cache::{CertificateCache, SEALING};
use crate::config::Logout;
use crate::crypto::generator;
use crate::crypto::rsa::PublicKey;
use crate::memory;
use crate::pkcs15::{self, TokenDirectory};
use crate::reader::Connection;

pub use error::Error;
use login::Pins;
pub use login::{Counter, Login, User};
use mechanism::Listed;
use object::{Certificate, Data, Object, Origin, PrivateKey, PublicKeyObject, Section};
use x509::{Head, X509};

/// Memory for all that is made of a certificate, as a multiple of its length.
const COPIES: usize = 4;

/// Bytes at the beginning of a certificate that are read when only its [`Head`] is wanted: two
/// reads. In those of IGC-Santé the subject ends before them.
const CERTIFICATE_START: usize = 512;

/// The objects of a token, each section once its source was read.
#[derive(Default)]
struct Sections {
    profiles: OnceCell<Vec<Object>>,
    certificates: OnceCell<Vec<Object>>,
    public_keys: OnceCell<Vec<Object>>,
    other_public_keys: OnceCell<Vec<Object>>,
    private_keys: OnceCell<Vec<Object>>,
    data: OnceCell<Vec<Object>>,
    mechanisms: OnceCell<Vec<Object>>,
    /// PuKDF.
    announced_public_keys: OnceCell<Vec<pkcs15::PublicKey>>,
}

/// A recognised card in a reader, from its insertion to its removal.
pub struct Token {
    card: Mutex<Card>,
    chip: Chip,
    serial: String,
    mechanisms: Vec<Listed>,
    head: OnceCell<TokenDirectory>,
    objects: Sections,
    pins: Pins,
    /// Certificates of an earlier process, if they are wanted.
    certificates: Option<Arc<CertificateCache>>,
}

impl Token {
    /// Recognises the card behind `connection`; a foreign card is [`CardError::NotRecognized`].
    pub fn open(
        connection: Box<dyn Connection>,
        atr: &[u8],
        certificates: Option<Arc<CertificateCache>>,
        logout: Logout,
    ) -> Result<Token, Error> {
        let card = card::recognise(connection, atr)?;
        Ok(Token {
            chip: card.chip(),
            mechanisms: mechanism::listed(&card),
            serial: serial(card.number()),
            card: Mutex::new(card),
            head: OnceCell::new(),
            objects: Sections::default(),
            pins: Pins::new(logout),
            certificates,
        })
    }

    /// The chip.
    pub fn chip(&self) -> Chip {
        self.chip
    }

    /// CK_TOKEN_INFO serialNumber: the eight digits of EF.SN.ICC between issuer and check digit.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// CK_TOKEN_INFO model.
    pub fn model(&self) -> &'static str {
        match self.chip {
            Chip::Cps3 | Chip::Cps3Contactless => "IAS ECC",
            Chip::Cps4 => "ChipDoc",
        }
    }

    /// The mechanisms of the slot; see [`mechanism::listed`].
    pub fn mechanisms(&self) -> &[Listed] {
        &self.mechanisms
    }

    /// Whether signatures of this mechanism are verified with a public key that has no private half
    /// on the card.
    pub fn verifies(&self, kind: CK_MECHANISM_TYPE) -> bool {
        self.mechanisms
            .iter()
            .any(|listed| listed.kind == kind && listed.flags & CKF_VERIFY != 0)
    }

    /// TokenInfo of the card.
    pub fn info(&self) -> Result<&pkcs15::TokenInfo, Error> {
        Ok(&self.head()?.token)
    }

    fn head(&self) -> Result<&TokenDirectory, Error> {
        Ok(self.head.get_or_try_init(|| self.card.lock().read_token_info())?)
    }

    /// Whether the token may be used: nobody has updated the card's data since they were read, and
    /// no update of them was interrupted. Asks the card only if that was not looked at for
    /// `max_age`.
    pub fn check_update(&self, max_age: Duration) -> Result<(), Error> {
        self.head()?;
        Ok(self.card.lock().check_update(max_age)?)
    }

    /// The objects of one section, visible or not, in a stable order. Reads its directory file the
    /// first time.
    pub fn section(&self, section: Section) -> Result<&[Object], Error> {
        let parts = &self.objects;
        Ok(match section {
            Section::Profiles => parts
                .profiles
                .get_or_try_init(|| object::profiles(self.chip != Chip::Cps3Contactless))?,
            Section::Certificates => parts.certificates.get_or_try_init(|| {
                let entries = self.card.lock().read_certificates()?;
                Ok::<_, Error>(object::certificates(entries)?)
            })?,
            Section::PublicKeys => parts.public_keys.get_or_try_init(|| {
                let certificates = self.section(Section::Certificates)?;
                Ok::<_, Error>(object::public_keys_of(certificates)?)
            })?,
            Section::OtherPublicKeys => parts.other_public_keys.get_or_try_init(|| {
                let known = self.section(Section::PublicKeys)?;
                Ok::<_, Error>(object::other_public_keys(self.announced_public_keys()?, known)?)
            })?,
            Section::PrivateKeys => parts.private_keys.get_or_try_init(|| {
                let protected = self.protects_private_keys()?;
                let mut card = self.card.lock();
                let entries = card.read_private_keys()?;
                Ok::<_, Error>(object::private_keys(entries, protected, |key| {
                    card.abilities(key)
                })?)
            })?,
            Section::Data => parts.data.get_or_try_init(|| {
                let entries = self.card.lock().read_data_objects()?;
                Ok::<_, Error>(object::data(entries)?)
            })?,
            Section::Mechanisms => parts.mechanisms.get_or_try_init(|| {
                let listed = self.mechanisms.iter();
                memory::collect(listed.map(|listed| Object::Mechanism(listed.kind)))
            })?,
        })
    }

    /// The sections where an application looks for objects of a class (CKA_CLASS in native form),
    /// or for everything. Private keys that it cannot see before the login are left out, and so is
    /// their directory file. A search for everything leaves out the public keys of PuKDF where keys
    /// have certificates, and the mechanisms, which say something of the slot.
    pub fn sections<'a>(
        &self,
        class: Option<&'a [u8]>,
        logged_in: bool,
    ) -> Result<impl Iterator<Item = Section> + use<'a>, Error> {
        let wanted = move |section: Section| class.is_none_or(|class| class == section.class().to_ne_bytes());
        let hidden = !logged_in && wanted(Section::PrivateKeys) && self.protects_private_keys()?;
        let everything = class.is_none();
        let paired = everything && !self.section(Section::PublicKeys)?.is_empty();
        Ok(Section::ALL.into_iter().filter(move |section| {
            wanted(*section)
                && match section {
                    Section::PrivateKeys => !hidden,
                    Section::OtherPublicKeys => !paired,
                    Section::Mechanisms => !everything,
                    _ => true,
                }
        }))
    }

    /// Private keys are private objects: the card has a PIN for its holder.
    pub fn protects_private_keys(&self) -> Result<bool, Error> {
        Ok(self.pin_of(User::Holder)?.is_some())
    }

    fn announced_public_keys(&self) -> Result<&[pkcs15::PublicKey], Error> {
        let entries = &self.objects.announced_public_keys;
        Ok(entries.get_or_try_init(|| self.card.lock().read_public_keys())?)
    }

    /// What PuKDF says of a public key.
    fn announcement<'a>(&'a self, key: &'a PublicKeyObject) -> Result<Option<&'a pkcs15::PublicKey>, Error> {
        match &key.origin {
            Origin::Directory(entry) => Ok(Some(entry)),
            Origin::Certificate(_) => {
                let mut entries = self.announced_public_keys()?.iter();
                Ok(entries.find(|entry| entry.id == key.id))
            }
        }
    }

    /// What a public key is for.
    pub fn public_usage(&self, key: &PublicKeyObject) -> Result<pkcs15::Usage, Error> {
        let announced = self.announcement(key)?.map(|entry| entry.usage);
        let private = self.private_key_of(&key.id)?.map(|private| private.entry.usage);
        Ok(object::public_usage(announced, private))
    }

    /// The private key with this identifier.
    pub fn private_key_of(&self, id: &[u8]) -> Result<Option<&PrivateKey>, Error> {
        let mut keys = self.section(Section::PrivateKeys)?.iter();
        Ok(keys.find_map(|object| match object {
            Object::PrivateKey(key) if key.entry.id == id => Some(key),
            _ => None,
        }))
    }

    /// The certificates with this identifier, those of the holder first. Mostly there is one; a
    /// card may keep the one before.
    fn certificates_of<'a>(&'a self, id: &'a [u8]) -> Result<impl Iterator<Item = &'a Certificate>, Error> {
        let certificates = self.section(Section::Certificates)?.iter();
        let with_id = certificates.filter_map(move |object| match object {
            Object::Certificate(certificate) if certificate.entry.id == id => Some(&**certificate),
            _ => None,
        });
        let of_authorities = with_id.clone().filter(|certificate| certificate.entry.authority);
        Ok(with_id
            .filter(|certificate| !certificate.entry.authority)
            .chain(of_authorities))
    }

    /// The holder's certificate with this identifier.
    pub fn certificate<'a>(&'a self, id: &'a [u8]) -> Result<Option<&'a Certificate>, Error> {
        Ok(self.certificates_of(id)?.next())
    }

    /// The fields before the key in a certificate. Only the beginning of its file is read: most
    /// searches by subject or issuer look for another certificate. A caller that wants all of it
    /// later reads it anew, in one transaction: it may have been replaced meanwhile.
    fn head_of<'a>(&self, certificate: &'a Certificate) -> Result<&'a Head, Error> {
        if let Some(content) = certificate.content.get() {
            return Ok(&content.head);
        }
        let path = &certificate.entry.path;
        if certificate.head.get().is_none()
            && let Some(known) = self.known_certificate(path)
        {
            return Ok(&certificate.content.get_or_init(|| known).head);
        }
        let head = certificate.head.get_or_try_init(|| {
            let start = self.card.lock().read_object_head(path, CERTIFICATE_START);
            Ok::<_, Error>(Head::parse(&start.map_err(of_certificate)?))
        })?;
        match head {
            Some(head) => Ok(head),
            None => Ok(&self.x509(certificate)?.head),
        }
    }

    /// The fields of a certificate; its file is read the first time.
    fn x509<'a>(&self, certificate: &'a Certificate) -> Result<&'a X509, Error> {
        certificate.content.get_or_try_init(|| {
            let path = &certificate.entry.path;
            if let Some(known) = self.known_certificate(path) {
                return Ok(known);
            }
            self.read_certificate(path)
        })
    }

    /// Reads a certificate from the card, and keeps it for later processes.
    fn read_certificate(&self, path: &pkcs15::Path) -> Result<X509, Error> {
        let file = self.card.lock().read_object(path).map_err(of_certificate)?;
        // For the fields that are copied out of it, and for the arithmetic with its key.
        memory::room(COPIES * file.len())?;
        let parsed =
            X509::parse(&file).ok_or(Error::NoCertificate(CardError::Malformed("no X.509 certificate")))?;
        if let Some(kept) = &self.certificates {
            kept.keep(&path.fids, start_of(path), &file);
        }
        Ok(parsed)
    }

    /// The RSA keys in the certificates with this identifier as the card has them now, where those
    /// in memory may be another process'. None where the card was read for each.
    fn keys_read_anew<'a>(
        &'a self,
        id: &'a [u8],
    ) -> Result<impl Iterator<Item = Result<PublicKey, Error>>, Error> {
        let kept = self.certificates_of(id)?.filter(|_| self.certificates.is_some());
        Ok(kept.map(|certificate| {
            let anew = self.read_certificate(&certificate.entry.path)?;
            anew.key.ok_or(Error::NoPublicKey)
        }))
    }

    /// The certificate in this file, if another process has kept one that ends as the card's does:
    /// two exchanges. A failure is no answer: the card repeats it when the file is read.
    fn known_certificate(&self, path: &pkcs15::Path) -> Option<X509> {
        let kept = self.certificates.as_ref()?;
        kept.ends(&path.fids).into_iter().find_map(|end| {
            let on_card = pkcs15::Path {
                part: Some((end, SEALING)),
                ..path.clone()
            };
            let found = self.card.lock().read_file(&on_card).ok()?;
            let known = kept.find(&path.fids, end, found.as_slice().try_into().ok()?)?;
            let starts_here = start_of(path) + known.len() == end + SEALING;
            X509::parse(&known).filter(|_| starts_here)
        })
    }

    /// The first object in the file of a certificate, also where it is no X.509 certificate; see
    /// [`x509::whole_sequence`].
    fn bare_certificate(&self, certificate: &Certificate) -> Result<Option<Vec<u8>>, Error> {
        let file = self
            .card
            .lock()
            .read_object(&certificate.entry.path)
            .map_err(of_certificate)?;
        Ok(x509::whole_sequence(&file).map(<[u8]>::to_vec))
    }

    /// The RSA keys in the certificates with this identifier. One that is of no use hides no other;
    /// if none has a key, the reason is that of the first.
    fn certified_keys<'a>(
        &'a self,
        id: &'a [u8],
    ) -> Result<impl Iterator<Item = Result<&'a PublicKey, Error>>, Error> {
        Ok(self.certificates_of(id)?.map(|certificate| {
            self.x509(certificate)
                .and_then(|x509| x509.key.as_ref().ok_or(Error::NoPublicKey))
        }))
    }

    /// The first RSA key in a certificate with this identifier; `None` when there is no such
    /// certificate.
    fn certified_key<'a>(&'a self, id: &'a [u8]) -> Result<Option<&'a PublicKey>, Error> {
        let mut reason = None;
        for key in self.certified_keys(id)? {
            match key {
                Ok(key) => return Ok(Some(key)),
                Err(why @ (Error::NoPublicKey | Error::NoCertificate(_))) => reason = reason.or(Some(why)),
                Err(why) => return Err(why),
            }
        }
        reason.map_or(Ok(None), Err)
    }

    /// The public key that belongs to `id`, from a certificate or from a file of PuKDF.
    pub fn public_key<'a>(&'a self, id: &'a [u8]) -> Result<&'a PublicKey, Error> {
        let reason = match self.certified_key(id) {
            Ok(Some(key)) => return Ok(key),
            Err(why @ (Error::NoPublicKey | Error::NoCertificate(_))) => why,
            Err(why) => return Err(why),
            Ok(None) => Error::NoPublicKey,
        };
        for section in [Section::PublicKeys, Section::OtherPublicKeys] {
            for object in self.section(section)? {
                match object {
                    Object::PublicKey(key) if key.id == id => return self.own_file_of(key, reason),
                    _ => {}
                }
            }
        }
        Err(reason)
    }

    /// The key inside a public key object. A certificate with the same identifier holds the same
    /// key and is needed anyway; only where none is of use is the key's own file read.
    pub fn content_of<'a>(&'a self, key: &'a PublicKeyObject) -> Result<&'a PublicKey, Error> {
        match self.certified_key(&key.id) {
            Ok(Some(key)) => Ok(key),
            Ok(None) => self.own_file_of(key, Error::NoPublicKey),
            Err(why @ (Error::NoPublicKey | Error::NoCertificate(_))) => self.own_file_of(key, why),
            Err(why) => Err(why),
        }
    }

    /// The key in the file that PuKDF names for it; `reason` where there is none of use.
    fn own_file_of<'a>(&'a self, key: &'a PublicKeyObject, reason: Error) -> Result<&'a PublicKey, Error> {
        let Some(path) = self.announcement(key)?.and_then(|entry| entry.path.as_ref()) else {
            return Err(reason);
        };
        key.content.get_or_try_init(|| {
            let file = match self.card.lock().read_object(path) {
                Err(CardError::NotFound(_) | CardError::Truncated) => return Err(reason),
                file => file?,
            };
            PublicKey::from_pkcs1_der(&file)
                .or_else(|_| PublicKey::from_spki_der(&file))
                .map_err(|_| reason)
        })
    }

    /// [`Token::public_key`] if its certificate was read before.
    fn known_key(&self, id: &[u8]) -> Option<&PublicKey> {
        let certificates = self.objects.certificates.get()?.iter();
        let read = certificates.filter_map(|object| match object {
            Object::Certificate(certificate) if certificate.entry.id == id => certificate.content.get(),
            _ => None,
        });
        read.filter_map(|x509| x509.key.as_ref()).next()
    }

    /// Length of the modulus in bits: of the key in the certificate, which is what its applications
    /// compute with; what the directory announces where that is all there is.
    fn modulus_bits(&self, key: Result<&PublicKey, Error>, announced: usize) -> Result<usize, Error> {
        match key {
            Ok(key) => Ok(key.bits()),
            Err(Error::NoPublicKey | Error::NoCertificate(_)) if announced > 0 => Ok(announced),
            Err(why) => Err(why),
        }
    }

    fn data_size(&self, data: &Data) -> Result<usize, Error> {
        let path = &data.entry.path;
        let size = self.with_own_login(data.entry.common.private, |card| card.file_size(path));
        absent_or(size, path, 0)
    }

    /// Writes a data object from its start; the rest of the file becomes zeros. What is read back
    /// must be what was written.
    pub fn write_data(&self, data: &Data, value: &[u8]) -> Result<(), Error> {
        let size = self.data_size(data)?;
        if value.len() > size {
            return Err(Error::ValueTooLong);
        }
        let mut content = Zeroizing::new(memory::with_room(size)?);
        content.extend_from_slice(value);
        content.resize(size, 0);
        let label = &data.entry.common.label;
        self.with_own_login(true, |card| card.write_file(&data.entry.path, &content))
            .inspect_err(|error| log::error!("{label} may be half written: {error:?}"))?;
        if *self.read(data)? == *content {
            Ok(())
        } else {
            log::error!("{label} was written and reads differently");
            Err(Error::TornWrite)
        }
    }

    /// Content of a data object, from the card.
    fn read(&self, data: &Data) -> Result<Zeroizing<Vec<u8>>, Error> {
        let path = &data.entry.path;
        let content = self.with_own_login(data.entry.common.private, |card| card.read_file(path));
        absent_or(content, path, Zeroizing::default())
    }

    /// Random bytes: up to 32 of them are the card's own, as a nonce is; more come from a generator
    /// that 32 of the card seed. A card gives eight with each exchange.
    pub fn random(&self, out: &mut [u8]) -> Result<(), Error> {
        if out.len() <= generator::SEED {
            return Ok(self.card.lock().random(out)?);
        }
        let mut seed = Zeroizing::new([0; generator::SEED]);
        self.card.lock().random(&mut *seed)?;
        generator::fill(&seed, out).map_err(|_| Error::NoRandom)
    }
}

/// The error of a certificate whose file is missing or ends too early.
fn of_certificate(error: CardError) -> Error {
    match error {
        CardError::NotFound(_) | CardError::Truncated => Error::NoCertificate(error),
        error => error.into(),
    }
}

/// The CPS2ter side is not announced by the card: a file that is not there is `empty`.
fn absent_or<T>(answer: Result<T, Error>, path: &pkcs15::Path, empty: T) -> Result<T, Error> {
    match answer {
        Err(Error::Card(CardError::NotFound(_))) if path.legacy => Ok(empty),
        answer => answer,
    }
}

/// Where an object begins in its file.
fn start_of(path: &pkcs15::Path) -> usize {
    path.part.map_or(0, |(start, _)| start)
}

/// The eight digits between the issuer's prefix (five bytes) and the last byte (check digit and
/// filler).
fn serial(number: &[u8]) -> String {
    base16ct::upper::encode_string(number.get(5..9).unwrap_or_default())
}
