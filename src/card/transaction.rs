//! One transaction with a recognised card: the commands of its chip, and the exchanges that carry
//! them.

use zeroize::Zeroizing;

use super::CardError;
use super::commands::Commands;
use super::dialogue::Dialogue;
use super::files::{self, Extent};
use super::update::Stamp;
use crate::iso7816::{Command, Malformed, StatusWord};
use crate::memory;
use crate::pkcs15::{self, Odf, Path, TokenInfo};
use crate::reader::{Connection, Protocol, ReaderError};

/// Files of the PKCS #15 application.
const ODF: u16 = 0x5031;
const TOKEN_INFO: u16 = 0x5032;

/// Bytes from the start of TokenInfo that hold version, serial number, manufacturer and label,
/// of 32 characters each at most.
const TOKEN_INFO_HEAD: usize = 96;

/// EF.SN.ICC.
const EF_SN: [u16; 2] = [0x3F00, 0xD003];
const EF_SN_LENGTH: usize = 12;

/// EF.SN.ICC begins with the tag and length of the card number and with the issuer's number, for
/// every CPS.
const EF_SN_START: [u8; 7] = [0x5A, 0x0A, 0x80, 0x25, 0x00, 0x00, 0x01];

/// Random bytes of one GET CHALLENGE.
const CHALLENGE: usize = 8;

/// A transaction under way; it ends when this is dropped, on every way out.
pub(super) struct Transaction<'c> {
    pub(super) commands: &'c mut dyn Commands,
    pub(super) card: Dialogue<'c>,
}

/// Which directory files the card must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Each that ODF names, with what it says in the right shape.
    All,
    /// Those that are of use: a file that is not there, or one that is malformed each time it is
    /// read, has no objects, so that those of the other directories can be used.
    Usable,
}

impl<'c> Transaction<'c> {
    /// Takes over a transaction that has begun on `connection`.
    pub(super) fn new(commands: &'c mut dyn Commands, connection: &'c mut dyn Connection) -> Self {
        Transaction {
            commands,
            card: Dialogue::new(connection),
        }
    }

    /// Makes the card's application the selected one.
    pub(super) fn select_application(&mut self) -> Result<(), CardError> {
        self.commands.select_application(&mut self.card)?;
        self.card.note_application_selected();
        Ok(())
    }

    /// Whether a refusal may only mean that another program's application is the selected one.
    pub(super) fn may_be_foreign_context(&self, refused: &CardError) -> bool {
        refused.may_be_foreign_context() && !self.card.application_selected()
    }

    /// The ten bytes of the card number. Where the file has a short identifier, one command is
    /// enough when the master file is the current one.
    pub(super) fn read_number(&mut self) -> Result<Vec<u8>, CardError> {
        if let Some(sfi) = self.commands.ef_sn_sfi() {
            let class = self.commands.class();
            let by_sfi = Command::new([class, 0xB0, 0x80 | sfi, 0x00]).expect(EF_SN_LENGTH);
            match self.card.perform(&by_sfi).and_then(|file| number_in(&file)) {
                Err(CardError::Reader(e)) => return Err(e.into()),
                Err(_) => {}
                found => return found,
            }
        }
        self.select_file(&EF_SN, false)?;
        number_in(&self.read(0, Extent::Bytes(EF_SN_LENGTH), false)?)
    }

    /// Refuses another card than the one of the number `known`.
    pub(super) fn same_number(&mut self, known: &[u8]) -> Result<(), CardError> {
        match self.read_number() {
            Ok(found) if found == known => Ok(()),
            Err(e @ CardError::Reader(_)) => Err(e),
            Err(refused) if self.may_be_foreign_context(&refused) => Err(refused),
            _ => {
                log::info!("there is another card in the reader");
                Err(CardError::Reader(ReaderError::Removed))
            }
        }
    }

    /// The stamp of the card's data: in a file of its own, or else in TokenInfo (lastUpdate), which
    /// `info` holds if it was just read.
    pub(super) fn read_stamp(&mut self, info: Option<&TokenInfo>) -> Result<Option<Stamp>, CardError> {
        if let Some(stamp) = self.commands.read_stamp(&mut self.card)? {
            return Ok(Some(stamp));
        }
        let date = match info {
            Some(info) => info.last_update.clone(),
            None => self.read_info()?.last_update,
        };
        Ok(date.map(|date| Stamp::Dated(date.into_bytes())))
    }

    /// Refuses when the card's data are not those of the stamp `known` any more.
    pub(super) fn same_stamp(&mut self, known: &Stamp) -> Result<(), CardError> {
        match self.read_stamp(None)? {
            Some(Stamp::Interrupted) => Err(CardError::InterruptedUpdate),
            Some(found) if found == *known => Ok(()),
            // Another program's application may be the selected one, and have no such file.
            Some(Stamp::Absent) if !self.card.application_selected() => {
                Err(CardError::NotFound(StatusWord::FILE_NOT_FOUND))
            }
            _ => {
                log::info!("the card's data were updated");
                Err(CardError::Updated)
            }
        }
    }

    /// ODF of the PKCS #15 application.
    pub(super) fn read_odf(&mut self) -> Result<Odf, CardError> {
        self.commands.locate_application(&mut self.card)?;
        let file = self.directory_file(&self.own_file(ODF), None)?;
        Ok(pkcs15::odf(&file, self.commands.application())?)
    }

