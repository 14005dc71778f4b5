//! Damage to answers. The same card with the same faults damages alike on every run.

/// xorshift64*: repeatable, good enough to break things.
#[derive(Debug)]
pub struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        Self(0x0DD5_EED0_FBAD_CA2D)
    }
}

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: usize) -> usize {
        ((self.next() >> 33) as usize).checked_rem(limit).unwrap_or(0)
    }
}

/// Bytes of data in an answer: all but the status word.
fn data_length(answer: &[u8]) -> usize {
    answer.len().saturating_sub(2)
}

/// Cuts the data to `length` bytes.
pub fn truncate(answer: &mut Vec<u8>, length: usize) {
    let data = data_length(answer);
    if length < data {
        answer.drain(length..data);
    }
}

/// Adds `more` bytes to the data.
pub fn lengthen(answer: &mut Vec<u8>, more: usize) {
    let data = data_length(answer);
    answer.splice(data..data, std::iter::repeat_n(0xA5, more));
}

/// Beginnings that a reader of BER-TLV must survive: lengths beyond the end, the indefinite form, lengths of lengths
/// that no number holds, a tag without end, a reserved length, and constructed objects in themselves.
const BROKEN: [&[u8]; 8] = [
    &[0x30, 0x82, 0xFF, 0xFF],
    &[0x30, 0x80, 0x30, 0x80, 0x30, 0x80],
    &[0x62, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
    &[0x30, 0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
    &[0x3F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
    &[0x30, 0xFF],
    &[0x30, 0x7F, 0x30, 0x7E, 0x30, 0x7D, 0x30, 0x7C],
    &[0x00, 0x00, 0x61, 0x00, 0x4F, 0x7F],
];

/// Replaces the data by a broken structure of the same length.
pub fn break_structure(answer: &mut [u8], random: &mut Random) {
    let length = data_length(answer);
    let beginning = BROKEN
        .get(random.below(BROKEN.len()))
        .copied()
        .unwrap_or_default();
    for (index, byte) in answer.iter_mut().take(length).enumerate() {
        *byte = match beginning.get(index) {
            Some(byte) => *byte,
            None => random.next() as u8,
        };
    }
}

/// Turns `bits` bits anywhere in the answer, the status word included.
pub fn flip(answer: &mut [u8], bits: usize, random: &mut Random) {
    for _ in 0..bits {
        let bit = random.below(answer.len() * 8);
        if let Some(byte) = answer.get_mut(bit / 8) {
            *byte ^= 0x80 >> (bit % 8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_word_survives_changes_of_the_data() {
        let mut answer = vec![1, 2, 3, 0x90, 0x00];
        truncate(&mut answer, 1);
        assert_eq!(answer, [1, 0x90, 0x00]);
        truncate(&mut answer, 5);
        lengthen(&mut answer, 2);
        assert_eq!(answer, [1, 0xA5, 0xA5, 0x90, 0x00]);
        break_structure(&mut answer, &mut Random::default());
        assert_eq!(answer.len(), 5);
        assert_eq!(answer[3..], [0x90, 0x00]);
    }

    #[test]
    fn answers_without_data_stay_whole() {
        for length in 0..3 {
            let mut answer = vec![0x90; length];
            truncate(&mut answer, 0);
            assert_eq!(answer.len(), length.min(2));
            break_structure(&mut answer, &mut Random::default());
            flip(&mut answer, 1, &mut Random::default());
        }
    }

    #[test]
    fn one_bit_is_one_bit() {
        let mut random = Random::default();
        for _ in 0..100 {
            let mut answer = [0; 16];
            flip(&mut answer, 1, &mut random);
            assert_eq!(answer.iter().map(|byte| byte.count_ones()).sum::<u32>(), 1);
        }
    }
}
