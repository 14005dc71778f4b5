//! Templates: arrays of CK_ATTRIBUTE that go in, and those that come back filled
//! (C_GetAttributeValue).

use cryptoki_sys::{CK_ATTRIBUTE, CK_ULONG, CK_UNAVAILABLE_INFORMATION};

use super::pointer::{Memory, Pointer, overlap, slice_mut};
use crate::memory;
use crate::provider::{Attribute, AttributeRequest, Error, Output, Result};

/// Where the value of an attribute is or goes.
fn value(attribute: &CK_ATTRIBUTE) -> Pointer<u8> {
    // SAFETY: the caller answers for the pointers in a template as it does for the template.
    unsafe { Pointer::new(attribute.pValue.cast()) }
}

impl Memory {
    /// A template for a search or a modification. Values are borrowed.
    pub fn template(&self, template: Pointer<CK_ATTRIBUTE>, count: CK_ULONG) -> Result<Vec<Attribute<'_>>> {
        let attribute = |entry: &CK_ATTRIBUTE| {
            let value = self.bytes(value(entry), entry.ulValueLen)?;
            Ok::<_, Error>(Attribute {
                kind: entry.type_,
                value,
            })
        };
        let entries = self.array(template, count)?;
        let mut attributes = memory::with_room(entries.len())?;
        for entry in &entries {
            attributes.push(attribute(entry)?);
        }
        Ok(attributes)
    }

    /// C_GetAttributeValue: has `answer` fill the requests of a template, then tells the length of
    /// every value, also for the three codes that "do not denote true errors". Buffers that overlap
    /// are [`Error::ArgumentsBad`].
    pub fn requests(
        &mut self,
        template: Pointer<CK_ATTRIBUTE>,
        count: CK_ULONG,
        answer: impl FnOnce(&mut [AttributeRequest<'_>]) -> Result<()>,
    ) -> Result<()> {
        let entries = self.array(template, count)?;
        disjoint(&entries)?;
        let mut lengths = memory::with_room(entries.len())?;
        let mut requests = memory::with_room(entries.len())?;
        for entry in &entries {
            requests.push(request(entry)?);
        }
        let outcome = answer(&mut requests);
        lengths.extend(requests.into_iter().map(|request| request.len));
        if let Ok(())
        | Err(Error::AttributeSensitive | Error::AttributeTypeInvalid | Error::BufferTooSmall(_)) = outcome
        {
            for (index, (entry, len)) in entries.into_iter().zip(lengths).enumerate() {
                let len = len.map_or(CK_UNAVAILABLE_INFORMATION, |len| len as CK_ULONG);
                self.write(
                    template.entry(index),
                    CK_ATTRIBUTE {
                        ulValueLen: len,
                        ..entry
                    },
                )?;
            }
        }
        outcome
    }
}

fn request(entry: &CK_ATTRIBUTE) -> Result<AttributeRequest<'_>> {
    let at = value(entry);
    let out = if at.is_null() {
        Output::Size
    } else {
        // SAFETY: `requests` holds the caller's memory exclusively and has checked that no two
        // buffers overlap.
        Output::Buffer(unsafe { slice_mut(at, entry.ulValueLen)? })
    };
    Ok(AttributeRequest {
        kind: entry.type_,
        out,
        len: None,
    })
}

/// Refuses a template of which two values would land in the same place.
fn disjoint(entries: &[CK_ATTRIBUTE]) -> Result<()> {
    if entries.len() < 2 {
        return Ok(());
    }
    let with_buffer = |entry: &&CK_ATTRIBUTE| !entry.pValue.is_null() && entry.ulValueLen > 0;
    let mut buffers = memory::collect(entries.iter().filter(with_buffer))?;
    buffers.sort_unstable_by_key(|entry| entry.pValue.addr());
    let len = |entry: &CK_ATTRIBUTE| usize::try_from(entry.ulValueLen).unwrap_or(usize::MAX);
    let clash = |pair: &[&CK_ATTRIBUTE]| match pair {
        [a, b] => overlap(value(a), len(a), value(b), len(b)),
        _ => false,
    };
    if buffers.windows(2).any(clash) {
        Err(Error::ArgumentsBad)
    } else {
        Ok(())
    }
}
