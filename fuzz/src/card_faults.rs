//! What goes wrong between a simulated card and the module: the card works rightly, its answers arrive changed, or
//! somebody pulls it, or another program uses it.

use sim_cards::{Action, Interceptor};

use crate::application::{self, NEW_PIN, Work, sensible};
use crate::cards::{Kind, READER};
use crate::input::Input;
use cryptoki_sys::{CKF_RW_SESSION, CKF_SERIAL_SESSION, CKR_PIN_INCORRECT, CKR_PIN_LOCKED};
use testkit::{Card, Ckr, Module, PIN, Rack};

/// Faults of one input.
const FAULTS_MAX: usize = 8;

/// What happens in an exchange.
#[derive(Clone, Debug)]
enum Fault {
    Pull,
    Mute,
    Reset,
    OtherApplication,
    Status(u16),
    Truncate(usize),
    Lengthen(Vec<u8>),
    Put(usize, u8),
    Flip(usize, u8),
    Instead(Vec<u8>),
    /// Answers are cut to this many bytes from here on.
    Short(usize),
}

impl Fault {
    /// The first byte says which.
    fn read(input: &mut Input<'_>) -> Fault {
        match input.byte() % 11 {
            0 => Fault::Pull,
            1 => Fault::Mute,
            2 => Fault::Reset,
            3 => Fault::OtherApplication,
            4 => Fault::Status(input.short()),
            5 => Fault::Truncate(input.byte().into()),
            6 => {
                let length = usize::from(input.byte());
                Fault::Lengthen(input.bytes(length).to_vec())
            }
            7 => Fault::Put(input.byte().into(), input.byte()),
            8 => Fault::Flip(input.byte().into(), 1 << (input.byte() % 8)),
            9 => {
                let length = usize::from(input.byte());
                Fault::Instead(input.bytes(length).to_vec())
            }
            _ => Fault::Short(usize::from(input.byte()).max(1)),
        }
    }
}

/// Faults, each with the number of exchanges since the one before.
struct Planned {
    faults: Vec<(u8, Fault)>,
    due: Option<Fault>,
    longest: usize,
}

impl Interceptor for Planned {
    fn command(&mut self, _: u64, _: &[u8]) -> Action {
        self.due = None;
        match self.faults.last_mut() {
            None => return Action::Pass,
            Some((0, _)) => self.due = self.faults.pop().map(|(_, fault)| fault),
            Some((wait, _)) => {
                *wait -= 1;
                return Action::Pass;
            }
        }
        match &self.due {
            Some(Fault::Pull) => Action::Remove,
            Some(Fault::Mute) => Action::Mute,
            Some(Fault::Reset) => Action::Reset,
            Some(Fault::OtherApplication) => {
                let select = |class: u8| vec![class, 0xA4, 0x04, 0x0C, 8, 0x80, 0x25, 0, 0, 1, 0xFF, 0, 2];
                Action::After(vec![select(0x00), select(0x01)])
            }
            _ => Action::Pass,
        }
    }

    fn answer(&mut self, _: u64, _: &[u8], answer: &mut Vec<u8>) {
        let data = answer.len().saturating_sub(2);
        match self.due.take() {
            Some(Fault::Status(status)) => *answer = status.to_be_bytes().to_vec(),
            Some(Fault::Truncate(length)) => drop(answer.drain(length.min(data)..data)),
            Some(Fault::Lengthen(more)) => drop(answer.splice(data..data, more)),
            Some(Fault::Put(at, value)) => answer.iter_mut().skip(at).take(1).for_each(|byte| *byte = value),
            Some(Fault::Flip(at, bit)) => answer.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bit),
            Some(Fault::Instead(other)) => *answer = other,
            Some(Fault::Short(longest)) => self.longest = longest,
            _ => {}
        }
        let data = answer.len().saturating_sub(2);
        if data > self.longest {
            answer.drain(self.longest..data);
        }
    }
}

/// `kind of card, piece of work`, then faults with the exchanges between them.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let kind = input.choose(&Kind::ALL);
    let what = input.choose(&Work::ALL);
    let mut faults = Vec::new();
    while !input.is_empty() && faults.len() < FAULTS_MAX {
        faults.push((input.byte(), Fault::read(&mut input)));
    }
    let described = format!("{faults:?}");
    faults.reverse();
    kind.keys();

    let rack = Rack::new();
    rack.plug(READER);
    let card = rack.insert(READER, kind.card());
    card.sim().set_interceptor(Planned {
        faults,
        due: None,
        longest: usize::MAX,
    });
    let tries = card.tries_left();
    let unblocking_tries = card.sim().puk_tries_left();
    let module = Module::idle(&rack);
    application::initialize(&module);
    application::work(&module, what, kind);

    let spent = tries.saturating_sub(card.tries_left());
    assert!(
        spent <= what.presentations(),
        "{spent} tries of the code are gone after {described}"
    );
    let spent = unblocking_tries.saturating_sub(card.sim().puk_tries_left());
    assert!(
        spent <= u8::from(what == Work::Unblock),
        "{spent} tries of the unblocking code are gone"
    );
    works_again(&module, &rack, &card, what, kind);
}

/// The card is put back, in the same module: everything is as before.
fn works_again(module: &Module, rack: &Rack, card: &Card, what: Work, kind: Kind) {
    card.sim().clear_interceptor();
    if card.sim().is_present() {
        rack.pull(READER);
    }
    rack.put_back(READER, card);
    let slots = module.slots(true).expect("slots of a card that was put back");
    let session = module
        .open(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION)
        .expect("a session with a card that was put back");
    if kind == Kind::Contactless {
        return;
    }
    let tries = card.tries_left();
    let codes = match what {
        Work::ChangeCode | Work::Unblock => &[PIN, NEW_PIN][..],
        _ => &[PIN],
    };
    for code in codes {
        match session.login(code) {
            Ok(()) => {
                assert!(tries > 0, "a login with a blocked code");
                assert!(card.sim().is_holder_verified());
                sensible(session.logout());
                assert!(
                    !card.sim().is_holder_verified(),
                    "logged out, and the card is open"
                );
                return;
            }
            Err(Ckr(CKR_PIN_LOCKED)) => assert_eq!(card.tries_left(), 0),
            // Padded as a damaged directory wants it, another code may have been set than was meant.
            Err(Ckr(CKR_PIN_INCORRECT)) => assert!(codes.len() > 1, "the code of the card is refused"),
            Err(other) => panic!("{other:?} from a card that was put back"),
        }
    }
}

/// Each piece of work with each card, and each fault at some exchange.
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for (kind_number, kind) in (0..).zip(Kind::ALL) {
        for (work_number, what) in (0..).zip(Work::ALL) {
            let name = format!("{kind:?}-{what:?}").to_lowercase();
            seeds.push((name.clone(), vec![kind_number, work_number]));
            let fault = (kind_number + work_number) % 11;
            let wait = 3 * work_number;
            let details = [0x6A, 0x82, 0x90, 0x00];
            let seed = [&[kind_number, work_number, wait, fault][..], &details].concat();
            seeds.push((format!("{name}-fault"), seed));
        }
    }
    seeds
}
