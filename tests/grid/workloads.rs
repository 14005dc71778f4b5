//! What an application does with the card, and how it finds out whether it got what it wanted.

use std::ptr::null_mut;

use cryptoki_sys::*;
use rsa::PublicKey;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use crate::cards::{Kind, PUK};
use testkit::call;
use testkit::messages::{digest_info_sha256, message};
use testkit::{Card, Ckr, Mech, Module, PIN, READER, Rack, Rv, Session, ulong};

/// The code that C_SetPIN and C_InitPIN set.
pub const NEW_PIN: &str = "567890";

/// Codes of the right shape that open nothing.
pub const WRONG_PIN: &str = "9999";
pub const WRONG_PUK: &str = "99999999";

/// One workload of the grid.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    /// C_Initialize, slot list, token information with the counters.
    Start,
    /// A session, every object, the certificates and the free data.
    List,
    /// C_Login with this code, after a start.
    Login(&'static str),
    /// C_Login as the security officer.
    LoginOfficer(&'static str),
    Sign(&'static str, Mech),
    /// A signature in parts, over more than one block.
    SignInParts(&'static str, Mech),
    SignRecover(&'static str),
    Decrypt(Mech),
    /// C_SetPIN with this old code; in a public session or after the login.
    ChangeCode(&'static str, bool),
    /// C_Login as the security officer, C_InitPIN, C_Logout.
    Unblock,
    WriteData,
    /// A value that needs the code; the second kind stands on the CPS2ter side of a CPS3.
    ReadProtected(&'static str),
    Random,
    Logout,
    /// The last session closes while the user is logged in.
    Close,
    Finalize,
}

/// A function that did not answer CKR_OK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stumble {
    pub call: &'static str,
    pub code: Ckr,
}

/// What became of a workload: whether what it was given is true, if every call said CKR_OK.
pub type Done = Result<bool, Stumble>;

trait At<T> {
    /// Names the function whose answer this is.
    fn at(self, call: &'static str) -> Result<T, Stumble>;
}

impl<T> At<T> for Rv<T> {
    fn at(self, call: &'static str) -> Result<T, Stumble> {
        self.map_err(|code| Stumble { call, code })
    }
}

/// A card in a reader, and the module.
pub struct Desk {
    pub kind: Kind,
    // Dropped before the rack: it finalises.
    pub module: Module,
    pub rack: Rack,
    pub card: Card,
}

impl Desk {
    pub fn new(kind: Kind, work: Work) -> Desk {
        let rack = Rack::new();
        rack.plug(READER);
        let card = rack.insert(READER, kind.card(matches!(work, Work::Unblock)));
        Desk {
            kind,
            module: Module::idle(&rack),
            rack,
            card,
        }
    }

    pub fn read_write(&self) -> Rv<Session<'_>> {
        self.module
            .open(self.module.slot(), CKF_SERIAL_SESSION | CKF_RW_SESSION)
    }
}

/// What a workload finds prepared.
pub struct Ready<'m> {
    pub session: Option<Session<'m>>,
    object: CK_OBJECT_HANDLE,
    cryptogram: Vec<u8>,
}

/// The workloads of a kind of card; keys and mechanisms are those that its keys announce.
pub fn workloads(kind: Kind) -> Vec<Work> {
    let mut all = vec![Work::Start, Work::List, Work::Random];
    let desk = Desk::new(kind, Work::Start);
    call!(desk.module, C_Initialize(null_mut())).expect("C_Initialize");
    let session = desk.module.session();
    if kind.has_codes() {
        session.login(PIN).expect("C_Login");
    }
    for key in kind.keys() {
        let handle = session.private_key(key.label);
        for mechanism in allowed_mechanisms(session, handle) {
            let ways = ways(mechanism);
            all.extend(ways.into_iter().map(|way| Work::Sign(key.label, way)));
            if mechanism == CKM_SHA256_RSA_PKCS {
                all.push(Work::SignInParts(key.label, mechanism.into()));
            }
        }
    }
    if !kind.has_codes() {
        return all;
    }
    all.push(Work::SignRecover("CPS_PRIV_AUT"));
    all.push(Work::Decrypt(CKM_RSA_PKCS.into()));
    if allowed_mechanisms(session, session.private_key("CPS_PRIV_AUT")).contains(&CKM_RSA_PKCS_OAEP) {
        all.push(Work::Decrypt(Mech::oaep(CKM_SHA256)));
    }
    all.extend([
        Work::Login(PIN),
        Work::Login(WRONG_PIN),
        Work::LoginOfficer(PUK),
        Work::LoginOfficer(WRONG_PUK),
        Work::ChangeCode(PIN, false),
        Work::ChangeCode(PIN, true),
        Work::ChangeCode(WRONG_PIN, false),
        Work::ChangeCode(WRONG_PIN, true),
        Work::Unblock,
        Work::WriteData,
        Work::ReadProtected("CPS_ACTIVITY_01_PS"),
        Work::Logout,
        Work::Close,
        Work::Finalize,
    ]);
    if kind == Kind::Cps3 {
        all.push(Work::ReadProtected("CPS_SIT_FACT"));
    }
    all
}

fn allowed_mechanisms(session: Session<'_>, key: CK_OBJECT_HANDLE) -> Vec<CK_MECHANISM_TYPE> {
    let value = session
        .attribute(key, CKA_ALLOWED_MECHANISMS)
        .expect("CKA_ALLOWED_MECHANISMS");
    let (mechanisms, rest) = value.as_chunks::<{ size_of::<CK_MECHANISM_TYPE>() }>();
    assert!(rest.is_empty() && !mechanisms.is_empty());
    mechanisms
        .iter()
        .map(|it| CK_MECHANISM_TYPE::from_ne_bytes(*it))
        .collect()
}

/// The ways to sign with a mechanism: one for each path that a chip may take.
fn ways(mechanism: CK_MECHANISM_TYPE) -> Vec<Mech> {
    let pss = |hash| Mech::pss(mechanism, hash);
    match mechanism {
        CKM_RSA_PKCS_OAEP => vec![],
        CKM_RSA_PKCS_PSS => vec![pss(CKM_SHA256)],
        CKM_SHA1_RSA_PKCS_PSS => vec![pss(CKM_SHA_1)],
        CKM_SHA224_RSA_PKCS_PSS => vec![pss(CKM_SHA224)],
        CKM_SHA256_RSA_PKCS_PSS => vec![pss(CKM_SHA256)],
        CKM_SHA384_RSA_PKCS_PSS => vec![pss(CKM_SHA384)],
        CKM_SHA512_RSA_PKCS_PSS => vec![pss(CKM_SHA512)],
        other => vec![other.into()],
    }
}

/// A message of more than two blocks of the hashes.
fn document() -> Vec<u8> {
    message(150)
}

/// What C_Sign is given for the document.
fn input(mechanism: CK_MECHANISM_TYPE) -> Vec<u8> {
    match mechanism {
        CKM_RSA_PKCS => digest_info_sha256(&document()),
        CKM_RSA_PKCS_PSS => Sha256::digest(document()).to_vec(),
        _ => document(),
    }
}

/// Verifies a signature of the document, without the module.
pub fn is_signature(public: &PublicKey, mechanism: CK_MECHANISM_TYPE, signature: &[u8]) -> bool {
    let document = document();
    match mechanism {
        CKM_SHA1_RSA_PKCS => public.pkcs1v15_verify::<Sha1>(&document, signature),
        CKM_SHA224_RSA_PKCS => public.pkcs1v15_verify::<Sha224>(&document, signature),
        CKM_RSA_PKCS | CKM_SHA256_RSA_PKCS => public.pkcs1v15_verify::<Sha256>(&document, signature),
        CKM_SHA384_RSA_PKCS => public.pkcs1v15_verify::<Sha384>(&document, signature),
        CKM_SHA512_RSA_PKCS => public.pkcs1v15_verify::<Sha512>(&document, signature),
        CKM_SHA1_RSA_PKCS_PSS => public.pss_verify::<Sha1>(&document, signature),
        CKM_SHA224_RSA_PKCS_PSS => public.pss_verify::<Sha224>(&document, signature),
        CKM_RSA_PKCS_PSS | CKM_SHA256_RSA_PKCS_PSS => public.pss_verify::<Sha256>(&document, signature),
        CKM_SHA384_RSA_PKCS_PSS => public.pss_verify::<Sha384>(&document, signature),
        CKM_SHA512_RSA_PKCS_PSS => public.pss_verify::<Sha512>(&document, signature),
        other => panic!("no judge for mechanism {other:#x}"),
    }
    .is_ok()
}

const PLAINTEXT: &[u8] = b"forty-eight bytes of a TLS premaster secret.....";

fn data(session: Session<'_>, label: &str) -> CK_OBJECT_HANDLE {
    session.find_one(&[
        (CKA_CLASS, ulong(CKO_DATA)),
        (CKA_LABEL, label.as_bytes().to_vec()),
    ])
}

/// What C_SetAttributeValue writes: more than one command, shorter than the file.
pub fn new_area() -> Vec<u8> {
    vec![0xC3; 290]
}

impl Work {
    fn logs_in_first(self) -> bool {
        matches!(
            self,
            Work::Sign(..)
                | Work::SignInParts(..)
                | Work::SignRecover(_)
                | Work::Decrypt(_)
                | Work::ChangeCode(_, true)
                | Work::WriteData
                | Work::ReadProtected(_)
                | Work::Logout
                | Work::Close
                | Work::Finalize
        )
    }

    /// Brings the module to where the workload begins: what is read once has been read.
    pub fn prepare<'m>(self, desk: &'m Desk) -> Ready<'m> {
        let mut ready = Ready {
            session: None,
            object: CK_INVALID_HANDLE,
            cryptogram: Vec::new(),
        };
        if matches!(self, Work::Start) {
            return ready;
        }
        let module = &desk.module;
        call!(module, C_Initialize(null_mut())).expect("C_Initialize");
        if matches!(self, Work::List) {
            return ready;
        }
        module.token_info(module.slot()).expect("C_GetTokenInfo");
        let session = desk.read_write().expect("C_OpenSession");
        ready.session = Some(session);
        let certificates = session
            .find(&[(CKA_CLASS, ulong(CKO_CERTIFICATE))])
            .expect("a search");
        for certificate in certificates {
            session.attribute(certificate, CKA_VALUE).expect("CKA_VALUE");
        }
        if self.logs_in_first() && desk.kind.has_codes() {
            session.login(PIN).expect("C_Login");
            session.find(&[]).expect("a search");
        }
        ready.object = match self {
            Work::Sign(label, _) | Work::SignInParts(label, _) | Work::SignRecover(label) => {
                session.private_key(label)
            }
            Work::Decrypt(_) => session.private_key("CPS_PRIV_AUT"),
            Work::WriteData => data(session, "CPS_DATA"),
            Work::ReadProtected(label) => data(session, label),
            _ => CK_INVALID_HANDLE,
        };
        if let Work::Decrypt(mech) = self {
            let public = session.companion(ready.object, CKO_PUBLIC_KEY);
            session.encrypt_init(mech, public).expect("C_EncryptInit");
            ready.cryptogram = session.encrypt(PLAINTEXT).expect("C_Encrypt");
        }
        ready
    }

    /// Does it.
    pub fn run(self, desk: &Desk, ready: &Ready<'_>) -> Done {
        let module = &desk.module;
        if matches!(self, Work::Start) {
            return start(desk);
        }
        if matches!(self, Work::List) {
            return list(desk);
        }
        let session = ready.session.expect("a session");
        match self {
            Work::Start | Work::List => unreachable!("above"),
            Work::Login(pin) => session.login(pin).at("C_Login")?,
            Work::LoginOfficer(puk) => session.login_as(CKU_SO, puk).at("C_Login")?,
            Work::Sign(label, mech) => {
                session.sign_init(mech, ready.object).at("C_SignInit")?;
                let signature = session.sign(&input(mech.kind)).at("C_Sign")?;
                return Ok(is_signature(&desk.kind.key(label).public, mech.kind, &signature));
            }
            Work::SignInParts(label, mech) => {
                session.sign_init(mech, ready.object).at("C_SignInit")?;
                for part in input(mech.kind).chunks(100) {
                    session.sign_update(part).at("C_SignUpdate")?;
                }
                let signature = session.sign_final().at("C_SignFinal")?;
                return Ok(is_signature(&desk.kind.key(label).public, mech.kind, &signature));
            }
            Work::SignRecover(label) => {
                session
                    .sign_recover_init(CKM_RSA_PKCS, ready.object)
                    .at("C_SignRecoverInit")?;
                let signature = session.sign_recover(&input(CKM_RSA_PKCS)).at("C_SignRecover")?;
                return Ok(is_signature(
                    &desk.kind.key(label).public,
                    CKM_RSA_PKCS,
                    &signature,
                ));
            }
            Work::Decrypt(mech) => {
                session.decrypt_init(mech, ready.object).at("C_DecryptInit")?;
                let plain = session.decrypt(&ready.cryptogram).at("C_Decrypt")?;
                return Ok(plain == PLAINTEXT);
            }
            Work::ChangeCode(old, _) => session.set_pin(old, NEW_PIN).at("C_SetPIN")?,
            Work::Unblock => {
                session.login_as(CKU_SO, PUK).at("C_Login")?;
                session.init_pin(NEW_PIN).at("C_InitPIN")?;
                session.logout().at("C_Logout")?;
            }
            Work::WriteData => {
                let value = [(CKA_VALUE, new_area())];
                session.set(ready.object, &value).at("C_SetAttributeValue")?;
            }
            Work::ReadProtected(label) => {
                let value = session
                    .attribute(ready.object, CKA_VALUE)
                    .at("C_GetAttributeValue")?;
                return Ok(value == desk.kind.content(label));
            }
            Work::Random => {
                let random = session.random(20).at("C_GenerateRandom")?;
                return Ok(random.iter().any(|byte| *byte != 0));
            }
            Work::Logout => session.logout().at("C_Logout")?,
            Work::Close => session.close().at("C_CloseSession")?,
            Work::Finalize => call!(module, C_Finalize(null_mut())).at("C_Finalize")?,
        }
        Ok(true)
    }
}

/// As every application does it first.
fn start(desk: &Desk) -> Done {
    let module = &desk.module;
    call!(module, C_Initialize(null_mut())).at("C_Initialize")?;
    let slots = module.slots(true).at("C_GetSlotList")?;
    let slot = *slots.first().expect("the slot of a card that looks like ours");
    let info = module.token_info(slot).at("C_GetTokenInfo")?;
    let label = String::from_utf8_lossy(&info.label).trim_end().to_owned();
    Ok(label == desk.kind.label() && info.serialNumber.starts_with(b"27000002"))
}

/// Every object, and the values that need no code.
fn list(desk: &Desk) -> Done {
    let session = desk.read_write().at("C_OpenSession")?;
    let mut certificates = Vec::new();
    let mut area = None;
    for object in session.find(&[]).at("C_FindObjectsInit")? {
        let class = session.attribute(object, CKA_CLASS).at("C_GetAttributeValue")?;
        if class == ulong(CKO_CERTIFICATE) {
            certificates.push(session.attribute(object, CKA_VALUE).at("C_GetAttributeValue")?);
        }
        if class == ulong(CKO_DATA)
            && session.attribute(object, CKA_LABEL).at("C_GetAttributeValue")? == b"CPS_NAME_PS"
        {
            area = Some(session.attribute(object, CKA_VALUE).at("C_GetAttributeValue")?);
        }
    }
    session.close().at("C_CloseSession")?;
    let keys = desk.kind.keys();
    let name = match desk.kind {
        Kind::Cps3Contactless => None,
        kind => Some(kind.content("CPS_NAME_PS").to_vec()),
    };
    Ok(certificates.len() == keys.len()
        && keys.iter().all(|key| certificates.contains(&key.certificate))
        && area == name)
}
