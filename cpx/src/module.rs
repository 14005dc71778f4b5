//! The module, as every program uses it: the installed library, through PKCS #11.

use std::path::{Path, PathBuf};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Function, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use crate::card::certificate::CardCertificate;
use crate::card::data::DataObject;
use crate::message;
use crate::outcome::{Exit, Failure, Result};
use crate::readers::{self, Inside, Reader};

/// Name of the library's file.
pub const FILE: &str = "libcpx_pkcs11.so";

/// Where a package installs it, the first that is there counts.
pub fn places() -> Vec<PathBuf> {
    let architecture = std::env::consts::ARCH;
    let mut places = vec![
        PathBuf::from(format!("/usr/lib/{architecture}-linux-gnu/pkcs11")),
        PathBuf::from("/usr/lib64/pkcs11"),
        PathBuf::from("/usr/lib/pkcs11"),
        PathBuf::from("/usr/local/lib/pkcs11"),
        PathBuf::from("/usr/local/lib"),
    ];
    // Where it was built, both lie beside each other; an archive has `bin` and `lib` in one folder.
    let beside = std::env::current_exe().ok();
    if let Some(folder) = beside.as_deref().and_then(Path::parent) {
        places.extend([folder.to_owned(), folder.join("../lib/pkcs11")]);
    }
    places.into_iter().map(|place| place.join(FILE)).collect()
}

/// The file of the module: the one that the person names, or the installed one.
pub fn find(named: Option<&Path>) -> Result<PathBuf> {
    match named {
        Some(path) => Ok(path.to_owned()),
        None => places()
            .into_iter()
            .find(|path| path.exists())
            .ok_or_else(|| Failure::new(Exit::File, message!("no-module"))),
    }
}

/// The module, loaded and initialised; finalised when it is dropped.
pub struct Module {
    /// Its file.
    pub path: PathBuf,
    pkcs11: Option<Pkcs11>,
}

/// A card that the module knows, in its reader.
pub struct Card<'m> {
    module: &'m Module,
    slot: Slot,
    /// Name of the reader.
    pub reader: String,
    /// C_GetTokenInfo.
    pub token: TokenInfo,
}

/// What is in a reader, for a person.
pub enum Place<'m> {
    /// Nothing.
    Empty,
    /// A card that does not answer.
    Mute,
    /// A card of another kind: key of the text that names it, and its answer to reset.
    Foreign(&'static str, Vec<u8>),
    /// A reader that the configuration of the module leaves out, with a card in it.
    Ignored,
    /// A card that another program has for itself alone.
    Held,
    /// A card of a health professional that cannot be used.
    Unusable(Failure),
    /// A card of a health professional.
    Card(Box<Card<'m>>),
}

/// How many tries a PIN has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tries {
    /// The card asks for no PIN.
    NoPin,
    /// As many as there can be.
    All,
    /// Fewer than there can be, and more than one.
    Fewer,
    /// One.
    Last,
    /// None: the PIN is blocked.
    None,
}

impl Module {
    /// Loads the library and initialises it.
    pub fn load(named: Option<&Path>) -> Result<Module> {
        let path = find(named)?;
        let shown = || path.display().to_string();
        if !path.is_file() {
            return Err(Failure::new(
                Exit::File,
                message!("module-missing", path = shown()),
            ));
        }
        let pkcs11 = Pkcs11::new(&path).map_err(|error| {
            let reason = error.to_string();
            Failure::new(
                Exit::File,
                message!("module-unloadable", path = shown(), reason = reason),
            )
        })?;
        pkcs11
            .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
            .map_err(|error| failure(&error))?;
        Ok(Module {
            path,
            pkcs11: Some(pkcs11),
        })
    }

    fn pkcs11(&self) -> Result<&Pkcs11> {
        let closed = || {
            Failure::new(
                Exit::UnusableCard,
                message!("card-fails", reason = "CKR_CRYPTOKI_NOT_INITIALIZED"),
            )
        };
        self.pkcs11.as_ref().ok_or_else(closed)
    }

    /// Version of the library, and of PKCS #11 in it.
    pub fn version(&self) -> Result<String> {
        let info = self
            .pkcs11()?
            .get_library_info()
            .map_err(|error| failure(&error))?;
        let (own, standard) = (info.library_version(), info.cryptoki_version());
        Ok(format!("{own}, PKCS #11 {standard}"))
    }

