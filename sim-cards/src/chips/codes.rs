//! The holder code and the unblocking code.

use crate::iso7816::status::Status;
use crate::iso7816::transport::Answer;
use crate::issuer::profile::Profile;
use crate::model::layout;
use crate::options::Options;

/// One code: its value, its counters and whether it was given since the last reset.
#[derive(Clone)]
pub struct Code {
    value: Vec<u8>,
    tries_max: u8,
    tries_left: u8,
    uses_left: Option<u16>,
    verified: bool,
}

impl Code {
    /// A code with all its tries; `uses` limits successful presentations over the whole life of the card.
    pub fn new(value: &[u8], tries: u8, uses: Option<u16>) -> Self {
        Self {
            value: value.to_vec(),
            tries_max: tries,
            tries_left: tries,
            uses_left: uses,
            verified: false,
        }
    }

    /// The same code with fewer tries left, as a holder may have left it.
    pub fn with_tries_left(mut self, tries: u8) -> Self {
        self.tries_left = tries.min(self.tries_max);
        self
    }

    pub fn tries_max(&self) -> u8 {
        self.tries_max
    }

    pub fn tries_left(&self) -> u8 {
        self.tries_left
    }

    pub fn uses_left(&self) -> Option<u16> {
        self.uses_left
    }

    pub fn is_verified(&self) -> bool {
        self.verified
    }

    pub fn is_blocked(&self) -> bool {
        self.tries_left == 0 || self.uses_left == Some(0)
    }

    /// What VERIFY without data answers.
    pub fn state(&self) -> Result<(), Status> {
        match self.verified {
            true => Ok(()),
            false if self.is_blocked() => Err(Status::CODE_BLOCKED),
            false => Err(Status::tries_left(self.tries_left)),
        }
    }

    /// Presents a code. A wrong one costs a try and ends an earlier verification.
    pub fn verify(&mut self, value: &[u8]) -> Result<(), Status> {
        self.verified = false;
        self.compare(|code| code == value)?;
        self.verified = true;
        Ok(())
    }

    /// Replaces the code: `old_and_new` begins with the present value, which counts as presented.
    pub fn change(&mut self, old_and_new: &[u8]) -> Result<(), Status> {
        self.compare(|code| old_and_new.starts_with(code))?;
        let new = old_and_new.get(self.value.len()..).unwrap_or_default();
        self.replace(new)
    }

    /// Gives the code a new value.
    pub fn replace(&mut self, new: &[u8]) -> Result<(), Status> {
        if !layout::PIN_LENGTHS.contains(&new.len()) {
            return Err(Status::WRONG_DATA);
        }
        self.value = new.to_vec();
        Ok(())
    }

    /// Gives all tries back.
    pub fn reset_counter(&mut self) {
        self.tries_left = self.tries_max;
    }

    /// The card lost power or was reset.
    pub fn forget_verification(&mut self) {
        self.verified = false;
    }

    fn compare(&mut self, matches: impl FnOnce(&[u8]) -> bool) -> Result<(), Status> {
        if self.is_blocked() {
            return Err(Status::CODE_BLOCKED);
        }
        if !matches(&self.value) {
            self.verified = false;
            self.tries_left -= 1;
            return Err(Status::tries_left(self.tries_left));
        }
        self.tries_left = self.tries_max;
        self.uses_left = self.uses_left.map(|uses| uses - 1);
        Ok(())
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Code")
            .field("tries_left", &self.tries_left)
            .field("uses_left", &self.uses_left)
            .field("verified", &self.verified)
            .finish_non_exhaustive()
    }
}

/// Tries of the holder code of a new card.
const TRIES: u8 = 3;
/// Tries and uses of the unblocking code of a new card.
const UNBLOCKING_TRIES: u8 = 10;
const UNBLOCKING_USES: u16 = 100;

/// Both codes of a card, shared by all its applications, keys and logical channels.
#[derive(Debug, Clone)]
pub struct Codes {
    pub holder: Code,
    pub unblocking: Code,
}

impl Codes {
    /// The codes of a profile, as the options leave them.
    pub fn new(profile: &Profile, options: &Options) -> Self {
        let issued = &profile.codes;
        let pin = options.pin.as_ref().unwrap_or(&issued.holder);
        let puk = options.puk.as_ref().unwrap_or(&issued.unblocking);
        let uses = options.puk_uses.unwrap_or(UNBLOCKING_USES);
        Self {
            holder: Code::new(pin.as_bytes(), TRIES, None)
                .with_tries_left(options.tries.unwrap_or(issued.holder_tries)),
            unblocking: Code::new(puk.as_bytes(), UNBLOCKING_TRIES, Some(uses))
                .with_tries_left(options.puk_tries.unwrap_or(issued.unblocking_tries)),
        }
    }

    /// Those of a card that has none: nothing presents them with success.
    pub fn none() -> Self {
        Self {
            holder: Code::new(&[], 0, None),
            unblocking: Code::new(&[], 0, None),
        }
    }

    /// The code of this reference.
    pub fn get_mut(&mut self, reference: u8) -> Result<&mut Code, Status> {
        match reference {
            layout::HOLDER_CODE => Ok(&mut self.holder),
            layout::UNBLOCKING_CODE => Ok(&mut self.unblocking),
            _ => Err(Status::DATA_NOT_FOUND),
        }
    }

    /// Refuses what needs the holder code while it is not given.
    pub fn require_holder(&self) -> Result<(), Status> {
        if self.holder.is_verified() {
            Ok(())
        } else {
            Err(Status::CODE_NEEDED)
        }
    }

    /// VERIFY: empty asks for the state.
    pub fn verify(&mut self, reference: u8, value: &[u8]) -> Answer {
        let code = self.get_mut(reference)?;
        if value.is_empty() {
            code.state()
        } else {
            code.verify(value)
        }
        .map(|()| Vec::new())
    }

    /// The card lost power or was reset.
    pub fn forget_verification(&mut self) {
        self.holder.forget_verification();
        self.unblocking.forget_verification();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_wrong_codes_block() {
        let mut code = Code::new(b"1234", 3, None);
        assert_eq!(code.verify(b"0000"), Err(Status(0x63C2)));
        assert_eq!(code.verify(b"12345"), Err(Status(0x63C1)));
        assert_eq!(code.verify(b"0000"), Err(Status(0x63C0)));
        assert_eq!(code.verify(b"1234"), Err(Status::CODE_BLOCKED));
        assert_eq!(code.state(), Err(Status::CODE_BLOCKED));
    }

    #[test]
    fn a_right_code_gives_the_tries_back_and_a_wrong_one_ends_the_verification() {
        let mut code = Code::new(b"1234", 3, None);
        assert_eq!(code.verify(b"0000"), Err(Status(0x63C2)));
        assert_eq!(code.verify(b"1234"), Ok(()));
        assert_eq!(code.state(), Ok(()));
        assert_eq!(code.verify(b"0000"), Err(Status(0x63C2)));
        assert!(!code.is_verified());
    }

    #[test]
    fn uses_run_out() {
        let mut code = Code::new(b"12345678", 10, Some(1));
        assert_eq!(code.verify(b"12345678"), Ok(()));
        assert_eq!(code.verify(b"12345678"), Err(Status::CODE_BLOCKED));
    }

    #[test]
    fn a_new_code_of_a_wrong_length_is_refused() {
        let mut code = Code::new(b"1234", 3, None);
        assert_eq!(code.change(b"1234123"), Err(Status::WRONG_DATA));
        assert_eq!(code.change(b"12345678"), Ok(()));
        assert_eq!(code.verify(b"5678"), Ok(()));
    }
}
