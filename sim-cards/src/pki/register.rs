//! Which certificates the lab has issued, and what became of them.

use super::authority::{Authority, Rank};
use super::{issuing, organisation, person};
use crate::holder::date::{Midnight, Validity};
use crate::holder::persona::Persona;

/// What an authority knows of a serial number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateStatus {
    /// Issued and not revoked; it may have expired.
    Good,
    /// Revoked, its key compromised, since that instant.
    Revoked(Midnight),
    /// Not issued by this authority.
    Unknown,
}

/// The certificates of all authorities on the day of use.
#[derive(Debug, Clone)]
pub struct Register {
    validity: Validity,
    personas: Vec<Persona>,
    dns_names: Vec<String>,
}

impl Register {
    /// The certificates of these personas, and of servers known by these names.
    pub fn new(validity: Validity, personas: Vec<Persona>, dns_names: &[String]) -> Self {
        Self {
            validity,
            personas,
            dns_names: dns_names.to_vec(),
        }
    }

    /// The day of use.
    pub fn validity(&self) -> &Validity {
        &self.validity
    }

    /// The revocation list of an authority, DER.
    pub fn revocation_list(&self, authority: Authority) -> Vec<u8> {
        issuing::revocation_list(authority, &self.personas, &self.validity)
    }

    /// The state of the certificate with this serial number, leading zeros left out.
    pub fn status(&self, authority: Authority, serial: &[u8]) -> CertificateStatus {
        let is_ours = |serials: Vec<[u8; 16]>| serials.iter().any(|own| own == serial);
        let of_personas = |serials: fn(&Persona, Authority, &Validity) -> Vec<[u8; 16]>| {
            let all = self
                .personas
                .iter()
                .flat_map(|persona| serials(persona, authority, &self.validity));
            is_ours(all.collect())
        };
        if of_personas(person::revoked_serials) {
            return CertificateStatus::Revoked(self.validity.two_months().not_before);
        }
        let issued = match authority.rank {
            Rank::Root => is_ours(issuing::subordinate_serials(authority)),
            Rank::Personnes => of_personas(person::serials),
            Rank::Organisations => {
                authority == organisation::issuer()
                    && is_ours(organisation::serials(&self.dns_names, &self.validity))
            }
        };
        if issued {
            CertificateStatus::Good
        } else {
            CertificateStatus::Unknown
        }
    }
}
