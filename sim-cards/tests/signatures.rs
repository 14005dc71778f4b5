//! What the cards compute, checked with the public key of their certificates.

mod common;

use common::{bytes, done, fetched};
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Encrypt, Pkcs1v15Sign, Pss, PublicKey};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use sim_cards::{Chip, Options, Protocol, SimCard};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::referenced::OwnedToRef;

/// Lengths around the blocks of both hash functions, those of the acceptance of the official module among them.
const LENGTHS: [usize; 12] = [0, 1, 55, 56, 63, 64, 65, 127, 128, 300, 1405, 100_000];

fn message(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 7 + 3) as u8).collect()
}

/// The public key that the certificate in file `identifier` of the application holds.
fn public_key(certificate: &[u8]) -> PublicKey {
    let certificate = Certificate::from_der(certificate).expect("a certificate");
    PublicKey::try_from(
        certificate
            .tbs_certificate()
            .subject_public_key_info()
            .owned_to_ref(),
    )
    .expect("an RSA key")
}

fn signature_key(chip: Chip) -> PublicKey {
    public_key(&common::profile(chip).credentials.signature.certificate)
}

fn authentication_key(chip: Chip) -> PublicKey {
    public_key(&common::profile(chip).credentials.authentication.certificate)
}

fn apdu(header: &str, data: &[u8]) -> Vec<u8> {
    [bytes(header).as_slice(), &[data.len() as u8], data].concat()
}

fn with_le(command: Vec<u8>) -> Vec<u8> {
    [command.as_slice(), &[0x00]].concat()
}

fn logged_in_cps3() -> SimCard {
    let mut card = common::card(Chip::Cps3, &Options::default());
    done(&mut card, "00 20 00 01 04 31323334");
    card
}

fn logged_in_cps4(protocol: Protocol) -> SimCard {
    let mut card = common::card(
        Chip::Cps4,
        &Options {
            protocol: Some(protocol),
            ..Options::default()
        },
    );
    done(&mut card, "01 A4 04 0C 08 8025000001FF0100");
    done(&mut card, "01 20 00 01 04 31323334");
    card
}

/// SHA-256 of all complete blocks but the last bytes, which the card finishes.
fn sha256_state(blocks: &[u8]) -> Vec<u8> {
    let mut state = [
        0x6A09_E667,
        0xBB67_AE85,
        0x3C6E_F372,
        0xA54F_F53A,
        0x510E_527F,
        0x9B05_688C,
        0x1F83_D9AB,
        0x5BE0_CD19,
    ];
    sha2::block_api::compress256(&mut state, blocks.as_chunks::<64>().0);
    state.iter().flat_map(|word: &u32| word.to_be_bytes()).collect()
}

fn sha1_state(blocks: &[u8]) -> Vec<u8> {
    let mut state = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];
    sha1::block_api::compress(&mut state, blocks.as_chunks::<64>().0);
    state.iter().flat_map(|word: &u32| word.to_be_bytes()).collect()
}

/// The data of PSO HASH: at least one byte is left to the card, unless there is none.
fn last_round(message: &[u8], state: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let complete = message.len().saturating_sub(1) / 64 * 64;
    let (blocks, rest) = message.split_at(complete);
    let before = match blocks {
        [] => Vec::new(),
        blocks => [state(blocks), (blocks.len() as u64 * 8).to_be_bytes().to_vec()].concat(),
    };
    [
        &[0x90, before.len() as u8],
        before.as_slice(),
        &[0x80, rest.len() as u8],
        rest,
    ]
    .concat()
}

#[test]
fn cps3_finishes_the_hash_and_signs() {
    let key = signature_key(Chip::Cps3);
    let mut card = logged_in_cps3();
    for length in LENGTHS {
        let message = message(length);
        done(&mut card, "00 A4 09 0C 04 3F000001");
        done(&mut card, "00 22 41 AA 03 800140");
        assert_eq!(
            card.transmit(&apdu("00 2A 90 A0", &last_round(&message, sha256_state))),
            [0x90, 0x00]
        );
        done(&mut card, "00 22 41 B6 06 800142 840181");
        let signature = fetched(&mut card, &bytes("00 2A 9E 9A 00"));
        key.verify(
            Pkcs1v15Sign::new::<Sha256>(),
            &Sha256::digest(&message),
            &signature,
        )
        .unwrap_or_else(|error| panic!("SHA-256, {length} bytes: {error}"));

        done(&mut card, "00 22 41 AA 03 800110");
        assert_eq!(
            card.transmit(&apdu("00 2A 90 A0", &last_round(&message, sha1_state))),
            [0x90, 0x00]
        );
        done(&mut card, "00 22 41 B6 06 800112 840181");
        let signature = fetched(&mut card, &bytes("00 2A 9E 9A"));
        key.verify(Pkcs1v15Sign::new::<Sha1>(), &Sha1::digest(&message), &signature)
            .unwrap_or_else(|error| panic!("SHA-1, {length} bytes: {error}"));
    }
}

#[test]
fn cps3_signs_a_finished_hash() {
    let key = signature_key(Chip::Cps3);
    let mut card = logged_in_cps3();
    let hash = Sha256::digest(b"message");
    done(&mut card, "00 22 41 B6 06 800142 840181");
    let signature = fetched(&mut card, &apdu("00 2A 9E 9A", &hash));
    key.verify(Pkcs1v15Sign::new::<Sha256>(), &hash, &signature)
        .expect("signature");
}

