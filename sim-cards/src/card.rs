//! A whole card: power, protocol, trace, and the application of its chip.

use std::time::Instant;

use crate::Chip;
use crate::apdu::{Apdu, ins};
use crate::chipdoc::ChipDoc;
use crate::codes::Code;
use crate::ias_ecc::IasEcc;
use crate::layout;
use crate::persona::Persona;
use crate::pki::Validity;
use crate::profile::Profile;
use crate::status::Status;
use crate::trace::{Exchange, Totals};
use crate::transport::{Answer, Waiting};

/// Transmission protocol between card and reader (ISO 7816-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Answers to commands with data wait for GET RESPONSE.
    T0,
    /// Answers come at once.
    T1,
}

/// How one card differs from what its content says; `None` keeps it.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `None`: T=0 for a CPS3, T=1 for a CPS4.
    pub protocol: Option<Protocol>,
    /// `None`: the ATR of the chip; for a CPS4 over T=0 the one that offers nothing else.
    pub atr: Option<Vec<u8>>,
    /// The holder code, four to eight digits.
    pub pin: Option<String>,
    /// Tries of the holder code that are left, three at most.
    pub tries: Option<u8>,
    /// The unblocking code, eight digits.
    pub puk: Option<String>,
    /// Tries of the unblocking code that are left, ten at most.
    pub puk_tries: Option<u8>,
    /// How often the unblocking code can still be used, a hundred times when new.
    pub puk_uses: Option<u16>,
    /// CPS4: the root application is refused with `6985` until the recovery sequence was run.
    pub needs_recovery: bool,
    /// The card of a persona on another chip than its own.
    pub chip: Option<Chip>,
    /// Whether the card of a persona has CPS_DATA. `None`: a CPS3 has; a CPS4 has not, as observed on a real one.
    pub writable_area: Option<bool>,
}

/// Tries of the holder code of a new card.
const TRIES: u8 = 3;
/// Tries and uses of the unblocking code of a new card.
const UNBLOCKING_TRIES: u8 = 10;
const UNBLOCKING_USES: u16 = 100;

/// Both codes of a card, shared by all its applications, keys and logical channels.
#[derive(Debug, Clone)]
pub struct Codes {
    pub(crate) holder: Code,
    pub(crate) unblocking: Code,
}

impl Codes {
    fn new(profile: &Profile, options: &Options) -> Self {
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

    /// The code of this reference.
    pub(crate) fn get_mut(&mut self, reference: u8) -> Result<&mut Code, Status> {
        match reference {
            layout::HOLDER_CODE => Ok(&mut self.holder),
            layout::UNBLOCKING_CODE => Ok(&mut self.unblocking),
            _ => Err(Status::DATA_NOT_FOUND),
        }
    }

    /// Refuses what needs the holder code while it is not given.
    pub(crate) fn require_holder(&self) -> Result<(), Status> {
        if self.holder.is_verified() {
            Ok(())
        } else {
            Err(Status::CODE_NEEDED)
        }
    }

    /// VERIFY: empty asks for the state.
    pub(crate) fn verify(&mut self, reference: u8, value: &[u8]) -> Answer {
        let code = self.get_mut(reference)?;
        if value.is_empty() {
            code.state()
        } else {
            code.verify(value)
        }
        .map(|()| Vec::new())
    }

    fn forget_verification(&mut self) {
        self.holder.forget_verification();
        self.unblocking.forget_verification();
    }
}

/// What one chip does with commands, whatever carries them.
pub(crate) trait Application: Send {
    /// Power was lost or the reset line pulled: everything selected or set is gone. Codes are seen to by the card.
    fn reset(&mut self);

