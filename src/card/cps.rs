//! The card of a health professional, over either chip: every step that must not be disturbed is one transaction.

use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::commands::Commands;
use super::dialogue::Dialogue;
use super::files::{self, Extent};
use super::update::Stamp;
use super::{Abilities, Card, CardError, Chip, Deciphered, KeyRef, PinObject, PinState, pins};
use crate::config::Logout;
use crate::crypto::ToSign;
use crate::iso7816::{Command, Malformed};
use crate::memory;
use crate::pkcs15::{self, Certificate, DataObject, Odf, Path, PrivateKey, PublicKey, TokenDirectory};
use crate::reader::{Connection, Continuity, Protocol, ReaderError};

/// DF of the PKCS #15 application of the contact interface. Observed on a real CPS3; CPS4 has the same.
pub(super) const APPLICATION: [u16; 2] = [0x3F00, 0x0001];

/// Files of the PKCS #15 application.
const ODF: u16 = 0x5031;
const TOKEN_INFO: u16 = 0x5032;

/// Bytes from the start of TokenInfo that hold version, serial number, manufacturer and label, of 32 characters each at most.
const TOKEN_INFO_HEAD: usize = 96;

/// EF.SN.ICC.
const EF_SN: [u16; 2] = [0x3F00, 0xD003];
const EF_SN_LENGTH: usize = 12;

/// EF.SN.ICC begins with the tag and length of the card number and with the issuer's number, for every CPS.
const EF_SN_START: [u8; 7] = [0x5A, 0x0A, 0x80, 0x25, 0x00, 0x00, 0x01];

/// Random bytes of one GET CHALLENGE.
const CHALLENGE: usize = 8;

/// Random bytes of one transaction: whoever wants many does not keep other programs from the card.
const CHALLENGES: usize = 32 * CHALLENGE;

/// A recognised card with the commands of its chip.
pub(super) struct Cps<C> {
    connection: Box<dyn Connection>,
    commands: C,
    number: Vec<u8>,
    odf: Option<Odf>,
    /// Another program has reset the card since a PIN was last verified.
    reset_seen: bool,
    /// Another program may have used the card since [`Card::take_disturbance`] was last asked.
    disturbed: bool,
    /// The card must show its number before the next act: there was no connection to it for a while.
    identify: bool,
    /// Stamp of the data that were read, and when it was last looked at; `None` when nothing was read, or when the card has no
    /// stamp to look at.
    stamp: Option<(Stamp, Instant)>,
    /// The stamp must be looked at before the next act: whoever updates a card resets it in the end.
    recheck: bool,
}

impl<C: Commands> Cps<C> {
    /// Looks for the issuer's number in EF.SN.ICC.
    pub(super) fn recognise(connection: Box<dyn Connection>, commands: C) -> Result<Self, CardError> {
        let mut card = Cps {
            connection,
            commands,
            number: Vec::new(),
            odf: None,
            reset_seen: false,
            disturbed: false,
            identify: false,
            stamp: None,
            recheck: false,
        };
        match card.perform(read_number) {
            Ok(number) => {
                card.number = number;
                Ok(card)
            }
            Err(e @ (CardError::Reader(_) | CardError::NotRecognized)) => Err(e),
            Err(e) => {
                log::info!("not a CPS, or not one that answers: {e:?}");
                Err(CardError::Unidentified)
            }
        }
    }

    /// What the service says of the time since the last transaction. A verified PIN is lost in every case but one, and then the
    /// connection need not be kept.
    fn note(&mut self, continuity: Continuity) {
        match continuity {
            Continuity::Kept => return,
            Continuity::Reset => {
                log::info!("another program has reset the card");
                self.commands.forget();
            }
            Continuity::Returned => {
                self.commands.lose_track();
                self.identify = true;
            }
        }
        self.connection.keep(false);
        self.reset_seen = true;
        self.disturbed = true;
        self.recheck = true;
    }

