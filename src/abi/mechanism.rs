//! CK_MECHANISM and its parameters.

use cryptoki_sys::*;

use super::pointer::{Memory, Plain, Pointer};
use super::rv::Rv;
use crate::provider::{
    Error, Library, Mechanism, MechanismType, OaepParameters, Parameter, PssParameters, Result, SessionHandle,
};

/// A C_…Init function. With a mechanism it starts an operation; without one it ends the active
/// operation of the kind `operation`, a CKF_ of CK_MECHANISM_INFO (since v3.0). The standard does
/// not say what becomes of a missing mechanism where nothing is active: as before v3.0,
/// CKR_ARGUMENTS_BAD.
pub fn start(
    library: &Library,
    memory: &Memory,
    session: SessionHandle,
    mechanism: Pointer<CK_MECHANISM>,
    operation: CK_FLAGS,
    init: impl FnOnce(&Mechanism) -> Result<()>,
) -> std::result::Result<(), Rv> {
    if mechanism.is_null() {
        let ended = library.session_cancel(session, operation)?;
        return if ended {
            Ok(())
        } else {
            Err(Error::ArgumentsBad.into())
        };
    }
    Ok(init(&memory.mechanism(mechanism)?)?)
}

/// Mechanisms that take CK_RSA_PKCS_PSS_PARAMS.
fn is_pss(kind: MechanismType) -> bool {
    matches!(
        kind,
        CKM_RSA_PKCS_PSS
            | CKM_SHA1_RSA_PKCS_PSS
            | CKM_SHA224_RSA_PKCS_PSS
            | CKM_SHA256_RSA_PKCS_PSS
            | CKM_SHA384_RSA_PKCS_PSS
            | CKM_SHA512_RSA_PKCS_PSS
    )
}

impl Memory {
    /// A mechanism with a copy of its parameter.
    pub fn mechanism(&self, mechanism: Pointer<CK_MECHANISM>) -> Result<Mechanism> {
        let mechanism = self.read(mechanism)?;
        Ok(Mechanism {
            kind: mechanism.mechanism,
            parameter: self.parameter(&mechanism)?,
        })
    }

    /// A mechanism that takes no parameter has none whatever stands there: programs leave both
    /// fields uninitialised.
    fn parameter(&self, mechanism: &CK_MECHANISM) -> Result<Parameter> {
        Ok(match mechanism.mechanism {
            kind if is_pss(kind) => match self.structure::<CK_RSA_PKCS_PSS_PARAMS>(mechanism)? {
                Some(pss) => Parameter::Pss(PssParameters {
                    hash: pss.hashAlg,
                    mgf: pss.mgf,
                    salt_len: pss.sLen,
                }),
                None => Parameter::None,
            },
            CKM_RSA_PKCS_OAEP => match self.structure::<CK_RSA_PKCS_OAEP_PARAMS>(mechanism)? {
                Some(oaep) => self.oaep(&oaep)?,
                None => Parameter::None,
            },
            _ => Parameter::None,
        })
    }

    /// The parameter as a structure `T`, `None` if it is NULL or has another size.
    fn structure<T: Plain>(&self, mechanism: &CK_MECHANISM) -> Result<Option<T>> {
        if mechanism.pParameter.is_null() || mechanism.ulParameterLen != size_of::<T>() as CK_ULONG {
            return Ok(None);
        }
        // SAFETY: the caller answers for the pointers in a mechanism as it does for the mechanism.
        self.read(unsafe { Pointer::new(mechanism.pParameter.cast()) })
            .map(Some)
    }

    fn oaep(&self, oaep: &CK_RSA_PKCS_OAEP_PARAMS) -> Result<Parameter> {
        // SAFETY: the caller answers for the pointers in a parameter as it does for the parameter.
        let label = match self.array(
            unsafe { Pointer::new(oaep.pSourceData.cast()) },
            oaep.ulSourceDataLen,
        ) {
            Err(Error::ArgumentsBad) => return Ok(Parameter::None),
            label => label?,
        };
        Ok(Parameter::Oaep(OaepParameters {
            hash: oaep.hashAlg,
            mgf: oaep.mgf,
            source: oaep.source,
            label,
        }))
    }
}
