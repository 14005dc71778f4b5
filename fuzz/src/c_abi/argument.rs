//! Arguments of every kind, right and wrong, as few bytes of the input choose them.

use std::ptr::null_mut;

use cryptoki_sys::*;

use super::place::Place;
use crate::cards::PUK;
use crate::input::Input;
use testkit::PIN;

/// Lengths around what means something: digests, blocks, none.
const LENGTHS: [usize; 16] = [
    0, 1, 8, 19, 20, 32, 35, 51, 64, 128, 245, 255, 256, 257, 300, 1000,
];

/// A length that no memory can have.
const IMPOSSIBLE: [CK_ULONG; 3] = [CK_ULONG::MAX, CK_ULONG::MAX >> 1, (CK_ULONG::MAX >> 1) + 1];

/// Input of a function.
pub struct Data {
    pub place: Option<Place>,
    pub len: CK_ULONG,
}

impl Data {
    pub fn read(input: &mut Input<'_>) -> Data {
        match input.byte() {
            0 => Data { place: None, len: 0 },
            1 => Data { place: None, len: 5 },
            2 => Data {
                place: Some(Place::input(&[1; 8], 0)),
                len: input.choose(&IMPOSSIBLE),
            },
            3 => Data::of(&[&super::SHA256_DIGEST_INFO[..], &[0x11; 32]].concat(), 0),
            skew => {
                let fill = input.byte();
                let content: Vec<u8> = (0..input.choose(&LENGTHS))
                    .map(|i| fill.wrapping_add(i as u8))
                    .collect();
                Data::of(&content, skew)
            }
        }
    }

    pub fn of(content: &[u8], skew: u8) -> Data {
        Data {
            len: content.len() as CK_ULONG,
            place: Some(Place::input(content, skew)),
        }
    }

    pub fn pointer<T>(&mut self) -> *mut T {
        self.place.as_mut().map_or(null_mut(), Place::pointer)
    }

    /// The bytes, if they can be there.
    pub fn bytes(&self) -> Option<&[u8]> {
        let place = self.place.as_ref()?;
        (place.len() as CK_ULONG == self.len).then(|| place.bytes())
    }

    pub fn check(&self) {
        self.place.iter().for_each(Place::check);
    }
}

/// A code: the right ones, wrong ones, and what cannot be one.
pub fn code(input: &mut Input<'_>) -> Data {
    match input.byte() % 12 {
        0 => Data { place: None, len: 0 },
        1 => Data { place: None, len: 4 },
        2 => Data {
            place: Some(Place::input(PIN.as_bytes(), 0)),
            len: input.choose(&IMPOSSIBLE),
        },
        3 | 4 => Data::of(PUK.as_bytes(), 0),
        5 => Data::of(b"0000", 0),
        6 => Data::of(b"99999999", 0),
        7 => Data::of(
            input.choose(&[&b""[..], b"123", b"123456789", b"12a4", b"\xFF\xFF\xFF\xFF"]),
            0,
        ),
        8 => Data::of(b"4321", 1),
        skew => Data::of(PIN.as_bytes(), skew),
    }
}

/// Whether a card could have this code.
pub fn is_well_formed(code: &Data) -> bool {
    let digits = code.bytes().unwrap_or_default();
    (4..=8).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
}

/// A buffer with its length, as functions that return output want them.
pub struct Out {
    pub buffer: Option<Place>,
    pub len: Option<Place>,
}

impl Out {
    pub fn read(input: &mut Input<'_>) -> Out {
        let how = input.byte();
        let size = input.choose(&LENGTHS);
        let buffer = Place::output(&vec![0xEE; size], how >> 7);
        let number = |value: CK_ULONG| Some(Place::output(&value.to_ne_bytes(), how >> 6));
        match how % 8 {
            0 => Out {
                buffer: None,
                len: number(input.choose(&IMPOSSIBLE)),
            },
            1 => Out {
                buffer: Some(buffer),
                len: None,
            },
            2 => Out {
                buffer: Some(buffer),
                len: number(input.choose(&IMPOSSIBLE)),
            },
            _ => Out {
                buffer: Some(buffer),
                len: number(size as CK_ULONG),
            },
        }
    }

    pub fn buffer<T>(&mut self) -> *mut T {
        self.buffer.as_mut().map_or(null_mut(), Place::pointer)
    }

    pub fn len(&mut self) -> CK_ULONG_PTR {
        self.len.as_mut().map_or(null_mut(), Place::pointer)
    }

    pub fn check(&self, rv: CK_RV) {
        self.buffer.iter().chain(&self.len).for_each(Place::check);
        if let (CKR_OK, Some(buffer), Some(len)) = (rv, &self.buffer, &self.len) {
            assert!(
                len.number() <= buffer.len() as CK_ULONG,
                "more output than room for it"
            );
        }
    }
}

/// Room for a structure, or none.
pub fn room<T>(input: &mut Input<'_>) -> Option<Place> {
    let how = input.byte();
    (how != 0).then(|| Place::output(&vec![0xEE; size_of::<T>()], how))
}

