//! Readers, each with a card. Sixteen are all that pcscd serves.

use std::path::Path;

use super::{HOLDER, NUMBERS, POLLS, ROUNDS, SIGNATURE, alike, repeated};
use crate::cost::Result;
use crate::host::{each, profile, total};
use crate::report::{Report, Table, grouped};
use crate::stack::{Application, Stack, card};

/// How an application meets the readers.
const START: [&str; 3] = ["initialize", "slots", "slot-infos"];
/// How it goes on with the card of its choice.
const PREPARATION: [&str; 6] = [
    "session",
    "token-info",
    "list certificates",
    "login",
    "key CPS_PRIV_AUT",
    "sign bare",
];
const ROUND: [&str; 4] = ["slot-info", "token-info", "session-info", "list certificates"];

/// Exchanges of the first C_GetTokenInfo for a card, as in the table of exchanges.
const TOKEN_INFORMATION: u64 = 15;

/// Exchanges with the card that is asked most, and with all others together.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Exchanges {
    there: u64,
    elsewhere: u64,
}

/// Instructions to list the readers: so many, and so many for each; with one reader and with sixteen a tenth more than when they
/// were written down.
const LIST: (u64, u64) = (23_000, 15_000);

/// libpcsclite looks for a reader among all, by its name.
const PCSCLITE: [&str; 2] = ["SCardGetStatusChange", "SCardStatus"];

struct Instructions {
    list: u64,
    polls: u64,
    /// Of the polls.
    pcsclite: u64,
    signature: u64,
}

pub fn run(report: &mut Report, module: &Path) -> Result<()> {
    let mut table = Table::new(&[
        "Readers with a card",
        "exchanges of a signature",
        "with the other cards",
        "of C_GetTokenInfo for all",
        "instructions of C_Initialize, C_GetSlotList, C_GetSlotInfo for all",
        "of a round of polls",
        "of those, in libpcsclite",
        "of a signature",
    ]);
    let mut of_one = None;
    for number in NUMBERS {
        let mut must = |met, promise: &str| report.must(met, &format!("{number} readers: {promise}"));
        let cards = (0..number).map(|_| card(HOLDER, &Default::default()));
        let stack = Stack::start(cards.collect::<Result<_>>()?)?;
        // The last one is found after all others.
        let choice = format!("slot {}", number - 1);

        let mut application = Application::start(module)?;
        let nothing = Exchanges {
            there: 0,
            elsewhere: 0,
        };
        let start = exchanges(&stack, &mut application, &START)?;
        must(start == nothing, "to list them asks no card");
        application.order(&choice)?;
        let preparation = exchanges(&stack, &mut application, &PREPARATION)?;
        must(preparation.elsewhere == 0, "work with one card asks no other");
        let polls = exchanges(&stack, &mut application, &ROUND)?;
        must(polls == nothing, "polls ask no card");
        let signature = exchanges(&stack, &mut application, &["sign bare"])?;
        must(signature.there == 3, "a signature costs three exchanges");
        must(signature.elsewhere == 0, "a signature asks no other card");
        application.end()?;

        stack.reset();
        let mut application = Application::start(module)?;
        application.orders(&START)?;
        let information = exchanges(&stack, &mut application, &["token-infos"])?;
        let information = information.there + information.elsewhere;
        must(
            information <= number * TOKEN_INFORMATION,
            "token information costs each card the same",
        );
        application.end()?;

        let now = instructions(module, &choice)?;
        let one = of_one.get_or_insert(Instructions { ..now });
        must(
            now.list <= LIST.0 + number * LIST.1,
            "instructions to list them grow no faster",
        );
        must(
            alike(now.polls - now.pcsclite, one.polls - one.pcsclite),
            "polls cost as many instructions, without the search for the reader's name",
        );
        must(
            alike(now.signature, one.signature),
            "a signature costs as many instructions",
        );
        table.row(vec![
            number.to_string(),
            signature.there.to_string(),
            signature.elsewhere.to_string(),
            information.to_string(),
            grouped(now.list),
            grouped(now.polls),
            grouped(now.pcsclite),
            grouped(now.signature),
        ]);
    }
    report.table(&table);
    Ok(())
}

fn exchanges(stack: &Stack, application: &mut Application, orders: &[&str]) -> Result<Exchanges> {
    let before = stack.totals_of_each();
    application.orders(orders)?;
    let both = stack.totals_of_each().into_iter().zip(before);
    let each: Vec<u64> = both.map(|(after, before)| (after - before).exchanges).collect();
    let there = each.iter().copied().max().unwrap_or(0);
    Ok(Exchanges {
        there,
        elsewhere: each.iter().sum::<u64>() - there,
    })
}

fn instructions(module: &Path, choice: &str) -> Result<Instructions> {
    let once = [&START[..], &[choice], &PREPARATION].concat();
    let few = profile(module, &once)?;
    let repeating = |orders: &[&str]| {
        let again: Vec<String> = orders.iter().map(|order| repeated(order)).collect();
        let again: Vec<&str> = again.iter().map(String::as_str).collect();
        profile(module, &[&once[..], &again].concat())
    };
    let (polled, signed) = (repeating(&ROUND)?, repeating(&["sign bare"])?);
    Ok(Instructions {
        list: total(&few, &["C_Initialize", "C_GetSlotList", "C_GetSlotInfo"]),
        polls: each(&few, &polled, ROUNDS, &POLLS),
        pcsclite: each(&few, &polled, ROUNDS, &PCSCLITE),
        signature: each(&few, &signed, ROUNDS, &SIGNATURE),
    })
}
