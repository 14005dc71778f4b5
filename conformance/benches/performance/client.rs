//! The application: a process of its own, which loads one module and does what it reads from its standard input.
//!
//! One order is one line of words, one answer is one line: `ok` with what was found, or `failed` with why. So whoever
//! orders knows what the card was asked between two lines. `repeat N ORDER` does an order N times.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::thread;

use cryptoki_sys::*;

use crate::pkcs11::{Module, Result, Scheme, Session};

/// Code of every simulated card.
const PIN: &str = "1234";

/// DigestInfo of a SHA-256 hash, without the hash.
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

/// What the application has opened so far.
#[derive(Default)]
struct Client {
    module: Option<Module>,
    slots: Vec<CK_SLOT_ID>,
    /// Place of the slot in use among them.
    chosen: usize,
    session: Option<Session>,
    key: Option<CK_OBJECT_HANDLE>,
    object: Option<CK_OBJECT_HANDLE>,
}

/// Obeys until the input ends.
pub fn run() -> Result<()> {
    let mut client = Client::default();
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match client.obey(&words) {
            Ok(found) => format!("ok {found}"),
            Err(error) => format!("failed {error}"),
        };
        let mut out = io::stdout().lock();
        writeln!(out, "{answer}")
            .and_then(|()| out.flush())
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

impl Client {
    /// One order; what it found, as a number.
    fn obey(&mut self, words: &[&str]) -> Result<u64> {
        match *words {
            ["repeat", times, ref order @ ..] => {
                let mut found = 0;
                for _ in 0..number(times)? {
                    found = self.obey(order)?;
                }
                Ok(found)
            }
            ["load", path] => {
                self.module = Some(Module::load(path)?);
                Ok(0)
            }
            ["initialize"] => self.module()?.initialize().map(|()| 0),
            ["finalize"] => self.module()?.finalize().map(|()| 0),
            ["slots"] => {
                self.slots = self.module()?.slots()?;
                Ok(self.slots.len() as u64)
            }
            ["slot", place] => {
                self.chosen = usize::try_from(number(place)?).map_err(|error| error.to_string())?;
                self.slot()
            }
            ["slot-infos"] => self.each_slot(Module::slot_info),
            ["token-infos"] => self.each_slot(Module::token_info),
            ["slot-info"] => self.module()?.slot_info(self.slot()?).map(|()| 0),
            ["token-info"] => self.module()?.token_info(self.slot()?).map(|()| 0),
            ["session"] => {
                self.session = Some(self.module()?.open_session(self.slot()?)?);
                Ok(0)
            }
            ["session-info"] => self.session()?.info().map(|()| 0),
            ["login"] => self.session()?.login(PIN).map(|()| 0),
            // As `list`, with the class of each.
            ["show"] => {
                let session = self.session()?;
                let found = session.find(None)?;
                for object in &found {
                    session.value(*object, CKA_CLASS)?;
                }
                Ok(found.len() as u64)
            }
            ["list"] => Ok(self.session()?.find(None)?.len() as u64),
            ["list", class] => Ok(self.session()?.find(Some(class_of(class)?))?.len() as u64),
            ["certificate", label] => {
                self.object = Some(self.session()?.labelled(CKO_CERTIFICATE, label)?);
                Ok(0)
            }
            ["key", label] => {
                self.key = Some(self.session()?.labelled(CKO_PRIVATE_KEY, label)?);
                Ok(0)
            }
            ["value"] => Ok(self.session()?.value(self.object()?, CKA_VALUE)?.len() as u64),
            ["label"] => Ok(self.session()?.value(self.object()?, CKA_LABEL)?.len() as u64),
            ["sign", scheme] => sign(self.session()?, self.key()?, scheme),
            ["sign-in-parts", length] => {
                let length = usize::try_from(number(length)?).map_err(|error| error.to_string())?;
                self.session()?
                    .sign_in_parts(self.key()?, Scheme::Sha256, length)
                    .map(|()| 0)
            }
            ["threads", count, rounds, work] => self.threads(number(count)?, number(rounds)?, work),
            ["memory", field] => memory(field),
            ["libraries"] => libraries(),
            _ => Err(format!("no such order: {}", words.join(" "))),
        }
    }

    /// `count` threads, each with a session of its own, do the same `rounds` times.
    fn threads(&self, count: u64, rounds: u64, work: &str) -> Result<u64> {
        let (module, slot, key) = (self.module()?, self.slot()?, self.key()?);
        let body = || -> Result<()> {
            let session = module.open_session(slot)?;
            for _ in 0..rounds {
                match work {
                    "poll" => {
                        module.slot_info(slot)?;
                        module.token_info(slot)?;
                        session.info()?;
                        session.find(Some(CKO_CERTIFICATE))?;
                    }
                    "sign" => drop(sign(session, key, "bare")?),
                    _ => return Err(format!("no such work: {work}")),
                }
            }
            Ok(())
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..count).map(|_| scope.spawn(body)).collect();
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().unwrap_or_else(|_| Err("a thread panicked".into())))
        })?;
        Ok(count * rounds)
    }

    fn module(&self) -> Result<Module> {
        self.module.ok_or_else(|| "no module loaded".into())
    }

    /// Asks every slot with a card the same.
    fn each_slot(&self, question: impl Fn(Module, CK_SLOT_ID) -> Result<()>) -> Result<u64> {
        let module = self.module()?;
        self.slots.iter().try_for_each(|slot| question(module, *slot))?;
        Ok(self.slots.len() as u64)
    }

    fn slot(&self) -> Result<CK_SLOT_ID> {
        self.slots
            .get(self.chosen)
            .copied()
            .ok_or_else(|| "no card".into())
    }

    fn session(&self) -> Result<Session> {
        self.session.ok_or_else(|| "no session".into())
    }

    fn key(&self) -> Result<CK_OBJECT_HANDLE> {
        self.key.ok_or_else(|| "no key".into())
    }

    fn object(&self) -> Result<CK_OBJECT_HANDLE> {
        self.object.ok_or_else(|| "no object".into())
    }
}