pub fn pointer<T>(place: &mut Option<Place>) -> *mut T {
    place.as_mut().map_or(null_mut(), Place::pointer)
}

const MECHANISMS: [CK_MECHANISM_TYPE; 20] = [
    CKM_RSA_PKCS,
    CKM_SHA1_RSA_PKCS,
    CKM_SHA224_RSA_PKCS,
    CKM_SHA256_RSA_PKCS,
    CKM_SHA384_RSA_PKCS,
    CKM_SHA512_RSA_PKCS,
    CKM_RSA_PKCS_PSS,
    CKM_SHA1_RSA_PKCS_PSS,
    CKM_SHA256_RSA_PKCS_PSS,
    CKM_RSA_X_509,
    CKM_RSA_PKCS_OAEP,
    CKM_SHA_1,
    CKM_SHA224,
    CKM_SHA256,
    CKM_SHA384,
    CKM_SHA512,
    CKM_MD5,
    CKM_AES_CBC,
    CKM_RSA_PKCS_KEY_PAIR_GEN,
    CK_ULONG::MAX,
];

/// A mechanism type.
pub fn mechanism_type(input: &mut Input<'_>) -> CK_MECHANISM_TYPE {
    input.choose(&MECHANISMS)
}

/// A mechanism with a parameter, both possibly wrong, or none.
pub struct Mechanism {
    place: Option<Place>,
    parameter: Option<Place>,
    label: Place,
}

impl Mechanism {
    pub fn read(input: &mut Input<'_>) -> Mechanism {
        let how = input.byte();
        let kind = mechanism_type(input);
        let hash = input.choose(&[CKM_SHA_1, CKM_SHA256, CKM_SHA512, CKM_MD5, 0]);
        let mgf = input.choose(&[CKG_MGF1_SHA1, CKG_MGF1_SHA256, CKG_MGF1_SHA512, 0, CK_ULONG::MAX]);
        let salt = input.choose(&[20, 32, 0, 64, 222, CK_ULONG::MAX]);
        let mut label = Place::input(&[0x33; 7], how);
        let parameter = match (how / 4) % 4 {
            0 => None,
            1 => Some(Place::input(&words(&[hash, mgf, salt]), how)),
            2 => {
                let source = label.pointer::<u8>().expose_provenance() as CK_ULONG;
                let label_len = input.choose(&[0, 7, CK_ULONG::MAX]);
                Some(Place::input(
                    &words(&[hash, mgf, CKZ_DATA_SPECIFIED, source, label_len]),
                    how,
                ))
            }
            _ => Some(Place::input(&[0xFF; 5], how)),
        };
        let mut mechanism = Mechanism {
            place: None,
            parameter,
            label,
        };
        let len = mechanism.parameter.as_ref().map_or(0, Place::len) as CK_ULONG;
        // A length without a parameter, now and then.
        let len = if how == 0xFE { len + 24 } else { len };
        let parameter = pointer::<u8>(&mut mechanism.parameter).expose_provenance() as CK_ULONG;
        mechanism.place = (how != 0).then(|| Place::input(&words(&[kind, parameter, len]), how));
        mechanism
    }

    pub fn pointer(&mut self) -> CK_MECHANISM_PTR {
        pointer(&mut self.place)
    }

    pub fn check(&self) {
        self.place.iter().chain(&self.parameter).for_each(Place::check);
        self.label.check();
    }
}

