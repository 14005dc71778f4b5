//! Dialogues with a CPS3 under T=0, each written as the card would log it.

use super::super::scripted::{
    EF_SN, abc, bare, commands, fill, key, padded, path, pin, pss, text, try_recognise, unblocking,
};
use super::super::{Card, CardError, Deciphered, KeyRole};
use super::*;
use crate::config::Logout;
use crate::crypto::Digest;
use crate::iso7816::StatusWord;
use crate::pin::Pin;
use crate::pkcs15::Path;
use crate::pkcs15::notation::der;
use crate::reader::script::hex;
use crate::reader::{Protocol, ReaderError};
use std::time::Duration;

const ATR: &str = "3BAC00402A001225006480000310009000";

/// Recognises the card; the dialogue that follows is `script`.
fn card(script: &str) -> Card {
    let script = format!("> 00B09C00 0C\n< {EF_SN} 9000\n{script}");
    try_recognise(ATR, Protocol::T0, &script).expect("a CPS3")
}

/// A card whose PKCS #15 application was entered by reading a data object.
fn card_in_use(script: &str) -> Card {
    let read = format!("{}\n{script}", read_file("3F000001D101", &[0xAA; 4]));
    let mut card = card(&read);
    card.read_file(&path(&[0x0001, 0xD101])).unwrap();
    card
}

/// SELECT, then READ BINARY of a file that fits into one answer: the card tells how long it is.
fn read_file(path: &str, content: &[u8]) -> String {
    let size = content.len();
    format!(
        "> 00A4090C {:02X} {path}
         < 9000
         > 00B00000 00
         < 6C{size:02X}
         > 00B00000 {size:02X}
         < {} 9000",
        path.len() / 2,
        text(content)
    )
}

/// SELECT with its control information, which tells the size, then READ BINARY.
fn read_file_of_known_size(path: &str, content: &[u8]) -> String {
    let size = content.len();
    format!(
        "> 00A40904 {:02X} {path}
         < 610C
         > 00C00000 0C
         < 620A 8002 {size:04X} 820101 8801E0 9000
         > 00B00000 {size:02X}
         < {} 9000",
        path.len() / 2,
        text(content)
    )
}

fn signature_key() -> KeyRef {
    key(0x81, KeyRole::Signature)
}

fn authentication_key() -> KeyRef {
    key(0x82, KeyRole::Authentication)
}

/// The answer to a command that yields 256 bytes of `value`.
fn block(value: u8) -> String {
    format!("< 6100\n> 00C0000000\n< {} 9000", fill(value, 256))
}

mod recognition {
    use super::*;

    #[test]
    fn one_command_when_the_master_file_is_current() {
        assert_eq!(card("").number(), hex("8025000001260085524F"));
    }

    #[test]
    fn by_path_when_another_file_is_current() {
        let script = format!(
            "> 00B09C00 0C
             < 6A82
             > 00A4090C 04 3F00D003
             < 9000
             > 00B00000 0C
             < {EF_SN} 9000"
        );
        assert!(try_recognise(ATR, Protocol::T0, &script).is_ok());
    }

    #[test]
    fn after_another_program_has_selected_its_application() {
        let script = format!(
            "> 00B09C00 0C
             < 6E00
             > 00A4090C 04 3F00D003
             < 6E00
             > 00A40404 08 802500000 1FF0100
             < 6119
             > 00B09C00 0C
             < {EF_SN} 9000"
        );
        assert!(try_recognise(ATR, Protocol::T0, &script).is_ok());
    }

    #[test]
    fn another_issuer_is_not_ours() {
        let script = "> 00B09C00 0C
                      < 5A0A 8033000001 260085524F 9000
                      > 00A4090C 04 3F00D003
                      < 9000
                      > 00B00000 0C
                      < 5A0A 8033000001 260085524F 9000";
        assert_eq!(
            try_recognise(ATR, Protocol::T0, script).err(),
            Some(CardError::NotRecognized)
        );
    }

    #[test]
    fn what_is_no_number_at_all_may_have_been_a_slip() {
        for (file, refusal) in [
            ("5A0A 8025000001 26008552", CardError::Unidentified),
            ("5A0A 8033000001 26008552", CardError::Unidentified),
            ("5A0A", CardError::Unidentified),
            ("FFFF FFFFFFFFFF FFFFFFFFFF", CardError::Unidentified),
            ("5A09 8025000001 260085524F", CardError::Unidentified),
            ("5A0A FFFFFFFFFF FFFFFFFFFF", CardError::NotRecognized),
        ] {
            let script = format!(
                "> 00B09C00 0C\n< {file} 6282
                 > 00A4090C 04 3F00D003\n< 9000\n> 00B00000 0C\n< {file} 6282"
            );
            let refused = try_recognise(ATR, Protocol::T0, &script).err();
            assert_eq!(refused, Some(refusal), "{file}");
        }
    }

    #[test]
    fn a_reader_error_is_no_verdict_on_the_card() {
        let refused = try_recognise(ATR, Protocol::T0, "> 00B09C00 0C\n! Mute");
        assert_eq!(refused.err(), Some(CardError::Reader(ReaderError::Mute)));
    }
}

mod directory {
    use super::*;

    fn odf() -> Vec<u8> {
        der(
            "A8 { 30 { 04 { 7001 } } } A0 { 30 { 04 { 7002 } } } A4 { 30 { 04 { 7005 } } } A7 { 30 { 04 { 7006 } } }",
        )
    }

    fn token_info() -> Vec<u8> {
        let algorithms = fill(0xAB, 100);
        der(&format!(
            "30 {{ 02 {{ 00 }} 04 {{ 26008552 }} 80 {{ 'CPS3' }} 03 {{ 04 10 }} A2 {{ {algorithms} }} }}"
        ))
    }

