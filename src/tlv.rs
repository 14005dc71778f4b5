//! The one BER-TLV reader (ISO 7816-4 §6.3, X.690 §8.1), for what a card answers and for its
//! directory.
//!
//! It reads lengths up to four bytes and takes any length form, not only the shortest, and
//! constructed objects of indefinite length (X.690 §8.1.3.6), whose end is marked by two zeros:
//! cards write what they like.

use std::fmt;

use crate::memory::NoMemory;

/// Data of a card that do not have the shape they should have; says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl Malformed {
    /// Data for which the host has no memory left.
    pub const NO_MEMORY: Malformed = Malformed("more than the memory of the host holds");
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the card's data are malformed: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

impl From<NoMemory> for Malformed {
    fn from(_: NoMemory) -> Self {
        Malformed::NO_MEMORY
    }
}

/// One data object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Tag bytes as a number: 0x30, 0x7F49, 0xBF8101.
    pub tag: u32,
    /// Value field, without the mark at the end of an indefinite length.
    pub value: &'a [u8],
    /// The object whole: tag, length and value.
    pub whole: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// Objects inside a constructed one.
    pub fn inside(&self) -> Objects<'a> {
        Objects { rest: self.value }
    }

    /// Bytes of tag and length.
    pub fn header_len(&self) -> usize {
        let after = tag(self.whole).and_then(|(_, rest)| length(rest));
        after.map_or(0, |(_, content)| self.whole.len() - content.len())
    }

    /// The same object in DER as far as lengths go: each of them definite and in its shortest form
    /// (X.690 §10.1). What cannot be taken apart stays as it is.
    pub fn to_der(self) -> Vec<u8> {
        self.to_der_at(0)
    }

    fn to_der_at(self, depth: usize) -> Vec<u8> {
        let tag_len = tag(self.whole).map_or(0, |(_, rest)| self.whole.len() - rest.len());
        let (Some(tag), Some(first)) = (self.whole.get(..tag_len), self.whole.first()) else {
            return self.whole.to_vec();
        };
        let value = if first & CONSTRUCTED == 0 {
            self.value.to_vec()
        } else if depth < DEEPEST {
            let parts = self
                .inside()
                .map(|object| object.map(|object| object.to_der_at(depth + 1)));
            match parts.collect::<Result<Vec<_>, _>>() {
                Ok(parts) => parts.concat(),
                Err(_) => return self.whole.to_vec(),
            }
        } else {
            return self.whole.to_vec();
        };
        [tag, &shortest_length(value.len()), &value].concat()
    }
}

/// Bit of a tag: the value is made of objects.
const CONSTRUCTED: u8 = 0x20;

/// Objects in one another, in what is written anew. A certificate has a dozen.
const DEEPEST: usize = 32;

/// Objects of indefinite length in one another.
const DEEPEST_INDEFINITE: usize = 16;

/// The mark at the end of an indefinite length.
const END_OF_CONTENTS: [u8; 2] = [0, 0];

fn shortest_length(length: usize) -> Vec<u8> {
    if length < 0x80 {
        return vec![length as u8];
    }
    let bytes = length.to_be_bytes();
    let digits: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    [&[0x80 | digits.len() as u8], &digits[..]].concat()
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

/// Length of the data object with which `bytes` begins, tag and length fields included, if those
/// are complete. The value need not be there, but for an indefinite length.
pub fn announced_length(bytes: &[u8]) -> Option<usize> {
    let (_, after_tag) = tag(bytes).ok()?;
    match length(after_tag).ok()? {
        (Length::Definite(length), after_length) => length.checked_add(bytes.len() - after_length.len()),
        (Length::Indefinite, _) => split(bytes).ok().map(|(object, _)| object.whole.len()),
    }
}

/// The objects inside the constructed one with which `bytes` begins, as far as they are there, if
/// it bears this tag.
pub fn begun(bytes: &[u8], wanted: u32) -> Option<Objects<'_>> {
    let (tag, after_tag) = tag(bytes).ok()?;
    let rest = match length(after_tag).ok()? {
        (Length::Definite(length), content) => content.get(..length).unwrap_or(content),
        (Length::Indefinite, content) => content,
    };
    (tag == wanted).then_some(Objects { rest })
}

/// The constructed object with which `bytes` begins, as far as the objects in it are whole, and
/// what follows them; `None` when not even one is. Where its length is right that is all of it.
pub fn salvaged(bytes: &[u8]) -> Option<(Tlv<'_>, &[u8])> {
    let (tag, after_tag) = tag(bytes).ok()?;
    if bytes.first()? & CONSTRUCTED == 0 {
        return None;
    }
    let whole = split(bytes).ok();
    let mut run = match whole {
        Some((object, _)) => object.inside(),
        None => begun(bytes, tag)?,
    };
    let content = run.rest;
    let mut rest = content;
    while let Some(Ok(_)) = run.next() {
        rest = run.rest;
    }
    match whole {
        Some(whole) if rest.is_empty() => return Some(whole),
        _ if rest.len() == content.len() => return None,
        _ => {}
    }
    let header = length(after_tag)
        .ok()
        .map(|(_, content)| bytes.len() - content.len())?;
    let (value, _) = content.split_at_checked(content.len() - rest.len())?;
    let (object, behind) = bytes.split_at_checked(header + value.len())?;
    Some((
        Tlv {
            tag,
            value,
            whole: object,
        },
        behind,
    ))
}