    /// Runs `act` in one transaction. When the card refuses it in a way that may mean that another program has selected its own
    /// application, selects ours and runs it once more. After a reset by another program the card's data must still be
    /// those that were read.
    fn perform<T>(
        &mut self,
        act: impl FnMut(&mut C, &mut Dialogue<'_>) -> Result<T, CardError>,
    ) -> Result<T, CardError> {
        self.perform_if(act, |_, _| Ok(true))
    }

    /// [`Cps::perform`], but `act` is run once more only if `again` agrees when the application is selected.
    fn perform_if<T>(
        &mut self,
        mut act: impl FnMut(&mut C, &mut Dialogue<'_>) -> Result<T, CardError>,
        again: impl FnOnce(&mut C, &mut Dialogue<'_>) -> Result<bool, CardError>,
    ) -> Result<T, CardError> {
        let continuity = self.connection.begin()?;
        self.note(continuity);
        let mut card = Dialogue::new(&mut *self.connection);
        let (identify, recheck, stamp) = (&mut self.identify, &mut self.recheck, &mut self.stamp);
        let number = &self.number;
        let mut act = |commands: &mut C, card: &mut Dialogue<'_>| {
            if *identify && !number.is_empty() {
                same_number(commands, card, number)?;
            }
            *identify = false;
            if *recheck && let Some((known, looked_at)) = stamp {
                unchanged(commands, card, known)?;
                *looked_at = Instant::now();
            }
            *recheck = false;
            act(commands, card)
        };
        if self.commands.must_select() {
            self.commands.select_application(&mut card)?;
            card.note_application_selected();
        }
        match act(&mut self.commands, &mut card) {
            Err(refused) if refused.may_be_foreign_context() && !card.application_selected() => {
                log::debug!("selecting the application again after {refused:?}");
                match self.commands.select_application(&mut card) {
                    Ok(()) => {}
                    Err(e @ CardError::Reader(_)) => return Err(e),
                    Err(_) => return Err(refused),
                }
                card.note_application_selected();
                match again(&mut self.commands, &mut card)? {
                    true => act(&mut self.commands, &mut card),
                    false => Err(refused),
                }
            }
            done => done,
        }
    }

    /// Reads what `extent` wants of a file, from where its path says.
    fn read_extent(&mut self, path: &Path, extent: Extent) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let start = path.part.map_or(0, |(start, _)| start);
        self.perform(|commands, card| {
            commands.select_file(card, &path.fids, false)?;
            files::read(card, C::CLASS, start, extent, true)
        })
    }

    /// ODF, from memory or from the card.
    fn odf(&mut self) -> Result<Odf, CardError> {
        if let Some(odf) = &self.odf {
            return Ok(odf.clone());
        }
        let odf = self.perform(read_odf)?;
        self.odf = Some(odf.clone());
        Ok(odf)
    }
}

/// The ten bytes of the card number. Where the file has a short identifier, one command is enough when the master file
/// is the current one.
fn read_number<C: Commands>(commands: &mut C, card: &mut Dialogue<'_>) -> Result<Vec<u8>, CardError> {
    if let Some(sfi) = C::EF_SN_SFI {
        let by_sfi = Command::new([C::CLASS, 0xB0, 0x80 | sfi, 0x00]).expect(EF_SN_LENGTH);
        match card.perform(&by_sfi).and_then(|file| number_in(&file)) {
            Err(CardError::Reader(e)) => return Err(e.into()),
            Err(_) => {}
            found => return found,
        }
    }
    commands.select_file(card, &EF_SN, false)?;
    number_in(&files::read(
        card,
        C::CLASS,
        0,
        Extent::Bytes(EF_SN_LENGTH),
        false,
    )?)
}

/// Refuses another card than the one of this number.
fn same_number<C: Commands>(
    commands: &mut C,
    card: &mut Dialogue<'_>,
    known: &[u8],
) -> Result<(), CardError> {
    match read_number(commands, card) {
        Ok(found) if found == known => Ok(()),
        Err(e @ CardError::Reader(_)) => Err(e),
        Err(refused) if refused.may_be_foreign_context() && !card.application_selected() => Err(refused),
        _ => {
            log::info!("there is another card in the reader");
            Err(CardError::Reader(ReaderError::Removed))
        }
    }
}

fn number_in(file: &[u8]) -> Result<Vec<u8>, CardError> {
    match file.split_first_chunk::<2>() {
        Some((_, number)) if file.len() == EF_SN_LENGTH && file.starts_with(&EF_SN_START) => {
            Ok(number.to_vec())
        }
        Some((head, _)) if file.len() == EF_SN_LENGTH && EF_SN_START.starts_with(head) => {
            Err(CardError::NotRecognized)
        }
        _ => Err(CardError::Malformed("EF.SN.ICC")),
    }
}

/// A file of the PKCS #15 application.
fn own_file<C: Commands>(commands: &C, fid: u16) -> Vec<u16> {
    [commands.application(), &[fid]].concat()
}

fn read_odf<C: Commands>(commands: &mut C, card: &mut Dialogue<'_>) -> Result<Odf, CardError> {
    commands.locate_application(card)?;
    let path = own_file(commands, ODF);
    let file = directory_file(commands, card, &path, None)?;
    Ok(pkcs15::odf(&file, commands.application())?)
}

/// TokenInfo. Each byte of T=0 takes a millisecond: of a file without a stamp only the head is read, up to the label, in one command
/// because it need not be known how long the file is.
fn read_info<C: Commands>(commands: &mut C, card: &mut Dialogue<'_>) -> Result<pkcs15::TokenInfo, CardError> {
    let path = own_file(commands, TOKEN_INFO);
    if card.protocol() == Protocol::T0 && commands.has_stamp_file() {
        commands.select_file(card, &path, false)?;
        let head = files::read(card, C::CLASS, 0, Extent::Head(TOKEN_INFO_HEAD), false)?;
        if let Some(info) = pkcs15::token_info_head(&head) {
            return Ok(info);
        }
    }
    Ok(pkcs15::token_info(&directory_file(commands, card, &path, None)?)?)
}

/// The stamp of the card's data: in a file of its own, or else in TokenInfo (lastUpdate), which `info` holds if it was just read.
fn read_stamp<C: Commands>(
    commands: &mut C,
    card: &mut Dialogue<'_>,
    info: Option<&pkcs15::TokenInfo>,
) -> Result<Option<Stamp>, CardError> {
    if let Some(stamp) = commands.read_stamp(card)? {
        return Ok(Some(stamp));
    }
    let date = match info {
        Some(info) => info.last_update.clone(),
        None => read_info(commands, card)?.last_update,
    };
    Ok(date.map(|date| Stamp::Dated(date.into_bytes())))
}

/// Refuses when the card's data are not those of the stamp `known` any more.
fn unchanged<C: Commands>(commands: &mut C, card: &mut Dialogue<'_>, known: &Stamp) -> Result<(), CardError> {
    match read_stamp(commands, card, None)? {
        Some(Stamp::Interrupted) => Err(CardError::InterruptedUpdate),
        Some(found) if found == *known => Ok(()),
        // Another program's application may be the selected one, and have no such file.
        Some(Stamp::Absent) if !card.application_selected() => Err(CardError::NotFound(0x6A82)),
        _ => {
            log::info!("the card's data were updated");
            Err(CardError::Updated)
        }
    }
}

/// Whether the refusal of a PIN, whatever it said, has cost no try: the PIN may be presented once more. `before` are the tries that
/// were left, if that is known. How many tries a PUK has at most, a CPS4 does not tell.
fn unspent(pin: &PinObject, before: Option<u8>, now: &PinState) -> bool {
    match now.tries_left {
        None => now.verified,
        left if before.is_some() => left == before,
        left => !pin.unblocking && left == now.tries_max,
    }
}

/// Selects a file and reads it, as far as `extent` says for the size of the file.
///
/// With T=1 the size comes along with the answer to SELECT. With T=0 it would cost a GET RESPONSE with 40 bytes: there a READ BINARY that
/// asks for too much makes the card tell what is left (6Cxx). Only a card that refuses such a command is asked for the size, or one whose
/// file seems to lack something: an odd entry at the end of a directory takes nothing from those before it.
fn whole_file<C: Commands>(
    commands: &mut C,
    card: &mut Dialogue<'_>,
    fids: &[u16],
    extent: impl Fn(Option<usize>) -> Extent,
    sensitive: bool,
) -> Result<Zeroizing<Vec<u8>>, CardError> {
    let told = card.protocol() == Protocol::T1;
    let size = commands.select_file(card, fids, told)?;
    match files::read(card, C::CLASS, 0, extent(size), sensitive) {
        Err(CardError::Truncated | CardError::WrongData(0x6700 | 0x6B00)) if !told => {
            let size = commands.select_file(card, fids, true)?;
            files::read(card, C::CLASS, 0, extent(size), sensitive)
        }
        done => done,
    }
}

/// A file of the directory, as far as it is used.
fn directory_file<C: Commands>(
    commands: &mut C,
    card: &mut Dialogue<'_>,
    fids: &[u16],
    part: Option<(usize, usize)>,
) -> Result<Zeroizing<Vec<u8>>, CardError> {
    let Some((start, length)) = part else {
        return whole_file(commands, card, fids, Extent::Entries, false);
    };
    commands.select_file(card, fids, false)?;
    files::read(card, C::CLASS, start, Extent::Bytes(length), false)
}

/// Reads the directory files of one kind and joins what they hold.
fn directory<C: Commands, T>(
    commands: &mut C,
    card: &mut Dialogue<'_>,
    paths: &[Path],
    parse: impl Fn(&[u8]) -> Result<Vec<T>, Malformed>,
) -> Result<Vec<T>, CardError> {
    let mut found = Vec::new();
    for path in paths {
        let entries = parse(&directory_file(commands, card, &path.fids, path.part)?)?;
        memory::append(&mut found, entries)?;
    }
    Ok(found)
}

/// [`directory`] of what the others do without: a file that is not there, or one that holds rubbish each time it is read, has no
/// objects, so that those of the other directories can be used.
fn objects<C: Commands, T>(
    commands: &mut C,
    card: &mut Dialogue<'_>,
    paths: &[Path],
    parse: impl Fn(&[u8]) -> Result<Vec<T>, Malformed>,
) -> Result<Vec<T>, CardError> {
    let mut found = Vec::new();
    for path in paths {
        let file = match directory_file(commands, card, &path.fids, path.part) {
            // Unless another program's application is the selected one.
            Err(CardError::NotFound(_)) if card.application_selected() => {
                log::error!(
                    "the card has no directory file {:04X?}, which its ODF names",
                    path.fids
                );
                continue;
            }
            file => file?,
        };
        let read = match parse(&file) {
            Err(Malformed::NO_MEMORY) => return Err(Malformed::NO_MEMORY.into()),
            Err(first) => {
                let again = directory_file(commands, card, &path.fids, path.part)?;
                match parse(&again) {
                    Err(Malformed::NO_MEMORY) => return Err(Malformed::NO_MEMORY.into()),
                    Err(Malformed(what)) if *again == *file => {
                        log::error!("directory file {:04X?} is of no use: {what}", path.fids);
                        Vec::new()
                    }
                    Err(_) => return Err(first.into()),
                    Ok(read) => read,
                }
            }
            Ok(read) => read,
        };
        memory::append(&mut found, read)?;
    }
    Ok(found)
}

impl<C: Commands> Card for Cps<C> {
    fn chip(&self) -> Chip {
        self.commands.chip()
    }

