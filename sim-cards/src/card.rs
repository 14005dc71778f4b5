//! A whole card: power, protocol, trace, and the application of its chip.

use std::time::{Duration, Instant};

use crate::chips::application::Application;
use crate::chips::chipdoc::ChipDoc;
use crate::chips::codes::Codes;
use crate::chips::ias_ecc::IasEcc;
use crate::chips::vitale::{self, Vitale};
use crate::holder::date::{Date, Validity};
use crate::holder::insured::Insured;
use crate::holder::persona::{Directory, Persona};
use crate::iso7816::apdu::{Apdu, ins};
use crate::iso7816::files::{FileSystem, Kind};
use crate::iso7816::interface::Interface;
use crate::iso7816::interface::Protocol;
use crate::iso7816::transport::{LARGEST_ANSWER, Waiting};
use crate::issuer::pkcs15;
use crate::issuer::profile::Profile;
use crate::kinds::chip::{Chip, Model};
use crate::line::faults::{Delays, Faults, PlannedFault};
use crate::line::interceptor::{Action, Interceptor};
use crate::line::timing::Timing;
use crate::line::trace::{Exchange, Totals};
use crate::model::layout;
use crate::options::Options;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Power {
    On,
    Off,
    /// On, and silent until the next reset.
    Mute,
    /// Pulled out of the reader.
    Away,
}

type Observer = Box<dyn FnMut(&Exchange) + Send>;

/// One simulated card.
///
/// It keeps its counters, its codes and what was written on it from one insertion to the next, as a real card does.
pub struct SimCard {
    model: Model,
    protocol: Protocol,
    atr: Vec<u8>,
    power: Power,
    codes: Codes,
    application: Box<dyn Application>,
    waiting: Waiting,
    faults: Faults,
    interceptor: Option<Box<dyn Interceptor>>,
    foreign_resets: u64,
    timing: Timing,
    delay: Option<Timing>,
    observer: Option<Observer>,
    exchanges: Option<Vec<Exchange>>,
    totals: Totals,
}

impl SimCard {
    /// A card with this content, in the reader but without power.
    pub fn new(profile: &Profile, options: &Options) -> Self {
        let model = match (profile.chip, options.interface) {
            (Chip::Cps3, Interface::Contact) => Model::Cps3,
            (Chip::Cps3, Interface::Contactless) => Model::Cps3Contactless,
            (Chip::Cps4, _) => Model::Cps4,
        };
        let protocol = options.protocol.unwrap_or(match model {
            Model::Cps3 | Model::Vitale2 => Protocol::T0,
            Model::Cps3Contactless | Model::Cps4 => Protocol::T1,
        });
        let atr: &[u8] = match (model, protocol) {
            (Model::Cps3Contactless, _) => &layout::ATR_CPS3_CONTACTLESS,
            (Model::Cps4, Protocol::T0) => &layout::ATR_CPS4_T0,
            (Model::Cps4, Protocol::T1) if options.release_candidate => &layout::ATR_CPS4_CANDIDATE,
            (Model::Cps4, Protocol::T1) => &layout::ATR_CPS4,
            _ => &layout::ATR_CPS3,
        };
        let application: Box<dyn Application> = match profile.chip {
            Chip::Cps3 => Box::new(IasEcc::new(profile, options.interface)),
            Chip::Cps4 => Box::new(ChipDoc::new(profile, options.needs_recovery)),
        };
        Self::assemble(
            (model, protocol, atr),
            application,
            Codes::new(profile, options),
            options,
        )
    }

    /// A Vitale 2. Of the options ATR, largest answer and delay count.
    pub fn vitale(insured: &Insured, options: &Options) -> Self {
        Self::assemble(
            (Model::Vitale2, Protocol::T0, &vitale::atr(insured.version())),
            Box::new(Vitale::new(insured)),
            Codes::none(),
            options,
        )
    }

    fn assemble(
        (model, protocol, atr): (Model, Protocol, &[u8]),
        application: Box<dyn Application>,
        codes: Codes,
        options: &Options,
    ) -> Self {
        let atr = options.atr.clone().unwrap_or_else(|| atr.to_vec());
        let timing = match model {
            Model::Cps3Contactless => Timing::contactless(private_key_time(model)),
            _ => Timing::contact(&atr, protocol, private_key_time(model)),
        };
        Self {
            model,
            protocol,
            atr,
            power: Power::Off,
            codes,
            application,
            waiting: Waiting::new(options.largest_answer.unwrap_or(LARGEST_ANSWER)),
            faults: Faults::default(),
            interceptor: None,
            foreign_resets: 0,
            timing,
            delay: options.delay,
            observer: None,
            exchanges: None,
            totals: Totals::default(),
        }
    }

    /// The card of a persona, with certificates that are valid as the persona says, seen from today.
    pub fn from_persona(persona: &Persona, options: &Options) -> Self {
        Self::issued(persona, options, &Validity::relative_to_today())
    }

    /// The same on another day: its certificates and dates are those of a card that is used on `day`.
    pub fn from_persona_at(persona: &Persona, options: &Options, day: Date) -> Self {
        Self::issued(persona, options, &Validity::at(day))
    }