    /// Every reader with what is in it. Asks the service first, so that a service that does not
    /// answer is told.
    pub fn places(&self, wanted: Option<&str>) -> Result<Vec<(Reader, Place<'_>)>> {
        let readers = readers::list().map_err(readers::failure)?;
        if readers.is_empty() {
            return Err(Failure::new(Exit::NoReader, message!("no-reader")));
        }
        let chosen = choose(readers, wanted)?;
        let slots = self.slots()?;
        let mut places = Vec::new();
        for reader in chosen {
            let place = self.place(&reader, &slots)?;
            places.push((reader, place));
        }
        Ok(places)
    }

    fn slots(&self) -> Result<Vec<(Slot, String)>> {
        let pkcs11 = self.pkcs11()?;
        let slots = pkcs11.get_all_slots().map_err(|error| failure(&error))?;
        let described = slots.into_iter().map(|slot| {
            let info = pkcs11.get_slot_info(slot).map_err(|error| failure(&error))?;
            Ok((slot, info.slot_description().trim().to_owned()))
        });
        described.collect()
    }

    fn place(&self, reader: &Reader, slots: &[(Slot, String)]) -> Result<Place<'_>> {
        let atr = match &reader.inside {
            Inside::Nothing => return Ok(Place::Empty),
            Inside::Mute => return Ok(Place::Mute),
            Inside::Held(_) => return Ok(Place::Held),
            Inside::Card(atr) => atr.clone(),
        };
        let slot = slots
            .iter()
            .find(|(_, description)| describes(description, &reader.name));
        let Some((slot, _)) = slot else {
            return Ok(Place::Ignored);
        };
        match self.pkcs11()?.get_token_info(*slot) {
            Ok(token) => Ok(Place::Card(Box::new(Card {
                module: self,
                slot: *slot,
                reader: reader.name.clone(),
                token,
            }))),
            Err(Error::Pkcs11(RvError::TokenNotRecognized | RvError::TokenNotPresent, _)) => {
                Ok(Place::Foreign(readers::family(&atr), atr))
            }
            Err(error) => Ok(Place::Unusable(failure(&error))),
        }
    }

    /// The one card that a command is about.
    pub fn card(&self, wanted: Option<&str>) -> Result<Card<'_>> {
        let mut cards = Vec::new();
        let mut why_not = Failure::new(Exit::NoCard, message!("no-card"));
        for (reader, place) in self.places(wanted)? {
            let name = reader.name;
            match place {
                Place::Empty => {}
                Place::Card(card) => cards.push(*card),
                Place::Mute => {
                    why_not = Failure::new(Exit::UnusableCard, message!("card-mute", reader = name));
                }
                Place::Held => {
                    why_not = Failure::new(Exit::UnusableCard, message!("card-held", reader = name));
                }
                Place::Foreign("foreign-vitale", _) => {
                    why_not = Failure::new(Exit::UnusableCard, message!("only-vitale", reader = name));
                }
                Place::Foreign(..) => {
                    why_not = Failure::new(Exit::UnusableCard, message!("only-foreign", reader = name));
                }
                Place::Ignored => {
                    why_not = Failure::new(Exit::NoReader, message!("reader-ignored", reader = name));
                }
                Place::Unusable(failure) => why_not = failure,
            }
        }
        if cards.len() > 1 {
            let names: Vec<&str> = cards.iter().map(|card| &card.reader[..]).collect();
            let readers = names.join(", ");
            return Err(Failure::new(
                Exit::Usage,
                message!("several-cards", readers = readers),
            ));
        }
        cards.pop().ok_or(why_not)
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        if let Some(pkcs11) = self.pkcs11.take() {
            let _ = pkcs11.finalize();
        }
    }
}

/// The readers that a person means: all, the one of this number, or those whose name contains it.
fn choose(readers: Vec<Reader>, wanted: Option<&str>) -> Result<Vec<Reader>> {
    let Some(wanted) = wanted else {
        return Ok(readers);
    };
    let number = wanted.parse::<usize>().ok();
    let meant = |(place, reader): &(usize, Reader)| match number {
        Some(number) => number == *place,
        None => reader.name.to_lowercase().contains(&wanted.to_lowercase()),
    };
    let names: Vec<String> = readers.iter().map(|reader| reader.name.clone()).collect();
    let numbered = readers.into_iter().enumerate();
    let chosen: Vec<Reader> = numbered.filter(meant).map(|(_, reader)| reader).collect();
    match chosen.is_empty() {
        true => Err(Failure::new(
            Exit::NoReader,
            message!("no-such-reader", wanted = wanted, readers = names.join(", ")),
        )),
        false => Ok(chosen),
    }
}

