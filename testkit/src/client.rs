//! A module as an application uses it: through the function list, with every return value checked.

use std::fmt;
use std::path::Path;
use std::ptr::{self, null_mut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cpx_pkcs11::{abi, provider};
use cryptoki_sys::*;
use libloading::Library;

use crate::codes::Ckr;
use crate::rack::Rack;

/// What a function returns.
pub type Rv<T = ()> = Result<T, Ckr>;

/// Attributes with their values, CK_ULONG and CK_BBOOL in native form.
pub type Template = [(CK_ATTRIBUTE_TYPE, Vec<u8>)];

/// The library is one for the whole process: tests take turns.
static TURN: Mutex<()> = Mutex::new(());

/// A module, finalised when this is dropped.
pub struct Module {
    list: &'static CK_FUNCTION_LIST_3_2,
    /// Of the module in this process; a loaded one has no other users here.
    _turn: Option<MutexGuard<'static, ()>>,
}

/// Why a shared object could not be loaded as a module.
#[derive(Debug)]
pub enum LoadError {
    /// The loader refuses it, or it has no C_GetFunctionList.
    Loader(libloading::Error),
    /// C_GetFunctionList answered this.
    Refused(Ckr),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Loader(error) => error.fmt(f),
            LoadError::Refused(ckr) => write!(f, "C_GetFunctionList: {ckr}"),
        }
    }
}

impl std::error::Error for LoadError {}

impl From<libloading::Error> for LoadError {
    fn from(error: libloading::Error) -> Self {
        LoadError::Loader(error)
    }
}

/// Calls a function of the list and makes its CK_RV an [`Rv`](crate::Rv).
#[macro_export]
macro_rules! call {
    ($module:expr, $name:ident($($arg:expr),* $(,)?)) => {{
        let function = $module.list().$name.expect(stringify!($name));
        // SAFETY: pointers among the arguments are NULL or lead to variables of the right type and
        // length.
        #[allow(clippy::macro_metavars_in_unsafe, reason = "the arguments are plain values")]
        let rv = unsafe { function($($arg),*) };
        $crate::client::checked(rv)
    }};
}

/// CKR_OK is `Ok`.
pub fn checked(rv: CK_RV) -> Rv {
    if rv == CKR_OK { Ok(()) } else { Err(Ckr(rv)) }
}

/// The function list of v3.2, from C_GetInterface.
pub fn newest_list() -> &'static CK_FUNCTION_LIST_3_2 {
    let mut interface: CK_INTERFACE_PTR = null_mut();
    let mut version = CK_VERSION { major: 3, minor: 2 };
    // SAFETY: a variable for the answer; the interface and its list are static and of that version.
    unsafe {
        let rv = abi::C_GetInterface(null_mut(), &mut version, &mut interface, 0);
        assert_eq!(rv, CKR_OK, "C_GetInterface");
        &*(*interface).pFunctionList.cast()
    }
}

/// A list of v2.40 as one of v3.2 in which what came later is missing.
///
/// # Safety
/// `list` leads to the list of a module, which stays loaded.
unsafe fn extended(list: *const CK_FUNCTION_LIST) -> &'static CK_FUNCTION_LIST_3_2 {
    let mut extended = Box::new(CK_FUNCTION_LIST_3_2::default());
    // SAFETY: each list begins as the one before it (PKCS #11 v3.2 section 5.3), and Box is
    // aligned.
    unsafe { ptr::copy_nonoverlapping(list, (&raw mut *extended).cast(), 1) };
    Box::leak(extended)
}

/// Native form of a CK_ULONG.
pub fn ulong(value: CK_ULONG) -> Vec<u8> {
    value.to_ne_bytes().to_vec()
}

impl Module {
    /// The module on these readers, not yet initialised; waits for its turn.
    pub fn idle(rack: &Rack) -> Module {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        provider::use_readers(Some(rack.readers()));
        Module {
            list: newest_list(),
            _turn: Some(turn),
        }
    }

    /// The module in this shared object, not yet initialised. It is never unloaded.
    ///
    /// # Errors
    /// When it is no PKCS #11 module.
    pub fn load(path: &Path) -> Result<Module, LoadError> {
        type GetFunctionList = unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV;
        // SAFETY: initialisers of a PKCS #11 module run, which is what the caller wants.
        let library = Box::leak(Box::new(unsafe { Library::new(path)? }));
        let mut list = null_mut();
        // SAFETY: the standard's signature of this function, and a variable for its answer.
        checked(unsafe { library.get::<GetFunctionList>(b"C_GetFunctionList")?(&mut list) })
            .map_err(LoadError::Refused)?;
        Ok(Module {
            // SAFETY: the module says so, and stays loaded.
            list: unsafe { extended(list) },
            _turn: None,
        })
    }

