//! DER for tests, with the lengths left to the machine: `30 { 0C { 'CPS' } 03 { 06 40 } }`.

/// The contact application of a CPS.
pub(crate) const APPLICATION: &[u16] = &[0x3F00, 0x0001];

/// Bytes of the notation: hexadecimal, text in quotes, and `{ }` around what a length belongs in
/// front of.
pub(crate) fn der(text: &str) -> Vec<u8> {
    let mut levels = vec![Vec::new()];
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let used = match first {
            '{' => {
                levels.push(Vec::new());
                1
            }
            '}' => {
                let content = levels.pop().expect("an open brace");
                let outer = levels.last_mut().expect("an open brace");
                outer.extend(length(content.len()));
                outer.extend(content);
                1
            }
            '\'' => {
                let end = rest[1..].find('\'').expect("a closing quote");
                levels.last_mut().unwrap().extend(rest[1..=end].bytes());
                end + 2
            }
            _ => {
                levels
                    .last_mut()
                    .unwrap()
                    .push(u8::from_str_radix(&rest[..2], 16).expect("a byte"));
                2
            }
        };
        rest = rest[used..].trim_start();
    }
    assert_eq!(levels.len(), 1, "a brace is open in {text}");
    levels.remove(0)
}

fn length(n: usize) -> Vec<u8> {
    match n {
        0..=0x7F => vec![n as u8],
        0x80..=0xFF => vec![0x81, n as u8],
        _ => vec![0x82, (n >> 8) as u8, n as u8],
    }
}

#[test]
fn lengths_are_put_in() {
    assert_eq!(
        der("30 { 0C { 'CP' } 03{0640} }"),
        [0x30, 8, 0x0C, 2, b'C', b'P', 3, 2, 6, 0x40]
    );
    assert_eq!(
        der(&format!("04 {{ {} }}", "AA".repeat(200)))[..3],
        [0x04, 0x81, 200]
    );
}
