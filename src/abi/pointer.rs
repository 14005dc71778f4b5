//! The caller's memory: pointers to values and slices, and the standard's ways of returning output.
//!
//! All of the caller's memory is one value, [`Memory`]: reading borrows it shared, writing borrows
//! it exclusively. So the borrow checker sees to it that no Rust reference ever aliases a place
//! being written, whatever pointers the caller passes, and everything above this file is safe code.
//! Nothing is assumed about alignment.

use cryptoki_sys::*;

use crate::memory;
use crate::pin::Pin;
use crate::provider::{Error, Output, Result};

/// A C type of which every bit pattern is a value.
///
/// # Safety
/// Reading an implementor from any initialised memory of its size must be sound.
pub unsafe trait Plain: Copy {}

// SAFETY: integers.
unsafe impl Plain for u8 {}
// SAFETY: integers.
unsafe impl Plain for CK_ULONG {}
// SAFETY: raw pointers.
unsafe impl<T> Plain for *mut T {}
// SAFETY: integers, raw pointers and nullable function pointers, the latter never called.
unsafe impl Plain for CK_C_INITIALIZE_ARGS {}
// SAFETY: integers and raw pointers only, as are all the following.
unsafe impl Plain for CK_ATTRIBUTE {}
// SAFETY: as above.
unsafe impl Plain for CK_INFO {}
// SAFETY: as above.
unsafe impl Plain for CK_INTERFACE {}
// SAFETY: as above.
unsafe impl Plain for CK_MECHANISM {}
// SAFETY: as above.
unsafe impl Plain for CK_MECHANISM_INFO {}
// SAFETY: as above.
unsafe impl Plain for CK_RSA_PKCS_OAEP_PARAMS {}
// SAFETY: as above.
unsafe impl Plain for CK_RSA_PKCS_PSS_PARAMS {}
// SAFETY: as above.
unsafe impl Plain for CK_SESSION_INFO {}
// SAFETY: as above.
unsafe impl Plain for CK_SLOT_INFO {}
// SAFETY: as above.
unsafe impl Plain for CK_TOKEN_INFO {}
// SAFETY: as above.
unsafe impl Plain for CK_VERSION {}

/// A pointer that the caller of a C_ function handed in and answers for. Possibly NULL, possibly
/// misaligned.
pub struct Pointer<T>(*mut T);

impl<T> Clone for Pointer<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Pointer<T> {}

impl<T> Pointer<T> {
    /// Takes a pointer at the caller's word.
    ///
    /// # Safety
    /// Until the call ends `raw` is NULL or points to what the standard says of the argument or
    /// field it comes from.
    pub unsafe fn new(raw: *mut T) -> Self {
        Pointer(raw)
    }

    /// NULL_PTR.
    pub fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// [`Error::ArgumentsBad`] for NULL. For functions that must not begin without a place for
    /// their answer.
    pub fn required(self) -> Result<Self> {
        if self.is_null() {
            Err(Error::ArgumentsBad)
        } else {
            Ok(self)
        }
    }

    /// The entry `index` of the array that this points to.
    pub fn entry(self, index: usize) -> Self {
        Pointer(self.0.wrapping_add(index))
    }

    /// The same place, seen as another type.
    pub fn cast<U>(self) -> Pointer<U> {
        Pointer(self.0.cast())
    }

    /// An array of `count` entries that can exist: not NULL unless empty, no longer than memory can
    /// be.
    fn extent(self, count: CK_ULONG) -> Result<usize> {
        if count == 0 {
            return Ok(0);
        }
        let start = self.required()?.0.addr();
        let count = usize::try_from(count).map_err(|_| Error::ArgumentsBad)?;
        let size = count
            .checked_mul(size_of::<T>())
            .filter(|size| isize::try_from(*size).is_ok());
        size.and_then(|size| start.checked_add(size))
            .ok_or(Error::ArgumentsBad)?;
        Ok(count)
    }
}