    fn aodf() -> Vec<u8> {
        let pin = |label: &str, flags, number| {
            format!(
                "30 {{ 30 {{ 0C {{ '{label}' }} }} 30 {{ 04 {{ {number} }} }}
                       A1 {{ 30 {{ 03 {{ {flags} }} 0A {{ 01 }} 02 {{ 04 }} 02 {{ 08 }} 80 {{ {number} }} }} }} }}"
            )
        };
        der(&(pin("Code", "03 08", "01") + &pin("Deblocage", "00 09", "02")))
    }

    /// ODF, the head of TokenInfo, and AODF.
    fn token() -> String {
        let head = format!(
            "> 00A4090C 06 3F0000015032\n< 9000\n> 00B00000 60\n< {} 9000",
            text(&token_info()[..96])
        );
        token_with(&head)
    }

    fn token_with(token_info: &str) -> String {
        [
            read_file("3F0000015031", &odf()),
            token_info.into(),
            read_file("3F0000017001", &aodf()),
        ]
        .join("\n")
    }

    const UPDATED: &str = "> 00A4090C 04 3F00D010
                           < 9000
                           > 00B00000 14
                           < EC12 8107 20240315103000 8207 20240315103045 9000";

    fn counter(number: u8, tries: u8) -> String {
        format!(
            "> 00CB3FFF 0A 4D08 7006 BF81{number:02X} 02 A080
             < 6118
             > 00C00000 18
             < 7016 BF81{number:02X}12 A010 9A0103 9B01{tries:02X} A108 8C06F3000013FF00 9000"
        )
    }

    #[test]
    fn the_token_and_both_counters_cost_fifteen_commands() {
        let script = [token(), UPDATED.into(), counter(1, 3), counter(2, 2)].join("\n");
        assert_eq!(1 + commands(&script), 15);
        let mut card = card(&script);
        let token = card.read_token_info().unwrap();
        assert_eq!(token.token.label, "CPS3");
        let states: Vec<_> = token
            .pins
            .iter()
            .map(|pin| card.pin_state(pin).unwrap())
            .collect();
        assert_eq!(
            states
                .iter()
                .map(|s| (s.tries_left, s.tries_max))
                .collect::<Vec<_>>(),
            [(Some(3), Some(3)), (Some(2), Some(3))]
        );
        assert_eq!(
            token.pins.iter().map(|c| c.unblocking).collect::<Vec<_>>(),
            [false, true]
        );
    }

    #[test]
    fn a_card_that_was_never_updated_costs_as_many() {
        let absent = "> 00A4090C 04 3F00D010
                      < 6A82
                      > 00A4090C 02 3F00
                      < 9000";
        let script = [token(), absent.into(), counter(1, 3), counter(2, 3)].join("\n");
        assert_eq!(1 + commands(&script), 15);
        let mut card = card(&script);
        for pin in card.read_token_info().unwrap().pins {
            card.pin_state(&pin).unwrap();
        }
    }

    #[test]
    fn an_interrupted_update_makes_the_card_unusable() {
        for answer in [
            "< EC12 8107 20240315103000 0000 00000000000000 9000",
            "< 6B00",
            "< 6982",
        ] {
            let read = format!("> 00A4090C 04 3F00D010\n< 9000\n> 00B00000 14\n{answer}");
            let script = format!("{}\n{}", token(), [&*read; 4].join("\n"));
            let mut card = card(&script);
            assert_eq!(card.read_token_info().unwrap().token.label, "CPS3", "{answer}");
            assert_eq!(
                card.check_update(NEVER),
                Err(CardError::InterruptedUpdate),
                "{answer}"
            );
        }
    }

    #[test]
    fn a_stamp_that_cannot_be_read_is_no_interrupted_update() {
        let select = "> 00A4090C 04 3F00D010\n< 9000";
        let script = format!("{}\n{select}\n> 00B00000 14\n< 9000", token());
        assert_eq!(
            card(&script).read_token_info(),
            Err(CardError::Malformed("READ BINARY without data"))
        );
        for slip in ["EC12 8107 20240315103000 0000 00000000000000 9000", "6F00"] {
            let script = format!("{}\n{select}\n> 00B00000 14\n< {slip}\n{UPDATED}", token());
            let mut card = card(&script);
            card.read_token_info().unwrap();
            assert_eq!(card.check_update(NEVER), Ok(()), "{slip}");
        }
    }

    /// A card whose token was read, and that then plays `script`.
    fn card_read(stamp: &str, script: &str) -> Card {
        let mut card = card(&[&token(), stamp, script].join("\n"));
        card.read_token_info().unwrap();
        card
    }

    const NEVER: Duration = Duration::MAX;
    const NOW: Duration = Duration::ZERO;

    const UPDATED_LATER: &str = "> 00A4090C 04 3F00D010
                                 < 9000
                                 > 00B00000 14
                                 < EC12 8107 20250101000000 8207 20250101000007 9000";
    const NEVER_UPDATED: &str = "> 00A4090C 04 3F00D010\n< 6A82";

    #[test]
    fn data_looked_at_a_moment_ago_are_not_looked_at_again() {
        assert_eq!(card_read(UPDATED, "").check_update(NEVER), Ok(()));
        assert_eq!(card_read(UPDATED, UPDATED).check_update(NOW), Ok(()));
        assert_eq!(card("").check_update(NOW), Ok(()), "nothing was read");
    }

    #[test]
    fn an_update_is_seen_after_a_reset_before_anything_else_is_done() {
        let mut card = card_read(UPDATED, &format!("~ reset\n{UPDATED_LATER}\n{UPDATED_LATER}"));
        assert_eq!(
            card.verify(&pin(), Pin::new(b"1234"), None),
            Err(CardError::Updated)
        );
        // Whoever goes on all the same hears it again.
        assert_eq!(
            card.verify(&pin(), Pin::new(b"1234"), None),
            Err(CardError::Updated)
        );
    }

    #[test]
    fn a_reset_without_an_update_costs_a_look_once() {
        let login = "> 00200001 04 31323334\n< 9000";
        let script = format!("~ reset\n{UPDATED}\n{login}\n> 00840000 08\n< 0102030405060708 9000");
        let mut card = card_read(UPDATED, &script);
        card.verify(&pin(), Pin::new(b"1234"), None).unwrap();
        card.random(&mut [0; 8]).unwrap();
    }

    #[test]
    fn a_reset_that_the_service_told_of_is_looked_into_too() {
        let mut card = card_read(UPDATED, &format!("~ reset\n{UPDATED_LATER}"));
        assert!(!card.take_disturbance(), "nobody was asked yet");
        assert_eq!(card.continuous(), Ok(false));
        assert_eq!((card.take_disturbance(), card.take_disturbance()), (true, false));
        assert_eq!(card.check_update(NEVER), Err(CardError::Updated));
        assert!(!card.take_disturbance(), "it was one reset");
    }

    #[test]
    fn the_first_update_ever_is_one() {
        let mut card = card_read(NEVER_UPDATED, &format!("~ reset\n{UPDATED}"));
        assert_eq!(card.random(&mut [0; 8]), Err(CardError::Updated));
    }

    #[test]
    fn an_update_that_begins_meanwhile_makes_the_card_unusable() {
        let half = "> 00A4090C 04 3F00D010
                    < 9000
                    > 00B00000 14
                    < EC12 8107 20250101000000 0000 00000000000000 9000";
        let script = format!("~ reset\n{half}\n{half}");
        let mut card = card_read(UPDATED, &script);
        assert_eq!(card.random(&mut [0; 8]), Err(CardError::InterruptedUpdate));
    }

    #[test]
    fn a_stamp_missing_in_another_application_is_looked_for_in_ours() {
        let script = format!(
            "{NEVER_UPDATED}
             > 00A40404 08 8025000001FF0100
             < 6110
             {UPDATED}"
        );
        assert_eq!(card_read(UPDATED, &script).check_update(NOW), Ok(()));
    }

    #[test]
    fn a_stamp_that_is_gone_from_our_application_is_an_update() {
        let script = format!("{NEVER_UPDATED}\n> 00A40404 08 8025000001FF0100\n< 6110\n{NEVER_UPDATED}");
        assert_eq!(
            card_read(UPDATED, &script).check_update(NOW),
            Err(CardError::Updated)
        );
    }

    #[test]
    fn a_stamp_refused_in_another_application_is_no_interrupted_update() {
        let refused = "> 00A4090C 04 3F00D010\n< 9000\n> 00B00000 14\n< 6985";
        let select = "> 00A40404 08 8025000001FF0100\n< 6110";
        let script = format!("{refused}\n{select}\n{UPDATED}");
        assert_eq!(card_read(UPDATED, &script).check_update(NOW), Ok(()));
        // Refused in our own, twice.
        let script = format!("{refused}\n{select}\n{refused}\n{refused}");
        assert_eq!(
            card_read(UPDATED, &script).check_update(NOW),
            Err(CardError::InterruptedUpdate)
        );
    }

    #[test]
    fn objects_follow_the_token() {
        let prkdf = der("30 { 30 { 0C { 'CPS_PRIV_SIG' } 03 { 07 80 } 04 { 01 } } 30 { 04 { 01 } 03 { 06 0040 } 02 { FF81 } }
                              A1 { 30 { 30 { 04 { } } 02 { 0800 } } } }");
        let cdf = der("30 { 30 { 0C { 'Certificat' } } 30 { 04 { 01 } } A1 { 30 { 30 { 04 { B001 } } } } }");
        let mut dodf = Vec::new();
        for number in 1..=9 {
            let label = format!("0C {{ 'CPS_ACTIVITY_0{number}_PS' }} 03 {{ 07 80 }} 04 {{ 01 }}");
            dodf.extend(der(&format!(
                "30 {{ 30 {{ {label} }} 30 {{ 0C {{ 'CPS' }} }} A1 {{ 30 {{ 04 {{ D12{number} }} }} }} }}"
            )));
        }
        dodf.resize(1024, 0xFF);
        // 1,024 bytes of file, of which two reads hold all entries and the beginning of the fill.
        let large = format!(
            "> 00A4090C 06 3F0000017006
             < 9000
             > 00B00000 00
             < {} 9000
             > 00B00100 00
             < {} 9000",
            text(&dodf[..256]),
            text(&dodf[256..512])
        );
        let script = [
            token(),
            UPDATED.into(),
            read_file("3F0000017002", &prkdf),
            read_file("3F0000017005", &cdf),
            large,
        ]
        .join("\n");
        assert!(1 + commands(&script) + 2 * 2 <= 27);
        let mut card = card(&script);
        card.read_token_info().unwrap();
        let objects = card.read_objects().unwrap();
        assert_eq!(objects.private_keys[0].reference, 0x81);
        assert_eq!(objects.certificates[0].path, path(&[0x0001, 0xB001]));
        let labels: Vec<_> = objects.data.iter().map(|data| &data.common.label[..]).collect();
        assert_eq!(labels.len(), 9 + 1 + 9);
        assert_eq!(
            labels[8..11],
            ["CPS_ACTIVITY_09_PS", "CPS_SIT_FACT", "CPS2TER_ACTIVITY_01_PS"]
        );
    }

    #[test]
    fn a_card_that_gives_less_at_a_time_is_read_to_the_end() {
        let odf = odf();
        let (first, second) = odf.split_at(20);
        let script = format!(
            "> 00A4090C 06 3F0000015031
             < 9000
             > 00B00000 00
             < 6C14
             > 00B00000 14
             < {} 9000
             > 00B00014 00
             < 6C{:02X}
             > 00B00014 {:02X}
             < {} 9000
             {}",
            text(first),
            second.len(),
            second.len(),
            text(second),
            token()
                .lines()
                .skip(6)
                .map(|line| format!("{line}\n"))
                .collect::<String>()
                + UPDATED
        );
        assert!(card(&script).read_token_info().is_ok());
    }

    #[test]
    fn token_info_is_read_whole_where_its_head_says_too_little() {
        let short = der("30 { 02 { 00 } 80 { 'CPS3' } 03 { 04 10 } }");
        let late = der(&format!(
            "30 {{ 02 {{ 00 }} 0C {{ {} }} 80 {{ 'CPS3' }} 03 {{ 04 10 }} }}",
            fill(b'A', 96)
        ));
        let head = |content: &str| format!("> 00A4090C 06 3F0000015032\n< 9000\n> 00B00000 60\n{content}");
        for token_info in [
            head(&format!(
                "< 6C{:02X}\n> 00B00000 {:02X}\n< {} 9000",
                short.len(),
                short.len(),
                text(&short)
            )),
            head(&format!(
                "< {} 9000\n{}",
                text(&late[..96]),
                read_file("3F0000015032", &late)
            )),
        ] {
            let mut card = card(&[&token_with(&token_info), UPDATED].join("\n"));
            assert_eq!(card.read_token_info().unwrap().token.label, "CPS3");
        }
    }

    #[test]
    fn a_size_that_no_command_reaches_is_none() {
        for (size, told) in [
            ("8002 7FFF", Some(0x7FFF)),
            ("8003 008001", None),
            ("8004 FFFFFFFF", None),
        ] {
            let length = size.replace(' ', "").len() / 2;
            let script = format!(
                "> 00A40904 06 3F000001D107\n< 61{:02X}\n> 00C00000 {:02X}\n< 62{length:02X} {size} 9000",
                length + 2,
                length + 2,
            );
            let answer = card(&script).file_size(&path(&[0x0001, 0xD107]));
            assert_eq!(answer.ok(), told, "{size}");
        }
    }

    #[test]
    fn a_card_that_refuses_too_long_a_read_is_asked_for_the_size() {
        let refused = |path: &str, answer: &str, content: &[u8]| {
            format!(
                "> 00A4090C 06 {path}\n< 9000\n> 00B00000 00\n< {answer}\n{}",
                read_file_of_known_size(path, content)
            )
        };
        let empty = "> 00A4090C 06 3F000001D101
                     < 9000
                     > 00B00000 00
                     < 6B00
                     > 00A40904 06 3F000001D101
                     < 610C
                     > 00C00000 0C
                     < 620A 8002 0000 820101 8801E0 9000";
        let script = [&refused("3F000001D102", "6700", &[7, 8]), empty].join("\n");
        let mut card = card(&script);
        assert_eq!(card.read_file(&path(&[0x0001, 0xD102])).unwrap()[..], [7, 8]);
        assert!(card.read_file(&path(&[0x0001, 0xD101])).unwrap().is_empty());
    }

    #[test]
    fn rubbish_is_an_error_and_no_panic() {
        for (answer, error) in [
            ("< 3082 9000", CardError::Truncated),
            ("< 6985", CardError::NotAllowed(StatusWord(0x6985))),
        ] {
            let odf = format!(
                "> 00A4090C 06 3F0000015031
                 < 9000
                 > 00B00000 00
                 {answer}"
            );
            let again = if error.may_be_foreign_context() {
                format!("\n> 00A40404 08 8025000001FF0100\n< 9000\n{odf}")
            } else {
                // The file itself is asked how long it is, and does not say.
                let sized = "> 00A40904 06 3F0000015031\n< 6104\n> 00C00000 04\n< 62028800 9000";
                let read = "> 00B00000 00\n< 3082 9000\n> 00B00002 00\n< 6B00";
                format!("\n> 00B00002 00\n< 6B00\n{sized}\n{read}")
            };
            assert_eq!(card(&(odf + &again)).read_token_info(), Err(error));
        }
    }

    #[test]
    fn an_entry_that_the_end_of_the_file_cuts_takes_no_other_along() {
        let prkdf = der(
            "30 { 30 { 0C { 'CPS_PRIV_AUT' } } 30 { 04 { 02 } 03 { 00 60 } 02 { FF82 } }
                              A1 { 30 { 30 { 04 { } } 02 { 0800 } } } } 30 { 30 { 0C { 'another' } } }",
        );
        let cut = &prkdf[..prkdf.len() - 3];
        let (length, content) = (cut.len(), text(cut));
        let script = [
            token(),
            UPDATED.into(),
            format!(
                "> 00A4090C 06 3F0000017002\n< 9000
                 > 00B00000 00\n< 6C{length:02X}
                 > 00B00000 {length:02X}\n< {content} 9000
                 > 00B000{length:02X} 00\n< 6B00
                 > 00A40904 06 3F0000017002\n< 6106
                 > 00C00000 06\n< 6204800200{length:02X} 9000
                 > 00B00000 {length:02X}\n< {content} 9000"
            ),
        ]
        .join("\n");
        let mut card = card(&script);
        card.read_token_info().unwrap();
        let keys = card.read_private_keys().unwrap();
        assert_eq!(keys.iter().map(|key| key.reference).collect::<Vec<_>>(), [0x82]);
    }

    #[test]
    fn a_directory_that_is_not_there_or_holds_rubbish_has_no_objects() {
        let rubbish = der("04 { DEAD }");
        for file in [
            [read_file("3F0000017002", &rubbish), read_file("3F0000017002", &rubbish)].join("\n"),
            // Only when the application is the selected one for certain.
            "> 00A4090C 06 3F0000017002\n< 6A82\n> 00A40404 08 8025000001FF0100\n< 9000\n> 00A4090C 06 3F0000017002\n< 6A82"
                .into(),
        ] {
            let script = [token(), UPDATED.into(), file].join("\n");
            let mut card = card(&script);
            card.read_token_info().unwrap();
            assert_eq!(card.read_private_keys(), Ok(vec![]));
        }
        // Rubbish of two kinds was damaged on its way, who knows from what.
        let twice = [
            read_file("3F0000017002", &rubbish),
            read_file("3F0000017002", &der("04 { BEEF }")),
        ]
        .join("\n");
        let mut damaged = card(&[token(), UPDATED.into(), twice].join("\n"));
        damaged.read_token_info().unwrap();
        assert!(matches!(
            damaged.read_private_keys(),
            Err(CardError::Malformed(_))
        ));
        // What was damaged on its way is read again.
        let prkdf = der("30 { 30 { } 30 { 04 { 02 } 03 { 00 60 } 02 { 10 } } A1 { 30 { 02 { 0800 } } } }");
        let twice = [
            read_file("3F0000017002", &rubbish),
            read_file("3F0000017002", &prkdf),
        ]
        .join("\n");
        let mut card = card(&[token(), UPDATED.into(), twice].join("\n"));
        card.read_token_info().unwrap();
        assert_eq!(card.read_private_keys().map(|keys| keys.len()), Ok(1));
    }
}

