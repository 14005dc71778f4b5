//! Files of a card: the directories of PKCS #15, certificates, keys, and BER-TLV at large.

use cpx_pkcs11::crypto::rsa::PublicKey;
use cpx_pkcs11::crypto::{Hash, digest_info, padding};
use cpx_pkcs11::iso7816::tlv::{Objects, announced_length, objects};
use cpx_pkcs11::pkcs15;
use cpx_pkcs11::token::x509::{Head, X509};
use sim_cards::trace::Exchange;

use crate::application::{self, Work};
use crate::cards::{self, Kind};
use crate::input::Input;
use testkit::{Module, Rack};

const APPLICATION: [u16; 2] = [0x3F00, 0x0001];

/// `kind`, then the file.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let kind = input.byte();
    let file = input.rest();
    match kind % 11 {
        0 => tlv(file),
        1 => drop(pkcs15::odf(file, &APPLICATION)),
        2 => drop(pkcs15::token_info(file)),
        3 => drop(pkcs15::pins(file, &APPLICATION)),
        4 => drop(pkcs15::private_keys(file)),
        5 => drop(pkcs15::public_keys(file, &APPLICATION)),
        6 => drop(pkcs15::certificates(file, &APPLICATION)),
        7 => drop(pkcs15::data(file, &APPLICATION)),
        8 => drop(pkcs15::application_path(file, &[0xE8, 0x28, 0xBD, 0x08, 0x0F])),
        9 => certificate(file),
        _ => blocks(file),
    }
}

/// Walks through all objects, as deep as they go.
fn tlv(file: &[u8]) {
    let mut pending: Vec<Objects<'_>> = vec![objects(file)];
    let mut seen = 0;
    while let Some(run) = pending.pop() {
        for object in run {
            let Ok(object) = object else { break };
            assert_eq!(
                object
                    .whole
                    .get(object.header_len()..)
                    .map(|rest| rest.starts_with(object.value)),
                Some(true)
            );
            assert_eq!(announced_length(object.whole), Some(object.whole.len()));
            seen += 1;
            if object.value.len() < object.whole.len() && seen < 10_000 {
                pending.push(object.inside());
            }
        }
    }
}

/// A certificate, and a signature with its key where it has one.
fn certificate(file: &[u8]) {
    let Some(certificate) = X509::parse(file) else {
        return;
    };
    assert!(certificate.ber.len() <= file.len());
    let again = X509::parse(&certificate.ber).expect("a certificate without what was behind it");
    assert_eq!(again.head, certificate.head);
    for cut in [file.len() / 2, file.len() / 4 * 3] {
        let head = Head::parse(&file[..cut]);
        assert!(
            head.is_none_or(|head| head == certificate.head),
            "a beginning that says something else"
        );
    }
    if let Some(key) = certificate.key {
        let _ = key.encrypt_block(&vec![0x01; key.size()]);
        let spki = key.to_spki_der().expect("the key in DER");
        assert_eq!(
            PublicKey::from_spki_der(&spki),
            Ok(key),
            "another key than was encoded"
        );
    }
}

/// Blocks that a card deciphered, and what applications hand in as DigestInfo.
fn blocks(block: &[u8]) {
    if let Some((hash, digest)) = digest_info::parse(block) {
        assert_eq!(digest.len(), hash.len());
    }
    if let Some(message) = padding::pkcs1::unpad_type2(block) {
        assert!(message.len() + padding::pkcs1::OVERHEAD <= block.len());
    }
    if let Some(message) = padding::pkcs1::unpad_type1(block) {
        assert!(block.ends_with(message));
    }
    let _ = PublicKey::from_pkcs1_der(block);
}

/// Every file that the module reads of a card of each kind, under each decoder that understands it.
pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for kind in [Kind::Cps3, Kind::Cps4, Kind::Contactless] {
        let rack = Rack::new();
        rack.plug(cards::READER);
        let card = rack.insert(cards::READER, kind.card());
        card.sim().start_trace();
        application::work(&Module::start(&rack), Work::List, kind);
        let exchanges = card.sim().take_trace();
        for (number, file) in files(&exchanges).into_iter().enumerate() {
            for decoder in decoders(&file) {
                let name = format!("{kind:?}-{number}-{decoder}").to_lowercase();
                seeds.push((name, [&[decoder][..], &file].concat()));
            }
        }
    }
    let block = |first: &[u8], fill: u8, message: &[u8]| {
        let filling = vec![fill; 128 - first.len() - 1 - message.len()];
        [first, &filling, &[0], message].concat()
    };
    let digest_info = digest_info::encode(Hash::Sha256, &[0x11; 32]).expect("a digest");
    seeds.push((
        "type-1".into(),
        [&[10][..], &block(&[0, 1], 0xFF, &digest_info)].concat(),
    ));
    seeds.push((
        "type-2".into(),
        [&[10][..], &block(&[0, 2], 0x77, b"a message")].concat(),
    ));
    seeds.push(("digest-info".into(), [&[10][..], &digest_info].concat()));
    seeds
}

/// The files that were read, each from READ BINARY at its start to the next one at another start.
fn files(exchanges: &[Exchange]) -> Vec<Vec<u8>> {
    let mut files: Vec<Vec<u8>> = Vec::new();
    for exchange in exchanges {
        let [_, 0xB0, high, low, ..] = exchange.command[..] else {
            continue;
        };
        let data = exchange.answer.len().saturating_sub(2);
        match files.last_mut() {
            Some(file) if usize::from(u16::from_be_bytes([high, low])) == file.len() => {
                file.extend_from_slice(&exchange.answer[..data]);
            }
            _ => files.push(exchange.answer[..data].to_vec()),
        }
    }
    files
}

fn decoders(file: &[u8]) -> Vec<u8> {
    let understood = [
        false,
        file.first().is_some_and(|tag| tag & 0xF0 == 0xA0) && pkcs15::odf(file, &APPLICATION).is_ok(),
        pkcs15::token_info(file).is_ok_and(|info| !info.label.is_empty()),
        pkcs15::pins(file, &APPLICATION).is_ok_and(|pins| !pins.is_empty()),
        pkcs15::private_keys(file).is_ok_and(|keys| !keys.is_empty()),
        pkcs15::public_keys(file, &APPLICATION).is_ok_and(|keys| !keys.is_empty()),
        pkcs15::certificates(file, &APPLICATION).is_ok_and(|certificates| !certificates.is_empty()),
        pkcs15::data(file, &APPLICATION).is_ok_and(|data| !data.is_empty()),
        file.first() == Some(&0x61),
        X509::parse(file).is_some_and(|certificate| certificate.key.is_some()),
    ];
    let found: Vec<u8> = (0..)
        .zip(understood)
        .filter_map(|(decoder, it)| it.then_some(decoder))
        .collect();
    if found.is_empty() { vec![0] } else { found }
}