/// Whether a slot description is that of a reader: descriptions have 64 bytes, and of longer names
/// both ends.
fn describes(description: &str, name: &str) -> bool {
    let end = |text: &str| text.chars().rev().take(8).collect::<String>();
    let begin = |text: &str| text.chars().take(16).collect::<String>();
    description == name.trim()
        || (name.len() > 64 && begin(description) == begin(name) && end(description) == end(name))
}

impl Card<'_> {
    /// Tries of the PIN.
    pub fn tries(&self) -> Tries {
        let token = &self.token;
        match () {
            () if !token.login_required() => Tries::NoPin,
            () if token.user_pin_locked() => Tries::None,
            () if token.user_pin_final_try() => Tries::Last,
            () if token.user_pin_count_low() => Tries::Fewer,
            () => Tries::All,
        }
    }

    /// Tries of the unblocking code.
    pub fn puk_tries(&self) -> Tries {
        let token = &self.token;
        match () {
            () if !token.login_required() => Tries::NoPin,
            () if token.so_pin_locked() => Tries::None,
            () if token.so_pin_final_try() => Tries::Last,
            () if token.so_pin_count_low() => Tries::Fewer,
            () => Tries::All,
        }
    }

    /// Whether the chip pads signatures as RSA-PSS does, which TLS 1.3 wants.
    pub fn pads_pss(&self) -> Result<bool> {
        let mechanisms = self.module.pkcs11()?.get_mechanism_list(self.slot);
        let mechanisms = mechanisms.map_err(|error| failure(&error))?;
        Ok(mechanisms.contains(&MechanismType::RSA_PKCS_PSS))
    }

    /// The chip, as people call the card.
    pub fn chip(&self) -> &'static str {
        match self.token.model().trim() {
            "ChipDoc" => "CPS4",
            _ => "CPS3",
        }
    }

    /// The tokens as they are now.
    pub fn refresh(&mut self) -> Result<()> {
        self.token = self
            .module
            .pkcs11()?
            .get_token_info(self.slot)
            .map_err(|error| failure(&error))?;
        Ok(())
    }

    /// A session that only reads.
    pub fn open(&self) -> Result<Open> {
        let session = self.module.pkcs11()?.open_ro_session(self.slot);
        Ok(Open(session.map_err(|error| failure(&error))?))
    }

    /// A session that may change the PIN.
    pub fn open_to_write(&self) -> Result<Open> {
        let session = self.module.pkcs11()?.open_rw_session(self.slot);
        Ok(Open(session.map_err(|error| failure(&error))?))
    }
}

/// A session with a card. The last one that is dropped logs out.
pub struct Open(pub Session);

impl Open {
    /// Presents the PIN, once.
    pub fn log_in(&self, pin: &AuthPin) -> std::result::Result<(), Error> {
        self.0.login(UserType::User, Some(pin))
    }

    /// The certificates, in the order of the card; what is no certificate is left out.
    pub fn certificates(&self) -> Result<Vec<CardCertificate>> {
        let wanted = [AttributeType::Label, AttributeType::Id, AttributeType::Value];
        let all = self.objects(ObjectClass::CERTIFICATE, &wanted)?;
        Ok(all
            .iter()
            .filter_map(|(_, attributes)| {
                CardCertificate::decode(&label(attributes), &id(attributes), &value(attributes))
            })
            .collect())
    }

    fn private_key(&self, id: &[u8]) -> Result<ObjectHandle> {
        let wanted = [
            Attribute::Class(ObjectClass::PRIVATE_KEY),
            Attribute::Id(id.to_vec()),
        ];
        let found = self.0.find_objects(&wanted).map_err(|error| failure(&error))?;
        let missing = || Failure::new(Exit::NotPossible, message!("no-such-key"));
        found.first().copied().ok_or_else(missing)
    }

    /// A signature with SHA-256 and PKCS #1 v1.5, by the private key of this CKA_ID.
    pub fn sign(&self, id: &[u8], text: &[u8]) -> Result<Vec<u8>> {
        let key = self.private_key(id)?;
        let signature = self.0.sign(&Mechanism::Sha256RsaPkcs, key, text);
        signature.map_err(|error| failure(&error))
    }

    /// What was enciphered (PKCS #1 v1.5) for the key of this CKA_ID; nothing if it was not.
    pub fn decrypt(&self, id: &[u8], enciphered: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let key = self.private_key(id)?;
        match self.0.decrypt(&Mechanism::RsaPkcs, key, enciphered) {
            Ok(plain) => Ok(Some(Zeroizing::new(plain))),
            Err(Error::Pkcs11(RvError::EncryptedDataInvalid | RvError::EncryptedDataLenRange, _)) => Ok(None),
            Err(error) => Err(failure(&error)),
        }
    }

