//! The keys of the lab. They are published, hence worthless, and fixed, so that the same day gives the same
//! certificates.

use rsa::PrivateKey;
use rsa::pkcs8::DecodePrivateKey;

use crate::text::embedded::KEYS;

/// The key of `keys/<name>.pem`.
pub fn find(name: &str) -> Option<PrivateKey> {
    let (_, pem) = KEYS.iter().find(|(found, _)| *found == name)?;
    Some(PrivateKey::from_pkcs8_pem(pem).expect("keys/ holds PKCS #8 keys"))
}

/// A key that the lab cannot work without.
pub fn required(name: &str) -> PrivateKey {
    find(name).unwrap_or_else(|| panic!("keys/{name}.pem is part of the crate"))
}

/// The key of a card for one use (`sig`, `aut` or `tech`): its own one, or the spare one for a persona that came
/// without keys.
pub fn of_card(persona: &str, usage: &str) -> PrivateKey {
    find(&format!("{persona}-{usage}")).unwrap_or_else(|| required(&format!("spare-{usage}")))
}

#[cfg(test)]
mod tests {
    use rsa::traits::PublicKeyParts;

    use super::*;

    #[test]
    fn every_key_has_the_size_of_its_kind_and_says_what_it_is_worth() {
        for (name, pem) in KEYS {
            let bits = if name.starts_with("ac") { 4096 } else { 2048 };
            assert_eq!(required(name).n().bit_width(), bits, "{name}");
            assert!(pem.starts_with("WORTHLESS TEST KEY"), "{name}");
        }
    }
}
