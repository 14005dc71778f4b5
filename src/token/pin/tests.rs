//! What becomes of logins, counters and the card itself, with a card that answers what is written
//! here.

use super::*;
use crate::card::paper_card::{PaperCard, tries};
use crate::iso7816::StatusWord;
use crate::reader::{Continuity, ReaderError};
use crate::token::paper_token::{fresh, fresh_with};

fn state(left: Option<u8>, max: Option<u8>, uses: Option<u16>) -> PinState {
    PinState {
        tries_left: left,
        tries_max: max,
        uses_left: uses,
        verified: false,
    }
}

/// Count low, final try, locked.
fn flags(state: PinState) -> (bool, bool, bool) {
    let counter = Counter::from(state);
    (counter.low, counter.final_try, counter.locked)
}

#[test]
fn the_flags_follow_the_tries_and_the_uses() {
    for (left, max, uses, expected) in [
        (Some(3), Some(3), None, (false, false, false)),
        (Some(2), Some(3), None, (true, false, false)),
        (Some(1), Some(3), None, (true, true, false)),
        (Some(0), Some(3), None, (false, false, true)),
        // A PUK: ten tries, a hundred uses.
        (Some(10), Some(10), Some(100), (false, false, false)),
        (Some(10), Some(10), Some(0), (false, false, true)),
        // CPS4 does not tell while the PIN is verified; some cards tell no maximum.
        (None, Some(3), None, (false, false, false)),
        (Some(2), None, None, (false, false, false)),
    ] {
        assert_eq!(
            flags(state(left, max, uses)),
            expected,
            "{left:?} of {max:?}, {uses:?} uses"
        );
    }
}

#[test]
fn a_counter_is_followed_through_presentations() {
    let full = state(Some(3), Some(3), None);
    let two = with_tries(Some(full), 2).expect("known");
    assert_eq!(flags(two), (true, false, false));
    assert_eq!(restored(two), full);
    assert_eq!(
        flags(with_tries(Some(two), 0).expect("known")),
        (false, false, true)
    );
}

#[test]
fn a_miss_means_a_low_counter_even_if_nothing_else_is_known() {
    assert_eq!(flags(with_tries(None, 2).expect("known")), (true, false, false));
    assert_eq!(flags(with_tries(None, 1).expect("known")), (true, true, false));
}

const HOLDER: Login = Login::In(User::Holder);
const OFFICER: Login = Login::In(User::SecurityOfficer);

const BUSY: CardError = CardError::Reader(ReaderError::Busy);
const REMOVED: CardError = CardError::Reader(ReaderError::Removed);

fn logged_in(card: &PaperCard, who: Login) -> Token {
    let token = fresh(card);
    *token.pins.login.lock() = who;
    token
}

#[test]
fn the_pin_and_the_puk_are_told_apart() {
    let token = fresh(&PaperCard::new());
    let reference = |user| token.pin_of(user).unwrap().map(|pin| pin.reference);
    assert_eq!(reference(User::Holder), Some(1));
    assert_eq!(reference(User::SecurityOfficer), Some(2));
    assert_eq!(
        fresh_with(&PaperCard::new(), vec![]).pin_of(User::Holder),
        Ok(None)
    );
}

/// What an act on the card comes to.
#[derive(Clone, Copy)]
struct Act {
    login: Login,
    /// No reset was seen before, or on the way.
    seen: [bool; 2],
    /// Somebody ends the login on the way.
    ended: bool,
    result: fn() -> Result<u8, CardError>,
}