    fn number(&self) -> &[u8] {
        &self.number
    }

    /// EF_ACTUA comes last: it leaves the master file current, where the counters of the PINs are asked next.
    fn read_token_info(&mut self) -> Result<TokenDirectory, CardError> {
        let (odf, directory, stamp) = self.perform(|commands, card| {
            let odf = read_odf(commands, card)?;
            let token = read_info(commands, card)?;
            let application = commands.application().to_vec();
            let pins = match commands.chip() {
                // Over the air no PIN can be presented, whatever the directory says of PINs.
                Chip::Cps3Contactless => Vec::new(),
                _ => directory(commands, card, &odf.pins, |file| pkcs15::pins(file, &application))?,
            };
            let stamp = read_stamp(commands, card, Some(&token))?;
            Ok((odf, TokenDirectory { token, pins }, stamp))
        })?;
        self.odf = Some(odf);
        self.stamp = stamp.map(|stamp| (stamp, Instant::now()));
        Ok(directory)
    }

    fn read_private_keys(&mut self) -> Result<Vec<PrivateKey>, CardError> {
        let paths = self.odf()?.private_keys;
        self.perform(|commands, card| objects(commands, card, &paths, pkcs15::private_keys))
    }

    fn read_public_keys(&mut self) -> Result<Vec<PublicKey>, CardError> {
        let paths = self.odf()?.public_keys;
        self.perform(|commands, card| {
            let application = commands.application().to_vec();
            objects(commands, card, &paths, |file| {
                pkcs15::public_keys(file, &application)
            })
        })
    }

