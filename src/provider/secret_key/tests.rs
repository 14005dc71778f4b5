//! Templates, values and changes of secret keys.

use super::*;

const LONGEST: usize = 245;

fn native(value: CK_ULONG) -> Vec<u8> {
    value.to_ne_bytes().to_vec()
}

fn attributes(template: &[(AttributeType, Vec<u8>)]) -> Vec<Attribute<'_>> {
    template
        .iter()
        .map(|(kind, value)| Attribute { kind: *kind, value })
        .collect()
}

fn read(template: &[(AttributeType, Vec<u8>)]) -> Result<Template> {
    Template::read(&attributes(template), LONGEST, true)
}

/// A template for a key of this type, and more.
fn of(key_type: CK_KEY_TYPE, more: &[(AttributeType, Vec<u8>)]) -> Vec<(AttributeType, Vec<u8>)> {
    [&[(CKA_KEY_TYPE, native(key_type))], more].concat()
}

fn key(key_type: CK_KEY_TYPE, more: &[(AttributeType, Vec<u8>)], len: usize) -> Result<SecretKey> {
    read(&of(key_type, more))?.key(Zeroizing::new(vec![7; len]), "an identifier".into())
}

fn value(key: &SecretKey, kind: AttributeType) -> Option<Vec<u8>> {
    match key.attribute(kind) {
        Value::Bytes(bytes) => Some(bytes.to_vec()),
        _ => None,
    }
}

#[test]
fn every_attribute_has_one_rule() {
    let mut kinds: Vec<_> = RULES.iter().map(|rule| rule.kind).collect();
    kinds.extend(READ_ONLY);
    kinds.extend(FOREIGN);
    kinds.extend([CKA_CLASS, CKA_VALUE_LEN, CKA_CHECK_VALUE]);
    let count = kinds.len();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), count);
    for rule in RULES.iter().filter(|rule| rule.kind != CKA_KEY_TYPE) {
        assert!(rule.shape.fits(rule.default), "{:#x}", rule.kind);
    }
}

#[test]
fn templates_are_refused_as_the_standard_says() {
    use Error::*;
    let generic = |kind, value: Vec<u8>| of(CKK_GENERIC_SECRET, &[(kind, value)]);
    let (yes, no) = (YES.to_vec(), NO.to_vec());
    let cases = [
        (vec![], TemplateIncomplete),
        (vec![(CKA_CLASS, native(CKO_SECRET_KEY))], TemplateIncomplete),
        (vec![(CKA_KEY_TYPE, vec![0x10])], AttributeValueInvalid),
        (of(CKK_RSA, &[]), TemplateInconsistent),
        (of(CKK_CAMELLIA, &[]), TemplateInconsistent),
        (of(CKM_DES_CBC, &[]), AttributeValueInvalid),
        (generic(CKA_CLASS, native(CKO_PRIVATE_KEY)), TemplateInconsistent),
        (generic(CKA_CLASS, vec![]), AttributeValueInvalid),
        (generic(CKA_TOKEN, yes.clone()), TemplateInconsistent),
        (generic(CKA_TOKEN, native(1)), AttributeValueInvalid),
        (generic(CKA_SENSITIVE, vec![2]), AttributeValueInvalid),
        (generic(CKA_START_DATE, b"2026".to_vec()), AttributeValueInvalid),
        (generic(CKA_ALLOWED_MECHANISMS, vec![0; 9]), AttributeValueInvalid),
        (generic(CKA_COPYABLE, yes.clone()), TemplateInconsistent),
        (generic(CKA_TRUSTED, yes), AttributeReadOnly),
        (generic(CKA_VALUE, vec![1; 16]), AttributeReadOnly),
        (generic(CKA_LOCAL, no.clone()), AttributeReadOnly),
        (generic(CKA_UNIQUE_ID, vec![1]), AttributeReadOnly),
        (generic(CKA_MODULUS_BITS, native(2048)), TemplateInconsistent),
        (generic(CKA_UNWRAP_TEMPLATE, vec![]), TemplateInconsistent),
        (generic(CKA_VENDOR_DEFINED, no), AttributeTypeInvalid),
        (generic(CK_ULONG::MAX, vec![]), AttributeTypeInvalid),
        (generic(CKA_VALUE_LEN, native(0)), WrappedKeyLenRange),
        (generic(CKA_VALUE_LEN, native(246)), WrappedKeyLenRange),
        (generic(CKA_VALUE_LEN, native(CK_ULONG::MAX)), WrappedKeyLenRange),
        (of(CKK_AES, &[(CKA_VALUE_LEN, native(17))]), WrappedKeyLenRange),
        (of(CKK_DES3, &[(CKA_VALUE_LEN, native(16))]), WrappedKeyLenRange),
    ];
    for (number, (template, expected)) in cases.into_iter().enumerate() {
        assert_eq!(read(&template).err(), Some(expected), "case {number}");
    }
    let on_the_token = of(CKK_AES, &[(CKA_TOKEN, YES.to_vec())]);
    let read_only = Template::read(&attributes(&on_the_token), LONGEST, false);
    assert_eq!(read_only.err(), Some(SessionReadOnly));
}