#[test]
fn what_needs_the_login_is_withheld_when_the_login_is_gone() {
    let good = Act {
        login: HOLDER,
        seen: [true, true],
        ended: false,
        result: || Ok(7),
    };
    let denied: fn() -> Result<u8, CardError> = || Err(CardError::NotVerified);
    let failed: fn() -> Result<u8, CardError> = || Err(CardError::WrongData(StatusWord(0x6A80)));
    for (what, act, expected, login, calls) in [
        ("all is well", good, Ok(7), HOLDER, &["act"][..]),
        (
            "the officer's login is one",
            Act {
                login: OFFICER,
                ..good
            },
            Ok(7),
            OFFICER,
            &["act"],
        ),
        (
            "nobody is logged in",
            Act {
                login: Login::Public,
                ..good
            },
            Err(Error::NotLoggedIn),
            Login::Public,
            &[],
        ),
        (
            "a reset before",
            Act {
                seen: [false, false],
                ..good
            },
            Err(Error::NotLoggedIn),
            Login::Public,
            &[],
        ),
        (
            "a reset on the way",
            Act {
                seen: [true, false],
                ..good
            },
            Err(Error::NotLoggedIn),
            Login::Public,
            &["act"],
        ),
        (
            "the card denies a login that nobody has ended",
            Act {
                result: denied,
                ..good
            },
            Err(Error::NotLoggedIn),
            Login::Public,
            &["act", "logout"],
        ),
        (
            "the card denies it after a reset",
            Act {
                result: denied,
                seen: [true, false],
                ..good
            },
            Err(Error::NotLoggedIn),
            Login::Public,
            &["act"],
        ),
        (
            "the card denies it after its end",
            Act {
                result: denied,
                ended: true,
                ..good
            },
            Err(Error::NotLoggedIn),
            Login::Public,
            &["act"],
        ),
        (
            "another failure",
            Act {
                result: failed,
                ..good
            },
            Err(Error::Card(CardError::WrongData(StatusWord(0x6A80)))),
            HOLDER,
            &["act"],
        ),
    ] {
        let card = PaperCard::new();
        let token = logged_in(&card, act.login);
        let continuity = |seen| if seen { Continuity::Kept } else { Continuity::Reset };
        card.says().continuity = Ok(continuity(act.seen[0]));
        assert_eq!(token.card.lock().continuous(), Ok(act.seen[0]), "{what}");
        card.calls();
        let result = token.with_own_login(true, |on_card| {
            card.says().continuity = Ok(continuity(act.seen[1]));
            assert_eq!(on_card.continuous(), Ok(act.seen[1]), "{what}");
            card.says().calls = vec!["act".into()];
            if act.ended {
                token.end_login();
            }
            (act.result)()
        });
        assert_eq!(result, expected, "{what}");
        assert_eq!(token.login(), login, "{what}");
        assert_eq!(card.calls(), calls, "{what}");
    }
}

#[test]
fn what_needs_no_login_comes_from_the_card_as_it_is() {
    let card = PaperCard::new();
    let token = fresh(&card);
    card.says().continuity = Ok(Continuity::Reset);
    assert_eq!(token.card.lock().continuous(), Ok(false));
    card.calls();
    assert_eq!(token.with_own_login(false, |_| Ok(7)), Ok(7));
    let denied = token.with_own_login(false, |_| Err::<u8, _>(CardError::NotVerified));
    assert_eq!(denied, Err(Error::Card(CardError::NotVerified)));
    assert_eq!(card.calls(), [""; 0]);
}

#[test]
fn the_service_is_asked_whether_the_login_still_holds() {
    for (continuity, expected, login) in [
        (Ok(Continuity::Kept), Ok(()), HOLDER),
        (Ok(Continuity::Reset), Ok(()), Login::Public),
        (Err(ReaderError::Busy), Ok(()), HOLDER),
        (
            Err(ReaderError::Removed),
            Err(Error::Card(REMOVED)),
            Login::Public,
        ),
    ] {
        let card = PaperCard::new();
        let token = logged_in(&card, HOLDER);
        *token.pins.holder.lock() = Some(tries(2));
        card.says().continuity = continuity;
        assert_eq!(token.check_connection(), expected, "{continuity:?}");
        assert_eq!(token.login(), login, "{continuity:?}");
        // A verified PIN may have hidden its counter.
        let known = (login == HOLDER).then(|| tries(2));
        assert_eq!(*token.pins.holder.lock(), known, "{continuity:?}");

        let token = logged_in(&card, HOLDER);
        assert_eq!(token.login_state(), login, "{continuity:?}");
        card.calls();

        let token = fresh(&card);
        *token.pins.holder.lock() = Some(tries(2));
        assert_eq!(token.login_state(), Login::Public);
        assert_eq!(card.calls(), [""; 0], "nobody needs to be asked");
        assert_eq!(token.check_connection(), expected, "{continuity:?}");
        assert_eq!(*token.pins.holder.lock(), Some(tries(2)), "{continuity:?}");
    }
}

#[test]
fn nobody_waits_for_an_exchange_to_ask_for_the_login() {
    let card = PaperCard::new();
    let token = logged_in(&card, HOLDER);
    card.says().continuity = Ok(Continuity::Reset);
    let exchange = token.card.lock();
    assert_eq!(token.check_connection(), Ok(()));
    assert_eq!(token.login_state(), HOLDER);
    drop(exchange);
    assert_eq!(token.login_state(), Login::Public);
}

