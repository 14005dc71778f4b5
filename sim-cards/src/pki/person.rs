//! The certificates of a card's holder, with the extensions of IGC-Santé in their order.
//!
//! The SIGNATURE profile is that of real test cards; what the others stand on is told by
//! [`crate::model::guesses`].

use rsa::PublicKey;

use super::authority::{Authority, Rank, policy_statement};
use super::certificate::{Template, serial_number};
use super::credential::{Credential, Credentials};
use super::extensions::{self, KeyUsage, Purpose};
use super::{keys, name};
use crate::holder::date::{Period, Validity};
use crate::holder::persona::{CardType, CertificateState, Persona, Profession};
use crate::kinds::usage::Usage;
use crate::model::guesses;

const SIGNATURE_POLICY: &str = "1.2.250.1.213.1.7.2.1.1.1.1";
/// Domain of the principal names, that of real test cards.
const PRINCIPAL_DOMAIN: &str = "carte-cps.fr";

/// The authority that issues for a holder.
pub fn issuer(persona: &Persona, usage: Usage) -> Authority {
    let tiers = &guesses::get().certificates.tiers;
    let tier = match (usage, persona.card_type) {
        (Usage::Technical, _) => tiers.technical,
        (_, CardType::Cps) => tiers.cps,
        (_, CardType::Cpf) => tiers.cpf,
        (_, CardType::Cpe) => tiers.cpe,
        (_, CardType::Cde) => tiers.cde,
        (_, CardType::Cpa) => tiers.cpa,
        (_, CardType::Cda) => tiers.cda,
    };
    Authority {
        tier,
        rank: Rank::Personnes,
    }
}

/// Issues the certificate for one key of the card.
pub fn credential(persona: &Persona, usage: Usage, validity: &Validity) -> Credential {
    let key = keys::of_card(&persona.name, usage.suffix());
    let public_key = key.to_public_key();
    let mut certificate = template(persona, usage, validity, &public_key, 0).issue();
    if let Some(missing) = persona
        .certificates
        .minimum_size
        .and_then(|size| size.checked_sub(certificate.len()))
    {
        certificate = template(persona, usage, validity, &public_key, missing).issue();
    }
    Credential { key, certificate }
}

/// Issues the certificates of a holder.
pub fn credentials(persona: &Persona, validity: &Validity) -> Credentials {
    Credentials {
        signature: credential(persona, Usage::Signature, validity),
        authentication: credential(persona, Usage::Authentication, validity),
        technical: credential(persona, Usage::Technical, validity),
    }
}

/// Serial numbers of the persona's certificates from this authority, if the card is revoked.
pub fn revoked_serials(persona: &Persona, authority: Authority, validity: &Validity) -> Vec<[u8; 16]> {
    if persona.certificates.state == CertificateState::Revoked {
        serials(persona, authority, validity)
    } else {
        Vec::new()
    }
}

/// Serial numbers of the persona's certificates from this authority.
pub fn serials(persona: &Persona, authority: Authority, validity: &Validity) -> Vec<[u8; 16]> {
    let of_authority = Usage::ALL
        .into_iter()
        .filter(|usage| issuer(persona, *usage) == authority);
    of_authority
        .map(|usage| {
            let subject = subject(persona, usage);
            serial_number(
                authority,
                &subject,
                usage.suffix(),
                &persona.certificates.period(validity),
            )
        })
        .collect()
}

fn template<'a>(
    persona: &Persona,
    usage: Usage,
    validity: &Validity,
    key: &'a PublicKey,
    padding: usize,
) -> Template<'a> {
    let period = persona.certificates.period(validity);
    Template {
        issuer: issuer(persona, usage),
        subject: subject(persona, usage),
        usage: usage.suffix(),
        period,
        key,
        extensions: extensions(persona, usage, &period, key, padding),
    }
}

