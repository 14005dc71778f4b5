//! Distinguished names, in the shapes of IGC-Santé.

use super::der::{oid, printable, sequence, set_of, utf8};

pub const COMMON_NAME: &str = "2.5.4.3";
pub const SURNAME: &str = "2.5.4.4";
pub const STATE: &str = "2.5.4.8";
pub const ORGANISATION: &str = "2.5.4.10";
pub const ORGANISATIONAL_UNIT: &str = "2.5.4.11";
pub const TITLE: &str = "2.5.4.12";
pub const GIVEN_NAME: &str = "2.5.4.42";
pub const PSEUDONYM: &str = "2.5.4.65";

/// An attribute type with its value; every value but the country is a UTF8String.
pub type Attribute<'a> = (&'a str, &'a str);

/// A name that begins with `C=FR` (PrintableString); each further part is one RDN of one or more attributes.
pub fn french(rdns: &[&[Attribute]]) -> Vec<u8> {
    let country = set_of(vec![sequence(&[oid("2.5.4.6"), printable("FR")])]);
    let rdns = rdns.iter().map(|attributes| {
        set_of(
            attributes
                .iter()
                .map(|(kind, value)| sequence(&[oid(kind), utf8(value)]))
                .collect(),
        )
    });
    sequence(&std::iter::once(country).chain(rdns).collect::<Vec<_>>())
}
