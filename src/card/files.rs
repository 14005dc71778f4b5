//! Transparent files: how long they are, and how to read and write them in the fewest exchanges.

use zeroize::Zeroizing;

use super::CardError;
use super::dialogue::{Dialogue, refusal};
use crate::iso7816::tlv::{announced_length, objects};
use crate::iso7816::{Command, Malformed, StatusWord};
use crate::memory;

/// Most bytes of one READ BINARY (Le = 00). EF.ATR of a real CPS3 announces answers of 256 bytes.
const READ_MAX: usize = 256;

/// Most bytes of one UPDATE BINARY.
const WRITE_MAX: usize = 255;

/// READ and UPDATE BINARY address a file with 15 bits.
const FILE_MAX: usize = 0x8000;

/// Most answers of READ BINARY in one file that are shorter than they could be, before the end of
/// the file. A reader may bound them; a card that gives byte after byte would keep its user waiting
/// for an hour.
const SHORT_ANSWERS_MAX: usize = 256;

/// Most bytes of 00 or FF between two entries of a directory: deleted entries, and those of these
/// cards have some seventy bytes. What is longer is the fill behind the last one.
const GAP_MAX: usize = 96;

/// How far to read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Extent {
    /// This many bytes, or to the end of the file if that comes first.
    Bytes(usize),
    /// A file of this size.
    File(usize),
    /// One BER-TLV object, whose length stands at its beginning.
    Object,
    /// The first bytes of one BER-TLV object, or all of it if it is shorter.
    Head(usize),
    /// A directory: entries, then fill (00 or FF), in a file of this size if it is known.
    Entries(Option<usize>),
    /// To the end of the file.
    Whole,
}

impl Extent {
    /// Bytes to ask for after `content`; 0 when nothing is missing.
    fn missing(self, content: &[u8]) -> usize {
        let until = |end: usize| end.saturating_sub(content.len());
        match self {
            Extent::Entries(_) if tail(content) == Tail::Fill => 0,
            Extent::Bytes(length) | Extent::File(length) | Extent::Entries(Some(length)) => until(length),
            Extent::Object => announced_length(content).map_or(READ_MAX, until),
            Extent::Head(length) => {
                until(announced_length(content).map_or(length, |whole| whole.min(length)))
            }
            Extent::Entries(None) | Extent::Whole => READ_MAX,
        }
    }

    /// A file of which nothing is there holds less than what is wanted of it.
    fn begins_with_an_object(self) -> bool {
        matches!(self, Extent::Object | Extent::Head(_) | Extent::Entries(None))
    }

    /// A short answer is the end of the file unless something that was announced is still to come:
    /// a card may give less at a time than it was asked for.
    fn may_end(self, content: &[u8]) -> bool {
        match self {
            Extent::Bytes(length) | Extent::File(length) | Extent::Entries(Some(length)) => {
                content.len() >= length
            }
            Extent::Object | Extent::Head(_) => {
                announced_length(content).is_some_and(|length| content.len() >= length)
            }
            Extent::Entries(None) => tail(content) != Tail::Open,
            Extent::Whole => true,
        }
    }

    /// What was read up to the end of the file, unless the file or what stands in it says that
    /// there is more.
    fn whole(self, content: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let complete = match self {
            Extent::Bytes(_) | Extent::Whole => true,
            Extent::Entries(None) => tail(&content) != Tail::Open,
            Extent::File(_) | Extent::Object | Extent::Head(_) | Extent::Entries(Some(_)) => {
                self.missing(&content) == 0
            }
        };
        if complete {
            Ok(content)
        } else {
            Err(CardError::Truncated)
        }
    }
}

/// How a directory ends, as far as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tail {
    /// In an object of which more must come.
    Open,
    /// Behind an object, or in a gap that another one may follow.
    Whole,
    /// In the fill behind the last entry.
    Fill,
}

fn tail(content: &[u8]) -> Tail {
    let mut rest = content;
    loop {
        let gap = rest.iter().take_while(|byte| matches!(byte, 0x00 | 0xFF)).count();
        let mut run = objects(rest.get(gap..).unwrap_or_default());
        match run.next() {
            None if gap > GAP_MAX => return Tail::Fill,
            None => return Tail::Whole,
            Some(Ok(_)) => rest = run.rest(),
            Some(Err(_)) => return Tail::Open,
        }
    }
}

