//! What a look at the card costs, counted in commands that the card receives.

mod common;

use common::{CPS3, CPS4, Desk, module, run};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use testkit::Card;

/// Commands of C_GetTokenInfo in a program of its own; of a first `cpx status`; and of one after it
/// where the module may keep certificates.
const COSTS: [(&str, u64, u64, u64); 2] = [(CPS3, 15, 38, 24), (CPS4, 11, 33, 17)];

/// Commands that the card has received meanwhile.
fn cost(card: &Card, action: impl FnOnce()) -> u64 {
    let before = card.apdus();
    action();
    card.apdus() - before
}

/// Asks for the token information, in a process of this user.
fn ask_for_token_information(desk: &Desk) {
    let this = std::env::current_exe().unwrap();
    let mut command = desk.command(this.to_str().unwrap());
    command.args([
        "--exact",
        "--ignored",
        "a_program_that_asks_for_the_token_information",
    ]);
    let asked = run(command.env("MODULE", module()));
    assert_eq!(asked.exit, 0, "{}{}", asked.stdout, asked.stderr);
}

#[test]
#[ignore = "a process of another test"]
fn a_program_that_asks_for_the_token_information() {
    let pkcs11 = Pkcs11::new(std::env::var_os("MODULE").unwrap()).unwrap();
    let threads = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
    pkcs11.initialize(threads).unwrap();
    let [slot] = pkcs11.get_slots_with_token().unwrap()[..] else {
        panic!("one card")
    };
    pkcs11.get_token_info(slot).unwrap();
    pkcs11.finalize().unwrap();
}

#[test]
fn a_status_costs_the_token_information_and_the_certificates_that_are_not_known() {
    for (persona, token, first, again) in COSTS {
        let (desk, card) = Desk::with(persona);
        desk.file(
            ".config/cpx-pkcs11/config.toml",
            "[certificates]\nremember = true\n",
        );
        let asked = cost(&card, || ask_for_token_information(&desk));
        let status = || assert_eq!(desk.line("status").exit, 0);
        let (one, two) = (cost(&card, status), cost(&card, status));
        assert_eq!((asked, one, two), (token, first, again), "{persona}");
    }
}
