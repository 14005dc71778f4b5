//! Odd directories: what stands between the entries, behind them, and in one of them.

use cryptoki_sys::*;
use sim_cards::persona::Directory;
use sim_cards::{Chip, Profile};

use crate::card::{
    AUTHENTICATION, CHIPS, SIGNATURE, card, certificate, directory, entries, profile, replace, sign,
};
use crate::notation::der;
use testkit::{Session, ulong};

/// Directories that hold entries of objects.
const OF_OBJECTS: [Directory; 5] = [
    Directory::Cdf,
    Directory::PrKdf,
    Directory::PuKdf,
    Directory::Dodf,
    Directory::Aodf,
];

/// What an application sees of a card.
#[derive(Debug, PartialEq, Eq)]
struct Sight {
    certificates: Vec<String>,
    private_keys: Vec<String>,
    public_keys: Vec<String>,
    data: Vec<String>,
}

fn labels(session: Session<'_>, class: CK_OBJECT_CLASS) -> Vec<String> {
    let found = session.find(&[(CKA_CLASS, ulong(class))]).expect("a search");
    let label = |object| {
        let label = session.attribute(object, CKA_LABEL).expect("CKA_LABEL");
        String::from_utf8(label).expect("UTF-8")
    };
    found.into_iter().map(label).collect()
}

impl Sight {
    fn of(session: Session<'_>) -> Sight {
        Sight {
            certificates: labels(session, CKO_CERTIFICATE),
            private_keys: labels(session, CKO_PRIVATE_KEY),
            public_keys: labels(session, CKO_PUBLIC_KEY),
            data: labels(session, CKO_DATA),
        }
    }

    fn of_class(&mut self, of: Directory) -> &mut Vec<String> {
        match of {
            Directory::Cdf => &mut self.certificates,
            Directory::PrKdf => &mut self.private_keys,
            Directory::PuKdf => &mut self.public_keys,
            Directory::Dodf => &mut self.data,
            other => panic!("{other:?} holds no objects"),
        }
    }
}

/// What is seen of a card without anything odd on it.
fn usual(profile: &Profile) -> Sight {
    let (module, _rack, _card) = testkit::start(card(profile));
    Sight::of(module.user_session())
}

fn has(profile: &Profile, wanted: Directory) -> bool {
    wanted != Directory::PuKdf || profile.chip == Chip::Cps4
}

/// The keys with these labels sign, and their certificates can be read.
fn keys_sign(session: Session<'_>, profile: &Profile, what: &str, labels: &[(&str, &str)]) {
    let credentials = &profile.credentials;
    for (label, certified) in labels {
        let credential = match *label {
            "CPS_PRIV_SIG" => &credentials.signature,
            _ => &credentials.authentication,
        };
        let object = certificate(session, certified);
        let value = session.attribute(object, CKA_VALUE);
        assert_eq!(value.as_ref(), Ok(&credential.certificate), "{what}: {certified}");
        let key = session.private_key(label);
        assert_eq!(
            sign(session, key, &credential.key),
            Ok(()),
            "{what}: {label} signs"
        );
    }
}

/// What may stand before, between and behind entries without a trace.
fn gaps(entry: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let overwritten = |by: u8| [&[by], &entry[1..]].concat();
    vec![
        ("nothing", vec![]),
        ("a zero", vec![0]),
        ("seven zeros", vec![0; 7]),
        ("five FF", vec![0xFF; 5]),
        ("zeros and FF", vec![0, 0xFF, 0, 0, 0xFF]),
        ("an entry that became zeros", vec![0; entry.len()]),
        ("an entry that became FF", vec![0xFF; entry.len()]),
        ("an entry whose first byte became 00", overwritten(0x00)),
        ("an entry whose first byte became FF", overwritten(0xFF)),
        (
            "two entries whose first bytes became 00",
            overwritten(0x00).repeat(2),
        ),
        ("an entry without its tag", entry[1..].to_vec()),
        ("an empty entry", vec![0x30, 0x00]),
        (
            "an entry of empty fields",
            der("30 { 30 { } 30 { } A1 { 30 { } } }"),
        ),
        (
            "an entry of an unknown kind",
            der("A7 { 30 { 0C { 'x' } } 30 { 04 { 77 } } A1 { 30 { } } }"),
        ),
        (
            "an elliptic curve's key",
            der(
                "A0 { 30 { 0C { 'x' } } 30 { 04 { 77 } 03 { 05 20 } 02 { 11 } } A1 { 30 { 30 { 04 { } } } } }",
            ),
        ),
        ("an object of an unknown tag", der("53 { 0102030405 }")),
        ("an object with a tag of three bytes", der("BF8101 { 04 { 01 } }")),
        ("a tag without a length", vec![0x30]),
        ("a length that is cut", vec![0x30, 0x82]),
        ("rubbish", vec![0xDE, 0xAD, 0xBE, 0xEF]),
        ("a text", b"deleted by the issuer".to_vec()),
    ]
}