    fn read_certificates(&mut self) -> Result<Vec<Certificate>, CardError> {
        let paths = self.odf()?.certificates;
        self.perform(|commands, card| {
            let application = commands.application().to_vec();
            objects(commands, card, &paths, |file| {
                pkcs15::certificates(file, &application)
            })
        })
    }

    fn read_data_objects(&mut self) -> Result<Vec<DataObject>, CardError> {
        let paths = self.odf()?.data;
        self.perform(|commands, card| {
            let application = commands.application().to_vec();
            let mut data = objects(commands, card, &paths, |file| pkcs15::data(file, &application))?;
            if commands.chip() == Chip::Cps3Contactless {
                // Writing takes the PIN, which cannot be given over the air.
                data.iter_mut()
                    .for_each(|object| object.common.modifiable = false);
            }
            let unannounced = commands.unannounced_data(&data)?;
            memory::append(&mut data, unannounced)?;
            Ok(data)
        })
    }

    fn check_update(&mut self, max_age: Duration) -> Result<(), CardError> {
        match &self.stamp {
            None => return Ok(()),
            // A card that could not be used may have been helped since.
            Some((stamp, looked_at))
                if *stamp != Stamp::Interrupted && !self.recheck && looked_at.elapsed() < max_age =>
            {
                return Ok(());
            }
            Some(_) => self.recheck = true,
        }
        self.perform(|_, _| Ok(()))
    }

