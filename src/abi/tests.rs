//! The caller's memory, with the caller played by the test.

use cryptoki_sys::*;

use super::pointer::{Memory, Plain, Pointer};
use crate::provider::{Error, Output, Parameter, Result};

fn memory() -> Memory {
    // SAFETY: the only one of the test; no reference to what it touches is in use meanwhile.
    unsafe { Memory::of_caller() }
}

fn pointer<T>(place: *mut T) -> Pointer<T> {
    // SAFETY: every test passes NULL or the address of a variable that lives longer.
    unsafe { Pointer::new(place) }
}

/// NULL.
fn null<T>() -> Pointer<T> {
    pointer(std::ptr::null_mut())
}

/// `count` values of which each address is odd.
fn misaligned<T>(bytes: &mut Vec<u8>, count: usize) -> Pointer<T> {
    *bytes = vec![0; 2 + count * size_of::<T>()];
    let start = bytes.as_mut_ptr();
    pointer(start.wrapping_add(1 - start.addr() % 2).cast())
}

fn all(text: &'static [u8]) -> impl Fn(Output<'_>) -> Result<usize> {
    move |out| match out.wants(text.len())? {
        true => out.put(text),
        false => Ok(text.len()),
    }
}

#[test]
fn a_size_query_tells_the_length_and_reads_none() {
    let mut len: CK_ULONG = 7777;
    assert_eq!(memory().output(null(), pointer(&mut len), all(b"digest")), Ok(()));
    assert_eq!(len, 6);
}

#[test]
fn a_short_buffer_is_told_the_length_and_stays_untouched() {
    let (mut buffer, mut len) = ([0xEEu8; 8], 5 as CK_ULONG);
    let outcome = memory().output(pointer(buffer.as_mut_ptr()), pointer(&mut len), all(b"digest"));
    assert_eq!(outcome, Err(Error::BufferTooSmall(6)));
    assert_eq!((buffer, len), ([0xEE; 8], 6));
}

#[test]
fn output_sets_the_exact_length() {
    let (mut buffer, mut len) = ([0xEEu8; 8], 8 as CK_ULONG);
    let outcome = memory().output(pointer(buffer.as_mut_ptr()), pointer(&mut len), all(b"digest"));
    assert_eq!((outcome, &buffer, len), (Ok(()), b"digest\xEE\xEE", 6));
}

#[test]
fn an_error_leaves_the_length_alone() {
    let (mut buffer, mut len) = ([0u8; 8], 8 as CK_ULONG);
    let outcome = memory().output(pointer(buffer.as_mut_ptr()), pointer(&mut len), |_| {
        Err(Error::DeviceError)
    });
    assert_eq!((outcome, len), (Err(Error::DeviceError), 8));
}

#[test]
fn nothing_is_produced_without_a_place_for_the_length() {
    let mut buffer = [0u8; 8];
    for at in [null(), pointer(buffer.as_mut_ptr())] {
        let outcome = memory().output(at, null(), |_| panic!("called"));
        assert_eq!(outcome, Err(Error::ArgumentsBad));
    }
}

#[test]
fn input_and_output_may_lie_in_the_same_place() {
    for shift in 0..8 {
        let mut buffer = *b"abcdefgh........";
        let mut len = 8 as CK_ULONG;
        let start = buffer.as_mut_ptr();
        let (data, out) = (pointer(start), pointer(start.wrapping_add(shift)));
        let outcome = memory().transform((data, 8), out, pointer(&mut len), |data, out| {
            assert_eq!(data, b"abcdefgh");
            let backwards: Vec<u8> = data.iter().rev().copied().collect();
            out.put(&backwards)
        });
        assert_eq!(outcome, Ok(()));
        assert_eq!(&buffer[shift..shift + 8], b"hgfedcba");
    }
}

#[test]
fn a_size_query_of_a_transformation_needs_no_data() {
    let mut len: CK_ULONG = 0;
    let outcome = memory().transform((null(), 35), null(), pointer(&mut len), |data, out| {
        assert!(data.is_empty());
        out.wants(256).map(|_| 256)
    });
    assert_eq!((outcome, len), (Ok(()), 256));
}

#[test]
fn missing_data_is_refused_before_anything_happens() {
    let (mut buffer, mut len) = ([0u8; 8], 8 as CK_ULONG);
    let outcome = memory().transform(
        (null(), 1),
        pointer(buffer.as_mut_ptr()),
        pointer(&mut len),
        |_, _| panic!("called"),
    );
    assert_eq!((outcome, len), (Err(Error::ArgumentsBad), 8));
}

#[test]
fn null_is_an_empty_input_and_not_a_longer_one() {
    assert_eq!(memory().bytes(null(), 0), Ok(&[][..]));
    assert_eq!(memory().bytes(null(), 1), Err(Error::ArgumentsBad));
    let given = |at, len| {
        let memory = memory();
        memory
            .pin(at, len)
            .map(|pin| pin.map(|pin| pin.digits().to_vec()))
    };
    assert_eq!(given(null(), 0), Ok(None));
    assert_eq!(given(null(), 4), Err(Error::ArgumentsBad));
    let mut byte = 0;
    assert_eq!(given(pointer(&mut byte), 0), Ok(Some(vec![])));
}

