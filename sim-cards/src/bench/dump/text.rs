//! What can be read as text.

/// The bytes as quoted text, if they are two or more printable letters.
pub fn quoted(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let readable = text.chars().count() >= 2 && !text.chars().any(char::is_control);
    readable.then(|| format!("{text:?}"))
}