mod files {
    use super::*;

    #[test]
    fn a_certificate_is_read_to_its_end_and_no_further() {
        let certificate = der(&format!("30 {{ {} }}", fill(0xAB, 922)));
        assert_eq!(certificate.len(), 926);
        let mut script = String::from("> 00A4090C 06 3F000001B001\n< 9000\n");
        for (offset, length) in [(0usize, 256usize), (256, 256), (512, 256), (768, 158)] {
            let part = text(&certificate[offset..offset + length]);
            script += &format!("> 00B0{offset:04X} {:02X}\n< {part} 9000\n", length as u8);
        }
        assert_eq!(
            card(&script).read_object(&path(&[0x0001, 0xB001])).unwrap()[..],
            certificate
        );
    }

    #[test]
    fn the_head_of_a_certificate_is_one_answer() {
        let certificate = der(&format!("30 {{ {} }}", fill(0xAB, 296)));
        let script = format!(
            "> 00A4090C 06 3F000001B002\n< 9000\n> 00B00000 40\n< {} 9000",
            text(&certificate[..64])
        );
        let head = card(&script).read_object_head(&path(&[0x0001, 0xB002]), 64);
        assert_eq!(head.unwrap()[..], certificate[..64]);
    }

    #[test]
    fn protected_data_needs_the_code() {
        let script = "> 00A4090C 06 3F000001D120
                      < 9000
                      > 00B00000 00
                      < 6982";
        assert_eq!(
            card(script).read_file(&path(&[0x0001, 0xD120])),
            Err(CardError::NotVerified)
        );
    }

