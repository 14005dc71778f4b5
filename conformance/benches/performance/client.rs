//! The application: a process of its own, which loads one module and does what it reads from its standard input.
//!
//! One order is one line of words, one answer is one line: `ok` with what was found, or `failed` with why. So whoever
//! orders knows what the card was asked between two lines. `repeat N ORDER` does an order N times.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::ptr::null_mut;
use std::thread;

use cryptoki_sys::*;

use testkit::messages::digest_info_sha256;
use testkit::{Mech, Module, PIN, Rv, Session, call, ulong};

use crate::cost::Result;

/// Objects that are asked for at once.
const AT_ONCE: usize = 64;

/// What the application has opened so far.
#[derive(Default)]
struct Client {
    /// Never unloaded, and shared by the threads.
    module: Option<&'static Module>,
    slots: Vec<CK_SLOT_ID>,
    /// Place of the slot in use among them.
    chosen: usize,
    session: Option<Session<'static>>,
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
                let module = Module::load(Path::new(path)).map_err(|error| error.to_string())?;
                self.module = Some(Box::leak(Box::new(module)));
                Ok(0)
            }
            ["initialize"] => said("C_Initialize", initialize(self.module()?)).map(|()| 0),
            ["finalize"] => {
                let module = self.module()?;
                said("C_Finalize", call!(module, C_Finalize(null_mut()))).map(|()| 0)
            }
            ["slots"] => {
                self.slots = said("C_GetSlotList", self.module()?.slots(true))?;
                Ok(self.slots.len() as u64)
            }
            ["slot", place] => {
                self.chosen = usize::try_from(number(place)?).map_err(|error| error.to_string())?;
                self.slot()
            }
            ["slot-infos"] => self.each_slot(slot_info),
            ["token-infos"] => self.each_slot(token_info),
            ["slot-info"] => slot_info(self.module()?, self.slot()?).map(|()| 0),
            ["token-info"] => token_info(self.module()?, self.slot()?).map(|()| 0),
            ["session"] => {
                self.session = Some(open(self.module()?, self.slot()?)?);
                Ok(0)
            }
            ["session-info"] => said("C_GetSessionInfo", self.session()?.info()).map(|_| 0),
            ["login"] => said("C_Login", self.session()?.login(PIN)).map(|()| 0),
            // As `list`, with the class of each.
            ["show"] => {
                let session = self.session()?;
                let found = find(session, None)?;
                for object in &found {
                    value(session, *object, CKA_CLASS)?;
                }
                Ok(found.len() as u64)
            }
            ["list"] => Ok(find(self.session()?, None)?.len() as u64),
            ["list", class] => Ok(find(self.session()?, Some(class_of(class)?))?.len() as u64),
            ["certificate", label] => {
                self.object = Some(labelled(self.session()?, CKO_CERTIFICATE, label)?);
                Ok(0)
            }
            ["key", label] => {
                self.key = Some(labelled(self.session()?, CKO_PRIVATE_KEY, label)?);
                Ok(0)
            }
            ["value"] => Ok(value(self.session()?, self.object()?, CKA_VALUE)?.len() as u64),
            ["label"] => Ok(value(self.session()?, self.object()?, CKA_LABEL)?.len() as u64),
            ["sign", scheme] => sign(self.session()?, self.key()?, scheme),
            ["sign-in-parts", length] => {
                let length = usize::try_from(number(length)?).map_err(|error| error.to_string())?;
                sign_in_parts(self.session()?, self.key()?, length).map(|()| 0)
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
            let session = open(module, slot)?;
            for _ in 0..rounds {
                match work {
                    "poll" => {
                        slot_info(module, slot)?;
                        token_info(module, slot)?;
                        said("C_GetSessionInfo", session.info())?;
                        find(session, Some(CKO_CERTIFICATE))?;
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

    fn module(&self) -> Result<&'static Module> {
        self.module.ok_or_else(|| "no module loaded".into())
    }

    /// Asks every slot with a card the same.
    fn each_slot(&self, question: impl Fn(&'static Module, CK_SLOT_ID) -> Result<()>) -> Result<u64> {
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

    fn session(&self) -> Result<Session<'static>> {
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

/// What a function answered, with its name.
fn said<T>(function: &str, answer: Rv<T>) -> Result<T> {
    answer.map_err(|ckr| format!("{function}: {ckr}"))
}

/// With threads of this process's own.
fn initialize(module: &Module) -> Rv {
    let mut arguments = CK_C_INITIALIZE_ARGS {
        flags: CKF_OS_LOCKING_OK,
        ..Default::default()
    };
    call!(module, C_Initialize((&raw mut arguments).cast()))
}

fn slot_info(module: &Module, slot: CK_SLOT_ID) -> Result<()> {
    said("C_GetSlotInfo", module.slot_info(slot)).map(drop)
}

fn token_info(module: &Module, slot: CK_SLOT_ID) -> Result<()> {
    said("C_GetTokenInfo", module.token_info(slot)).map(drop)
}

fn open(module: &Module, slot: CK_SLOT_ID) -> Result<Session<'_>> {
    said("C_OpenSession", module.open(slot, CKF_SERIAL_SESSION))
}

/// Every object of a class, or every object.
fn find(session: Session<'_>, class: Option<CK_OBJECT_CLASS>) -> Result<Vec<CK_OBJECT_HANDLE>> {
    let template: Vec<_> = class.iter().map(|class| (CKA_CLASS, ulong(*class))).collect();
    said("C_FindObjects", session.find_by::<AT_ONCE>(&template))
}

fn value(session: Session<'_>, object: CK_OBJECT_HANDLE, kind: CK_ATTRIBUTE_TYPE) -> Result<Vec<u8>> {
    said("C_GetAttributeValue", session.attribute(object, kind))
}

/// The object of this class whose label contains `part`.
fn labelled(session: Session<'_>, class: CK_OBJECT_CLASS, part: &str) -> Result<CK_OBJECT_HANDLE> {
    for object in find(session, Some(class))? {
        let label = value(session, object, CKA_LABEL)?;
        if String::from_utf8_lossy(&label).contains(part) {
            return Ok(object);
        }
    }
    Err(format!("no object of class {class} has {part} in its label"))
}

fn sign(session: Session<'_>, key: CK_OBJECT_HANDLE, scheme: &str) -> Result<u64> {
    let message = [0x61; 300];
    let (mechanism, data) = match scheme {
        "bare" => (CKM_RSA_PKCS.into(), digest_info_sha256(&message)),
        "sha256" => (CKM_SHA256_RSA_PKCS.into(), message.to_vec()),
        "pss" => (Mech::pss(CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256), message.to_vec()),
        _ => return Err(format!("no such scheme: {scheme}")),
    };
    said("C_SignInit", session.sign_init(mechanism, key))?;
    said("C_Sign", session.sign_in_one_call(&data)).map(|_| 0)
}

/// Signs `length` bytes that are given in parts of 64 KiB.
fn sign_in_parts(session: Session<'_>, key: CK_OBJECT_HANDLE, length: usize) -> Result<()> {
    said("C_SignInit", session.sign_init(CKM_SHA256_RSA_PKCS, key))?;
    let part = vec![0x5A; 65_536];
    let mut left = length;
    while left > 0 {
        let now = left.min(part.len());
        said("C_SignUpdate", session.sign_update(&part[..now]))?;
        left -= now;
    }
    said("C_SignFinal", session.sign_final_in_one_call()).map(drop)
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
