//! Why a key signs nothing, in the log at level `error`.

use std::fs;
use std::path::Path;

use cpx_pkcs11::config::{Config, Destination, Level};
use cpx_pkcs11::trace;
use cryptoki_sys::*;
use sim_cards::persona::Directory;

use crate::card::{AUTHENTICATION, CHIPS, card, directory, entries, profile, replace, sign};
use crate::certificates::{certificate_of, ec_certificate_of};
use crate::common::{self, Ckr};

/// What C_Sign answers with the authentication key, and what the log says meanwhile.
fn signing(odd: &sim_cards::Profile) -> (common::Rv, String) {
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("odd-cards-{}.log", std::process::id()));
    let (module, _rack, _card) = common::start(card(odd));
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
            odd.credentials.authentication.certificate = certificate;
            odd
        };
        let without_entry = {
            let mut odd = plain.clone();
            let file = directory(&plain, Directory::Cdf);
            replace(&mut odd, Directory::Cdf, entries(&file)[0].to_vec());
            // Nor has the CPS4 a file of the public key.
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
            odd
        };
        let other = (vec![0xC5; 256], vec![1, 0, 1]);
        for (what, odd, code, reason) in [
            (
                "no X.509 certificate",
                with(vec![0x30, 0x00]),
                CKR_FUNCTION_FAILED,
                "CPS_PRIV_AUT signs nothing: the file of its certificate holds no X.509 certificate, and without",
            ),
            (
                "a certificate that is cut",
                with(certificate_of(&other)[..600].to_vec()),
                CKR_FUNCTION_FAILED,
                "CPS_PRIV_AUT signs nothing: the file of its certificate ends before the certificate does, and without",
            ),
            (
                "no file",
                gone,
                CKR_FUNCTION_FAILED,
                "CPS_PRIV_AUT signs nothing: the file of its certificate is not on the card, and without",
            ),
            (
                "a key on a curve",
                with(ec_certificate_of(&other)),
                CKR_FUNCTION_FAILED,
                "CPS_PRIV_AUT signs nothing: the card has no certificate of it that holds an RSA key, and without",
            ),
            (
                "no certificate",
                without_entry,
                CKR_FUNCTION_FAILED,
                "CPS_PRIV_AUT signs nothing: the card has no certificate of it that holds an RSA key, and without",
            ),
            (
                "another key",
                with(certificate_of(&other)),
                CKR_DEVICE_ERROR,
                "a signature of CPS_PRIV_AUT is withheld: the certificate of this key on the card does not verify it.",
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
