//! The card of a health professional, over either chip: every step that must not be disturbed is
//! one transaction.

use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::commands::Commands;
use super::disturbance::Disturbance;
use super::files::Extent;
use super::transaction::{Need, Transaction};
use super::update::Stamp;
use super::{Abilities, CardError, Chip, Deciphered, KeyRef, PinObject, PinState, pins};
use crate::config::Logout;
use crate::crypto::ToSign;
use crate::memory;
use crate::pin::Pin;
#[cfg(test)]
use crate::pkcs15::Objects;
use crate::pkcs15::{self, Certificate, DataObject, Odf, Path, PrivateKey, PublicKey, TokenDirectory};
use crate::reader::{Connection, Continuity};

/// A recognised card.
///
/// Each method but the first ones is one logical operation: it takes one PC/SC transaction,
/// recovers once when another program has reset the card or selected another application, and
/// leaves the card free for others.
pub struct Card {
    connection: Box<dyn Connection>,
    commands: Box<dyn Commands>,
    known: Known,
    odf: Option<Odf>,
}

/// What the card has shown, and must show again after a disturbance before anything else is done.
#[derive(Default)]
struct Known {
    /// EF.SN.ICC; empty until the card is recognised.
    number: Vec<u8>,
    /// Stamp of the data that were read, and when it was last looked at; `None` when nothing was
    /// read, or when the card has no stamp to look at.
    stamp: Option<(Stamp, Instant)>,
    disturbance: Disturbance,
}

impl Known {
    /// Refuses another card, and one whose data were updated, if either is in doubt.
    fn confirm(&mut self, transaction: &mut Transaction<'_>) -> Result<(), CardError> {
        if self.disturbance.number_in_doubt() && !self.number.is_empty() {
            transaction.same_number(&self.number)?;
        }
        self.disturbance.number_was_read();
        if self.disturbance.stamp_in_doubt()
            && let Some((stamp, looked_at)) = &mut self.stamp
        {
            transaction.same_stamp(stamp)?;
            *looked_at = Instant::now();
        }
        self.disturbance.stamp_was_read();
        Ok(())
    }

    /// Runs `act` on the card that is known.
    fn act_on<T>(
        &mut self,
        transaction: &mut Transaction<'_>,
        act: &mut impl FnMut(&mut Transaction<'_>) -> Result<T, CardError>,
    ) -> Result<T, CardError> {
        self.confirm(transaction)?;
        act(transaction)
    }
}

impl Card {
    /// Looks for the issuer's number in EF.SN.ICC.
    pub(super) fn recognise(
        connection: Box<dyn Connection>,
        commands: Box<dyn Commands>,
    ) -> Result<Self, CardError> {
        let mut card = Card::new(connection, commands);
        match card.perform(|t| t.read_number()) {
            Ok(number) => {
                card.known.number = number;
                Ok(card)
            }
            Err(e @ (CardError::Reader(_) | CardError::NotRecognized)) => Err(e),
            Err(e) => {
                log::info!("not a CPS, or not one that answers: {e:?}");
                Err(CardError::Unidentified)
            }
        }
    }

    /// A card that was not asked for anything yet.
    pub(super) fn new(connection: Box<dyn Connection>, commands: Box<dyn Commands>) -> Self {
        Card {
            connection,
            commands,
            known: Known::default(),
            odf: None,
        }
    }

    /// What the service says of the time since the last transaction. A verified PIN is lost in
    /// every case but one, and then the connection need not be kept.
    fn note(&mut self, continuity: Continuity) {
        match continuity {
            Continuity::Kept => return,
            Continuity::Reset => {
                log::info!("another program has reset the card");
                self.commands.forget();
                self.known.disturbance.card_was_reset();
            }
            Continuity::Returned => {
                self.commands.lose_track();
                self.known.disturbance.card_was_away();
            }
        }
        self.connection.keep(false);
    }

