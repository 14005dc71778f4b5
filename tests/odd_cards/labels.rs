//! Labels and names that fill a field of a fixed length on the card.

use cryptoki_sys::*;
use sim_cards::persona::Directory;

use crate::card::{CHIPS, card, directory, profile, replace};
use crate::notation::der;
use testkit::ulong;

/// What fills a field behind its text.
const PADDINGS: [(&str, &[u8]); 6] = [
    ("a NUL", &[0]),
    ("NULs", &[0; 9]),
    ("blanks", b"    "),
    ("blanks and a NUL", b"   \0"),
    ("NULs and blanks", b"\0\0  "),
    ("FF", &[0xFF; 4]),
];

/// The same file with `padding` behind each text under this tag that stands at the given depth of its entries.
fn padded(file: &[u8], tag: u8, padding: &[u8], depth: usize) -> Vec<u8> {
    let mut content = Vec::new();
    for object in cpx_pkcs11::iso7816::tlv::objects(file) {
        let object = object.expect("DER");
        let value = match (depth, object.whole[0]) {
            (0, found) if found == tag => [object.value, padding].concat(),
            (1.., found) if found & 0x20 != 0 => padded(object.value, tag, padding, depth - 1),
            _ => object.value.to_vec(),
        };
        content.push(object.whole[0]);
        match value.len() {
            short @ 0..0x80 => content.push(short as u8),
            long => content.extend([0x82, (long >> 8) as u8, long as u8]),
        }
        content.extend(value);
    }
    content
}

#[test]
fn labels_of_objects_have_no_padding_and_are_found_without_it() {
    for chip in CHIPS {
        for (what, padding) in PADDINGS {
            let mut odd = profile(chip);
            for of in [Directory::Cdf, Directory::PrKdf, Directory::Dodf] {
                let file = directory(&odd, of);
                // label in commonObjectAttributes; applicationName of DODF stands as deep.
                replace(&mut odd, of, padded(&file, 0x0C, padding, 2));
            }
            let (module, _rack, _card) = testkit::start(card(&odd));
            let session = module.user_session();
            for (class, label) in [
                (CKO_CERTIFICATE, "Certificat de Signature CPS"),
                (CKO_CERTIFICATE, "Certificat d'Authentification CPS"),
                (CKO_PRIVATE_KEY, "CPS_PRIV_SIG"),
                (CKO_PRIVATE_KEY, "CPS_PRIV_AUT"),
                (CKO_DATA, "CPS_NAME_PS"),
                (CKO_DATA, "CPS_ACTIVITY_01_PS"),
            ] {
                let case = format!("{label} with {what}, {chip}");
                let label = label.as_bytes().to_vec();
                let found = session.find(&[(CKA_CLASS, ulong(class)), (CKA_LABEL, label.clone())]);
                let found = found.expect("a search");
                assert_eq!(found.len(), 1, "{case}");
                assert_eq!(session.attribute(found[0], CKA_LABEL), Ok(label), "{case}");
                if class == CKO_DATA {
                    assert_eq!(
                        session.attribute(found[0], CKA_APPLICATION),
                        Ok(b"CPS".to_vec()),
                        "{case}"
                    );
                }
            }
            // The label that the module makes of a certificate's.
            if chip == sim_cards::Chip::Cps3 {
                let label = b"Cle publique - Certificat de Signature CPS".to_vec();
                let found = session.find(&[(CKA_CLASS, ulong(CKO_PUBLIC_KEY)), (CKA_LABEL, label)]);
                assert_eq!(found.map(|found| found.len()), Ok(1), "{what}, {chip}");
            }
        }
    }
}

#[test]
fn label_and_manufacturer_of_the_token_are_padded_with_blanks_whatever_the_card_has() {
    for chip in CHIPS {
        for (what, padding) in PADDINGS {
            let mut odd = profile(chip);
            let file = directory(&odd, Directory::TokenInfo);
            let file = padded(&padded(&file, 0x80, padding, 1), 0x0C, padding, 1);
            replace(&mut odd, Directory::TokenInfo, file);
            let (module, _rack, _card) = testkit::start(card(&odd));
            let info = module.token_info(module.slot()).expect("C_GetTokenInfo");
            let blank = |text: &str| format!("{text:32}").into_bytes();
            assert_eq!(info.label[..], blank(&odd.label), "{what}, {chip}");
            let (plain, _rack, _card) = {
                drop(module);
                testkit::start(card(&profile(chip)))
            };
            let usual = plain.token_info(plain.slot()).expect("C_GetTokenInfo");
            assert_eq!(info.manufacturerID, usual.manufacturerID, "{what}, {chip}");
        }
    }
}

/// A label of padding alone is empty, and one that begins with blanks keeps them.
#[test]
fn only_what_is_behind_a_text_is_padding() {
    for chip in CHIPS {
        for (label, expected) in [
            ("00000000", ""),
            ("2020", ""),
            ("2020 'CPS' 00", "  CPS"),
            ("'A' 00 'B' 0000", "A\0B"),
        ] {
            let mut odd = profile(chip);
            let entry = der(&format!(
                "30 {{ 30 {{ 0C {{ {label} }} }} 30 {{ 04 {{ 77 }} }} A1 {{ 30 {{ 30 {{ 04 {{ 3F000001B001 }} }} }} }} }}"
            ));
            replace(&mut odd, Directory::Cdf, entry);
            let (module, _rack, _card) = testkit::start(card(&odd));
            let session = module.session();
            let object = session.find_one(&[(CKA_CLASS, ulong(CKO_CERTIFICATE))]);
            let found = session.attribute(object, CKA_LABEL);
            assert_eq!(found, Ok(expected.as_bytes().to_vec()), "{label}, {chip}");
        }
    }
}