    /// The initialised module on these readers; waits for its turn.
    pub fn start(rack: &Rack) -> Module {
        let module = Module::idle(rack);
        assert_eq!(call!(module, C_Initialize(null_mut())), Ok(()));
        module
    }

    /// Its functions.
    pub fn list(&self) -> &'static CK_FUNCTION_LIST_3_2 {
        self.list
    }

    /// C_GetSlotList: how many, then which.
    pub fn slots(&self, with_token: bool) -> Rv<Vec<CK_SLOT_ID>> {
        let mut count = 0;
        call!(self, C_GetSlotList(with_token.into(), null_mut(), &mut count))?;
        let mut slots = vec![0; count as usize];
        call!(
            self,
            C_GetSlotList(with_token.into(), slots.as_mut_ptr(), &mut count)
        )?;
        slots.truncate(count as usize);
        Ok(slots)
    }

    /// The slot of the only reader.
    pub fn slot(&self) -> CK_SLOT_ID {
        match self.slots(false).expect("slots")[..] {
            [slot] => slot,
            ref slots => panic!("{} slots", slots.len()),
        }
    }

    /// C_GetSlotInfo.
    pub fn slot_info(&self, slot: CK_SLOT_ID) -> Rv<CK_SLOT_INFO> {
        let mut info = CK_SLOT_INFO::default();
        call!(self, C_GetSlotInfo(slot, &mut info)).map(|()| info)
    }

    /// C_GetTokenInfo.
    pub fn token_info(&self, slot: CK_SLOT_ID) -> Rv<CK_TOKEN_INFO> {
        let mut info = CK_TOKEN_INFO::default();
        call!(self, C_GetTokenInfo(slot, &mut info)).map(|()| info)
    }

    /// C_GetMechanismList: how many, then which.
    pub fn mechanisms(&self, slot: CK_SLOT_ID) -> Rv<Vec<CK_MECHANISM_TYPE>> {
        let mut count = 0;
        call!(self, C_GetMechanismList(slot, null_mut(), &mut count))?;
        let mut mechanisms = vec![0; count as usize];
        call!(
            self,
            C_GetMechanismList(slot, mechanisms.as_mut_ptr(), &mut count)
        )?;
        Ok(mechanisms)
    }

    /// C_GetMechanismInfo.
    pub fn mechanism_info(&self, slot: CK_SLOT_ID, kind: CK_MECHANISM_TYPE) -> Rv<CK_MECHANISM_INFO> {
        let mut info = CK_MECHANISM_INFO::default();
        call!(self, C_GetMechanismInfo(slot, kind, &mut info)).map(|()| info)
    }

    /// Mechanisms of the slot that have one of these flags.
    pub fn mechanisms_for(&self, slot: CK_SLOT_ID, flag: CK_FLAGS) -> Vec<CK_MECHANISM_TYPE> {
        let all = self.mechanisms(slot).expect("mechanisms");
        let can =
            |kind: &CK_MECHANISM_TYPE| self.mechanism_info(slot, *kind).expect("info").flags & flag != 0;
        all.into_iter().filter(can).collect()
    }

    /// An event that has happened, without waiting.
    pub fn event(&self) -> Rv<CK_SLOT_ID> {
        let mut slot = 0;
        call!(self, C_WaitForSlotEvent(CKF_DONT_BLOCK, &mut slot, null_mut())).map(|()| slot)
    }

    /// C_OpenSession with these flags.
    pub fn open(&self, slot: CK_SLOT_ID, flags: CK_FLAGS) -> Rv<Session<'_>> {
        let mut handle = 0;
        call!(self, C_OpenSession(slot, flags, null_mut(), None, &mut handle))?;
        Ok(Session { module: self, handle })
    }

    /// A read-only session with the only token.
    pub fn session(&self) -> Session<'_> {
        self.open(self.slot(), CKF_SERIAL_SESSION).expect("a session")
    }

    /// A read/write session with the only token.
    pub fn read_write(&self) -> Session<'_> {
        let flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
        self.open(self.slot(), flags).expect("a read/write session")
    }

    /// A session in which the user is logged in.
    pub fn user_session(&self) -> Session<'_> {
        let session = self.session();
        session.login(crate::PIN).expect("login");
        session
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // Tests that finalise the module themselves get CKR_CRYPTOKI_NOT_INITIALIZED here.
        let _ = call!(self, C_Finalize(null_mut()));
    }
}

