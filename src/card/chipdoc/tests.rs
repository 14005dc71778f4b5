//! Dialogues with a CPS4, under T=1 unless a test says otherwise.

use super::super::scripted::{
    EF_SN, bare, commands, fill, key, padded, path, pin, pss, text, try_recognise, unblocking,
};
use super::super::{Card, CardError, Deciphered, KeyRole};
use super::*;
use crate::config::Logout;
use crate::iso7816::StatusWord;
use crate::pin::Pin;
use crate::pkcs15::Path;
use crate::pkcs15::notation::der;
use crate::reader::script::hex;
use crate::reader::{Protocol, ReaderError};
use std::time::Duration;

const ATR: &str = "3B9B188001001225006480040100009044";

const SELECT_ROOT: &str = "> 01A4040C 08 8025000001FF0100\n< 9000";

/// Recognises the card; the dialogue that follows is `script`.
fn card_with(protocol: Protocol, script: &str) -> Card {
    let select_number = match protocol {
        Protocol::T1 => "> 01A40800 02 D003 00\n< 6F04 8002000C 9000",
        Protocol::T0 => "> 01A40800 02 D003\n< 6106",
    };
    let script = format!("{SELECT_ROOT}\n{select_number}\n> 01B00000 0C\n< {EF_SN} 9000\n{script}");
    try_recognise(ATR, protocol, &script).expect("a CPS4")
}

fn card(script: &str) -> Card {
    card_with(Protocol::T1, script)
}

/// A card whose PKCS #15 application was entered by reading a data object.
fn card_in_use(protocol: Protocol, script: &str) -> Card {
    let content = [0xAA; 4];
    let read = match protocol {
        Protocol::T1 => read_file("0001D101", &content),
        Protocol::T0 => {
            "> 01A40800 04 0001D101\n< 6106\n> 01B0000000\n< 6C04\n> 01B0000004\n< AAAAAAAA 9000".into()
        }
    };
    let mut card = card_with(protocol, &format!("{read}\n{script}"));
    assert_eq!(card.read_file(&path(&[0x0001, 0xD101])).unwrap()[..], content);
    card
}

/// SELECT with its control information, then READ BINARY of a file that fits into one answer.
fn read_file(path: &str, content: &[u8]) -> String {
    let size = content.len();
    format!(
        "> 01A40800 {:02X} {path} 00
         < 6F0B 8002 {size:04X} 820101 8302{} 9000
         > 01B00000 {size:02X}
         < {} 9000",
        path.len() / 2,
        &path[path.len() - 4..],
        text(content)
    )
}

fn signature_key() -> KeyRef {
    key(0x10, KeyRole::Signature)
}

fn authentication_key() -> KeyRef {
    key(0x20, KeyRole::Authentication)
}

mod recognition {
    use super::*;

    #[test]
    fn the_application_opens_channel_one() {
        assert_eq!(card("").number(), hex("8025000001260085524F"));
        assert_eq!(card_with(Protocol::T0, "").chip(), Chip::Cps4);
    }

    #[test]
    fn a_stuck_card_is_brought_back_through_its_other_applications() {
        let script = format!(
            "> 01A4040C 08 8025000001FF0100
             < 6985
             > 01A4040C 07 A0000001510000
             < 9000
             > 00A4040C 08 8025000001FF0002
             < 9000
             {SELECT_ROOT}
             > 01A40800 02 D003 00
             < 6F04 8002000C 9000
             > 01B00000 0C
             < {EF_SN} 9000"
        );
        assert!(try_recognise(ATR, Protocol::T1, &script).is_ok());
    }

    #[test]
    fn a_card_without_our_application_is_not_ours() {
        let script = "> 01A4040C 08 8025000001FF0100
                      < 6A82
                      > 01A4040C 07 A0000001510000
                      < 6A82
                      > 00A4040C 08 8025000001FF0002
                      < 6A82
                      > 01A4040C 08 8025000001FF0100
                      < 6A82";
        assert_eq!(
            try_recognise(ATR, Protocol::T1, script).err(),
            Some(CardError::Unidentified)
        );
    }
}