    #[test]
    fn a_missing_file_is_looked_for_in_our_application_before_it_is_given_up() {
        let script = "> 00A4090C 06 3F000001D125
                      < 6A82
                      > 00A40404 08 8025000001FF0100
                      < 6119
                      > 00A4090C 06 3F000001D125
                      < 6A82";
        assert_eq!(
            card(script).read_file(&path(&[0x0001, 0xD125])),
            Err(CardError::NotFound(StatusWord(0x6A82)))
        );
    }

    #[test]
    fn a_file_is_written_in_blocks() {
        let script = format!(
            "> 00A4090C 06 3F000001D107
             < 9000
             > 00D60000 FF {}
             < 9000
             > 00D600FF 02 5555
             < 9000",
            fill(0x55, 255)
        );
        card(&script)
            .write_file(&path(&[0x0001, 0xD107]), &[0x55; 257])
            .unwrap();
    }

    #[test]
    fn neither_a_part_of_a_file_nor_the_old_side_is_written() {
        let file = path(&[0x0001, 0xD107]);
        for (part, legacy) in [(Some((0, 4)), false), (None, true), (Some((0, 4)), true)] {
            let path = Path {
                part,
                legacy,
                ..file.clone()
            };
            let written = card("").write_file(&path, &[1, 2, 3, 4]);
            assert_eq!(written, Err(CardError::Unsupported), "{path:?}");
        }
    }

    #[test]
    fn writing_without_the_code_is_refused() {
        let script = "> 00A4090C 06 3F000001D107\n< 9000\n> 00D60000 01 55\n< 6982";
        assert_eq!(
            card(script).write_file(&path(&[0x0001, 0xD107]), &[0x55]),
            Err(CardError::NotVerified)
        );
    }

    #[test]
    fn the_size_comes_from_the_control_information() {
        let script = "> 00A40904 06 3F000001D107
                      < 6127
                      > 00C00000 27
                      < 6225 8002 0BB8 820101 8302D107 880100 A112 8C077B000000000000 9C077B000000000000 8A0105 9000";
        assert_eq!(card(script).file_size(&path(&[0x0001, 0xD107])).unwrap(), 3000);
    }

