//! Hexadecimal text, the notation of every card manual.

/// Writes bytes as upper-case digits without spaces.
pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Reads digits; blanks between them are ignored. `None` if anything else stands there or a digit is missing.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    Some(
        pairs
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes() {
        assert_eq!(decode("00 a4 04 0C"), Some(vec![0x00, 0xA4, 0x04, 0x0C]));
        assert_eq!(encode(&[0x00, 0xA4]), "00A4");
        assert_eq!(decode("0"), None);
        assert_eq!(decode("0g"), None);
    }
}
