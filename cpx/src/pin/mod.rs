//! PINs: where they come from, and what is looked at before one is presented.

pub mod pinentry;
pub mod source;
pub mod terminal;

use cryptoki::error::{Error, RvError};
use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use crate::arguments::PinSource;
use crate::message;
use crate::module::{self, Card, Open, Tries};
use crate::outcome::{Exit, Failure, Result, fail};
use crate::texts::{Message, Texts};

/// A PIN between its entry and its use. Wiped when it goes.
pub type Secret = Zeroizing<String>;

/// How often a person may mistype the form of a PIN, which costs no try.
const ROUNDS: usize = 3;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Key of the words before the entry.
    pub prompt: &'static str,
    /// Digits, fewest and most.
    pub length: (usize, usize),
}

impl Question {
    /// Whether an answer has the form of a PIN; otherwise what is wrong with it.
    pub fn check(&self, answer: &str) -> std::result::Result<(), Message> {
        let (least, most) = self.length;
        let digits = answer.bytes().all(|byte| byte.is_ascii_digit());
        if digits && (least..=most).contains(&answer.len()) {
            return Ok(());
        }
        let number = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        Err(message!("pin-form", least = number(least), most = number(most)))
    }
}

/// In words, how many tries are left.
pub fn tries_in_words(tries: Tries, texts: &Texts) -> String {
    texts.get(match tries {
        Tries::NoPin => "tries-no-pin",
        Tries::All => "tries-all",
        Tries::Fewer => "tries-fewer",
        Tries::Last => "tries-last",
        Tries::None => "tries-none",
    })
}

/// Asks for the holder's PIN of a card, once its tries allow it.
pub fn of_holder(card: &Card<'_>, source: &PinSource, texts: &Texts) -> Result<Secret> {
    let question = Question {
        prompt: "ask-pin",
        length: (card.token.min_pin_length(), card.token.max_pin_length()),
    };
    match card.tries() {
        Tries::NoPin => return fail(Exit::NotPossible, message!("no-pin")),
        Tries::None => return fail(Exit::PinBlocked, message!("pin-blocked")),
        Tries::Last if !source.last_try => terminal::confirm_last_try(texts, "last-try-pin")?,
        Tries::Last | Tries::Fewer | Tries::All => {}
    }
    let tries = tries_in_words(card.tries(), texts);
    let from = source::Source::of(&source.pin_file, source.pin_fd, &source.pinentry);
    ask(&from, question, Some(&tries), texts)
}

/// Asks until the answer has the form of a PIN. A file or a descriptor is asked once.
pub fn ask(
    source: &source::Source,
    question: Question,
    tries: Option<&str>,
    texts: &Texts,
) -> Result<Secret> {
    let mut complaint = None;
    for _ in 0..ROUNDS {
        let answer = source.read(question.prompt, tries, complaint.as_ref(), texts)?;
        match question.check(&answer) {
            Ok(()) => return Ok(answer),
            Err(what) => complaint = Some(what),
        }
        if !source.is_person() {
            break;
        }
    }
    fail(Exit::PinRefused, complaint.unwrap_or(message!("pin-cancelled")))
}

/// A PIN as the module takes it; it wipes it too.
pub fn auth(secret: &Secret) -> AuthPin {
    AuthPin::new(secret.as_str().into())
}

/// Presents the holder's PIN.
pub fn log_in(card: &mut Card<'_>, open: &Open, secret: &Secret) -> Result<()> {
    let answer = open.log_in(&auth(secret));
    answer.map_err(|error| refusal(card, &error))
}

/// What the refusal of a PIN means; tries are those that are left now.
pub fn refusal(card: &mut Card<'_>, error: &Error) -> Failure {
    let Error::Pkcs11(RvError::PinIncorrect | RvError::PinLocked, _) = error else {
        return module::failure(error);
    };
    let known = card.refresh().is_ok();
    match card.tries() {
        Tries::None => Failure::new(Exit::PinBlocked, message!("pin-blocked-now")),
        Tries::Last if known => Failure::new(Exit::PinRefused, message!("pin-refused-last")),
        _ if known => Failure::new(Exit::PinRefused, message!("pin-refused")),
        _ => module::failure(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_of_the_right_number_go_to_the_card() {
        let question = Question {
            prompt: "ask-pin",
            length: (4, 8),
        };
        for good in ["1234", "12345678"] {
            assert_eq!(question.check(good), Ok(()), "{good}");
        }
        for bad in ["", "123", "123456789", "12 4", "abcd", "１２３４"] {
            let message = question.check(bad).unwrap_err();
            assert_eq!(message.key, "pin-form", "{bad}");
        }
    }
}
