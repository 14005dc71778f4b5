//! Why a key signs nothing, in the log at level `error`.

use std::fs;
use std::path::Path;

use cpx_pkcs11::config::{Config, Destination, Level};
use cpx_pkcs11::trace;
use cryptoki_sys::*;
use sim_cards::persona::Directory;

use crate::card::{AUTHENTICATION, CHIPS, card, directory, entries, profile, replace, sign};
use crate::certificates::{certificate_of, ec_certificate_of};
use testkit::Ckr;

/// What C_Sign answers with the authentication key, and what the log says meanwhile.
fn signing(odd: &sim_cards::Profile) -> (testkit::Rv, String) {
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("odd-cards-{}.log", std::process::id()));
    let (module, _rack, _card) = testkit::start(card(odd));
    let session = module.user_session();
    let key = session.private_key(AUTHENTICATION.0);
    let mut config = Config::default();
    config.level = Level::Error;
    config.destination = Destination::File(log.clone());
    trace::start(&config);
    let answer = sign(session, key, &odd.credentials.authentication.key);
    trace::start(&Config::default());
    let told = fs::read_to_string(&log).unwrap_or_default();
    let _ = fs::remove_file(log);
    (answer, told)
}

#[test]
fn the_log_says_why_a_key_signs_nothing() {
    for chip in CHIPS {
        let plain = profile(chip);
        assert_eq!(signing(&plain), (Ok(()), String::new()), "{chip}");

        let with = |certificate: Vec<u8>| {
            let mut odd = plain.clone();
            // Nor has the CPS4 a file of the public key.
            replace(&mut odd, Directory::PuKdf, vec![]);
            odd.credentials.authentication.certificate = certificate;
            odd
        };
        let without_entry = {
            let mut odd = plain.clone();
            let file = directory(&plain, Directory::Cdf);
            replace(&mut odd, Directory::Cdf, entries(&file)[0].to_vec());
            replace(&mut odd, Directory::PuKdf, vec![]);
            odd
        };
        let gone = {
            let mut odd = plain.clone();
            let mut file = directory(&plain, Directory::Cdf);
            let place = file
                .windows(2)
                .rposition(|part| part == [0xB0, 0x02])
                .expect("a path");
            file[place + 1] = 0x0F;
            replace(&mut odd, Directory::Cdf, file);
            replace(&mut odd, Directory::PuKdf, vec![]);
            odd
        };
        let other = (vec![0xC5; 256], vec![1, 0, 1]);
        for (what, odd, code, reason) in [
            (
                "no X.509 certificate",
                with(vec![0x30, 0x00]),
                CKR_FUNCTION_FAILED,
                "of no use, and with its key nothing can be signed or checked; what the card holds or answers is malformed (no X.509 certificate)",
            ),
            (
                "a certificate that is cut",
                with(certificate_of(&other)[..600].to_vec()),
                CKR_FUNCTION_FAILED,
                "of no use, and with its key nothing can be signed or checked; a file of the card ends before what stands in it does",
            ),
            (
                "no file",
                gone,
                CKR_FUNCTION_FAILED,
                "of no use, and with its key nothing can be signed or checked; the card lacks a file (6A82)",
            ),
            (
                "a key on a curve",
                with(ec_certificate_of(&other)),
                CKR_FUNCTION_FAILED,
                "the card has no public key that can be used for this key",
            ),
            (
                "no certificate",
                without_entry,
                CKR_FUNCTION_FAILED,
                "the card has no public key that can be used for this key",
            ),
            (
                "another key",
                with(certificate_of(&other)),
                CKR_DEVICE_ERROR,
                "is not of its certificate's key and was withheld",
            ),
        ] {
            let (answer, told) = signing(&odd);
            assert_eq!(answer, Err(Ckr(code)), "{what}, {chip}");
            let line = told.lines().find(|line| line.contains(reason));
            assert!(
                line.is_some_and(|line| line.contains(" ERROR ")),
                "{what}, {chip}: {told}"
            );
        }
    }
}
