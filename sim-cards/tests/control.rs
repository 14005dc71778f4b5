//! Cards in readers that speak vpcd's protocol: insertion, removal, swap, scenarios, the control socket.

mod common;

use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use common::reader::{Card, VirtualReader};
use sim_cards::control::{self, Bench, BenchError, Input, Order, Readers, Row, Signal, Until, socket};
use sim_cards::scenario::{self, CardDescription, CardKind, Scenario, Step};

const SERIAL: &str = "00B09C000C";

fn readers(first_port: u16) -> Readers {
    Readers {
        row: Row::Ports {
            host: "127.0.0.1".into(),
            first: first_port,
        },
        wait: false,
        swap_pause: Duration::from_millis(1),
    }
}

fn kind(card: CardKind) -> CardDescription {
    CardDescription {
        card: Some(card),
        ..CardDescription::default()
    }
}

/// A bench with these cards beside the readers.
fn bench(readers: Readers, scenario: &Scenario, inputs: &Sender<Input>) -> Bench {
    let mut bench = Bench::sending(readers, inputs.clone(), Input::Event);
    for (index, description) in scenario.cards.iter().enumerate() {
        let name = description.name.as_deref().expect("a name");
        let card = description.issue().expect("a card");
        bench
            .put(
                name,
                card,
                description.reader.unwrap_or(index),
                scenario.waits_for(name),
            )
            .expect("a place on the bench");
    }
    bench
}

/// The loop in a thread of its own.
fn run(
    mut bench: Bench,
    steps: Vec<Step>,
    inputs: Receiver<Input>,
    until: Until,
) -> JoinHandle<Result<(), String>> {
    thread::spawn(move || {
        control::run(&mut bench, steps, &inputs, until, &mut ()).map_err(|error| error.to_string())
    })
}

#[test]
fn four_cards_in_four_readers_at_once() {
    let (port, row) = VirtualReader::row(4);
    let kinds = [
        CardKind::Cps3,
        CardKind::Cps4,
        CardKind::Cps3Contactless,
        CardKind::Vitale2,
    ];
    let scenario = Scenario::of_cards(kinds.map(kind).to_vec()).unwrap();
    let (inputs, _received) = channel();
    let mut bench = bench(readers(port), &scenario, &inputs);
    for card in &scenario.cards {
        bench.insert(card.name.as_deref().unwrap(), None).unwrap();
    }
    let mut cards: Vec<Card> = row.iter().map(VirtualReader::card).collect();
    let atrs: Vec<String> = cards.iter_mut().map(Card::atr).collect();
    assert_eq!(
        atrs,
        [
            "3BAC00402A001225006480000310009000",
            "3B9B188001001225006480040100009044",
            "3B8F80010031B86404B0ECC1739401808290000E",
            "3B751300004309EA9000"
        ]
    );
    assert_eq!(
        cards[0].transmit(SERIAL).as_deref(),
        Some("5A0A8025000001270000026F9000")
    );
    assert_eq!(cards[1].transmit("0120000100").as_deref(), Some("6881"));
    assert_eq!(
        cards[2].transmit(SERIAL).as_deref(),
        Some("5A0A8025000001270000026F9000")
    );
    assert_eq!(cards[3].transmit("00A4020C022F00").as_deref(), Some("9000"));
    let status = bench.status();
    assert!(
        status.contains("insured-alone: in reader 3, Vitale 2, 1 exchanges"),
        "{status}"
    );
    assert!(matches!(
        bench.insert("insured-alone", Some(5)),
        Err(BenchError::Inserted(_))
    ));
    drop(bench);
    assert!(cards.iter_mut().all(Card::is_pulled));
}

#[test]
fn a_hundred_insertions_and_removals() {
    let (port, row) = VirtualReader::row(1);
    let scenario = Scenario::of_cards(vec![kind(CardKind::Cps3)]).unwrap();
    let (inputs, _received) = channel();
    let mut bench = bench(readers(port), &scenario, &inputs);
    for round in 0..100 {
        let insert: Order = "insert doctor-hospital-cps3".parse().unwrap();
        bench.obey(&insert).unwrap();
        let mut card = row[0].card();
        // Given in one insertion, forgotten in the next; wrong ones are remembered.
        let asked = if round == 1 { "63C2" } else { "63C3" };
        assert_eq!(card.transmit("00200001").as_deref(), Some(asked), "{round}");
        if round == 0 {
            assert_eq!(card.transmit("002000010439393939").as_deref(), Some("63C2"));
        } else {
            assert_eq!(card.transmit("002000010431323334").as_deref(), Some("9000"));
        }
        bench.obey(&"remove 0".parse().unwrap()).unwrap();
        assert!(card.is_pulled());
    }
    assert!(matches!(
        bench.obey(&"remove 0".parse().unwrap()),
        Err(BenchError::Empty(0))
    ));
}