#[test]
fn what_stands_between_entries_takes_none_of_them_along() {
    for chip in CHIPS {
        let plain = profile(chip);
        let expected = usual(&plain);
        for of in OF_OBJECTS.into_iter().filter(|of| has(&plain, *of)) {
            let file = directory(&plain, of);
            let [first, others @ ..] = &entries(&file)[..] else {
                panic!("{of:?} has entries")
            };
            testkit::each(gaps(first), |(what, gap)| {
                let case = format!("{what} in {of:?}, {chip}");
                let mut content = [gap, *first].concat();
                for entry in others {
                    content.extend([gap, *entry].concat());
                }
                content.extend(gap);
                check(&plain, of, content, &expected, &case);
            });
        }
    }
}

/// With this content of a directory, this is seen, and both keys sign.
fn check(plain: &Profile, of: Directory, content: Vec<u8>, expected: &Sight, case: &str) {
    let mut odd = plain.clone();
    replace(&mut odd, of, content);
    let (module, _rack, card) = testkit::start(self::card(&odd));
    let session = module.session();
    assert_eq!(session.login(testkit::PIN), Ok(()), "{case}: C_Login");
    assert_eq!(&Sight::of(session), expected, "{case}");
    keys_sign(session, &odd, case, &[SIGNATURE, AUTHENTICATION]);
    assert_eq!(card.tries_left(), 3, "{case}");
}

/// Behind the last entry there may be any number of zeros or FF, and the file may be as long as files are.
#[test]
fn fill_behind_the_last_entry_and_gaps_at_the_end_of_a_read_are_passed_over() {
    for chip in CHIPS {
        let plain = profile(chip);
        let expected = usual(&plain);
        for of in OF_OBJECTS.into_iter().filter(|of| has(&plain, *of)) {
            let file = directory(&plain, of);
            let all = entries(&file);
            let (last, others) = all.split_last().expect("entries");
            for fill in [0x00, 0xFF] {
                let padded = [&file[..], &vec![fill; 2000 - file.len() % 256]].concat();
                check(
                    &plain,
                    of,
                    padded,
                    &expected,
                    &format!("{of:?} filled with {fill:02X}, {chip}"),
                );
                // The gap begins in one READ BINARY and ends in the next one.
                let before = others.concat();
                for ahead in [3, 40, 90] {
                    let lead = (256 - ahead + 256 - before.len() % 256) % 256;
                    // What fills the way there is one deleted entry.
                    let deleted = [
                        &[0, 0x82, 0, lead as u8],
                        &[0x04, (lead - 2) as u8][..],
                        &vec![0x11; lead - 2],
                    ]
                    .concat();
                    let deleted = if lead < 8 { vec![] } else { deleted[..].to_vec() };
                    let content = [&deleted[..], &before, &[fill; 90], last].concat();
                    let case =
                        format!("{of:?}, a gap of {fill:02X} {ahead} bytes before the end of a read, {chip}");
                    check(&plain, of, content, &expected, &case);
                }
            }
        }
    }
}

/// A change of one entry.
type Change = fn(&[u8]) -> Vec<u8>;

/// Entries that say the same in another way, or more than they need.
const SAME: [(&str, Change); 8] = [
    ("long form of the length", |entry| {
        with_header(entry, |length| vec![0x82, 0, length as u8])
    }),
    ("longer form of the length", |entry| {
        with_header(entry, |length| vec![0x84, 0, 0, 0, length as u8])
    }),
    ("indefinite length", |entry| {
        [&with_header(entry, |_| vec![0x80])[..], &[0, 0]].concat()
    }),
    ("a length that is one too long", |entry| {
        with_header(entry, |length| vec![length as u8 + 1])
    }),
    ("a length that reaches over the next entry", |entry| {
        with_header(entry, |length| vec![0x81, length as u8 + 60])
    }),
    ("a length that reaches beyond the file", |entry| {
        with_header(entry, |_| vec![0x82, 0x7F, 0xFF])
    }),
    ("a field behind the last one", |entry| {
        let content = [inside(entry), &der("04 { CAFE }")].concat();
        [&[0x30, 0x81, content.len() as u8], &content[..]].concat()
    }),
    ("fields of a later version in the common attributes", |entry| {
        let fields = common_fields(entry);
        let common = [
            fields,
            &der("02 { 01 } 30 { 30 { 03 { 07 80 } 05 { } } } A0 { 30 { } } 18 { '20300101000000Z' }"),
        ]
        .concat();
        let common = [&[0x30, 0x81, common.len() as u8], &common[..]].concat();
        let rest = &inside(entry)[2 + fields.len()..];
        let content = [&common[..], rest].concat();
        [&[0x30, 0x81, content.len() as u8], &content[..]].concat()
    }),
];

