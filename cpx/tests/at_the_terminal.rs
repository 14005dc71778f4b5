//! A person at a terminal: entry of a PIN without echo, giving up, mistakes of form, the last try,
//! and a terminal that goes away.

mod common;

use std::fs;
use std::time::{Duration, Instant};

use common::{CPS3, CPS4, Desk, PIN, PUK};

#[test]
fn a_pin_is_changed_at_the_terminal_and_never_shown() {
    for persona in [CPS3, CPS4] {
        for (lang, old, new, again, done) in [
            (
                "fr",
                "Code porteur (3 ",
                "Nouveau code : ",
                "encore une fois",
                "Le code porteur est changé",
            ),
            ("en", "PIN (3 ", "New PIN : ", "once more", "The PIN is changed"),
        ] {
            let (desk, card) = Desk::with(persona);
            let mut terminal = desk.terminal(["pin", "change", "--lang", lang]);
            let mut shown = terminal.expect(old);
            shown.push_str(&terminal.expect(" : "));
            terminal.types("1234\r");
            shown.push_str(&terminal.expect(new));
            terminal.types("567890\r");
            shown.push_str(&terminal.expect(again));
            shown.push_str(&terminal.expect(" : "));
            terminal.types("567890\r");
            shown.push_str(&terminal.expect(done));
            let (exit, rest) = terminal.end();
            shown.push_str(&rest);
            assert_eq!(exit, 0, "{shown}");
            assert!(shown.contains("******"), "{shown:?}");
            assert!(!shown.contains("1234") && !shown.contains("567890"), "{shown:?}");
            assert_eq!(card.tries_left(), 3);
            assert!(!card.sim().is_holder_verified());
        }
    }
}

#[test]
fn a_mistake_of_form_is_asked_again_and_costs_no_try() {
    let (desk, card) = Desk::with(CPS3);
    let mut terminal = desk.terminal(["pin", "check", "--lang", "en"]);
    terminal.expect(" : ");
    terminal.types("12\r");
    terminal.expect("digits");
    terminal.expect(" : ");
    // Erased with both keys, then right.
    terminal.types("99\x7f\x7f5555\x151234\r");
    terminal.expect("The PIN is right");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(card.tries_left(), 3);

    let mut terminal = desk.terminal(["pin", "check", "--lang", "en"]);
    for wrong in ["1\r", "abcd\r", "\r"] {
        terminal.expect(" : ");
        terminal.types(wrong);
    }
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 5, "{shown}");
    assert_eq!(card.tries_left(), 3);
}

#[test]
fn new_pins_that_differ_change_nothing() {
    let (desk, card) = Desk::with(CPS3);
    let mut terminal = desk.terminal(["pin", "change", "--lang", "en"]);
    for typed in ["1234\r", "5678\r", "8765\r"] {
        terminal.expect(" : ");
        terminal.types(typed);
    }
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 1, "{shown}");
    assert!(shown.contains("[cpx: pins-differ, exit 1]"), "{shown}");
    assert_eq!(card.tries_left(), 3);
}

#[test]
fn giving_up_sends_nothing_to_the_card() {
    let (desk, card) = Desk::with(CPS3);
    for key in ["\x03", "\x04", "\x1b"] {
        let mut terminal = desk.terminal(["pin", "check", "--lang", "en"]);
        terminal.expect(" : ");
        terminal.types("12");
        terminal.types(key);
        let (exit, shown) = terminal.end();
        assert_eq!(exit, 130, "{shown}");
        assert!(shown.contains("no try is lost"), "{shown}");
    }
    assert_eq!(card.tries_left(), 3);
}

#[test]
fn a_terminal_that_goes_away_ends_the_program_and_costs_no_try() {
    let (desk, card) = Desk::with(CPS3);
    let mut terminal = desk.terminal(["pin", "check", "--lang", "en"]);
    terminal.expect(" : ");
    terminal.types("1234");
    assert_eq!(terminal.hang_up(), 130);
    assert_eq!(card.tries_left(), 3);
    assert!(!card.sim().is_holder_verified());
}