/// A port where nobody listens, below those that the rows of readers and the system take for themselves.
fn silent_port() -> u16 {
    let own = 20_000 + (std::process::id() % 10_000) as u16;
    let silent = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (own..own + 100).find(silent).expect("a free port")
}

#[test]
fn a_removed_card_does_not_wait_for_its_reader() {
    let (inputs, _received) = channel();
    let scenario = Scenario::of_cards(vec![kind(CardKind::Cps3)]).unwrap();
    let port = silent_port();
    let mut patient = bench(
        Readers {
            wait: true,
            ..readers(port)
        },
        &scenario,
        &inputs,
    );
    patient.insert("doctor-hospital-cps3", None).unwrap();
    let row = TcpListener::bind(("127.0.0.1", port)).map(VirtualReader).unwrap();
    drop(row.card());
    let mut again = row.card();
    assert_eq!(again.transmit(SERIAL).map(|answer| answer.len()), Some(28));
    patient.remove_all();
    assert!(again.is_pulled());
    let mut hasty = bench(readers(1), &scenario, &inputs);
    let refused = hasty.insert("doctor-hospital-cps3", None);
    assert!(matches!(refused, Err(BenchError::Unreachable(_, _))));
}

#[test]
fn a_pulled_card_ends_the_program_that_had_no_other() {
    let (port, row) = VirtualReader::row(1);
    let scenario = Scenario::of_cards(vec![CardDescription {
        faults: vec!["2:pull".into()],
        ..kind(CardKind::Cps3)
    }])
    .unwrap();
    let (inputs, received) = channel();
    let mut bench = bench(readers(port), &scenario, &inputs);
    bench.insert("doctor-hospital-cps3", None).unwrap();
    let end = run(bench, Vec::new(), received, Until::LastCardLeft);
    let mut card = row[0].card();
    assert!(card.transmit(SERIAL).is_some());
    assert_eq!(card.transmit(SERIAL), None);
    let said = end.join().unwrap().unwrap_err();
    assert_eq!(said, "doctor-hospital-cps3 was pulled out, as a fault asked");
}

#[test]
fn a_mute_card_gives_empty_answers_and_wakes_at_a_reset() {
    let (port, row) = VirtualReader::row(1);
    let scenario = Scenario::of_cards(vec![kind(CardKind::Cps3)]).unwrap();
    let (inputs, _received) = channel();
    let mut bench = bench(readers(port), &scenario, &inputs);
    bench.insert("doctor-hospital-cps3", None).unwrap();
    let mut card = row[0].card();
    bench
        .obey(&"fault doctor-hospital-cps3 +1:mute".parse().unwrap())
        .unwrap();
    assert_eq!(card.transmit(SERIAL).as_deref(), Some(""));
    assert_eq!(card.transmit(SERIAL).as_deref(), Some(""));
    card.order(2);
    assert_eq!(card.transmit(SERIAL).map(|answer| answer.len()), Some(28));
}

/// While a card is at a command nobody can look at it; that a fault holds it there can be seen all the same.
#[test]
fn a_delay_is_told_while_it_lasts() {
    let (port, row) = VirtualReader::row(1);
    let scenario = Scenario::of_cards(vec![kind(CardKind::Cps3)]).unwrap();
    let (inputs, _received) = channel();
    let mut bench = bench(readers(port), &scenario, &inputs);
    bench.insert("doctor-hospital-cps3", None).unwrap();
    let mut card = row[0].card();
    let delays = "delays doctor-hospital-cps3".parse().unwrap();
    assert_eq!(bench.obey(&delays).unwrap(), "0\n");
    bench
        .obey(&"fault doctor-hospital-cps3 +1:slow=2s".parse().unwrap())
        .unwrap();
    let answered = thread::spawn(move || card.transmit(SERIAL).is_some());
    while bench.obey(&delays).unwrap() == "0\n" {
        assert!(!answered.is_finished(), "the delay was not seen");
        thread::sleep(Duration::from_millis(1));
    }
    assert!(answered.join().unwrap());
    assert_eq!(bench.obey(&delays).unwrap(), "1\n");
}

const CARDS: &str = r#"
[[card]]
name = "doctor"
card = "cps3"

[[card]]
name = "patient"
card = "vitale2"
inserted = false
"#;