/// A mechanism with its parameter.
#[derive(Clone, Copy)]
pub struct Mech {
    /// Its type.
    pub kind: CK_MECHANISM_TYPE,
    /// Its parameter.
    pub parameter: Parameter,
}

/// Parameter of a mechanism.
#[derive(Clone, Copy, Debug)]
pub enum Parameter {
    /// A null pointer.
    None,
    /// Of the RSASSA-PSS mechanisms.
    Pss(CK_RSA_PKCS_PSS_PARAMS),
    /// Of CKM_RSA_PKCS_OAEP.
    Oaep(CK_RSA_PKCS_OAEP_PARAMS),
    /// What happened to stand in the caller's memory.
    Uninitialized,
}

impl std::fmt::Debug for Mech {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.parameter {
            Parameter::None => write!(f, "mechanism {:#x}", self.kind),
            parameter => write!(f, "mechanism {:#x} {parameter:x?}", self.kind),
        }
    }
}

impl From<CK_MECHANISM_TYPE> for Mech {
    fn from(kind: CK_MECHANISM_TYPE) -> Self {
        Mech {
            kind,
            parameter: Parameter::None,
        }
    }
}

impl Mech {
    /// A mechanism without a parameter, the fields of which the caller has not set.
    pub fn uninitialized(kind: CK_MECHANISM_TYPE) -> Self {
        Mech {
            kind,
            parameter: Parameter::Uninitialized,
        }
    }

    /// A PSS mechanism with MGF1 over the same hash and a salt of its length.
    pub fn pss(kind: CK_MECHANISM_TYPE, hash: CK_MECHANISM_TYPE) -> Self {
        let (mgf, salt) = mask_and_length(hash);
        let pss = CK_RSA_PKCS_PSS_PARAMS {
            hashAlg: hash,
            mgf,
            sLen: salt,
        };
        Mech {
            kind,
            parameter: Parameter::Pss(pss),
        }
    }

    /// CKM_RSA_PKCS_OAEP with MGF1 over the same hash and an empty label.
    pub fn oaep(hash: CK_MECHANISM_TYPE) -> Self {
        let oaep = CK_RSA_PKCS_OAEP_PARAMS {
            hashAlg: hash,
            mgf: mask_and_length(hash).0,
            source: CKZ_DATA_SPECIFIED,
            pSourceData: null_mut(),
            ulSourceDataLen: 0,
        };
        Mech {
            kind: CKM_RSA_PKCS_OAEP,
            parameter: Parameter::Oaep(oaep),
        }
    }

    fn with<T>(mut self, run: impl FnOnce(CK_MECHANISM_PTR) -> T) -> T {
        let (parameter, len) = match &mut self.parameter {
            Parameter::None => (null_mut(), 0),
            Parameter::Pss(pss) => ((&raw mut *pss).cast(), size_of_val(pss)),
            Parameter::Oaep(oaep) => ((&raw mut *oaep).cast(), size_of_val(oaep)),
            Parameter::Uninitialized => (std::ptr::without_provenance_mut(0x5A5A_5A5A), 0x7FFD_5A5A),
        };
        let mut mechanism = CK_MECHANISM {
            mechanism: self.kind,
            pParameter: parameter,
            ulParameterLen: len as CK_ULONG,
        };
        run(&mut mechanism)
    }
}

/// MGF1 over a hash, and the length of that hash.
fn mask_and_length(hash: CK_MECHANISM_TYPE) -> (CK_RSA_PKCS_MGF_TYPE, CK_ULONG) {
    match hash {
        CKM_SHA_1 => (CKG_MGF1_SHA1, 20),
        CKM_SHA224 => (CKG_MGF1_SHA224, 28),
        CKM_SHA256 => (CKG_MGF1_SHA256, 32),
        CKM_SHA384 => (CKG_MGF1_SHA384, 48),
        CKM_SHA512 => (CKG_MGF1_SHA512, 64),
        other => panic!("no mask with {other:#x}"),
    }
}

/// An open session. Not closed when dropped.
#[derive(Clone, Copy)]
pub struct Session<'m> {
    /// The module that opened it.
    pub module: &'m Module,
    /// Its handle.
    pub handle: CK_SESSION_HANDLE,
}

