//! Hexadecimal text, the notation of every card manual.

/// Writes bytes as upper-case digits without spaces.
pub fn encode(bytes: &[u8]) -> String {
    base16ct::upper::encode_string(bytes)
}

/// Reads digits; blanks between them are ignored. `None` if anything else stands there or a digit is missing.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    base16ct::mixed::decode_vec(digits).ok()
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