#[test]
fn cps3_authenticates_with_what_it_is_given() {
    let key = authentication_key(Chip::Cps3);
    let mut card = logged_in_cps3();
    done(&mut card, "00 22 41 A4 06 800102 840182");
    for length in [1, 20, 51, 102] {
        let data = message(length);
        let signature = fetched(&mut card, &apdu("00 88 00 00", &data));
        key.verify(Pkcs1v15Sign::new_unprefixed(), &data, &signature)
            .expect("signature");
    }
    assert_eq!(
        card.transmit(&apdu("00 88 00 00", &message(103))),
        [0x67, 0x00],
        "40 % of the modulus"
    );
}

#[test]
fn cps3_deciphers_and_takes_the_padding_off() {
    let key = authentication_key(Chip::Cps3);
    let mut card = logged_in_cps3();
    done(&mut card, "00 22 41 B8 06 80011A 840182");
    for plain in [&b""[..], b"secret", &[0x5A; 245]] {
        let block = key
            .encrypt(&mut getrandom::SysRng, Pkcs1v15Encrypt, plain)
            .expect("encryption");
        let data = [&[0x81], block.as_slice()].concat();
        assert_eq!(card.transmit(&apdu("10 2A 80 86", &data[..255])), [0x90, 0x00]);
        assert_eq!(fetched(&mut card, &apdu("00 2A 80 86", &data[255..])), plain);
    }
}

#[test]
fn cps3_refuses_a_block_without_padding() {
    let mut card = logged_in_cps3();
    done(&mut card, "00 22 41 B8 06 80011A 840182");
    let data = [&[0x81], [0x00; 255].as_slice(), &[0x02]].concat();
    assert_eq!(card.transmit(&apdu("10 2A 80 86", &data[..255])), [0x90, 0x00]);
    assert_eq!(card.transmit(&apdu("00 2A 80 86", &data[255..])), [0x6A, 0x80]);
}

#[test]
fn cps4_signs_pkcs1_with_the_signature_key() {
    let key = signature_key(Chip::Cps4);
    let mut card = logged_in_cps4(Protocol::T1);
    let (sha1, sha256) = (Sha1::digest(b"message"), Sha256::digest(b"message"));
    done(&mut card, "01 22 81 B6 04 9102 0A90");
    let signature = card.transmit(&with_le(apdu("01 2A 9E 9A", &sha1)));
    key.verify(Pkcs1v15Sign::new::<Sha1>(), &sha1, &signature[..256])
        .expect("SHA-1");
    done(&mut card, "01 22 81 B6 04 9102 2890");
    let signature = card.transmit(&with_le(apdu("01 2A 9E 9A", &sha256)));
    key.verify(Pkcs1v15Sign::new::<Sha256>(), &sha256, &signature[..256])
        .expect("SHA-256");
}

#[test]
fn cps4_signs_pss_with_either_key() {
    let mut card = logged_in_cps4(Protocol::T1);
    let (sha1, sha256) = (Sha1::digest(b"message"), Sha256::digest(b"message"));
    for (reference, key) in [
        ("90", signature_key(Chip::Cps4)),
        ("A0", authentication_key(Chip::Cps4)),
    ] {
        done(&mut card, &format!("01 22 81 B6 04 9102 15 {reference}"));
        let signature = card.transmit(&with_le(apdu("01 2A 9E 9A", &sha1)));
        key.verify(Pss::<Sha1>::new_with_salt(20), &sha1, &signature[..256])
            .expect("SHA-1");
        done(&mut card, &format!("01 22 81 B6 04 9102 2C {reference}"));
        let signature = card.transmit(&with_le(apdu("01 2A 9E 9A", &sha256)));
        key.verify(Pss::<Sha256>::new_with_salt(32), &sha256, &signature[..256])
            .expect("SHA-256");
    }
}

#[test]
fn cps4_gives_the_bare_private_key_operation() {
    let key = authentication_key(Chip::Cps4);
    for protocol in [Protocol::T0, Protocol::T1] {
        let mut card = logged_in_cps4(protocol);
        done(&mut card, "01 22 41 B8 03 830120");
        let hash = Sha256::digest(b"message");
        let digest_info = [bytes("3031300D060960864801650304020105000420").as_slice(), &hash].concat();
        let filling = vec![0xFF; key.size() - 3 - digest_info.len()];
        let block = [&[0x00, 0x01], filling.as_slice(), &[0x00], &digest_info].concat();
        assert_eq!(card.transmit(&apdu("11 2A 80 86", &block[..255])), [0x90, 0x00]);
        let last = apdu("01 2A 80 86", &block[255..]);
        let signature = match protocol {
            Protocol::T0 => fetched(&mut card, &last),
            Protocol::T1 => card.transmit(&with_le(last))[..256].to_vec(),
        };
        key.verify(Pkcs1v15Sign::new::<Sha256>(), &hash, &signature)
            .expect("signature");
    }
}

#[test]
fn cps4_directory_of_public_keys_holds_the_keys_of_the_certificates() {
    use rsa::pkcs1::DecodeRsaPublicKey;
    let mut card = logged_in_cps4(Protocol::T1);
    for (file, key) in [
        ("A001", signature_key(Chip::Cps4)),
        ("A002", authentication_key(Chip::Cps4)),
    ] {
        done(&mut card, &format!("01 A4 08 0C 04 0001 {file}"));
        let [first, second] = ["01 B0 00 00 00", "01 B0 01 00 00"].map(|command| done(&mut card, command));
        assert_eq!(
            PublicKey::from_pkcs1_der(&[first, second].concat()).expect("RSAPublicKey"),
            key
        );
    }
}
