//! The one BER-TLV reader (ISO 7816-4 §6.3, X.690 §8.1), for what a card answers and for its directory.
//!
//! It reads definite lengths up to four bytes and takes any length form, not only the shortest: cards write what
//! they like. Indefinite lengths are refused.

use super::Malformed;

/// One data object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Tag bytes as a number: 0x30, 0x7F49, 0xBF8101.
    pub tag: u32,
    /// Value field.
    pub value: &'a [u8],
    /// The object whole: tag, length and value.
    pub whole: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// Objects inside a constructed one.
    pub fn inside(&self) -> Objects<'a> {
        Objects { rest: self.value }
    }
}

/// A run of data objects, read from the front.
#[derive(Clone, Copy, Debug)]
pub struct Objects<'a> {
    rest: &'a [u8],
}

/// Reads a run of data objects.
pub fn objects(bytes: &[u8]) -> Objects<'_> {
    Objects { rest: bytes }
}

impl<'a> Objects<'a> {
    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next object if it bears this tag; otherwise it stays.
    pub fn next_if(&mut self, tag: u32) -> Result<Option<Tlv<'a>>, Malformed> {
        let mut ahead = *self;
        match ahead.next().transpose()? {
            Some(found) if found.tag == tag => {
                *self = ahead;
                Ok(Some(found))
            }
            _ => Ok(None),
        }
    }

    /// The next object, which must bear this tag.
    pub fn expect(&mut self, tag: u32, what: &'static str) -> Result<Tlv<'a>, Malformed> {
        self.next_if(tag)?.ok_or(Malformed(what))
    }

    /// The first object from here on that bears this tag.
    pub fn find(self, tag: u32) -> Result<Option<Tlv<'a>>, Malformed> {
        for object in self {
            let object = object?;
            if object.tag == tag {
                return Ok(Some(object));
            }
        }
        Ok(None)
    }
}

impl<'a> Iterator for Objects<'a> {
    type Item = Result<Tlv<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match split(self.rest) {
            Ok((object, rest)) => {
                self.rest = rest;
                Some(Ok(object))
            }
            Err(e) => {
                self.rest = &[];
                Some(Err(e))
            }
        }
    }
}

/// Length of the data object with which `bytes` begins, tag and length fields included, if those are complete. The value need not
/// be there.
pub fn announced_length(bytes: &[u8]) -> Option<usize> {
    let (_, after_tag) = tag(bytes).ok()?;
    let (length, after_length) = length(after_tag).ok()?;
    length.checked_add(bytes.len() - after_length.len())
}

/// The objects inside the constructed one with which `bytes` begins, as far as they are there, if it bears this tag.
pub fn begun(bytes: &[u8], wanted: u32) -> Option<Objects<'_>> {
    let (tag, after_tag) = tag(bytes).ok()?;
    let (length, content) = length(after_tag).ok()?;
    let rest = content.get(..length).unwrap_or(content);
    (tag == wanted).then_some(Objects { rest })
}

fn split(bytes: &[u8]) -> Result<(Tlv<'_>, &[u8]), Malformed> {
    let (tag, after_tag) = tag(bytes)?;
    let (length, after_length) = length(after_tag)?;
    let (value, rest) = after_length
        .split_at_checked(length)
        .ok_or(Malformed("TLV value cut short"))?;
    let (whole, _) = bytes
        .split_at_checked(bytes.len() - rest.len())
        .ok_or(Malformed("TLV value cut short"))?;
    Ok((Tlv { tag, value, whole }, rest))
}

fn tag(bytes: &[u8]) -> Result<(u32, &[u8]), Malformed> {
    let (&first, mut rest) = bytes.split_first().ok_or(Malformed("TLV without a tag"))?;
    let mut tag = u32::from(first);
    if first & 0x1F != 0x1F {
        return Ok((tag, rest));
    }
    // At most three more bytes fit; ISO 7816-4 allows tags of up to three bytes.
    for _ in 0..3 {
        let (&next, after) = rest.split_first().ok_or(Malformed("TLV tag cut short"))?;
        tag = tag << 8 | u32::from(next);
        rest = after;
        if next & 0x80 == 0 {
            return Ok((tag, rest));
        }
    }
    Err(Malformed("TLV tag too long"))
}

fn length(bytes: &[u8]) -> Result<(usize, &[u8]), Malformed> {
    let (&first, rest) = bytes.split_first().ok_or(Malformed("TLV without a length"))?;
    match first {
        0x00..=0x7F => Ok((usize::from(first), rest)),
        0x81..=0x84 => {
            let (digits, rest) = rest
                .split_at_checked(usize::from(first & 0x7F))
                .ok_or(Malformed("TLV length cut short"))?;
            let length = digits.iter().fold(0u64, |n, &d| n << 8 | u64::from(d));
            Ok((
                usize::try_from(length).map_err(|_| Malformed("TLV length too big"))?,
                rest,
            ))
        }
        _ => Err(Malformed("TLV length form")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counter_template_of_a_real_card() {
        let answer = [
            0x70, 0x16, 0xBF, 0x81, 0x01, 0x12, 0xA0, 0x10, 0x9A, 0x01, 0x03, 0x9B, 0x01, 0x03, 0xA1, 0x08,
            0x8C, 0x06, 0xF3, 0x00, 0x00, 0x13, 0xFF, 0x00,
        ];
        let template = objects(&answer).find(0x70).unwrap().unwrap();
        let code = template.inside().find(0xBF8101).unwrap().unwrap();
        let counters = code.inside().find(0xA0).unwrap().unwrap();
        assert_eq!(counters.inside().find(0x9B).unwrap().unwrap().value, [3]);
        assert_eq!(counters.inside().find(0x9D).unwrap(), None);
        assert_eq!(template.whole, answer);
    }

    #[test]
    fn long_lengths() {
        let mut bytes = vec![0x30, 0x82, 0x01, 0x00];
        bytes.extend([0xAA; 256]);
        assert_eq!(announced_length(&bytes[..4]), Some(260));
        assert_eq!(announced_length(&bytes[..3]), None);
        assert_eq!(objects(&bytes).next().unwrap().unwrap().value.len(), 256);
    }

    #[test]
    fn what_is_cut_or_wild_is_refused_and_ends_the_run() {
        for bytes in [
            &[0x30][..],
            &[0x30, 0x81],
            &[0x30, 0x03, 0x01, 0x02],
            &[0x30, 0x80, 0x00, 0x00],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
            &[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
            &[0xBF],
            &[0xBF, 0x81],
            &[0xBF, 0x81, 0x81, 0x81, 0x81, 0x01],
        ] {
            let mut run = objects(bytes);
            assert!(run.next().is_some_and(|r| r.is_err()), "{bytes:02X?}");
            assert!(run.next().is_none(), "{bytes:02X?}");
        }
    }

    #[test]
    fn every_cut_of_a_good_object_is_an_error_not_a_panic() {
        let good = [
            0x70, 0x0A, 0xBF, 0x81, 0x02, 0x06, 0xA0, 0x04, 0x9A, 0x02, 0x00, 0x03,
        ];
        for end in 1..good.len() {
            assert!(
                objects(&good[..end]).next().is_some_and(|r| r.is_err()),
                "cut at {end}"
            );
        }
    }
}