#[test]
fn a_counter_is_asked_once_and_again_after_a_disturbance() {
    let card = PaperCard::new();
    let token = fresh(&card);
    card.says().state = Ok(tries(2));
    for user in [User::Holder, User::SecurityOfficer] {
        for _ in 0..2 {
            assert_eq!(token.counter(user), Ok(Counter::from(tries(2))));
        }
    }
    assert_eq!(card.calls(), ["state of 1", "state of 2"]);
    card.says().continuity = Ok(Continuity::Reset);
    assert_eq!(token.check_connection(), Ok(()));
    card.says().continuity = Ok(Continuity::Kept);
    assert_eq!(card.calls(), ["continuous"]);
    card.says().state = Ok(tries(1));
    for user in [User::Holder, User::SecurityOfficer] {
        assert_eq!(token.counter(user), Ok(Counter::from(tries(1))));
    }
    assert_eq!(card.calls(), ["state of 1", "state of 2"]);
    let without = fresh_with(&card, vec![]);
    assert_eq!(without.counter(User::Holder), Ok(Counter::default()));
    assert_eq!(card.calls(), [""; 0]);
}

#[test]
fn a_pin_is_presented_once_and_its_counter_followed() {
    let limited = state(Some(2), Some(3), Some(9));
    for (verify, before, expected, after, login, calls) in [
        (
            Ok(()),
            Some(tries(2)),
            Ok(()),
            Some(tries(3)),
            HOLDER,
            &["verify 1"][..],
        ),
        (Ok(()), None, Ok(()), None, HOLDER, &["verify 1"]),
        // Uses are counted too: the card says how many are left.
        (Ok(()), Some(limited), Ok(()), None, HOLDER, &["verify 1"]),
        (
            Err(CardError::PinIncorrect { tries_left: Some(1) }),
            Some(tries(2)),
            Err(CardError::PinIncorrect { tries_left: Some(1) }),
            Some(tries(1)),
            Login::Public,
            &["verify 1"],
        ),
        (
            Err(CardError::PinIncorrect { tries_left: None }),
            Some(tries(2)),
            Err(CardError::PinIncorrect { tries_left: None }),
            None,
            Login::Public,
            &["verify 1"],
        ),
        (
            Err(CardError::PinBlocked),
            Some(tries(1)),
            Err(CardError::PinBlocked),
            Some(tries(0)),
            Login::Public,
            &["verify 1"],
        ),
        // The card may have taken it.
        (
            Err(BUSY),
            Some(tries(2)),
            Err(BUSY),
            None,
            Login::Public,
            &["verify 1", "logout"],
        ),
        (
            Err(REMOVED),
            Some(tries(2)),
            Err(REMOVED),
            None,
            Login::Public,
            &["verify 1"],
        ),
    ] {
        let card = PaperCard::new();
        let token = fresh(&card);
        *token.pins.holder.lock() = before;
        card.says().verify = verify.clone();
        let result = token.present_pin(User::Holder, Pin::new(b"1234"), || true);
        assert_eq!(result, expected.map_err(Error::Card), "{verify:?}");
        assert_eq!(*token.pins.holder.lock(), after, "{verify:?}");
        assert_eq!(token.login(), login, "{verify:?}");
        assert_eq!(card.calls(), calls, "{verify:?}");
    }
}

#[test]
fn a_pin_that_no_card_can_have_leaves_the_counter_as_it_was() {
    for (digits, refusal) in [
        (&b"123"[..], CardError::PinLength),
        (b"123456789", CardError::PinLength),
        (b"123a", CardError::PinDigits),
    ] {
        let card = PaperCard::new();
        let token = fresh(&card);
        *token.pins.holder.lock() = Some(tries(2));
        let result = token.present_pin(User::Holder, Pin::new(digits), || true);
        assert_eq!(result, Err(Error::Card(refusal)));
        assert_eq!(*token.pins.holder.lock(), Some(tries(2)));
        assert_eq!(token.login(), Login::Public);
        assert_eq!(card.calls(), [""; 0]);
    }
}

#[test]
fn a_pin_that_another_application_has_refused_is_presented_again_if_no_known_try_is_lost() {
    let refused = CardError::WrongData(StatusWord(0x6A86));
    for (known, on_card, again) in [
        (Some(tries(2)), tries(2), true),
        (Some(tries(3)), tries(2), false),
        (Some(tries(2)), tries(3), false),
        (None, tries(3), true),
        (None, tries(2), false),
    ] {
        let card = PaperCard::new();
        let token = fresh(&card);
        *token.pins.holder.lock() = known;
        card.says().verify = Err(refused.clone());
        card.says().state = Ok(on_card);
        let result = token.present_pin(User::Holder, Pin::new(b"1234"), || true);
        assert_eq!(result, Err(Error::Card(refused.clone())));
        let mut calls = vec!["verify 1", "select", "state of 1"];
        calls.extend(again.then_some("verify 1"));
        calls.push("logout");
        assert_eq!(card.calls(), calls, "{known:?}, {on_card:?}");
    }
}

