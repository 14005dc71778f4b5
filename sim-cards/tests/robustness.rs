//! No command, however wrong, makes a card panic, answer nothing, or let a secret out.

mod common;

use std::sync::LazyLock;

use rsa::traits::PrivateKeyParts;
use sim_cards::{Chip, Interface, Options, Profile, Protocol, PullAt, SimCard, hex, insured};

/// Commands to all cards together, right ones and wrong ones.
const COMMANDS: usize = 1_000_000;

/// The codes of these tests: long, so that none of them appears in an answer by chance.
const HOLDER_CODE: &str = "86420975";
const UNBLOCKING_CODE: &str = "19283746";

/// xorshift64*: the same commands on every run, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

/// What a book says to its card.
#[derive(Clone)]
enum Line {
    NewCard,
    Reset,
    Command(Vec<u8>),
}

/// The lines of a book, with the codes of these tests in place of its own.
fn lines(book: &str) -> Vec<Line> {
    book.lines()
        .filter_map(|line| match line.split_once(' ') {
            Some((">", command)) => Some(Line::Command(with_codes_of_these_tests(common::bytes(command)))),
            Some(("=", "reset")) => Some(Line::Reset),
            Some(("=", _)) => Some(Line::NewCard),
            _ => None,
        })
        .collect()
}

fn with_codes_of_these_tests(command: Vec<u8>) -> Vec<u8> {
    let [_, 0x20 | 0x24, _, reference, _, data @ ..] = command.as_slice() else {
        return command;
    };
    let data = match (data.strip_prefix(b"1234"), reference) {
        (_, 0x02) => UNBLOCKING_CODE.as_bytes().to_vec(),
        (Some(rest), _) => [HOLDER_CODE.as_bytes(), rest].concat(),
        (None, _) => data.to_vec(),
    };
    [&command[..4], &[data.len() as u8], &data].concat()
}

/// Leaves a command as it is, or changes a byte, cuts it, or makes it longer.
fn mutate(random: &mut Random, command: &[u8]) -> Vec<u8> {
    let mut command = command.to_vec();
    for _ in 0..random.below(4) {
        match random.below(4) {
            0 => command.truncate(random.below(command.len() + 1)),
            1 => {
                let length = random.below(5);
                command.extend(random.bytes(length));
            }
            _ => {
                let place = random.below(command.len().max(1));
                let value = random.next() as u8;
                command
                    .get_mut(place)
                    .map(|byte| *byte = value)
                    .unwrap_or_default();
            }
        }
    }
    command
}

fn uses_a_private_key(command: &[u8]) -> bool {
    matches!(command, [_, 0x88, ..] | [_, 0x2A, 0x80 | 0x9E, ..])
}

/// What must not come out.
struct Secrets {
    /// At no time: codes, parts of private keys.
    always: Vec<Vec<u8>>,
    /// Without the holder code: what it protects.
    protected: Vec<Vec<u8>>,
    /// Whether every key asks for the holder code.
    keys_ask_for_the_code: bool,
}

impl Secrets {
    fn of(profile: &Profile, interface: Interface) -> Self {
        let credentials = &profile.credentials;
        let keys = [
            &credentials.signature,
            &credentials.authentication,
            &credentials.technical,
        ];
        let numbers = keys.iter().flat_map(|credential| {
            let primes = credential.key.primes().iter().map(|prime| prime.to_be_bytes());
            primes.chain([credential.key.d().to_be_bytes()])
        });
        let mut always: Vec<Vec<u8>> = numbers
            .map(|number| number[number.len() - 64..][..16].to_vec())
            .collect();
        always.extend([HOLDER_CODE, UNBLOCKING_CODE].map(|code| code.as_bytes().to_vec()));
        Self {
            always,
            protected: PROTECTED.map(|mark| mark.to_vec()).to_vec(),
            keys_ask_for_the_code: interface == Interface::Contact,
        }
    }

    fn none() -> Self {
        Self {
            always: Vec::new(),
            protected: Vec::new(),
            keys_ask_for_the_code: true,
        }
    }