mod directory {
    use super::*;

    #[test]
    fn everything_is_listed_with_the_size_that_select_tells() {
        let odf = der("A8 { 30 { 04 { 7001 } } } A0 { 30 { 04 { 7002 } } } A1 { 30 { 04 { 7003 } } } A4 { 30 { 04 { 7005 } } }
                       A7 { 30 { 04 { 7006 } } }");
        let token = der("30 { 02 { 00 } 04 { 26008552 } 80 { 'CPS4' } }");
        let aodf = der("30 { 30 { } 30 { 04 { 01 } } A1 { 30 { 03 { 03 08 } 0A { 01 } 02 { 04 } 02 { 08 } 80 { 01 } } } }
                        30 { 30 { } 30 { 04 { 02 } } A1 { 30 { 03 { 00 09 } 0A { 01 } 02 { 08 } 02 { 08 } 80 { 02 } } } }");
        let prkdf = der(
            "30 { 30 { 0C { 'CPS_PRIV_AUT' } } 30 { 04 { 20 } 03 { 05 60 } 02 { 20 } } A1 { 30 { 30 { } 02 { 0800 } } } }",
        );
        let pukdf = der(
            "30 { 30 { 0C { 'Cle' } } 30 { 04 { 20 } 03 { 01 02 } 02 { 20 } } A1 { 30 { 30 { } 02 { 0800 } } } }",
        );
        let cdf = der("30 { 30 { } 30 { 04 { 20 } } A1 { 30 { 30 { 04 { B002 } } } } }");
        let dodf = der("30 { 30 { 0C { 'CPS_ID_CARD' } } 30 { } A1 { 30 { 04 { D101 } } } }");
        let files = [
            ("5031", odf),
            ("5032", token),
            ("7001", aodf),
            ("7002", prkdf),
            ("7003", pukdf),
            ("7005", cdf),
            ("7006", dodf),
        ];
        let script = files
            .map(|(fid, content)| read_file(&format!("0001{fid}"), &content))
            .join("\n")
            + "\n> 01200001\n< 63C3\n> 01200002\n< 63C3";
        assert_eq!(commands(SELECT_ROOT) + 2 + commands(&script), 19);
        let mut card = card(&script);
        let directory = card.read_token_info().unwrap();
        let objects = card.read_objects().unwrap();
        assert_eq!(objects.private_keys[0].reference, 0x20);
        assert_eq!(objects.public_keys.len(), 1);
        assert_eq!(objects.data[0].common.label, "CPS_ID_CARD");
        for pin in &directory.pins {
            assert_eq!(card.pin_state(pin).unwrap().tries_left, Some(3));
        }
    }

    #[test]
    fn under_t0_token_info_is_read_whole_for_the_stamp_in_it() {
        let token = |date: &str| {
            der(&format!(
                "30 {{ 02 {{ 00 }} 04 {{ 26008552 }} 80 {{ 'CPS4' }} 03 {{ 04 10 }} A5 {{ 18 {{ '{date}' }} }} }}"
            ))
        };
        let read = |fid: &str, content: &[u8]| {
            let size = content.len();
            format!(
                "> 01A40800 04 0001{fid}\n< 6110\n> 01B00000 00\n< 6C{size:02X}
                 > 01B00000 {size:02X}\n< {} 9000\n",
                text(content)
            )
        };
        let script = read("5031", &der("A0 { 30 { 04 { 7002 } } }"))
            + &read("5032", &token("20240315103000Z"))
            + &read("5032", &token("20250101000000Z"));
        let mut card = card_with(Protocol::T0, &script);
        card.read_token_info().unwrap();
        assert_eq!(card.check_update(Duration::ZERO), Err(CardError::Updated));
    }

    #[test]
    fn under_t1_the_size_is_known_and_a_refusal_stands() {
        for (refused, error) in [
            ("< 6700", CardError::WrongData(StatusWord(0x6700))),
            ("< 6B00", CardError::WrongData(StatusWord(0x6B00))),
            ("< AAAA 6282", CardError::Truncated),
        ] {
            let script = format!("> 01A40800 04 0001D101 00\n< 6F04 80020004 9000\n> 01B00000 04\n{refused}");
            let read = card(&script).read_file(&path(&[0x0001, 0xD101]));
            assert_eq!(read, Err(error), "{refused}");
        }
    }

    #[test]
    fn there_is_no_old_side() {
        let old = Path {
            legacy: true,
            ..path(&[0x2100])
        };
        assert_eq!(card("").read_file(&old), Err(CardError::Unsupported));
    }

    #[test]
    fn whoever_has_read_the_directory_is_in_the_application() {
        let files = [
            ("5031", der("A8 { 30 { 04 { 7001 } } }")),
            ("5032", der("30 { 02 { 00 } 04 { 26008552 } 80 { 'CPS4' } }")),
            ("7001", vec![]),
        ];
        let read = files.map(|(fid, content)| match content.is_empty() {
            true => format!("> 01A40800 04 0001{fid} 00\n< 6F04 80020000 9000"),
            false => read_file(&format!("0001{fid}"), &content),
        });
        let script = format!(
            "{}\n> 012281B6 04 9102 0A 90\n< 9000\n> 012A9E9A 14 {} 00\n< {} 9000",
            read.join("\n"),
            fill(0xA1, 20),
            fill(0x51, 256)
        );
        let mut card = card(&script);
        card.read_token_info().unwrap();
        let digest = ToSign::digest(Hash::Sha1, &[0xA1; 20]);
        card.sign(&signature_key(), &digest).unwrap();
    }

    #[test]
    fn a_certificate_under_t0_needs_no_control_information() {
        let certificate = der(&format!("30 {{ {} }}", fill(0xAB, 296)));
        let script = format!(
            "> 01A40800 04 0001B002
             < 6119
             > 01B00000 00
             < {} 9000
             > 01B00100 2C
             < {} 9000",
            text(&certificate[..256]),
            text(&certificate[256..])
        );
        let read = card_with(Protocol::T0, &script)
            .read_object(&path(&[0x0001, 0xB002]))
            .unwrap();
        assert_eq!(read[..], certificate);
    }
}

mod pins {
    use super::*;

    #[test]
    fn login_is_one_command() {
        card("> 01200001 04 31323334\n< 9000")
            .verify(&pin(), Pin::new(b"1234"), None)
            .unwrap();
    }

    #[test]
    fn a_code_with_a_path_of_its_own_is_addressed_there() {
        let pin = PinObject {
            path: Some(path(&[0x0001, 0x0011])),
            ..pin()
        };
        let select = "> 01A40800 04 00010011\n< 9000";
        let script = format!(
            "{select}\n> 01200001 04 31323334\n< 9000
             {select}\n> 01200001\n< 9000
             {select}\n> 012C0381\n< 9000\n> 01240101 04 35363738\n< 9000"
        );
        let mut card = card(&script);
        card.verify(&pin, Pin::new(b"1234"), None).unwrap();
        assert!(card.pin_state(&pin).unwrap().verified);
        card.unblock_pin(&pin, Pin::new(b"5678")).unwrap();
    }

    #[test]
    fn references_that_bear_the_bit_already_keep_it() {
        let pin = PinObject {
            reference: 0x81,
            ..pin()
        };
        let script = format!(
            "> 012C0381\n< 9000\n> 01240181 04 35363738\n< 9000
             > 01A40800 02 0001\n< 9000
             > 012281B6 04 9102 0A 90\n< 9000
             > 012A9E9A 14 {} 00\n< {} 9000",
            fill(0xA1, 20),
            fill(0x51, 256)
        );
        let mut card = card(&script);
        card.unblock_pin(&pin, Pin::new(b"5678")).unwrap();
        let digest = ToSign::digest(Hash::Sha1, &[0xA1; 20]);
        card.sign(&key(0x90, KeyRole::Signature), &digest).unwrap();
    }

    #[test]
    fn refusals_of_a_code() {
        for (status, error) in [
            ("63C2", CardError::PinIncorrect { tries_left: Some(2) }),
            ("63C0", CardError::PinBlocked),
            ("6983", CardError::PinBlocked),
            ("6F00", CardError::Unexpected(StatusWord(0x6F00))),
        ] {
            let script = format!("> 01200001 04 31323334\n< {status}");
            assert_eq!(
                card(&script).verify(&pin(), Pin::new(b"1234"), None),
                Err(error),
                "{status}"
            );
        }
    }

    #[test]
    fn counters_are_asked_with_an_empty_verify() {
        for (status, tries_left, verified) in [
            ("63C2", Some(2), false),
            ("63C0", Some(0), false),
            ("6983", Some(0), false),
            ("9000", None, true),
        ] {
            for (protocol, command) in [(Protocol::T1, "01200001"), (Protocol::T0, "01200001 00")] {
                let state = card_with(protocol, &format!("> {command}\n< {status}"))
                    .pin_state(&pin())
                    .unwrap();
                assert_eq!(
                    (state.tries_left, state.verified),
                    (tries_left, verified),
                    "{status}"
                );
            }
        }
        let odd = card("> 01200001\n< 6F00").pin_state(&pin());
        assert_eq!(odd, Err(CardError::Unexpected(StatusWord(0x6F00))));
    }

    /// The counter comes first: a PIN goes only to our application.
    const COUNTER: &str = "> 01200001\n< 63C3";

    #[test]
    fn change_is_two_steps() {
        let script = format!("{COUNTER}\n> 01200001 04 31323334\n< 9000\n> 01240101 04 35363738\n< 9000");
        card(&script)
            .change_pin(&pin(), Pin::new(b"1234"), Pin::new(b"5678"))
            .unwrap();
    }

    #[test]
    fn a_refused_change_does_not_present_the_old_code_again() {
        let script = format!("{COUNTER}\n> 01200001 04 31323334\n< 9000\n> 01240101 04 35363738\n< 6985");
        assert_eq!(
            card(&script).change_pin(&pin(), Pin::new(b"1234"), Pin::new(b"5678")),
            Err(CardError::NotAllowed(StatusWord(0x6985)))
        );
        let script = format!("{COUNTER}\n> 01200001 04 31323334\n< 63C2");
        let wrong = card(&script).change_pin(&pin(), Pin::new(b"1234"), Pin::new(b"5678"));
        assert_eq!(wrong, Err(CardError::PinIncorrect { tries_left: Some(2) }));
    }

    #[test]
    fn unblocking_is_three_steps() {
        for (protocol, reset) in [(Protocol::T1, "012C0381"), (Protocol::T0, "012C0381 00")] {
            let script = format!(
                "> 01200002 08 3132333435363738
                 < 9000
                 > {reset}
                 < 9000
                 > 01240101 04 34333231
                 < 9000"
            );
            let mut card = card_with(protocol, &script);
            card.verify(&unblocking(), Pin::new(b"12345678"), None).unwrap();
            card.unblock_pin(&pin(), Pin::new(b"4321")).unwrap();
        }
    }

    #[test]
    fn logout_resets_the_card_and_channel_one_is_opened_again() {
        let mut card = card(&format!("= reset\n{SELECT_ROOT}\n> 01200001 04 31323334\n< 9000"));
        card.logout(Logout::LastCloses).unwrap();
        assert_eq!(card.continuous(), Ok(true));
        card.verify(&pin(), Pin::new(b"1234"), None).unwrap();
    }

    #[test]
    fn channel_one_may_be_another_programs_when_the_card_was_left_open_for_it() {
        let mut card = card(&format!(
            "= others\n{SELECT_ROOT}\n> 01200001 04 31323334\n< 9000"
        ));
        card.logout(Logout::LastCloses).unwrap();
        card.verify(&pin(), Pin::new(b"1234"), None).unwrap();
    }
}

mod signatures {
    use super::*;

    const DIGEST: [u8; 32] = [0xD1; 32];

    #[test]
    fn the_chip_pads_for_signature_and_pss() {
        let sha1 = [0xA1; 20];
        for (key, what, algorithm, reference) in [
            (signature_key(), ToSign::digest(Hash::Sha1, &sha1), "0A", "90"),
            (signature_key(), ToSign::digest(Hash::Sha256, &DIGEST), "28", "90"),
            (signature_key(), pss(Hash::Sha1, &sha1), "15", "90"),
            (signature_key(), pss(Hash::Sha256, &DIGEST), "2C", "90"),
            (authentication_key(), pss(Hash::Sha1, &sha1), "15", "A0"),
            (authentication_key(), pss(Hash::Sha256, &DIGEST), "2C", "A0"),
        ] {
            let hash = if matches!(algorithm, "0A" | "15") {
                &sha1[..]
            } else {
                &DIGEST
            };
            let command = format!("012A9E9A {:02X} {}", hash.len(), text(hash));
            let signature = fill(0x51, 256);
            let mse = format!("> 012281B6 04 9102 {algorithm} {reference}\n< 9000");
            let t1 = format!("{mse}\n> {command} 00\n< {signature} 9000");
            assert_eq!(commands(&t1), 2);
            let t0 = format!("{mse}\n> {command}\n< 6100\n> 01C0000000\n< {signature} 9000");
            for (protocol, script) in [(Protocol::T1, t1), (Protocol::T0, t0)] {
                assert_eq!(
                    card_in_use(protocol, &script).sign(&key, &what).unwrap(),
                    [0x51; 256],
                    "{what:?}"
                );
            }
        }
    }

    /// The private-key operation over a block of 256 bytes.
    fn raw(block: &[u8], answer: &str) -> String {
        format!(
            "> 012241B8 03 830120
             < 9000
             > 112A8086 FF {}
             < 9000
             > 012A8086 01 {} 00
             < {answer}",
            text(&block[..255]),
            text(&block[255..])
        )
    }

    #[test]
    fn authentication_signs_a_block_that_the_host_has_padded() {
        let info = digest_info::encode(Hash::Sha384, &[0xD3; 48]).unwrap();
        let mut block = vec![0xFF; 256];
        block[..2].copy_from_slice(&[0x00, 0x01]);
        let start = 256 - info.len();
        block[start - 1] = 0x00;
        block[start..].copy_from_slice(&info);
        let script = raw(&block, &format!("{} 9000", fill(0x52, 256)));
        assert_eq!(commands(&script), 3);
        for what in [
            bare(&info),
            ToSign::digest(Hash::Sha384, &[0xD3; 48]),
            padded(&block),
        ] {
            let signature = card_in_use(Protocol::T1, &script).sign(&authentication_key(), &what);
            assert_eq!(signature.unwrap(), [0x52; 256], "{what:?}");
        }
    }

    #[test]
    fn a_cryptogram_comes_back_as_a_block() {
        let script = raw(&[0xC0; 256], &format!("{} 9000", fill(0x02, 256)));
        let deciphered = card_in_use(Protocol::T1, &script).decipher(&authentication_key(), &[0xC0; 256]);
        assert!(matches!(deciphered, Ok(Deciphered::Block(block)) if block[..] == [0x02; 256]));
    }

    #[test]
    fn what_a_key_cannot_do_is_refused_without_a_command() {
        let mut card = card("");
        let (sig, aut) = (signature_key(), authentication_key());
        for (key, what) in [
            (&sig, bare(&DIGEST)),
            (&sig, padded(&[0; 256])),
            (&sig, ToSign::digest(Hash::Sha384, &[0; 48])),
            (&sig, ToSign::digest(Hash::Sha1, &DIGEST)),
            (&aut, pss(Hash::Sha512, &[0; 64])),
            (&aut, pss(Hash::Sha1, &DIGEST)),
            (&aut, bare(&[0; 246])),
            (&aut, padded(&[0; 255])),
        ] {
            assert_eq!(card.sign(key, &what), Err(CardError::Unsupported), "{what:?}");
        }
        assert!(matches!(
            card.decipher(&sig, &[0; 256]),
            Err(CardError::Unsupported)
        ));
        assert_eq!(card.abilities(&aut).pkcs1_max, Some(245));
    }

    #[test]
    fn a_missing_code_stops_the_chain() {
        let script = format!(
            "> 012241B8 03 830120\n< 9000\n> 112A8086 FF {}\n< 6982",
            fill(0xC0, 255)
        );
        let refused = card_in_use(Protocol::T1, &script).decipher(&authentication_key(), &[0xC0; 256]);
        assert!(matches!(refused, Err(CardError::NotVerified)));
    }
}

mod sharing {
    use super::*;

    #[test]
    fn a_closed_channel_is_opened_again_and_the_application_entered() {
        let signature = fill(0x51, 256);
        let script = format!(
            "> 012281B6 04 91022C90
             < 6881
             {SELECT_ROOT}
             > 01A40800 02 0001
             < 9000
             > 012281B6 04 91022C90
             < 9000
             > 012A9E9A 20 {} 00
             < {signature} 9000",
            fill(0xD1, 32)
        );
        let what = pss(Hash::Sha256, &[0xD1; 32]);
        card_in_use(Protocol::T1, &script)
            .sign(&signature_key(), &what)
            .unwrap();
    }

    #[test]
    fn after_a_reset_the_application_comes_first() {
        let script = format!(
            "~ reset
             {SELECT_ROOT}
             > 01840000 08
             < 0102030405060708 9000"
        );
        let mut card = card(&script);
        let mut random = [0; 8];
        card.random(&mut random).unwrap();
        assert_eq!(random, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(card.continuous(), Ok(false));
    }

    #[test]
    fn a_card_that_nobody_was_connected_to_is_opened_and_shows_its_number() {
        for (number, expected) in [
            (EF_SN, Ok(())),
            (
                "5A0A 8025000001 26008552 50",
                Err(CardError::Reader(ReaderError::Removed)),
            ),
        ] {
            let random = match expected {
                Ok(()) => "> 01840000 08\n< 0102030405060708 9000",
                Err(_) => "",
            };
            let script = format!(
                "~ return
                 {SELECT_ROOT}
                 > 01A40800 02 D003 00
                 < 6F04 8002000C 9000
                 > 01B00000 0C
                 < {number} 9000
                 {random}"
            );
            assert_eq!(card(&script).random(&mut [0; 8]), expected, "{number}");
        }
    }

    #[test]
    fn a_lost_channel_costs_no_try_of_the_code() {
        let script = format!(
            "> 01200001 04 31323334
             < 6881
             {SELECT_ROOT}
             > 01200001
             < 63C3
             > 01200001 04 31323334
             < 9000"
        );
        card(&script).verify(&pin(), Pin::new(b"1234"), None).unwrap();
    }

    #[test]
    fn a_code_that_may_have_cost_a_try_is_not_presented_again() {
        for (pin, before, counter, again) in [
            (pin(), Some(2), "63C2", true),
            (pin(), Some(3), "63C2", false),
            (pin(), None, "63C2", false),
            (pin(), None, "63C3", true),
            (pin(), None, "6983", false),
            (pin(), None, "6F00", false),
            // It was the right one, or another program has given it.
            (pin(), Some(3), "9000", true),
            (unblocking(), Some(9), "63C9", true),
            (unblocking(), None, "63C9", false),
            (unblocking(), None, "63C3", false),
        ] {
            let reference = pin.reference;
            let verify = format!("> 012000{reference:02X} 04 31323334");
            let end = if again {
                format!("\n{verify}\n< 9000")
            } else {
                String::new()
            };
            let script =
                format!("{verify}\n< 6A88\n{SELECT_ROOT}\n> 012000{reference:02X}\n< {counter}{end}");
            let pin = PinObject { min_len: 4, ..pin };
            let result = card(&script).verify(&pin, Pin::new(b"1234"), before);
            let refused = Err(CardError::NotFound(StatusWord(0x6A88)));
            assert_eq!(
                result,
                if again { Ok(()) } else { refused },
                "{before:?} {counter}"
            );
        }
    }

    #[test]
    fn a_card_pulled_out_while_it_is_brought_back() {
        let mut card = card("> 01840000 08\n< 6881\n> 01A4040C 08 8025000001FF0100\n! Removed");
        assert_eq!(
            card.random(&mut [0; 8]),
            Err(CardError::Reader(ReaderError::Removed))
        );
    }
}