/// Entries of which nothing can be known.
const LOST: [(&str, Change); 7] = [
    ("a length of 0", |entry| with_header(entry, |_| vec![0])),
    ("a length that is one too short", |entry| {
        with_header(entry, |length| vec![length as u8 - 1])
    }),
    ("a length that ends in the first field", |entry| {
        with_header(entry, |_| vec![9])
    }),
    ("a length of five bytes", |entry| {
        with_header(entry, |length| vec![0x85, 0, 0, 0, 0, length as u8])
    }),
    ("another tag", |entry| [&[0x31], &entry[1..]].concat()),
    ("no type attributes", |entry| {
        let without = inside(entry);
        let common = 2 + usize::from(without[1]);
        let class = 2 + usize::from(without[common + 1]);
        let content = &without[..common + class];
        [&[0x30, content.len() as u8], content].concat()
    }),
    ("rubbish in the place of the class attributes", |entry| {
        let mut entry = entry.to_vec();
        let header = if entry[1] == 0x81 { 3 } else { 2 };
        let class = header + 2 + usize::from(entry[header + 1]);
        entry[class + 2..class + 4].copy_from_slice(&[0xDF, 0xFF]);
        entry
    }),
];

/// The entry with another length field.
fn with_header(entry: &[u8], length: impl Fn(usize) -> Vec<u8>) -> Vec<u8> {
    let inside = inside(entry);
    [&entry[..1], &length(inside.len())[..], inside].concat()
}

fn inside(entry: &[u8]) -> &[u8] {
    &entry[if entry[1] == 0x81 { 3 } else { 2 }..]
}

fn common_fields(entry: &[u8]) -> &[u8] {
    let inside = inside(entry);
    &inside[2..2 + usize::from(inside[1])]
}

#[test]
fn an_odd_entry_spoils_itself_at_most() {
    for chip in CHIPS {
        let plain = profile(chip);
        for of in [Directory::Cdf, Directory::PrKdf, Directory::Dodf] {
            let file = directory(&plain, of);
            let [first, others @ ..] = &entries(&file)[..] else {
                panic!("{of:?} has entries")
            };
            let rows = SAME
                .map(|row| (row, false))
                .into_iter()
                .chain(LOST.map(|row| (row, true)));
            testkit::each(rows, |((what, change), lost)| {
                let case = format!("{what} in {of:?}, {chip}");
                let mut expected = usual(&plain);
                if *lost {
                    expected.of_class(of).remove(0);
                    if of == Directory::Cdf {
                        // A public key is one because of its certificate, and keeps its place if PuKDF has it.
                        match chip {
                            Chip::Cps3 => _ = expected.public_keys.remove(0),
                            Chip::Cps4 => expected.public_keys.rotate_left(1),
                        }
                    }
                }
                let mut odd = plain.clone();
                replace(&mut odd, of, [&change(first)[..], &others.concat()].concat());
                let (module, _rack, _card) = testkit::start(card(&odd));
                let session = module.user_session();
                assert_eq!(Sight::of(session), expected, "{case}");
                let keys: &[_] = if *lost && of != Directory::Dodf {
                    &[AUTHENTICATION]
                } else {
                    &[SIGNATURE, AUTHENTICATION]
                };
                keys_sign(session, &odd, &case, keys);
            });
        }
    }
}

