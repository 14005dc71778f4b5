//! §5.7 Object management functions.

use cryptoki_sys::*;

use super::cryptoki;
use crate::provider::Error;

cryptoki! {
    /// Would create an object.
    "5.7.1" not_supported fn C_CreateObject(
        hSession: CK_SESSION_HANDLE,
        pTemplate: CK_ATTRIBUTE_PTR,
        ulCount: CK_ULONG,
        phObject: CK_OBJECT_HANDLE_PTR,
    );

    /// Would copy an object.
    "5.7.2" not_supported fn C_CopyObject(
        hSession: CK_SESSION_HANDLE,
        hObject: CK_OBJECT_HANDLE,
        pTemplate: CK_ATTRIBUTE_PTR,
        ulCount: CK_ULONG,
        phNewObject: CK_OBJECT_HANDLE_PTR,
    );

    /// Destroys a session object.
    "5.7.3" fn C_DestroyObject(library, _; hSession: CK_SESSION_HANDLE, hObject: CK_OBJECT_HANDLE) {
        Ok(library.destroy_object(hSession, hObject)?)
    }

    /// Tells the size of an object.
    "5.7.4" fn C_GetObjectSize(
        library, memory; hSession: CK_SESSION_HANDLE, hObject: CK_OBJECT_HANDLE, pulSize: CK_ULONG_PTR,
    ) {
        Ok(memory.answer(pulSize, || library.object_size(hSession, hObject).map(|size| size as CK_ULONG))?)
    }

    /// Reads attributes of an object.
    "5.7.5" fn C_GetAttributeValue(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        hObject: CK_OBJECT_HANDLE,
        pTemplate: CK_ATTRIBUTE_PTR,
        ulCount: CK_ULONG,
    ) {
        Ok(memory.requests(pTemplate, ulCount, |wanted| library.attributes(hSession, hObject, wanted))?)
    }

    /// Changes attributes of an object.
    "5.7.6" fn C_SetAttributeValue(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        hObject: CK_OBJECT_HANDLE,
        pTemplate: CK_ATTRIBUTE_PTR,
        ulCount: CK_ULONG,
    ) {
        Ok(library.set_attributes(hSession, hObject, &memory.template(pTemplate, ulCount)?)?)
    }

    /// Starts a search.
    "5.7.7" fn C_FindObjectsInit(
        library, memory; hSession: CK_SESSION_HANDLE, pTemplate: CK_ATTRIBUTE_PTR, ulCount: CK_ULONG,
    ) {
        Ok(library.find_init(hSession, &memory.template(pTemplate, ulCount)?)?)
    }

    /// Continues a search.
    "5.7.8" fn C_FindObjects(
        library, memory;
        hSession: CK_SESSION_HANDLE,
        phObject: CK_OBJECT_HANDLE_PTR,
        ulMaxObjectCount: CK_ULONG,
        pulObjectCount: CK_ULONG_PTR,
    ) {
        let pulObjectCount = pulObjectCount.required()?;
        if ulMaxObjectCount != 0 {
            phObject.required()?;
        }
        let max = usize::try_from(ulMaxObjectCount).map_err(|_| Error::ArgumentsBad)?;
        let mut count = 0;
        library.find(hSession, max, |handle| {
            memory.write(phObject.entry(count), handle)?;
            count += 1;
            Ok(())
        })?;
        Ok(memory.write(pulObjectCount, count as CK_ULONG)?)
    }

    /// Ends a search.
    "5.7.9" fn C_FindObjectsFinal(library, _; hSession: CK_SESSION_HANDLE) {
        Ok(library.find_final(hSession)?)
    }
}