    /// What an answer brings out; `holder` tells whether the code was given before or during the command.
    fn out(&self, holder: bool, command: &[u8], answer: &[u8]) -> Option<&'static str> {
        let holds = |secret: &Vec<u8>| answer.windows(secret.len()).any(|part| part == secret.as_slice());
        if self.always.iter().any(holds) {
            return Some("a code or a private key");
        }
        if holder {
            return None;
        }
        if self.protected.iter().any(holds) {
            return Some("protected data without the code");
        }
        // A link of a chain is acknowledged; nothing was computed yet.
        let acknowledged = command.first().is_some_and(|class| class & 0x10 != 0) && answer == [0x90, 0x00];
        let refused = answer.len() == 2 && !matches!(answer, [0x90 | 0x61, _]);
        (self.keys_ask_for_the_code && uses_a_private_key(command) && !acknowledged && !refused)
            .then_some("the use of a key without the code")
    }
}

/// In every protected file of these tests, and nowhere else.
const PROTECTED: [&[u8]; 3] = [b"PROTECTED ACTIVITY", b"PROTECTED BILLING", b"PROTECTED CPS2TER"];

fn profile(chip: Chip) -> &'static Profile {
    static CPS3: LazyLock<Profile> = LazyLock::new(|| with_marks(Chip::Cps3));
    static CPS4: LazyLock<Profile> = LazyLock::new(|| with_marks(Chip::Cps4));
    match chip {
        Chip::Cps3 => &CPS3,
        Chip::Cps4 => &CPS4,
    }
}

fn with_marks(chip: Chip) -> Profile {
    let mut profile = common::profile(chip).clone();
    for object in &mut profile.data {
        let mark = match &*object.label {
            "CPS_SIT_FACT" => PROTECTED[1],
            label if label.starts_with("CPS_ACTIVITY") => PROTECTED[0],
            label if label.starts_with("CPS2TER_ACTIVITY") => PROTECTED[2],
            _ => continue,
        };
        object.content = mark.repeat(3);
    }
    profile
}

fn options(interface: Interface, protocol: Protocol) -> Options {
    Options {
        interface,
        protocol: Some(protocol),
        pin: Some(HOLDER_CODE.into()),
        puk: Some(UNBLOCKING_CODE.into()),
        ..Options::default()
    }
}

/// A kind of card and what is done to it.
struct Ordeal {
    new_card: Box<dyn Fn() -> SimCard>,
    /// Gives the holder code; empty where there is none.
    login: Vec<Vec<u8>>,
    secrets: Secrets,
    book: &'static str,
    commands: usize,
}

/// One fresh card after another.
struct Victim<'a> {
    ordeal: &'a Ordeal,
    card: SimCard,
    /// Half of the cards are never given a code: what is closed on them must stay closed.
    with_code: bool,
    random: Random,
    sent: usize,
    answered_with_data: usize,
    logged_in: usize,
}

impl Ordeal {
    /// Reads the book to the cards, with wrong commands among the right ones so that they are met in every state. None
    /// may be left without a status word, and none may bring a secret out.
    fn run(&self) {
        let lines = lines(self.book);
        let commands: Vec<&Vec<u8>> = lines
            .iter()
            .filter_map(|line| match line {
                Line::Command(command) => Some(command),
                Line::NewCard | Line::Reset => None,
            })
            .collect();
        let mut victim = Victim::new(self);
        while victim.sent < self.commands {
            victim.renew();
            for line in &lines {
                match line {
                    Line::NewCard => victim.renew(),
                    Line::Reset => drop(victim.card.reset()),
                    Line::Command(right) => victim.suffer(right, &commands),
                }
            }
        }
        let Victim {
            sent,
            answered_with_data,
            logged_in,
            ..
        } = victim;
        println!("{sent} commands, {answered_with_data} answered with data, {logged_in} with the code given");
        assert!(answered_with_data > sent / 10, "the commands do not get far");
        assert!(
            self.login.is_empty() || logged_in > sent / 5,
            "the code is not given often enough"
        );
    }
}

impl<'a> Victim<'a> {
    fn new(ordeal: &'a Ordeal) -> Self {
        Self {
            ordeal,
            card: (ordeal.new_card)(),
            with_code: false,
            random: Random(0x5EED),
            sent: 0,
            answered_with_data: 0,
            logged_in: 0,
        }
    }