fn extensions(
    persona: &Persona,
    usage: Usage,
    period: &Period,
    key: &PublicKey,
    padding: usize,
) -> Vec<Vec<u8>> {
    let issuer = issuer(persona, usage);
    let encipherment = persona.certificates.key_encipherment;
    let policies = &guesses::get().certificates;
    let (key_usage, policy, purpose) = match usage {
        Usage::Signature => (
            KeyUsage::NonRepudiation,
            SIGNATURE_POLICY,
            Purpose::EmailProtection,
        ),
        Usage::Authentication if encipherment => (
            KeyUsage::DigitalSignatureAndKeyEncipherment,
            &*policies.authentication_policy,
            Purpose::ClientAndLogon,
        ),
        Usage::Authentication => (
            KeyUsage::DigitalSignature,
            &*policies.authentication_policy,
            Purpose::ClientAndLogon,
        ),
        Usage::Technical => (
            KeyUsage::DigitalSignature,
            &*policies.technical_policy,
            Purpose::Client,
        ),
    };
    let mut extensions = vec![
        extensions::end_entity(),
        extensions::subject_key_identifier(key),
        issuer.key_identifier(),
        extensions::key_usage(key_usage),
        extensions::certificate_policies(policy, &policy_statement()),
        extensions::extended_key_usage(purpose),
        extensions::private_key_usage_period(period),
        issuer.crl_distribution_points(padding),
        issuer.freshest_crl(),
        issuer.information_access(),
    ];
    if usage == Usage::Authentication {
        extensions.push(extensions::user_principal_name(&principal_name(persona)));
    }
    extensions.extend([
        extensions::category(persona.category),
        extensions::card_type(persona.card_type.code()),
        extensions::card_identifier(&card_identifier(persona)),
    ]);
    if usage != Usage::Technical {
        extensions.extend(persona.profession.map(|profession| match profession {
            Profession::Practised(code) => extensions::profession(code),
            Profession::InTraining(code) => extensions::future_profession(code),
        }));
        extensions.extend(
            (!persona.specialities.is_empty()).then(|| extensions::specialities(&persona.specialities)),
        );
    }
    extensions
}

/// `8.99970099018@…`: kind and identifier, split by a dot.
fn principal_name(persona: &Persona) -> String {
    let mut identifier = persona.identifier.chars();
    let kind: String = identifier.by_ref().take(1).collect();
    format!("{kind}.{}@{PRINCIPAL_DOMAIN}", identifier.as_str())
}

/// `8025000001/` and the ten digits of [`card_number`].
pub(crate) fn card_identifier(persona: &Persona) -> String {
    format!("8025000001/{}", card_number(persona))
}

/// Ten digits: real certificates show ten, EF.SN.ICC eight.
pub(crate) fn card_number(persona: &Persona) -> String {
    format!(
        "{}{}",
        persona.serial_digits(),
        guesses::get().certificates.card_number_end
    )
}

fn subject(persona: &Persona, usage: Usage) -> Vec<u8> {
    if usage == Usage::Technical {
        return name::french(&[&[(name::COMMON_NAME, &card_identifier(persona))]]);
    }
    match &persona.holder {
        Some(holder) => {
            let title = persona.title.as_deref().map(|title| [(name::TITLE, title)]);
            let person = [
                (name::GIVEN_NAME, &*holder.given_name),
                (name::SURNAME, &*holder.surname),
                (name::COMMON_NAME, &*persona.identifier),
            ];
            match &title {
                Some(title) => name::french(&[title, &person]),
                None => name::french(&[&person]),
            }
        }
        None => subject_without_name(persona),
    }
}

/// A service card: the structure, what the card is, a pseudonym with the identifier.
fn subject_without_name(persona: &Persona) -> Vec<u8> {
    let structure = persona.situations.first();
    let name_of_structure = structure.map_or("", |situation| &situation.structure);
    let id_of_structure = structure.map_or("", |situation| &situation.structure_id);
    let number = persona.identifier.rsplit('/').next().unwrap_or_default();
    name::french(&[
        &[(name::STATE, persona.department.as_deref().unwrap_or_default())],
        &[(name::ORGANISATION, name_of_structure)],
        &[(name::ORGANISATIONAL_UNIT, id_of_structure)],
        &[(name::TITLE, "Carte de service santé ou social")],
        &[
            (name::PSEUDONYM, &format!("LABO-CARTE {number}")),
            (name::COMMON_NAME, &persona.identifier),
        ],
    ])
}