    fn read_object(&mut self, path: &Path) -> Result<Zeroizing<Vec<u8>>, CardError> {
        self.read_extent(path, Extent::Object)
    }

    fn read_object_head(&mut self, path: &Path, length: usize) -> Result<Zeroizing<Vec<u8>>, CardError> {
        self.read_extent(path, Extent::Head(length))
    }

    fn read_file(&mut self, path: &Path) -> Result<Zeroizing<Vec<u8>>, CardError> {
        match path.part {
            _ if path.legacy => self.perform(|commands, card| commands.read_legacy_file(card, &path.fids)),
            Some((_, length)) => self.read_extent(path, Extent::Bytes(length)),
            None => self.perform(|commands, card| {
                let extent = |size: Option<usize>| size.map_or(Extent::Whole, Extent::File);
                whole_file(commands, card, &path.fids, extent, true)
            }),
        }
    }

    fn write_file(&mut self, path: &Path, content: &[u8]) -> Result<(), CardError> {
        if path.legacy || path.part.is_some() {
            return Err(CardError::Unsupported);
        }
        self.perform(|commands, card| {
            commands.select_file(card, &path.fids, false)?;
            files::write(card, C::CLASS, content)
        })
    }

    fn file_size(&mut self, path: &Path) -> Result<usize, CardError> {
        if path.legacy {
            return Ok(self.read_file(path)?.len());
        }
        if let Some((_, length)) = path.part {
            return Ok(length);
        }
        self.perform(|commands, card| {
            let size = commands.select_file(card, &path.fids, true)?;
            size.ok_or(CardError::Malformed("file control information without a size"))
        })
    }

    fn pin_state(&mut self, pin: &PinObject) -> Result<PinState, CardError> {
        self.perform(|commands, card| commands.pin_state(card, pin))
    }

