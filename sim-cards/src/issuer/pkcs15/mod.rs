//! The PKCS #15 directories of a card (ISO 7816-15), written as real cards write them: bit strings that keep their
//! trailing zero bits, keys without path, no algorithm references in the private key directory.

mod encoding;
mod keys;
mod token_info;

use self::encoding::{
    Application, ENUMERATED, OCTET_STRING, SEQUENCE, TYPE_ATTRIBUTES, UTF8_STRING, bits, integer,
};
use self::keys::Key;
use self::token_info::token_info;
use crate::holder::persona::Directory;
use crate::iso7816::files::{AccessRules, File, MASTER_FILE};
use crate::iso7816::interface::Interface;
use crate::iso7816::tlv::{constructed, tlv};
use crate::issuer::data::{Access, DataObject};
use crate::issuer::profile::Profile;
use crate::kinds::chip::Chip;
use crate::model::guesses;
use crate::model::layout::{self, Location};

/// Every file of the contact application, the directory itself first.
pub fn application(profile: &Profile) -> Vec<File> {
    let (directory, numbers) = (layout::CONTACT_APPLICATION, &guesses::get().files);
    let file =
        |identifier, content| File::elementary(&[directory, identifier], AccessRules::CONTACT, content);
    let keys = Key::both(profile);
    let mut files = vec![
        File::dedicated(&[directory], Some(&layout::CONTACT_AID), AccessRules::CONTACT),
        file(layout::EF_ODF, odf(profile.chip)),
        file(layout::EF_TOKEN_INFO, token_info(profile, Interface::Contact)),
        file(numbers.aodf, aodf()),
        file(numbers.prkdf, keys.iter().flat_map(Key::private_entry).collect()),
        file(
            numbers.cdf,
            keys.iter().flat_map(Key::certificate_entry).collect(),
        ),
        file(numbers.dodf, dodf(profile)),
    ];
    files.extend(
        keys.iter()
            .map(|key| file(key.certificate_file, key.credential.certificate.clone())),
    );
    let public = || keys.iter().filter_map(|key| Some((key, key.public_file?)));
    if profile.chip == Chip::Cps4 {
        let entries = public().flat_map(|(key, own)| key.public_entry(own));
        files.push(file(numbers.pukdf, entries.collect()));
    }
    files.extend(public().map(|(key, own)| file(own, key.public_value())));
    files.extend(profile.data.iter().filter_map(|object| {
        match layout::location(profile.chip, &object.label)? {
            Location::Application(identifier) => Some(File::elementary(
                &[directory, identifier],
                rules(object),
                object.content.clone(),
            )),
            Location::Legacy(..) => None,
        }
    }));
    put_verbatim(&mut files, Interface::Contact, profile);
    files
}

/// The file of a directory.
pub fn directory_file(directory: Directory, application: Interface) -> [u16; 2] {
    let application = match application {
        Interface::Contact => Application::CONTACT,
        Interface::Contactless => Application::contactless(),
    };
    let numbers = &guesses::get().files;
    let identifier = match directory {
        Directory::Odf => layout::EF_ODF,
        Directory::TokenInfo => layout::EF_TOKEN_INFO,
        Directory::Aodf => numbers.aodf,
        Directory::PrKdf => numbers.prkdf,
        Directory::PuKdf => numbers.pukdf,
        Directory::Cdf => numbers.cdf,
        Directory::Dodf => numbers.dodf,
    };
    [application.directory, identifier]
}

/// Puts the directories that the profile has byte for byte in the place of others.
fn put_verbatim(files: &mut Vec<File>, application: Interface, profile: &Profile) {
    let rules = match application {
        Interface::Contact => AccessRules::CONTACT,
        Interface::Contactless => guesses::get().chips.contactless_files(),
    };
    let verbatim = profile.directories.iter();
    for directory in verbatim.filter(|directory| directory.application == application) {
        let path = directory_file(directory.directory, application);
        files.retain(|file| file.path != path);
        files.push(File::elementary(&path, rules, directory.content.clone()));
    }
}

fn rules(object: &DataObject) -> AccessRules {
    match (object.access, object.modifiable) {
        (Access::Code, _) => AccessRules::HOLDER_READS,
        (Access::Free, true) => AccessRules::HOLDER_WRITES,
        (Access::Free, false) => AccessRules::CONTACT,
    }
}