#[test]
fn an_attribute_may_come_twice_with_one_value() {
    for (kind, first, second) in [
        (CKA_LABEL, b"one".to_vec(), b"two".to_vec()),
        (CKA_VALUE_LEN, native(16), native(24)),
        (CKA_CHECK_VALUE, vec![1, 2, 3], vec![]),
    ] {
        let twice = |value| read(&of(CKK_AES, &[(kind, first.clone()), (kind, value)])).err();
        assert_eq!(twice(first.clone()), None, "{kind:#x}");
        assert_eq!(twice(second), Some(Error::TemplateInconsistent), "{kind:#x}");
    }
}

#[test]
fn the_length_is_that_of_the_type_and_of_the_template() {
    let len = |len| [(CKA_VALUE_LEN, native(len))];
    for (key_type, template, good, bad) in [
        (CKK_AES, &[][..], &[16, 24, 32][..], &[0, 1, 15, 17, 33, 48][..]),
        (CKK_AES, &len(32), &[32], &[16, 24]),
        (CKK_DES2, &[], &[16], &[0, 8, 24]),
        (CKK_DES3, &len(24), &[24], &[8, 16, 25]),
        (CKK_GENERIC_SECRET, &len(48), &[48], &[0, 47, 49]),
    ] {
        for good in good {
            assert!(key(key_type, template, *good).is_ok(), "{key_type:#x} of {good}");
        }
        for bad in bad {
            let refused = key(key_type, template, *bad).err();
            assert_eq!(refused, Some(Error::WrappedKeyLenRange), "{key_type:#x} of {bad}");
        }
        let malformed = read(&of(key_type, template)).expect("a template").refusal();
        assert_eq!(malformed, Error::WrappedKeyLenRange, "one answer to both");
    }
    for good in [1, 48, 245] {
        assert!(key(CKK_GENERIC_SECRET, &[], good).is_ok());
    }
    assert_eq!(
        key(CKK_GENERIC_SECRET, &[], 0).err(),
        Some(Error::WrappedKeyInvalid)
    );
    let malformed = read(&of(CKK_GENERIC_SECRET, &[])).expect("a template").refusal();
    assert_eq!(malformed, Error::WrappedKeyInvalid, "one answer to both");
}

#[test]
fn the_value_is_read_only_where_the_template_lets_it() {
    for (sensitive, extractable, readable) in [
        (None, None, true),
        (Some(NO), Some(YES), true),
        (Some(YES), None, false),
        (None, Some(NO), false),
    ] {
        let template: Vec<_> = [(CKA_SENSITIVE, sensitive), (CKA_EXTRACTABLE, extractable)]
            .into_iter()
            .filter_map(|(kind, value)| Some((kind, value?.to_vec())))
            .collect();
        let key = key(CKK_AES, &template, 16).expect("a key");
        let found = key.attribute(CKA_VALUE);
        assert_eq!(matches!(found, Value::Bytes(_)), readable);
        assert_eq!(matches!(found, Value::Sensitive), !readable);
    }
}