/// Reads the selected file from `start`, with commands of class `class`. `sensitive` keeps the
/// content out of the trace.
pub(super) fn read(
    card: &mut Dialogue<'_>,
    class: u8,
    start: usize,
    extent: Extent,
    sensitive: bool,
) -> Result<Zeroizing<Vec<u8>>, CardError> {
    let mut content = Zeroizing::new(memory::with_room(READ_MAX)?);
    let mut short_answers = 0;
    loop {
        let wanted = extent.missing(&content).min(READ_MAX);
        if wanted == 0 {
            return Ok(content);
        }
        let [high, low] = offset(start + content.len())?;
        let command = Command::new([class, 0xB0, high, low]).expect(wanted);
        let answer = card.exchange(&if sensitive { command.sensitive() } else { command })?;
        match answer.sw {
            StatusWord::OK | StatusWord::END_OF_FILE
                if answer.data.is_empty() && content.is_empty() && extent.begins_with_an_object() =>
            {
                return Err(CardError::Truncated);
            }
            // A card that has nothing to give answers with another status word.
            StatusWord::OK if answer.data.is_empty() => {
                return Err(CardError::Malformed("READ BINARY without data"));
            }
            StatusWord::END_OF_FILE if answer.data.is_empty() && content.is_empty() => {
                return Err(refusal(answer.sw));
            }
            StatusWord::OK | StatusWord::END_OF_FILE => {}
            StatusWord::WRONG_OFFSET if !content.is_empty() => return extent.whole(content),
            sw => return Err(refusal(sw)),
        }
        append(&mut content, &answer.data)?;
        let short = answer.data.len() < wanted;
        if answer.sw == StatusWord::END_OF_FILE || short && extent.may_end(&content) {
            return extent.whole(content);
        }
        short_answers += usize::from(short);
        if short_answers > SHORT_ANSWERS_MAX {
            return Err(CardError::Malformed("file in too many short answers"));
        }
    }
}

/// Overwrites the selected file from its start.
pub(super) fn write(card: &mut Dialogue<'_>, class: u8, content: &[u8]) -> Result<(), CardError> {
    for (block, data) in content.chunks(WRITE_MAX).enumerate() {
        let [high, low] = offset(block * WRITE_MAX)?;
        card.perform(&Command::new([class, 0xD6, high, low]).data(data).sensitive())?;
    }
    Ok(())
}

/// Size of a file from its control information (tag 80 in template 62 or 6F, ISO 7816-4 §7.4.3), if
/// it is told and can be true.
pub(super) fn size(control_information: &[u8]) -> Result<Option<usize>, Malformed> {
    let Some(template) = objects(control_information).next().transpose()? else {
        return Ok(None);
    };
    if !matches!(template.tag, 0x62 | 0x6F) {
        return Ok(None);
    }
    Ok(template
        .inside()
        .find(0x80)?
        .and_then(|size| big_endian(size.value))
        .filter(|size| *size <= FILE_MAX))
}

/// A number of up to four bytes.
pub(super) fn big_endian(bytes: &[u8]) -> Option<usize> {
    (1..=4)
        .contains(&bytes.len())
        .then(|| bytes.iter().fold(0, |n, &b| n << 8 | usize::from(b)))
}

fn offset(offset: usize) -> Result<[u8; 2], CardError> {
    match u16::try_from(offset) {
        Ok(offset) if usize::from(offset) < FILE_MAX => Ok(offset.to_be_bytes()),
        _ => Err(CardError::Malformed("file longer than its addresses reach")),
    }
}

