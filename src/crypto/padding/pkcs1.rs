//! PKCS #1 v1.5 padding: block type 1 around what is signed (EMSA-PKCS1-v1_5, RFC 8017 §9.2), block
//! type 2 around what is encrypted (RSAES-PKCS1-v1_5, RFC 8017 §7.2).
//!
//! ```text
//! 00 01 FF FF .. FF 00 <data>          type 1
//! 00 02 <non-zero random> 00 <data>    type 2
//! ```
//! Both have at least eight padding bytes, so the data is at most `k - 11` bytes long, `k` being
//! the length of the modulus in bytes.

use ctutils::{Choice, CtEq, CtGt, CtSelect};
use zeroize::Zeroizing;

use super::MAX_BLOCK_LEN;
use crate::crypto::CryptoError;

/// Shortest padding string.
const PS_MIN: usize = 8;

/// Bytes of a block that are not data: 00, type, shortest padding, 00.
pub const OVERHEAD: usize = PS_MIN + 3;

/// How often the random source is asked again for the bytes that came out zero. One in 256 does, so
/// that even a 512-byte block is full after a few rounds; a source that still gives zeros is
/// broken.
const RANDOM_ROUNDS: usize = 32;

/// Block type 1 of `k` bytes around `data`, usually a DigestInfo. `None` when `data` is longer than
/// `k - 11` bytes or `k` is above [`MAX_BLOCK_LEN`].
pub fn pad_type1(data: &[u8], k: usize) -> Option<Vec<u8>> {
    let padding = padding_len(data, k)?;
    let mut block = Vec::with_capacity(k);
    block.extend([0x00, 0x01]);
    block.resize(2 + padding, 0xff);
    block.push(0x00);
    block.extend(data);
    Some(block)
}

/// Data inside a block of type 1; `None` when the block is anything else. For public blocks: takes
/// its time according to the content.
pub fn unpad_type1(block: &[u8]) -> Option<&[u8]> {
    let rest = block.strip_prefix(&[0x00, 0x01])?;
    let padding = rest.iter().take_while(|byte| **byte == 0xff).count();
    let (padding, rest) = rest.split_at_checked(padding)?;
    let data = rest.strip_prefix(&[0x00])?;
    (padding.len() >= PS_MIN).then_some(data)
}

/// Block type 2 of `k` bytes around `data` (RFC 8017 §7.2.1 step 2). `random` fills a buffer with
/// random bytes, zeros included, and may fail.
///
/// # Errors
/// [`CryptoError::DataLength`] when `data` is longer than `k - 11` bytes or `k` is above
/// [`MAX_BLOCK_LEN`], [`CryptoError::NoRandom`] when `random` keeps giving zeros, and the error of
/// `random`.
pub fn pad_type2<E: From<CryptoError>>(
    data: &[u8],
    k: usize,
    mut random: impl FnMut(&mut [u8]) -> Result<(), E>,
) -> Result<Zeroizing<Vec<u8>>, E> {
    let padding = padding_len(data, k).ok_or(CryptoError::DataLength)?;
    let mut block = Zeroizing::new(Vec::with_capacity(k));
    block.extend([0x00, 0x02]);
    for _ in 0..RANDOM_ROUNDS {
        let missing = (2 + padding).saturating_sub(block.len());
        if missing == 0 {
            break;
        }
        let mut draw = Zeroizing::new(vec![0; missing]);
        random(&mut draw)?;
        block.extend(draw.iter().filter(|byte| **byte != 0));
    }
    if block.len() < 2 + padding {
        return Err(CryptoError::NoRandom.into());
    }
    block.push(0x00);
    block.extend(data);
    Ok(block)
}

