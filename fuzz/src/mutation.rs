//! Mutations that are the same on every run, for machines without libFuzzer.

/// xorshift64*.
pub struct Random(u64);

impl Random {
    /// `seed` must not be 0.
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `limit`, which must not be 0.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit
    }

    fn byte(&mut self) -> u8 {
        (self.next() >> 33) as u8
    }
}

/// Bytes and pairs of bytes at the edges of lengths, tags and status words.
const INTERESTING: [&[u8]; 14] = [
    &[0x00],
    &[0x7F],
    &[0x80],
    &[0x81],
    &[0x82],
    &[0xFF],
    &[0x30],
    &[0x90, 0x00],
    &[0x61, 0x00],
    &[0x6C, 0x00],
    &[0x69, 0x82],
    &[0x6A, 0x82],
    &[0x00, 0x00],
    &[0xFF, 0xFF],
];

/// One to four changes to `base`; parts of `other` may get into it.
pub fn mutate(random: &mut Random, base: &[u8], other: &[u8]) -> Vec<u8> {
    let mut data = base.to_vec();
    for _ in 0..=random.below(4) {
        change(random, &mut data, other);
    }
    data
}

fn change(random: &mut Random, data: &mut Vec<u8>, other: &[u8]) {
    let at = random.below(data.len() + 1);
    match random.below(8) {
        0 | 1 => {
            if let Some(byte) = data.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        2 | 3 => {
            let bytes = INTERESTING[random.below(INTERESTING.len())];
            data.iter_mut()
                .skip(at)
                .zip(bytes)
                .for_each(|(to, from)| *to = *from);
        }
        4 => {
            if let Some(byte) = data.get_mut(at) {
                *byte = random.byte();
            }
        }
        5 => {
            let end = data.len().min(at + 1 + random.below(16));
            data.drain(at..end);
        }
        6 => {
            let more: Vec<u8> = (0..=random.below(16)).map(|_| random.byte()).collect();
            data.splice(at..at, more);
        }
        _ if !other.is_empty() => {
            let start = random.below(other.len());
            let end = other.len().min(start + 1 + random.below(64));
            let until = data.len().min(at + (end - start));
            data.splice(at..until, other[start..end].iter().copied());
        }
        _ => data.truncate(at),
    }
}