/// True if two byte ranges have a byte in common.
pub fn overlap(a: Pointer<u8>, a_len: usize, b: Pointer<u8>, b_len: usize) -> bool {
    let (a, b) = (a.0.addr(), b.0.addr());
    a_len > 0 && b_len > 0 && a < b.saturating_add(b_len) && b < a.saturating_add(a_len)
}

/// The slice of `len` bytes at `at`.
///
/// # Safety
/// Nobody writes to these bytes during `'a`.
unsafe fn slice<'a>(at: Pointer<u8>, len: CK_ULONG) -> Result<&'a [u8]> {
    match at.extent(len)? {
        0 => Ok(&[]),
        // SAFETY: not NULL, of a possible length, bytes need no alignment; the caller of the C_
        // function says that they are there (`Pointer::new`), the caller of this function that they
        // stay as they are.
        len => Ok(unsafe { std::slice::from_raw_parts(at.0, len) }),
    }
}

/// The slice of `len` bytes at `at`, to be written.
///
/// # Safety
/// Nobody else reads or writes these bytes during `'a`.
pub unsafe fn slice_mut<'a>(at: Pointer<u8>, len: CK_ULONG) -> Result<&'a mut [u8]> {
    match at.extent(len)? {
        0 => Ok(&mut []),
        // SAFETY: as for `slice`; alone on these bytes by the contract of this function.
        len => Ok(unsafe { std::slice::from_raw_parts_mut(at.0, len) }),
    }
}

/// All memory of the caller that a call of a C_ function may touch.
pub struct Memory(());

impl Memory {
    /// The memory of the caller of the function under way.
    ///
    /// # Safety
    /// One per call, used in that call only: references to the same memory would alias otherwise.
    pub unsafe fn of_caller() -> Self {
        Memory(())
    }

    /// The value at `from`.
    pub fn read<T: Plain>(&self, from: Pointer<T>) -> Result<T> {
        let from = from.required()?;
        // SAFETY: the caller answers for what is there; `Plain` makes it a value whatever it is;
        // any alignment.
        Ok(unsafe { from.0.read_unaligned() })
    }

    /// Puts `value` at `to`.
    pub fn write<T: Plain>(&mut self, to: Pointer<T>, value: T) -> Result<()> {
        let to = to.required()?;
        // SAFETY: the caller answers for the place; no reference to it lives while `self` is
        // borrowed exclusively; any alignment.
        unsafe { to.0.write_unaligned(value) };
        Ok(())
    }

    /// Runs `produce` if there is a place for its answer, and puts the answer there.
    pub fn answer<T: Plain>(&mut self, to: Pointer<T>, produce: impl FnOnce() -> Result<T>) -> Result<()> {
        let to = to.required()?;
        let value = produce()?;
        self.write(to, value)
    }

    /// `len` bytes of input; NULL with length 0 is an empty input.
    pub fn bytes(&self, from: Pointer<u8>, len: CK_ULONG) -> Result<&[u8]> {
        // SAFETY: nothing writes to the caller's memory while `self` is borrowed.
        unsafe { slice(from, len) }
    }

    /// `len` bytes that are to be filled.
    pub fn buffer(&mut self, to: Pointer<u8>, len: CK_ULONG) -> Result<&mut [u8]> {
        // SAFETY: `self` is borrowed exclusively for as long as the slice lives.
        unsafe { slice_mut(to, len) }
    }