#[test]
fn no_pin_is_presented_for_nothing() {
    let card = PaperCard::new();
    let token = logged_in(&card, OFFICER);
    let already = token.present_pin(User::Holder, Pin::new(b"1234"), || true);
    assert_eq!(already, Err(Error::LoggedIn(User::SecurityOfficer)));
    assert_eq!(token.login(), OFFICER);
    let token = fresh(&card);
    let gone = token.present_pin(User::Holder, Pin::new(b"1234"), || false);
    assert_eq!(gone, Err(Error::SessionGone));
    assert_eq!(token.login(), Login::Public);
    let none = fresh_with(&card, vec![]);
    assert_eq!(
        none.present_pin(User::Holder, Pin::new(b"1234"), || true),
        Err(Error::NoPin)
    );
    assert_eq!(card.calls(), [""; 0]);
    token
        .present_pin(User::SecurityOfficer, Pin::new(b"12345678"), || true)
        .unwrap();
    assert_eq!(token.login(), OFFICER);
    assert_eq!(card.calls(), ["verify 2"]);
}

#[test]
fn a_logout_leaves_the_token_public_and_remembers_a_card_that_could_not_be_closed() {
    for (logout, left_open) in [
        (Ok(()), false),
        (Err(ReaderError::Busy), true),
        (Err(ReaderError::Failed), true),
        (Err(ReaderError::Removed), false),
    ] {
        let card = PaperCard::new();
        let token = logged_in(&card, HOLDER);
        *token.pins.holder.lock() = Some(tries(3));
        card.says().logout = logout;
        assert_eq!(token.logout(), logout.map_err(Error::from), "{logout:?}");
        assert_eq!(token.login(), Login::Public, "{logout:?}");
        assert_eq!(*token.pins.holder.lock(), None, "{logout:?}");
        assert_eq!(card.calls(), ["logout"], "{logout:?}");
        // Whoever closes it next tries again, until it is closed.
        card.says().logout = Ok(());
        let again: &[&str] = if left_open { &["continuous", "logout"] } else { &[] };
        assert_eq!(token.close(), Ok(()), "{logout:?}");
        assert_eq!(card.calls(), again, "{logout:?}");
        assert_eq!(token.close(), Ok(()), "{logout:?}");
        assert_eq!(card.calls(), [""; 0], "{logout:?}");
    }
}

#[test]
fn the_end_of_a_login_is_followed_by_one_close() {
    use Continuity::{Kept, Reset};
    use ReaderError::{Busy, Removed};
    for (continuity, logout, expected, calls, again) in [
        (Ok(Kept), Ok(()), Ok(()), &["continuous", "logout"][..], false),
        // Another program's reset has closed it.
        (Ok(Reset), Ok(()), Ok(()), &["continuous"], false),
        (Err(Busy), Ok(()), Err(Busy), &["continuous"], true),
        (Err(Removed), Ok(()), Err(Removed), &["continuous"], false),
        (Ok(Kept), Err(Busy), Err(Busy), &["continuous", "logout"], true),
        (
            Ok(Kept),
            Err(Removed),
            Err(Removed),
            &["continuous", "logout"],
            false,
        ),
    ] {
        let case = format!("{continuity:?}, {logout:?}");
        let card = PaperCard::new();
        let token = logged_in(&card, HOLDER);
        *token.pins.holder.lock() = Some(tries(3));
        assert_eq!(token.close(), Ok(()));
        assert_eq!((token.login(), card.calls()), (HOLDER, vec![]), "a login goes on");
        card.says().continuity = continuity;
        card.says().logout = logout;
        token.end_login();
        assert_eq!(token.login(), Login::Public);
        assert_eq!(token.close(), expected.map_err(Error::from), "{case}");
        assert_eq!(card.calls(), calls, "{case}");
        assert_eq!(*token.pins.holder.lock(), None, "{case}");
        card.says().continuity = Ok(Kept);
        card.says().logout = Ok(());
        assert_eq!(token.close(), Ok(()), "{case}");
        assert_eq!(!card.calls().is_empty(), again, "{case}: closed again");
    }
}

#[test]
fn who_was_not_logged_in_leaves_nothing_to_close() {
    let card = PaperCard::new();
    let token = fresh(&card);
    token.end_login();
    assert_eq!(token.close(), Ok(()));
    assert_eq!(card.calls(), [""; 0]);
}

