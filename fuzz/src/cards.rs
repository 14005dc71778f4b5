//! The simulated cards of the targets. What takes time, signing their certificates, is done once.

use std::sync::LazyLock;

use cpx_pkcs11::crypto::rsa::PublicKey;
use cryptoki_sys::{CKA_CLASS, CKA_ID, CKA_MODULUS, CKA_PUBLIC_EXPONENT, CKO_PUBLIC_KEY};
use sim_cards::pki::Validity;
use sim_cards::{Chip, Interface, Options, Profile, Protocol, SimCard, persona};

use testkit::{Module, PIN, Rack, ulong};

/// Name of the reader.
pub const READER: &str = "Lab Reader 00 00";

/// The kinds of card that a target meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Cps3,
    Cps4,
    Cps4T0,
    Contactless,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Cps3, Kind::Cps4, Kind::Cps4T0, Kind::Contactless];

    /// Reader and driver speak this protocol with it.
    pub fn protocol(self) -> cpx_pkcs11::reader::Protocol {
        match self {
            Kind::Cps3 | Kind::Cps4T0 => cpx_pkcs11::reader::Protocol::T0,
            Kind::Cps4 | Kind::Contactless => cpx_pkcs11::reader::Protocol::T1,
        }
    }

    /// Its answer to reset.
    pub fn atr(self) -> Vec<u8> {
        static ATRS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
            Kind::ALL
                .into_iter()
                .map(|kind| kind.card().atr().to_vec())
                .collect()
        });
        ATRS[self.number()].clone()
    }

    fn number(self) -> usize {
        Kind::ALL
            .into_iter()
            .position(|kind| kind == self)
            .unwrap_or_default()
    }

    /// A fresh card.
    pub fn card(self) -> SimCard {
        let profile = match self {
            Kind::Cps3 | Kind::Contactless => &PROFILES.0,
            Kind::Cps4 | Kind::Cps4T0 => &PROFILES.1,
        };
        let options = Options {
            interface: match self {
                Kind::Contactless => Interface::Contactless,
                _ => Interface::Contact,
            },
            protocol: (self == Kind::Cps4T0).then_some(Protocol::T0),
            pin: Some(PIN.into()),
            puk: Some(PUK.into()),
            ..Options::default()
        };
        SimCard::new(profile, &options)
    }

    /// The public keys of the card, read while nothing is wrong.
    pub fn keys(self) -> &'static [PublicKey] {
        static KEYS: LazyLock<Vec<Vec<PublicKey>>> =
            LazyLock::new(|| Kind::ALL.into_iter().map(read_keys).collect());
        &KEYS[self.number()]
    }
}

/// Unblocking code of the cards.
pub const PUK: &str = "12345678";

/// Content of a CPS3 and of a CPS4.
static PROFILES: LazyLock<(Profile, Profile)> = LazyLock::new(|| {
    let profile = |name: &str, chip| {
        let persona = persona::find(name).unwrap_or_else(|| panic!("no persona {name}"));
        Profile::of(&persona, chip, &Validity::relative_to_today())
    };
    (
        profile("doctor-updated-cps3", Chip::Cps3),
        profile("doctor-gp-cps4", Chip::Cps4),
    )
});

fn read_keys(kind: Kind) -> Vec<PublicKey> {
    let rack = Rack::new();
    rack.plug(READER);
    rack.insert(READER, kind.card());
    let module = Module::start(&rack);
    let session = module.session();
    let found = session
        .find(&[(CKA_CLASS, ulong(CKO_PUBLIC_KEY))])
        .expect("public keys");
    let keys: Vec<PublicKey> = found
        .into_iter()
        .map(|key| {
            let read = |attribute| session.attribute(key, attribute).expect("an attribute");
            assert!(!read(CKA_ID).is_empty());
            PublicKey::from_components(&read(CKA_MODULUS), &read(CKA_PUBLIC_EXPONENT)).expect("an RSA key")
        })
        .collect();
    assert!(!keys.is_empty(), "{kind:?} has no key");
    keys
}