/// What a function with an output answers to a size query, then to a buffer of that size.
fn output(mut function: impl FnMut(CK_BYTE_PTR, CK_ULONG_PTR) -> Rv) -> Rv<Vec<u8>> {
    let mut len = 0;
    function(null_mut(), &mut len)?;
    into_buffer(len, function)
}

/// What a function with an output puts into a buffer of `len` bytes.
fn into_buffer(mut len: CK_ULONG, mut function: impl FnMut(CK_BYTE_PTR, CK_ULONG_PTR) -> Rv) -> Rv<Vec<u8>> {
    let mut buffer = vec![0xEE; len as usize];
    function(buffer.as_mut_ptr(), &mut len)?;
    buffer.truncate(len as usize);
    Ok(buffer)
}

/// Input of a function: pointers of the standard are not `const`, but these are only read.
fn input(data: &[u8]) -> (CK_BYTE_PTR, CK_ULONG) {
    (data.as_ptr().cast_mut(), data.len() as CK_ULONG)
}

fn attributes(template: &Template) -> Vec<CK_ATTRIBUTE> {
    let attribute = |(kind, value): &(CK_ATTRIBUTE_TYPE, Vec<u8>)| CK_ATTRIBUTE {
        type_: *kind,
        pValue: value.as_ptr().cast_mut().cast(),
        ulValueLen: value.len() as CK_ULONG,
    };
    template.iter().map(attribute).collect()
}