#[test]
fn the_check_value_of_a_generic_secret_is_of_its_hash() {
    let sha1 = Hash::Sha1.digest(&[7; 20])[..3].to_vec();
    let with = |check: &[u8]| key(CKK_GENERIC_SECRET, &[(CKA_CHECK_VALUE, check.to_vec())], 20);
    let plain = key(CKK_GENERIC_SECRET, &[], 20).expect("a key");
    assert_eq!(value(&plain, CKA_CHECK_VALUE), Some(sha1.clone()));
    assert_eq!(
        value(&with(&sha1).expect("a key"), CKA_CHECK_VALUE),
        Some(sha1.clone())
    );
    assert_eq!(value(&with(&[]).expect("a key"), CKA_CHECK_VALUE), None);
    assert_eq!(with(&[0; 3]).err(), Some(Error::AttributeValueInvalid));
    assert_eq!(with(&sha1[..2]).err(), Some(Error::AttributeValueInvalid));
    let ignored = [(CKA_CHECK_VALUE, vec![0; 3])];
    let aes = key(CKK_AES, &ignored, 16).expect("a key");
    assert_eq!(value(&aes, CKA_CHECK_VALUE), None);
}

#[test]
fn a_change_is_whole_and_goes_one_way() {
    let mut it = key(CKK_AES, &[], 16).expect("a key");
    let change = |it: &mut SecretKey, template: &[(AttributeType, Vec<u8>)]| {
        let outcome = it.change(&attributes(template));
        outcome.err()
    };
    let (yes, no) = (YES.to_vec(), NO.to_vec());
    for kind in [CKA_SENSITIVE, CKA_WRAP_WITH_TRUSTED] {
        assert_eq!(change(&mut it, &[(kind, no.clone())]), None);
        assert_eq!(change(&mut it, &[(kind, yes.clone())]), None);
        assert_eq!(change(&mut it, &[(kind, yes.clone())]), None);
        let back = change(&mut it, &[(CKA_LABEL, vec![1]), (kind, no.clone())]);
        assert_eq!(back, Some(Error::AttributeReadOnly));
        assert_eq!(value(&it, CKA_LABEL), Some(vec![]), "nothing has changed");
    }
    assert_eq!(change(&mut it, &[(CKA_EXTRACTABLE, no)]), None);
    let back = change(&mut it, &[(CKA_EXTRACTABLE, yes.clone())]);
    assert_eq!(back, Some(Error::AttributeReadOnly));
    assert_eq!(change(&mut it, &[(CKA_LABEL, b"key".to_vec())]), None);
    assert_eq!(value(&it, CKA_LABEL), Some(b"key".to_vec()));
    for (kind, value) in [
        (CKA_CLASS, native(CKO_SECRET_KEY)),
        (CKA_KEY_TYPE, native(CKK_AES)),
        (CKA_VALUE_LEN, native(16)),
        (CKA_PRIVATE, yes.clone()),
        (CKA_CHECK_VALUE, vec![1, 2, 3]),
        (CKA_VALUE, vec![1; 16]),
    ] {
        let refused = change(&mut it, &[(kind, value)]);
        assert_eq!(refused, Some(Error::AttributeReadOnly), "{kind:#x}");
    }
    assert_eq!(change(&mut it, &[]), Some(Error::ArgumentsBad));
    let mut fixed = key(CKK_AES, &[(CKA_MODIFIABLE, NO.to_vec())], 16).expect("a key");
    assert_eq!(
        change(&mut fixed, &[(CKA_LABEL, vec![])]),
        Some(Error::ActionProhibited)
    );
}

#[test]
fn a_check_value_can_be_taken_away() {
    let mut it = key(CKK_GENERIC_SECRET, &[], 16).expect("a key");
    assert!(value(&it, CKA_CHECK_VALUE).is_some());
    let nothing = [(CKA_CHECK_VALUE, vec![])];
    it.change(&attributes(&nothing)).expect("a change");
    assert_eq!(value(&it, CKA_CHECK_VALUE), None);
}
