//! Floor 5: a card as a token. Objects, attributes, labels, the state of the codes, what each key may do.
//!
//! Everything that was read once stays in memory as long as the card stays in the reader, except protected
//! and writable data, which are read each time. Status questions take no lock that an exchange with the card holds.

pub mod attribute;
mod code;
pub mod error;
pub mod key;
pub mod mechanism;
pub mod object;
mod x509;

use std::time::Duration;

use cryptoki_sys::{CK_MECHANISM_TYPE, CKF_VERIFY};
use once_cell::sync::OnceCell;
use parking_lot::Mutex;
use zeroize::Zeroizing;

use crate::card::{self, Card, CardError, Chip};
use crate::crypto::rsa::PublicKey;
use crate::pkcs15::{self, Path, TokenDirectory};
use crate::reader::Connection;

pub use code::{Counter, Login, User};
pub use error::Error;
use mechanism::Listed;
use object::{Certificate, Data, Object, PrivateKey, PublicKeyObject};
use x509::X509;

/// A recognised card in a reader, from its insertion to its removal.
pub struct Token {
    card: Mutex<Box<dyn Card>>,
    chip: Chip,
    serial: String,
    mechanisms: Vec<Listed>,
    head: OnceCell<TokenDirectory>,
    objects: OnceCell<Vec<Object>>,
    codes: code::Codes,
}

impl Token {
    /// Recognises the card behind `connection`; a foreign card is [`CardError::NotRecognized`].
    pub fn open(connection: Box<dyn Connection>, atr: &[u8]) -> Result<Token, Error> {
        let card = card::recognise(connection, atr)?;
        Ok(Token {
            chip: card.chip(),
            mechanisms: mechanism::listed(card.as_ref()),
            serial: serial(card.number()),
            card: Mutex::new(card),
            head: OnceCell::new(),
            objects: OnceCell::new(),
            codes: code::Codes::default(),
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

    /// Whether signatures of this mechanism are verified with a public key that has no private half on the card.
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

    /// Whether the token may be used: nobody has updated the card's data since they were read, and no update of them was
    /// interrupted. Asks the card only if that was not looked at for `max_age`.
    pub fn check_update(&self, max_age: Duration) -> Result<(), Error> {
        self.head()?;
        Ok(self.card.lock().check_update(max_age)?)
    }

    /// Every object, visible or not, in a stable order. Reads the directory files the first time.
    pub fn objects(&self) -> Result<&[Object], Error> {
        let objects = self.objects.get_or_try_init(|| {
            let mut card = self.card.lock();
            let announced = card.read_objects()?;
            let mut objects = object::announced(announced, |key| card.abilities(key));
            objects.extend(
                self.mechanisms
                    .iter()
                    .map(|listed| Object::Mechanism(listed.kind)),
            );
            Ok::<_, Error>(objects)
        })?;
        Ok(objects)
    }

    /// The private key with this identifier.
    pub fn private_key_of(&self, id: &[u8]) -> Option<&PrivateKey> {
        self.objects().ok()?.iter().find_map(|object| match object {
            Object::PrivateKey(key) if key.entry.id == id => Some(key),
            _ => None,
        })
    }

    /// The holder's certificate with this identifier.
    pub fn certificate(&self, id: &[u8]) -> Result<Option<&Certificate>, Error> {
        Ok(self.objects()?.iter().find_map(|object| match object {
            Object::Certificate(certificate) if certificate.entry.id == id => Some(certificate),
            _ => None,
        }))
    }

    /// The fields of a certificate; its file is read the first time.
    fn x509<'a>(&self, certificate: &'a Certificate) -> Result<&'a X509, Error> {
        certificate.content.get_or_try_init(|| {
            let file = self.card.lock().read_object(&certificate.entry.path)?;
            X509::parse(&file).ok_or(Error::Card(CardError::Malformed("X.509 certificate")))
        })
    }

    /// The public key that belongs to `id`, from the certificate or from a file of PuKDF.
    pub fn public_key(&self, id: &[u8]) -> Result<&PublicKey, Error> {
        if let Some(certificate) = self.certificate(id)? {
            return self.x509(certificate)?.key.as_ref().ok_or(Error::NoPublicKey);
        }
        self.objects()?
            .iter()
            .find_map(|object| match object {
                Object::PublicKey(key) if key.id == id && key.path.is_some() => Some(self.content_of(key)),
                _ => None,
            })
            .ok_or(Error::NoPublicKey)?
    }

    /// The key inside a public key object.
    pub fn content_of<'a>(&'a self, key: &'a PublicKeyObject) -> Result<&'a PublicKey, Error> {
        match &key.path {
            // A certificate with the same identifier holds the same key and is needed anyway.
            Some(path) if self.certificate(&key.id)?.is_none() => key.content.get_or_try_init(|| {
                let file = self.card.lock().read_object(path)?;
                PublicKey::from_pkcs1_der(&file)
                    .or_else(|_| PublicKey::from_spki_der(&file))
                    .map_err(|_| Error::Card(CardError::Malformed("public key")))
            }),
            _ => match self.certificate(&key.id)? {
                Some(certificate) => self.x509(certificate)?.key.as_ref().ok_or(Error::NoPublicKey),
                None => Err(Error::NoPublicKey),
            },
        }
    }

    /// Content of a data object.
    fn data(&self, data: &Data) -> Result<Zeroizing<Vec<u8>>, Error> {
        if data.volatile() {
            return self.read(&data.entry.path);
        }
        data.content
            .get_or_try_init(|| self.read(&data.entry.path))
            .cloned()
    }

    fn data_size(&self, data: &Data) -> Result<usize, Error> {
        match self.card.lock().file_size(&data.entry.path) {
            Err(CardError::NotFound(_)) if data.entry.path.legacy => Ok(0),
            size => self.watch(size),
        }
    }

    /// Writes a data object from its start; the rest of the file becomes zeros. What is read back must be what was written.
    pub fn write_data(&self, data: &Data, value: &[u8]) -> Result<(), Error> {
        let size = self.data_size(data)?;
        if value.len() > size {
            return Err(Error::ValueTooLong);
        }
        let mut content = Zeroizing::new(Vec::with_capacity(size));
        content.extend_from_slice(value);
        content.resize(size, 0);
        let label = &data.entry.common.label;
        let written = self.card.lock().write_file(&data.entry.path, &content);
        self.watch(written)
            .inspect_err(|error| log::error!("{label} may be half written: {error:?}"))?;
        if *self.read(&data.entry.path)? == *content {
            Ok(())
        } else {
            log::error!("{label} was written and reads differently");
            Err(Error::TornWrite)
        }
    }

    /// A file, whole. The CPS2ter side is not announced by the card: a file that is not there has no content.
    fn read(&self, path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
        match self.card.lock().read_file(path) {
            Err(CardError::NotFound(_)) if path.legacy => Ok(Zeroizing::default()),
            content => self.watch(content),
        }
    }

    /// Random bytes of the card.
    pub fn random(&self, out: &mut [u8]) -> Result<(), Error> {
        let result = self.card.lock().random(out);
        self.watch(result)
    }
}

/// The eight digits between the issuer's prefix (five bytes) and the last byte (check digit and filler).
fn serial(number: &[u8]) -> String {
    number
        .get(5..9)
        .unwrap_or_default()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect()
}
