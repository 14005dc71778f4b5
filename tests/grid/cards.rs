//! The cards of the grid, and what is true of them whatever the module says.

use std::sync::LazyLock;

use rsa::PublicKey;
use sim_cards::data::{Access, DataObject};
use sim_cards::pki::{Credential, Validity};
use sim_cards::{Chip, Interface, Options, Profile, Protocol, SimCard, persona};

use testkit::PIN;

/// The unblocking code of every card.
pub const PUK: &str = "12345678";

/// A chip behind an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Cps3,
    Cps3Contactless,
    Cps4,
    Cps4T0,
}

/// A private key and its certificate.
pub struct Key {
    pub label: &'static str,
    pub public: PublicKey,
    pub certificate: Vec<u8>,
}

impl Key {
    fn of(label: &'static str, credential: &Credential) -> Key {
        Key {
            label,
            public: credential.key.to_public_key(),
            certificate: credential.certificate.clone(),
        }
    }
}

struct Issued {
    profile: Profile,
    keys: Vec<Key>,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Cps3, Kind::Cps3Contactless, Kind::Cps4, Kind::Cps4T0];

    pub fn chip(self) -> Chip {
        match self {
            Kind::Cps3 | Kind::Cps3Contactless => Chip::Cps3,
            Kind::Cps4 | Kind::Cps4T0 => Chip::Cps4,
        }
    }

    pub fn has_codes(self) -> bool {
        self != Kind::Cps3Contactless
    }

    fn issued(self) -> &'static Issued {
        static CPS3: LazyLock<Issued> = LazyLock::new(|| Kind::Cps3.issue());
        static CONTACTLESS: LazyLock<Issued> = LazyLock::new(|| Kind::Cps3Contactless.issue());
        static CPS4: LazyLock<Issued> = LazyLock::new(|| Kind::Cps4.issue());
        match self {
            Kind::Cps3 => &CPS3,
            Kind::Cps3Contactless => &CONTACTLESS,
            Kind::Cps4 | Kind::Cps4T0 => &CPS4,
        }
    }

    /// A doctor's card with short data, so that each read of them is one position of the grid and not twenty.
    fn issue(self) -> Issued {
        let holder = persona::find("doctor-hospital-cps3").expect("a persona");
        let mut profile = Profile::of(&holder, self.chip(), &Validity::relative_to_today());
        let object = |label: &str, length: u8, access| DataObject {
            label: label.into(),
            content: (0..300)
                .map(|i| (i % 251) as u8 ^ length)
                .take(length.into())
                .collect(),
            access,
            modifiable: label == "CPS_DATA",
        };
        let mut area = object("CPS_DATA", 0, Access::Free);
        area.content = vec![0x5A; 300];
        profile.data = vec![
            area,
            object("CPS_NAME_PS", 40, Access::Free),
            object("CPS_ACTIVITY_01_PS", 60, Access::Code),
            object("CPS_SIT_FACT", 50, Access::Code),
            object("CPS2TER_ACTIVITY_01_PS", 40, Access::Code),
        ];
        if self == Kind::Cps3 {
            profile.update_stamp = sim_cards::hex::decode("EC12810720240315103000820720240315103045");
        }
        let credentials = &profile.credentials;
        let keys = match self {
            Kind::Cps3Contactless => vec![Key::of("CPS_PRIV_TECH_AUT", &credentials.technical)],
            _ => vec![
                Key::of("CPS_PRIV_AUT", &credentials.authentication),
                Key::of("CPS_PRIV_SIG", &credentials.signature),
            ],
        };
        Issued { profile, keys }
    }

    pub fn keys(self) -> &'static [Key] {
        &self.issued().keys
    }

    pub fn key(self, label: &str) -> &'static Key {
        let key = self.keys().iter().find(|key| key.label == label);
        key.unwrap_or_else(|| panic!("no key {label}"))
    }

    /// What the card was issued with under this label.
    pub fn content(self, label: &str) -> &'static [u8] {
        let mut data = self.issued().profile.data.iter();
        &data
            .find(|object| object.label == label)
            .expect("a data object")
            .content
    }

    pub fn label(self) -> &'static str {
        &self.issued().profile.label
    }

    /// A new card.
    pub fn card(self, blocked: bool) -> SimCard {
        let options = Options {
            interface: match self {
                Kind::Cps3Contactless => Interface::Contactless,
                _ => Interface::Contact,
            },
            protocol: (self == Kind::Cps4T0).then_some(Protocol::T0),
            pin: Some(PIN.into()),
            puk: Some(PUK.into()),
            tries: blocked.then_some(0),
            writable_area: Some(true),
            ..Options::default()
        };
        SimCard::new(&self.issued().profile, &options)
    }
}
