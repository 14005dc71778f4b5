//! The mandatory test cases of the profiles to which the tokens conform (PKCS #11 Profiles v3.2), under their names, call by call.
//!
//! What a test case says of values holds as far as its section "Permitted Test Case Variations" goes; docs/compatibility.md lists
//! where a card cannot have the value of the example.

use std::ptr::null_mut;

use cryptoki_sys::*;
use sim_cards::{Interface, Options, SimCard};

use testkit::messages::hex;
use testkit::openssl::{PublicKey, Scheme};
use testkit::{Module, PIN, READER, Rack, Rv, Session, call, ulong};

fn contactless() -> SimCard {
    let options = Options {
        interface: Interface::Contactless,
        ..Options::default()
    };
    testkit::card("doctor-hospital-cps3", &options)
}

fn in_a_reader(card: SimCard) -> Module {
    let rack = Rack::new();
    rack.plug(READER);
    rack.insert(READER, card);
    Module::idle(&rack)
}

/// Padded with blanks, and nothing else.
fn is_text(field: &[u8]) -> bool {
    std::str::from_utf8(field).is_ok_and(|text| !text.contains('\0'))
}

/// The calls with which each test case begins; gives the first slot with a token.
fn begin(module: &Module) -> CK_SLOT_ID {
    assert_eq!(call!(module, C_Initialize(null_mut())), Ok(()));
    let mut info = CK_INFO::default();
    assert_eq!(call!(module, C_GetInfo(&mut info)), Ok(()));
    assert_eq!((info.cryptokiVersion.major, info.cryptokiVersion.minor), (3, 2));
    assert_eq!(info.flags, 0);
    assert!(is_text(&info.manufacturerID) && is_text(&info.libraryDescription));
    let mut count = 0;
    assert_eq!(
        call!(module, C_GetSlotList(CK_TRUE, null_mut(), &mut count)),
        Ok(())
    );
    let mut slots = vec![0; count as usize];
    assert_eq!(
        call!(module, C_GetSlotList(CK_TRUE, slots.as_mut_ptr(), &mut count)),
        Ok(())
    );
    slots[0]
}

/// C_GetSlotInfo and C_GetTokenInfo, with these flags of the token.
fn describe(module: &Module, slot: CK_SLOT_ID, flags: CK_FLAGS) {
    let info = module.slot_info(slot).expect("C_GetSlotInfo");
    assert!(is_text(&info.slotDescription) && is_text(&info.manufacturerID));
    assert_ne!(info.flags & CKF_TOKEN_PRESENT, 0);
    let info = module.token_info(slot).expect("C_GetTokenInfo");
    assert!(is_text(&info.label) && is_text(&info.manufacturerID));
    assert!(is_text(&info.model) && is_text(&info.serialNumber));
    assert_eq!(info.flags, flags);
    assert_eq!((info.ulMaxSessionCount, info.ulSessionCount), (0, 0));
    assert_eq!((info.ulMaxRwSessionCount, info.ulRwSessionCount), (0, 0));
    assert!(0 < info.ulMinPinLen && info.ulMinPinLen <= info.ulMaxPinLen);
}

const OPEN: CK_FLAGS = CKF_RNG | CKF_TOKEN_INITIALIZED;
const WITH_CODE: CK_FLAGS = OPEN | CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED;

/// C_FindObjectsInit with CKA_TOKEN and what else there is, one C_FindObjects for up to `most`, C_FindObjectsFinal.
fn find(session: Session<'_>, more: &[(CK_ATTRIBUTE_TYPE, Vec<u8>)], most: usize) -> Vec<CK_OBJECT_HANDLE> {
    let (module, h) = (session.module, session.handle);
    let mut values = vec![(CKA_TOKEN, vec![CK_TRUE])];
    values.extend_from_slice(more);
    let mut template: Vec<_> = values
        .iter_mut()
        .map(|(kind, value)| CK_ATTRIBUTE {
            type_: *kind,
            pValue: value.as_mut_ptr().cast(),
            ulValueLen: value.len() as CK_ULONG,
        })
        .collect();
    let count = template.len() as CK_ULONG;
    assert_eq!(
        call!(module, C_FindObjectsInit(h, template.as_mut_ptr(), count)),
        Ok(())
    );
    let (mut found, mut count) = (vec![0; most], 0);
    assert_eq!(
        call!(
            module,
            C_FindObjects(h, found.as_mut_ptr(), most as CK_ULONG, &mut count)
        ),
        Ok(())
    );
    assert_eq!(call!(module, C_FindObjectsFinal(h)), Ok(()));
    found.truncate(count as usize);
    found
}