    #[test]
    fn a_part_of_a_file() {
        let script = "> 00A4090C 06 3F000001D107\n< 9000\n> 00B00010 04\n< 01020304 9000";
        let part = Path {
            part: Some((16, 4)),
            ..path(&[0x0001, 0xD107])
        };
        assert_eq!(card(script).read_file(&part).unwrap()[..], [1, 2, 3, 4]);
    }

    #[test]
    fn the_billing_data_stands_in_class_a0() {
        let script = "> A0A40000 02 3F00
                      < 9F16
                      > A0A40000 02 7F01
                      < 9F16
                      > A0A40000 02 4000
                      < 9F0D
                      > A0C00000 0D
                      < 850B 0003 4000 04 000000000000 9000
                      > A0B00000 03
                      < 010203 9000";
        let billing = Path {
            legacy: true,
            ..path(&[0x7F01, 0x4000])
        };
        assert_eq!(card(script).read_file(&billing).unwrap()[..], [1, 2, 3]);
    }
}

mod pins {
    use super::*;

    #[test]
    fn login_is_one_command() {
        card("> 00200001 04 31323334\n< 9000")
            .verify(&pin(), Pin::new(b"1234"), None)
            .unwrap();
    }

    #[test]
    fn refusals_of_a_code() {
        for (status, error) in [
            ("63C2", CardError::PinIncorrect { tries_left: Some(2) }),
            ("63C0", CardError::PinBlocked),
            ("6300", CardError::PinIncorrect { tries_left: None }),
            ("6983", CardError::PinBlocked),
            ("6984", CardError::PinBlocked),
            ("6900", CardError::NotAllowed(StatusWord(0x6900))),
            ("6700", CardError::PinRefused(StatusWord(0x6700))),
            ("6A80", CardError::PinRefused(StatusWord(0x6A80))),
            ("6F00", CardError::Unexpected(StatusWord(0x6F00))),
            ("6110", CardError::Unexpected(StatusWord(0x6110))),
        ] {
            let script = format!("> 00200001 04 31323334\n< {status}");
            assert_eq!(
                card(&script).verify(&pin(), Pin::new(b"1234"), None),
                Err(error),
                "{status}"
            );
        }
    }

    #[test]
    fn what_cannot_be_a_code_costs_no_try() {
        let mut card = card("");
        for (digits, error) in [
            (&b"123"[..], CardError::PinLength),
            (b"123456789", CardError::PinLength),
            (b"", CardError::PinLength),
            (b"12a4", CardError::PinDigits),
            ("12é".as_bytes(), CardError::PinDigits),
        ] {
            assert_eq!(card.verify(&pin(), Pin::new(digits), None), Err(error.clone()));
            assert_eq!(
                card.change_pin(&pin(), Pin::new(b"1234"), Pin::new(digits)),
                Err(error.clone())
            );
            assert_eq!(
                card.change_pin(&pin(), Pin::new(digits), Pin::new(b"1234")),
                Err(error.clone())
            );
            assert_eq!(card.unblock_pin(&pin(), Pin::new(digits)), Err(error));
        }
    }

    #[test]
    fn padding_and_path_follow_the_directory() {
        let script = "> 00A4090C 02 3F00
                      < 9000
                      > 00200001 08 31323334 FFFFFFFF
                      < 9000";
        let pin = PinObject {
            pad: Some(0xFF),
            path: Some(path(&[])),
            ..pin()
        };
        card(script).verify(&pin, Pin::new(b"1234"), None).unwrap();
    }

    #[test]
    fn a_padding_is_sent_as_long_as_two_codes_fit_into_one_command() {
        let padded = |stored_len| PinObject {
            pad: Some(0xFF),
            stored_len,
            ..pin()
        };
        let script = format!("> 00200001 7F 31323334 {}\n< 9000", fill(0xFF, 123));
        card(&script)
            .verify(&padded(127), Pin::new(b"1234"), None)
            .unwrap();
        for stored_len in [128, 70_000] {
            assert!(matches!(
                card("").verify(&padded(stored_len), Pin::new(b"1234"), None),
                Err(CardError::Malformed(_))
            ));
        }
    }

    #[test]
    fn change_and_unblock() {
        // The counter comes first: a PIN goes only to our application.
        let counter = "> 00CB3FFF 0A 4D08 7006 BF8101 02 A080
                       < 6111
                       > 00C00000 11
                       < 700F BF81010B A009 9A0103 9B0103 9D0100 9000";
        card(&format!("{counter}\n> 00240001 08 31323334 35363738\n< 9000"))
            .change_pin(&pin(), Pin::new(b"1234"), Pin::new(b"5678"))
            .unwrap();
        let mut card = card("> 00200002 08 3132333435363738\n< 9000\n> 002C0201 04 34333231\n< 9000");
        card.verify(&unblocking(), Pin::new(b"12345678"), None).unwrap();
        card.unblock_pin(&pin(), Pin::new(b"4321")).unwrap();
    }

    #[test]
    fn the_unblocking_code_may_be_worn_out() {
        let script = "> 00CB3FFF 0A 4D08 7006 BF8102 02 A080
                      < 6111
                      > 00C00000 11
                      < 700F BF81020B A009 9A0103 9B0103 9D0100 9000";
        let state = card(script).pin_state(&unblocking()).unwrap();
        assert_eq!((state.tries_left, state.uses_left), (Some(3), Some(0)));
    }

    #[test]
    fn the_counter_is_found_from_wherever_another_program_left_the_card() {
        let script = "> 00CB3FFF 0A 4D08 7006 BF8101 02 A080
                      < 6A88
                      > 00A4090C 02 3F00
                      < 6E00
                      > 00A40404 08 8025000001FF0100
                      < 9000
                      > 00CB3FFF 0A 4D08 7006 BF8101 02 A080
                      < 610E
                      > 00C00000 0E
                      < 700C BF810108 A006 9A0103 9B0101 9000";
        assert_eq!(card(script).pin_state(&pin()).unwrap().tries_left, Some(1));
    }

    const COUNTER: &str = "> 00CB3FFF 0A 4D08 7006 BF8101 02 A080";
    const THREE: &str = "< 610E\n> 00C00000 0E\n< 700C BF810108 A006 9A0103 9B0103 9000";

    #[test]
    fn the_master_file_is_selected_for_the_counter_unless_it_is_the_current_one() {
        let login = "> 00200001 04 31323334\n< 9000";
        for (fids, current) in [(&[][..], true), (&[0x0001, 0x0011], false), (&[0x0011], false)] {
            let pin = PinObject {
                path: Some(path(fids)),
                ..pin()
            };
            let selected: String = fids.iter().map(|fid| format!("{fid:04X}")).collect();
            let master = if current {
                ""
            } else {
                "> 00A4090C 02 3F00\n< 9000\n"
            };
            let script = format!(
                "> 00A4090C {:02X} 3F00{selected}\n< 9000\n{login}\n{master}{COUNTER}\n{THREE}",
                2 + selected.len() / 2
            );
            let mut card = card(&script);
            card.verify(&pin, Pin::new(b"1234"), None).unwrap();
            assert_eq!(card.pin_state(&pin).unwrap().tries_left, Some(3), "{selected}");
        }
    }