/// Plays the steps with the doctor's card in the reader, until they are done.
fn play(steps: &str) -> (VirtualReader, JoinHandle<Result<(), String>>) {
    let (port, mut row) = VirtualReader::row(1);
    let scenario = scenario::parse(&format!("{CARDS}{steps}")).unwrap();
    let (inputs, received) = channel();
    let mut bench = bench(readers(port), &scenario, &inputs);
    bench.insert("doctor", None).unwrap();
    let end = run(bench, scenario.steps, received, Until::StepsDone);
    (row.remove(0), end)
}

/// Whose card is in the reader; waits until it is pulled.
fn whose(reader: &VirtualReader) -> &'static str {
    let mut card = reader.card();
    let atr = card.atr();
    assert!(card.is_pulled());
    match &atr[..4] {
        "3B75" => "patient",
        "3BAC" => "doctor",
        _ => panic!("{atr}"),
    }
}

#[test]
fn a_scenario_swaps_at_an_exchange() {
    let (reader, end) = play(
        r#"
        [[step]]
        after = { card = "doctor", exchange = 2 }
        do = ["swap doctor patient"]

        [[step]]
        after = { card = "patient", exchange = 1 }
        do = ["remove patient"]
        "#,
    );
    let mut card = reader.card();
    card.transmit(SERIAL).unwrap();
    card.transmit(SERIAL).unwrap();
    assert!(card.is_pulled());
    let mut card = reader.card();
    assert!(card.atr().starts_with("3B75"));
    card.transmit(SERIAL).unwrap();
    assert!(card.is_pulled());
    assert_eq!(end.join().unwrap(), Ok(()));
}

#[test]
fn a_scenario_swaps_as_time_goes_by() {
    let (reader, end) = play(
        r#"
        [[step]]
        at = "1s"
        every = "2s"
        times = 2
        do = ["swap 0 patient"]

        [[step]]
        at = "2s"
        every = "2s"
        times = 1
        do = ["swap 0 doctor"]

        [[step]]
        at = "4s"
        do = ["remove patient"]
        "#,
    );
    let seen: Vec<_> = (0..4).map(|_| whose(&reader)).collect();
    assert_eq!(seen, ["doctor", "patient", "doctor", "patient"]);
    assert_eq!(end.join().unwrap(), Ok(()));
}

#[test]
fn the_socket_takes_orders_and_explains_refusals() {
    let (port, row) = VirtualReader::row(2);
    let scenario = Scenario::of_cards(vec![kind(CardKind::Cps3), kind(CardKind::Cps4)]).unwrap();
    let (inputs, received) = channel();
    let bench = bench(readers(port), &scenario, &inputs);
    let folder = std::env::temp_dir().join(format!("sim-card-test-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("control");
    let listening = socket::listen(&path, &inputs).unwrap();
    assert!(
        socket::listen(&path, &inputs).is_err(),
        "two programs at one socket"
    );
    let end = run(bench, Vec::new(), received, Until::Told);
    let order = |line: &str| socket::order(&path, line).unwrap();

    assert_eq!(order("insert doctor-gp-cps4"), Ok(String::new()));
    let mut card = row[1].card();
    assert_eq!(
        order("insert doctor-gp-cps4"),
        Err("doctor-gp-cps4 is in a reader already".into())
    );
    assert_eq!(
        order("insert doctor-hospital-cps3 1"),
        Err("reader 1 has a card".into())
    );
    assert_eq!(order("insert nobody"), Err("no card is called nobody".into()));
    assert!(order("dance").is_err());
    card.transmit("01A4040C088025000001FF0100").unwrap();
    assert_eq!(card.transmit("01200001").as_deref(), Some("63C3"));
    assert_eq!(order("reset doctor-gp-cps4"), Ok(String::new()));
    assert_eq!(card.transmit("01200001").as_deref(), Some("6881"));
    let status = order("status").unwrap();
    assert_eq!(
        status,
        "doctor-hospital-cps3: out, CPS3, 0 exchanges, 3 tries left\n\
         doctor-gp-cps4: in reader 1, CPS4, 3 exchanges, 3 tries left\n"
    );
    // Signals: out, and in again.
    inputs.send(Input::Signal(Signal::InsertOrRemove)).unwrap();
    assert!(card.is_pulled());
    inputs.send(Input::Signal(Signal::InsertOrRemove)).unwrap();
    let mut card = row[1].card();
    assert_eq!(order("end"), Ok(String::new()));
    assert!(card.is_pulled());
    assert_eq!(end.join().unwrap(), Ok(()));
    drop(listening);
    assert!(!path.exists());
    std::fs::remove_dir_all(&folder).unwrap();
}
