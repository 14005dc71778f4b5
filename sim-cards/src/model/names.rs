//! The names under which people know the files, applications and objects of the cards, for dumps and traces.

use crate::kinds::chip::Chip;
use crate::kinds::labels;
use crate::model::guesses;
use crate::model::layout::{self, Location};

/// Label of the data object at this path, the MF left out.
pub fn data_object(path: &[u16]) -> Option<String> {
    let once = labels::LABELS.iter().map(|label| (*label).to_owned());
    let situations = (1..=16).flat_map(|number| {
        ["CPS_ACTIVITY", "CPS2TER_ACTIVITY"].map(|prefix| format!("{prefix}_{number:02}_PS"))
    });
    let stands_here = |label: &String| {
        [Chip::Cps3, Chip::Cps4]
            .into_iter()
            .filter_map(|chip| layout::location(chip, label))
            .any(|place| match (place, path) {
                (Location::Application(file), [directory, own]) => is_application(*directory) && file == *own,
                (Location::Legacy(above, file), [directories @ .., own]) => {
                    above == directories && file == *own
                }
                _ => false,
            })
    };
    once.chain(situations).find(stands_here)
}

/// Name of the file at this path, the MF left out: the MF itself, a directory, a file of ISO 7816 or PKCS #15, or a
/// data object by its label.
pub fn file(path: &[u16]) -> Option<String> {
    let name = match path {
        [] => "MF",
        [layout::EF_DIR] => "EF.DIR",
        [layout::EF_ATR] => "EF.ATR",
        [layout::EF_SN_ICC] => "EF.SN.ICC",
        [layout::EF_ACTUA] => "EF_ACTUA",
        [layout::CONTACT_APPLICATION] => "DF of the contact application",
        [directory] if is_application(*directory) => "DF of the contactless application",
        [layout::LEGACY_DIRECTORY] => "DF of the former generation",
        [directory, identifier] if is_application(*directory) => match pkcs15(*identifier) {
            Some(name) => name,
            None => return data_object(path),
        },
        _ => return data_object(path),
    };
    Some(name.to_owned())
}

/// Whether this is the directory of a PKCS #15 application.
pub fn is_application(directory: u16) -> bool {
    directory == layout::CONTACT_APPLICATION || directory == guesses::get().files.contactless_application
}

fn pkcs15(identifier: u16) -> Option<&'static str> {
    let files = &guesses::get().files;
    let known = [
        (layout::EF_ODF, "EF.ODF"),
        (layout::EF_TOKEN_INFO, "EF.TokenInfo"),
        (files.aodf, "EF.AODF"),
        (files.prkdf, "EF.PrKDF"),
        (files.pukdf, "EF.PuKDF"),
        (files.cdf, "EF.CDF"),
        (files.dodf, "EF.DODF"),
        (files.signature_certificate, "signature certificate"),
        (files.authentication_certificate, "authentication certificate"),
        (files.technical_certificate, "technical certificate"),
        (files.signature_public_key, "signature public key"),
        (files.authentication_public_key, "authentication public key"),
    ];
    known
        .iter()
        .find(|(own, _)| *own == identifier)
        .map(|(_, name)| *name)
}

/// Name of the file with this short identifier under the MF.
pub fn short_file(identifier: u8) -> Option<&'static str> {
    match identifier {
        layout::EF_DIR_SHORT => Some("EF.DIR"),
        layout::EF_ATR_SHORT => Some("EF.ATR"),
        layout::EF_SN_ICC_SHORT => Some("EF.SN.ICC"),
        _ => None,
    }
}

/// Name of the application with this identifier.
pub fn application(aid: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 7] = [
        (&layout::ROOT_AID, "root application"),
        (&layout::CPS2TER_AID, "CPS2ter application"),
        (&layout::CONTACT_AID, "contact application"),
        (&layout::CONTACTLESS_AID, "contactless application"),
        (&layout::CARD_MANAGER_AID, "card manager"),
        (guesses::MASTER_AID, "MF_VITALE"),
        (guesses::VITALE_AID, "VITALE"),
    ];
    known.iter().find(|(own, _)| *own == aid).map(|(_, name)| *name)
}

/// A path as manuals write it: `3F00/0001/5031`.
pub fn path(path: &[u16]) -> String {
    std::iter::once(&crate::iso7816::files::MASTER_FILE)
        .chain(path)
        .map(|identifier| format!("{identifier:04X}"))
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_names() {
        let named = |path: &[u16]| file(path).unwrap_or_default();
        assert_eq!(named(&[]), "MF");
        assert_eq!(named(&[0x2F00]), "EF.DIR");
        assert_eq!(named(&[0x0001, 0x5031]), "EF.ODF");
        assert_eq!(named(&[0x0001, 0xD122]), "CPS_ACTIVITY_03_PS");
        assert_eq!(named(&[0x7F01, 0x4000]), "CPS_SIT_FACT");
        assert_eq!(named(&[0x401F]), "CPS2TER_ACTIVITY_16_PS");
        assert_eq!(file(&[0x4020]), None);
        assert_eq!(path(&[0x0001, 0x5031]), "3F00/0001/5031");
    }
}
