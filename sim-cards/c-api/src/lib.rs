//! The C interface of `sim-cards`, described in `include/sim_cards.h`. The only file with `unsafe`: it turns pointers
//! into slices and lets no panic cross the border.

use std::ffi::{CStr, c_char, c_int};
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sim_cards::insured;
use sim_cards::scenario::{CardDescription, ScenarioError};
use sim_cards::vpcd::{Address, Ending, Reader};
use sim_cards::{SimCard, guesses, persona, trace};

/// `fallback` if `work` panics: unwinding into C is undefined.
fn guarded<T>(fallback: T, work: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(fallback)
}

/// The text at `pointer`; `None` for NULL or text that is not UTF-8.
///
/// # Safety
/// `pointer` is NULL or a NUL-terminated string that stays as it is for `'a`.
unsafe fn text<'a>(pointer: *const c_char) -> Option<&'a str> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: not NULL, and terminated as the caller of this function promises.
    unsafe { CStr::from_ptr(pointer) }.to_str().ok()
}

/// Copies what fits into a caller's buffer; gives the whole length.
///
/// # Safety
/// `buffer` is NULL or has room for `size` bytes that nothing else uses.
unsafe fn give(bytes: &[u8], buffer: *mut u8, size: usize) -> usize {
    if !buffer.is_null() {
        let fitting = bytes.len().min(size);
        // SAFETY: `buffer` has room for `size` bytes, `fitting` is no more; `bytes` is ours and cannot overlap.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer, fitting) };
    }
    bytes.len()
}

/// [`give`] for a text: ends it with NUL also where it had to be cut.
///
/// # Safety
/// As [`give`].
unsafe fn give_text(text: &str, buffer: *mut c_char, size: usize) -> usize {
    let room = size.saturating_sub(1);
    let end = (0..=room.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or(0);
    let bytes = [text.as_bytes().get(..end).unwrap_or_default(), &[0]].concat();
    // SAFETY: the caller's promise is passed on.
    unsafe { give(&bytes, buffer.cast(), size) };
    text.len() + 1
}

/// Names of the holders: professionals, then the insured.
///
/// # Safety
/// `buffer` is NULL or has room for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sim_cards_personas(buffer: *mut c_char, size: usize) -> usize {
    guarded(0, || {
        let professionals = persona::all().into_iter().map(|persona| persona.name);
        let insured = insured::all().into_iter().map(|insured| insured.name);
        let names: Vec<String> = professionals.chain(insured).collect();
        // SAFETY: the caller's promise is passed on.
        unsafe { give_text(&names.join("\n"), buffer, size) }
    })
}

/// Replaces guesses; 1 if that could be done.
///
/// # Safety
/// `toml` is NULL or NUL-terminated; `error` is NULL or has room for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sim_cards_replace_guesses(
    toml: *const c_char,
    error: *mut c_char,
    size: usize,
) -> c_int {
    // SAFETY: NULL or terminated.
    let toml = unsafe { text(toml) };
    let replaced = guarded(Err("the guesses could not be replaced".to_owned()), || {
        guesses::replace(toml.ok_or("the text is missing, or is not UTF-8")?)
            .map_err(|error| error.to_string())
    });
    if let Err(reason) = &replaced {
        // SAFETY: the caller's promise is passed on.
        unsafe { give_text(reason, error, size) };
    }
    c_int::from(replaced.is_ok())
}

fn make(persona: &str, options: &str) -> Result<SimCard, ScenarioError> {
    let description = CardDescription {
        persona: Some(persona.into()),
        ..options.parse()?
    };
    description.issue()
}

/// A new card, NULL if something is wrong.
///
/// # Safety
/// `persona` and `options` are NULL or NUL-terminated; `error` is NULL or has room for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sim_card_new(
    persona: *const c_char,
    options: *const c_char,
    error: *mut c_char,
    size: usize,
) -> *mut SimCard {
    // SAFETY: both are NULL or terminated.
    let (persona, given) = unsafe { (text(persona), text(options)) };
    let made = guarded(Err("the card could not be made".to_owned()), || {
        let persona = persona.ok_or("the persona is missing, or is not UTF-8")?;
        if given.is_none() && !options.is_null() {
            return Err("the options are not UTF-8".into());
        }
        make(persona, given.unwrap_or_default()).map_err(|error| error.to_string())
    });
    match made {
        Ok(card) => Box::into_raw(Box::new(card)),
        Err(reason) => {
            // SAFETY: the caller's promise is passed on.
            unsafe { give_text(&reason, error, size) };
            std::ptr::null_mut()
        }
    }
}

/// Ends a card.
///
/// # Safety
/// `card` is NULL or comes from [`sim_card_new`] and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sim_card_free(card: *mut SimCard) {
    if !card.is_null() {
        // SAFETY: made by Box::into_raw in `sim_card_new`, and given back once.
        guarded((), || drop(unsafe { Box::from_raw(card) }));
    }
}

/// Runs `work` on a card; `fallback` for NULL.
///
/// # Safety
/// `card` is NULL or comes from [`sim_card_new`], and no other thread uses it meanwhile.
unsafe fn with<T>(card: *mut SimCard, fallback: T, work: impl FnOnce(&mut SimCard) -> T) -> T
where
    T: Copy,
{
    // SAFETY: NULL, or a living card that nobody else uses.
    match unsafe { card.as_mut() } {
        Some(card) => guarded(fallback, || work(card)),
        None => fallback,
    }
}

/// `with` for a card that is only looked at.
///
/// # Safety
/// As `with`.
unsafe fn look<T: Copy>(card: *const SimCard, fallback: T, work: impl FnOnce(&SimCard) -> T) -> T {
    // SAFETY: NULL, or a living card that nobody changes meanwhile.
    match unsafe { card.as_ref() } {
        Some(card) => guarded(fallback, || work(card)),
        None => fallback,
    }
}

