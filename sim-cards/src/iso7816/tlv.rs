//! BER-TLV, written and read (ISO 7816-4 §5.2.2, X.690 §8.1).

/// One data object: tag of one to three bytes as written, its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    pub tag: u32,
    pub value: &'a [u8],
}

/// Encodes one data object; `tag` is written as its bytes stand (0x7F48 gives `7F 48`).
pub fn tlv(tag: u32, value: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = tag
        .to_be_bytes()
        .into_iter()
        .skip_while(|byte| *byte == 0)
        .collect();
    let length = value.len();
    match length {
        0..0x80 => out.push(length as u8),
        0x80..0x100 => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend_from_slice(value);
    out
}

/// Encodes a constructed data object from its already encoded parts.
pub fn constructed(tag: u32, parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(tag, &parts.concat())
}

/// Reads one tag; the rest follows. Three bytes at most.
pub fn read_tag(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (first, mut rest) = bytes.split_first()?;
    let mut tag = u32::from(*first);
    if first & 0x1F == 0x1F {
        loop {
            let (next, after) = rest.split_first()?;
            if tag > 0xFFFF {
                return None;
            }
            tag = tag << 8 | u32::from(*next);
            rest = after;
            if next & 0x80 == 0 {
                break;
            }
        }
    }
    Some((tag, rest))
}

/// Reads one data object; the rest follows.
pub fn read(bytes: &[u8]) -> Option<(Tlv<'_>, &[u8])> {
    let (tag, rest) = read_tag(bytes)?;
    let (length, rest) = match rest.split_first()? {
        (length @ 0..=0x7F, rest) => (usize::from(*length), rest),
        (0x81, rest) => rest
            .split_first()
            .map(|(length, rest)| (usize::from(*length), rest))?,
        (0x82, rest) => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((Tlv { tag, value }, rest))
}

/// Reads data objects until the end; `None` if something else stands there.
pub fn read_all(mut bytes: &[u8]) -> Option<Vec<Tlv<'_>>> {
    let mut objects = Vec::new();
    while !bytes.is_empty() {
        let (object, rest) = read(bytes)?;
        objects.push(object);
        bytes = rest;
    }
    Some(objects)
}

/// The value of the first data object with this tag.
pub fn find<'a>(objects: &[Tlv<'a>], tag: u32) -> Option<&'a [u8]> {
    objects
        .iter()
        .find(|object| object.tag == tag)
        .map(|object| object.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_each_form() {
        assert_eq!(tlv(0x80, &[1]), [0x80, 1, 1]);
        assert_eq!(&tlv(0x7F48, &[0; 0x80])[..4], [0x7F, 0x48, 0x81, 0x80]);
        assert_eq!(&tlv(0x04, &[0; 300])[..4], [0x04, 0x82, 0x01, 0x2C]);
    }

    #[test]
    fn tags_of_three_bytes() {
        assert_eq!(read_tag(&[0xBF, 0x81, 0x01, 0x02]), Some((0xBF8101, &[0x02][..])));
        assert_eq!(read_tag(&[0xBF, 0xFB, 0x05]), Some((0xBFFB05, &[][..])));
        assert_eq!(read_tag(&[0xBF, 0xFB, 0x85, 0x85, 0x01]), None);
    }

    #[test]
    fn cut_objects_are_refused() {
        assert_eq!(read(&[0x80, 2, 1]), None);
        assert_eq!(read(&[0x80, 0x82, 1]), None);
        assert_eq!(read_all(&[0x80, 1, 1, 0x81]), None);
    }
}