/// Structures of words, as these are on Linux, where they need not be aligned.
fn words(words: &[CK_ULONG]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

const ATTRIBUTES: [CK_ATTRIBUTE_TYPE; 24] = [
    CKA_CLASS,
    CKA_TOKEN,
    CKA_PRIVATE,
    CKA_LABEL,
    CKA_VALUE,
    CKA_ID,
    CKA_SUBJECT,
    CKA_ISSUER,
    CKA_SERIAL_NUMBER,
    CKA_MODULUS,
    CKA_MODULUS_BITS,
    CKA_PUBLIC_EXPONENT,
    CKA_PRIVATE_EXPONENT,
    CKA_KEY_TYPE,
    CKA_SIGN,
    CKA_DECRYPT,
    CKA_ALLOWED_MECHANISMS,
    CKA_APPLICATION,
    CKA_OBJECT_ID,
    CKA_UNIQUE_ID,
    CKA_START_DATE,
    CKA_MODIFIABLE,
    CKA_MECHANISM_TYPE,
    CK_ULONG::MAX,
];

const CLASSES: [CK_OBJECT_CLASS; 7] = [
    CKO_DATA,
    CKO_CERTIFICATE,
    CKO_PUBLIC_KEY,
    CKO_PRIVATE_KEY,
    CKO_MECHANISM,
    CKO_PROFILE,
    CKO_SECRET_KEY,
];

const KEY_ATTRIBUTES: [CK_ATTRIBUTE_TYPE; 17] = [
    CKA_KEY_TYPE,
    CKA_PRIVATE,
    CKA_CLASS,
    CKA_TOKEN,
    CKA_VALUE_LEN,
    CKA_SENSITIVE,
    CKA_EXTRACTABLE,
    CKA_DESTROYABLE,
    CKA_COPYABLE,
    CKA_DECRYPT,
    CKA_LABEL,
    CKA_CHECK_VALUE,
    CKA_START_DATE,
    CKA_ALLOWED_MECHANISMS,
    CKA_VALUE,
    CKA_MODULUS_BITS,
    CK_ULONG::MAX,
];

const KEY_TYPES: [CK_KEY_TYPE; 6] = [
    CKK_GENERIC_SECRET,
    CKK_AES,
    CKK_DES2,
    CKK_DES3,
    CKK_RSA,
    CK_ULONG::MAX,
];

/// A template, with the places of its values.
pub struct Template {
    place: Option<Place>,
    values: Vec<Place>,
    pub count: CK_ULONG,
}

impl Template {
    /// For a search, or a change.
    pub fn asked(input: &mut Input<'_>) -> Template {
        Template::read(input, &ATTRIBUTES, |kind, input| {
            let how = input.byte();
            let value = match kind {
                CKA_CLASS => input.choose(&CLASSES).to_ne_bytes().to_vec(),
                CKA_TOKEN | CKA_PRIVATE | CKA_SIGN | CKA_DECRYPT | CKA_MODIFIABLE => vec![how & 1],
                CKA_LABEL => input
                    .choose(&[
                        &b"CPS_PRIV_AUT"[..],
                        b"CPS_PRIV_SIG",
                        b"CPS_DATA",
                        b"CPS_ACTIVITY_01_PS",
                        b"",
                    ])
                    .to_vec(),
                _ => vec![how; input.choose(&LENGTHS)],
            };
            Some(Place::input(&value, how))
        })
    }

    /// To be filled.
    pub fn wanted(input: &mut Input<'_>) -> Template {
        Template::read(input, &ATTRIBUTES, |_, input| {
            let how = input.byte();
            (how & 3 != 0).then(|| Place::output(&vec![0xEE; input.choose(&LENGTHS)], how >> 7))
        })
    }

    /// For a secret key.
    pub fn of_key(input: &mut Input<'_>) -> Template {
        Template::read(input, &KEY_ATTRIBUTES, |kind, input| {
            let how = input.byte();
            let value = match kind {
                CKA_CLASS => input.choose(&CLASSES).to_ne_bytes().to_vec(),
                CKA_KEY_TYPE => input.choose(&KEY_TYPES).to_ne_bytes().to_vec(),
                CKA_VALUE_LEN => (input.choose(&LENGTHS) as CK_ULONG).to_ne_bytes().to_vec(),
                CKA_TOKEN | CKA_PRIVATE | CKA_SENSITIVE | CKA_EXTRACTABLE | CKA_DESTROYABLE
                | CKA_COPYABLE | CKA_DECRYPT => vec![how & 1],
                _ => vec![how; input.choose(&LENGTHS)],
            };
            Some(Place::input(&value, how))
        })
    }

    fn read(
        input: &mut Input<'_>,
        kinds: &[CK_ATTRIBUTE_TYPE],
        mut value: impl FnMut(CK_ATTRIBUTE_TYPE, &mut Input<'_>) -> Option<Place>,
    ) -> Template {
        let how = input.byte();
        let mut template = Template {
            place: None,
            values: Vec::new(),
            count: CK_ULONG::from(how % 4),
        };
        let mut entries = Vec::new();
        for number in 0..template.count {
            let kind = input.choose(kinds);
            let (at, len) = match value(kind, input) {
                // Two values in one place, or a length that no memory has.
                _ if number > 0 && how == 0xFD => (entries[1], 8),
                Some(mut place) if how == 0xFC => {
                    let at = place.pointer::<u8>().expose_provenance() as CK_ULONG;
                    template.values.push(place);
                    (at, CK_ULONG::MAX)
                }
                Some(mut place) => {
                    let found = (
                        place.pointer::<u8>().expose_provenance() as CK_ULONG,
                        place.len() as CK_ULONG,
                    );
                    template.values.push(place);
                    found
                }
                None => (0, 0),
            };
            entries.extend([kind, at, len]);
        }
        if how == 0xFB {
            template.count = CK_ULONG::MAX;
        }
        template.place = (how != 0).then(|| Place::output(&words(&entries), how));
        template
    }

    pub fn pointer(&mut self) -> CK_ATTRIBUTE_PTR {
        pointer(&mut self.place)
    }

    /// Whether this attribute is in it, with a buffer that holds `len` bytes at least.
    pub fn got(&self, kind: CK_ATTRIBUTE_TYPE) -> bool {
        let bytes = self.place.as_ref().map(Place::bytes).unwrap_or_default();
        let (words, _) = bytes.as_chunks::<{ size_of::<CK_ULONG>() }>();
        words.as_chunks::<3>().0.iter().any(|[found, at, _]| {
            CK_ULONG::from_ne_bytes(*found) == kind && CK_ULONG::from_ne_bytes(*at) != 0
        })
    }

    pub fn check(&self) {
        self.place.iter().chain(&self.values).for_each(Place::check);
    }
}