/// The calls with which each test case ends.
fn end(session: Session<'_>, slot: CK_SLOT_ID) {
    let module = session.module;
    assert_eq!(session.close(), Ok(()));
    assert_eq!(call!(module, C_CloseAllSessions(slot)), Ok(()));
    assert_eq!(call!(module, C_Finalize(null_mut())), Ok(()));
}

/// Baseline provider.
#[test]
fn bl_m_1_32() {
    for (card, flags) in [
        (testkit::cps3(), WITH_CODE),
        (testkit::cps4(), WITH_CODE),
        (contactless(), OPEN),
    ] {
        let module = in_a_reader(card);
        let slot = begin(&module);
        describe(&module, slot, flags);
        let session = module.open(slot, CKF_SERIAL_SESSION).expect("C_OpenSession");
        assert_eq!(find(session, &[], 1).len(), 1);
        end(session, slot);
    }
}

/// Extended provider.
#[test]
fn ext_m_1_32() {
    for card in testkit::both() {
        let module = in_a_reader(card);
        let slot = begin(&module);
        describe(&module, slot, WITH_CODE);
        let mechanisms = module.mechanisms(slot).expect("C_GetMechanismList");
        assert!(mechanisms.contains(&CKM_SHA512) && mechanisms.contains(&CKM_RSA_PKCS));
        for kind in mechanisms {
            let info = module.mechanism_info(slot, kind).expect("C_GetMechanismInfo");
            let has = |flags| info.flags & flags == flags;
            match kind {
                CKM_SHA512 => assert_eq!(
                    (info.ulMinKeySize, info.ulMaxKeySize, info.flags),
                    (0, 0, CKF_DIGEST)
                ),
                CKM_RSA_PKCS => {
                    assert_eq!((info.ulMinKeySize, info.ulMaxKeySize), (2048, 2048));
                    assert!(has(CKF_ENCRYPT
                        | CKF_DECRYPT
                        | CKF_SIGN
                        | CKF_VERIFY
                        | CKF_UNWRAP));
                }
                _ => assert_ne!(info.flags, 0),
            }
        }
        let session = module
            .open(slot, CKF_RW_SESSION | CKF_SERIAL_SESSION)
            .expect("C_OpenSession");
        assert_eq!(session.login(PIN), Ok(()));
        assert_eq!(find(session, &[], 1).len(), 1);
        assert_eq!(session.logout(), Ok(()));
        end(session, slot);
    }
}

fn label(text: &[u8]) -> (CK_ATTRIBUTE_TYPE, Vec<u8>) {
    (CKA_LABEL, text.to_vec())
}

/// Several attributes in one call, each with room for 1024 bytes.
fn two_attributes(
    session: Session<'_>,
    object: CK_OBJECT_HANDLE,
    kinds: [CK_ATTRIBUTE_TYPE; 2],
) -> Rv<[Vec<u8>; 2]> {
    let mut room = [vec![0; 1024], vec![0; 1024]];
    let [first, second] = &mut room;
    let attribute = |kind, value: &mut Vec<u8>| CK_ATTRIBUTE {
        type_: kind,
        pValue: value.as_mut_ptr().cast(),
        ulValueLen: 1024,
    };
    let mut template = [attribute(kinds[0], first), attribute(kinds[1], second)];
    call!(
        session.module,
        C_GetAttributeValue(session.handle, object, template.as_mut_ptr(), 2)
    )?;
    for (value, attribute) in room.iter_mut().zip(template) {
        value.truncate(attribute.ulValueLen as usize);
    }
    Ok(room)
}

/// Authentication token: the request of a certificate is signed.
#[test]
fn auth_m_1_32() {
    for card in testkit::both() {
        let module = in_a_reader(card);
        let slot = begin(&module);
        let session = module
            .open(slot, CKF_RW_SESSION | CKF_SERIAL_SESSION)
            .expect("C_OpenSession");
        assert_eq!(session.login(PIN), Ok(()));
        let class = |class| (CKA_CLASS, ulong(class));
        let publics = find(session, &[class(CKO_PUBLIC_KEY)], 8);
        let privates = [&b"CPS_PRIV_AUT"[..], b"CPS_PRIV_SIG"]
            .map(|name| find(session, &[label(name), class(CKO_PRIVATE_KEY)], 1)[0]);
        for private in privates {
            let id = session.attribute(private, CKA_ID).expect("CKA_ID");
            let public = publics
                .iter()
                .find(|it| session.attribute(**it, CKA_ID).as_ref() == Ok(&id))
                .expect("the other half");
            let name = session.attribute(*public, CKA_LABEL).expect("CKA_LABEL");
            assert_eq!(
                find(session, &[label(&name), class(CKO_PUBLIC_KEY)], 1),
                [*public],
                "found by its label"
            );
            let [modulus, exponent] =
                two_attributes(session, *public, [CKA_MODULUS, CKA_PUBLIC_EXPONENT]).expect("attributes");
            assert_eq!((modulus.len(), &exponent[..]), (256, &[1, 0, 1][..]));
            let request = certification_request(&modulus);
            session
                .sign_init(CKM_SHA256_RSA_PKCS, private)
                .expect("C_SignInit");
            let signature = session.sign_in_one_call(&request).expect("C_Sign");
            let certificate = session.companion(private, CKO_CERTIFICATE);
            let certificate = session.attribute(certificate, CKA_VALUE).expect("CKA_VALUE");
            assert!(PublicKey::of_certificate(&certificate).verifies(
                Scheme::Pkcs1("sha256"),
                &request,
                &signature
            ));
        }
        assert_eq!(session.logout(), Ok(()));
        end(session, slot);
    }
}