    fn renew(&mut self) {
        self.card = (self.ordeal.new_card)();
        self.with_code = self.random.below(2) == 0;
        self.card.power_on();
    }

    /// The command of the book, or a wrong one in its place; what waits after it is mostly fetched.
    fn suffer(&mut self, right: &[u8], commands: &[&Vec<u8>]) {
        let random = &mut self.random;
        let command = match random.below(8) {
            0 => {
                let length = random.below(300);
                random.bytes(length)
            }
            1 | 2 => {
                let place = random.below(commands.len());
                mutate(random, commands[place])
            }
            _ => right.to_vec(),
        };
        let presents_a_code = matches!(command.get(1), Some(0x20 | 0x24 | 0x2C));
        let verified = self.card.is_holder_verified();
        // An operation with a key takes a thousand times longer than anything else.
        let computes = verified && uses_a_private_key(&command) && self.random.below(20) > 0;
        if (presents_a_code && !self.with_code) || computes {
            return;
        }
        // The wrong commands cost the login sooner or later.
        if self.with_code && !verified && self.random.below(10) == 0 {
            for command in &self.ordeal.login {
                self.send(command);
            }
        }
        let mut answer = self.send(&command);
        while let Some([0x61 | 0x9F, length]) = answer.last_chunk::<2>()
            && self.random.below(8) > 0
        {
            let class = command.first().copied().unwrap_or_default() & 0xEF;
            answer = self.send(&[class, 0xC0, 0x00, 0x00, *length]);
        }
    }

    fn send(&mut self, command: &[u8]) -> Vec<u8> {
        let before = self.card.is_holder_verified();
        let answer = self.card.transmit(command);
        let holder = before || self.card.is_holder_verified();
        self.sent += 1;
        self.logged_in += usize::from(holder);
        self.answered_with_data += usize::from(answer.len() > 2);
        let told = || format!("{} answered {}", hex::encode(command), hex::encode(&answer));
        assert!((2..=258).contains(&answer.len()), "{}", told());
        if let Some(secret) = self.ordeal.secrets.out(holder, command, &answer) {
            panic!("{secret}: {}", told());
        }
        answer
    }
}

/// `share` of the commands, in percent.
fn torment(chip: Chip, interface: Interface, protocol: Protocol, book: &'static str, share: usize) {
    let options = options(interface, protocol);
    let code = HOLDER_CODE.as_bytes();
    let login = match (chip, interface) {
        (Chip::Cps3, Interface::Contact) => vec![[&[0x00, 0x20, 0x00, 0x01, 0x08], code].concat()],
        (Chip::Cps4, _) => vec![
            common::bytes("01A4040C088025000001FF0100"),
            [&[0x01, 0x20, 0x00, 0x01, 0x08], code].concat(),
        ],
        (Chip::Cps3, Interface::Contactless) => Vec::new(),
    };
    let ordeal = Ordeal {
        new_card: Box::new(move || SimCard::new(profile(chip), &options)),
        login,
        secrets: Secrets::of(profile(chip), interface),
        book,
        commands: COMMANDS * share / 100,
    };
    ordeal.run();
}

#[test]
fn cps3_keeps_its_secrets_whatever_it_is_told() {
    let book = include_str!("books/cps3.book");
    torment(Chip::Cps3, Interface::Contact, Protocol::T0, book, 40);
}

#[test]
fn cps3_contactless_keeps_its_secrets_whatever_it_is_told() {
    let book = include_str!("books/cps3-contactless.book");
    torment(Chip::Cps3, Interface::Contactless, Protocol::T1, book, 10);
}

#[test]
fn cps4_keeps_its_secrets_whatever_it_is_told_over_t1() {
    let book = include_str!("books/cps4-t1.book");
    torment(Chip::Cps4, Interface::Contact, Protocol::T1, book, 30);
}

#[test]
fn cps4_keeps_its_secrets_whatever_it_is_told_over_t0() {
    let book = include_str!("books/cps4-t0.book");
    torment(Chip::Cps4, Interface::Contact, Protocol::T0, book, 10);
}

#[test]
fn vitale2_survives_whatever_it_is_told() {
    let insured = insured::find("insured-family").expect("a card of the crate");
    let ordeal = Ordeal {
        new_card: Box::new(move || SimCard::vitale(&insured, &Options::default())),
        login: Vec::new(),
        secrets: Secrets::none(),
        book: include_str!("books/vitale2.book"),
        commands: COMMANDS / 10,
    };
    ordeal.run();
}