/// Answer to reset.
///
/// # Safety
/// A card as in `with`; `buffer` is NULL or has room for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sim_card_atr(card: *const SimCard, buffer: *mut u8, size: usize) -> usize {
    // SAFETY: the caller's promises are passed on.
    unsafe { look(card, 0, |card| give(card.atr(), buffer, size)) }
}

/// Switches on.
///
/// # Safety
/// A card as in `with`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sim_card_power_on(card: *mut SimCard) -> c_int {
    // SAFETY: the caller's promise is passed on.
    unsafe { with(card, 0, |card| c_int::from(card.power_on().is_some())) }
}

/// Switches off.
///
/// # Safety
/// A card as in `with`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sim_card_power_off(card: *mut SimCard) {
    // SAFETY: the caller's promise is passed on.
    unsafe { with(card, (), SimCard::power_off) }
}

/// Resets.
///
/// # Safety
/// A card as in `with`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sim_card_reset(card: *mut SimCard) -> c_int {
    // SAFETY: the caller's promise is passed on.
    unsafe { with(card, 0, |card| c_int::from(card.reset().is_some())) }
}

/// Pulls the card out.
///
/// # Safety
/// A card as in `with`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sim_card_remove(card: *mut SimCard) {
    // SAFETY: the caller's promise is passed on.
    unsafe { with(card, (), SimCard::remove) }
}

/// Puts it back.
///
/// # Safety
/// A card as in `with`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sim_card_insert(card: *mut SimCard) {
    // SAFETY: the caller's promise is passed on.
    unsafe { with(card, (), SimCard::insert) }
}

/// Sends a command.
///
/// # Safety
/// A card as in `with`; `command` is NULL or has `length` bytes, `answer` is NULL or has room for `size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sim_card_transmit(
    card: *mut SimCard,
    command: *const u8,
    length: usize,
    answer: *mut u8,
    size: usize,
) -> usize {
    let command = if command.is_null() {
        Vec::new()
    } else {
        // SAFETY: `length` bytes stand there. Copied, as the answer may be written over the command.
        unsafe { std::slice::from_raw_parts(command, length) }.to_vec()
    };
    // SAFETY: the caller's promises are passed on.
    unsafe { with(card, 0, |card| give(&card.transmit(&command), answer, size)) }
}

/// Plans a fault.
///
/// # Safety
/// A card as in `with`; `fault` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sim_card_add_fault(card: *mut SimCard, fault: *const c_char) -> c_int {
    // SAFETY: NULL or terminated.
    let fault = unsafe { text(fault) };
    let add = |card: &mut SimCard| {
        card.add_fault(fault?.parse().ok()?);
        Some(())
    };
    // SAFETY: the caller's promise is passed on.
    unsafe { with(card, 0, |card| c_int::from(add(card).is_some())) }
}

/// Forgets every planned fault.
///
/// # Safety
/// A card as in `with`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sim_card_clear_faults(card: *mut SimCard) {
    // SAFETY: the caller's promise is passed on.
    unsafe { with(card, (), SimCard::clear_faults) }
}

/// Tries of the holder code that are left.
///
/// # Safety
/// A card as in `with`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sim_card_tries_left(card: *const SimCard) -> c_int {
    // SAFETY: the caller's promise is passed on.
    unsafe { look(card, -1, |card| c_int::from(card.tries_left())) }
}

/// Whether the holder code counts as given.
///
/// # Safety
/// A card as in `with`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sim_card_is_holder_verified(card: *const SimCard) -> c_int {
    // SAFETY: the caller's promise is passed on.
    unsafe { look(card, -1, |card| c_int::from(card.is_holder_verified())) }
}

/// The file tree as text.
///
/// # Safety
/// A card as in `with`; `buffer` is NULL or has room for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sim_card_dump(card: *const SimCard, buffer: *mut c_char, size: usize) -> usize {
    // SAFETY: the caller's promises are passed on.
    unsafe { look(card, 0, |card| give_text(&card.dump().to_string(), buffer, size)) }
}

/// Traces into a file.
///
/// # Safety
/// A card as in `with`; `file` and `format` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sim_card_trace(
    card: *mut SimCard,
    file: *const c_char,
    format: *const c_char,
) -> c_int {
    // SAFETY: both are NULL or terminated.
    let (file, format) = unsafe { (text(file), text(format)) };
    let trace = |card: &mut SimCard| {
        let format = match format? {
            "text" => trace::Format::Text,
            "json" => trace::Format::Json,
            _ => return None,
        };
        let output = File::create(file?).ok()?;
        card.set_observer(trace::Writer::new(output, format).into_observer());
        Some(())
    };
    // SAFETY: the caller's promise is passed on.
    unsafe { with(card, 0, |card| c_int::from(trace(card).is_some())) }
}

/// Serves a virtual reader.
///
/// # Safety
/// A card as in `with`; `host` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sim_card_serve(card: *mut SimCard, host: *const c_char, port: u16) -> c_int {
    // SAFETY: NULL or terminated.
    let host = unsafe { text(host) };
    let serve = |card: &mut SimCard| {
        let address = match host? {
            socket if socket.starts_with('/') => Address::Socket(socket.into()),
            host => Address::Port(host.into(), port),
        };
        let ending = Reader::connect_to(&address).ok()?.serve(card).ok()?;
        (ending != Ending::Occupied).then_some(())
    };
    // SAFETY: the caller's promise is passed on.
    unsafe { with(card, 0, |card| c_int::from(serve(card).is_some())) }
}