/// CertificationRequestInfo as in the test case: version, four names, an RSA key with this modulus, no attributes.
fn certification_request(modulus: &[u8]) -> Vec<u8> {
    let before = "308201830201003056310b300906035504061302415531153013060355040a0c0c4f7267616e69736174696f6e311a3018060355040b\
                  0c114f7267616e69736174696f6e20556e69743114301206035504030c0b436f6d6d6f6e204e616d6530820122300d06092a864886\
                  f70d01010105000382010f003082010a0282010100";
    [&hex(before)[..], modulus, &hex("0203010001a000")].concat()
}

/// Public certificates token, and the conditions of its clause 8.
#[test]
fn cert_m_1_32() {
    for card in [testkit::cps3(), testkit::cps4(), contactless()] {
        let module = in_a_reader(card);
        let slot = begin(&module);
        let session = module.open(slot, CKF_SERIAL_SESSION).expect("C_OpenSession");
        let objects = find(session, &[], 5);
        assert_eq!(objects.len(), 5);
        // The test case takes the label of the first and the value of the second object, whatever they are.
        let name = session.attribute(objects[0], CKA_LABEL).expect("CKA_LABEL");
        assert!(!name.is_empty());
        let value = session.attribute(objects[1], CKA_VALUE).expect("CKA_VALUE");
        assert!(!value.is_empty());
        end(session, slot);
    }
}

#[test]
fn certificates_and_public_keys_are_found_without_a_login_by_the_identifier_of_their_private_keys() {
    for (card, pairs) in [(testkit::cps3(), 2), (testkit::cps4(), 2), (contactless(), 1)] {
        let needs_login = pairs == 2;
        let (module, _rack, _card) = testkit::start(card);
        let session = module.session();
        let of = |class: CK_OBJECT_CLASS| {
            let found = session.find(&[(CKA_CLASS, ulong(class))]).expect("a search");
            let id = |object| session.attribute(object, CKA_ID).expect("CKA_ID");
            let mut ids: Vec<_> = found.into_iter().map(id).collect();
            ids.sort();
            ids
        };
        let (certificates, public_keys) = (of(CKO_CERTIFICATE), of(CKO_PUBLIC_KEY));
        assert_eq!(certificates.len(), pairs);
        assert_eq!(public_keys, certificates);
        if needs_login {
            session.login(PIN).expect("C_Login");
        }
        assert_eq!(of(CKO_PRIVATE_KEY), certificates);
        assert_eq!(of(CKO_CERTIFICATE), certificates, "none is hidden");
    }
}

#[test]
fn a_token_claims_the_profiles_of_which_it_passes_the_test_cases() {
    let with_login = [
        CKP_BASELINE_PROVIDER,
        CKP_EXTENDED_PROVIDER,
        CKP_AUTHENTICATION_TOKEN,
        CKP_PUBLIC_CERTIFICATES_TOKEN,
    ];
    let without_login = [CKP_BASELINE_PROVIDER, CKP_PUBLIC_CERTIFICATES_TOKEN];
    for (card, expected) in [
        (testkit::cps3(), &with_login[..]),
        (testkit::cps4(), &with_login),
        (contactless(), &without_login),
    ] {
        let (module, _rack, _card) = testkit::start(card);
        let session = module.session();
        let profiles = session
            .find(&[(CKA_CLASS, ulong(CKO_PROFILE))])
            .expect("a search");
        let id = |object| session.attribute(object, CKA_PROFILE_ID).expect("CKA_PROFILE_ID");
        let ids: Vec<_> = profiles.into_iter().map(id).collect();
        assert_eq!(ids, expected.iter().copied().map(ulong).collect::<Vec<_>>());
    }
}
