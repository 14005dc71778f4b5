//! Cards that answer at random: whatever comes, no call panics, hangs or presents a PIN more often
//! than it may.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use zeroize::Zeroizing;

use super::scripted::{EF_SN, abc, bare, key, padded, path, pin, pss, unblocking};
use super::{Card, KeyRole, recognise};
use crate::config::Logout;
use crate::crypto::{Digest, Hash, ToSign};
use crate::pin::Pin;
use crate::reader::script::hex;
use crate::reader::{Connection, Continuity, Protocol, ReaderError};

/// Exchanges that one call may take. Reading 32 KiB in blocks of one byte is the worst that a card
/// can make of it.
const EXCHANGES: usize = 40_000;

#[derive(Default)]
struct Counts {
    exchanges: AtomicUsize,
    presentations: AtomicUsize,
}

/// Answers that look plausible often enough to lead deep into the code.
struct RandomCard {
    protocol: Protocol,
    state: u64,
    counts: Arc<Counts>,
}

impl RandomCard {
    /// xorshift64*
    fn next(&mut self, below: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        ((self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize) % below
    }

    fn data(&mut self) -> Vec<u8> {
        const STARTS: [&str; 8] = [
            "",
            "6F04 80020100",
            "620A 8002FFFF 820101 8801E0",
            "A00A300804063F0000017002 A80A300804063F0000017001",
            "3030 3005 0C03414243 3003 040101",
            "3081",
            "7016BF810112A0109A01039B0103",
            "EC1281",
        ];
        let mut data = hex(STARTS[self.next(STARTS.len())]);
        for _ in 0..[0, 1, 8, 250][self.next(4)] {
            data.push([0x30, 0x04, 0x02, 0x00, 0xFF, self.state as u8][self.next(6)]);
        }
        data
    }

    fn status(&mut self) -> u16 {
        const STATUS: [u16; 16] = [
            0x9000, 0x9000, 0x9000, 0x9000, 0x9000, 0x6100, 0x6110, 0x6C10, 0x6C00, 0x6282, 0x6A88, 0x6985,
            0x6E00, 0x6881, 0x63C0, 0x6B00,
        ];
        if self.next(8) == 0 {
            self.state as u16
        } else {
            STATUS[self.next(STATUS.len())]
        }
    }
}

impl Connection for RandomCard {
    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn begin(&mut self) -> Result<Continuity, ReaderError> {
        Ok(match self.next(10) {
            0 | 1 => Continuity::Reset,
            2 => Continuity::Returned,
            _ => Continuity::Kept,
        })
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReaderError> {
        let exchanges = self.counts.exchanges.fetch_add(1, Ordering::Relaxed);
        if matches!(command, [_, 0x20 | 0x24, _, _, lc, ..] if *lc > 0) {
            self.counts.presentations.fetch_add(1, Ordering::Relaxed);
        }
        // Until the card is recognised it behaves.
        let class = command.first().copied().unwrap_or_default();
        let (data, status) = match (exchanges, class) {
            (0, 0x00) | (2, 0x01) => (hex(EF_SN), 0x9000),
            (0 | 1, 0x01) => (Vec::new(), 0x9000),
            _ => (self.data(), self.status()),
        };
        match self.next(40) {
            0 if exchanges > 2 => Err(ReaderError::Failed),
            1 if exchanges > 2 => Ok(Zeroizing::new(data.into_iter().take(1).collect())),
            _ => Ok(Zeroizing::new([data, status.to_be_bytes().to_vec()].concat())),
        }
    }

    fn end(&mut self) {}

    fn keep(&mut self, _keep: bool) {}

    fn check(&mut self) -> Result<Continuity, ReaderError> {
        Ok(Continuity::Kept)
    }

    fn reset(&mut self) -> Result<(), ReaderError> {
        Ok(())
    }

    fn reset_if_alone(&mut self) -> Result<bool, ReaderError> {
        Ok(self.next(2) == 0)
    }
}

/// Calls everything that a card can do.
fn exercise(card: &mut Card, counts: &Counts) {
    let digest = [0xD1; 32];
    let last = abc();
    let mut call = |presentations: usize, act: &mut dyn FnMut(&mut Card)| {
        counts.exchanges.store(3, Ordering::Relaxed);
        counts.presentations.store(0, Ordering::Relaxed);
        act(card);
        assert!(counts.exchanges.load(Ordering::Relaxed) < EXCHANGES);
        assert!(counts.presentations.load(Ordering::Relaxed) <= presentations);
    };
    call(0, &mut |card| {
        drop(card.read_token_info().and_then(|_| card.read_objects()))
    });
    call(0, &mut |card| drop(card.read_token_info()));
    call(0, &mut |card| drop(card.read_object(&path(&[0x0001, 0xB001]))));
    call(0, &mut |card| drop(card.read_file(&path(&[0x0001, 0xD107]))));
    let legacy = crate::pkcs15::Path {
        legacy: true,
        ..path(&[0x7F01, 0x4000])
    };
    call(0, &mut |card| drop(card.read_file(&legacy)));
    call(0, &mut |card| drop(card.file_size(&path(&[0x0001, 0xD107]))));
    call(0, &mut |card| {
        drop(card.write_file(&path(&[0x0001, 0xD107]), &[0; 700]))
    });
    call(0, &mut |card| drop(card.check_update(Duration::ZERO)));
    call(0, &mut |card| {
        let _ = card.take_disturbance();
    });
    call(0, &mut |card| drop(card.pin_state(&pin())));
    // Once, and once more if the application was not the selected one.
    call(2, &mut |card| drop(card.verify(&pin(), Pin::new(b"1234"), None)));
    call(4, &mut |card| {
        drop(card.change_pin(&pin(), Pin::new(b"1234"), Pin::new(b"5678")))
    });
    call(2, &mut |card| {
        drop(card.verify(&unblocking(), Pin::new(b"12345678"), None))
    });
    call(2, &mut |card| drop(card.unblock_pin(&pin(), Pin::new(b"5678"))));
    for key in [key(0x81, KeyRole::Signature), key(0x82, KeyRole::Authentication)] {
        for what in [
            ToSign::Digest {
                hash: Hash::Sha256,
                digest: Digest::new(&digest),
                last_round: Some(last.clone()),
            },
            pss(Hash::Sha256, &digest),
            bare(&digest),
            padded(&[1; 256]),
        ] {
            call(0, &mut |card| {
                if let Ok(signature) = card.sign(&key, &what) {
                    assert_eq!(signature.len(), 256);
                }
            });
        }
        call(0, &mut |card| drop(card.decipher(&key, &[0xC0; 256])));
    }
    call(0, &mut |card| drop(card.random(&mut [0; 32])));
    call(0, &mut |card| drop(card.logout(Logout::LastCloses)));
}

#[test]
fn a_card_may_answer_anything() {
    for (atr, protocols) in [
        ("3BAC00402A001225006480000310009000", &[Protocol::T0][..]),
        ("3B8F80010031B86404B0ECC1739401808290000E", &[Protocol::T1][..]),
        (
            "3B9B188001001225006480040100009044",
            &[Protocol::T0, Protocol::T1],
        ),
    ] {
        for &protocol in protocols {
            for seed in 1..400 {
                let counts = Arc::new(Counts::default());
                let random = RandomCard {
                    protocol,
                    state: 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed),
                    counts: counts.clone(),
                };
                if let Ok(mut card) = recognise(Box::new(random), &hex(atr)) {
                    exercise(&mut card, &counts);
                }
            }
        }
    }
}