/// ODF: the others are found behind what is odd in it.
#[test]
fn an_odd_odf_names_the_other_directories() {
    for chip in CHIPS {
        let plain = profile(chip);
        let expected = usual(&plain);
        let file = directory(&plain, Directory::Odf);
        let all = entries(&file);
        let deleted = [&[0], &all[0][1..]].concat();
        let gaps = [
            ("seven zeros", vec![0; 7]),
            ("five FF", vec![0xFF; 5]),
            ("an entry whose first byte became 00", deleted),
            ("an empty entry", vec![0xA4, 0]),
            ("an entry without a path", der("A4 { 30 { } }")),
            (
                "an entry of an unknown kind",
                der("A9 { 30 { 04 { 3F0000017009 } } }"),
            ),
            ("a path of an odd length", der("A4 { 30 { 04 { 3F0001 } } }")),
            (
                "a directory in the place of its path",
                der("A4 { A0 { 30 { } } }"),
            ),
            (
                "a directory of certificates that is not there",
                der("A4 { 30 { 04 { 3F000001700E } } }"),
            ),
            ("rubbish", vec![0xDE, 0xAD]),
            ("a length that is cut", vec![0xA4, 0x82]),
        ];
        testkit::each(gaps, |(what, gap)| {
            let case = format!("{what} in ODF, {chip}");
            let content = all
                .iter()
                .flat_map(|entry| [gap, *entry].concat())
                .collect::<Vec<u8>>();
            let content = [&content[..], gap, &[0; 40]].concat();
            check(&plain, Directory::Odf, content, &expected, &case);
        });
        // Entries whose own length is wrong.
        for longer in [1, 10, 0x60] {
            let mut content = all.concat();
            content[1] += longer;
            check(
                &plain,
                Directory::Odf,
                content,
                &expected,
                &format!("a length {longer} too long in ODF, {chip}"),
            );
        }
    }
}

/// Paths to a certificate in the ways of ISO 7816-15.
#[test]
fn a_path_is_understood_with_and_without_index_and_length() {
    for chip in CHIPS {
        let plain = profile(chip);
        let expected = usual(&plain);
        let file = directory(&plain, Directory::Cdf);
        let all = entries(&file);
        let first = der("04 { 3F000001B001 }");
        let place = all[0]
            .windows(first.len())
            .position(|part| part == first)
            .expect("a path");
        let head = &inside(all[0])[..place - (all[0].len() - inside(all[0]).len()) - 6];
        testkit::each(
            [
                "30 { 30 { 04 { 3F000001B001 } } }",
                "30 { 30 { 04 { 0001B001 } } }",
                "30 { 30 { 04 { B001 } } }",
                "30 { 30 { 04 { 3F000001B001 } 02 { 00 } 80 { 1000 } } }",
                "30 { 30 { 04 { 3F000001B001 } 02 { 00 } } }",
                "30 { 30 { 04 { 3F000001B001 } 80 { 0010 } } }",
                "30 { 30 { 04 { 3F000001B001 } 02 { 00 } 80 { 7FFF } } }",
                "30 { 30 { 04 { 3F000001B001 } } 04 { 00 } 02 { 05 } }",
                "30 { 30 { 04 { } A1 { 4F { E828BD080F8025000001FF0010 } 04 { B001 } } } }",
            ],
            |path| {
                let entry = [head, &der(&format!("A1 {{ {path} }}"))].concat();
                let entry = [&[0x30, entry.len() as u8], &entry[..]].concat();
                let content = [&entry[..], &all[1..].concat()].concat();
                check(
                    &plain,
                    Directory::Cdf,
                    content,
                    &expected,
                    &format!("{path}, {chip}"),
                );
            },
        );
    }
}

/// A certificate that stands in a file behind something else.
#[test]
fn a_path_with_an_index_means_what_stands_there() {
    for chip in CHIPS {
        let mut odd = profile(chip);
        let credential = &mut odd.credentials.signature;
        let certificate_value = credential.certificate.clone();
        credential.certificate = [&[0xEE; 16], &certificate_value[..]].concat();
        let file = directory(&odd, Directory::Cdf);
        let all = entries(&file);
        for index in ["02 { 10 }", "02 { 10 } 80 { 1000 }"] {
            let path = der(&format!(
                "A1 {{ 30 {{ 30 {{ 04 {{ 3F000001B001 }} {index} }} }} }}"
            ));
            let old = der("A1 { 30 { 30 { 04 { 3F000001B001 } } } }");
            let head = inside(all[0]).strip_suffix(&old[..]).expect("a path at the end");
            let entry = [head, &path].concat();
            let entry = [&[0x30, entry.len() as u8], &entry[..]].concat();
            let mut odd = odd.clone();
            replace(
                &mut odd,
                Directory::Cdf,
                [&entry[..], &all[1..].concat()].concat(),
            );
            let (module, _rack, _card) = testkit::start(card(&odd));
            let session = module.user_session();
            let object = certificate(session, SIGNATURE.1);
            assert_eq!(
                session.attribute(object, CKA_VALUE),
                Ok(certificate_value.clone()),
                "{index}, {chip}"
            );
            let key = session.private_key(SIGNATURE.0);
            assert_eq!(
                sign(session, key, &odd.credentials.signature.key),
                Ok(()),
                "{index}, {chip}"
            );
        }
    }
}

