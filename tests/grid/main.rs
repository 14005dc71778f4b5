//! The grid: every workload of an application, on each kind of card, with every trouble at each exchange with the card and at each
//! transaction. After each case: the exact code, a bounded number of exchanges, the counters of the codes where the application
//! has put them, flags and states that agree with the card, and a login and signatures that work when the trouble is over.
//!
//! `cargo test` runs a sample of it; `cargo test --test grid -- --ignored --nocapture` all of it, and with a text in `CPX_GRID` those
//! cases whose names contain it.

mod aftermath;
mod cards;
mod expected;
mod faults;
mod workloads;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use ::log::Level;
use aftermath::Tries;
use cards::Kind;
use expected::Case;
use faults::{Nature, TROUBLES, Trouble};
use testkit::READER;
use testkit::log;
use workloads::{Desk, Done, Work, workloads};

/// Exchanges that a workload may take when something goes wrong: it may begin anew once, and fetch what a card says is waiting.
fn bound(case: &Case, usual: u64) -> u64 {
    // A card that gives a byte at a time is read byte by byte: the longest file has some 2,200.
    match case.trouble {
        Trouble::CardFrom("truncate=1") => 3 * usual + 5000,
        // Twice as many rounds of GET RESPONSE as an answer can take.
        Trouble::CardFrom(_) => 2 * usual + 140,
        _ => 2 * usual + 20,
    }
}

/// A workload without trouble.
struct Usual {
    exchanges: u64,
    transactions: u64,
    resets: u64,
    done: Done,
}

fn usual(kind: Kind, work: Work) -> Usual {
    let desk = Desk::new(kind, work);
    let ready = work.prepare(&desk);
    let (exchanges, transactions) = (desk.card.apdus(), desk.rack.transactions(READER));
    let resets = desk.rack.resets(READER);
    let done = work.run(&desk, &ready);
    Usual {
        exchanges: desk.card.apdus() - exchanges,
        transactions: desk.rack.transactions(READER) - transactions,
        resets: desk.rack.resets(READER) - resets,
        done,
    }
}

/// Runs one case.
fn run(case: &Case, usual: &Usual) -> Result<(), String> {
    log::listen();
    let desk = Desk::new(case.kind, case.work);
    let ready = case.work.prepare(&desk);
    log::taken(Level::Error);
    let (tries, exchanges) = (Tries::of(&desk), desk.card.apdus());
    case.trouble.plan(&desk.rack, &desk.card, case.place);
    let done = case.work.run(&desk, &ready);
    let taken = desk.card.apdus() - exchanges;
    let bound = bound(case, usual.exchanges);
    if taken > bound {
        return Err(format!("{taken} exchanges, {bound} at the most"));
    }
    expected::judge(case, usual.done, done)?;
    expected::says_why(done, &log::taken(Level::Error))?;
    case.trouble.end(&desk.rack, &desk.card);
    aftermath::counters(case, tries, Tries::of(&desk))?;
    let reads_for_good = matches!(case.work, Work::Start | Work::List);
    match aftermath::recovers(case, &desk, &ready, done) {
        Err(_) if reads_for_good && case.trouble.nature() == Nature::Damaged => {
            aftermath::recovers_with_the_card(case, &desk, done)?;
        }
        recovered => recovered?,
    }
    aftermath::counters(case, tries, Tries::of(&desk))?;
    let card = desk.card.clone();
    drop(ready);
    drop(desk);
    if card.sim().is_holder_verified() {
        return Err("the card is open after C_Finalize".into());
    }
    Ok(())
}

/// Ends the process when a case hangs, and says which.
struct Watch {
    now: Mutex<String>,
    begun: AtomicU64,
    over: AtomicBool,
}

impl Watch {
    const PATIENCE: Duration = Duration::from_secs(120);

    fn watch(&self) {
        let (mut last, mut since) = (0, std::time::Instant::now());
        while !self.over.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(100));
            let begun = self.begun.load(Ordering::Relaxed);
            if begun != last {
                (last, since) = (begun, std::time::Instant::now());
            } else if since.elapsed() > Self::PATIENCE {
                eprintln!("hangs: {}", self.now.lock().expect("no panic"));
                std::process::abort();
            }
        }
    }

    fn begin(&self, case: &Case) {
        *self.now.lock().expect("no panic") = case.to_string();
        self.begun.fetch_add(1, Ordering::Relaxed);
    }
}

/// Runs those cases of the grid that are asked for, and whose number is a multiple of `step`.
fn grid(step: u64) {
    let only = std::env::var("CPX_GRID").unwrap_or_default();
    let watch = Watch {
        now: Mutex::default(),
        begun: AtomicU64::new(0),
        over: AtomicBool::new(false),
    };
    let (mut all, mut done, mut failed) = (0, 0, Vec::new());
    thread::scope(|scope| {
        scope.spawn(|| watch.watch());
        for kind in Kind::ALL {
            let before = done;
            for work in workloads(kind) {
                let usual = usual(kind, work);
                for trouble in TROUBLES {
                    let places = trouble.places(usual.exchanges, usual.transactions, usual.resets);
                    for place in 1..=places {
                        let case = Case {
                            kind,
                            work,
                            trouble,
                            place,
                        };
                        all += 1;
                        if all % step != 0 || !case.to_string().contains(&only) {
                            continue;
                        }
                        watch.begin(&case);
                        done += 1;
                        let result = catch_unwind(AssertUnwindSafe(|| run(&case, &usual)));
                        if let Err(why) = result.unwrap_or_else(|_| Err("panic, see above".into())) {
                            failed.push(format!("{case} of {places}: {why}"));
                        }
                    }
                }
            }
            println!("{kind:?}: {} cases", done - before);
        }
        watch.over.store(true, Ordering::Relaxed);
    });
    for failure in failed.iter().take(2000) {
        println!("{failure}");
    }
    println!("grid: {done} cases of {all}, {} failed", failed.len());
    assert!(failed.is_empty(), "{} of {done} cases failed", failed.len());
}

#[test]
fn a_sample_of_the_grid_holds() {
    grid(31);
}

#[test]
#[ignore = "takes minutes: scripts/test --all"]
fn the_whole_grid_holds() {
    grid(1);
}