/// A check that cannot fail proves nothing.
#[test]
fn a_secret_in_an_answer_is_noticed() {
    let secrets = Secrets::of(profile(Chip::Cps3), Interface::Contact);
    let leaks =
        |holder, command: &str, answer: &[u8]| secrets.out(holder, &common::bytes(command), answer).is_some();
    let read = "00B0000000";
    let protected = [PROTECTED[1], &[0x90, 0x00]].concat();
    assert!(leaks(false, read, &protected));
    assert!(!leaks(true, read, &protected));
    assert!(leaks(
        true,
        read,
        &[HOLDER_CODE.as_bytes(), &[0x90, 0x00]].concat()
    ));
    let prime = profile(Chip::Cps3).credentials.signature.key.primes()[0].to_be_bytes();
    assert!(leaks(true, read, &prime));
    assert!(leaks(false, "002A9E9A00", &[0x61, 0x00]));
    assert!(leaks(false, "01880000020000", &[0x90, 0x00]));
    assert!(!leaks(false, "102A80860100", &[0x90, 0x00]));
    assert!(!leaks(false, "002A9E9A00", &[0x69, 0x82]));
}

#[test]
fn a_card_without_power_does_not_answer() {
    let mut card = SimCard::new(common::profile(Chip::Cps3), &Options::default());
    assert_eq!(card.transmit(&common::bytes("00 84 00 00 08")), []);
    assert_eq!(
        card.power_on(),
        Some(&common::bytes("3BAC00402A001225006480000310009000")[..])
    );
    assert_eq!(card.transmit(&common::bytes("00 84 00 00 08")).len(), 10);
    card.power_off();
    assert_eq!(card.transmit(&common::bytes("00 84 00 00 08")), []);
}

#[test]
fn a_pulled_card_comes_back_without_what_was_given() {
    let mut card = common::card(Chip::Cps3, &Options::default());
    common::done(&mut card, "00 20 00 01 04 31323334");
    assert!(card.is_holder_verified());
    card.set_interceptor(PullAt(3));
    common::done(&mut card, "00 84 00 00 08");
    assert_eq!(card.transmit(&common::bytes("00 84 00 00 08")), []);
    assert!(!card.is_present());
    assert_eq!(card.power_on(), None);
    card.insert();
    assert!(card.power_on().is_some());
    assert!(!card.is_holder_verified());
    assert_eq!(card.transmit(&common::bytes("00 20 00 01")), [0x63, 0xC3]);
}

#[test]
fn what_a_card_is_told_and_loses_survives_a_reset() {
    let mut card = common::card(Chip::Cps3, &Options::default());
    assert_eq!(
        card.transmit(&common::bytes("00 20 00 01 04 30303030")),
        [0x63, 0xC2]
    );
    card.reset();
    assert_eq!(card.tries_left(), 2);
    common::done(&mut card, "00 20 00 01 04 31323334");
    common::done(&mut card, "00 A4 09 0C 06 3F000001D107");
    common::done(&mut card, "00 D6 00 00 02 CAFE");
    card.power_off();
    card.power_on();
    common::done(&mut card, "00 A4 09 0C 06 3F000001D107");
    assert_eq!(common::done(&mut card, "00 B0 00 00 02"), [0xCA, 0xFE]);
}

#[test]
fn every_exchange_is_counted_and_kept() {
    let mut card = common::card(Chip::Cps3, &Options::default());
    card.start_trace();
    common::done(&mut card, "00 84 00 00 08");
    common::done(&mut card, "00 A4 09 0C 04 3F000001");
    let totals = card.totals();
    assert_eq!((totals.apdus, totals.sent, totals.received), (2, 5 + 9, 10 + 2));
    let trace = card.take_trace();
    assert_eq!(trace.len(), 2);
    assert!(
        trace[1].to_string().contains("SELECT path 3F000001"),
        "{}",
        trace[1]
    );
    assert!(trace[1].to_string().contains("9000 done"), "{}", trace[1]);
    assert!(card.take_trace().is_empty());
}