    /// TokenInfo. Each byte of T=0 takes a millisecond: of a file without a stamp only the head is
    /// read, up to the label, in one command because it need not be known how long the file is.
    pub(super) fn read_info(&mut self) -> Result<TokenInfo, CardError> {
        let path = self.own_file(TOKEN_INFO);
        if self.card.protocol() == Protocol::T0 && self.commands.has_stamp_file() {
            self.select_file(&path, false)?;
            let head = self.read(0, Extent::Head(TOKEN_INFO_HEAD), false)?;
            if let Some(info) = pkcs15::token_info_head(&head) {
                return Ok(info);
            }
        }
        Ok(pkcs15::token_info(&self.directory_file(&path, None)?)?)
    }

    /// Reads the directory files of one kind and joins what `parse` finds in them.
    pub(super) fn directory<T>(
        &mut self,
        paths: &[Path],
        need: Need,
        parse: impl Fn(&[u8]) -> Result<Vec<T>, Malformed>,
    ) -> Result<Vec<T>, CardError> {
        let mut found = Vec::new();
        for path in paths {
            let entries = match need {
                Need::All => parse(&self.directory_file(&path.fids, path.part)?)?,
                Need::Usable => self.usable_entries(path, &parse)?,
            };
            memory::append(&mut found, entries)?;
        }
        Ok(found)
    }

    /// The entries of one directory file that the others do without.
    fn usable_entries<T>(
        &mut self,
        path: &Path,
        parse: impl Fn(&[u8]) -> Result<Vec<T>, Malformed>,
    ) -> Result<Vec<T>, CardError> {
        let file = match self.directory_file(&path.fids, path.part) {
            // Unless another program's application is the selected one.
            Err(CardError::NotFound(_)) if self.card.application_selected() => {
                log::error!(
                    "the card has no directory file {:04X?}, which its ODF names",
                    path.fids
                );
                return Ok(Vec::new());
            }
            file => file?,
        };
        let first = match parse(&file) {
            Err(Malformed::NO_MEMORY) => return Err(Malformed::NO_MEMORY.into()),
            Err(malformed) => malformed,
            Ok(entries) => return Ok(entries),
        };
        let again = self.directory_file(&path.fids, path.part)?;
        match parse(&again) {
            Err(Malformed::NO_MEMORY) => Err(Malformed::NO_MEMORY.into()),
            Err(Malformed(what)) if *again == *file => {
                log::error!("directory file {:04X?} is of no use: {what}", path.fids);
                Ok(Vec::new())
            }
            Err(_) => Err(first.into()),
            Ok(entries) => Ok(entries),
        }
    }

    /// A file of the directory, as far as it is used.
    fn directory_file(
        &mut self,
        fids: &[u16],
        part: Option<(usize, usize)>,
    ) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let Some((start, length)) = part else {
            return self.whole_file(fids, Extent::Entries, false);
        };
        self.select_file(fids, false)?;
        self.read(start, Extent::Bytes(length), false)
    }

    /// Selects a file and reads it, as far as `extent` says for the size of the file.
    ///
    /// With T=1 the size comes along with the answer to SELECT. With T=0 it would cost a GET
    /// RESPONSE with 40 bytes: there a READ BINARY that asks for too much makes the card tell what
    /// is left (6Cxx). Only a card that refuses such a command is asked for the size, or one whose
    /// file seems to lack something: an odd entry at the end of a directory takes nothing from
    /// those before it.
    pub(super) fn whole_file(
        &mut self,
        fids: &[u16],
        extent: impl Fn(Option<usize>) -> Extent,
        sensitive: bool,
    ) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let told = self.card.protocol() == Protocol::T1;
        let size = self.select_file(fids, told)?;
        match self.read(0, extent(size), sensitive) {
            Err(
                CardError::Truncated
                | CardError::WrongData(StatusWord::WRONG_LENGTH | StatusWord::WRONG_OFFSET),
            ) if !told => {
                let size = self.select_file(fids, true)?;
                self.read(0, extent(size), sensitive)
            }
            done => done,
        }
    }

    /// Selects a file; its size if asked for, or if it costs nothing to know.
    pub(super) fn select_file(&mut self, fids: &[u16], want_size: bool) -> Result<Option<usize>, CardError> {
        self.commands.select_file(&mut self.card, fids, want_size)
    }

    /// Reads the selected file from `start`. `sensitive` keeps the content out of the trace.
    pub(super) fn read(
        &mut self,
        start: usize,
        extent: Extent,
        sensitive: bool,
    ) -> Result<Zeroizing<Vec<u8>>, CardError> {
        files::read(&mut self.card, self.commands.class(), start, extent, sensitive)
    }

    /// Overwrites the selected file from its start.
    pub(super) fn write(&mut self, content: &[u8]) -> Result<(), CardError> {
        files::write(&mut self.card, self.commands.class(), content)
    }

    /// Fills `out` with random bytes of the card (GET CHALLENGE).
    pub(super) fn random(&mut self, out: &mut [u8]) -> Result<(), CardError> {
        let command = Command::new([self.commands.class(), 0x84, 0x00, 0x00])
            .expect(CHALLENGE)
            .sensitive();
        for block in out.chunks_mut(CHALLENGE) {
            let random = self.card.perform(&command)?;
            let random = random
                .get(..block.len())
                .ok_or(CardError::Malformed("GET CHALLENGE"))?;
            block.copy_from_slice(random);
        }
        Ok(())
    }

    /// A file of the PKCS #15 application.
    fn own_file(&self, fid: u16) -> Vec<u16> {
        [self.commands.application(), &[fid]].concat()
    }
}

/// The card number in EF.SN.ICC.
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