#[test]
fn a_new_login_takes_over_what_was_left_open() {
    let card = PaperCard::new();
    let token = logged_in(&card, HOLDER);
    token.end_login();
    token
        .present_pin(User::Holder, Pin::new(b"1234"), || true)
        .unwrap();
    card.calls();
    assert_eq!(token.close(), Ok(()));
    assert_eq!((token.login(), card.calls()), (HOLDER, vec![]));
}

#[test]
fn a_change_of_the_pin_closes_the_card_where_it_must() {
    let wrong = CardError::PinIncorrect { tries_left: Some(2) };
    let refused = CardError::PinRefused(StatusWord(0x6A80));
    for (change, before, seen, closed, after) in [
        // On a CPS4 the old PIN is verified on the way.
        (Ok(()), Login::Public, true, true, Login::Public),
        (Ok(()), HOLDER, true, false, HOLDER),
        (Err(refused.clone()), Login::Public, true, true, Login::Public),
        (Err(refused), HOLDER, true, false, HOLDER),
        // A card that misses a PIN takes an earlier verification back.
        (Err(wrong.clone()), Login::Public, true, false, Login::Public),
        (Err(wrong), HOLDER, true, true, Login::Public),
        (
            Err(CardError::PinBlocked),
            Login::Public,
            true,
            false,
            Login::Public,
        ),
        (Err(CardError::PinBlocked), HOLDER, true, true, Login::Public),
        // Nothing was sent.
        (
            Err(CardError::PinLength),
            Login::Public,
            true,
            false,
            Login::Public,
        ),
        (Err(CardError::PinLength), HOLDER, true, false, HOLDER),
        (Err(BUSY), Login::Public, true, true, Login::Public),
        (Err(BUSY), HOLDER, true, true, Login::Public),
        (Err(REMOVED), HOLDER, true, false, HOLDER),
        // Another program has reset the card meanwhile: what is verified now is the old PIN.
        (Ok(()), HOLDER, false, true, Login::Public),
    ] {
        let case = format!("{change:?}, {before:?}, {seen}");
        let card = PaperCard::new();
        let token = logged_in(&card, before);
        card.says().change = change.clone();
        if !seen {
            card.says().continuity = Ok(Continuity::Reset);
        }
        let result = token.change_pin(Pin::new(b"1234"), Pin::new(b"5678"));
        assert_eq!(result, change.map_err(Error::Card), "{case}");
        assert_eq!(token.login(), after, "{case}");
        let calls: &[&str] = if closed {
            &["state of 1", "change 1", "logout"]
        } else {
            &["state of 1", "change 1"]
        };
        assert_eq!(card.calls(), calls, "{case}");
    }
}

#[test]
fn a_change_of_the_pin_counts_as_a_presentation() {
    let card = PaperCard::new();
    let token = logged_in(&card, HOLDER);
    *token.pins.holder.lock() = Some(tries(3));
    card.says().change = Err(CardError::PinIncorrect { tries_left: Some(2) });
    *token.pins.officer.lock() = Some(tries(3));
    let _ = token.change_pin(Pin::new(b"1234"), Pin::new(b"5678"));
    assert_eq!(*token.pins.officer.lock(), Some(tries(3)));
    assert_eq!(token.counter(User::SecurityOfficer), Ok(Counter::from(tries(3))));
    // The login ended with it, and with that what was known of the counter.
    assert_eq!(*token.pins.holder.lock(), None);
    let token = fresh(&card);
    *token.pins.holder.lock() = Some(tries(3));
    let _ = token.change_pin(Pin::new(b"1234"), Pin::new(b"5678"));
    assert_eq!(*token.pins.holder.lock(), Some(tries(2)));
}

#[test]
fn a_new_pin_needs_a_login_and_makes_the_counters_unknown() {
    let card = PaperCard::new();
    assert_eq!(
        fresh(&card).unblock_pin(Pin::new(b"5678")),
        Err(Error::NotLoggedIn)
    );
    assert_eq!(card.calls(), [""; 0]);
    for result in [Ok(()), Err(CardError::PinBlocked)] {
        let token = logged_in(&card, OFFICER);
        *token.pins.holder.lock() = Some(tries(0));
        *token.pins.officer.lock() = Some(tries(3));
        card.says().unblock = result.clone();
        assert_eq!(token.unblock_pin(Pin::new(b"5678")), result.map_err(Error::Card));
        assert_eq!(card.calls(), ["unblock 1"]);
        assert_eq!(
            (*token.pins.holder.lock(), *token.pins.officer.lock()),
            (None, None)
        );
        assert_eq!(token.login(), OFFICER);
    }
}