    #[test]
    fn a_refused_question_for_the_counter_is_put_again_only_where_another_file_may_be_current() {
        // The master file was selected for the question: another application is what is left.
        let script = format!(
            "> 00A4090C 02 3F00
             < 9000
             {COUNTER}
             < 6A88
             > 00A40404 08 8025000001FF0100
             < 9000
             {COUNTER}
             {THREE}"
        );
        assert_eq!(
            card_in_use(&script).pin_state(&pin()).unwrap().tries_left,
            Some(3)
        );
        // The card means what it says.
        let refused = card(&format!("{COUNTER}\n< 6F00")).pin_state(&pin());
        assert_eq!(refused, Err(CardError::Unexpected(StatusWord(0x6F00))));
        // The master file was taken for the current one.
        let script = format!("{COUNTER}\n< 6A88\n> 00A4090C 02 3F00\n< 9000\n{COUNTER}\n{THREE}");
        assert_eq!(card(&script).pin_state(&pin()).unwrap().tries_left, Some(3));
    }

    #[test]
    fn malformed_counters_are_errors() {
        for answer in [
            "",
            "7000",
            "700C BF810208 A006 9A0103 9B0101",
            "700C BF810108 A006 9A0103 9B01",
            "7009 BF810105 A003 9A0103",
        ] {
            let script = format!("> 00CB3FFF 0A 4D08 7006 BF8101 02 A080\n< {answer} 9000");
            assert!(
                matches!(card(&script).pin_state(&pin()), Err(CardError::Malformed(_))),
                "{answer}"
            );
        }
    }

    #[test]
    fn a_code_given_to_another_application_goes_once_to_ours() {
        let script = "> 00200001 04 31323334
                      < 6E00
                      > 00A40404 08 8025000001FF0100
                      < 9000
                      > 00CB3FFF 0A 4D08 7006 BF8101 02 A080
                      < 6111
                      > 00C00000 11
                      < 700F BF81010B A009 9A0103 9B0103 9D0100 9000
                      > 00200001 04 31323334
                      < 63C1";
        let wrong = card(script).verify(&pin(), Pin::new(b"1234"), None);
        assert_eq!(wrong, Err(CardError::PinIncorrect { tries_left: Some(1) }));
    }

    #[test]
    fn logout_resets_the_card() {
        let mut card = card("= reset\n> 00200001 04 31323334\n< 9000");
        card.logout(Logout::LastCloses).unwrap();
        assert_eq!(card.continuous(), Ok(true));
        card.verify(&pin(), Pin::new(b"1234"), None).unwrap();
    }

    #[test]
    fn after_logout_the_master_file_is_current_only_if_the_card_was_reset() {
        let counter = "> 00CB3FFF 0A 4D08 7006 BF8101 02 A080
                       < 6111
                       > 00C00000 11
                       < 700F BF81010B A009 9A0103 9B0103 9D0100 9000";
        for (logout, line, select) in [
            (Logout::LastCloses, "= reset", ""),
            (Logout::AlwaysResets, "= reset", ""),
            (Logout::LastCloses, "= others", "> 00A4090C 02 3F00\n< 9000\n"),
        ] {
            for start in [card as fn(&str) -> Card, card_in_use] {
                let mut card = start(&format!("{line}\n{select}{counter}"));
                card.logout(logout).unwrap();
                assert_eq!(card.pin_state(&pin()).unwrap().tries_left, Some(3), "{line}");
            }
        }
    }
}

mod signatures {
    use super::*;

    const DIGEST: [u8; 32] = [0xD1; 32];

    fn digest(last_round: Option<LastRound>) -> ToSign {
        ToSign::Digest {
            hash: Hash::Sha256,
            digest: Digest::new(&DIGEST),
            last_round,
        }
    }

    fn finished_hash(answer: &str) -> String {
        format!(
            "> 00224 1B6 06 800142 840181\n< 9000\n> 002A9E9A 20 {}\n{answer}\n",
            fill(0xD1, 32)
        )
    }

    #[test]
    fn the_finished_hash_costs_three_commands() {
        let script = finished_hash(&block(0x51));
        assert_eq!(commands(&script), 3);
        assert_eq!(
            card_in_use(&script)
                .sign(&signature_key(), &digest(Some(abc())))
                .unwrap(),
            [0x51; 256]
        );
    }

    #[test]
    fn sha1_has_its_own_reference() {
        let script = format!(
            "> 002241B6 06 800112 840181\n< 9000\n> 002A9E9A 14 {}\n{}",
            fill(0xA1, 20),
            block(0x51)
        );
        let what = ToSign::digest(Hash::Sha1, &[0xA1; 20]);
        card_in_use(&script).sign(&signature_key(), &what).unwrap();
    }

    #[test]
    fn a_card_that_refuses_the_finished_hash_gets_the_last_round_from_then_on() {
        let last_round = format!(
            "> 002241AA 03 800140
             < 9000
             > 002A90A0 07 9000 8003 616263
             < 9000
             > 002241B6 06 800142 840181
             < 9000
             > 002A9E9A 00
             {}\n",
            block(0x51)
        );
        for status in ["6A80", "6700", "6986", "6984"] {
            let script = [
                finished_hash(&format!("< {status}")),
                last_round.clone(),
                last_round.clone(),
            ]
            .concat();
            let mut card = card_in_use(&script);
            for _ in 0..2 {
                assert_eq!(
                    card.sign(&signature_key(), &digest(Some(abc()))).unwrap(),
                    [0x51; 256]
                );
            }
        }
    }

    #[test]
    fn a_refusal_that_may_come_from_elsewhere_is_cleared_up_first() {
        let script = [
            finished_hash("< 6985"),
            "> 00A40404 08 8025000001FF0100\n< 6119\n> 00A4090C 04 3F000001\n< 9000\n".into(),
            finished_hash(&block(0x51)),
            finished_hash(&block(0x52)),
        ]
        .concat();
        let mut card = card_in_use(&script);
        card.sign(&signature_key(), &digest(Some(abc()))).unwrap();
        card.sign(&signature_key(), &digest(Some(abc()))).unwrap();
    }

    #[test]
    fn the_last_round_carries_state_and_bits() {
        let last = LastRound {
            state: vec![0x5A; 32],
            hashed_bits: 1024,
            tail: vec![0x77; 64],
        };
        let script = format!(
            "{}> 002241AA 03 800140
             < 9000
             > 002A90A0 6C 9028 {} 0000000000000400 8040 {}
             < 9000
             > 002241B6 06 800142 840181
             < 9000
             > 002A9E9A 00
             {}",
            finished_hash("< 6A80"),
            fill(0x5A, 32),
            fill(0x77, 64),
            block(0x51)
        );
        card_in_use(&script)
            .sign(&signature_key(), &digest(Some(last)))
            .unwrap();
    }