    /// Executes one command.
    fn execute(&mut self, apdu: &Apdu<'_>, codes: &mut Codes) -> Answer;
}

/// What an [`Interceptor`] does with a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The card answers it.
    Pass,
    /// This answer is given, status word included; the card does not see the command.
    Answer(Vec<u8>),
    /// The card is pulled out before it answers.
    Remove,
}

/// Something between reader and card: faults, delays, another program.
pub trait Interceptor: Send {
    /// Called before the card sees command number `number`, counted from 1.
    fn command(&mut self, number: u64, command: &[u8]) -> Action {
        let _ = (number, command);
        Action::Pass
    }

    /// Called with the answer on its way back, which may be changed.
    fn answer(&mut self, number: u64, command: &[u8], answer: &mut Vec<u8>) {
        let _ = (number, command, answer);
    }
}

/// Pulls the card out before it answers command number `.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PullAt(pub u64);

impl Interceptor for PullAt {
    fn command(&mut self, number: u64, _: &[u8]) -> Action {
        if number == self.0 {
            Action::Remove
        } else {
            Action::Pass
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Power {
    On,
    Off,
    /// Pulled out of the reader.
    Away,
}

type Observer = Box<dyn FnMut(&Exchange) + Send>;

/// One simulated card.
///
/// It keeps its counters, its codes and what was written on it from one insertion to the next, as a real card does.
pub struct SimCard {
    chip: Chip,
    protocol: Protocol,
    atr: Vec<u8>,
    power: Power,
    codes: Codes,
    application: Box<dyn Application>,
    waiting: Waiting,
    interceptor: Option<Box<dyn Interceptor>>,
    observer: Option<Observer>,
    exchanges: Option<Vec<Exchange>>,
    totals: Totals,
}

impl SimCard {
    /// A card with this content, in the reader but without power.
    pub fn new(profile: &Profile, options: &Options) -> Self {
        let chip = profile.chip;
        let protocol = options.protocol.unwrap_or(match chip {
            Chip::Cps3 => Protocol::T0,
            Chip::Cps4 => Protocol::T1,
        });
        let atr: &[u8] = match (chip, protocol) {
            (Chip::Cps3, _) => &layout::ATR_CPS3,
            (Chip::Cps4, Protocol::T1) => &layout::ATR_CPS4,
            (Chip::Cps4, Protocol::T0) => &layout::ATR_CPS4_T0,
        };
        Self {
            chip,
            protocol,
            atr: options.atr.clone().unwrap_or_else(|| atr.to_vec()),
            power: Power::Off,
            codes: Codes::new(profile, options),
            application: match chip {
                Chip::Cps3 => Box::new(IasEcc::new(profile)),
                Chip::Cps4 => Box::new(ChipDoc::new(profile, options.needs_recovery)),
            },
            waiting: Waiting::default(),
            interceptor: None,
            observer: None,
            exchanges: None,
            totals: Totals::default(),
        }
    }

    /// The card of a persona, with certificates that are valid as the persona says, seen from today.
    pub fn from_persona(persona: &Persona, options: &Options) -> Self {
        let chip = options.chip.unwrap_or(persona.chip);
        let mut profile = Profile::of(persona, chip, &Validity::relative_to_today());
        if !options.writable_area.unwrap_or(chip == Chip::Cps3) {
            profile.data.retain(|object| object.label != "CPS_DATA");
        }
        Self::new(&profile, options)
    }

    /// The chip of the card.
    pub fn chip(&self) -> Chip {
        self.chip
    }

    /// The protocol it speaks.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The answer to reset, whether the card has power or not.
    pub fn atr(&self) -> &[u8] {
        &self.atr
    }

    /// Switches the card on; gives its ATR, `None` if it was pulled out.
    pub fn power_on(&mut self) -> Option<&[u8]> {
        self.reset()
    }

    /// Resets the card: selected files, logical channels, given codes and half-done operations are gone.
    pub fn reset(&mut self) -> Option<&[u8]> {
        if self.power == Power::Away {
            return None;
        }
        self.clear();
        self.power = Power::On;
        Some(&self.atr)
    }

    /// Switches the card off.
    pub fn power_off(&mut self) {
        if self.power == Power::On {
            self.power = Power::Off;
        }
        self.clear();
    }

    /// Pulls the card out of the reader; it answers nothing until [`SimCard::insert`].
    pub fn remove(&mut self) {
        self.power = Power::Away;
        self.clear();
    }

    /// Puts a pulled card back, without power.
    pub fn insert(&mut self) {
        if self.power == Power::Away {
            self.power = Power::Off;
        }
    }

    /// Whether the card is in the reader.
    pub fn is_present(&self) -> bool {
        self.power != Power::Away
    }

    /// Whether the holder code is given and still counts: what another program on the same reader could use.
    pub fn is_holder_verified(&self) -> bool {
        self.codes.holder.is_verified()
    }

    /// Tries of the holder code that are left.
    pub fn tries_left(&self) -> u8 {
        self.codes.holder.tries_left()
    }

    /// Tries of the unblocking code that are left.
    pub fn puk_tries_left(&self) -> u8 {
        self.codes.unblocking.tries_left()
    }

    /// Puts something between reader and card, in place of what was there.
    pub fn set_interceptor(&mut self, interceptor: impl Interceptor + 'static) {
        self.interceptor = Some(Box::new(interceptor));
    }

    /// Takes it away.
    pub fn clear_interceptor(&mut self) {
        self.interceptor = None;
    }

    /// Calls `observer` after each exchange.
    pub fn set_observer(&mut self, observer: impl FnMut(&Exchange) + Send + 'static) {
        self.observer = Some(Box::new(observer));
    }

    /// Keeps exchanges from now on, for [`SimCard::take_trace`].
    pub fn start_trace(&mut self) {
        self.exchanges.get_or_insert_default();
    }

    /// The exchanges kept since the last call.
    pub fn take_trace(&mut self) -> Vec<Exchange> {
        self.exchanges.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Sums over all exchanges since the card was made.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Sends one command and gives the answer, status word at its end; empty if the card has no power or is away.
    pub fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        if self.power != Power::On {
            return Vec::new();
        }
        let number = self.totals.apdus + 1;
        let start = Instant::now();
        let action = match &mut self.interceptor {
            Some(interceptor) => interceptor.command(number, command),
            None => Action::Pass,
        };
        let mut answer = match action {
            Action::Pass => self.process(command),
            Action::Answer(answer) => answer,
            Action::Remove => {
                self.remove();
                Vec::new()
            }
        };
        if self.is_present()
            && let Some(interceptor) = &mut self.interceptor
        {
            interceptor.answer(number, command, &mut answer);
        }
        self.record(Exchange {
            number,
            command: command.to_vec(),
            answer: answer.clone(),
            elapsed: start.elapsed(),
        });
        answer
    }

    fn process(&mut self, command: &[u8]) -> Vec<u8> {
        let apdu = match Apdu::parse(command) {
            Ok(apdu) => apdu,
            Err(status) => {
                self.waiting.clear();
                return status.to_bytes().to_vec();
            }
        };
        if apdu.ins == ins::GET_RESPONSE {
            return self.waiting.get_response(&apdu);
        }
        self.waiting.clear();
        let answer = self.application.execute(&apdu, &mut self.codes);
        self.waiting.respond(self.protocol, &apdu, answer)
    }

    fn record(&mut self, exchange: Exchange) {
        self.totals.add(&exchange);
        if let Some(observer) = &mut self.observer {
            observer(&exchange);
        }
        if let Some(exchanges) = &mut self.exchanges {
            exchanges.push(exchange);
        }
    }

    fn clear(&mut self) {
        self.codes.forget_verification();
        self.application.reset();
        self.waiting.clear();
    }
}

impl std::fmt::Debug for SimCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimCard")
            .field("chip", &self.chip)
            .field("protocol", &self.protocol)
            .field("power", &self.power)
            .field("codes", &self.codes)
            .field("totals", &self.totals)
            .finish_non_exhaustive()
    }
}
