//! Memory whose size a caller or a card chooses: where there is none left, that is an error and not
//! the end of the host.

use std::fmt;

use zeroize::Zeroizing;

/// The host has no memory left for what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

impl fmt::Display for NoMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host has no memory left")
    }
}

impl std::error::Error for NoMemory {}

/// Result of what needs memory.
pub type Result<T> = std::result::Result<T, NoMemory>;

/// An empty vector with room for this many items.
pub fn with_room<T>(items: usize) -> Result<Vec<T>> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(items).map_err(|_| NoMemory)?;
    Ok(vec)
}

/// Adds an item.
pub fn push<T>(vec: &mut Vec<T>, item: T) -> Result<()> {
    vec.try_reserve(1).map_err(|_| NoMemory)?;
    vec.push(item);
    Ok(())
}

/// Adds what another vector holds.
pub fn append<T>(vec: &mut Vec<T>, mut more: Vec<T>) -> Result<()> {
    vec.try_reserve(more.len()).map_err(|_| NoMemory)?;
    vec.append(&mut more);
    Ok(())
}

/// A vector of all items.
pub fn collect<T>(items: impl IntoIterator<Item = T>) -> Result<Vec<T>> {
    let items = items.into_iter();
    let mut vec = with_room(items.size_hint().0)?;
    for item in items {
        push(&mut vec, item)?;
    }
    Ok(vec)
}

/// A copy.
pub fn copy(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut copy = with_room(bytes.len())?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

/// A copy that is wiped when dropped.
pub fn wiped_copy(bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    copy(bytes).map(Zeroizing::new)
}

/// Whether there are this many bytes, for what is about to allocate them in a way that ends the
/// process where there are none: code of other crates. They are given back at once, so another
/// thread may be faster.
pub fn room(bytes: usize) -> Result<()> {
    with_room::<u8>(bytes).map(|room| drop(std::hint::black_box(room)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_into_memory_is_an_error() {
        assert_eq!(with_room::<u64>(usize::MAX).err(), Some(NoMemory));
        assert_eq!(room(isize::MAX as usize), Err(NoMemory));
        assert_eq!(room(1000), Ok(()));
    }

    #[test]
    fn what_fits_is_what_was_given() {
        assert_eq!(collect([1, 2, 3]), Ok(vec![1, 2, 3]));
        assert_eq!(copy(b"bytes"), Ok(b"bytes".to_vec()));
        let mut vec = vec![1];
        assert_eq!(push(&mut vec, 2).and_then(|()| append(&mut vec, vec![3])), Ok(()));
        assert_eq!(vec, [1, 2, 3]);
    }
}
