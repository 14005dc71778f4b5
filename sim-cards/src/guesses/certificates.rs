//! What certificates of real cards do not tell, because none of their kind was seen.
//!
//! Also guessed, but only to be changed together with the profile that it is part of (`pki::person`, `pki::organisation`): the
//! authentication certificate beyond its key usage, extended key usage and principal name; the technical one as a
//! whole; the subject of cards without a name; in the certificates of organisations the order of the extensions and
//! of the parts of the name.

use crate::persona::CardType;
use crate::pki::{Tier, Usage};

/// Policies of the profiles that were not seen; that of the signature certificate, which was, ends in `.1`.
pub const AUTHENTICATION_POLICY: &str = "1.2.250.1.213.1.7.2.1.1.1.2";
pub const TECHNICAL_POLICY: &str = "1.2.250.1.213.1.7.2.1.1.1.3";
pub const ORGANISATION_POLICY: &str = "1.2.250.1.213.1.7.2.2.1.1.1";

/// The tree that certifies organisations. Real test certificates come from ELEMENTAIRE, but also from the others.
pub const ORGANISATION_TIER: Tier = Tier::Elementaire;

/// End of the file names of the authorities for organisations; those for persons end in `PP`.
pub const ORGANISATION_SUFFIX: &str = "PM";

/// Extension with the profession of somebody in training: the identifier of the table (G16), as for every other
/// table.
pub const FUTURE_PROFESSION: &str = "1.2.250.1.71.1.2.8";

/// The two digits that make the ten of a certificate out of the eight of EF.SN.ICC.
pub const CARD_NUMBER_END: &str = "01";

/// The tree that certifies a key of a card. Known: FORT for a CPS.
pub fn tier(usage: Usage, card_type: CardType) -> Tier {
    match (usage, card_type) {
        (Usage::Technical, _) => Tier::Elementaire,
        (_, CardType::Cps | CardType::Cpf) => Tier::Fort,
        (_, CardType::Cpe | CardType::Cde | CardType::Cpa | CardType::Cda) => Tier::Standard,
    }
}
