//! Digests, in software, and random bytes, from the card.

use std::ptr::null_mut;

use cryptoki_sys::*;

use testkit::messages::*;
use testkit::openssl::{Scratch, openssl};
use testkit::{Ckr, Rv, call};

const TOO_SMALL: Rv = Err(Ckr(CKR_BUFFER_TOO_SMALL));
const BAD: Rv = Err(Ckr(CKR_ARGUMENTS_BAD));

#[test]
fn digests_are_those_of_openssl() {
    let (module, _rack, card) = testkit::start(testkit::cps3());
    let session = module.session();
    session.info().expect("a session");
    let before = card.apdus();
    let hashes = [
        (CKM_SHA_1, "sha1"),
        (CKM_SHA224, "sha224"),
        (CKM_SHA256, "sha256"),
        (CKM_SHA384, "sha384"),
        (CKM_SHA512, "sha512"),
    ];
    for (mechanism, name) in hashes {
        for len in LENGTHS {
            let message = message(len);
            let file = Scratch::new(&message);
            let expected = openssl(&["dgst", &format!("-{name}"), "-binary", file.path()]);
            let expected = expected.expect("OpenSSL digests");
            session.digest_init(mechanism).expect("C_DigestInit");
            assert_eq!(
                session.digest(&message),
                Ok(expected.clone()),
                "{name} of {len} bytes"
            );
            session.digest_init(mechanism).expect("C_DigestInit");
            parts(&message)
                .into_iter()
                .for_each(|part| session.digest_update(part).expect("C_DigestUpdate"));
            assert_eq!(
                session.digest_final(),
                Ok(expected),
                "{name} of {len} bytes in parts"
            );
        }
    }
    assert_eq!(card.apdus(), before, "digests are computed in software");
}

#[test]
fn digests_survive_short_buffers() {
    let (module, _rack, _card) = testkit::start(testkit::cps3());
    let session = module.session();
    let h = session.handle;
    let mut digest = [0u8; 32];
    let (out, mut n) = (digest.as_mut_ptr(), 19);
    session.digest_init(CKM_SHA256).expect("C_DigestInit");
    assert_eq!(session.digest_init(CKM_SHA256), Err(Ckr(CKR_OPERATION_ACTIVE)));
    let mut text = *b"abc";
    let data = text.as_mut_ptr();
    assert_eq!(call!(module, C_Digest(h, data, 3, out, &mut n)), TOO_SMALL);
    assert_eq!(n, 32);
    assert_eq!(call!(module, C_Digest(h, null_mut(), 3, out, &mut n)), BAD);
    assert_eq!(call!(module, C_Digest(h, data, 3, out, &mut n)), Ok(()));
    assert_eq!(digest[..4], [0xBA, 0x78, 0x16, 0xBF]);
}

/// As the official module's users asked for: C_Digest as a size query, then C_DigestFinal for the digest.
#[test]
fn a_digest_asked_for_its_size_can_be_fetched_by_c_digest_final() {
    let (module, _rack, _card) = testkit::start(testkit::cps3());
    let session = module.session();
    let mut text = *b"abc";
    let mut n = 0;
    session.digest_init(CKM_SHA256).expect("C_DigestInit");
    let size = call!(
        module,
        C_Digest(session.handle, text.as_mut_ptr(), 3, null_mut(), &mut n)
    );
    assert_eq!((size, n), (Ok(()), 32));
    assert_eq!(
        session.digest_final().map(|it| it[..4].to_vec()),
        Ok(vec![0xBA, 0x78, 0x16, 0xBF])
    );
}

#[test]
fn random_bytes_come_from_the_card_without_login() {
    for card in testkit::both() {
        let (module, _rack, card) = testkit::start(card);
        let session = module.session();
        // Eight bytes an exchange up to 32; more come from a generator that 32 seed.
        let exchanges = [
            (0, 0),
            (1, 1),
            (7, 1),
            (8, 1),
            (9, 2),
            (32, 4),
            (33, 4),
            (300, 4),
            (100_000, 4),
        ];
        session.random(1).expect("the application is selected");
        for (len, expected) in exchanges {
            let before = card.apdus();
            let a = session.random(len).expect("random");
            assert_eq!(card.apdus() - before, expected, "{len} bytes");
            let b = session.random(len).expect("random");
            assert_eq!((a.len(), b.len()), (len, len));
            if len >= 8 {
                assert_ne!(a, b, "{len} bytes");
            }
        }
        let mut seed = [1u8; 8];
        let answer = call!(module, C_SeedRandom(session.handle, seed.as_mut_ptr(), 8));
        assert_eq!(answer, Err(Ckr(CKR_RANDOM_SEED_NOT_SUPPORTED)));
    }
}
