//! The number of a card, and digits.

/// Content of EF.SN.ICC: `5A 0A 80 25 00 00 01`, the eight digits, their Luhn digit and the filler `F`. `None` when the text
/// is not eight digits.
pub fn ef_sn_icc(serial: &str) -> Option<[u8; 12]> {
    if !digits(serial, 8) {
        return None;
    }
    let number = format!("8025000001{serial}");
    let check_digit = luhn_digit(&number);
    let number: [u8; 9] = bcd(&number)?;
    let mut content = [0x5A, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0, check_digit << 4 | 0x0F];
    content[2..11].copy_from_slice(&number);
    Some(content)
}

/// Whether the text is so many decimal digits.
pub fn digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Decimal digits, two in a byte, the first one high.
pub fn bcd<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let bytes: Vec<u8> = digits
        .as_bytes()
        .chunks_exact(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    bytes.try_into().ok()
}

/// Luhn check digit (ISO/IEC 7812-1 annex B) to put after these decimal digits.
pub fn luhn_digit(digits: &str) -> u8 {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(position, digit)| {
            let digit = u32::from(digit.wrapping_sub(b'0'));
            match (position % 2, digit * 2) {
                (0, doubled @ 10..) => doubled - 9,
                (0, doubled) => doubled,
                _ => digit,
            }
        })
        .sum();
    ((10 - sum % 10) % 10) as u8
}
