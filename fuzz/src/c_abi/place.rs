//! Memory of a caller: of exactly the size that the caller says, between bytes that nobody may touch.

/// In front of each place, and behind it where no address sanitizer watches the end of the allocation.
const GUARD: [u8; 16] = [0xC7; 16];
const BEHIND: usize = if cfg!(feature = "libfuzzer") {
    0
} else {
    GUARD.len()
};

/// Some bytes that a function is given.
pub struct Place {
    memory: Vec<u8>,
    start: usize,
    len: usize,
    /// What must still be there afterwards.
    content: Option<Vec<u8>>,
}

impl Place {
    /// Bytes to read. Odd `skew` puts them where no number would be aligned.
    pub fn input(content: &[u8], skew: u8) -> Place {
        let mut place = Place::around(content, skew);
        place.content = Some(content.to_vec());
        place
    }

    /// Bytes to write to, and perhaps to read.
    pub fn output(content: &[u8], skew: u8) -> Place {
        Place::around(content, skew)
    }

    fn around(content: &[u8], skew: u8) -> Place {
        let skew = usize::from(skew % 2);
        let memory = [&GUARD[skew..], content, &GUARD[..BEHIND]].concat();
        Place {
            start: GUARD.len() - skew,
            len: content.len(),
            // Exactly as long, so that what reads beyond it reads beyond the allocation.
            memory: memory.into_boxed_slice().into_vec(),
            content: None,
        }
    }

    /// Its address, as functions want it.
    pub fn pointer<T>(&mut self) -> *mut T {
        self.memory[self.start..].as_mut_ptr().cast()
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// What is there now.
    pub fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.len]
    }

    /// The number that begins there.
    pub fn number(&self) -> u64 {
        let bytes = self.bytes().first_chunk().expect("room for a number");
        u64::from_ne_bytes(*bytes)
    }

    /// Nobody has written where nobody may.
    pub fn check(&self) {
        let (before, behind) = (&self.memory[..self.start], &self.memory[self.start + self.len..]);
        assert!(GUARD.ends_with(before), "written in front of a buffer");
        assert!(
            GUARD.starts_with(behind),
            "written behind a buffer of {} bytes",
            self.len
        );
        if let Some(content) = &self.content {
            assert!(self.bytes() == content, "written to what was to be read");
        }
    }
}