    fn issued(persona: &Persona, options: &Options, validity: &Validity) -> Self {
        let chip = options.chip.unwrap_or(persona.chip);
        let mut persona = persona.clone();
        if let Some(serial) = options.serial {
            persona.set_serial(serial);
        }
        persona.certificates.minimum_size = options.certificate_size.or(persona.certificates.minimum_size);
        let mut profile = Profile::of(&persona, chip, validity);
        if let Some(label) = &options.label {
            profile.label.clone_from(label);
        }
        if !options.writable_area.unwrap_or(chip == Chip::Cps3) {
            profile.data.retain(|object| object.label != "CPS_DATA");
        }
        Self::new(&profile, options)
    }

    /// What card it is.
    pub fn model(&self) -> Model {
        self.model
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
        if self.power != Power::Away {
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

    /// Content of a directory file: what an odd one can be made of. `None` where the card has none.
    pub fn directory(&self, directory: Directory, application: Interface) -> Option<Vec<u8>> {
        let path = pkcs15::directory_file(directory, application);
        let mut files = self.trees().into_iter().flat_map(|(_, tree)| tree.files());
        files.find_map(|file| match &file.kind {
            Kind::Elementary { content, .. } if file.path == path => Some(content.clone()),
            _ => None,
        })
    }

    pub(crate) fn trees(&self) -> Vec<(&'static str, &FileSystem)> {
        self.application.trees()
    }

    pub(crate) fn codes(&self) -> &Codes {
        &self.codes
    }

    /// Puts something between reader and card, in place of what was there.
    pub fn set_interceptor(&mut self, interceptor: impl Interceptor + 'static) {
        self.interceptor = Some(Box::new(interceptor));
    }

    /// Takes it away.
    pub fn clear_interceptor(&mut self) {
        self.interceptor = None;
    }

    /// Plans a fault, beside those that are planned already and whatever the interceptor does. A fault that keeps the
    /// card from answering comes before the interceptor.
    pub fn add_fault(&mut self, fault: PlannedFault) {
        self.faults.add(fault);
    }

    /// Forgets every planned fault.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// The delays that planned faults have begun, told without waiting for the command that they delay.
    pub fn delays(&self) -> Delays {
        self.faults.delays()
    }

    /// Resets by another program, as a fault or an interceptor made them: PC/SC would tell its clients of them.
    pub fn foreign_resets(&self) -> u64 {
        self.foreign_resets
    }

    /// How long a real card of this kind takes; [`Options::delay`] can make this one as slow.
    pub fn timing(&self) -> Timing {
        self.timing
    }

    /// Makes the card take this time for its answers from now on; `None`: as little as it can.
    pub fn set_delay(&mut self, delay: Option<Timing>) {
        self.delay = delay;
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

    /// Sends one command and gives the answer, status word at its end; empty if the card has no power, is away or was
    /// made mute.
    pub fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        if matches!(self.power, Power::Off | Power::Away) {
            return Vec::new();
        }
        let number = self.totals.apdus + 1;
        let start = Instant::now();
        let mut answer = match self.action(number, command) {
            Action::Remove => {
                self.remove();
                Vec::new()
            }
            Action::Mute => {
                self.power = Power::Mute;
                Vec::new()
            }
            _ if self.power == Power::Mute => Vec::new(),
            Action::Pass => self.process(command),
            Action::Answer(answer) => answer,
            Action::Reset => {
                self.foreign_resets += 1;
                self.clear();
                self.process(command)
            }
            Action::After(others) => {
                for other in others {
                    self.process(&other);
                }
                self.process(command)
            }
        };
        if self.power == Power::On {
            self.faults.answer(number, command, &mut answer);
            if let Some(interceptor) = &mut self.interceptor {
                interceptor.answer(number, command, &mut answer);
            }
        }
        if let Some(delay) = self.delay {
            std::thread::sleep(delay.cost(command, &answer).saturating_sub(start.elapsed()));
        }
        self.record(Exchange {
            number,
            command: command.to_vec(),
            answer: answer.clone(),
            elapsed: start.elapsed(),
        });
        answer
    }

    /// What becomes of a command: the planned faults decide before the interceptor.
    fn action(&mut self, number: u64, command: &[u8]) -> Action {
        match (self.faults.command(number, command), &mut self.interceptor) {
            (Action::Pass, Some(interceptor)) => interceptor.command(number, command),
            (action, _) => action,
        }
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
        self.totals
            .add(&exchange, self.timing.cost(&exchange.command, &exchange.answer));
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

/// Fitted to the signatures in the official test results: 0.5 to 1 s on a CPS3, exchanges included, and well below one
/// second on a CPS4.
fn private_key_time(model: Model) -> Duration {
    Duration::from_millis(match model {
        Model::Cps3 | Model::Cps3Contactless => 350,
        Model::Cps4 => 200,
        Model::Vitale2 => 0,
    })
}

impl std::fmt::Debug for SimCard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimCard")
            .field("model", &self.model)
            .field("protocol", &self.protocol)
            .field("power", &self.power)
            .field("codes", &self.codes)
            .field("totals", &self.totals)
            .finish_non_exhaustive()
    }
}