/// The length field with which `bytes` begins, and the value behind it.
pub fn length_and_value(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    match length(bytes).ok()? {
        (Length::Definite(length), content) => content.split_at_checked(length),
        (Length::Indefinite, content) => split_indefinite(content).ok(),
    }
}

/// Value of an object of indefinite length, and what follows its end.
fn split_indefinite(content: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut rest = content;
    let mut open = 0;
    loop {
        if let Some(behind) = rest.strip_prefix(&END_OF_CONTENTS) {
            if open == 0 {
                let value = content.len() - rest.len();
                return Ok((content.get(..value).unwrap_or_default(), behind));
            }
            open -= 1;
            rest = behind;
            continue;
        }
        let constructed = rest.first().is_some_and(|first| first & CONSTRUCTED != 0);
        let (_, after_tag) = tag(rest)?;
        rest = match length(after_tag)? {
            (Length::Definite(length), content) => {
                content.get(length..).ok_or(Malformed("TLV value cut short"))?
            }
            (Length::Indefinite, _) if !constructed || open == DEEPEST_INDEFINITE => {
                return Err(Malformed("TLV length form"));
            }
            (Length::Indefinite, content) => {
                open += 1;
                content
            }
        };
    }
}

fn split(bytes: &[u8]) -> Result<(Tlv<'_>, &[u8]), Malformed> {
    let constructed = bytes.first().is_some_and(|first| first & CONSTRUCTED != 0);
    let (tag, after_tag) = tag(bytes)?;
    let (value, rest) = match length(after_tag)? {
        (Length::Definite(length), content) => content
            .split_at_checked(length)
            .ok_or(Malformed("TLV value cut short"))?,
        (Length::Indefinite, content) if constructed => split_indefinite(content)?,
        (Length::Indefinite, _) => return Err(Malformed("TLV length form")),
    };
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

/// Content of a length field.
enum Length {
    Definite(usize),
    /// The value ends with two zeros.
    Indefinite,
}

fn length(bytes: &[u8]) -> Result<(Length, &[u8]), Malformed> {
    let (&first, rest) = bytes.split_first().ok_or(Malformed("TLV without a length"))?;
    match first {
        0x00..=0x7F => Ok((Length::Definite(usize::from(first)), rest)),
        0x80 => Ok((Length::Indefinite, rest)),
        0x81..=0x84 => {
            let (digits, rest) = rest
                .split_at_checked(usize::from(first & 0x7F))
                .ok_or(Malformed("TLV length cut short"))?;
            let length = digits.iter().fold(0u64, |n, &d| n << 8 | u64::from(d));
            let length = usize::try_from(length).map_err(|_| Malformed("TLV length too big"))?;
            Ok((Length::Definite(length), rest))
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
        let pin = template.inside().find(0xBF8101).unwrap().unwrap();
        let counters = pin.inside().find(0xA0).unwrap().unwrap();
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
            &[0x30, 0x80],
            &[0x30, 0x80, 0x02, 0x01, 0x05],
            &[0x30, 0x80, 0x30, 0x80, 0x00, 0x00],
            &[0x04, 0x80, 0x00, 0x00],
            &[0x30, 0x80, 0x04, 0x80, 0x00, 0x00, 0x00, 0x00],
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
    fn an_indefinite_length_ends_with_two_zeros() {
        let bytes = [
            0x30, 0x80, 0x02, 0x02, 0x00, 0x00, 0x30, 0x80, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0xAA,
        ];
        let mut run = objects(&bytes);
        let object = run.next().unwrap().unwrap();
        assert_eq!(object.whole, &bytes[..14]);
        assert_eq!(object.value, &bytes[2..12]);
        assert_eq!((object.header_len(), run.rest()), (2, &bytes[14..]));
        assert_eq!(object.to_der(), [0x30, 8, 0x02, 2, 0, 0, 0x30, 2, 0x04, 0]);
        assert_eq!(announced_length(&bytes), Some(14));
        assert!((2..14).all(|end| announced_length(&bytes[..end]).is_none()));
        let nested = |depth| [[0x30, 0x80].repeat(depth), [0, 0].repeat(depth)].concat();
        assert!(objects(&nested(DEEPEST_INDEFINITE + 1)).next().unwrap().is_ok());
        assert!(objects(&nested(DEEPEST_INDEFINITE + 2)).next().unwrap().is_err());
    }

    #[test]
    fn lengths_in_der_are_the_shortest() {
        for (length, der) in [
            (0, &[0][..]),
            (0x7F, &[0x7F]),
            (0x80, &[0x81, 0x80]),
            (0x100, &[0x82, 1, 0]),
        ] {
            let value = vec![0xAB; length];
            let long = [&[0x04, 0x84, 0, 0, (length >> 8) as u8, length as u8], &value[..]].concat();
            let object = objects(&long).next().unwrap().unwrap();
            assert_eq!(object.to_der(), [&[0x04], der, &value].concat());
            assert_eq!(object.header_len(), 6);
        }
        // Bytes that are no objects, in what calls itself constructed.
        let odd = [0x30, 0x81, 0x01, 0x05];
        assert_eq!(objects(&odd).next().unwrap().unwrap().to_der(), odd);
        // Deeper than any certificate: as it is.
        let deep = (0..60).fold(vec![0x30, 0], |inner, _| {
            [&[0x30, 0x82, 0, inner.len() as u8], &inner[..]].concat()
        });
        assert!(objects(&deep).next().unwrap().unwrap().to_der().len() < deep.len());
    }

    #[test]
    fn what_is_whole_of_an_object_is_salvaged() {
        let part = |bytes: &'static [u8]| {
            salvaged(bytes).map(|(object, behind)| (object.value.len(), object.whole.len(), behind.len()))
        };
        for (bytes, expected) in [
            (&[0x30, 4, 2, 0, 2, 0, 0x30, 0][..], Some((4, 6, 2))),
            // Too long: the next object is cut into, or the end of the file comes first.
            (&[0x30, 5, 2, 0, 2, 0, 0x30, 0], Some((4, 6, 2))),
            (&[0x30, 9, 2, 0, 2, 0], Some((4, 6, 0))),
            // Too short.
            (&[0x30, 3, 2, 0, 2, 0], Some((2, 4, 2))),
            (&[0x30, 0x80, 2, 0], Some((2, 4, 0))),
            (&[0x30, 0], Some((0, 2, 0))),
            (&[0x30, 1, 2, 0], None),
            (&[0x30, 0x80], None),
            (&[0x04, 2, 2, 0], None),
            (&[0x30], None),
            (&[], None),
        ] {
            assert_eq!(part(bytes), expected, "{bytes:02X?}");
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

    #[test]
    fn an_object_is_taken_only_if_it_bears_the_tag() {
        let bytes = [0x02, 0x01, 0x05, 0x04, 0x02, 0xAA, 0xBB, 0x30, 0x05];
        let mut run = objects(&bytes);
        assert_eq!(run.next_if(0x04), Ok(None));
        assert_eq!(run.rest(), bytes);
        let taken = run.next_if(0x02).unwrap().unwrap();
        assert_eq!((taken.tag, taken.value), (0x02, &bytes[2..3]));
        assert_eq!(run.rest(), &bytes[3..]);
        assert_eq!(run.expect(0x02, "integer"), Err(Malformed("integer")));
        assert_eq!(
            run.expect(0x04, "octets").map(|octets| octets.value),
            Ok(&bytes[5..7])
        );
        assert!(run.next_if(0x30).is_err() && run.expect(0x30, "sequence").is_err());
        assert_eq!(objects(&[]).next_if(0x02), Ok(None));
    }

    #[test]
    fn the_announced_length_does_not_depend_on_how_much_is_there() {
        let bytes = [0x30, 0x82, 0x01, 0x00, 0xAA, 0xAA, 0xAA];
        for end in 4..=bytes.len() {
            assert_eq!(announced_length(&bytes[..end]), Some(260), "{end} bytes");
        }
        assert_eq!(announced_length(&[0xBF, 0x81, 0x01, 0x12, 0xA0]), Some(4 + 0x12));
        assert_eq!(announced_length(&[0x30]), None);
        assert_eq!(announced_length(&[]), None);
    }

    #[test]
    fn what_is_there_of_an_object_is_read_from_its_beginning() {
        let bytes = [0x30, 0x06, 0x02, 0x01, 0x05, 0x04, 0x01, 0xAA, 0x02, 0x00];
        let tags = |bytes: &[u8], wanted| {
            begun(bytes, wanted).map(|run| {
                run.map_while(Result::ok)
                    .map(|object| object.tag)
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(
            tags(&bytes, 0x30),
            Some(vec![0x02, 0x04]),
            "and not what follows it"
        );
        assert_eq!(tags(&bytes[..7], 0x30), Some(vec![0x02]));
        assert_eq!(tags(&bytes[..2], 0x30), Some(vec![]));
        assert_eq!(tags(&bytes, 0x31), None);
        assert_eq!(tags(&bytes[..1], 0x30), None);
    }
}