    #[test]
    fn without_a_last_round_the_refusal_stands() {
        let script = finished_hash("< 6A80");
        assert_eq!(
            card_in_use(&script).sign(&signature_key(), &digest(None)),
            Err(CardError::WrongData(StatusWord(0x6A80)))
        );
    }

    #[test]
    fn a_missing_code_is_not_taken_for_a_refused_hash() {
        let script = finished_hash("< 6982");
        let refused = card_in_use(&script).sign(&signature_key(), &digest(Some(abc())));
        assert_eq!(refused, Err(CardError::NotVerified));
    }

    #[test]
    fn authentication_takes_a_digest_info() {
        let info = digest_info::encode(Hash::Sha256, &DIGEST).unwrap();
        let script = format!(
            "> 002241A4 06 800102 840182
             < 9000
             > 00880000 33 {}
             {}\n",
            text(&info),
            block(0x52)
        );
        assert_eq!(commands(&script), 3);
        let mut card = card_in_use(&script.repeat(2));
        assert_eq!(
            card.sign(&authentication_key(), &bare(&info)).unwrap(),
            [0x52; 256]
        );
        assert_eq!(
            card.sign(&authentication_key(), &digest(None)).unwrap(),
            [0x52; 256]
        );
    }

    #[test]
    fn what_a_key_cannot_do_is_refused_without_a_command() {
        let mut card = card("");
        let (sig, aut) = (signature_key(), authentication_key());
        for (key, what) in [
            (&aut, bare(&[0; 103])),
            (&aut, bare(&[])),
            (&aut, padded(&[0; 256])),
            (&aut, pss(Hash::Sha256, &DIGEST)),
            (&aut, ToSign::digest(Hash::Sha1, &DIGEST)),
            (&sig, bare(&[0; 32])),
            (&sig, ToSign::digest(Hash::Sha512, &[0; 64])),
            (&sig, ToSign::digest(Hash::Sha1, &DIGEST)),
        ] {
            assert_eq!(card.sign(key, &what), Err(CardError::Unsupported), "{what:?}");
        }
        assert!(matches!(
            card.decipher(&sig, &[0; 256]),
            Err(CardError::Unsupported)
        ));
        assert!(matches!(
            card.decipher(&aut, &[0; 255]),
            Err(CardError::Unsupported)
        ));
        assert_eq!(card.abilities(&aut).pkcs1_max, Some(102));
    }

    #[test]
    fn a_shorter_key_signs_with_the_hashes_that_fit() {
        let card = card("");
        let shorter = |modulus_len| KeyRef {
            modulus_len,
            ..authentication_key()
        };
        for (modulus_len, longest, hashes) in [
            (
                256,
                102,
                &[Hash::Sha1, Hash::Sha224, Hash::Sha256, Hash::Sha384, Hash::Sha512][..],
            ),
            (128, 51, &[Hash::Sha1, Hash::Sha224, Hash::Sha256]),
            (127, 50, &[Hash::Sha1, Hash::Sha224]),
            (64, 25, &[]),
        ] {
            let abilities = card.abilities(&shorter(modulus_len));
            assert_eq!((abilities.pkcs1_max, abilities.digest), (Some(longest), hashes));
            assert!(abilities.decipher);
        }
    }

    #[test]
    fn as_much_as_the_key_takes_is_signed() {
        let script = format!(
            "> 002241A4 06 800102 840182\n< 9000\n> 00880000 66 {}\n{}",
            fill(0x55, 102),
            block(0x52)
        );
        let signature = card_in_use(&script).sign(&authentication_key(), &bare(&[0x55; 102]));
        assert_eq!(signature.unwrap(), [0x52; 256]);
    }

    #[test]
    fn a_signature_of_another_length_never_leaves() {
        let script = finished_hash("< 6102\n> 00C0000002\n< 5151 9000");
        assert!(matches!(
            card_in_use(&script).sign(&signature_key(), &digest(None)),
            Err(CardError::Malformed(_))
        ));
    }

    #[test]
    fn the_card_removes_the_padding_of_a_cryptogram() {
        let script = format!(
            "> 002241B8 06 80011A 840182
             < 9000
             > 102A8086 FF 81 {}
             < 9000
             > 002A8086 02 C0C0
             < 6105
             > 00C0000005
             < 68656C6C6F 9000",
            fill(0xC0, 254)
        );
        let Ok(Deciphered::Plain(plain)) = card_in_use(&script).decipher(&authentication_key(), &[0xC0; 256])
        else {
            panic!("plaintext");
        };
        assert_eq!(&plain[..], b"hello");
    }
}

mod sharing {
    use super::*;

    #[test]
    fn a_reset_by_another_program_is_told_until_the_next_code() {
        let script = "~ reset
                      > 00840000 08
                      < 0102030405060708 9000
                      > 00200001 04 31323334
                      < 9000";
        let mut card = card(script);
        assert_eq!(card.continuous(), Ok(false));
        card.random(&mut [0; 8]).unwrap();
        assert_eq!(card.continuous(), Ok(false));
        card.verify(&pin(), Pin::new(b"1234"), None).unwrap();
        assert_eq!(card.continuous(), Ok(true));
    }

    const RANDOM: &str = "> 00840000 08\n< 0102030405060708 9000";

    /// The number of our card, by the short identifier.
    fn shown() -> String {
        format!("> 00B09C00 0C\n< {EF_SN} 9000")
    }

    #[test]
    fn a_card_that_nobody_was_connected_to_shows_its_number_once() {
        let script = format!("~ return\n{}\n{RANDOM}\n{RANDOM}", shown());
        let mut card = card(&script);
        assert!(card.seen_continuous());
        card.random(&mut [0; 8]).unwrap();
        assert!(!card.seen_continuous(), "its PIN may be gone");
        assert!(card.take_disturbance());
        card.random(&mut [0; 8]).unwrap();
    }

    #[test]
    fn another_card_that_came_meanwhile_is_not_used() {
        for other in ["26008552 50", "26008553 4F"] {
            let number = format!("> 00B09C00 0C\n< 5A0A 8025000001 {other} 9000");
            let mut card = card(&format!("~ return\n{number}\n{number}"));
            for _ in 0..2 {
                assert_eq!(
                    card.verify(&pin(), Pin::new(b"1234"), None),
                    Err(CardError::Reader(ReaderError::Removed))
                );
            }
        }
    }

    #[test]
    fn a_number_that_another_application_hides_is_looked_for_in_ours() {
        let hidden = "> 00B09C00 0C\n< 6E00\n> 00A4090C 04 3F00D003\n< 6E00";
        let select = "> 00A40404 08 8025000001FF0100\n< 6110";
        let script = format!("~ return\n{hidden}\n{select}\n{}\n{RANDOM}", shown());
        card(&script).random(&mut [0; 8]).unwrap();
        // In our own application there is no other reason than another card.
        let mut card = card(&format!("~ return\n{hidden}\n{select}\n{hidden}"));
        assert_eq!(
            card.random(&mut [0; 8]),
            Err(CardError::Reader(ReaderError::Removed))
        );
    }