/// Bytes of the shared objects in memory, as files.
fn libraries() -> Result<u64> {
    let maps = std::fs::read_to_string("/proc/self/maps").map_err(|error| error.to_string())?;
    let files = maps.lines().filter_map(|line| Some(&line[line.find('/')?..]));
    let files: BTreeSet<&str> = files.filter(|file| file.contains(".so")).collect();
    let sizes = files
        .into_iter()
        .map(|file| std::fs::metadata(file).map(|file| file.len()));
    sizes.sum::<io::Result<u64>>().map_err(|error| error.to_string())
}

fn number(text: &str) -> Result<u64> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

fn class_of(name: &str) -> Result<CK_OBJECT_CLASS> {
    match name {
        "certificates" => Ok(CKO_CERTIFICATE),
        "private-keys" => Ok(CKO_PRIVATE_KEY),
        "data" => Ok(CKO_DATA),
        _ => Err(format!("no such class: {name}")),
    }
}

fn sign(session: Session, key: CK_OBJECT_HANDLE, scheme: &str) -> Result<u64> {
    let message = [0x61; 300];
    let digest_info = [&DIGEST_INFO[..], &[0xD1; 32]].concat();
    let (scheme, data) = match scheme {
        "bare" => (Scheme::Bare, &digest_info[..]),
        "sha256" => (Scheme::Sha256, &message[..]),
        "pss" => (Scheme::Pss, &message[..]),
        _ => return Err(format!("no such scheme: {scheme}")),
    };
    session.sign(key, scheme, data).map(|()| 0)
}

/// A field of /proc/self/status or of /proc/self/smaps_rollup, in KiB.
fn memory(field: &str) -> Result<u64> {
    for file in ["/proc/self/status", "/proc/self/smaps_rollup"] {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        if let Some((_, value)) = lines.find(|(name, _)| *name == field) {
            return number(value.trim().trim_end_matches(" kB"));
        }
    }
    Err(format!("no field {field}"))
}