    /// The data objects that can be read, those with the PIN only after a login.
    pub fn data_objects(&self) -> Result<Vec<DataObject>> {
        let wanted = [AttributeType::Label, AttributeType::Private, AttributeType::Value];
        let all = self.objects(ObjectClass::DATA, &wanted)?;
        Ok(all
            .iter()
            .map(|(_, attributes)| DataObject {
                label: label(attributes),
                value: value(attributes),
                protected: attributes.contains(&Attribute::Private(true)),
            })
            .collect())
    }

    fn objects(
        &self,
        class: ObjectClass,
        wanted: &[AttributeType],
    ) -> Result<Vec<(ObjectHandle, Vec<Attribute>)>> {
        let found = self.0.find_objects(&[Attribute::Class(class)]);
        let found = found.map_err(|error| failure(&error))?;
        let read = found.into_iter().map(|handle| {
            let attributes = self.0.get_attributes(handle, wanted);
            Ok((handle, attributes.map_err(|error| failure(&error))?))
        });
        read.collect()
    }
}

fn label(attributes: &[Attribute]) -> String {
    let found = attributes.iter().find_map(|attribute| match attribute {
        Attribute::Label(bytes) => Some(String::from_utf8_lossy(bytes).trim().to_owned()),
        _ => None,
    });
    found.unwrap_or_default()
}

fn id(attributes: &[Attribute]) -> Vec<u8> {
    let found = attributes.iter().find_map(|attribute| match attribute {
        Attribute::Id(bytes) => Some(bytes.clone()),
        _ => None,
    });
    found.unwrap_or_default()
}

fn value(attributes: &[Attribute]) -> Vec<u8> {
    let found = attributes.iter().find_map(|attribute| match attribute {
        Attribute::Value(bytes) => Some(bytes.clone()),
        _ => None,
    });
    found.unwrap_or_default()
}

/// What a return code of the module means to a person.
pub fn failure(error: &Error) -> Failure {
    let Error::Pkcs11(code, function) = error else {
        return Failure::new(Exit::File, message!("module-fails", reason = error.to_string()));
    };
    let (exit, message) = match code {
        RvError::TokenNotPresent | RvError::DeviceRemoved | RvError::SessionHandleInvalid => {
            (Exit::NoCard, message!("card-gone"))
        }
        // A card whose update was cut short opens no session.
        RvError::DeviceError if matches!(function, Function::OpenSession) => {
            (Exit::UnusableCard, message!("card-unusable"))
        }
        RvError::PinLocked => (Exit::PinBlocked, message!("pin-blocked")),
        RvError::PinIncorrect => (Exit::PinRefused, message!("pin-refused-last")),
        RvError::PinInvalid => (Exit::PinRefused, message!("pin-not-taken")),
        RvError::PinLenRange => (Exit::PinRefused, message!("pin-length-refused")),
        RvError::UserPinNotInitialized => (Exit::NotPossible, message!("no-pin")),
        RvError::UserNotLoggedIn => (Exit::UnusableCard, message!("login-lost")),
        _ => {
            let reason = format!("{function:?}: {code:?}");
            (Exit::UnusableCard, message!("card-fails", reason = reason))
        }
    };
    Failure::new(exit, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(name: &str) -> Reader {
        Reader {
            name: name.into(),
            inside: Inside::Nothing,
        }
    }

    #[test]
    fn a_reader_is_meant_by_number_or_by_a_part_of_its_name() {
        let all = || vec![reader("Gemalto 00 00"), reader("SCM 01 00")];
        for (wanted, found) in [
            (None, vec!["Gemalto 00 00", "SCM 01 00"]),
            (Some("1"), vec!["SCM 01 00"]),
            (Some("gemal"), vec!["Gemalto 00 00"]),
        ] {
            let names: Vec<String> = choose(all(), wanted)
                .unwrap()
                .into_iter()
                .map(|reader| reader.name)
                .collect();
            assert_eq!(names, found, "{wanted:?}");
        }
        let none = choose(all(), Some("absent")).unwrap_err();
        assert_eq!(none.exit, Exit::NoReader);
    }

    #[test]
    fn a_long_name_is_described_by_both_ends() {
        let name = format!("Gemalto PC Twin Reader {} 00 01", "x".repeat(60));
        let described = format!("{}...{}", &name[..30], &name[name.len() - 20..]);
        assert!(describes(&described, &name));
        assert!(!describes(&described.replace("00 01", "00 02"), &name));
        assert!(!describes("Other", "Gemalto"));
    }
}