    #[test]
    fn a_reader_that_fails_meanwhile_says_nothing_of_the_card() {
        let script = format!("~ return\n> 00B09C00 0C\n! Mute\n{}\n{RANDOM}", shown());
        let mut card = card(&script);
        assert_eq!(
            card.random(&mut [0; 8]),
            Err(CardError::Reader(ReaderError::Mute))
        );
        card.random(&mut [0; 8]).unwrap();
    }

    #[test]
    fn a_number_that_is_refused_for_good_is_another_cards() {
        let script = "~ return
                      > 00B09C00 0C
                      < 6982
                      > 00A4090C 04 3F00D003
                      < 9000
                      > 00B00000 0C
                      < 6982";
        assert_eq!(
            card(script).random(&mut [0; 8]),
            Err(CardError::Reader(ReaderError::Removed))
        );
    }

    #[test]
    fn after_a_reset_the_application_is_entered_before_a_key_is_used() {
        let script = format!(
            "~ reset
             > 00A4090C 04 3F000001
             < 9000
             > 002241A4 06 800102 840182
             < 9000
             > 00880000 01 55
             < 6982
             > 00200001 04 31323334
             < 9000
             > 002241A4 06 800102 840182
             < 9000
             > 00880000 01 55
             {}",
            block(0x52)
        );
        let mut card = card_in_use(&script);
        assert_eq!(
            card.sign(&authentication_key(), &bare(&[0x55])),
            Err(CardError::NotVerified)
        );
        card.verify(&pin(), Pin::new(b"1234"), None).unwrap();
        card.sign(&authentication_key(), &bare(&[0x55])).unwrap();
    }

    #[test]
    fn a_foreign_application_is_left_once_and_a_second_refusal_stands() {
        let script = "> 002241A4 06 800102 840182
                      < 6A88
                      > 00A40404 08 8025000001FF0100
                      < 9000
                      > 00A4090C 04 3F000001
                      < 9000
                      > 002241A4 06 800102 840182
                      < 6A88";
        let refused = card_in_use(script).sign(&authentication_key(), &bare(&[0x55]));
        assert_eq!(refused, Err(CardError::NotFound(StatusWord(0x6A88))));
    }

    #[test]
    fn a_card_pulled_out_ends_the_transaction() {
        let mut card = card("> 00840000 08\n! Removed");
        assert_eq!(
            card.random(&mut [0; 3]),
            Err(CardError::Reader(ReaderError::Removed))
        );
    }

    #[test]
    fn random_bytes_come_eight_at_a_time() {
        let script = "> 00840000 08\n< 0102030405060708 9000\n> 00840000 08\n< 1112131415161718 9000";
        let mut random = [0; 11];
        card(script).random(&mut random).unwrap();
        assert_eq!(random, *b"\x01\x02\x03\x04\x05\x06\x07\x08\x11\x12\x13");
    }

    #[test]
    fn random_bytes_come_in_one_transaction_and_leave_other_programs_their_turn() {
        let challenges = "> 00840000 08\n< 0102030405060708 9000\n".repeat(4);
        let script =
            format!("{challenges}~ another program had the card\n> 00840000 08\n< 1112131415161718 9000");
        let mut card = card(&script);
        let (mut seed, mut one) = ([0; 32], [0; 1]);
        card.random(&mut seed).unwrap();
        assert_eq!(seed[..], hex("0102030405060708").repeat(4));
        card.random(&mut one).unwrap();
        assert_eq!(one, [0x11]);
    }
}

mod contactless {
    use super::*;

    const ATR: &str = "3B8F80010031B86404B0ECC1739401808290000E";

    /// SELECT with its control information, then READ BINARY, under T=1.
    fn read_file(path: &str, content: &[u8]) -> String {
        let size = content.len();
        format!(
            "> 00A40904 {:02X} {path} 00
             < 620A 8002 {size:04X} 820101 8801E0 9000
             > 00B00000 {size:02X}
             < {} 9000",
            path.len() / 2,
            text(content)
        )
    }

    fn card(application: &str, script: &str) -> Card {
        let dir = der(&format!(
            "61 {{ 4F {{ E828BD080F8025000001FF0010 }} 51 {{ 3F000001 }} }}
             61 {{ 4F {{ E828BD080F8025000001FF0020 }} {application} }}"
        ));
        let odf = der("A8 { 30 { 04 { 7001 } } } A0 { 30 { 04 { 7002 } } } A7 { 30 { 04 { 7006 } } }");
        let info = der("30 { 02 { 00 } 80 { 'CPS3' } 03 { 04 10 } }");
        let script = [
            format!("> 00B09C00 0C\n< {EF_SN} 9000"),
            read_file("3F002F00", &dir),
            read_file("3F0000025031", &odf),
            read_file("3F0000025032", &info),
            script.to_owned(),
        ]
        .join("\n");
        let mut card = try_recognise(ATR, Protocol::T1, &script).expect("a CPS3");
        assert_eq!(card.chip(), Chip::Cps3Contactless);
        let token = card.read_token_info().unwrap();
        assert_eq!((&token.token.label[..], token.pins.len()), ("CPS3", 0));
        card
    }

    #[test]
    fn neither_codes_nor_ef_actua_nor_the_old_side_are_asked_for() {
        let prkdf = der(
            "30 { 30 { 0C { 'CPS_PRIV_TECH_AUT' } 03 { 00 } } 30 { 04 { 03 } 03 { 05 20 } 02 { FF83 } }
                              A1 { 30 { 30 { 04 { } } 02 { 0800 } } } }",
        );
        let dodf =
            der("30 { 30 { 0C { 'CPS_ACTIVITY_01_PS' } 03 { 06 40 } } 30 { } A1 { 30 { 04 { D120 } } } }");
        let script = [
            read_file("3F0000027002", &prkdf),
            read_file("3F0000027006", &dodf),
        ]
        .join("\n");
        let mut card = card("51 { 3F000002 }", &script);
        assert_eq!(card.check_update(Duration::ZERO), Ok(()));
        let objects = card.read_objects().unwrap();
        assert_eq!(objects.private_keys[0].reference, 0x83);
        assert_eq!(objects.data.len(), 1);
        assert!(!objects.data[0].common.modifiable, "whatever the directory says");
    }

    #[test]
    fn the_application_stands_where_the_official_module_selects_it_when_ef_dir_does_not_tell() {
        card("", "");
    }

    #[test]
    fn the_technical_key_signs_and_deciphers_nothing() {
        let script = format!(
            "> 002241A4 06 800102 840183
             < 9000
             > 00880000 01 55 00
             < {} 9000",
            fill(0x53, 256)
        );
        let key = key(0x83, KeyRole::Authentication);
        // Reading TokenInfo has entered the application.
        let mut card = card("51 { 3F000002 }", &script);
        card.sign(&key, &bare(&[0x55])).unwrap();
        assert!(!card.abilities(&key).decipher);
    }
}
