//! No command, however wrong, makes a card panic, answer nothing, or let something out.

mod common;

use sim_cards::{Action, Chip, Interceptor, Options, Protocol, PullAt, SimCard, hex};

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

/// Commands of the books, from which the wrong ones are made.
fn commands(book: &str) -> Vec<Vec<u8>> {
    book.lines()
        .filter_map(|line| line.strip_prefix("> "))
        .map(common::bytes)
        .collect()
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

/// Reads the book to one fresh card after another, with wrong commands among the right ones so that the card is met
/// in every state: none may be left without a status word.
fn torment(chip: Chip, protocol: Protocol, book: &str, rounds: usize) {
    let commands = commands(book);
    let mut random = Random(0x5EED);
    let mut card = common::card(chip, &Options::default());
    for round in 0..rounds {
        let place = round % commands.len();
        if place == 0 {
            card = common::card(
                chip,
                &Options {
                    protocol: Some(protocol),
                    ..Options::default()
                },
            );
        }
        let command = match random.below(8) {
            0 => {
                let length = random.below(300);
                random.bytes(length)
            }
            1 | 2 => {
                let place = random.below(commands.len());
                mutate(&mut random, &commands[place])
            }
            _ => commands[place].clone(),
        };
        let answer = card.transmit(&command);
        assert!(
            (2..=258).contains(&answer.len()),
            "{} answered {}",
            hex::encode(&command),
            hex::encode(&answer)
        );
    }
}

const ROUNDS: usize = 100_000;

#[test]
fn cps3_survives_wrong_commands() {
    torment(Chip::Cps3, Protocol::T0, include_str!("books/cps3.book"), ROUNDS);
}

#[test]
fn cps4_survives_wrong_commands_over_t1() {
    torment(
        Chip::Cps4,
        Protocol::T1,
        include_str!("books/cps4-t1.book"),
        ROUNDS,
    );
}

#[test]
fn cps4_survives_wrong_commands_over_t0() {
    torment(
        Chip::Cps4,
        Protocol::T0,
        include_str!("books/cps4-t0.book"),
        ROUNDS / 10,
    );
}

/// Takes every command that carries a code away.
struct NoCode;

impl Interceptor for NoCode {
    fn command(&mut self, _: u64, command: &[u8]) -> Action {
        match command.get(1) {
            Some(0x20 | 0x24 | 0x2C) => Action::Answer(vec![0x69, 0x82]),
            _ => Action::Pass,
        }
    }
}

#[test]
fn without_the_code_nothing_protected_comes_out() {
    for (chip, book) in [
        (Chip::Cps3, include_str!("books/cps3.book")),
        (Chip::Cps4, include_str!("books/cps4-t1.book")),
    ] {
        let situation = common::bytes(common::SITUATION);
        let commands = commands(book);
        let mut random = Random(0x5EC2E7);
        let mut card = common::card(chip, &Options::default());
        card.set_interceptor(NoCode);
        for _ in 0..20_000 {
            let place = random.below(commands.len());
            let command = mutate(&mut random, &commands[place]);
            let answer = card.transmit(&command);
            let leaked = answer.windows(8).any(|part| part == &situation[..8]);
            assert!(
                !leaked,
                "{} let it out: {}",
                hex::encode(&command),
                hex::encode(&answer)
            );
            let result = answer.len() == 258 || answer == [0x61, 0x00];
            let signed = result && matches!(command.get(1), Some(0x2A | 0x88));
            assert!(!signed, "{} signed", hex::encode(&command));
        }
    }
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