    /// A PIN, borrowed and never copied; `None` is NULL_PTR, the wish for a protected
    /// authentication path.
    pub fn pin(&self, from: Pointer<CK_UTF8CHAR>, len: CK_ULONG) -> Result<Option<Pin<'_>>> {
        let digits = self.bytes(from, len)?;
        Ok((!from.is_null()).then_some(Pin::new(digits)))
    }

    /// A copy of an array of `count` entries; NULL with count 0 is an empty array.
    pub fn array<T: Plain>(&self, from: Pointer<T>, count: CK_ULONG) -> Result<Vec<T>> {
        let count = from.extent(count)?;
        let mut entries = memory::with_room(count)?;
        for index in 0..count {
            entries.push(self.read(from.entry(index))?);
        }
        Ok(entries)
    }

    /// True if the C string at `from` is `expected`, which includes the terminating NUL. Reads no
    /// byte beyond it.
    pub fn is_c_string(&self, from: Pointer<CK_UTF8CHAR>, expected: &[u8]) -> Result<bool> {
        for (index, byte) in expected.iter().enumerate() {
            if self.read(from.entry(index))? != *byte {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns output in a buffer of the caller, by the standard's "conventions for functions
    /// returning output in a variable-length buffer" (§5.2): without a buffer only the length is
    /// wanted, and a short buffer is told how long it must be.
    pub fn output(
        &mut self,
        buffer: Pointer<u8>,
        len: Pointer<CK_ULONG>,
        produce: impl FnOnce(Output<'_>) -> Result<usize>,
    ) -> Result<()> {
        let answer = match self.capacity(buffer, len)? {
            None => produce(Output::Size),
            Some(capacity) => produce(Output::Buffer(self.buffer(buffer, capacity)?)),
        };
        self.report(len, answer)
    }

    /// [`Memory::output`] of something that is computed from `data`, which may lie in the same
    /// place as `buffer`. A size query needs no data.
    pub fn transform(
        &mut self,
        (data, data_len): (Pointer<u8>, CK_ULONG),
        buffer: Pointer<u8>,
        len: Pointer<CK_ULONG>,
        produce: impl FnOnce(&[u8], Output<'_>) -> Result<usize>,
    ) -> Result<()> {
        let answer = match self.capacity(buffer, len)? {
            None if data.is_null() => produce(&[], Output::Size),
            None => produce(self.bytes(data, data_len)?, Output::Size),
            Some(capacity) => {
                if overlap(data, data.extent(data_len)?, buffer, buffer.extent(capacity)?) {
                    let copy = memory::wiped_copy(self.bytes(data, data_len)?)?;
                    produce(&copy, Output::Buffer(self.buffer(buffer, capacity)?))
                } else {
                    // SAFETY: the buffer, which alone is written to while this lives, lies
                    // elsewhere.
                    let data = unsafe { slice(data, data_len)? };
                    produce(data, Output::Buffer(self.buffer(buffer, capacity)?))
                }
            }
        };
        self.report(len, answer)
    }

    /// Returns a list, by the two ways to call that C_GetSlotList, C_GetMechanismList and
    /// C_GetInterfaceList share.
    pub fn list<T: Plain>(
        &mut self,
        list: Pointer<T>,
        count: Pointer<CK_ULONG>,
        entries: impl FnOnce() -> Result<Vec<T>>,
    ) -> Result<()> {
        let capacity = self.capacity(list, count)?;
        let entries = entries()?;
        let answer = match capacity {
            Some(capacity) if capacity < entries.len() as CK_ULONG => {
                Err(Error::BufferTooSmall(entries.len()))
            }
            Some(_) => self.write_all(list, &entries),
            None => Ok(entries.len()),
        };
        self.report(count, answer)
    }

    /// Puts `entries` at `to` and returns their number.
    pub fn write_all<T: Plain>(&mut self, to: Pointer<T>, entries: &[T]) -> Result<usize> {
        for (index, entry) in entries.iter().enumerate() {
            self.write(to.entry(index), *entry)?;
        }
        Ok(entries.len())
    }

    /// Size of the caller's buffer, `None` if it wants to know the length only: what stands at
    /// `len` has no meaning then.
    fn capacity<T>(&self, buffer: Pointer<T>, len: Pointer<CK_ULONG>) -> Result<Option<CK_ULONG>> {
        let len = len.required()?;
        if buffer.is_null() {
            Ok(None)
        } else {
            self.read(len).map(Some)
        }
    }

    /// Tells the length of the output, or the length it needs.
    fn report(&mut self, len: Pointer<CK_ULONG>, answer: Result<usize>) -> Result<()> {
        if let Ok(length) | Err(Error::BufferTooSmall(length)) = answer {
            self.write(len, length as CK_ULONG)?;
        }
        answer.map(drop)
    }
}