/// Data inside a block of type 2 (RFC 8017 §7.2.2 step 3); `None` when the block is anything else.
///
/// Constant time: the whole block is read in the same order whatever it holds, and no branch or
/// address depends on it until the final accept or refuse. That one bit, and after an accept the
/// length of the data, is what the caller learns; whoever can ask many times and see the bit can
/// decipher (Bleichenbacher's attack, RFC 8017 §7.2.2 note), so the caller must not say more than
/// it either.
pub fn unpad_type2(block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (header, rest) = block.split_first_chunk::<2>()?;
    let mut separator_found = Choice::FALSE;
    let mut padding = 0u32;
    for (index, byte) in (0u32..).zip(rest) {
        let first_zero = byte.ct_eq(&0) & !separator_found;
        padding = padding.ct_select(&index, first_zero);
        separator_found |= first_zero;
    }
    let header_ok = header[0].ct_eq(&0x00) & header[1].ct_eq(&0x02);
    let long_enough = padding.ct_gt(&(PS_MIN as u32 - 1));

    if !(header_ok & separator_found & long_enough).to_bool() {
        return None;
    }
    let data = rest.get(padding as usize + 1..)?;
    Some(Zeroizing::new(data.to_vec()))
}

/// Length of the padding string that fills a block of `k` bytes.
fn padding_len(data: &[u8], k: usize) -> Option<usize> {
    let len = k.checked_sub(data.len() + 3)?;
    (len >= PS_MIN && k <= MAX_BLOCK_LEN).then_some(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source that gives 0, 1, 2, ... again and again.
    fn counting() -> impl FnMut(&mut [u8]) -> Result<(), CryptoError> {
        let mut next = 0u8;
        move |out| {
            for byte in out {
                *byte = next;
                next = next.wrapping_add(1);
            }
            Ok(())
        }
    }

    fn type2(header: [u8; 2], padding: usize, rest: &[u8]) -> Vec<u8> {
        [&header, vec![0xa5; padding].as_slice(), rest].concat()
    }

    fn unpadded(block: &[u8]) -> Option<Vec<u8>> {
        unpad_type2(block).map(|data| data.to_vec())
    }

    #[test]
    fn type_1_block() {
        let block = pad_type1(b"data", 16).unwrap();
        assert_eq!(block, b"\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00data");
        assert_eq!(unpad_type1(&block), Some(b"data".as_slice()));
    }

    #[test]
    fn type_1_takes_data_up_to_eleven_bytes_less_than_the_modulus() {
        for len in 0..=117 {
            let data = vec![0xff; len];
            let block = pad_type1(&data, 128).unwrap();
            assert_eq!(block.len(), 128);
            assert_eq!(unpad_type1(&block), Some(data.as_slice()));
        }
        assert_eq!(pad_type1(&[0; 118], 128), None);
        assert_eq!(pad_type1(&[0; 200], 128), None);
        assert_eq!(pad_type1(&[], 10), None);
        assert_eq!(pad_type1(&[], 0), None);
        assert_eq!(pad_type1(&[], 513), None);
        assert_eq!(pad_type1(&[], usize::MAX), None);
    }

    #[test]
    fn the_overhead_is_what_the_longest_data_leave() {
        let longest = vec![0x42; 256 - OVERHEAD];
        assert!(pad_type1(&longest, 256).is_some());
        assert_eq!(pad_type1(&vec![0x42; longest.len() + 1], 256), None);
    }

    #[test]
    fn malformed_blocks_of_type_1_are_refused() {
        let good = pad_type1(b"data", 32).unwrap();
        let mut cases = vec![
            ("empty", vec![]),
            ("header only", vec![0, 1]),
            ("first byte", [b"\x01", &good[1..]].concat()),
            ("type 2", [b"\x00\x02", &good[2..]].concat()),
            ("leading zero lost", good[1..].to_vec()),
            ("no separator", [b"\x00\x01".as_slice(), &[0xff; 30]].concat()),
            (
                "seven bytes of padding",
                [b"\x00\x01".as_slice(), &[0xff; 7], b"\x00data"].concat(),
            ),
        ];
        let mut damaged = good.clone();
        damaged[5] = 0xfe;
        cases.push(("padding byte", damaged));
        for (what, block) in cases {
            assert_eq!(unpad_type1(&block), None, "{what}");
        }
    }

    #[test]
    fn type_2_block_has_no_zero_in_its_padding() {
        let block = pad_type2(b"data", 512, counting()).unwrap();
        assert_eq!(block.len(), 512);
        assert_eq!(block[..5], [0x00, 0x02, 1, 2, 3]);
        assert!(block[2..507].iter().all(|byte| *byte != 0));
        assert_eq!(block[507..], *b"\x00data");
    }

    #[test]
    fn type_2_takes_data_up_to_eleven_bytes_less_than_the_modulus() {
        for len in 0..=117 {
            let data = vec![0; len];
            let block = pad_type2(&data, 128, counting()).unwrap();
            assert_eq!(unpadded(&block), Some(data));
        }
        assert_eq!(
            pad_type2(&[0; 118], 128, counting()),
            Err(CryptoError::DataLength)
        );
        assert_eq!(pad_type2(&[], 10, counting()), Err(CryptoError::DataLength));
        assert_eq!(
            pad_type2(&[], usize::MAX, counting()),
            Err(CryptoError::DataLength)
        );
    }

    #[test]
    fn a_broken_random_source_gives_an_error_and_no_block() {
        let zeros = |_: &mut [u8]| Ok(());
        assert_eq!(pad_type2(b"data", 128, zeros), Err(CryptoError::NoRandom));
        let fails = |_: &mut [u8]| Err(CryptoError::OutOfRange);
        assert_eq!(pad_type2(b"data", 128, fails), Err(CryptoError::OutOfRange));
    }

    #[test]
    fn malformed_blocks_of_type_2_are_refused() {
        let cases = [
            ("empty", vec![]),
            ("one byte", vec![0]),
            ("header only", vec![0, 2]),
            ("too short for any padding", type2([0, 2], 7, &[0])),
            ("first byte", type2([1, 2], 20, b"\x00data")),
            ("first byte, high bit", type2([0x80, 2], 20, b"\x00data")),
            ("type 0", type2([0, 0], 20, b"\x00data")),
            ("type 1", type2([0, 1], 20, b"\x00data")),
            ("type 3", type2([0, 3], 20, b"\x00data")),
            ("leading zero lost", type2([2, 0xa5], 20, b"\x00data")),
            ("no padding", type2([0, 2], 0, b"\x00and a lot of data")),
            ("seven bytes of padding", type2([0, 2], 7, b"\x00data")),
            (
                "seven bytes of padding, later zeros",
                type2([0, 2], 7, b"\x00data\x00data\x00"),
            ),
            ("no separator", type2([0, 2], 126, &[])),
            ("all zero", vec![0; 128]),
            ("all ones", vec![0xff; 128]),
        ];
        for (what, block) in cases {
            assert_eq!(unpadded(&block), None, "{what}");
        }
    }

    #[test]
    fn the_first_zero_behind_the_padding_separates() {
        let cases: [(&str, usize, &[u8], &[u8]); 5] = [
            ("shortest padding", 8, b"\x00data", b"data"),
            ("empty data", 20, b"\x00", b""),
            ("shortest block", 8, b"\x00", b""),
            (
                "zeros in the data",
                20,
                b"\x00\x00da\x00ta\x00",
                b"\x00da\x00ta\x00",
            ),
            ("data like a block", 20, b"\x00\x00\x02", b"\x00\x02"),
        ];
        for (what, padding, rest, data) in cases {
            assert_eq!(
                unpadded(&type2([0, 2], padding, rest)).as_deref(),
                Some(data),
                "{what}"
            );
        }
    }

    #[test]
    fn the_separator_is_found_wherever_it_stands() {
        for position in 0..126 {
            let mut block = type2([0, 2], 126, &[]);
            block[2 + position] = 0;
            let expected = (position >= 8).then(|| vec![0xa5; 125 - position]);
            assert_eq!(unpadded(&block), expected, "separator behind {position} bytes");
        }
    }
}
