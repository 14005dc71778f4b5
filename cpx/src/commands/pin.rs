//! `cpx pin`: change, unblock, check. Each presents a PIN once.

use cryptoki::session::UserType;

use super::{Context, Report, describe};
use crate::arguments::{Change, Check, NewPinSource, Pin, Unblock};
use crate::message;
use crate::module::{Card, Tries, failure};
use crate::outcome::{Exit, Failure, Result, fail};
use crate::pin::source::Source;
use crate::pin::{self, Question, Secret, terminal};
use crate::say;

/// An unblocking code has eight digits.
const PUK_LENGTH: (usize, usize) = (8, 8);

/// The command.
pub fn run(arguments: &Pin, context: &Context) -> Result<Report> {
    match arguments {
        Pin::Change(arguments) => change(arguments, context),
        Pin::Unblock(arguments) => unblock(arguments, context),
        Pin::Check(arguments) => check(arguments, context),
    }
}

fn check(arguments: &Check, context: &Context) -> Result<Report> {
    let module = context.module()?;
    let mut card = module.card(context.reader())?;
    if Source::of(
        &arguments.pin.pin_file,
        arguments.pin.pin_fd,
        &arguments.pin.pinentry,
    )
    .is_person()
    {
        crate::screen::eprint(&format!("{}\n", context.texts.get("check-costs")));
    }
    let secret = pin::of_holder(&card, &arguments.pin, &context.texts)?;
    let busy = context.busy("busy-pin");
    let open = card.open()?;
    pin::log_in(&mut card, &open, &secret)?;
    drop(open);
    drop(busy);
    done(&mut card, "pin-right", context)
}

fn change(arguments: &Change, context: &Context) -> Result<Report> {
    let module = context.module()?;
    let mut card = module.card(context.reader())?;
    let old = pin::of_holder(&card, &arguments.pin, &context.texts)?;
    let new = new_pin(&card, &arguments.new, &arguments.pin.pinentry, context)?;
    let busy = context.busy("busy-pin");
    let open = card.open_to_write()?;
    let guard = crate::interrupts::during("interrupted-pin");
    let answer = open.0.set_pin(&pin::auth(&old), &pin::auth(&new));
    drop(guard);
    drop(open);
    drop(busy);
    answer.map_err(|error| pin::refusal(&mut card, &error))?;
    done(&mut card, "pin-changed", context)
}

fn unblock(arguments: &Unblock, context: &Context) -> Result<Report> {
    let module = context.module()?;
    let mut card = module.card(context.reader())?;
    let source = &arguments.puk;
    match card.puk_tries() {
        Tries::NoPin => return fail(Exit::NotPossible, message!("no-pin")),
        Tries::None => return fail(Exit::PinBlocked, message!("puk-blocked")),
        Tries::Last if !source.last_try => terminal::confirm_last_try(&context.texts, "last-try-puk")?,
        Tries::Last | Tries::Fewer | Tries::All => {}
    }
    let question = Question {
        prompt: "ask-puk",
        length: PUK_LENGTH,
    };
    let from = Source::of(&source.puk_file, source.puk_fd, &source.pinentry);
    let puk = pin::ask(&from, question, None, &context.texts)?;
    let new = new_pin(&card, &arguments.new, &source.pinentry, context)?;
    let busy = context.busy("busy-pin");
    let open = card.open_to_write()?;
    let guard = crate::interrupts::during("interrupted-pin");
    let answer = open.0.login(UserType::So, Some(&pin::auth(&puk)));
    let answer = answer
        .map_err(|error| puk_refusal(&mut card, &error))
        .and_then(|()| open.0.init_pin(&pin::auth(&new)).map_err(|error| failure(&error)));
    drop(guard);
    drop(open);
    drop(busy);
    answer?;
    done(&mut card, "pin-unblocked", context)
}

fn puk_refusal(card: &mut Card<'_>, error: &cryptoki::error::Error) -> Failure {
    let refused = failure(error);
    match refused.exit {
        Exit::PinRefused | Exit::PinBlocked => match card.refresh().map(|()| card.puk_tries()) {
            Ok(Tries::None) => Failure::new(Exit::PinBlocked, message!("puk-blocked")),
            Ok(Tries::Last) => Failure::new(Exit::PinRefused, message!("puk-refused-last")),
            _ => Failure::new(Exit::PinRefused, message!("puk-refused")),
        },
        _ => refused,
    }
}

/// A new PIN; a person types it twice.
fn new_pin(
    card: &Card<'_>,
    source: &NewPinSource,
    pinentry: &Option<std::path::PathBuf>,
    context: &Context,
) -> Result<Secret> {
    let texts = &context.texts;
    let length = (card.token.min_pin_length(), card.token.max_pin_length());
    let from = Source::of(&source.new_pin_file, source.new_pin_fd, pinentry);
    let prompt = "ask-new-pin";
    let first = pin::ask(&from, Question { prompt, length }, None, texts)?;
    if !from.is_person() {
        return Ok(first);
    }
    let prompt = "ask-new-pin-again";
    let second = pin::ask(&from, Question { prompt, length }, None, texts)?;
    match *first == *second {
        true => Ok(first),
        false => fail(Exit::Usage, message!("pins-differ")),
    }
}

/// What was done, and how many tries there are now.
fn done(card: &mut Card<'_>, key: &'static str, context: &Context) -> Result<Report> {
    let texts = &context.texts;
    card.refresh()?;
    let mut report = Report::default();
    let words = texts.get(key);
    let sign = context.screen.mark(crate::screen::Mark::Good);
    let tries = pin::tries_in_words(card.tries(), texts);
    report.text = format!("{sign} {words} {}\n", say!(texts, "tries-now", tries = tries));
    report.put("result", key);
    report.put("pin", describe::pin_for_programs(card.tries()));
    Ok(report)
}