    /// Runs `act` in one transaction. When the card refuses it in a way that may mean that another
    /// program has selected its own application, selects ours and runs it once more. After a reset
    /// by another program the card's data must still be those that were read.
    fn perform<T>(
        &mut self,
        act: impl FnMut(&mut Transaction<'_>) -> Result<T, CardError>,
    ) -> Result<T, CardError> {
        self.perform_if(act, |_| Ok(true))
    }

    /// [`Card::perform`], but `act` is run once more only if `again` agrees when the application is
    /// selected.
    fn perform_if<T>(
        &mut self,
        mut act: impl FnMut(&mut Transaction<'_>) -> Result<T, CardError>,
        again: impl FnOnce(&mut Transaction<'_>) -> Result<bool, CardError>,
    ) -> Result<T, CardError> {
        let continuity = self.connection.begin()?;
        self.note(continuity);
        let mut transaction = Transaction::new(&mut *self.commands, &mut *self.connection);
        if transaction.commands.must_select() {
            transaction.select_application()?;
        }
        let refused = match self.known.act_on(&mut transaction, &mut act) {
            Err(refused) if transaction.may_be_foreign_context(&refused) => refused,
            done => return done,
        };
        log::debug!("selecting the application again after {refused:?}");
        match transaction.select_application() {
            Ok(()) => {}
            Err(e @ CardError::Reader(_)) => return Err(e),
            Err(_) => return Err(refused),
        }
        if again(&mut transaction)? {
            self.known.act_on(&mut transaction, &mut act)
        } else {
            Err(refused)
        }
    }

    /// Reads what `extent` wants of a file, from where its path says.
    fn read_extent(&mut self, path: &Path, extent: Extent) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let start = path.part.map_or(0, |(start, _)| start);
        self.perform(|transaction| {
            transaction.select_file(&path.fids, false)?;
            transaction.read(start, extent, true)
        })
    }

    /// ODF, from memory or from the card.
    fn odf(&mut self) -> Result<Odf, CardError> {
        if let Some(odf) = &self.odf {
            return Ok(odf.clone());
        }
        let odf = self.perform(|t| t.read_odf())?;
        self.odf = Some(odf.clone());
        Ok(odf)
    }

    /// The chip.
    pub fn chip(&self) -> Chip {
        self.commands.chip()
    }

    /// EF.SN.ICC: the ten bytes of the card number (tag 5A): issuer 8025000001, eight digits, check
    /// digit, filler.
    pub fn number(&self) -> &[u8] {
        &self.known.number
    }

    /// Reads ODF, TokenInfo and AODF, which are enough for the token's information, and on CPS3
    /// EF_ACTUA; see [`Card::check_update`].
    ///
    /// EF_ACTUA comes last: it leaves the master file current, where the counters of the PINs are
    /// asked next.
    pub fn read_token_info(&mut self) -> Result<TokenDirectory, CardError> {
        let (odf, directory, stamp) = self.perform(|transaction| {
            let odf = transaction.read_odf()?;
            let token = transaction.read_info()?;
            let application = transaction.commands.application().to_vec();
            let pins = match transaction.commands.chip() {
                // Over the air no PIN can be presented, whatever the directory says of PINs.
                Chip::Cps3Contactless => Vec::new(),
                _ => transaction.directory(&odf.pins, Need::All, |file| pkcs15::pins(file, &application))?,
            };
            let stamp = transaction.read_stamp(Some(&token))?;
            Ok((odf, TokenDirectory { token, pins }, stamp))
        })?;
        self.odf = Some(odf);
        self.known.stamp = stamp.map(|stamp| (stamp, Instant::now()));
        Ok(directory)
    }

    /// Reads PrKDF, if ODF names one.
    pub fn read_private_keys(&mut self) -> Result<Vec<PrivateKey>, CardError> {
        let paths = self.odf()?.private_keys;
        self.perform(|transaction| transaction.directory(&paths, Need::Usable, pkcs15::private_keys))
    }

    /// Reads PuKDF, if ODF names one; no key file.
    pub fn read_public_keys(&mut self) -> Result<Vec<PublicKey>, CardError> {
        let paths = self.odf()?.public_keys;
        self.perform(|transaction| {
            let application = transaction.commands.application().to_vec();
            transaction.directory(&paths, Need::Usable, |file| {
                pkcs15::public_keys(file, &application)
            })
        })
    }

    /// Reads CDF, if ODF names one; no certificate.
    pub fn read_certificates(&mut self) -> Result<Vec<Certificate>, CardError> {
        let paths = self.odf()?.certificates;
        self.perform(|transaction| {
            let application = transaction.commands.application().to_vec();
            transaction.directory(&paths, Need::Usable, |file| {
                pkcs15::certificates(file, &application)
            })
        })
    }

    /// Reads DODF, if ODF names one, and adds the data objects of the CPS2ter side of a CPS3, which
    /// no directory names; no data file.
    pub fn read_data_objects(&mut self) -> Result<Vec<DataObject>, CardError> {
        let paths = self.odf()?.data;
        self.perform(|transaction| {
            let application = transaction.commands.application().to_vec();
            let mut data =
                transaction.directory(&paths, Need::Usable, |file| pkcs15::data(file, &application))?;
            if transaction.commands.chip() == Chip::Cps3Contactless {
                // Writing takes the PIN, which cannot be given over the air.
                data.iter_mut()
                    .for_each(|object| object.common.modifiable = false);
            }
            let unannounced = transaction.commands.unannounced_data(&data)?;
            memory::append(&mut data, unannounced)?;
            Ok(data)
        })
    }

    /// Reads PrKDF, PuKDF, CDF and DODF.
    #[cfg(test)]
    pub fn read_objects(&mut self) -> Result<Objects, CardError> {
        Ok(Objects {
            private_keys: self.read_private_keys()?,
            public_keys: self.read_public_keys()?,
            certificates: self.read_certificates()?,
            data: self.read_data_objects()?,
        })
    }

    /// Looks whether the card's data still are those of [`Card::read_token_info`], unless that was
    /// looked at less than `max_age` ago. The same is done in each transaction before which another
    /// program has reset the card.
    ///
    /// # Errors
    /// [`CardError::Updated`], and [`CardError::InterruptedUpdate`] when EF_ACTUA tells of an
    /// update that has not ended.
    pub fn check_update(&mut self, max_age: Duration) -> Result<(), CardError> {
        let Known {
            stamp: Some((stamp, looked_at)),
            disturbance,
            ..
        } = &mut self.known
        else {
            return Ok(());
        };
        // A card that could not be used may have been helped since.
        let usable = *stamp != Stamp::Interrupted;
        if usable && !disturbance.stamp_in_doubt() && looked_at.elapsed() < max_age {
            return Ok(());
        }
        disturbance.stamp_is_old();
        self.perform(|_| Ok(()))
    }

    /// Reads the one BER-TLV object with which a file begins, a certificate, and nothing of what
    /// fills the file behind it: `ceil(n / 256)` reads for an object of n bytes.
    pub fn read_object(&mut self, path: &Path) -> Result<Zeroizing<Vec<u8>>, CardError> {
        self.read_extent(path, Extent::Object)
    }

    /// Reads the first `length` bytes of that object, or all of it if it is shorter.
    pub fn read_object_head(&mut self, path: &Path, length: usize) -> Result<Zeroizing<Vec<u8>>, CardError> {
        self.read_extent(path, Extent::Head(length))
    }

    /// Reads a transparent file whole, or the part that `path` names.
    pub fn read_file(&mut self, path: &Path) -> Result<Zeroizing<Vec<u8>>, CardError> {
        match path.part {
            _ if path.legacy => self.perform(|t| t.commands.read_legacy_file(&mut t.card, &path.fids)),
            Some((_, length)) => self.read_extent(path, Extent::Bytes(length)),
            None => self.perform(|transaction| {
                let extent = |size: Option<usize>| size.map_or(Extent::Whole, Extent::File);
                transaction.whole_file(&path.fids, extent, true)
            }),
        }
    }

    /// Overwrites a transparent file from its start, never a part of one.
    pub fn write_file(&mut self, path: &Path, content: &[u8]) -> Result<(), CardError> {
        if path.legacy || path.part.is_some() {
            return Err(CardError::Unsupported);
        }
        self.perform(|transaction| {
            transaction.select_file(&path.fids, false)?;
            transaction.write(content)
        })
    }

    /// Length of a transparent file in bytes, without reading it.
    pub fn file_size(&mut self, path: &Path) -> Result<usize, CardError> {
        if path.legacy {
            return Ok(self.read_file(path)?.len());
        }
        if let Some((_, length)) = path.part {
            return Ok(length);
        }
        self.perform(|transaction| {
            let size = transaction.select_file(&path.fids, true)?;
            size.ok_or(CardError::Malformed("file control information without a size"))
        })
    }

    /// Asks for the counters of a PIN. Never costs a try.
    pub fn pin_state(&mut self, pin: &PinObject) -> Result<PinState, CardError> {
        self.perform(|t| t.commands.pin_state(&mut t.card, pin))
    }

    /// Presents a PIN, once; again only when another application was the selected one and the card
    /// shows that no try was lost, of those that were left before if `tries` is known. `presented`
    /// is checked against the limits of `pin` before anything is sent.
    pub fn verify(
        &mut self,
        pin: &PinObject,
        presented: Pin<'_>,
        tries: Option<u8>,
    ) -> Result<(), CardError> {
        let block = pins::block(pin, presented)?;
        self.perform_if(
            |t| {
                t.commands.verify(&mut t.card, pin, &block)?;
                // A card that nobody is connected to is switched off, and forgets.
                t.card.keep_connection();
                Ok(())
            },
            |t| match t.commands.pin_state(&mut t.card, pin) {
                Ok(state) => Ok(unspent(pin, tries, &state)),
                Err(e @ CardError::Reader(_)) => Err(e),
                Err(_) => Ok(false),
            },
        )?;
        self.known.disturbance.pin_was_verified();
        Ok(())
    }

    /// Replaces the PIN.
    ///
    /// On CPS4 this takes two commands: when the card refuses the new PIN, the old one holds and
    /// stays verified.
    ///
    /// The question for the counter shows whether our application is the selected one before the
    /// PIN goes out: a change that the card has made is never asked for again.
    pub fn change_pin(&mut self, pin: &PinObject, old: Pin<'_>, new: Pin<'_>) -> Result<(), CardError> {
        let (old, new) = (pins::block(pin, old)?, pins::block(pin, new)?);
        self.perform(|t| {
            t.commands.pin_state(&mut t.card, pin)?;
            t.card.note_application_selected();
            t.commands.change_pin(&mut t.card, pin, &old, &new)
        })
    }

    /// Sets a new PIN after the PUK was verified with [`Card::verify`].
    pub fn unblock_pin(&mut self, pin: &PinObject, new: Pin<'_>) -> Result<(), CardError> {
        let new = pins::block(pin, new)?;
        let done = self.perform(|t| t.commands.unblock_pin(&mut t.card, pin, &new));
        done.map_err(|error| match error {
            // The PUK was taken a moment ago, so the card means the PIN itself: it cannot be
            // unblocked any more.
            CardError::NotAllowed(_) => CardError::PinBlocked,
            // No PIN went along: it wants the PUK again.
            CardError::PinIncorrect { .. } => CardError::NotVerified,
            other => other,
        })
    }

    /// Makes the card forget every verified PIN, unless another program uses it and `logout` spares
    /// that.
    ///
    /// Neither chip is known to have a command for it, so the card is reset: for every other
    /// program that uses it its selected application and its verified PIN are gone too. Waits for
    /// the end of their transactions.
    pub fn logout(&mut self, logout: Logout) -> Result<(), CardError> {
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

    /// Whether PINs verified earlier may still be; asks the PC/SC service only, never the card.
    /// `false`: another program has reset the card since the last [`Card::verify`] that succeeded.
    pub fn continuous(&mut self) -> Result<bool, CardError> {
        let continuity = self.connection.check()?;
        self.note(continuity);
        Ok(self.seen_continuous())
    }

    /// Whether a reset or the like by another program was noticed since this was last asked; asks
    /// nobody.
    pub fn take_disturbance(&mut self) -> bool {
        self.known.disturbance.take_counters_in_doubt()
    }

    /// [`Card::continuous`] as far as our own transactions have shown; asks nobody.
    pub fn seen_continuous(&self) -> bool {
        !self.known.disturbance.pin_lost()
    }

    /// What the key can do.
    pub fn abilities(&self, key: &KeyRef) -> Abilities {
        self.commands.abilities(key)
    }

    /// Signs; the answer has the modulus' length. The security environment is set in the same
    /// transaction.
    pub fn sign(&mut self, key: &KeyRef, what: &ToSign) -> Result<Vec<u8>, CardError> {
        let signature = self.perform(|t| t.commands.sign(&mut t.card, key, what))?;
        if signature.len() != key.modulus_len {
            return Err(CardError::Malformed(
                "signature of another length than the modulus",
            ));
        }
        Ok(memory::copy(&signature)?)
    }

    /// Private-key operation on a cryptogram of the modulus' length.
    pub fn decipher(&mut self, key: &KeyRef, cryptogram: &[u8]) -> Result<Deciphered, CardError> {
        if cryptogram.len() != key.modulus_len {
            return Err(CardError::Unsupported);
        }
        self.perform(|t| t.commands.decipher(&mut t.card, key, cryptogram))
    }

    /// Fills `out` with random bytes of the card.
    pub fn random(&mut self, out: &mut [u8]) -> Result<(), CardError> {
        self.perform(|transaction| transaction.random(out))
    }
}

/// Whether the refusal of a PIN, whatever it said, has cost no try: the PIN may be presented once
/// more. `before` are the tries that were left, if that is known. How many tries a PUK has at most,
/// a CPS4 does not tell.
fn unspent(pin: &PinObject, before: Option<u8>, now: &PinState) -> bool {
    match now.tries_left {
        None => now.verified,
        left if before.is_some() => left == before,
        left => !pin.unblocking && left == now.tries_max,
    }
}