#[test]
fn impossible_lengths_are_refused() {
    let mut byte = 0u8;
    let at = pointer(&mut byte);
    let beyond = isize::MAX as CK_ULONG + 1;
    for len in [beyond, CK_ULONG::MAX] {
        assert_eq!(memory().bytes(at, len), Err(Error::ArgumentsBad));
        assert_eq!(memory().buffer(at, len), Err(Error::ArgumentsBad));
    }
    let entries = CK_ULONG::MAX / 8;
    assert_eq!(
        memory().array(at.cast::<CK_ULONG>(), entries),
        Err(Error::ArgumentsBad)
    );
}

#[test]
fn lists_follow_the_same_two_ways_to_call() {
    let entries = || Ok(vec![3, 5, 8 as CK_ULONG]);
    let (mut list, mut count) = ([0 as CK_ULONG; 4], 0 as CK_ULONG);
    assert_eq!(memory().list(null(), pointer(&mut count), entries), Ok(()));
    assert_eq!(count, 3);
    count = 2;
    let short = memory().list(pointer(list.as_mut_ptr()), pointer(&mut count), entries);
    assert_eq!((short, list, count), (Err(Error::BufferTooSmall(3)), [0; 4], 3));
    count = 4;
    let done = memory().list(pointer(list.as_mut_ptr()), pointer(&mut count), entries);
    assert_eq!((done, list, count), (Ok(()), [3, 5, 8, 0], 3));
}

#[test]
fn nothing_needs_to_be_aligned() {
    fn round_trip<T: Plain>(value: T) -> T {
        let mut bytes = Vec::new();
        let at = misaligned(&mut bytes, 1);
        let mut memory = memory();
        memory.write(at, value).unwrap();
        memory.read(at).unwrap()
    }
    assert_eq!(
        round_trip(0x0102_0304_0506_0708 as CK_ULONG),
        0x0102_0304_0506_0708
    );
    let mechanism = CK_MECHANISM {
        mechanism: CKM_SHA_1,
        pParameter: std::ptr::null_mut(),
        ulParameterLen: 0,
    };
    assert_eq!(round_trip(mechanism).mechanism, CKM_SHA_1);

    let mut bytes = Vec::new();
    let list = misaligned::<CK_ULONG>(&mut bytes, 3);
    let mut count = 3 as CK_ULONG;
    let entries = || Ok(vec![1, 2, 3 as CK_ULONG]);
    assert_eq!(memory().list(list, pointer(&mut count), entries), Ok(()));
    assert_eq!(memory().array(list, 3), Ok(vec![1, 2, 3]));
}

fn attribute(kind: CK_ATTRIBUTE_TYPE, value: *mut u8, len: usize) -> CK_ATTRIBUTE {
    CK_ATTRIBUTE {
        type_: kind,
        pValue: value.cast(),
        ulValueLen: len as CK_ULONG,
    }
}

#[test]
fn a_template_borrows_its_values() {
    let mut label = *b"CPS_DATA";
    let mut template = [
        attribute(CKA_LABEL, label.as_mut_ptr(), 8),
        attribute(CKA_ID, std::ptr::null_mut(), 0),
    ];
    let memory = memory();
    let read = memory.template(pointer(template.as_mut_ptr()), 2).unwrap();
    let read: Vec<_> = read.iter().map(|a| (a.kind, a.value)).collect();
    assert_eq!(read, [(CKA_LABEL, &b"CPS_DATA"[..]), (CKA_ID, b"")]);

    assert_eq!(memory.template(null(), 0), Ok(vec![]));
    assert_eq!(memory.template(null(), 1), Err(Error::ArgumentsBad));
    template[1].ulValueLen = 3;
    assert_eq!(
        memory.template(pointer(template.as_mut_ptr()), 2),
        Err(Error::ArgumentsBad)
    );
}

#[test]
fn each_requested_attribute_gets_its_length() {
    let mut label = [0u8; 16];
    let mut template = [
        attribute(CKA_LABEL, label.as_mut_ptr(), 16),
        attribute(CKA_VALUE, std::ptr::null_mut(), 0),
        attribute(CKA_MODULUS, std::ptr::null_mut(), 99),
    ];
    let outcome = memory().requests(pointer(template.as_mut_ptr()), 3, |wanted| {
        for request in wanted {
            let out = std::mem::replace(&mut request.out, Output::Size);
            request.len = match request.kind {
                CKA_LABEL => Some(out.put(b"CPS_DATA")?),
                CKA_VALUE => Some(512),
                _ => None,
            };
        }
        Err(Error::AttributeTypeInvalid)
    });
    assert_eq!(outcome, Err(Error::AttributeTypeInvalid));
    let lengths = template.map(|attribute| attribute.ulValueLen);
    assert_eq!(lengths, [8, 512, CK_UNAVAILABLE_INFORMATION]);
    assert_eq!(&label[..8], b"CPS_DATA");
}