impl Session<'_> {
    fn list(&self) -> &'static CK_FUNCTION_LIST_3_2 {
        self.module.list
    }

    /// C_CloseSession.
    pub fn close(self) -> Rv {
        call!(self, C_CloseSession(self.handle))
    }

    /// C_GetSessionInfo.
    pub fn info(&self) -> Rv<CK_SESSION_INFO> {
        let mut info = CK_SESSION_INFO::default();
        call!(self, C_GetSessionInfo(self.handle, &mut info)).map(|()| info)
    }

    /// The state that C_GetSessionInfo tells.
    pub fn state(&self) -> Rv<CK_STATE> {
        self.info().map(|info| info.state)
    }

    /// C_Login as the user.
    pub fn login(&self, pin: &str) -> Rv {
        self.login_as(CKU_USER, pin)
    }

    /// C_Login.
    pub fn login_as(&self, user: CK_USER_TYPE, pin: &str) -> Rv {
        let (pin, len) = input(pin.as_bytes());
        call!(self, C_Login(self.handle, user, pin, len))
    }

    /// C_Logout.
    pub fn logout(&self) -> Rv {
        call!(self, C_Logout(self.handle))
    }

    /// C_InitPIN.
    pub fn init_pin(&self, pin: &str) -> Rv {
        let (pin, len) = input(pin.as_bytes());
        call!(self, C_InitPIN(self.handle, pin, len))
    }

    /// C_SetPIN.
    pub fn set_pin(&self, old: &str, new: &str) -> Rv {
        let ((old, old_len), (new, len)) = (input(old.as_bytes()), input(new.as_bytes()));
        call!(self, C_SetPIN(self.handle, old, old_len, new, len))
    }

    /// Every object with these attributes. A small number at once, so that a search takes several
    /// calls.
    pub fn find(&self, template: &Template) -> Rv<Vec<CK_OBJECT_HANDLE>> {
        self.find_by::<3>(template)
    }

    /// Every object with these attributes, `N` at once.
    pub fn find_by<const N: usize>(&self, template: &Template) -> Rv<Vec<CK_OBJECT_HANDLE>> {
        let mut attributes = attributes(template);
        let count = attributes.len() as CK_ULONG;
        call!(
            self,
            C_FindObjectsInit(self.handle, attributes.as_mut_ptr(), count)
        )?;
        let mut found = Vec::new();
        loop {
            let (mut some, mut count) = ([0; N], 0);
            call!(
                self,
                C_FindObjects(self.handle, some.as_mut_ptr(), N as CK_ULONG, &mut count)
            )?;
            found.extend_from_slice(&some[..count as usize]);
            if count == 0 {
                break;
            }
        }
        call!(self, C_FindObjectsFinal(self.handle))?;
        Ok(found)
    }

    /// The one object with these attributes.
    pub fn find_one(&self, template: &Template) -> CK_OBJECT_HANDLE {
        match self.find(template).expect("a search")[..] {
            [object] => object,
            ref found => panic!("{} objects for {template:x?}", found.len()),
        }
    }

    /// The private key with this label.
    pub fn private_key(&self, label: &str) -> CK_OBJECT_HANDLE {
        self.find_one(&[
            (CKA_CLASS, ulong(CKO_PRIVATE_KEY)),
            (CKA_LABEL, label.as_bytes().to_vec()),
        ])
    }

    /// The object of this class that belongs to a key.
    pub fn companion(&self, key: CK_OBJECT_HANDLE, class: CK_OBJECT_CLASS) -> CK_OBJECT_HANDLE {
        let id = self.attribute(key, CKA_ID).expect("CKA_ID");
        self.find_one(&[(CKA_CLASS, ulong(class)), (CKA_ID, id)])
    }

    /// C_GetAttributeValue: its length, then its value.
    pub fn attribute(&self, object: CK_OBJECT_HANDLE, kind: CK_ATTRIBUTE_TYPE) -> Rv<Vec<u8>> {
        let mut attribute = CK_ATTRIBUTE {
            type_: kind,
            pValue: null_mut(),
            ulValueLen: 0,
        };
        call!(self, C_GetAttributeValue(self.handle, object, &mut attribute, 1))?;
        let mut value = vec![0xEE; attribute.ulValueLen as usize];
        // Not the dangling pointer of an empty vector, which is as good as any to the standard but
        // not to a reader.
        value.reserve(1);
        attribute.pValue = value.as_mut_ptr().cast();
        call!(self, C_GetAttributeValue(self.handle, object, &mut attribute, 1))?;
        value.truncate(attribute.ulValueLen as usize);
        Ok(value)
    }

    /// C_GetObjectSize.
    pub fn size(&self, object: CK_OBJECT_HANDLE) -> Rv<CK_ULONG> {
        let mut size = 0;
        call!(self, C_GetObjectSize(self.handle, object, &mut size)).map(|()| size)
    }

    /// C_SetAttributeValue.
    pub fn set(&self, object: CK_OBJECT_HANDLE, template: &Template) -> Rv {
        let mut attributes = attributes(template);
        let count = attributes.len() as CK_ULONG;
        call!(
            self,
            C_SetAttributeValue(self.handle, object, attributes.as_mut_ptr(), count)
        )
    }

    /// C_DigestInit.
    pub fn digest_init(&self, mechanism: impl Into<Mech>) -> Rv {
        mechanism
            .into()
            .with(|mechanism| call!(self, C_DigestInit(self.handle, mechanism)))
    }

    /// C_Digest into a buffer that is large enough.
    pub fn digest(&self, data: &[u8]) -> Rv<Vec<u8>> {
        let (data, len) = input(data);
        into_buffer(64, |out, out_len| {
            call!(self, C_Digest(self.handle, data, len, out, out_len))
        })
    }

    /// C_DigestUpdate.
    pub fn digest_update(&self, part: &[u8]) -> Rv {
        let (part, len) = input(part);
        call!(self, C_DigestUpdate(self.handle, part, len))
    }

    /// C_DigestFinal: size query, then the digest.
    pub fn digest_final(&self) -> Rv<Vec<u8>> {
        output(|out, len| call!(self, C_DigestFinal(self.handle, out, len)))
    }

    /// C_SignInit.
    pub fn sign_init(&self, mechanism: impl Into<Mech>, key: CK_OBJECT_HANDLE) -> Rv {
        mechanism
            .into()
            .with(|mechanism| call!(self, C_SignInit(self.handle, mechanism, key)))
    }

    /// Size query, then the signature.
    pub fn sign(&self, data: &[u8]) -> Rv<Vec<u8>> {
        let (data, data_len) = input(data);
        output(|out, len| call!(self, C_Sign(self.handle, data, data_len, out, len)))
    }

    /// The signature, without a size query before it.
    pub fn sign_in_one_call(&self, data: &[u8]) -> Rv<Vec<u8>> {
        let (data, data_len) = input(data);
        into_buffer(256, |out, len| {
            call!(self, C_Sign(self.handle, data, data_len, out, len))
        })
    }

    /// C_SignUpdate.
    pub fn sign_update(&self, part: &[u8]) -> Rv {
        let (part, len) = input(part);
        call!(self, C_SignUpdate(self.handle, part, len))
    }

    /// C_SignFinal, without a size query before it.
    pub fn sign_final_in_one_call(&self) -> Rv<Vec<u8>> {
        into_buffer(256, |out, len| call!(self, C_SignFinal(self.handle, out, len)))
    }

    /// C_SignFinal: size query, then the signature.
    pub fn sign_final(&self) -> Rv<Vec<u8>> {
        output(|out, len| call!(self, C_SignFinal(self.handle, out, len)))
    }

    /// C_SignRecoverInit.
    pub fn sign_recover_init(&self, mechanism: impl Into<Mech>, key: CK_OBJECT_HANDLE) -> Rv {
        mechanism
            .into()
            .with(|mechanism| call!(self, C_SignRecoverInit(self.handle, mechanism, key)))
    }

    /// C_SignRecover: size query, then the signature.
    pub fn sign_recover(&self, data: &[u8]) -> Rv<Vec<u8>> {
        let (data, data_len) = input(data);
        output(|out, len| call!(self, C_SignRecover(self.handle, data, data_len, out, len)))
    }

    /// C_VerifyRecoverInit.
    pub fn verify_recover_init(&self, mechanism: impl Into<Mech>, key: CK_OBJECT_HANDLE) -> Rv {
        mechanism
            .into()
            .with(|mechanism| call!(self, C_VerifyRecoverInit(self.handle, mechanism, key)))
    }

    /// C_VerifyInit.
    pub fn verify_init(&self, mechanism: impl Into<Mech>, key: CK_OBJECT_HANDLE) -> Rv {
        mechanism
            .into()
            .with(|mechanism| call!(self, C_VerifyInit(self.handle, mechanism, key)))
    }

    /// C_Verify.
    pub fn verify(&self, data: &[u8], signature: &[u8]) -> Rv {
        let ((data, data_len), (signature, len)) = (input(data), input(signature));
        call!(self, C_Verify(self.handle, data, data_len, signature, len))
    }

    /// C_VerifyUpdate.
    pub fn verify_update(&self, part: &[u8]) -> Rv {
        let (part, len) = input(part);
        call!(self, C_VerifyUpdate(self.handle, part, len))
    }

    /// C_VerifyFinal.
    pub fn verify_final(&self, signature: &[u8]) -> Rv {
        let (signature, len) = input(signature);
        call!(self, C_VerifyFinal(self.handle, signature, len))
    }

    /// C_EncryptInit.
    pub fn encrypt_init(&self, mechanism: impl Into<Mech>, key: CK_OBJECT_HANDLE) -> Rv {
        mechanism
            .into()
            .with(|mechanism| call!(self, C_EncryptInit(self.handle, mechanism, key)))
    }

    /// C_Encrypt: size query, then the cryptogram.
    pub fn encrypt(&self, data: &[u8]) -> Rv<Vec<u8>> {
        let (data, data_len) = input(data);
        output(|out, len| call!(self, C_Encrypt(self.handle, data, data_len, out, len)))
    }

    /// C_DecryptInit.
    pub fn decrypt_init(&self, mechanism: impl Into<Mech>, key: CK_OBJECT_HANDLE) -> Rv {
        mechanism
            .into()
            .with(|mechanism| call!(self, C_DecryptInit(self.handle, mechanism, key)))
    }

    /// C_Decrypt: size query, then the plaintext.
    pub fn decrypt(&self, cryptogram: &[u8]) -> Rv<Vec<u8>> {
        let (data, data_len) = input(cryptogram);
        output(|out, len| call!(self, C_Decrypt(self.handle, data, data_len, out, len)))
    }

    /// C_UnwrapKey.
    pub fn unwrap(
        &self,
        mechanism: impl Into<Mech>,
        key: CK_OBJECT_HANDLE,
        wrapped: &[u8],
        template: &Template,
    ) -> Rv<CK_OBJECT_HANDLE> {
        let (wrapped, len) = input(wrapped);
        let mut attributes = attributes(template);
        let (template, count) = (attributes.as_mut_ptr(), attributes.len() as CK_ULONG);
        let mut unwrapped = 0;
        mechanism.into().with(|mechanism| {
            call!(
                self,
                C_UnwrapKey(
                    self.handle,
                    mechanism,
                    key,
                    wrapped,
                    len,
                    template,
                    count,
                    &mut unwrapped
                )
            )
        })?;
        Ok(unwrapped)
    }

    /// C_DestroyObject.
    pub fn destroy(&self, object: CK_OBJECT_HANDLE) -> Rv {
        call!(self, C_DestroyObject(self.handle, object))
    }

    /// C_GenerateRandom: so many bytes.
    pub fn random(&self, len: usize) -> Rv<Vec<u8>> {
        let mut bytes = vec![0; len];
        call!(
            self,
            C_GenerateRandom(self.handle, bytes.as_mut_ptr(), len as CK_ULONG)
        )
        .map(|()| bytes)
    }
}
