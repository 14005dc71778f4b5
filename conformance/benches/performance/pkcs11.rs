//! A PKCS #11 module, loaded as an application loads it, with every return value checked.

use std::ffi::c_void;
use std::ptr::null_mut;

use cryptoki_sys::*;
use libloading::Library;

pub type Result<T> = std::result::Result<T, String>;

/// A loaded module. Copies share it; it is never unloaded.
#[derive(Clone, Copy)]
pub struct Module(&'static CK_FUNCTION_LIST);

// SAFETY: a function list is constant, and C_Initialize is told that threads will call.
unsafe impl Send for Module {}
// SAFETY: as above.
unsafe impl Sync for Module {}

macro_rules! call {
    ($module:expr, $name:ident($($argument:expr),* $(,)?)) => {{
        let function = $module.0.$name.ok_or(stringify!($name))?;
        // SAFETY: pointers among the arguments are NULL or lead to variables of the right type and length.
        #[allow(clippy::macro_metavars_in_unsafe, reason = "the arguments are plain values")]
        match unsafe { function($($argument),*) } {
            CKR_OK => Ok(()),
            rv => Err(format!("{}: CK_RV {rv:#x}", stringify!($name))),
        }
    }};
}

/// What is to be signed, as applications give it to each mechanism.
#[derive(Clone, Copy)]
pub enum Scheme {
    /// CKM_RSA_PKCS over a DigestInfo.
    Bare,
    /// CKM_SHA256_RSA_PKCS over a message.
    Sha256,
    /// CKM_SHA256_RSA_PKCS_PSS over a message.
    Pss,
}

impl Module {
    pub fn load(path: &str) -> Result<Module> {
        // SAFETY: initialisers of a PKCS #11 module run, which is what this program is for.
        let library = unsafe { Library::new(path) }.map_err(|error| error.to_string())?;
        let library = Box::leak(Box::new(library));
        let mut list = null_mut();
        // SAFETY: the standard's own signature of this function; the list that it gives is static.
        unsafe {
            let get = library
                .get::<unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV>(b"C_GetFunctionList")
                .map_err(|error| error.to_string())?;
            match get(&mut list) {
                CKR_OK if !list.is_null() => Ok(Module(&*list)),
                rv => Err(format!("C_GetFunctionList: CK_RV {rv:#x}")),
            }
        }
    }

    pub fn initialize(self) -> Result<()> {
        let mut arguments = CK_C_INITIALIZE_ARGS {
            CreateMutex: None,
            DestroyMutex: None,
            LockMutex: None,
            UnlockMutex: None,
            flags: CKF_OS_LOCKING_OK,
            pReserved: null_mut(),
        };
        call!(self, C_Initialize((&raw mut arguments).cast()))
    }

    pub fn finalize(self) -> Result<()> {
        call!(self, C_Finalize(null_mut()))
    }

    pub fn slots(self) -> Result<Vec<CK_SLOT_ID>> {
        let mut count = 0;
        call!(self, C_GetSlotList(CK_TRUE, null_mut(), &mut count))?;
        let mut slots = vec![0; count as usize];
        call!(self, C_GetSlotList(CK_TRUE, slots.as_mut_ptr(), &mut count))?;
        slots.truncate(count as usize);
        Ok(slots)
    }

    pub fn slot_info(self, slot: CK_SLOT_ID) -> Result<()> {
        call!(self, C_GetSlotInfo(slot, &mut CK_SLOT_INFO::default()))
    }

    pub fn token_info(self, slot: CK_SLOT_ID) -> Result<()> {
        call!(self, C_GetTokenInfo(slot, &mut CK_TOKEN_INFO::default()))
    }

    pub fn open_session(self, slot: CK_SLOT_ID) -> Result<Session> {
        let mut handle = 0;
        call!(
            self,
            C_OpenSession(slot, CKF_SERIAL_SESSION, null_mut(), None, &mut handle)
        )?;
        Ok(Session { module: self, handle })
    }
}

/// An open session.
#[derive(Clone, Copy)]
pub struct Session {
    module: Module,
    handle: CK_SESSION_HANDLE,
}

impl Session {
    pub fn info(self) -> Result<()> {
        call!(
            self.module,
            C_GetSessionInfo(self.handle, &mut CK_SESSION_INFO::default())
        )
    }

    pub fn login(self, pin: &str) -> Result<()> {
        let mut pin = pin.as_bytes().to_vec();
        call!(
            self.module,
            C_Login(self.handle, CKU_USER, pin.as_mut_ptr(), pin.len() as CK_ULONG)
        )
    }

    /// Every object of a class, or every object; 64 at a time.
    pub fn find(self, class: Option<CK_OBJECT_CLASS>) -> Result<Vec<CK_OBJECT_HANDLE>> {
        let mut class = class;
        let mut template: Vec<CK_ATTRIBUTE> = class
            .iter_mut()
            .map(|class| attribute(CKA_CLASS, (&raw mut *class).cast(), size_of::<CK_OBJECT_CLASS>()))
            .collect();
        let count = template.len() as CK_ULONG;
        call!(
            self.module,
            C_FindObjectsInit(self.handle, template.as_mut_ptr(), count)
        )?;
        let mut found = Vec::new();
        loop {
            let (mut some, mut count) = ([0; 64], 0);
            call!(
                self.module,
                C_FindObjects(self.handle, some.as_mut_ptr(), 64, &mut count)
            )?;
            found.extend_from_slice(some.get(..count as usize).ok_or("too many objects")?);
            if count == 0 {
                break;
            }
        }
        call!(self.module, C_FindObjectsFinal(self.handle))?;
        Ok(found)
    }

    /// Length first, then the value, as applications do.
    pub fn value(self, object: CK_OBJECT_HANDLE, kind: CK_ATTRIBUTE_TYPE) -> Result<Vec<u8>> {
        let mut wanted = attribute(kind, null_mut(), 0);
        call!(
            self.module,
            C_GetAttributeValue(self.handle, object, &mut wanted, 1)
        )?;
        let mut value = vec![0; wanted.ulValueLen as usize];
        wanted.pValue = value.as_mut_ptr().cast();
        call!(
            self.module,
            C_GetAttributeValue(self.handle, object, &mut wanted, 1)
        )?;
        value.truncate(wanted.ulValueLen as usize);
        Ok(value)
    }

    /// The object of this class whose label contains `part`.
    pub fn labelled(self, class: CK_OBJECT_CLASS, part: &str) -> Result<CK_OBJECT_HANDLE> {
        for object in self.find(Some(class))? {
            let label = self.value(object, CKA_LABEL)?;
            if String::from_utf8_lossy(&label).contains(part) {
                return Ok(object);
            }
        }
        Err(format!("no object of class {class} has {part} in its label"))
    }

    pub fn sign(self, key: CK_OBJECT_HANDLE, scheme: Scheme, data: &[u8]) -> Result<()> {
        self.sign_init(key, scheme)?;
        let (mut signature, mut length) = ([0u8; 512], 512);
        let mut data = data.to_vec();
        call!(
            self.module,
            C_Sign(
                self.handle,
                data.as_mut_ptr(),
                data.len() as CK_ULONG,
                signature.as_mut_ptr(),
                &mut length
            )
        )
    }

    /// Signs `length` bytes that are given in parts of 64 KiB.
    pub fn sign_in_parts(self, key: CK_OBJECT_HANDLE, scheme: Scheme, length: usize) -> Result<()> {
        self.sign_init(key, scheme)?;
        let mut part = vec![0x5A; 65_536];
        let mut left = length;
        while left > 0 {
            let now = left.min(part.len());
            call!(
                self.module,
                C_SignUpdate(self.handle, part.as_mut_ptr(), now as CK_ULONG)
            )?;
            left -= now;
        }
        let (mut signature, mut length) = ([0u8; 512], 512);
        call!(
            self.module,
            C_SignFinal(self.handle, signature.as_mut_ptr(), &mut length)
        )
    }

    fn sign_init(self, key: CK_OBJECT_HANDLE, scheme: Scheme) -> Result<()> {
        let mut pss = CK_RSA_PKCS_PSS_PARAMS {
            hashAlg: CKM_SHA256,
            mgf: CKG_MGF1_SHA256,
            sLen: 32,
        };
        let (mechanism, parameter, length): (_, *mut c_void, _) = match scheme {
            Scheme::Bare => (CKM_RSA_PKCS, null_mut(), 0),
            Scheme::Sha256 => (CKM_SHA256_RSA_PKCS, null_mut(), 0),
            Scheme::Pss => (
                CKM_SHA256_RSA_PKCS_PSS,
                (&raw mut pss).cast(),
                size_of::<CK_RSA_PKCS_PSS_PARAMS>(),
            ),
        };
        let mut mechanism = CK_MECHANISM {
            mechanism,
            pParameter: parameter,
            ulParameterLen: length as CK_ULONG,
        };
        call!(self.module, C_SignInit(self.handle, &mut mechanism, key))
    }
}

fn attribute(kind: CK_ATTRIBUTE_TYPE, value: *mut c_void, length: usize) -> CK_ATTRIBUTE {
    CK_ATTRIBUTE {
        type_: kind,
        pValue: value,
        ulValueLen: length as CK_ULONG,
    }
}