#[test]
fn the_last_try_wants_a_written_word() {
    let (desk, card) = Desk::with(CPS3);
    for _ in 0..2 {
        let check = ["pin", "check"].map(str::to_owned).into_iter();
        assert_eq!(desk.cpx(check.chain(desk.pin("0000"))).exit, 5);
    }
    for (lang, word) in [("fr", "non"), ("en", "y"), ("fr", "yes")] {
        let mut terminal = desk.terminal(["pin", "check", "--lang", lang]);
        terminal.expect(":");
        terminal.types(&format!("{word}\r"));
        let (exit, shown) = terminal.end();
        assert_eq!(exit, 5, "{shown}");
        assert!(shown.contains("last-try-refused"), "{shown}");
    }
    assert_eq!(card.tries_left(), 1);
    let mut terminal = desk.terminal(["pin", "check", "--lang", "fr"]);
    terminal.expect("« oui » :");
    terminal.types("oui\r");
    terminal.expect(" : ");
    terminal.types("1234\r");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(card.tries_left(), 3);
}

#[test]
fn a_blocked_pin_is_unblocked_at_the_terminal() {
    let (desk, card) = Desk::with("dentist-blocked-cps3");
    let mut terminal = desk.terminal(["pin", "unblock", "--lang", "fr"]);
    for typed in [PUK, PIN, PIN] {
        terminal.expect(" : ");
        terminal.types(&format!("{typed}\r"));
    }
    let (exit, shown) = terminal.end();
    assert_eq!(exit, 0, "{shown}");
    assert_eq!(card.tries_left(), 3);
}

#[test]
fn a_window_of_pinentry_serves_as_well() {
    let (desk, card) = Desk::with(CPS3);
    let script = "#!/bin/sh\necho OK\nwhile read -r order rest; do\n\
        echo \"$order $rest\" >>\"$HOME/orders\"\n\
        case $order in GETPIN) echo 'D 12%334'; echo OK ;; BYE) exit ;; *) echo OK ;; esac\ndone\n";
    let program = desk.file("pinentry", script);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&program, mode).unwrap();
    let checked = desk.line(&format!("pin check --lang en --pinentry {}", program.display()));
    assert_eq!(checked.exit, 0, "{}", checked.stderr);
    let orders = fs::read_to_string(desk.home.join("orders")).unwrap();
    assert!(orders.contains("SETDESC 3 tries left"), "{orders}");
    assert_eq!(card.tries_left(), 3);
}

#[test]
fn no_core_is_left_in_which_a_pin_could_be() {
    let (desk, _) = Desk::with(CPS3);
    let mut terminal = desk.terminal(["pin", "check", "--lang", "en"]);
    terminal.expect(" : ");
    let limits = fs::read_to_string(format!("/proc/{}/limits", terminal.process())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(
        core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(),
        ["0", "0"]
    );
    terminal.types("\x03");
    assert_eq!(terminal.end().0, 130);
}

/// Waits until the service has seen that the program is gone, and closed the card.
fn is_closed(card: &testkit::Card) -> bool {
    let end = Instant::now() + Duration::from_secs(60);
    while card.sim().is_holder_verified() && Instant::now() < end {
        std::thread::yield_now();
    }
    !card.sim().is_holder_verified()
}

#[test]
fn an_interruption_while_the_card_works_closes_it() {
    for (command, typed, working, told) in [
        (
            &["sign", "doc.txt"][..],
            &["1234"][..],
            "The card signs",
            "Interrupted. The card is closed.",
        ),
        (
            &["pin", "change"][..],
            &["1234", "567890", "567890"][..],
            "The card is at work",
            "the change may have been made or not",
        ),
    ] {
        let (desk, card) = Desk::with(CPS3);
        desk.file("doc.txt", "text");
        let mut terminal = desk.terminal(command.iter().chain(&["--lang", "en"]));
        let (last, first) = typed.split_last().unwrap();
        for typed in first {
            terminal.expect(" : ");
            terminal.types(&format!("{typed}\r"));
        }
        terminal.expect(" : ");
        // From here on it is as slow as a card of lead.
        card.sim()
            .set_observer(|_| std::thread::sleep(Duration::from_secs(1)));
        terminal.types(&format!("{last}\r"));
        terminal.expect(working);
        terminal.types("\x03");
        let (exit, shown) = terminal.end();
        assert_eq!(exit, 130, "{command:?}: {shown}");
        assert!(shown.contains(told), "{command:?}: {shown}");
        assert!(is_closed(&card), "{command:?}");
        assert_eq!(card.tries_left(), 3);
        assert!(!desk.home.join("doc.txt.p7s").exists());
    }
}