    fn verify(&mut self, pin: &PinObject, digits: &[u8], tries: Option<u8>) -> Result<(), CardError> {
        let block = pins::block(pin, digits)?;
        self.perform_if(
            |commands, card| {
                commands.verify(card, pin, &block)?;
                // A card that nobody is connected to is switched off, and forgets.
                card.keep_connection();
                Ok(())
            },
            |commands, card| match commands.pin_state(card, pin) {
                Ok(state) => Ok(unspent(pin, tries, &state)),
                Err(e @ CardError::Reader(_)) => Err(e),
                Err(_) => Ok(false),
            },
        )?;
        self.reset_seen = false;
        Ok(())
    }

    /// The question for the counter shows whether our application is the selected one before the PIN goes out: a change that the card
    /// has made is never asked for again.
    fn change_pin(&mut self, pin: &PinObject, old: &[u8], new: &[u8]) -> Result<(), CardError> {
        let (old, new) = (pins::block(pin, old)?, pins::block(pin, new)?);
        self.perform(|commands, card| {
            commands.pin_state(card, pin)?;
            card.note_application_selected();
            commands.change_pin(card, pin, &old, &new)
        })
    }

    fn unblock_pin(&mut self, pin: &PinObject, new: &[u8]) -> Result<(), CardError> {
        let new = pins::block(pin, new)?;
        let done = self.perform(|commands, card| commands.unblock_pin(card, pin, &new));
        done.map_err(|error| match error {
            // The PUK was taken a moment ago, so the card means the PIN itself: it cannot be unblocked any more.
            CardError::NotAllowed(_) => CardError::PinBlocked,
            // No PIN went along: it wants the PUK again.
            CardError::PinIncorrect { .. } => CardError::NotVerified,
            other => other,
        })
    }

    fn logout(&mut self, logout: Logout) -> Result<(), CardError> {
        self.commands.lose_track();
        let reset = match logout {
            Logout::AlwaysResets => self.connection.reset().map(|()| true),
            Logout::LastCloses => self.connection.reset_if_alone(),
        };
        self.connection.keep(false);
        match reset? {
            true => self.commands.forget(),
            false => log::info!("another program uses the card: it is left open for that one"),
        }
        Ok(())
    }

    fn continuous(&mut self) -> Result<bool, CardError> {
        let continuity = self.connection.check()?;
        self.note(continuity);
        Ok(!self.reset_seen)
    }

    fn take_disturbance(&mut self) -> bool {
        std::mem::take(&mut self.disturbed)
    }

    fn seen_continuous(&self) -> bool {
        !self.reset_seen
    }

    fn abilities(&self, key: &KeyRef) -> Abilities {
        self.commands.abilities(key)
    }

    fn sign(&mut self, key: &KeyRef, what: &ToSign) -> Result<Vec<u8>, CardError> {
        let signature = self.perform(|commands, card| commands.sign(card, key, what))?;
        if signature.len() != key.modulus_len {
            return Err(CardError::Malformed(
                "signature of another length than the modulus",
            ));
        }
        Ok(memory::copy(&signature)?)
    }

    fn decipher(&mut self, key: &KeyRef, cryptogram: &[u8]) -> Result<Deciphered, CardError> {
        if cryptogram.len() != key.modulus_len {
            return Err(CardError::Unsupported);
        }
        self.perform(|commands, card| commands.decipher(card, key, cryptogram))
    }

    fn random(&mut self, out: &mut [u8]) -> Result<(), CardError> {
        let command = Command::new([C::CLASS, 0x84, 0x00, 0x00])
            .expect(CHALLENGE)
            .sensitive();
        out.chunks_mut(CHALLENGES).try_for_each(|part| {
            self.perform(|_, card| {
                for block in part.chunks_mut(CHALLENGE) {
                    let random = card.perform(&command)?;
                    let random = random
                        .get(..block.len())
                        .ok_or(CardError::Malformed("GET CHALLENGE"))?;
                    block.copy_from_slice(random);
                }
                Ok(())
            })
        })
    }
}