/// Appends without leaving a copy behind when the buffer has to move.
fn append(content: &mut Zeroizing<Vec<u8>>, more: &[u8]) -> memory::Result<()> {
    if content.capacity() - content.len() < more.len() {
        let mut roomier = Zeroizing::new(memory::with_room(2 * (content.len() + more.len()))?);
        roomier.extend_from_slice(content);
        *content = roomier;
    }
    content.extend_from_slice(more);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::scripted::text;
    use super::*;
    use crate::reader::script::{Script, hex};
    use crate::reader::{Continuity, Protocol};

    /// An entry, and so many bytes of `fill` behind it.
    fn followed_by(fill: u8, count: usize) -> Vec<u8> {
        [&[0x30, 0x00][..], &vec![fill; count]].concat()
    }

    #[test]
    fn a_gap_is_no_longer_than_a_deleted_entry() {
        for fill in [0x00, 0xFF] {
            assert_eq!(tail(&followed_by(fill, GAP_MAX)), Tail::Whole);
            assert_eq!(tail(&followed_by(fill, GAP_MAX + 1)), Tail::Fill);
            let twice = [followed_by(fill, GAP_MAX), followed_by(fill, 1)].concat();
            assert_eq!(tail(&twice), Tail::Whole);
        }
        assert_eq!(tail(&[]), Tail::Whole);
        assert_eq!(tail(&hex("3000 3002 00")), Tail::Open);
    }

    #[test]
    fn what_is_missing_and_whether_a_short_answer_is_the_end() {
        for (extent, content, missing, may_end, whole) in [
            (Extent::Bytes(5), "0102", 3, false, true),
            (Extent::Bytes(2), "0102", 0, true, true),
            (Extent::Bytes(1), "0102", 0, true, true),
            (Extent::File(5), "0102", 3, false, false),
            (Extent::File(2), "0102", 0, true, true),
            (Extent::Object, "", READ_MAX, false, false),
            (Extent::Object, "3002 01", 1, false, false),
            (Extent::Object, "3002 0102", 0, true, true),
            (Extent::Object, "3002 010203", 0, true, true),
            (Extent::Head(3), "", 3, false, false),
            (Extent::Head(3), "3002", 1, false, false),
            (Extent::Head(9), "3002", 2, false, false),
            (Extent::Head(3), "3002 01", 0, false, true),
            (Extent::Head(9), "3002 0102", 0, true, true),
            (Extent::Entries(Some(5)), "3000", 3, false, false),
            (Extent::Entries(Some(2)), "3000", 0, true, true),
            (Extent::Entries(None), "3000", READ_MAX, true, true),
            (Extent::Entries(None), "3002", READ_MAX, false, false),
            (Extent::Whole, "3002", READ_MAX, true, true),
        ] {
            let content = hex(content);
            assert_eq!(extent.missing(&content), missing, "{extent:?} {content:02X?}");
            assert_eq!(extent.may_end(&content), may_end, "{extent:?} {content:02X?}");
            let all = extent.whole(Zeroizing::new(content.clone()));
            let expected = match whole {
                true => Ok(Zeroizing::new(content)),
                false => Err(CardError::Truncated),
            };
            assert_eq!(all, expected, "{extent:?}");
        }
        for extent in [Extent::Entries(None), Extent::Entries(Some(1000))] {
            assert_eq!(extent.missing(&followed_by(0xFF, GAP_MAX + 1)), 0, "{extent:?}");
        }
    }

    #[test]
    fn an_empty_file_holds_less_than_an_object_and_as_many_bytes_as_it_has() {
        for (extent, truncated) in [
            (Extent::Object, true),
            (Extent::Head(4), true),
            (Extent::Entries(None), true),
            (Extent::Entries(Some(4)), false),
            (Extent::Bytes(4), false),
            (Extent::File(4), false),
            (Extent::Whole, false),
        ] {
            assert_eq!(extent.begins_with_an_object(), truncated, "{extent:?}");
        }
    }

    fn read_from(script: &str, extent: Extent) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let mut connection = Script::connection(Protocol::T1, script);
        assert_eq!(connection.begin(), Ok(Continuity::Kept));
        read(&mut Dialogue::new(&mut *connection), 0x00, 0, extent, false)
    }

    #[test]
    fn a_file_ends_where_the_card_says_so_or_gives_less() {
        let full = text(&[0xAB; READ_MAX]);
        let first = format!("> 00B00000 00\n< {full} 9000\n> 00B00100 00");
        for end in ["< 6B00", "< 6282"] {
            let content = read_from(&format!("{first}\n{end}"), Extent::Whole);
            assert_eq!(content.expect("a file")[..], [0xAB; READ_MAX], "{end}");
        }
        for end in ["< CD 9000", "< CD 6282"] {
            let content = read_from(&format!("{first}\n{end}"), Extent::Whole).expect("a file");
            assert_eq!(
                (content.len(), content.last()),
                (READ_MAX + 1, Some(&0xCD)),
                "{end}"
            );
        }
        // At once, whatever else was announced.
        let content = read_from("> 00B00000 05\n< 0102 6282", Extent::Bytes(5));
        assert_eq!(content.expect("a file")[..], [1, 2]);
        let content = read_from("> 00B00000 05\n< 0102 6282", Extent::File(5));
        assert_eq!(content, Err(CardError::Truncated));
    }

    #[test]
    fn a_file_of_which_nothing_comes() {
        for (extent, wanted, answer, error) in [
            (Extent::Object, "00", "9000", CardError::Truncated),
            (Extent::Object, "00", "6282", CardError::Truncated),
            (
                Extent::Object,
                "00",
                "6B00",
                CardError::WrongData(StatusWord(0x6B00)),
            ),
            (
                Extent::Bytes(4),
                "04",
                "6282",
                CardError::Unexpected(StatusWord(0x6282)),
            ),
            (
                Extent::Bytes(4),
                "04",
                "6B00",
                CardError::WrongData(StatusWord(0x6B00)),
            ),
            (
                Extent::Bytes(4),
                "04",
                "9000",
                CardError::Malformed("READ BINARY without data"),
            ),
        ] {
            let content = read_from(&format!("> 00B00000 {wanted}\n< {answer}"), extent);
            assert_eq!(content, Err(error), "{extent:?} {answer}");
        }
    }

    /// Reads a file of so many bytes from a card that gives them one by one.
    fn in_single_bytes(size: usize) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let given = size.min(SHORT_ANSWERS_MAX + 1);
        let script: String = (0..given)
            .map(|at| {
                format!(
                    "> 00B0{at:04X} {:02X}\n< AB 9000\n",
                    (size - at).min(READ_MAX) % READ_MAX
                )
            })
            .collect();
        read_from(&script, Extent::Bytes(size))
    }

    #[test]
    fn a_card_that_gives_byte_after_byte_is_not_waited_for() {
        // The last byte is all that was asked for.
        let most = SHORT_ANSWERS_MAX + 1;
        assert_eq!(in_single_bytes(most).expect("a file")[..], vec![0xAB; most]);
        assert_eq!(
            in_single_bytes(most + 1),
            Err(CardError::Malformed("file in too many short answers"))
        );
    }

    #[test]
    fn a_size_is_one_that_addresses_reach() {
        for (information, expected) in [
            ("6F04 8002 8000", Some(0x8000)),
            ("6204 8002 0010", Some(0x10)),
            ("6F04 8002 8001", None),
            ("6204 8102 0010", None),
            ("6404 8002 0010", None),
            ("", None),
        ] {
            assert_eq!(size(&hex(information)), Ok(expected), "{information}");
        }
        assert!(size(&hex("6F04 8002")).is_err());
    }

    #[test]
    fn numbers_have_one_to_four_bytes() {
        for (bytes, number) in [
            ("", None),
            ("05", Some(5)),
            ("0102", Some(0x0102)),
            ("01020304", Some(0x0102_0304)),
            ("0102030405", None),
        ] {
            assert_eq!(big_endian(&hex(bytes)), number, "{bytes}");
        }
    }

    #[test]
    fn an_offset_has_fifteen_bits() {
        assert_eq!(offset(0x1234), Ok([0x12, 0x34]));
        assert_eq!(offset(0x7FFF), Ok([0x7F, 0xFF]));
        for beyond in [0x8000, 0xFFFF, 0x1_0000] {
            assert!(matches!(offset(beyond), Err(CardError::Malformed(_))), "{beyond}");
        }
    }

    /// A buffer that grows by itself leaves a copy of what it held behind.
    #[test]
    fn a_buffer_that_is_too_small_gets_twice_the_room() {
        let mut content = Zeroizing::new(Vec::with_capacity(4));
        append(&mut content, &[1, 2, 3]).unwrap();
        append(&mut content, &[4]).unwrap();
        assert_eq!(content.capacity(), 4, "what fits moves nothing");
        append(&mut content, &[5]).unwrap();
        assert_eq!(content[..], [1, 2, 3, 4, 5]);
        assert_eq!(content.capacity(), 10);
        append(&mut content, &[6, 7, 8, 9, 10]).unwrap();
        assert_eq!(content.capacity(), 10);
    }
}