/// Two entries with one identifier: the one before a renewal stayed on the card.
#[test]
fn of_two_certificates_with_one_identifier_either_may_be_the_right_one() {
    for chip in CHIPS {
        let plain = profile(chip);
        let file = directory(&plain, Directory::Cdf);
        let [signature, authentication] = entries(&file)[..] else {
            panic!("two certificates")
        };
        let file_of = |entry: &[u8], from: &str, to: &str| {
            let (from, to) = (der(from), der(to));
            let place = entry
                .windows(from.len())
                .position(|part| part == from)
                .expect("a path");
            [&entry[..place], &to, &entry[place + from.len()..]].concat()
        };
        // The entry of the authentication key with the file of the signature key, of no use as a certificate of it, or of none.
        let other = file_of(authentication, "3F000001B002", "3F000001B001");
        let none = file_of(authentication, "3F000001B002", "3F000001B00F");
        for (what, old) in [("of another key", other), ("of which the file is gone", none)] {
            for content in [
                [signature, &old, authentication].concat(),
                [signature, authentication, &old].concat(),
            ] {
                let mut odd = plain.clone();
                replace(&mut odd, Directory::Cdf, content);
                let (module, _rack, _card) = testkit::start(card(&odd));
                let session = module.user_session();
                for (label, credential) in [
                    (SIGNATURE.0, &odd.credentials.signature),
                    (AUTHENTICATION.0, &odd.credentials.authentication),
                ] {
                    let key = session.private_key(label);
                    assert_eq!(
                        sign(session, key, &credential.key),
                        Ok(()),
                        "{label}, one more {what}, {chip}"
                    );
                }
            }
        }
    }
}

/// A directory that is of no use hides nothing that the others name.
#[test]
fn a_directory_of_rubbish_or_none_hides_its_own_objects_only() {
    for chip in CHIPS {
        let plain = profile(chip);
        testkit::each(
            [
                ("nothing", vec![]),
                ("zeros", vec![0; 64]),
                ("FF", vec![0xFF; 300]),
                ("rubbish", vec![0xDE, 0xAD, 0xBE, 0xEF]),
                ("a text", b"formatted".repeat(30)),
                ("half an entry", directory(&plain, Directory::Dodf)[..20].to_vec()),
            ],
            |(what, content)| {
                let case = format!("{what}, {chip}");
                let seen = |of: Directory| {
                    let mut odd = plain.clone();
                    replace(&mut odd, of, content.clone());
                    let (module, _rack, _card) = testkit::start(card(&odd));
                    let session = module.user_session();
                    assert!(
                        session.find(&[]).is_ok(),
                        "{case}: a search for everything after {of:?}"
                    );
                    if of == Directory::Dodf {
                        keys_sign(session, &odd, &case, &[SIGNATURE, AUTHENTICATION]);
                    }
                    Sight::of(session)
                };
                let expected = usual(&plain);
                assert_eq!(seen(Directory::Cdf).private_keys, expected.private_keys, "{case}");
                assert_eq!(
                    seen(Directory::PrKdf).certificates,
                    expected.certificates,
                    "{case}"
                );
                let without_data = seen(Directory::Dodf);
                assert_eq!(without_data.certificates, expected.certificates, "{case}");
                assert_eq!(without_data.private_keys, expected.private_keys, "{case}");
            },
        );
    }
}

/// The end of the file cuts the last entry: those before it stay.
#[test]
fn a_directory_that_is_cut_loses_its_last_entry_only() {
    for chip in CHIPS {
        let plain = profile(chip);
        let file = directory(&plain, Directory::Cdf);
        let first = entries(&file)[0].len();
        for end in [first + 1, first + 2, first + 10, file.len() - 20, file.len() - 1] {
            let mut odd = plain.clone();
            replace(&mut odd, Directory::Cdf, file[..end].to_vec());
            let (module, _rack, _card) = testkit::start(card(&odd));
            let session = module.user_session();
            let case = format!("cut at {end} of {}, {chip}", file.len());
            assert_eq!(labels(session, CKO_CERTIFICATE), [SIGNATURE.1], "{case}");
            keys_sign(session, &odd, &case, &[SIGNATURE]);
        }
    }
}
