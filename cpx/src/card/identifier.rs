//! National identifiers: one digit for the kind, then the identifier.

/// Identifier of a professional (`PS_IdNat`), the common name of the certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonId {
    /// Whole, as it stands in the certificate.
    pub whole: String,
    /// Kind by table G08, 0 to 9.
    pub kind: u8,
    /// Without the kind.
    pub number: String,
    /// What stands behind a slash: the number in the register of a structure.
    pub register: Option<String>,
}

/// Kinds of table G08 by which the key of texts ends.
const KINDS: [&str; 10] = [
    "id-adeli",
    "id-practice-adeli",
    "id-drass",
    "id-finess",
    "id-siren",
    "id-siret",
    "id-practice-rpps",
    "id-unknown",
    "id-rpps",
    "id-student",
];

/// Kinds of table G07.
const STRUCTURES: [&str; 5] = [
    "id-practice-adeli",
    "id-finess",
    "id-siren",
    "id-siret",
    "id-practice-rpps",
];

impl PersonId {
    /// Takes an identifier apart.
    pub fn parse(whole: &str) -> Option<PersonId> {
        let kind = whole.chars().next()?.to_digit(10)?;
        let rest = whole.get(1..).filter(|rest| !rest.is_empty())?;
        let (number, register) = match rest.split_once('/') {
            Some((number, register)) => (number, Some(register.to_owned())),
            None => (rest, None),
        };
        Some(PersonId {
            whole: whole.to_owned(),
            kind: u8::try_from(kind).ok()?,
            number: number.to_owned(),
            register,
        })
    }

    /// Key of the text that names its kind.
    pub fn kind_key(&self) -> &'static str {
        KINDS.get(usize::from(self.kind)).copied().unwrap_or("id-unknown")
    }

    /// Whether its last digit is the right check digit; nothing where no rule is known.
    pub fn is_checked(&self) -> Option<bool> {
        (self.kind == 8).then(|| self.number.len() == 11 && luhn(&self.number))
    }
}

/// Key of the text that names the kind of a structure's identifier (`Struct_IdNat`), and the
/// identifier without it.
pub fn structure(whole: &str) -> Option<(&'static str, &str)> {
    let kind = whole.chars().next()?.to_digit(10)?;
    let key = STRUCTURES.get(usize::try_from(kind).ok()?)?;
    Some((key, whole.get(1..)?))
}

/// The check of Luhn over all digits, the last of which is the check digit.
fn luhn(digits: &str) -> bool {
    let mut sum = 0;
    for (place, digit) in digits.chars().rev().enumerate() {
        let Some(digit) = digit.to_digit(10) else {
            return false;
        };
        sum += match place % 2 {
            0 => digit,
            _ => 2 * digit / 10 + 2 * digit % 10,
        };
    }
    sum % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_comes_apart() {
        for (whole, key, number, register, checked) in [
            ("899970099018", "id-rpps", "99970099018", None, Some(true)),
            ("899700735741", "id-rpps", "99700735741", None, Some(true)),
            ("899700735742", "id-rpps", "99700735742", None, Some(false)),
            ("89970073574", "id-rpps", "9970073574", None, Some(false)),
            ("00B6000042", "id-adeli", "0B6000042", None, None),
            (
                "3760000042/000000018",
                "id-finess",
                "760000042",
                Some("000000018"),
                None,
            ),
            (
                "500000000000042/CPAT0001",
                "id-siret",
                "00000000000042",
                Some("CPAT0001"),
                None,
            ),
            ("7x", "id-unknown", "x", None, None),
        ] {
            let id = PersonId::parse(whole).unwrap();
            assert_eq!(id.kind_key(), key, "{whole}");
            assert_eq!(id.number, number, "{whole}");
            assert_eq!(id.register.as_deref(), register, "{whole}");
            assert_eq!(id.is_checked(), checked, "{whole}");
        }
    }

    #[test]
    fn what_is_no_identifier_is_not_taken_for_one() {
        for text in ["", "8", "X123", "é"] {
            assert_eq!(PersonId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_identifier_of_a_structure_has_its_kind_in_front() {
        assert_eq!(structure("10B0307377"), Some(("id-finess", "0B0307377")));
        assert_eq!(
            structure("499700735741008"),
            Some(("id-practice-rpps", "99700735741008"))
        );
        assert_eq!(structure("9123"), None);
        assert_eq!(structure(""), None);
    }
}