/// Every file of the contactless application of a CPS3: one key that asks for no code, its certificate, no code, and
/// CPS_DATA, which cannot be written here. Whether a real CPS_DATA is one file with that of the contact application is
/// not known: here it is a copy.
pub fn contactless_application(profile: &Profile) -> Vec<File> {
    let (application, numbers) = (Application::contactless(), &guesses::get().files);
    let rules = guesses::get().chips.contactless_files();
    let file = |identifier, content| File::elementary(&[application.directory, identifier], rules, content);
    let key = Key::technical(&profile.credentials.technical);
    let area = profile.data.iter().find(|object| object.label == "CPS_DATA");
    let area = area.map(|object| DataObject {
        modifiable: false,
        ..object.clone()
    });
    let odf = [(0xA0, numbers.prkdf), (0xA4, numbers.cdf), (0xA7, numbers.dodf)]
        .map(|(tag, identifier)| tlv(tag, &application.path(identifier)));
    let mut files = vec![
        File::dedicated(&[application.directory], Some(application.name), rules),
        file(layout::EF_ODF, odf.concat()),
        file(layout::EF_TOKEN_INFO, token_info(profile, Interface::Contactless)),
        file(numbers.prkdf, key.private_entry()),
        file(numbers.cdf, key.certificate_entry()),
        file(
            numbers.dodf,
            area.iter()
                .map(|object| dodf_entry(object, application.path(layout::CPS_DATA)))
                .collect::<Vec<_>>()
                .concat(),
        ),
        file(key.certificate_file, key.credential.certificate.clone()),
    ];
    files.extend(area.map(|object| file(layout::CPS_DATA, object.content)));
    put_verbatim(&mut files, Interface::Contactless, profile);
    files
}

/// EF.DIR. The contactless application of a CPS3 stands first, which is what makes OpenSC bind the contact one.
pub fn ef_dir(chip: Chip) -> Vec<u8> {
    let record = |application: Application, label: &str| {
        let path = [MASTER_FILE.to_be_bytes(), application.directory.to_be_bytes()].concat();
        constructed(
            0x61,
            &[
                tlv(0x4F, application.name),
                tlv(0x50, label.as_bytes()),
                tlv(0x51, &path),
            ],
        )
    };
    let files = &guesses::get().files;
    let contact = record(Application::CONTACT, &files.contact_application_label);
    match chip {
        Chip::Cps3 => {
            let label = &files.contactless_application_label;
            [record(Application::contactless(), label), contact].concat()
        }
        Chip::Cps4 => contact,
    }
}

fn odf(chip: Chip) -> Vec<u8> {
    let files = &guesses::get().files;
    let entry = |tag, identifier| tlv(tag, &Application::CONTACT.path(identifier));
    let mut entries = vec![entry(0xA0, files.prkdf)];
    if chip == Chip::Cps4 {
        entries.push(entry(0xA1, files.pukdf));
    }
    entries.push(entry(0xA4, files.cdf));
    entries.push(entry(0xA7, files.dodf));
    entries.push(entry(0xA8, files.aodf));
    entries.concat()
}

/// Both codes. The second carries the soPin flag, without which unblocking cannot begin.
fn aodf() -> Vec<u8> {
    const INITIALIZED: usize = 4;
    const UNBLOCKING_PIN: usize = 6;
    const SO_PIN: usize = 7;
    let code = |label: &str, reference: u8, unblocked_by: Option<u8>, flags: &[usize], shortest, longest| {
        let mut common = vec![tlv(UTF8_STRING, label.as_bytes()), bits(&[0, 1], 1)];
        common.extend(unblocked_by.map(|code| tlv(OCTET_STRING, &[code])));
        constructed(
            SEQUENCE,
            &[
                constructed(SEQUENCE, &common),
                constructed(SEQUENCE, &[tlv(OCTET_STRING, &[reference])]),
                constructed(
                    TYPE_ATTRIBUTES,
                    &[constructed(
                        SEQUENCE,
                        &[
                            bits(flags, 2),
                            tlv(ENUMERATED, &[1]), // ascii-numeric
                            integer(shortest),
                            integer(longest),
                            integer(longest),
                            tlv(0x80, &[reference]),
                        ],
                    )],
                ),
            ],
        )
    };
    let (shortest, longest) = (
        *layout::PIN_LENGTHS.start() as u16,
        *layout::PIN_LENGTHS.end() as u16,
    );
    [
        code(
            "Code porteur",
            layout::HOLDER_CODE,
            Some(layout::UNBLOCKING_CODE),
            &[INITIALIZED],
            shortest,
            longest,
        ),
        code(
            "Code de recyclage",
            layout::UNBLOCKING_CODE,
            None,
            &[INITIALIZED, UNBLOCKING_PIN, SO_PIN],
            longest,
            longest,
        ),
    ]
    .concat()
}

fn dodf(profile: &Profile) -> Vec<u8> {
    let entry = |object: &DataObject| match layout::location(profile.chip, &object.label)? {
        Location::Application(identifier) => Some(dodf_entry(object, Application::CONTACT.path(identifier))),
        Location::Legacy(..) => None,
    };
    profile.data.iter().filter_map(entry).flatten().collect()
}

fn dodf_entry(object: &DataObject, path: Vec<u8>) -> Vec<u8> {
    let private = object.access == Access::Code;
    let mut flags = vec![];
    flags.extend(private.then_some(0));
    flags.extend(object.modifiable.then_some(1));
    let mut common = vec![tlv(UTF8_STRING, object.label.as_bytes()), bits(&flags, 1)];
    if private || object.modifiable && guesses::get().data.free_area_auth_id {
        common.push(tlv(OCTET_STRING, &[layout::HOLDER_CODE]));
    }
    constructed(
        SEQUENCE,
        &[
            constructed(SEQUENCE, &common),
            constructed(SEQUENCE, &[tlv(UTF8_STRING, b"CPS")]),
            tlv(TYPE_ATTRIBUTES, &path),
        ],
    )
}