#[test]
fn a_failure_leaves_the_template_alone() {
    let mut template = [attribute(CKA_LABEL, std::ptr::null_mut(), 99)];
    let outcome = memory().requests(pointer(template.as_mut_ptr()), 1, |_| {
        Err(Error::SessionHandleInvalid)
    });
    assert_eq!(outcome, Err(Error::SessionHandleInvalid));
    assert_eq!(template[0].ulValueLen, 99);
}

#[test]
fn values_may_not_share_a_place() {
    let mut place = [0u8; 16];
    let start = place.as_mut_ptr();
    for (shift, fits) in [(0, false), (7, false), (8, true)] {
        let mut template = [
            attribute(CKA_ID, start.wrapping_add(shift), 8),
            attribute(CKA_VALUE, std::ptr::null_mut(), 0),
            attribute(CKA_LABEL, start, 8),
        ];
        let outcome = memory().requests(pointer(template.as_mut_ptr()), 3, |_| Ok(()));
        assert_eq!(outcome.is_ok(), fits, "{shift}");
    }
}

fn parameter<T>(kind: CK_MECHANISM_TYPE, value: *mut T, len: usize) -> Parameter {
    let mut mechanism = CK_MECHANISM {
        mechanism: kind,
        pParameter: value.cast(),
        ulParameterLen: len as CK_ULONG,
    };
    memory().mechanism(pointer(&mut mechanism)).unwrap().parameter
}

#[test]
fn parameters_are_read_by_mechanism_and_size() {
    let mut pss = CK_RSA_PKCS_PSS_PARAMS {
        hashAlg: CKM_SHA256,
        mgf: CKG_MGF1_SHA256,
        sLen: 32,
    };
    let size = size_of_val(&pss);
    let nothing = std::ptr::null_mut::<u8>();
    let read = parameter(CKM_RSA_PKCS_PSS, &mut pss, size);
    assert!(matches!(read, Parameter::Pss(it) if it.hash == CKM_SHA256 && it.salt_len == 32));
    assert_eq!(
        parameter(CKM_SHA1_RSA_PKCS_PSS, &mut pss, size - 1),
        Parameter::None
    );
    assert_eq!(parameter(CKM_RSA_PKCS_PSS, nothing, size), Parameter::None);
    assert_eq!(parameter(CKM_RSA_PKCS_PSS, nothing, 0), Parameter::None);
}

#[test]
fn a_mechanism_without_a_parameter_is_not_asked_for_one() {
    let nowhere = std::ptr::without_provenance_mut::<u8>(0xDEAD_BEEF);
    for kind in [CKM_RSA_PKCS, CKM_SHA256_RSA_PKCS, CKM_SHA_1, CKM_VENDOR_DEFINED] {
        for len in [0, 24, usize::MAX] {
            assert_eq!(parameter(kind, nowhere, len), Parameter::None);
        }
    }
}

#[test]
fn the_label_of_oaep_is_copied() {
    let mut label = *b"label";
    let mut oaep = CK_RSA_PKCS_OAEP_PARAMS {
        hashAlg: CKM_SHA_1,
        mgf: CKG_MGF1_SHA1,
        source: CKZ_DATA_SPECIFIED,
        pSourceData: label.as_mut_ptr().cast(),
        ulSourceDataLen: 5,
    };
    let size = size_of_val(&oaep);
    let read = parameter(CKM_RSA_PKCS_OAEP, &mut oaep, size);
    assert!(matches!(read, Parameter::Oaep(it) if it.label == b"label"));
    oaep.pSourceData = std::ptr::null_mut();
    assert_eq!(parameter(CKM_RSA_PKCS_OAEP, &mut oaep, size), Parameter::None);
}

#[test]
fn text_is_cut_between_characters_and_padded() {
    assert_eq!(&super::padded::<8>("CPS3"), b"CPS3    ");
    assert_eq!(
        super::padded::<4>("né à"),
        *"né ".as_bytes().first_chunk::<4>().unwrap()
    );
    assert_eq!(&super::padded::<4>("abcé"), b"abc ");
}

#[test]
fn a_panic_becomes_a_general_error() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("again");
        }
    }
    assert_eq!(
        super::guard("C_Test", &[], || panic!("on purpose")),
        CKR_GENERAL_ERROR
    );
    assert_eq!(
        super::guard("C_Test", &[], || std::panic::panic_any(Bomb)),
        CKR_GENERAL_ERROR
    );
}

#[test]
fn a_panic_becomes_an_error_and_a_line_without_its_words() {
    let mut answers = Vec::new();
    let lines = crate::reader::script::logged(|| {
        answers.push(super::guard("C_Login", &[], || panic!("index out of bounds")));
        let secret = String::from("1234");
        answers.push(super::guard("C_Login", &[], || panic!("no room for {secret}")));
    });
    assert_eq!(answers, [CKR_GENERAL_ERROR; 2]);
    assert!(
        lines.contains("C_Login is at fault: index out of bounds"),
        "{lines}"
    );
    assert!(!lines.contains("1234"), "{lines}");
}
